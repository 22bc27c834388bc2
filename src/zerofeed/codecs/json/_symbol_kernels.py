"""The instrument that a part of a message is about: found by its symbol, or made from what that tells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import inlined, int64
from zerofeed.codecs._bytes import Bytes
from zerofeed.codecs._record_kernels import define_by_symbol
from zerofeed.codecs._text_kernels import before, behind_last, key_of, word_at
from zerofeed.codecs.json._source_kernels import is_there, span_at
from zerofeed.codecs.json._span_kernels import decimals_in, length_of, mantissa_of, start_of
from zerofeed.codecs.json.layout import (
    EMITS,
    INDEX_SALT,
    INSTRUMENT_KIND,
    K_DASHES,
    K_KIND,
    K_PREFIX,
    K_PREFIX_BYTES,
    K_SUFFIX,
    K_SUFFIX_BYTES,
    KIND_WORDS,
    KINDS,
    KINDS_AT,
    MESSAGE_ACT,
    NOWHERE,
    OF_CHANNEL,
    OWN_KIND,
    PRICE_EXPONENT,
    PRICE_TEXT,
    ROW_WORDS,
    SIZE_EXPONENT,
    SIZE_TEXT,
    SPACE_SHIFT,
    SYMBOL_WORDS,
    SYMBOLS,
    SYMBOLS_AT,
    Y_BEFORE,
    Y_BEHIND,
    Y_IS_UPPER,
    Y_SOURCE,
)
from zerofeed.codecs.json.scratch import (
    S_CHANNEL_ROW,
    S_COUNT,
    S_DEFINITION,
    S_FIELDS,
    S_ROWS,
    S_TABLE,
    S_WINDOW,
)
from zerofeed.codecs.json.shape import ROW_HEAD
from zerofeed.feed._instrument_kernels import (
    COUNT,
    find,
    find_or_add,
)

__all__ = ["NOT_YET", "find_instrument"]

_Words = npt.NDArray[np.int64]
NOT_YET = -2
"""The instrument is not known yet, and the message makes no records of it."""
_DASH = 0x2D


@inlined
def _decimals(buf: Bytes, base: int, span: int) -> int:
    """Count the digits behind the point of a plain number; -1 when it is none, or a bare 0."""
    if span < 0:
        decimals = decimals_in(span)
        return -1 if decimals == 0 and mantissa_of(span) == 0 else decimals
    if not is_there(span) or length_of(span) == 0:
        return -1
    at = base + start_of(span)
    end = at + length_of(span)
    if end - at == 1 and buf[at] == 0x30:
        return -1
    point = before(buf, at, end, 0x2E)
    return max(0, end - point - 1)


@inlined
def _exponent_by_text(
    buf: Bytes, base: int, sources: int, fallback: int, scratch: _Words, table: int
) -> int:
    """Give minus the most decimals that columns, or fields, have in the open message."""
    if sources == NOWHERE:
        return fallback
    most = int64(-1)
    width = scratch[table + ROW_WORDS]
    for place in range(scratch[table + sources]):
        source = scratch[table + sources + 1 + place]
        index = source & ((1 << SPACE_SHIFT) - 1)
        wanted = (source >> SPACE_SHIFT) - 1
        if wanted < 0:
            most = max(most, int64(_decimals(buf, base, scratch[scratch[S_FIELDS] + index])))
            continue
        for row in range(scratch[S_COUNT]):
            at = scratch[S_ROWS] + row * width
            if scratch[at] == wanted:
                most = max(most, int64(_decimals(buf, base, scratch[at + ROW_HEAD + index])))
    return fallback if most < 0 else -min(most, 18)


@inlined
def _kind_of_symbol(buf: Bytes, at: int, end: int, scratch: _Words, table: int) -> int:
    """Tell an instrument's kind by the dialect's rules."""
    dashes = int64(0)
    for place in range(at, end):
        dashes += int64(buf[place] == _DASH)
    for rule in range(scratch[table + KINDS]):
        rule_at = table + scratch[table + KINDS_AT] + rule * KIND_WORDS
        head = scratch[rule_at + K_PREFIX_BYTES]
        tail = scratch[rule_at + K_SUFFIX_BYTES]
        if max(head, tail) > end - at:
            continue
        if scratch[rule_at + K_DASHES] >= 0 and scratch[rule_at + K_DASHES] != dashes:
            continue
        if head and word_at(buf, at, at + head, 0) != scratch[rule_at + K_PREFIX]:
            continue
        if tail and word_at(buf, end - tail, end, 0) != scratch[rule_at + K_SUFFIX]:
            continue
        return scratch[rule_at + K_KIND]
    return scratch[table + INSTRUMENT_KIND]


@inlined
def find_instrument(
    buf: Bytes, base: int, outer: int, entry: int, words: _Words, lookup: _Words, scratch: _Words,
    window: int,
) -> int:  # fmt: skip
    """Find or make the row of a part's instrument; a new one has the window that was told, if any.

    A message without records makes none, unless it opens a channel: it may come before the one that
    shows the exponents.

    Returns:
        The row; -1: none is named; NOT_YET; BUFFER_FULL when the table is full.
    """
    table = scratch[S_TABLE]
    at = table + scratch[entry + SYMBOLS_AT]
    for _ in range(scratch[entry + SYMBOLS]):
        source = scratch[at + Y_SOURCE]
        if source < 0:
            if source == OF_CHANNEL:
                return scratch[S_CHANNEL_ROW] if scratch[S_CHANNEL_ROW] > 0 else -1
            return 1 if lookup[COUNT] == 2 else -1
        span = span_at(scratch, table, source, outer, 0)
        if not is_there(span) or length_of(span) == 0:
            at += SYMBOL_WORDS
            continue
        first = base + start_of(span)
        end = first + length_of(span)
        if scratch[at + Y_BEHIND] < 0:
            first = min(first - scratch[at + Y_BEHIND], end)
        elif scratch[at + Y_BEHIND]:
            first = int64(behind_last(buf, first, end, scratch[at + Y_BEHIND]))
        if scratch[at + Y_BEFORE]:
            end = int64(before(buf, first, end, scratch[at + Y_BEFORE]))
        is_upper = scratch[at + Y_IS_UPPER]
        key = key_of(buf, first, end, is_upper)
        kind = scratch[entry + OWN_KIND]
        if kind != NOWHERE:
            key ^= INDEX_SALT
        row = find(lookup, key)
        if row >= 0:
            return row
        if scratch[entry + EMITS] == 0 and scratch[entry + MESSAGE_ACT] <= 0:
            return NOT_YET
        if kind == NOWHERE:
            kind = int64(_kind_of_symbol(buf, first, end, scratch, table))
        price_exponent = _exponent_by_text(
            buf, base, scratch[entry + PRICE_TEXT], scratch[table + PRICE_EXPONENT], scratch, table
        )
        size_exponent = _exponent_by_text(
            buf, base, scratch[entry + SIZE_TEXT], scratch[table + SIZE_EXPONENT], scratch, table
        )
        row = find_or_add(words, lookup, key, price_exponent, size_exponent)
        if row >= 0:
            define_by_symbol(buf, first, end, row, kind, words, scratch, S_DEFINITION, is_upper)
            if window > 0:
                scratch[S_WINDOW] = window
        return row
    return -1
