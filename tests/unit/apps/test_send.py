import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.apps.commands import call, error_of, write_capture
from tests.unit.children import Child
from tests.unit.runtime.venue_packets import Packets
from zerofeed.apps.demo_network import (
    FEED_ADDRESS,
    FEED_SIDE,
    VENUE_ADDRESS,
    VENUE_SIDE,
    PrivateNetworks,
)
from zerofeed.apps.send import parse_destination, parse_speed
from zerofeed.base.errors import ConfigurationError, ReceiverError
from zerofeed.wire.udp import open_receiver
from zerofeed.wire.xdp.link_addresses import read_link
from zerofeed.wire.xdp.transmitter import XdpTransmitter

__all__: list[str] = []

PACKETS = 20


@pytest.fixture
def few(packets: Packets, tmp_path: Path) -> Path:
    return write_capture(tmp_path / "few.pcapng", packets.chosen(slice(0, PACKETS)))


@pytest.fixture
def receiver() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        opened.settimeout(10)
        yield opened


def destination_of(receiver: socket.socket) -> str:
    return "{}:{}".format(*receiver.getsockname())


@pytest.mark.slow
def test_payloads_arrive_as_they_were_and_are_counted(few, receiver, packets) -> None:
    result = call("send", few, "--to", destination_of(receiver), "--speed", "max", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    told = json.loads(result.stdout)
    assert [receiver.recv(2048) for _ in range(PACKETS)] == [
        packets.payload(k) for k in range(PACKETS)
    ]
    assert (told["packets"], told["rounds"], told["refused"]) == (PACKETS, 1, 0)
    assert told["payload_bytes"] == int(packets.lengths[:PACKETS].sum())


@pytest.mark.slow
def test_a_file_is_sent_as_often_as_asked(few, receiver) -> None:
    result = call("send", few, "--to", destination_of(receiver), "--speed", "max", "--loop", 3)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"sent {3 * PACKETS} packets, ")
    assert " in 3 rounds in " in result.stdout
    assert len([receiver.recv(2048) for _ in range(3 * PACKETS)]) == 3 * PACKETS


@pytest.mark.slow
@pytest.mark.slow
def test_lines_with_faults_say_what_they_did_and_what_no_line_brings(few, packets) -> None:
    with open_receiver("127.0.0.1", 0) as one, open_receiver("127.0.0.1", 0) as other:
        to = [f"127.0.0.1:{each.port}" for each in (one, other)]
        arguments = ("send", few, "--to", to[0], "--to", to[1], "--speed", "max", "--seed", 3)
        result = call(*arguments, "--faults", "drop=0.3", "--json")
        told = json.loads(result.stdout)
        again = json.loads(call(*arguments, "--faults", "drop=0.3", "--json").stdout)
        for_people = call(*arguments, "--faults", "drop=0.3", "--faults", "").stdout
    assert told["lines"] == again["lines"]
    assert told["packets"] == sum(line["sent"] for line in told["lines"])
    assert all(line["sent"] + line["dropped"] == PACKETS for line in told["lines"])
    assert len(told["lost_by_all"]) < min(line["dropped"] for line in told["lines"])
    assert "line 1:" in for_people
    assert "0 packets come by no line" in for_people


def test_requests_need_messages_that_can_be_asked_for(few) -> None:
    result = call("send", few, "--to", "127.0.0.1:5", "--rerequest", "127.0.0.1:0")
    assert result.exit_code == 2
    assert "is not a destination" in error_of(result)
    result = call("send", few, "--to", "127.0.0.1:5", "--rerequest", "127.0.0.1:36177")
    assert result.exit_code == 2
    assert "no MoldUDP64 messages that could be asked for" in error_of(result)


