"""The friendly view of a store of books."""

import numpy as np
import pytest

from tests.unit.books.naive_book import batch, clear, control, level
from zerofeed.base.errors import BugError, ConfigurationError, LayoutMismatchError
from zerofeed.base.status import MISMATCH, OK
from zerofeed.books import layout as lay
from zerofeed.books.checksums import CHECKSUM_KRAKEN, CHECKSUM_NONE
from zerofeed.books.l2 import Best, L2Books
from zerofeed.records import kinds
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


def test_doubtful_books_are_found_one_after_the_other():
    books = L2Books.create(6)
    for instrument in (1, 3, 4):
        records = snapshot()
        records["instrument"] = instrument
        books.apply(records)
    assert books.next_doubtful() == 0, "used as far as 4, so 0 and 2 wait for a snapshot"
    assert books.next_doubtful(1) == 2
    assert books.next_doubtful(3) == -1
    books.apply(level("B", 100, 1, 13, 12, flags=LAST, instrument=4))
    assert books.next_doubtful(3) == 4
    assert books.doubts(4) == lay.DOUBT_CHAIN_BREAK
    assert (books.doubts(3), books.doubts(5)) == (0, lay.DOUBT_NO_SNAPSHOT)
    assert books.next_doubtful(5) == -1


def test_moves_change_with_every_entry_into_and_out_of_doubt_and_with_nothing_else():
    books = L2Books.create(1)
    start = books.doubt_moves
    books.apply(snapshot())
    healed = books.doubt_moves
    assert healed != start
    books.apply(level("B", 100, 1, 11, 10, flags=LAST))
    assert books.doubt_moves == healed
    books.apply(control(kinds.GAP))
    suspected = books.doubt_moves
    assert suspected != healed
    assert books[0].word(lay.B_DOUBT_MOVE) == suspected
    books.apply(control(kinds.GAP))
    assert books.doubt_moves == suspected
    books.apply(level("B", 100, 1, 12, 11, flags=LAST))
    assert books.doubt_moves != suspected
    assert books[0].is_proven


def test_checksum_is_compared_by_the_store():
    books = L2Books.create(1)
    books.apply(snapshot())
    exponents = {"price_exponent": 0, "size_exponent": 0}
    sent = books.checksum(0, CHECKSUM_KRAKEN, **exponents)
    assert books.check(0, CHECKSUM_KRAKEN, sent, **exponents) == OK
    moves = books.doubt_moves
    assert books.check(0, CHECKSUM_KRAKEN, sent + 1, **exponents) == MISMATCH
    assert books.doubts(0) == lay.DOUBT_CHECKSUM
    assert books.doubt_moves != moves


def test_checksum_that_is_not_defined_is_a_bug_of_the_caller():
    books = L2Books.create(1)
    with pytest.raises(BugError, match="no checksum is defined"):
        books.checksum(0, CHECKSUM_NONE, price_exponent=0, size_exponent=0)
    books.apply(snapshot())
    with pytest.raises(BugError, match="cannot be compared"):
        books.check(0, CHECKSUM_NONE, 5, price_exponent=0, size_exponent=0)


@pytest.mark.parametrize(("instrument", "levels"), [(-1, 5), (1, 5), (0, -1), (0, 8)])
def test_impossible_window_is_refused(instrument, levels):
    books = L2Books.create(1, capacity=8, depth=1)
    with pytest.raises(ConfigurationError, match="window"):
        books.set_window(instrument, levels)
