"""`recv_into`, and ZeroMQ's publish and subscribe to a reader in another process."""

from __future__ import annotations

from typing import Any

import zmq

from benchmarks.board import STOP, Board
from benchmarks.contestants._zmq import Subscriptions
from benchmarks.network import Wire
from benchmarks.pacer import Pacer
from benchmarks.receivers._processes import Forked, begin
from benchmarks.receivers._sockets import Counter, open_socket, receive_into
from benchmarks.wire_contest import Receiver, Running, WirePlan

__all__ = ["RECEIVER"]


class RecvIntoZmq(Receiver):
    """The usual fan-out, with one subscriber."""

    name = "Python, recv_into and pyzmq"
    bias = "favours ZeroMQ: bytes as they are, no envelope, one subscriber"
    measures = ("latency",)
    handler = "another process"

    def start(self, plan: WirePlan, wire: Wire, board: Board) -> Running:
        """Fork the receiver and its reader."""
        channel = Subscriptions(1)

        def receive() -> None:
            send = channel.sender()
            sock = open_socket(plan)

            def work() -> None:
                receive_into(sock, plan, board.words, send, lambda: None)

            begin(board.words, work)

        def read() -> None:
            subscriber: Any = channel.subscriber()
            counter = Counter(board.words, self.frame(plan), is_latency=True)
            pacer = Pacer(wire.outlet, self.frame(plan), board)
            while not board.words[STOP]:
                pacer.turn()
                try:
                    counter.take(subscriber.recv(zmq.NOBLOCK))
                except zmq.Again:
                    counter.tell()
            counter.keep()
            subscriber.close(0)

        return Forked(board, (receive, plan.receiver_core), (read, plan.sender_core))


RECEIVER = RecvIntoZmq()
