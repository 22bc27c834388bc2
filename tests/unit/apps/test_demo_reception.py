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
    usual = {"mode": "native", "copies": 1, "is_zero_copy": False, "is_native": True}
    source = XdpSource.__new__(XdpSource)
    source.receiver = SimpleNamespace(**(usual | facts))  # type: ignore[assignment]
    return source


def test_a_socket_copies_once_and_holds_what_its_buffer_does() -> None:
    with open_receiver(LOCAL, 0, buffer_bytes=1 << 17) as receiver:
        told = reception_of(receiver)
        assert told.window == max(16, receiver.buffer_bytes // (2 * module._CHARGED_BYTES))
    assert (told.receiver, told.kernel_copies) == ("udp", 1)
    assert "recvmmsg" in told.known_by


@pytest.mark.parametrize(("buffer_bytes", "packets"), [(0, 16), (1 << 40, 4096)])
def test_a_window_has_a_least_and_a_greatest_size(
    monkeypatch: pytest.MonkeyPatch, buffer_bytes: int, packets: int
) -> None:
    monkeypatch.setattr(UdpReceiver, "buffer_bytes", buffer_bytes)
    with open_receiver(LOCAL, 0, buffer_bytes=4096) as receiver:
        assert reception_of(receiver).window == packets


@pytest.mark.parametrize(
    ("facts", "copies", "why"),
    [
        ({}, 1, "in the driver"),
        ({"is_native": False, "mode": "SKB"}, 1, "in the stack"),
        ({"is_zero_copy": True, "copies": 0, "mode": "zero"}, 0, "the card writes into the chunk"),
    ],
)
def test_af_xdp_copies_what_the_kernel_says(facts: dict[str, Any], copies: int, why: str) -> None:
    told = reception_of(xdp_source(**facts))
    assert (told.receiver, told.kernel_copies) == ("afxdp", copies)
    assert told.mode == facts.get("mode", "native")
    assert why in told.known_by
    assert "XDP_OPTIONS" in told.known_by
    assert told.window < 256


def test_another_kind_of_receiver_is_a_mistake() -> None:
    other: Any = SimpleNamespace(how="by pigeon")
    with pytest.raises(BugError, match="pigeon"):
        reception_of(other)
