"""Small feeds for tests: names that nobody else has, records that can be told apart."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.feed.memory import MemorySizes
from zerofeed.records.dtypes import RECORD
from zerofeed.records.kinds import LEVEL, QUOTE, TRADE
from zerofeed.records.units import UNDEF

__all__ = ["CAPACITY", "is_whole", "name_of_feed", "records", "sizes", "until", "until_async"]

CAPACITY = 256
MAX_CLAIM = 64
AHEAD = 4
"""What a ring of this capacity claims beyond what is asked."""

_NUMBERS = itertools.count()
_KINDS = np.array([TRADE, LEVEL, QUOTE], np.uint8)


def name_of_feed() -> str:
    """A feed name that no other test, in this process or another, uses."""
    return f"test-{os.getpid()}-{next(_NUMBERS)}"


def sizes(records: int = CAPACITY, max_claim: int = MAX_CLAIM) -> MemorySizes:
    """A small feed: 16 KiB of records unless asked for more."""
    return MemorySizes(
        records=records, frames=128, chunk_bytes=64, burst=8, max_claim=max_claim, instruments=16
    )


def records(first: int, count: int) -> npt.NDArray[Any]:
    """Records whose every word follows from their number, so that a torn one shows."""
    return _numbered(np.arange(first, first + count))


def is_whole(batch: npt.NDArray[Any]) -> bool:
    """Tell whether each record is one that :func:`records` makes, every word of it."""
    number = batch["ts_event_ns"] // 3
    expected = _numbered(number)
    expected["seq"] = batch["seq"]
    return bool(expected.tobytes() == np.ascontiguousarray(batch).tobytes())


def until(condition: Callable[[], bool], *, looks: int = 20_000_000) -> None:
    """Look until something is so; fails instead of waiting for ever."""
    for _ in range(looks):
        if condition():
            return
        os.sched_yield()
    raise AssertionError("it never came about")


async def until_async(condition: Callable[[], bool]) -> None:
    """Let the loop turn until something is so; shared memory announces nothing to a loop."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0)


def _numbered(number: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    batch = np.zeros(number.size, RECORD)
    batch["ts_event_ns"] = number * 3
    batch["ts_recv_ns"] = number * 5
    batch["instrument"] = number % 7
    batch["kind"] = _KINDS[number % 3]
    batch["side"] = 78
    batch["action"] = 78
    batch["price"] = number * 7
    batch["size"] = number * 11
    batch["trade_id"] = number * 13
    batch["trade_seq"] = UNDEF
    return batch
