"""``zerofeed bench``: how fast this machine runs the plane.

========  =====================================================================================
what      measures
========  =====================================================================================
hop       a 64-byte record from a writer to a compiled reader in another process and back,
          both busy: half a round trip
poll      the same record to a plain Python ``poll()``: one way, by the machine's clock
wake      the same record to a reader asleep on a futex: one way
publish   records a second from one writer to one reader that reads every byte, lossless
fanout    the same with 1, 2 and 4 readers, which share the second core
decode    messages a second of the Deribit stage on one core: decode, sequence, books
========  =====================================================================================

Writer and readers are pinned to two cores. Each figure is the median over rounds; shared
machines are noisy, so the spread is given too. ``benchmarks/`` compares with other systems in
the same run.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import signal
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from zerofeed.apps import _bench_kernels as bk
from zerofeed.base.errors import BugError, ConfigurationError
from zerofeed.codecs.deribit._kernels import COUNT_WORDS, PACKETS_DONE, decode_packets
from zerofeed.codecs.deribit._message_kernels import RESULT_WORDS
from zerofeed.codecs.deribit.decoder import state_words
from zerofeed.feed.attach import attach
from zerofeed.feed.instruments import make_table
from zerofeed.feed.members import enlist
from zerofeed.feed.publisher import Publisher
from zerofeed.mock.deribit import SimulatedDeribit
from zerofeed.runtime.offline import OfflineFeed
from zerofeed.shm import journal
from zerofeed.shm.ring import CursorPage, CursorTable, Ring, RingView
from zerofeed.wire.pcap import read_capture
from zerofeed.wire.pcap_index import INDEX_DTYPE

__all__ = ["BENCHES", "bench", "decode", "fanout", "hop", "hop_samples", "poll", "publish", "wake"]

_CAPACITY = 4096
_BATCH = 256


def _cores() -> tuple[int, int]:
    """Give the writer's and the reader's core; the same one twice on a single-core machine."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[1 % len(allowed)]


