"""Texts in bytes: a key that stands for a text, and parts of a text.

**Key.** Texts are compared, and instruments found, by a 62-bit key made of all of a text's bytes. Two
different texts of a venue have the same key with a chance of about one in 10**18 for each pair, and
nothing is ever believed to be shorter than it is.
"""

from __future__ import annotations

from zerofeed.base.kernel import U8_RO, always_inlined, inlined, int64, kernel
from zerofeed.codecs._bytes import Bytes, u8, u64

__all__ = ["before", "behind_last", "key_of", "text_key", "word_at"]

_LOW = 0xFFFF_FFFF
_FIRST_FACTOR = 0x2545_F491
_SECOND_FACTOR = 0x1B87_3593
_SEED = 0x811C_9DC5


@always_inlined
def word_at(buf: Bytes, at: int, end: int, is_upper: int) -> int:
    """Load up to eight bytes, the rest 0; small Latin letters as capitals if asked.

    Reads nothing behind ``end``: fewer than eight bytes are the last of the eight that end there.
    """
    if is_upper == 0:
        if at + 8 <= end:
            return u64(buf, at)
        if end >= 8:
            count = end - at
            if count <= 0:
                return int64(0)
            return (u64(buf, end - 8) >> (64 - 8 * count)) & ((int64(1) << (8 * count)) - 1)
    word = int64(0)
    for place in range(min(8, end - at)):
        byte = u8(buf, at + place)
        if is_upper != 0 and 0x61 <= byte <= 0x7A:
            byte -= 0x20
        # The last byte fills the sign: made signed first, for the plain Python twin.
        if place == 7:
            byte = (byte ^ 0x80) - 0x80
        word |= byte << (8 * place)
    return word


@always_inlined
def key_of(buf: Bytes, at: int, end: int, is_upper: int) -> int:
    """Make the key of a text.

    Args:
        buf: uint8 that holds it at ``buf[at:end]``.
        at: its first byte.
        end: behind its last.
        is_upper: 1: as if its small Latin letters were capitals.

    Returns:
        0 to 2**62 - 1.
    """
    first = int64(_SEED)
    second = int64(end - at)
    while at < end:
        word = word_at(buf, at, end, is_upper)
        low = word & _LOW
        high = (word >> 32) & _LOW
        # Factors below 2**30 and lanes below 2**32: no product reaches 2**62.
        first = (((first ^ low) * _FIRST_FACTOR) >> 7) & _LOW
        second = (((second ^ high) * _SECOND_FACTOR) >> 9) & _LOW
        first ^= second
        at += 8
    second = (((second ^ first) * _FIRST_FACTOR) >> 11) & _LOW
    return (first << 30) ^ second


@kernel(int64(U8_RO, int64, int64))
def text_key(buf: Bytes, at: int, end: int) -> int:
    """:func:`key_of` for ordinary Python."""
    return key_of(buf, at, end, 0)


@always_inlined
def before(buf: Bytes, at: int, end: int, mark: int) -> int:
    """Find the first byte of this value; ``end`` when there is none."""
    while at < end and u8(buf, at) != mark:
        at += 1
    return at


@inlined
def behind_last(buf: Bytes, at: int, end: int, mark: int) -> int:
    """Find the place behind the last byte of this value; ``at`` when there is none."""
    place = end
    while place > at and u8(buf, place - 1) != mark:
        place -= 1
    return place
