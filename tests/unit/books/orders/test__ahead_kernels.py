"""Asking ahead reads what is there, whatever is asked for, and changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.books.orders.naive_orders import order_record, records_of
from zerofeed.base.kernel import I64, int64, kernel
from zerofeed.books.l3 import L3Books
from zerofeed.books.orders._ahead_kernels import ask_entry, ask_level, ask_order
from zerofeed.books.orders.layout import H_PATH, HEADER_WORDS
from zerofeed.records.units import UNDEF

__all__: list[str] = []


@kernel(int64(I64, int64, int64, int64, int64, int64))
def ask(o, order_id, instrument, is_new, side, price):
    ask_entry(o, order_id, instrument)
    ask_order(o, order_id, instrument, is_new, side)
    ask_level(o, order_id, instrument, is_new, side, price)
    return 0


@pytest.mark.parametrize("price", [UNDEF, 0, 105, 2**62])
@pytest.mark.parametrize("instrument", [0, 1, 2, 3, 2**31 - 1])
@pytest.mark.parametrize("order_id", [0, 5, 77, -(2**63), 2**63 - 1])
def test_whatever_is_asked_for_nothing_changes(order_id: int, instrument: int, price: int) -> None:
    books = L3Books.create(3, orders=200)
    for _ in range(2):
        before = books.words.copy()
        for is_new, side in ((0, 0), (1, 0), (1, 1)):
            ask(books.words, order_id, instrument, is_new, side, price)
        # The path of a descent is no state.
        before[H_PATH:HEADER_WORDS] = books.words[H_PATH:HEADER_WORDS]
        assert np.array_equal(books.words, before)
        books.apply(
            records_of([order_record(1, "A", "BA"[n % 2], n, 100 + n, 1) for n in range(90)])
        )
