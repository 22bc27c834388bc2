"""Scaled integers: how a price or a size is kept, and how it is shown.

A value is ``mantissa * 10**exponent`` with an int64 mantissa and an exponent per instrument.
Nothing here rounds silently: a decimal text that does not fit its exponent is an error, and
a float is turned into the decimal that it prints as.

``UNDEF`` (the lowest int64) means that the venue sent no value. It is never 0 and never -1,
both of which are legitimate prices.
"""

from __future__ import annotations

from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal, InvalidOperation
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "RATE_EXPONENT",
    "UNDEF",
    "from_decimal",
    "to_decimal",
    "to_float",
    "to_text",
]

UNDEF = -(2**63)
"""No value: the lowest int64."""

RATE_EXPONENT = -12
"""Exponent of funding rates and other pure numbers."""

# The default context would round values of more than 28 digits.
_EXACT = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX)


def to_decimal(mantissa: int, exponent: int) -> Decimal | None:
    """Give the exact decimal value of a scaled integer.

    Args:
        mantissa: scaled int64, or UNDEF.
        exponent: power of ten, usually negative.

    Returns:
        The value without trailing zeros, or None for UNDEF.
    """
    if mantissa == UNDEF:
        return None
    return Decimal(_text(mantissa, exponent))


def to_text(mantissa: int, exponent: int) -> str | None:
    """Write a scaled integer as plain decimal text, without exponent or trailing zeros."""
    if mantissa == UNDEF:
        return None
    return _text(mantissa, exponent)


def from_decimal(value: Decimal | str | int, exponent: int) -> int:
    """Scale an exact decimal value to an int64 mantissa.

    Args:
        value: a Decimal, its text, or an int.
        exponent: power of ten of the result.

    Raises:
        ValueError: the value is no finite number, has more decimals than the exponent keeps,
            or overflows int64.
    """
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a decimal number") from None
    if not number.is_finite():
        raise ValueError(f"{value} is not a finite number")
    if number and number.adjusted() - exponent > 18:
        raise ValueError(f"{value} does not fit an int64 with exponent {exponent}")
    scaled = number.scaleb(-exponent, context=_EXACT)
    mantissa = int(scaled)
    if mantissa != scaled:
        raise ValueError(f"{value} has more decimals than the exponent {exponent} keeps")
    if not -(2**63) < mantissa < 2**63:
        raise ValueError(f"{value} does not fit an int64 with exponent {exponent}")
    return mantissa


def to_float(mantissas: npt.NDArray[np.int64], exponents: Any) -> npt.NDArray[np.float64]:
    """Turn scaled integers into floats; UNDEF becomes NaN.

    Args:
        mantissas: int64 array of any shape.
        exponents: one exponent, or an array of the same shape.

    Returns:
        A new float64 array, each value the float nearest to its decimal for |mantissa| < 2**53.
    """
    powers = np.asarray(exponents, dtype=np.float64)
    values = np.where(
        powers < 0,
        mantissas / np.power(10.0, np.abs(powers)),
        mantissas * np.power(10.0, np.abs(powers)),
    )
    values[mantissas == UNDEF] = np.nan
    return np.asarray(values, dtype=np.float64)


def _text(mantissa: int, exponent: int) -> str:
    if exponent >= 0:
        return str(mantissa * 10**exponent)
    sign = "-" if mantissa < 0 else ""
    whole, fraction = divmod(abs(mantissa), 10**-exponent)
    tail = f"{fraction:0{-exponent}d}".rstrip("0")
    return f"{sign}{whole}.{tail}" if tail else f"{sign}{whole}"
