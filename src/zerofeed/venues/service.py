"""A venue's service: all that a feed has to know to be connected to it, but for its messages.

A :class:`Service` is data with a few pure functions in it. Channels have zerofeed's own names on every
venue (:data:`CHANNELS`); a service says which of them it has and under which names of its own. What
it answers is what to do, never done here: a URL and texts to send, a URL to fetch and how its answer
becomes a frame.

A snapshot that comes by REST has no symbol in it, and may say less than a message: the service
makes of the answer what the message decoder reads like any other frame. In JSON that is some bytes in
front of it and behind it, and nothing is parsed for that.

A venue that also sends the same in another encoding, on connections of its own, is another service
for each (:attr:`Service.encodings`), under the same name.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self, TypeVar

from zerofeed.base.errors import BugError, ConfigurationError, VenueError
from zerofeed.records.instruments import INSTRUMENT_TYPES
from zerofeed.venues.definition import InstrumentDefinition
from zerofeed.venues.key import KeyUse
from zerofeed.venues.limits import Limits, Ping
from zerofeed.venues.plan import Connection, Encode, Topic, plan_connections, plan_requests
from zerofeed.venues.suggest import suggestion
from zerofeed.venues.symbol_kinds import SymbolRule, kind_of_symbol

__all__ = [
    "CHANNELS",
    "Channel",
    "InstrumentSource",
    "Resync",
    "Service",
    "Snapshot",
    "SnapshotSource",
    "no_more_pages",
]

CHANNELS: dict[str, str] = {
    "trades": "trades, with the side of the aggressor",
    "book": "price levels: a snapshot, then changes",
    "bbo": "best bid and offer as the venue states it",
    "mark": "mark price",
    "index": "price of the underlying index",
    "funding": "funding rate of perpetuals",
    "open_interest": "contracts or coins outstanding",
    "liquidations": "orders of liquidated positions",
    "greeks": "greeks and implied volatility of options",
    "status": "trading state",
}
"""Every channel by zerofeed's name for it, and what it carries."""

_T = TypeVar("_T")

_USUAL_ENCODING = "json"

_RESYNC_REQUEST = 1_000_000
"""Number of the first request of a resync: far from those that open a connection."""


