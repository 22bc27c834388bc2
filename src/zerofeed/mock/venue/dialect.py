"""What the protocols of all venues have in common; what is a venue's own is in its own module.

A dialect has no sockets and no clock. On one side it takes what happens in the market, from a
capture (:meth:`Dialect.read`) or made up (:meth:`Dialect.write`), as updates in the venue's own
text, and keeps each symbol's book from that text. On the other side it speaks with clients: paths,
subscriptions, snapshots of the present book, heartbeats, answers over REST.

    capture line ── read ──┐
                           ├─▶ Update ── publish ──▶ books ──▶ snapshot ──▶ a client that joins
    market event ── write ─┘        └────── frame ─────────────────────────▶ those subscribed

A stream's *key* says what it carries, whatever a client calls it: ``btcusdt@depth`` and
``btcusdt@depth@100ms`` are one key and two names. Messages wear the name that was asked for.
"""

from __future__ import annotations

import abc
from collections.abc import Iterable, Mapping
from typing import ClassVar, NamedTuple

from zerofeed.mock.venue.book import Book, BookChange
from zerofeed.mock.venue.connection import Connection, Subscription
from zerofeed.mock.venue.limits import Limits, Window
from zerofeed.mock.venue.market import MarketEvent
from zerofeed.mock.venue.text import dump_json

__all__ = ["Answer", "Dialect", "Update", "steps_of"]


class Update(NamedTuple):
    """One message of the venue, to whoever subscribed to its stream.

    Attributes:
        stream: key; empty for what only changes a book.
        body: text that :meth:`Dialect.frame` completes for each connection.
        change: what it does to a book.
    """

    stream: str
    body: str
    change: BookChange | None = None


class Answer(NamedTuple):
    """An answer over REST."""

    status: int
    body: str
    headers: tuple[tuple[str, str], ...] = ()


