"""Transactions: what opens, continues, closes and doubts them."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.books.naive_book import batch, clear, control, level
from tests.unit.books.venue import WindowVenue
from zerofeed.base.status import MISMATCH, NOT_READY, OK
from zerofeed.books import layout as lay
from zerofeed.books.checksums import CHECKSUM_KRAKEN
from zerofeed.books.l2 import L2Books
from zerofeed.records import kinds
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


randoms = st.integers(0, 2**32 - 1).map(Random)


def sides(book):
    return ([row.item() for row in book.bids], [row.item() for row in book.asks])


def windowed(venue, window, capacity=16):
    made = L2Books.create(1, capacity=capacity, depth=2)
    made.set_window(0, window)
    made.apply(batch(*venue.snapshot()))
    return made


@pytest.mark.slow
@given(randoms, st.integers(1, 12))
def test_book_with_a_window_is_what_the_venue_shows(random, window):
    venue = WindowVenue(random, window)
    for _ in range(20):
        venue.transaction()
    books = windowed(venue, window, 24)
    for _ in range(30):
        if records := venue.transaction():
            books.apply(batch(*records))
        assert sides(books[0]) == venue.view()
        assert books[0].is_proven
        assert not books[0].is_truncated


@pytest.mark.slow
@given(randoms, st.integers(1, 10))
def test_lost_message_of_a_venue_without_ids_is_found_by_its_checksum(random, window):
    venue = WindowVenue(random, window)
    books = windowed(venue, window, 24)
    for _ in range(30):
        records = venue.transaction()
        if random.random() < 0.2 or not records:
            continue
        books.apply(batch(*records))
        bids, asks = venue.view()
        oracle = windowed(venue, window, 24)
        expected = oracle.checksum(0, CHECKSUM_KRAKEN, price_exponent=0, size_exponent=0)
        was_proven = books[0].is_proven
        outcome = books.check(0, CHECKSUM_KRAKEN, expected, price_exponent=0, size_exponent=0)
        assert outcome == (NOT_READY if not was_proven else outcome)
        if outcome == OK:
            # Digits alone do not say where a price ends: 1 and 11 are hashed as 11 and 1 are.
            assert digits_of(sides(books[0])) == digits_of((bids, asks))
        if outcome == MISMATCH:
            assert books[0].doubts == ["checksum"]
        if not books[0].is_proven and random.random() < 0.5:
            books.apply(batch(*venue.snapshot()))
            assert books[0].is_proven
            assert sides(books[0]) == venue.view()


def digits_of(levels):
    bids, asks = levels
    return "".join(f"{price or ''}{size}" for price, size in [*asks, *bids])


def test_window_is_cut_after_the_transaction_and_not_inside_it():
    books = L2Books.create(1, capacity=16, depth=1)
    books.set_window(0, 2)
    books.apply(batch(*(level("B", price, 1, UNDEF) for price in (5, 6, 7, 8))))
    books.apply(batch(level("B", 8, 0, UNDEF), level("B", 7, 0, UNDEF, flags=LAST)))
    assert sides(books[0])[0] == [(6, 1), (5, 1)]


def test_snapshot_is_cut_to_the_window():
    books = L2Books.create(1, capacity=16, depth=1)
    books.set_window(0, 2)
    pieces = [level("A", price, 1, UNDEF, flags=SNAPSHOT) for price in range(5, 9)]
    pieces[-1]["flags"] |= LAST
    books.apply(batch(*pieces))
    assert sides(books[0])[1] == [(5, 1), (6, 1)]


def test_side_that_fills_its_window_is_whole_whatever_fell_out():
    books = L2Books.create(1, capacity=8, depth=1)
    books.set_window(0, 3)
    books.apply(
        batch(clear(UNDEF, flags=SNAPSHOT), level("A", 90, 1, UNDEF, flags=SNAPSHOT | LAST))
    )
    changes = [level("B", price, 1, UNDEF) for price in range(12)]
    changes[-1]["flags"] = LAST
    books.apply(batch(*changes))
    assert not books[0].is_truncated
    assert sides(books[0])[0] == [(11, 1), (10, 1), (9, 1)]
    books.apply(batch(level("B", 10, 0, UNDEF), level("B", 1, 4, UNDEF, flags=LAST)))
    assert sides(books[0])[0] == [(11, 1), (9, 1), (1, 4)]


def test_book_that_merges_snapshots_by_id_is_not_cut_while_it_is_in_doubt(books):
    books.set_window(0, 1)
    books.apply(batch(level("B", 99, 3, 15, 14), level("B", 98, 3, 15, 14, flags=LAST)))
    assert books[0].doubts == ["chain_break"]
    assert books[0].bids["price"].tolist() == [100, 99, 98]
    books.apply(batch(clear(14, flags=SNAPSHOT), level("B", 50, 1, 14, flags=SNAPSHOT | LAST)))
    assert books[0].is_proven
    assert books[0].bids["price"].tolist() == [99]


def test_gap_of_a_venue_without_ids_lasts_until_the_next_snapshot():
    venue = WindowVenue(Random(1), 5)
    books = windowed(venue, 5)
    books.apply(control(kinds.GAP))
    for _ in range(5):
        if records := venue.transaction():
            books.apply(batch(*records))
        assert books[0].doubts == ["gap"]
    books.apply(batch(*venue.snapshot()))
    assert books[0].is_proven


def deep(levels=40):
    made = L2Books.create(1, capacity=64, depth=4)
    pieces = [level("B", 2 * price, 1, 1, flags=SNAPSHOT) for price in range(levels)]
    made.apply(batch(*pieces, level("A", 900, 1, 1, flags=SNAPSHOT | LAST)))
    return made


def change(books, *changes):
    known = books[0].change_id
    records = [level("B", price, size, known + 1, known) for price, size in changes]
    records[-1]["flags"] = LAST
    books.apply(batch(*records))


def test_deleted_level_leaves_a_gap_that_its_return_fills():
    books = deep()
    change(books, (20, 0))
    assert (books[0].word(lay.B_BIDS), books[0].word(lay.B_GAPS)) == (40, 1)
    assert 20 not in books[0].bids["price"]
    change(books, (20, 9))
    assert (books[0].word(lay.B_BIDS), books[0].word(lay.B_GAPS)) == (40, 0)
    assert books[0].is_proven


def test_best_level_is_never_a_gap():
    books = deep()
    change(books, (76, 0), (74, 0))
    assert books[0].word(lay.B_GAPS) == 2
    change(books, (78, 0))
    assert (books[0].word(lay.B_BIDS), books[0].word(lay.B_GAPS)) == (37, 0)
    assert books[0].best().bid_price == 72


def test_gaps_are_closed_up_when_they_are_many():
    books = deep()
    for price in range(0, 60, 2):
        change(books, (price, 0))
        assert books[0].word(lay.B_GAPS) <= 8 + books[0].word(lay.B_BIDS) // 2
    assert books[0].bids["price"].tolist() == list(range(78, 58, -2))


def test_gaps_are_closed_up_before_a_level_is_evicted():
    books = deep(64)
    change(books, (20, 0), (30, 0), (40, 0))
    change(books, (1, 1), (3, 1), (5, 1))
    assert not books[0].is_truncated
    assert len(books[0].bids) == 64


def test_book_that_comes_into_doubt_has_no_gaps():
    books = deep()
    change(books, (20, 0), (30, 0))
    books.apply(level("B", 5, 1, 99, 98, flags=LAST))
    assert books[0].doubts == ["chain_break"]
    assert (books[0].word(lay.B_BIDS), books[0].word(lay.B_GAPS)) == (39, 0)


def test_snapshot_of_the_same_id_is_compared_with_what_is_alive():
    books = deep()
    change(books, (20, 0), (30, 0))
    pieces = [level("B", *entry, 2, flags=SNAPSHOT) for entry in sides(books[0])[0]]
    books.apply(batch(*pieces, level("A", 900, 1, 2, flags=SNAPSHOT | LAST)))
    assert books[0].is_proven
    assert books.counters()["snapshots_verified"] == 1
