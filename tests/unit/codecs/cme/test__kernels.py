"""Lies about lengths and counts are found when a message is opened; numbers and transactions are followed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zerofeed.codecs.cme._layout as c
from tests.unit.codecs.cme.bench import Bench
from tests.unit.codecs.cme.venue import any_messages, book, definition, entry, message
from zerofeed.base.status import MALFORMED, OK, TRUNCATED, UNKNOWN_SCHEMA, UNKNOWN_TEMPLATE
from zerofeed.codecs.cme._kernels import (
    instrument_words,
    is_implied_row,
    is_of_loop,
    note_level,
    row_of,
    track,
)

__all__: list[str] = []

ORDER = {"OrderID": 5, "ReferenceID": 1, "MDDisplayQty": 2}
GOOD = book(entry(100, 1, 1), entry(99, 2, 2), orders=[ORDER])
BLOCK = 11


def changed(at: int, value: int, size: int = 1, raw: bytes = GOOD) -> bytes:
    return raw[:at] + value.to_bytes(size, "little") + raw[at + size :]


def test_a_message_is_opened_with_its_groups() -> None:
    bench = Bench()
    assert bench.open(GOOD) == OK
    s = bench.scratch
    assert (s[c.C_ROOT], s[c.C_GROUP], s[c.C_LENGTH], s[c.C_COUNT]) == (10, 24, 32, 2)
    assert (s[c.C_SECOND], s[c.C_SECOND_LENGTH], s[c.C_SECOND_COUNT]) == (24 + 64 + 8, 24, 1)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (changed(2, BLOCK - 3, 2), MALFORMED),
        (changed(2, 60_000, 2), TRUNCATED),
        (changed(21, 26, 2), MALFORMED),
        (changed(21, 60_000, 2), TRUNCATED),
        (changed(23, 255), TRUNCATED),
        (changed(24 + 64, 21, 2), MALFORMED),
        (changed(24 + 64 + 7, 255), TRUNCATED),
        (changed(6, 2, 2), UNKNOWN_SCHEMA),
        (changed(4, 45, 2), UNKNOWN_TEMPLATE),
        (changed(4, 60_000, 2), UNKNOWN_TEMPLATE),
        *((GOOD[:cut], TRUNCATED) for cut in (0, 9, 10, 20, 22, 24, 60, 88, 95, 96, 119)),
    ],
)
def test_lies_and_cut_tails_are_refused(raw: bytes, status: int) -> None:
    found = Bench().open(raw)
    assert found == status or (found == TRUNCATED and status == MALFORMED)


def test_a_longer_block_of_a_newer_version_is_stepped_over() -> None:
    raw = bytearray(GOOD)
    raw[10 + BLOCK : 10 + BLOCK] = b"\xff" * 5
    raw[2:4] = (BLOCK + 5).to_bytes(2, "little")
    raw[8:10] = (14).to_bytes(2, "little")
    bench = Bench()
    assert bench.open(bytes(raw)) == OK
    assert (bench.scratch[c.C_GROUP], bench.scratch[c.C_COUNT]) == (29, 2)


def test_the_second_group_is_absent_before_its_version() -> None:
    raw = message("MDIncrementalRefreshBook32", version=6, NoMDEntries=[entry(1, 1, 1)])
    bench = Bench()
    assert bench.open(raw) == OK
    assert bench.scratch[c.C_SECOND_COUNT] == 0


MESSAGES = any_messages()


@settings(max_examples=150)
@given(
    st.sampled_from(MESSAGES),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4),
    st.integers(0, 400),
)
def test_what_is_opened_lies_inside_of_the_message(
    raw: bytes, changes: list[tuple[int, int]], cut: int
) -> None:
    lied = bytearray(raw)
    for at, value in changes:
        lied[at % len(lied)] = value
    del lied[max(1, len(lied) - cut) :]
    bench = Bench()
    if bench.open(bytes(lied)) != OK:
        return
    s = bench.scratch
    assert s[c.C_GROUP] + s[c.C_COUNT] * s[c.C_LENGTH] <= len(lied)
    if s[c.C_SECOND_COUNT]:
        assert s[c.C_SECOND] + s[c.C_SECOND_COUNT] * s[c.C_SECOND_LENGTH] <= len(lied)


def test_feeds_that_go_round_are_known_by_their_first_message() -> None:
    bench = Bench()
    looping = message("SnapshotFullRefresh52")
    all_of_them = definition(TotNumReports=5)
    for raw, told in (
        (looping, True),
        (all_of_them, True),
        (definition(), False),
        (GOOD, False),
        (b"", False),
    ):
        assert is_of_loop(np.frombuffer(raw or b"\0", np.uint8), 0, len(raw), bench.scratch) is told


def test_a_book_s_chain_breaks_where_a_number_of_the_instrument_is_missing() -> None:
    bench = Bench()
    row = row_of(7, 1, bench.words, bench.lookup, bench.state, bench.own_at)
    at = instrument_words(bench.own_at, row)

    def previous(label: int, rpt: int) -> int:
        track(bench.state, at, rpt)
        told = note_level(bench.state, bench.own_at, row, row, 0, label, 0)
        bench.state[at + c.I_OPEN] = 0
        return told

    assert previous(10, 5) == 9, "nothing is known of what was before"
    assert previous(12, 6) == 10
    track(bench.state, at, 7)
    assert previous(15, 8) == 12, "a trade had the number between"
    assert previous(18, 10) == 17
    assert previous(20, 11) == 18
    assert previous(19, 11) == 18, "a packet from before a snapshot that is ahead"


def test_a_new_life_of_the_channel_forgets_an_instrument_s_numbers() -> None:
    bench = Bench()
    row = row_of(7, 1, bench.words, bench.lookup, bench.state, bench.own_at)
    at = instrument_words(bench.own_at, row)
    track(bench.state, at, 5)
    assert row_of(7, 2, bench.words, bench.lookup, bench.state, bench.own_at) == row
    assert bench.state[at + c.I_RPT] == 0


def test_a_transaction_for_which_the_list_has_no_room_ends_at_once() -> None:
    bench = Bench(200)
    told = []
    for key in range(1, c.MOST_OPEN + 2):
        row = row_of(key, 1, bench.words, bench.lookup, bench.state, bench.own_at)
        told.append(note_level(bench.state, bench.own_at, row, row, 0, 10, 0))
    assert told[:-1] == [9] * c.MOST_OPEN
    assert told[-1] == ~9
    assert bench.state[bench.own_at] == c.MOST_OPEN


@pytest.mark.parametrize("key", [1, -1, 2**31 - 1, -(2**31)])
def test_an_implied_book_has_a_key_of_its_own(key: int) -> None:
    bench = Bench()
    rows = [
        row_of(each, 1, bench.words, bench.lookup, bench.state, bench.own_at)
        for each in (key, key ^ c.IMPLIED_BITS)
    ]
    assert rows == [1, 2]
    assert [is_implied_row(bench.words, row) for row in rows] == [False, True]
