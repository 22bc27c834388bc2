"""Which entry of a shape a key of an object is.

A key without escapes is looked up in the map of its object, eight bytes at a time; one with escapes,
which no venue writes, is compared with each entry.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined, inlined, int64
from zerofeed.codecs._bytes import Bytes, u8, u64
from zerofeed.codecs.json._token_kernels import BACKSLASH, plain_escape
from zerofeed.codecs.json.shape import COUNT, ENTRY_WORDS, FIRST, KEY, LENGTH, SLOTS, SLOTS_AT
from zerofeed.codecs.json.shape import key_slot as plain_key_slot

__all__ = ["find_escaped_key", "find_key"]

_Words = npt.NDArray[np.int64]
key_slot = always_inlined(plain_key_slot)


@always_inlined
def _key_word(buf: Bytes, at: int, count: int, end: int) -> int:
    """Load up to eight bytes of a key, the rest 0; reads nothing behind ``end``."""
    if at + 8 <= end:
        word = u64(buf, at)
        if count >= 8:
            return word
        return word & ((int64(1) << (8 * count)) - 1)
    word = int64(0)
    for i in range(min(count, 8)):
        word |= u8(buf, at + i) << (8 * i)
    return word


@always_inlined
def _is_key(shape: _Words, entry_at: int, buf: Bytes, at: int, length: int, end: int) -> bool:
    if shape[entry_at + LENGTH] != length:
        return False
    place = 0
    while 8 * place < length:
        word = _key_word(buf, at + 8 * place, length - 8 * place, end)
        if shape[entry_at + KEY + place] != word:
            return False
        place += 1
    return True


@inlined
def _unit_at(buf: Bytes, at: int, end: int) -> int:
    """Give the code unit of an escape in hex whose backslash is at ``at``; -1: none is there."""
    if at + 6 <= end and u8(buf, at) == BACKSLASH and u8(buf, at + 1) == 0x75:
        return plain_escape(buf, at + 1)
    return -1


@inlined
def _is_escaped_key(shape: _Words, entry_at: int, buf: Bytes, at: int, length: int) -> bool:
    """Compare a key that is written with escapes, byte by byte of its UTF-8."""
    end = at + length
    place = 0
    while at < end:
        char = u8(buf, at)
        more = 0  # bytes of UTF-8 behind the first
        first = char
        if char == BACKSLASH:
            char = plain_escape(buf, at + 1)
            at += 6 if u8(buf, at + 1) == 0x75 else 2
            if 0xD800 <= char < 0xDC00:
                low = _unit_at(buf, at, end)
                if 0xDC00 <= low < 0xE000:
                    char = 0x10000 + ((char - 0xD800) << 10) + (low - 0xDC00)
                    at += 6
            more = int64(char > 0x7F) + int64(char > 0x7FF) + int64(char > 0xFFFF)
            first = char
            if more:
                first = ((0xFF00 >> (more + 1)) & 0xFF) | (char >> (6 * more))
        else:
            at += 1
        for i in range(more + 1):
            byte = first if i == 0 else 0x80 | ((char >> (6 * (more - i))) & 0x3F)
            if place == shape[entry_at + LENGTH]:
                return False
            if (shape[entry_at + KEY + (place >> 3)] >> (8 * (place & 7))) & 0xFF != byte:
                return False
            place += 1
    return place == shape[entry_at + LENGTH]


@always_inlined
def find_key(
    shape: _Words, context: int, entries: int, buf: Bytes, at: int, length: int, end: int
) -> int:
    """Find the entry of a key without escapes; -1: nobody wants it."""
    slots_at = shape[context + SLOTS_AT]
    mask = shape[context + SLOTS]
    slot = key_slot(_key_word(buf, at, length, end), length) & mask
    while shape[slots_at + slot] != 0:
        entry = shape[slots_at + slot] - 1
        if _is_key(shape, entries + entry * ENTRY_WORDS, buf, at, length, end):
            return entry
        slot = (slot + 1) & mask
    return int64(-1)


@inlined
def find_escaped_key(
    shape: _Words, context: int, entries: int, buf: Bytes, at: int, length: int
) -> int:
    """Find the entry of a key that is written with escapes; -1: nobody wants it."""
    for place in range(shape[context + COUNT]):
        entry = shape[context + FIRST] + place
        if _is_escaped_key(shape, entries + entry * ENTRY_WORDS, buf, at, length):
            return entry
    return int64(-1)