@pytest.mark.slow
def test_recorded_groups_are_kept(few, packets) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(("239.111.111.1", 0))
        joined = socket.inet_aton("239.111.111.1") + socket.inet_aton("127.0.0.1")
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)
        opened.settimeout(10)
        path = write_capture(few.with_name("kept"), packets.chosen(slice(0, 1)),
                             opened.getsockname()[1])  # fmt: skip
        arguments = ("--keep-destinations", "--interface", "lo", "--speed", "10x", "--ttl", 0)
        assert call("send", path, *arguments).exit_code == 0
        assert opened.recv(2048) == packets.payload(0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "status", "what"),
    [
        ([], 2, "say where the payloads go"),
        (["--to", "1.2.3.4:5", "--keep-destinations"], 2, "say where the payloads go"),
        (["--to", "1.2.3.4"], 2, "1.2.3.4: is not a destination"),
        (["--to", "1.2.3.4:70000"], 2, "is not a destination"),
        (["--to", "localhost:5"], 2, "not an IPv4 address"),
        (["--to", "239.1.1.1:5", "--speed", "0x"], 2, "0x: is not a speed"),
        (["--to", "239.1.1.1:5", "--interface", "absent0"], 3, "no such network interface"),
        (["--to", "239.1.1.1:5", "--receiver", "afxdp"], 2, "--interface: AF_XDP sends on an"),
        (["--to", "1.2.3.4:5", "--destination-mac", "02:00:00:00:00:01"], 2, "--destination-mac"),
    ],
)
def test_a_wrong_argument_is_one_line(few, arguments: list[str], status: int, what: str) -> None:
    result = call("send", few, *arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert what in error_of(result)


def test_a_missing_file_is_one_line(tmp_path) -> None:
    result = call("send", tmp_path / "absent", "--to", "239.1.1.1:5")
    assert result.exit_code == 2
    assert "cannot be read; got No such file" in error_of(result)


@pytest.mark.slow
def test_a_capture_without_udp_is_refused(packets, tmp_path) -> None:
    path = write_capture(tmp_path / "empty", packets.chosen(slice(0, 0)))
    result = call("send", path, "--to", "239.1.1.1:5")
    assert result.exit_code == 2
    assert "no UDP packets" in error_of(result)


# By AF_XDP


@pytest.fixture
def networks() -> Iterator[PrivateNetworks]:
    with PrivateNetworks() as made:
        yield made


def listening(group: str) -> socket.socket:
    """A socket in the feed's network that is a member of a group, or has a unicast address."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind((group, 0))
    if group != FEED_ADDRESS:
        joined = socket.inet_aton(group) + socket.inet_aton(FEED_ADDRESS)
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)
    opened.settimeout(10)
    return opened


def send_by_afxdp(networks: PrivateNetworks, few: Path, to: str, *more: object):
    with networks.at_the_venue():
        return call(
            "send", few, "--to", to, "--speed", "max", "--interface", VENUE_SIDE,
            "--receiver", "afxdp", *more,
        )  # fmt: skip


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.compiled
def test_frames_past_the_stack_arrive_as_the_payloads_were(networks, few, packets) -> None:
    with listening("239.111.111.1") as receiver:
        to = destination_of(receiver)
        result = send_by_afxdp(networks, few, to, "--loop", 2, "--max-rate", 20_000, "--json")
        assert (result.exit_code, result.stderr) == (0, "")
        told = json.loads(result.stdout)
        assert (told["packets"], told["rounds"], told["refused"]) == (2 * PACKETS, 2, 0)
        assert told["elapsed_ns"] >= 2 * (PACKETS - 1) * 50_000
        expected = [packets.payload(k) for k in range(PACKETS)] * 2
        for payload in expected:
            got, (sender, _) = receiver.recvfrom(2048)
            assert (got, sender) == (payload, VENUE_ADDRESS)


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.compiled
def test_a_host_that_nobody_has_spoken_to_needs_its_ethernet_address(
    networks, few, packets
) -> None:
    with listening(FEED_ADDRESS) as receiver:
        to = destination_of(receiver)
        result = send_by_afxdp(networks, few, to)
        assert result.exit_code == 3
        assert "the Ethernet address is not known" in error_of(result)
        assert "--destination-mac" in error_of(result)
        mac = f"{read_link(FEED_SIDE).mac:012x}"
        mac = ":".join(mac[at : at + 2] for at in range(0, 12, 2))
        result = send_by_afxdp(networks, few, to, "--destination-mac", mac)
        assert (result.exit_code, result.stderr) == (0, "")
        assert receiver.recv(2048) == packets.payload(0)


@pytest.mark.root
@pytest.mark.compiled
def test_a_packet_of_no_hop_is_refused_for_frames(networks, few) -> None:
    result = send_by_afxdp(networks, few, "239.1.1.1:5", "--ttl", 0)
    assert result.exit_code == 2
    assert "not a TTL" in error_of(result)


@pytest.mark.compiled
def test_without_the_rights_af_xdp_says_what_it_needs() -> None:
    def work() -> list[object]:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setuid(65534)
        try:
            XdpTransmitter("lo")
        except ReceiverError as error:
            return [error.exit_code, str(error)]
        return [0, "it could"]

    with Child(work) as child:
        status, said = child.result()
    assert status == 3
    assert "EPERM" in said
    assert "run as root" in said


@pytest.mark.parametrize(
    ("text", "speed"), [("1x", 1.0), ("10X", 10.0), ("0.5x", 0.5), ("2", 2.0), ("MAX", "max")]
)
def test_speeds_are_factors_or_max(text: str, speed: float | str) -> None:
    assert parse_speed(text) == speed


@pytest.mark.parametrize("text", ["", "x", "0", "-1x", "nanx", "infx", "fast"])
def test_other_texts_are_no_speed(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a speed"):
        parse_speed(text)


def test_a_destination_is_an_address_and_a_port() -> None:
    assert parse_destination("239.1.2.3:6100") == ("239.1.2.3", 6100)
    for text in ("", ":", "239.1.2.3:", ":6100", "239.1.2.3:0", "239.1.2.3:x", "239.1.2.3:-1"):
        with pytest.raises(ConfigurationError, match="is not a destination"):
            parse_destination(text)
