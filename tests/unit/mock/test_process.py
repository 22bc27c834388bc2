"""The venue as a child: it waits, sends, reports, and never outlives its parent."""

import socket
import struct
from collections.abc import Iterator

import pytest

from zerofeed.base.errors import ResourceError
from zerofeed.mock.plan import Plan
from zerofeed.mock.process import VenueProcess

pytestmark = [pytest.mark.slow, pytest.mark.compiled]

_LOOPBACK = 1
"""Index of the loopback interface."""


@pytest.fixture
def index_channel() -> Iterator[socket.socket]:
    """Listen to channel 0."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        listener.bind(("239.111.111.0", 6100))
        group = socket.inet_aton("239.111.111.0") + struct.pack("=4xi", _LOOPBACK)
        listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
        listener.settimeout(5.0)
        yield listener


def receive(listener: socket.socket, count: int) -> list[bytes]:
    return [listener.recv(2048) for _ in range(count)]


def test_child_waits_for_go_and_hands_its_report_back(index_channel: socket.socket) -> None:
    with VenueProcess(Plan(seed=5, rate=20_000.0)) as venue:
        index_channel.setblocking(False)
        with pytest.raises(BlockingIOError):
            index_channel.recv(2048)
        index_channel.settimeout(10.0)
        venue.go()
        receive(index_channel, 50)
        report = venue.stop()
    assert report.channels[0] >= 50
    assert report.packets == sum(report.channels.values())
    assert report.books["BTC-PERPETUAL"][0] > 0


def test_child_ends_by_itself_when_its_plan_is_done() -> None:
    with VenueProcess(Plan(packets=1000)) as venue:
        venue.go()
        assert venue.wait(30.0).packets >= 1000
        assert not venue.is_running()


def test_child_ends_when_its_parent_closes_the_pipe() -> None:
    with VenueProcess(Plan(rate=1000.0)) as venue:
        venue.go()
        assert venue._child.stdin is not None
        venue._child.stdin.close()
        assert venue._child.wait(10.0) == 0


def test_child_that_cannot_send_says_why() -> None:
    with VenueProcess(Plan(interface="nosuch0")) as venue:
        venue.go()
        with pytest.raises(ResourceError, match="nosuch0"):
            venue.wait(30.0)
