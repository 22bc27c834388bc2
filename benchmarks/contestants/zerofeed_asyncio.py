"""zerofeed, the reader a coroutine that sleeps until its bell rings."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from benchmarks.contest import Channel, ChannelContestant
from benchmarks.contestants._zerofeed import FeedChannel, open_reader

__all__ = ["CONTESTANT"]


class ZerofeedAsyncio(ChannelContestant):
    """`Publisher.publish`, and `async for` over the reader."""

    name = "zerofeed, async for batch in reader"
    policy = "sleeping"
    measures = ("wakeup",)

    def channel(self, readers: int) -> Channel:
        """Choose a name."""
        return FeedChannel(readers, "futex")

    def collect(self, channel: Channel, taken: Any, say_ready: Callable[[], object]) -> None:
        """Receive in a coroutine."""
        assert isinstance(channel, FeedChannel)
        reader = open_reader(channel.name, "lossless", max_batch=1)
        say_ready()

        async def receive() -> None:
            index = 0
            async for batch in reader:
                now_ns = time.monotonic_ns()
                taken[index] = now_ns - int(batch["ts_event_ns"][0])
                index += 1
                if index == len(taken):
                    return

        asyncio.run(receive())


CONTESTANT = ZerofeedAsyncio()
