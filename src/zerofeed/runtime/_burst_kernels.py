"""The worker's hot loop: wait, receive a burst into the arena, make records of it, publish.

One call runs bursts until there is nothing to receive, the turn's time is over, an order of
the supervisor's waits, or a lossless reader is in the way. It holds no interpreter lock and
allocates nothing.

A burst, and what a kill at each place leaves:

====  =====================================================  ==================================
step  what happens                                           killed behind it, a successor finds
====  =====================================================  ==================================
1     claim frame slots                                      nothing to do
2     recvmmsg into the chunks behind the published frames   the receive block tells which
3     descriptors written, frames published, block settled   frames not processed yet
4     each frame: journal step, records, publish             an open step: undone, done again
5     sleeping readers woken                                 readers wake by their time slice
====  =====================================================  ==================================
"""

from __future__ import annotations

import platform
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from zerofeed.base.clock import monotonic_ns, realtime_ns
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
from zerofeed.books._rows_kernels import publish_batch
from zerofeed.feed.memory import FRAME
from zerofeed.feed.metrics import HISTOGRAMS_AT, SOURCES_AT, counter_word
from zerofeed.records.dtypes import RECORD
from zerofeed.records.flags import BAD_TS_RECV
from zerofeed.runtime._deribit_kernels import number_records, process_packet
from zerofeed.runtime._undo_kernels import forget_kept
from zerofeed.shm._ring_kernels import (
    CAPACITY,
    MAX_CLAIM,
    PUBLISHED,
    claim,
    publish,
    wake_readers,
)
from zerofeed.shm.histogram import HISTOGRAM_WORDS, sample
from zerofeed.shm.journal import DONE, begin, finish, seal
from zerofeed.wire._udp_kernels import ARRIVAL_NS, CUT_BYTES, DROPS, LENGTH, receive, settle

