"""A day of orders, made from a seed, and what reads it back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import F64, I64, always_inlined, int64, kernel
from zerofeed.books.orders._change_kernels import key_of
from zerofeed.books.orders._record_kernels import best_of, take_records
from zerofeed.books.orders.layout import HEAD_WORDS, HEADS_AT, L_PRICE, L_SIZE
from zerofeed.records.flags import LAST
from zerofeed.records.kinds import NO_SIDE, ORDER, TRADE
from zerofeed.records.units import UNDEF

__all__ = ["EVENT_WORDS", "apply_one_by_one", "make_day", "make_records"]

_Words = npt.NDArray[np.int64]

EVENT_WORDS = 8
"""Kind, number, stock, side, price, size, new number, sequence number."""
_LIVE_WORDS = 6
_TICK = 100
_ADD, _DELETE, _CANCEL, _EXECUTE, _REPLACE = (ord(letter) for letter in "ADXEU")


@always_inlined
def _random(state: _Words) -> int:
    """Give 31 random bits."""
    x = state[0]
    x ^= (x << 13) & 0x7FFF_FFFF_FFFF_FFFF
    x ^= x >> 7
    x ^= (x << 17) & 0x7FFF_FFFF_FFFF_FFFF
    state[0] = x
    return (x >> 16) & 0x7FFF_FFFF


@always_inlined
def _price(state: _Words, mids: _Words, stock: int, side: int) -> int:
    """Choose a price: half of them within three ticks of the touch, few far away."""
    wander = _random(state) & 63
    if wander < 2:
        mids[stock] += (2 * wander - 1) * _TICK
    far = _random(state)
    ticks = 1 + (far & 3)
    if far & 12 == 0:
        ticks += (far >> 8) & 63
    elif far & 4:
        ticks += (far >> 8) & 15
    return mids[stock] - ticks * _TICK if side == 0 else mids[stock] + ticks * _TICK


@kernel(int64(I64, I64, I64, I64, F64, int64, int64, int64))
def make_day(
    events: _Words, live: _Words, mids: _Words, state: _Words, weights: _Words, target: int,
    before: int, seq: int,
) -> int:  # fmt: skip
    """Make events that leave about ``target`` orders alive.

    Args:
        events: receives EVENT_WORDS each.
        live: orders that are alive, _LIVE_WORDS each; state[1] counts them.
        mids: middle price of each stock.
        state: random state, orders alive, last number given.
        weights: cumulated shares of the stocks.
        target: orders that shall live; while there are fewer, nearly all events add.
        before: 1 to add only.
        seq: of the first event.

    Returns:
        Orders alive.
    """
    count = events.size // EVENT_WORDS
    stocks = mids.size
    for index in range(count):
        at = index * EVENT_WORDS
        n = state[1]
        draw = _random(state) % 1000
        kind = _DELETE
        if n == 0 or before or draw < 440 or (n < target and draw < 560):
            kind = _ADD
        elif draw >= 900:
            kind = _REPLACE
        elif draw >= 860:
            kind = _EXECUTE
        elif draw >= 845:
            kind = _CANCEL
        if kind == _ADD and n >= target:
            kind = _DELETE
        events[at + 7] = seq + index
        if kind == _ADD:
            share = _random(state) / 2147483648.0
            stock = int64(np.searchsorted(weights, share))
            stock = min(stock, stocks - 1)
            side = _random(state) & 1
            size = 100 * (1 + (_random(state) & 7))
            price = _price(state, mids, stock, side)
            state[2] += 1 + (_random(state) & 3)
            to = n * _LIVE_WORDS
            live[to] = state[2]
            live[to + 1] = stock
            live[to + 2] = side
            live[to + 3] = price
            live[to + 4] = size
            state[1] = n + 1
            events[at] = kind
            for word in range(5):
                events[at + 1 + word] = live[to + word]
            continue
        # Most orders die young.
        pick = _random(state) % n
        if _random(state) & 7:
            pick = n - 1 - min(n - 1, _random(state) % 4096)
        to = pick * _LIVE_WORDS
        size = live[to + 4]
        events[at] = kind
        for word in range(4):
            events[at + 1 + word] = live[to + word]
        events[at + 5] = 0
        is_dead = True
        if kind == _CANCEL or kind == _EXECUTE:
            part = size if kind == _EXECUTE and _random(state) & 1 else max(1, size // 3)
            events[at + 5] = part
            live[to + 4] -= part
            is_dead = live[to + 4] == 0
        elif kind == _REPLACE:
            state[2] += 1 + (_random(state) & 3)
            price = _price(state, mids, live[to + 1], live[to + 2])
            events[at + 4] = price
            events[at + 5] = 100 * (1 + (_random(state) & 7))
            events[at + 6] = state[2]
            live[to] = state[2]
            live[to + 3] = price
            live[to + 4] = events[at + 5]
            is_dead = False
        if is_dead:
            n -= 1
            state[1] = n
            for word in range(_LIVE_WORDS):
                live[to + word] = live[n * _LIVE_WORDS + word]
    return state[1]


@always_inlined
def _put(
    words: _Words, index: int, kind: int, stock: int, side: int, action: int, flags: int,
    price: int, size: int, number: int,
) -> None:  # fmt: skip
    at = 8 * index
    words[at + 1] = index
    words[at + 2] = index
    words[at + 3] = (
        stock | kind << 32 | side << 40 | action << 48 | (flags - 2 * (flags & 128)) << 56
    )
    words[at + 4] = price
    words[at + 5] = size
    words[at + 6] = number
    words[at + 7] = UNDEF


@kernel(int64(I64, I64))
def make_records(events: _Words, words: _Words) -> int:
    """Make of events the records that ITCH's codec makes; returns how many. Stocks count from 1 there."""
    index = 0
    for event in range(events.size // EVENT_WORDS):
        at = event * EVENT_WORDS
        kind = events[at]
        number = events[at + 1]
        stock = events[at + 2] + 1
        side = 66 if events[at + 3] == 0 else 65
        price = events[at + 4]
        size = events[at + 5]
        if kind == _ADD:
            _put(words, index, ORDER, stock, side, 65, LAST, price, size, number)
        elif kind == _DELETE:
            _put(words, index, ORDER, stock, NO_SIDE, 67, LAST, UNDEF, UNDEF, number)
        elif kind == _CANCEL:
            _put(words, index, ORDER, stock, NO_SIDE, 67, LAST, UNDEF, size, number)
        elif kind == _EXECUTE:
            _put(words, index, TRADE, stock, NO_SIDE, 84, 0, UNDEF, size, event)
            index += 1
            _put(words, index, ORDER, stock, NO_SIDE, 70, LAST, UNDEF, size, number)
        else:
            _put(words, index, ORDER, stock, NO_SIDE, 67, 0, UNDEF, UNDEF, number)
            index += 1
            _put(words, index, ORDER, stock, NO_SIDE, 65, LAST, price, size, events[at + 6])
        index += 1
    return index


@kernel(int64(I64, I64, I64, int64))
def apply_one_by_one(o: _Words, log: _Words, words: _Words, count: int) -> int:
    """Apply each message alone, as if it were a packet's only one; the sum that the C++ book makes."""
    total = 0
    begin = 0
    for index in range(count):
        if words[8 * index + 3] >= 0:
            continue
        if log.size > 0:
            log[0] = 0
        take_records(
            o, log, words, begin, index + 1 - begin, words.size // 8 - 2, words.size // 8, 0
        )
        begin = index + 1
        book = HEADS_AT + (words[8 * index + 3] & 0xFFFF_FFFF) * HEAD_WORDS
        for side in range(2):
            at = best_of(o, book, side)
            if at >= 0:
                total += key_of(o[at + L_PRICE], side) * 31 + o[at + L_SIZE]
    return total
