"""A `DatagramProtocol`, on whichever event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from benchmarks.board import STOP, Board
from benchmarks.network import Wire
from benchmarks.receivers._processes import Forked, begin
from benchmarks.receivers._sockets import Counter, open_socket
from benchmarks.wire_contest import Receiver, Running, WirePlan

__all__ = ["DatagramReceiver"]

_LOOK_SECONDS = 0.05


class _Protocol(asyncio.DatagramProtocol):
    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    def datagram_received(self, data: bytes, addr: object) -> None:
        del addr
        self._counter.take(data)


class DatagramReceiver(Receiver):
    """A protocol whose callback counts.

    Args:
        name: as the tables show it.
        new_loop: makes the event loop.
    """

    bias = "always asleep in between: an event loop has no busy mode"

    def __init__(self, name: str, new_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
        self.name = name  # type: ignore[misc]
        self._new_loop = new_loop

    def start(self, plan: WirePlan, wire: Wire, board: Board) -> Running:
        """Fork a process with an event loop."""
        del wire

        def work() -> None:
            sock = open_socket(plan)
            counter = Counter(board.words, self.frame(plan), is_latency=plan.is_latency)

            async def receive() -> None:
                loop = asyncio.get_running_loop()
                transport, _ = await loop.create_datagram_endpoint(
                    lambda: _Protocol(counter), sock=sock
                )
                while not board.words[STOP]:
                    await asyncio.sleep(_LOOK_SECONDS)
                    counter.tell()
                transport.close()

            loop = self._new_loop()
            begin(board.words, lambda: loop.run_until_complete(receive()))
            counter.keep()

        return Forked(board, (work, plan.receiver_core))
