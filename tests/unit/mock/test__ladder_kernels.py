"""The venue's own books stay books: sorted, never crossed, on the grid, and every change is noted."""

import functools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.mock.oracle import START_NS, small_listings
from zerofeed.base.kernel import I64, JIT, int64, kernel
from zerofeed.mock import _ladder_kernels as ladders
from zerofeed.mock._build import _random_state, build_venue, order_listings
from zerofeed.mock._market_kernels import reprice
from zerofeed.mock._state import ASK, BID, FILLS_MAX, LEVELS_MAX, NO_PRICE, VENUE_TYPE
from zerofeed.mock.instruments import Kind, default_indexes

LISTINGS = order_listings(small_listings())
ROWS = st.integers(0, len(LISTINGS) - 1)
OPEN, NUDGE, REQUOTE, SWEEP_BIDS, SWEEP_ASKS, MOVE = range(6)
STEPS = 40 if JIT else 8


@kernel(int64(VENUE_TYPE, int64, int64, int64))
def act(v, row, action, lots):  # type: ignore[no-untyped-def]
    v.change_count = 0
    v.fill_count = 0
    it = v.instruments[row]
    if action == MOVE:
        index = v.indexes[it.index]
        index.units += index.units * lots // 2000
        return 0
    reprice(v, it)
    if action == OPEN:
        ladders.open_ladders(v, it)
    elif action == NUDGE:
        ladders.nudge(v, it)
    elif action == REQUOTE:
        ladders.requote(v, it)
    elif action == SWEEP_BIDS:
        ladders.sweep(v, it, BID, lots)
    elif action == SWEEP_ASKS:
        ladders.sweep(v, it, ASK, lots)
    return v.change_count


@functools.cache
def unopened() -> Any:
    return build_venue(LISTINGS, default_indexes(), seed=0, cycle_ms=1000, delay_ms=100)


def venue(seed: int) -> Any:
    v = unopened().copy()[0]
    v.random = _random_state(seed)
    v.now_ms = START_NS // 1_000_000
    return v


def levels(v: Any, row: int, side: int) -> dict[int, int]:
    """Ticks to lots, checked to be in order."""
    ladder = v.instruments[row].ladders[side]
    held = ladder.levels[: ladder.count]
    assert np.all(np.diff(held["key"]) > 0)
    assert np.all(held["lots"] > 0)
    sign = 1 if side == BID else -1
    return {sign * int(level.key): int(level.lots) for level in held}


def is_on_grid(v: Any, row: int, ticks: int) -> bool:
    it = v.instruments[row]
    if it.step_above > 0 and ticks > it.step_above:
        return bool(ticks % it.step_ticks == 0)
    return bool(ticks >= it.floor_ticks)


def noted(v: Any) -> list[tuple[int, int, int, int]]:
    return [
        (int(c.side), int(c.kind), int(c.ticks), int(c.lots)) for c in v.changes[: v.change_count]
    ]


@settings(max_examples=15)
@given(
    row=ROWS,
    seed=st.integers(0, 2**40),
    actions=st.lists(
        st.tuples(
            st.sampled_from([NUDGE, NUDGE, REQUOTE, SWEEP_BIDS, SWEEP_ASKS, MOVE]),
            st.integers(-60, 500),
        ),
        min_size=STEPS,
        max_size=STEPS,
    ),
)
def test_noted_changes_turn_the_old_book_into_the_new(
    row: int, seed: int, actions: list[tuple[int, int]]
) -> None:
    v = venue(seed)
    book: dict[int, dict[int, int]] = {BID: {}, ASK: {}}
    for action, number in [(OPEN, 0), *actions]:
        act(v, row, action, min(number, 60) if action == MOVE else abs(number) + 1)
        touched = set()
        for side, kind, ticks, lots in noted(v):
            assert (side, ticks) not in touched
            touched.add((side, ticks))
            if kind == ladders.CREATED:
                assert ticks not in book[side]
                assert is_on_grid(v, row, ticks)
                book[side][ticks] = lots
            elif kind == ladders.CHANGED:
                assert book[side][ticks] != lots
                book[side][ticks] = lots
            else:
                assert lots == 0
                del book[side][ticks]
        for side in (BID, ASK):
            assert levels(v, row, side) == book[side]
            assert len(book[side]) <= LEVELS_MAX
        if book[BID] and book[ASK]:
            assert max(book[BID]) < min(book[ASK])


@pytest.mark.parametrize("row", range(len(LISTINGS)))
def test_opening_gives_each_side_its_levels(row: int) -> None:
    v = venue(1)
    changes = act(v, row, OPEN, 0)
    sides = [len(levels(v, row, side)) for side in (BID, ASK)]
    assert changes == sum(sides)
    if LISTINGS[row].kind is not Kind.OPTION:
        assert min(sides) >= 10
    assert sides[1] == LISTINGS[row].levels


@settings(max_examples=15)
@given(row=ROWS, seed=st.integers(0, 2**40), lots=st.integers(1, 10_000))
def test_sweep_takes_the_best_levels_first_and_all_of_them_but_the_last(
    row: int, seed: int, lots: int
) -> None:
    v = venue(seed)
    act(v, row, OPEN, 0)
    before = levels(v, row, ASK)
    act(v, row, SWEEP_ASKS, lots)
    fills = [(int(f.ticks), int(f.lots)) for f in v.fills[: v.fill_count]]
    taken: dict[int, int] = {}
    for ticks, part in fills:
        assert part > 0
        taken[ticks] = taken.get(ticks, 0) + part
    assert list(taken) == sorted(before)[: len(taken)]
    assert all(taken[ticks] == before[ticks] for ticks in list(taken)[:-1])
    assert sum(taken.values()) <= lots
    assert len(fills) <= FILLS_MAX
    assert levels(v, row, ASK) == {
        ticks: held - taken.get(ticks, 0)
        for ticks, held in before.items()
        if held > taken.get(ticks, 0)
    }


@settings(max_examples=15)
@given(row=ROWS, seed=st.integers(0, 2**40), per_mille=st.integers(-30, 30))
def test_requote_leaves_nothing_beyond_the_fair_price(row: int, seed: int, per_mille: int) -> None:
    v = venue(seed)
    act(v, row, OPEN, 0)
    act(v, row, MOVE, 2 * per_mille)
    act(v, row, REQUOTE, 0)
    fair = v.instruments[row].fair
    assert max(levels(v, row, BID), default=-(2**62)) <= fair
    assert min(levels(v, row, ASK), default=2**62) >= fair


@kernel(int64(VENUE_TYPE, I64))
def ask_for_best(v, answers):  # type: ignore[no-untyped-def]
    answers[0] = ladders.best_key(v.instruments[0], BID)
    answers[1] = ladders.best_lots(v.instruments[0], BID)
    answers[2] = ladders.is_stale(v.instruments[0], BID)
    return 0


def test_an_empty_side_has_no_best_level_and_is_not_stale() -> None:
    answers = np.ones(3, np.int64)
    ask_for_best(venue(1), answers)
    assert answers.tolist() == [NO_PRICE, 0, 0]
