"""`recv_into`, and ZeroMQ's publish and subscribe to a reader in another process."""

from __future__ import annotations

import os
from typing import Any

import zmq

from benchmarks.board import STOP, Board
from benchmarks.contestants._zmq import Subscriptions
from benchmarks.network import Wire
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
        del wire
        channel = Subscriptions(1)

        def receive() -> None:
            send = channel.sender()
            sock = open_socket(plan)

            def work() -> None:
                receive_into(sock, plan, board.words, send, lambda: None, yields=plan.shares_core)

            begin(board.words, work)

        def read() -> None:
            subscriber: Any = channel.subscriber()
            counter = Counter(board.words, self.frame(plan), is_latency=True)
            while not board.words[STOP]:
                try:
                    while True:
                        counter.take(subscriber.recv(zmq.NOBLOCK))
                except zmq.Again:
                    counter.tell()
                if not plan.is_busy:
                    subscriber.poll(50)
                elif plan.shares_core:
                    os.sched_yield()
            counter.keep()
            subscriber.close(0)

        return Forked(board, (receive, plan.receiver_core), (read, plan.reader_core))


RECEIVER = RecvIntoZmq()
