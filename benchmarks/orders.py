#!/usr/bin/env python3
"""Order events a second into books of single orders, with the best bid and offer current after each.

Usage:
    python -m benchmarks.orders                   five rounds, 10,000 to 1,000,000 live orders
    python -m benchmarks.orders --rounds 9
    python -m benchmarks.orders --quick           short streams: does everything run? (nothing is kept)

A day of 8,000 stocks is made from a seed: first so many orders come to live, then events in the proportions of a
continuous session keep about as many alive. Of a hundred events 44 add, 41 delete, 10 replace, 4 execute and 1 cancels in
part; seven of eight orders that something happens to are among the last few thousand. Everybody gets the same events in
the same run, by turns, on one core:

* ``zerofeed``: batches of records as the codec of ITCH makes them, into the store of a feed;
* ``zerofeed, logged``: the same with the log that a killed worker's step is undone by, as a feed has it;
* ``zerofeed, one by one``: logged, and each message alone, as if it were a packet;
* ``C++``: c/orders.cpp, ``std::unordered_map`` and ``std::map`` with ``std::list``, built by the machine's g++;
* ``meatpy``: its book of each stock. It searches an order level by level, so it gets the first events only.

Whoever can must find the same best prices and sizes after every event. What zerofeed does besides: it fills in what
records lack, writes a record for each best bid and offer that changed, and knows doubts. C++ gets the stock with
each event and no records.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import _orders_kernels as k
from benchmarks import machine
from zerofeed.books.l3 import L3Books
from zerofeed.books.orders import _kernels
from zerofeed.books.orders._log_kernels import COUNT, log_words

__all__ = ["main"]

_Words = npt.NDArray[np.int64]

_RESULT = Path(__file__).resolve().parent / "results" / "orders.json"
_SOURCE = Path(__file__).resolve().parent / "c" / "orders.cpp"
_CPP_FLAGS = ("-O3", "-march=native", "-std=c++17", "-Wall", "-Wextra")
_STOCKS = 8_000
_SIZES = (10_000, 100_000, 1_000_000)
_BATCH = 1_024
_FOR_PYTHON = 20_000
_RECORD_WORDS = 8


@dataclass(frozen=True)
class Day:
    """Events before the clock starts, events that are timed, and the records of both."""

    live: int
    before: _Words
    events: _Words
    records_before: _Words
    records: _Words
    cuts: list[tuple[int, int]]
    """First record and number of records of each batch; a message is not cut."""

    @property
    def count(self) -> int:
        """Events that are timed."""
        return self.events.size // k.EVENT_WORDS


def _records_of(events: _Words) -> _Words:
    words = np.zeros(_RECORD_WORDS * (2 * (events.size // k.EVENT_WORDS) + 4), np.int64)
    made = k.make_records(events, words)
    # Behind them is the room for one best bid and offer.
    return words[: (made + 4) * _RECORD_WORDS]


def make_day(live: int, count: int) -> Day:
    """Make a day with so many live orders."""
    choose = np.random.default_rng(1)
    weights = 1 / np.arange(1, _STOCKS + 1) ** 0.8
    weights = np.cumsum(weights / weights.sum())
    mids = choose.integers(1_000, 20_000, _STOCKS) * 100
    alive = np.zeros(6 * (live + 16), np.int64)
    state = np.array([88_172_645_463_325_252, 0, 0])
    before = np.zeros(k.EVENT_WORDS * live, np.int64)
    k.make_day(before, alive, mids, state, weights, live, 1, 0)
    events = np.zeros(k.EVENT_WORDS * count, np.int64)
    k.make_day(events, alive, mids, state, weights, live, 0, live)
    records = _records_of(events)
    heads = records[3::_RECORD_WORDS]
    total, first, cuts = len(heads) - 4, 0, []
    while first < total:
        size = min(_BATCH, total - first)
        while heads[first + size - 1] >= 0:
            size -= 1
        cuts.append((first, size))
        first += size
    return Day(live, before, events, _records_of(before), records, cuts)


def _filled(day: Day) -> L3Books:
    books = L3Books.create(_STOCKS + 1, orders=day.live + 64)
    words = day.records_before.copy()
    count = words.size // _RECORD_WORDS - 4
    k.apply_one_by_one(books.words, np.zeros(0, np.int64), words, count)
    return books


def by_zerofeed(day: Day, *, is_logged: bool) -> tuple[float, int, int | None]:
    """Apply batches."""
    books = _filled(day)
    log = np.zeros(log_words(1 << 16) if is_logged else 0, np.int64)
    room = np.zeros(2 * _BATCH * _RECORD_WORDS, np.int64)
    seconds = 0.0
    for first, count in day.cuts:
        # As a ring is: the same lines again and again, and nobody else's.
        room[: count * _RECORD_WORDS] = day.records[
            first * _RECORD_WORDS : (first + count) * _RECORD_WORDS
        ]
        if is_logged:
            log[COUNT] = 0
        began = time.perf_counter()
        _kernels.take_batch(books.words, log, room, 0, count, count, 2 * _BATCH, 0)
        seconds += time.perf_counter() - began
    return seconds, day.count, None


def by_one(day: Day) -> tuple[float, int, int | None]:
    """Apply each message alone."""
    books, words = _filled(day), day.records.copy()
    log = np.zeros(log_words(1 << 12), np.int64)
    began = time.perf_counter()
    total = k.apply_one_by_one(books.words, log, words, words.size // _RECORD_WORDS - 4)
    return time.perf_counter() - began, day.count, int(total)


def _library() -> ctypes.CDLL:
    digest = hashlib.blake2b(_SOURCE.read_bytes(), digest_size=8).hexdigest()
    folder = Path(tempfile.gettempdir()) / "zerofeed-benchmarks"
    folder.mkdir(exist_ok=True)
    binary = folder / f"orders-{digest}.so"
    if not binary.exists():
        command = ["g++", *_CPP_FLAGS, "-shared", "-fPIC", "-o", str(binary), str(_SOURCE)]
        subprocess.run(command, check=True)
    library = ctypes.CDLL(str(binary))
    library.make_store.restype = ctypes.c_void_p
    library.make_store.argtypes = [ctypes.c_int64, ctypes.c_int64]
    library.apply_events.restype = ctypes.c_int64
    library.apply_events.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
    library.free_store.argtypes = [ctypes.c_void_p]
    return library


def by_cpp(day: Day) -> tuple[float, int, int | None]:
    """Apply events in C++."""
    library = _library()
    store = library.make_store(_STOCKS, 2 * day.live)
    library.apply_events(store, day.before.ctypes.data, day.before.size // k.EVENT_WORDS)
    began = time.perf_counter()
    total = library.apply_events(store, day.events.ctypes.data, day.count)
    seconds = time.perf_counter() - began
    library.free_store(store)
    return seconds, day.count, int(total)


def by_meatpy(day: Day) -> tuple[float, int, int | None]:
    """Apply the first events to meatpy's books; an execution is a cancellation, which is the cheaper one there."""
    from meatpy.lob import LimitOrderBook, OrderType  # noqa: PLC0415 - of the extra bench

    sides = (OrderType.BID, OrderType.ASK)
    books: list[Any] = [LimitOrderBook(0) for _ in range(_STOCKS)]

    def apply(rows: list[list[int]]) -> None:
        for kind, number, stock, side, price, size, new, moment in rows:
            book = books[stock]
            if kind == ord("A"):
                book.enter_quote(moment, price, size, number, sides[side])
            elif kind in (ord("X"), ord("E")):
                book.cancel_quote(size, number, sides[side])
            else:
                book.delete_quote(number, sides[side])
                if kind == ord("U"):
                    book.enter_quote(moment, price, size, new, sides[side])

    # It gets as many orders as it can have in a while.
    apply(day.before.reshape(-1, k.EVENT_WORDS).tolist())
    timed = day.events.reshape(-1, k.EVENT_WORDS)[:_FOR_PYTHON].tolist()
    began = time.perf_counter()
    apply(timed)
    return time.perf_counter() - began, len(timed), None


