"""One order enters a book, shrinks, or leaves it. Helpers of ``_record_kernels``.

Every word that is changed is kept before (``_log_kernels``), but for the header's group from H_LIVE on, which
every record changes and its caller keeps. What an order costs, in cache lines that are not
there yet: its own, its level's, and its neighbours' in the queue; a level that comes or goes, the leaf's.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined, inlined
from zerofeed.books.orders._index_kernels import drop_key, find_level, insert_key, side_words
from zerofeed.books.orders._log_kernels import keep
from zerofeed.books.orders._table_kernels import drop_entry, put_entry
from zerofeed.books.orders.layout import (
    B_BEST,
    H_FREE_LEVEL,
    H_FREE_ORDER,
    H_LEVELS,
    H_LEVELS_AT,
    H_LEVELS_TAKEN,
    H_LIVE,
    H_ORDERS,
    H_ORDERS_AT,
    H_ORDERS_TAKEN,
    HEAD_WORDS,
    HEADS_AT,
    L_COUNT,
    L_FREE,
    L_OWNER,
    L_PRICE,
    L_QUEUE,
    L_SIZE,
    LEVEL_WORDS,
    O_ID,
    O_LINKS,
    O_PLACE,
    O_SIZE,
    ORDER_WORDS,
)

__all__ = ["enter", "key_of", "leave", "level_at", "level_of", "order_at", "resize"]

_Words = npt.NDArray[np.int64]

_LOW = 0xFFFF_FFFF
_LEVELS = H_FREE_LEVEL


@always_inlined
def key_of(price: int, side: int) -> int:
    """Give the key of a price: better prices have higher ones."""
    return price if side == 0 else -price


@always_inlined
def order_at(o: _Words, order: int) -> int:
    """Give the index of an order's first word."""
    return o[H_ORDERS_AT] + order * ORDER_WORDS


@always_inlined
def level_at(o: _Words, level: int) -> int:
    """Give the index of a level's first word."""
    return o[H_LEVELS_AT] + level * LEVEL_WORDS


@always_inlined
def level_of(o: _Words, order: int) -> int:
    """Give the level that an order rests at."""
    return (o[order_at(o, order) + O_PLACE] & _LOW) - 1


@always_inlined
def _open_level(o: _Words, log: _Words, instrument: int, side: int, price: int, key: int) -> int:
    """Make a level without orders; -1 when there is no room, and nothing was changed."""
    level = o[H_FREE_LEVEL] - 1
    if level < 0:
        level = o[H_LEVELS_TAKEN]
        if level >= o[H_LEVELS]:
            return -1
    if not insert_key(o, log, HEADS_AT + instrument * HEAD_WORDS, side, key, level):
        return -1
    at = level_at(o, level)
    keep(o, log, at)
    keep(o, log, at + L_OWNER)
    keep(o, log, _LEVELS)
    if level == o[H_LEVELS_TAKEN]:
        o[H_LEVELS_TAKEN] = level + 1
    else:
        o[H_FREE_LEVEL] = o[at + L_FREE]
    o[at + L_PRICE] = price
    o[at + L_SIZE] = 0
    o[at + L_COUNT] = 0
    o[at + L_QUEUE] = 0
    o[at + L_OWNER] = instrument << 1 | side
    return level


@always_inlined
def _close_level(o: _Words, log: _Words, level: int) -> None:
    """Forget a level that has no orders."""
    at = level_at(o, level)
    owner = o[at + L_OWNER]
    side = owner & 1
    book = HEADS_AT + (owner >> 1) * HEAD_WORDS
    drop_key(o, log, book, side, key_of(o[at + L_PRICE], side))
    keep(o, log, _LEVELS)
    keep(o, log, at + L_OWNER)
    o[at + L_FREE] = o[H_FREE_LEVEL]
    o[H_FREE_LEVEL] = level + 1


@inlined
def _give_up_level(o: _Words, log: _Words, level: int) -> None:
    _close_level(o, log, level)


