"""One pass over a JSON message: where each wanted value stands.

A value is noted as a *span*, one int64::

    | start, from the beginning of the message : 32 | what it is : 4 | length : 28 |

A text's span leaves the quotation marks out. Nothing is copied or allocated. What is wanted only as a number
(NUMERIC) and is a plain decimal of at most 17 digits, in quotation marks or bare, is read in the same pass and
noted *packed*, as a negative word::

    | 1 | decimals : 5 | mantissa : 58 |

Other numbers are read from their spans by :mod:`._number_kernels`, when they are needed.

What is refused (MALFORMED): anything cut short, brackets that do not match, texts with control
characters or escapes that do not exist, numbers and words that are none, missing commas and colons,
more than DEEPEST levels, anything behind the value. In parts that nobody wants, brackets and texts are
checked and nothing else.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, I64_RO, U8_RO, always_inlined, inlined, int64, kernel
from zerofeed.base.status import BUFFER_FULL, MALFORMED
from zerofeed.codecs._bytes import Bytes, u8, u64
from zerofeed.codecs._eight_bytes import COUNT_SHIFT, VALUE_MASK, digits, stop_in_text
from zerofeed.codecs.json.shape import (
    ARRAY_IN,
    CONTEXT_COUNT,
    CONTEXT_WORDS,
    CONTEXTS,
    COUNT,
    ENTRY_WORDS,
    FIRST,
    ITEMS,
    KEY,
    KIND,
    LENGTH,
    LIST,
    NUMERIC,
    OBJECT,
    OBJECT_IN,
    PLAIN,
    ROW_HEAD,
    ROW_SLOT,
    ROW_WIDTH,
    SLOT,
    SLOTS,
    SLOTS_AT,
)
from zerofeed.codecs.json.shape import key_slot as plain_key_slot

__all__ = [
    "DEEPEST",
    "ESCAPED",
    "FALSE",
    "NULL",
    "NUMBER",
    "POWERS",
    "STACK_WORDS",
    "TEXT",
    "TRUE",
    "decimals_in",
    "kind_of",
    "length_of",
    "mantissa_of",
    "plain_escape",
    "scan",
    "scan_message",
    "start_of",
]

_Words = npt.NDArray[np.int64]

key_slot = always_inlined(plain_key_slot)

TEXT = 1
"""What a span is: a text without escapes."""
ESCAPED = 2
"""A text with escapes in it."""
NUMBER = 3
TRUE = 4
FALSE = 5
NULL = 6

DEEPEST = 32
"""Levels of wanted values; unwanted ones may be 60 levels deep in themselves."""
_STACKED = 3
STACK_WORDS = DEEPEST * _STACKED
"""int64 words that a scan needs beside its results."""

_DEEPEST_SKIPPED = 60
_LONGEST = (1 << 28) - 1
_MANTISSA_BITS = 58
_MANTISSA = (1 << _MANTISSA_BITS) - 1
_PACKED = -(1 << 63)
_READ_AHEAD = 28
"""Bytes that a number of at most 17 digits, read eight at a time, may look at."""
POWERS = np.array([10**power for power in range(19)], np.int64)
"""Powers of ten that an int64 holds."""

_VALUE, _KEY, _ELEMENT, _AFTER = range(4)
_SLOT_MASK = ROW_SLOT - 1

_QUOTE, _BACKSLASH, _COMMA, _COLON = 0x22, 0x5C, 0x2C, 0x3A
_BRACE, _BRACE_END, _BRACKET, _BRACKET_END = 0x7B, 0x7D, 0x5B, 0x5D


@always_inlined
def start_of(span: int) -> int:
    """Give where a span begins, from the beginning of its message."""
    return span >> 32


@always_inlined
def length_of(span: int) -> int:
    """Give its bytes; of a packed number, something above 0."""
    return 1 if span < 0 else span & _LONGEST


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
def _span(start: int, kind: int, length: int) -> int:
    return (start << 32) | (kind << 28) | length


@always_inlined
def _pack(buf: Bytes, at: int, end: int) -> tuple[int, int]:
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


@always_inlined
def _skip_space(buf: Bytes, at: int, end: int) -> int:
    while at < end:
        byte = u8(buf, at)
        if byte > 0x20 or (byte != 0x20 and byte != 0x0A and byte != 0x0D and byte != 0x09):
            break
        at += 1
    return at


@always_inlined
def _is_hex(byte: int) -> bool:
    return (0x30 <= byte <= 0x39) or (0x41 <= byte <= 0x46) or (0x61 <= byte <= 0x66)


@inlined
def _escape_end(buf: Bytes, at: int, end: int) -> int:
    """Step over the escape behind a backslash at ``at - 1``; -1 when there is no such escape."""
    if at >= end:
        return -1
    byte = u8(buf, at)
    if byte == 0x75:  # u
        if at + 5 > end:
            return -1
        for i in range(1, 5):
            if not _is_hex(u8(buf, at + i)):
                return -1
        return at + 5
    # " \ / b f n r t
    if (
        byte == _QUOTE
        or byte == _BACKSLASH
        or byte == 0x2F
        or byte == 0x62
        or byte == 0x66
        or byte == 0x6E
        or byte == 0x72
        or byte == 0x74
    ):
        return at + 1
    return -1


@always_inlined
def _text_end(buf: Bytes, at: int, end: int) -> int:
    """Find the quotation mark that ends a text; twice its position, and 1 if there are escapes; or -1."""
    has_escapes = 0
    while at < end:
        if at + 8 <= end:
            clean = stop_in_text(buf, at)
            at += clean
            if clean == 8:
                continue
        byte = u8(buf, at)
        if byte == _QUOTE:
            return 2 * at + has_escapes
        if byte < 0x20:
            return -1
        at += 1
        if byte == _BACKSLASH:
            has_escapes = 1
            at = _escape_end(buf, at, end)
            if at < 0:
                return -1
    return -1


@always_inlined
def _digits_end(buf: Bytes, at: int, end: int) -> int:
    while at + 8 <= end:
        found = digits(buf, at, 8) >> COUNT_SHIFT
        at += found
        if found < 8:
            return at
    while at < end and 0x30 <= u8(buf, at) <= 0x39:
        at += 1
    return at


@always_inlined
def _number_end(buf: Bytes, at: int, end: int) -> int:
    """Find the end of a number; -1 when it is none."""
    if u8(buf, at) == 0x2D:
        at += 1
    first = at
    at = _digits_end(buf, at, end)
    if at == first or (u8(buf, first) == 0x30 and at > first + 1):
        return -1
    if at < end and u8(buf, at) == 0x2E:
        first = at + 1
        at = _digits_end(buf, first, end)
        if at == first:
            return -1
    if at < end and (u8(buf, at) | 0x20) == 0x65:
        at += 1
        if at < end and (u8(buf, at) == 0x2B or u8(buf, at) == 0x2D):
            at += 1
        first = at
        at = _digits_end(buf, first, end)
        if at == first:
            return -1
    return at


@inlined
def plain_escape(buf: Bytes, at: int) -> int:
    """Give the code unit that the escape at ``buf[at]``, behind its backslash, stands for.

    Args:
        buf: uint8 with a valid escape.
        at: the byte behind the backslash.

    Returns:
        0 to 65535; half of a pair is given as it is.
    """
    byte = u8(buf, at)
    if byte == 0x75:
        unit = 0
        for i in range(1, 5):
            digit = u8(buf, at + i)
            unit = (unit << 4) | ((digit & 0xF) + 9 * (digit >> 6))
        return unit
    if byte == 0x62:
        return 0x08
    if byte == 0x66:
        return 0x0C
    if byte == 0x6E:
        return 0x0A
    if byte == 0x72:
        return 0x0D
    if byte == 0x74:
        return 0x09
    return byte


@inlined
def _word_kind(buf: Bytes, at: int, end: int) -> int:
    """Tell whether true, false or null stands here; 0: neither."""
    if at + 4 <= end:
        word = 0
        for i in range(4):
            word |= u8(buf, at + i) << (8 * i)
        if word == 0x65757274:
            return TRUE
        if word == 0x6C6C756E:
            return NULL
        if word == 0x736C6166 and at + 5 <= end and u8(buf, at + 4) == 0x65:
            return FALSE
    return 0


@inlined
def _container_end(buf: Bytes, at: int, end: int) -> int:
    """Step over an object or array that nobody wants; -1 when its brackets or texts are wrong."""
    depth = 0
    objects = 0
    while at < end:
        byte = u8(buf, at)
        at += 1
        if byte == _QUOTE:
            found = _text_end(buf, at, end)
            if found < 0:
                return -1
            at = (found >> 1) + 1
        elif byte == _BRACE or byte == _BRACKET:
            if depth == _DEEPEST_SKIPPED:
                return -1
            objects = (objects << 1) | int64(byte == _BRACE)
            depth += 1
        elif byte == _BRACE_END or byte == _BRACKET_END:
            if objects & 1 != int64(byte == _BRACE_END):
                return -1
            objects >>= 1
            depth -= 1
            if depth == 0:
                return at
    return -1


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
    if at + 6 <= end and u8(buf, at) == _BACKSLASH and u8(buf, at + 1) == 0x75:
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
        if char == _BACKSLASH:
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
        is_text = int64(u8(buf, at) == _QUOTE)
        word = int64(0)
        behind = at + is_text
        if slot >= 0 and slot & NUMERIC:
            word, behind = _pack(buf, at + is_text, end)
        if word == 0:
            if is_text == 0:
                return -1
            found = _text_end(buf, at + 1, end)
            if found < 0 or found & 1:
                return -1
            behind = found >> 1
            word = _span(at + 1 - base, TEXT, behind - at - 1)
        elif is_text and u8(buf, behind) != _QUOTE:
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
        if byte == _BRACKET_END:
            return at
        if byte != _COMMA:
            return -1
    return -1


@always_inlined
def _find_key(
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
def _find_escaped_key(
    shape: _Words, context: int, entries: int, buf: Bytes, at: int, length: int
) -> int:
    """Find the entry of a key that is written with escapes; -1: nobody wants it."""
    for place in range(shape[context + COUNT]):
        entry = shape[context + FIRST] + place
        if _is_escaped_key(shape, entries + entry * ENTRY_WORDS, buf, at, length):
            return entry
    return int64(-1)


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
        shape: :attr:`zerofeed.codecs.json.shape.Shape.table`.
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
    mode = _VALUE
    if end - at > _LONGEST:
        return MALFORMED
    while True:
        at = _skip_space(buf, at, end)
        if mode == _AFTER and depth == 0:
            return count if at == end else MALFORMED
        if at >= end:
            return MALFORMED
        byte = u8(buf, at)
        if mode == _AFTER:
            is_object = shape[context + KIND] == OBJECT
            at += 1
            if byte == _COMMA:
                mode = _KEY if is_object else _ELEMENT
            elif byte == (_BRACE_END if is_object else _BRACKET_END):
                depth -= 1
                context = stack[depth * _STACKED]
                row = stack[depth * _STACKED + 1]
                place = stack[depth * _STACKED + 2]
            else:
                return MALFORMED
            continue
        if mode == _KEY:
            if byte != _QUOTE:
                return MALFORMED
            found = _text_end(buf, at + 1, end)
            if found < 0:
                return MALFORMED
            key_at = at + 1
            length = (found >> 1) - key_at
            at = _skip_space(buf, (found >> 1) + 1, end)
            if at >= end or u8(buf, at) != _COLON:
                return MALFORMED
            at += 1
            if found & 1:
                entry = _find_escaped_key(shape, context, entries, buf, key_at, length)
            else:
                entry = _find_key(shape, context, entries, buf, key_at, length, end)
            mode = _VALUE
            continue
        if mode == _ELEMENT:
            entry = int64(-1)
            if shape[context + KIND] == ITEMS:
                plain = shape[context + PLAIN]
                while plain and byte == _BRACKET:
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
                    mode = _AFTER
                    if u8(buf, at) != _COMMA or at + 1 >= end or u8(buf, at + 1) != _BRACKET:
                        break
                    at += 1
                    mode = _ELEMENT
                if mode == _AFTER:
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
            mode = _VALUE
        entry_at = entries + entry * ENTRY_WORDS
        if byte == _BRACE or byte == _BRACKET:
            child = int64(-1)
            if entry >= 0:
                child = shape[entry_at + (OBJECT_IN if byte == _BRACE else ARRAY_IN)]
            if child < 0:
                at = _container_end(buf, at, end)
                if at < 0:
                    return MALFORMED
                mode = _AFTER
                continue
            if depth == DEEPEST:
                return MALFORMED
            stack[depth * _STACKED] = context
            stack[depth * _STACKED + 1] = row
            stack[depth * _STACKED + 2] = place
            depth += 1
            context = CONTEXTS + child * CONTEXT_WORDS
            place = int64(0)
            at = _skip_space(buf, at + 1, end)
            if at >= end:
                return MALFORMED
            closes = _BRACE_END if byte == _BRACE else _BRACKET_END
            mode = _KEY if byte == _BRACE else _ELEMENT
            if u8(buf, at) == closes:
                mode = _AFTER
            continue
        slot = int64(-1)
        if entry >= 0:
            slot = shape[entry_at + SLOT]
            if slot >= 0 and slot & NUMERIC and (byte == _QUOTE or 0x30 <= byte <= 0x39):
                is_text = int64(byte == _QUOTE)
                word, behind = _pack(buf, at + is_text, end)
                is_sound = word != 0
                if is_text:
                    is_sound = is_sound and u8(buf, behind) == _QUOTE
                elif is_sound and byte == 0x30 and u8(buf, at + 1) != 0x2E:
                    # A bare number has no leading zeros.
                    is_sound = behind == at + 1
                if is_sound:
                    at = behind + is_text
                    if slot & ROW_SLOT:
                        rows[row * width + ROW_HEAD + (slot & _SLOT_MASK)] = word
                    else:
                        fields[slot & _SLOT_MASK] = word
                    mode = _AFTER
                    continue
        if byte == _QUOTE:
            found = _text_end(buf, at + 1, end)
            if found < 0:
                return MALFORMED
            kind = TEXT + (found & 1)
            start = at + 1
            length = (found >> 1) - start
            at = (found >> 1) + 1
        else:
            start = at
            if byte == 0x2D or 0x30 <= byte <= 0x39:
                kind = NUMBER
                at = _number_end(buf, at, end)
                if at < 0:
                    return MALFORMED
            else:
                kind = _word_kind(buf, at, end)
                if kind == 0:
                    return MALFORMED
                at += 5 if kind == FALSE else 4
            length = at - start
        if slot & ROW_SLOT and slot >= 0:
            rows[row * width + ROW_HEAD + (slot & _SLOT_MASK)] = _span(start - base, kind, length)
        elif slot >= 0:
            fields[slot & _SLOT_MASK] = _span(start - base, kind, length)
        mode = _AFTER


@kernel(int64(U8_RO, int64, int64, I64_RO, I64, I64, I64))
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
