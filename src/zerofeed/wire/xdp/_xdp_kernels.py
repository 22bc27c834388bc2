"""Receive from AF_XDP rings, publish, recycle, recover (kernels).

One batch of one queue, and what a kill at each place leaves for ``recover_queues``:

====  ======================================================  =================================
step  what happens                                            killed behind it
====  ======================================================  =================================
0     the caller claimed frame slots                          nothing has happened
1     descriptors read, packets parsed, frame descriptors     the same: claimed slots are
      written into claimed slots, the plan into the block     nobody's, the block is not open
2     OPEN = 1                                                not published: the block is closed
3     frames published                                        steps 4 to 8 are done, once more
4     owners of the slots written                             or not: each writes values that
5     RX consumer advanced                                    the block holds, to places that
6     FILL entries written                                    only the worker writes, so doing
7     FILL producer advanced                                  one again changes nothing
8     counters, OPEN = 0                                      nothing to do
====  ======================================================  =================================

``layout`` has the tables of all words. The rings belong to one worker, which alone calls these.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from zerofeed.base.kernel import (
    I64,
    I64_2D,
    U8,
    array_of,
    inlined,
    int64,
    kernel,
    record_array,
)
from zerofeed.base.status import NOT_READY, OK, WOULD_BLOCK
from zerofeed.feed.memory import FRAME
from zerofeed.shm._atomics import (
    fence_release,
    load_acquire,
    load_acquire32,
    store_release,
    store_release32,
)
from zerofeed.shm._prefetch import prefetch
from zerofeed.shm._ring_kernels import (
    CAPACITY,
    PUBLISHED,
    PUBLISHED_AT_NS,
    claim,
    publish,
    wake_readers,
)
from zerofeed.wire._arrival_kernels import (
    CUT_FLAG,
    GATHERED_FLAG,
    HARDWARE_TIME_FLAG,
    NO_STAMP_FLAG,
)
from zerofeed.wire._frame_kernels import (
    DST_IP,
    DST_PORT,
    FOUND,
    FOUND_SLOTS,
    LINK_ETHERNET,
    PAYLOAD_AT,
    PAYLOAD_STORED,
    PAYLOAD_WIRE,
    SRC_IP,
    locate_udp,
)
from zerofeed.wire.xdp._xdp_calls import tai_shift_ns, wake
from zerofeed.wire.xdp.abi import XDP_PKT_CONTD, XDP_RING_NEED_WAKEUP
from zerofeed.wire.xdp.layout import (
    BATCH,
    BLOCK_MAGIC,
    BUSY_POLL,
    CHUNK_BYTES,
    COUNT,
    CUT,
    DESCRIPTOR,
    FILL_FLAGS,
    FILL_FROM,
    FILL_MASK,
    FILL_PRODUCER,
    FILL_RING,
    FIRST_SEQ,
    FOREIGN,
    GATHER_AT,
    GATHER_BYTES,
    GATHERED,
    HARDWARE_TIME,
    LIVE,
    MAGIC,
    OPEN,
    OWNS,
    RECEIVED,
    RX_CONSUMER,
    RX_FROM,
    RX_MASK,
    RX_PRODUCER,
    RX_RING,
    SCRATCH,
    TAKEN,
    UMEM_BYTES,
)
from zerofeed.wire.xdp.program import (
    META_BYTES,
    META_HARDWARE_AT,
    META_MARK,
    META_MARK_AT,
    META_TAI_AT,
)

__all__ = [
    "CUT_FLAG",
    "GATHERED_FLAG",
    "HARDWARE_TIME_FLAG",
    "NO_STAMP_FLAG",
    "PUBLISHED_AT_NS",
    "U32",
    "receive_once",
    "receive_queue",
    "recover_queues",
]

_Words = npt.NDArray[np.int64]
_Halves = npt.NDArray[np.uint32]
_Bytes = npt.NDArray[np.uint8]

_LOW = 0xFFFFFFFF
_NOBODY = -1
_AHEAD = 6
"""Packets between the one that is parsed and the one whose lines are asked for."""

U32 = array_of(types.uint32)
_FRAMES = record_array(FRAME)


@inlined
def _int64_at(data: _Bytes, at: int) -> int:
    """Load eight bytes in little-endian order; compiles to one load."""
    value = int64(0)
    for i in range(8):
        value |= int64(data[at + i]) << (8 * i)
    return value


@inlined
def _source_of(flows: _Words, destination: int, sender: int) -> int:
    """Find the source of a packet's flow, or _NOBODY."""
    for i in range(flows.shape[0]):
        if flows[i, 0] == destination and (flows[i, 1] == 0 or flows[i, 1] == sender):
            return flows[i, 2]
    return _NOBODY


