"""The members of an object as venues write them: ``"key":value`` after ``"key":value``, without white space.

The scanner goes from member to member here until something else comes, a container or a space, of which it
takes care itself. Venues write the keys of a message in one order, so the key that came behind this one the last
time is tried first, by one comparison. What came is noted in the table; a guess that is wrong costs a look into
the map, and is never taken for right.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined, int64
from zerofeed.codecs._bytes import Bytes, u8, u16, u64
from zerofeed.codecs.json._key_kernels import find_key
from zerofeed.codecs.json._span_kernels import FALSE, NUMBER, TEXT, pack, span_of
from zerofeed.codecs.json._token_kernels import (
    BRACE,
    BRACKET,
    COLON,
    COMMA,
    QUOTE,
    number_end,
    text_end,
    word_kind,
)
from zerofeed.codecs.json.shape import (
    BEGIN,
    ENTRY_WORDS,
    KEY,
    LENGTH,
    NEXT,
    NUMERIC,
    ROW_HEAD,
    ROW_SLOT,
    ROW_WIDTH,
    SLOT,
)

__all__ = ["AFTER", "AT_KEY", "AT_VALUE", "members", "note", "scalar"]

_Words = npt.NDArray[np.int64]
AT_VALUE = 0
"""What the scanner has before it: a value."""
AT_KEY = 1
"""A key."""
AFTER = 3
"""What comes behind a value."""
_SLOT_MASK = ROW_SLOT - 1
_COLON_BEHIND_QUOTE = COLON << 8 | QUOTE
_ONE_WORD = 8
_LOADED = 10
"""Bytes of a key of one word, the quotation mark and the colon behind it."""


@always_inlined
def scalar(buf: Bytes, base: int, at: int, end: int, slot: int) -> tuple[int, int]:
    """Read a number, a text or a word.

    Args:
        buf: uint8 that holds the message.
        base: its first byte.
        at: of the value, in front of ``end``.
        end: behind the message.
        slot: that it goes to, and whether it is NUMERIC there; -1: nobody wants it.

    Returns:
        Its span, or the number itself, and the place behind it; the place is -1 when it is none of these.
    """
    byte = u8(buf, at)
    is_text = int64(byte == QUOTE)
    if slot >= 0 and slot & NUMERIC and (is_text or 0x30 <= byte <= 0x39):
        word, behind = pack(buf, at + is_text, end)
        is_sound = word != 0
        if is_text:
            is_sound = is_sound and u8(buf, behind) == QUOTE
        elif is_sound and byte == 0x30 and u8(buf, at + 1) != 0x2E:
            # A bare number has no leading zeros.
            is_sound = behind == at + 1
        if is_sound:
            return word, behind + is_text
    if is_text:
        found = text_end(buf, at + 1, end)
        if found < 0:
            return int64(0), int64(-1)
        behind = found >> 1
        return span_of(at + 1 - base, TEXT + (found & 1), behind - at - 1), behind + 1
    if byte == 0x2D or 0x30 <= byte <= 0x39:
        behind = number_end(buf, at, end)
        return span_of(at - base, NUMBER, behind - at), behind
    kind = word_kind(buf, at, end)
    if kind == 0:
        return int64(0), int64(-1)
    length = 5 if kind == FALSE else 4
    return span_of(at - base, kind, length), at + length


@always_inlined
def note(fields: _Words, rows: _Words, width: int, row: int, slot: int, word: int) -> None:
    """Write a value to its slot, of the message or of a row; nowhere for -1."""
    if slot >= 0:
        if slot & ROW_SLOT:
            rows[row * width + ROW_HEAD + (slot & _SLOT_MASK)] = word
        else:
            fields[slot & _SLOT_MASK] = word


@always_inlined
def _is_next(shape: _Words, entry_at: int, buf: Bytes, at: int, end: int) -> bool:
    """Tell whether a key of up to eight bytes stands here, and a colon right behind it."""
    length = shape[entry_at + LENGTH]
    if length > _ONE_WORD or length == 0 or at + _LOADED > end:
        return False
    differs = (u64(buf, at) ^ shape[entry_at + KEY]) << (64 - 8 * length)
    return differs == 0 and u16(buf, at + length) == _COLON_BEHIND_QUOTE


@always_inlined
def members(
    shape: _Words, entries: int, context: int, last: int, buf: Bytes, base: int, at: int, end: int,
    fields: _Words, rows: _Words, row: int,
) -> tuple[int, int, int]:  # fmt: skip
    """Go from member to member.

    Args:
        shape: the table; what came behind what is noted in it.
        entries: word at which its entries begin.
        context: word of the object's context.
        last: entry of the member before; -1: the object begins, or nobody wants that key.
        buf: uint8 that holds the message.
        base: its first byte.
        at: the quotation mark in front of a key.
        end: behind the message.
        fields: receives spans.
        rows: receives spans.
        row: that a column belongs to.

    Returns:
        What is before the scanner, AT_KEY, AT_VALUE or AFTER; where; and the entry of the latest key. AT_KEY: a
        key that is not plain, or none.
    """
    entry = last
    guessed_at = context + BEGIN
    while True:
        if entry >= 0:
            guessed_at = entries + entry * ENTRY_WORDS + NEXT
        guess = shape[guessed_at]
        if _is_next(shape, entries + guess * ENTRY_WORDS, buf, at + 1, end):
            entry = guess
            at += 3 + shape[entries + guess * ENTRY_WORDS + LENGTH]
        else:
            found = text_end(buf, at + 1, end)
            behind = found >> 1
            if found < 0 or found & 1 or behind + 1 >= end or u8(buf, behind + 1) != COLON:
                return int64(AT_KEY), at, entry
            entry = find_key(shape, context, entries, buf, at + 1, behind - at - 1, end)
            if entry >= 0:
                shape[guessed_at] = entry
            at = behind + 2
        if at >= end:
            return int64(AT_VALUE), at, entry
        byte = u8(buf, at)
        if byte == BRACE or byte == BRACKET or byte <= 0x20:
            return int64(AT_VALUE), at, entry
        slot = int64(-1)
        if entry >= 0:
            slot = shape[entries + entry * ENTRY_WORDS + SLOT]
        word, behind = scalar(buf, base, at, end, slot)
        if behind < 0:
            return int64(AT_VALUE), at, entry
        at = behind
        note(fields, rows, shape[ROW_WIDTH], row, slot, word)
        if at + 1 >= end or u8(buf, at) != COMMA or u8(buf, at + 1) != QUOTE:
            return int64(AFTER), at, entry
        at += 1
