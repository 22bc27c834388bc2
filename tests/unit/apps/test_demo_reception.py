"""What the demonstration says of its receiver is what the receiver says of itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.runtime.live import LOCAL
from zerofeed.apps import demo_reception as module
from zerofeed.apps.demo_reception import reception_of
from zerofeed.base.errors import BugError
from zerofeed.wire.udp import UdpReceiver, open_receiver
from zerofeed.wire.xdp.source import XdpSource


def xdp_source(**facts: Any) -> XdpSource:
    source = XdpSource.__new__(XdpSource)
    source.receiver = SimpleNamespace(**facts)  # type: ignore[assignment]
    return source


def test_a_socket_copies_once_and_holds_what_its_buffer_does() -> None:
    with open_receiver(LOCAL, 0, buffer_bytes=1 << 17) as receiver:
        told = reception_of(receiver)
        assert told.window == max(16, receiver.buffer_bytes // (2 * module._CHARGED_BYTES))
    assert (told.receiver, told.mode) == ("udp", "socket")


@pytest.mark.parametrize(("buffer_bytes", "packets"), [(0, 16), (1 << 40, 4096)])
def test_a_window_has_a_least_and_a_greatest_size(
    monkeypatch: pytest.MonkeyPatch, buffer_bytes: int, packets: int
) -> None:
    monkeypatch.setattr(UdpReceiver, "buffer_bytes", buffer_bytes)
    with open_receiver(LOCAL, 0, buffer_bytes=4096) as receiver:
        assert reception_of(receiver).window == packets


def test_af_xdp_has_the_mode_that_the_kernel_says_and_what_a_cable_holds() -> None:
    told = reception_of(xdp_source(mode="SKB"))
    assert (told.receiver, told.mode) == ("afxdp", "SKB")
    assert told.window < 256


def test_another_kind_of_receiver_is_a_mistake() -> None:
    other: Any = SimpleNamespace(how="by pigeon")
    with pytest.raises(BugError, match="pigeon"):
        reception_of(other)
