"""Who takes part in the contest of books: ours and others', each in the form that suits it.

Each contestant is prepared with a stream, brings its book to where the timed part begins, and is then
timed over the rest. All that can tell give the sum of the best prices after each transaction, and must
agree; hftbacktest's books have no function that applies an update from outside, so its backtester is run
over the events (it keeps two books, the exchange's and the trader's, and both are counted for it), and
its fuse, which is one hash-map book and is called once a level.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import _books_kernels as kernels
from benchmarks.book_streams import Stream
from zerofeed.books.l2 import L2Books
from zerofeed.records.dtypes import RECORD
from zerofeed.records.flags import LAST, SNAPSHOT
from zerofeed.records.kinds import ACTION_CANCEL, ACTION_MODIFY, ASK, BID, LEVEL

__all__ = ["RIVALS", "Outcome", "Rival"]

Outcome = tuple[float, int, int | None]
"""Seconds, levels applied in them, and the sum of the best prices, where it can be had."""

Rival = Callable[[Stream], Outcome]

_BATCH = 64
_MIX = 0xFFFF_FFFF
_CAPACITY = 4104


def _records(stream: Stream) -> npt.NDArray[Any]:
    records = np.zeros(len(stream) + kernels.OUT_ROOM, dtype=RECORD)
    used = records[: len(stream)]
    ids = np.concatenate([[0], np.cumsum(stream.last)[:-1]])
    used["kind"] = LEVEL
    used["side"] = np.where(stream.ask, ASK, BID)
    used["action"] = np.where(stream.lots == 0, ACTION_CANCEL, ACTION_MODIFY)
    used["flags"] = np.where(stream.last, LAST, 0)
    used["flags"][: stream.warm] |= SNAPSHOT
    used["price"] = stream.tick
    used["size"] = stream.lots
    used["change_id"] = ids
    used["prev_change_id"] = ids - 1
    return records


def zerofeed(stream: Stream) -> Outcome:
    """Apply records to a store of books: chain, unknown levels, doubts, crossing, BBO records."""
    records = _records(stream)
    books = L2Books.create(1, capacity=_CAPACITY)
    kernels.apply_all(books.words, records, 0, stream.warm, stream.warm)
    began = time.perf_counter()
    total = kernels.apply_all(books.words, records, stream.warm, len(stream), _BATCH)
    seconds = time.perf_counter() - began
    if not books[0].is_proven or books[0].is_truncated:
        raise SystemExit(f"zerofeed's book is not whole: {books[0]}")
    return seconds, stream.timed, total


def flat(stream: Stream) -> Outcome:
    """Keep two arrays of ticks: nothing can be faster where the price range allows it."""
    least = int(stream.tick.min()) - 1
    span = int(stream.tick.max()) - least + 2
    ticks = stream.tick - least
    bids, asks = np.zeros(span, np.int64), np.zeros(span, np.int64)
    bids[0] = asks[-1] = 1
    best = np.array([0, span - 1])
    columns = (stream.ask, ticks, stream.lots, stream.last)
    kernels.flat_all(bids, asks, best, *columns, 0, stream.warm)
    began = time.perf_counter()
    total = kernels.flat_all(bids, asks, best, *columns, stream.warm, len(stream))
    seconds = time.perf_counter() - began
    transactions = int(stream.last[stream.warm :].sum())
    return seconds, stream.timed, (total + 4 * least * transactions) & _MIX


def sortedcontainers(stream: Stream) -> Outcome:
    """Keep two SortedDicts, in Python."""
    from sortedcontainers import SortedDict

    books = (SortedDict(), SortedDict())

    def run(rows: list[tuple[int, int, int, int]]) -> int:
        total = 0
        bids, asks = books
        for ask, tick, lots, last in rows:
            side = asks if ask else bids
            if lots:
                side[tick] = lots
            else:
                side.pop(tick, None)
            if last:
                total = (total + bids.peekitem(-1)[0] + 3 * asks.peekitem(0)[0]) & _MIX
        return total

    return _in_python(stream, run)


def order_book(stream: Stream) -> Outcome:
    """Keep bmoscon's order_book, in C."""
    from order_book import OrderBook

    book = OrderBook()

    def run(rows: list[tuple[int, int, int, int]]) -> int:
        total = 0
        bids, asks = book.bids, book.asks
        for ask, tick, lots, last in rows:
            side = asks if ask else bids
            if lots:
                side[tick] = lots
            elif tick in side:
                del side[tick]
            if last:
                total = (total + bids.index(0)[0] + 3 * asks.index(0)[0]) & _MIX
        return total

    return _in_python(stream, run)


