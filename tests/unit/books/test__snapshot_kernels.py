"""Snapshots: when they become the book, when they check it, when they are useless."""

import pytest

from tests.unit.books.naive_book import batch, clear, level
from zerofeed.books import layout as lay
from zerofeed.books.l2 import L2Books
from zerofeed.records.flags import LAST, MAYBE_BAD_BOOK, SNAPSHOT
from zerofeed.records.units import UNDEF


def snapshot(change_id, *levels, starts=True):
    pieces = [clear(change_id, flags=SNAPSHOT)] if starts else []
    pieces += [level(*entry, change_id, action="A", flags=SNAPSHOT) for entry in levels]
    pieces[-1]["flags"] |= LAST
    return batch(*pieces)


@pytest.fixture
def books():
    made = L2Books.create(1, capacity=8, depth=2)
    made.apply(snapshot(10, ("B", 100, 5), ("A", 102, 6)))
    return made


def test_snapshot_without_levels_proves_an_empty_book():
    books = L2Books.create(1)
    out = books.apply(snapshot(10))
    assert out["bid_price"].tolist() == [UNDEF]
    assert books[0].is_proven


def test_equal_snapshot_verifies_silently(books):
    records = snapshot(10, ("A", 102, 6), ("B", 100, 5))
    assert len(books.apply(records)) == 0
    assert books.counters()["snapshots_verified"] == 1
    assert not (records["flags"] & MAYBE_BAD_BOOK).any()


@pytest.mark.parametrize("levels", [
    [("B", 100, 5)], [("B", 100, 5), ("A", 102, 7)], [("B", 100, 5), ("A", 102, 6), ("A", 103, 1)],
])  # fmt: skip
def test_different_snapshot_of_the_same_change_is_a_doubt_until_the_next(books, levels):
    out = books.apply(snapshot(10, *levels))
    assert out["flags"][0] & MAYBE_BAD_BOOK
    assert books[0].doubts == ["snapshot_differs"]
    books.apply(snapshot(10, *levels))
    assert books[0].is_proven
    assert len(books[0].asks) == len(levels) - 1


def test_older_snapshot_of_a_proven_book_is_ignored(books):
    assert len(books.apply(snapshot(9, ("B", 1, 1)))) == 0
    assert books[0].best().bid_price == 100
    assert books.counters()["snapshots_ignored"] == 1


def test_newer_snapshot_replaces_a_proven_book(books):
    pieces = snapshot(11, ("B", 101, 1), ("A", 103, 1))
    books.apply(pieces[:2])
    assert books[0].doubts == ["no_snapshot"]
    assert books[0].is_in_snapshot
    books.apply(pieces[2:])
    assert books[0].is_proven
    assert books[0].best() == (101, 1, 103, 1)


def test_changes_already_in_a_newer_snapshot_are_skipped(books):
    books.apply(snapshot(12, ("B", 101, 1)))
    books.apply(level("B", 90, 1, 11, 10, flags=LAST))
    books.apply(level("B", 90, 1, 12, 11, flags=LAST))
    assert books[0].bids["price"].tolist() == [101]
    books.apply(level("B", 90, 1, 13, 12, flags=LAST))
    assert books[0].bids["price"].tolist() == [101, 90]
    assert books[0].is_proven


def test_change_between_the_pieces_of_a_snapshot_survives_it():
    books = L2Books.create(1)
    pieces = snapshot(10, ("B", 100, 5), ("B", 99, 5), ("A", 102, 6))
    books.apply(pieces[:2])
    books.apply(level("B", 99, 0, 11, 10, flags=LAST))
    books.apply(level("B", 100, 7, 12, 11, flags=LAST))
    books.apply(pieces[2:])
    assert books[0].is_proven
    assert books[0].change_id == 12
    assert books[0].best() == (100, 7, 102, 6)
    assert len(books[0].bids) == 1


