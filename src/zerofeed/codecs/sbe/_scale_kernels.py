"""Decimals from one power of ten to another, exactly: mantissas whose exponent comes with each message.

What does not fit is undefined, and counted: ``result[OUT_OF_RANGE]``. A number with more decimals than are
kept is rounded, half to even, and counted in ``result[ROUNDED]``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, I64_RO, always_inlined, inlined, int64, kernel
from zerofeed.records.units import UNDEF

__all__ = [
    "LIMITS",
    "MOST_SHIFT",
    "OUT_OF_RANGE",
    "POWERS",
    "ROUNDED",
    "rescale_all",
    "rescaled",
]

_Words = npt.NDArray[np.int64]

OUT_OF_RANGE = 0
"""Index in ``result``: values that fit no int64."""
ROUNDED = 1
"""Index in ``result``: values with more decimals than are kept."""

MOST_SHIFT = 18
_LARGEST = 9_223_372_036_854_775_807
POWERS = np.array([10**power for power in range(MOST_SHIFT + 1)], np.int64)
LIMITS = np.array([_LARGEST // 10**power for power in range(MOST_SHIFT + 1)], np.int64)
"""By power: the largest mantissa that it can be multiplied by."""
_HALF_OF_LAST = 5 * 10**18
"""Half of 10**19, which an int64 does not hold."""


@always_inlined
def rescaled(mantissa: int, shift: int, result: _Words) -> int:
    """Multiply a mantissa by a power of ten.

    Args:
        mantissa: any int64 but UNDEF.
        shift: power of ten, of any size; negative divides.
        result: int64; OUT_OF_RANGE and ROUNDED are counted up there.

    Returns:
        The mantissa, or UNDEF.
    """
    if 0 <= shift <= MOST_SHIFT:
        limit = LIMITS[shift]
        if -limit <= mantissa <= limit:
            return mantissa * POWERS[shift]
    return _rescaled_with_care(mantissa, shift, result)


@inlined
def _rescaled_with_care(mantissa: int, shift: int, result: _Words) -> int:
    if mantissa == 0:
        return 0
    if shift > 0:
        result[OUT_OF_RANGE] += 1
        return UNDEF
    magnitude = abs(mantissa)
    whole = int64(0)
    is_up = False
    if shift >= -MOST_SHIFT:
        power = POWERS[-shift]
        whole = magnitude // power
        rest = magnitude - whole * power
        if rest == 0:
            return whole if mantissa > 0 else -whole
        twice = rest - (power - rest)
        is_up = twice > 0 or (twice == 0 and whole & 1 == 1)
    elif shift == -MOST_SHIFT - 1:
        is_up = magnitude > _HALF_OF_LAST
    result[ROUNDED] += 1
    if is_up:
        whole += 1
    return whole if mantissa > 0 else -whole


@kernel(int64(I64_RO, I64_RO, I64, I64))
def rescale_all(mantissas: _Words, shifts: _Words, out: _Words, result: _Words) -> int:
    """:func:`rescaled` over arrays, from Python.

    Args:
        mantissas: int64.
        shifts: int64, as many.
        out: int64, at least as many.
        result: int64[2], counted up.

    Returns:
        How many values were rescaled.
    """
    for index in range(mantissas.size):
        out[index] = rescaled(mantissas[index], shifts[index], result)
    return mantissas.size
