"""The demonstration's readers: the three ways of using a feed, each in a process of its own.

All of them look at every record, check that no sequence number is missing, digest all 64
bytes, and measure the time from the packet's arrival in the kernel to this moment. They differ
in how they wait and work: a compiled handler, NumPy batches, a coroutine.
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.clock import realtime_ns
from zerofeed.base.kernel import I64, I64_RO, inlined, int64, kernel
from zerofeed.feed.attach import Feed, attach
from zerofeed.feed.handler import handler
from zerofeed.feed.reader import Reader
from zerofeed.records._digest_kernels import DIGEST_WORDS, digest_text, mix_record
from zerofeed.shm.histogram import HISTOGRAM_WORDS, percentile, sample

__all__ = ["STYLES", "every_record", "read_until_told", "take", "take_batch"]

SEEN = DIGEST_WORDS
NEXT_SEQ = DIGEST_WORDS + 1
HOLES = DIGEST_WORDS + 2
LATENCY = DIGEST_WORDS + 3
STATE_WORDS = LATENCY + HISTOGRAM_WORDS

_SLICE_SECONDS = 0.05


@inlined
def take(state: npt.NDArray[np.int64], words: npt.NDArray[np.int64], at: int, now_ns: int) -> None:
    """Take one record: digest, sequence, latency."""
    mix_record(state, words, at)
    if state[SEEN] > 0 and words[at] != state[NEXT_SEQ]:
        state[HOLES] += 1
    state[NEXT_SEQ] = words[at] + 1
    state[SEEN] += 1
    sample(state, LATENCY, now_ns - words[at + 2])


@kernel(int64(I64, I64_RO, int64))
def take_batch(state: npt.NDArray[np.int64], words: npt.NDArray[np.int64], now_ns: int) -> int:
    """Take a batch, given as int64 words; its size in records."""
    for record in range(words.size // 8):
        take(state, words, record * 8, now_ns)
    return words.size // 8


@handler
def every_record(record: Any, state: Any) -> None:
    """Take one record, inside the reader's compiled loop."""
    words, totals = state
    words[0] = record.seq
    words[1] = record.ts_event_ns
    words[2] = record.ts_recv_ns
    words[3] = (
        int64(record.instrument)
        | int64(record.kind) << 32
        | int64(record.side) << 40
        | int64(record.action) << 48
        | int64(record.flags) << 56
    )
    words[4] = record.price
    words[5] = record.size
    words[6] = record.trade_id
    words[7] = record.trade_seq
    take(totals, words, 0, realtime_ns())


class _Told:
    """The number of records after which a reader is done, once the parent says it."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.target: int | None = None

    def is_reached(self, position: int) -> bool:
        if self.target is None and self._pipe.poll():
            self.target = self._pipe.recv()
        return self.target is not None and position >= self.target


def _with_handler(reader: Reader, state: npt.NDArray[np.int64], told: _Told) -> None:
    words = np.zeros(8, dtype=np.int64)
    while not told.is_reached(reader.position):
        reader.run(every_record, (words, state), seconds=_SLICE_SECONDS)


def _with_numpy(reader: Reader, state: npt.NDArray[np.int64], told: _Told) -> None:
    while not told.is_reached(reader.position):
        batch = reader.poll()
        if batch.size:
            take_batch(state, batch.view(np.int64), time.time_ns())
        else:
            reader.wait(_SLICE_SECONDS)
    reader.poll()


def _with_asyncio(reader: Reader, state: npt.NDArray[np.int64], told: _Told) -> None:
    async def consume() -> None:
        async for batch in reader:
            take_batch(state, batch.view(np.int64), time.time_ns())

    async def until_told() -> None:
        task = asyncio.create_task(consume())
        while not told.is_reached(reader.position) and not task.done():
            await asyncio.wait({task}, timeout=_SLICE_SECONDS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(until_told())
    reader.poll()


STYLES: dict[str, Callable[[Reader, npt.NDArray[np.int64], _Told], None]] = {
    "compiled handler": _with_handler,
    "numpy batches": _with_numpy,
    "asyncio": _with_asyncio,
}
"""How each reader works, by name."""


def read_until_told(name: str, style: str, pipe: Connection) -> None:
    """Read a feed until the parent says how many records it published; then report.

    Runs in a child process. Sends ``"ready"`` when attached, waits for the target, sends a
    dictionary of results.

    Args:
        name: of the feed.
        style: one of :data:`STYLES`.
        pipe: to the parent.
    """
    feed = attach(name, wait=30.0, program=f"demo, {style}")
    reader = feed.reader(mode="lossless", start="oldest")
    state = np.zeros(STATE_WORDS, dtype=np.int64)
    _warm_up(feed, style)
    resident_before = _resident_bytes()
    pipe.send("ready")
    gc.freeze()
    STYLES[style](reader, state, _Told(pipe))
    lost = reader.lost
    histogram = state[LATENCY : LATENCY + HISTOGRAM_WORDS]
    pipe.send(
        {
            "style": style,
            "pid": os.getpid(),
            "seen": int(state[SEEN]),
            "lost": lost,
            "holes": int(state[HOLES]),
            "mode": reader.mode,
            "consumed": reader.consumed,
            "lag": reader.lag,
            "digest": digest_text(state[:DIGEST_WORDS]),
            "latency_ns": {
                "p50": percentile(histogram, 0.5),
                "p99": percentile(histogram, 0.99),
                "p999": percentile(histogram, 0.999),
            },
            "is_view": _is_view(feed),
            "map": _map_of(feed),
            "resident_growth_bytes": _resident_bytes() - resident_before,
        }
    )
    feed.close()


def _warm_up(feed: Feed, style: str) -> None:
    """Compile and load before the clock starts, on a state that is thrown away."""
    nothing = np.zeros(STATE_WORDS, dtype=np.int64)
    take_batch(nothing, np.zeros(8, dtype=np.int64), 0)
    if style == "compiled handler":
        with feed.reader() as idle:
            idle.run(every_record, (np.zeros(8, dtype=np.int64), nothing), seconds=0.0)
            idle.run(every_record, (np.zeros(8, dtype=np.int64), nothing), seconds=0.001)


def _is_view(feed: Feed) -> bool:
    """Tell whether a batch's data lies in the feed's own map, which nothing can write."""
    with feed.reader(start="oldest") as probe:
        batch = probe.poll()
    ring = feed.memory.record_ring.mapping
    at = batch.ctypes.data
    return ring.address <= at < ring.address + ring.length and not batch.flags.writeable


def _map_of(feed: Feed) -> str:
    """Give the kernel's own description of the records' map: permissions and name."""
    address = feed.memory.record_ring.mapping.address
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{address:x}-"):
            fields = line.split(maxsplit=5)
            return f"{fields[1]} {fields[5]}" if len(fields) > 5 else fields[1]
    return ""


def _resident_bytes() -> int:
    """Count the resident memory that belongs to this process alone (maps of the feed are shared)."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0