class Dialect(abc.ABC):
    """One venue's protocol.

    Attributes:
        books: by symbol, in the present.
        latest: the last message of streams that hold a state, by key.
        symbols: everything that was seen, in order.
    """

    name: ClassVar[str]
    ws_path: ClassVar[str] = "/"
    limits: ClassVar[Limits] = Limits()
    has_rest_snapshots: ClassVar[bool] = False
    """Books begin with an answer over REST, not with a message of the stream."""

    def __init__(self) -> None:
        self.books: dict[str, Book] = {}
        self.latest: dict[str, Update] = {}
        self.symbols: dict[str, None] = {}
        self.now_ns = 0
        """The present; the server sets it before every call."""
        self._primed: set[str] = set()
        self._weights = Window(self.limits.weight, self.limits.weight_per_ns)

    # The market's side.

    @abc.abstractmethod
    def read(self, text: str) -> list[Update]:
        """Take a captured message apart; nothing for answers, heartbeats and unknown ones."""

    def read_answer(self, url: str, text: str) -> list[Update]:
        """Take a captured answer over REST apart."""
        del url, text
        return []

    @abc.abstractmethod
    def write(self, event: MarketEvent) -> list[Update]:
        """Say what happened in a made-up market as this venue does."""

    def prime(self, updates: Iterable[Update]) -> None:
        """Begin each book with the first snapshot that is to come.

        A client that subscribes before a capture begins gets that snapshot at once, as it would
        live. Changes recorded before it are skipped where the stream itself has snapshots.
        """
        for update in updates:
            self._note(update)
            change = update.change
            if change is None:
                continue
            if change.is_snapshot and change.symbol not in self.books:
                self._keep(change)
                self._primed.add(change.symbol)

    def publish(self, update: Update) -> bool:
        """Let an update become the present.

        Args:
            update: the next in order.

        Returns:
            False if clients are not to be told: it is older than what they start with.
        """
        self._note(update)
        change = update.change
        if change is not None:
            if self.has_rest_snapshots:
                book = self.books.get(change.symbol)
                if book is not None and change.is_snapshot and change.last <= book.last:
                    return False
            elif change.symbol in self._primed:
                if change.is_snapshot:
                    self._primed.discard(change.symbol)
                return False
            if change.is_snapshot or change.symbol in self.books:
                self._keep(change)
        elif update.stream and self.is_state(update.stream):
            self.latest[update.stream] = update
        return bool(update.stream)

    def is_state(self, stream: str) -> bool:
        """Whether who subscribes gets the last message of this stream at once."""
        del stream
        return False

    def book_of(self, symbol: str) -> Book | None:
        """The present book of a symbol as the venue writes it."""
        return self.books.get(symbol)

    def symbol_of(self, stream: str) -> str:
        """The symbol that a stream is about; empty if it is about none."""
        return stream.partition(":")[2]

    # The clients' side.

    def accepts(self, path: str) -> bool:
        """Whether WebSockets are spoken on this path (without its query)."""
        return path == self.ws_path

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Whether a client may come, by the headers of its handshake."""
        del headers
        return True

    def on_open(self, connection: Connection, query: Mapping[str, str]) -> None:
        """Greet a client, and take what its address asks for."""
        del connection, query

    @abc.abstractmethod
    def on_text(self, connection: Connection, text: str) -> None:
        """Answer a client's message."""

    def on_tick(self, connection: Connection) -> None:
        """Say what is due by the time; called a few times a second."""
        del connection

    @abc.abstractmethod
    def frame(
        self, connection: Connection, subscription: Subscription, update: Update
    ) -> str | bytes:
        """Complete an update for one client; empty if there is nothing for it to know."""

    def get(self, path: str, query: Mapping[str, str]) -> Answer:
        """Answer a request over REST."""
        del query
        return Answer(404, dump_json({"error": f"nothing at {path}"}))

    # What dialects share.

    def hear(self, connection: Connection, text: str) -> None:
        """Take a client's message within the venue's limits."""
        connection.heard_ns = self.now_ns
        if self.is_counted(text) and not connection.window.take(self.now_ns):
            self.on_excess(connection)
            return
        try:
            self.on_text(connection, text)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            self.on_nonsense(connection, text)

    def is_counted(self, text: str) -> bool:
        """Whether a message counts against the limit; pings do not everywhere."""
        del text
        return True

    def on_excess(self, connection: Connection) -> None:
        """A client says too much: most venues hang up."""
        connection.close(1008, "too many requests")

    def on_nonsense(self, connection: Connection, text: str) -> None:
        """A client says what nobody understands."""
        del text
        connection.say_json({"error": "invalid request"})

    def enforce_silence_limits(self, connection: Connection) -> None:
        """Hang up on clients that are silent for too long."""
        limits = self.limits
        if limits.idle_ns and self.now_ns - connection.heard_ns > limits.idle_ns:
            connection.close(1000, "idle for too long")
        if (
            limits.first_ns
            and not connection.by_name
            and self.now_ns - connection.opened_ns > limits.first_ns
        ):
            connection.close(1008, "did not subscribe in time")

    def deliver(self, connection: Connection, update: Update) -> None:
        """Put an update into the outbox of a client, once for each name it has for its stream."""
        for subscription in connection.by_key.get(update.stream, ()):
            text = self.frame(connection, subscription, update)
            if text:
                is_snapshot = update.change is not None and update.change.is_snapshot
                connection.say(text, "" if is_snapshot else update.stream)

    def charge(self, weight: int) -> Answer | None:
        """Count a request over REST; an answer with status 429 once it is too much."""
        if self._weights.take(self.now_ns, weight):
            return None
        wait_s = self.limits.weight_per_ns // 1_000_000_000
        body = dump_json({"code": -1003, "msg": "Too many requests."})
        return Answer(429, body, (("Retry-After", str(wait_s)),))

    def _note(self, update: Update) -> None:
        symbol = (
            update.change.symbol if update.change is not None else self.symbol_of(update.stream)
        )
        if symbol:
            self.symbols.setdefault(symbol)

    def _keep(self, change: BookChange) -> None:
        book = self.books.get(change.symbol)
        if book is None:
            book = self.books[change.symbol] = Book(change.symbol)
        book.apply(change)


def steps_of(book: Book | None) -> tuple[str, str]:
    """Tick and lot by the decimals that the book's text has."""
    rows = [*book.top("bids", 1), *book.top("asks", 1)] if book is not None else []
    if not rows:
        return "0.01", "0.001"
    return _step(rows[0].price), _step(rows[0].size)


def _step(text: str) -> str:
    decimals = len(text.partition(".")[2])
    return f"0.{'0' * (decimals - 1)}1" if decimals else "1"
