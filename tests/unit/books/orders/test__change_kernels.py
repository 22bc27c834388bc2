"""Queues keep their order while orders enter, shrink and leave at both ends and in the middle."""

from __future__ import annotations

import pytest

from tests.unit.books.orders.naive_orders import order_record, records_of
from zerofeed.books.l3 import L3Books
from zerofeed.books.orders.layout import H_FREE_LEVEL, H_LEVELS_TAKEN, H_ORDERS_TAKEN

__all__: list[str] = []


@pytest.fixture
def books() -> L3Books:
    books = L3Books.create(2, orders=50)
    books.apply(records_of([order_record(1, "A", "A", n, 100, n) for n in range(1, 6)]))
    return books


@pytest.mark.parametrize("leaving", [[1], [3], [5], [1, 2], [5, 4], [2, 4], [1, 5, 3]])
def test_those_who_stay_keep_their_turn(books: L3Books, leaving: list[int]) -> None:
    books.apply(records_of([order_record(1, "C", order_id=n) for n in leaving]))
    staying = [(n, n) for n in range(1, 6) if n not in leaving]
    assert books[1].queue("ask", 100) == staying
    assert books[1].asks.tolist() == [(100, sum(n for n, _ in staying))]
    assert books[1].ask_orders.tolist() == [len(staying)]


def test_a_smaller_order_keeps_its_turn_and_another_price_loses_it(books: L3Books) -> None:
    books.apply(records_of([order_record(1, "C", order_id=3, size=1)]))
    assert books[1].queue("ask", 100) == [(1, 1), (2, 2), (3, 2), (4, 4), (5, 5)]
    books.apply(
        records_of(
            [
                order_record(1, "M", order_id=2, price=90),
                order_record(1, "M", order_id=2, price=100),
            ]
        )
    )
    assert books[1].queue("ask", 100) == [(1, 1), (3, 2), (4, 4), (5, 5), (2, 2)]


def test_what_left_is_used_again(books: L3Books) -> None:
    for turn in range(30):
        books.apply(records_of([order_record(1, "A", "B", 100 + turn, 10 + turn, 1)]))
        books.apply(records_of([order_record(1, "C", order_id=100 + turn)]))
    assert books.words[H_ORDERS_TAKEN] == 6
    assert books.words[H_LEVELS_TAKEN] == 2
    assert books.words[H_FREE_LEVEL] == 2
