"""Entry points of the books of orders. Single writer; nothing here blocks, allocates or reads a clock.

``take_batch`` is for many records at a time: while one is applied, the cache lines of those behind it are asked
for, first the orders', then their levels' and neighbours'. The hints change no result.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, always_inlined, inlined, int64, kernel
from zerofeed.base.status import BUFFER_FULL, MALFORMED, OK
from zerofeed.books.orders._ahead_kernels import ask_entry, ask_level, ask_order
from zerofeed.books.orders._change_kernels import level_at, level_of, order_at
from zerofeed.books.orders._log_kernels import COUNT, IS_LOST, put_back
from zerofeed.books.orders._record_kernels import note_loss, take_records
from zerofeed.books.orders._table_kernels import find_order
from zerofeed.books.orders.layout import (
    B_DOUBTS,
    CHANNELS,
    CHANNELS_AT,
    COUNTERS,
    FANOUT,
    H_BOOKS,
    H_DEPTH,
    H_LAYOUT,
    H_LEVELS,
    H_LEVELS_AT,
    H_MASK,
    H_NODES,
    H_NODES_AT,
    H_ORDERS,
    H_ORDERS_AT,
    H_RULES,
    H_SHIFT,
    H_TABLE_AT,
    H_USED,
    HEAD_WORDS,
    HEADER_WORDS,
    HEADS_AT,
    L_COUNT,
    L_SIZE,
    LAYOUT,
    LEVEL_WORDS,
    MOST_BOOKS,
    MOST_ORDERS,
    NODE_WORDS,
    O_LINKS,
    O_SIZE,
    ORDER_WORDS,
)
from zerofeed.records.book_rows import DOUBT_NO_SNAPSHOT, DOUBT_WORKER_DIED
from zerofeed.records.kinds import ACTION_ADD, ASK
from zerofeed.shm._atomics import store_release

__all__ = ["initialize", "next_doubtful", "queue_position", "restore", "suspect", "take_batch"]

_Words = npt.NDArray[np.int64]

_RECORD_WORDS = 8
_FIRST_LOOK = 16
_SECOND_LOOK = 10
_THIRD_LOOK = 5
"""Records ahead that are looked at."""
_LOW = 0xFFFF_FFFF
_BITS = 32
_SMALLEST_PLACES = 64
_LOST = COUNTERS["stores_lost"]

assert FANOUT + 2 == NODE_WORDS // 2


@inlined
def _make_empty(o: _Words, doubts: int) -> None:
    """Empty every part but the header's sizes and counters; there is no way back."""
    for word in range(12, 24):
        o[word] = 0
    o[H_USED] = 0
    for channel in range(CHANNELS):
        o[CHANNELS_AT + channel] = doubts
    for word in range(HEADS_AT, HEADS_AT + o[H_BOOKS] * HEAD_WORDS):
        o[word] = 0
    for word in range(o[H_TABLE_AT], o[H_TABLE_AT] + o[H_MASK] + 1):
        if o[word] != 0:
            o[word] = 0


@kernel(int64(I64, int64, int64, int64, int64))
def initialize(o: _Words, count: int, orders: int, rules: int, depth: int) -> int:
    """Make an empty store.

    Args:
        o: zeroed int64, at least ``layout.store_words(count, orders)`` words.
        count: number of books; the instrument of a record is its index, and 0 is none.
        orders: that may rest at once.
        rules: ``layout.RULE_...`` bits of the venue.
        depth: levels a side that are published.

    Returns:
        OK; BUFFER_FULL when the array is too short; MALFORMED when an argument is out of range.
    """
    if not (0 <= count <= MOST_BOOKS and 0 < orders <= MOST_ORDERS) or depth < 1:
        return MALFORMED
    places = _SMALLEST_PLACES
    shift = _BITS - 3
    while places < 2 * orders:
        places *= 2
        shift -= 1
    levels = orders
    nodes = 2 * count + levels // 4 + 64
    table_at = HEADS_AT + count * HEAD_WORDS
    orders_at = table_at + places
    levels_at = orders_at + (orders + 1) // 2 * 2 * ORDER_WORDS
    nodes_at = levels_at + levels * LEVEL_WORDS
    if o.size < nodes_at + nodes * NODE_WORDS:
        return BUFFER_FULL
    for word in range(HEADER_WORDS):
        o[word] = 0
    o[H_BOOKS] = count
    o[H_ORDERS] = orders
    o[H_RULES] = rules
    o[H_DEPTH] = depth
    o[H_MASK] = places - 1
    # Blocks of eight places.
    o[H_SHIFT] = shift
    o[H_TABLE_AT] = table_at
    o[H_ORDERS_AT] = orders_at
    o[H_LEVELS_AT] = levels_at
    o[H_LEVELS] = levels
    o[H_NODES_AT] = nodes_at
    o[H_NODES] = nodes
    _make_empty(o, DOUBT_NO_SNAPSHOT)
    store_release(o, H_LAYOUT, LAYOUT)
    return OK