@dataclass(frozen=True, slots=True)
class Channel:
    """Where a venue has one of our channels.

    Attributes:
        names: the venue's channels that carry it.
        kinds: kinds of instrument that have it; empty for all.
        note: what to know about it, for people.
    """

    names: tuple[str, ...]
    kinds: frozenset[int] = frozenset()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot of one book, to be fetched.

    Attributes:
        url: of the REST interface.
        weight: of this request, in the venue's own measure.
        symbol: whose book it is.
        make: as in :class:`SnapshotSource`.
    """

    url: str
    weight: int
    symbol: str
    make: Callable[[str, bytes], bytes]

    def frame(self, body: bytes) -> bytes:
        """Make the frame that the message decoder reads from the body of the answer.

        Raises:
            VenueError: the answer is no snapshot.
        """
        return self.make(self.symbol, body)


@dataclass(frozen=True, slots=True)
class SnapshotSource:
    """Where a service's books begin, if not on the connection itself.

    Attributes:
        path: path and query by symbol (or the venue's number of it) and number of levels.
        depths: numbers of levels that can be asked for, and the weight of each; ascending.
        make: makes the frame that the message decoder reads, of the symbol and the answer's body.
    """

    path: Callable[[str, int], str]
    depths: Mapping[int, int]
    make: Callable[[str, bytes], bytes]


def no_more_pages(url: str, body: bytes) -> str | None:  # noqa: ARG001 - the others look at both
    """Say that an answer is complete; for venues that do not split their lists."""
    return None


@dataclass(frozen=True, slots=True)
class InstrumentSource:
    """Where a service lists its instruments.

    Attributes:
        paths: paths and queries that together list all of them.
        parse: reads one answer.
        next_page: URL that continues an answer, from its own URL and body, or None.
        weight: of one request, in the venue's own measure.
    """

    paths: tuple[str, ...]
    parse: Callable[[bytes], list[InstrumentDefinition]]
    next_page: Callable[[str, bytes], str | None] = no_more_pages
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Resync:
    """How one book begins anew while all others go on.

    Attributes:
        texts: to send on the connection that carries the book, in this order.
        snapshot: to be fetched, or None where the venue sends one after the texts.
    """

    texts: tuple[str, ...]
    snapshot: Snapshot | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service of a venue.

    Attributes:
        name: as in ``binance:BTCUSDT`` and in configurations.
        title: for people.
        venue: folder of its messages, below ``zerofeed.venues``.
        protocol: as in ``zerofeed decode --protocol``.
        ws_url: scheme, host and port of its WebSocket interface; topics add the path.
        rest_url: scheme, host and port of its REST interface.
        test_ws_url: the same of its test net, or "".
        test_rest_url: the same of its test net, or "".
        limits: what it allows.
        ping: how a connection is kept alive.
        stale_seconds: a connection that brings nothing for so long, pongs included, is dead.
        renew_hours: age at which the venue cuts connections; None if it does not.
        keys: what a key is needed for, or "".
        channels: those of :data:`CHANNELS` that it has.
        defaults: channels that are subscribed to when none is named.
        book_proof: how its books are proven right, for people.
        symbol_form: regular expression of its symbols.
        symbol_example: one of them.
        symbol_rules: what its symbols tell about the sort of instrument.
        spell: makes a symbol as people write it the venue's own.
        topic: what to subscribe to, by the venue's channel name and symbol.
        encode: writes a request.
        opening: texts to send on every connection before all others.
        ends_by_number: True when a subscription is ended by the number that the venue gave it.
        snapshots: where its books begin; None when they begin on the connection.
        instruments: where its instruments are listed.
        key: how it wants a user's key; None where it needs none.
        is_numbered: True when it names instruments by numbers of its own, which its list of
            instruments has.
        numbers: those that are known, by symbol.
        encodings: the same service in other encodings, by the encoding's name.
    """

    name: str
    title: str
    venue: str
    protocol: str
    ws_url: str
    rest_url: str
    test_ws_url: str = ""
    test_rest_url: str = ""
    limits: Limits
    ping: Ping
    stale_seconds: float = 60.0
    renew_hours: float | None = None
    keys: str = ""
    channels: Mapping[str, Channel]
    defaults: tuple[str, ...] = ("trades", "book", "bbo")
    book_proof: str
    symbol_form: str
    symbol_example: str
    symbol_rules: tuple[SymbolRule, ...]
    spell: Callable[[str], str] = str
    topic: Callable[[str, str], Topic]
    encode: Encode
    opening: tuple[str, ...] = field(default=())
    ends_by_number: bool = False
    snapshots: SnapshotSource | None = None
    instruments: InstrumentSource
    key: KeyUse | None = None
    is_numbered: bool = False
    numbers: Mapping[str, int] = field(default_factory=dict)
    encodings: Mapping[str, Service] = field(default_factory=dict)

    def at(self, *, ws_url: str | None = None, rest_url: str | None = None) -> Self:
        """Give the same service at other addresses: a proxy's, a local server's.

        Args:
            ws_url: scheme, host and port, without a path.
            rest_url: the same.
        """
        return dataclasses.replace(
            self,
            ws_url=(ws_url or self.ws_url).rstrip("/"),
            rest_url=(rest_url or self.rest_url).rstrip("/"),
        )

    def on_test_net(self) -> Self:
        """Give the same service on the venue's test net.

        Raises:
            ConfigurationError: the venue has none.
        """
        if not self.test_ws_url:
            raise ConfigurationError(
                "this service has no test net",
                where=self.name,
                next_step="leave the test net out, or give a URL of your own",
            )
        return self.at(ws_url=self.test_ws_url, rest_url=self.test_rest_url)

    def in_encoding(self, encoding: str) -> Service:
        """Give the same service in another encoding.

        Args:
            encoding: ``sbe``; ``json`` or "" for this service itself.

        Raises:
            ConfigurationError: it has none of this name.
        """
        if encoding in {"", _USUAL_ENCODING}:
            return self
        found = self.encodings.get(encoding)
        if found is None:
            raise ConfigurationError(
                "this service has no such encoding",
                where=self.name,
                expected=" or ".join([_USUAL_ENCODING, *self.encodings]),
                got=repr(encoding),
            )
        return found

    def numbered(self, numbers: Mapping[str, int]) -> Self:
        """Give the same service with the venue's numbers of symbols."""
        return dataclasses.replace(self, numbers=dict(numbers))

    def kind_of(self, symbol: str) -> int:
        """Tell the sort of instrument from a symbol; UNKNOWN_INSTRUMENT when it does not say."""
        return kind_of_symbol(self.symbol_rules, symbol)

    def check_symbol(self, symbol: str) -> str:
        """Bring a symbol into the venue's spelling.

        Raises:
            ConfigurationError: it cannot be one of this service's.
        """
        spelt = self.spell(symbol)
        if re.fullmatch(self.symbol_form, spelt) is None:
            raise ConfigurationError(
                "this cannot be a symbol of this service",
                where=self.name,
                expected=f"the form of {self.symbol_example}",
                got=repr(symbol),
                next_step=f"`zerofeed instruments {self.name}` lists them",
            )
        return spelt

    def check_channel(self, name: str) -> Channel:
        """Look one of our channels up.

        Raises:
            ConfigurationError: the service does not have it; the message says what it has.
        """
        found = self.channels.get(name)
        if found is None:
            what = "this service has no such channel" if name in CHANNELS else "unknown channel"
            raise ConfigurationError(
                what,
                where=self.name,
                expected=", ".join(self.channels),
                got=repr(name),
                next_step=suggestion(name, self.channels),
            )
        return found

    def subscribe(self, channels: Sequence[str] | None, symbols: Iterable[str]) -> list[Connection]:
        """Say which connections to open and what to send on each.

        Args:
            channels: our names; None for the service's defaults.
            symbols: as people write them. One that is there twice counts once.

        Returns:
            Connections and their texts, within the service's limits.

        Raises:
            ConfigurationError: a channel or symbol is not one of this service's, there is no
                symbol, or none of them has one of the channels; no address is known.
        """
        if not self.ws_url:
            raise ConfigurationError(
                "this service has no address for everybody",
                where=self.name,
                expected="scheme, host and port that the venue gave you",
                next_step='set venue.ws_url = "wss://HOST"',
            )
        spelt = list(dict.fromkeys(self.check_symbol(symbol) for symbol in symbols))
        if not spelt:
            raise ConfigurationError(
                "no symbol is named", where=self.name, expected=f"e.g. {self.symbol_example}"
            )
        wanted = {name: self.check_channel(name) for name in channels or self.defaults}
        self._check_kinds(wanted, spelt)
        topics = [topic for symbol in spelt for topic in self._topics(wanted, symbol)]
        return plan_connections(
            topics,
            url=self.ws_url,
            opening=self.opening,
            limits=self.limits,
            encode=self.encode,
        )

    def snapshot_request(self, symbol: str, depth: int = 1_000) -> Snapshot | None:
        """Say where to fetch a snapshot of a book.

        Args:
            symbol: in the venue's spelling.
            depth: levels wanted of each side.

        Returns:
            A request for the least depth that the venue offers which is not below ``depth``, or for
            the most; None when snapshots come on the connection.
        """
        source = self.snapshots
        if source is None:
            return None
        levels = next((each for each in source.depths if each >= depth), max(source.depths))
        url = self.rest_url + source.path(self._named(symbol), levels)
        return Snapshot(url, source.depths[levels], symbol, source.make)

    def resync(
        self,
        symbol: str,
        *,
        number: int | None = None,
        depth: int = 1_000,
        request_id: int = _RESYNC_REQUEST,
    ) -> Resync:
        """Say how one book begins anew.

        Args:
            symbol: in the venue's spelling.
            number: that the venue gave the subscription, where ``ends_by_number``.
            depth: levels wanted of each side, where the snapshot is fetched.
            request_id: number of the first request.

        Raises:
            BugError: the number is needed and not there.
        """
        snapshot = self.snapshot_request(symbol, depth)
        if snapshot is not None:
            return Resync((), snapshot)
        if self.ends_by_number and number is None:
            raise BugError("the number of the subscription is needed", where=self.name, got=symbol)
        topics = list(self._topics({"book": self.channels["book"]}, symbol))
        ended = (
            [dataclasses.replace(topic, argument=str(number)) for topic in topics]
            if self.ends_by_number
            else topics
        )
        texts = [
            *self._requests(ended, request_id, subscribes=False),
            *self._requests(topics, request_id + 1, subscribes=True),
        ]
        return Resync(tuple(texts), None)

    def instruments_requests(self) -> tuple[str, ...]:
        """Give the URLs that together list all instruments; answers may continue on more pages."""
        return tuple(self.rest_url + path for path in self.instruments.paths)

    def parse_instruments(self, body: bytes) -> list[InstrumentDefinition]:
        """Read one answer to one of :meth:`instruments_requests`.

        Raises:
            VenueError: the answer is not of the form that is known.
        """
        return self._read(lambda: self.instruments.parse(body))

    def next_page(self, url: str, body: bytes) -> str | None:
        """Give the URL that continues an answer, or None when it is the last.

        Args:
            url: that was asked.
            body: the answer.

        Raises:
            VenueError: the answer is not of the form that is known.
        """
        return self._read(lambda: self.instruments.next_page(url, body))

    def _read(self, read: Callable[[], _T]) -> _T:
        try:
            return read()
        except (ArithmeticError, LookupError, ValueError) as error:
            raise VenueError(
                "a value in the venue's list of instruments is not what is known",
                where=self.name,
                got=repr(error),
                next_step="the venue may have changed its interface: look for a newer zerofeed",
            ) from error

    def _requests(self, topics: list[Topic], request_id: int, *, subscribes: bool) -> list[str]:
        return list(
            plan_requests(
                topics,
                limits=self.limits,
                encode=self.encode,
                subscribes=subscribes,
                first_id=request_id,
            )
        )

    def _topics(self, wanted: Mapping[str, Channel], symbol: str) -> Iterable[Topic]:
        kind = self.kind_of(symbol)
        for name, channel in wanted.items():
            if channel.kinds and kind not in channel.kinds:
                continue
            for venue_name in channel.names:
                topic = self.topic(venue_name, self._named(symbol))
                yield dataclasses.replace(topic, book_of=symbol) if name == "book" else topic

    def _named(self, symbol: str) -> str:
        """Give a symbol as the venue wants to be asked for it."""
        if not self.is_numbered:
            return symbol
        if symbol not in self.numbers:
            raise ConfigurationError(
                "the venue's number of this symbol is not known",
                where=self.name,
                got=repr(symbol),
                next_step=f"`zerofeed instruments {self.name}` lists symbols that it has",
            )
        return str(self.numbers[symbol])

    def _check_kinds(self, wanted: Mapping[str, Channel], symbols: Sequence[str]) -> None:
        kinds = {self.kind_of(symbol) for symbol in symbols}
        for name, channel in wanted.items():
            if channel.kinds and not kinds & channel.kinds:
                raise ConfigurationError(
                    f"none of these symbols has the channel {name!r}",
                    where=self.name,
                    expected=" or ".join(INSTRUMENT_TYPES[each] for each in sorted(channel.kinds)),
                    got=", ".join(
                        f"{each} ({INSTRUMENT_TYPES[self.kind_of(each)]})" for each in symbols
                    ),
                )
