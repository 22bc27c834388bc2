"""One Deribit packet through every stage: sequence, decode, books. Compiled.

The order, for a packet of a channel:

1. frame header; a packet that contradicts it is malformed, and the next one shows the gap
2. sequence number: a stale packet is filtered, a gap or a restart becomes a record
3. each message in turn: decoded into records, its levels applied to the books, and the best
   bid and offer of each finished transaction appended behind them

Everything the step changes goes through the journal, or is a book that is kept before
(:mod:`zerofeed.runtime._undo_kernels`), so the packet can be processed again after a kill.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import inlined, int64, kernel
from zerofeed.base.status import OK, UNKNOWN_SCHEMA, UNKNOWN_TEMPLATE
from zerofeed.books._kernels import apply
from zerofeed.books.layout import B_CHANNEL, B_SNAP_CHANNEL, H_BOOKS, H_STRIDE, HEADER_WORDS
from zerofeed.codecs._bytes import Bytes
from zerofeed.codecs.deribit._kernels import (
    BODY_BEGIN,
    BODY_END,
    CHANNEL,
    SEQ,
    decode_message,
    packet_header,
)
from zerofeed.codecs.deribit._layout import BOOK, FIRST_TEMPLATE, SNAPSHOT
from zerofeed.codecs.deribit._message_kernels import NEXT, OUT_OF_RANGE, REFUSED, ROW, TEMPLATE
from zerofeed.feed.metrics import TEMPLATES, TEMPLATES_AT, WORK_AT, counter_word
from zerofeed.records.kinds import ACTION_NONE, GAP, NO_SIDE, RESET
from zerofeed.records.units import UNDEF
from zerofeed.runtime._process_kernels import PROCESS, process_of
from zerofeed.runtime._undo_kernels import keep_book, keep_header
from zerofeed.sequencing._tracker_kernels import (
    DUPLICATE,
    JUMPED,
    RESTARTED,
    find_channel,
    track,
)
from zerofeed.sequencing.channels import EXPECTED
from zerofeed.shm.journal import add, put

__all__ = ["SCRATCH_WORDS", "process", "process_packet"]

_Words = npt.NDArray[np.int64]

_RECEIVED = counter_word("packets_received")
_DECODED = counter_word("packets_decoded")
_STALE = counter_word("packets_stale")
_HEARTBEAT = counter_word("packets_heartbeat")
_MALFORMED = counter_word("packets_malformed")
_TRUNCATED = counter_word("packets_truncated")
_MISSING = counter_word("packets_missing")
_GAPS = counter_word("gaps")
_RESETS = counter_word("resets")
_MESSAGES = counter_word("messages")
_UNKNOWN = counter_word("messages_unknown")
_RECORDS_PUBLISHED = counter_word("records_published")
_BYTES = counter_word("bytes_received")
_REFUSED = counter_word("instruments_refused")
_OUT_OF_RANGE = counter_word("numbers_out_of_range")
_CHANNELS_REFUSED = counter_word("channels_refused")

SCRATCH_WORDS = 64
"""int64 words of scratch that :func:`process_packet` needs."""

_HEADER_AT = 32
"""Where in the scratch the packet's header is kept; the message results are before it."""

_WINDOW = 100_000
"""How far back a sequence number is a late packet: as many as the venue keeps for replay."""


@inlined
def _put_loss(
    records: Any, at: int, kind: int, expected: int, received: int, channel: int, ts_recv_ns: int
) -> None:
    record = records[at]
    record.ts_event_ns = UNDEF
    record.ts_recv_ns = ts_recv_ns
    record.instrument = 0
    record.kind = kind
    record.side = NO_SIDE
    record.action = ACTION_NONE
    record.flags = 0
    record.expected_seq = expected
    record.received_seq = received
    record.missing_count = max(0, received - expected)
    record.channel = channel


@inlined
def _bind(books: _Words, row: int, offset: int, channel: int) -> None:
    """Note on which channel a book's changes or snapshots come, when it is first seen."""
    if 0 <= row < books[H_BOOKS]:
        at = HEADER_WORDS + row * books[H_STRIDE] + offset
        if books[at] == UNDEF:
            books[at] = channel


