"""One packet of CME's market data through every stage: sequence, decode, books. Compiled.

The order, for a packet of the incremental feed:

1. its number is judged: a gap or a restart becomes a record, and what came by another line is filtered
2. each message in turn, by its size: records, and its levels applied to the books; the best bid and offer of each
   book whose transaction ended, behind them

**Feeds that go round.** Snapshots and the definitions of all instruments come in packets with numbers of their own, which begin
again each time. They are not judged. A snapshot is told of where nothing between it and what has come of the
incremental feed is missing; one that is older than that could not become the book, and makes no records of
levels or orders. A snapshot that is newer is taken, and what comes of before it then is passed over: nothing has to wait.

**Heartbeats.** One uses a number up, as every packet does. If the packet behind it has the same number nevertheless, it
is taken all the same: nothing is lost to what is believed of heartbeats. One never begins a numbering, because feeds that
go round have them, too.

Everything the step changes goes through the journal, or is a book that is kept before
(:mod:`zerofeed.runtime._undo_kernels`), so the packet can be processed again after a kill.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined, inlined, int64, kernel
from zerofeed.base.status import BUFFER_FULL, OK, UNKNOWN_SCHEMA, UNKNOWN_TEMPLATE
from zerofeed.books._kernels import apply, set_window
from zerofeed.books._place_kernels import price_at_place
from zerofeed.books.layout import (
    B_CHANNEL,
    B_SNAP_CHANNEL,
    B_WINDOW,
    H_BOOKS,
    H_CAPACITY,
    H_STRIDE,
    HEADER_WORDS,
)
from zerofeed.codecs._bytes import Bytes, i32, u8, u16, u32
from zerofeed.codecs._record_kernels import RECORD_WORDS, head_of
from zerofeed.codecs.cme._book_kernels import (
    DELETE,
    DELETE_FROM,
    DELETE_THROUGH,
    OVERLAY,
    bit_of,
    decode_book_orders,
    decode_level_snapshot,
    decode_levels,
    decode_order_snapshot,
    decode_orders,
    decode_trades,
    is_implied,
    price_at,
    put_level,
    put_record,
    side_of,
)
from zerofeed.codecs.cme._kernels import (
    HEADER_BYTES,
    PACKET_BYTES,
    close_transactions,
    forget_open,
    instrument_words,
    is_implied_row,
    is_of_loop,
    message_row,
    open_message,
    row_of,
    size_at,
    told_at,
    track,
    track_entries,
)
from zerofeed.codecs.cme._layout import (
    BOOK,
    C_ENDS,
    C_ERA,
    C_GROUP,
    C_LABEL,
    C_LAYOUT,
    C_LENGTH,
    C_NEXT,
    C_OUT_OF_RANGE,
    C_REFUSED,
    C_ROOT,
    C_SECOND_COUNT,
    C_STOPPED,
    C_UNKNOWN,
    DEFINITION,
    DIALECT_AT,
    EVENT_QUOTES,
    HEARTBEAT,
    I_NEWS,
    I_OPEN,
    IMPLIED_BITS,
    L_ACTION,
    L_EVENT,
    L_ID,
    L_KIND,
    L_LEVEL,
    L_PROCESSED,
    L_RPT,
    L_SIZE,
    L_SIZE_BYTES,
    L_SLOT,
    L_TIME,
    L_TYPE,
    NOWHERE,
    ORDER_SNAPSHOT,
    ORDERS,
    RESET,
    SNAPSHOT,
    STATISTICS,
    TRADES,
)
from zerofeed.codecs.sbe._dialect_kernels import NO_MORE, next_part
from zerofeed.codecs.sbe._dialect_kernels import open_message as open_other
from zerofeed.codecs.sbe._dialect_words import S_DEPTH, S_REFUSED, S_RESULT, S_ROW, TABLE_FULL
from zerofeed.codecs.sbe._scale_kernels import OUT_OF_RANGE, ROUNDED
from zerofeed.feed.metrics import TEMPLATES_AT, WORK_AT, counter_word
from zerofeed.records.flags import LAST
from zerofeed.records.flags import SNAPSHOT as SNAPSHOT_FLAG
from zerofeed.records.kinds import (
    ACTION_ADD,
    ACTION_CANCEL,
    ACTION_CLEAR,
    ACTION_MODIFY,
    BID,
    LEVEL,
    NO_SIDE,
    ORDER,
)
from zerofeed.records.kinds import RESET as RESET_KIND
from zerofeed.records.units import UNDEF
from zerofeed.runtime._process_kernels import PROCESS, process_of
from zerofeed.runtime._sequence_kernels import give_back, put_numbers, sequence
from zerofeed.runtime._undo_kernels import keep_book, keep_header
from zerofeed.sequencing._tracker_kernels import find_channel
from zerofeed.sequencing.channels import EXPECTED, GAPS, OWN, PACKETS, RESETS
from zerofeed.sequencing.holding import A_OUTCOME, OUT_TAKEN
from zerofeed.shm.journal import add, put

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

_CHANNEL = 0
"""All sources are lines of one channel; its packets do not say which."""
_LOOP_CHANNEL = 1
"""What snapshots come on: no gap of the other is one of theirs."""
_WINDOW = 100_000
"""How far back a number is a late packet's."""