def test_snapshot_older_than_the_break_cannot_prove(books):
    books.apply(level("B", 99, 1, 13, 12, flags=LAST))
    books.apply(snapshot(11, ("B", 1, 1)))
    assert books[0].doubts == ["chain_break"]
    books.apply(snapshot(12, ("B", 1, 1)))
    assert books[0].is_proven
    assert books[0].change_id == 13
    assert books[0].bids["price"].tolist() == [99, 1]


def test_break_while_a_snapshot_comes_in_gives_it_up(books):
    books.apply(level("B", 99, 1, 13, 12, flags=LAST))
    pieces = snapshot(13, ("B", 1, 1))
    books.apply(pieces[:1])
    books.apply(level("B", 98, 1, 15, 14, flags=LAST))
    books.apply(pieces[1:])
    assert "chain_break" in books[0].doubts
    assert books.counters()["snapshots_abandoned"] == 1


def test_snapshot_that_crosses_itself_leaves_doubt():
    books = L2Books.create(1)
    out = books.apply(snapshot(10, ("B", 103, 5), ("A", 102, 6)))
    assert books[0].doubts == ["crossed"]
    assert out["flags"][0] & MAYBE_BAD_BOOK


def test_snapshot_with_a_level_that_cannot_be_proves_nothing():
    books = L2Books.create(1)
    books.apply(snapshot(10, ("B", UNDEF, 5), ("A", 102, 6)))
    assert books[0].doubts == ["no_snapshot", "bad_level"]


def test_snapshot_without_its_beginning_is_ignored_where_the_rules_say_so():
    books = L2Books.create(1, rules=lay.RULE_CLEAR_FIRST)
    books.apply(snapshot(10, ("B", 100, 5), starts=False))
    assert books[0].doubts == ["no_snapshot"]
    books.apply(snapshot(10, ("B", 100, 5)))
    assert books[0].is_proven


@pytest.mark.parametrize("snapshot_id", [9, 10, 11, UNDEF])
@pytest.mark.parametrize("is_doubtful", [False, True])
def test_snapshot_replaces_the_book_whatever_its_id_where_the_rules_say_so(
    snapshot_id, is_doubtful
):
    books = L2Books.create(1, rules=lay.RULE_SNAPSHOT_REPLACES)
    books.apply(snapshot(10, ("B", 100, 5), ("A", 102, 6)))
    if is_doubtful:
        books.apply(level("B", 90, 1, 40, 30, flags=LAST))
        assert books[0].doubts == ["chain_break"]
    out = books.apply(snapshot(snapshot_id, ("B", 50, 1), ("A", 60, 2)))
    assert len(out) == 1
    assert books[0].is_proven
    assert books[0].best() == (50, 1, 60, 2)
    assert books[0].change_id == snapshot_id
    if snapshot_id != UNDEF:
        books.apply(level("B", 55, 3, snapshot_id + 1, snapshot_id, flags=LAST))
        assert books[0].is_proven
        assert books[0].best().bid_price == 55


def test_second_beginning_starts_over():
    books = L2Books.create(1)
    books.apply(snapshot(10, ("B", 100, 5), ("B", 99, 5))[:2])
    books.apply(snapshot(10, ("B", 99, 5)))
    assert books[0].is_proven
    assert books[0].bids["price"].tolist() == [99]
    assert books.counters()["snapshots_abandoned"] == 1


def test_records_that_build_a_snapshot_are_not_marked_bad():
    books = L2Books.create(1)
    records = snapshot(10, ("B", 100, 5), ("A", 102, 6))
    books.apply(records)
    assert not (records["flags"] & MAYBE_BAD_BOOK).any()


def test_truncated_snapshot_keeps_the_best_levels(books):
    books.apply(snapshot(20, *[("A", 200 + index, 1) for index in range(12)]))
    assert books[0].asks["price"].tolist() == list(range(200, 208))
    assert books[0].is_truncated
    assert books[0].is_proven
    books.apply(snapshot(20, *[("A", 200 + index, 1) for index in reversed(range(12))]))
    assert books.counters()["snapshots_verified"] == 1
