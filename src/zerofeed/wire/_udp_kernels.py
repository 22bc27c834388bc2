"""Receive datagrams into an arena and send them from a buffer, in batches (kernels).

The layouts of the blocks that these kernels work on are the word tables of
``zerofeed.wire.receive_block`` (receiving) and ``zerofeed.wire.batch_sender`` (sending). No result
here is ever between 0 and -1000 but a count or minus errno.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.clock import realtime_ns
from zerofeed.base.kernel import I64, I64_2D, I64_RO, inlined, int64, kernel
from zerofeed.base.status import NOT_READY
from zerofeed.shm._atomics import fence_release, store_release
from zerofeed.shm._ring_kernels import CAPACITY, PUBLISHED, publish
from zerofeed.wire._arrival_kernels import FRAMES, describe_frame
from zerofeed.wire._batch_calls import receive_batch, send_batch
from zerofeed.wire.socket_abi import (
    CMSG_DATA,
    CMSG_DROPS,
    CMSG_LENGTH,
    CMSG_LEVEL_TYPE,
    CMSG_TIMESTAMP,
    HDR_CONTROL,
    HDR_CONTROL_BYTES,
    HDR_IOV,
    HDR_IOV_COUNT,
    HDR_LENGTH,
    HDR_NAME,
    HDR_NAME_BYTES,
    HDR_WORDS,
    IOV_BASE,
    IOV_LENGTH,
    IOV_WORDS,
    MSG_DONTWAIT,
    MSG_NOSIGNAL,
    MSG_TRUNC,
    SOCKADDR_BYTES,
    SOCKADDR_WORDS,
)

__all__ = [
    "ARENA_CHUNKS",
    "ARRIVAL_NS",
    "BATCH",
    "BLOCK_ADDRESS",
    "BLOCK_HEADER_WORDS",
    "BLOCK_MAGIC",
    "CALLING",
    "CHUNK_BYTES",
    "CONTROL_WORDS",
    "CUT_BYTES",
    "DROPS",
    "FIRST_CHUNK",
    "IDLE",
    "LENGTH",
    "LIMIT",
    "MAGIC",
    "RESULT_COLUMNS",
    "SEND_WORDS",
    "SENTINEL",
    "STATE",
    "WORDS_PER_MESSAGE",
    "prepare_receive",
    "publish_frames",
    "receive",
    "recover",
    "send",
    "settle",
    "take_datagrams",
]

Words = npt.NDArray[np.int64]

BLOCK_MAGIC = 0x7A66_7278_0000_0001

MAGIC = 0
BATCH = 1
BLOCK_ADDRESS = 2
STATE = 3
FIRST_CHUNK = 4
LIMIT = 5
CHUNK_BYTES = 6
ARENA_CHUNKS = 7
BLOCK_HEADER_WORDS = 8

IDLE = 0
CALLING = 1

CONTROL_WORDS = 8
"""Room for a timespec (32 bytes with its header) and a drop counter (24)."""

WORDS_PER_MESSAGE = HDR_WORDS + IOV_WORDS + CONTROL_WORDS

SENTINEL = 0xFFFFFFFF
"""A length that no datagram has: this message has not been received."""

LENGTH = 0
ARRIVAL_NS = 1
CUT_BYTES = 2
DROPS = 3
RESULT_COLUMNS = 4

SEND_WORDS = HDR_WORDS + IOV_WORDS + SOCKADDR_WORDS

_LOW_HALF = 0xFFFFFFFF


@inlined
def _iovecs(block: Words) -> int:
    """Word of the first iovec."""
    word: int = BLOCK_HEADER_WORDS + block[BATCH] * HDR_WORDS
    return word


@inlined
def _controls(block: Words) -> int:
    """Word of the first control buffer."""
    word: int = BLOCK_HEADER_WORDS + block[BATCH] * (HDR_WORDS + IOV_WORDS)
    return word


@inlined
def _read_results(block: Words, count: int, results: Words) -> None:
    """Write one result row for each of the first ``count`` messages."""
    controls = _controls(block)
    for i in range(count):
        header = BLOCK_HEADER_WORDS + i * HDR_WORDS
        wire_bytes = block[header + HDR_LENGTH] & _LOW_HALF
        stored = min(wire_bytes, block[CHUNK_BYTES])
        results[i, LENGTH] = stored
        results[i, CUT_BYTES] = wire_bytes - stored
        results[i, ARRIVAL_NS] = 0
        results[i, DROPS] = 0
        at = controls + i * CONTROL_WORDS
        end = at + min(block[header + HDR_CONTROL_BYTES] >> 3, CONTROL_WORDS)
        while at + CMSG_DATA < end:
            kind = block[at + CMSG_LEVEL_TYPE]
            if kind == CMSG_TIMESTAMP and at + CMSG_DATA + 1 < end:
                results[i, ARRIVAL_NS] = (
                    block[at + CMSG_DATA] * 1_000_000_000 + block[at + CMSG_DATA + 1]
                )
            elif kind == CMSG_DROPS:
                results[i, DROPS] = block[at + CMSG_DATA] & _LOW_HALF
            at += max((block[at + CMSG_LENGTH] + 7) >> 3, CMSG_DATA)


@kernel(int64(I64, int64))
def prepare_receive(block: Words, batch: int) -> int:
    """Lay out a receive block for this process; addresses in it are this process's own.

    Args:
        block: int64[BLOCK_HEADER_WORDS + batch * WORDS_PER_MESSAGE], any contents.
        batch: messages in one call, at least 1.

    Returns:
        0.
    """
    store_release(block, STATE, IDLE)
    fence_release()
    address = int64(block.ctypes.data)
    block[MAGIC] = BLOCK_MAGIC
    block[BATCH] = batch
    block[BLOCK_ADDRESS] = address
    block[FIRST_CHUNK] = 0
    block[LIMIT] = 0
    block[CHUNK_BYTES] = 0
    block[ARENA_CHUNKS] = 0
    iovecs = _iovecs(block)
    controls = _controls(block)
    for i in range(batch):
        header = BLOCK_HEADER_WORDS + i * HDR_WORDS
        for word in range(HDR_WORDS):
            block[header + word] = 0
        block[header + HDR_IOV] = address + 8 * (iovecs + i * IOV_WORDS)
        block[header + HDR_IOV_COUNT] = 1
        block[header + HDR_CONTROL] = address + 8 * (controls + i * CONTROL_WORDS)
        block[header + HDR_LENGTH] = SENTINEL
        for word in range(CONTROL_WORDS):  # touch it now: a page fault may not fall into a call
            block[controls + i * CONTROL_WORDS + word] = 0
    return 0


@kernel(int64(int64, I64, int64, int64, int64, int64, int64, I64_2D))
def receive(
    descriptor: int,
    block: Words,
    arena_address: int,
    arena_chunks: int,
    chunk_bytes: int,
    first_chunk: int,
    limit: int,
    results: Words,
) -> int:
    """Receive what is waiting, without blocking, each datagram into its own chunk of the arena.

    Message i lands in chunk ``(first_chunk + i) % arena_chunks``.

    What a successor may rely on when this process is killed at any instruction: once STATE is
    CALLING, the messages whose length is not SENTINEL, counted from the first, were taken off
    the socket and lie in their chunks; the others are still in the socket. (The kernel writes
    a length after its payload, and a fatal signal takes effect between system calls.)

    Args:
        descriptor: a UDP socket.
        block: prepared by ``prepare_receive`` in this process.
        arena_address: address of the arena in this process.
        arena_chunks: chunks of the arena; at least ``limit``.
        chunk_bytes: size of one, and so the longest payload kept whole.
        first_chunk: number of the first chunk, counted on for ever: at least 0, reduced modulo
            ``arena_chunks`` here and kept unreduced for ``recover``.
        limit: messages at most; more than the block holds means what it holds.
        results: int64[>= limit, 4] for length stored, arrival time (ns since the epoch by the
            kernel's clock, 0: unknown), bytes cut off because the chunk was too short, and the
            socket's drop counter (u32, wraps, 0 until the first drop).

    Returns:
        Messages received, 0 to limit; minus errno (EAGAIN: nothing there); NOT_READY when the
        block was not prepared in this process. Never blocks.
    """
    address = int64(block.ctypes.data)
    if block[MAGIC] != BLOCK_MAGIC or block[BLOCK_ADDRESS] != address:
        return NOT_READY
    count = min(limit, block[BATCH])
    if count <= 0:
        return 0
    # Not CALLING while the sentinels are being set, or a kill here would bring back messages
    # of the call before. The fence keeps what follows behind this store.
    store_release(block, STATE, IDLE)
    fence_release()
    block[FIRST_CHUNK] = first_chunk
    block[LIMIT] = count
    block[CHUNK_BYTES] = chunk_bytes
    block[ARENA_CHUNKS] = arena_chunks
    iovec = _iovecs(block)
    chunk = first_chunk % arena_chunks
    for i in range(count):
        header = BLOCK_HEADER_WORDS + i * HDR_WORDS
        block[iovec + IOV_BASE] = arena_address + chunk * chunk_bytes
        block[iovec + IOV_LENGTH] = chunk_bytes
        block[header + HDR_CONTROL_BYTES] = CONTROL_WORDS * 8
        block[header + HDR_LENGTH] = SENTINEL
        iovec += IOV_WORDS
        chunk += 1
        if chunk == arena_chunks:
            chunk = 0
    # A successor that sees CALLING sees every sentinel and FIRST_CHUNK of this call.
    store_release(block, STATE, CALLING)
    # MSG_TRUNC as an input flag makes the kernel report the whole length of a cut datagram.
    got = receive_batch(
        descriptor, address + 8 * BLOCK_HEADER_WORDS, count, MSG_DONTWAIT | MSG_TRUNC
    )
    if got > 0:
        _read_results(block, got, results)
    return got


@kernel(int64(I64))
def settle(block: Words) -> int:
    """Note that everything the last call received has been published; returns 0."""
    store_release(block, STATE, IDLE)
    return 0


@kernel(int64(I64, I64_2D))
def recover(block: Words, results: Words) -> int:
    """Find out what the last call of a killed process received.

    Uses no address from the block, so the block may be mapped anywhere. Message i lies in
    chunk ``(block[FIRST_CHUNK] + i) % block[ARENA_CHUNKS]``.

    Args:
        block: the block as the dead process left it; not prepared again before this.
        results: int64[>= batch, 4], filled as by ``receive``.

    Returns:
        Messages taken off the socket by the unsettled call (they may have been published
        already: compare FIRST_CHUNK with what was), 0 when there are none, NOT_READY when this
        is no receive block.
    """
    if block[MAGIC] != BLOCK_MAGIC:
        return NOT_READY
    if block[STATE] != CALLING:
        return 0
    count = 0
    while count < block[LIMIT]:
        header = BLOCK_HEADER_WORDS + count * HDR_WORDS
        if block[header + HDR_LENGTH] & _LOW_HALF == SENTINEL:
            break
        count += 1
    _read_results(block, count, results)
    return count


@kernel(int64(I64, FRAMES, I64_2D, int64, int64, int64, int64, int64))
def publish_frames(
    frame_control: Words,
    frames: Any,
    results: Words,
    count: int,
    chunk_bytes: int,
    chunks: int,
    source: int,
    now_ns: int,
) -> int:
    """Write the descriptors of frames that were received, and publish them. Single writer.

    Frame s lies in chunk ``s % chunks``, which is where ``receive`` was told to put it.

    Args:
        frame_control: the frame ring's control page.
        frames: its descriptors.
        results: as ``receive`` gives them, ``count`` rows.
        count: frames, claimed.
        chunk_bytes: size of a chunk.
        chunks: chunks of the arena.
        source: index of the source.
        now_ns: Unix ns, for frames without an arrival time.

    Returns:
        ``count``.
    """
    first = frame_control[PUBLISHED]
    at = first & (frame_control[CAPACITY] - 1)
    for i in range(count):
        describe_frame(
            frames,
            at + i,
            first + i,
            ((first + i) % chunks) * chunk_bytes,
            results[i, LENGTH],
            results[i, CUT_BYTES],
            results[i, ARRIVAL_NS],
            now_ns,
            source,
            0,
        )
    publish(frame_control, count, now_ns)
    return count


@inlined
def take_datagrams(
    descriptor: int,
    source: int,
    block: Words,
    results: Words,
    arena: npt.NDArray[np.uint8],
    chunk_bytes: int,
    frame_control: Words,
    frames: Any,
    limit: int,
) -> int:
    """Receive a burst into the arena, publish its frames, settle. The feed's single writer.

    Args:
        descriptor: a UDP socket.
        source: its index.
        block: its receive block, prepared in this process.
        results: scratch, a row a message; afterwards the last one has the socket's drops.
        arena: the frames' memory.
        chunk_bytes: size of a chunk.
        frame_control: the frame ring's control page.
        frames: its descriptors.
        limit: frames that were claimed.

    Returns:
        Frames published, 0 or more; minus errno.
    """
    chunks = arena.size // chunk_bytes
    got = receive(
        descriptor,
        block,
        arena.ctypes.data,
        chunks,
        chunk_bytes,
        frame_control[PUBLISHED],
        limit,
        results,
    )
    if got > 0:
        publish_frames(
            frame_control, frames, results, got, chunk_bytes, chunks, source, realtime_ns()
        )
        settle(block)
    return got


@kernel(int64(int64, I64, int64, I64_RO, I64_RO, I64_RO, int64, int64))
def send(
    descriptor: int,
    block: Words,
    buffer_address: int,
    offsets: Words,
    lengths: Words,
    destinations: Words,
    first: int,
    count: int,
) -> int:
    """Send payloads straight from a buffer; does not block.

    Args:
        descriptor: a UDP socket.
        block: int64[n * SEND_WORDS] scratch; at most n messages go out in one call.
        buffer_address: address of the buffer; offsets and lengths were checked against it.
        offsets: int64, byte offset of each payload.
        lengths: int64, its bytes.
        destinations: int64, first word of each sockaddr_in (``batch_sender.pack_destinations``); one
            element means the same for all, none that the socket is connected.
        first: first payload to send.
        count: payloads wanted.

    Returns:
        Payloads that the kernel took, from ``first``; minus errno when it took none.
    """
    count = min(count, block.size // SEND_WORDS, lengths.size - first)
    if count <= 0:
        return 0
    address = int64(block.ctypes.data)
    for i in range(count):
        header = i * HDR_WORDS
        iovec = count * HDR_WORDS + i * IOV_WORDS
        name = count * (HDR_WORDS + IOV_WORDS) + i * SOCKADDR_WORDS
        block[iovec + IOV_BASE] = buffer_address + offsets[first + i]
        block[iovec + IOV_LENGTH] = lengths[first + i]
        for word in range(HDR_WORDS):
            block[header + word] = 0
        block[header + HDR_IOV] = address + 8 * iovec
        block[header + HDR_IOV_COUNT] = 1
        if destinations.size > 0:
            which = 0 if destinations.size == 1 else first + i
            block[name] = destinations[which]
            block[name + 1] = 0
            block[header + HDR_NAME] = address + 8 * name
            block[header + HDR_NAME_BYTES] = SOCKADDR_BYTES
    return send_batch(descriptor, address, count, MSG_DONTWAIT | MSG_NOSIGNAL)
