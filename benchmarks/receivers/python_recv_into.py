"""`recv_into` on one buffer: the fastest that the standard library offers."""

from __future__ import annotations

from benchmarks.board import Board
from benchmarks.network import Wire
from benchmarks.receivers._processes import Forked, begin
from benchmarks.receivers._sockets import Counter, open_socket, receive_into
from benchmarks.wire_contest import Receiver, Running, WirePlan

__all__ = ["RECEIVER"]


class RecvInto(Receiver):
    """A loop in Python around one system call a packet."""

    name = "Python, recv_into"
    bias = "favours Python: the handler is the loop's own code, nothing is kept"

    def start(self, plan: WirePlan, wire: Wire, board: Board) -> Running:
        """Fork the loop."""
        del wire

        def work() -> None:
            sock = open_socket(plan)
            counter = Counter(board.words, self.frame(plan), is_latency=plan.is_latency)
            begin(
                board.words,
                lambda: receive_into(sock, plan, board.words, counter.take, counter.tell),
            )
            counter.keep()

        return Forked(board, (work, plan.receiver_core))


RECEIVER = RecvInto()