def _in_python(stream: Stream, run: Callable[[list[tuple[int, int, int, int]]], int]) -> Outcome:
    columns = (stream.ask, stream.tick, stream.lots, stream.last)
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    run(rows[: stream.warm])
    timed = rows[stream.warm :]
    began = time.perf_counter()
    total = run(timed)
    return time.perf_counter() - began, stream.timed, total


def _events(stream: Stream) -> npt.NDArray[Any]:
    from hftbacktest.types import (
        BUY_EVENT,
        DEPTH_EVENT,
        EXCH_EVENT,
        LOCAL_EVENT,
        SELL_EVENT,
        event_dtype,
    )

    events = np.zeros(len(stream), dtype=event_dtype)
    common = DEPTH_EVENT | EXCH_EVENT | LOCAL_EVENT
    events["ev"] = np.where(stream.ask, common | SELL_EVENT, common | BUY_EVENT)
    events["px"] = stream.tick
    events["qty"] = stream.lots
    # The backtester is let run to 1 ms for the warm part, and to the end for the rest.
    times = np.where(np.arange(len(stream)) < stream.warm, 1_000, 2_000_000)
    events["exch_ts"] = events["local_ts"] = times
    return events


def _backtest(stream: Stream, kind: str) -> Outcome:
    import hftbacktest as hft

    events = _events(stream)  # the backtester keeps its address, not the array
    asset = (
        hft.BacktestAsset()
        .data(events)
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(1.0)
        .lot_size(1.0)
    )
    if kind == "ROIVectorMarketDepthBacktest":
        asset = asset.roi_lb(float(stream.tick.min() - 1)).roi_ub(float(stream.tick.max() + 1))
    backtest = getattr(hft, kind)([asset])
    backtest.elapse(1_000_000)
    began = time.perf_counter()
    backtest.elapse(10_000_000)
    seconds = time.perf_counter() - began
    depth = backtest.depth(0)
    found = (int(depth.best_bid_tick), int(depth.best_ask_tick))
    backtest.close()
    del events
    if found != _final_best(stream):
        raise SystemExit(f"hftbacktest ends at {found}, not at {_final_best(stream)}")
    return seconds, 2 * stream.timed, None


def _final_best(stream: Stream) -> tuple[int, int]:
    sides: tuple[dict[int, int], dict[int, int]] = ({}, {})
    for ask, tick, lots in zip(stream.ask, stream.tick, stream.lots, strict=True):
        sides[ask][int(tick)] = int(lots)
    bids, asks = ([tick for tick, lots in side.items() if lots] for side in sides)
    return max(bids), min(asks)


def hftbacktest_vector(stream: Stream) -> Outcome:
    """Run a backtest on ROIVectorMarketDepth, its fastest book."""
    return _backtest(stream, "ROIVectorMarketDepthBacktest")


def hftbacktest_hash(stream: Stream) -> Outcome:
    """Run a backtest on HashMapMarketDepth, its usual book."""
    return _backtest(stream, "HashMapMarketDepthBacktest")


def hftbacktest_fuse(stream: Stream) -> Outcome:
    """Call the fuse of its data tools, compiled: one book and one C call a level."""
    from hftbacktest.data import FuseMarketDepth
    from numba import njit

    events = _events(stream)

    @njit  # type: ignore[untyped-decorator]
    def run(depth: Any, events: Any, begin: int, end: int) -> None:
        for index in range(begin, end):
            depth.process_event(events, index, False)  # noqa: FBT003

    depth = FuseMarketDepth(1.0, 1.0)
    run(depth, events, 0, stream.warm)
    began = time.perf_counter()
    run(depth, events, stream.warm, len(stream))
    seconds = time.perf_counter() - began
    depth.close()
    return seconds, stream.timed, None


RIVALS: dict[str, Rival] = {
    "zerofeed": zerofeed,
    "flat array of ticks": flat,
    "hftbacktest, ROI vector, in a backtest": hftbacktest_vector,
    "hftbacktest, hash map, in a backtest": hftbacktest_hash,
    "hftbacktest, fuse": hftbacktest_fuse,
    "order_book (C, called from Python)": order_book,
    "sortedcontainers": sortedcontainers,
}