@inlined
def _pieces(row: _Words, ring_words: _Words, first: int, ready: int) -> int:
    """Count the descriptors of the packet that begins at index ``first``; 0: its end is not here."""
    for i in range(ready):
        entry = row[RX_RING] + 2 * ((first + i) & row[RX_MASK])
        if (ring_words[entry + 1] >> 32) & XDP_PKT_CONTD == 0:
            return i + 1
    return 0


@inlined
def _packet_bytes(row: _Words, ring_words: _Words, first: int, pieces: int) -> int:
    """Sum the lengths of a packet's pieces; -1 if one lies outside the packet memory."""
    total = 0
    for i in range(pieces):
        entry = row[RX_RING] + 2 * ((first + i) & row[RX_MASK])
        address = ring_words[entry]
        length = ring_words[entry + 1] & _LOW
        if address < META_BYTES or address + length > row[UMEM_BYTES]:
            return -1
        total += length
    return total


@inlined
def _gather(
    arena: _Bytes,
    row: _Words,
    ring_words: _Words,
    first: int,
    pieces: int,
    payload_at: int,
    size: int,
    place: int,
) -> None:
    """Copy ``size`` payload bytes out of a packet's pieces to ``place``."""
    done = 0
    for i in range(pieces):
        entry = row[RX_RING] + 2 * ((first + i) & row[RX_MASK])
        at = ring_words[entry]
        end = at + (ring_words[entry + 1] & _LOW)
        if i == 0:
            at = payload_at
        count = min(end - at, size - done)
        for b in range(count):
            arena[place + done + b] = arena[at + b]
        done += count


@inlined
def _stamp(
    frame: Any, arena: _Bytes, address: int, row: _Words, now_ns: int, tai_shift: int
) -> int:
    """Write when a packet arrived, from the words in front of it; gives the flags about it."""
    tai = _int64_at(arena, address + META_TAI_AT)
    if _int64_at(arena, address + META_MARK_AT) != tai ^ META_MARK:
        frame.ts_recv_ns = now_ns
        return NO_STAMP_FLAG
    if row[HARDWARE_TIME]:
        hardware = _int64_at(arena, address + META_HARDWARE_AT)
        if hardware > 0:
            frame.ts_recv_ns = hardware
            return HARDWARE_TIME_FLAG
    frame.ts_recv_ns = tai - tai_shift
    return 0


@inlined
def _carry_out(
    block: _Words,
    row: _Words,
    rings: _Halves,
    ring_words: _Words,
    owners: _Words,
    slot_mask: int,
) -> None:
    """Do steps 4 to 8 of an open block whose frames are published; doing it again changes nothing."""
    first = block[FIRST_SEQ]
    gives = OWNS + block[BATCH]
    taken = block[TAKEN]
    for i in range(block[COUNT]):
        owners[(first + i) & slot_mask] = block[OWNS + i]
    # The kernel may use the descriptors again: everything of them is in the block and the frames.
    store_release32(rings, row[RX_CONSUMER], (block[RX_FROM] + taken) & _LOW)
    for i in range(taken):
        ring_words[row[FILL_RING] + ((block[FILL_FROM] + i) & row[FILL_MASK])] = block[gives + i]
    # The kernel may write into these chunks from now on. Readers of the frames that lay there were
    # told by the claim, which every store here follows.
    store_release32(rings, row[FILL_PRODUCER], (block[FILL_FROM] + taken) & _LOW)
    for counter in range(RECEIVED, FOREIGN + 1):
        store_release(block, counter + LIVE, block[counter])
    store_release(block, OPEN, 0)


