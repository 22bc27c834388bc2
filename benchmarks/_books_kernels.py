"""The compiled loops of the contest of books: ours, and the flat array that is the physical mark."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, I64_RO, int64, kernel, record_array
from zerofeed.books._kernels import apply
from zerofeed.records.dtypes import RECORD

__all__ = ["OUT_ROOM", "apply_all", "flat_all"]

_Words = npt.NDArray[np.int64]
_Records = npt.NDArray[Any]

OUT_ROOM = 4096
"""Records of room for the BBO records of one batch."""

_MIX = 0xFFFF_FFFF


@kernel(int64(I64, record_array(RECORD), int64, int64, int64))
def apply_all(books: _Words, records: _Records, begin: int, end: int, batch: int) -> int:
    """Apply records a batch at a time, and read every BBO record that comes of it.

    Args:
        books: the store.
        records: RECORD array with OUT_ROOM records of room behind ``end``'s largest value.
        begin: index of the first record to apply.
        end: one behind the last.
        batch: records in one call, as a packet would bring them.

    Returns:
        A sum over all best bids and offers; negative when the kernel refused.
    """
    out = records.size - OUT_ROOM
    total = 0
    index = begin
    while index < end:
        count = min(batch, end - index)
        written = apply(books, records, index, count, out, out + OUT_ROOM)
        if written < 0:
            return written
        for at in range(out, out + written):
            total = (total + records[at]["bid_price"] + 3 * records[at]["ask_price"]) & _MIX
        index += count
    return total


@kernel(int64(I64, I64, I64, I64_RO, I64_RO, I64_RO, I64_RO, int64, int64))
def flat_all(
    bids: _Words,
    asks: _Words,
    best: _Words,
    ask: _Words,
    tick: _Words,
    lots: _Words,
    last: _Words,
    begin: int,
    end: int,
) -> int:
    """Keep a book as one array of sizes a side, indexed by tick; it knows no ids and no doubts.

    Args:
        bids: int64 lots by tick, with a 1 at its beginning that stops the search for the best.
        asks: the same, with a 1 at its end.
        best: int64[2], best bid and best ask as ticks.
        ask: of the stream.
        tick: of the stream.
        lots: of the stream.
        last: of the stream.
        begin: index of the first update.
        end: one behind the last.

    Returns:
        The sum that :func:`apply_all` gives.
    """
    bid_best = best[0]
    ask_best = best[1]
    total = 0
    for index in range(begin, end):
        price = tick[index]
        size = lots[index]
        if ask[index]:
            asks[price] = size
            if size != 0:
                ask_best = min(ask_best, price)
            elif price == ask_best:
                while asks[ask_best] == 0:
                    ask_best += 1
        else:
            bids[price] = size
            if size != 0:
                bid_best = max(bid_best, price)
            elif price == bid_best:
                while bids[bid_best] == 0:
                    bid_best -= 1
        if last[index]:
            total = (total + bid_best + 3 * ask_best) & _MIX
    best[0] = bid_best
    best[1] = ask_best
    return int(total)
