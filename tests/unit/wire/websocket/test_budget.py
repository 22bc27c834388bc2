"""Attempts to one host stay within what it allows, whoever makes them, and stop when it says so."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerofeed.wire.websocket.budget import DialBudget, budget_of

__all__: list[str] = []


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@settings(max_examples=50)
@given(
    allowed=st.integers(1, 300),
    pauses=st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.5, 30.0, 700.0]), min_size=1, max_size=400),
)
def test_no_five_minutes_have_more_attempts_than_the_host_allows(
    allowed: int, pauses: list[float]
) -> None:
    clock = Clock()
    budget = DialBudget(clock)
    made: list[float] = []
    for pause in pauses:
        clock.now_s += pause
        made.append(clock.now_s + budget.take(allowed))
    for k, first in enumerate(made):
        within = sum(first <= other < first + 299.9 for other in made[k:])
        assert within <= allowed, (first, within)


def test_a_few_attempts_need_not_wait_and_a_crowd_is_spread() -> None:
    budget = DialBudget(Clock())
    waits = [budget.take(300) for _ in range(200)]
    assert waits[:150] == [0.0] * 150
    assert all(later > sooner for sooner, later in itertools.pairwise(waits[150:]))
    assert waits[-1] == pytest.approx(50 * 2.0)


def test_without_a_limit_nothing_waits() -> None:
    budget = DialBudget(Clock())
    assert [budget.take(0) for _ in range(1000)] == [0.0] * 1000


def test_a_host_that_said_when_to_come_again_is_left_alone_by_all() -> None:
    clock = Clock()
    budget = DialBudget(clock)
    budget.close_for(60.0)
    budget.close_for(10.0)
    assert budget.take(0) == budget.take(300) == budget.closed_s() == 60.0
    clock.now_s += 61.0
    assert budget.take(0) == budget.closed_s() == 0.0


def test_all_connections_to_a_host_share_its_budget() -> None:
    assert budget_of("one.example:443") is budget_of("one.example:443")
    assert budget_of("one.example:443") is not budget_of("one.example:9443")
