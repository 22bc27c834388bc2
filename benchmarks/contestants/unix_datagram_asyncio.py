"""Unix datagram socket, the reader a coroutine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from benchmarks.contest import STAMPED, Channel, ChannelContestant
from benchmarks.contestants._datagrams import Datagrams

__all__ = ["CONTESTANT"]


class UnixDatagramAsyncio(ChannelContestant):
    """`loop.sock_recv`."""

    name = "Unix datagram socket, asyncio"
    policy = "sleeping"
    measures = ("wakeup",)

    def channel(self, readers: int) -> Channel:
        """Make the sockets."""
        return Datagrams(readers, is_polling=False)

    def collect(self, channel: Channel, taken: Any, say_ready: Callable[[], object]) -> None:
        """Receive in a coroutine."""
        assert isinstance(channel, Datagrams)
        reading = channel.reading(0)
        reading.settimeout(0.0)
        say_ready()

        async def receive() -> None:
            loop = asyncio.get_running_loop()
            for index in range(len(taken)):
                frame = await loop.sock_recv(reading, 4096)
                now_ns = time.monotonic_ns()
                taken[index] = now_ns - STAMPED.unpack(frame)[0]

        asyncio.run(receive())


CONTESTANT = UnixDatagramAsyncio()
