"""The published table of books of orders: top levels with order counts, one seqlock a row.

The rows are those of books of price levels (:mod:`zerofeed.books._rows_kernels`), and so are their fences: a book
stays dirty until its row is whole, so a worker killed in between leaves a row that its successor writes
again.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, inlined, int64, kernel
from zerofeed.base.status import MALFORMED, OK
from zerofeed.books.orders._change_kernels import level_at
from zerofeed.books.orders._index_kernels import next_worse, node_at, side_words
from zerofeed.books.orders.layout import (
    B_BEST,
    B_CHANNEL,
    B_DIRTY,
    B_DOUBTS,
    B_TAIL,
    B_TS_EVENT_NS,
    H_BOOKS,
    H_DEPTH,
    H_USED,
    HEAD_WORDS,
    HEADS_AT,
    L_COUNT,
    L_PRICE,
    L_SIZE,
    N_COUNT,
    VALUES,
)
from zerofeed.records.book_rows import ROW_HEAD_WORDS
from zerofeed.records.kinds import GAP, ORDER, RESET
from zerofeed.records.units import UNDEF
from zerofeed.shm._atomics import store_release
from zerofeed.shm.seqlock import write_begin, write_end

__all__ = ["copy_levels", "publish_book", "publish_dirty", "publish_records"]

_Words = npt.NDArray[np.int64]

_LOW = 0xFFFF_FFFF
_RECORD_WORDS = 8


@inlined
def copy_levels(
    o: _Words, book: int, side: int, levels: int, table: _Words, at: int, counts_at: int
) -> int:
    """Copy a side's best levels, best first.

    Args:
        o: the store.
        book: index of the book's first word.
        side: 0 bids, 1 asks.
        levels: how many at most.
        table: receives them.
        at: index for prices and sizes in turn, UNDEF beyond the last.
        counts_at: index for the numbers of orders, 0 beyond the last.

    Returns:
        How many there were.
    """
    copied = 0
    words = side_words(book, side)
    leaf = -1
    value = -1
    if o[words + B_BEST] != 0:
        leaf = node_at(o, o[words + B_TAIL] - 1)
        value = leaf + VALUES + o[leaf + N_COUNT] - 1
    while value >= 0 and copied < levels:
        level = level_at(o, o[value])
        table[at + 2 * copied] = o[level + L_PRICE]
        table[at + 2 * copied + 1] = o[level + L_SIZE]
        table[counts_at + copied] = o[level + L_COUNT]
        copied += 1
        place = value - leaf - VALUES
        value = next_worse(o, leaf, place)
        if place == 0 and value >= 0:
            # The first value of a leaf is followed by the last one of the leaf before it.
            leaf = node_at(o, (o[leaf + 1] >> 32) - 1)
    for rest in range(copied, levels):
        table[at + 2 * rest] = UNDEF
        table[at + 2 * rest + 1] = UNDEF
        table[counts_at + rest] = 0
    return copied


@inlined
def _write_row(o: _Words, table: _Words, instrument: int, record_seq: int) -> None:
    book = HEADS_AT + instrument * HEAD_WORDS
    depth = o[H_DEPTH]
    row = instrument * ((ROW_HEAD_WORDS + 6 * depth + 7) // 8 * 8)
    levels = row + ROW_HEAD_WORDS
    counts = levels + 4 * depth
    write_begin(table, row)
    table[row + 1] = record_seq
    table[row + 2] = o[book + B_TS_EVENT_NS]
    table[row + 3] = UNDEF
    table[row + 4] = instrument
    table[row + 5] = copy_levels(o, book, 0, depth, table, levels, counts)
    table[row + 6] = copy_levels(o, book, 1, depth, table, levels + 2 * depth, counts + depth)
    table[row + 7] = o[book + B_DOUBTS]
    write_end(table, row)
    # Behind the row: whoever succeeds a killed writer must find a row that is not whole dirty.
    store_release(o, book + B_DIRTY, 0)


@kernel(int64(I64, I64, int64, int64))
def publish_book(o: _Words, table: _Words, instrument: int, record_seq: int) -> int:
    """Copy the top of one book into its row.

    Args:
        o: the store.
        table: the published table as int64; its depth is the store's.
        instrument: the book, and the row.
        record_seq: sequence number of the record after which the book is as it is.

    Returns:
        OK; MALFORMED when there is no such book.
    """
    if instrument < 0 or instrument >= o[H_BOOKS]:
        return MALFORMED
    _write_row(o, table, instrument, record_seq)
    return OK


@inlined
def _publish_dirty(o: _Words, table: _Words, record_seq: int) -> int:
    published = 0
    for instrument in range(o[H_USED]):
        book = HEADS_AT + instrument * HEAD_WORDS
        if o[book + B_DIRTY] != 0 and o[book + B_CHANNEL] != 0:
            _write_row(o, table, instrument, record_seq)
            published += 1
    return published


@kernel(int64(I64, I64, int64))
def publish_dirty(o: _Words, table: _Words, record_seq: int) -> int:
    """Write every row that is behind its book.

    Args:
        o: the store.
        table: the published table as int64.
        record_seq: sequence number of the last published record.

    Returns:
        How many rows were written.
    """
    return _publish_dirty(o, table, record_seq)


@kernel(int64(I64, I64, I64, int64, int64, int64))
def publish_records(
    o: _Words, table: _Words, words: _Words, first: int, count: int, first_seq: int
) -> int:
    """Publish the books that a batch of records changed. Call it once the batch itself is published.

    Args:
        o: the store, as the batch left it.
        table: the published table as int64.
        words: records as int64, with what was applied.
        first: index of the first.
        count: how many they are.
        first_seq: sequence number of the first.

    Returns:
        How many rows were written, each of them once.
    """
    published = 0
    is_all = False
    for index in range(first, first + count):
        head = words[index * _RECORD_WORDS + 3]
        kind = (head >> 32) & 0xFF
        instrument = head & _LOW
        if kind == ORDER and instrument != 0:
            if instrument < o[H_BOOKS] and o[HEADS_AT + instrument * HEAD_WORDS + B_DIRTY] != 0:
                _write_row(o, table, instrument, first_seq + count - 1)
                published += 1
        elif kind == GAP or kind == RESET or kind == ORDER:
            is_all = True
    if is_all:
        published += _publish_dirty(o, table, first_seq + count - 1)
    return published
