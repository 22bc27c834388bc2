"""Where the price-level books are in memory, and the words they use for their state.

All books of a feed are in one flat int64 array in memory that the supervisor holds, so a
worker that is killed loses none of them, and a new one goes on where the old one stopped.
The array is a header, then the heads of all books, then their levels::

    header | head 0 | head 1 | ... | bids 0 | asks 0 | bids 1 | asks 1 | ...

Heads are next to each other because a gap concerns every book of its channel: two thousand
heads are half a megabyte read in order, and not two thousand pages. Books that were never
used are not visited; what a gap means for them is made up for at their first record. The head of instrument
``i`` begins at word ``HEADER_WORDS + i * stride``. Offsets below count 8-byte words.

The header, ``H_...``:

======  =====================================================================================
word    meaning
======  =====================================================================================
0       layout number, :data:`LAYOUT`; an array without it is refused
1       number of books
2       capacity: levels per side, a multiple of 8
3       stride: words from one book's head to the next
4       rules of the venue, ``RULE_...`` bits
5       depth: levels per side that are published, and that a truncated side must keep
6       1 after a gap, until the next change was seen (see ``RULE_SPANS_FRAMES``)
7       used: every book from this one on has never been given a record
8..28   counters since the memory was made, :data:`COUNTERS`
29      moves: changes whenever the doubts of any book do, so that nothing need be scanned before
======  =====================================================================================

A book's head, ``B_...``; one writer, the worker:

======  =====================================================================================
word    meaning
======  =====================================================================================
0       busy: 1 while the book is being changed
1       doubts, ``DOUBT_...`` bits; 0 means that the book is proven
2       change id up to which the book is complete; UNDEF when it has none
3       change id of the transaction now open
4       transaction: ``TX_...``
5, 6    levels kept, with gaps and tombstones: bids, asks
7       word at which the levels begin
8, 9    horizon: best price ever evicted, bids, asks; UNDEF when the side is whole
10      change id of the newest update lost behind a horizon
11      base: a snapshot older than this change id cannot prove the book
12      snapshot: ``SNAP_...``
13      change id of the snapshot being received
14      1 when the next snapshot must begin with a clear, because its beginning may be lost
15      dirty: 1 when the published row is older than the book
16, 17  levels of the snapshot found equal so far: bids, asks
18      levels of the snapshot found different so far
19      ts_event_ns of the last transaction
20      channel that carries the changes; UNDEF means any
21      channel that carries the snapshots; UNDEF means any
22      levels evicted since the memory was made
23      times the book went from proven to doubt
24      window: levels a side that the venue keeps the receiver told about; 0 means all
25      moves of the header when this book's doubts last changed; 0 before the first time
26, 27  gaps among the levels kept: bids, asks; 0 while only a snapshot can prove the book
======  =====================================================================================

A book's levels are six columns of ``capacity`` words: the prices, sizes and change ids of the
bids, then those of the asks.

A side is sorted with its best price *last*: an update near the top moves few words. A level that is
deleted leaves a gap, its price with size 0, which its return or a neighbour fills without moving the
others; gaps are closed up when they are many, and the best level is never one. The third
column says which change wrote a level, and is what lets a snapshot and the changes that
overtook it be merged in any order of arrival (see ``_kernels``).

**Doubt.** Each bit is a reason, and the book is proven when there is none. All but
``DOUBT_GAP`` need a snapshot; ``DOUBT_GAP`` says that something of the channel is missing,
and goes when the next change of this book links to the last one.

**Window.** Some venues tell only of the best N levels a side, and never delete what falls behind
them. A book with a window is cut to its N best after each transaction. What was cut is no loss:
the venue sends it again when it comes back into view.
"""

from __future__ import annotations

from zerofeed.records.book_rows import (
    DEFAULT_DEPTH,
    DOUBT_BAD_LEVEL,
    DOUBT_CHAIN_BREAK,
    DOUBT_CHECKSUM,
    DOUBT_CROSSED,
    DOUBT_DEPLETED,
    DOUBT_DUPLICATE_ORDER,
    DOUBT_GAP,
    DOUBT_NAMES,
    DOUBT_NO_ROOM,
    DOUBT_NO_SNAPSHOT,
    DOUBT_OVERFILLED,
    DOUBT_RESET,
    DOUBT_SNAPSHOT_DIFFERS,
    DOUBT_UNKNOWN_LEVEL,
    DOUBT_UNKNOWN_ORDER,
    DOUBT_WORKER_DIED,
    doubt_names,
)

