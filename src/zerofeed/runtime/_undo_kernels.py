"""Books as they were before the open step, so that a killed worker's step can be done again exactly.

The journal undoes counters and sequence numbers word by word. A book's change moves hundreds
of words; here the whole book is copied once, before a step first changes it. A copy costs
about as much as the change, and most packets change no book.

Without it a step that was made but not published would meet its own changes when it is done
again, take them for old ones, and its best bids and offers would be missing from the feed.

The copies lie in the writer's own memory, int64 words:

=======  ==========  =======================================================================
word     name        meaning
=======  ==========  =======================================================================
0        COUNT       books kept in this step
1        IS_OPEN     1 when the header of the store is kept
2        NO_ROOM     books that were changed and not kept, ever; those a kill may leave in doubt
16       ...         header of the store
48       ...         ROOM slots: number of the book, its head, its levels
=======  ==========  =======================================================================

Order of stores, so that every prefix that a kill can leave is right: a copy, then COUNT, then
the book's change; and COUNT = 0 before the next step begins, while this one counts as done.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, inlined, int64, kernel
from zerofeed.books.layout import (
    B_BIDS,
    B_LEVELS,
    BOOK_HEAD_WORDS,
    H_BOOKS,
    H_CAPACITY,
    H_STRIDE,
    HEADER_WORDS,
)
from zerofeed.shm._atomics import fence_release, store_release

__all__ = [
    "NO_ROOM",
    "ROOM",
    "forget_kept",
    "keep_book",
    "keep_header",
    "restore_books",
    "undo_words",
]

_Words = npt.NDArray[np.int64]

ROOM = 64
"""Books that one step can keep. A packet rarely changes more than two; one of 2 KiB of IEX's levels, 63."""

_COUNT = 0
_IS_OPEN = 1
NO_ROOM = 2
"""Word of the copies: books that were changed and not kept, ever."""
_HEADER = 16
_SLOTS = _HEADER + HEADER_WORDS
_COLUMNS = 6


def undo_words(capacity: int) -> int:
    """Size the memory.

    Args:
        capacity: levels per side of the store.

    Returns:
        int64 words.
    """
    return _SLOTS + ROOM * (1 + BOOK_HEAD_WORDS + _COLUMNS * capacity)


@inlined
def forget_kept(undo: _Words) -> None:
    """Forget what the last step kept. Call it before the next one begins."""
    if undo.size > 0:
        store_release(undo, _COUNT, 0)
        store_release(undo, _IS_OPEN, 0)


@inlined
def keep_header(books: _Words, undo: _Words) -> None:
    """Keep the header of the store, once a step.

    Args:
        books: the store.
        undo: its copies; nothing is kept when it is empty.
    """
    if undo.size == 0 or undo[_IS_OPEN] != 0:
        return
    for word in range(HEADER_WORDS):
        undo[_HEADER + word] = books[word]
    store_release(undo, _IS_OPEN, 1)
    fence_release()


@inlined
def _copy_levels(
    source: _Words, at: int, target: _Words, to: int, capacity: int, bids: int, asks: int
) -> None:
    """Copy the used part of a book's six columns."""
    for column in range(_COLUMNS):
        used = bids if column < 3 else asks
        for index in range(used):
            target[to + column * capacity + index] = source[at + column * capacity + index]


@inlined
def keep_book(books: _Words, undo: _Words, instrument: int) -> None:
    """Keep a book before the open step changes it; does nothing when it is kept already.

    Args:
        books: the store.
        undo: its copies; nothing is kept when it is empty.
        instrument: the book; any number that is none is passed over.
    """
    if undo.size == 0 or instrument < 0 or instrument >= books[H_BOOKS]:
        return
    keep_header(books, undo)
    capacity = books[H_CAPACITY]
    slot_words = 1 + BOOK_HEAD_WORDS + _COLUMNS * capacity
    count = undo[_COUNT]
    for slot in range(count):
        if undo[_SLOTS + slot * slot_words] == instrument:
            return
    if count >= ROOM:
        undo[NO_ROOM] += 1
        return
    at = _SLOTS + count * slot_words
    book = HEADER_WORDS + instrument * books[H_STRIDE]
    undo[at] = instrument
    for word in range(BOOK_HEAD_WORDS):
        undo[at + 1 + word] = books[book + word]
    _copy_levels(
        books,
        books[book + B_LEVELS],
        undo,
        at + 1 + BOOK_HEAD_WORDS,
        capacity,
        books[book + B_BIDS],
        books[book + B_BIDS + 1],
    )
    store_release(undo, _COUNT, count + 1)
    # The book's changes stay behind this store.
    fence_release()


@kernel(int64(I64, I64))
def restore_books(books: _Words, undo: _Words) -> int:
    """Bring back every book that an unfinished step kept. May itself be killed and repeated.

    Args:
        books: the store.
        undo: its copies, of a step that is going to be done again.

    Returns:
        How many books were brought back.
    """
    capacity = books[H_CAPACITY]
    slot_words = 1 + BOOK_HEAD_WORDS + _COLUMNS * capacity
    count = undo[_COUNT]
    for slot in range(count):
        at = _SLOTS + slot * slot_words
        book = HEADER_WORDS + undo[at] * books[H_STRIDE]
        _copy_levels(
            undo,
            at + 1 + BOOK_HEAD_WORDS,
            books,
            books[book + B_LEVELS],
            capacity,
            undo[at + 1 + B_BIDS],
            undo[at + 1 + B_BIDS + 1],
        )
        for word in range(BOOK_HEAD_WORDS):
            books[book + word] = undo[at + 1 + word]
    if undo[_IS_OPEN] != 0:
        for word in range(HEADER_WORDS):
            books[word] = undo[_HEADER + word]
    return count
