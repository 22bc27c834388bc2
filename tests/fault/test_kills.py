"""Killed at any moment, under load: nothing torn, doubled, reordered or lost without being told.

A venue's packets are sent without a pause while the worker is killed again and again. What
readers in other processes saw is compared, byte for byte, with what the same packets decode
to without a feed.
"""

from __future__ import annotations

import os
import signal
import statistics
from pathlib import Path

import numpy as np
import pytest

from tests.fault.killer import Killer
from tests.fault.recording import Recording
from tests.unit.children import Child, Gate
from tests.unit.runtime.live import CAUSES, Live, Packeteer, make_config, until
from tests.unit.runtime.venue_packets import (
    Packets,
    comparable,
    decode,
    make_venue,
    of_the_venue,
    venue_packets,
)
from zerofeed.base.errors import FeedGoneError
from zerofeed.feed.address import list_feeds
from zerofeed.feed.attach import attach
from zerofeed.records import kinds

__all__: list[str] = []

pytestmark = pytest.mark.compiled

PACKETS_A_KILL = 700
RING = 1 << 14


def settle(feed, sender: Packeteer, killer: Killer) -> None:
    """Wait until all kills were made and everything that was sent is published."""

    def is_over() -> bool:
        killer.look()
        return killer.is_done and sender.taken() == sender.sent

    until(is_over, "all kills were made, all packets taken")
    feed.reader().close()
    until(lambda: feed.metrics["records_published"] == feed.published, "the last is published")


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
        half = len(packets) // 2
        sender.send(packets.chosen(slice(0, half)), killer.look)
        # From here on the lossy one falls behind by more than the ring keeps.
        os.kill(second.pid, signal.SIGSTOP)
        sender.send(packets.chosen(slice(half, None)), killer.look)
        settle(feed, sender, killer)
        os.kill(second.pid, signal.SIGCONT)
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
    assert reports[1]["lost"] > 0
    return killer.restarts_ms


@pytest.mark.timeout(120)
def test_a_worker_killed_under_load_leaves_no_trace_in_the_stream(tmp_path) -> None:
    restarts = kill_worker_again_and_again(tmp_path, seed=1, kills=20)
    assert restarts


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(100, 115))
def test_a_worker_killed_thirty_times_leaves_no_trace_in_the_stream(
    tmp_path, seed: int, record_testsuite_property
) -> None:
    restarts = kill_worker_again_and_again(tmp_path, seed=seed, kills=30)
    record_testsuite_property(f"restart_ms_p50_seed{seed}", statistics.median(restarts))
    record_testsuite_property(f"restart_ms_max_seed{seed}", max(restarts))
    assert restarts


def test_books_survive_their_workers(tmp_path) -> None:
    """After kills, the books that readers are shown are the venue's own, to the last level."""
    venue = make_venue(3)
    packets = Packets.joined(venue_packets(venue, 4000))
    config = make_config()
    with (
        Live(config, tmp_path / "log") as live,
        live.attach() as feed,
        Packeteer(feed, config) as sender,
    ):
        killer = Killer(feed, 3, 5, len(packets))
        sender.send(packets, killer.look)
        settle(feed, sender, killer)
        assert feed.epoch == 6
        depth = feed.description.book_depth
        for listing in venue.listings:
            truth, shown = venue.book(listing.instrument_id), feed.latest(listing.name)
            assert not shown.doubts
            assert shown.bids == list(truth.bids[:depth])
            assert shown.asks == list(truth.asks[:depth])


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
                    lambda pid=victim.pid: pid not in {r["pid"] for r in feed.status()["readers"]},
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
            lambda: (
                f"pid={victim.pid}" in audit.read_text(encoding="utf-8").rpartition("degrade")[2]
            ),
            "it was degraded by name",
        )


# The supervisor is killed


def is_gone(pid: int) -> bool:
    """Tell whether a process is gone, or only waits to be reaped."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
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
            pids = {int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
            children = [pid for pid in pids - {os.getpid()} if _has_map_of(pid, live.name)]
            for pid in children:
                until(lambda pid=pid: is_gone(pid), "every worker died with it")


def _has_map_of(pid: int, name: str) -> bool:
    try:
        maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
    except OSError:
        return False
    return f"zerofeed-{name}-records" in maps
