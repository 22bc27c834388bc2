"""Asking for the cache lines of a change before its turn comes: hints, which change no result.

A store of a million orders is a hundred megabytes, and most of a change's time is waiting for lines. Whoever
knows several changes in advance asks in three steps, each some changes behind the one before, because each reads
what the one before has asked for::

    ask_entry    the entry of the order, the head of the book
    ask_order    the order itself; for a new one, the leaf that its price is probably in
    ask_level    the order's level and its neighbours; for a new one, the level

An order is looked for at its first entry only. What is somewhere else, or not there, is not asked for.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined
from zerofeed.books.orders._change_kernels import key_of, level_at, level_of, order_at
from zerofeed.books.orders._index_kernels import find_level, node_at, side_words
from zerofeed.books.orders._table_kernels import hash_of, home_of
from zerofeed.books.orders.layout import (
    B_TAIL,
    H_BOOKS,
    H_TABLE_AT,
    HEAD_WORDS,
    HEADS_AT,
    NODE_WORDS,
    O_LINKS,
)
from zerofeed.records.units import UNDEF
from zerofeed.shm._prefetch import prefetch_to_write

__all__ = ["ask_entry", "ask_level", "ask_order"]

_Words = npt.NDArray[np.int64]

_LOW = 0xFFFF_FFFF
_LINE_WORDS = 8


@always_inlined
def _first_order(o: _Words, order_id: int, instrument: int) -> int:
    """Give the order of the first entry where one may be; what is none is order 0."""
    entry = o[o[H_TABLE_AT] + home_of(o, hash_of(o, order_id, instrument))]
    return max(0, (entry & _LOW) - 1)


@always_inlined
def ask_entry(o: _Words, order_id: int, instrument: int) -> None:
    """Ask for what a change looks at first.

    Args:
        o: the store.
        order_id: the venue's number.
        instrument: of the order; 0, or one that is none, when it is not known.
    """
    prefetch_to_write(o, o[H_TABLE_AT] + home_of(o, hash_of(o, order_id, instrument)))
    book = HEADS_AT + instrument * HEAD_WORDS
    prefetch_to_write(o, book)
    prefetch_to_write(o, book + _LINE_WORDS)


@always_inlined
def ask_order(o: _Words, order_id: int, instrument: int, is_new: int, side: int) -> None:
    """Ask for what a change looks at next.

    Args:
        o: the store.
        order_id: the venue's number.
        instrument: of the order.
        is_new: 1 when it is going to enter, else 0.
        side: of a new one, 0 bids, 1 asks.
    """
    if is_new == 0:
        prefetch_to_write(o, order_at(o, _first_order(o, order_id, instrument)))
    elif 0 < instrument < o[H_BOOKS]:
        book = HEADS_AT + instrument * HEAD_WORDS
        leaf = node_at(o, max(0, o[side_words(book, side) + B_TAIL] - 1))
        for line in range(NODE_WORDS // _LINE_WORDS):
            prefetch_to_write(o, leaf + line * _LINE_WORDS)


@always_inlined
def ask_level(
    o: _Words, order_id: int, instrument: int, is_new: int, side: int, price: int
) -> None:
    """Ask for what a change looks at last.

    Args:
        o: the store.
        order_id: the venue's number.
        instrument: of the order.
        is_new: 1 when it is going to enter, else 0.
        side: of a new one, 0 bids, 1 asks.
        price: of a new one.
    """
    if is_new == 0:
        order = _first_order(o, order_id, instrument)
        links = o[order_at(o, order) + O_LINKS]
        prefetch_to_write(o, level_at(o, max(0, level_of(o, order))))
        prefetch_to_write(o, order_at(o, max(0, (links >> 32) - 1)))
        prefetch_to_write(o, order_at(o, max(0, (links & _LOW) - 1)))
    elif 0 < instrument < o[H_BOOKS] and price != UNDEF:
        book = HEADS_AT + instrument * HEAD_WORDS
        level = find_level(o, book, side, key_of(price, side))
        if level >= 0:
            prefetch_to_write(o, level_at(o, level))