@inlined
def _plan(
    block: _Words,
    row: _Words,
    ring_words: _Words,
    owners: _Words,
    flows: _Words,
    arena: _Bytes,
    frames: Any,
    slot_mask: int,
    consumer: int,
    ready: int,
    limit: int,
    now_ns: int,
    tai_shift: int,
) -> int:
    """Step 1: write frames into claimed slots and the plan into the block; descriptors taken."""
    first = block[FIRST_SEQ]
    gives = OWNS + block[BATCH]
    chunk_mask = ~(row[CHUNK_BYTES] - 1)
    found = block[SCRATCH : SCRATCH + FOUND_SLOTS]
    taken = 0
    count = 0
    gathered = 0
    cut = 0
    foreign = 0
    while taken < ready and count < limit:
        at = consumer + taken
        if taken + _AHEAD < ready:
            # What the card or another core wrote is in no cache of this one.
            ahead = ring_words[row[RX_RING] + 2 * ((at + _AHEAD) & row[RX_MASK])]
            prefetch(arena, ahead + META_MARK_AT)
            prefetch(arena, ahead)
        pieces = _pieces(row, ring_words, at, ready - taken)
        is_endless = False
        if pieces == 0:
            if taken > 0 or ready < block[BATCH]:
                break
            # Longer than any packet: given back, or the queue would stand still for ever.
            pieces = ready
            is_endless = True
        entry = row[RX_RING] + 2 * (at & row[RX_MASK])
        address = ring_words[entry]
        total = _packet_bytes(row, ring_words, at, pieces)
        source = _NOBODY
        if total >= 0 and not is_endless:
            end = address + (ring_words[entry + 1] & _LOW)
            if locate_udp(arena, address, end, LINK_ETHERNET, found) == FOUND:
                # A length that reaches behind the packet contradicts it; the stack drops it, too.
                if found[PAYLOAD_AT] - address + found[PAYLOAD_WIRE] <= total:
                    destination = (found[DST_IP] << 16) | found[DST_PORT]
                    source = _source_of(flows, destination, found[SRC_IP])
        if source == _NOBODY:
            foreign += 1
            for i in range(pieces):
                entry = row[RX_RING] + 2 * ((at + i) & row[RX_MASK])
                block[gives + taken + i] = ring_words[entry] & chunk_mask
            taken += pieces
            continue
        slot = (first + count) & slot_mask
        frame = frames[slot]
        flags = _stamp(frame, arena, address, row, now_ns, tai_shift)
        offset = found[PAYLOAD_AT]
        size = found[PAYLOAD_WIRE]
        is_gathered = found[PAYLOAD_STORED] < size and row[GATHER_BYTES] > 0
        if is_gathered:
            # The one copy in user space. The slot keeps its chunk, the queue gets all pieces back.
            place = row[GATHER_AT] + slot * row[GATHER_BYTES]
            if size > row[GATHER_BYTES]:
                size = row[GATHER_BYTES]
                flags |= CUT_FLAG
                cut += 1
            _gather(arena, row, ring_words, at, pieces, offset, size, place)
            offset = place
            flags |= GATHERED_FLAG
            gathered += 1
            block[OWNS + count] = owners[slot]
            block[gives + taken] = address & chunk_mask
        else:
            if found[PAYLOAD_STORED] < size:
                size = found[PAYLOAD_STORED]
                flags |= CUT_FLAG
                cut += 1
            block[OWNS + count] = address & chunk_mask
            block[gives + taken] = owners[slot]
        for i in range(1, pieces):
            entry = row[RX_RING] + 2 * ((at + i) & row[RX_MASK])
            block[gives + taken + i] = ring_words[entry] & chunk_mask
        frame.seq = first + count
        frame.offset = offset
        frame.length = size
        frame.channel = source
        frame.flags = flags
        count += 1
        taken += pieces
    block[COUNT] = count
    block[RECEIVED] = block[RECEIVED + LIVE] + count
    block[GATHERED] = block[GATHERED + LIVE] + gathered
    block[CUT] = block[CUT + LIVE] + cut
    block[FOREIGN] = block[FOREIGN + LIVE] + foreign
    return taken