__all__ = [
    "BOOK_HEAD_WORDS",
    "B_ASKS",
    "B_BASE_ID",
    "B_BIDS",
    "B_BUSY",
    "B_CHANGE_ID",
    "B_CHANNEL",
    "B_DIRTY",
    "B_DOUBTS",
    "B_DOUBT_COUNT",
    "B_DOUBT_MOVE",
    "B_EVICTED",
    "B_GAPS",
    "B_HORIZON",
    "B_HORIZON_ID",
    "B_LEVELS",
    "B_NEEDS_CLEAR",
    "B_SNAP",
    "B_SNAP_CHANNEL",
    "B_SNAP_DIFFERENT",
    "B_SNAP_EQUAL",
    "B_SNAP_ID",
    "B_TS_EVENT_NS",
    "B_TX",
    "B_TX_ID",
    "B_WINDOW",
    "COUNTERS",
    "DEFAULT_CAPACITY",
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
    "HEADER_WORDS",
    "H_BOOKS",
    "H_CAPACITY",
    "H_DEPTH",
    "H_DOUBT_MOVES",
    "H_FRAGMENT",
    "H_LAYOUT",
    "H_RULES",
    "H_STRIDE",
    "H_USED",
    "LAYOUT",
    "RULE_ALLOW_CROSSED",
    "RULE_ALLOW_LOCKED",
    "RULE_CLEAR_FIRST",
    "RULE_KNOWN_DELETE",
    "RULE_KNOWN_MODIFY",
    "RULE_SNAPSHOT_REPLACES",
    "RULE_SPANS_FRAMES",
    "SNAP_BUILD",
    "SNAP_IGNORE",
    "SNAP_NONE",
    "SNAP_VERIFY",
    "TX_APPLY",
    "TX_NONE",
    "TX_SKIP",
    "doubt_names",
    "store_words",
]

LAYOUT = 0x5A46_4C32_0002
"""Written in the first word; changes whenever an offset or a meaning on this page does."""

DEFAULT_CAPACITY = 1024

HEADER_WORDS = 32
H_LAYOUT = 0
H_BOOKS = 1
H_CAPACITY = 2
H_STRIDE = 3
H_RULES = 4
H_DEPTH = 5
H_FRAGMENT = 6
H_USED = 7
H_DOUBT_MOVES = 29

COUNTERS: dict[str, int] = {
    "transactions": 8,
    "levels": 9,
    "stale_transactions": 10,
    "chain_breaks": 11,
    "unknown_levels": 12,
    "crossings": 13,
    "evicted_levels": 14,
    "refused_levels": 15,
    "snapshots_built": 16,
    "snapshots_verified": 17,
    "snapshots_ignored": 18,
    "snapshots_different": 19,
    "snapshots_abandoned": 20,
    "malformed_levels": 21,
    "unknown_instruments": 22,
    "books_recovered": 23,
    "doubts": 24,
    "gaps": 25,
    "resets": 26,
    "checksums_matched": 27,
    "checksums_mismatched": 28,
}
"""Header word of each counter."""

BOOK_HEAD_WORDS = 32
B_BUSY = 0
B_DOUBTS = 1
B_CHANGE_ID = 2
B_TX_ID = 3
B_TX = 4
B_BIDS = 5
B_ASKS = 6
B_LEVELS = 7
B_HORIZON = 8
B_HORIZON_ID = 10
B_BASE_ID = 11
B_SNAP = 12
B_SNAP_ID = 13
B_NEEDS_CLEAR = 14
B_DIRTY = 15
B_SNAP_EQUAL = 16
B_SNAP_DIFFERENT = 18
B_TS_EVENT_NS = 19
B_CHANNEL = 20
B_SNAP_CHANNEL = 21
B_EVICTED = 22
B_DOUBT_COUNT = 23
B_WINDOW = 24
B_DOUBT_MOVE = 25
B_GAPS = 26

TX_NONE = 0
"""No transaction is open."""
TX_APPLY = 1
"""The open transaction is being applied."""
TX_SKIP = 2
"""The open transaction is older than the book and is skipped."""

SNAP_NONE = 0
"""No snapshot is being received."""
SNAP_BUILD = 1
"""The snapshot is becoming the book."""
SNAP_VERIFY = 2
"""The book is proven at the snapshot's change id; the two are compared."""
SNAP_IGNORE = 3
"""The snapshot is of no use, or its beginning is lost; wait for its end."""

RULE_KNOWN_DELETE = 1
"""The venue deletes only levels that exist: deleting another is a doubt."""
RULE_KNOWN_MODIFY = 2
"""The venue says 'modify' only of levels that exist: another is a doubt."""
RULE_ALLOW_LOCKED = 4
"""A best bid equal to the best ask is no doubt."""
RULE_ALLOW_CROSSED = 8
"""Nor is a best bid above it."""
RULE_CLEAR_FIRST = 16
"""Every snapshot begins with a clear; one that does not has lost its beginning."""
RULE_SPANS_FRAMES = 32
"""A transaction may span frames, so the first one after a gap may lack its beginning."""
RULE_SNAPSHOT_REPLACES = 64
"""Snapshots come in the order of the changes: each is the book from there on, whatever its id."""


def store_words(books: int, capacity: int = DEFAULT_CAPACITY) -> int:
    """Count the int64 words that a store of books needs.

    Args:
        books: number of instruments.
        capacity: levels per side, a positive multiple of 8.

    Raises:
        ValueError: the capacity is not a positive multiple of 8.
    """
    if capacity <= 0 or capacity % 8:
        raise ValueError(f"capacity is {capacity} levels; it must be a positive multiple of 8")
    return HEADER_WORDS + books * (BOOK_HEAD_WORDS + 6 * capacity)
