"""An instrument as its venue's REST interface defines it.

Steps, sizes and strikes are Decimals from the text that the venue sent: no float is in between, so
a tick of 0.1 is exactly a tenth. The exponents are what prices and sizes need to be whole numbers of
``10**exponent``. They follow from the steps (and from the size of a contract, which an instrument row keeps
in size units), or from the number of decimals where the venue states it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

import msgspec

from zerofeed.base.errors import VenueError
from zerofeed.records.instruments import INSTRUMENT_TYPES
from zerofeed.records.units import UNDEF, from_decimal

__all__ = [
    "CALL",
    "NO_OPTION",
    "PUT",
    "InstrumentDefinition",
    "date_to_ns",
    "decimal_or_none",
    "decode_answer",
    "exponent_of",
    "in_one_line",
    "ms_to_ns",
    "positive",
]

CALL = ord("C")
PUT = ord("P")
NO_OPTION = 0

_T = TypeVar("_T")
_FINEST = -18
_LAST_NS = 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentDefinition:
    """One instrument; None where the venue says nothing.

    Attributes:
        symbol: as the venue's messages spell it, and as one subscribes to it.
        kind: code of :mod:`zerofeed.records.instruments`.
        base: asset.
        quote: currency of the price.
        settlement: currency of the margin; the quote currency of a spot pair.
        tick_size: smallest price step, in the quote currency.
        lot_size: smallest size step, in size units.
        min_size: smallest order, in size units.
        contract_size: what one contract is worth: of the base asset, or of the quote currency when
            ``is_inverse``.
        price_exponent: a price is mantissa * 10**price_exponent; 0 or less.
        size_exponent: a size is mantissa * 10**size_exponent; 0 or less.
        is_inverse: True when sizes count the quote currency and margin is in the base asset.
        expiry_ns: Unix ns.
        created_ns: Unix ns.
        strike: of an option, in price units.
        option_type: CALL, PUT or NO_OPTION.
        state: the venue's own word for its trading state.
        is_trading: True when that word says that orders can meet.
        aliases: other names that the venue uses for it.
        number: the venue's own for it, where some of its messages have that in place of the symbol.

    Raises:
        ValueError: a step, size or strike is not a finite number.
    """

    symbol: str
    kind: int
    base: str
    quote: str
    settlement: str
    tick_size: Decimal | None
    lot_size: Decimal | None
    min_size: Decimal | None
    contract_size: Decimal | None = None
    price_exponent: int
    size_exponent: int
    is_inverse: bool = False
    expiry_ns: int | None = None
    created_ns: int | None = None
    strike: Decimal | None = None
    option_type: int = NO_OPTION
    state: str
    is_trading: bool
    aliases: tuple[str, ...] = field(default=())
    number: int | None = None

    def __post_init__(self) -> None:
        numbers = (
            self.tick_size,
            self.lot_size,
            self.min_size,
            self.contract_size,
            self.strike,
        )
        for number in numbers:
            if number is not None and not number.is_finite():
                raise ValueError(f"{self.symbol}: {number} is no step or size")

    @property
    def kind_name(self) -> str:
        """Give the kind by its name: spot, perpetual, future, option ..."""
        return INSTRUMENT_TYPES[self.kind]

    def mantissas(self) -> dict[str, int]:
        """Scale what an instrument row keeps as integers.

        Returns:
            ``tick_size`` and ``strike_price`` in price units, ``min_size`` and ``contract_size`` in
            size units; UNDEF where there is none, or where it is no whole number of them.
        """
        return {
            "tick_size": _scaled(self.tick_size, self.price_exponent),
            "strike_price": _scaled(self.strike, self.price_exponent),
            "min_size": _scaled(self.min_size, self.size_exponent),
            "contract_size": _scaled(self.contract_size, self.size_exponent),
        }


def exponent_of(*steps: Decimal | None) -> int:
    """Find the exponent at which every one of some steps is a whole number.

    Args:
        steps: tick or lot sizes; None and 0 say nothing.

    Returns:
        0 or less: 0.25 gives -2, 0.50 gives -1, 10 gives 0, no step gives 0. Never below -18: of finer
        steps an int64 could not hold a single unit.
    """
    exponents = [_exponent(step) for step in steps if step]
    return max(_FINEST, min([0, *exponents]))


def _scaled(value: Decimal | None, exponent: int) -> int:
    if value is None:
        return UNDEF
    try:
        return from_decimal(value, exponent)
    except ValueError:
        return UNDEF


def _exponent(step: Decimal) -> int:
    exponent = step.normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def positive(value: Decimal | None) -> Decimal | None:
    """Turn what a venue writes for "none" (0, or less) into None."""
    return value if value is not None and value > 0 else None


def ms_to_ns(time_ms: int | None) -> int | None:
    """Turn milliseconds into nanoseconds; what venues write for "never" gives None.

    That is None, 0, and times outside of what 64 bits of nanoseconds hold: the year 3000, for instance.
    """
    time_ns = (time_ms or 0) * 1_000_000
    return time_ns if 0 < abs(time_ns) <= _LAST_NS else None


def date_to_ns(date: datetime | None) -> int | None:
    """Turn a date with a time zone into Unix ns, without a float in between."""
    return None if date is None else (date - _EPOCH) // timedelta(microseconds=1) * 1_000


def decimal_or_none(text: str) -> Decimal | None:
    """Read a number that a venue writes as text, empty for none.

    Raises:
        ArithmeticError: the text is no number.
    """
    return Decimal(text) if text else None


def decode_answer(body: bytes, type_: type[_T], *, where: str) -> _T:
    """Decode an answer of a venue's REST interface.

    Args:
        body: JSON.
        type_: msgspec type; numbers are to be Decimal or int in it.
        where: what was asked, for the message.

    Raises:
        VenueError: the answer is no JSON, or is not of this form.
    """
    try:
        return msgspec.json.decode(body, type=type_)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise VenueError(
            "the venue's answer is not of the form that is known",
            where=where,
            expected=f"JSON ({in_one_line(str(error))})",
            got=repr(body[:80]),
            next_step="the venue may have changed its interface: look for a newer zerofeed",
        ) from error


def in_one_line(text: str) -> str:
    """Write what a venue says in one line, for the message of an error."""
    return " ".join(text.split())