def _in_child(core: int, work: Callable[..., Any], *arguments: Any) -> tuple[Any, Connection]:
    """Run ``work(pipe, *arguments)`` in a forked child pinned to a core."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()

    def enter() -> None:
        ours.close()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.sched_setaffinity(0, {core})
        work(theirs, *arguments)
        os._exit(0)

    process = context.Process(target=enter)
    process.start()
    theirs.close()
    return process, ours


class _Pinned:
    """Pin this process to a core for a while."""

    def __init__(self, core: int) -> None:
        self._core = core

    def __enter__(self) -> None:
        self._before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {self._core})

    def __exit__(self, *_: object) -> None:
        os.sched_setaffinity(0, self._before)


def _ring(capacity: int = _CAPACITY) -> tuple[Ring, CursorTable, npt.NDArray[np.int64]]:
    ring = Ring("bench", capacity, 64, max_claim=capacity // 2)
    items = ring.mapping.view(np.int64, ring.shape.head_bytes, 2 * capacity * 8)
    return ring, CursorTable(), items


def _percentiles(samples: npt.NDArray[Any]) -> dict[str, float]:
    p50, p99, p999 = np.percentile(samples, [50, 99, 99.9])
    return {"p50": float(p50), "p99": float(p99), "p999": float(p999)}


def _ns_per_tick() -> float:
    from_ns, from_ticks = time.monotonic_ns(), bk.ticks_now()
    while time.monotonic_ns() - from_ns < 50_000_000:
        pass
    return (time.monotonic_ns() - from_ns) / (bk.ticks_now() - from_ticks)


def hop(samples: int = 100_000) -> dict[str, float]:
    """Measure half a round trip between two busy compiled ends.

    Returns:
        ``p50``, ``p99``, ``p999`` in ns.
    """
    return _percentiles(hop_samples(samples))


def hop_samples(samples: int) -> npt.NDArray[np.float64]:
    """Take the half round trips that :func:`hop` is about.

    Returns:
        float64[samples], ns.

    Raises:
        BugError: a record came back changed, or not at all.
    """
    writer_core, reader_core = _cores()
    out, out_table, out_items = _ring()
    back, back_table, back_items = _ring()
    one = np.ones(1, dtype=np.int64)
    total = samples + 10_000

    def work(pipe: Connection) -> None:
        view = RingView(out.fd, out.shape)
        items = view.mapping.view(np.int64, out.shape.head_bytes, 2 * _CAPACITY * 8)
        pipe.send("ready")
        bk.echo(view.control, items, back.control, back_table.words, back_items, one, total)

    process, pipe = _in_child(reader_core, work)
    pipe.recv()
    ticks = np.zeros(total, dtype=np.int64)
    sums = np.zeros(2, dtype=np.int64)
    with _Pinned(writer_core):
        done = bk.ping(
            out.control,
            out_table.words,
            out_items,
            one,
            sums,
            back.control,
            back_items,
            total,
            ticks,
        )
        scale = _ns_per_tick()
    process.join()
    if done != total or int(sums[0]) != 4 * total * (total - 1) + 28 * total:
        raise BugError("a record came back changed, or not at all", next_step="report this")
    halves: npt.NDArray[np.float64] = ticks[10_000:] * scale / 2
    return halves


def _one_way(samples: int, gap_ns: int, read: Callable[[Any, Any], None]) -> dict[str, float]:
    """Publish stamped records to a Python reader in a child and collect its delays."""
    writer_core, reader_core = _cores()
    name = f"bench-{os.getpid()}"
    with Publisher(name) as publisher:
        total = samples + 1_000

        def work(pipe: Connection) -> None:
            feed = attach(name, wait=10.0)
            reader = feed.reader()
            delays = np.zeros(total, dtype=np.int64)
            pipe.send("ready")
            read(reader, delays)
            pipe.send(delays[1_000:])
            pipe.recv()

        process, pipe = _in_child(reader_core, work)
        while not pipe.poll():
            publisher.serve(0.01)
        pipe.recv()
        memory = publisher.memory
        with _Pinned(writer_core):
            done = bk.produce_paced(
                memory.record_ring.control,
                memory.record_cursors.words,
                memory.records.view(np.int64),
                np.ones(1, dtype=np.int64),
                total,
                gap_ns,
                0,
            )
        if done != total:
            process.kill()
            process.join()
            raise BugError(
                "the reader of the benchmark stopped taking records", got=f"{done} of {total}"
            )
        delays = pipe.recv()
        pipe.send("done")
        process.join()
    return _percentiles(delays)


def poll(samples: int = 50_000) -> dict[str, float]:
    """Measure from publication to the return of a plain Python ``poll()``, clock included, in ns."""

    def read(reader: Any, delays: npt.NDArray[np.int64]) -> None:
        # The time is taken before anything is done with the batch.
        now = time.monotonic_ns
        take = reader.poll
        for index in range(delays.size):
            batch = take()
            while not batch.size:
                batch = take()
            arrived = now()
            delays[index] = arrived - int(batch["ts_recv_ns"][0])
            take()

    return _one_way(samples, 2_000, read)


def wake(samples: int = 3_000) -> dict[str, float]:
    """Measure from publication to the return of a blocking ``wait()``, in ns."""

    def read(reader: Any, delays: npt.NDArray[np.int64]) -> None:
        now = time.monotonic_ns
        for index in range(delays.size):
            reader.wait(10.0)
            arrived = now()
            batch = reader.poll()
            delays[index] = arrived - int(batch["ts_recv_ns"][0])
            reader.poll()

    return _one_way(samples, 150_000, read)


def fanout(readers: int, messages: int = 1 << 24, batch: int = _BATCH) -> float:
    """Measure lossless throughput to some readers that share a core.

    Args:
        readers: reader processes.
        messages: records to publish.
        batch: records in one publication.

    Returns:
        Records a second, from the first claim until the slowest reader has read the last one.
    """
    writer_core, reader_core = _cores()
    ring, table, items = _ring()
    pages = [CursorPage() for _ in range(readers)]
    for slot, page in enumerate(pages):
        enlist(ring, table, slot, "lossless", [page.fd, -1])

    def work(pipe: Connection, page: CursorPage) -> None:
        view = RingView(ring.fd, ring.shape)
        mine = view.mapping.view(np.int64, ring.shape.head_bytes, 2 * _CAPACITY * 8)
        totals = np.zeros(2, dtype=np.int64)
        pipe.send("ready")
        bk.consume(view.control, mine, page.words, messages, totals)
        pipe.send((time.monotonic_ns(), int(totals[0]), int(totals[1])))

    children = [_in_child(reader_core, work, page) for page in pages]
    for _, pipe in children:
        pipe.recv()
    one = np.ones(1, dtype=np.int64)
    with _Pinned(writer_core):
        began = time.monotonic_ns()
        bk.produce(ring.control, table.words, items, one, messages, batch)
    ends = [pipe.recv() for _, pipe in children]
    for process, _ in children:
        process.join()
    count = messages * 8
    expected = (count * (count - 1) // 2) & 0xFFFFFFFFFFFFFFFF
    if any(total & 0xFFFFFFFFFFFFFFFF != expected or lost for _, total, lost in ends):
        raise BugError(
            "a reader of the benchmark saw other bytes than were written", next_step="report this"
        )
    return messages * 1e9 / (max(end for end, _, _ in ends) - began)


def publish(messages: int = 1 << 24) -> float:
    """Measure lossless throughput from one writer to one reader, in records a second."""
    return fanout(1, messages)


def decode(packets: int = 20_000, capture: str | None = None, passes: int = 10) -> dict[str, float]:
    """Measure Deribit's decoder, and the whole stage around it, on one core.

    Args:
        packets: packets of the simulated venue to process.
        capture: process this file instead.
        passes: how often; each pass of the stage begins with an empty feed.

    Returns:
        ``decode``: messages a second from bytes to records; ``stage``: the same with sequence
        tracking, journal, books and best bids and offers; ``records``: a second, of the stage.
    """
    data, index = _simulated(packets) if capture is None else _captured(capture)
    offsets, lengths, times = (
        index[name].astype(np.int64) for name in ("offset", "length", "ts_ns")
    )
    decoder = _Decoder()
    decode_ns = stage_ns = messages = records = 0
    with _Pinned(_cores()[0]):
        for turn in range(passes + 1):
            feed = OfflineFeed("deribit-multicast", batch=1 << 14)
            began = time.monotonic_ns()
            decoder.run(data, offsets, lengths, times)
            between = time.monotonic_ns()
            for _ in feed.process(data, index):
                pass
            if turn:  # the first pass brings everything into the caches
                decode_ns += between - began
                stage_ns += time.monotonic_ns() - between
                messages += feed.metrics["messages"]
                records += feed.seq
    return {
        "decode": messages * 1e9 / decode_ns,
        "stage": messages * 1e9 / stage_ns,
        "records": records * 1e9 / stage_ns,
    }


class _Decoder:
    """The decoder's kernel and its arrays, without the conveniences around it."""

    def __init__(self, instruments: int = 16_384, records: int = 1 << 14) -> None:
        rows, self._lookup = make_table(instruments)
        self._words = rows.view(np.int64)
        self._state = np.zeros(journal.DATA + state_words(instruments), dtype=np.int64)
        self._records = np.zeros(records * 8, dtype=np.int64)
        self._limit = records
        self._result = np.zeros(RESULT_WORDS, dtype=np.int64)
        self._counts = np.zeros(COUNT_WORDS, dtype=np.int64)

    def run(
        self,
        data: npt.NDArray[np.uint8],
        offsets: npt.NDArray[np.int64],
        lengths: npt.NDArray[np.int64],
        times: npt.NDArray[np.int64],
    ) -> None:
        """Decode every packet, as many at a time as the records have room for."""
        first = 0
        while first < offsets.size:
            decode_packets(
                data,
                offsets,
                lengths,
                times,
                first,
                self._words,
                self._lookup,
                self._state,
                journal.DATA,
                self._records,
                self._limit,
                self._result,
                self._counts,
            )
            first += int(self._result[PACKETS_DONE])


