"""``zerofeed audit`` from the outside: honest readers pass, and each way of copying is found."""

from __future__ import annotations

import gc
import json
import mmap
import os
import subprocess
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.unit.apps.commands import PATIENCE_S, start, write_capture
from tests.unit.children import Child, Gate
from tests.unit.feed.feeds import name_of_feed, records
from tests.unit.runtime.live import Live, make_config, until
from tests.unit.runtime.venue_packets import of_the_venue
from zerofeed.feed.attach import Feed, attach
from zerofeed.feed.connection import Connection
from zerofeed.feed.description import LAYOUT_VERSION
from zerofeed.feed.memory import MemorySizes
from zerofeed.feed.messages import Request
from zerofeed.feed.publisher import Publisher
from zerofeed.runtime.config import Source

__all__: list[str] = []

pytestmark = [pytest.mark.compiled, pytest.mark.slow, pytest.mark.timeout(180)]

SIZES = MemorySizes(records=1 << 14, frames=128, chunk_bytes=64, burst=8, instruments=16)
BATCH = 1024
MOST_KEPT_BYTES = 1 << 30
MOST_SECONDS = 12.0
ATTEMPTS = 3


def look(feed: Feed) -> None:
    """Read views, and keep nothing."""
    for batch in feed.reader():
        assert batch["seq"][0] <= batch["seq"][-1]


def choose(feed: Feed) -> None:
    """Read with a filter, which copies what matches."""
    for batch in feed.reader(kinds=["trade"]):
        assert batch.size


def hoard(feed: Feed) -> None:
    """Copy every third record without saying so, and keep it."""
    kept: list[Any] = []
    size = 0
    for batch in feed.reader():
        if size < MOST_KEPT_BYTES:
            kept.append(np.array(batch[::3]))
            size += kept[-1].nbytes


def map_privately(feed: Feed) -> None:
    """Map the records a second time, privately, and change a byte of that copy."""
    connection = Connection(feed.name)
    reply, fds = connection.ask(Request(op="attach", layout=LAYOUT_VERSION, program="other"))
    assert reply.description is not None
    fd = fds[reply.description.objects["records"].fd]
    size = os.fstat(fd).st_size
    with mmap.mmap(fd, size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE) as own:
        own[size - 1] = 1
        look(feed)


def reading(name: str, how: Callable[[Feed], None], gate: Gate) -> Child:
    """A process that reads once the gate is open; forked before there is any feed to inherit."""

    def work() -> str:
        # What the tests before this one left behind is not to be given back while memory is watched.
        gc.collect()
        gc.freeze()
        gate.wait(PATIENCE_S)
        with attach(name, wait=PATIENCE_S, program=how.__name__) as feed:
            how(feed)
        return "the feed ended"

    return Child(work)


class Audited:
    """A feed of this process's, and the processes that read it."""

    def __init__(self, *ways: Callable[[Feed], None]) -> None:
        self.name = name_of_feed()
        self._gates = [Gate() for _ in ways]
        self.children = [
            reading(self.name, how, gate) for how, gate in zip(ways, self._gates, strict=True)
        ]
        self.publisher = Publisher(self.name, SIZES)
        self._batch = records(0, BATCH)

    def __enter__(self):
        for gate in self._gates:
            gate.open()
        until(self._all_read, "all readers read", patience_s=PATIENCE_S)
        return self

    def _all_read(self) -> bool:
        self._publish()
        readers = self.publisher.status()["readers"]
        return len(readers) == len(self.children) and all(each["consumed"] for each in readers)

    def _publish(self) -> None:
        """64 KiB, and no more than a thousand times a second.

        So paced, what is hoarded of it reaches its limit long after any audit has started.
        """
        self.publisher.publish(self._batch)
        self.publisher.serve(0)
        time.sleep(0.001)

    def audit(self) -> tuple[int, dict[str, Any]]:
        """Audit it from a process of its own, while records are published.

        On a machine with more to do than cores, little is read in a second and a half: the audit
        then says so, as it must, and is asked for more.
        """
        seconds = 1.5
        while True:
            with start("audit", self.name, "--json", "--seconds", str(seconds)) as process:
                while process.poll() is None:
                    self._publish()
                status, told = ended(process)
            short = [text for text in texts(told, "memory") if "use --seconds" in text]
            if not short or seconds >= MOST_SECONDS:
                return status, told
            seconds *= 2

    def __exit__(self, *_: object) -> None:
        self.publisher.close()
        for child in self.children:
            child.__exit__(None, None, None)
        for gate in self._gates:
            gate.close()


