"""Build frames and hand them to an AF_XDP socket's TX ring (kernels).

``state`` is an int64 array:

====  ============  ================================================================================
word  name          meaning
====  ============  ================================================================================
0     FREE          chunks on the stack of free ones
1     SENT          frames ever put into the TX ring
2     COMPLETED     frames that the kernel has given back: they have left, or were dropped below us
3     IP_SUM        sum of the 16-bit words of the template's IPv4 header
4     WITH_CHECKSUM 1: compute UDP checksums; 0: leave them out (0, which RFC 768 allows)
====  ============  ================================================================================

A *template* is the header of every frame, Ethernet to UDP, with destination, lengths and checksums
left 0. An empty one means that payloads are whole frames already.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, I64_2D, I64_RO, U8, U8_RO, inlined, int64, kernel
from zerofeed.shm._atomics import load_acquire32, store_release32
from zerofeed.wire.xdp._xdp_calls import kick
from zerofeed.wire.xdp._xdp_kernels import U32
from zerofeed.wire.xdp.abi import XDP_RING_NEED_WAKEUP
from zerofeed.wire.xdp.layout import (
    COMPLETION_CONSUMER,
    COMPLETION_MASK,
    COMPLETION_PRODUCER,
    COMPLETION_RING,
    DESCRIPTOR,
    TX_CONSUMER,
    TX_FLAGS,
    TX_MASK,
    TX_PRODUCER,
    TX_RING,
)

__all__ = [
    "COMPLETED",
    "FREE",
    "IP_SUM",
    "SENT",
    "STATE_WORDS",
    "WITH_CHECKSUM",
    "build_frame",
    "put_frames",
    "reap",
]

_Words = npt.NDArray[np.int64]
_Halves = npt.NDArray[np.uint32]
_Bytes = npt.NDArray[np.uint8]

FREE = 0
SENT = 1
COMPLETED = 2
IP_SUM = 3
WITH_CHECKSUM = 4
STATE_WORDS = 8

_LOW = 0xFFFFFFFF
_IPV4_AND_UDP_BYTES = 28
_PROTOCOL_UDP = 17
_EAGAIN = 11
_MOST_KICKS = 256


@inlined
def _put16(out: _Bytes, at: int, value: int) -> None:
    """Write 16 bits in network order."""
    out[at] = (value >> 8) & 0xFF
    out[at + 1] = value & 0xFF


@inlined
def _put48(out: _Bytes, at: int, value: int) -> None:
    """Write 48 bits in network order."""
    for i in range(6):
        out[at + i] = (value >> (40 - 8 * i)) & 0xFF


@inlined
def _fold(total: int) -> int:
    """Fold a sum of 16-bit words into its ones' complement (RFC 1071)."""
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


@inlined
def _sum16(data: _Bytes, at: int, count: int) -> int:
    """Sum ``count`` bytes as 16-bit words in network order; an odd one is the high half of a word."""
    total = 0
    for i in range(0, count - 1, 2):
        total += (int64(data[at + i]) << 8) | int64(data[at + i + 1])
    if count & 1:
        total += int64(data[at + count - 1]) << 8
    return total


@inlined
def _mac_of(neighbours: _Words, address: int) -> int:
    """Give the Ethernet address of a destination."""
    if address >> 28 == 0xE:
        return 0x01005E000000 | (address & 0x7FFFFF)
    for i in range(neighbours.shape[0]):
        if neighbours[i, 0] == address:
            return neighbours[i, 1]
    return 0


@inlined
def _write_frame(
    memory: _Bytes,
    at: int,
    template: _Bytes,
    neighbours: _Words,
    state: _Words,
    payload: _Bytes,
    offset: int,
    length: int,
    destination: int,
) -> int:
    """Write one frame at ``at``; its bytes."""
    head = template.size
    for i in range(head):
        memory[at + i] = template[i]
    body = at + head
    for i in range(length):
        memory[body + i] = payload[offset + i]
    if head == 0:
        return length
    # A sockaddr_in as a little-endian word: family, then port and address in network order.
    port = ((destination >> 16) & 0xFF) << 8 | ((destination >> 24) & 0xFF)
    address = 0
    for i in range(4):
        address = address << 8 | ((destination >> (32 + 8 * i)) & 0xFF)
    ip = body - _IPV4_AND_UDP_BYTES
    udp = body - 8
    _put48(memory, at, _mac_of(neighbours, address))
    _put16(memory, ip + 2, length + _IPV4_AND_UDP_BYTES)
    _put16(memory, ip + 16, address >> 16)
    _put16(memory, ip + 18, address & 0xFFFF)
    total = state[IP_SUM] + length + _IPV4_AND_UDP_BYTES + (address >> 16) + (address & 0xFFFF)
    _put16(memory, ip + 10, _fold(total))
    _put16(memory, udp + 2, port)
    _put16(memory, udp + 4, length + 8)
    if state[WITH_CHECKSUM]:
        # Pseudo header: both addresses, protocol, length; then the UDP header and the payload.
        total = _sum16(memory, ip + 12, 8) + _PROTOCOL_UDP + length + 8
        checksum = _fold(total + _sum16(memory, udp, 8 + length))
        _put16(memory, udp + 6, checksum or 0xFFFF)
    return head + length