_EVENT = OWN
"""Word of the channel: number of the packet with which the open event began; 0: none is open."""
_WHOLE_FROM = OWN + 1
"""Word of the channel: every packet from this number on has come."""
_IDLE = OWN + 2
"""Word of the channel: number of the latest heartbeat."""
_BEGINNINGS = OWN + 3
"""Word of the channel: how often the venue emptied all its books."""

_BOOK_LEVELS = 10
_IMPLIED_LEVELS = 2
"""Levels a side that the venue tells, where a definition does not say it."""
_END_OF_EVENT = 1 << 7
_LAST_IMPLIED = 1 << 4
_REAL, _OF_IMPLIED = 1, 2


@inlined
def _bind(books: _Words, row: int, offset: int, channel: int, levels: int) -> None:
    """Note on which channel a book's records come and how deep it is, when it is first seen."""
    if not 0 <= row < books[H_BOOKS]:
        return
    book = HEADER_WORDS + row * books[H_STRIDE]
    if books[book + offset] == UNDEF:
        books[book + offset] = channel
    if books[book + B_WINDOW] == 0:
        set_window(books, row, min(levels, books[H_CAPACITY] - 1))


@inlined
def _apply(
    books: _Words, undo: _Words, words: _Words, records: Any, record_words: _Words, first: int,
    index: int, limit: int, offset: int, channel: int,
) -> int:  # fmt: skip
    """Apply the records from ``first`` on to the books; the index behind the quotes that come of it."""
    for place in range(first, index):
        head = record_words[place * RECORD_WORDS + 3]
        if head >> 32 & 0xFF == LEVEL:
            row = head & 0xFFFF_FFFF
            is_of_implied = is_implied_row(words, row)
            keep_book(books, undo, row)
            _bind(books, row, offset, channel, _IMPLIED_LEVELS if is_of_implied else _BOOK_LEVELS)
    quotes = apply(books, records, first, index - first, index, limit)
    return index + quotes if quotes >= 0 else BUFFER_FULL


