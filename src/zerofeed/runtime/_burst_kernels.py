"""The worker's hot loop: wait, receive a burst into the arena, make records of it, publish.

One call runs bursts until there is nothing to receive, the turn's time is over, an order of
the supervisor's waits, or a lossless reader is in the way. It holds no interpreter lock and
allocates nothing.

A burst, and what a kill at each place leaves:

====  =====================================================  ==================================
step  what happens                                           killed behind it, a successor finds
====  =====================================================  ==================================
1     claim frame slots                                      nothing to do
2     the receiver fills chunks behind the published frames  the receive block tells which
3     descriptors written, frames published, block settled   frames not processed yet
4     each that is due: journal step, records, publish       an open step: undone, done again
5     sleeping readers woken                                 the successor's first turn wakes
====  =====================================================  ==================================

Steps 2 and 3 are the receiver's (:mod:`zerofeed.runtime._receive_kernels`), step 4 calls the
protocol's kernel by its address (:mod:`zerofeed.runtime._process_kernels`).
"""

from __future__ import annotations

import platform
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from zerofeed.base.clock import monotonic_ns, realtime_ns
from zerofeed.base.context import call_at
from zerofeed.base.kernel import (
    I64,
    I64_2D,
    JIT,
    U8,
    inlined,
    int64,
    kernel,
    record_array,
)
from zerofeed.base.status import OK, WOULD_BLOCK
from zerofeed.feed.metrics import HISTOGRAMS_AT, SOURCES_AT, counter_word
from zerofeed.records.dtypes import RECORD
from zerofeed.records.flags import BAD_TS_RECV
from zerofeed.runtime._book_kernels import publish_books
from zerofeed.runtime._receive_kernels import (
    PORT_BLOCK,
    PORT_BLOCK_WORDS,
    PORT_DESCRIPTOR,
    PORT_KIND,
    PORT_PLACE,
    PORT_SOURCE,
    receive_frames,
)
from zerofeed.runtime._step_kernels import (
    begin_due,
    begin_new,
    close_step,
    note_loss,
    number_records,
)
from zerofeed.runtime._undo_kernels import forget_kept
from zerofeed.sequencing._holding_kernels import due_channel, due_frame
from zerofeed.sequencing.holding import A_HELD, A_LINE
from zerofeed.shm._prefetch import prefetch_to_write
from zerofeed.shm._ring_kernels import (
    CAPACITY,
    MAX_CLAIM,
    PUBLISHED,
    claim,
    publish,
    wake_readers,
)
from zerofeed.shm.histogram import HISTOGRAM_WORDS, sample
from zerofeed.shm.journal import DONE, finish
from zerofeed.wire._arrival_kernels import (
    CUT_FLAG,
    LOST_FLAG,
    NO_STAMP_FLAG,
    RECORDED_FLAG,
    line_of,
)
from zerofeed.wire._arrival_kernels import (
    FRAMES as FRAME_ARRAY,
)
from zerofeed.wire.receiver import AF_XDP, UDP, WEBSOCKET
from zerofeed.wire.xdp._xdp_calls import tai_shift_ns
from zerofeed.wire.xdp._xdp_kernels import U32

__all__ = [
    "BLOCKED_ON",
    "ERROR",
    "EVENT_BYTES",
    "FRAMES",
    "HAS_ORDERS",
    "MOST_EVENTS",
    "RECORDS",
    "REPORT_WORDS",
    "SERVE",
    "TAKEN",
    "burst",
]

_Words = npt.NDArray[np.int64]

TAKEN = 0
"""Report word: packets received in this call."""
BLOCKED_ON = 1
"""Report word: ring whose lossless reader is in the way, FRAMES or RECORDS."""
HAS_ORDERS = 2
"""Report word: 1 when the supervisor has something to say."""
ERROR = 3
"""Report word: errno of a receive call that failed, or 0."""
_DROPS = 4
"""Report word: a receiver's own count of drops, where its latest call told it, or 0."""
SERVE = 5
"""Report word: 1 when a WebSocket needs Python; left at 1, the next call looks at all of them first."""
_MORE = 6
"""Report word: 1 when a WebSocket has more to publish than was claimed."""
REPORT_WORDS = 8

