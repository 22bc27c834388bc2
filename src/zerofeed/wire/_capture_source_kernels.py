"""Payloads of a capture into the arena, each once and in order, also across kills (kernels).

The capture's bytes and its index are in the supervisor's memory, which every worker inherits at the
same addresses. What a worker has taken of it is in the source's *receive block*, in the feed's
private memory, int64 words:

====  ============  ==========================================================================
word  name          meaning
====  ============  ==========================================================================
0     NEXT          packets whose frames are published
1     STATE         IDLE 0, CALLING 1 while frames are being made
2     FIRST         NEXT when this call began
3     FIRST_FRAME   frames that were published when this call began
4     COUNT         frames that this call publishes
5     START_NS      monotonic time of the first packet; 0 before it
6     PACKETS       in the capture
7     INDEX         address of the index: rows of 40 bytes (``wire.pcap_index``)
8     DUE           address of int64[PACKETS], ns after START_NS at which each is due
9     DATA          address of the capture's bytes
10    IS_TOLD       1 once its end was told to people
12    TIMER         struct itimerspec, 4 words
====  ============  ==========================================================================

Order of stores, each a release store, so that a successor can tell::

    FIRST, FIRST_FRAME, COUNT, STATE = CALLING     frames not published: nothing has happened
    chunks and descriptors written                 the same
    frames published                               FIRST_FRAME has been passed: NEXT = FIRST + COUNT
    NEXT, STATE = IDLE                             settled
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.clock import monotonic_ns, realtime_ns
from zerofeed.base.kernel import I64, JIT, U8, inlined, int64, kernel
from zerofeed.shm._atomics import store_release
from zerofeed.shm._ring_kernels import CAPACITY, PUBLISHED, publish
from zerofeed.wire._arrival_kernels import FRAMES, RECORDED_FLAG, describe_frame

__all__ = [
    "BLOCK_WORDS",
    "DATA",
    "DUE",
    "INDEX",
    "IS_TOLD",
    "NEXT",
    "PACKETS",
    "START_NS",
    "recover_recorded",
    "set_timer",
    "take",
    "take_recorded",
]

_Words = npt.NDArray[np.int64]

NEXT = 0
STATE = 1
FIRST = 2
FIRST_FRAME = 3
COUNT = 4
START_NS = 5
PACKETS = 6
INDEX = 7
DUE = 8
DATA = 9
IS_TOLD = 10
TIMER = 12
BLOCK_WORDS = 16

_IDLE = 0
_CALLING = 1
_ROW_BYTES = 40
_ABSOLUTE = 1
_NS = 1_000_000_000
_LOW_HALF = 0xFFFFFFFF

if JIT:
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    _memcpy = types.ExternalFunction("memcpy", types.intp(types.intp, types.intp, types.intp))
    _timerfd_settime = types.ExternalFunction(
        "timerfd_settime", types.int32(types.int32, types.int32, types.intp, types.intp)
    )

    def _typed_word_at(_typing: Any, address: Any) -> Any:
        """Load the int64 at an address."""

        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            pointer = builder.inttoptr(arguments[0], ir.PointerType(ir.IntType(64)))
            return builder.load(pointer)

        return types.int64(address), generate

    _word_at = intrinsic(_typed_word_at)


@inlined
def _arm(descriptor: int, block: _Words, at_ns: int) -> None:
    """Let the timer's descriptor be readable from a monotonic time on; 0: never."""
    block[TIMER] = 0
    block[TIMER + 1] = 0
    block[TIMER + 2] = at_ns // _NS
    block[TIMER + 3] = at_ns % _NS
    _timerfd_settime(descriptor, _ABSOLUTE, block.ctypes.data + 8 * TIMER, 0)


@inlined
def _due_count(block: _Words, first: int, limit: int, elapsed_ns: int) -> int:
    """Count the packets from ``first`` on that are due, ``limit`` at most."""
    most = min(limit, block[PACKETS] - first)
    count = 0
    while count < most and _word_at(block[DUE] + 8 * (first + count)) <= elapsed_ns:
        count += 1
    return count


