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
of a composite is ``field.member``. A message with ``each`` is gone through once for each entry of that
group, each with its own symbol; an emit with ``rows`` makes a record of each entry of its group (of
those in the entry of ``each``, where there is one).

**Nothing there.** A field that the acting version or block does not have, or whose value is its null, is
undefined. An enum is named by its values' names; a raw number may stand for one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from zerofeed.records.kinds import ASK, BID, LEVEL, NO_SIDE

__all__ = [
    "Book",
    "Code",
    "Constant",
    "Emit",
    "Message",
    "Price",
    "Rate",
    "Scaled",
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
        unit: ``s``, ``ms``, ``us`` or ``ns`` since 1970; or ``ms or us``, told apart by the number: what
            would be before March 1973 in microseconds is milliseconds.
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


Value: TypeAlias = "Scaled | Whole | Time | Code | Constant"


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
        when: Mapping[str, str | int] | None = None,
        time: Time | None = None,
        side: int | Code = NO_SIDE,
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
    """

    template: str
    when: Mapping[str, str | int] = field(default_factory=dict)
    block_bytes: int | None = None
    symbol: str | None = None
    each: str | None = None
    emits: Sequence[Emit] = ()
    book: Book | None = None
    is_heartbeat: bool = False
    name: str | None = None


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