FRAMES = 0
RECORDS = 1

_IS_X86 = platform.machine() == "x86_64"
EVENT_BYTES = 12 if _IS_X86 else 16
"""Size of struct epoll_event, which is packed on x86-64 only."""
_EVENT_DATA = 4 if _IS_X86 else 8
MOST_EVENTS = 64
"""Descriptors that one look at them brings at most."""
_EAGAIN = 11
_FEW_SOCKETS = 2
"""Asking so many sockets directly costs no more than asking epoll which of them can be read."""
_ORDERS_MASK = 1023
"""A busy worker that looks directly asks epoll in the first of so many looks, less one.

In the first, so that a turn has at least one, however long its looks take.
"""

_HELD_MS = 1
"""Sleep no longer while a packet is held: its time may be over. What is held waits that much longer."""

_RECORD_WORDS = RECORD.itemsize // 8
_LINES_AHEAD = 4
"""Records whose cache lines are asked for ahead: about what a packet becomes."""

_BURSTS = counter_word("bursts")
_DROPPED = counter_word("packets_dropped_kernel")
_TAKEN = counter_word("frames_taken")
_WIRE_TO_RECORD = HISTOGRAMS_AT
_BURST_NS = HISTOGRAMS_AT + HISTOGRAM_WORDS

_BURST = int64(
    int64,
    int64,
    int64,
    int64,
    int64,
    U8,
    I64,
    I64_2D,
    I64,
    U32,
    I64,
    I64_2D,
    I64_2D,
    I64,
    I64_2D,
    I64_2D,
    U8,
    int64,
    I64,
    I64,
    FRAME_ARRAY,
    I64,
    I64,
    record_array(RECORD),
    I64,
    I64,
    I64,
    I64,
    I64,
    I64,
    I64,
    I64,
)

if JIT:
    _epoll_wait = types.ExternalFunction(
        "epoll_wait", types.int32(types.int32, types.intp, types.int32, types.int32)
    )


@inlined
def _note_drops(state: _Words, drops: int, source: int) -> None:
    """Take over a receiver's own drop counter; absolute, so saying it twice changes nothing."""
    before = state[SOURCES_AT + source]
    if drops > before:
        state[SOURCES_AT + source] = drops
        state[_DROPPED] += drops - before


@inlined
def _process_frames(
    process: int,
    context: int,
    frame_control: _Words,
    frames: Any,
    control: _Words,
    cursors: _Words,
    records: Any,
    record_words: _Words,
    words: _Words,
    state: _Words,
    books: _Words,
    undo: _Words,
    book_table: _Words,
) -> int:
    """Make records of every frame that is due: those held that need not wait, then new ones."""
    mask = control[CAPACITY] - 1
    frame_mask = frame_control[CAPACITY] - 1
    room = control[MAX_CLAIM]
    # What the next burst, and the one behind it, may overwrite.
    margin = frame_control[CAPACITY] - 2 * frame_control[MAX_CLAIM]
    while True:
        due = int64(0)
        if state[A_HELD] > 0:
            due = due_channel(state, frame_control[PUBLISHED] - margin, realtime_ns())
        number = state[_TAKEN]
        if due != 0:
            number = due_frame(state, due)
        elif number >= frame_control[PUBLISHED]:
            return OK
        if claim(control, cursors, room) != OK:
            return WOULD_BLOCK
        frame = frames[number & frame_mask]
        is_loss = int64(frame.flags) & LOST_FLAG != 0
        forget_kept(undo)
        if due != 0:
            begin_due(state, due, number)
        else:
            begin_new(state, number, int64(-1) if is_loss else int64(frame.length))
        published = control[PUBLISHED]
        at = published & mask
        count = int64(1)
        if is_loss:
            note_loss(frame, books, undo, records, at)
        else:
            state[A_LINE] = line_of(int64(frame.flags))
            count = call_at(
                process,
                context,
                frame.offset,
                int64(frame.length),
                int64(frame.flags) & CUT_FLAG,
                frame.ts_recv_ns,
                int64(frame.channel),
                at,
                at + room,
            )
        number_records(records, at, count, published, words)
        if int64(frame.flags) & NO_STAMP_FLAG:
            for index in range(count):
                records[at + index].flags = records[at + index].flags | BAD_TS_RECV
        close_step(state, published, count)
        now_ns = realtime_ns()
        publish(control, count, now_ns)
        finish(state, state[DONE])
        if count > 0:
            if not int64(frame.flags) & RECORDED_FLAG:
                sample(state, _WIRE_TO_RECORD, now_ns - frame.ts_recv_ns)
            publish_books(books, book_table, records, record_words, at, count, published)
        # Nobody has touched these lines for a whole turn of the ring. They come while this core
        # waits, and not while readers do.
        next_at = (control[PUBLISHED] & mask) * _RECORD_WORDS
        for line in range(_LINES_AHEAD):
            prefetch_to_write(record_words, next_at + line * _RECORD_WORDS)