def ended(process: subprocess.Popen[str]) -> tuple[int, dict[str, Any]]:
    """The exit status and the report of an audit."""
    told, errors = process.communicate(timeout=PATIENCE_S)
    assert not errors, errors
    return process.returncode, json.loads(told)


def texts(told: dict[str, Any], sort: str) -> list[str]:
    found = [each for hop in told["hops"] for each in hop["evidence"]]
    return [each["text"] for each in found if each["sort"] == sort]


def hop_of(told: dict[str, Any], program: str) -> dict[str, Any]:
    (found,) = [hop for hop in told["hops"] if hop["hop"] == f"records to {program}"]
    return found


def verdicts(hop: dict[str, Any]) -> dict[str, str]:
    return {each["sort"]: each["verdict"] for each in hop["evidence"]}


def test_readers_that_copy_nothing_or_say_so_pass() -> None:
    with Audited(look, choose) as audited:
        status, told = audited.audit()
    assert (status, told["ok"]) == (0, True), told
    looking, choosing = hop_of(told, "look"), hop_of(told, "choose")
    assert (looking["user_copies"], choosing["user_copies"]) == (0, 1)
    for hop in (looking, choosing):
        assert (verdicts(hop)["maps"], verdicts(hop)["memory"]) == ("holds", "holds")
    (own,) = [hop for hop in told["hops"] if hop["hop"].endswith("to this audit")]
    assert verdicts(own) == {"pointers": "holds", "maps": "holds", "memory": "holds"}


def test_a_reader_that_copies_in_silence_or_maps_privately_is_found() -> None:
    with Audited(look, hoard, map_privately) as audited:
        # A machine with other things to do may not let the hoarder read while it is watched.
        for _ in range(ATTEMPTS):
            status, told = audited.audit()
            if verdicts(hop_of(told, "hoard"))["memory"] == "contradicts":
                break
    assert (status, told["ok"]) == (1, False), told
    assert hop_of(told, "look")["verdict"] == "holds", told
    assert verdicts(hop_of(told, "hoard"))["memory"] == "contradicts", told
    assert verdicts(hop_of(told, "hoard"))["maps"] == "holds"
    private = hop_of(told, "map_privately")
    (maps,) = [each["text"] for each in private["evidence"] if each["sort"] == "maps"]
    assert verdicts(private)["maps"] == "contradicts"
    assert "records is mapped privately (rw-p)" in maps
    assert "4 KiB of records are its own copies" in maps


def test_a_feed_that_plays_a_capture_is_reported_as_copying(tmp_path) -> None:
    capture = write_capture(tmp_path / "venue.pcapng", of_the_venue(300))
    config = make_config(source=Source(capture=str(capture), speed="max"))
    with Live(config, tmp_path / "log") as live:
        with live.attach() as feed:
            until(lambda: feed.metrics["packets_received"] == 300, "the capture was played")
        with start("audit", live.name, "--json", "--seconds", "0.2") as process:
            status, told = ended(process)
        live.stop()
    assert (status, told["ok"]) == (0, True), told
    first, *_, own = told["hops"]
    assert (first["kernel_copies"], first["user_copies"]) == (0, 1)
    assert verdicts(first)["maps"] == "holds"
    pointers = [each["verdict"] for each in own["evidence"] if each["sort"] == "pointers"]
    assert pointers == ["holds"] * 3, "records, frames and payloads"
