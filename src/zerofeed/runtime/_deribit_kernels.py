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
from zerofeed.codecs.deribit._message_kernels import (
    NEXT,
    OUT_OF_RANGE,
    REFUSED,
    ROUNDED,
    ROW,
    TEMPLATE,
)
from zerofeed.feed.metrics import TEMPLATES, TEMPLATES_AT, WORK_AT, counter_word
from zerofeed.records.units import UNDEF
from zerofeed.runtime._process_kernels import PROCESS, process_of
from zerofeed.runtime._sequence_kernels import give_back, sequence
from zerofeed.runtime._undo_kernels import keep_book, keep_header
from zerofeed.sequencing.holding import A_OUTCOME, OUT_TAKEN
from zerofeed.shm.journal import add

__all__ = ["SCRATCH_WORDS", "process", "process_packet"]

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

SCRATCH_WORDS = 64
"""int64 words of scratch that :func:`process_packet` needs."""

_HEADER_AT = 32
"""Where in the scratch the packet's header is kept; the message results are before it."""

_WINDOW = 100_000
"""How far back a sequence number is a late packet: as many as the venue keeps for replay."""


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
        scratch: int64, SCRATCH_WORDS.

    Returns:
        Records written, 0 or more; their ``seq`` is not set.
    """
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
    count = int64(place < end)
    index += sequence(
        state, channel, source, 0, seq, count, ts_recv_ns, _WINDOW, records, out_at
    )  # fmt: skip
    if index > out_at:
        keep_header(books, undo)
        apply(books, records, out_at, index - out_at, index, limit)
    if state[A_OUTCOME] != OUT_TAKEN:
        return index - out_at
    if place == end:
        add(state, _HEARTBEAT, 1)
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
            if scratch[ROUNDED]:
                add(state, _ROUNDED, scratch[ROUNDED])
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
            give_back(state, channel, seq, seq + 1)
            break
    add(state, _DECODED if is_whole else _MALFORMED, 1)
    return index - out_at


process = kernel(PROCESS)(process_of(process_packet, __name__))
"""What the loops call for Deribit; see :mod:`zerofeed.runtime._process_kernels`."""
