"""What a venue says of its SBE messages: the words of the literal that :mod:`.dialect` compiles.

A schema says where values are, and not what they mean. That is said here, in the schema's own names::

    Message(
        "DepthDiffStreamEvent",
        symbol="symbol",
        book=Book(),
        emits=levels(
            price=Price("price", exponent="priceExponent"),
            size=Size("qty", exponent="qtyExponent"),
            time=Time("eventTime", "us"),
            change_id=Whole("lastBookUpdateId"),
            previous=Whole("firstBookUpdateId", plus=-1),
        ),
    )

**Where from.** A source is the name of a field of the message, or of a field of the rows that are gone
through: a row's own field comes first, then that of the row of ``each``, then the message's. A member
of a composite is ``field.member``, and ``head.field`` is what stands before the message, also where the message has a field of
that name. A message with ``each`` is gone through once for each entry of that
group, each with its own symbol; an emit with ``rows`` makes a record of each entry of its group (of
those in the entry of ``each``, where there is one).

**Nothing there.** A field that the acting version or block does not have, or whose value is its null, is
undefined. An enum is named by its values' names; a raw number may stand for one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from zerofeed.records.instruments import UNKNOWN_INSTRUMENT
from zerofeed.records.kinds import ASK, BID, LEVEL, NO_SIDE

__all__ = [
    "Bits",
    "Book",
    "Code",
    "Condition",
    "Constant",
    "Definition",
    "Emit",
    "Magnitude",
    "Message",
    "Pick",
    "Price",
    "Rate",
    "Real",
    "Row",
    "Scaled",
    "Sent",
    "Sign",
    "Size",
    "Time",
    "Value",
    "Whole",
    "levels",
]


@dataclass(frozen=True, slots=True)
class Scaled:
    """A decimal: a mantissa, and a power of ten that comes with it or is always the same. One of the following.

    Attributes:
        source: the mantissa. A composite with the members ``mantissa`` and ``exponent`` has both.
        exponent: the power of ten, or the source that has it; None: that of the composite, else 0.
        decimals: source of the number of decimals, in place of an exponent; its sign does not count.
        is_zero_none: the venue writes 0 where there is no value.
    """

    source: str
    exponent: int | str | None = None
    decimals: str | None = None
    is_zero_none: bool = False


class Price(Scaled):
    """A decimal at the instrument's price exponent."""

    __slots__ = ()


class Size(Scaled):
    """A decimal at the instrument's size exponent."""

    __slots__ = ()


class Rate(Scaled):
    """A pure number, kept at a power of ten of its own: rates, greeks, volatilities."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer as it stands, and something added."""

    source: str
    plus: int = 0


@dataclass(frozen=True, slots=True)
class Time:
    """A time.

    Attributes:
        source: where from.
        unit: ``days``, ``s``, ``ms``, ``us`` or ``ns`` since 1970; or ``ms or us``, told apart by the number:
            what would be before March 1973 in microseconds is milliseconds.
    """

    source: str
    unit: str


@dataclass(frozen=True, slots=True)
class Code:
    """A number for each value of an enum, by its name or raw number; undefined for all others."""

    source: str
    codes: Mapping[str | int, int]


@dataclass(frozen=True, slots=True)
class Constant:
    """A number that the table itself has."""

    number: int


@dataclass(frozen=True, slots=True)
class Real:
    """A float or double that is a pure number, kept as a rate."""

    source: str


@dataclass(frozen=True, slots=True)
class Row:
    """The row of an instrument that is named by the venue's number; undefined while it has none."""

    source: str


@dataclass(frozen=True, slots=True)
class Sign:
    """The side that a signed quantity says: above zero a bid, below an ask."""

    source: str


@dataclass(frozen=True, slots=True)
class Magnitude:
    """An integer without its sign."""

    source: str


Value: TypeAlias = "Scaled | Whole | Time | Code | Constant | Real | Row | Sign | Magnitude"


@dataclass(frozen=True, slots=True)
class Bits:
    """A condition: whether a bit of a set is set.

    Attributes:
        choice: name of the bit in the schema, or its mask.
        is_set: False: it must not be.
    """

    choice: str | int
    is_set: bool = True


@dataclass(frozen=True, slots=True)
class Sent:
    """A condition: there is a value."""


Condition: TypeAlias = "str | int | Bits | Sent | None"
"""What a value must be: a number, a name, a short text, a bit, any; None: not sent."""


@dataclass(frozen=True, slots=True)
class Pick:
    """A value of the first entry of a group that has others.

    Attributes:
        group: of the message.
        value: what is taken.
        when: values that the entry must have, by source.
    """

    group: str
    value: Value
    when: Mapping[str, Condition] = field(default_factory=dict)


