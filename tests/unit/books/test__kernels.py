"""The book stage as a whole: against its slow twin, and against a venue that knows the truth."""

import os
import signal
import subprocess
import sys
import warnings
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.books.naive_book import NaiveBook, batch, clear, control, level, naive_apply
from tests.unit.books.venue import Venue, deliver
from zerofeed.base.status import BUFFER_FULL, MALFORMED, OK
from zerofeed.books import _kernels
from zerofeed.books import layout as lay
from zerofeed.books.l2 import L2Books
from zerofeed.records import kinds
from zerofeed.records.dtypes import RECORD
from zerofeed.records.flags import LAST, MAYBE_BAD_BOOK, SNAPSHOT, TOB
from zerofeed.records.units import UNDEF

CAPACITY, DEPTH = 8, 4

randoms = st.integers(0, 2**32 - 1).map(Random)

SNAPSHOT_OF_THREE = (
    clear(10, flags=SNAPSHOT),
    level("B", 100, 5, 10, flags=SNAPSHOT),
    level("A", 103, 7, 10, flags=SNAPSHOT),
    level("A", 102, 6, 10, flags=SNAPSHOT | LAST),
)


def proven(**options):
    books = L2Books.create(2, **options)
    books.apply(batch(*SNAPSHOT_OF_THREE))
    assert books[0].is_proven
    return books


def sides(book):
    return ([row.item() for row in book.bids], [row.item() for row in book.asks])


def test_snapshot_proves_the_book_and_reports_its_best():
    books = L2Books.create(1)
    out = books.apply(batch(*SNAPSHOT_OF_THREE))
    assert len(out) == 1
    assert out["kind"][0] == kinds.BBO
    assert out["flags"][0] == LAST | TOB
    assert (out["ts_event_ns"][0], out["ts_recv_ns"][0], out["seq"][0]) == (1, 2, 0)
    assert books[0].best() == (100, 5, 102, 6)
    assert books[0].change_id == 10
    assert not books[0].doubts


def test_bbo_comes_at_the_end_of_a_transaction_only():
    books = proven()
    assert len(books.apply(level("B", 101, 1, 11, 10))) == 0
    out = books.apply(level("A", 102, 0, 11, 10, flags=LAST))
    assert out[["bid_price", "ask_price"]].tolist() == [(101, 103)]


def test_empty_side_is_undefined_in_the_bbo():
    books = proven()
    out = books.apply(level("B", 100, 0, 11, 10, flags=LAST))
    assert (out["bid_price"][0], out["bid_size"][0]) == (UNDEF, UNDEF)
    assert out["ask_price"][0] == 102


def test_change_before_any_snapshot_is_kept_in_doubt_and_flagged():
    books = L2Books.create(1)
    record = level("B", 100, 1, 11, 10, flags=LAST)
    out = books.apply(record)
    assert out["flags"][0] == LAST | TOB | MAYBE_BAD_BOOK
    assert record["flags"][0] == LAST | MAYBE_BAD_BOOK
    assert books[0].doubts == ["no_snapshot"]


def test_missing_change_breaks_the_chain():
    books = proven()
    out = books.apply(level("B", 101, 1, 13, 12, flags=LAST))
    assert books[0].doubts == ["chain_break"]
    assert out["flags"][0] & MAYBE_BAD_BOOK
    assert books.counters()["chain_breaks"] == 1


def test_lost_end_of_a_transaction_breaks_the_chain():
    books = proven()
    books.apply(level("B", 101, 1, 11, 10))
    books.apply(level("B", 99, 1, 12, 11, flags=LAST))
    assert books[0].doubts == ["chain_break"]


def test_change_that_was_seen_before_is_skipped():
    books = proven()
    books.apply(level("B", 101, 1, 11, 10, flags=LAST))
    assert len(books.apply(level("B", 101, 9, 11, 10, flags=LAST))) == 0
    assert books[0].best().bid_size == 1
    assert books.counters()["stale_transactions"] == 1


def test_change_that_straddles_the_snapshot_links():
    books = proven()
    assert len(books.apply(level("B", 101, 1, 12, 8, flags=LAST))) == 1
    assert books[0].is_proven


def test_change_without_levels_moves_the_change_id_on():
    books = proven()
    record = level("N", UNDEF, UNDEF, 11, 10, action="N", flags=LAST)
    assert len(books.apply(record)) == 1
    assert books[0].change_id == 11
    assert books[0].is_proven


