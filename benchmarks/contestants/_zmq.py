"""ZeroMQ publish and subscribe over ipc, set up to lose nothing."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from typing import Any

import zmq

from benchmarks.contest import Channel

__all__ = ["Subscriptions"]

_NUMBERS = itertools.count()


class Subscriptions(Channel):
    """One XPUB, one SUB for each reader.

    The publisher waits until everyone has subscribed, and blocks instead of dropping when a
    subscriber is behind.

    Args:
        readers: How many.
        is_polling: Look again and again instead of sleeping.
    """

    def __init__(self, readers: int, *, is_polling: bool = False) -> None:
        # An abstract address: nothing is left in a file system.
        self._address = f"ipc://@zerofeed-bench-{os.getpid()}-{next(_NUMBERS)}"
        self._readers = readers
        self._is_polling = is_polling

    def sender(self) -> Callable[[bytes], object]:
        """Bind, and wait for the subscriptions."""
        publisher: Any = zmq.Context.instance().socket(zmq.XPUB)
        publisher.setsockopt(zmq.XPUB_NODROP, 1)
        publisher.setsockopt(zmq.XPUB_VERBOSE, 1)
        publisher.bind(self._address)
        for _ in range(self._readers):
            publisher.recv()
        send: Callable[[bytes], object] = publisher.send
        return send

    def subscriber(self) -> Any:
        """Connect and subscribe to everything; the socket itself."""
        subscriber: Any = zmq.Context.instance().socket(zmq.SUB)
        subscriber.setsockopt(zmq.SUBSCRIBE, b"")
        subscriber.connect(self._address)
        return subscriber

    def receiver(self, index: int) -> Callable[[], bytes]:
        """Give what waits for one frame."""
        del index
        subscriber = self.subscriber()
        receive: Callable[..., bytes] = subscriber.recv
        if not self._is_polling:
            return receive

        def look() -> bytes:
            while True:
                try:
                    return receive(zmq.NOBLOCK)
                except zmq.Again:
                    continue

        return look