@inlined
def _store_frames(
    block: _Words,
    first: int,
    count: int,
    source: int,
    arena: npt.NDArray[np.uint8],
    chunk_bytes: int,
    frame_control: _Words,
    frames: Any,
    now_ns: int,
) -> None:
    """Copy payloads into the chunks behind the published frames and describe them."""
    chunks = arena.size // chunk_bytes
    seq = frame_control[PUBLISHED]
    at = seq & (frame_control[CAPACITY] - 1)
    for i in range(count):
        row = block[INDEX] + _ROW_BYTES * (first + i)
        lengths = _word_at(row + 16)
        stored = lengths & _LOW_HALF
        sent = max(stored, (lengths >> 32) & _LOW_HALF)
        kept = min(stored, chunk_bytes)
        offset = ((seq + i) % chunks) * chunk_bytes
        _memcpy(arena.ctypes.data + offset, block[DATA] + _word_at(row + 8), kept)
        describe_frame(
            frames,
            at + i,
            seq + i,
            offset,
            kept,
            sent - kept,
            _word_at(row),
            now_ns,
            source,
            RECORDED_FLAG,
        )


@inlined
def take_recorded(
    descriptor: int,
    source: int,
    block: _Words,
    arena: npt.NDArray[np.uint8],
    chunk_bytes: int,
    frame_control: _Words,
    frames: Any,
    limit: int,
) -> int:
    """Make frames of the packets that are due, publish them, settle. The feed's single writer.

    The descriptor stays readable while more packets are due, sleeps until the next one is, and
    is silent for ever behind the last.

    Args:
        descriptor: timer of the source.
        source: its index.
        block: its receive block, recovered in this process.
        arena: the frames' memory.
        chunk_bytes: size of a chunk; longer payloads are cut, and marked.
        frame_control: the frame ring's control page.
        frames: its descriptors.
        limit: frames that were claimed.

    Returns:
        Frames published, 0 or more.
    """
    first = block[NEXT]
    if block[START_NS] == 0:
        store_release(block, START_NS, monotonic_ns())
    count = _due_count(block, first, limit, monotonic_ns() - block[START_NS])
    if count > 0:
        now_ns = realtime_ns()
        block[FIRST] = first
        block[FIRST_FRAME] = frame_control[PUBLISHED]
        block[COUNT] = count
        store_release(block, STATE, _CALLING)
        _store_frames(
            block, first, count, source, arena, chunk_bytes, frame_control, frames, now_ns
        )
        publish(frame_control, count, now_ns)
        store_release(block, NEXT, first + count)
        store_release(block, STATE, _IDLE)
    after = first + count
    if after >= block[PACKETS]:
        _arm(descriptor, block, 0)
    elif count < limit:
        _arm(descriptor, block, block[START_NS] + _word_at(block[DUE] + 8 * after))
    return count


@kernel(int64(I64, int64))
def recover_recorded(block: _Words, frames_published: int) -> int:
    """Find out how far a killed process came, and settle. May itself be killed and repeated.

    Args:
        block: as it was left, or zeroed.
        frames_published: of the frame ring, now.

    Returns:
        Packets whose frames are published.
    """
    if block[STATE] == _CALLING:
        if frames_published != block[FIRST_FRAME]:
            store_release(block, NEXT, block[FIRST] + block[COUNT])
        store_release(block, STATE, _IDLE)
    return block[NEXT]


@kernel(int64(int64, I64, int64))
def set_timer(descriptor: int, block: _Words, at_ns: int) -> int:
    """Let the source be readable from a monotonic time on, 0 for never; returns 0."""
    _arm(descriptor, block, at_ns)
    return 0


@kernel(int64(int64, int64, I64, U8, int64, I64, FRAMES, int64))
def take(
    descriptor: int,
    source: int,
    block: _Words,
    arena: npt.NDArray[np.uint8],
    chunk_bytes: int,
    frame_control: _Words,
    frames: Any,
    limit: int,
) -> int:
    """Call :func:`take_recorded` from Python."""
    return take_recorded(
        descriptor, source, block, arena, chunk_bytes, frame_control, frames, limit
    )
