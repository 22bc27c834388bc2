"""Entry points refuse what they cannot do and change nothing then."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.books.orders.naive_orders import order_record, records_of
from zerofeed.base.status import BUFFER_FULL, MALFORMED, OK
from zerofeed.books.l3 import L3Books
from zerofeed.books.orders import _kernels, layout

__all__: list[str] = []

NO_LOG = np.zeros(0, np.int64)


@pytest.mark.parametrize(
    ("count", "orders", "depth", "status"),
    [(2, 10, 5, OK), (-1, 10, 5, MALFORMED), (2, 0, 5, MALFORMED), (2, 10, 0, MALFORMED),
     (2, 11_000, 5, BUFFER_FULL), (2, 1 << 29, 5, MALFORMED)],
)  # fmt: skip
def test_a_store_is_made_when_it_can_be(count: int, orders: int, depth: int, status: int) -> None:
    words = np.zeros(layout.store_words(2, 10), np.int64)
    assert _kernels.initialize(words, count, orders, 0, depth) == status
    assert (words[layout.H_LAYOUT] == layout.LAYOUT) == (status == OK)


def test_a_batch_without_room_or_store_changes_nothing() -> None:
    books = L3Books.create(2, orders=10)
    words = records_of([order_record(1, "A", "B", 5, 10, 1)] * 2).view(np.int64)
    before = books.words.copy()
    assert _kernels.take_batch(books.words, NO_LOG, words, 0, 1, 1, 1, 0) == BUFFER_FULL
    assert np.array_equal(books.words, before)
    assert _kernels.take_batch(np.zeros(99, np.int64), NO_LOG, words, 0, 1, 1, 2, 0) == MALFORMED


def test_long_batches_and_short_ones_come_to_the_same() -> None:
    rows = [
        order_record(1 + n % 3, "A", "BA"[n % 2], n, 50 - n % 7 + 20 * (n % 2), 1 + n % 5)
        for n in range(90)
    ]
    rows += [order_record(0, "CF"[n % 2], "N", n, size=1 + n % 3) for n in range(0, 90, 2)]
    long, short = L3Books.create(4, orders=100), L3Books.create(4, orders=100)
    told = long.apply(records_of(rows))
    each = [short.apply(records_of([row])) for row in rows]
    assert np.array_equal(told, np.concatenate(each))
    assert np.array_equal(long.words, short.words)


def test_the_place_of_an_order_that_is_not_there_is_none() -> None:
    books = L3Books.create(2, orders=10)
    assert _kernels.queue_position(books.words, 5, 0, np.zeros(5, np.int64)) == MALFORMED


def test_the_next_doubtful_book_is_looked_for_among_those_in_use() -> None:
    books = L3Books.create(5, orders=10)
    assert _kernels.next_doubtful(books.words, 0) == -1
    books.apply(records_of([order_record(3, "A", "B", 5, 10, 1)]))
    assert _kernels.next_doubtful(books.words, -5) == 3
    assert _kernels.next_doubtful(books.words, 4) == -1
