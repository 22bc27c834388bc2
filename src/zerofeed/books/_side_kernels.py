"""One side of one book: find, put, take and clear levels in a sorted run of int64.

A side is three columns of ``capacity`` words, prices, sizes and change ids, one after the
other from word ``at``, sorted with the best price last. ``flip`` is 0 for bids and -1, all
bits set, for asks, so ``price ^ flip`` grows towards the best on both. ``count`` is the index
of the word that holds the number of levels.

A level of size 0 is gone. In a book in doubt it is a tombstone: the change id says since when, and a
snapshot decides what it was. In any other it is a gap, room for a level to come.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined, inlined

__all__ = [
    "best",
    "drop_tombstones",
    "drop_worst",
    "fill_gap",
    "find",
    "insert",
    "keep_newer",
    "remove",
]

_Words = npt.NDArray[np.int64]

NEAR_LEVELS = 8
GAP_REACH = 48
"""How far away a gap is looked for; farther off, moving all is as fast."""


@always_inlined
def find(books: _Words, at: int, levels: int, flip: int, price: int) -> int:
    """Find the best level that is at or worse than a price.

    Almost all updates are near the top. The levels there are compared all at once and counted,
    because a loop that stops at the right one is mispredicted half the time; the rest is cut into
    eighths, again by counting.

    Returns:
        Its index, 0 is the worst level; -1 when every level is better.
    """
    key = price ^ flip
    high = levels
    if levels >= NEAR_LEVELS:
        better = 0
        top = at + levels - NEAR_LEVELS
        for near in range(NEAR_LEVELS):
            better += 1 if (books[top + near] ^ flip) > key else 0
        if better < NEAR_LEVELS:
            return levels - 1 - better
        high = levels - NEAR_LEVELS
    # Seven probes at once and an eighth part left: which it is cannot be predicted, so they are counted.
    low = 0
    while high > 2 * NEAR_LEVELS:
        step = high >> 3
        probe = at + low + step - 1
        worse = 0
        for part in range(7):
            worse += 1 if (books[probe + part * step] ^ flip) <= key else 0
        low += worse * step
        high = step if worse < 7 else high - 7 * step
    first = at + low
    for here in range(high):
        low += 1 if (books[first + here] ^ flip) <= key else 0
    return low - 1


@always_inlined
def insert(
    books: _Words, at: int, capacity: int, levels: int, index: int,
    price: int, size: int, change_id: int,
) -> None:  # fmt: skip
    """Put a level above ``index``; on a full side the worst level falls out.

    Assumes that on a full side ``index`` is not -1.
    """
    sizes = at + capacity
    ids = sizes + capacity
    place = index + 1
    if levels < capacity:
        if levels - place <= NEAR_LEVELS:
            for here in range(levels, place, -1):
                books[at + here] = books[at + here - 1]
                books[sizes + here] = books[sizes + here - 1]
                books[ids + here] = books[ids + here - 1]
        else:
            # One column at a time is what the compiler turns into memmove.
            for here in range(levels, place, -1):
                books[at + here] = books[at + here - 1]
            for here in range(levels, place, -1):
                books[sizes + here] = books[sizes + here - 1]
            for here in range(levels, place, -1):
                books[ids + here] = books[ids + here - 1]
    else:
        place = index
        for here in range(place):
            books[at + here] = books[at + here + 1]
            books[sizes + here] = books[sizes + here + 1]
            books[ids + here] = books[ids + here + 1]
    books[at + place] = price
    books[sizes + place] = size
    books[ids + place] = change_id


@inlined
def fill_gap(
    books: _Words, at: int, capacity: int, levels: int, index: int,
    price: int, size: int, change_id: int,
) -> bool:  # fmt: skip
    """Put a level above ``index`` by moving those between it and the nearest gap, if one is near.

    Returns:
        False when there is none; nothing was done.
    """
    sizes = at + capacity
    for distance in range(GAP_REACH):
        above = index + 1 + distance
        if above < levels and books[sizes + above] == 0:
            for column in range(at, at + 3 * capacity, capacity):
                for here in range(column + above, column + index + 1, -1):
                    books[here] = books[here - 1]
            _put(books, at, capacity, index + 1, price, size, change_id)
            return True
        below = index - distance
        if below >= 0 and books[sizes + below] == 0:
            for column in range(at, at + 3 * capacity, capacity):
                for here in range(column + below, column + index):
                    books[here] = books[here + 1]
            _put(books, at, capacity, index, price, size, change_id)
            return True
    return False


@inlined
def _put(
    books: _Words, at: int, capacity: int, index: int, price: int, size: int, change_id: int
) -> None:
    books[at + index] = price
    books[at + capacity + index] = size
    books[at + 2 * capacity + index] = change_id


@always_inlined
def remove(books: _Words, at: int, capacity: int, levels: int, index: int) -> None:
    """Take the level at ``index`` out."""
    sizes = at + capacity
    ids = sizes + capacity
    if levels - index <= NEAR_LEVELS:
        for here in range(index, levels - 1):
            books[at + here] = books[at + here + 1]
            books[sizes + here] = books[sizes + here + 1]
            books[ids + here] = books[ids + here + 1]
    else:
        # One column at a time is what the compiler turns into memmove.
        for here in range(at + index, at + levels - 1):
            books[here] = books[here + 1]
        for here in range(sizes + index, sizes + levels - 1):
            books[here] = books[here + 1]
        for here in range(ids + index, ids + levels - 1):
            books[here] = books[here + 1]


@inlined
def keep_newer(books: _Words, at: int, capacity: int, count: int, change_id: int) -> None:
    """Throw away every level that a change up to and including ``change_id`` wrote."""
    sizes = at + capacity
    ids = sizes + capacity
    kept = 0
    for here in range(books[count]):
        if books[ids + here] > change_id:
            books[at + kept] = books[at + here]
            books[sizes + kept] = books[sizes + here]
            books[ids + kept] = books[ids + here]
            kept += 1
    books[count] = kept


@inlined
def drop_tombstones(books: _Words, at: int, capacity: int, count: int) -> None:
    """Throw away every level of size 0."""
    sizes = at + capacity
    ids = sizes + capacity
    kept = 0
    for here in range(books[count]):
        if books[sizes + here] != 0:
            books[at + kept] = books[at + here]
            books[sizes + kept] = books[sizes + here]
            books[ids + kept] = books[ids + here]
            kept += 1
    books[count] = kept


@inlined
def drop_worst(books: _Words, at: int, capacity: int, count: int, worst: int) -> None:
    """Throw away the ``worst`` worst levels."""
    kept = books[count] - worst
    for column in range(3):
        base = at + column * capacity
        for here in range(base, base + kept):
            books[here] = books[here + worst]
    books[count] = kept


@always_inlined
def best(books: _Words, at: int, capacity: int, levels: int) -> int:
    """Find the best level that is not a tombstone.

    Returns:
        Its index, or -1 when the side is empty.
    """
    index = levels - 1
    while index >= 0 and books[at + capacity + index] == 0:
        index -= 1
    return index
