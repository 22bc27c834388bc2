"""Transactions: what opens, continues, closes and doubts them."""

import pytest

from tests.unit.books.naive_book import batch, clear, level
from zerofeed.books import layout as lay
from zerofeed.books.l2 import L2Books
from zerofeed.records.flags import LAST, SNAPSHOT
from zerofeed.records.units import UNDEF


@pytest.fixture
def books():
    made = L2Books.create(1)
    made.apply(batch(
        clear(10, flags=SNAPSHOT), level("B", 100, 5, 10, flags=SNAPSHOT),
        level("A", 102, 6, 10, flags=SNAPSHOT | LAST),
    ))  # fmt: skip
    return made


def test_transaction_continues_over_batches_and_messages(books):
    books.apply(level("B", 99, 1, 11, 10))
    assert books[0].word(lay.B_TX) == lay.TX_APPLY
    assert books[0].change_id == 10
    books.apply(level("B", 98, 1, 11, 10, flags=LAST))
    assert books[0].change_id == 11
    assert books[0].bids["price"].tolist() == [100, 99, 98]
    assert books[0].is_proven


def test_repetition_inside_an_open_transaction_does_not_close_it(books):
    books.apply(level("B", 99, 1, 11, 10, flags=LAST))
    books.apply(level("B", 98, 1, 12, 11))
    books.apply(level("B", 99, 1, 11, 10, flags=LAST))
    assert books[0].word(lay.B_TX) == lay.TX_APPLY
    assert books[0].word(lay.B_TX_ID) == 12
    books.apply(level("B", 97, 1, 12, 11, flags=LAST))
    assert books[0].is_proven
    assert books[0].bids["price"].tolist() == [100, 99, 98, 97]


@pytest.mark.parametrize(("side", "bids", "asks"), [("N", 0, 0), ("B", 0, 1), ("A", 1, 0)])
def test_clear_empties_one_side_or_both(books, side, bids, asks):
    books.apply(clear(11, 10, side=side, flags=LAST))
    assert (len(books[0].bids), len(books[0].asks)) == (bids, asks)
    assert books[0].is_proven


def test_clear_of_a_book_in_doubt_makes_older_snapshots_useless(books):
    books.apply(level("B", 99, 1, 15, 14, flags=LAST))
    books.apply(clear(16, 15, flags=LAST))
    books.apply(batch(clear(15, flags=SNAPSHOT), level("B", 1, 1, 15, flags=SNAPSHOT | LAST)))
    assert books[0].doubts == ["chain_break"]
    assert len(books[0].bids) == 0


def test_size_zero_and_cancel_both_delete(books):
    books.apply(batch(
        level("B", 100, 0, 11, 10, action="M"), level("A", 102, 3, 11, 10, action="C", flags=LAST)
    ))  # fmt: skip
    assert books[0].best() == (UNDEF, UNDEF, UNDEF, UNDEF)


def test_deleted_level_of_a_book_in_doubt_is_not_shown(books):
    books.apply(level("B", 99, 1, 15, 14, flags=LAST))
    out = books.apply(level("B", 100, 0, 16, 15, flags=LAST))
    assert out["bid_price"].tolist() == [99]
    assert books[0].bids["price"].tolist() == [99]


def test_doubts_are_counted_once_an_episode(books):
    for change_id in (15, 20, 25):
        books.apply(level("B", 99, 1, change_id, change_id - 1, flags=LAST))
    assert books.counters()["chain_breaks"] == 3
    assert books.counters()["doubts"] == 1
    assert books[0].word(lay.B_DOUBT_COUNT) == 1


def test_chainless_change_older_than_the_book_is_skipped(books):
    books.apply(level("B", 100, 9, 9, UNDEF, flags=LAST))
    assert books[0].best().bid_size == 5
    books.apply(level("B", 100, 9, 12, UNDEF, flags=LAST))
    assert books[0].best().bid_size == 9
