"""A replay sends every packet, in order, when it is due, to where it belongs."""

import threading

import numpy as np
import pytest

from tests.unit.wire import vectors as v
from zerofeed.base.errors import ConfigurationError
from zerofeed.wire import _udp_kernels as k
from zerofeed.wire.faulty_lines import LineFaults
from zerofeed.wire.pcap import Capture, CaptureReader, read_capture
from zerofeed.wire.receive_block import block_words, prepare_block, result_table
from zerofeed.wire.sender import SendReport, send_capture, send_lines
from zerofeed.wire.udp import open_receiver, wait_readable

MS = 1_000_000


class FakeClock:
    """Time that passes in sleeps and a little at each look."""

    def __init__(self) -> None:
        self.now = 5 * MS

    def __call__(self) -> int:
        self.now += 1000
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += int(seconds * 1e9)


def capture_of(frames, step_us: int = 1000) -> Capture:
    """Make a capture of frames that are ``step_us`` apart."""
    raw = v.pcap([(1, n * step_us, frame) for n, frame in enumerate(frames)])
    reader = CaptureReader(np.frombuffer(raw, np.uint8), "made")
    [index] = reader.chunks()
    return Capture(reader.name, reader.format, reader.data, index, reader.counts)


def to(payload: bytes, address: str, port: int) -> bytes:
    return v.ethernet(v.ipv4(v.udp(payload, destination=port), destination=address))


def take(receiver, wanted: int) -> list[bytes]:
    out = []
    while len(out) < wanted:
        assert wait_readable([receiver.fileno()], 5_000_000_000)
        out.append(receiver.socket.recv(65_535))
    return out


def test_packets_go_to_the_groups_that_they_were_recorded_from() -> None:
    with (
        open_receiver("239.255.9.1", 0, interface="lo") as one,
        open_receiver("239.255.9.2", 0, interface="lo") as other,
    ):
        capture = capture_of(
            [
                to(b"1", "239.255.9.1", one.port),
                to(b"22", "239.255.9.2", other.port),
                to(b"333", "239.255.9.1", one.port),
            ]
        )
        report = send_capture(capture, speed="max", interface="lo", ttl=0)
        assert take(one, 2) == [b"1", b"333"]
        assert take(other, 1) == [b"22"]
    assert (report.packets, report.payload_bytes, report.refused) == (3, 6, 0)


def test_one_destination_takes_everything_unicast_or_not() -> None:
    frames = [to(b"a", "239.255.9.3", 5), to(b"b", "10.0.0.1", 6), v.ethernet(b"", 0x0806)]
    frames.append(v.ethernet(v.ipv6(v.udp(b"c")), v.IPV6))
    with open_receiver("127.0.0.1", 0) as receiver:
        report = send_capture(capture_of(frames), ("127.0.0.1", receiver.port), "max")
        assert take(receiver, 3) == [b"a", b"b", b"c"]
    assert report.packets == 3


@pytest.mark.parametrize(
    ("frame", "got"),
    [
        (to(b"x", "10.0.0.1", 6), "10.0.0.1"),
        (v.ethernet(v.ipv6(v.udp(b"x")), v.IPV6), "an IPv6 address"),
    ],
)
def test_recorded_unicast_is_not_replayed_to_a_stranger(frame, got) -> None:
    capture = capture_of([to(b"y", "239.255.9.4", 7), frame])
    with pytest.raises(ConfigurationError, match=r"made, packet 1: .*give a destination") as caught:
        send_capture(capture, speed="max", interface="lo")
    assert caught.value.got == got


