"""The table finds every order that is there and no other, however their numbers are hashed and whoever leaves."""

from __future__ import annotations

import random

import numpy as np
import pytest

from zerofeed.base.kernel import I64, JIT, int64, kernel
from zerofeed.books.l3 import L3Books
from zerofeed.books.orders import layout
from zerofeed.books.orders._table_kernels import (
    drop_entry,
    find_order,
    hash_of,
    home_of,
    put_entry,
)

__all__: list[str] = []

ORDERS = 4000 if JIT else 300
NO_LOG = np.zeros(0, np.int64)


@kernel(int64(I64, I64, int64, int64, int64, int64))
def work(o, log, what, order_id, instrument, order):
    if what == 0:
        return find_order(o, order_id, instrument)
    if what == 1:
        at = o[layout.H_ORDERS_AT] + order * layout.ORDER_WORDS
        o[at + layout.O_ID] = order_id
        o[at + layout.O_PLACE] = instrument << 32 | 1
        return 1 if put_entry(o, log, order_id, instrument, order) else 0
    if what == 2:
        drop_entry(o, log, order_id, instrument, order)
        return 0
    return home_of(o, hash_of(o, order_id, instrument))


def numbers(kind: str) -> list[int]:
    draw = random.Random(1)
    if kind == "in turn":
        return list(range(1, ORDERS + 1))
    if kind == "strides":
        return [n << 20 for n in range(ORDERS)]
    if kind == "high":
        return [n << 52 for n in range(ORDERS)]
    if kind == "negative":
        return [-5 * n - 1 for n in range(ORDERS)]
    return list({draw.randrange(-(1 << 63), 1 << 63) for _ in range(ORDERS)})


@pytest.mark.parametrize("kind", ["in turn", "strides", "high", "negative", "any"])
def test_orders_come_and_go_and_are_found(kind: str) -> None:
    ids = numbers(kind)[: ORDERS // 2]
    o = L3Books.create(1, orders=ORDERS // 2).words
    for order, order_id in enumerate(ids):
        assert work(o, NO_LOG, 1, order_id, 0, order)
    draw = random.Random(2)
    alive = dict(zip(ids, range(len(ids)), strict=True))
    for _ in range(2):
        for order_id in draw.sample(sorted(alive), len(alive) // 2):
            work(o, NO_LOG, 2, order_id, 0, alive.pop(order_id))
        assert all(work(o, NO_LOG, 0, each, 0, 0) == alive.get(each, -1) for each in ids)
    table = o[o[layout.H_TABLE_AT] : o[layout.H_ORDERS_AT]]
    assert np.count_nonzero(table) == len(alive)


def test_numbers_of_two_instruments_are_apart_where_they_are_their_own() -> None:
    o = L3Books.create(3, orders=50, rules=layout.RULE_IDS_PER_INSTRUMENT).words
    assert work(o, NO_LOG, 1, 77, 1, 0)
    assert work(o, NO_LOG, 1, 77, 2, 1)
    assert [work(o, NO_LOG, 0, 77, instrument, 0) for instrument in range(4)] == [-1, 0, 1, -1]


def test_numbers_that_follow_each_other_are_neighbours() -> None:
    o = L3Books.create(1, orders=ORDERS).words
    homes = [work(o, NO_LOG, 3, 8 * 1000 + n, 0, 0) for n in range(8)]
    assert homes == list(range(homes[0], homes[0] + 8))
    assert homes[0] % 8 == 0


def test_a_row_of_entries_without_an_end_is_given_up() -> None:
    o = L3Books.create(1, orders=ORDERS).words
    o[o[layout.H_TABLE_AT] : o[layout.H_ORDERS_AT]] = 1 << 62 | 1
    assert not work(o, NO_LOG, 1, 5, 0, 0)
    assert work(o, NO_LOG, 0, 5, 0, 0) == -1
