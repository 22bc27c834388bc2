"""The worker waits for lossless readers up to the feed's patience, and says when it gave up."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.unit.children import Child, Gate
from tests.unit.runtime.live import Live, Packeteer, make_config, until
from tests.unit.runtime.venue_packets import comparable, decode, joined, of_the_venue
from zerofeed.feed.attach import attach
from zerofeed.records import kinds
from zerofeed.runtime.config import WorkerSection
from zerofeed.runtime.stage import Stage
from zerofeed.runtime.worker import LOST_PATIENCE

__all__: list[str] = []

pytestmark = pytest.mark.compiled


def idle_reader(name: str, ready: Gate, done: Gate, mode: str = "lossless"):
    """A process with a reader that never reads."""

    def work():
        with attach(name, wait=20.0) as feed, feed.reader(mode, start="oldest") as reader:
            ready.open()
            done.wait(60.0)
            return {"mode": reader.mode, "slot": reader._slot}

    return work


def test_a_lossless_reader_is_waited_for_and_loses_nothing(tmp_path) -> None:
    # Several times as many records as the ring keeps, so that the feed must wait again and again.
    packets = of_the_venue(6000)
    expected = decode(packets)
    config = make_config(records=1 << 11)
    assert len(expected) > 3 * (1 << 11)
    with Live(config, tmp_path / "log") as live, live.attach() as feed:
        reader = feed.reader("lossless", start="oldest")
        parts = []
        with Packeteer(feed, config) as sender:
            sender.send(packets, lambda: take(reader, parts))
            until(lambda: take(reader, parts) and sender.taken() == sender.sent, "all was taken")
        until(lambda: take(reader, parts) and reader.lag == 0, "all was read")
        seen = joined(parts)
        assert (reader.lost, reader.mode) == (0, "lossless")
        assert feed.metrics["readers_degraded"] == 0
        assert np.array_equal(seen["seq"], np.arange(len(seen)))
        assert comparable(seen).tobytes() == comparable(expected).tobytes()


def take(reader, parts) -> bool:
    """Copy what is there; always true."""
    while (batch := reader.poll()).size:
        parts.append(reader.copy(batch))
    return True


def test_a_reader_that_runs_out_of_patience_is_degraded_by_name(tmp_path) -> None:
    packets = of_the_venue(4000)
    audit = tmp_path / "audit"
    config = make_config(records=1 << 11, patience_ms=30, audit=audit)
    ready, done = Gate(), Gate()
    with (
        Live(config, tmp_path / "log") as live,
        live.attach() as feed,
        Child(idle_reader(live.name, ready, done)) as idler,
        Packeteer(feed, config) as sender,
    ):
        ready.wait()
        other = feed.reader("lossless", start="oldest")
        parts: list[np.ndarray] = []
        sender.send(packets, lambda: take(other, parts))
        until(lambda: take(other, parts) and sender.taken() == sender.sent, "the feed goes on")
        until(lambda: take(other, parts) and other.lag == 0, "all was read")
        seen = joined(parts)
        # The others are not concerned: nothing of theirs is lost.
        assert (other.lost, other.mode) == (0, "lossless")
        assert np.array_equal(seen["seq"], np.arange(len(seen)))
        assert feed.metrics["readers_degraded"] == 1
        (told,) = seen[seen["kind"] == kinds.DISCONNECT]
        assert told["reason"] == LOST_PATIENCE
        done.open()
        answer = idler.result()
        assert answer["mode"] == "degraded"
        assert told["reader"] == answer["slot"]
        until(
            lambda: (
                f"degrade slot={answer['slot']} ring=records pid={idler.pid}"
                in audit.read_text(encoding="utf-8")
            ),
            "the audit log names it",
        )
        assert any(f"pid={idler.pid}" in line and "lossy now" in line for line in live.lines())


def test_a_stopped_process_does_not_stop_the_feed(tmp_path) -> None:
    packets = of_the_venue(4000)
    config = make_config(records=1 << 11, patience_ms=30)
    ready, done = Gate(), Gate()
    with (
        Live(config, tmp_path / "log") as live,
        live.attach() as feed,
        Child(idle_reader(live.name, ready, done)) as idler,
        Packeteer(feed, config) as sender,
    ):
        ready.wait()
        os.kill(idler.pid, signal.SIGSTOP)
        sender.send(packets)
        sender.drain()
        assert feed.metrics["readers_degraded"] == 1
        assert [r["mode"] for r in feed.status()["readers"]] == ["degraded"]
        os.kill(idler.pid, signal.SIGCONT)
        done.open()
        assert idler.result()["mode"] == "degraded"


def test_a_lossy_reader_costs_no_patience(tmp_path) -> None:
    packets = of_the_venue(4000)
    config = make_config(records=1 << 11, patience_ms=60_000)
    ready, done = Gate(), Gate()
    with (
        Live(config, tmp_path / "log") as live,
        live.attach() as feed,
        Child(idle_reader(live.name, ready, done, "lossy")) as idler,
        Packeteer(feed, config) as sender,
    ):
        ready.wait()
        sender.send(packets)
        sender.drain()
        done.open()
        assert idler.result()["mode"] == "lossy"
        assert feed.metrics["readers_degraded"] == 0


def test_a_reader_can_come_and_go_while_the_feed_is_held_back(tmp_path) -> None:
    packets = of_the_venue(4000)
    config = make_config(records=1 << 11, patience_ms=60_000)
    ready, done = Gate(), Gate()
    with (
        Live(config, tmp_path / "log") as live,
        live.attach() as feed,
        Packeteer(feed, config) as sender,
    ):
        with Child(idle_reader(live.name, ready, done)) as idler:
            ready.wait()
            for first in range(0, len(packets), 64):
                if sender.sent - sender.taken() + 64 > sender.window // 2:
                    break
                sender.burst(packets.chosen(slice(first, first + 64)))
            # The feed stands still, and still answers.
            with feed.reader() as visitor:
                assert visitor.mode == "lossy"
            with feed.reader("lossless", start="now") as visitor:
                assert visitor.mode == "lossless"
            assert feed.metrics["readers_degraded"] == 0
            idler.kill()
        # Its death frees the feed at once, long before the patience is over.
        sender.drain()
        assert feed.metrics["readers_degraded"] == 0


def test_the_worker_is_the_only_one_that_can_write_the_feed(tmp_path) -> None:
    with Live(make_config(), tmp_path / "log") as live, live.attach() as feed:
        worker = feed.status()["worker_pid"]

        def writable(pid: int) -> set[str]:
            """Inodes of the record rings that a process has mapped writable."""
            maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines()
            # This feed's: an earlier test of this process may have left one of its own behind.
            rings = [line.split() for line in maps if f"{live.name}-records" in line]
            return {fields[4] for fields in rings if fields[1] == "rw-s"}

        assert writable(worker)
        assert not writable(worker) & writable(os.getpid())


def test_the_first_record_of_a_feed_is_its_epoch(tmp_path) -> None:
    with Live(make_config(), tmp_path / "log") as live, live.attach() as feed:
        with feed.reader(start="oldest") as reader:
            until(lambda: feed.published > 0, "the worker said hello")
            first = reader.copy(reader.poll())[0]
        assert (first["kind"], first["epoch"], first["resumed_frame"]) == (kinds.EPOCH, 1, 0)
        assert feed.epoch == 1


def test_a_core_that_is_not_there_is_said_and_the_worker_runs_unpinned(tmp_path) -> None:
    config = msgspec.structs.replace(make_config(), worker=WorkerSection(core=1023))
    with Live(config, tmp_path / "log") as live, live.attach() as feed:
        until(lambda: any("runs unpinned" in line for line in live.lines()), "it was said")
        assert feed.status()["epoch"] == 1


def test_what_could_not_be_kept_for_a_successor_is_said_once_a_worker(
    tmp_path, monkeypatch
) -> None:
    # Each look finds more; the worker is a fork of this process and has the same stage.
    looks = np.zeros(1, np.int64)

    def note_overflows(self) -> bool:
        looks[0] += 1
        self.memory.metrics.set("changes_unkept", int(looks[0]))
        return True

    monkeypatch.setattr(Stage, "note_overflows", note_overflows)
    with Live(make_config(), tmp_path / "log") as live, live.attach() as feed:
        until(lambda: feed.metrics["changes_unkept"] > 2, "it looked more than twice")
        told = [line for line in live.lines() if "more than can be undone" in line]
        assert len(told) == 1
        assert "(1 changes, 0 books so far)" in told[0]


def faults_of(pid: int) -> int:
    """Page faults of a process so far that needed no disk."""
    after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
    return int(after_name.split()[7])


def test_locked_memory_costs_no_page_fault_at_the_first_packets(tmp_path) -> None:
    packets = of_the_venue(1000)
    faults = {}
    for is_locked in (False, True):
        config = make_config(lock=is_locked, frames=1024, records=1 << 15)
        log = tmp_path / str(is_locked)
        with (
            Live(config, log) as live,
            live.attach() as feed,
            Packeteer(feed, config) as sender,
        ):
            until(lambda feed=feed: feed.published > 0, "it has begun")
            worker = feed.status()["worker_pid"]
            before = faults_of(worker)
            sender.send(packets)
            sender.drain()
            faults[is_locked] = faults_of(worker) - before
    # Its own code and stack still cost some; the memory of the feed alone has about 900 pages.
    assert faults[False] > 400
    assert faults[True] < faults[False] // 3


@pytest.mark.root
def test_a_real_time_priority_is_taken_and_kept_without_rights(tmp_path) -> None:
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    except PermissionError:
        pytest.skip("no real-time priorities here")
    config = msgspec.structs.replace(make_config(), worker=WorkerSection(realtime=7, user="nobody"))
    with Live(config, tmp_path / "log") as live, live.attach() as feed:
        until(lambda: feed.published > 0, "it has begun")
        worker = feed.status()["worker_pid"]
        assert os.sched_getscheduler(worker) == os.SCHED_FIFO
        assert os.sched_getparam(worker).sched_priority == 7
        assert os.sched_getscheduler(live.supervisor_pid) == os.SCHED_OTHER


def test_a_real_time_priority_that_is_not_allowed_is_said_and_the_feed_runs(
    tmp_path, monkeypatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    # The worker is a fork of this process.
    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    config = msgspec.structs.replace(make_config(), worker=WorkerSection(realtime=7))
    with Live(config, tmp_path / "log") as live, live.attach() as feed:
        until(lambda: any("worker.realtime = 7" in line for line in live.lines()), "it was said")
        assert feed.status()["epoch"] == 1
