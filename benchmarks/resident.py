#!/usr/bin/env python3
"""Runs a feed with readers at load, and looks whether a process of it grows.

Usage:
    python -m benchmarks.resident                     half a minute behind ten seconds of warm-up
    python -m benchmarks.resident --seconds 600       ten minutes
    python -m benchmarks.resident --rate 100000       packets a second that the venue sends
    python -m benchmarks.resident --receiver afxdp    between two private networks, as root

The simulated venue sends by multicast, on the loopback or by AF_XDP on a private network's veth; a feed with default sizes takes it; three
readers look at every record: NumPy batches (lossy and lossless) and a coroutine. Resident memory of
each process is read from /proc before, during and after. Shared pages count in every process that has
touched them, so the warm-up has to go round the rings; `memory.lock` has the worker touch them at
its start, and each reader's first lap is part of the warm-up.

A process has grown when the median of the last quarter of its samples is more than `--allowed` KiB
above that of the first. The exit status is 0 when none has, and packets came all the time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import signal
import statistics
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Literal

import zerofeed as zf
from zerofeed.apps.demo_network import FEED_SIDE, VENUE_SIDE, PrivateNetworks
from zerofeed.feed.attach import Feed
from zerofeed.mock.plan import Plan
from zerofeed.mock.process import VenueProcess
from zerofeed.runtime.config import FeedConfig, parse
from zerofeed.runtime.supervisor import Supervisor

__all__ = ["growth_kib", "main", "measure", "resident_kib"]

_GROUP, _PORT = "239.111.111.1", 6100
_WARM_SECONDS = 10.0
_ALLOWED_KIB = 512
_SAMPLES = 40
_START_SECONDS = 120.0


def resident_kib(pid: int) -> int:
    """Read a process's resident memory, shared pages included, in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ProcessLookupError(f"process {pid} has no memory any more")


def growth_kib(samples: list[int]) -> int:
    """Compute by how much a series has grown: the last quarter's median above the first's."""
    quarter = max(1, len(samples) // 4)
    return round(statistics.median(samples[-quarter:]) - statistics.median(samples[:quarter]))


def measure(
    *,
    seconds: float,
    rate: float,
    warm_seconds: float = _WARM_SECONDS,
    records: int = 1 << 16,
    receiver: Literal["udp", "afxdp"] = "udp",
) -> dict[str, Any]:
    """Run everything, and say how much each process grew.

    Args:
        seconds: how long to look, behind the warm-up.
        rate: packets a second that the venue tries to send.
        warm_seconds: how long to let it run before.
        records: capacity of the record ring; small ones are gone round early.
        receiver: of the feed; with ``afxdp`` the venue sends by AF_XDP, too.

    Returns:
        Samples and growth by process, packets and restarts; all memory in KiB.
    """
    if receiver == "afxdp":
        with PrivateNetworks() as networks:
            plan = Plan(rate=rate, interface=VENUE_SIDE, sender="afxdp")
            place = networks.at_the_venue()
            return _measure(
                _config(receiver, FEED_SIDE, records), plan, place, seconds, warm_seconds
            )
    plan = Plan(rate=rate, interface="lo")
    place = contextlib.nullcontext()
    return _measure(_config(receiver, "lo", records), plan, place, seconds, warm_seconds)


def _measure(
    config: FeedConfig,
    plan: Plan,
    at_the_venue: contextlib.AbstractContextManager[None],
    seconds: float,
    warm_seconds: float,
) -> dict[str, Any]:
    name = config.feed.name
    feed_process = _fork(_run_feed, config)
    readers: dict[str, BaseProcess] = {}
    try:
        with contextlib.ExitStack() as opened:
            feed = opened.enter_context(zf.attach(name, wait=_START_SECONDS))
            for style in ("lossy", "lossless"):
                readers[f"reader {style}"] = _fork(_read, name, style)
            readers["reader async"] = _fork(_read_async, name)
            with at_the_venue:
                venue = opened.enter_context(VenueProcess(plan))
            venue.go()
            return _watch(feed, feed_process, readers, seconds, warm_seconds)
    finally:
        for process in (*readers.values(), feed_process):
            process.terminate()
            process.join(10.0)


def _watch(
    feed: Feed,
    feed_process: BaseProcess,
    readers: dict[str, BaseProcess],
    seconds: float,
    warm_seconds: float,
) -> dict[str, Any]:
    time.sleep(warm_seconds)
    pids = {
        "supervisor": feed_process.pid,
        "worker": feed.status()["worker_pid"],
        **{who: process.pid for who, process in readers.items()},
    }
    samples: dict[str, list[int]] = {who: [] for who in pids}
    before = feed.metrics["packets_received"]
    began = time.monotonic()
    quiet = 0
    last = before
    for turn in range(_SAMPLES):
        time.sleep(max(0.0, began + (turn + 1) * seconds / _SAMPLES - time.monotonic()))
        for who, pid in pids.items():
            samples[who].append(resident_kib(int(pid or 0)))
        now = feed.metrics["packets_received"]
        quiet += now == last
        last = now
    return {
        "seconds": seconds,
        "packets": last - before,
        "records": feed.published,
        "quiet_samples": quiet,
        "epoch": feed.epoch,
        "growth_kib": {who: growth_kib(each) for who, each in samples.items()},
        "samples_kib": samples,
    }


def _fork(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    process = multiprocessing.get_context("fork").Process(target=target, args=arguments)
    process.start()
    return process


def _config(receiver: str, interface: str, records: int) -> FeedConfig:
    return parse(f"""
        feed = {{name = "resident-{os.getpid()}", protocol = "deribit-multicast", receiver = "{receiver}"}}
        source = [{{group = "{_GROUP}", port = {_PORT}, interface = "{interface}"}}]
        memory = {{records = {records}, frames = 1024, lock = true}}
    """)


def _run_feed(config: FeedConfig) -> None:
    Supervisor(config, lambda line: print(line, file=sys.stderr)).run()


def _read(name: str, mode: Literal["lossy", "lossless"]) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with zf.attach(name, wait=_START_SECONDS) as feed:
        total = 0
        for batch in feed.reader(mode):
            total += int(zf.of_kind(batch, zf.TRADE)["size"].sum())


def _read_async(name: str) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    async def read() -> None:
        with zf.attach(name, wait=_START_SECONDS) as feed:
            total = 0
            async for batch in feed.reader():
                total += int(batch["seq"][-1])

    asyncio.run(read())


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Does a process of a feed grow at load?")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=20_000.0, help="packets a second")
    parser.add_argument("--warm-seconds", type=float, default=_WARM_SECONDS)
    parser.add_argument("--allowed", type=int, default=_ALLOWED_KIB, help="KiB a process may grow")
    parser.add_argument("--receiver", choices=["udp", "afxdp"], default="udp")
    parser.add_argument("--json", action="store_true", help="all samples")
    given = parser.parse_args(arguments)
    found = measure(
        seconds=given.seconds,
        rate=given.rate,
        warm_seconds=given.warm_seconds,
        receiver=given.receiver,
    )
    if given.json:
        print(json.dumps(found))
    else:
        print(f"{found['packets']:,} packets, {found['records']:,} records, epoch {found['epoch']}")
        for who, grown in found["growth_kib"].items():
            samples = found["samples_kib"][who]
            print(f"{who:16} {samples[0]:>9,} KiB to {samples[-1]:>9,} KiB, grew {grown:+,} KiB")
    has_grown = max(found["growth_kib"].values()) > given.allowed
    return int(has_grown or found["quiet_samples"] > 0 or found["epoch"] != 1)


if __name__ == "__main__":
    sys.exit(main())