def test_change_ids_may_restart_when_the_link_holds():
    books = proven()
    books.apply(level("B", 101, 1, 3, 10, flags=LAST))
    books.apply(level("B", 101, 2, 4, 3, flags=LAST))
    assert books[0].is_proven
    assert books[0].best().bid_size == 2


def test_venue_without_a_chain_is_believed():
    books = L2Books.create(1)
    books.apply(batch(clear(UNDEF, flags=SNAPSHOT), level("B", 9, 1, UNDEF, flags=SNAPSHOT | LAST)))
    books.apply(level("A", 11, 1, UNDEF, flags=LAST))
    assert books[0].is_proven
    assert books[0].best() == (9, 1, 11, 1)


@pytest.mark.parametrize(("bid", "rules", "doubts"), [
    (102, 0, ["crossed"]), (103, 0, ["crossed"]), (101, 0, []),
    (102, lay.RULE_ALLOW_LOCKED, []), (103, lay.RULE_ALLOW_LOCKED, ["crossed"]),
    (103, lay.RULE_ALLOW_CROSSED, []),
])  # fmt: skip
def test_crossed_book_is_in_doubt_unless_the_venue_allows_it(bid, rules, doubts):
    books = proven(rules=rules)
    books.apply(level("B", bid, 1, 11, 10, flags=LAST))
    assert books[0].doubts == doubts


def test_book_crossed_only_inside_a_transaction_is_not_in_doubt():
    books = proven()
    books.apply(batch(level("B", 102, 1, 11, 10), level("A", 102, 0, 11, 10, flags=LAST)))
    assert books[0].is_proven


@pytest.mark.parametrize("rules", [0, lay.RULE_KNOWN_DELETE])
def test_deleting_an_unknown_level_is_a_doubt_where_the_rules_say_so(rules):
    books = proven(rules=rules)
    books.apply(level("B", 50, 0, 11, 10, action="C", flags=LAST))
    assert books[0].is_proven == (rules == 0)
    assert books.counters()["unknown_levels"] == 1


@pytest.mark.parametrize("rules", [0, lay.RULE_KNOWN_MODIFY])
def test_changing_an_unknown_level_is_a_doubt_where_the_rules_say_so(rules):
    books = proven(rules=rules)
    books.apply(level("B", 50, 3, 11, 10, action="M", flags=LAST))
    assert books[0].is_proven == (rules == 0)
    assert (50, 3) in sides(books[0])[0]


@pytest.mark.parametrize("bad", [
    level("N", 5, 1, 11, 10, flags=LAST), level("B", UNDEF, 1, 11, 10, flags=LAST),
    level("B", 5, -3, 11, 10, flags=LAST), level("B", 5, UNDEF, 11, 10, flags=LAST),
])  # fmt: skip
def test_level_without_side_price_or_size_is_a_doubt(bad):
    books = proven()
    books.apply(bad.copy())
    assert books[0].doubts == ["bad_level"]
    assert books.counters()["malformed_levels"] == 1


def test_negative_prices_are_prices():
    books = L2Books.create(1)
    books.apply(batch(
        clear(1, flags=SNAPSHOT), level("B", -7, 1, 1, flags=SNAPSHOT),
        level("A", -5, 1, 1, flags=SNAPSHOT | LAST),
    ))  # fmt: skip
    assert books[0].is_proven
    assert books[0].best() == (-7, 1, -5, 1)


def test_overflow_evicts_the_worst_level_and_says_so():
    books = proven(capacity=8, depth=4)
    for index in range(9):
        books.apply(level("A", 200 - index, 1, 11 + index, 10 + index, flags=LAST))
    assert [price for price, _ in sides(books[0])[1]] == [102, 103, *range(192, 198)]
    assert books[0].is_truncated
    assert books[0].is_proven
    assert books.counters()["evicted_levels"] == 3


def test_level_behind_the_horizon_is_refused_because_its_neighbours_are_unknown():
    books = proven(capacity=8, depth=4)
    prices = range(110, 117)
    for index, price in enumerate(prices):
        books.apply(level("A", price, 1, 11 + index, 10 + index, flags=LAST))
    books.apply(level("A", 102, 0, 18, 17, flags=LAST))
    books.apply(level("A", 300, 1, 19, 18, flags=LAST))
    assert 300 not in [price for price, _ in sides(books[0])[1]]
    assert books.counters()["refused_levels"] == 2


def test_truncated_side_below_the_published_depth_is_a_doubt():
    books = proven(capacity=8, depth=4)
    change = 10
    for price in range(110, 118):
        books.apply(level("A", price, 1, change + 1, change, flags=LAST))
        change += 1
    for count, price in enumerate([102, 103, 110, 111, 112], start=1):
        books.apply(level("A", price, 0, change + 1, change, action="C", flags=LAST))
        change += 1
        assert books[0].is_proven == (8 - count >= 4)
    assert books[0].doubts == ["depleted"]


