"""What others see of a book: the BBO record and the row of the published table.

``publish_book``   one book, after the record that made it so
``publish_batch``  the books that a batch of published records changed
``publish_dirty``  every book whose row is behind, after a takeover

The table is written by the worker alone. Each row is behind its seqlock: the release fence of
``write_begin`` keeps the row's stores behind the odd version, and the release store of
``write_end`` shows them to the reader that then loads the even one. A book stays dirty until
its row is whole, so a worker killed in between leaves a row that its successor writes again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, inlined, int64, kernel, record_array
from zerofeed.base.status import MALFORMED, NOT_READY, OK
from zerofeed.books._change_kernels import side_at
from zerofeed.books._side_kernels import best
from zerofeed.books.layout import (
    B_ASKS,
    B_BIDS,
    B_CHANGE_ID,
    B_DIRTY,
    B_DOUBTS,
    B_HORIZON,
    B_SNAP,
    B_TS_EVENT_NS,
    B_TX,
    H_BOOKS,
    H_CAPACITY,
    H_DEPTH,
    H_STRIDE,
    H_USED,
    HEADER_WORDS,
    SNAP_BUILD,
    TX_APPLY,
)
from zerofeed.records.book_rows import (
    ROW_HEAD_WORDS,
    ROW_OPEN,
    ROW_TRUNCATED_ASKS,
    ROW_TRUNCATED_BIDS,
)
from zerofeed.records.dtypes import RECORD
from zerofeed.records.flags import LAST, MAYBE_BAD_BOOK, TOB
from zerofeed.records.kinds import ACTION_NONE, BBO, GAP, INSTRUMENT, NO_SIDE, RESET
from zerofeed.records.units import UNDEF
from zerofeed.shm._atomics import store_release
from zerofeed.shm.seqlock import write_begin, write_end

__all__ = ["publish_batch", "publish_book", "publish_dirty", "write_bbo"]

_Words = npt.NDArray[np.int64]
_Records = npt.NDArray[Any]


@inlined
def write_bbo(books: _Words, book: int, cause: Any, bbo: Any) -> None:
    """Write the book's best bid and offer as a record.

    Args:
        books: the store.
        book: index of the book's first word.
        cause: the record that closed the transaction; its times and instrument are copied.
        bbo: the record to write; its ``seq`` is left alone.
    """
    capacity = books[H_CAPACITY]
    flags = LAST | TOB
    if books[book + B_DOUBTS] != 0:
        flags |= MAYBE_BAD_BOOK
    bbo["ts_event_ns"] = cause["ts_event_ns"]
    bbo["ts_recv_ns"] = cause["ts_recv_ns"]
    bbo["instrument"] = cause["instrument"]
    bbo["kind"] = BBO
    bbo["side"] = NO_SIDE
    bbo["action"] = ACTION_NONE
    bbo["flags"] = flags
    bids = side_at(books, book, 0)
    asks = side_at(books, book, 1)
    bid = best(books, bids, capacity, books[book + B_BIDS])
    ask = best(books, asks, capacity, books[book + B_ASKS])
    bbo["bid_price"] = books[bids + bid] if bid >= 0 else UNDEF
    bbo["bid_size"] = books[bids + capacity + bid] if bid >= 0 else UNDEF
    bbo["ask_price"] = books[asks + ask] if ask >= 0 else UNDEF
    bbo["ask_size"] = books[asks + capacity + ask] if ask >= 0 else UNDEF


@inlined
def _is_open(books: _Words, book: int) -> bool:
    return bool(books[book + B_TX] == TX_APPLY or books[book + B_SNAP] == SNAP_BUILD)


@inlined
def _copy_side(books: _Words, book: int, side: int, table: _Words, at: int) -> int:
    """Copy the top levels, best first; returns how many there are."""
    capacity = books[H_CAPACITY]
    depth = books[H_DEPTH]
    prices = side_at(books, book, side)
    copied = 0
    index = books[book + B_BIDS + side] - 1
    while index >= 0 and copied < depth:
        size = books[prices + capacity + index]
        if size != 0:
            table[at + 2 * copied] = books[prices + index]
            table[at + 2 * copied + 1] = size
            copied += 1
        index -= 1
    for rest in range(copied, depth):
        table[at + 2 * rest] = UNDEF
        table[at + 2 * rest + 1] = UNDEF
    return copied


@inlined
def _write_row(books: _Words, table: _Words, instrument: int, record_seq: int) -> None:
    book = HEADER_WORDS + instrument * books[H_STRIDE]
    depth = books[H_DEPTH]
    row = instrument * ((ROW_HEAD_WORDS + 6 * depth + 7) // 8 * 8)
    flags = books[book + B_DOUBTS]
    if _is_open(books, book):
        flags |= ROW_OPEN
    if books[book + B_HORIZON] != UNDEF:
        flags |= ROW_TRUNCATED_BIDS
    if books[book + B_HORIZON + 1] != UNDEF:
        flags |= ROW_TRUNCATED_ASKS
    write_begin(table, row)
    table[row + 1] = record_seq
    table[row + 2] = books[book + B_TS_EVENT_NS]
    table[row + 3] = books[book + B_CHANGE_ID]
    table[row + 4] = instrument
    table[row + 5] = _copy_side(books, book, 0, table, row + ROW_HEAD_WORDS)
    table[row + 6] = _copy_side(books, book, 1, table, row + ROW_HEAD_WORDS + 2 * depth)
    table[row + 7] = flags
    write_end(table, row)
    # Behind the row: whoever succeeds a killed writer must find a row that is not whole dirty.
    store_release(books, book + B_DIRTY, 0)


@kernel(int64(I64, I64, int64, int64))
def publish_book(books: _Words, table: _Words, instrument: int, record_seq: int) -> int:
    """Copy the top of one book into its row.

    Args:
        books: the store.
        table: the published table as int64; its depth is the store's.
        instrument: the book, and the row.
        record_seq: sequence number of the record after which the book is as it is.

    Returns:
        OK; NOT_READY when a transaction or snapshot of the book is open, so that it is true
        after no record (the row is left alone, the book stays dirty); MALFORMED when there is
        no such book.
    """
    if instrument < 0 or instrument >= books[H_BOOKS]:
        return MALFORMED
    if _is_open(books, HEADER_WORDS + instrument * books[H_STRIDE]):
        return NOT_READY
    _write_row(books, table, instrument, record_seq)
    return OK


@inlined
def _publish_dirty(books: _Words, table: _Words, record_seq: int) -> int:
    published = 0
    for instrument in range(books[H_USED]):
        if books[HEADER_WORDS + instrument * books[H_STRIDE] + B_DIRTY] != 0:
            _write_row(books, table, instrument, record_seq)
            published += 1
    return published


@kernel(int64(I64, I64, int64))
def publish_dirty(books: _Words, table: _Words, record_seq: int) -> int:
    """Write every row that is behind its book, open transactions included (``ROW_OPEN``).

    For a new worker, which cannot know what its predecessor had published.

    Args:
        books: the store.
        table: the published table as int64.
        record_seq: sequence number of the last published record.

    Returns:
        How many rows were written.
    """
    return _publish_dirty(books, table, record_seq)


@kernel(int64(I64, I64, record_array(RECORD), int64, int64, int64))
def publish_batch(
    books: _Words, table: _Words, records: _Records, at: int, count: int, first_seq: int
) -> int:
    """Publish the books that a batch changed. Call it once the batch itself is published.

    Each book is written once, as of its last BBO record in the batch. A book whose next
    transaction is already open is left for the batch that closes it. A GAP or RESET record
    makes every row be written whose book it put in doubt.

    Args:
        books: the store, as the batch left it.
        table: the published table as int64.
        records: RECORD array that holds what was applied and the BBO records that came of it.
        at: index of the first of them.
        count: how many they are.
        first_seq: sequence number of ``records[at]``.

    Returns:
        How many rows were written.
    """
    published = 0
    control = -1
    for back in range(count):
        index = count - 1 - back
        kind = int(records[at + index]["kind"])
        if kind == BBO or kind == INSTRUMENT:
            instrument = int(records[at + index]["instrument"])
            if instrument < books[H_BOOKS]:
                book = HEADER_WORDS + instrument * books[H_STRIDE]
                if books[book + B_DIRTY] != 0 and not _is_open(books, book):
                    _write_row(books, table, instrument, first_seq + index)
                    published += 1
        elif control < 0 and (kind == GAP or kind == RESET):
            control = index
    if control >= 0:
        published += _publish_dirty(books, table, first_seq + count - 1)
    return published
