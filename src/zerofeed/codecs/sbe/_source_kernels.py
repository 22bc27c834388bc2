"""Values out of blocks, by a dialect's sources: an integer, or where a text lies.

A source reads nothing that its block does not carry: the field must be of the acting version, and end
within the length that was received. The walk has compared that length with the message.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

import zerofeed.codecs.sbe._words as w
from zerofeed.base.kernel import always_inlined, inlined, int64
from zerofeed.codecs._bytes import Bytes, i64, u8
from zerofeed.codecs.sbe._dialect_words import (
    CODE_DATA,
    CODE_PACKED,
    N_CODE,
    N_END,
    N_HAS_NULL,
    N_NULL,
    N_OFFSET,
    N_SINCE,
    N_SPACE,
    ORDER,
    OUTER,
    S_BLOCKS,
    S_PARENT,
    S_RESULT,
    S_SPANS,
    S_TABLE,
    S_TEXT,
    S_VERSION,
)
from zerofeed.codecs.sbe._load_kernels import load_integer
from zerofeed.codecs.sbe._scale_kernels import OUT_OF_RANGE
from zerofeed.records.units import UNDEF

__all__ = ["child_row", "is_sent", "number_at", "text_at"]

_Words = npt.NDArray[np.int64]

_SPACE = 0x20


@always_inlined
def child_row(scratch: _Words, row: int, ordinal: int) -> int:
    """Find the span row of a group or of data by its number among what a span row contains."""
    spans = scratch[S_SPANS]
    child = row + 1
    for _ in range(ordinal):
        child = scratch[spans + child * w.SPAN_WORDS + w.S_NEXT]
    return child


@always_inlined
def is_sent(scratch: _Words, source: int) -> bool:
    """Tell whether a fixed-size source is of the acting version, and its block long enough for it."""
    block = S_BLOCKS + 2 * scratch[source + N_SPACE]
    return (
        scratch[source + N_END] <= scratch[block + 1]
        and scratch[source + N_SINCE] <= scratch[S_VERSION]
    )


@inlined
def _packed(buf: Bytes, at: int, end: int) -> int:
    """Put the bytes of a short text into one number, the first as the lowest."""
    value = int64(0)
    for place in range(end - at):
        value |= u8(buf, at + place) << (8 * place)
    return value


@always_inlined
def number_at(buf: Bytes, scratch: _Words, source: int) -> int:
    """Read an integer, an enum's or a character's raw number.

    Args:
        buf: uint8 that holds the message.
        scratch: see ``_dialect_words``; the source's block is set.
        source: word of the scratch at which the source begins.

    Returns:
        It; UNDEF where it is not sent or null, and, counted, where an int64 does not hold it.
    """
    if not is_sent(scratch, source):
        return UNDEF
    block = S_BLOCKS + 2 * scratch[source + N_SPACE]
    code = scratch[source + N_CODE]
    order = scratch[scratch[S_TABLE] + ORDER]
    at = scratch[block] + scratch[source + N_OFFSET]
    # Most are of this kind, and it comes last in the other function.
    if code == w.CODE_I64 and order == 0:
        value = i64(buf, at)
    elif code == CODE_PACKED:
        value = _packed(buf, at, scratch[block] + scratch[source + N_END])
    else:
        value = load_integer(buf, at, code, order)
    if scratch[source + N_HAS_NULL] and value == scratch[source + N_NULL]:
        return UNDEF
    if code == w.CODE_U64 and value < 0:
        scratch[S_RESULT + OUT_OF_RANGE] += 1
        return UNDEF
    return value


@inlined
def text_at(buf: Bytes, scratch: _Words, source: int) -> bool:
    """Find a text: variable-length data, or a fixed one without its padding.

    Args:
        buf: uint8 that holds the message.
        scratch: S_TEXT receives its begin and end.
        source: word of the scratch at which the source begins.

    Returns:
        False where it is not sent, or empty.
    """
    space = scratch[source + N_SPACE]
    if scratch[source + N_CODE] == CODE_DATA:
        parent = scratch[S_PARENT] if space == OUTER else int64(0)
        if parent < 0:
            return False
        row = child_row(scratch, parent, scratch[source + N_OFFSET])
        span = scratch[S_SPANS] + row * w.SPAN_WORDS
        begin = scratch[span + w.S_AT]
        scratch[S_TEXT] = begin
        scratch[S_TEXT + 1] = begin + scratch[span + w.S_LENGTH]
        return begin >= 0 and scratch[span + w.S_LENGTH] > 0
    block = S_BLOCKS + 2 * space
    is_sent = scratch[source + N_END] <= scratch[block + 1]
    if not is_sent or scratch[source + N_SINCE] > scratch[S_VERSION]:
        return False
    begin = scratch[block] + scratch[source + N_OFFSET]
    end = begin
    last = scratch[block] + scratch[source + N_END]
    while end < last and u8(buf, end) != 0:
        end += 1
    while end > begin and u8(buf, end - 1) == _SPACE:
        end -= 1
    scratch[S_TEXT] = begin
    scratch[S_TEXT + 1] = end
    return end > begin
