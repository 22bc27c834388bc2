"""iceoryx2's Python binding with an event, which is how its subscribers sleep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import iceoryx2 as iox2

from benchmarks.contest import Channel, ChannelContestant
from benchmarks.contestants.iceoryx2_ipc import Service

__all__ = ["CONTESTANT"]


class _ServiceWithEvent(Service):
    def _open_event(self) -> tuple[Any, Any]:
        node = iox2.NodeBuilder.new().create(iox2.ServiceType.Ipc)
        name = iox2.ServiceName.new(f"{self.name}/event")
        return node, node.service_builder(name).event().open_or_create()

    def sender(self) -> Callable[[bytes], object]:
        send_sample = super().sender()
        node, event = self._open_event()
        notifier = event.notifier_builder().create()

        def send(frame: bytes, _keep: Any = node) -> None:
            send_sample(frame)
            notifier.notify()

        return send

    def receiver(self, index: int) -> Callable[[], bytes]:
        node, event = self._open_event()
        listener = event.listener_builder().create()
        take = self.taker(index)

        def wait(_keep: Any = node) -> bytes:
            while (frame := take()) is None:
                listener.blocking_wait()
            return frame

        return wait


class Iceoryx2Event(ChannelContestant):
    """Publish-subscribe, then a notification; the reader sleeps in `blocking_wait`."""

    name = "iceoryx2 Python, event"
    policy = "sleeping"
    bias = "its documented API"
    measures = ("hop", "wakeup")

    def channel(self, readers: int) -> Channel:
        """Choose a name."""
        return _ServiceWithEvent(readers)


CONTESTANT = Iceoryx2Event()
