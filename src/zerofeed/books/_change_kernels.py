"""What one change does to one book.

Helpers of ``_kernels``, which has the explanation. All take ``books``, the store, and
``book``, the index of the book's first word; the caller has marked the book busy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined, inlined
from zerofeed.books._side_kernels import (
    NEAR_LEVELS,
    best,
    drop_tombstones,
    drop_worst,
    fill_gap,
    find,
    insert,
    remove,
)
from zerofeed.books.layout import (
    B_ASKS,
    B_BASE_ID,
    B_BIDS,
    B_BUSY,
    B_CHANGE_ID,
    B_DIRTY,
    B_DOUBT_COUNT,
    B_DOUBT_MOVE,
    B_DOUBTS,
    B_EVICTED,
    B_GAPS,
    B_HORIZON,
    B_HORIZON_ID,
    B_LEVELS,
    B_SNAP,
    B_SNAP_ID,
    B_TS_EVENT_NS,
    B_TX,
    B_TX_ID,
    B_WINDOW,
    COUNTERS,
    DOUBT_BAD_LEVEL,
    DOUBT_CHAIN_BREAK,
    DOUBT_CROSSED,
    DOUBT_DEPLETED,
    DOUBT_GAP,
    DOUBT_UNKNOWN_LEVEL,
    H_CAPACITY,
    H_DEPTH,
    H_DOUBT_MOVES,
    H_FRAGMENT,
    H_RULES,
    RULE_ALLOW_CROSSED,
    RULE_ALLOW_LOCKED,
    RULE_KNOWN_DELETE,
    RULE_KNOWN_MODIFY,
    SNAP_BUILD,
    SNAP_IGNORE,
    SNAP_NONE,
    SNAP_VERIFY,
    TX_APPLY,
    TX_NONE,
    TX_SKIP,
)
from zerofeed.records.flags import LAST
from zerofeed.records.kinds import ACTION_CANCEL, ACTION_CLEAR, ACTION_MODIFY, ACTION_NONE, ASK, BID
from zerofeed.records.units import UNDEF
from zerofeed.shm._atomics import fence_release, store_release

__all__ = [
    "FINISHED",
    "NOTHING",
    "cast_doubt",
    "check_crossed",
    "close_gaps",
    "cut_to_window",
    "forget",
    "is_intact",
    "place",
    "refuse",
    "set_doubts",
    "side_at",
    "take_change",
]

_Words = npt.NDArray[np.int64]

_TRANSACTIONS = COUNTERS["transactions"]
_LEVELS = COUNTERS["levels"]
_STALE = COUNTERS["stale_transactions"]
_CHAIN_BREAKS = COUNTERS["chain_breaks"]
_UNKNOWN = COUNTERS["unknown_levels"]
_CROSSINGS = COUNTERS["crossings"]
_EVICTED = COUNTERS["evicted_levels"]
_REFUSED = COUNTERS["refused_levels"]
_ABANDONED = COUNTERS["snapshots_abandoned"]
_MALFORMED = COUNTERS["malformed_levels"]
_DOUBTS = COUNTERS["doubts"]

GAP_SHARE = 1
"""Gaps are closed up when they are more than half of a side: ``levels >> GAP_SHARE``."""

NOTHING = 0
FINISHED = 1


@always_inlined
def side_at(books: _Words, book: int, side: int) -> int:
    """Find the first price word of side 0, bids, or 1, asks."""
    return int(books[book + B_LEVELS] + side * 3 * books[H_CAPACITY])


@always_inlined
def is_intact(books: _Words, book: int) -> bool:
    """Tell whether the book is complete up to its change id (it may still be behind a gap)."""
    return bool((books[book + B_DOUBTS] & ~DOUBT_GAP) == 0)


@inlined
def set_doubts(books: _Words, book: int, doubts: int) -> None:
    """Say why the book is in doubt, 0 for not at all, and move the header's word when that is new."""
    if doubts != books[book + B_DOUBTS]:
        books[book + B_DOUBTS] = doubts
        books[H_DOUBT_MOVES] += 1
        books[book + B_DOUBT_MOVE] = books[H_DOUBT_MOVES]


