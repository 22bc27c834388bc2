"""The writer's instruments table: found again, full when full, and whole after a kill at any store."""

from __future__ import annotations

import itertools
import mmap
import os
import signal
import time
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.base.kernel import I64, JIT, int64, kernel
from zerofeed.base.status import BUFFER_FULL, NOT_READY, OK
from zerofeed.feed import _instrument_kernels as k
from zerofeed.feed.instruments import lookup_words, make_table
from zerofeed.records.instruments import INSTRUMENT_ROW, INSTRUMENT_ROW_BYTES
from zerofeed.records.units import UNDEF


@kernel(int64(I64, I64, int64))
def find(words, lookup, key):
    """Call an inlined function."""
    return k.find(lookup, key)


@kernel(int64(I64, int64, I64))
def define(words, row, definition):
    """Call an inlined function."""
    return k.define(words, row, definition, 0)


@kernel(int64(I64, int64, int64))
def set_state(words, row, state):
    """Call an inlined function."""
    k.set_state(words, row, state)
    return 0


@kernel(int64(I64, int64, int64))
def stamp(words, row, seq):
    """Call an inlined function."""
    k.stamp_definition(words, row, seq)
    return 0


def add(rows: Any, lookup: Any, key: int) -> int:
    return k.add_instrument(rows.view(np.int64), lookup, key, -9, -8)


def definition(fill: int) -> np.ndarray:
    words = np.full(k.ROW_WORDS, fill, np.int64)
    words[k.W_TRAITS] = fill & 0xFFFF
    return words


def test_row_words_are_where_the_dtype_says() -> None:
    columns = {
        "version": k.W_VERSION, "venue_key": k.W_VENUE_KEY, "symbol": k.W_SYMBOL, "kind": k.W_TRAITS,
        "tick_size": k.W_TICK_SIZE, "min_size": k.W_MIN_SIZE, "contract_size": k.W_CONTRACT_SIZE,
        "strike_price": k.W_STRIKE_PRICE, "expiry_ns": k.W_EXPIRY_NS, "created_ns": k.W_CREATED_NS,
        "base": k.W_BASE, "settlement": k.W_SETTLEMENT, "is_inverse": k.W_IS_INVERSE,
        "definition_seq": k.W_DEFINITION_SEQ, "channel": k.W_CHANNEL,
    }  # fmt: skip
    offsets = {name: INSTRUMENT_ROW.fields[name][1] for name in columns}
    assert offsets == {name: 8 * word for name, word in columns.items()}
    assert k.ROW_WORDS * 8 == INSTRUMENT_ROW_BYTES
    used = max(
        INSTRUMENT_ROW.fields[name][1] for name in INSTRUMENT_ROW.names if name != "revision"
    )
    assert used < 8 * k.W_REVISION < INSTRUMENT_ROW_BYTES


def test_row_0_is_the_venue_itself() -> None:
    rows, lookup = make_table(8)
    assert k.row_count(lookup) == 1
    assert (rows[0]["symbol"], rows[0]["version"] & 1) == (b"", 0)


def test_initialise_again_changes_nothing() -> None:
    rows, lookup = make_table(8)
    add(rows, lookup, 5)
    before = rows.tobytes(), lookup.tobytes()
    assert k.initialise(rows.view(np.int64), lookup) == 2
    assert (rows.tobytes(), lookup.tobytes()) == before


@pytest.mark.parametrize(("row_words", "lookup_size"), [(31, 100), (320, 8), (320, 11)])
def test_arrays_too_small_to_serve_are_refused(row_words: int, lookup_size: int) -> None:
    words, lookup = np.zeros(row_words, np.int64), np.zeros(lookup_size, np.int64)
    assert k.initialise(words, lookup) == BUFFER_FULL


def test_lookup_of_any_size_uses_a_power_of_two_of_slots() -> None:
    rows, lookup = np.zeros(300, INSTRUMENT_ROW), np.zeros(512, np.int64)
    k.initialise(rows.view(np.int64), lookup)
    assert lookup[k.MASK] == 127
    assert [add(rows, lookup, key) for key in range(64)] == list(range(1, 65))
    assert add(rows, lookup, 99) == BUFFER_FULL


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=120))
def test_each_key_has_one_row_in_the_order_of_arrival(keys: list[int]) -> None:
    rows, lookup = make_table(200)
    oracle: dict[int, int] = {}
    for key in keys:
        assert add(rows, lookup, key) == oracle.setdefault(key, len(oracle) + 1)
    assert k.row_count(lookup) == len(oracle) + 1
    for key, row in oracle.items():
        assert find(rows.view(np.int64), lookup, key) == row
        assert rows[row]["venue_key"] == key


