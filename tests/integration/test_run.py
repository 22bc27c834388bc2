"""``zerofeed run`` from the outside: a file, a process, packets, a reader, a signal, an exit status."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.unit.feed.feeds import name_of_feed
from tests.unit.runtime.live import LOCAL, Packeteer, free_port, until
from tests.unit.runtime.venue_packets import Packets, comparable, decode, joined, of_the_venue
from zerofeed.feed.address import list_feeds
from zerofeed.feed.attach import attach
from zerofeed.runtime.config import load
from zerofeed.wire.pcap import read_capture

__all__: list[str] = []

pytestmark = [pytest.mark.compiled, pytest.mark.timeout(120)]

START_S = 60.0


def write_config(folder: Path, name: str, port: int) -> Path:
    path = folder / "feed.toml"
    path.write_text(
        f"""
[feed]
name = "{name}"
protocol = "deribit-multicast"

[[source]]
group = "{LOCAL}"
port = {port}
buffer_bytes = 4194304

[readers]
patience_ms = 20000
""",
        encoding="utf-8",
    )
    return path


def run(*arguments: str) -> subprocess.Popen[str]:
    """Start ``zerofeed`` with these arguments."""
    return subprocess.Popen(
        [sys.executable, "-m", "zerofeed", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a process; its exit status and its standard error."""
    _, errors = process.communicate(timeout=START_S)
    return process.returncode, errors


def read_through(feed, config, packets: Packets):
    """Send packets and read everything that becomes of them."""
    parts: list[np.ndarray] = []
    with feed.reader("lossless", start="oldest") as reader, Packeteer(feed, config) as sender:

        def take() -> bool:
            while (batch := reader.poll()).size:
                parts.append(reader.copy(batch))
            return True

        sender.send(packets, take)
        until(lambda: take() and sender.taken() == sender.sent, "everything was taken")
        until(lambda: take() and feed.metrics["records_published"] == reader.position, "all read")
        assert reader.lost == 0
    return joined(parts)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_feed_runs_from_its_file_until_a_signal(tmp_path, number: int) -> None:
    name = name_of_feed()
    path = write_config(tmp_path, name, free_port())
    packets = of_the_venue(400)
    process = run("run", str(path))
    try:
        with attach(name, wait=START_S) as feed:
            worker = feed.status()["worker_pid"]
            records = read_through(feed, load(path), packets)
            assert comparable(records).tobytes() == comparable(decode(packets)).tobytes()
            process.send_signal(number)
            status, errors = ended(process)
            assert not feed.is_alive()
    finally:
        process.kill()
        process.communicate()
    assert status == 0, errors
    assert "Traceback" not in errors
    assert (name, os.getuid()) not in list_feeds()
    until(lambda: not Path(f"/proc/{worker}").exists(), "the worker is gone")


def test_a_capture_through_a_live_feed_is_what_it_is_offline(tmp_path, captures) -> None:
    name = name_of_feed()
    path = write_config(tmp_path, name, free_port())
    capture = read_capture(captures / "deribit" / "multicast_head_2000.pcapng")
    index = capture.index
    packets = Packets(
        np.asarray(capture.data),
        index["offset"].astype(np.int64),
        index["length"].astype(np.int64),
        np.zeros(len(index), np.int64),
    )
    process = run("run", str(path))
    try:
        with attach(name, wait=START_S) as feed:
            records = read_through(feed, load(path), packets)
            assert feed.metrics["messages"] == 2420
            assert feed.metrics["gaps"] == 0
    finally:
        process.terminate()
        process.communicate()
    assert comparable(records).tobytes() == comparable(decode(packets)).tobytes()


WRONG = {
    "a file that is not there": (lambda folder: folder / "none.toml", "cannot be read"),
    "a key that is not known": (
        lambda folder: _changed(folder, "patience_ms", "patience"),
        "patience",
    ),
    "an interface that is not there": (
        lambda folder: _changed(folder, f'"{LOCAL}"', '"239.1.1.1"\ninterface = "nonesuch0"'),
        "nonesuch0",
    ),
    "a protocol that is not known": (
        lambda folder: _changed(folder, "deribit-multicast", "itch"),
        "unknown protocol",
    ),
}


def _changed(folder: Path, old: str, new: str) -> Path:
    path = write_config(folder, name_of_feed(), free_port())
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_run_is_one_line_and_an_exit_status(tmp_path, case: str) -> None:
    make, says = WRONG[case]
    started = time.monotonic()
    status, errors = ended(run("run", str(make(tmp_path))))
    assert time.monotonic() - started < START_S
    assert status not in (0, 70)
    (line,) = errors.strip().splitlines()
    assert says in line
    assert "Traceback" not in errors
