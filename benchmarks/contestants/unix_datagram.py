"""Unix datagram socket, the reader asleep in the kernel."""

from __future__ import annotations

from benchmarks.contest import Channel, ChannelContestant
from benchmarks.contestants._datagrams import Datagrams

__all__ = ["CONTESTANT"]


class UnixDatagram(ChannelContestant):
    """Blocking `recv`."""

    name = "Unix datagram socket"
    policy = "sleeping"
    measures = ("hop", "fanout", "wakeup")

    def channel(self, readers: int) -> Channel:
        """Make the sockets."""
        return Datagrams(readers, is_polling=False)


CONTESTANT = UnixDatagram()
