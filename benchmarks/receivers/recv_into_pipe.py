"""`recv_into`, and a multiprocessing.Pipe to a reader in another process."""

from __future__ import annotations

from multiprocessing import Pipe

from benchmarks.board import STOP, Board
from benchmarks.network import Wire
from benchmarks.pacer import Pacer
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
        outward, inward = Pipe(duplex=False)

        def receive() -> None:
            outward.close()
            sock = open_socket(plan)

            def work() -> None:
                receive_into(sock, plan, board.words, inward.send_bytes, lambda: None)

            begin(board.words, work)

        def read() -> None:
            inward.close()
            counter = Counter(board.words, self.frame(plan), is_latency=True)
            pacer = Pacer(wire.outlet, self.frame(plan), board)
            while not board.words[STOP]:
                pacer.turn()
                try:
                    if outward.poll(0):
                        counter.take(outward.recv_bytes())
                        continue
                except (EOFError, ConnectionResetError):
                    break
                counter.tell()
            counter.keep()

        running = Forked(board, (receive, plan.receiver_core), (read, plan.sender_core))
        inward.close()
        outward.close()
        return running


RECEIVER = RecvIntoPipe()
