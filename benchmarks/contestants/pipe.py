"""multiprocessing.Pipe, one for each reader."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing import Pipe

from benchmarks.contest import Channel, ChannelContestant

__all__ = ["CONTESTANT"]


class _Pipes(Channel):
    def __init__(self, readers: int) -> None:
        self._pipes = [Pipe(duplex=False) for _ in range(readers)]

    def sender(self) -> Callable[[bytes], object]:
        sends = [writing.send_bytes for _, writing in self._pipes]
        if len(sends) == 1:
            return sends[0]

        def send_to_all(frame: bytes) -> None:
            for send in sends:
                send(frame)

        return send_to_all

    def receiver(self, index: int) -> Callable[[], bytes]:
        return self._pipes[index][0].recv_bytes


class PipeContestant(ChannelContestant):
    """A pipe, used through `send_bytes` and `recv_bytes`."""

    name = "multiprocessing.Pipe"
    policy = "sleeping"
    bias = "favours the pipe: bytes as they are, no pickle"
    measures = ("hop", "fanout", "wakeup")

    def channel(self, readers: int) -> Channel:
        """Make the pipes."""
        return _Pipes(readers)


CONTESTANT = PipeContestant()
