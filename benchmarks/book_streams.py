"""Streams of price levels for the contest of books: captured and made up.

A stream is what every contestant gets, each in the form that it takes: ticks and lots as integers,
transactions by the level that closes them. ``synthetic`` is always there and the same for the same seed;
``captured`` reads Binance's depth updates where the captures are.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Stream", "captured", "synthetic"]

_Words = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Stream:
    """Updates of one book, absolute sizes, 0 deletes.

    Attributes:
        name: of the stream.
        ask: int64, 1 for an ask and 0 for a bid.
        tick: int64 prices in ticks.
        lots: int64 sizes in lots.
        last: int64, 1 where a transaction ends.
        warm: so many updates at the beginning build the book; they are applied and not timed.
    """

    name: str
    ask: _Words
    tick: _Words
    lots: _Words
    last: _Words
    warm: int

    def __len__(self) -> int:
        return len(self.tick)

    @property
    def timed(self) -> int:
        """Number of updates that are timed."""
        return len(self) - self.warm


def _stream(name: str, rows: list[tuple[int, int, int, int]], warm: int) -> Stream:
    table = np.array(rows, dtype=np.int64)
    ask, tick, lots, last = (np.ascontiguousarray(table[:, column]) for column in range(4))
    return Stream(name, ask, tick, lots, last, warm)


def synthetic(levels: int = 300_000, seed: int = 11, depth: int = 400) -> Stream:
    """Make a walk of the middle with updates that are mostly near it.

    Args:
        levels: updates to time.
        seed: of all choices.
        depth: levels a side at the beginning.
    """
    random = np.random.default_rng(seed)
    middle = 50_000
    rows = [(0, middle - i, 5, 0) for i in range(1, depth + 1)]
    rows += [(1, middle + i, 5, 0) for i in range(1, depth + 1)]
    rows[-1] = (*rows[-1][:3], 1)
    warm = len(rows)
    sides = random.integers(0, 2, levels)
    distances = np.minimum(random.geometric(0.12, levels), depth)
    lots = random.integers(1, 1000, levels) * (random.random(levels) > 0.35)
    ends = random.random(levels) < 0.2
    moves = random.choice([-1, 0, 1], levels, p=[0.05, 0.9, 0.05])
    for index in range(levels):
        move = int(moves[index])
        if move and ends[index - 1]:
            # The level that the middle moves over goes first, so that no book is ever crossed.
            middle += move
            rows.append((1 if move > 0 else 0, middle, 0, 0))
        side = int(sides[index])
        tick = middle + (int(distances[index]) if side else -int(distances[index]))
        rows.append((side, tick, int(lots[index]), int(ends[index])))
    return _stream("synthetic", rows, warm)


def captured(captures: Path) -> Stream | None:
    """Read the snapshot and the depth updates of Binance spot; None where there is no capture."""
    path = captures / "binance" / "btcusdt_20240808.gz"
    if not path.is_file():
        return None
    snapshot: dict[str, Any] = {}
    updates: list[dict[str, Any]] = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            message = json.loads(line.split(" ", 1)[1])
            message = message.get("data", message)
            if "lastUpdateId" in message:
                snapshot = message
            elif message.get("e") == "depthUpdate":
                updates.append(message)
    rows = _rows(snapshot["bids"], snapshot["asks"])
    warm = len(rows)
    for update in updates:
        if update["u"] > snapshot["lastUpdateId"]:
            rows += _rows(update.get("b", []), update.get("a", []))
    return _stream("binance", rows, warm)


def _rows(bids: list[Any], asks: list[Any]) -> list[tuple[int, int, int, int]]:
    """Make the rows of one message; the last one closes it."""
    rows = [
        (side, _scaled(price, 2), _scaled(size, 5), 0)
        for side, levels in ((0, bids), (1, asks))
        for price, size, *_ in levels
    ]
    if rows:
        rows[-1] = (*rows[-1][:3], 1)
    return rows


def _scaled(text: str, decimals: int) -> int:
    whole, _, fraction = text.partition(".")
    return int(whole + fraction[:decimals].ljust(decimals, "0"))
