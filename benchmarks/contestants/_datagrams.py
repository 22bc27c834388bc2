"""Unix datagram sockets, one pair for each reader; how a reader waits is a parameter."""

from __future__ import annotations

import socket
from collections.abc import Callable

from benchmarks.contest import Channel

__all__ = ["Datagrams"]


class Datagrams(Channel):
    """Connected pairs.

    Args:
        readers: How many.
        is_polling: Look again and again instead of sleeping in the kernel.
    """

    def __init__(self, readers: int, *, is_polling: bool) -> None:
        self._pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(readers)]
        self._is_polling = is_polling

    def sender(self) -> Callable[[bytes], object]:
        """Send to each reader's socket; blocks when one is full."""
        sends = [writing.send for writing, _ in self._pairs]
        if len(sends) == 1:
            return sends[0]

        def send_to_all(frame: bytes) -> None:
            for send in sends:
                send(frame)

        return send_to_all

    def reading(self, index: int) -> socket.socket:
        """Give a reader's socket."""
        return self._pairs[index][1]

    def receiver(self, index: int) -> Callable[[], bytes]:
        """Receive one datagram."""
        reading = self.reading(index)
        receive = reading.recv
        if not self._is_polling:
            return lambda: receive(4096)
        flags = socket.MSG_DONTWAIT

        def look() -> bytes:
            while True:
                try:
                    return receive(4096, flags)
                except BlockingIOError:
                    continue

        return look