@kernel(_BURST)
def burst(
    process: int,
    context: int,
    epoll: int,
    timeout_ms: int,
    turn_ns: int,
    events: npt.NDArray[np.uint8],
    port_of: _Words,
    ports: _Words,
    blocks: _Words,
    rings: npt.NDArray[np.uint32],
    ring_words: _Words,
    geometry: _Words,
    queue_blocks: _Words,
    owners: _Words,
    flows: _Words,
    results: _Words,
    arena: npt.NDArray[np.uint8],
    chunk_bytes: int,
    frame_control: _Words,
    frame_cursors: _Words,
    frames: Any,
    control: _Words,
    cursors: _Words,
    records: Any,
    record_words: _Words,
    words: _Words,
    state: _Words,
    books: _Words,
    undo: _Words,
    book_table: _Words,
    one: _Words,
    report: _Words,
) -> int:
    """Receive and process until there is a reason to go back to Python. The single writer.

    Args:
        process: address of the protocol's kernel.
        context: address of the arrays that it takes.
        epoll: descriptor that watches every receiver and the supervisor's orders.
        timeout_ms: how long to wait when there is nothing; 0 only looks.
        turn_ns: how long to go on at most.
        events: room for epoll events.
        port_of: row of ``ports`` behind each descriptor, -1 for the orders.
        ports: int64[n, PORT_COLUMNS], one row a descriptor; see ``_receive_kernels``.
        blocks: the receive blocks, one behind the other.
        rings: AF_XDP's arrays, :class:`zerofeed.wire.xdp.source.XdpArrays`.
        ring_words: the same.
        geometry: the same.
        queue_blocks: the same.
        owners: the same.
        flows: the same.
        results: rows for one burst.
        arena: the frames' memory.
        chunk_bytes: size of a chunk.
        frame_control: the frame ring's control page.
        frame_cursors: its readers' pages.
        frames: its descriptors.
        control: the record ring's control page.
        cursors: its readers' pages.
        records: its records.
        record_words: the same as int64.
        words: instruments' rows.
        state: journal, counters and the codec's words.
        books: the writer's books.
        undo: books as they were before the open step.
        book_table: the published books.
        one: int64 array of one 1.
        report: TAKEN, BLOCKED_ON, HAS_ORDERS, ERROR, SERVE.

    Returns:
        OK, or WOULD_BLOCK with BLOCKED_ON set; frames already received are processed by the
        next call, first.
    """
    report[TAKEN] = 0
    report[HAS_ORDERS] = 0
    report[ERROR] = 0
    report[_MORE] = 0
    has_streams = ports.shape[0] > 0 and ports[0, PORT_KIND] == WEBSOCKET
    is_resumed = has_streams and report[SERVE] != 0
    report[SERVE] = 0
    started = monotonic_ns()
    # What a turn that was blocked or a killed predecessor left; nobody else wakes readers for it.
    before = control[PUBLISHED]
    status = _process_frames(
        process, context, frame_control, frames, control, cursors, records, record_words, words,
        state, books, undo, book_table,
    )  # fmt: skip
    if control[PUBLISHED] != before:
        wake_readers(control, cursors, one)
    if status != OK:
        report[BLOCKED_ON] = RECORDS
        return WOULD_BLOCK
    # A busy worker looks at AF_XDP's rings themselves, or at a few sockets, and only now and then for orders.
    has_xdp = ports.shape[0] > 0 and ports[0, PORT_KIND] == AF_XDP
    has_few = 0 < ports.shape[0] <= _FEW_SOCKETS
    for port in range(ports.shape[0]):
        has_few = has_few and ports[port, PORT_KIND] == UDP
    is_direct = (has_xdp or has_few) and timeout_ms == 0
    tai_shift = tai_shift_ns() if has_xdp else 0
    looks = 0
    while True:
        looks += 1
        is_look = (is_direct and looks & _ORDERS_MASK != 1) or (is_resumed and looks == 1)
        ready = ports.shape[0]
        if not is_look:
            if state[A_HELD] > 0 and timeout_ms > _HELD_MS:
                timeout_ms = _HELD_MS
            ready = int64(_epoll_wait(epoll, events.ctypes.data, MOST_EVENTS, timeout_ms))
            if ready <= 0 and not is_direct:
                return OK
        timeout_ms = 0
        began = monotonic_ns()
        taken_before = report[TAKEN]
        for event in range(ready):
            descriptor = int64(-1)
            port = event
            if is_look and has_few:
                descriptor = ports[port, PORT_DESCRIPTOR]
            if not is_look:
                data = event * EVENT_BYTES + _EVENT_DATA
                descriptor = int64(events[data]) | int64(events[data + 1]) << 8
                port = port_of[descriptor]
            if port < 0:
                report[HAS_ORDERS] = 1
                continue
            limit = frame_control[MAX_CLAIM]
            source = ports[port, PORT_SOURCE]
            block_at = ports[port, PORT_BLOCK]
            is_open = True
            while is_open:
                if claim(frame_control, frame_cursors, limit) != OK:
                    report[BLOCKED_ON] = FRAMES
                    return WOULD_BLOCK
                got = receive_frames(
                    ports[port, PORT_KIND],
                    descriptor,
                    source,
                    blocks[block_at : block_at + ports[port, PORT_BLOCK_WORDS]],
                    ports[port, PORT_PLACE],
                    rings,
                    ring_words,
                    geometry,
                    queue_blocks,
                    owners,
                    flows,
                    tai_shift,
                    results,
                    arena,
                    chunk_bytes,
                    frame_control,
                    frame_cursors,
                    frames,
                    limit,
                    report,
                    _DROPS,
                    _MORE,
                    SERVE,
                )
                if got <= 0:
                    if got == WOULD_BLOCK:
                        report[BLOCKED_ON] = FRAMES
                        return WOULD_BLOCK
                    if got < 0 and got != -_EAGAIN:
                        report[ERROR] = -got
                    break
                is_open = report[_MORE] != 0
                _note_drops(state, report[_DROPS], source)
                report[TAKEN] += got
                state[_BURSTS] += 1
                status = _process_frames(
                    process, context, frame_control, frames, control, cursors, records,
                    record_words, words, state, books, undo, book_table,
                )  # fmt: skip
                wake_readers(control, cursors, one)
                wake_readers(frame_control, frame_cursors, one)
                if status != OK:
                    report[BLOCKED_ON] = RECORDS
                    return WOULD_BLOCK
        now = monotonic_ns()
        if report[TAKEN] > taken_before:
            sample(state, _BURST_NS, now - began)
        if report[HAS_ORDERS] or report[SERVE] or now - started > turn_ns:
            return OK