@kernel(int64(U8, int64, U8_RO, I64_2D, I64, U8_RO, int64, int64, int64))
def build_frame(
    memory: _Bytes,
    at: int,
    template: _Bytes,
    neighbours: _Words,
    state: _Words,
    payload: _Bytes,
    offset: int,
    length: int,
    destination: int,
) -> int:
    """Write one frame, for whoever wants to look at it.

    Args:
        memory: where to; has room.
        at: offset of the frame in it.
        template: header of every frame, or empty.
        neighbours: int64[n, 2]: IPv4 address, Ethernet address.
        state: IP_SUM and WITH_CHECKSUM are read.
        payload: bytes to send.
        offset: where in them.
        length: how many.
        destination: as from ``batch_sender.pack_destination``.

    Returns:
        Bytes of the frame.
    """
    return _write_frame(
        memory, at, template, neighbours, state, payload, offset, length, destination
    )


@inlined
def _reap(rings: _Halves, ring_words: _Words, row: _Words, free: _Words, state: _Words) -> int:
    """Take back the chunks of frames that have left; how many."""
    consumer = int64(rings[row[COMPLETION_CONSUMER]])
    # Pairs with the kernel's release: it does not read these chunks any more.
    ready = (load_acquire32(rings, row[COMPLETION_PRODUCER]) - consumer) & _LOW
    for i in range(ready):
        free[state[FREE] + i] = ring_words[
            row[COMPLETION_RING] + ((consumer + i) & row[COMPLETION_MASK])
        ]
    state[FREE] += ready
    state[COMPLETED] += ready
    store_release32(rings, row[COMPLETION_CONSUMER], (consumer + ready) & _LOW)
    return ready


@inlined
def _drive(rings: _Halves, row: _Words) -> int:
    """Make the kernel send what is in the TX ring, where it wants to be told; 0 or minus errno.

    In copy mode a call sends some 32 frames and says EAGAIN while there are more.
    """
    for _ in range(_MOST_KICKS):
        if load_acquire32(rings, row[TX_CONSUMER]) == int64(rings[row[TX_PRODUCER]]):
            return 0
        if load_acquire32(rings, row[TX_FLAGS]) & XDP_RING_NEED_WAKEUP == 0:
            return 0
        status = kick(row[DESCRIPTOR])
        if status < 0 and status != -_EAGAIN:
            return status
    return 0


@kernel(int64(U32, I64, I64_2D, I64, I64))
def reap(rings: _Halves, ring_words: _Words, geometry: _Words, free: _Words, state: _Words) -> int:
    """Push what waits, take back the chunks of frames that have left. Never blocks.

    Args:
        rings: uint32 view of all rings.
        ring_words: int64 view of the same.
        geometry: one row.
        free: stack of free chunks, as offsets.
        state: see above.

    Returns:
        0, or minus errno of the call that pushes.
    """
    row = geometry[0]
    status = _drive(rings, row)
    _reap(rings, ring_words, row, free, state)
    return status


@kernel(
    int64(
        U32, I64, I64_2D, I64, I64, U8, int64, U8_RO, I64_2D, U8_RO, I64_RO, I64_RO, I64_RO, int64, int64
    )
)  # fmt: skip
def put_frames(
    rings: _Halves,
    ring_words: _Words,
    geometry: _Words,
    free: _Words,
    state: _Words,
    memory: _Bytes,
    chunk_bytes: int,
    template: _Bytes,
    neighbours: _Words,
    payload: _Bytes,
    offsets: _Words,
    lengths: _Words,
    destinations: _Words,
    first: int,
    last: int,
) -> int:
    """Build as many frames as there is room for, put them into the TX ring, push. Never blocks.

    Args:
        rings: uint32 view of all rings.
        ring_words: int64 view of the same.
        geometry: one row.
        free: stack of free chunks, as offsets.
        state: see above.
        memory: packet memory.
        chunk_bytes: size of a chunk; a longer frame ends the run.
        template: header of every frame, or empty.
        neighbours: int64[n, 2]: IPv4 address, Ethernet address.
        payload: bytes to send.
        offsets: where each payload begins, checked.
        lengths: its bytes.
        destinations: one for all or one each; ignored with an empty template.
        first: first payload.
        last: one behind the last.

    Returns:
        Frames put, counted from ``first``; minus errno when none was and the kernel refuses.
    """
    row = geometry[0]
    _reap(rings, ring_words, row, free, state)
    producer = int64(rings[row[TX_PRODUCER]])
    waiting = (producer - load_acquire32(rings, row[TX_CONSUMER])) & _LOW
    room = min(row[TX_MASK] + 1 - waiting, state[FREE], last - first)
    count = 0
    while count < room:
        index = first + count
        if lengths[index] + template.size > chunk_bytes:
            break
        at = free[state[FREE] - 1]
        destination = int64(0)
        if destinations.size > 0:
            destination = destinations[0 if destinations.size == 1 else index]
        size = _write_frame(
            memory, at, template, neighbours, state, payload, offsets[index], lengths[index],
            destination,
        )  # fmt: skip
        state[FREE] -= 1
        entry = row[TX_RING] + 2 * ((producer + count) & row[TX_MASK])
        ring_words[entry] = at
        ring_words[entry + 1] = size
        count += 1
    state[SENT] += count
    # The kernel may read these descriptors and frames from now on.
    store_release32(rings, row[TX_PRODUCER], (producer + count) & _LOW)
    status = _drive(rings, row)
    return count if count > 0 else status