RIVALS: dict[str, Callable[[Day], tuple[float, int, int | None]]] = {
    "zerofeed": lambda day: by_zerofeed(day, is_logged=False),
    "zerofeed, logged": lambda day: by_zerofeed(day, is_logged=True),
    "zerofeed, one by one": by_one,
    "C++": by_cpp,
    "meatpy": by_meatpy,
}


def measure(day: Day, rounds: int) -> dict[str, list[float]]:
    """Let all contestants take turns.

    Raises:
        SystemExit: two of them disagree on the best prices.
    """
    rates: dict[str, list[float]] = {name: [] for name in RIVALS}
    for turn in range(rounds):
        sums = {}
        for name, rival in RIVALS.items():
            if name == "meatpy" and turn > 0 and day.live > _SIZES[0]:
                continue
            seconds, events, total = rival(day)
            rates[name].append(events / seconds)
            if total is not None:
                sums[name] = total
        if len(set(sums.values())) > 1:
            raise SystemExit(f"the best prices differ: {sums}")
    return rates


def main() -> int:
    """Measure, print, and store."""
    parser = argparse.ArgumentParser(description="Order events a second into books of orders.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--events", type=int, default=3_000_000)
    parser.add_argument("--core", type=int, default=1)
    parser.add_argument("--out", type=Path, default=_RESULT)
    parser.add_argument("--quick", action="store_true", help="one short round, no result")
    options = parser.parse_args()
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, {options.core})
    stored: dict[str, Any] = {
        "machine": machine.describe(),
        "load_before": machine.load(),
        "command": "python -m benchmarks.orders " + " ".join(sys.argv[1:]),
        "live_orders": {},
    }
    for live in _SIZES[:2] if options.quick else _SIZES:
        day = make_day(live, 100_000 if options.quick else options.events)
        rates = measure(day, 1 if options.quick else options.rounds)
        stored["live_orders"][str(live)] = {"events": day.count, "events_per_second": rates}
        for name, rounds in rates.items():
            median = statistics.median(rounds)
            print(
                f"{live:>9,} live  {name:<22} {median / 1e6:8.3f} M events/s  {1e9 / median:9.0f} ns"
            )
    if not options.quick:
        options.out.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