class Definition:
    """The message says what its instrument is.

    Args:
        symbol: source of the name.
        kind: of the instrument.
        price_exponent: of its prices.
        size_exponent: of its sizes, or the source of it.
        option_type: a code, or where from: 67 for a call, 80 for a put.
        texts: sources of ``base``, ``quote``, ``settlement`` and ``counter``, by these names.
        depth: levels a side that the venue tells of its book.
        **columns: ``tick_size``, ``min_size``, ``contract_size``, ``strike_price``, ``expiry_ns`` and
            ``created_ns``; what is not named is undefined.
    """

    def __init__(
        self,
        symbol: str,
        *,
        kind: int | Code = UNKNOWN_INSTRUMENT,
        price_exponent: int,
        size_exponent: int | str = 0,
        option_type: int | Code = 0,
        texts: Mapping[str, str] | None = None,
        depth: Value | Pick | None = None,
        **columns: Value | Pick,
    ) -> None:
        self.symbol = symbol
        self.kind = kind
        self.price_exponent = price_exponent
        self.size_exponent = size_exponent
        self.option_type = option_type
        self.texts = dict(texts or {})
        self.depth = depth
        self.columns = columns


@dataclass(frozen=True, slots=True)
class Book:
    """The message's LEVEL records are one transaction, or one snapshot, of the book.

    Attributes:
        is_snapshot: they are all of the book.
    """

    is_snapshot: bool = False


class Emit:
    """One record, or one for each entry of a group.

    Args:
        kind: of the record.
        rows: group whose entries each make one.
        when: values that an entry must have, by source; of others nothing is made.
        time: the venue's time.
        side: a code, or where from.
        action: a code, or where from; None: of levels by their size, else none.
        flags: set in each.
        **body: what the kind's own columns are, by name; what is not named is undefined.
    """

    def __init__(
        self,
        kind: int,
        *,
        rows: str | None = None,
        when: Mapping[str, Condition] | None = None,
        time: Time | None = None,
        side: int | Code | Sign = NO_SIDE,
        action: int | Code | None = None,
        flags: int = 0,
        **body: Value,
    ) -> None:
        self.kind = kind
        self.rows = rows
        self.when = dict(when or {})
        self.time = time
        self.side = side
        self.action = action
        self.flags = flags
        self.body = body


@dataclass(frozen=True, slots=True)
class Message:
    """One kind of message.

    Attributes:
        template: name of the message in the schema. Several may be of the same.
        when: values that it must have, by source of its own fields. The first message of a template whose
            conditions are true counts.
        block_bytes: length of its root block, where a venue sends another layout under the same
            version; messages of any other length are none of this kind. None: any that is not too
            short.
        symbol: source of the instrument's symbol: variable-length data, a text, or a number of the
            venue's own. None: it makes no records of instruments.
        each: group whose entries are each treated like a message.
        emits: what records it makes, in order.
        book: what it is to the book.
        is_heartbeat: it carries nothing.
        name: for people and counters; None: as its template.
        defines: what it says of its instrument.
        last: source of a set, and the bit of it that ends a transaction: the last record is marked.
        is_known: the instrument must be defined, because the scale of its numbers is not in the message.
            Messages of others make no records, and are counted.
        key_bits: another instrument than the one with this number: bits that are turned in its key.
    """

    template: str
    when: Mapping[str, Condition] = field(default_factory=dict)
    block_bytes: int | None = None
    symbol: str | None = None
    each: str | None = None
    emits: Sequence[Emit] = ()
    book: Book | None = None
    is_heartbeat: bool = False
    name: str | None = None
    defines: Definition | None = None
    last: tuple[str, str | int] | None = None
    is_known: bool = False
    key_bits: int = 0


def levels(
    *,
    price: Price,
    size: Size,
    time: Time | None,
    bids: str = "bids",
    asks: str = "asks",
    change_id: Value | None = None,
    previous: Value | None = None,
    flags: int = 0,
) -> list[Emit]:
    """Make the two emits of a book whose sides are two groups.

    Args:
        price: of a row of either.
        size: of a row of either, absolute.
        time: the venue's time.
        bids: group of bids.
        asks: group of asks.
        change_id: the venue's id of this change.
        previous: the id of the one before it.
        flags: set in each record.
    """
    emits = []
    for rows, side in ((bids, BID), (asks, ASK)):
        emit = Emit(LEVEL, rows=rows, time=time, side=side, flags=flags, price=price, size=size)
        if change_id is not None:
            emit.body["change_id"] = change_id
        if previous is not None:
            emit.body["prev_change_id"] = previous
        emits.append(emit)
    return emits
