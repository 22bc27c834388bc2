"""zerofeed without a compiled line of one's own: `publish` and `poll` from Python on both sides."""

from __future__ import annotations

from benchmarks.contest import Channel, ChannelContestant
from benchmarks.contestants._zerofeed import FeedChannel

__all__ = ["CONTESTANT"]


class ZerofeedPython(ChannelContestant):
    """`Publisher.publish` of one record, `Reader.poll` in a loop."""

    name = "zerofeed, Python publish() and poll()"
    policy = "busy"
    bias = "against zerofeed: each record is turned from and into bytes, like the others' messages"
    measures = ("hop",)
    samples = 50_000

    def channel(self, readers: int) -> Channel:
        """Choose a name."""
        return FeedChannel(readers, "poll")


CONTESTANT = ZerofeedPython()
