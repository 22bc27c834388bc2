"""What is noted of a value in a JSON message: a *span*, one int64, or the number itself.

::

    | start, from the beginning of the message : 32 | what it is : 4 | length : 28 |

A text's span leaves the quotation marks out. What is wanted only as a number (NUMERIC of
:mod:`.shape`) and is a plain decimal of at most 17 digits, in quotation marks or bare, is read in the
scanner's own pass and noted *packed*, as a negative word::

    | 1 | decimals : 5 | mantissa : 58 |
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined, int64
from zerofeed.codecs._bytes import Bytes, u8
from zerofeed.codecs._eight_bytes import COUNT_SHIFT, VALUE_MASK, digits

__all__ = [
    "ESCAPED",
    "FALSE",
    "LIMITS",
    "LONGEST",
    "NULL",
    "NUMBER",
    "POWERS",
    "TEXT",
    "TRUE",
    "decimals_in",
    "kind_of",
    "length_of",
    "mantissa_of",
    "pack",
    "span_of",
    "start_of",
]

_Words = npt.NDArray[np.int64]
TEXT = 1
"""What a span is: a text without escapes."""
ESCAPED = 2
"""A text with escapes in it."""
NUMBER = 3
TRUE = 4
FALSE = 5
NULL = 6
LONGEST = (1 << 28) - 1
_MANTISSA_BITS = 58
_MANTISSA = (1 << _MANTISSA_BITS) - 1
_PACKED = -(1 << 63)
_READ_AHEAD = 28
"""Bytes that a number of at most 17 digits, read eight at a time, may look at."""
POWERS = np.array([10**power for power in range(19)], np.int64)
"""Powers of ten that an int64 holds."""
LIMITS = np.array([((1 << 63) - 1) // 10**power for power in range(19)], np.int64)
"""Largest number that may be multiplied by each of them."""


@always_inlined
def start_of(span: int) -> int:
    """Give where a span begins, from the beginning of its message."""
    return span >> 32


@always_inlined
def length_of(span: int) -> int:
    """Give its bytes; of a packed number, something above 0."""
    return 1 if span < 0 else span & LONGEST


@always_inlined
def kind_of(span: int) -> int:
    """Give what it is; 0 for a value that was not there."""
    return NUMBER if span < 0 else (span >> 28) & 0xF


@always_inlined
def mantissa_of(packed: int) -> int:
    """Give the digits of a packed number."""
    return packed & _MANTISSA


@always_inlined
def decimals_in(packed: int) -> int:
    """Give how many of them are behind the point."""
    return (packed >> _MANTISSA_BITS) & 0x1F


@always_inlined
def span_of(start: int, kind: int, length: int) -> int:
    """Make the span of what stands at ``start``."""
    return (start << 32) | (kind << 28) | length


@always_inlined
def pack(buf: Bytes, at: int, end: int) -> tuple[int, int]:
    """Read a plain decimal of at most 17 digits, without a sign.

    Returns:
        It, packed, and the place behind it; 0 for any other text.
    """
    if at + _READ_AHEAD > end:
        return int64(0), at
    found = digits(buf, at, 8)
    count = found >> COUNT_SHIFT
    mantissa = found & VALUE_MASK
    at += count
    if count == 8:
        found = digits(buf, at, 8)
        more = found >> COUNT_SHIFT
        mantissa = mantissa * POWERS[more] + (found & VALUE_MASK)
        at += more
        count += more
    decimals = int64(0)
    if u8(buf, at) == 0x2E and count <= 9:
        found = digits(buf, at + 1, 8)
        decimals = found >> COUNT_SHIFT
        mantissa = mantissa * POWERS[decimals] + (found & VALUE_MASK)
        at += 1 + decimals
        if decimals == 0:
            return int64(0), at
    byte = u8(buf, at)
    if count == 0 or 0x30 <= byte <= 0x39 or byte == 0x2E or (byte | 0x20) == 0x65:
        return int64(0), at
    return _PACKED | decimals << _MANTISSA_BITS | mantissa, at
