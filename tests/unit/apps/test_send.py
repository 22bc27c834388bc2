import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.apps.commands import call, error_of, write_capture
from tests.unit.runtime.venue_packets import Packets
from zerofeed.apps.send import parse_destination, parse_speed
from zerofeed.base.errors import ConfigurationError

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