@inlined
def _put_places(
    buf: Bytes, ts_recv_ns: int, words: _Words, lookup: _Words, state: _Words, books: _Words,
    records: _Words, index: int, limit: int, scratch: _Words,
) -> int:  # fmt: skip
    """Store the levels of an entry that names places alone; the book is as the entries before it left it.

    Returns:
        The index behind the last record; BUFFER_FULL.
    """
    layout = scratch[C_LAYOUT]
    at = scratch[C_GROUP] + scratch[C_NEXT] * scratch[C_LENGTH]
    scratch[C_NEXT] += 1
    key = i32(buf, at + scratch[layout + L_ID])
    kind = u8(buf, at + scratch[layout + L_TYPE])
    action = u8(buf, at + scratch[layout + L_ACTION])
    place = u8(buf, at + scratch[layout + L_LEVEL])
    side = side_of(kind)
    implied = is_implied(kind)
    origin = int64(row_of(key, scratch[C_ERA], words, lookup, state, WORK_AT))
    row = origin
    if implied and origin >= 0:
        key ^= IMPLIED_BITS
        row = int64(row_of(key, scratch[C_ERA], words, lookup, state, WORK_AT))
    if row < 0:
        scratch[C_REFUSED] += 1
        return index
    track(state, instrument_words(WORK_AT, origin), u32(buf, at + scratch[layout + L_RPT]))
    ts_event_ns = int64(buf_time(buf, scratch, layout))
    price = price_at(buf, at, layout, scratch)
    size = size_at(buf, at + scratch[layout + L_SIZE], scratch[layout + L_SIZE_BYTES])
    which = 0 if side == BID else 1
    told = ACTION_ADD
    # What new levels of the same transaction pushed out is gone for good.
    pushed = int64(_IMPLIED_LEVELS if implied else _BOOK_LEVELS)
    own = instrument_words(WORK_AT, row)
    if row < books[H_BOOKS] and books[HEADER_WORDS + row * books[H_STRIDE] + B_WINDOW] != 0:
        pushed = books[HEADER_WORDS + row * books[H_STRIDE] + B_WINDOW]
    if state[own + I_OPEN] == 0 or state[own + I_NEWS] & bit_of(side) == 0:
        pushed = books[H_CAPACITY]
    else:
        put(state, own + I_NEWS, state[own + I_NEWS] & ~bit_of(side))
    is_priced = action == DELETE and price != UNDEF
    first = 1 if action == DELETE_THROUGH else place
    last = books[H_CAPACITY] if action == DELETE_FROM else place
    for each in range(1, books[H_CAPACITY] + 1):
        found = price_at_place(books, row, which, each)
        if found == UNDEF:
            break
        if each <= pushed:
            if is_priced and found != price:
                continue
            if not is_priced and not first <= each <= last:
                continue
            if action == OVERLAY and found == price:
                told = ACTION_MODIFY
                continue
        if index + 2 > limit:
            return BUFFER_FULL
        put_level(
            state, WORK_AT, origin, row, implied, side | ACTION_CANCEL << 8, found, 0, ts_event_ns,
            ts_recv_ns, records, index, scratch,
        )  # fmt: skip
        index += 1
    if action == OVERLAY:
        if price == UNDEF or size < 0 or index >= limit:
            scratch[C_UNKNOWN] += 1
            return index
        put_level(
            state, WORK_AT, origin, row, implied, side | told << 8, price, size,
            ts_event_ns, ts_recv_ns, records, index, scratch,
        )  # fmt: skip
        index += 1
    return index


@always_inlined
def buf_time(buf: Bytes, scratch: _Words, layout: int) -> int:
    """Read the time of an open message."""
    at = scratch[C_ROOT] + scratch[layout + L_TIME]
    return u32(buf, at) | u32(buf, at + 4) << 32


@inlined
def _decode_book(
    buf: Bytes, ts_recv_ns: int, words: _Words, lookup: _Words, state: _Words, books: _Words,
    undo: _Words, records: Any, record_words: _Words, index: int, limit: int, scratch: _Words,
) -> int:  # fmt: skip
    """Make records of an open message of levels, and bring the books up to date.

    Returns:
        The index behind the last record; BUFFER_FULL.
    """
    first = index
    while True:
        index = int64(
            decode_levels(
                buf, ts_recv_ns, words, lookup, state, WORK_AT, record_words, index, limit, scratch
            )
        )
        if index < 0 or scratch[C_STOPPED] == 0:
            break
        index = int64(
            _apply(
                books, undo, words, records, record_words, first, index, limit, B_CHANNEL, _CHANNEL
            )
        )
        if index < 0:
            break
        first = index
        index = int64(
            _put_places(
                buf, ts_recv_ns, words, lookup, state, books, record_words, index, limit, scratch
            )
        )
        if index < 0:
            break
        # The next entry may name places, too.
        index = int64(
            _apply(
                books, undo, words, records, record_words, first, index, limit, B_CHANNEL, _CHANNEL
            )
        )
        if index < 0:
            break
        first = index
    if index < 0:
        return index
    if scratch[C_ENDS]:
        index = int64(
            close_transactions(
                state, WORK_AT, scratch[C_ENDS], ts_recv_ns,
                buf_time(buf, scratch, scratch[C_LAYOUT]), record_words, first, index, limit,
            )
        )  # fmt: skip
    levels = index
    if scratch[C_SECOND_COUNT] > 0:
        index = int64(
            decode_book_orders(buf, ts_recv_ns, lookup, record_words, index, limit, scratch)
        )
        if index < 0:
            return index
    if levels == first:
        return index
    return _apply(
        books, undo, words, records, record_words, first, index, limit, B_CHANNEL, _CHANNEL
    )


