import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.venues.weight import WINDOW_S, WeightBudget

__all__: list[str] = []


@given(
    st.integers(10, 6_000),
    st.lists(st.tuples(st.floats(0, 90), st.floats(0.01, 0.5)), min_size=1, max_size=60),
)
def test_no_minute_ever_sees_more_than_a_minutes_weight(
    per_minute: int, requests: list[tuple[float, float]]
) -> None:
    budget, now_s = WeightBudget(per_minute, 0.0), 0.0
    sent: list[tuple[float, int]] = []
    for pause_s, share in requests:
        weight = max(1, int(share * per_minute))
        now_s += pause_s
        # The clock's own rounding may leave a rest; a caller asks again, too.
        while (wait_s := budget.wait_s(weight, now_s)) > 0:
            now_s += max(wait_s, 1e-9)
        budget.spend(weight, now_s)
        sent.append((now_s, weight))
    for start_s, _ in sent:
        inside = sum(w for at_s, w in sent if start_s <= at_s < start_s + WINDOW_S)
        assert inside <= per_minute + 1


def test_a_burst_of_half_a_minutes_weight_goes_at_once() -> None:
    budget = WeightBudget(1_200, 5.0)
    for _ in range(12):
        assert budget.wait_s(50, 5.0) == 0
        budget.spend(50, 5.0)
    assert budget.wait_s(50, 5.0) == pytest.approx(5.0)


def test_a_request_heavier_than_the_bucket_needs_a_full_one() -> None:
    budget = WeightBudget(100, 0.0)
    assert budget.wait_s(80, 0.0) == 0
    budget.spend(80, 0.0)
    assert budget.wait_s(80, 0.0) == pytest.approx(96.0)
    assert budget.wait_s(80, 96.1) == 0


def test_the_venue_is_believed_when_it_knows_of_more() -> None:
    budget = WeightBudget(1_200, 0.0)
    budget.learn(1_190, 0.0)
    assert budget.wait_s(10, 0.0) == 0
    assert budget.wait_s(50, 0.0) == pytest.approx(4.0)
    budget.learn(0, 0.0)
    assert budget.wait_s(50, 0.0) > 0


def test_nothing_goes_while_the_venue_wants_to_be_left_alone() -> None:
    budget = WeightBudget(1_200, 0.0)
    budget.block(30, 10.0)
    budget.block(5, 11.0)
    assert budget.wait_s(1, 11.0) == pytest.approx(29.0)
    assert budget.wait_s(1, 40.0) == 0


def test_a_clock_that_steps_back_gives_nothing_twice() -> None:
    budget = WeightBudget(120, 100.0)
    budget.spend(60, 100.0)
    assert budget.wait_s(30, 50.0) == pytest.approx(30.0)
    assert budget.wait_s(30, 100.0) == pytest.approx(30.0)
