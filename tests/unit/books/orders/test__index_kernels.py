"""A side's tree finds every price that is there, best one first, however many come and go in whatever order."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tests.unit.books.orders.naive_orders import order_record, records_of
from zerofeed.base.kernel import I64, JIT, int64, kernel
from zerofeed.books.l3 import L3Books
from zerofeed.books.orders._index_kernels import find_level
from zerofeed.books.orders.layout import (
    B_HEIGHT,
    FANOUT,
    H_NODES_LIVE,
    HEAD_WORDS,
    HEADS_AT,
)

__all__: list[str] = []

PRICES = 3000 if JIT else 400
HEAD = HEADS_AT + HEAD_WORDS


@kernel(int64(I64, int64, int64, int64))
def find(o, book, side, key):
    return find_level(o, book, side, key)


def prices_in_turn(order: str) -> list[int]:
    prices = list(range(0, 7 * PRICES, 7))
    if order == "falling":
        prices.reverse()
    elif order == "mixed":
        random.Random(3).shuffle(prices)
    elif order == "outwards":
        prices = [each for pair in zip(prices[::-1], prices, strict=True) for each in pair][:PRICES]
    return prices


@pytest.mark.parametrize("side", ["B", "A"])
@pytest.mark.parametrize("order", ["rising", "falling", "mixed", "outwards"])
def test_every_price_is_found_and_no_other(order: str, side: str) -> None:
    books = L3Books.create(2, orders=2 * PRICES)
    prices = prices_in_turn(order)
    books.apply(records_of([order_record(1, "A", side, n, p, 1) for n, p in enumerate(prices)]))
    shown = (books[1].bids if side == "B" else books[1].asks)["price"].tolist()
    assert shown == sorted(prices, reverse=side == "B")
    sign = 1 if side == "B" else -1
    of = 0 if side == "B" else 1
    assert all(find(books.words, HEAD, of, sign * price) >= 0 for price in prices)
    assert all(find(books.words, HEAD, of, sign * (price + 1)) == -1 for price in prices)
    assert books.words[HEAD + B_HEIGHT + of] <= 2 + np.log(len(prices)) / np.log(FANOUT // 2)


def test_a_tree_that_is_emptied_has_no_node_left() -> None:
    books = L3Books.create(2, orders=2 * PRICES)
    rows = [order_record(1, "A", "B", n, p, 1) for n, p in enumerate(prices_in_turn("mixed"))]
    ends = [order_record(1, "C", order_id=n) for n in range(len(rows))]
    for _ in range(2):
        books.apply(records_of(rows))
        books.apply(records_of(ends))
        assert books.words[H_NODES_LIVE] == 0
        assert books.words[HEAD + B_HEIGHT] == 0
    assert books[1].bids.size == 0


def test_prices_that_come_and_go_leave_those_that_are_there() -> None:
    books = L3Books.create(2, orders=2 * PRICES)
    draw = random.Random(5)
    alive: dict[int, int] = {}
    centre, number = 100_000, 0
    for _ in range(40 if JIT else 8):
        rows = []
        for _ in range(PRICES // 4):
            centre += draw.choice([-3, -1, 1, 3])
            if alive and draw.random() < 0.45:
                gone = draw.choice(list(alive))
                rows.append(order_record(1, "C", order_id=gone))
                del alive[gone]
            else:
                number += 1
                alive[number] = centre + draw.randrange(-500, 500)
                rows.append(order_record(1, "A", "A", number, alive[number], 1))
        books.apply(records_of(rows))
        assert books[1].asks["price"].tolist() == sorted(set(alive.values()))
        assert books[1].asks["size"].sum() == len(alive)
    assert books.counters()["refused_orders"] == 0
