"""A TLS WebSocket to records: ours against websockets, aiohttp and picows, and how late a reader is.

Usage: python -m benchmarks.websocket [--rounds 5] [--seconds 10]

**Throughput.** A venue on one core says Binance's messages over one TLS connection on loopback, as fast as it is
listened to; the client has the other core. Counted is from the first message to the last: messages a second,
and processor time a message of the client's process. Ours is a whole feed, ``zerofeed run``'s own supervisor and
worker: frames and records in shared memory, sequence, books and best bids and offers for the depth updates. The
others turn each message into records in an array of their own process, with orjson or msgspec and struct, under
uvloop; nobody else can read them there.

**Latency.** Two hundred instruments on one connection, trades, quotes and depth updates at a steady pace. The
venue is the reader: it sends, and then polls the feed's records from Python until the next message is due, so
that two cores are enough. Told is the time from just before the message is encrypted to when the reader has its
records, and the part of it behind the arrival in the kernel.

Bias: for the others, which neither keep books nor check sequences nor hand anything to another process. Both sides of
TLS are on this machine: a venue is further away.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import zerofeed as zf
from benchmarks import machine
from benchmarks.contest import pin
from benchmarks.json_decode import make_messages
from benchmarks.websocket_rivals import LIBRARIES
from benchmarks.websocket_server import Venue, frame_of
from zerofeed.runtime.config import parse
from zerofeed.runtime.supervisor import Supervisor

__all__ = ["main"]

_RESULTS = Path(__file__).resolve().parent / "results" / "websocket.json"
_CONTEXT = multiprocessing.get_context("fork")
_CLIENT_CORE, _VENUE_CORE = 0, 1
_COUNTS = {"trade": 120_000, "quote": 120_000, "depth": 24_000}
_AT_ONCE = 100
_INSTRUMENTS = 200
_RATES = (2_000, 10_000)
_PATIENCE_NS = 50_000_000


def run_feed(name: str, venue: Venue, idle: str, protocol: str = "binance-spot") -> Any:
    """Start a feed in a child, its worker on the client's core."""
    text = f"""
        feed = {{name = "{name}", protocol = "{protocol}"}}
        worker = {{core = {_CLIENT_CORE}, idle = "{idle}"}}
        memory = {{records = 262144, book_levels = 256}}
        [[source]]
        url = "{venue.url}"
        ca_file = "{venue.ca_file}"
        send = ["go"]
        region_bytes = 8388608
    """
    child = _CONTEXT.Process(target=lambda: Supervisor(parse(text), lambda _: None).run())
    child.start()
    return child


