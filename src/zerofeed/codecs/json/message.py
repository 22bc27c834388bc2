"""What a venue says of its messages: the words of the literal that :mod:`.dialect` compiles.

**Where from.** A source is the name of a field, or ``list.column``, or ``list[0].column``: of the list's first row. A
message with ``each`` is gone through once for each row of that list, each with its own symbol; an emit
with ``rows`` makes a record of each row of its list (of those that lie in the row of ``each``, where
there is one). Several values in a tuple are alternatives: the first that is there counts.

**Channels.** Some venues answer a subscription with a number, and send that in the place of channel and symbol::

    {"event": "subscribed", "channel": "book", "chanId": 5, "symbol": "tBTCUSD"}
    [5, [65000.1, 2, 0.5]]

The first message ``opens`` a channel under a name; the second is known by ``Opened`` that name, and its
instrument is :data:`OF_CHANNEL`. What a number stands for is kept for each connection
(:mod:`zerofeed.codecs.json.channels`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from zerofeed.records.kinds import ASK, BID, LEVEL, NO_SIDE
from zerofeed.records.units import RATE_EXPONENT

__all__ = [
    "ANY",
    "NONE",
    "OF_CHANNEL",
    "ONLY",
    "Before",
    "Begins",
    "Book",
    "Check",
    "Code",
    "Condition",
    "Constant",
    "Decimal",
    "Emit",
    "Key",
    "Message",
    "Opened",
    "Opens",
    "Presence",
    "Price",
    "Rate",
    "SideOfSign",
    "Size",
    "Symbol",
    "SymbolKind",
    "Time",
    "Value",
    "Values",
    "Whole",
    "Window",
    "levels",
]


@dataclass(frozen=True, slots=True)
class Price:
    """A price at the instrument's exponent.

    Attributes:
        source: where from.
        is_zero_none: the venue writes 0 where there is no price.
    """

    source: str
    is_zero_none: bool = False


@dataclass(frozen=True, slots=True)
class Size:
    """A size at the instrument's exponent.

    Attributes:
        source: where from.
        is_signed: the sign is something else, such as a side: it is taken off.
        unless_zero: source of a number that makes the size 0 when it is 0.
    """

    source: str
    is_signed: bool = False
    unless_zero: str | None = None


@dataclass(frozen=True, slots=True)
class Decimal:
    """A decimal at a fixed exponent, and something added to its mantissa."""

    source: str
    exponent: int
    plus: int = 0


def Rate(source: str) -> Decimal:  # noqa: N802
    """A pure number: rates, greeks, volatilities."""
    return Decimal(source, RATE_EXPONENT)


def Whole(source: str, plus: int = 0) -> Decimal:  # noqa: N802
    """An integer as it stands, and something added."""
    return Decimal(source, 0, plus)


@dataclass(frozen=True, slots=True)
class Time:
    """A time.

    Attributes:
        source: where from.
        unit: ``s``, ``ms``, ``us`` or ``ns`` since 1970, with or without a fraction; or ``iso``.
    """

    source: str
    unit: str


@dataclass(frozen=True, slots=True)
class Code:
    """A number for each text (or true, false, or bare number as it is written); else undefined."""

    source: str
    codes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Key:
    """A text that is no number, as the number that stands for it: trade ids with letters."""

    source: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A number that the table itself has."""

    number: int


@dataclass(frozen=True, slots=True)
class SideOfSign:
    """BID for a number above 0, ASK below.

    Attributes:
        source: where from.
        is_position: the number is a position that is closed: ASK above 0, BID below.
    """

    source: str
    is_position: bool = False


Value: TypeAlias = "Price | Size | Decimal | Time | Code | Key | Constant | SideOfSign"
Values: TypeAlias = "Value | tuple[Value, ...]"


@dataclass(frozen=True, slots=True)
class Before:
    """A condition: the text before the first of a byte is this one (``book`` of ``book.BTC.100ms``)."""

    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class Begins:
    """A condition: the text begins like this (``orderbook.1.`` of ``orderbook.1.BTCUSDT``)."""

    text: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A condition: it is the number of a channel that was opened under this name, on this connection."""

    name: str


class Presence:
    """Whether a value is there: ANY or NONE."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


ANY = Presence("ANY")
"""A condition: the field is there, and not null."""
NONE = Presence("NONE")
"""A condition: it is not there, or null."""
Condition: TypeAlias = "str | Before | Begins | Opened | Presence"


@dataclass(frozen=True, slots=True)
class Symbol:
    """Where the instrument's symbol stands.

    Attributes:
        source: field or ``list.column``; None: the message names none, and is of the only instrument
            that is known so far.
        before: only what is before the first of this character.
        behind: only what is behind the last of this character.
        is_upper: small letters as capitals.
        skip: in the place of ``behind``: what the text begins with, as a condition of the message says.
        of_channel: the instrument is that of the message's channel.
    """

    source: str | None
    before: str = ""
    behind: str = ""
    is_upper: bool = False
    skip: str = ""
    of_channel: bool = False


ONLY = Symbol(None)
"""The only instrument that is known so far."""
OF_CHANNEL = Symbol(None, of_channel=True)
"""The instrument of the channel whose number the message has."""