@inlined
def close_gaps(books: _Words, book: int) -> None:
    """Move the levels of both sides together, marked busy: the caller may not have marked the book."""
    if books[book + B_GAPS] == 0 and books[book + B_GAPS + 1] == 0:
        return
    capacity = books[H_CAPACITY]
    was_busy = books[book + B_BUSY]
    store_release(books, book + B_BUSY, 1)
    fence_release()
    for side in range(2):
        if books[book + B_GAPS + side] != 0:
            drop_tombstones(books, side_at(books, book, side), capacity, book + B_BIDS + side)
            books[book + B_GAPS + side] = 0
    store_release(books, book + B_BUSY, was_busy)


@inlined
def cast_doubt(books: _Words, book: int, reason: int, base_id: int) -> None:
    """Add a reason for doubt that only a snapshot of ``base_id`` or newer can remove."""
    books[book + B_BASE_ID] = max(books[book + B_BASE_ID], base_id)
    if is_intact(books, book):
        books[book + B_DOUBT_COUNT] += 1
        books[_DOUBTS] += 1
        # From here on a level of size 0 is a tombstone.
        close_gaps(books, book)
    set_doubts(books, book, books[book + B_DOUBTS] | reason)


@inlined
def forget(books: _Words, book: int, doubts: int) -> None:
    """Empty a book; it knows nothing, for the given reasons."""
    if books[book + B_DOUBTS] == 0:
        books[book + B_DOUBT_COUNT] += 1
        books[_DOUBTS] += 1
    set_doubts(books, book, doubts)
    books[book + B_CHANGE_ID] = UNDEF
    books[book + B_BASE_ID] = UNDEF
    books[book + B_TX_ID] = UNDEF
    books[book + B_TX] = TX_NONE
    books[book + B_SNAP_ID] = UNDEF
    books[book + B_SNAP] = SNAP_NONE
    books[book + B_BIDS] = 0
    books[book + B_ASKS] = 0
    books[book + B_GAPS] = 0
    books[book + B_GAPS + 1] = 0
    books[book + B_HORIZON] = UNDEF
    books[book + B_HORIZON + 1] = UNDEF
    books[book + B_HORIZON_ID] = UNDEF
    books[book + B_DIRTY] = 1


@always_inlined
def _is_stale(books: _Words, book: int, change_id: int, previous_id: int) -> bool:
    """Tell whether the book has seen a transaction: it ends no later than the book.

    One that also begins where the book ends is new: the venue restarts its ids.
    """
    known = books[book + B_CHANGE_ID]
    if known == UNDEF or change_id == UNDEF:
        return False
    if previous_id == UNDEF:
        return bool(change_id < known)
    return bool(change_id <= known and previous_id < known)


@always_inlined
def begin_change(books: _Words, book: int, change_id: int, previous_id: int) -> None:
    """Decide what a transaction is to the book: its next, one it has seen, or one too far ahead."""
    known = books[book + B_CHANGE_ID]
    mode = TX_APPLY
    if books[book + B_TX] == TX_APPLY:
        cast_doubt(books, book, DOUBT_CHAIN_BREAK, books[book + B_TX_ID])
        books[_CHAIN_BREAKS] += 1
    fragment = books[H_FRAGMENT] != 0
    books[H_FRAGMENT] = 0
    if known == UNDEF:
        if not is_intact(books, book):
            books[book + B_BASE_ID] = max(books[book + B_BASE_ID], previous_id)
    elif _is_stale(books, book, change_id, previous_id):
        mode = TX_SKIP
    elif previous_id > known:
        cast_doubt(books, book, DOUBT_CHAIN_BREAK, previous_id)
        books[_CHAIN_BREAKS] += 1
    elif previous_id != UNDEF:
        set_doubts(books, book, books[book + B_DOUBTS] & ~DOUBT_GAP)
        if change_id < known:
            _renumber(books, book, change_id)
    if mode == TX_APPLY:
        if fragment:
            cast_doubt(books, book, DOUBT_CHAIN_BREAK, change_id)
            books[_CHAIN_BREAKS] += 1
        if books[book + B_SNAP] == SNAP_VERIFY:
            books[book + B_SNAP] = SNAP_IGNORE
    books[book + B_TX] = mode
    books[book + B_TX_ID] = change_id


@inlined
def _renumber(books: _Words, book: int, change_id: int) -> None:
    """Follow a venue whose change ids restarted without a loss: all levels become oldest."""
    capacity = books[H_CAPACITY]
    for side in range(2):
        ids = side_at(books, book, side) + 2 * capacity
        for index in range(books[book + B_BIDS + side]):
            books[ids + index] = UNDEF
    books[book + B_BASE_ID] = change_id
    books[book + B_HORIZON_ID] = UNDEF
    if books[book + B_SNAP] == SNAP_BUILD:
        books[book + B_SNAP] = SNAP_IGNORE
        books[_ABANDONED] += 1


