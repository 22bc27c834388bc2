"""One socket: binding waits for a former owner, and every refusal says what to do."""

import errno
import os
import resource
import socket

import pytest

from tests.unit.children import Child
from tests.unit.wire.xdp.rig import INSIDE, private_network
from zerofeed.base.errors import ReceiverError
from zerofeed.shm.segment import Segment
from zerofeed.wire.xdp import abi, sockets
from zerofeed.wire.xdp.sockets import XdpSocket, XdpStatistics


def test_lost_is_what_found_no_chunk_or_no_room() -> None:
    assert XdpStatistics(3, 10, 10, 4, 3, 10).lost == 7


@pytest.mark.parametrize(
    "code",
    [errno.EPERM, errno.ENOBUFS, errno.EOPNOTSUPP, errno.ENETDOWN, errno.EBUSY, errno.EINVAL],
)
def test_every_known_refusal_has_a_next_step(code: int) -> None:
    closed = XdpSocket.__new__(XdpSocket)
    closed.where = "eth0 queue 0"
    refused = closed._refused("bind", code)
    assert errno.errorcode[code] in str(refused)
    assert refused.next_step


def test_closed_interface_family_is_refused_like_any_other(monkeypatch) -> None:
    class NoSockets:
        @staticmethod
        def socket(*_: int) -> int:
            sockets.ctypes.set_errno(errno.EAFNOSUPPORT)
            return -1

    monkeypatch.setattr(sockets, "_libc", NoSockets)
    with pytest.raises(ReceiverError, match="CONFIG_XDP_SOCKETS"):
        XdpSocket("eth0 queue 0")


@pytest.mark.root
def test_binding_waits_for_a_former_owner_and_gives_up_after_three_seconds() -> None:
    def opened(segment: Segment) -> XdpSocket:
        made = XdpSocket(f"{INSIDE} queue 0")
        made.register_memory(segment.mapping.address, segment.size_bytes, 2048)
        made.make_rings(fill=64, completion=64, receive=64)
        return made

    with private_network():
        index = socket.if_nametoindex(INSIDE)
        one, two = opened(Segment("one", 1 << 18)), opened(Segment("two", 1 << 18))
        one.bind(index, 0, abi.XDP_COPY)
        assert not one.is_zero_copy()
        assert one.statistics() == XdpStatistics(0, 0, 0, 0, 0, 0)
        now = [0]
        waits: list[float] = []

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            now[0] += int(seconds * 1e9)

        with pytest.raises(ReceiverError, match=r"EBUSY.*ss --xdp"):
            two.bind(index, 0, abi.XDP_COPY, clock=lambda: now[0], sleep=sleep)
        assert sum(waits) == pytest.approx(3.0, abs=0.02)
        assert set(waits) <= {0.001, 0.002, 0.003, 0.005}

        def release(_: float) -> None:
            if one.fileno() >= 0:
                one.close()
            os.sched_yield()

        two.bind(index, 0, abi.XDP_COPY, sleep=release)
        two.close()
        two.close()
        assert two.fileno() == -1


@pytest.mark.root
def test_memory_of_an_impossible_shape_is_refused() -> None:
    segment = Segment("shape", 1 << 18)
    made = XdpSocket("nowhere")
    for address, chunk in ((segment.mapping.address + 1, 2048), (segment.mapping.address, 1000)):
        with pytest.raises(ReceiverError, match="cannot register 256 KiB of memory"):
            made.register_memory(address, 1 << 18, chunk)
    made.close()


@pytest.mark.root
def test_memory_beyond_the_limit_of_locked_memory_is_refused_with_what_to_raise() -> None:
    segment = Segment("locked", 1 << 20)
    made = XdpSocket("eth0 queue 0")

    def register() -> str:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (65_536, 65_536))
        os.setuid(65534)
        try:
            made.register_memory(segment.mapping.address, segment.size_bytes, 2048)
        except ReceiverError as error:
            return str(error)
        return "registered"

    with Child(register) as child:
        said = child.result()
    assert "ENOBUFS" in said
    assert "ulimit -l" in said
    made.close()
