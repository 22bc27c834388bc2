"""Every kind of receiver offers what a feed asks of one."""

from __future__ import annotations

import inspect

import pytest

from zerofeed.wire.capture_source import CaptureReceiver
from zerofeed.wire.receiver import Receiver
from zerofeed.wire.udp import UdpReceiver

__all__: list[str] = []

OFFERED = [name for name in vars(Receiver) if not name.startswith("_")]


@pytest.mark.parametrize("kind", [UdpReceiver, CaptureReceiver])
@pytest.mark.parametrize("name", OFFERED)
def test_a_kind_has_what_every_receiver_has(kind: type, name: str) -> None:
    wanted = getattr(Receiver, name)
    offered = getattr(kind, name)
    if isinstance(wanted, property):
        assert isinstance(offered, str | property)
    else:
        names = [list(inspect.signature(each).parameters) for each in (wanted, offered)]
        assert names[0] == names[1]