@inlined
def _decode_frequent(
    buf: Bytes, kind: int, ts_recv_ns: int, words: _Words, lookup: _Words, state: _Words,
    books: _Words, undo: _Words, records: Any, record_words: _Words, index: int, limit: int,
    is_usable: int, scratch: _Words,
) -> int:  # fmt: skip
    """Make records of an open message that has a kernel of its own; the index behind them, or BUFFER_FULL."""
    if kind == BOOK:
        return _decode_book(
            buf, ts_recv_ns, words, lookup, state, books, undo, records, record_words, index,
            limit, scratch,
        )  # fmt: skip
    if kind == TRADES:
        return decode_trades(
            buf, ts_recv_ns, words, lookup, state, WORK_AT, record_words, index, limit, scratch
        )
    if kind == ORDERS:
        return decode_orders(
            buf, ts_recv_ns, words, lookup, state, WORK_AT, record_words, index, limit, scratch
        )
    if is_usable == 0:
        return index
    if kind == ORDER_SNAPSHOT:
        return decode_order_snapshot(
            buf, ts_recv_ns, words, lookup, state, WORK_AT, record_words, index, limit, scratch
        )
    first = index
    index = int64(
        decode_level_snapshot(
            buf, ts_recv_ns, words, lookup, state, WORK_AT, record_words, index, limit, scratch
        )
    )
    if index <= first:
        return index
    return _apply(
        books, undo, words, records, record_words, first, index, limit, B_SNAP_CHANNEL,
        _LOOP_CHANNEL,
    )  # fmt: skip


@inlined
def _decode_other(
    buf: Bytes, at: int, end: int, kind: int, ts_recv_ns: int, words: _Words, lookup: _Words,
    state: _Words, books: _Words, undo: _Words, records: Any, record_words: _Words, index: int,
    limit: int, scratch: _Words,
) -> int:  # fmt: skip
    """Make records of a message by the dialect; the index behind them, or what is wrong with it."""
    dialect = scratch[DIALECT_AT:]
    slot = open_other(buf, at, end, dialect)
    if slot < 0:
        return slot
    first = index
    while True:
        stored = next_part(
            buf, ts_recv_ns, words, lookup, state, told_at(WORK_AT, words), record_words, index,
            limit, dialect,
        )  # fmt: skip
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
    row = dialect[S_ROW]
    if kind == DEFINITION and 0 < row < books[H_BOOKS]:
        depth = dialect[S_DEPTH]
        book = HEADER_WORDS + row * books[H_STRIDE]
        if 0 < depth < books[H_CAPACITY] and books[book + B_WINDOW] != depth:
            keep_book(books, undo, row)
            set_window(books, row, depth)
        if index > first:
            # A definition that is withdrawn empties its book.
            keep_book(books, undo, row)
            apply(books, records, first, index - first, index, limit)
    return index


@inlined
def _begin_anew(
    state: _Words, channel_at: int, seq: int, ts_recv_ns: int, books: _Words, undo: _Words,
    records: Any, record_words: _Words, index: int, limit: int,
) -> int:  # fmt: skip
    """Follow a reset of the channel: every book is empty; the index behind its two records."""
    add(state, channel_at + _BEGINNINGS, 1)
    forget_open(state, WORK_AT)
    put_numbers(records, index, RESET_KIND, seq, seq, _CHANNEL, ts_recv_ns)
    keep_header(books, undo)
    apply(books, records, index, 1, index + 1, limit)
    index += 1
    head = head_of(0, ORDER, NO_SIDE | ACTION_CLEAR << 8, 1, LAST | SNAPSHOT_FLAG)
    put_record(record_words, index, UNDEF, ts_recv_ns, head, UNDEF, UNDEF, UNDEF, _CHANNEL)
    return index + 1


@inlined
def _ends_of(buf: Bytes, at: int, row: int, scratch: _Words) -> int:
    """Tell which books' transactions a message ends."""
    if scratch[row + L_EVENT] == NOWHERE:
        return 0
    event = u8(buf, at + HEADER_BYTES + scratch[row + L_EVENT])
    if event & _END_OF_EVENT:
        return _REAL | _OF_IMPLIED
    ends = _REAL if event & EVENT_QUOTES else 0
    return ends | (_OF_IMPLIED if event & _LAST_IMPLIED else 0)


