"""A capture as a feed's source: all of it, once, in order, whoever is killed or slow meanwhile."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from tests.fault.killer import Killer
from tests.fault.recording import Recording
from tests.unit.apps.commands import write_capture
from tests.unit.children import Child
from tests.unit.runtime.live import CAUSES, Live, make_config, until
from tests.unit.runtime.venue_packets import joined, of_the_venue
from zerofeed.records import kinds
from zerofeed.runtime.config import Source
from zerofeed.runtime.offline import OfflineFeed

__all__: list[str] = []

pytestmark = pytest.mark.compiled


def without_numbers(records):
    """What an offline decode must agree on, arrival times included: all but the feed's own records."""
    ours = records[(records["kind"] != kinds.EPOCH) & (records["kind"] != kinds.DISCONNECT)].copy()
    ours["seq"] = 0
    return ours


def offline(path):
    feed = OfflineFeed("deribit-multicast", instruments=1024)
    return joined(feed.read(path))


def play_and_kill(tmp_path, *, seed: int, kills: int, speed: str) -> None:
    """Play a capture while its worker is killed; a lossless reader has what the file has."""
    packets = of_the_venue(kills * 700, seed=seed)
    path = write_capture(tmp_path / "venue.pcap", packets)
    expected = offline(path)
    config = make_config(
        source=Source(capture=str(path), speed=speed), records=1 << 12, patience_ms=None, wait_for=1
    )
    recording = Recording(len(expected) + kills + 8)
    with (
        Live(config, tmp_path / "log") as live,
        live.attach() as feed,
    ):
        killer = Killer(feed, seed, kills, len(packets))
        with Child(recording.reader_of(live.name, "lossless")) as other:
            metrics = feed.metrics

            def is_over() -> bool:
                killer.look()
                return killer.is_done and metrics["packets_received"] == len(packets)

            until(is_over, "all kills were made, all packets taken", patience_s=60.0)
            feed.reader().close()
            until(lambda: metrics["records_published"] == feed.published, "all is published")
            recording.ask_to_end(feed.published)
            report = other.result()
        assert metrics["packets_received"] == sum(metrics[f"packets_{each}"] for each in CAUSES)
        assert metrics["packets_decoded"] + metrics["packets_stale"] == len(packets)
        assert feed.epoch == kills + 1
        assert "one copy in user space" in feed.description.receiver
        until(lambda: any("ended, all" in line for line in live.lines()), "its end was told")
        assert sum("ended, all" in line for line in live.lines()) == 1
    assert (report["lost"], report["mode"]) == (0, "lossless")
    assert report["disordered"] == report["repeated"] == 0
    seen = recording.seen()
    assert np.array_equal(seen["seq"], np.arange(len(seen)))
    assert without_numbers(seen).tobytes() == without_numbers(expected).tobytes()


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("speed", ["max", "20x"])
@pytest.mark.parametrize("seed", [200, 201])
def test_workers_killed_while_a_capture_is_played_leave_no_trace(
    tmp_path, seed: int, speed: str
) -> None:
    play_and_kill(tmp_path, seed=seed, kills=20, speed=speed)


def test_a_worker_killed_while_a_capture_is_played_leaves_no_trace(tmp_path) -> None:
    play_and_kill(tmp_path, seed=199, kills=3, speed="max")


def test_a_stopped_lossless_reader_holds_a_capture_back_for_as_long_as_it_takes(tmp_path) -> None:
    packets = of_the_venue(4000, seed=8)
    path = write_capture(tmp_path / "venue.pcap", packets)
    expected = offline(path)
    config = make_config(
        source=Source(capture=str(path), speed="max"), records=1 << 11, patience_ms=None, wait_for=1
    )
    recording = Recording(len(expected) + 8)
    with (
        Live(config, tmp_path / "log") as live,
        live.attach() as feed,
        Child(recording.reader_of(live.name, "lossless")) as other,
    ):
        until(lambda: recording.position > 0, "the reader reads")
        os.kill(other.pid, signal.SIGSTOP)
        held = []
        until(lambda: is_held(feed, held), "the feed stands still")
        taken = feed.metrics["packets_received"]
        os.kill(other.pid, signal.SIGCONT)
        until(lambda: feed.metrics["packets_received"] == len(packets), "all was taken")
        until(lambda: feed.metrics["records_published"] == feed.published, "all is published")
        recording.ask_to_end(feed.published)
        report = other.result()
        assert feed.metrics["readers_degraded"] == 0
    # On a machine that is busy the file may have been done before the reader was stopped.
    assert taken <= len(packets)
    assert (report["lost"], report["mode"]) == (0, "lossless")
    assert without_numbers(recording.seen()).tobytes() == without_numbers(expected).tobytes()


def is_held(feed, seen: list[int]) -> bool:
    """Tell whether the feed published nothing for many looks in a row."""
    seen.append(feed.published)
    return len(seen) > 20_000 and len(set(seen[-20_000:])) == 1
