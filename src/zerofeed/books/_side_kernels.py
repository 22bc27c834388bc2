"""One side of one book: find, put, take and clear levels in a sorted run of int64.

A side is three columns of ``capacity`` words, prices, sizes and change ids, one after the
other from word ``at``, sorted with the best price last. ``flip`` is 0 for bids and -1, all
bits set, for asks, so ``price ^ flip`` grows towards the best on both. ``count`` is the index
of the word that holds the number of levels.

A level of size 0 is a tombstone: the level is gone, and the change id says since when. Only
books in doubt have them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined, inlined

__all__ = ["best", "drop_tombstones", "drop_worst", "find", "insert", "keep_newer", "remove"]

_Words = npt.NDArray[np.int64]

NEAR_LEVELS = 8


@always_inlined
def find(books: _Words, at: int, levels: int, flip: int, price: int) -> int:
    """Find the best level that is at or worse than a price.

    Almost all updates are near the top. The levels there are compared all at once and counted,
    because a loop that stops at the right one is mispredicted half the time; the rest is halved.

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
    # Halved without a branch that depends on a price: which half it is cannot be predicted.
    low = 0
    while high > 0:
        half = (high + 1) >> 1
        low += half if (books[at + low + half - 1] ^ flip) <= key else 0
        high -= half
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
