"""zerofeed's AF_XDP receive kernel, alone in a process."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.board import LOST, Board
from benchmarks.network import GROUP, PORT, Wire
from benchmarks.receivers._processes import Forked
from benchmarks.receivers._zerofeed_wire_kernels import receive_xdp
from benchmarks.wire_contest import Receiver, Running, WirePlan
from zerofeed.feed.memory import FRAME, FRAME_BYTES
from zerofeed.shm.ring import CursorTable, Ring
from zerofeed.shm.segment import Segment
from zerofeed.wire.xdp.flows import Flow
from zerofeed.wire.xdp.layout import ArenaPlan
from zerofeed.wire.xdp.receiver import XdpReceiver

__all__ = ["RECEIVER"]

_SLOTS = 8192
_SECOND_NS = 1_000_000_000
_POLLIN = 1


class ZerofeedAfXdp(Receiver):
    """Rings, parsing, frames published for readers, chunks recycled: the product's kernel in a loop."""

    name = "zerofeed, AF_XDP receive kernel"

    def start(self, plan: WirePlan, wire: Wire, board: Board) -> Running:
        """Fork the kernel's loop."""
        frame = self.frame(plan)

        def work() -> None:
            divided = ArenaPlan(slots=_SLOTS, queues=1, chunks_per_queue=plan.chunks)
            arena = Segment("bench-arena", divided.arena_bytes)
            chunks = arena.mapping.bytes(0, divided.arena_bytes)
            words = Segment("bench-words", divided.words(plan.batch) * 8)
            ring = Ring("bench-frames", _SLOTS, FRAME_BYTES, max_claim=plan.batch)
            with XdpReceiver(
                wire.inside,
                [Flow(GROUP, PORT)],
                chunks,
                words.mapping.view(np.int64, 0, divided.words(plan.batch)),
                divided,
                batch=plan.batch,
                attach="native",
            ) as receiver:
                waits = np.array([receiver.descriptors()[0] | _POLLIN << 32], np.int64)
                places = np.array([frame.number_at, frame.stamp_at, plan.is_latency], np.int64)
                code = receive_xdp(
                    *receiver.tables, receiver.flow_table, chunks, ring.control,
                    CursorTable().words, ring.items(FRAME), np.ones(1, np.int64), plan.batch,
                    _tai_shift_ns(), board.words, waits, places, int(plan.is_busy),
                )  # fmt: skip
                board.words[LOST] = receiver.lost()
                if code:
                    raise SystemExit(f"receiving failed: {code}")

        return Forked(board, (work, plan.receiver_core))


def _tai_shift_ns() -> int:
    apart = time.clock_gettime_ns(time.CLOCK_TAI) - time.time_ns()
    return round(apart / _SECOND_NS) * _SECOND_NS


RECEIVER = ZerofeedAfXdp()