def processor_ns(pid: int) -> int:
    """Processor time that a process and its threads have used."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total


def say(connection: Any, kind: str, count: int) -> None:
    """Say the messages of a kind again and again, a hundred at a time."""
    messages = make_messages(kind, _AT_ONCE)
    block = b"".join(frame_of(message) for message in messages)
    for _ in range(count // _AT_ONCE):
        connection.sendall(block)


def by_zerofeed(kind: str) -> dict[str, float]:
    """Let a feed listen."""
    venue, count = Venue(), _COUNTS[kind]
    name = f"ws-{os.getpid()}"
    child = run_feed(name, venue, "sleep")
    connection = venue.accept()
    with zf.attach(name, wait=30.0) as feed:
        pid = feed.status()["worker_pid"]
        metrics = feed.metrics
        # The instrument and its book are made by the first message.
        connection.sendall(frame_of(make_messages(kind, 1)[0]))
        while metrics["messages"] < 1:
            time.sleep(0.001)
        used, began = processor_ns(pid), time.monotonic_ns()
        say(connection, kind, count)
        while metrics["messages"] < count + 1:
            time.sleep(0.0002)
        taken_ns = time.monotonic_ns() - began
        told = {"ns": taken_ns / count, "cpu_ns": (processor_ns(pid) - used) / count}
        if metrics["packets_malformed"] or metrics["messages_unknown"]:
            raise SystemExit(f"the feed did not understand {kind}")
    connection.close()
    child.terminate()
    child.join()
    venue.close()
    return told


def by_library(library: str, decoder: str, kind: str) -> dict[str, float]:
    """Let a library's client listen."""
    venue, count = Venue(), _COUNTS[kind]
    command = [
        "taskset", "-c", str(_CLIENT_CORE), sys.executable, "-m", "benchmarks.websocket_rivals",
        library, decoder, venue.url, str(venue.ca_file), str(count),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        connection = venue.accept()
        try:
            say(connection, kind, count)
        except OSError as error:
            raise SystemExit(f"{library} went away: {error}") from error
        told: dict[str, float] = json.loads(process.communicate(timeout=120)[0])
    connection.close()
    venue.close()
    return told


def many_instruments(count: int) -> list[bytes]:
    """Make a mix of messages of two hundred instruments: half quotes, a third trades, the rest depth."""
    choose = random.Random(2)
    made = {kind: make_messages(kind, 200) for kind in ("trade", "quote", "depth")}
    frames = []
    for _ in range(count):
        kind = choose.choices(("quote", "trade", "depth"), (3, 2, 1))[0]
        symbol = b"ZF%03dUSDT" % choose.randrange(_INSTRUMENTS)
        message = choose.choice(made[kind]).replace(b"BTCUSDT", symbol)
        frames.append(frame_of(message.replace(b"btcusdt", symbol.lower())))
    return frames


def latency(rate: int, seconds: float, idle: str) -> dict[str, Any]:
    """Send at a pace, poll for the records, and time both ways."""
    venue = Venue()
    name = f"ws-{os.getpid()}"
    child = run_feed(name, venue, idle)
    connection = venue.accept()
    frames = many_instruments(4_096)
    whole, behind = [], []
    with zf.attach(name, wait=30.0) as feed, feed.reader() as reader:
        for frame in frames:  # every instrument is known before anything is timed
            connection.sendall(frame)
        time.sleep(1.0)
        reader.copy(reader.poll())
        messages = feed.metrics["messages"]
        sent = int(rate * seconds)
        gap_ns, due = 1_000_000_000 // rate, time.monotonic_ns()
        for number in range(sent):
            while time.monotonic_ns() < due:
                pass
            due = max(due, time.monotonic_ns() - gap_ns) + gap_ns
            said_ns = time.time_ns()
            connection.sendall(frames[number % len(frames)])
            arrived_ns = 0
            while arrived_ns < said_ns and time.monotonic_ns() < due + _PATIENCE_NS:
                batch = reader.poll()
                arrived_ns = int(batch["ts_recv_ns"][-1]) if batch.size else 0
            now_ns = time.time_ns()
            if arrived_ns >= said_ns:
                whole.append(now_ns - said_ns)
                behind.append(now_ns - arrived_ns)
        time.sleep(0.2)
        taken = feed.metrics["messages"] - messages
    connection.close()
    child.terminate()
    child.join()
    venue.close()
    return {
        "sent": sent,
        "taken": taken,
        "timed": len(whole),
        "whole_ns": percentiles(whole),
        "behind_the_kernel_ns": percentiles(behind),
    }


def percentiles(samples: list[int]) -> dict[str, int]:
    """Give the usual percentiles."""
    cut = np.percentile(np.array(samples), [50, 99, 99.9]).astype(int).tolist()
    return dict(zip(("p50", "p99", "p999"), cut, strict=True))


def main() -> int:
    """Measure, print, and keep the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0, help="of a round of latency")
    parser.add_argument("--kinds", nargs="+", default=list(_COUNTS))
    asked = parser.parse_args()
    pin(_VENUE_CORE)
    entrants = [(name, decoder) for name in LIBRARIES for decoder in ("msgspec", "orjson")]
    found: dict[str, dict[str, list[dict[str, float]]]] = {}
    for kind in asked.kinds:
        rounds: dict[str, list[dict[str, float]]] = {}
        for _ in range(asked.rounds):
            rounds.setdefault("zerofeed", []).append(by_zerofeed(kind))
            for name, decoder in entrants:
                told = by_library(name, decoder, kind)
                rounds.setdefault(f"{name} and {decoder}", []).append(told)
        found[kind] = rounds
        for name, each in rounds.items():
            ns, cpu = (statistics.median(told[what] for told in each) for what in ("ns", "cpu_ns"))
            print(f"{kind:6} {name:24} {1e9 / ns:10,.0f} messages/s {cpu:9,.0f} ns of processor")
    late: dict[str, list[dict[str, Any]]] = {}
    for _ in range(asked.rounds):
        for rate in _RATES:
            for idle in ("spin", "sleep"):
                told = latency(rate, asked.seconds, idle)
                late.setdefault(f"{rate}/s, worker {idle}", []).append(told)
    for name, each in late.items():
        p50, p99 = (
            statistics.median(told["whole_ns"][cut] for told in each) / 1000
            for cut in ("p50", "p99")
        )
        print(f"{_INSTRUMENTS} instruments, {name}: p50 {p50:,.1f} us, p99 {p99:,.1f} us")
    told = {"machine": machine.describe(), "throughput": found, "latency": late}
    _RESULTS.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
