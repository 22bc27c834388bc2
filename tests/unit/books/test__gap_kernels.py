"""Gaps, resets and definitions: which books they concern, and how doubt ends."""

import pytest

from tests.unit.books.naive_book import batch, clear, control, level
from zerofeed.books import layout as lay
from zerofeed.books.l2 import L2Books
from zerofeed.records import kinds
from zerofeed.records.flags import LAST, SNAPSHOT
from zerofeed.records.units import UNDEF


def snapshot(instrument, change_id=10):
    return batch(
        clear(change_id, flags=SNAPSHOT, instrument=instrument),
        level("B", 100, 5, change_id, flags=SNAPSHOT, instrument=instrument),
        level("A", 102, 6, change_id, flags=SNAPSHOT | LAST, instrument=instrument),
    )


def two_channels(rules=0):
    """Book 0 on channel 1, book 1 on channel 2, both with snapshots on channel 100."""
    books = L2Books.create(2, rules=rules)
    for instrument in range(2):
        books.bind_channels(instrument, channel=instrument + 1, snapshot_channel=100)
        books.apply(snapshot(instrument))
    return books


def test_gap_concerns_the_books_of_its_channel_only():
    books = two_channels()
    books.apply(control(kinds.GAP, channel=2))
    assert books[0].is_proven
    assert books[1].doubts == ["gap"]
    assert books.counters()["gaps"] == 1


def test_gap_of_an_unknown_channel_concerns_every_book():
    books = two_channels()
    books.apply(control(kinds.GAP, channel=UNDEF))
    assert [books[i].doubts for i in range(2)] == [["gap"], ["gap"]]


def test_book_without_channels_is_concerned_by_every_gap():
    books = L2Books.create(1)
    books.apply(snapshot(0))
    assert books.suspect(77) == 1
    assert books[0].doubts == ["gap"]


def test_snapshot_that_agrees_ends_the_suspicion():
    books = two_channels()
    books.apply(control(kinds.GAP, channel=1))
    out = books.apply(snapshot(0))
    assert books[0].is_proven
    assert len(out) == 1


def test_gap_inside_a_transaction_breaks_the_chain():
    books = two_channels()
    books.apply(level("B", 99, 1, 11, 10))
    books.apply(control(kinds.GAP, channel=1))
    books.apply(level("B", 98, 1, 11, 10, flags=LAST))
    assert "chain_break" in books[0].doubts
    books.apply(snapshot(0, 10))
    assert not books[0].is_proven
    books.apply(snapshot(0, 11))
    assert books[0].is_proven


def test_gap_of_the_snapshot_channel_gives_up_the_snapshot_coming_in():
    books = two_channels()
    pieces = snapshot(0, 20)
    books.apply(pieces[:2])
    books.apply(control(kinds.GAP, channel=100))
    books.apply(pieces[2:])
    assert books[0].doubts == ["no_snapshot"]
    assert books[1].is_proven
    books.apply(snapshot(0, 20))
    assert books[0].is_proven


def test_snapshot_whose_beginning_fell_into_the_gap_is_not_believed():
    books = two_channels()
    books.apply(control(kinds.GAP, channel=100))
    books.apply(snapshot(0, 20)[1:])
    assert books[0].change_id == 10
    assert books.counters()["snapshots_ignored"] == 1


@pytest.mark.parametrize("rules", [0, lay.RULE_SPANS_FRAMES])
def test_first_change_after_a_gap_may_be_a_fragment_where_the_rules_say_so(rules):
    books = two_channels(rules)
    books.apply(control(kinds.GAP, channel=1))
    books.apply(level("B", 99, 1, 11, 10, flags=LAST))
    assert books[0].is_proven == (rules == 0)
    books.apply(level("B", 99, 1, 11, 10, flags=LAST, instrument=1))
    assert books[1].is_proven


def test_reset_empties_the_books_of_its_channel():
    books = two_channels()
    books.apply(control(kinds.RESET, channel=1))
    assert books[0].doubts == ["no_snapshot", "reset"]
    assert len(books[0].bids) == 0
    assert books[0].change_id == UNDEF
    assert books[1].is_proven
    books.apply(snapshot(0, 3))
    assert books[0].is_proven


def test_reset_of_the_snapshot_channel_leaves_books_alone():
    books = two_channels()
    books.apply(snapshot(0, 20)[:2])
    books.apply(control(kinds.RESET, channel=100))
    books.apply(snapshot(0, 20)[2:])
    assert books[0].doubts == ["no_snapshot"]
    assert books[1].is_proven


@pytest.mark.parametrize(("action", "forgotten"), [("C", True), ("R", True), ("A", False)])
def test_definition_that_ends_an_instrument_empties_its_book(action, forgotten):
    books = two_channels()
    books.apply(control(kinds.INSTRUMENT, instrument=0, action=action))
    assert books[0].is_proven != forgotten
    assert books[1].is_proven


@pytest.mark.parametrize("loss", [kinds.GAP, kinds.RESET])
def test_first_snapshot_of_a_book_after_any_loss_must_have_its_beginning(loss):
    books = L2Books.create(3)
    books.apply(control(loss, channel=1))
    books.apply(snapshot(2)[1:])
    assert books[2].doubts == ["no_snapshot"]
    books.apply(snapshot(2))
    assert books[2].is_proven
    books.apply(snapshot(1)[1:])
    assert not books[1].is_proven


def test_gap_does_not_visit_books_that_were_never_used():
    books = L2Books.create(1000)
    books.apply(snapshot(3))
    assert books.suspect() == 4


def test_gap_inside_a_transaction_leaves_a_whole_book_that_nobody_is_changing():
    books = L2Books.create(1)
    pieces = [level("B", price, 1, 5, flags=SNAPSHOT) for price in range(1, 20)]
    books.apply(batch(*pieces, level("A", 90, 1, 5, flags=SNAPSHOT | LAST)))
    books.apply(batch(level("B", 3, 0, 6, 5), level("B", 7, 0, 6, 5)))
    books.apply(control(kinds.GAP))
    assert books[0].word(lay.B_BUSY) == 0
    assert books[0].word(lay.B_GAPS) == 0
    assert books[0].bids["price"].tolist() == [p for p in range(19, 0, -1) if p not in {3, 7}]