@always_inlined
def apply_change(
    books: _Words, book: int, action: int, side_code: int, price: int, size: int, change_id: int
) -> None:
    """Apply one record of an open transaction: set a level, delete one, clear, or nothing."""
    if action == ACTION_CLEAR:
        for side in range(2):
            if side_code != (ASK if side == 0 else BID):
                books[book + B_BIDS + side] = 0
                books[book + B_GAPS + side] = 0
                books[book + B_HORIZON + side] = UNDEF
        if not is_intact(books, book):
            books[book + B_BASE_ID] = max(books[book + B_BASE_ID], change_id)
        return
    if action == ACTION_NONE and price == UNDEF:
        return
    deletes = size == 0 or action == ACTION_CANCEL
    if price == UNDEF or (side_code != BID and side_code != ASK) or (size < 0 and not deletes):
        books[_MALFORMED] += 1
        cast_doubt(books, book, DOUBT_BAD_LEVEL, change_id)
        return
    books[_LEVELS] += 1
    side = 0 if side_code == BID else 1
    flip = -side
    horizon = books[book + B_HORIZON + side]
    if horizon != UNDEF and (price ^ flip) <= (horizon ^ flip):
        refuse(books, book, change_id)
        return
    at = side_at(books, book, side)
    count = book + B_BIDS + side
    capacity = books[H_CAPACITY]
    levels = books[count]
    index = find(books, at, levels, flip, price)
    present = index >= 0 and books[at + index] == price
    alive = present and books[at + capacity + index] != 0
    if not alive and (deletes or action == ACTION_MODIFY) and is_intact(books, book):
        books[_UNKNOWN] += 1
        rule = RULE_KNOWN_DELETE if deletes else RULE_KNOWN_MODIFY
        if books[H_RULES] & rule:
            cast_doubt(books, book, DOUBT_UNKNOWN_LEVEL, change_id)
            levels = books[count]
            index = find(books, at, levels, flip, price)
            present = index >= 0 and books[at + index] == price
    if deletes and is_intact(books, book):
        if alive:
            take_out(books, book, side, index, change_id)
            left = books[count] - books[book + B_GAPS + side]
            if horizon != UNDEF and left < books[H_DEPTH]:
                cast_doubt(books, book, DOUBT_DEPLETED, change_id)
        return
    kept = 0 if deletes else size
    if present:
        if not alive and is_intact(books, book):
            books[book + B_GAPS + side] -= 1
        books[at + capacity + index] = kept
        books[at + 2 * capacity + index] = change_id
    else:
        if levels == capacity and books[book + B_GAPS + side] != 0:
            close_gaps(books, book)
            index = find(books, at, books[count], flip, price)
        place(books, book, side, index, price, kept, change_id)


@always_inlined
def take_out(books: _Words, book: int, side: int, index: int, change_id: int) -> None:
    """Delete a level of an intact book: the best one at once, another by leaving a gap.

    A book with a window has none, so that cutting it need not look for them.
    """
    at = side_at(books, book, side)
    capacity = books[H_CAPACITY]
    count = book + B_BIDS + side
    gaps = book + B_GAPS + side
    levels = books[count]
    if index == levels - 1:
        levels -= 1
        while levels > 0 and books[at + capacity + levels - 1] == 0:
            levels -= 1
            books[gaps] -= 1
        books[count] = levels
    elif books[book + B_WINDOW] != 0:
        remove(books, at, capacity, levels, index)
        books[count] = levels - 1
    else:
        books[at + capacity + index] = 0
        books[at + 2 * capacity + index] = change_id
        books[gaps] += 1
        if books[gaps] > NEAR_LEVELS + (levels >> GAP_SHARE):
            close_gaps(books, book)


@always_inlined
def place(
    books: _Words, book: int, side: int, index: int, price: int, size: int, change_id: int
) -> None:
    """Set a level's absolute size, make the level, or turn it into a tombstone."""
    at = side_at(books, book, side)
    capacity = books[H_CAPACITY]
    levels = books[book + B_BIDS + side]
    gaps = book + B_GAPS + side
    if books[gaps] != 0 and fill_gap(books, at, capacity, levels, index, price, size, change_id):
        books[gaps] -= 1
        return
    if levels == capacity:
        if index < 0:
            books[book + B_HORIZON + side] = price
            refuse(books, book, change_id)
            return
        books[book + B_HORIZON + side] = books[at]
        books[book + B_HORIZON_ID] = max(books[book + B_HORIZON_ID], books[at + 2 * capacity])
        books[book + B_EVICTED] += 1
        books[_EVICTED] += 1
    else:
        books[book + B_BIDS + side] = levels + 1
    insert(books, at, capacity, levels, index, price, size, change_id)


