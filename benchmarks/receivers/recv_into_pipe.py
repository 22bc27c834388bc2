"""`recv_into`, and a multiprocessing.Pipe to a reader in another process."""

from __future__ import annotations

import os
from multiprocessing import Pipe

from benchmarks.board import STOP, Board
from benchmarks.network import Wire
from benchmarks.receivers._processes import Forked, begin
from benchmarks.receivers._sockets import Counter, open_socket, receive_into
from benchmarks.wire_contest import Receiver, Running, WirePlan

__all__ = ["RECEIVER"]


class RecvIntoPipe(Receiver):
    """What a script does to have the data in a second process."""

    name = "Python, recv_into and multiprocessing.Pipe"
    bias = "favours the pipe: bytes as they are, no pickle, one reader"
    measures = ("latency",)
    handler = "another process"

    def start(self, plan: WirePlan, wire: Wire, board: Board) -> Running:
        """Fork the receiver and its reader."""
        del wire
        outward, inward = Pipe(duplex=False)

        def receive() -> None:
            outward.close()
            sock = open_socket(plan)

            def work() -> None:
                receive_into(
                    sock, plan, board.words, inward.send_bytes, lambda: None,
                    yields=plan.shares_core,
                )  # fmt: skip

            begin(board.words, work)

        def read() -> None:
            inward.close()
            counter = Counter(board.words, self.frame(plan), is_latency=True)
            wait_s = 0.0 if plan.is_busy else 0.05
            while not board.words[STOP]:
                try:
                    if outward.poll(wait_s):
                        counter.take(outward.recv_bytes())
                        continue
                except (EOFError, ConnectionResetError):
                    break
                counter.tell()
                if plan.shares_core:
                    os.sched_yield()
            counter.keep()

        running = Forked(board, (receive, plan.receiver_core), (read, plan.reader_core))
        inward.close()
        outward.close()
        return running


RECEIVER = RecvIntoPipe()