def test_gap_makes_a_book_suspect_until_the_next_link():
    books = proven()
    books.apply(control(kinds.GAP, channel=3))
    assert books[0].doubts == ["gap"]
    out = books.apply(level("B", 101, 1, 11, 10, flags=LAST))
    assert out["flags"][0] == LAST | TOB
    assert books[0].is_proven


def test_unknown_instrument_is_counted_and_flagged():
    books = proven()
    record = level("B", 101, 1, 11, 10, flags=LAST, instrument=9)
    assert len(books.apply(record)) == 0
    assert record["flags"][0] == LAST | MAYBE_BAD_BOOK
    assert books.counters()["unknown_instruments"] == 1


def test_no_room_for_the_bbo_records_refuses_the_whole_batch():
    books = proven()
    room = np.zeros(3, dtype=RECORD)
    room[0] = level("B", 101, 1, 11, 10, flags=LAST)[0]
    room[1] = level("B", 102, 1, 12, 11, flags=LAST)[0]
    before = books.words.copy()
    assert _kernels.apply(books.words, room, 0, 2, 2, 3) == BUFFER_FULL
    assert np.array_equal(books.words, before)
    assert _kernels.apply(books.words, room, 0, 1, 2, 3) == 1


def test_store_of_another_layout_is_refused():
    words = np.zeros(100, dtype=np.int64)
    room = np.zeros(2, dtype=RECORD)
    assert _kernels.apply(words, room, 0, 1, 1, 2) == MALFORMED
    assert _kernels.recover(words) == MALFORMED


def test_initialize_refuses_what_cannot_work():
    words = np.zeros(lay.store_words(2, 8), dtype=np.int64)
    assert _kernels.initialize(words, 3, 8, 0, 4) == BUFFER_FULL
    assert _kernels.initialize(words, 2, 7, 0, 4) == MALFORMED
    assert _kernels.initialize(words, 2, 8, 0, 9) == MALFORMED
    assert _kernels.initialize(words, 2, 8, 0, 4) == OK


def test_bind_channels_refuses_a_book_that_is_not_there():
    books = proven()
    assert _kernels.bind_channels(books.words, 2, 1, 1) == MALFORMED


IDS = st.sampled_from([UNDEF, *range(8)])

wild_records = st.one_of(
    st.builds(
        lambda side, price, size, ids, action, flags, which: level(
            side, price, size, *ids, action=action, flags=flags, instrument=which
        ),
        st.sampled_from("BBBAAAN"),
        st.sampled_from([UNDEF, *range(14), *range(14)]),
        st.sampled_from([0, 0, 1, 2, 3, 3, -1]),
        st.tuples(IDS, IDS),
        st.sampled_from("AMCMN"),
        st.sampled_from([0, 0, LAST, LAST, SNAPSHOT, SNAPSHOT | LAST]),
        st.integers(0, 1),
    ),
    st.builds(
        lambda ids, flags, side: clear(*ids, flags=flags, side=side),
        st.tuples(IDS, IDS),
        st.sampled_from([0, SNAPSHOT, SNAPSHOT, SNAPSHOT | LAST]),
        st.sampled_from("NNNBA"),
    ),
    st.sampled_from([control(kinds.GAP), control(kinds.RESET), control(kinds.TRADE)]),
)


def compare(books, naive, records, state, rules):
    expected_records = records.copy()
    expected = naive_apply(naive, expected_records, state, rules)
    out = books.apply(records)
    got = [
        (
            int(r["instrument"]),
            (int(r["bid_price"]), int(r["bid_size"]), int(r["ask_price"]), int(r["ask_size"])),
            bool(r["flags"] & MAYBE_BAD_BOOK),
        )
        for r in out
    ]
    assert got == expected
    assert records["flags"].tolist() == expected_records["flags"].tolist()
    for instrument, book in enumerate(naive):
        mine = books[instrument]
        assert sides(mine) == (book.live("B"), book.live("A"))
        assert mine.doubts == lay.doubt_names(book.doubts)
        assert mine.change_id == book.change_id
        assert mine.word(lay.B_BASE_ID) == book.base
        assert mine.word(lay.B_BUSY) == 0


