"""The friendly view of a store of books."""

import numpy as np
import pytest

from tests.unit.books.naive_book import batch, clear, level
from zerofeed.base.errors import ConfigurationError, LayoutMismatchError
from zerofeed.books import layout as lay
from zerofeed.books.l2 import Best, L2Books
from zerofeed.records.flags import LAST, MAYBE_BAD_BOOK, SNAPSHOT
from zerofeed.records.units import UNDEF


def snapshot():
    return batch(
        clear(10, flags=SNAPSHOT), level("B", 99, 4, 10, flags=SNAPSHOT),
        level("B", 100, 5, 10, flags=SNAPSHOT), level("A", 102, 6, 10, flags=SNAPSHOT | LAST, ts=9),
    )  # fmt: skip


def test_book_shows_what_was_applied():
    books = L2Books.create(3)
    records = snapshot()
    records["instrument"] = 2
    books.apply(records)
    book = books[2]
    assert book.bids.tolist() == [(100, 5), (99, 4)]
    assert book.asks.tolist() == [(102, 6)]
    assert book.best() == Best(100, 5, 102, 6)
    assert (book.change_id, book.ts_event_ns) == (10, 9)
    assert book.is_proven
    assert not book.is_in_snapshot
    assert not book.is_truncated
    assert repr(book) == "<L2Book 2, 2 bids, 1 asks, proven>"


def test_empty_book_says_that_it_knows_nothing():
    book = L2Books.create(1)[0]
    assert book.best() == (UNDEF, UNDEF, UNDEF, UNDEF)
    assert book.change_id == UNDEF
    assert repr(book) == "<L2Book 0, 0 bids, 0 asks, in doubt: no_snapshot>"


def test_apply_leaves_all_but_the_flags_of_the_records_alone():
    books = L2Books.create(1)
    records = level("B", 100, 1, 11, 10, flags=LAST)
    before = records.copy()
    books.apply(records)
    assert records["flags"][0] == LAST | MAYBE_BAD_BOOK
    records["flags"] = before["flags"]
    assert records.tobytes() == before.tobytes()


def test_store_can_be_attached_again():
    books = L2Books.create(1)
    books.apply(snapshot())
    again = L2Books(books.words)
    assert len(again) == 1
    assert again[0].best().bid_price == 100
    assert again.counters()["snapshots_built"] == 1


def test_memory_without_a_store_is_refused():
    for size in (0, 200):
        with pytest.raises(LayoutMismatchError, match="no store of books"):
            L2Books(np.zeros(size, dtype=np.int64))


@pytest.mark.parametrize("options", [
    {"count": 1, "capacity": 12}, {"count": 1, "capacity": 0}, {"count": -1},
    {"count": 1, "capacity": 8}, {"count": 1, "depth": 0},
    {"count": 2, "words": np.zeros(100, dtype=np.int64)},
])  # fmt: skip
def test_impossible_store_is_refused(options):
    with pytest.raises(ConfigurationError, match="cannot be made"):
        L2Books.create(**options)


def test_store_lives_in_memory_that_is_given():
    words = np.zeros(lay.store_words(2, 32), dtype=np.int64)
    books = L2Books.create(2, capacity=32, words=words)
    books.apply(snapshot())
    assert L2Books(words)[0].is_proven


@pytest.mark.parametrize("instrument", [-1, 2])
def test_book_that_is_not_there_is_an_index_error(instrument):
    books = L2Books.create(2)
    with pytest.raises(IndexError):
        books[instrument]
    with pytest.raises(IndexError):
        books.bind_channels(instrument)


def test_table_publishes_every_book():
    books = L2Books.create(2, depth=5)
    books.apply(snapshot())
    table = books.table(record_seq=8)
    assert table["record_seq"].tolist() == [8, 8]
    assert table["n_bids"].tolist() == [2, 0]
    assert table["flags"].tolist() == [0, lay.DOUBT_NO_SNAPSHOT]
