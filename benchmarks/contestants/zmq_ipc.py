"""pyzmq over ipc, one message a frame."""

from __future__ import annotations

from benchmarks.contest import Channel, ChannelContestant
from benchmarks.contestants._zmq import Subscriptions

__all__ = ["CONTESTANT"]


class ZmqIpc(ChannelContestant):
    """Publish and subscribe; `send` and `recv` of bytes."""

    name = "pyzmq ipc"
    policy = "sleeping"
    bias = "its I/O threads share the two cores with their processes"
    measures = ("hop", "fanout", "wakeup")

    def channel(self, readers: int) -> Channel:
        """Choose an address."""
        return Subscriptions(readers)


CONTESTANT = ZmqIpc()