def _simulated(packets: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[Any]]:
    venue = SimulatedDeribit(1, start_ns=1_700_000_000_000_000_000)
    parts: list[npt.NDArray[np.uint8]] = []
    rows: list[npt.NDArray[Any]] = []
    used = count = 0
    now_ns = 1_700_000_000_000_000_000
    while count < packets:
        now_ns += 10_000_000
        batch = venue.advance(now_ns, min(512, packets - count))
        end = int(batch.offsets[-1] + batch.lengths[-1])
        row = np.zeros(len(batch), dtype=INDEX_DTYPE)
        row["offset"] = batch.offsets + used
        row["length"] = row["orig_length"] = batch.lengths
        row["ts_ns"] = now_ns
        parts.append(batch.buffer[:end].copy())
        rows.append(row)
        used += end
        count += len(batch)
    return np.concatenate(parts), np.concatenate(rows)


def _captured(capture: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[Any]]:
    read = read_capture(capture)
    return read.data, read.index


def _rates(values: list[float], unit: str) -> dict[str, Any]:
    return {
        "unit": unit,
        "median": statistics.median(values),
        "min": min(values),
        "max": max(values),
        "rounds": len(values),
    }


def _decode_rates(rounds: list[dict[str, float]]) -> dict[str, Any]:
    units = {"decode": "messages/s", "stage": "messages/s", "records": "records/s"}
    return {name: _rates([r[name] for r in rounds], unit) for name, unit in units.items()}


