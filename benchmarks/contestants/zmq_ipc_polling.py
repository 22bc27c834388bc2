"""pyzmq over ipc, the reader looking all the time."""

from __future__ import annotations

from benchmarks.contest import Channel, ChannelContestant
from benchmarks.contestants._zmq import Subscriptions

__all__ = ["CONTESTANT"]


class ZmqIpcPolling(ChannelContestant):
    """`recv(NOBLOCK)` in a loop."""

    name = "pyzmq ipc, polling"
    policy = "busy"
    bias = "against pyzmq on two cores: the polling loop competes with its own I/O thread"
    measures = ("hop",)

    def channel(self, readers: int) -> Channel:
        """Choose an address."""
        return Subscriptions(readers, is_polling=True)


CONTESTANT = ZmqIpcPolling()