def test_key_that_was_not_added_is_not_found() -> None:
    rows, lookup = make_table(8)
    add(rows, lookup, 5)
    assert find(rows.view(np.int64), lookup, 6) == -1


def test_new_row_is_undefined_with_its_exponents() -> None:
    rows, lookup = make_table(8)
    row = rows[add(rows, lookup, 5)]
    assert (row["price_exponent"], row["size_exponent"], row["symbol"], row["kind"]) == (
        -9,
        -8,
        b"",
        0,
    )
    assert {row[name] for name in ("tick_size", "min_size", "expiry_ns", "strike_price")} == {UNDEF}
    assert (row["definition_seq"], row["channel"]) == (-1, -1)
    assert row["version"] & 1 == 0


def test_full_table_refuses_new_keys_and_finds_old_ones() -> None:
    rows, lookup = make_table(4)
    assert [add(rows, lookup, key) for key in (10, 20, 30)] == [1, 2, 3]
    before = rows.tobytes(), lookup.tobytes()
    assert add(rows, lookup, 40) == BUFFER_FULL
    assert (rows.tobytes(), lookup.tobytes()) == before
    assert add(rows, lookup, 20) == 2


def test_table_that_was_never_initialised_refuses() -> None:
    rows, lookup = np.zeros(4, INSTRUMENT_ROW), np.zeros(lookup_words(4), np.int64)
    assert add(rows, lookup, 1) == BUFFER_FULL


def test_revision_counts_definitions_that_differ() -> None:
    rows, lookup = make_table(4)
    row = add(rows, lookup, 1)
    words = rows.view(np.int64)
    versions = [int(rows[row]["version"])]
    revisions = []
    for fill in (7, 7, 8, 8, 7):
        revisions.append(define(words, row, definition(fill)))
        versions.append(int(rows[row]["version"]))
    assert revisions == [1, 1, 2, 2, 3]
    assert [after > before for before, after in itertools.pairwise(versions)] == [
        True, False, True, False, True,
    ]  # fmt: skip


def test_definition_keeps_key_exponents_state_and_seq() -> None:
    rows, lookup = make_table(4)
    row = add(rows, lookup, 77)
    words = rows.view(np.int64)
    set_state(words, row, 3)
    stamp(words, row, 1234)
    define(words, row, definition(1))
    got = rows[row]
    assert (got["venue_key"], got["price_exponent"], got["size_exponent"]) == (77, -9, -8)
    assert (got["state"], got["definition_seq"], got["kind"], got["channel"]) == (3, 1234, 1, 1)
    assert got["version"] % 2 == 0


def test_state_and_seq_change_without_opening_the_row() -> None:
    """Nothing would repeat the definition of a row that a kill finds open then."""
    rows, lookup = make_table(4)
    row = add(rows, lookup, 1)
    words = rows.view(np.int64)
    define(words, row, definition(5))
    before = rows[row].copy()
    set_state(words, row, 0x7FFF_FFFF)
    stamp(words, row, 2**40)
    changed = [name for name in INSTRUMENT_ROW.names if rows[row][name] != before[name]]
    assert changed == ["state", "definition_seq"]


def test_copy_gives_up_on_a_row_that_stays_odd() -> None:
    rows, lookup = make_table(4)
    add(rows, lookup, 1)
    words = rows.view(np.int64)
    out = np.zeros(2 * k.ROW_WORDS, np.int64)
    assert k.copy_table(words, 0, 2, out, 10) == OK
    assert np.array_equal(out, words[: 2 * k.ROW_WORDS])
    rows[1]["version"] += 1
    assert k.copy_table(words, 0, 2, out, 10) == NOT_READY
    assert k.copy_table(words, 0, 1, out, 10) == OK


def test_recover_forgets_a_row_that_was_not_counted() -> None:
    rows, lookup = make_table(8)
    add(rows, lookup, 1)
    add(rows, lookup, 2)
    lookup[k.COUNT] = 2
    words = rows.view(np.int64)
    assert k.recover(words, lookup) == 0
    assert find(words, lookup, 2) == -1
    assert add(rows, lookup, 3) == 2
    assert add(rows, lookup, 2) == 3


