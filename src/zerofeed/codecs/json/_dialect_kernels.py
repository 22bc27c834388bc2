"""From a JSON message to records, by a venue's table: one kernel for every venue.

A message is taken in two steps, so that the caller can apply each transaction to the books before the
next one is read:

1. :func:`~._message_kernels.open_message` scans it and finds which kind of message it is;
2. :func:`next_part` makes the records of its next part (all of it, or a row of its ``each``), until
   there are no more.

The first step is in :mod:`._message_kernels`, parts of the second in :mod:`._symbol_kernels` and
:mod:`._emit_kernels`; ``scratch`` is laid out in :mod:`.scratch`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, I64_RO, U8_RO, inlined, int64, kernel
from zerofeed.base.status import BUFFER_FULL
from zerofeed.codecs._bytes import Bytes
from zerofeed.codecs._record_kernels import RECORD_WORDS, announce, bare_level, close_book
from zerofeed.codecs._text_kernels import behind_last
from zerofeed.codecs.json._emit_kernels import make_records
from zerofeed.codecs.json._message_kernels import NUMBERED, open_message
from zerofeed.codecs.json._number_kernels import decimal
from zerofeed.codecs.json._numbered_kernels import act_on_channels, find_numbered
from zerofeed.codecs.json._repeat_kernels import is_repeated
from zerofeed.codecs.json._source_kernels import is_there, span_at
from zerofeed.codecs.json._span_kernels import length_of, start_of
from zerofeed.codecs.json._symbol_kernels import NOT_YET, find_instrument
from zerofeed.codecs.json.layout import (
    BOOK,
    CHANNEL_STATE,
    CHECK_SOURCE,
    COMPARED,
    EACH,
    EMIT_WORDS,
    EMITS,
    EMITS_AT,
    NOWHERE,
    ROW_STATE,
    ROW_WORDS,
    SNAPSHOT,
    SYMBOLS,
    WINDOW_AT,
)
from zerofeed.codecs.json.scratch import (
    S_CHECKSUM,
    S_COUNT,
    S_IS_LED,
    S_MESSAGE,
    S_NEXT,
    S_RECORD,
    S_REFUSED,
    S_REPEATED,
    S_RESULT,
    S_ROW,
    S_ROWS,
    S_TABLE,
    S_WINDOW,
    TABLE_FULL,
    UNNAMED,
)
from zerofeed.records import flags as record_flags
from zerofeed.records.kinds import (
    ACTION_CLEAR,
    ACTION_NONE,
)
from zerofeed.records.units import UNDEF
from zerofeed.shm.journal import begin, put

__all__ = ["NO_MORE", "decode_many", "next_part"]

_Words = npt.NDArray[np.int64]
NO_MORE = -1
"""The open message has no further part."""


@inlined
def _window(buf: Bytes, base: int, at: int, outer: int, scratch: _Words) -> int:
    """Read how many levels a side the venue keeps up; UNDEF when it does not say."""
    span = span_at(scratch, scratch[S_TABLE], scratch[at], outer, outer)
    if not is_there(span):
        return UNDEF
    first = base + start_of(span)
    end = first + length_of(span)
    if scratch[at + 1]:
        first = int64(behind_last(buf, first, end, scratch[at + 1]))
    number = int64(0)
    for place in range(first, end):
        digit = int64(buf[place]) - 0x30
        if digit < 0 or digit > 9 or number > 1_000_000:
            return UNDEF
        number = number * 10 + digit
    return number if first < end else UNDEF


@inlined
def _next_outer(entry: int, scratch: _Words) -> int:
    """Find the row of the next part; -1: there is none. 0 for a message that is one part."""
    each = scratch[entry + EACH]
    row = scratch[S_NEXT]
    if row < 0:
        return -1
    if each == NOWHERE:
        scratch[S_NEXT] = -1
        return 0
    table = scratch[S_TABLE]
    width = scratch[table + ROW_WORDS]
    while row < scratch[S_COUNT]:
        if scratch[scratch[S_ROWS] + row * width] == each:
            scratch[S_NEXT] = row + 1
            return row
        row += 1
    scratch[S_NEXT] = -1
    return -1


@kernel(int64(U8_RO, int64, int64, I64, I64, I64, int64, I64, int64, int64, I64))
def next_part(
    buf: Bytes,
    base: int,
    ts_recv_ns: int,
    words: _Words,
    lookup: _Words,
    state: _Words,
    work_at: int,
    records: _Words,
    out_at: int,
    limit: int,
    scratch: _Words,
) -> int:
    """Make the records of the open message's next part. The feed's single writer.

    Args:
        buf: uint8 that holds the message.
        base: its first byte.
        ts_recv_ns: arrival, Unix ns.
        words: the instruments' rows.
        lookup: the instruments' map.
        state: a journal with the dialect's words for each instrument row from ``work_at`` on.
        work_at: word of it.
        records: RECORD array as int64.
        out_at: index of the first record to write.
        limit: index at which the room ends.
        scratch: see the top of this module; S_ROW, S_REFUSED, S_CHECKSUM and S_WINDOW tell of the part.

    Returns:
        Records written, 0 or more; NO_MORE; BUFFER_FULL. Their ``seq`` is not set.
    """
    entry = scratch[S_MESSAGE]
    table = scratch[S_TABLE]
    outer = _next_outer(entry, scratch)
    if outer < 0:
        return NO_MORE
    scratch[S_ROW] = -1
    scratch[S_REFUSED] = 0
    scratch[S_CHECKSUM] = UNDEF
    scratch[S_WINDOW] = UNDEF
    scratch[S_REPEATED] = 0
    scratch[S_IS_LED] = 0
    emits = scratch[entry + EMITS]
    if emits == 0 and scratch[entry + SYMBOLS] == 0:
        return 0
    index = out_at
    row = int64(-1)
    if scratch[entry + SYMBOLS]:
        row = find_instrument(buf, base, outer, entry, words, lookup, scratch, state[work_at])
        if row == NOT_YET:
            if scratch[entry + WINDOW_AT] != NOWHERE:
                window = _window(buf, base, table + scratch[entry + WINDOW_AT], outer, scratch)
                put(state, work_at, max(0, window))
            return 0
        if row < 0:
            scratch[S_REFUSED] = UNNAMED if row == -1 else TABLE_FULL
            return 0
        scratch[S_ROW] = row
        if index + 2 > limit:
            return BUFFER_FULL
        row_at = work_at + row * scratch[table + ROW_STATE]
        if is_repeated(buf, base, entry, outer, state, row_at, ts_recv_ns, scratch):
            scratch[S_REPEATED] = 1
            return 0
        index = announce(row, ts_recv_ns, words, state, row_at, records, index)
    book = scratch[entry + BOOK]
    first = index
    flags = int64(0)
    if book == SNAPSHOT:
        flags = int64(record_flags.SNAPSHOT)
        bare_level(row, ACTION_CLEAR, flags, ts_recv_ns, records, index)
        index += 1
    emit = table + scratch[entry + EMITS_AT]
    for _ in range(emits):
        index = make_records(
            buf, base, emit, row, outer, flags, words, records, index, limit, scratch, ts_recv_ns
        )
        if index < 0:
            return index
        emit += EMIT_WORDS
    if book:
        bare = first + int64(book == SNAPSHOT)
        if index == first and book != COMPARED:
            if index >= limit:
                return BUFFER_FULL
            bare_level(row, ACTION_NONE, flags, ts_recv_ns, records, index)
            index += 1
            bare = index
        if index > first:
            close_book(first, bare, index, scratch, S_RECORD, records)
        check = scratch[entry + CHECK_SOURCE]
        result = scratch[S_RESULT : S_RESULT + 2]
        if check != NOWHERE:
            span = span_at(scratch, table, check, outer, outer)
            scratch[S_CHECKSUM] = decimal(buf, base, span, 0, result)
    if scratch[entry + WINDOW_AT] != NOWHERE:
        scratch[S_WINDOW] = _window(buf, base, table + scratch[entry + WINDOW_AT], outer, scratch)
    return index - out_at


@kernel(int64(U8_RO, I64_RO, I64_RO, I64_RO, int64, I64, I64, I64, int64, I64, int64, I64))
def decode_many(
    buf: Bytes,
    offsets: _Words,
    lengths: _Words,
    times_ns: _Words,
    first: int,
    words: _Words,
    lookup: _Words,
    state: _Words,
    work_at: int,
    records: _Words,
    room_for_one: int,
    scratch: _Words,
) -> int:
    """Make records of messages that lie in a buffer, without books.

    Args:
        buf: uint8 that holds them.
        offsets: int64, where each begins.
        lengths: int64, bytes of each.
        times_ns: int64, arrival of each, Unix ns.
        first: message to begin with.
        words: the instruments' rows.
        lookup: the instruments' map.
        state: a journal.
        work_at: word of it at which the dialect's words begin: the channels of all sources, where it has
            such, and behind them those of the instruments.
        records: RECORD array as int64, filled from index 0.
        room_for_one: records that any one message can make.
        scratch: see the top of this module; its last word receives the messages taken.

    Returns:
        Records written; what is no message of the dialect makes none.
    """
    index = int64(0)
    message = first
    instruments_at = work_at + scratch[scratch[S_TABLE] + CHANNEL_STATE]
    room = records.size // RECORD_WORDS
    while message < offsets.size and index + room_for_one <= room:
        begin(state, message)
        at = offsets[message]
        slot = open_message(buf, at, at + lengths[message], scratch)
        is_numbered = slot == NUMBERED
        if is_numbered:
            slot = find_numbered(buf, at, state, work_at, 0, scratch)
        while slot >= 0:
            stored = next_part(
                buf, at, times_ns[message], words, lookup, state, instruments_at, records, index,
                room, scratch,
            )  # fmt: skip
            if stored < 0:
                break
            if is_numbered:
                act_on_channels(buf, at, scratch[S_MESSAGE], scratch[S_ROW], state, scratch)
            index += stored
        message += 1
    scratch[scratch.size - 1] = message - first
    return index
