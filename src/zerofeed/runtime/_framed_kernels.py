"""One packet of SBE messages through every stage, framed as a table says. Compiled once for all such venues.

The order:

1. the packet's header, by the words of :mod:`._framed_words`; one that has no room for it is malformed
2. its number is judged, of the packet or of each message; messages that came before are passed over
3. each message in turn, by its length where the framing has one: records by the venue's dialect; levels are applied to
   the books

A packet of snapshots that go round has a number that means nothing here: it is not judged, and its records carry the
flag SNAPSHOT.

A message that lies about a length or a count ends its packet; it counts as not come, with what is behind it. One of an
unknown template is stepped over where its length is known.

Everything the step changes goes through the journal, or is a book that is kept before
(:mod:`zerofeed.runtime._undo_kernels`), so the packet can be processed again after a kill.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

import zerofeed.codecs.sbe._words as w
from zerofeed.base.kernel import inlined, int64, kernel
from zerofeed.base.status import BUFFER_FULL, UNKNOWN_SCHEMA, UNKNOWN_TEMPLATE
from zerofeed.books._kernels import apply
from zerofeed.books.layout import B_CHANNEL, H_BOOKS, H_STRIDE, HEADER_WORDS
from zerofeed.codecs._bytes import Bytes
from zerofeed.codecs._record_kernels import RECORD_WORDS
from zerofeed.codecs.sbe._dialect_kernels import NO_MORE, next_part, open_message
from zerofeed.codecs.sbe._dialect_words import (
    HEAD,
    S_BLOCKS,
    S_HEAD,
    S_REFUSED,
    S_RESULT,
    S_WALK,
    TABLE_FULL,
)
from zerofeed.codecs.sbe._load_kernels import load_integer
from zerofeed.codecs.sbe._scale_kernels import OUT_OF_RANGE, ROUNDED
from zerofeed.feed.metrics import TEMPLATES, TEMPLATES_AT, WORK_AT, counter_word
from zerofeed.records.flags import SNAPSHOT
from zerofeed.records.kinds import LEVEL
from zerofeed.records.units import UNDEF
from zerofeed.runtime._framed_words import (
    F_CHANNEL,
    F_COUNT,
    F_END,
    F_GROUPED,
    F_HEADER,
    F_IS_COUNTED,
    F_KIND,
    F_LENGTH,
    F_LENGTH_PLUS,
    F_LOOP,
    F_ORDER,
    F_PREFIX,
    F_SEQUENCE,
    FRAME_WORDS,
)
from zerofeed.runtime._process_kernels import PROCESS, process_of
from zerofeed.runtime._sequence_kernels import give_back, sequence
from zerofeed.runtime._undo_kernels import keep_book, keep_header
from zerofeed.sequencing._tracker_kernels import find_channel
from zerofeed.sequencing.channels import EXPECTED, HEARTBEATS, PACKETS
from zerofeed.sequencing.holding import A_OUTCOME, A_SKIP, OUT_TAKEN
from zerofeed.shm.journal import add

__all__ = ["process", "process_packet"]

_Words = npt.NDArray[np.int64]

_DECODED = counter_word("packets_decoded")
_HEARTBEAT = counter_word("packets_heartbeat")
_MALFORMED = counter_word("packets_malformed")
_TRUNCATED = counter_word("packets_truncated")
_MESSAGES = counter_word("messages")
_UNKNOWN = counter_word("messages_unknown")
_REFUSED = counter_word("instruments_refused")
_OUT_OF_RANGE = counter_word("numbers_out_of_range")
_ROUNDED = counter_word("numbers_rounded")

_WINDOW = 100_000
"""How far back a number is a late packet's."""
_MOST_MESSAGES = 1 << 16
_MOST_CHANNEL = 1 << 40


@inlined
def _number(buf: Bytes, at: int, scratch: _Words, place: int, absent: int) -> int:
    """Read a number of a packet's header, or of a message's prefix."""
    code = scratch[place]
    if code == w.CODE_NONE:
        return absent
    return load_integer(buf, at + scratch[place + 1], code, scratch[F_ORDER])


@inlined
def _find_end(buf: Bytes, at: int, end: int, scratch: _Words) -> int:
    """Find where the message ends whose prefix is at ``at``, as far as that tells; ``end`` where it does not.

    Returns:
        The position; -1 where the length is a lie.
    """
    prefix = scratch[F_PREFIX]
    if prefix > end - at:
        return -1
    if scratch[F_LENGTH] == w.CODE_NONE:
        return end
    length = _number(buf, at, scratch, F_LENGTH, 0) + scratch[F_LENGTH_PLUS]
    if length <= prefix or length > end - at:
        return -1
    return at + length