__all__ = [
    "BLOCKED_ON",
    "CUT_FLAG",
    "EVENT_BYTES",
    "FRAMES",
    "HAS_ORDERS",
    "NO_STAMP_FLAG",
    "RECORDS",
    "TAKEN",
    "burst_deribit",
    "publish_frames",
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

FRAMES = 0
RECORDS = 1

CUT_FLAG = 1
"""Frame flag: the packet was longer than a chunk."""
NO_STAMP_FLAG = 2
"""Frame flag: the kernel gave no arrival time; the time is the worker's own."""

_IS_X86 = platform.machine() == "x86_64"
EVENT_BYTES = 12 if _IS_X86 else 16
"""Size of struct epoll_event, which is packed on x86-64 only."""
_EVENT_DATA = 4 if _IS_X86 else 8
_MOST_EVENTS = 64
_EAGAIN = 11

_BURSTS = counter_word("bursts")
_DROPPED = counter_word("packets_dropped_kernel")
_WIRE_TO_RECORD = HISTOGRAMS_AT
_BURST_NS = HISTOGRAMS_AT + HISTOGRAM_WORDS

_FRAMES = record_array(FRAME)
_RECORDS = record_array(RECORD)

if JIT:
    _epoll_wait = types.ExternalFunction(
        "epoll_wait", types.int32(types.int32, types.intp, types.int32, types.int32)
    )


@inlined
def _describe_frames(
    frame_control: _Words,
    frames: Any,
    results: _Words,
    count: int,
    chunk_bytes: int,
    chunks: int,
    source: int,
    now_ns: int,
) -> None:
    """Write the descriptors of ``count`` frames that were just received, and publish them."""
    first = frame_control[PUBLISHED]
    at = first & (frame_control[CAPACITY] - 1)
    for index in range(count):
        frame = frames[at + index]
        frame.seq = first + index
        arrival = results[index, ARRIVAL_NS]
        frame.ts_recv_ns = arrival if arrival > 0 else now_ns
        frame.offset = ((first + index) % chunks) * chunk_bytes
        frame.length = results[index, LENGTH]
        frame.channel = source
        flags = CUT_FLAG if results[index, CUT_BYTES] > 0 else 0
        frame.flags = flags | (NO_STAMP_FLAG if arrival <= 0 else 0)
    publish(frame_control, count, now_ns)


@kernel(int64(I64, _FRAMES, I64_2D, int64, int64, int64, int64, int64))
def publish_frames(
    frame_control: _Words,
    frames: Any,
    results: _Words,
    count: int,
    chunk_bytes: int,
    chunks: int,
    source: int,
    now_ns: int,
) -> int:
    """Publish frames that a killed predecessor had received and not published.

    Args:
        frame_control: the frame ring's control page.
        frames: its descriptors.
        results: as the receive kernel gives them, ``count`` rows.
        count: frames.
        chunk_bytes: size of a chunk.
        chunks: chunks of the arena.
        source: index of the socket.
        now_ns: Unix ns, for frames without an arrival time.

    Returns:
        ``count``.
    """
    _describe_frames(frame_control, frames, results, count, chunk_bytes, chunks, source, now_ns)
    return count


@inlined
def _note_drops(state: _Words, results: _Words, count: int, source: int) -> None:
    """Take over the socket's own drop counter; absolute, so saying it twice changes nothing."""
    drops = results[count - 1, DROPS]
    before = state[SOURCES_AT + source]
    if drops > before:
        state[SOURCES_AT + source] = drops
        state[_DROPPED] += drops - before


@inlined
def _process_frames(
    arena: npt.NDArray[np.uint8],
    frame_control: _Words,
    frames: Any,
    control: _Words,
    cursors: _Words,
    records: Any,
    record_words: _Words,
    words: _Words,
    lookup: _Words,
    state: _Words,
    books: _Words,
    undo: _Words,
    book_table: _Words,
    scratch: _Words,
) -> int:
    """Make records of every published frame that has none yet: one journal step a frame."""
    mask = control[CAPACITY] - 1
    frame_mask = frame_control[CAPACITY] - 1
    room = control[MAX_CLAIM]
    step = state[DONE]
    while step < frame_control[PUBLISHED]:
        if claim(control, cursors, room) != OK:
            return WOULD_BLOCK
        frame = frames[step & frame_mask]
        forget_kept(undo)
        begin(state, step)
        published = control[PUBLISHED]
        at = published & mask
        count = process_packet(
            arena,
            frame.offset,
            int64(frame.length),
            int64(frame.flags) & CUT_FLAG,
            frame.ts_recv_ns,
            words,
            lookup,
            state,
            books,
            undo,
            records,
            record_words,
            at,
            at + room,
            scratch,
        )
        number_records(records, at, count, published, words)
        if int64(frame.flags) & NO_STAMP_FLAG:
            for index in range(count):
                records[at + index].flags = records[at + index].flags | BAD_TS_RECV
        seal(state, published + count)
        now_ns = realtime_ns()
        publish(control, count, now_ns)
        finish(state, step)
        sample(state, _WIRE_TO_RECORD, now_ns - frame.ts_recv_ns)
        if count > 0:
            publish_batch(books, book_table, records, at, count, published)
        step += 1
    return OK


@kernel(
    int64(
        int64,
        int64,
        int64,
        U8,
        I64,
        I64_2D,
        I64_2D,
        U8,
        int64,
        I64,
        I64,
        _FRAMES,
        I64,
        I64,
        _RECORDS,
        I64,
        I64,
        I64,
        I64,
        I64,
        I64,
        I64,
        I64,
        I64,
        I64,
    )
)
def burst_deribit(
    epoll: int,
    timeout_ms: int,
    turn_ns: int,
    events: npt.NDArray[np.uint8],
    source_of: _Words,
    blocks: _Words,
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
    lookup: _Words,
    state: _Words,
    books: _Words,
    undo: _Words,
    book_table: _Words,
    one: _Words,
    scratch: _Words,
    report: _Words,
) -> int:
    """Receive and process until there is a reason to go back to Python. The single writer.

    Args:
        epoll: descriptor that watches every socket and the supervisor's orders.
        timeout_ms: how long to wait when there is nothing; 0 only looks.
        turn_ns: how long to go on at most.
        events: room for epoll events.
        source_of: index of the socket behind each descriptor, -1 for the orders.
        blocks: one receive block a socket.
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
        lookup: instruments' map.
        state: journal, counters and the codec's words.
        books: the writer's books.
        undo: books as they were before the open step.
        book_table: the published books.
        one: int64 array of one 1.
        scratch: int64[SCRATCH_WORDS].
        report: TAKEN, BLOCKED_ON, HAS_ORDERS, ERROR.

    Returns:
        OK, or WOULD_BLOCK with BLOCKED_ON set; frames already received are processed by the
        next call, first.
    """
    report[TAKEN] = 0
    report[HAS_ORDERS] = 0
    report[ERROR] = 0
    started = monotonic_ns()
    chunks = arena.size // chunk_bytes
    if _process_frames(
        arena, frame_control, frames, control, cursors, records, record_words, words, lookup,
        state, books, undo, book_table, scratch,
    ) != OK:  # fmt: skip
        wake_readers(control, cursors, one)
        report[BLOCKED_ON] = RECORDS
        return WOULD_BLOCK
    while True:
        ready = int64(_epoll_wait(epoll, events.ctypes.data, _MOST_EVENTS, timeout_ms))
        if ready <= 0:
            return OK
        timeout_ms = 0
        began = monotonic_ns()
        for event in range(ready):
            data = event * EVENT_BYTES + _EVENT_DATA
            descriptor = int64(events[data]) | int64(events[data + 1]) << 8
            source = source_of[descriptor]
            if source < 0:
                report[HAS_ORDERS] = 1
                continue
            limit = frame_control[MAX_CLAIM]
            if claim(frame_control, frame_cursors, limit) != OK:
                report[BLOCKED_ON] = FRAMES
                return WOULD_BLOCK
            got = receive(
                descriptor,
                blocks[source],
                arena.ctypes.data,
                chunks,
                chunk_bytes,
                frame_control[PUBLISHED],
                limit,
                results,
            )
            if got <= 0:
                if got < 0 and got != -_EAGAIN:
                    report[ERROR] = -got
                continue
            _describe_frames(
                frame_control, frames, results, got, chunk_bytes, chunks, source, realtime_ns()
            )
            settle(blocks[source])
            _note_drops(state, results, got, source)
            report[TAKEN] += got
            state[_BURSTS] += 1
            status = _process_frames(
                arena, frame_control, frames, control, cursors, records, record_words, words,
                lookup, state, books, undo, book_table, scratch,
            )  # fmt: skip
            wake_readers(control, cursors, one)
            wake_readers(frame_control, frame_cursors, one)
            if status != OK:
                report[BLOCKED_ON] = RECORDS
                return WOULD_BLOCK
        now = monotonic_ns()
        sample(state, _BURST_NS, now - began)
        if report[HAS_ORDERS] or now - started > turn_ns:
            return OK
