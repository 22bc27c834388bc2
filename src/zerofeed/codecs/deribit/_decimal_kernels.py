"""Doubles into scaled integers, exactly: the decimal that the double prints as.

Deribit sends prices and amounts as IEEE doubles that were decimals at the venue. The decimal
that was meant is the shortest one that reads back as the same double (what ``repr`` prints), and
``scaled`` gives its mantissa for a power of ten. Multiplying is not enough: 25800123.45 * 1e9 has
more digits than a double holds and ends in 449999872.

==============================  ===================================================================
magnitude of value * power      how
==============================  ===================================================================
below 2**51                     one multiplication and rounding; the two errors (of the double, of
                                the product) are together under 0.375 units, so the nearest
                                integer is right; dividing it by the power proves it
to 9.2e18                       whole part exact; the fraction is searched for its shortest decimal
                                inside the interval of reals that round to this double, in integers
above, or infinite              UNDEF, counted in ``result[OUT_OF_RANGE]``
==============================  ===================================================================

A double that has more decimals than the power keeps is rounded to nearest and counted in
``result[ROUNDED]``. NaN is the venue's "no value" and becomes UNDEF, uncounted.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import F64_RO, I64, always_inlined, inlined, int64, kernel
from zerofeed.records.units import UNDEF

__all__ = ["OUT_OF_RANGE", "ROUNDED", "scale_all", "scaled"]

_Words = npt.NDArray[np.int64]

OUT_OF_RANGE = 4
"""Index in ``result``: values that fit no scaled integer and became UNDEF."""
ROUNDED = 5
"""Index in ``result``: values with more decimals than are kept."""

_PROVEN = 2.0**51
_LARGEST = 9.2e18
_FRACTION_BITS = 32
_FRACTION_ONE = 1 << _FRACTION_BITS
_FINEST_POWER = 1_000_000_000


@always_inlined
def scaled(value: float, power: int, result: _Words) -> int:
    """Scale a double to an int64 mantissa, as the shortest decimal that prints it.

    Args:
        value: any double.
        power: 10**k, k up to 12. With k above 9 a value that is neither whole nor below
            2**51 / power counts as out of range (2251 for a rate at 1e12).
        result: int64; OUT_OF_RANGE and ROUNDED are counted up there.

    Returns:
        The mantissa, or UNDEF for NaN and for what does not fit.
    """
    unit = float(power)
    nearest = np.rint(value * unit)
    if abs(nearest) < _PROVEN and nearest / unit == value:
        return int(nearest)
    if value != value:  # noqa: PLR0124 - NaN
        return UNDEF
    return _scaled_with_care(value, power, result)


@inlined
def _scaled_with_care(value: float, power: int, result: _Words) -> int:
    magnitude = abs(value)
    unit = float(power)
    if magnitude * unit < _PROVEN:
        result[ROUNDED] += 1
        return int(np.rint(value * unit))
    if not magnitude < _LARGEST / unit:
        result[OUT_OF_RANGE] += 1
        return UNDEF
    whole = int(magnitude)
    fraction = magnitude - float(whole)
    mantissa = whole * power
    if fraction > 0.0:
        if power > _FINEST_POWER:
            result[OUT_OF_RANGE] += 1
            return UNDEF
        mantissa += _shortest_fraction(whole, fraction, power, result)
    return -mantissa if value < 0.0 else mantissa


@inlined
def _shortest_fraction(whole: int, fraction: float, power: int, result: _Words) -> int:
    """Find the fraction's shortest decimal, scaled by ``power``.

    Here whole >= 2**21, so the double's last bit is worth 2**-31 or more and the fraction is a
    whole number of 2**-32: every comparison below is of exact int64.
    """
    numerator = int(fraction * _FRACTION_ONE)
    last_bit = 1
    high = whole >> 20
    while high > 1:
        high >>= 1
        last_bit *= 2
    is_even = (numerator // last_bit) & 1 == 0
    tens = 1
    digits = 0
    while tens < power:
        tens *= 10
        product = numerator * tens
        digits = product >> _FRACTION_BITS
        rest = product - (digits << _FRACTION_BITS)
        half = _FRACTION_ONE // 2
        if rest > half or (rest == half and digits & 1 == 1):
            digits += 1
        twice = 2 * abs(product - (digits << _FRACTION_BITS))
        reach = last_bit * tens
        if twice < reach or (twice == reach and is_even):
            return digits * (power // tens)
    result[ROUNDED] += 1
    return digits


@kernel(int64(F64_RO, int64, I64, I64))
def scale_all(values: npt.NDArray[np.float64], power: int, out: _Words, result: _Words) -> int:
    """:func:`scaled` over an array.

    Args:
        values: float64.
        power: 10**k.
        out: int64, at least as long.
        result: int64, at least 6 words; see :func:`scaled`.

    Returns:
        How many values were scaled.
    """
    for index in range(values.size):
        out[index] = scaled(float(values[index]), power, result)
    return values.size
