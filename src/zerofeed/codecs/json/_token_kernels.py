"""The words of JSON: where a text, a number, a word or a part that nobody wants ends.

Each returns -1 for what is none, and reads nothing behind the message.
"""

from __future__ import annotations

from zerofeed.base.kernel import always_inlined, inlined, int64
from zerofeed.codecs._bytes import Bytes, u8
from zerofeed.codecs._eight_bytes import COUNT_SHIFT, digits, stop_in_text
from zerofeed.codecs.json._span_kernels import FALSE, NULL, TRUE

__all__ = [
    "BACKSLASH",
    "BRACE",
    "BRACE_END",
    "BRACKET",
    "BRACKET_END",
    "COLON",
    "COMMA",
    "QUOTE",
    "container_end",
    "number_end",
    "plain_escape",
    "skip_space",
    "text_end",
    "word_kind",
]

QUOTE, BACKSLASH, COMMA, COLON = 0x22, 0x5C, 0x2C, 0x3A
BRACE, BRACE_END, BRACKET, BRACKET_END = 0x7B, 0x7D, 0x5B, 0x5D
_DEEPEST_SKIPPED = 60


@always_inlined
def skip_space(buf: Bytes, at: int, end: int) -> int:
    """Step over white space."""
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
        byte == QUOTE
        or byte == BACKSLASH
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
def text_end(buf: Bytes, at: int, end: int) -> int:
    """Find the quotation mark that ends a text; twice its position, and 1 if there are escapes; or -1."""
    has_escapes = 0
    while at < end:
        if at + 8 <= end:
            clean = stop_in_text(buf, at)
            at += clean
            if clean == 8:
                continue
        byte = u8(buf, at)
        if byte == QUOTE:
            return 2 * at + has_escapes
        if byte < 0x20:
            return -1
        at += 1
        if byte == BACKSLASH:
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
def number_end(buf: Bytes, at: int, end: int) -> int:
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
def word_kind(buf: Bytes, at: int, end: int) -> int:
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
def container_end(buf: Bytes, at: int, end: int) -> int:
    """Step over an object or array that nobody wants; -1 when its brackets or texts are wrong."""
    depth = 0
    objects = 0
    while at < end:
        byte = u8(buf, at)
        at += 1
        if byte == QUOTE:
            found = text_end(buf, at, end)
            if found < 0:
                return -1
            at = (found >> 1) + 1
        elif byte == BRACE or byte == BRACKET:
            if depth == _DEEPEST_SKIPPED:
                return -1
            objects = (objects << 1) | int64(byte == BRACE)
            depth += 1
        elif byte == BRACE_END or byte == BRACKET_END:
            if objects & 1 != int64(byte == BRACE_END):
                return -1
            objects >>= 1
            depth -= 1
            if depth == 0:
                return at
    return -1