@pytest.mark.slow
@given(
    st.lists(st.lists(wild_records, max_size=12), max_size=8),
    st.integers(0, 127),
)
def test_any_records_do_what_the_slow_twin_does(batches, rules):
    books = L2Books.create(2, capacity=CAPACITY, depth=DEPTH, rules=rules)
    naive = [NaiveBook(CAPACITY, DEPTH, rules) for _ in range(2)]
    state = {}
    for records in batches:
        compare(books, naive, batch(*records).copy(), state, rules)


@pytest.mark.slow
@given(randoms, st.booleans(), st.booleans(), st.integers(0, 127))
def test_plausible_records_do_what_the_slow_twin_does(random, losses, repeats, rules):
    venues = [Venue(random, instrument=0), Venue(random, instrument=1)]
    stream = []
    for venue in venues:
        changes, snapshots = story(random, venue, 25)
        stream.append(deliver(random, changes, snapshots, losses=losses, repeats=repeats))
    merged = deliver(random, [stream[0]], [stream[1]], losses=False, repeats=False)
    books = L2Books.create(2, capacity=CAPACITY, depth=DEPTH, rules=rules)
    naive = [NaiveBook(CAPACITY, DEPTH, rules) for _ in range(2)]
    state = {}
    while merged:
        size = random.randint(1, 20)
        compare(books, naive, batch(*merged[:size]), state, rules)
        del merged[:size]


def story(random, venue, length):
    """Let a venue run; snapshots are of the present, and come after the change they are of."""
    changes, snapshots = [], []
    for _ in range(length):
        changes.append(venue.transaction())
        if random.random() < 0.3:
            snapshots.append(venue.snapshot())
    return changes, snapshots


def check_against_truth(book, venue):
    """A proven book with no open transaction is the venue's, as far as it is not truncated."""
    if not book.is_proven or book.word(lay.B_TX) == lay.TX_APPLY:
        return 0
    for mine, whole, horizon in zip(
        sides(book), venue.truth[book.change_id], (lay.B_HORIZON, lay.B_HORIZON + 1), strict=True
    ):
        edge = book.word(horizon)
        assert mine == (whole if edge == UNDEF else whole[: len(mine)])
        if edge == UNDEF:
            continue
        assert len(mine) >= DEPTH
    return 1


@pytest.mark.slow
@given(randoms, st.booleans(), st.booleans(), st.sampled_from([5, 12]))
def test_proven_book_is_the_venues_book_whatever_is_lost_late_or_repeated(
    random, losses, repeats, prices
):
    venue = Venue(random, prices=prices)
    changes, snapshots = story(random, venue, 40)
    rules = lay.RULE_KNOWN_DELETE | lay.RULE_KNOWN_MODIFY | lay.RULE_SPANS_FRAMES
    books = L2Books.create(1, capacity=CAPACITY, depth=DEPTH, rules=rules)
    books.bind_channels(0, channel=1, snapshot_channel=2)
    for record in deliver(random, changes, snapshots, losses=losses, repeats=repeats):
        books.apply(record)
        check_against_truth(books[0], venue)
    counters = books.counters()
    assert counters["snapshots_different"] == 0
    assert counters["crossings"] == 0
    assert counters["unknown_levels"] == 0 or prices > CAPACITY or repeats


@pytest.mark.slow
@given(randoms, st.booleans())
def test_book_is_proven_in_the_end_when_a_whole_snapshot_came(random, losses):
    venue = Venue(random, prices=CAPACITY)
    changes, snapshots = story(random, venue, 30)
    books = L2Books.create(1, capacity=CAPACITY, depth=DEPTH, rules=lay.RULE_SPANS_FRAMES)
    for record in deliver(random, changes, snapshots, losses=losses, repeats=False):
        books.apply(record)
    books.apply(batch(*venue.transaction()))
    books.apply(batch(*venue.snapshot()))
    books.apply(batch(*venue.transaction()))
    assert books[0].is_proven
    assert check_against_truth(books[0], venue) == 1


@pytest.mark.slow
@given(randoms)
def test_snapshot_of_any_age_is_merged_when_no_change_after_it_is_missing(random):
    venue = Venue(random, prices=CAPACITY)
    for _ in range(10):
        venue.transaction()
    joined = venue.change_id
    changes = [venue.transaction() for _ in range(20)]
    ids = [change_id for change_id in venue.truth if change_id >= joined]
    books = L2Books.create(1, capacity=4 * CAPACITY, depth=DEPTH)
    snapshot = venue.snapshot(random.choice(ids))
    for record in deliver(random, changes, [snapshot], losses=False, repeats=True):
        books.apply(record)
    assert books[0].is_proven
    assert books[0].change_id == venue.change_id
    assert check_against_truth(books[0], venue) == 1


