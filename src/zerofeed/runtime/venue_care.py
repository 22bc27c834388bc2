"""Books of a venue that are in doubt get a snapshot, each by itself, while all the others go on.

The worker's compiled loop notices what is wrong with a book and says so in its doubts. Now and then the
worker's main thread looks which books are in doubt (:meth:`VenueCare.look`, which scans nothing as long as no
book's doubt moved), and a thread does what the venue's service says: fetches a snapshot by REST and puts it
into the stream of messages, or asks for the book anew on its connection. It waits longer each time that
did not help, and never more often than the venue allows.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, cast

import msgspec
import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import ConfigurationError, ZerofeedError
from zerofeed.books.l2 import L2Books
from zerofeed.books.layout import H_DOUBT_MOVES, H_USED
from zerofeed.codecs.json.channels import opened
from zerofeed.feed._instrument_kernels import ROW_WORDS, W_VENUE_KEY
from zerofeed.feed.instruments import symbol_of
from zerofeed.feed.metrics import WORK_AT
from zerofeed.runtime.config import FeedConfig
from zerofeed.runtime.stage import Stage
from zerofeed.runtime.venue_config import connections_of, service_of
from zerofeed.venues.dialects import DIALECTS
from zerofeed.venues.service import Service, Snapshot

__all__ = ["VenueCare", "VenueStream", "make_care"]

_FIRST_WAIT_S = 2.0
_OPENING_S = 15.0
"""How long a new connection may take until its subscriptions have brought every snapshot."""
_LONGEST_WAIT_S = 60.0
_SNAPSHOT_LEVELS = 1_000


class VenueStream(Protocol):
    """What the care needs of a source."""

    def inject(self, payload: bytes) -> None:
        """Put bytes into the stream as a message."""
        ...

    def say(self, text: str) -> None:
        """Send a text on the connection."""
        ...


def _no_number(symbol: str) -> int | None:  # noqa: ARG001
    """Give no number: most venues end a subscription by naming it."""
    return None


@dataclass(slots=True)
class _Case:
    """A book in doubt.

    Attributes:
        symbol: of its instrument.
        since_s: when it was first seen so.
        next_s: not to be asked for before.
        wait_s: until the next time, if this one does not help.
    """

    symbol: str
    since_s: float
    next_s: float
    wait_s: float = _FIRST_WAIT_S


class VenueCare:
    """One feed's care. Made in the worker; :meth:`look` belongs to its main thread.

    Args:
        service: of the venue, at the addresses that are used.
        streams: source of each symbol whose book is subscribed to.
        books: the writer's books.
        symbol_of: symbol of an instrument's row.
        fetch: fetches a snapshot by REST and gives the message that it becomes.
        say: called with each line for people, from the care's thread.
        number_of: number that the venue gave the subscription of a symbol's book, where it gives such.
        clock: monotonic, in seconds.
        sleep: waits, in seconds.

    Attributes:
        resyncs: how often a book was asked for.
    """

    def __init__(
        self,
        service: Service,
        streams: Mapping[str, VenueStream],
        books: npt.NDArray[np.int64],
        symbol_of: Callable[[int], str],
        fetch: Callable[[Snapshot], bytes],
        say: Callable[[str], None],
        *,
        number_of: Callable[[str], int | None] = _no_number,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._service = service
        self._sleep = sleep
        self._streams = streams
        self._words = books
        self._books = L2Books(books)
        self._symbol_of = symbol_of
        self._fetch = fetch
        self._say = say
        self._number_of = number_of
        self._clock = clock
        self._moves = -1
        self._cases: dict[int, _Case] = {}
        self._wanted: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._asked: set[int] = set()
        self.resyncs = 0

    def start(self) -> None:
        """Begin to ask, in a thread that ends with the process."""
        threading.Thread(target=self._run, name="venue-care", daemon=True).start()

    def look(self) -> None:
        """See which books are in doubt, and have those asked for whose time has come."""
        # A book begins in doubt, so its first record moves no doubt.
        moves = int(self._words[H_DOUBT_MOVES]) + int(self._words[H_USED])
        now = self._clock()
        if moves != self._moves:
            self._moves = moves
            self._find(now)
        for instrument, case in self._cases.items():
            # One request at a time for each: the waits begin when the last one was answered.
            if now >= case.next_s and instrument not in self._asked:
                case.next_s = now + case.wait_s
                case.wait_s = min(2 * case.wait_s, _LONGEST_WAIT_S)
                self._asked.add(instrument)
                self._wanted.put(instrument)

    def _find(self, now: float) -> None:
        seen: set[int] = set()
        instrument = self._books.next_doubtful(1)
        while instrument >= 0:
            seen.add(instrument)
            if instrument not in self._cases:
                symbol = self._symbol_of(instrument)
                if symbol in self._streams:
                    delay = self._delay(instrument)
                    self._cases[instrument] = _Case(symbol, now, now + delay)
            instrument = self._books.next_doubtful(instrument + 1)
        for gone in self._cases.keys() - seen:
            del self._cases[gone]

    def _delay(self, instrument: int) -> float:
        """Say how long a venue may take to heal a book by itself."""
        if self._service.snapshots is not None:
            return 0.0
        # It comes on the connection by itself, at first and when that was opened anew.
        comes_by_itself = not set(self._books[instrument].doubts) - {"no_snapshot", "gap"}
        return _OPENING_S if comes_by_itself else 0.0

    def _run(self) -> None:
        _leave_the_hot_core()
        while True:
            instrument = self._wanted.get()
            symbol = self._symbol_of(instrument)
            try:
                if self._books.doubts(instrument):
                    self.resync(symbol)
            except ZerofeedError as error:
                self._say(f"{symbol}: no snapshot of its book: {error}")
            except Exception as error:  # noqa: BLE001 - whatever it is, the other books go on
                self._say(
                    f"{symbol}: no snapshot of its book: an error of zerofeed's own: {error!r}"
                )
            self._asked.discard(instrument)

    def resync(self, symbol: str) -> None:
        """Have one book begin anew. Blocks for as long as the venue takes.

        A subscription that has no number yet, or none any more, cannot be ended; its snapshot comes by itself
        when it gets one.

        Raises:
            VenueError: the snapshot cannot be had.
        """
        number = self._number_of(symbol)
        if self._service.ends_by_number and number is None:
            return
        stream = self._streams[symbol]
        self.resyncs += 1
        steps = self._service.resync(symbol, number=number, depth=_SNAPSHOT_LEVELS)
        for text in steps.texts:
            # At half of what the venue allows; the rest is for pings and new connections.
            self._sleep(2.0 / self._service.limits.messages_per_second)
            stream.say(text)
        if steps.snapshot is not None:
            stream.inject(self._fetch(steps.snapshot))


def _numbers(
    service: Service, places: Mapping[str, int], stage: Stage
) -> Callable[[str], int | None]:
    """Make what looks up the numbers of books' subscriptions in the feed's state.

    Args:
        service: of the venue.
        places: number of the source of each symbol whose book is subscribed to.
        stage: its state and instruments.
    """
    if not service.ends_by_number:
        return _no_number
    (code,) = (each.dialect.channels["book"] for each in DIALECTS if each.name == service.protocol)

    def number_of(symbol: str) -> int | None:
        numbers = opened(stage.memory.state, WORK_AT, places[symbol], code)
        found = (number for row, number in numbers.items() if symbol_of(stage.words, row) == symbol)
        return next(found, None)

    return number_of


def _leave_the_hot_core() -> None:
    """Let this thread run where the supervisor may, without the worker's priority."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, os.sched_getaffinity(os.getppid()))


