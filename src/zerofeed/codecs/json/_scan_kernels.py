"""One pass over a JSON message: where each wanted value stands.

A value is noted as a span, or as the number that it is (:mod:`._span_kernels`). Nothing is copied or
allocated; numbers that are not packed are read from their spans by :mod:`._number_kernels`, when they
are needed.

What is refused (MALFORMED): anything cut short, brackets that do not match, texts with control
characters or escapes that do not exist, numbers and words that are none, missing commas and colons,
more than DEEPEST levels, anything behind the value. In parts that nobody wants, brackets and texts are
checked and nothing else.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, U8_RO, always_inlined, int64, kernel
from zerofeed.base.status import BUFFER_FULL, MALFORMED
from zerofeed.codecs._bytes import Bytes, u8
from zerofeed.codecs.json._key_kernels import find_escaped_key, find_key
from zerofeed.codecs.json._member_kernels import (
    AFTER,
    AT_KEY,
    AT_VALUE,
    members,
    note,
    scalar,
)
from zerofeed.codecs.json._span_kernels import LONGEST, TEXT, pack, span_of
from zerofeed.codecs.json._token_kernels import (
    BRACE,
    BRACE_END,
    BRACKET,
    BRACKET_END,
    COLON,
    COMMA,
    QUOTE,
    container_end,
    skip_space,
    text_end,
)
from zerofeed.codecs.json.shape import (
    ARRAY,
    ARRAY_IN,
    CONTEXT_COUNT,
    CONTEXT_WORDS,
    CONTEXTS,
    COUNT,
    ENTRY_WORDS,
    FIRST,
    ITEMS,
    KIND,
    LIST,
    NUMERIC,
    OBJECT,
    OBJECT_IN,
    PLAIN,
    ROW_HEAD,
    ROW_SLOT,
    ROW_WIDTH,
    SLOT,
)

__all__ = ["DEEPEST", "STACK_WORDS", "scan", "scan_message"]

_Words = npt.NDArray[np.int64]
DEEPEST = 32
"""Levels of wanted values; unwanted ones may be 60 levels deep in themselves."""
_STACKED = 4
STACK_WORDS = DEEPEST * _STACKED
"""int64 words that a scan needs beside its results."""
_ELEMENT = 2
_SLOT_MASK = ROW_SLOT - 1


@always_inlined
def _plain_row(
    shape: _Words, entries: int, context: int, buf: Bytes, base: int, at: int, end: int,
    rows: _Words, row_at: int,
) -> int:  # fmt: skip
    """Go through an array of plain numbers and texts without space, such as ``["0.5","12"]``.

    Args:
        shape: the table.
        entries: word at which its entries begin.
        context: word of the array's context.
        buf: uint8 that holds the message.
        base: its first byte.
        at: the opening bracket.
        end: behind the message.
        rows: receives the values.
        row_at: word of the row, whose columns are 0.

    Returns:
        The place behind the closing bracket; -1 when something else is in it. Columns may have been written.
    """
    place = int64(0)
    count = shape[context + COUNT]
    first = entries + shape[context + FIRST] * ENTRY_WORDS
    at += 1
    while at < end:
        slot = int64(-1)
        if place < count:
            slot = shape[first + place * ENTRY_WORDS + SLOT]
        place += 1
        is_text = int64(u8(buf, at) == QUOTE)
        word = int64(0)
        behind = at + is_text
        if slot >= 0 and slot & NUMERIC:
            word, behind = pack(buf, at + is_text, end)
        if word == 0:
            if is_text == 0:
                return -1
            found = text_end(buf, at + 1, end)
            if found < 0 or found & 1:
                return -1
            behind = found >> 1
            word = span_of(at + 1 - base, TEXT, behind - at - 1)
        elif is_text and u8(buf, behind) != QUOTE:
            return -1
        elif is_text == 0 and u8(buf, at) == 0x30 and behind > at + 1 and u8(buf, at + 1) != 0x2E:
            # A bare number has no leading zeros.
            return -1
        at = behind + is_text
        if slot >= 0:
            rows[row_at + ROW_HEAD + (slot & _SLOT_MASK)] = word
        if at >= end:
            return -1
        byte = u8(buf, at)
        at += 1
        if byte == BRACKET_END:
            return at
        if byte != COMMA:
            return -1
    return -1


@always_inlined
def scan(
    buf: Bytes,
    at: int,
    end: int,
    shape: _Words,
    fields: _Words,
    rows: _Words,
    stack: _Words,
) -> int:
    """Go through one message.

    Args:
        buf: uint8 that holds it at ``buf[at:end]``.
        at: its first byte.
        end: behind its last.
        shape: :attr:`zerofeed.codecs.json.shape.Shape.table`; what came behind what is noted in it.
        fields: int64, one for each field; receives spans, 0 for what is not there. Of a key that is
            there twice the last counts.
        rows: int64; receives the rows of all lists, one behind the other in the order of the message,
            :attr:`~zerofeed.codecs.json.shape.Shape.row_words` each: number of the list, row that it
            lies in or -1, a span for each column.
        stack: int64, STACK_WORDS of scratch.

    Returns:
        Rows written; MALFORMED, or BUFFER_FULL when there are more rows than room. Then what is in
        ``fields`` and ``rows`` means nothing.
    """
    base = at
    entries = CONTEXTS + shape[CONTEXT_COUNT] * CONTEXT_WORDS
    width = shape[ROW_WIDTH]
    rooms = rows.size // width
    for field in range(fields.size):
        fields[field] = 0
    count = 0
    depth = 0
    context = 0
    row = int64(-1)
    place = int64(0)
    entry = int64(0)
    mode = AT_VALUE
    if end - at > LONGEST:
        return MALFORMED
    while True:
        at = skip_space(buf, at, end)
        if mode == AFTER and depth == 0:
            return count if at == end else MALFORMED
        if at >= end:
            return MALFORMED
        byte = u8(buf, at)
        if mode == AFTER:
            is_object = shape[context + KIND] == OBJECT
            at += 1
            if byte == COMMA:
                mode = AT_KEY if is_object else _ELEMENT
            elif byte == (BRACE_END if is_object else BRACKET_END):
                depth -= 1
                context = stack[depth * _STACKED]
                row = stack[depth * _STACKED + 1]
                place = stack[depth * _STACKED + 2]
                entry = stack[depth * _STACKED + 3]
            else:
                return MALFORMED
            continue
        if mode == AT_KEY:
            if byte != QUOTE:
                return MALFORMED
            mode, at, entry = members(
                shape, entries, context, entry, buf, base, at, end, fields, rows, row
            )
            if mode != AT_KEY:
                continue
            found = text_end(buf, at + 1, end)
            if found < 0:
                return MALFORMED
            key_at = at + 1
            length = (found >> 1) - key_at
            at = skip_space(buf, (found >> 1) + 1, end)
            if at >= end or u8(buf, at) != COLON:
                return MALFORMED
            at += 1
            if found & 1:
                entry = find_escaped_key(shape, context, entries, buf, key_at, length)
            else:
                entry = find_key(shape, context, entries, buf, key_at, length, end)
            mode = AT_VALUE
            continue
        if mode == _ELEMENT:
            entry = int64(-1)
            if shape[context + KIND] == ITEMS:
                plain = shape[context + PLAIN]
                while plain and byte == BRACKET:
                    if count >= rooms:
                        return BUFFER_FULL
                    row_at = count * width
                    rows[row_at] = shape[context + LIST]
                    rows[row_at + 1] = stack[(depth - 1) * _STACKED + 1]
                    for column in range(ROW_HEAD, width):
                        rows[row_at + column] = 0
                    behind = _plain_row(shape, entries, plain, buf, base, at, end, rows, row_at)
                    if behind < 0 or behind >= end:
                        break
                    count += 1
                    at = behind
                    mode = AFTER
                    if u8(buf, at) != COMMA or at + 1 >= end or u8(buf, at + 1) != BRACKET:
                        break
                    at += 1
                    mode = _ELEMENT
                if mode == AFTER:
                    continue
                byte = u8(buf, at)
                if count >= rooms:
                    return BUFFER_FULL
                row = int64(count)
                row_at = row * width
                count += 1
                rows[row_at] = shape[context + LIST]
                rows[row_at + 1] = stack[(depth - 1) * _STACKED + 1]
                for column in range(ROW_HEAD, width):
                    rows[row_at + column] = 0
                entry = shape[context + FIRST]
            elif place < shape[context + COUNT]:
                entry = shape[context + FIRST] + place
                place += 1
            mode = AT_VALUE
        entry_at = entries + entry * ENTRY_WORDS
        if byte == BRACE or byte == BRACKET:
            child = int64(-1)
            if entry >= 0:
                child = shape[entry_at + (OBJECT_IN if byte == BRACE else ARRAY_IN)]
            if child < 0:
                at = container_end(buf, at, end)
                if at < 0:
                    return MALFORMED
                mode = AFTER
                continue
            if depth == DEEPEST:
                return MALFORMED
            stack[depth * _STACKED] = context
            stack[depth * _STACKED + 1] = row
            stack[depth * _STACKED + 2] = place
            stack[depth * _STACKED + 3] = entry
            depth += 1
            context = CONTEXTS + child * CONTEXT_WORDS
            place = int64(0)
            entry = int64(-1)
            at = skip_space(buf, at + 1, end)
            if at >= end:
                return MALFORMED
            if u8(buf, at) == BRACKET and shape[context + KIND] == ARRAY and shape[context + PLAIN]:
                context = shape[context + PLAIN]
            closes = BRACE_END if byte == BRACE else BRACKET_END
            mode = AT_KEY if byte == BRACE else _ELEMENT
            if u8(buf, at) == closes:
                mode = AFTER
            continue
        slot = int64(-1)
        if entry >= 0:
            slot = shape[entry_at + SLOT]
        word, at = scalar(buf, base, at, end, slot)
        if at < 0:
            return MALFORMED
        note(fields, rows, width, row, slot, word)
        mode = AFTER


@kernel(int64(U8_RO, int64, int64, I64, I64, I64, I64))
def scan_message(
    buf: Bytes,
    at: int,
    end: int,
    shape: _Words,
    fields: _Words,
    rows: _Words,
    stack: _Words,
) -> int:
    """Call :func:`scan` from Python."""
    return scan(buf, at, end, shape, fields, rows, stack)