@always_inlined
def enter(
    o: _Words, log: _Words, order_id: int, instrument: int, side: int, price: int, size: int
) -> int:
    """Put an order at the end of its price's queue.

    Args:
        o: the store.
        log: of the open step.
        order_id: the venue's number, which no other order has.
        instrument: its book, which there is.
        side: 0 bids, 1 asks.
        price: not UNDEF.
        size: above 0.

    Returns:
        1 when the side's best price or the size there changed, else 0; -1 when there is no room for
        the order or its level. A level without orders may have been made and dropped then.
    """
    order = o[H_FREE_ORDER] - 1
    if order < 0:
        order = o[H_ORDERS_TAKEN]
        if order >= o[H_ORDERS]:
            return -1
    book = HEADS_AT + instrument * HEAD_WORDS
    key = key_of(price, side)
    level = find_level(o, book, side, key)
    if level < 0:
        level = _open_level(o, log, instrument, side, price, key)
        if level < 0:
            return -1
    at = level_at(o, level)
    if not put_entry(o, log, order_id, instrument, order):
        if o[at + L_COUNT] == 0:
            _give_up_level(o, log, level)
        return -1
    here = order_at(o, order)
    keep(o, log, here)
    keep(o, log, at)
    if order == o[H_ORDERS_TAKEN]:
        o[H_ORDERS_TAKEN] = order + 1
    else:
        o[H_FREE_ORDER] = o[here + O_LINKS]
    queue = o[at + L_QUEUE]
    last = queue & _LOW
    first = queue >> 32
    if last != 0:
        before = order_at(o, last - 1)
        keep(o, log, before)
        o[before + O_LINKS] = (o[before + O_LINKS] & ~_LOW) | (order + 1)
    else:
        first = order + 1
    o[here + O_ID] = order_id
    o[here + O_SIZE] = size
    o[here + O_LINKS] = last << 32
    o[here + O_PLACE] = instrument << 32 | (level + 1)
    o[at + L_QUEUE] = first << 32 | (order + 1)
    o[at + L_SIZE] += size
    o[at + L_COUNT] += 1
    o[H_LIVE] += 1
    return 1 if o[side_words(book, side) + B_BEST] == level + 1 else 0


@always_inlined
def _is_best(o: _Words, level: int) -> int:
    owner = o[level_at(o, level) + L_OWNER]
    book = HEADS_AT + (owner >> 1) * HEAD_WORDS
    return 1 if o[side_words(book, owner & 1) + B_BEST] == level + 1 else 0


@always_inlined
def resize(o: _Words, log: _Words, order: int, size: int) -> int:
    """Give an order another size, above 0, at its place in the queue.

    Returns:
        1 when the size at the side's best price changed, else 0.
    """
    at = order_at(o, order)
    level = level_of(o, order)
    to = level_at(o, level)
    keep(o, log, at)
    keep(o, log, to)
    o[to + L_SIZE] += size - o[at + O_SIZE]
    o[at + O_SIZE] = size
    return _is_best(o, level)


@always_inlined
def leave(o: _Words, log: _Words, order: int) -> int:
    """Take an order out of its queue, and out of the table.

    Returns:
        1 when the side's best price or the size there changed, else 0.
    """
    at = order_at(o, order)
    level = level_of(o, order)
    to = level_at(o, level)
    was_best = _is_best(o, level)
    links = o[at + O_LINKS]
    before = links >> 32
    behind = links & _LOW
    keep(o, log, at)
    keep(o, log, to)
    first = o[to + L_QUEUE] >> 32
    last = o[to + L_QUEUE] & _LOW
    if before != 0:
        other = order_at(o, before - 1)
        keep(o, log, other)
        o[other + O_LINKS] = (o[other + O_LINKS] & ~_LOW) | behind
    else:
        first = behind
    if behind != 0:
        other = order_at(o, behind - 1)
        keep(o, log, other)
        o[other + O_LINKS] = before << 32 | (o[other + O_LINKS] & _LOW)
    else:
        last = before
    o[to + L_QUEUE] = first << 32 | last
    o[to + L_SIZE] -= o[at + O_SIZE]
    o[to + L_COUNT] -= 1
    drop_entry(o, log, o[at + O_ID], o[at + O_PLACE] >> 32, order)
    o[at + O_PLACE] = 0
    o[at + O_LINKS] = o[H_FREE_ORDER]
    o[H_FREE_ORDER] = order + 1
    o[H_LIVE] -= 1
    if o[to + L_COUNT] == 0:
        _close_level(o, log, level)
    return was_best