@kernel(int64(I64, I64))
def restore(o: _Words, log: _Words) -> int:
    """Undo what an unfinished step changed. May itself be killed and repeated.

    A step whose log had no room cannot be undone: the store is emptied then, and every book is in doubt until the
    venue says that it is empty.

    Args:
        o: the store.
        log: of the step, which is going to be done again.

    Returns:
        Groups that were put back; -1 when the store was emptied.
    """
    if log[IS_LOST] != 0:
        _make_empty(o, DOUBT_NO_SNAPSHOT | DOUBT_WORKER_DIED)
        o[_LOST] += 1
        store_release(log, COUNT, 0)
        store_release(log, IS_LOST, 0)
        return -1
    return put_back(o, log)


@kernel(int64(I64, I64, int64))
def suspect(o: _Words, log: _Words, channel: int) -> int:
    """Note that something is missing, as a GAP record of that channel does.

    Args:
        o: the store.
        log: of the open step, or empty.
        channel: the channel; UNDEF for all.

    Returns:
        Books that are now in doubt.
    """
    return note_loss(o, log, channel)


@kernel(int64(I64, int64))
def next_doubtful(o: _Words, from_index: int) -> int:
    """Find the first book in doubt among those with orders so far, from an instrument on; or -1."""
    for instrument in range(max(0, from_index), o[H_USED]):
        if o[HEADS_AT + instrument * HEAD_WORDS + B_DOUBTS] != 0:
            return instrument
    return -1


@kernel(int64(I64, int64, int64, I64))
def queue_position(o: _Words, order_id: int, instrument: int, ahead: _Words) -> int:
    """Say what has to trade at an order's price before the order does. Costs a step an order ahead of it.

    Args:
        o: the store.
        order_id: the venue's number.
        instrument: of the order; it counts only where numbers are an instrument's own.
        ahead: receives orders ahead, their size, the order's own size, the level's orders, the level's size.

    Returns:
        OK; MALFORMED when there is no such order.
    """
    order = find_order(o, order_id, instrument)
    if order < 0:
        return MALFORMED
    level = level_at(o, level_of(o, order))
    count = 0
    size = 0
    before = o[order_at(o, order) + O_LINKS] >> 32
    while before != 0 and count < o[level + L_COUNT]:
        at = order_at(o, before - 1)
        count += 1
        size += o[at + O_SIZE]
        before = o[at + O_LINKS] >> 32
    ahead[0] = count
    ahead[1] = size
    ahead[2] = o[order_at(o, order) + O_SIZE]
    ahead[3] = o[level + L_COUNT]
    ahead[4] = o[level + L_SIZE]
    return OK


@always_inlined
def _is_new(head: int) -> int:
    return 1 if (head >> 48) & 0xFF == ACTION_ADD else 0


@always_inlined
def _side_of(head: int) -> int:
    return 1 if (head >> 40) & 0xFF == ASK else 0


@always_inlined
def _look_ahead(o: _Words, words: _Words, index: int, end: int) -> None:
    """Ask for the lines of records that come later; see :mod:`zerofeed.books.orders._ahead_kernels`."""
    if index + _FIRST_LOOK < end:
        at = (index + _FIRST_LOOK) * _RECORD_WORDS
        ask_entry(o, words[at + 6], words[at + 3] & _LOW)
    if index + _SECOND_LOOK < end:
        at = (index + _SECOND_LOOK) * _RECORD_WORDS
        head = words[at + 3]
        ask_order(o, words[at + 6], head & _LOW, _is_new(head), _side_of(head))
    if index + _THIRD_LOOK < end:
        at = (index + _THIRD_LOOK) * _RECORD_WORDS
        head = words[at + 3]
        ask_level(o, words[at + 6], head & _LOW, _is_new(head), _side_of(head), words[at + 4])


@kernel(int64(I64, I64, I64, int64, int64, int64, int64, int64))
def take_batch(
    o: _Words, log: _Words, words: _Words, first: int, count: int, out_at: int, limit: int,
    channel: int,
) -> int:  # fmt: skip
    """Apply a batch; see :func:`~zerofeed.books.orders._record_kernels.take_records`.

    Args:
        o: the store.
        log: of the open step, or empty.
        words: records as int64.
        first: index of the first to apply.
        count: how many.
        out_at: where the BBO records go.
        limit: end of the room for them; as many as records always suffice.
        channel: that the records came by.

    Returns:
        BBO records written; MALFORMED when the store has another layout; BUFFER_FULL when there is not
        room for as many BBO records as records. Nothing was done in either case.
    """
    if o[H_LAYOUT] != LAYOUT:
        return MALFORMED
    if limit - out_at < count:
        return BUFFER_FULL
    out = out_at
    begin = first
    end = first + count
    for index in range(first, end):
        _look_ahead(o, words, index, end)
        if words[index * _RECORD_WORDS + 3] < 0 or index == end - 1:
            out += take_records(o, log, words, begin, index + 1 - begin, out, limit, channel)
            begin = index + 1
    return out - out_at