@inlined
def receive_queue(
    queue: int,
    rings: _Halves,
    ring_words: _Words,
    geometry: _Words,
    blocks: _Words,
    owners: _Words,
    flows: _Words,
    arena: _Bytes,
    frame_control: _Words,
    frames: Any,
    limit: int,
    now_ns: int,
    tai_shift: int,
) -> int:
    """Publish what has arrived on one queue, and give the kernel as many chunks back. Never blocks.

    Before: ``claim`` of at least ``limit`` frames, and ``recover_queues`` once in this process.

    Args:
        queue: row of ``geometry`` and ``blocks``.
        rings: uint32 view of all rings.
        ring_words: int64 view of the same.
        geometry: where each ring lies.
        blocks: receive blocks.
        owners: the chunk of each slot.
        flows: ``flows.flow_table``.
        arena: packet memory and gather places.
        frame_control: the frame ring's control page.
        frames: its descriptors.
        limit: frames at most.
        now_ns: Unix ns; the time of frames that nobody stamped, and of the publication.
        tai_shift: ns, from ``_xdp_calls.tai_shift_ns``.

    Returns:
        Frames published, 0 when there were none (though foreign packets may have been given back);
        NOT_READY when the block was never prepared.
    """
    row = geometry[queue]
    block = blocks[queue]
    if block[MAGIC] != BLOCK_MAGIC:
        return NOT_READY
    consumer = int64(rings[row[RX_CONSUMER]])
    # Pairs with the kernel's release: descriptors and packets below the producer index are complete.
    ready = (load_acquire32(rings, row[RX_PRODUCER]) - consumer) & _LOW
    ready = min(ready, block[BATCH])
    if ready == 0:
        if row[BUSY_POLL] or load_acquire32(rings, row[FILL_FLAGS]) & XDP_RING_NEED_WAKEUP:
            wake(row[DESCRIPTOR])
        return 0
    fill = int64(rings[row[FILL_PRODUCER]])
    # Keeps what follows behind the OPEN = 0 of the batch before.
    fence_release()
    slot_mask = frame_control[CAPACITY] - 1
    block[FIRST_SEQ] = frame_control[PUBLISHED]
    block[RX_FROM] = consumer
    block[FILL_FROM] = fill
    taken = _plan(
        block, row, ring_words, owners, flows, arena, frames, slot_mask, consumer, ready, limit,
        now_ns, tai_shift,
    )  # fmt: skip
    if taken == 0:
        # The rest of a packet in pieces may wait for chunks.
        if load_acquire32(rings, row[FILL_FLAGS]) & XDP_RING_NEED_WAKEUP:
            wake(row[DESCRIPTOR])
        return 0
    block[TAKEN] = taken
    count = block[COUNT]
    # A successor that sees OPEN sees the whole plan and every frame of it.
    store_release(block, OPEN, 1)
    fence_release()
    if count > 0:
        publish(frame_control, count, now_ns)
        fence_release()
    _carry_out(block, row, rings, ring_words, owners, slot_mask)
    if load_acquire32(rings, row[FILL_FLAGS]) & XDP_RING_NEED_WAKEUP:
        wake(row[DESCRIPTOR])
    return count


@kernel(int64(U32, I64, I64_2D, I64_2D, I64, I64))
def recover_queues(
    rings: _Halves,
    ring_words: _Words,
    geometry: _Words,
    blocks: _Words,
    owners: _Words,
    frame_control: _Words,
) -> int:
    """Finish or forget the batch that a killed predecessor had begun. Before anything else.

    Args:
        rings: uint32 view of all rings.
        ring_words: int64 view of the same.
        geometry: where each ring lies.
        blocks: receive blocks.
        owners: the chunk of each slot.
        frame_control: the frame ring's control page.

    Returns:
        Blocks that were finished: 0 or 1.
    """
    finished = 0
    for queue in range(geometry.shape[0]):
        block = blocks[queue]
        if load_acquire(block, OPEN) != 1:
            continue
        if frame_control[PUBLISHED] >= block[FIRST_SEQ] + block[COUNT]:
            slot_mask = frame_control[CAPACITY] - 1
            _carry_out(block, geometry[queue], rings, ring_words, owners, slot_mask)
            finished += 1
        else:
            store_release(block, OPEN, 0)
    return finished


@kernel(
    int64(
        int64, U32, I64, I64_2D, I64_2D, I64, I64_2D, U8, I64, I64, _FRAMES, I64, int64, int64, int64
    )
)  # fmt: skip
def receive_once(
    queue: int,
    rings: _Halves,
    ring_words: _Words,
    geometry: _Words,
    blocks: _Words,
    owners: _Words,
    flows: _Words,
    arena: _Bytes,
    frame_control: _Words,
    frame_cursors: _Words,
    frames: Any,
    one: _Words,
    limit: int,
    now_ns: int,
    tai_shift: int,
) -> int:
    """Claim, receive from one queue, wake readers: a burst without processing, for Python.

    Args:
        queue: as for ``receive_queue``, and so the others.
        rings: the same.
        ring_words: the same.
        geometry: the same.
        blocks: the same.
        owners: the same.
        flows: the same.
        arena: the same.
        frame_control: the same.
        frame_cursors: pages of the frame ring's readers.
        frames: the same.
        one: int64 array of one 1.
        limit: frames at most, no more than the ring's MAX_CLAIM.
        now_ns: Unix ns.
        tai_shift: ns; negative asks the clocks.

    Returns:
        Frames published; WOULD_BLOCK when a lossless reader is in the way; otherwise as
        ``receive_queue``.
    """
    if claim(frame_control, frame_cursors, limit) != OK:
        return WOULD_BLOCK
    if tai_shift < 0:
        tai_shift = tai_shift_ns()
    count = receive_queue(
        queue, rings, ring_words, geometry, blocks, owners, flows, arena, frame_control, frames,
        limit, now_ns, tai_shift,
    )  # fmt: skip
    if count > 0:
        wake_readers(frame_control, frame_cursors, one)
    return count
