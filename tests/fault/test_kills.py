"""Killed at any moment, under load: nothing torn, doubled, reordered or lost without being told.

A venue's packets are sent without a pause while the worker is killed again and again. What
readers in other processes saw is compared, byte for byte, with what the same packets decode
to without a feed.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import time

import numpy as np
import pytest

from tests.fault.recording import Recording
from tests.unit.children import Child, Gate
from tests.unit.runtime.live import CAUSES, Live, Packeteer, make_config, until
from tests.unit.runtime.venue_packets import comparable, decode, fed, of_the_venue
from zerofeed.base.errors import FeedGoneError
from zerofeed.feed.address import list_feeds
from zerofeed.feed.attach import attach
from zerofeed.records import kinds
from zerofeed.runtime.offline import OfflineFeed

__all__: list[str] = []

pytestmark = pytest.mark.compiled

PACKETS_A_KILL = 700
RING = 1 << 14


class Killer:
    """Kills a feed's worker whenever it has taken so many more packets.

    Args:
        feed: attached.
        seed: of the moments.
        kills: how many; one at a moment of each of so many equal parts of the packets.
        packets: that will be sent.
    """

    def __init__(self, feed, seed: int, kills: int, packets: int) -> None:
        self._feed = feed
        self._random = random.Random(seed)
        self._kills = self._left = kills
        self._packets = packets
        self._epoch = feed.epoch
        self._pid = feed.status()["worker_pid"]
        self._due = self._next_due()
        self._killed_ns = 0
        self._live_at = -1
        self.restarts_ms: list[float] = []

    def _next_due(self) -> int:
        part = self._kills - self._left + self._random.random()
        return int(part * self._packets / self._kills)

    def look(self) -> None:
        """Kill if it is time; note how long the last one took to be replaced."""
        feed = self._feed
        now_ns = time.monotonic_ns()
        if self._killed_ns and feed.epoch != self._epoch:
            if self._live_at < 0:
                self._live_at = feed.published
                self._pid = feed.status()["worker_pid"]
            if feed.published > self._live_at or self._is_due():
                # One that is killed again before it has published anything is no figure.
                if feed.published > self._live_at:
                    self.restarts_ms.append((now_ns - self._killed_ns) / 1e6)
                self._killed_ns = 0
                self._epoch = feed.epoch
                self._due = self._next_due()
        elif not self._killed_ns and self._is_due():
            # A few thousand instructions, more or less.
            for _ in range(self._random.randrange(400)):
                pass
            os.kill(self._pid, signal.SIGKILL)
            self._killed_ns, self._live_at = time.monotonic_ns(), -1
            self._left -= 1

    def _is_due(self) -> bool:
        return self._left > 0 and self._feed.metrics["packets_received"] >= self._due

    @property
    def is_done(self) -> bool:
        """All kills were made and answered."""
        is_answered = not self._killed_ns or self._feed.epoch != self._epoch
        return not self._left and is_answered


def assert_every_packet_is_accounted_for(feed, sent: int) -> None:
    metrics = feed.metrics
    assert metrics["packets_received"] + metrics["packets_dropped_kernel"] == sent
    accounted = sum(metrics[f"packets_{cause}"] for cause in CAUSES)
    assert accounted == metrics["packets_received"]
    assert metrics["records_published"] == feed.published


def kill_worker_again_and_again(tmp_path, seed: int, kills: int) -> list[float]:
    """Run a feed under load and kill its worker; check everything; give the restarts in ms."""
    packets = of_the_venue(kills * PACKETS_A_KILL, seed=seed)
    expected = decode(packets)
    config = make_config(records=RING)
    lossless, lossy = (Recording(len(expected) + kills + 8) for _ in range(2))
    with (
        Live(config, tmp_path / f"log{seed}") as live,
        live.attach() as feed,
        Child(lossless.reader_of(live.name, "lossless")) as first,
        Child(lossy.reader_of(live.name, "lossy")) as second,
        Packeteer(feed, config) as sender,
    ):
        until(lambda: lossless.is_reading() and lossy.is_reading(), "the readers are there")
        killer = Killer(feed, seed, kills, len(packets))
        sender.send(packets, killer.look)

        def all_is_done() -> bool:
            killer.look()
            return killer.is_done and sender.taken() == sender.sent

        until(all_is_done, "all kills were made, all packets taken")
        until(lambda: feed.metrics["records_published"] == feed.published, "the last is published")
        for recording in (lossless, lossy):
            recording.ask_to_end(feed.published)
        reports = [first.result(), second.result()]
        assert feed.epoch == kills + 1
        assert_every_packet_is_accounted_for(feed, sender.sent)
        assert feed.metrics["packets_dropped_kernel"] == 0
        published = feed.published
        rows = {row.symbol: row.index for row in feed.instruments}
        assert len(rows) > 20

    for report in reports:
        assert report["disordered"] == report["repeated"] == 0
        assert report["taken"] == report["consumed"]
        assert report["consumed"] + report["lost"] + report["lag"] == published
    seen = lossless.seen()
    assert (reports[0]["lost"], reports[0]["mode"]) == (0, "lossless")
    assert np.array_equal(seen["seq"], np.arange(published))
    # A worker that is killed before it has said its epoch leaves none; the numbers go on.
    epochs = seen[seen["kind"] == kinds.EPOCH]["epoch"]
    assert (np.diff(epochs) > 0).all()
    assert (epochs[0], epochs[-1]) == (1, kills + 1)
    assert comparable(seen).tobytes() == comparable(expected).tobytes()
    # Whatever the lossy reader has, it has whole: the same bytes at the same number.
    part = lossy.seen()
    assert part.tobytes() == seen[part["seq"]].tobytes()
    assert len(part) + reports[1]["lost"] == published
    return killer.restarts_ms


@pytest.mark.timeout(120)
def test_a_worker_killed_under_load_leaves_no_trace_in_the_stream(tmp_path) -> None:
    restarts = kill_worker_again_and_again(tmp_path, seed=1, kills=20)
    assert restarts


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(100, 110))
def test_a_worker_killed_thirty_times_leaves_no_trace_in_the_stream(
    tmp_path, seed: int, record_testsuite_property
) -> None:
    restarts = kill_worker_again_and_again(tmp_path, seed=seed, kills=30)
    record_testsuite_property(f"restart_ms_p50_seed{seed}", statistics.median(restarts))
    record_testsuite_property(f"restart_ms_max_seed{seed}", max(restarts))
    assert restarts


def test_books_survive_their_workers(tmp_path) -> None:
    """After kills, the books that readers are shown are those of a decoder that never died."""
    packets = of_the_venue(4000, seed=3)
    truth = OfflineFeed("deribit-multicast", instruments=512)
    fed(truth, packets)
    config = make_config()
    with (
        Live(config, tmp_path / "log") as live,
        live.attach() as feed,
        Packeteer(feed, config) as sender,
    ):
        killer = Killer(feed, 3, 5, len(packets))
        sender.send(packets, killer.look)
        until(lambda: (killer.look(), killer.is_done)[1], "all kills were made")
        sender.drain()
        until(lambda: feed.metrics["records_published"] == feed.published, "the last is published")
        compared = 0
        for row in truth.instruments:
            book = truth.books[row.index]
            shown = feed.latest(row.symbol) if hasattr(feed, "latest") else None
            if shown is None or not len(book.bids):
                continue
            compared += 1
            depth = min(len(book.bids), feed.description.book_depth)
            assert shown.bids[:depth].tolist() == book.bids[:depth].tolist()
        assert compared or not hasattr(feed, "latest")


# A reader is killed


def holder(name: str, ready: Gate, mode: str = "lossless"):
    """A process with a reader that waits until it is killed."""

    def work() -> None:
        with attach(name, wait=20.0) as feed, feed.reader(mode, start="oldest"):
            ready.open()
            while True:
                signal.pause()

    return work


def kill_readers_again_and_again(tmp_path, kills: int) -> None:
    """Kill lossless readers that hold the feed back; the feed and another reader go on."""
    packets = of_the_venue(kills * 300, seed=5)
    expected = decode(packets)
    config = make_config(records=1 << 11)
    recording = Recording(len(expected) + 8)
    with (
        Live(config, tmp_path / "log") as live,
        live.attach() as feed,
        Child(recording.reader_of(live.name, "lossless")) as other,
        Packeteer(feed, config) as sender,
    ):
        until(recording.is_reading, "the other reader is there")
        for kill in range(kills):
            ready = Gate()
            with Child(holder(live.name, ready)) as victim:
                ready.wait()
                assert victim.pid in {r["pid"] for r in feed.status()["readers"]}
                part = packets.chosen(slice(kill * 300, kill * 300 + 64))
                sender.send(part)
                victim.kill()
                # Its slot is free at once; nobody waits for a patience of 20 s.
                sender.send(packets.chosen(slice(kill * 300 + 64, (kill + 1) * 300)))
                until(
                    lambda pid=victim.pid: pid
                    not in {r["pid"] for r in feed.status()["readers"]},
                    "the slot is free",
                )
            ready.close()
        sender.drain()
        until(lambda: feed.metrics["records_published"] == feed.published, "the last is published")
        recording.ask_to_end(feed.published)
        report = other.result()
        assert feed.epoch == 1
        assert feed.metrics["readers_degraded"] == 0
        assert_every_packet_is_accounted_for(feed, sender.sent)
    assert (report["lost"], report["mode"], report["disordered"]) == (0, "lossless", 0)
    assert comparable(recording.seen()).tobytes() == comparable(expected).tobytes()


def test_a_killed_reader_frees_its_slot_and_nobody_else_notices(tmp_path) -> None:
    kill_readers_again_and_again(tmp_path, kills=8)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_hundred_killed_readers_leave_nothing(tmp_path) -> None:
    kill_readers_again_and_again(tmp_path, kills=100)


def test_a_reader_that_is_stopped_does_not_stop_the_feed(tmp_path) -> None:
    packets = of_the_venue(4000, seed=6)
    audit = tmp_path / "audit"
    config = make_config(records=1 << 11, patience_ms=50, audit=audit)
    ready = Gate()
    with (
        Live(config, tmp_path / "log") as live,
        live.attach() as feed,
        Child(holder(live.name, ready)) as victim,
        Packeteer(feed, config) as sender,
    ):
        ready.wait()
        os.kill(victim.pid, signal.SIGSTOP)
        sender.send(packets)
        sender.drain()
        (reader,) = feed.status()["readers"]
        assert (reader["pid"], reader["mode"]) == (victim.pid, "degraded")
        assert feed.metrics["readers_degraded"] == 1
        until(
            lambda: f"pid={victim.pid}" in audit.read_text(encoding="utf-8").rpartition("degrade")[2],
            "it was degraded by name",
        )


# The supervisor is killed


def is_gone(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return ") Z " in file.read()
    except FileNotFoundError:
        return True


@pytest.mark.timeout(120)
def test_a_killed_supervisor_takes_everything_with_it(tmp_path) -> None:
    packets = of_the_venue(900, seed=7)
    path = tmp_path / "socket"
    config = make_config(socket=path)
    # The same name, path and port again and again: nothing that was left behind is in the way.
    for kill in range(6):
        recording = Recording(1 << 14)
        with (
            Live(config, tmp_path / f"log{kill}") as live,
            live.attach() as feed,
            Child(recording.reader_of(live.name, "lossless")) as other,
            Packeteer(feed, config) as sender,
        ):
            until(recording.is_reading, "the reader is there")
            worker = feed.status()["worker_pid"]
            with feed.reader("lossless", start="oldest") as reader:
                sender.send(packets.chosen(slice(0, 300 + 100 * kill)))
                live.child.kill()
                until(lambda pid=worker: is_gone(pid), "the worker died with it")
                assert not feed.is_alive()
                assert (live.name, os.getuid()) not in list_feeds()
                # What was published can still be read, to the last record.
                seen = sum(len(batch) for batch in reader)
                assert seen == feed.published
                with pytest.raises(FeedGoneError):
                    reader.wait(1.0)
            report = other.result()
            assert report["has_ended"]
            assert report["position"] == feed.published
            assert report["disordered"] == report["lost"] == 0


@pytest.mark.timeout(120)
def test_a_supervisor_killed_while_it_replaces_its_worker_leaves_no_worker(tmp_path) -> None:
    for kill in range(4):
        config = make_config()
        with Live(config, tmp_path / f"log{kill}") as live, live.attach() as feed:
            os.kill(feed.status()["worker_pid"], signal.SIGKILL)
            for _ in range(kill * 20_000):
                pass
            live.child.kill()
            children = [
                pid for pid in map(int, filter(str.isdigit, os.listdir("/proc")))
                if _has_map_of(pid, live.name) and pid != os.getpid()
            ]  # fmt: skip
            for pid in children:
                until(lambda pid=pid: is_gone(pid), "every worker died with it")


def _has_map_of(pid: int, name: str) -> bool:
    try:
        with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
            return f"zerofeed-{name}-records" in file.read()
    except OSError:
        return False
