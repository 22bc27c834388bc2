"""The venue on a wire: what is sent is what is reported."""

import io
import signal
import socket
import struct
from collections.abc import Iterator

import pytest

from tests.unit.mock.oracle import parse
from tests.unit.wire.xdp.packets import SENDER
from tests.unit.wire.xdp.rig import INSIDE, OUTSIDE, command, private_network
from zerofeed.base.errors import ConfigurationError, ReceiverError
from zerofeed.mock.plan import Plan, Report
from zerofeed.mock.serve import main, serve

_IPV4 = 0x0800
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


@pytest.mark.root
@pytest.mark.compiled
def test_serve_sends_by_af_xdp_what_it_reports() -> None:
    with private_network(queues=1):
        command(f"ip addr add {SENDER}/24 dev {OUTSIDE}")
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_IPV4)) as listener:
            listener.bind((INSIDE, _IPV4))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            listener.settimeout(5.0)
            report = serve(Plan(seed=77, packets=500, interface=OUTSIDE, sender="afxdp"))
            headers = [listener.recv(2048)[:28] for _ in range(report.packets)]
    assert report.packets == sum(report.channels.values()) >= 500
    assert {header[9] for header in headers} == {socket.IPPROTO_UDP}
    assert {socket.inet_ntoa(header[12:16]) for header in headers} == {SENDER}


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


def test_serve_refuses_an_impossible_plan() -> None:
    with pytest.raises(ConfigurationError, match="not a plan"):
        serve(Plan(rate=0.0))


def test_a_missing_interface_is_named() -> None:
    with pytest.raises(ReceiverError, match="nosuch0"):
        serve(Plan(interface="nosuch0", packets=1))


@pytest.fixture
def signals() -> Iterator[None]:
    """Put the handlers back that the program replaces."""
    before = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT)]
    yield
    for number, handler in before:
        signal.signal(number, handler)


@pytest.mark.compiled
@pytest.mark.usefixtures("signals")
def test_program_writes_its_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--packets=500", "--seed=3"]) == 0
    assert Report.from_json(capsys.readouterr().out).packets >= 500


@pytest.mark.usefixtures("signals")
def test_program_that_waits_sends_nothing_when_its_input_ends(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main(["--wait"]) == 0
    assert capsys.readouterr().out == "ready\n"
