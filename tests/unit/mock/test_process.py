"""The venue on a wire: what is sent is what is reported, and it stops when it should."""

import socket
import struct
from collections.abc import Iterator

import pytest

from tests.unit.mock.oracle import parse
from zerofeed.base.errors import ConfigurationError, ReceiverError, ResourceError
from zerofeed.mock.process import Plan, VenueProcess, serve

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


@pytest.mark.compiled
def test_serve_sends_what_it_reports(index_channel: socket.socket) -> None:
    report = serve(Plan(seed=77, packets=3000))
    assert report.packets >= 3000
    assert report.packets == sum(report.channels.values())
    assert report.messages["Ticker"] > 1000
    packets = [parse(raw) for raw in receive(index_channel, report.channels[0])]
    assert [packet.seq for packet in packets] == list(range(1, report.channels[0] + 1))
    assert {packet.channel for packet in packets} == {0}


@pytest.mark.compiled
def test_serve_reports_losses_apart() -> None:
    report = serve(Plan(seed=1, packets=2000, drop=0.25))
    assert report.dropped > 300
    assert report.packets + report.dropped == sum(report.channels.values())


@pytest.mark.compiled
def test_serve_keeps_to_its_rate() -> None:
    report = serve(Plan(packets=600, rate=3000.0))
    assert report.elapsed_ns >= 190_000_000
    assert report.packets_per_second < 3500


def test_serve_stops_when_told() -> None:
    report = serve(Plan(), is_stopped=lambda: True)
    assert (report.packets, report.bytes) == (0, 0)
    assert set(report.books["BTC-PERPETUAL"]) == {0, "0"}


@pytest.mark.parametrize("plan", [Plan(seconds=0.0), Plan(packets=-1), Plan(rate=0.0), Plan(drop=1.5)])
def test_impossible_plans_are_refused(plan: Plan) -> None:
    with pytest.raises(ConfigurationError, match="not a plan"):
        serve(plan)


def test_a_missing_interface_is_named() -> None:
    with pytest.raises(ReceiverError, match="nosuch0"):
        serve(Plan(interface="nosuch0", packets=1))


@pytest.mark.slow
@pytest.mark.compiled
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


@pytest.mark.slow
@pytest.mark.compiled
def test_child_ends_by_itself_when_its_plan_is_done() -> None:
    with VenueProcess(Plan(packets=1000)) as venue:
        venue.go()
        assert venue.wait(30.0).packets >= 1000
        assert not venue.is_running()


@pytest.mark.slow
@pytest.mark.compiled
def test_child_ends_when_its_parent_closes_the_pipe() -> None:
    with VenueProcess(Plan(rate=1000.0)) as venue:
        venue.go()
        assert venue._child.stdin is not None
        venue._child.stdin.close()
        assert venue._child.wait(10.0) == 0


@pytest.mark.slow
def test_child_that_cannot_send_says_why() -> None:
    with VenueProcess(Plan(interface="nosuch0")) as venue:
        venue.go()
        with pytest.raises(ResourceError, match="nosuch0"):
            venue.wait(30.0)
