"""What records of any dialect have in common, whatever the messages that they come from are written in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined, inlined, int64
from zerofeed.codecs._bytes import Bytes
from zerofeed.codecs._text_kernels import word_at
from zerofeed.feed._instrument_kernels import (
    ROW_WORDS,
    W_CHANNEL,
    W_CREATED_NS,
    W_REVISION,
    W_SYMBOL,
    W_TICK_SIZE,
    W_TRAITS,
    define,
)
from zerofeed.records import flags as record_flags
from zerofeed.records.kinds import (
    ACTION_ADD,
    ACTION_CANCEL,
    ACTION_MODIFY,
    INSTRUMENT,
    LEVEL,
    NO_SIDE,
)
from zerofeed.records.units import UNDEF
from zerofeed.shm.journal import put

__all__ = [
    "ACTION_BY_SIZE",
    "RECORD_WORDS",
    "announce",
    "bare_level",
    "close_book",
    "define_by_symbol",
    "head_of",
    "price_exponent_of",
    "size_exponent_of",
]

_Words = npt.NDArray[np.int64]

RECORD_WORDS = 8
ACTION_BY_SIZE = -1
"""Action of a level whose size tells it."""
_SYMBOL_BYTES = 64


@always_inlined
def price_exponent_of(words: _Words, row: int) -> int:
    """Look an instrument's price exponent up."""
    return (((words[row * ROW_WORDS + W_TRAITS] >> 16) & 0xFF) ^ 0x80) - 0x80


@always_inlined
def size_exponent_of(words: _Words, row: int) -> int:
    """Look an instrument's size exponent up."""
    return (((words[row * ROW_WORDS + W_TRAITS] >> 24) & 0xFF) ^ 0x80) - 0x80


@always_inlined
def head_of(row: int, kind: int, side: int, size: int, flags: int) -> int:
    """Pack instrument, kind, side, action and flags into a record's fourth word.

    Args:
        row: of the instrument.
        kind: of the record.
        side: side | action << 8; the action may be ACTION_BY_SIZE.
        size: of a level.
        flags: of the record.
    """
    action = side >> 8
    if action == ACTION_BY_SIZE:
        action = ACTION_CANCEL if size == 0 else ACTION_MODIFY
        if size != 0 and flags & record_flags.SNAPSHOT:
            action = ACTION_ADD
    # flags fill the sign byte: made signed first, so that the plain Python twin fits int64 too.
    signed_flags = (flags ^ 128) - 128
    return row | kind << 32 | (side & 0xFF) << 40 | action << 48 | signed_flags << 56


@inlined
def define_by_symbol(
    buf: Bytes, at: int, end: int, row: int, kind: int, words: _Words, scratch: _Words,
    definition: int, is_upper: int,
) -> None:  # fmt: skip
    """Give a new row the little that its symbol tells.

    Args:
        buf: uint8 that holds the symbol at ``buf[at:end]``.
        at: its first byte.
        end: behind its last.
        row: of the instrument.
        kind: of the instrument.
        words: the instruments' rows.
        scratch: int64, with room for a row.
        definition: word of it at which the row is made.
        is_upper: 1: small letters as capitals.
    """
    for place in range(ROW_WORDS):
        scratch[definition + place] = 0
    for place in range(W_TICK_SIZE, W_CREATED_NS + 1):
        scratch[definition + place] = UNDEF
    scratch[definition + W_TRAITS] = kind
    scratch[definition + W_CHANNEL] = -1
    # The last byte stays 0.
    last = min(end, at + _SYMBOL_BYTES - 1)
    place = 0
    while at < last:
        scratch[definition + W_SYMBOL + place] = word_at(buf, at, last, is_upper)
        if last - at < 8:
            break
        place += 1
        at += 8
    define(words, row, scratch, definition)


@inlined
def announce(
    row: int, ts_recv_ns: int, words: _Words, state: _Words, told_at: int, records: _Words,
    index: int,
) -> int:  # fmt: skip
    """Store the INSTRUMENT record of a definition that was not told yet.

    Args:
        row: of the instrument.
        ts_recv_ns: arrival, Unix ns.
        words: the instruments' rows.
        state: a journal.
        told_at: word of it that has the revision that was told last.
        records: RECORD array as int64.
        index: of the record to write.

    Returns:
        The index behind it; the same when there was nothing to tell.
    """
    base = row * ROW_WORDS
    revision = words[base + W_REVISION]
    told = state[told_at]
    if told == revision:
        return index
    put(state, told_at, revision)
    at = index * RECORD_WORDS
    action = ACTION_ADD if told == 0 else ACTION_MODIFY
    records[at + 1] = UNDEF
    records[at + 2] = ts_recv_ns
    records[at + 3] = head_of(row, INSTRUMENT, NO_SIDE | action << 8, 0, 0)
    for word in range(4):
        records[at + 4 + word] = words[base + W_TICK_SIZE + word]
    records[at + 7] = words[base + W_TICK_SIZE + 4]
    return index + 1


@inlined
def bare_level(
    row: int, action: int, flags: int, ts_recv_ns: int, records: _Words, index: int
) -> None:
    """Store a LEVEL record without a level: the beginning of a snapshot, or a change of nothing."""
    at = index * RECORD_WORDS
    for word in range(4, RECORD_WORDS):
        records[at + word] = UNDEF
    records[at + 1] = UNDEF
    records[at + 2] = ts_recv_ns
    records[at + 3] = head_of(row, LEVEL, NO_SIDE | action << 8, 1, flags)


@inlined
def close_book(
    first: int, bare: int, index: int, made: _Words, made_at: int, records: _Words
) -> None:
    """Mark the last record of a transaction; give those without a level its time and ids.

    Args:
        first: index of the transaction's first record.
        bare: index behind those without a level.
        index: behind its last record.
        made: int64 that holds a record with its time and ids.
        made_at: first word of that.
        records: RECORD array as int64.
    """
    last = (index - 1) * RECORD_WORDS
    # LAST is the sign bit.
    records[last + 3] |= int64(-1) << 63
    for place in range(first, bare):
        at = place * RECORD_WORDS
        records[at + 1] = made[made_at + 1]
        records[at + 6] = made[made_at + 6]
        records[at + 7] = made[made_at + 7]