@inlined
def refuse(books: _Words, book: int, change_id: int) -> None:
    """Count a level that lies behind what a truncated side can know."""
    books[book + B_HORIZON_ID] = max(books[book + B_HORIZON_ID], change_id)
    books[_REFUSED] += 1


@always_inlined
def end_change(books: _Words, book: int, ts_event_ns: int) -> int:
    """Close the open transaction.

    Returns:
        FINISHED when the book is at a new change id, NOTHING when the transaction was skipped.
    """
    mode = books[book + B_TX]
    books[book + B_TX] = TX_NONE
    if mode != TX_APPLY:
        books[_STALE] += 1
        return NOTHING
    if books[book + B_TX_ID] != UNDEF:
        books[book + B_CHANGE_ID] = books[book + B_TX_ID]
    books[book + B_TS_EVENT_NS] = ts_event_ns
    books[book + B_DIRTY] = 1
    books[_TRANSACTIONS] += 1
    cut_to_window(books, book)
    check_crossed(books, book)
    return FINISHED


@inlined
def cut_to_window(books: _Words, book: int) -> None:
    """Keep the best levels that the venue keeps its receivers told about, where it has such a window.

    A side that fills its window is whole, whatever else fell out of it before. While a snapshot
    may still be merged with changes by their ids, nothing is cut: a deleted level must be
    remembered for as long as an older snapshot can bring it back.
    """
    window = books[book + B_WINDOW]
    if window == 0 or not (is_intact(books, book) or books[book + B_TX_ID] == UNDEF):
        return
    capacity = books[H_CAPACITY]
    has_tombstones = not is_intact(books, book)
    for side in range(2):
        count = book + B_BIDS + side
        horizon = book + B_HORIZON + side
        if books[count] <= window and books[horizon] == UNDEF:
            continue
        at = side_at(books, book, side)
        worst = books[count] - window
        if has_tombstones:
            alive = 0
            worst = books[count]
            while alive < window and worst >= 0:
                worst = best(books, at, capacity, worst)
                alive += 1
        if worst >= 0:
            drop_worst(books, at, capacity, count, worst)
            books[horizon] = UNDEF


@always_inlined
def check_crossed(books: _Words, book: int) -> None:
    """Doubt the book when its best bid reaches its best ask, as the venue's rules say."""
    rules = books[H_RULES]
    bids, asks = books[book + B_BIDS], books[book + B_ASKS]
    if bids == 0 or asks == 0 or rules & RULE_ALLOW_CROSSED or not is_intact(books, book):
        return
    bid = books[side_at(books, book, 0) + bids - 1]
    ask = books[side_at(books, book, 1) + asks - 1]
    if bid > ask or (bid == ask and not rules & RULE_ALLOW_LOCKED):
        books[_CROSSINGS] += 1
        cast_doubt(books, book, DOUBT_CROSSED, books[book + B_CHANGE_ID])


@always_inlined
def take_change(books: _Words, book: int, record: Any, flags: int) -> int:
    """Use a LEVEL record that is not of a snapshot.

    A record of a transaction that the book has seen is passed over even where it comes between
    the records of an open one: a repetition must not look like the end of that.

    Returns:
        FINISHED when it closed a transaction that was applied, else NOTHING.
    """
    change_id = record["change_id"]
    if books[book + B_TX] == TX_NONE or books[book + B_TX_ID] != change_id:
        previous_id = record["prev_change_id"]
        if books[book + B_TX] == TX_APPLY and _is_stale(books, book, change_id, previous_id):
            books[_STALE] += 1 if flags & LAST else 0
            return NOTHING
        begin_change(books, book, change_id, previous_id)
    if books[book + B_TX] == TX_APPLY:
        apply_change(
            books,
            book,
            int(record["action"]),
            int(record["side"]),
            record["price"],
            record["size"],
            change_id,
        )
    if flags & LAST:
        return end_change(books, book, record["ts_event_ns"])
    return NOTHING