@inlined
def _note_judged(state: _Words, channel_at: int, gaps: int, resets: int, seq: int) -> None:
    """Note what a packet's number said: from where on nothing is missing, and that open events are lost."""
    if channel_at < 0:
        return
    is_new = state[channel_at + _WHOLE_FROM] == 0
    is_reset = state[channel_at + RESETS] != resets
    if is_new or is_reset or state[channel_at + GAPS] != gaps:
        put(state, channel_at + _WHOLE_FROM, seq)
        if state[channel_at + _EVENT] != 0:
            put(state, channel_at + _EVENT, 0)
        forget_open(state, WORK_AT)


@inlined
def _judge(
    state: _Words, source: int, seq: int, is_idle: int, ts_recv_ns: int, records: Any, index: int
) -> int:
    """Judge the number of a packet; the index behind the records of it."""
    channel_at = find_channel(state, _CHANNEL)
    if channel_at < 0:
        return index + sequence(
            state, _CHANNEL, source, 0, seq, 1, ts_recv_ns, _WINDOW, records, index
        )
    has_begun = state[channel_at + PACKETS] > 0
    expected = state[channel_at + EXPECTED]
    idle = state[channel_at + _IDLE]
    state[A_OUTCOME] = OUT_TAKEN
    if is_idle != 0 and (not has_begun or seq < expected):
        # Of a feed that goes round, or older than what came: it begins nothing.
        return index
    if is_idle == 0 and has_begun and idle != 0 and seq == idle and seq == expected - 1:
        put(state, channel_at + _IDLE, 0)
        return index
    gaps = state[channel_at + GAPS]
    resets = state[channel_at + RESETS]
    index += sequence(state, _CHANNEL, source, 0, seq, 1, ts_recv_ns, _WINDOW, records, index)
    if state[A_OUTCOME] == OUT_TAKEN:
        _note_judged(state, channel_at, gaps, resets, seq)
        if is_idle != 0 or idle != 0:
            put(state, channel_at + _IDLE, seq if is_idle != 0 else 0)
    return index


@inlined
def _is_heartbeat(buf: Bytes, at: int, end: int, scratch: _Words) -> bool:
    """Tell whether a packet carries nothing but a heartbeat."""
    if at == end:
        return True
    if end - at < HEADER_BYTES or u16(buf, at) != end - at:
        return False
    row = message_row(buf, at, scratch)
    return row >= 0 and scratch[row + L_KIND] == HEARTBEAT