@inlined
def process_packet(
    buf: Bytes,
    at: int,
    length: int,
    cut_bytes: int,
    ts_recv_ns: int,
    source: int,  # noqa: ARG001 - its packets name their channel
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
        scratch: int64, SCRATCH_WORDS.

    Returns:
        Records written, 0 or more; their ``seq`` is not set.
    """
    add(state, _RECEIVED, 1)
    add(state, _BYTES, length)
    if cut_bytes > 0:
        add(state, _TRUNCATED, 1)
        return 0
    header = scratch[_HEADER_AT:]
    if packet_header(buf, at, length, header) != OK:
        add(state, _MALFORMED, 1)
        return 0
    channel = header[CHANNEL]
    seq = header[SEQ]
    place = header[BODY_BEGIN]
    end = header[BODY_END]
    index = out_at
    channel_at = find_channel(state, channel)
    if channel_at < 0:
        add(state, _CHANNELS_REFUSED, 1)
    else:
        expected = state[channel_at + EXPECTED]
        verdict = track(state, channel_at, seq, int64(place != end), _WINDOW)
        if verdict == DUPLICATE:
            add(state, _STALE, 1)
            return 0
        if verdict == JUMPED:
            add(state, _GAPS, 1)
            add(state, _MISSING, seq - expected)
            _put_loss(records, index, GAP, expected, seq, channel, ts_recv_ns)
            index += 1
        elif verdict == RESTARTED:
            add(state, _RESETS, 1)
            _put_loss(records, index, RESET, expected, seq, channel, ts_recv_ns)
            index += 1
        if index > out_at:
            keep_header(books, undo)
            apply(books, records, out_at, 1, index, limit)
    if place == end:
        add(state, _HEARTBEAT, 1)
        add(state, _RECORDS_PUBLISHED, index - out_at)
        return index - out_at
    is_whole = True
    while place < end:
        stored = decode_message(
            buf,
            place,
            end,
            ts_recv_ns,
            channel,
            words,
            lookup,
            state,
            WORK_AT,
            record_words,
            index,
            limit,
            scratch,
        )
        place = scratch[NEXT]
        if stored >= 0:
            template = scratch[TEMPLATE]
            slot = template - FIRST_TEMPLATE
            if 0 <= slot < TEMPLATES:
                add(state, TEMPLATES_AT + slot, 1)
            add(state, _MESSAGES, 1)
            if scratch[REFUSED]:
                add(state, _REFUSED, scratch[REFUSED])
            if scratch[OUT_OF_RANGE]:
                add(state, _OUT_OF_RANGE, scratch[OUT_OF_RANGE])
            if template == BOOK or template == SNAPSHOT:
                keep_book(books, undo, scratch[ROW])
            if template == BOOK:
                _bind(books, scratch[ROW], B_CHANNEL, channel)
            elif template == SNAPSHOT:
                _bind(books, scratch[ROW], B_SNAP_CHANNEL, channel)
            quotes = 0
            if stored > 0:
                quotes = apply(books, records, index, stored, index + stored, limit)
            index += stored + max(0, quotes)
        elif stored == UNKNOWN_TEMPLATE or stored == UNKNOWN_SCHEMA:
            add(state, _UNKNOWN, 1)
        else:
            # Malformed, or more records than a packet of this size can make: the rest of the
            # packet is not believed. What came before it stands, and the packet counts as not
            # come: the next one shows the gap, in the records too, unless a good copy of it comes.
            is_whole = False
            if channel_at >= 0:
                put(state, channel_at + EXPECTED, seq)
            break
    add(state, _DECODED if is_whole else _MALFORMED, 1)
    add(state, _RECORDS_PUBLISHED, index - out_at)
    return index - out_at


process = kernel(PROCESS)(process_of(process_packet, __name__))
"""What the loops call for Deribit; see :mod:`zerofeed.runtime._process_kernels`."""
