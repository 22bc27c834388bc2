"""What a message says of its instrument, into a row of the instruments table.

A definition is made of operations like a record, whose targets are words of the row; of values that are taken from
the first entry of a group that fits; and of texts, which go to a byte of the row. It is put together in the scratch,
and written under the row's seqlock only if something in it is new.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

import zerofeed.codecs.sbe._words as w
from zerofeed.base.kernel import inlined, int64
from zerofeed.codecs._bytes import Bytes, u8
from zerofeed.codecs._record_kernels import price_exponent_of, size_exponent_of
from zerofeed.codecs.sbe._dialect_words import (
    D_KIND,
    D_OP_WORDS,
    D_OPS,
    D_OPS_AT,
    D_OPTION,
    D_PRICE_EXPONENT,
    D_SIZE_EXPONENT,
    D_SIZE_SOURCE,
    D_TEXT_WORDS,
    D_TEXTS,
    D_TEXTS_AT,
    INNER,
    NOWHERE,
    O_TARGET,
    S_BLOCKS,
    S_DEFINITION,
    S_DEPTH,
    S_SPANS,
    S_TABLE,
    S_TEXT,
    T_OPTION,
)
from zerofeed.codecs.sbe._emit_kernels import are_true, evaluate
from zerofeed.codecs.sbe._source_kernels import child_row, number_at, text_at
from zerofeed.feed._instrument_kernels import (
    ROW_WORDS,
    W_CHANNEL,
    W_CREATED_NS,
    W_SYMBOL,
    W_TICK_SIZE,
    W_TRAITS,
    define,
    find_or_add,
)
from zerofeed.records.units import UNDEF

__all__ = ["add_defined", "define_by_message", "name_after"]

_Words = npt.NDArray[np.int64]

_FINEST, _COARSEST = -18, 18
_SYMBOL_WORDS = 8


@inlined
def _put_text(buf: Bytes, begin: int, end: int, scratch: _Words, at: int) -> None:
    """Put a text into the row in the scratch, from a byte of it on."""
    for place in range(end - begin):
        byte = u8(buf, begin + place)
        word = S_DEFINITION + (at + place) // 8
        shift = (at + place) % 8
        # The last byte fills the sign: made signed first, for the plain Python twin.
        if shift == 7:
            byte = (byte ^ 0x80) - 0x80
        scratch[word] |= byte << (8 * shift)


@inlined
def _find_entry(buf: Bytes, scratch: _Words, op: int) -> bool:
    """Set the block of the first entry of an operation's group that fits; False where there is none."""
    group = scratch[op]
    if group == NOWHERE:
        return True
    span = scratch[S_SPANS] + child_row(scratch, 0, group) * w.SPAN_WORDS
    at = scratch[span + w.S_AT]
    length = scratch[span + w.S_LENGTH]
    scratch[S_BLOCKS + 2 * INNER + 1] = length
    for _ in range(scratch[span + w.S_COUNT]):
        scratch[S_BLOCKS + 2 * INNER] = at
        if are_true(buf, scratch, scratch[S_TABLE] + scratch[op + 1], scratch[op + 2]):
            return True
        at += length
    return False


@inlined
def add_defined(
    buf: Bytes, definition: int, key: int, words: _Words, lookup: _Words, scratch: _Words
) -> int:
    """Find or make the row of an instrument that a message defines.

    Returns:
        The row; BUFFER_FULL when the table is full; -1 where the scale of its sizes is not told.
    """
    size = scratch[definition + D_SIZE_EXPONENT]
    source = scratch[definition + D_SIZE_SOURCE]
    if source != NOWHERE:
        size = number_at(buf, scratch, scratch[S_TABLE] + source)
        if not _FINEST <= size <= _COARSEST:
            return -1
    return find_or_add(words, lookup, key, scratch[definition + D_PRICE_EXPONENT], size)


@inlined
def define_by_message(
    buf: Bytes, definition: int, row: int, words: _Words, lookup: _Words, scratch: _Words
) -> None:
    """Write what a message says of its instrument.

    Args:
        buf: uint8 that holds the message.
        definition: word of the definition.
        row: of the instrument.
        words: the instruments' rows.
        lookup: the instruments' map.
        scratch: see ``_dialect_words``; S_DEPTH receives the depth of its book.
    """
    table = scratch[S_TABLE]
    for place in range(ROW_WORDS):
        scratch[S_DEFINITION + place] = 0
    for place in range(W_TICK_SIZE, W_CREATED_NS + 1):
        scratch[S_DEFINITION + place] = UNDEF
    scratch[S_DEPTH] = UNDEF
    scratch[S_DEFINITION + W_CHANNEL] = -1
    kind = scratch[definition + D_KIND]
    option = scratch[definition + D_OPTION]
    price_exponent = int64(price_exponent_of(words, row))
    size_exponent = int64(size_exponent_of(words, row))
    op = table + scratch[definition + D_OPS_AT]
    for _ in range(scratch[definition + D_OPS]):
        if _find_entry(buf, scratch, op):
            value = evaluate(buf, scratch, op + 3, price_exponent, size_exponent, lookup)
            target = scratch[op + 3 + O_TARGET]
            if target == W_TRAITS:
                kind = value if value != UNDEF else kind
            elif target == T_OPTION:
                option = value if value != UNDEF else option
            else:
                scratch[S_DEFINITION + target] = value
        op += D_OP_WORDS
    scratch[S_DEFINITION + W_TRAITS] = (kind & 0xFF) | (option & 0xFF) << 8
    text = table + scratch[definition + D_TEXTS_AT]
    for _ in range(scratch[definition + D_TEXTS]):
        if text_at(buf, scratch, table + scratch[text]):
            begin = scratch[S_TEXT]
            end = min(scratch[S_TEXT + 1], begin + scratch[text + 2])
            _put_text(buf, begin, end, scratch, scratch[text + 1])
        text += D_TEXT_WORDS
    define(words, row, scratch, S_DEFINITION)


@inlined
def name_after(words: _Words, row: int, origin: int, scratch: _Words, suffix: int) -> None:
    """Define a row like another, with eight more bytes behind its name.

    Args:
        words: the instruments' rows.
        row: to be defined.
        origin: the row that it is of.
        scratch: with room for a row.
        suffix: the bytes, the first as the lowest, the last one below 0x80.
    """
    for place in range(ROW_WORDS):
        scratch[S_DEFINITION + place] = words[origin * ROW_WORDS + place]
    length = 0
    while length < 8 * (_SYMBOL_WORDS - 1) - 1:
        word = scratch[S_DEFINITION + W_SYMBOL + length // 8]
        if (word >> (8 * (length % 8))) & 0xFF == 0:
            break
        length += 1
    if length > 0:
        for place in range(8):
            byte = (suffix >> (8 * place)) & 0xFF
            shift = (length + place) % 8
            if shift == 7:
                byte = (byte ^ 0x80) - 0x80
            scratch[S_DEFINITION + W_SYMBOL + (length + place) // 8] |= byte << (8 * shift)
    define(words, row, scratch, S_DEFINITION)
