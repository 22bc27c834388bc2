"""multiprocessing.Queue, one for each reader."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable

from benchmarks.contest import Channel, ChannelContestant

__all__ = ["CONTESTANT"]

_CONTEXT = multiprocessing.get_context("fork")


class _Queues(Channel):
    def __init__(self, readers: int) -> None:
        self._queues = [_CONTEXT.Queue(maxsize=10_000) for _ in range(readers)]

    def sender(self) -> Callable[[bytes], object]:
        puts = [queue.put for queue in self._queues]
        if len(puts) == 1:
            return puts[0]

        def put_to_all(frame: bytes) -> None:
            for put in puts:
                put(frame)

        return put_to_all

    def receiver(self, index: int) -> Callable[[], bytes]:
        return self._queues[index].get


class QueueContestant(ChannelContestant):
    """A queue with its feeder thread, bounded so that memory is."""

    name = "multiprocessing.Queue"
    policy = "sleeping"
    bias = "favours the queue: bytes are the cheapest object to pickle"
    measures = ("hop", "fanout", "wakeup")
    messages = 100_000

    def channel(self, readers: int) -> Channel:
        """Make the queues."""
        return _Queues(readers)


CONTESTANT = QueueContestant()
