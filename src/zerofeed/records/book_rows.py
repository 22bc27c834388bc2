"""The published books: one row per instrument, whole at any moment for any process.

Row ``i`` is the book of instrument ``i`` as of the record ``record_seq``: a reader that copies
the row (:func:`zerofeed.shm.seqlock.read_row`) and then applies the records after that one has
lost nothing. With the default depth of 20 a row is 1,024 bytes; its size is always a multiple
of 64.

======  ====  ===========  ====================================================================
offset  size  name         meaning
======  ====  ===========  ====================================================================
0       8     version      seqlock: odd while the worker writes the row; 0 before the first time
8       8     record_seq   sequence number of the record after which the row is true
16      8     ts_event_ns  the venue's time of the last transaction, Unix ns
24      8     change_id    the venue's id of it; UNDEF when there is none
32      8     instrument   the row's own index
40      8     n_bids       levels given below, at most the depth
48      8     n_asks       the same
56      8     flags        ``DOUBT_...`` bits, and the ``ROW_...`` bits; 0 is a proven book
64      16 n  bids         (price, size), best first, UNDEF beyond ``n_bids``
...     16 n  asks         the same
...     8 n   bid_orders   orders at each of these bids; 0 where the venue sends levels, not orders
...     8 n   ask_orders   the same for asks
======  ====  ===========  ====================================================================
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = [
    "BOOK_ROW",
    "DEFAULT_DEPTH",
    "DOUBT_BAD_LEVEL",
    "DOUBT_CHAIN_BREAK",
    "DOUBT_CHECKSUM",
    "DOUBT_CROSSED",
    "DOUBT_DEPLETED",
    "DOUBT_DUPLICATE_ORDER",
    "DOUBT_GAP",
    "DOUBT_NAMES",
    "DOUBT_NO_ROOM",
    "DOUBT_NO_SNAPSHOT",
    "DOUBT_OVERFILLED",
    "DOUBT_RESET",
    "DOUBT_SNAPSHOT_DIFFERS",
    "DOUBT_UNKNOWN_LEVEL",
    "DOUBT_UNKNOWN_ORDER",
    "DOUBT_WORKER_DIED",
    "PRICE_LEVEL",
    "ROW_HEAD_WORDS",
    "ROW_OPEN",
    "ROW_TRUNCATED_ASKS",
    "ROW_TRUNCATED_BIDS",
    "book_row",
    "doubt_names",
    "row_words",
]

DEFAULT_DEPTH = 20
"""Levels a side in a row, unless configured otherwise."""

DOUBT_NO_SNAPSHOT = 1
"""No whole snapshot yet, or a newer one is just being received."""
DOUBT_CHAIN_BREAK = 2
"""A change of this book is missing."""
DOUBT_CROSSED = 4
"""The best bid is at or above the best ask after a whole transaction."""
DOUBT_UNKNOWN_LEVEL = 8
"""The venue changed or deleted a level that the book does not have."""
DOUBT_DEPLETED = 16
"""A truncated side shrank below the published depth; what lies behind was thrown away."""
DOUBT_WORKER_DIED = 32
"""The worker was killed while it was changing the book."""
DOUBT_SNAPSHOT_DIFFERS = 64
"""The venue's snapshot of the very same change id was another."""
DOUBT_BAD_LEVEL = 128
"""A level without side, price or size came."""
DOUBT_RESET = 256
"""The channel's numbering restarted."""
DOUBT_GAP = 512
"""Something of the channel is missing, perhaps of this book; the next change will tell."""
DOUBT_CHECKSUM = 1024
"""The venue's checksum of the book was another."""
DOUBT_UNKNOWN_ORDER = 2048
"""The venue changed an order that the book does not have."""
DOUBT_DUPLICATE_ORDER = 4096
"""An order came whose number another one had; the newer one stays."""
DOUBT_NO_ROOM = 8192
"""An order found no room."""
DOUBT_OVERFILLED = 16384
"""More of an order traded, or was cancelled, than was left of it."""

DOUBT_NAMES: dict[int, str] = {
    DOUBT_NO_SNAPSHOT: "no_snapshot",
    DOUBT_CHAIN_BREAK: "chain_break",
    DOUBT_CROSSED: "crossed",
    DOUBT_UNKNOWN_LEVEL: "unknown_level",
    DOUBT_DEPLETED: "depleted",
    DOUBT_WORKER_DIED: "worker_died",
    DOUBT_SNAPSHOT_DIFFERS: "snapshot_differs",
    DOUBT_BAD_LEVEL: "bad_level",
    DOUBT_RESET: "reset",
    DOUBT_GAP: "gap",
    DOUBT_CHECKSUM: "checksum",
    DOUBT_UNKNOWN_ORDER: "unknown_order",
    DOUBT_DUPLICATE_ORDER: "duplicate_order",
    DOUBT_NO_ROOM: "no_room",
    DOUBT_OVERFILLED: "overfilled",
}

ROW_OPEN = 1 << 32
"""Written in the middle of a transaction or snapshot, because a worker took over or data was lost."""
ROW_TRUNCATED_BIDS = 1 << 33
"""The book once had more bids than it can hold; the worst are not known."""
ROW_TRUNCATED_ASKS = 1 << 34
"""The same for asks."""

ROW_HEAD_WORDS = 8

PRICE_LEVEL: np.dtype[Any] = np.dtype([("price", "<i8"), ("size", "<i8")])
"""One price level, in the instrument's price and size units."""

_HEAD = (
    "version",
    "record_seq",
    "ts_event_ns",
    "change_id",
    "instrument",
    "n_bids",
    "n_asks",
    "flags",
)


def row_words(depth: int) -> int:
    """Count the int64 words of a row with ``depth`` levels per side; a multiple of 8."""
    return (ROW_HEAD_WORDS + 6 * depth + 7) // 8 * 8


def book_row(depth: int = DEFAULT_DEPTH) -> np.dtype[Any]:
    """Describe a row.

    Args:
        depth: levels per side.

    Returns:
        The structured dtype of the table.
    """
    levels = (PRICE_LEVEL, (depth,))
    counts = ("<i8", (depth,))
    return np.dtype(
        {
            "names": [*_HEAD, "bids", "asks", "bid_orders", "ask_orders"],
            "formats": [*["<i8"] * len(_HEAD), levels, levels, counts, counts],
            "offsets": [*range(0, 64, 8), *(64 + at * depth for at in (0, 16, 32, 40))],
            "itemsize": 8 * row_words(depth),
        }
    )


BOOK_ROW: np.dtype[Any] = book_row()
"""A row of the default depth."""


def doubt_names(doubts: int) -> list[str]:
    """List the reasons for which a book is in doubt; empty when it is proven."""
    return [name for bit, name in DOUBT_NAMES.items() if doubts & bit]