@inlined
def _has_groups_of_another_version(scratch: _Words, dialect: _Words, slot: int) -> bool:
    """Tell whether an open message may have blocks of an unknown length in front of its groups."""
    if scratch[F_GROUPED] == 0 or slot < 0:
        return False
    program = dialect[1]
    node = dialect[program + w.HEAD_WORDS + w.NODE_WORDS * dialect[S_WALK + w.R_NODE] + w.N_GROUPS]
    return node > 0 and dialect[S_WALK + w.R_VERSION] != dialect[program + w.P_VERSION]


@inlined
def _apply_levels(
    books: _Words, undo: _Words, records: Any, record_words: _Words, first: int, index: int,
    limit: int, channel: int,
) -> int:  # fmt: skip
    """Apply the levels among the records of a message; the index behind the quotes that come of it."""
    has_levels = False
    for place in range(first, index):
        head = record_words[place * RECORD_WORDS + 3]
        if head >> 32 & 0xFF == LEVEL:
            has_levels = True
            row = head & 0xFFFF_FFFF
            keep_book(books, undo, row)
            if row < books[H_BOOKS]:
                at = HEADER_WORDS + row * books[H_STRIDE] + B_CHANNEL
                if books[at] == UNDEF:
                    books[at] = channel
    if not has_levels:
        return index
    quotes = apply(books, records, first, index - first, index, limit)
    return index + max(0, quotes)


@inlined
def _decode(
    buf: Bytes, ts_recv_ns: int, words: _Words, lookup: _Words, state: _Words, record_words: _Words,
    index: int, limit: int, dialect: _Words,
) -> int:  # fmt: skip
    """Make the records of the open message; the index behind them, or BUFFER_FULL."""
    while True:
        stored = next_part(
            buf, ts_recv_ns, words, lookup, state, WORK_AT, record_words, index, limit, dialect
        )
        if stored == NO_MORE:
            break
        if stored < 0:
            return BUFFER_FULL
        index += stored
        if dialect[S_REFUSED]:
            add(state, _REFUSED if dialect[S_REFUSED] == TABLE_FULL else _UNKNOWN, 1)
    if dialect[S_RESULT + OUT_OF_RANGE]:
        add(state, _OUT_OF_RANGE, dialect[S_RESULT + OUT_OF_RANGE])
    if dialect[S_RESULT + ROUNDED]:
        add(state, _ROUNDED, dialect[S_RESULT + ROUNDED])
    return index


@inlined
def _take(
    buf: Bytes, at: int, end: int, ts_recv_ns: int, channel: int, words: _Words, lookup: _Words,
    state: _Words, books: _Words, undo: _Words, records: Any, record_words: _Words, index: int,
    limit: int, scratch: _Words,
) -> int:  # fmt: skip
    """Make the records of the message at ``at``, and count it.

    Returns:
        The index behind the last record; -1 where the message cannot be used. F_END receives where it ends.
    """
    dialect = scratch[FRAME_WORDS:]
    stop = int64(_find_end(buf, at, end, scratch))
    if stop < 0:
        return -1
    slot = open_message(buf, at + scratch[F_PREFIX], stop, dialect)
    if scratch[F_LENGTH] == w.CODE_NONE:
        stop = dialect[S_WALK + w.R_END]
    if stop <= at:
        return -1
    scratch[F_END] = stop
    if slot == UNKNOWN_TEMPLATE or slot == UNKNOWN_SCHEMA:
        add(state, _UNKNOWN, 1)
        return index
    if slot < 0:
        return -1
    if _has_groups_of_another_version(scratch, dialect, slot):
        add(state, _UNKNOWN, 1)
        return index
    first = index
    index = int64(
        _decode(buf, ts_recv_ns, words, lookup, state, record_words, index, limit, dialect)
    )
    if index < 0:
        return -1
    add(state, _MESSAGES, 1)
    if slot < TEMPLATES:
        add(state, TEMPLATES_AT + slot, 1)
    return _apply_levels(books, undo, records, record_words, first, index, limit, channel)


@inlined
def _judge(
    state: _Words, channel: int, source: int, seq: int, count: int, ts_recv_ns: int, records: Any,
    index: int,
) -> int:  # fmt: skip
    """Judge the numbers of a packet; the index behind the records of it."""
    channel_at = find_channel(state, channel)
    if count == 0 and channel_at >= 0:
        if state[channel_at + PACKETS] > 0 and seq <= state[channel_at + EXPECTED]:
            # A line that is idle, or behind: it says nothing new.
            add(state, channel_at + HEARTBEATS, 1)
            state[A_OUTCOME] = OUT_TAKEN
            state[A_SKIP] = 0
            return index
    return index + sequence(
        state, channel, source, 0, seq, count, ts_recv_ns, _WINDOW, records, index
    )


