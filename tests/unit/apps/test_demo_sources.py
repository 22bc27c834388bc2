"""The demonstration's sender never has more under way than can wait in front of the feed."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
import pytest

from zerofeed.apps import demo_sources
from zerofeed.apps.demo_sources import SendPlan
from zerofeed.wire.pcap_write import CaptureWriter

SECOND = 1_000_000_000


class FakeClock:
    """Time that passes only when somebody sleeps; each sleep lets the feed take some packets."""

    def __init__(self, feed: FakeFeed | None = None, taken_per_sleep: int = 0) -> None:
        self.now_ns = 0
        self.sleeps = 0
        self._feed = feed
        self._taken = taken_per_sleep

    def sleep(self, seconds: float) -> None:
        assert self.sleeps < 100_000, "it would wait for ever"
        self.sleeps += 1
        self.now_ns += max(1, int(seconds * SECOND))
        if self._feed is not None:
            self._feed.metrics["packets_received"] += self._taken

    def monotonic(self) -> float:
        return self.now_ns / SECOND

    def monotonic_ns(self) -> int:
        return self.now_ns

    def time_ns(self) -> int:
        return 1_700_000_000 * SECOND + self.now_ns


class FakeFeed:
    """A feed of which only the counters are looked at."""

    def __init__(self) -> None:
        self.metrics = {"packets_received": 0, "packets_dropped_kernel": 0}


def window(feed: FakeFeed, packets: int) -> demo_sources._Window:
    return demo_sources._Window(feed, packets)


def plan(**changes: Any) -> SendPlan:
    usual = {
        "feed": "f", "group": "239.1.1.1", "port": 6100, "window": 256,
        "seconds": 1.0, "rate": None, "seed": 1,
    }  # fmt: skip
    return SendPlan(**(usual | changes))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    fake = FakeClock()
    monkeypatch.setattr(demo_sources, "time", fake)
    return fake


def test_window_lets_pass_what_fits_without_waiting(clock: FakeClock) -> None:
    it = window(FakeFeed(), 100)
    it.wait(64)
    it.sent += 64
    it.wait(36)
    assert clock.sleeps == 0


def test_window_waits_until_the_feed_has_taken_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = FakeFeed()
    clock = FakeClock(feed, taken_per_sleep=10)
    monkeypatch.setattr(demo_sources, "time", clock)
    it = window(feed, 100)
    it.sent = 100
    it.wait(64)
    assert clock.sleeps == 7
    assert it.sent + 64 - feed.metrics["packets_received"] <= 100


def test_window_is_never_exceeded_however_the_feed_comes_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    feed = FakeFeed()
    monkeypatch.setattr(demo_sources, "time", FakeClock(feed, taken_per_sleep=3))
    it = window(feed, 80)
    for count in [64, 64, 1, 17, 64, 80, 2] * 20:
        it.wait(count)
        it.sent += count
        assert it.sent - feed.metrics["packets_received"] <= 80


def test_window_counts_what_the_kernel_dropped_as_gone(clock: FakeClock) -> None:
    feed = FakeFeed()
    it = window(feed, 100)
    it.sent = 100
    feed.metrics["packets_dropped_kernel"] = 64
    it.wait(64)
    assert clock.sleeps == 0


def test_drain_ends_when_everything_was_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = FakeFeed()
    clock = FakeClock(feed, taken_per_sleep=25)
    monkeypatch.setattr(demo_sources, "time", clock)
    it = window(feed, 100)
    it.sent = 100
    assert it.drain(5.0)
    assert clock.sleeps == 4


def test_drain_gives_up_after_its_time(clock: FakeClock) -> None:
    it = window(FakeFeed(), 100)
    it.sent = 1
    assert not it.drain(0.5)
    assert 0.5 <= clock.monotonic() < 0.6


def write_capture(folder: Path, times_ns: list[int]) -> str:
    path = folder / "some.pcapng"
    with path.open("wb") as file, CaptureWriter(file) as writer:
        for number, ts_ns in enumerate(times_ns):
            writer.write_udp(
                ts_ns,
                bytes([number % 256]) * 20,
                source=(0x0A000001, 1),
                destination=(0xEF010101, 6100),
            )
    return str(path)


def payloads(buffer: Any, offsets: Any, lengths: Any) -> list[bytes]:
    return [bytes(buffer[at : at + length]) for at, length in zip(offsets, lengths, strict=True)]


def test_capture_gives_every_payload_in_order_in_batches(tmp_path: Path) -> None:
    path = write_capture(tmp_path, [1_000 * n for n in range(150)])
    batches = list(demo_sources._Capture(plan(capture=path)).batches())
    assert [len(offsets) for _, offsets, _ in batches] == [64, 64, 22]
    got = [payload for batch in batches for payload in payloads(*batch)]
    assert got == [bytes([n]) * 20 for n in range(150)]


def test_capture_at_a_speed_waits_for_each_packet_to_be_due(
    tmp_path: Path, clock: FakeClock
) -> None:
    path = write_capture(tmp_path, [SECOND, SECOND + 4_000_000, SECOND + 40_000_000])
    given = [
        (clock.now_ns, len(offsets))
        for _, offsets, _ in demo_sources._Capture(plan(capture=path, speed=2.0)).batches()
    ]
    assert [count for _, count in given] == [1, 1, 1]
    for (at_ns, _), due_ns in zip(given, [0, 2_000_000, 20_000_000], strict=True):
        assert due_ns <= at_ns < due_ns + 5_000_000


def test_capture_knows_no_message_counts(tmp_path: Path) -> None:
    assert demo_sources._Capture(plan(capture=write_capture(tmp_path, [1]))).messages() is None


class FakeVenue:
    """A venue that has as many packets as one asks for."""

    def __init__(self, _seed: int, *, start_ns: int) -> None:
        self.start_ns = start_ns
        self.packets = 0

    def advance(self, _now_ns: int, packets: int) -> Any:
        self.packets += packets
        arrays = {"offsets": np.arange(packets), "lengths": np.ones(packets, np.int64)}
        buffer = np.zeros(packets, np.uint8)
        return _Batch(buffer=buffer, **arrays)

    def message_counts(self) -> dict[str, int]:
        return {"Book": self.packets}


class _Batch(SimpleNamespace):
    def __len__(self) -> int:
        return len(self.offsets)


def test_venue_keeps_its_rate_and_its_time(
    monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    monkeypatch.setattr(demo_sources, "SimulatedDeribit", FakeVenue)
    venue = demo_sources._Venue(plan(seconds=2.0, rate=1_000.0))
    sent = 0
    for _, offsets, _ in venue.batches():
        sent += len(offsets)
        assert sent <= clock.monotonic() * 1_000.0
    assert 1_990 <= sent <= 2_000
    assert venue.messages() == {"Book": sent}


def test_venue_without_a_rate_gives_whole_batches_until_its_time_is_over(
    monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    monkeypatch.setattr(demo_sources, "SimulatedDeribit", FakeVenue)
    sizes = []
    for _, offsets, _ in demo_sources._Venue(plan(seconds=1.0)).batches():
        sizes.append(len(offsets))
        clock.now_ns += 100_000_000
    assert sizes == [64] * 10


class FakePipe:
    """The parent, who says go at once."""

    def __init__(self, order: list[str]) -> None:
        self._order = order
        self.report: Any = None

    def send(self, message: Any) -> None:
        self._order.append("report" if isinstance(message, dict) else message)
        self.report = message

    def recv(self) -> str:
        self._order.append("go")
        return "go"


class FakeSender:
    """A wire that hands everything to the feed at once."""

    def __init__(self, order: list[str], feed: FakeFeed) -> None:
        self._order, self._feed = order, feed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def send(self, _buffer: Any, offsets: Any, _lengths: Any, _destination: Any) -> None:
        self._order.append("sent")
        self._feed.metrics["packets_received"] += len(offsets)


def test_sender_waits_for_go_and_reports_what_it_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    feed: Any = FakeFeed()
    feed.close = lambda: order.append("closed")
    monkeypatch.setattr(demo_sources, "attach", lambda _name, wait: feed)
    monkeypatch.setattr(demo_sources, "BatchSender", lambda **_how: FakeSender(order, feed))
    pipe: Any = FakePipe(order)
    capture = write_capture(tmp_path, list(range(70)))
    before = time.monotonic_ns()
    demo_sources.send_packets(plan(capture=capture), pipe)
    assert order == ["ready", "go", "sent", "sent", "report", "closed"]
    elapsed_ns = pipe.report.pop("elapsed_ns")
    assert 0 < elapsed_ns < time.monotonic_ns() - before
    assert pipe.report == {"packets": 70, "bytes": 1400, "messages": None, "is_drained": True}