@inlined
def _is_usable(buf: Bytes, place: int, end: int, row: int, state: _Words, scratch: _Words) -> bool:
    """Tell whether nothing is missing between a snapshot and what came of the incremental feed."""
    channel_at = find_channel(state, _CHANNEL)
    at = place + HEADER_BYTES + scratch[row + L_PROCESSED]
    if scratch[row + L_PROCESSED] == NOWHERE or channel_at < 0 or at + 4 > end:
        return True
    whole_from = state[channel_at + _WHOLE_FROM]
    return whole_from == 0 or u32(buf, at) >= whole_from - 1


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
        scratch: see :mod:`zerofeed.codecs.cme._layout`.

    Returns:
        Records written, 0 or more; their ``seq`` is not set.
    """
    if cut_bytes > 0:
        add(state, _TRUNCATED, 1)
        return 0
    if length < PACKET_BYTES:
        add(state, _MALFORMED, 1)
        return 0
    seq = u32(buf, at)
    place = at + PACKET_BYTES
    end = at + length
    index = out_at
    is_loop = is_of_loop(buf, place, end, scratch)
    if not is_loop:
        is_idle = int64(_is_heartbeat(buf, place, end, scratch))
        index = int64(_judge(state, source, seq, is_idle, ts_recv_ns, records, index))
        if index > out_at:
            keep_header(books, undo)
            apply(books, records, out_at, index - out_at, index, limit)
        if state[A_OUTCOME] != OUT_TAKEN:
            return index - out_at
        if is_idle != 0:
            add(state, _HEARTBEAT, 1)
            return index - out_at
    channel_at = find_channel(state, _CHANNEL)
    is_whole = True
    while place < end:
        size = u16(buf, place) if place + HEADER_BYTES <= end else 0
        if size < HEADER_BYTES or place + size > end:
            is_whole = False
            break
        row = message_row(buf, place, scratch)
        if row < 0:
            add(state, _UNKNOWN, 1)
            place += size
            continue
        kind = scratch[row + L_KIND]
        scratch[C_REFUSED] = 0
        scratch[C_UNKNOWN] = 0
        scratch[C_OUT_OF_RANGE] = 0
        scratch[C_LABEL] = seq
        scratch[C_ERA] = 1
        scratch[C_ENDS] = 0
        if channel_at >= 0:
            scratch[C_ERA] += state[channel_at + RESETS] + state[channel_at + _BEGINNINGS]
            if not is_loop and state[channel_at + _EVENT] != 0:
                scratch[C_LABEL] = state[channel_at + _EVENT]
        is_frequent = BOOK <= kind <= ORDER_SNAPSHOT
        status = int64(OK)
        if is_frequent or kind == STATISTICS:
            status = open_message(buf, place, place + size, scratch)
        if status == OK and not is_loop:
            scratch[C_ENDS] = _ends_of(buf, place, row, scratch)
        made = index
        if status == OK and is_frequent:
            is_usable = int64(_is_usable(buf, place, place + size, row, state, scratch))
            made = int64(
                _decode_frequent(
                    buf, kind, ts_recv_ns, words, lookup, state, books, undo, records,
                    record_words, index, limit, is_usable, scratch,
                )
            )  # fmt: skip
            if kind == SNAPSHOT and made >= 0:
                index = made
        if status == OK and kind == STATISTICS:
            track_entries(buf, words, lookup, state, WORK_AT, scratch[C_ERA], scratch)
        if status == OK and made >= 0 and (not is_frequent or kind == SNAPSHOT):
            made = int64(
                _decode_other(
                    buf, place, place + size, kind, ts_recv_ns, words, lookup, state, books, undo,
                    records, record_words, index, limit, scratch,
                )
            )  # fmt: skip
        if status != OK or made < 0:
            if status == UNKNOWN_TEMPLATE or made == UNKNOWN_TEMPLATE or made == UNKNOWN_SCHEMA:
                add(state, _UNKNOWN, 1)
                place += size
                continue
            # A length or a count is a lie: the rest of the packet is not believed, and counts as not come.
            is_whole = False
            break
        index = made
        if kind == RESET and channel_at >= 0 and index + 2 <= limit:
            index = int64(
                _begin_anew(
                    state, channel_at, seq, ts_recv_ns, books, undo, records, record_words, index,
                    limit,
                )
            )  # fmt: skip
        add(state, _MESSAGES, 1)
        add(state, TEMPLATES_AT + scratch[row + L_SLOT], 1)
        if scratch[C_REFUSED]:
            add(state, _REFUSED, scratch[C_REFUSED])
        if scratch[C_UNKNOWN]:
            add(state, _UNKNOWN, scratch[C_UNKNOWN])
        if scratch[C_OUT_OF_RANGE]:
            add(state, _OUT_OF_RANGE, scratch[C_OUT_OF_RANGE])
        if not is_loop and channel_at >= 0:
            if scratch[C_ENDS] == (_REAL | _OF_IMPLIED):
                if state[WORK_AT] != 0:
                    first = index
                    index = int64(
                        close_transactions(
                            state, WORK_AT, scratch[C_ENDS], ts_recv_ns, UNDEF, record_words,
                            first, index, limit,
                        )
                    )  # fmt: skip
                    index = int64(
                        _apply(
                            books, undo, words, records, record_words, first, index, limit,
                            B_CHANNEL, _CHANNEL,
                        )
                    )  # fmt: skip
            is_open = state[WORK_AT] != 0
            if is_open != (state[channel_at + _EVENT] != 0):
                put(state, channel_at + _EVENT, seq if is_open else 0)
        place += size
    if not is_whole and not is_loop:
        give_back(state, _CHANNEL, seq, seq + 1)
        if channel_at >= 0 and state[channel_at + _EVENT] != 0:
            put(state, channel_at + _EVENT, 0)
    add(state, _DECODED if is_whole else _MALFORMED, 1)
    return index - out_at


process = kernel(PROCESS)(process_of(process_packet, __name__))
"""What the loops call for CME; see :mod:`zerofeed.runtime._process_kernels`."""
