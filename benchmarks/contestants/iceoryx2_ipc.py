"""iceoryx2's Python binding, used as its documentation shows: loan, write, send; receive, read."""

from __future__ import annotations

import ctypes
import itertools
import os
import struct
import time
from collections.abc import Callable
from typing import Any

import iceoryx2 as iox2

from benchmarks.contest import Channel, ChannelContestant

__all__ = ["CONTESTANT", "Service"]

_NUMBERS = itertools.count()
_OPEN_SECONDS = 10.0


class Message(ctypes.Structure):
    """64 bytes."""

    _fields_ = (("words", ctypes.c_int64 * 8),)


class Service(Channel):
    """One publish-subscribe service; polling, since subscribers have nothing to sleep on."""

    def __init__(self, readers: int) -> None:
        self.name = f"zerofeed/bench/{os.getpid()}/{next(_NUMBERS)}"
        self._readers = readers

    def _open(self) -> tuple[Any, Any]:
        iox2.set_log_level(iox2.LogLevel.Error)
        node = iox2.NodeBuilder.new().create(iox2.ServiceType.Ipc)
        service = (
            node.service_builder(iox2.ServiceName.new(self.name))
            .publish_subscribe(Message)
            .max_subscribers(max(2, self._readers))
            .subscriber_max_buffer_size(1024)
            .enable_safe_overflow(False)  # noqa: FBT003 - takes no keyword
            .open_or_create()
        )
        return node, service

    def sender(self) -> Callable[[bytes], object]:
        node, service = self._open()
        publisher = (
            service.publisher_builder()
            .backpressure_strategy(iox2.BackpressureStrategy.RetryUntilDelivered)
            .create()
        )
        deadline = time.monotonic() + _OPEN_SECONDS
        while service.dynamic_config.number_of_subscribers < self._readers:
            if time.monotonic() > deadline:
                raise TimeoutError("the subscribers did not come")
        publisher.update_connections()
        from_bytes = Message.from_buffer_copy

        def send(frame: bytes, _keep: Any = node) -> None:
            publisher.loan_uninit().write_payload(from_bytes(frame)).send()

        return send

    def taker(self, index: int) -> Callable[[], bytes | None]:
        """Open a subscriber; the result takes one message, or None."""
        del index
        node, service = self._open()
        subscriber = service.subscriber_builder().create()
        pack = struct.Struct("<8q").pack

        def take(_keep: Any = node) -> bytes | None:
            sample = subscriber.receive()
            return None if sample is None else pack(*sample.payload().contents.words)

        return take

    def receiver(self, index: int) -> Callable[[], bytes]:
        take = self.taker(index)

        def look() -> bytes:
            while (frame := take()) is None:
                pass
            return frame

        return look


class Iceoryx2(ChannelContestant):
    """Publish-subscribe of a 64-byte ctypes structure."""

    name = "iceoryx2 Python"
    policy = "busy"
    bias = "its documented API; reading through a raw pointer is about a third faster"
    measures = ("hop", "fanout")
    messages = 100_000

    def channel(self, readers: int) -> Channel:
        """Choose a name."""
        return Service(readers)


CONTESTANT = Iceoryx2()
