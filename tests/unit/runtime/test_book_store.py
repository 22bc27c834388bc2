"""A feed has the books that its configuration asks for, where its messages can fill them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.books.orders.naive_orders import order_record, records_of
from zerofeed.base.errors import BugError, ConfigurationError
from zerofeed.books.l2 import L2Books
from zerofeed.books.l3 import L3Books
from zerofeed.books.orders import _kernels
from zerofeed.books.orders._log_kernels import COUNT, log_words
from zerofeed.records.book_rows import book_row
from zerofeed.runtime import book_store as store
from zerofeed.runtime.config import MemorySection
from zerofeed.runtime.deribit import DERIBIT
from zerofeed.runtime.pitch import PITCH

__all__: list[str] = []

SMALL = MemorySection(instruments=4, book_levels=8, book_depth=4)
OF_ORDERS = MemorySection(instruments=4, book_levels=8, book_depth=4, orders=32)


def made(memory: MemorySection) -> np.ndarray:
    books = np.zeros(store.book_words(memory), np.int64)
    store.initialize_books(
        books, PITCH, instruments=memory.instruments, orders=memory.orders,
        levels=memory.book_levels, depth=memory.book_depth,
    )  # fmt: skip
    return books


def test_books_are_of_the_kind_that_is_asked_for() -> None:
    assert isinstance(store.view_books(made(SMALL)), L2Books)
    assert isinstance(store.view_books(made(OF_ORDERS)), L3Books)


def test_books_that_a_protocol_cannot_fill_are_refused() -> None:
    store.check_books(OF_ORDERS, PITCH)
    store.check_books(SMALL, DERIBIT)
    with pytest.raises(ConfigurationError, match=r"memory\.orders"):
        store.check_books(OF_ORDERS, DERIBIT)
    with pytest.raises(ConfigurationError, match=r"memory\.book_depth"):
        store.check_books(MemorySection(book_levels=8, book_depth=9), DERIBIT)


def test_memory_that_is_too_small_is_a_bug() -> None:
    with pytest.raises(BugError):
        store.initialize_books(
            np.zeros(100, np.int64), PITCH, instruments=4, orders=32, levels=8, depth=4
        )


def test_an_unfinished_step_is_undone_and_the_rows_follow() -> None:
    books = made(OF_ORDERS)
    log = np.zeros(store.kept_words(OF_ORDERS), np.int64)
    view, table = L3Books(books), np.zeros(4, book_row(4))
    view.apply(records_of([order_record(1, "A", "B", 5, 10, 1)]))
    words = np.concatenate([records_of([order_record(1, "C", order_id=5)])] * 2).view(np.int64)
    assert _kernels.take_batch(books, log, words, 0, 1, 1, 2, 0) == 1
    assert log[COUNT] > 0
    assert view.live_orders == 0
    assert store.undo_step(books, log) == 0
    assert store.recover_books(books) == 0
    assert view[1].queue("bid", 10) == [(5, 1)]
    store.publish_all_dirty(books, table.view(np.int64), 3)
    assert table[1]["bids"][0].tolist() == (10, 1)


def test_a_step_that_cannot_be_undone_says_how_many_books_it_cost() -> None:
    books, log = made(OF_ORDERS), np.zeros(log_words(1), np.int64)
    words = records_of([order_record(1, "A", "B", 5, 10, 1)] * 2).view(np.int64)
    _kernels.take_batch(books, log, words, 0, 1, 1, 2, 0)
    assert store.undo_step(books, log) == 4


def test_books_of_levels_are_undone_and_recovered_as_before() -> None:
    books, undo = made(SMALL), np.zeros(store.kept_words(SMALL), np.int64)
    assert store.undo_step(books, undo) == 0
    assert store.recover_books(books) == 0
    store.publish_all_dirty(books, np.zeros(4, book_row(4)).view(np.int64), 0)
