"""zerofeed's UDP receive kernel, alone in a process."""

from __future__ import annotations

import numpy as np

from benchmarks.board import Board
from benchmarks.network import GROUP, PORT, Wire
from benchmarks.receivers._processes import Forked
from benchmarks.receivers._zerofeed_wire_kernels import receive_udp
from benchmarks.wire_contest import Receiver, Running, WirePlan
from zerofeed.wire.receive_block import block_words, prepare_block, result_table
from zerofeed.wire.udp import open_receiver

__all__ = ["RECEIVER"]

_CHUNK_BYTES = 2048
_CHUNKS = 8192
_POLLIN = 1


class ZerofeedUdp(Receiver):
    """`recvmmsg` into an arena, with the kernel's time stamps and drop counts."""

    name = "zerofeed, UDP receive kernel"
    bias = "nothing is published; a chunk of the arena for each packet, unlike C"

    def start(self, plan: WirePlan, wire: Wire, board: Board) -> Running:
        """Fork the kernel's loop."""
        frame = self.frame(plan)

        def work() -> None:
            receiver = open_receiver(
                GROUP, PORT, interface=wire.inside, buffer_bytes=plan.buffer_bytes
            )
            block = np.zeros(block_words(plan.batch), np.int64)
            prepare_block(block, plan.batch)
            arena = np.zeros(_CHUNKS * _CHUNK_BYTES, np.uint8)
            arena[:] = 0  # touched, so that no page fault falls into a call
            waits = np.array([receiver.fileno() | _POLLIN << 32], np.int64)
            places = np.array([frame.number_at, frame.stamp_at, plan.is_latency], np.int64)
            code = receive_udp(
                receiver.fileno(), block, arena, _CHUNK_BYTES, result_table(plan.batch),
                plan.batch, board.words, waits, places, int(plan.is_busy),
            )  # fmt: skip
            if code:
                raise SystemExit(f"receiving failed: {code}")

        return Forked(board, (work, plan.receiver_core))


RECEIVER = ZerofeedUdp()