def test_recover_empties_the_book_a_killed_worker_was_changing():
    books = L2Books.create(2)
    for instrument in range(2):
        records = batch(*SNAPSHOT_OF_THREE)
        records["instrument"] = instrument
        books.apply(records)
    words = books.words
    words[lay.HEADER_WORDS + lay.B_BUSY] = 1
    again = L2Books(words)
    assert again.recover() == 1
    assert again[0].doubts == ["worker_died"]
    assert sides(again[0]) == ([], [])
    assert again[1].is_proven
    assert again.recover() == 0
    again.apply(batch(*SNAPSHOT_OF_THREE))
    assert again[0].is_proven


def test_worker_that_takes_over_skips_what_it_is_fed_again():
    books = proven()
    records = batch(level("B", 101, 1, 11, 10), level("B", 99, 2, 11, 10, flags=LAST))
    books.apply(records[:1])
    books.apply(records)
    before = sides(books[0])
    books.apply(records)
    assert sides(books[0]) == before == ([(101, 1), (100, 5), (99, 2)], [(102, 6), (103, 7)])
    assert books[0].is_proven


@pytest.mark.slow
@pytest.mark.compiled
def test_killed_worker_never_leaves_a_book_that_is_proven_and_wrong():
    """Kill a process at arbitrary instructions, then hold every unharmed book against the truth."""
    import mmap

    random = Random(7)
    venues = [Venue(random, prices=40, instrument=i) for i in range(3)]
    snapshots = batch(*[record for venue in venues for record in venue.snapshot()])
    changes = batch(*[r for _ in range(600) for venue in venues for r in venue.transaction()])
    size = lay.store_words(3, 64)
    harmed = 0
    for _ in range(30):
        words = np.frombuffer(mmap.mmap(-1, size * 8), dtype=np.int64)
        books = L2Books.create(3, capacity=64, words=words)
        books.apply(snapshots.copy())
        room = np.zeros(2 * len(changes), dtype=RECORD)
        room[: len(changes)] = changes
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            worker = os.fork()
        if worker == 0:
            while True:
                _kernels.apply(words, room, 0, len(changes), len(changes), len(room))
        target = random.randrange(200, 60_000)
        seen = lay.COUNTERS["transactions"], lay.COUNTERS["stale_transactions"]
        while words[seen[0]] + words[seen[1]] < target:
            pass
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)
        recovered = books.recover()
        assert recovered <= 1
        harmed += recovered
        for instrument, venue in enumerate(venues):
            book = books[instrument]
            if "worker_died" in book.doubts:
                assert sides(book) == ([], [])
            elif book.word(lay.B_TX) != lay.TX_APPLY:
                assert book.is_proven
                assert sides(book) == tuple(venue.truth[book.change_id])
    assert harmed > 0


def stream_of(seed):
    random = Random(seed)
    venue = Venue(random, prices=12)
    changes, snapshots = story(random, venue, 60)
    return batch(*deliver(random, changes, snapshots, losses=True, repeats=True))


def digest(seed):
    books = L2Books.create(1, capacity=CAPACITY, depth=DEPTH, rules=3)
    out = books.apply(stream_of(seed))
    return hash((books.words.tobytes(), out.tobytes(), books.table(5).tobytes()))


@pytest.mark.compiled
@pytest.mark.slow
def test_compiled_and_plain_give_the_same_bytes():
    program = (
        "from tests.unit.books.test__kernels import digest\n"
        "print([digest(seed) for seed in range(20)])"
    )
    compiled, plain = (
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "NUMBA_DISABLE_JIT": mode, "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for mode in "01"
    )
    assert compiled == plain != ""


@pytest.mark.compiled
def test_apply_allocates_nothing():
    from numba.core import types
    from numba.core.runtime import _nrt_python, rtsys

    assert types.int64
    books = L2Books.create(1, capacity=CAPACITY, depth=DEPTH)
    records = stream_of(3)
    room = np.zeros(2 * len(records), dtype=RECORD)
    room[: len(records)] = records
    was_on = _nrt_python.memsys_stats_enabled()
    _nrt_python.memsys_enable_stats()
    try:
        spent = []
        for count in (1, len(records)):
            before = rtsys.get_allocation_stats()
            _kernels.apply(books.words, room, 0, count, len(records), len(room))
            spent.append(rtsys.get_allocation_stats().alloc - before.alloc)
    finally:
        if not was_on:
            _nrt_python.memsys_disable_stats()
    assert spent[0] == spent[1], "what the call costs does not grow with the batch"