@inlined
def process_packet(
    buf: Bytes,
    at: int,
    length: int,
    cut_bytes: int,
    ts_recv_ns: int,
    source: int,
    words: _Words,
    lookup: _Words,
    state: _Words,
    books: _Words,
    undo: _Words,
    records: Any,
    record_words: _Words,
    out_at: int,
    limit: int,
    scratch: _Words,
) -> int:
    """Process one packet as the open step of the journal. The feed's single writer.

    Args:
        buf: uint8 that holds the packet at ``buf[at : at + length]``.
        at: its position.
        length: bytes of it that are there.
        cut_bytes: bytes of it that were cut off.
        ts_recv_ns: arrival, Unix ns.
        source: number of the source that it came from.
        words: the instruments' rows.
        lookup: the instruments' map.
        state: journal, counters, channels, codec state.
        books: the writer's books.
        undo: where books are kept as they were before the step; empty to keep none.
        records: RECORD array to write to.
        record_words: the same memory as int64.
        out_at: index of the first record to write.
        limit: index at which the room ends; the room covers any packet of a chunk.
        scratch: FRAME_WORDS, and that of the dialect.

    Returns:
        Records written, 0 or more; their ``seq`` is not set.
    """
    if cut_bytes > 0:
        add(state, _TRUNCATED, 1)
        return 0
    if length < scratch[F_HEADER]:
        add(state, _MALFORMED, 1)
        return 0
    dialect = scratch[FRAME_WORDS:]
    place = at + scratch[F_HEADER]
    end = at + length
    has_messages = int64(place < end)
    count = int64(_number(buf, at, scratch, F_COUNT, has_messages))
    channel = int64(_number(buf, at, scratch, F_CHANNEL, 0))
    seq = int64(_number(buf, at, scratch, F_SEQUENCE, 0))
    has_count = scratch[F_COUNT] != w.CODE_NONE
    is_lie = has_count and (count == 0) == (has_messages == 1)
    if not 0 <= count <= _MOST_MESSAGES or not 0 <= channel < _MOST_CHANNEL or seq < 0 or is_lie:
        add(state, _MALFORMED, 1)
        return 0
    used = count if scratch[F_IS_COUNTED] else has_messages
    is_loop = (int64(_number(buf, at, scratch, F_KIND, 0)) & scratch[F_LOOP]) != 0
    index = out_at
    skip = int64(0)
    is_judged = scratch[F_SEQUENCE] != w.CODE_NONE and not is_loop
    if is_judged:
        index = int64(_judge(state, channel, source, seq, used, ts_recv_ns, records, index))
        if index > out_at:
            keep_header(books, undo)
            apply(books, records, out_at, index - out_at, index, limit)
        if state[A_OUTCOME] != OUT_TAKEN:
            return index - out_at
        skip = state[A_SKIP] if scratch[F_IS_COUNTED] else int64(0)
    if has_messages == 0:
        add(state, _HEARTBEAT, 1)
        return index - out_at
    if dialect[S_HEAD]:
        dialect[S_BLOCKS + 2 * HEAD] = at
        dialect[S_BLOCKS + 2 * HEAD + 1] = scratch[F_HEADER]
    done = int64(0)
    is_whole = True
    while place < end and (done < count or not has_count):
        first = index
        made = int64(-1)
        if done < skip:
            made = int64(_pass_over(buf, place, end, index, scratch))
        else:
            made = int64(
                _take(
                    buf, place, end, ts_recv_ns, channel, words, lookup, state, books, undo,
                    records, record_words, index, limit, scratch,
                )
            )  # fmt: skip
        if made < 0:
            is_whole = False
            break
        index = made
        if is_loop:
            for each in range(first, index):
                record_words[each * RECORD_WORDS + 3] |= SNAPSHOT << 56
        place = scratch[F_END]
        done += 1
    if place < end or (has_count and done < count):
        is_whole = False
    if not is_whole and is_judged:
        if scratch[F_IS_COUNTED]:
            if done < count:
                give_back(state, channel, seq + max(done, skip), seq + count)
        else:
            give_back(state, channel, seq, seq + 1)
    add(state, _DECODED if is_whole else _MALFORMED, 1)
    return index - out_at


@inlined
def _pass_over(buf: Bytes, at: int, end: int, index: int, scratch: _Words) -> int:
    """Find the end of a message that came before; ``index``, or -1 where it cannot be found."""
    dialect = scratch[FRAME_WORDS:]
    stop = int64(_find_end(buf, at, end, scratch))
    if stop >= 0 and scratch[F_LENGTH] == w.CODE_NONE:
        open_message(buf, at + scratch[F_PREFIX], end, dialect)
        stop = dialect[S_WALK + w.R_END]
    if stop <= at:
        return -1
    scratch[F_END] = stop
    return index


process = kernel(PROCESS)(process_of(process_packet, __name__))
"""What the loops call for venues whose packets a table describes; see :mod:`zerofeed.runtime._process_kernels`."""
