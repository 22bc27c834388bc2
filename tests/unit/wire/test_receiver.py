"""Every kind of receiver offers what a feed asks of one."""

from __future__ import annotations

import inspect

import pytest

pytest.importorskip("websockets")

from zerofeed.wire.capture_source import CaptureReceiver
from zerofeed.wire.receiver import Receiver, ServedReceiver
from zerofeed.wire.udp import UdpReceiver
from zerofeed.wire.websocket.receiver import WebSocketReceiver
from zerofeed.wire.xdp.source import XdpSource

__all__: list[str] = []

SERVED = [name for name in vars(ServedReceiver) if not name.startswith("_")]
OFFERED = [name for name in vars(Receiver) if not name.startswith("_")]


@pytest.mark.parametrize("kind", [UdpReceiver, CaptureReceiver, XdpSource, WebSocketReceiver])
@pytest.mark.parametrize("name", OFFERED)
def test_a_kind_has_what_every_receiver_has(kind: type, name: str) -> None:
    wanted = getattr(Receiver, name)
    offered = getattr(kind, name)
    if isinstance(wanted, property):
        assert isinstance(offered, str | int | property)
    else:
        names = [list(inspect.signature(each).parameters) for each in (wanted, offered)]
        assert names[0] == names[1]


@pytest.mark.parametrize("name", SERVED)
def test_a_websocket_has_what_a_served_receiver_has(name: str) -> None:
    wanted = getattr(ServedReceiver, name)
    offered = getattr(WebSocketReceiver, name)
    assert isinstance(offered, property) == isinstance(wanted, property)
