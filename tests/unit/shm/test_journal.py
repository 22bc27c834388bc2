"""Killed at any store, a step is found either not begun or done, and which one is known."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.shm.plain import Killed, Stores, twin_of
from zerofeed.base.kernel import I64, int64, kernel
from zerofeed.shm import journal
from zerofeed.shm.journal import COUNT, DATA, DONE, ENTRIES, LOST, STEP, TARGET

PLAIN = twin_of(journal)
CELLS = 6
WORDS = DATA + CELLS + 1
PUBLISHED = WORDS - 1  # the ring's counter, in the same array so that its store is counted too


@kernel(int64(I64, int64, int64))
def run_step(state, step, changes):  # type: ignore[no-untyped-def]
    journal.begin(state, step)
    for change in range(changes):
        journal.add(state, DATA + change % CELLS, change + 1)
    journal.seal(state, step + 1)
    journal.finish(state, step)
    return 0


@dataclass(frozen=True)
class Step:
    """Changes of one frame: (cell, value), and how many records it publishes."""

    changes: list[tuple[int, int]]
    records: int


STEPS = st.lists(
    st.builds(
        Step,
        st.lists(st.tuples(st.integers(0, CELLS - 1), st.integers(-99, 99)), max_size=5),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=4,
)


def fresh() -> npt.NDArray[np.int64]:
    state = np.zeros(WORDS, np.int64)
    journal.prepare(state)
    return state


def work(memory: Any, steps: list[Step], first: int) -> None:
    """What a worker does: one journal step a frame, then its records, until it is killed."""
    for number in range(first, len(steps)):
        step = steps[number]
        PLAIN.begin(memory, number)
        for cell, value in step.changes:
            PLAIN.put(memory, DATA + cell, value)
        target = memory[PUBLISHED] + step.records
        PLAIN.seal(memory, target)
        if step.records:
            memory[PUBLISHED] = target
        PLAIN.finish(memory, number)


def cells_after(steps: list[Step]) -> list[list[int]]:
    """The oracle: the state after 0, 1, 2 ... steps, by plain assignment."""
    cells = [0] * CELLS
    history = [list(cells)]
    for step in steps:
        for cell, value in step.changes:
            cells[cell] = value
        history.append(list(cells))
    return history


def count_stores(steps: list[Step]) -> int:
    memory = Stores(fresh())
    work(memory, steps, 0)
    return memory.made


def live_and_die(state: npt.NDArray[np.int64], steps: list[Step], first: int, lives: int) -> None:
    try:
        work(Stores(state, lives), steps, first)
    except Killed:
        return


@settings(max_examples=15)
@given(STEPS)
def test_killed_before_any_store_a_step_is_whole_or_undone(steps: list[Step]) -> None:
    history = cells_after(steps)
    published_after = [sum(s.records for s in steps[:n]) for n in range(len(steps) + 1)]
    for lives in range(count_stores(steps) + 1):
        state = fresh()
        live_and_die(state, steps, 0, lives)
        published = int(state[PUBLISHED])
        next_step = journal.recover(state, published)
        assert state[DATA:PUBLISHED].tolist() == history[next_step]
        assert published == published_after[next_step]


@settings(max_examples=15)
@given(STEPS, st.lists(st.integers(0, 40), max_size=4))
def test_however_often_workers_are_killed_the_end_is_as_if_none_had_been(
    steps: list[Step], deaths: list[int]
) -> None:
    state = fresh()
    for lives in deaths:
        live_and_die(state, steps, journal.recover(state, int(state[PUBLISHED])), lives)
    work(state, steps, journal.recover(state, int(state[PUBLISHED])))
    assert state[DATA:PUBLISHED].tolist() == cells_after(steps)[-1]
    assert state[PUBLISHED] == sum(step.records for step in steps)
    assert state[DONE] == len(steps)


@settings(max_examples=15)
@given(STEPS, st.data())
def test_recovery_may_itself_be_killed_anywhere_and_run_again(
    steps: list[Step], data: st.DataObject
) -> None:
    state = fresh()
    live_and_die(state, steps, 0, data.draw(st.integers(0, count_stores(steps))))
    expected = state.copy()
    answer = journal.recover(expected, int(expected[PUBLISHED]))
    for lives in range(20):
        again = state.copy()
        with suppress(Killed):
            PLAIN.recover(Stores(again, lives), int(again[PUBLISHED]))
        assert journal.recover(again, int(again[PUBLISHED])) == answer
        assert again[DATA:].tolist() == expected[DATA:].tolist()


def test_compiled_and_plain_steps_leave_the_same_words() -> None:
    compiled, slow = fresh(), fresh()
    run_step(compiled, 0, 9)
    PLAIN.begin(slow, 0)
    for change in range(9):
        PLAIN.add(slow, DATA + change % CELLS, change + 1)
    PLAIN.seal(slow, 1)
    PLAIN.finish(slow, 0)
    assert compiled.tolist() == slow.tolist()


def test_words_of_the_journal_never_move() -> None:
    assert (COUNT, STEP, DONE, TARGET, LOST) == (0, 1, 2, 3, 4)
    assert DATA == 16 + 2 * ENTRIES


def test_a_fresh_journal_recovers_to_step_zero() -> None:
    assert journal.recover(fresh(), 0) == 0


@pytest.mark.parametrize("changes", [ENTRIES, ENTRIES + 3])
def test_changes_beyond_the_entries_are_made_and_counted_as_lost(changes: int) -> None:
    state = fresh()
    run_step(state, 0, changes)
    assert state[LOST] == changes - ENTRIES
    assert state[DATA : DATA + CELLS].sum() == changes * (changes + 1) // 2
