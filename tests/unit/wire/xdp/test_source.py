"""The first AF_XDP source leads; the others are there to be named."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from zerofeed.wire.receiver import AF_XDP
from zerofeed.wire.xdp.flows import Flow
from zerofeed.wire.xdp.source import NO_ARRAYS, XdpArrays, XdpSource

__all__: list[str] = []


def sources(gather_bytes: int = 0, gathered: int = 0, **attributes: Any) -> list[XdpSource]:
    closed: list[str] = []
    receiver = SimpleNamespace(
        flows=[Flow("239.1.1.1", 1000), Flow("239.1.1.2", 1001, source=1)],
        interface="lo",
        interface_index=socket.if_nametoindex("lo"),
        mode="native zero-copy (no copy)",
        has_hardware_time=False,
        plan=SimpleNamespace(gather_bytes=gather_bytes),
        counts=lambda: [SimpleNamespace(received=9, gathered=gathered, foreign=1)],
        descriptors=lambda: [7, 8],
        lost=lambda: 5,
        foreign=lambda: 1,
        close=lambda: closed.append("closed"),
        closed=closed,
        **attributes,
    )
    return [XdpSource(cast("Any", receiver), place) for place in range(2)]


def test_only_the_first_has_descriptors_and_drops_and_closes() -> None:
    first, second = sources()
    assert (first.filenos(), second.filenos()) == ([7, 8], [])
    assert (first.drops(), second.drops()) == (5, 0)
    assert (first.foreign(), second.foreign()) == (1, 0)
    second.close()
    assert cast("Any", first.receiver).closed == []
    first.close()
    assert cast("Any", first.receiver).closed == ["closed"]


def test_each_is_named_by_its_flow_and_all_by_the_same_mode() -> None:
    first, second = sources()
    assert [each.name for each in (first, second)] == ["239.1.1.1:1000", "239.1.1.2:1001"]
    assert first.how == "AF_XDP on lo, native zero-copy (no copy), none in user space"
    assert first.how == second.how
    assert "CLOCK_TAI" in first.clock
    assert {first.kind, second.kind} == {AF_XDP}
    block = np.zeros(1, np.int64)
    assert not first.has_ended(block)


def test_a_feed_without_such_a_source_has_arrays_of_the_same_kinds() -> None:
    for name, array in zip(XdpArrays._fields, NO_ARRAYS, strict=True):
        assert array.dtype == (np.uint32 if name == "rings" else np.int64)
        assert array.ndim == (2 if name in {"geometry", "blocks", "flows"} else 1)


@pytest.mark.parametrize(("bits", "copies"), [([True, True], 0), ([True, False], 1), ([False], 1)])
def test_one_socket_without_the_kernels_zero_copy_bit_is_a_copy(bits, copies) -> None:
    sockets = [SimpleNamespace(is_zero_copy=lambda bit=bit: bit) for bit in bits]
    told = sources(sockets=sockets)[1].tell_copies()
    assert (told.kind, told.kernel_copies, told.user_copies) == ("xdp", copies, 0)
    assert f"set for {sum(bits)} of the {len(bits)} open sockets" in told.how_known


def test_packets_that_were_gathered_from_pieces_are_a_copy_in_user_space() -> None:
    sockets = [SimpleNamespace(is_zero_copy=lambda: True)]
    told = sources(gather_bytes=9000, gathered=2, sockets=sockets)[0]
    assert "none in user space but for packets longer than a chunk" in told.how
    copies = told.tell_copies()
    assert (copies.kernel_copies, copies.user_copies) == (0, 1)
    assert "2 of 9 packets came in pieces" in copies.how_known


def test_an_interface_that_goes_down_is_said_once_and_so_is_its_return(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = sources()
    block = np.zeros(1, np.int64)
    said = []
    for is_up in (True, False, False, None, True):

        def answer(_: str, state: bool | None = is_up) -> bool:
            if state is None:
                raise OSError
            return state

        monkeypatch.setattr("zerofeed.wire.xdp.source.is_up", answer)
        said.append(first.tell(block))
        assert second.tell(block) is None
    gone, back = "interface lo is down or gone: nothing is received", "interface lo is up again"
    assert said == [None, gone, None, None, back]


def test_another_interface_of_the_same_name_is_not_the_old_one_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, _ = sources()
    block = np.zeros(1, np.int64)
    monkeypatch.setattr("zerofeed.wire.xdp.source.is_up", lambda _: True)
    assert first.tell(block) is None
    monkeypatch.setattr("zerofeed.wire.xdp.source.socket.if_nametoindex", lambda _: 99)
    told = first.tell(block)
    assert told is not None
    assert "another one now, of the same name: nothing is received" in told
    assert first.tell(block) is None
