"""pyzmq over ipc, 64 messages a frame: what batching by hand gains."""

from __future__ import annotations

from benchmarks.contest import Channel, ChannelContestant
from benchmarks.contestants._zmq import Subscriptions

__all__ = ["CONTESTANT"]


class ZmqIpcBatched(ChannelContestant):
    """4096-byte frames."""

    name = "pyzmq ipc, 64 a frame"
    policy = "sleeping"
    bias = "favours pyzmq: the batch is ready-made and nobody takes it apart"
    measures = ("fanout",)
    per_frame = 64
    messages = 6_400_000

    def channel(self, readers: int) -> Channel:
        """Choose an address."""
        return Subscriptions(readers)


CONTESTANT = ZmqIpcBatched()