def test_recover_undefines_a_row_that_was_being_written() -> None:
    rows, lookup = make_table(8)
    row = add(rows, lookup, 1)
    words = rows.view(np.int64)
    set_state(words, row, 2)
    define(words, row, definition(0x4141414141414141))
    rows[row]["version"] |= 1
    assert k.recover(words, lookup) == 1
    got = rows[row]
    assert (got["symbol"], got["kind"], got["tick_size"]) == (b"", 0, UNDEF)
    assert (got["venue_key"], got["price_exponent"], got["state"]) == (1, -9, 2)
    assert got["version"] % 2 == 0
    assert define(words, row, definition(5)) == 2
    assert k.recover(words, lookup) == 0


class KilledError(Exception):
    """Stands for SIGKILL between two stores."""


class Mortal(np.ndarray):
    """An array whose writer dies before one of its stores."""

    left: ClassVar[list[int]] = [0]

    def __setitem__(self, index: Any, value: Any) -> None:
        if self.left[0] == 0:
            raise KilledError
        self.left[0] -= 1
        super().__setitem__(index, value)


@pytest.mark.skipif(JIT, reason="stops between two stores, which needs NUMBA_DISABLE_JIT=1")
def test_kill_at_any_store_leaves_a_table_that_recovers() -> None:
    kill_at = 0
    finished = False
    while not finished:
        rows, lookup = make_table(8)
        words = rows.view(np.int64)
        add(rows, lookup, 10)
        define(words, 1, definition(3))
        Mortal.left[0] = kill_at
        mortal_words, mortal_lookup = words.view(Mortal), lookup.view(Mortal)
        is_defining = False
        try:
            set_state(mortal_words, 1, 6)
            stamp(mortal_words, 1, 60)
            is_defining = True
            k.add_instrument(mortal_words, mortal_lookup, 20, -9, -8)
            define(mortal_words, 1, definition(4))
            k.recover(mortal_words, mortal_lookup)
            finished = True
        except KilledError:
            pass
        kill_at += 1
        k.recover(words, lookup)
        count = k.row_count(lookup)
        assert count in (2, 3)
        assert not (rows["version"][:count] & 1).any()
        tick = int(rows[1]["tick_size"])
        assert tick in ((3, 4, UNDEF) if is_defining else (3,))
        assert int(rows[1]["min_size"]) == tick
        assert (add(rows, lookup, 10), add(rows, lookup, 20)) == (1, 2)
        assert (rows[2]["venue_key"], rows[2]["price_exponent"], rows[2]["version"] & 1) == (
            20,
            -9,
            0,
        )
        before = int(words[k.ROW_WORDS + k.W_REVISION])
        assert define(words, 1, definition(9)) == before + 1
    assert kill_at > 60


@kernel(int64(I64, I64, int64))
def churn(words, lookup, rounds):
    """Add a row and rewrite one, for ever as good as."""
    scratch = 0
    for turn in range(rounds):
        row = k.find_or_add(words, lookup, (turn * 7919) % 500, -9, -8)
        if row > 0:
            base = 0
            for index in range(k.ROW_WORDS):
                words[base + index] = words[base + index]
            k.set_state(words, row, turn & 0xFFFF)
            k.stamp_definition(words, row, turn)
            scratch = row
    return scratch


@pytest.mark.compiled
@pytest.mark.slow
def test_table_of_a_killed_process_recovers() -> None:
    instruments = 1_000
    size = instruments * INSTRUMENT_ROW_BYTES + 8 * lookup_words(instruments)
    for attempt in range(20):
        memory = mmap.mmap(-1, size)
        both = np.frombuffer(memory, np.int64)
        words, lookup = np.split(both, [instruments * k.ROW_WORDS])
        rows = words.view(INSTRUMENT_ROW)
        k.initialise(words, lookup)
        child = os.fork()
        if child == 0:
            churn(words, lookup, 10**12)
            os._exit(1)
        time.sleep(0.0005 * attempt)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert k.recover(words, lookup) in (0, 1)
        count = k.row_count(lookup)
        assert not (rows["version"][:count] & 1).any()
        keys = rows["venue_key"][1:count].tolist()
        assert len(set(keys)) == len(keys)
        assert [find(words, lookup, key) for key in keys] == list(range(1, count))
