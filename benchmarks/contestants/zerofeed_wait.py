"""zerofeed, the reader asleep on the futex."""

from __future__ import annotations

from benchmarks.contest import Channel, ChannelContestant
from benchmarks.contestants._zerofeed import FeedChannel

__all__ = ["CONTESTANT"]


class ZerofeedWait(ChannelContestant):
    """`Publisher.publish`, and a `for` loop over the reader."""

    name = "zerofeed, for batch in reader"
    policy = "sleeping"
    measures = ("hop", "wakeup")

    def channel(self, readers: int) -> Channel:
        """Choose a name."""
        return FeedChannel(readers, "futex")


CONTESTANT = ZerofeedWait()
