"""A row shows its book after the batch that changed it, and books that nobody touched stay alone."""

from __future__ import annotations

import numpy as np

from tests.unit.books.orders.naive_orders import order_record, records_of
from zerofeed.base.status import MALFORMED
from zerofeed.books.l3 import L3Books
from zerofeed.books.orders import _rows_kernels as k
from zerofeed.books.orders.layout import B_DIRTY, HEAD_WORDS, HEADS_AT
from zerofeed.records import kinds
from zerofeed.records.book_rows import DOUBT_GAP, book_row
from zerofeed.records.dtypes import RECORD
from zerofeed.records.units import UNDEF

__all__: list[str] = []

DEPTH = 20


def publish(books: L3Books, table: np.ndarray, records: np.ndarray, seq: int) -> int:
    books.apply(records)
    return k.publish_records(
        books.words, table.view(np.int64), records.view(np.int64), 0, len(records), seq
    )


def test_a_batch_publishes_each_book_that_it_changed_once() -> None:
    books, table = L3Books.create(5, orders=200), np.zeros(5, book_row(DEPTH))
    books.apply(records_of([order_record(0, "R", is_snapshot=True, priority=0)]))
    rows = [order_record(1 + n % 2, "A", "A", n, 100 + n // 2, 1 + n) for n in range(80)]
    assert publish(books, table, records_of(rows), 10) == 2
    assert table["version"].tolist() == [0, 2, 2, 0, 0]
    assert table["record_seq"][1:3].tolist() == [89, 89]
    row = table[1]
    assert row["asks"].tolist() == [(100 + n, 1 + 2 * n) for n in range(DEPTH)]
    assert row["ask_orders"].tolist() == [1] * DEPTH
    assert (row["n_asks"], row["n_bids"], row["change_id"], row["flags"]) == (DEPTH, 0, UNDEF, 0)
    assert row["bids"].tolist() == [(UNDEF, UNDEF)] * DEPTH
    assert publish(books, table, records_of([order_record(3, "C", order_id=999)]), 90) == 1
    assert table["version"].tolist() == [0, 2, 2, 2, 0]


def test_a_loss_publishes_every_book_of_the_channel() -> None:
    books, table = L3Books.create(4, orders=20), np.zeros(4, book_row(DEPTH))
    books.apply(records_of([order_record(0, "R", is_snapshot=True, priority=0)]))
    assert publish(books, table, records_of([order_record(1, "A", "B", 5, 10, 1)]), 0) == 1
    assert publish(books, table, records_of([order_record(2, "A", "B", 6, 10, 1)]), 1) == 1
    loss = np.zeros(1, RECORD)
    loss["kind"], loss["channel"] = kinds.GAP, 0
    assert publish(books, table, loss, 2) == 2
    assert table["flags"].tolist() == [0, DOUBT_GAP, DOUBT_GAP, 0]


def test_books_stay_dirty_until_their_rows_are_whole() -> None:
    books, table = L3Books.create(4, orders=20), np.zeros(4, book_row(DEPTH))
    books.apply(records_of([order_record(2, "A", "B", 5, 10, 1)]))
    dirty = HEADS_AT + 2 * HEAD_WORDS + B_DIRTY
    assert books.words[dirty] == 1
    assert k.publish_dirty(books.words, table.view(np.int64), 7) == 1
    assert books.words[dirty] == 0
    assert k.publish_dirty(books.words, table.view(np.int64), 7) == 0
    assert table[2]["bids"][0].tolist() == (10, 1)


def test_a_row_of_no_book_is_refused() -> None:
    books, table = L3Books.create(4, orders=20), np.zeros(4, book_row(DEPTH))
    assert k.publish_book(books.words, table.view(np.int64), 4, 0) == MALFORMED
    assert k.publish_book(books.words, table.view(np.int64), -1, 0) == MALFORMED