@dataclass(frozen=True, slots=True)
class Opens:
    """From here on a number stands for a channel, and for the message's instrument if it has one.

    Attributes:
        name: of the channel, for :class:`Opened`.
        number: where the number stands.
    """

    name: str
    number: str


@dataclass(frozen=True, slots=True)
class SymbolKind:
    """A rule that tells the kind of an instrument from its symbol; the first that fits counts.

    Attributes:
        kind: code of :mod:`zerofeed.records.instruments`.
        prefix: the symbol begins with, at most 8 bytes.
        suffix: it ends with, at most 8 bytes.
        dashes: it has so many ``-``; None: any number.
    """

    kind: int
    prefix: str = ""
    suffix: str = ""
    dashes: int | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A checksum of the book behind the message's changes.

    Attributes:
        rule: CHECKSUM of :mod:`zerofeed.books.layout`.
        source: where it stands.
    """

    rule: int
    source: str


@dataclass(frozen=True, slots=True)
class Book:
    """The message's LEVEL records are one transaction, or one snapshot, of the book.

    A message without emits changes nothing: it has a checksum, which is compared.

    Attributes:
        is_snapshot: they are all of the book.
        check: the checksum that comes with it.
    """

    is_snapshot: bool = False
    check: Check | None = None


class Emit:
    """One record, or one for each row of a list.

    Args:
        kind: of the record.
        rows: list whose rows each make one.
        needs: source that must be there; else nothing is made.
        time: the venue's time.
        side: a code, or where from.
        action: a code; None: of levels by their size, else none.
        flags: set in each.
        **body: what the kind's own columns are, by name; what is not named is undefined.
    """

    def __init__(
        self,
        kind: int,
        *,
        rows: str | None = None,
        needs: str | None = None,
        time: Values | None = None,
        side: int | Values = NO_SIDE,
        action: int | Values | None = None,
        flags: int = 0,
        **body: Values,
    ) -> None:
        self.kind = kind
        self.rows = rows
        self.needs = needs
        self.time = time
        self.side = side
        self.action = action
        self.flags = flags
        self.body = body


@dataclass(frozen=True, slots=True)
class Window:
    """Where the number of levels stands that a venue keeps up.

    Attributes:
        source: where from.
        behind: only what is behind the last of this character.
    """

    source: str
    behind: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One kind of message.

    Attributes:
        name: for people and counters; several messages may have the same.
        when: conditions by source; all must be true. The first message whose conditions are counts.
        symbol: where its symbol stands, or alternatives; none: it makes no records of instruments.
        each: list whose rows are each treated like a message.
        emits: what records it makes, in order.
        book: what it is to the book.
        is_heartbeat: it carries nothing.
        is_unknown: its form is known and what it is about is not; it is counted so.
        opens: it gives a number to a channel.
        closes: where the number of a channel stands that ends with it.
        begins: it is the first of a connection: the numbers of the one before mean nothing any more.
        sequence: where the number stands that counts the messages of its connection.
        kind: of its instruments where it is not the dialect's (an index); their symbols are kept apart.
        number: what grows from message to message of this sort and instrument, on every connection alike: an
            id, or a time. By it a message that came by another connection is known for the same. None: it has
            nothing of the kind, and is taken from one connection for as long as that lives.
        is_event: the number goes up one by one, and each message is wanted, late ones as well; else an older one
            is superseded.
        window: levels a side that the venue keeps up, and no further ones; what falls behind them is gone
            without a word. The number, or what is behind the last of a mark in a text.
        exponents: sources of prices and of sizes whose most decimals in the first message of an
            instrument are the decimals that the venue always writes.
    """

    name: str
    when: Mapping[str, Condition] = field(default_factory=dict)
    symbol: Symbol | tuple[Symbol, ...] = ()
    each: str | None = None
    emits: Sequence[Emit] = ()
    book: Book | None = None
    is_heartbeat: bool = False
    is_unknown: bool = False
    opens: Opens | None = None
    closes: str | None = None
    begins: bool = False
    sequence: str | None = None
    kind: int | None = None
    exponents: tuple[str | tuple[str, ...], str | tuple[str, ...]] | None = None
    window: Window | None = None
    number: Values | None = None
    is_event: bool = False


def levels(
    *,
    bids: str,
    asks: str,
    time: Values | None,
    change_id: Values | None = None,
    previous: Values | None = None,
    flags: int = 0,
) -> list[Emit]:
    """Make the two emits of a book: rows of two lists with columns ``price`` and ``size``.

    Args:
        bids: list of bids.
        asks: list of asks.
        time: the venue's time.
        change_id: the venue's id of this change.
        previous: the id of the one before it.
        flags: set in each record.
    """
    emits: list[Emit] = []
    for rows, side in ((bids, BID), (asks, ASK)):
        price, size = Price(f"{rows}.price"), Size(f"{rows}.size")
        emit = Emit(LEVEL, rows=rows, time=time, side=side, flags=flags, price=price, size=size)
        if change_id is not None:
            emit.body["change_id"] = change_id
        if previous is not None:
            emit.body["prev_change_id"] = previous
        emits.append(emit)
    return emits