def _symbols_of(service: Service, words: npt.NDArray[np.int64]) -> Callable[[int], str]:
    """Give what tells the symbol of a row, though the venue may have named it by a number only."""
    by_number = {number: symbol for symbol, number in service.numbers.items()}
    if not by_number:
        return partial(symbol_of, words)
    return lambda row: (
        symbol_of(words, row) or by_number.get(int(words[row * ROW_WORDS + W_VENUE_KEY]), "")
    )


def make_care(config: FeedConfig, stage: Stage, say: Callable[[str], None]) -> VenueCare | None:
    """Make what looks after the books of a venue's feed, and have it begin. In the worker.

    Args:
        config: of the feed.
        stage: its receivers and books.
        say: called with each line for people, from another thread.

    Returns:
        It; None for a feed of no venue.
    """
    if config.venue is None:
        return None
    from zerofeed.runtime.venue_rest import VenueRest, proxies_by  # noqa: PLC0415 - an extra

    tree = msgspec.to_builtins(config.venue)
    service = service_of(tree)
    streams: dict[str, VenueStream] = {}
    places: dict[str, int] = {}
    connections = zip(connections_of(tree), stage.receivers, strict=True)
    for place, (connection, receiver) in enumerate(connections):
        streams |= dict.fromkeys(connection.books, cast("VenueStream", receiver))
        places |= dict.fromkeys(connection.books, place)
    ca_file = Path(config.venue.ca_file) if config.venue.ca_file else None
    try:
        rest = VenueRest(service.limits, ca_file=ca_file, proxies=proxies_by(config.venue.proxy))
    except ConfigurationError as error:
        say(f"books in doubt will not be asked for: {error}")
        return None
    care = VenueCare(
        service,
        streams,
        stage.books,
        _symbols_of(service, stage.words),
        rest.fetch_snapshot,
        say,
        number_of=_numbers(service, places, stage),
    )
    care.start()
    return care
