"""What the records of a snapshot do to one book: build it, check it, or nothing.

Helpers of ``_kernels``, which explains how a snapshot and changes are merged.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import inlined
from zerofeed.books._change_kernels import (
    FINISHED,
    NOTHING,
    cast_doubt,
    check_crossed,
    cut_to_window,
    forget,
    is_intact,
    place,
    refuse,
    set_doubts,
    side_at,
)
from zerofeed.books._side_kernels import drop_tombstones, find, keep_newer
from zerofeed.books.layout import (
    B_ASKS,
    B_BASE_ID,
    B_BIDS,
    B_CHANGE_ID,
    B_DIRTY,
    B_DOUBTS,
    B_GAPS,
    B_HORIZON,
    B_HORIZON_ID,
    B_NEEDS_CLEAR,
    B_SNAP,
    B_SNAP_DIFFERENT,
    B_SNAP_EQUAL,
    B_SNAP_ID,
    B_TS_EVENT_NS,
    B_TX,
    B_TX_ID,
    COUNTERS,
    DOUBT_BAD_LEVEL,
    DOUBT_DEPLETED,
    DOUBT_GAP,
    DOUBT_NO_SNAPSHOT,
    DOUBT_SNAPSHOT_DIFFERS,
    H_CAPACITY,
    H_DEPTH,
    H_RULES,
    RULE_CLEAR_FIRST,
    RULE_SNAPSHOT_REPLACES,
    SNAP_BUILD,
    SNAP_IGNORE,
    SNAP_NONE,
    SNAP_VERIFY,
    TX_APPLY,
    TX_SKIP,
)
from zerofeed.records.flags import LAST
from zerofeed.records.kinds import ACTION_CANCEL, ACTION_CLEAR, ACTION_NONE, ASK, BID
from zerofeed.records.units import UNDEF

__all__ = [
    "take_snapshot",
]

_Words = npt.NDArray[np.int64]

_BUILT = COUNTERS["snapshots_built"]
_VERIFIED = COUNTERS["snapshots_verified"]
_IGNORED = COUNTERS["snapshots_ignored"]
_DIFFERENT = COUNTERS["snapshots_different"]
_ABANDONED = COUNTERS["snapshots_abandoned"]
_MALFORMED = COUNTERS["malformed_levels"]


@inlined
def begin_snapshot(books: _Words, book: int, action: int, snapshot_id: int) -> None:
    """Decide what a snapshot is to the book: its new content, a check of it, or of no use."""
    if books[book + B_SNAP] == SNAP_BUILD:
        books[_ABANDONED] += 1
    if action == ACTION_CLEAR and books[H_RULES] & RULE_SNAPSHOT_REPLACES:
        # A venue that restarts its ids, or is subscribed anew: nothing from before is comparable.
        forget(books, book, DOUBT_NO_SNAPSHOT)
    known = books[book + B_CHANGE_ID]
    intact = is_intact(books, book)
    open_id = books[book + B_TX_ID] if books[book + B_TX] == TX_APPLY else UNDEF
    needs_clear = books[book + B_NEEDS_CLEAR] | (books[H_RULES] & RULE_CLEAR_FIRST)
    if needs_clear != 0 and action != ACTION_CLEAR:
        mode = SNAP_IGNORE
    elif snapshot_id == UNDEF or known == UNDEF:
        mode = SNAP_BUILD
    elif not intact:
        mode = SNAP_BUILD if snapshot_id >= books[book + B_BASE_ID] else SNAP_IGNORE
    elif snapshot_id > known:
        mode = SNAP_BUILD if open_id <= snapshot_id else SNAP_IGNORE
    elif snapshot_id == known and open_id == UNDEF:
        mode = SNAP_VERIFY
    else:
        mode = SNAP_IGNORE
    if action == ACTION_CLEAR:
        books[book + B_NEEDS_CLEAR] = 0
    books[book + B_SNAP] = mode
    books[book + B_SNAP_ID] = snapshot_id
    books[book + B_SNAP_EQUAL] = 0
    books[book + B_SNAP_EQUAL + 1] = 0
    books[book + B_SNAP_DIFFERENT] = 0
    if mode == SNAP_BUILD:
        _begin_build(books, book, snapshot_id)


@inlined
def _begin_build(books: _Words, book: int, snapshot_id: int) -> None:
    """Keep only what is newer than the snapshot; from here on the book is at least as new."""
    capacity = books[H_CAPACITY]
    cast_doubt(books, book, DOUBT_NO_SNAPSHOT, snapshot_id)
    set_doubts(books, book, books[book + B_DOUBTS] & ~DOUBT_GAP)
    if snapshot_id == UNDEF:
        books[book + B_BIDS] = 0
        books[book + B_ASKS] = 0
        books[book + B_HORIZON_ID] = UNDEF
        books[book + B_CHANGE_ID] = UNDEF
    else:
        keep_newer(books, side_at(books, book, 0), capacity, book + B_BIDS, snapshot_id)
        keep_newer(books, side_at(books, book, 1), capacity, book + B_ASKS, snapshot_id)
        books[book + B_CHANGE_ID] = max(books[book + B_CHANGE_ID], snapshot_id)
        if books[book + B_TX] == TX_APPLY and books[book + B_TX_ID] <= snapshot_id:
            books[book + B_TX] = TX_SKIP
    books[book + B_BASE_ID] = snapshot_id
    if books[book + B_HORIZON_ID] <= snapshot_id:
        books[book + B_HORIZON] = UNDEF
        books[book + B_HORIZON + 1] = UNDEF
        books[book + B_HORIZON_ID] = UNDEF


@inlined
def apply_snapshot(
    books: _Words, book: int, action: int, side_code: int, price: int, size: int
) -> None:
    """Use one record of the snapshot that is being received."""
    mode = books[book + B_SNAP]
    if mode == SNAP_IGNORE or action == ACTION_CLEAR or (action == ACTION_NONE and price == UNDEF):
        return
    if price == UNDEF or (side_code != BID and side_code != ASK) or size < 0:
        books[_MALFORMED] += 1
        books[book + B_SNAP_DIFFERENT] += 1
        return
    if size == 0 or action == ACTION_CANCEL:
        return
    side = 0 if side_code == BID else 1
    flip = -side
    snapshot_id = books[book + B_SNAP_ID]
    horizon = books[book + B_HORIZON + side]
    if horizon != UNDEF and (price ^ flip) <= (horizon ^ flip):
        if mode == SNAP_BUILD:
            refuse(books, book, snapshot_id)
        return
    at = side_at(books, book, side)
    capacity = books[H_CAPACITY]
    index = find(books, at, books[book + B_BIDS + side], flip, price)
    present = index >= 0 and books[at + index] == price
    if mode == SNAP_VERIFY:
        if present and books[at + capacity + index] == size:
            books[book + B_SNAP_EQUAL + side] += 1
        else:
            books[book + B_SNAP_DIFFERENT] += 1
    elif not present:
        place(books, book, side, index, price, size, snapshot_id)
    elif books[at + 2 * capacity + index] <= snapshot_id:
        books[at + capacity + index] = size
        books[at + 2 * capacity + index] = snapshot_id


@inlined
def end_snapshot(books: _Words, book: int, ts_event_ns: int) -> int:
    """Close the snapshot that is being received.

    Returns:
        FINISHED when the book or its doubts changed and no transaction is open, else NOTHING.
    """
    mode = books[book + B_SNAP]
    books[book + B_SNAP] = SNAP_NONE
    books[book + B_NEEDS_CLEAR] = 0
    different = books[book + B_SNAP_DIFFERENT]
    if mode == SNAP_IGNORE:
        books[_IGNORED] += 1
        return NOTHING
    doubts = books[book + B_DOUBTS]
    if mode == SNAP_BUILD:
        if different:
            set_doubts(books, book, books[book + B_DOUBTS] | DOUBT_BAD_LEVEL)
        if different or books[book + B_BASE_ID] > books[book + B_SNAP_ID]:
            books[_ABANDONED] += 1
        else:
            _prove(books, book)
            books[_BUILT] += 1
        books[book + B_TS_EVENT_NS] = ts_event_ns
    else:
        for side in range(2):
            alive = books[book + B_BIDS + side] - books[book + B_GAPS + side]
            if books[book + B_SNAP_EQUAL + side] != alive:
                different += 1
        if different:
            cast_doubt(books, book, DOUBT_SNAPSHOT_DIFFERS, books[book + B_SNAP_ID])
            books[_DIFFERENT] += 1
        else:
            set_doubts(books, book, books[book + B_DOUBTS] & ~DOUBT_GAP)
            books[_VERIFIED] += 1
        if books[book + B_DOUBTS] == doubts:
            return NOTHING
    books[book + B_DIRTY] = 1
    return FINISHED if books[book + B_TX] != TX_APPLY else NOTHING


@inlined
def _prove(books: _Words, book: int) -> None:
    """Make the book proven, unless what it now holds cannot be."""
    capacity = books[H_CAPACITY]
    drop_tombstones(books, side_at(books, book, 0), capacity, book + B_BIDS)
    drop_tombstones(books, side_at(books, book, 1), capacity, book + B_ASKS)
    set_doubts(books, book, books[book + B_DOUBTS] & DOUBT_GAP)
    if books[book + B_TX] != TX_APPLY:
        cut_to_window(books, book)
    for side in range(2):
        truncated = books[book + B_HORIZON + side] != UNDEF
        if truncated and books[book + B_BIDS + side] < books[H_DEPTH]:
            cast_doubt(books, book, DOUBT_DEPLETED, books[book + B_CHANGE_ID])
    if books[book + B_TX] != TX_APPLY:
        check_crossed(books, book)


@inlined
def take_snapshot(books: _Words, book: int, record: Any, flags: int) -> int:
    """Use a LEVEL record of a snapshot.

    Returns:
        FINISHED when it closed a snapshot that changed the book or its doubts, else NOTHING.
    """
    action = int(record["action"])
    snapshot_id = record["change_id"]
    if (
        books[book + B_SNAP] == SNAP_NONE
        or action == ACTION_CLEAR
        or books[book + B_SNAP_ID] != snapshot_id
    ):
        begin_snapshot(books, book, action, snapshot_id)
    apply_snapshot(books, book, action, int(record["side"]), record["price"], record["size"])
    if flags & LAST:
        return end_snapshot(books, book, record["ts_event_ns"])
    return NOTHING
