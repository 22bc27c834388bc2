"""The compiled book stage: records in, best bids and offers out, every doubt named.

**Proof.** A book is proven when it is a whole snapshot and every change since. A change names
the change before it (``prev_change_id``), so a missing one is seen as soon as the next comes;
a venue without such a chain leaves it UNDEF and is believed. Whatever contradicts the proof
(a break of the chain, a crossed book, a level that cannot be) puts the book in doubt, where it
stays, still kept up as well as possible, until a snapshot proves it again.

**Merging a snapshot with the changes around it.** Snapshots come on another channel, in
pieces, late or early, between changes. Instead of holding changes back until a snapshot
arrives, every level carries the change id that wrote it, and a book in doubt keeps deleted
levels as tombstones. A snapshot S then replaces exactly the levels written up to S, and the
result is the book at the latest change, provided that no change after S is missing. ``base``
is the oldest S for which that holds::

    changes   ... 97  98 (99 lost) 100  101 | S = 100, in two pieces ...| 102
    base                     99 ────────────►  100 >= 99: accepted, levels of 101 survive

The same rule serves venues that are joined by a request: changes are applied from the first
one on, and the answer is merged whenever it comes.

**Killed half way.** A book is marked busy, then changed, then unmarked. The release fence
after the mark keeps every later store behind it, the release store of the unmark keeps every
earlier one before it: whoever finds the mark clear after the worker's death finds the book
whole. :func:`recover` empties the books found busy. All other words of a book, an open
transaction included, are a whole state in themselves, so a new worker goes on from there; what
it is fed a second time is skipped as stale.

Single writer; nothing here blocks, allocates or reads a clock.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, inlined, int64, kernel, record_array
from zerofeed.base.status import BUFFER_FULL, MALFORMED, OK
from zerofeed.books._change_kernels import FINISHED, close_gaps, forget, take_change
from zerofeed.books._gap_kernels import apply_control, note_gap, use_books
from zerofeed.books._rows_kernels import write_bbo
from zerofeed.books._snapshot_kernels import take_snapshot
from zerofeed.books.layout import (
    B_BUSY,
    B_CHANNEL,
    B_DIRTY,
    B_DOUBTS,
    B_LEVELS,
    B_NEEDS_CLEAR,
    B_SNAP,
    B_SNAP_CHANNEL,
    B_WINDOW,
    BOOK_HEAD_WORDS,
    COUNTERS,
    DOUBT_NO_SNAPSHOT,
    DOUBT_WORKER_DIED,
    H_BOOKS,
    H_CAPACITY,
    H_DEPTH,
    H_LAYOUT,
    H_RULES,
    H_STRIDE,
    H_USED,
    HEADER_WORDS,
    LAYOUT,
    SNAP_BUILD,
)
from zerofeed.records.dtypes import RECORD
from zerofeed.records.flags import LAST, MAYBE_BAD_BOOK, SNAPSHOT
from zerofeed.records.kinds import GAP, INSTRUMENT, LEVEL, RESET
from zerofeed.records.units import UNDEF
from zerofeed.shm._atomics import fence_release, store_release

__all__ = [
    "apply",
    "bind_channels",
    "initialize",
    "next_doubtful",
    "recover",
    "set_window",
    "suspect",
]

_Words = npt.NDArray[np.int64]
_Records = npt.NDArray[Any]

_RECOVERED = COUNTERS["books_recovered"]
_UNKNOWN_INSTRUMENTS = COUNTERS["unknown_instruments"]


@kernel(int64(I64, int64, int64, int64, int64))
def initialize(books: _Words, count: int, capacity: int, rules: int, depth: int) -> int:
    """Make an empty store of books.

    Args:
        books: int64, at least ``layout.store_words(count, capacity)`` words.
        count: number of books; the instrument of a record is its index.
        capacity: levels per side, a positive multiple of 8.
        rules: ``layout.RULE_...`` bits of the venue.
        depth: levels per side that are published, at most ``capacity``.

    Returns:
        OK; BUFFER_FULL when the array is too short; MALFORMED when an argument is out of range.
    """
    if count < 0 or capacity <= 0 or capacity % 8 != 0 or depth < 1 or depth > capacity:
        return MALFORMED
    if books.size < HEADER_WORDS + count * (BOOK_HEAD_WORDS + 6 * capacity):
        return BUFFER_FULL
    for word in range(HEADER_WORDS):
        books[word] = 0
    books[H_BOOKS] = count
    books[H_CAPACITY] = capacity
    books[H_STRIDE] = BOOK_HEAD_WORDS
    books[H_RULES] = rules
    books[H_DEPTH] = depth
    for index in range(count):
        book = HEADER_WORDS + index * BOOK_HEAD_WORDS
        for word in range(BOOK_HEAD_WORDS):
            books[book + word] = 0
        books[book + B_DOUBTS] = DOUBT_NO_SNAPSHOT
        books[book + B_LEVELS] = HEADER_WORDS + count * BOOK_HEAD_WORDS + index * 6 * capacity
        books[book + B_CHANNEL] = UNDEF
        books[book + B_SNAP_CHANNEL] = UNDEF
        forget(books, book, DOUBT_NO_SNAPSHOT)
        books[book + B_DIRTY] = 0
    store_release(books, H_LAYOUT, LAYOUT)
    return OK


@kernel(int64(I64, int64, int64, int64))
def bind_channels(books: _Words, instrument: int, channel: int, snapshot_channel: int) -> int:
    """Say on which channels a book's records come, so that gaps elsewhere leave it alone.

    Args:
        books: the store.
        instrument: index of the book.
        channel: of its changes, as in GAP records; UNDEF for any.
        snapshot_channel: of its snapshots; UNDEF for any.

    Returns:
        OK, or MALFORMED when there is no such book.
    """
    if instrument < 0 or instrument >= books[H_BOOKS]:
        return MALFORMED
    book = HEADER_WORDS + instrument * books[H_STRIDE]
    books[book + B_CHANNEL] = channel
    books[book + B_SNAP_CHANNEL] = snapshot_channel
    return OK


@kernel(int64(I64, int64, int64))
def set_window(books: _Words, instrument: int, levels: int) -> int:
    """Say how many levels a side the venue keeps its receivers told about.

    Args:
        books: the store.
        instrument: index of the book.
        levels: the book is cut to so many a side after each transaction; 0 for never. Fewer than
            the capacity, so that a side holds its window and what one transaction adds to it.

    Returns:
        OK, or MALFORMED when there is no such book, or the window is out of range.
    """
    if instrument < 0 or instrument >= books[H_BOOKS]:
        return MALFORMED
    if levels < 0 or levels >= books[H_CAPACITY]:
        return MALFORMED
    book = HEADER_WORDS + instrument * books[H_STRIDE]
    close_gaps(books, book)
    books[book + B_WINDOW] = levels
    return OK


@kernel(int64(I64, int64))
def next_doubtful(books: _Words, from_index: int) -> int:
    """Find a book in doubt among those that have been given a record.

    Nothing need be scanned while the header's ``H_DOUBT_MOVES`` stands still.

    Args:
        books: the store.
        from_index: the first instrument to look at.

    Returns:
        The first instrument from there on whose book is in doubt, or -1.
    """
    for index in range(max(0, from_index), books[H_USED]):
        if books[HEADER_WORDS + index * books[H_STRIDE] + B_DOUBTS] != 0:
            return index
    return -1


@kernel(int64(I64))
def recover(books: _Words) -> int:
    """Empty every book that a killed worker was in the middle of changing.

    Call it before the first :func:`apply` of a new worker. May itself be killed and repeated.

    Returns:
        How many books were emptied; MALFORMED when the store has another layout.
    """
    if books[H_LAYOUT] != LAYOUT:
        return MALFORMED
    recovered = 0
    for index in range(books[H_BOOKS]):
        book = HEADER_WORDS + index * books[H_STRIDE]
        if books[book + B_BUSY] != 0:
            forget(books, book, DOUBT_WORKER_DIED)
            books[book + B_NEEDS_CLEAR] = 1
            store_release(books, book + B_BUSY, 0)
            recovered += 1
    books[_RECOVERED] += recovered
    return recovered


@kernel(int64(I64, int64))
def suspect(books: _Words, channel: int) -> int:
    """Note that something is missing, as a GAP record of that channel does.

    For losses that have no record in the stream, such as a connection that was opened anew.

    Args:
        books: the store.
        channel: the channel; UNDEF for all.

    Returns:
        How many books are now suspected; books that had no record yet are not counted.
    """
    return note_gap(books, channel)


@inlined
def _count_closing(records: _Records, at: int, count: int) -> int:
    closing = 0
    for index in range(at, at + count):
        if int(records[index]["kind"]) == LEVEL and int(records[index]["flags"]) & LAST:
            closing += 1
    return closing


@kernel(int64(I64, record_array(RECORD), int64, int64, int64, int64))
def apply(books: _Words, records: _Records, at: int, count: int, out_at: int, limit: int) -> int:
    """Apply a batch of records to the books and write what became of them.

    LEVEL records change books:

    * an ordinary one belongs to the transaction of its ``change_id``, which LAST closes.
      Action C or size 0 deletes, R clears (one side, or both for side N), anything else sets
      the absolute size; N without a price only moves the change id on;
    * one with SNAPSHOT belongs to a snapshot as of its ``change_id``, which LAST closes. R, or
      another change id, begins a new one. A proven book of the same change id is compared with
      it, a newer book ignores it, any other book becomes it.

    GAP and RESET put the books of their channel in doubt; INSTRUMENT with action C or R
    empties one; other kinds pass. In the records of a book in doubt, MAYBE_BAD_BOOK is set,
    except where they build the snapshot that will prove it.

    Args:
        books: a store made by :func:`initialize`.
        records: RECORD array. Of those to apply, the flags may be changed.
        at: index of the first record to apply.
        count: how many to apply.
        out_at: where the BBO records go, one for each closed transaction that was applied and
            each snapshot that changed the book or its doubts, in order. Their ``seq`` is not set.
        limit: end of the room for them.

    Returns:
        How many BBO records were written; BUFFER_FULL when there may not be room for all, or
        MALFORMED when the store has another layout (nothing was done in either case).
    """
    if books[H_LAYOUT] != LAYOUT:
        return MALFORMED
    if limit - out_at < count and limit - out_at < _count_closing(records, at, count):
        return BUFFER_FULL
    out = out_at
    busy = -1
    for index in range(at, at + count):
        record = records[index]
        kind = int(record["kind"])
        if kind != LEVEL:
            if kind == GAP or kind == RESET or kind == INSTRUMENT:
                apply_control(books, record)
            continue
        instrument = int(record["instrument"])
        flags = int(record["flags"])
        if instrument >= books[H_BOOKS]:
            books[_UNKNOWN_INSTRUMENTS] += 1
            record["flags"] = flags | MAYBE_BAD_BOOK
            continue
        if instrument >= books[H_USED]:
            use_books(books, instrument)
        book = HEADER_WORDS + instrument * books[H_STRIDE]
        if book != busy:
            if busy >= 0:
                store_release(books, busy + B_BUSY, 0)
            store_release(books, book + B_BUSY, 1)
            fence_release()
            busy = book
        finished = 0
        if flags & SNAPSHOT:
            finished = take_snapshot(books, book, record, flags)
        else:
            finished = take_change(books, book, record, flags)
        if books[book + B_DOUBTS] != 0 and (
            not flags & SNAPSHOT or books[book + B_SNAP] != SNAP_BUILD
        ):
            record["flags"] = flags | MAYBE_BAD_BOOK
        if finished == FINISHED:
            write_bbo(books, book, record, records[out])
            out += 1
    if busy >= 0:
        store_release(books, busy + B_BUSY, 0)
    return out - out_at
