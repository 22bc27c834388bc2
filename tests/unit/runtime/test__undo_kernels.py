"""A book that was kept comes back word for word, whatever was done to it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.runtime.venue_packets import fed, of_the_venue
from zerofeed.base.kernel import I64, int64, kernel
from zerofeed.books.layout import BOOK_HEAD_WORDS, HEADER_WORDS
from zerofeed.runtime._undo_kernels import (
    ROOM,
    forget_kept,
    keep_book,
    keep_header,
    restore_books,
    undo_words,
)
from zerofeed.runtime.offline import OfflineFeed

__all__: list[str] = []

# Thousands of packets: the plain twins would take minutes.
pytestmark = pytest.mark.compiled

LEVELS = 32
BOOKS = 512


@kernel(int64(I64, I64, int64))
def keep(books, undo, instrument):
    keep_book(books, undo, instrument)
    return 0


@kernel(int64(I64, I64))
def keep_head(books, undo):
    keep_header(books, undo)
    return 0


@kernel(int64(I64))
def forget(undo):
    forget_kept(undo)
    return 0


@pytest.fixture(scope="module")
def full():
    """The words of a store with many books in it."""
    feed = OfflineFeed("deribit-multicast", instruments=BOOKS, book_levels=LEVELS)
    fed(feed, of_the_venue(1500))
    return feed.books.words


@pytest.fixture
def books(full):
    return full.copy()


@pytest.fixture
def undo():
    return np.zeros(undo_words(LEVELS), np.int64)


def book_words(instrument: int) -> list[slice]:
    """Where a book's head and levels are."""
    head = HEADER_WORDS + instrument * BOOK_HEAD_WORDS
    levels = HEADER_WORDS + BOOKS * BOOK_HEAD_WORDS + instrument * 6 * LEVELS
    return [slice(head, head + BOOK_HEAD_WORDS), slice(levels, levels + 6 * LEVELS)]


def used_words(books, instrument: int):
    """Every word of a book that means something: its head and the levels that it has."""
    head, levels = (books[part] for part in book_words(instrument))
    bids, asks = head[5], head[6]
    columns = levels.reshape(6, LEVELS)
    return [*head, *columns[:3, :bids].ravel(), *columns[3:, :asks].ravel()]


def test_kept_books_come_back_word_for_word(books, undo, full) -> None:
    for instrument in (1, 7, 30):
        keep(books, undo, instrument)
    for instrument in (1, 7, 30):
        head, levels = book_words(instrument)
        books[levels] = -1
        books[head][:7] = 1
    books[HEADER_WORDS - 4 : HEADER_WORDS] = 99
    assert restore_books(books, undo) == 3
    for instrument in range(40):
        assert used_words(books, instrument) == used_words(full, instrument)
    assert np.array_equal(books[:HEADER_WORDS], full[:HEADER_WORDS])


def test_a_book_is_kept_as_it_was_first(books, undo, full) -> None:
    keep(books, undo, 3)
    books[book_words(3)[0]][2] = 12345
    keep(books, undo, 3)
    assert restore_books(books, undo) == 1
    assert used_words(books, 3) == used_words(full, 3)


def test_restoring_twice_is_restoring_once(books, undo, full) -> None:
    keep(books, undo, 3)
    books[book_words(3)[1]] = 5
    restore_books(books, undo)
    restore_books(books, undo)
    assert used_words(books, 3) == used_words(full, 3)


def test_nothing_comes_back_after_a_step_is_forgotten(books, undo) -> None:
    keep(books, undo, 3)
    forget(undo)
    books[book_words(3)[0]][2] = 12345
    books[8] = 777
    assert restore_books(books, undo) == 0
    assert books[book_words(3)[0]][2] == 12345
    assert books[8] == 777


def test_the_header_alone_can_be_kept(books, undo, full) -> None:
    keep_head(books, undo)
    books[:HEADER_WORDS][8:] = 1
    assert restore_books(books, undo) == 0
    assert np.array_equal(books[:HEADER_WORDS], full[:HEADER_WORDS])


def test_more_books_than_there_is_room_for_are_counted(books, undo) -> None:
    for instrument in range(ROOM + 3):
        keep(books, undo, instrument)
    assert restore_books(books, undo) == ROOM
    assert undo[2] == 3


@pytest.mark.parametrize("instrument", [-1, BOOKS, 1 << 40])
def test_a_number_that_is_no_book_is_passed_over(books, undo, instrument: int) -> None:
    keep(books, undo, instrument)
    assert restore_books(books, undo) == 0


def test_without_memory_nothing_is_kept(books) -> None:
    nothing = np.zeros(0, np.int64)
    keep(books, nothing, 1)
    keep_head(books, nothing)
    forget(nothing)
