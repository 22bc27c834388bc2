import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.venues.weight import WINDOW_S, WeightBudget

__all__: list[str] = []


@given(
    st.integers(10, 6_000),
    st.lists(st.tuples(st.integers(0, 90), st.floats(0.01, 1.0)), min_size=1, max_size=60),
)
def test_no_minute_ever_sees_more_than_a_minutes_weight(
    per_minute: int, requests: list[tuple[int, float]]
) -> None:
    budget, now_s = WeightBudget(per_minute), 0.0
    sent: list[tuple[float, int]] = []
    for pause_s, share in requests:
        weight = max(1, int(share * per_minute))
        now_s += pause_s
        now_s += budget.wait_s(weight, now_s)
        assert budget.wait_s(weight, now_s) == 0
        budget.spend(weight, now_s)
        sent.append((now_s, weight))
    for start_s, _ in sent:
        inside = sum(w for at_s, w in sent if start_s <= at_s < start_s + WINDOW_S)
        assert inside <= per_minute


def test_nobody_waits_longer_than_needed() -> None:
    budget = WeightBudget(100)
    budget.spend(60, 0.0)
    budget.spend(30, 10.0)
    assert budget.wait_s(10, 20.0) == 0
    assert budget.wait_s(11, 20.0) == 40
    assert budget.wait_s(70, 20.0) == 40
    assert budget.wait_s(71, 20.0) == 50


def test_a_minutes_weight_may_go_at_once() -> None:
    budget = WeightBudget(6_000)
    for _ in range(120):
        assert budget.wait_s(50, 5.0) == 0
        budget.spend(50, 5.0)
    assert budget.wait_s(1, 5.0) == WINDOW_S


def test_a_request_heavier_than_a_minute_needs_an_empty_one() -> None:
    budget = WeightBudget(100)
    assert budget.wait_s(250, 0.0) == 0
    budget.spend(1, 0.0)
    assert budget.wait_s(250, 1.0) == 59


def test_the_venue_is_believed_when_it_knows_of_more() -> None:
    budget = WeightBudget(1_200)
    budget.spend(100, 0.0)
    budget.learn(1_190, 30.0)
    assert budget.wait_s(10, 30.0) == 0
    assert budget.wait_s(11, 30.0) == 30
    assert budget.wait_s(111, 30.0) == 60
    budget.learn(0, 30.0)
    assert budget.wait_s(11, 30.0) == 30


def test_nothing_goes_while_the_venue_wants_to_be_left_alone() -> None:
    budget = WeightBudget(1_200)
    budget.block(30, 10.0)
    budget.block(5, 11.0)
    assert budget.wait_s(1, 11.0) == pytest.approx(29.0)
    assert budget.wait_s(1, 40.0) == 0


def test_a_clock_that_steps_back_gives_nothing_twice() -> None:
    budget = WeightBudget(100)
    budget.spend(100, 100.0)
    assert budget.wait_s(1, 50.0) == WINDOW_S
    budget.spend(1, 50.0)
    assert budget.wait_s(100, 161.0) == 0