@pytest.mark.parametrize(("speed", "elapsed_ms"), [(1.0, 9), (3.0, 3), (0.5, 18)])
def test_replay_takes_as_long_as_the_recording_divided_by_speed(speed, elapsed_ms) -> None:
    clock = FakeClock()
    capture = capture_of([to(b"x", "239.255.9.5", 7)] * 10)
    report = send_capture(
        capture, speed=speed, interface="lo", ttl=0, clock=clock, sleep=clock.sleep
    )
    assert report.packets == 10
    assert report.elapsed_ns == pytest.approx(elapsed_ms * MS, abs=MS // 10)
    assert 0 <= report.late_max_ns < MS // 100


def test_late_packets_are_sent_all_the_same_and_the_report_says_how_late() -> None:
    clock = FakeClock()
    capture = capture_of([to(b"x", "239.255.9.5", 7)] * 10)
    with open_receiver("127.0.0.1", 0) as receiver:
        report = send_capture(
            capture,
            ("127.0.0.1", receiver.port),
            clock=clock,
            sleep=lambda seconds: clock.sleep(seconds + 0.005),
        )
        assert take(receiver, 10) == [b"x"] * 10
    assert report.late_max_ns >= 4 * MS


def test_rate_limits_a_replay_at_full_speed() -> None:
    clock = FakeClock()
    capture = capture_of([to(b"x", "239.255.9.6", 7)] * 200)
    report = send_capture(
        capture,
        speed="max",
        max_rate=10_000,
        interface="lo",
        ttl=0,
        clock=clock,
        sleep=clock.sleep,
    )
    assert report.elapsed_ns == pytest.approx(199 * MS // 10, rel=0.02)
    assert report.packets_per_second == pytest.approx(10_000, rel=0.03)


def test_bad_speed_sends_nothing() -> None:
    with pytest.raises(ConfigurationError, match="speed"):
        send_capture(capture_of([to(b"x", "239.255.9.7", 7)]), speed=0.0)


def test_empty_capture_is_a_report_of_nothing() -> None:
    capture = capture_of([to(b"x", "239.255.9.8", 7)])
    empty = Capture("none", "pcap", capture.data, capture.index[:0], capture.counts)
    assert send_capture(empty).packets == 0
    assert SendReport(0, 0, 0, 0, 0, 0).packets_per_second == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["deribit/multicast_head_2000.pcapng", "iex/TOPS16.pcapng.gz"])
def test_real_capture_arrives_byte_for_byte(captures, name) -> None:
    """Sent from another thread at full speed, received into an arena by the kernel under test."""
    capture = read_capture(captures / name)
    total, chunk = len(capture), 2048
    arena = np.zeros((total, chunk), np.uint8)
    block, results = np.zeros(block_words(64), np.int64), result_table(64)
    prepare_block(block, 64)
    lengths: list[int] = []
    with open_receiver("127.0.0.1", 0) as receiver:
        target = ("127.0.0.1", receiver.port)
        sending = threading.Thread(
            target=send_capture, args=(capture, target, "max"), kwargs={"max_rate": 50_000}
        )
        sending.start()
        while len(lengths) < total:
            assert wait_readable([receiver.fileno()], 5_000_000_000)
            limit = min(64, total - len(lengths))
            got = k.receive(
                receiver.fileno(),
                block,
                arena.ctypes.data,
                total,
                chunk,
                len(lengths),
                limit,
                results,
            )
            lengths += results[: max(got, 0), k.LENGTH].tolist()
        sending.join()
        assert receiver.drops() == 0
    assert lengths == capture.index["length"].tolist()
    for row, payload in zip(arena, capture.payloads(), strict=True):
        assert np.array_equal(row[: payload.size], payload)


def test_lines_bring_every_packet_but_those_that_the_schedule_names() -> None:
    capture = capture_of([to(bytes([n]) * 20, "239.255.9.9", 1) for n in range(100)])
    with open_receiver("127.0.0.1", 0) as one, open_receiver("127.0.0.1", 0) as other:
        report, schedule = send_lines(
            capture,
            [("127.0.0.1", one.port), ("127.0.0.1", other.port)],
            [LineFaults(drop=0.2), LineFaults(drop=0.2, corrupt=0.1)],
            5,
            "max",
        )
        lines = [
            take(receiver, plan.sent)
            for receiver, plan in zip((one, other), schedule.lines, strict=True)
        ]
    assert report.packets == sum(plan.sent for plan in schedule.lines)
    whole = [[payload for payload in line if len(set(payload)) == 1] for line in lines]
    dropped = set(schedule.lines[0].dropped.tolist())
    assert [payload[0] for payload in whole[0]] == [n for n in range(100) if n not in dropped]
    assert len(lines[1]) - len(whole[1]) == schedule.lines[1].corrupted.size > 0
    brought = {payload[0] for line in whole for payload in line}
    assert sorted(set(range(100)) - brought) == schedule.lost_by_all.tolist()
