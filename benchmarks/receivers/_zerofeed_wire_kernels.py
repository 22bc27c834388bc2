"""Compiled loops of zerofeed's receivers: the product's own receive calls, and the board."""

from __future__ import annotations

import platform
from typing import Any

from numba import types

from benchmarks._pacer_kernels import look_and_send
from benchmarks.board import DATA, DISORDER, NEXT, READY, RECEIVED, SAMPLES, STOP
from zerofeed.base.clock import monotonic_ns, realtime_ns
from zerofeed.base.kernel import (
    I64,
    I64_2D,
    I64_RO,
    U8,
    always_inlined,
    array_of,
    int64,
    kernel,
    record_array,
)
from zerofeed.base.status import OK
from zerofeed.feed.memory import FRAME
from zerofeed.records.kinds import TRADE
from zerofeed.shm._atomics import load_acquire, pause, store_release
from zerofeed.shm._ring_kernels import (
    CAPACITY,
    POSITION,
    PUBLISHED,
    claim,
    claimed_by_writer,
    wake_readers,
)
from zerofeed.wire._udp_kernels import LENGTH, receive, settle
from zerofeed.wire.xdp._xdp_kernels import receive_queue

__all__ = ["count_trades", "receive_udp", "receive_xdp"]

_poll = types.ExternalFunction("poll", types.int32(types.intp, types.int64, types.int32))
_POLL_MS = 50
_TRADE_ID_WORD = 6
_KIND_WORD = 3

assert platform.machine() in {"x86_64", "aarch64"}, "struct pollfd as one little-endian word"


@always_inlined
def _word_at(data: Any, at: int) -> int:
    """Load eight bytes in little-endian order; compiles to one load."""
    value = int64(0)
    for i in range(8):
        value |= int64(data[at + i]) << (8 * i)
    return value


@always_inlined
def _note(board: Any, age_ns: int) -> None:
    if board[SAMPLES] < board.size - DATA:
        board[DATA + board[SAMPLES]] = age_ns
        board[SAMPLES] += 1


@always_inlined
def _take(board: Any, arena: Any, at: int, places: Any) -> None:
    """Do with a packet what c/wire.h does."""
    number = _word_at(arena, at + places[0])
    if number != board[NEXT]:
        board[DISORDER] += 1
    board[NEXT] = number + 1
    if places[2]:
        _note(board, monotonic_ns() - _word_at(arena, at + places[1]))


@kernel(int64(int64, I64, U8, int64, I64_2D, int64, I64, I64, I64, int64))
def receive_udp(
    descriptor: int,
    block: Any,
    arena: Any,
    chunk_bytes: int,
    results: Any,
    limit: int,
    board: Any,
    waits: Any,
    places: Any,
    is_busy: int,
) -> int:
    """Receive from one socket until the board says stop; nothing is published.

    Args:
        descriptor: the socket.
        block: its receive block.
        arena: chunks.
        chunk_bytes: size of one.
        results: rows for a burst.
        limit: datagrams in a call.
        board: what is counted.
        waits: one struct pollfd.
        places: offsets of number and stamp, and 1 for a latency run.
        is_busy: look all the time; otherwise sleep in poll(2).

    Returns:
        OK, or minus errno.
    """
    chunks = arena.size // chunk_bytes
    first = 0
    store_release(board, READY, 1)
    while load_acquire(board, STOP) == 0:
        got = receive(
            descriptor, block, arena.ctypes.data, chunks, chunk_bytes, first, limit, results
        )
        if got <= 0:
            if is_busy:
                pause()
            else:
                _poll(waits.ctypes.data, 1, _POLL_MS)
            continue
        for i in range(got):
            if results[i, LENGTH] >= 16:
                _take(board, arena, ((first + i) % chunks) * chunk_bytes, places)
        settle(block)
        first += got
        store_release(board, RECEIVED, first)
    return OK


@kernel(
    int64(
        array_of(types.uint32), I64, I64_2D, I64_2D, I64, I64_2D, U8, I64, I64,
        record_array(FRAME), I64, int64, int64, I64, I64, I64, int64,
    )
)  # fmt: skip
def receive_xdp(
    rings: Any,
    ring_words: Any,
    geometry: Any,
    blocks: Any,
    owners: Any,
    flows: Any,
    arena: Any,
    frame_control: Any,
    frame_cursors: Any,
    frames: Any,
    one: Any,
    limit: int,
    tai_shift: int,
    board: Any,
    waits: Any,
    places: Any,
    is_busy: int,
) -> int:
    """Receive from one AF_XDP queue until the board says stop, frames published for readers.

    Args:
        rings: with the others up to ``one`` as for ``receive_once``.
        ring_words: see there.
        geometry: see there.
        blocks: see there.
        owners: see there.
        flows: see there.
        arena: see there.
        frame_control: see there.
        frame_cursors: see there.
        frames: see there.
        one: see there.
        limit: frames in a call.
        tai_shift: ns.
        board: what is counted.
        waits: one struct pollfd.
        places: offsets of number and stamp, and 1 for a latency run.
        is_busy: look all the time; otherwise sleep in poll(2).

    Returns:
        OK, or the receive kernel's code.
    """
    mask = frame_control[CAPACITY] - 1
    received = 0
    store_release(board, READY, 1)
    while load_acquire(board, STOP) == 0:
        claim(frame_control, frame_cursors, limit)
        first = frame_control[PUBLISHED]
        got = receive_queue(
            0, rings, ring_words, geometry, blocks, owners, flows, arena, frame_control, frames,
            limit, realtime_ns(), tai_shift,
        )  # fmt: skip
        if got < 0:
            return got
        if got <= 0:
            if is_busy:
                pause()
            else:
                _poll(waits.ctypes.data, 1, _POLL_MS)
            continue
        wake_readers(frame_control, frame_cursors, one)
        for i in range(got):
            _take(board, arena, frames[(first + i) & mask].offset, places)
        received += got
        store_release(board, RECEIVED, received)
    return OK


@kernel(int64(I64_RO, I64_RO, I64, int64, I64, I64, U8))
def count_trades(
    control: Any, words: Any, page: Any, position: int, board: Any, pace: Any, data: Any
) -> int:
    """Be a reader that looks at the feed's records where they lie, until the board says stop.

    Each trade's id is the time at which its packet was sent.

    Args:
        control: the record ring's control page.
        words: its records as words, eight each, twice over.
        page: this reader's own page.
        position: first record.
        board: what is counted.
        pace: with ``data`` the pacer that sends the packets.
        data: see there.

    Returns:
        Records that were overwritten before they could be trusted.
    """
    capacity = control[CAPACITY]
    overrun = 0
    count = board[RECEIVED]
    store_release(board, READY, 1)
    while load_acquire(board, STOP) == 0:
        look_and_send(pace, data, board)
        end = load_acquire(control, PUBLISHED)
        if end <= position:
            pause()
            continue
        end = min(end, position + capacity // 4)
        for seq in range(position, end):
            at = (seq & (capacity - 1)) * 8
            if (words[at + _KIND_WORD] >> 32) & 0xFF == TRADE:
                _note(board, monotonic_ns() - words[at + _TRADE_ID_WORD])
                count += 1
        overrun += max(0, claimed_by_writer(control) - capacity - position)
        position = end
        store_release(page, POSITION, position)
        store_release(board, RECEIVED, count)
    return overrun