def _latencies(rounds: list[dict[str, float]]) -> dict[str, Any]:
    return {
        "unit": "ns",
        "rounds": len(rounds),
        **{key: statistics.median(r[key] for r in rounds) for key in ("p50", "p99", "p999")},
    }


BENCHES: dict[str, Callable[[int], dict[str, Any]]] = {
    "hop": lambda rounds: {"hop": _latencies([hop() for _ in range(rounds)])},
    "poll": lambda rounds: {"poll": _latencies([poll() for _ in range(rounds)])},
    "wake": lambda rounds: {"wake": _latencies([wake() for _ in range(rounds)])},
    "publish": lambda rounds: {
        "publish": _rates([publish() for _ in range(rounds)], "records/s"),
    },
    "fanout": lambda rounds: {
        f"fanout {readers}": _rates([fanout(readers) for _ in range(rounds)], "records/s")
        for readers in (1, 2, 4)
    },
    "decode": lambda rounds: _decode_rates([decode() for _ in range(rounds)]),
}
"""Every benchmark by name: rounds in, figures out."""


def bench(
    what: str, *, rounds: int = 5, as_json: bool = False, console: Console | None = None
) -> int:
    """Run one benchmark and print its figures.

    Args:
        what: one of :data:`BENCHES`.
        rounds: repetitions.
        as_json: print one JSON object.
        console: where to draw; default: standard output.

    Returns:
        Exit status 0.

    Raises:
        ConfigurationError: no such benchmark.
    """
    if what not in BENCHES:
        raise ConfigurationError(
            "no such benchmark", where="bench", expected=" or ".join(BENCHES), got=what
        )
    figures = BENCHES[what](rounds)
    if as_json:
        print(json.dumps({"machine": platform.machine(), "cores": _cores(), **figures}))
        return 0
    table = Table(title=f"{what}, median of {rounds} rounds", title_justify="left")
    for column in ("", "p50 or median", "p99 or min", "p99.9 or max"):
        table.add_column(column, justify="right" if column else "left")
    for name, figure in figures.items():
        if figure["unit"] == "ns":
            cells = [f"{figure[key]:,.0f} ns" for key in ("p50", "p99", "p999")]
        else:
            cells = [
                f"{figure[key] / 1e6:,.1f} M {figure['unit']}" for key in ("median", "min", "max")
            ]
        table.add_row(name, *cells)
    (console or Console()).print(table)
    return 0
