"""Checksums of books: against a plain twin, and against what the venues sent."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.books.captured import kraken_messages, okx_messages
from tests.unit.books.naive_book import batch, clear, control, level
from tests.unit.books.naive_checksum import naive_checksum
from zerofeed.base.status import MALFORMED, MISMATCH, NOT_READY, OK
from zerofeed.books import _checksum_kernels as kernels
from zerofeed.books import layout as lay
from zerofeed.books.checksums import (
    CHECKSUM_BITFINEX,
    CHECKSUM_KRAKEN,
    CHECKSUM_NONE,
    CHECKSUM_OKX,
)
from zerofeed.books.l2 import L2Books
from zerofeed.records import kinds
from zerofeed.records.dtypes import RECORD
from zerofeed.records.flags import LAST, MAYBE_BAD_BOOK, SNAPSHOT
from zerofeed.records.units import UNDEF

RULES = [CHECKSUM_KRAKEN, CHECKSUM_OKX, CHECKSUM_BITFINEX]

prices = st.integers(1, 10**9)
sizes = st.one_of(st.integers(1, 2**63 - 1), st.integers(1, 10**6))
sides = st.dictionaries(prices, sizes, max_size=40)


def filled(bids, asks, change_id=UNDEF, **options):
    """Make a store whose first book is proven with these levels."""
    books = L2Books.create(2, capacity=64, **options)
    pieces = [clear(change_id, flags=SNAPSHOT)]
    pieces += [level("B", *entry, change_id, flags=SNAPSHOT) for entry in bids]
    pieces += [level("A", *entry, change_id, flags=SNAPSHOT) for entry in asks]
    pieces[-1]["flags"] |= LAST
    books.apply(batch(*pieces))
    return books


def check(books, rule, expected):
    return books.check(0, rule, expected, price_exponent=-1, size_exponent=-8)


def correct(books, rule):
    return books.checksum(0, rule, price_exponent=-1, size_exponent=-8)


@pytest.mark.slow
@given(bids=sides, asks=sides, exponents=st.tuples(*[st.integers(-18, -1)] * 2))
@pytest.mark.parametrize("rule", RULES)
def test_checksum_is_that_of_the_text_that_the_venue_hashes(rule, bids, asks, exponents):
    books = filled(bids.items(), asks.items(), rules=lay.RULE_ALLOW_CROSSED)
    best_bids = sorted(bids.items(), reverse=True)
    expected = naive_checksum(best_bids, sorted(asks.items()), rule, *exponents)
    found = books.checksum(0, rule, price_exponent=exponents[0], size_exponent=exponents[1])
    assert found == expected


def test_deleted_levels_of_a_book_in_doubt_are_left_out():
    books = filled([(10, 1), (9, 2)], [(11, 3)], 5)
    before = correct(filled([(9, 2)], [(11, 3)]), CHECKSUM_OKX)
    books.apply(level("B", 8, 4, 9, 8, flags=LAST))
    assert books[0].doubts == ["chain_break"]
    books.apply(batch(level("B", 10, 0, 10, 9), level("B", 8, 0, 10, 9, flags=LAST)))
    assert correct(books, CHECKSUM_OKX) == before


@pytest.mark.parametrize("rule", RULES)
def test_right_checksum_is_counted_and_changes_nothing(rule):
    books = filled([(10, 1), (9, 2)], [(11, 3)])
    head = books.words[32:].copy()
    assert check(books, rule, correct(books, rule)) == OK
    assert books.counters()["checksums_matched"] == 1
    assert (books.words[32:] == head).all()


@pytest.mark.parametrize("rule", RULES)
def test_wrong_checksum_is_a_doubt_until_the_next_snapshot(rule):
    books = filled([(10, 1), (9, 2)], [(11, 3)], 50)
    right = correct(books, rule)
    assert check(books, rule, right ^ 1) == MISMATCH
    assert books[0].doubts == ["checksum"]
    assert books.counters()["checksums_mismatched"] == 1
    assert books[0].word(lay.B_DIRTY) == 1
    books.apply(batch(clear(49, flags=SNAPSHOT), level("B", 1, 1, 49, flags=SNAPSHOT | LAST)))
    assert books[0].doubts == ["checksum"], "an older snapshot proves nothing"
    books.apply(batch(clear(51, flags=SNAPSHOT), level("B", 1, 1, 51, flags=SNAPSHOT | LAST)))
    assert books[0].is_proven


def test_book_of_a_venue_without_ids_is_healed_by_any_snapshot():
    books = filled([(10, 1)], [(11, 3)])
    check(books, CHECKSUM_KRAKEN, 0)
    books.apply(level("B", 9, 1, UNDEF, flags=LAST))
    assert books[0].doubts == ["checksum"]
    books.apply(batch(clear(UNDEF, flags=SNAPSHOT), level("B", 1, 1, UNDEF, flags=SNAPSHOT | LAST)))
    assert books[0].is_proven
    assert books[0].best() == (1, 1, UNDEF, UNDEF)


def test_book_that_waits_for_a_snapshot_is_not_compared():
    books = filled([(10, 1)], [(11, 3)])
    assert check(books, CHECKSUM_KRAKEN, 0) == MISMATCH
    assert check(books, CHECKSUM_KRAKEN, 0) == NOT_READY
    assert books.check(1, CHECKSUM_KRAKEN, 0, price_exponent=0, size_exponent=0) == NOT_READY
    assert books.counters()["checksums_mismatched"] == 1


def test_book_behind_a_gap_is_compared():
    books = filled([(10, 1)], [(11, 3)], 50)
    books.apply(control(kinds.GAP))
    assert books[0].doubts == ["gap"]
    assert check(books, CHECKSUM_KRAKEN, 0) == MISMATCH
    assert books[0].doubts == ["gap", "checksum"]


def test_book_inside_a_transaction_is_not_compared():
    books = filled([(10, 1)], [(11, 3)], 50)
    books.apply(level("B", 9, 1, 51, 50))
    assert check(books, CHECKSUM_KRAKEN, 0) == NOT_READY


def test_side_that_lost_what_the_venue_looks_at_is_not_compared():
    books = L2Books.create(1, capacity=16, depth=4)
    pieces = [level("B", 100 + i, 1, 5, flags=SNAPSHOT) for i in range(17)]
    books.apply(batch(*pieces, level("A", 200, 1, 5, flags=SNAPSHOT | LAST)))
    assert books[0].is_proven
    assert books[0].is_truncated
    assert check(books, CHECKSUM_OKX, 1) == NOT_READY
    assert check(books, CHECKSUM_KRAKEN, correct(books, CHECKSUM_KRAKEN)) == OK


@pytest.mark.parametrize(("rule", "expected"), [(CHECKSUM_OKX, 0), (CHECKSUM_KRAKEN, UNDEF)])
def test_absent_checksum_is_not_compared(rule, expected):
    books = filled([(10, 1)], [(11, 3)])
    assert check(books, rule, expected) == NOT_READY
    assert books[0].is_proven


@pytest.mark.parametrize(("instrument", "rule", "exponents"), [
    (-1, CHECKSUM_KRAKEN, (0, 0)), (2, CHECKSUM_KRAKEN, (0, 0)), (0, CHECKSUM_NONE, (0, 0)),
    (0, 9, (0, 0)), (0, CHECKSUM_OKX, (-19, 0)), (0, CHECKSUM_OKX, (0, 19)),
])  # fmt: skip
def test_impossible_checksum_is_refused(instrument, rule, exponents):
    books = filled([(10, 1)], [(11, 3)]).words
    assert kernels.checksum(books, instrument, rule, *exponents) == UNDEF
    assert kernels.check(books, instrument, rule, 1, *exponents) == MALFORMED


def test_only_levels_and_quotes_of_the_instrument_are_flagged():
    records = np.zeros(6, dtype=RECORD)
    records[:] = batch(
        level("B", 1, 1, 1), level("B", 1, 1, 1, instrument=1), level("A", 1, 1, 1, flags=LAST),
        control(kinds.BBO), control(kinds.TRADE), control(kinds.BBO),
    )  # fmt: skip
    assert kernels.flag_doubtful(records, 0, 5, 0) == 3
    marked = MAYBE_BAD_BOOK
    assert records["flags"].tolist() == [marked, 0, LAST | marked, marked, 0, 0]


def replay(messages, rule, window=0):
    """Apply what a venue sent; give (matched, other outcomes, books, lost levels)."""
    books = L2Books.create(16, capacity=1024)
    outcomes = []
    for instrument, records, expected, exponents in messages:
        if window:
            books.set_window(instrument, window)
        books.apply(records)
        if expected is not None:
            outcomes.append(
                books.check(
                    instrument, rule, expected,
                    price_exponent=exponents[0], size_exponent=exponents[1],
                )
            )  # fmt: skip
    return outcomes, books


def test_every_checksum_that_kraken_sent_is_right(captures):
    outcomes, books = replay(kraken_messages(captures), CHECKSUM_KRAKEN, 1000)
    assert outcomes == [OK] * 2551
    assert books.counters()["checksums_matched"] == 2551
    assert [books[index].is_proven for index in range(10)] == [True] * 10


def test_every_checksum_that_okx_sent_is_right(captures):
    outcomes, books = replay(okx_messages(captures), CHECKSUM_OKX)
    assert outcomes == [OK] * 169
    assert books.next_doubtful() == -1


def test_lost_update_of_kraken_is_seen_by_its_checksums(captures):
    messages = list(kraken_messages(captures))
    last = {}
    lost = 0
    for index, (instrument, _, expected, _) in enumerate(messages):
        if expected not in {None, last.setdefault(instrument, expected)}:
            lost = index  # the first that changes what the checksum is about
            break
    outcomes, books = replay(messages[:lost] + messages[lost + 1 :], CHECKSUM_KRAKEN, 1000)
    assert outcomes.count(MISMATCH) == 1
    assert books[messages[lost][0]].doubts == ["checksum"]
    assert np.count_nonzero([books.doubts(index) for index in range(10)]) == 1
