#!/usr/bin/env python3
"""What readers cost a whole feed, and what an idle reader costs the machine.

Usage: python -m benchmarks.feed_cost [--rounds 7] [--packets 150000] [--idle-seconds 20]

A feed (`zerofeed run`'s own supervisor and worker) plays a capture of the simulated venue as fast as its
worker can: receive into the arena, decode, keep books, publish. The figure is packets a second from
the first frame to the last, beside no reader of records, an idle one, and a lossy one that reads
everything as fast as it can. The three alternate; the worker has one core, everything else the other.
The baseline has one idle reader of *frames*, whose coming starts the capture in all three.

The second part attaches to a feed that says nothing, blocks in `for batch in reader`, and asks the
kernel afterwards how long this process ran.

Bias: the venue's packets are small (1.2 messages each), so the share of a publication is as large as it
gets. The capture is read from memory, so no time is spent in the kernel's network stack.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

import zerofeed as zf
from benchmarks import machine
from benchmarks.contestants._zerofeed import every_word
from zerofeed.mock.deribit import SimulatedDeribit
from zerofeed.runtime.config import parse
from zerofeed.runtime.supervisor import Supervisor
from zerofeed.wire.pcap_write import CaptureWriter

__all__ = ["main"]

_CONTEXT = multiprocessing.get_context("fork")
_OPENS_NS = 1_700_000_000_000_000_000
_READERS = ("none", "idle", "lossy")
_HERE = Path(__file__).resolve().parent


def write_capture(path: Path, packets: int) -> None:
    """Write what the simulated venue says, 50,000 packets a second, as a capture."""
    venue = SimulatedDeribit(1, start_ns=_OPENS_NS)
    said = 0
    with path.open("wb") as file, CaptureWriter(file) as writer:
        while said < packets:
            batch = venue.advance(_OPENS_NS + 20_000 * (said + 512), min(512, packets - said))
            for at, length in zip(batch.offsets, batch.lengths, strict=True):
                writer.write_udp(
                    _OPENS_NS + 20_000 * said,
                    batch.buffer[at : at + length].tobytes(),
                    source=(0x7F000001, 5000),
                    destination=(0xEF6F6F01, 6100),
                )
                said += 1


def run_feed(name: str, source: str, wait_for: int) -> Any:
    """Start a feed in a child, its worker on core 0."""
    text = f"""
        feed = {{name = "{name}", protocol = "deribit-multicast", receiver = "udp"}}
        source = [{source}]
        worker = {{core = 0}}
        readers = {{wait_for = {wait_for}}}
    """
    child = _CONTEXT.Process(target=lambda: Supervisor(parse(text), lambda _: None).run())
    child.start()
    return child


def packets_per_second(capture: Path, packets: int, reader: str) -> float:
    """Play the capture once; the rate of the worker."""
    name = f"cost-{os.getpid()}"
    child = run_feed(
        name, f'{{capture = "{capture}", speed = "max"}}', 1 if reader == "none" else 2
    )
    feed = zf.attach(name, wait=30.0)
    state = np.zeros(1, dtype=np.int64)
    if reader != "none":
        records = feed.reader(start="oldest")
        if reader == "lossy":
            work = threading.Thread(target=lambda: records.run(every_word, state, spin=True))
            work.start()
            while not records.consumed:
                # It has its code compiled, and has read the feed's first record.
                time.sleep(0.01)
    frames = feed.frames()
    control = frames.memory[0]
    while control[16] == 0:
        pass
    from_ns, first = time.monotonic_ns(), int(control[16])
    while control[16] < packets:
        time.sleep(0.0005)
    seconds = (time.monotonic_ns() - from_ns) / 1e9
    child.terminate()
    child.join()
    if reader == "lossy":
        work.join()
    feed.close()
    return (packets - first) / seconds


def idle_share(seconds: float) -> float:
    """Block on a silent feed; the share of a core that this process used."""
    name = f"quiet-{os.getpid()}"
    child = run_feed(name, '{group = "127.0.0.1", port = 36117}', 0)
    feed = zf.attach(name, wait=30.0)
    reader = feed.reader()
    reader.copy(reader.poll())
    before, from_ns = resource.getrusage(resource.RUSAGE_SELF), time.monotonic_ns()
    reader.wait(seconds)
    after, wall_s = resource.getrusage(resource.RUSAGE_SELF), (time.monotonic_ns() - from_ns) / 1e9
    child.terminate()
    child.join()
    feed.close()
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used / wall_s


def main() -> int:
    """Measure, print, and keep the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--packets", type=int, default=150_000)
    parser.add_argument("--idle-seconds", type=float, default=20.0)
    asked = parser.parse_args()
    os.sched_setaffinity(0, {1})
    rates: dict[str, list[float]] = {reader: [] for reader in _READERS}
    with tempfile.TemporaryDirectory() as folder:
        capture = Path(folder) / "venue.pcapng"
        write_capture(capture, asked.packets)
        for _ in range(asked.rounds):
            for reader in _READERS:
                rates[reader].append(packets_per_second(capture, asked.packets, reader))
                print(f"{reader:6} {rates[reader][-1]:12,.0f} packets/s", flush=True)
    medians = {reader: statistics.median(found) for reader, found in rates.items()}
    share = idle_share(asked.idle_seconds)
    for reader in _READERS[1:]:
        print(f"{reader} reader costs the worker {1 - medians[reader] / medians['none']:.1%}")
    print(f"idle blocking reader: {share:.2%} of a core")
    result = {
        "measure": "feed_cost",
        "machine": machine.describe(),
        "packets": asked.packets,
        "packets_per_second": rates,
        "medians": medians,
        "idle_share": share,
    }
    (_HERE / "results" / "feed_cost.json").write_text(json.dumps(result, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
