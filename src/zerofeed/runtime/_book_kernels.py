"""Which kind of books a feed keeps, and what every kind is asked for by the loops.

A feed has books of price levels (:mod:`zerofeed.books._kernels`) or of single orders
(:mod:`zerofeed.books.orders`). Either lies in the array ``books``, whose first word says which, and what it
was before the open step in ``undo``. Protocols that know their kind call it themselves.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined, inlined
from zerofeed.books._kernels import suspect
from zerofeed.books._rows_kernels import publish_batch
from zerofeed.books.orders._kernels import suspect as suspect_orders
from zerofeed.books.orders._rows_kernels import publish_records
from zerofeed.books.orders.layout import H_LAYOUT
from zerofeed.books.orders.layout import LAYOUT as ORDERS_LAYOUT
from zerofeed.runtime._undo_kernels import keep_header

__all__ = ["has_orders", "publish_books", "suspect_books"]

_Words = npt.NDArray[np.int64]


@always_inlined
def has_orders(books: _Words) -> bool:
    """Tell whether these are books of single orders."""
    return bool(books.size > H_LAYOUT and books[H_LAYOUT] == ORDERS_LAYOUT)


@inlined
def suspect_books(books: _Words, undo: _Words, channel: int) -> None:
    """Note, within the open step, that something of a channel is missing without a record that says so.

    Args:
        books: the writer's books.
        undo: what they were before the step.
        channel: the channel.
    """
    if has_orders(books):
        suspect_orders(books, undo, channel)
    else:
        keep_header(books, undo)
        suspect(books, channel)


@inlined
def publish_books(
    books: _Words, table: _Words, records: Any, record_words: _Words, at: int, count: int,
    first_seq: int,
) -> None:  # fmt: skip
    """Publish the books that a step changed, once its records are published.

    Args:
        books: the writer's books.
        table: the published books.
        records: RECORD array.
        record_words: the same memory as int64.
        at: index of the step's first record.
        count: how many it has.
        first_seq: sequence number of the first.
    """
    if has_orders(books):
        publish_records(books, table, record_words, at, count, first_seq)
    else:
        publish_batch(books, table, records, at, count, first_seq)
