"""CRC32 over numbers as text, without the text: digits go from a register into the checksum.

A checksum of a book is over some hundred characters, most of them digits. Here eight digits at a
time are made by multiplications that work on all of them at once (:func:`spread`), and taken
into the CRC by eight look-ups that do not wait for one another (:func:`put`). No character
is stored, and no loop runs once a character.

``crc`` is the inverted CRC as the loop of the definition carries it: begin with ``BEGIN``, end
with ``crc ^ BEGIN``. A *word* is up to 8 characters, the first in the lowest byte. All characters
are below 128, so a word is never negative.

Source: CRC-32/ISO-HDLC (the one of zlib), reflected polynomial 0xEDB88320.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined, inlined

__all__ = ["BEGIN", "POWERS", "put", "put_javascript", "put_plain", "put_scaled", "spread"]

BEGIN = 0xFFFFFFFF
"""CRC of nothing, inverted."""

_POLYNOMIAL = 0xEDB88320

POWERS: npt.NDArray[np.int64] = np.array([10**power for power in range(19)], dtype=np.int64)
"""Powers of ten that fit an int64."""


def _tables() -> npt.NDArray[np.uint32]:
    """Make eight tables of 256: what a byte does to the CRC when 0..7 bytes follow it."""
    first = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        first = np.where(first & 1, (first >> 1) ^ np.uint32(_POLYNOMIAL), first >> 1)
    tables = [first]
    for _ in range(7):
        last = tables[-1]
        tables.append((last >> 8) ^ first[last & 255])
    return np.concatenate(tables).astype(np.uint32)


_TABLES = _tables()

_ZEROS = 0x3030_3030_3030_3030
_HUNDRED_MILLION = 100_000_000
_POINT = 0x2E
_MINUS = 0x2D
_ZERO = 0x30
_E_MINUS = 0x2D65
_SMALLEST_PLAIN = -6
"""JavaScript prints a number whose first digit stands for less than 10**-6 with an exponent."""


@always_inlined
def put(crc: int, word: int, count: int) -> int:
    """Take up to 8 characters into a CRC.

    The CRC is added to the first four bytes; fewer than 8 bytes are moved to the end of the eight,
    because zeros before them change nothing. What of the CRC is not covered stays.

    Args:
        crc: the CRC so far, inverted.
        word: the characters, the first lowest; 0 above the last.
        count: how many, 0 to 8.

    Returns:
        The CRC with them, inverted.
    """
    mixed = crc ^ word
    shift = 32 - 4 * count
    # In two steps, as a shift by 64 does nothing or worse.
    moved = (mixed << shift) << shift
    rest = (mixed >> (32 - shift)) >> (32 - shift)
    return int(
        rest
        ^ int(_TABLES[1792 + (moved & 255)])
        ^ int(_TABLES[1536 + ((moved >> 8) & 255)])
        ^ int(_TABLES[1280 + ((moved >> 16) & 255)])
        ^ int(_TABLES[1024 + ((moved >> 24) & 255)])
        ^ int(_TABLES[768 + ((moved >> 32) & 255)])
        ^ int(_TABLES[512 + ((moved >> 40) & 255)])
        ^ int(_TABLES[256 + ((moved >> 48) & 255)])
        ^ int(_TABLES[(moved >> 56) & 255])
    )


@always_inlined
def spread(number: int) -> int:
    """Give the 8 decimal digits of a number below 10**8, one a byte, the first lowest.

    Halves, quarters, then single digits: each step divides all parts at once by multiplying
    with a reciprocal that is exact for their range.
    """
    high = number // 10_000
    halves = high | ((number - high * 10_000) << 32)
    hundreds = ((halves * 10_486) >> 20) & 0x0000_007F_0000_007F
    quarters = hundreds | ((halves - hundreds * 100) << 16)
    tens = ((quarters * 103) >> 10) & 0x000F_000F_000F_000F
    return int(tens | ((quarters - tens * 10) << 8))


@always_inlined
def _length(number: int) -> int:
    """Count the digits of a number below 10**8; 0 has none."""
    return (
        int(number >= 1)
        + int(number >= 10)
        + int(number >= 100)
        + int(number >= 1_000)
        + int(number >= 10_000)
        + int(number >= 100_000)
        + int(number >= 1_000_000)
        + int(number >= 10_000_000)
    )


@always_inlined
def _put_first(crc: int, number: int) -> int:
    count = _length(number)
    shift = 32 - 4 * count
    return put(crc, ((spread(number) | _ZEROS) >> shift) >> shift, count)


@always_inlined
def put_scaled(crc: int, number: int) -> int:
    """Take the digits of a number into a CRC, without leading zeros; of 0, nothing.

    Args:
        crc: the CRC so far, inverted.
        number: 0 or more.
    """
    if number < _HUNDRED_MILLION:
        return _put_first(crc, number)
    high = number // _HUNDRED_MILLION
    if high < _HUNDRED_MILLION:
        crc = _put_first(crc, high)
    else:
        top = high // _HUNDRED_MILLION
        crc = _put_first(crc, top)
        crc = put(crc, spread(high - top * _HUNDRED_MILLION) | _ZEROS, 8)
    return put(crc, spread(number - high * _HUNDRED_MILLION) | _ZEROS, 8)


@inlined
def _put_start(crc: int, digits: int, rest: int) -> int:
    """Take 8 digits into a CRC; the zeros at their end only where a rest follows that is not 0."""
    word = spread(digits)
    count = 8
    if rest == 0:
        count = 0
        for index in range(8):
            count += int((word >> (8 * index)) != 0)
    shift = 32 - 4 * count
    return put(crc, word | ((_ZEROS >> shift) >> shift), count)


@inlined
def _put_fraction(crc: int, fraction: int) -> int:
    """Take the 18 decimals of a fraction below 10**18 into a CRC, without zeros at their end."""
    high = fraction // 10_000_000_000
    rest = fraction - high * 10_000_000_000
    crc = _put_start(crc, high, rest)
    if rest == 0:
        return crc
    middle = rest // 100
    last = rest - middle * 100
    crc = _put_start(crc, middle, last)
    if last == 0:
        return crc
    return _put_start(crc, last * 1_000_000, 0)


@inlined
def put_plain(crc: int, mantissa: int, exponent: int) -> int:
    """Take a number as short plain decimal text: ``12.5``, ``0.001``, ``-3``, ``0``.

    Args:
        crc: the CRC so far, inverted.
        mantissa: scaled value; not UNDEF.
        exponent: its power of ten, -18 to 18.
    """
    if mantissa < 0:
        crc = put(crc, _MINUS, 1)
        mantissa = -mantissa
    whole = mantissa
    fraction = 0
    if exponent < 0:
        unit = int(POWERS[-exponent])
        whole = mantissa // unit
        fraction = (mantissa - whole * unit) * int(POWERS[18 + exponent])
    crc = put(crc, _ZERO, 1) if whole == 0 else put_scaled(crc, whole)
    if fraction != 0:
        crc = put(crc, _POINT, 1)
        return _put_fraction(crc, fraction)
    for _ in range(exponent if whole != 0 else 0):
        crc = put(crc, _ZERO, 1)
    return crc


@inlined
def put_javascript(crc: int, mantissa: int, exponent: int) -> int:
    """Take a number as JavaScript prints it: as plain text, but ``2.5e-7`` below a millionth.

    The digits are those of the decimal number. They are JavaScript's as long as the number has at
    most 15 of them, or came from JavaScript. Numbers from 10**21 on are not printed as it does.

    Args:
        crc: the CRC so far, inverted.
        mantissa: scaled value; not UNDEF.
        exponent: its power of ten, -18 to 18.
    """
    size = -mantissa if mantissa < 0 else mantissa
    length = 0
    for power in range(19):
        length += int(size >= int(POWERS[power]))
    first = length - 1 + exponent
    if size == 0 or first >= _SMALLEST_PLAIN:
        return put_plain(crc, mantissa, exponent)
    if mantissa < 0:
        crc = put(crc, _MINUS, 1)
    unit = int(POWERS[length - 1])
    digit = size // unit
    crc = put(crc, _ZERO + digit, 1)
    rest = size - digit * unit
    if rest != 0:
        crc = put(crc, _POINT, 1)
        crc = _put_fraction(crc, rest * int(POWERS[18 - (length - 1)]))
    crc = put(crc, _E_MINUS, 2)
    return put_scaled(crc, -first)
