"""Levels by their place: the best one is 1, as venues count that name places in place of prices."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, int64, kernel
from zerofeed.books._change_kernels import side_at
from zerofeed.books.layout import B_BIDS, H_BOOKS, H_CAPACITY, H_STRIDE, HEADER_WORDS
from zerofeed.records.units import UNDEF

__all__ = ["price_at_place"]

_Words = npt.NDArray[np.int64]


@kernel(int64(I64, int64, int64, int64))
def price_at_place(books: _Words, instrument: int, side: int, place: int) -> int:
    """Look the price of a level up by its place.

    Args:
        books: the store.
        instrument: index of the book.
        side: 0, bids, or 1, asks.
        place: 1 for the best level.

    Returns:
        The price; UNDEF when there is no such book or level.
    """
    if instrument < 0 or instrument >= books[H_BOOKS] or place < 1 or side < 0 or side > 1:
        return UNDEF
    book = HEADER_WORDS + instrument * books[H_STRIDE]
    at = side_at(books, book, side)
    capacity = books[H_CAPACITY]
    index = books[book + B_BIDS + side] - 1
    while index >= 0:
        # A level of size 0 is a gap or a tombstone.
        if books[at + capacity + index] != 0:
            place -= 1
            if place == 0:
                return books[at + index]
        index -= 1
    return UNDEF
