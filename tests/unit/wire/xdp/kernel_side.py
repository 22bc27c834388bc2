"""The other side of the rings, played in Python: takes chunks from FILL, delivers packets by RX.

With it the receive kernels are tested without privilege, at any instant that a test chooses.
"""

from __future__ import annotations

import struct

import numpy as np

from zerofeed.base.kernel import JIT
from zerofeed.feed.memory import FRAME
from zerofeed.shm.ring import CursorTable, Ring
from zerofeed.wire.xdp import layout
from zerofeed.wire.xdp.flows import Flow, flow_table
from zerofeed.wire.xdp.layout import ArenaPlan, prepare_words
from zerofeed.wire.xdp.program import META_MARK

__all__ = ["KernelSide"]

_HEAD_BYTES = 320
HEADROOM = 256


class KernelSide:
    """All memory that the receive kernels work on, and the kernel's end of it.

    Args:
        plan: of the arena.
        flows: what is received.
        batch: descriptors in one call.
        start: value that all free-running indices begin with.
    """

    def __init__(
        self, plan: ArenaPlan, flows: list[Flow], *, batch: int = 64, start: int = 0
    ) -> None:
        self.plan = plan
        self.flows = flow_table(flows)
        self.arena = np.zeros(plan.arena_bytes, np.uint8)
        self.blocks, self.owners = prepare_words(np.zeros(plan.words(batch), np.int64), plan, batch)
        self.ring = Ring("kernel-side", plan.slots, 32, max_claim=64)
        self.frames = self.ring.items(FRAME)
        if not JIT:  # the plain twin of a kernel writes fields as attributes
            self.frames = self.frames.view(np.recarray)
        self.cursors = CursorTable()
        self.one = np.ones(1, np.int64)
        rx_bytes = _HEAD_BYTES + 16 * plan.rx_entries
        fill_bytes = _HEAD_BYTES + 8 * plan.fill_entries
        self.words = np.zeros(plan.queues * (rx_bytes + fill_bytes) // 8, np.int64)
        self.halves = self.words.view(np.uint32)
        self.geometry = np.zeros((plan.queues, layout.GEOMETRY_WORDS), np.int64)
        self.lost = [0] * plan.queues
        at = 0
        for queue, row in enumerate(self.geometry):
            row[layout.RX_PRODUCER] = at // 4
            row[layout.RX_CONSUMER] = (at + 128) // 4
            row[layout.RX_RING] = (at + _HEAD_BYTES) // 8
            row[layout.RX_MASK] = plan.rx_entries - 1
            at += rx_bytes
            row[layout.FILL_PRODUCER] = at // 4
            row[layout.FILL_CONSUMER] = (at + 128) // 4
            row[layout.FILL_FLAGS] = (at + 196) // 4
            row[layout.FILL_RING] = (at + _HEAD_BYTES) // 8
            row[layout.FILL_MASK] = plan.fill_entries - 1
            at += fill_bytes
            row[layout.DESCRIPTOR] = -1
            row[layout.CHUNK_BYTES] = plan.chunk_bytes
            row[layout.UMEM_BYTES] = plan.chunks * plan.chunk_bytes
            row[layout.GATHER_AT] = plan.umem_bytes
            row[layout.GATHER_BYTES] = plan.gather_bytes
            for column in (0, 1, 4, 5):
                self.halves[row[column]] = start
            chunks = plan.queue_chunks(queue)
            for i, chunk in enumerate(chunks):
                self.words[row[layout.FILL_RING] + (start + i & plan.fill_entries - 1)] = chunk
            self.halves[row[layout.FILL_PRODUCER]] = start + chunks.size & 0xFFFFFFFF

    @property
    def tables(self):
        """What the kernels take."""
        return self.halves, self.words, self.geometry, self.blocks, self.owners

    def index(self, queue: int, column: int) -> int:
        """Read a producer or consumer index."""
        return int(self.halves[self.geometry[queue, column]])

    def between(self, queue: int, consumer: int, producer: int) -> list[int]:
        """List the indices of what lies in a ring."""
        first, last = self.index(queue, consumer), self.index(queue, producer)
        return [first + i for i in range(last - first & 0xFFFFFFFF)]

    def deliver(
        self,
        frame: bytes,
        queue: int = 0,
        *,
        tai_ns: int = 1_000,
        hardware_ns: int = 0,
        has_metadata: bool = True,
    ) -> bool:
        """Do what the kernel does with a redirected packet; False and counted if it must drop it."""
        row = self.geometry[queue]
        room = self.plan.chunk_bytes - HEADROOM
        pieces = [frame[at : at + room] for at in range(0, len(frame), room)]
        waiting = self.between(queue, layout.FILL_CONSUMER, layout.FILL_PRODUCER)
        in_rx = len(self.between(queue, layout.RX_CONSUMER, layout.RX_PRODUCER))
        if len(waiting) < len(pieces) or in_rx + len(pieces) > self.plan.rx_entries:
            self.lost[queue] += 1
            return False
        producer = self.index(queue, layout.RX_PRODUCER)
        for i, piece in enumerate(pieces):
            chunk = int(self.words[row[layout.FILL_RING] + (waiting[i] & row[layout.FILL_MASK])])
            at = chunk + HEADROOM
            self.arena[at - 24 : at] = 0
            if has_metadata and i == 0:
                meta = struct.pack("<QQQ", hardware_ns, tai_ns, tai_ns ^ META_MARK)
                self.arena[at - 24 : at] = np.frombuffer(meta, np.uint8)
            self.arena[at : at + len(piece)] = np.frombuffer(piece, np.uint8)
            entry = row[layout.RX_RING] + 2 * (producer + i & row[layout.RX_MASK])
            more = 1 if i + 1 < len(pieces) else 0
            self.words[entry] = at
            self.words[entry + 1] = len(piece) | more << 32
        consumer = self.index(queue, layout.FILL_CONSUMER)
        self.halves[row[layout.FILL_CONSUMER]] = consumer + len(pieces) & 0xFFFFFFFF
        self.halves[row[layout.RX_PRODUCER]] = producer + len(pieces) & 0xFFFFFFFF
        return True

    def chunks_of(self, queue: int) -> list[int]:
        """List every chunk that a queue has, in the FILL ring and in the RX ring."""
        row = self.geometry[queue]
        in_fill = [
            int(self.words[row[layout.FILL_RING] + (i & row[layout.FILL_MASK])])
            for i in self.between(queue, layout.FILL_CONSUMER, layout.FILL_PRODUCER)
        ]
        in_rx = [
            int(self.words[row[layout.RX_RING] + 2 * (i & row[layout.RX_MASK])])
            & ~(self.plan.chunk_bytes - 1)
            for i in self.between(queue, layout.RX_CONSUMER, layout.RX_PRODUCER)
        ]
        return in_fill + in_rx

    def assert_conserved(self) -> None:
        """Every chunk belongs to exactly one slot or queue, and each has as many as ever."""
        everything = list(self.owners)
        for queue in range(self.plan.queues):
            mine = self.chunks_of(queue)
            assert len(mine) == self.plan.chunks_per_queue
            everything += mine
        assert sorted(everything) == [i * self.plan.chunk_bytes for i in range(self.plan.chunks)]

    def payload(self, seq: int) -> bytes:
        """Read what a frame says is its payload."""
        frame = self.frames[seq & self.plan.slots - 1]
        assert frame["seq"] == seq
        at = int(frame["offset"])
        return self.arena[at : at + int(frame["length"])].tobytes()
