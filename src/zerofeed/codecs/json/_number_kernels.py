"""Numbers out of spans, exactly: decimal text into scaled integers, without a double in between.

``decimal``   price, size, rate: the mantissa at a power of ten
``whole``     id, time: an integer as it is

Both read a bare number and a number in quotation marks alike. null, an empty text and a value that is
not there are UNDEF and no error: venues say "no value" so. What does not fit or is no number is UNDEF
too, and counted: ``result[OUT_OF_RANGE]``. A number with more decimals than are kept is rounded, half to
even, and counted in ``result[ROUNDED]``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, I64_RO, U8_RO, always_inlined, inlined, int64, kernel
from zerofeed.codecs._bytes import Bytes, u8
from zerofeed.codecs._eight_bytes import COUNT_SHIFT, VALUE_MASK, digits
from zerofeed.codecs.json._span_kernels import (
    LIMITS,
    NULL,
    NUMBER,
    POWERS,
    TEXT,
    decimals_in,
    kind_of,
    length_of,
    mantissa_of,
    start_of,
)
from zerofeed.records.units import UNDEF

__all__ = ["OUT_OF_RANGE", "ROUNDED", "decimal", "decimals_of", "whole"]

_Words = npt.NDArray[np.int64]

OUT_OF_RANGE = 0
"""Index in ``result``: values that fit no int64, or are no numbers."""
ROUNDED = 1
"""Index in ``result``: values with more decimals than are kept."""

_FULL = 922_337_203_685_477_579
"""A mantissa up to here takes one more digit, whichever."""
_LARGEST = 9_223_372_036_854_775_807
_MOST_SHIFT = 400
_MOST_DIGITS = 18
"""Digits that an int64 surely holds."""
_READ_AHEAD = 32
"""Bytes behind the first digit that must be in the buffer for eight to be read at a time."""


@inlined
def _shifted(mantissa: int, shift: int, last: int, has_rest: int, result: _Words) -> int:
    """Multiply by a power of ten, or divide and round half to even; UNDEF when it does not fit.

    ``last`` is the digit behind the mantissa, ``has_rest`` says that one behind that is not 0.
    """
    while shift > 0 and mantissa != 0:
        if mantissa > _LARGEST // 10:
            result[OUT_OF_RANGE] += 1
            return UNDEF
        mantissa *= 10
        shift -= 1
    while shift < 0:
        has_rest |= int64(last != 0)
        last = mantissa % 10
        mantissa //= 10
        shift += 1
        if mantissa == 0 and last == 0:
            break
    if last or has_rest:
        result[ROUNDED] += 1
        if last > 5 or (last == 5 and (has_rest or mantissa & 1)):
            mantissa += 1
    return mantissa


@always_inlined
def decimal(buf: Bytes, base: int, span: int, exponent: int, result: _Words) -> int:
    """Read a decimal at a power of ten.

    Args:
        buf: uint8 that holds the message.
        base: its first byte.
        span: of the value.
        exponent: of the mantissa's unit, -18 to 18: 1.5 at -2 is 150.
        result: int64; OUT_OF_RANGE and ROUNDED are counted up there.

    Returns:
        The mantissa, or UNDEF.
    """
    if span < 0:
        mantissa = mantissa_of(span)
        shift = -decimals_in(span) - exponent
        if shift == 0:
            return mantissa
        if 0 < shift <= _MOST_DIGITS and mantissa <= LIMITS[shift]:
            return mantissa * POWERS[shift]
        return _shifted(mantissa, shift, 0, 0, result)
    kind = kind_of(span)
    length = length_of(span)
    if kind != NUMBER and kind != TEXT:
        # true, false and texts with escapes are no numbers.
        if kind != 0 and kind != NULL:
            result[OUT_OF_RANGE] += 1
        return UNDEF
    if length == 0:
        return UNDEF
    at = base + start_of(span)
    end = at + length
    is_negative = u8(buf, at) == 0x2D
    if is_negative:
        at += 1
    mantissa = _short(buf, at, end, exponent)
    if mantissa != UNDEF:
        return -mantissa if is_negative else mantissa
    mantissa = _long(buf, at, end, exponent, result)
    if mantissa == UNDEF:
        return UNDEF
    return -mantissa if is_negative else mantissa


@always_inlined
def _short(buf: Bytes, at: int, end: int, exponent: int) -> int:
    """Read a plain decimal of up to 18 digits that needs no rounding; UNDEF for any other text."""
    if at + _READ_AHEAD > buf.size or end - at > _MOST_DIGITS + 1:
        return UNDEF
    found = digits(buf, at, end - at)
    count = found >> COUNT_SHIFT
    mantissa = found & VALUE_MASK
    at += count
    if count == 8:
        found = digits(buf, at, end - at)
        more = found >> COUNT_SHIFT
        mantissa = mantissa * POWERS[more] + (found & VALUE_MASK)
        at += more
        count += more
    decimals = int64(0)
    if at < end and u8(buf, at) == 0x2E:
        at += 1
        found = digits(buf, at, end - at)
        decimals = found >> COUNT_SHIFT
        if count + decimals > _MOST_DIGITS:
            return UNDEF
        mantissa = mantissa * POWERS[decimals] + (found & VALUE_MASK)
        at += decimals
        if decimals == 8:
            found = digits(buf, at, end - at)
            more = found >> COUNT_SHIFT
            if count + decimals + more > _MOST_DIGITS:
                return UNDEF
            mantissa = mantissa * POWERS[more] + (found & VALUE_MASK)
            at += more
            decimals += more
    shift = -decimals - exponent
    if at != end or count + decimals == 0 or shift < 0 or count + decimals + shift > _MOST_DIGITS:
        return UNDEF
    return mantissa * POWERS[shift]


@inlined
def _long(buf: Bytes, at: int, end: int, exponent: int, result: _Words) -> int:
    """Read any decimal, digit by digit, without its sign; UNDEF, counted, when it is none."""
    mantissa = int64(0)
    dropped = int64(0)  # digits of the whole part that had no room
    next_digit = int64(-1)  # the first that had none
    has_rest = int64(0)  # one behind it that is not 0
    decimals = int64(0)
    digits = int64(0)
    is_fraction = False
    while at < end:
        digit = u8(buf, at) - 0x30
        if 0 <= digit <= 9:
            digits += 1
            if mantissa <= _FULL:
                mantissa = mantissa * 10 + digit
                decimals += int64(is_fraction)
            else:
                if next_digit < 0:
                    next_digit = digit
                else:
                    has_rest |= int64(digit != 0)
                dropped += int64(not is_fraction)
        elif digit == -2 and not is_fraction:
            is_fraction = True
        else:
            break
        at += 1
    shift = dropped - decimals - exponent
    if at < end and digits > 0 and (u8(buf, at) | 0x20) == 0x65:
        power = _power(buf, at + 1, end)
        if power == UNDEF:
            digits = int64(0)
        shift += power
        at = end
    if at < end or digits == 0:
        result[OUT_OF_RANGE] += 1
        return UNDEF
    if shift > 0 and (next_digit > 0 or has_rest):
        # More digits than an int64 has, and all of them wanted.
        result[OUT_OF_RANGE] += 1
        return UNDEF
    if shift != 0 or next_digit >= 0:
        mantissa = _shifted(mantissa, shift, max(next_digit, 0), has_rest, result)
    return mantissa


@inlined
def _power(buf: Bytes, at: int, end: int) -> int:
    """Read the exponent behind an e; UNDEF when there is none."""
    is_negative = False
    if at < end and (u8(buf, at) == 0x2B or u8(buf, at) == 0x2D):
        is_negative = u8(buf, at) == 0x2D
        at += 1
    if at == end:
        return UNDEF
    power = int64(0)
    while at < end:
        digit = u8(buf, at) - 0x30
        if not 0 <= digit <= 9:
            return UNDEF
        power = min(power * 10 + digit, _MOST_SHIFT)
        at += 1
    return -power if is_negative else power


@always_inlined
def whole(buf: Bytes, base: int, span: int, result: _Words) -> int:
    """Read an integer; one with a fraction that is not 0 is rounded, and counted.

    Args:
        buf: uint8 that holds the message.
        base: its first byte.
        span: of the value.
        result: as for :func:`decimal`.

    Returns:
        The integer, or UNDEF.
    """
    return decimal(buf, base, span, 0, result)


@kernel(int64(U8_RO, int64, I64_RO, int64, I64, I64))
def decimals_of(
    buf: Bytes, base: int, spans: _Words, exponent: int, out: _Words, result: _Words
) -> int:
    """:func:`decimal` over an array, from Python.

    Args:
        buf: uint8 that holds the message.
        base: its first byte.
        spans: int64.
        exponent: of all of them.
        out: int64, at least as long.
        result: int64[2], counted up.

    Returns:
        How many values were read.
    """
    for index in range(spans.size):
        out[index] = decimal(buf, base, spans[index], exponent, result)
    return spans.size
