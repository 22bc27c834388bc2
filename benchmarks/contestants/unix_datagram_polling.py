"""Unix datagram socket, the reader looking all the time."""

from __future__ import annotations

from benchmarks.contest import Channel, ChannelContestant
from benchmarks.contestants._datagrams import Datagrams

__all__ = ["CONTESTANT"]


class UnixDatagramPolling(ChannelContestant):
    """Non-blocking `recv` in a loop."""

    name = "Unix datagram socket, polling"
    policy = "busy"
    measures = ("hop",)
    samples = 100_000

    def channel(self, readers: int) -> Channel:
        """Make the sockets."""
        return Datagrams(readers, is_polling=True)


CONTESTANT = UnixDatagramPolling()
