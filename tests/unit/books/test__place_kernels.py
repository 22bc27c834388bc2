"""A place is counted from the best level, and what is gone has none."""

from __future__ import annotations

import numpy as np

from zerofeed.books._place_kernels import price_at_place
from zerofeed.books.l2 import L2Books
from zerofeed.records.dtypes import RECORD
from zerofeed.records.flags import LAST, SNAPSHOT
from zerofeed.records.kinds import ACTION_ADD, ACTION_CANCEL, ACTION_CLEAR, ASK, BID, LEVEL, NO_SIDE
from zerofeed.records.units import UNDEF

__all__: list[str] = []


def level(side: int, action: int, price: int, size: int, flags: int) -> np.ndarray:
    record = np.zeros(1, RECORD)
    record["kind"], record["side"], record["action"] = LEVEL, side, action
    record["price"], record["size"], record["flags"] = price, size, flags
    record["change_id"] = record["prev_change_id"] = UNDEF
    return record


def test_places_count_from_the_best_and_pass_over_what_is_gone() -> None:
    books = L2Books.create(2, capacity=64, depth=8)
    books.apply(level(NO_SIDE, ACTION_CLEAR, UNDEF, 0, SNAPSHOT | LAST))
    for price in range(100, 120):
        books.apply(level(BID, ACTION_ADD, price, 1, LAST))
        books.apply(level(ASK, ACTION_ADD, price + 50, 1, LAST))
    books.apply(level(BID, ACTION_CANCEL, 117, 0, LAST))
    bids = [price_at_place(books.words, 0, 0, place) for place in (1, 2, 3, 19, 20)]
    assert bids == [119, 118, 116, 100, UNDEF]
    assert [price_at_place(books.words, 0, 1, place) for place in (1, 20)] == [150, 169]


def test_no_book_no_side_and_no_place_have_no_price() -> None:
    books = L2Books.create(1)
    for instrument, side, place in ((0, 0, 1), (1, 0, 1), (-1, 0, 1), (0, 2, 1), (0, 0, 0)):
        assert price_at_place(books.words, instrument, side, place) == UNDEF
