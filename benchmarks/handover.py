#!/usr/bin/env python3
"""A feed's worker is killed at 100,000 packets a second: how long until the next record, what is lost.

Usage: python -m benchmarks.handover [--kills 10] [--per-second 100000] [--receiver afxdp|udp]

A whole feed receives from the generator over a veth pair in networks of their own (root). A reader, a
process of its own that sleeps between batches, notes when each batch came. Twice a second the worker
gets SIGKILL. The time is from the kill to the first batch with a record of the next worker; what was
sent and never became a record is lost, and compared with the feed's own counter of drops.

Bias: two cores hold generator, kernel, supervisor, worker and reader. The successor is forked, finds its
code compiled, recovers, and has some thousand packets to catch up with; the reader's wake-up is in the
time as well.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import time
from pathlib import Path
from typing import Any, Literal

import numpy as np

import zerofeed as zf
from benchmarks import machine, network
from benchmarks.board import Board
from benchmarks.generator import Generator
from benchmarks.network import Wire
from benchmarks.receivers._feeds import FeedReceiver
from benchmarks.wire_contest import WirePlan

__all__ = ["main"]

_HERE = Path(__file__).resolve().parent
_EVERY_S = 0.5


def read_until(name: str, last_ns: int) -> tuple[list[int], int, int]:
    """Read a feed until some time has come and nothing more comes.

    Returns:
        When each EPOCH record was first seen, the trades read, the records lost.
    """
    reader = zf.attach(name, wait=10.0).reader("lossless", "now")
    epochs_ns: list[int] = []
    trades = 0
    while reader.wait(1.0) or time.monotonic_ns() < last_ns:
        batch = reader.poll()
        now_ns = time.monotonic_ns()
        kinds = batch["kind"]
        epochs_ns.extend([now_ns] * int(np.count_nonzero(kinds == zf.EPOCH)))
        trades += int(np.count_nonzero(kinds == zf.TRADE))
    return epochs_ns, trades, reader.lost


def measure(
    receiver_kind: Literal["udp", "afxdp"], kills: int, per_second: int, chunks: int
) -> dict[str, Any]:
    """Kill one feed's workers, in networks made for it."""
    network.leave_for_own_network(with_sysfs=True)
    plan = WirePlan("cost", is_busy=False, per_second=per_second, chunks=chunks)
    receiver = FeedReceiver(receiver_kind)
    generator = Generator(plan.sender_core)
    try:
        wire = Wire(generator.pid, plan.napi)
        generator.connect(wire)
        running = receiver.start(plan, wire, Board(0))
        running.wait_ready(60.0)
        feed = running.feed
        seconds = 1.0 + kills * _EVERY_S + 1.0
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.sched_setaffinity(0, {plan.receiver_core})
            found = read_until(feed.name, time.monotonic_ns() + int((seconds + 3.0) * 1e9))
            os.write(write, json.dumps(found).encode())
            os._exit(0)
        time.sleep(1.0)
        generator.begin(receiver.frame(plan), wire, per_second=per_second, seconds=seconds)
        time.sleep(1.0)
        killed_ns: list[int] = []
        for _ in range(kills):
            worker = feed.status()["worker_pid"]
            killed_ns.append(time.monotonic_ns())
            os.kill(worker, signal.SIGKILL)
            time.sleep(_EVERY_S)
        sent = generator.end()
        os.close(write)
        with os.fdopen(read) as answer:
            epochs_ns, trades, overrun = json.loads(answer.read())
        os.waitpid(pid, 0)
        dropped = int(feed.metrics["packets_dropped_kernel"])
        running.stop()
    finally:
        generator.close()
    taken_ms = [(seen - killed) / 1e6 for killed, seen in zip(killed_ns, epochs_ns, strict=True)]
    return {
        "receiver": receiver_kind,
        "chunks_per_queue": chunks,
        "per_second": sent.frames / sent.seconds,
        "kills": kills,
        "handover_ms": taken_ms,
        "sent": sent.frames,
        "records": trades,
        "lost": sent.frames - trades,
        "counted_drops": dropped,
        "reader_lost": overrun,
    }


def main() -> int:
    """Measure, print, and keep the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--per-second", type=int, default=100_000)
    parser.add_argument("--receiver", choices=["afxdp", "udp"], default="afxdp")
    parser.add_argument("--chunks", type=int, default=16_384)
    asked = parser.parse_args()
    result = measure(asked.receiver, asked.kills, asked.per_second, asked.chunks)
    taken = sorted(result["handover_ms"])
    print(
        f"{asked.receiver}: {result['kills']} kills at {result['per_second']:,.0f} packets/s: next record "
        f"after {statistics.median(taken):.1f} ms (median; {taken[0]:.1f} to {taken[-1]:.1f}); "
        f"{result['lost']:,} of {result['sent']:,} packets lost, {result['counted_drops']:,} counted"
    )
    result["machine"] = machine.describe()
    (_HERE / "results" / f"handover_{asked.receiver}.json").write_text(
        json.dumps(result, indent=1) + "\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
