"""Due times keep order, pace and rate; waiting never ends early."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.base.errors import ConfigurationError
from zerofeed.records.units import UNDEF
from zerofeed.wire.pacing import SPIN_NS, due_times, parse_speed, wait_until


def due(times, **how):
    return due_times(np.array(times, np.int64), **how).tolist()


BASE = 1_700_000_000_000_000_000


def test_recorded_pace_starts_at_zero() -> None:
    assert due([BASE, BASE + 5, BASE + 5, BASE + 1000]) == [0, 5, 5, 1000]


def test_speed_divides() -> None:
    assert due([BASE, BASE + 50, BASE + 1000], speed=10) == [0, 5, 100]
    assert due([BASE, BASE + 50], speed=0.5) == [0, 100]


def test_full_speed_is_due_at_once() -> None:
    assert due([BASE, BASE + 50], speed=math.inf) == [0, 0]


def test_time_that_runs_back_or_is_missing_is_due_with_the_packet_before() -> None:
    assert due([UNDEF, BASE, BASE + 9, BASE + 3, UNDEF, BASE + 12]) == [0, 0, 9, 9, 9, 12]
    assert due([UNDEF, UNDEF]) == [0, 0]
    assert due([]) == []


def test_rate_spreads_a_burst_and_leaves_the_rest_alone() -> None:
    assert due([BASE] * 4, max_rate=1e6) == [0, 1000, 2000, 3000]
    assert due([BASE, BASE, BASE + 9000], max_rate=1e6) == [0, 1000, 9000]
    assert due([BASE] * 3, speed=math.inf, max_rate=2e6) == [0, 500, 1000]


@given(
    times=st.lists(st.integers(0, 10**15), max_size=30),
    speed=st.sampled_from([0.1, 1.0, 10.0, math.inf]),
    max_rate=st.none() | st.sampled_from([1.0, 1e3, 1e6]),
)
def test_due_times_follow_their_definition(times, speed, max_rate) -> None:
    """The slow twin: one packet after the other."""
    gap = 1e9 / max_rate if max_rate else 0.0
    latest = previous = None
    for time, got in zip(times, due(times, speed=speed, max_rate=max_rate), strict=True):
        latest = time if latest is None else max(latest, time)
        wanted = (latest - times[0]) / speed
        if previous is not None:
            wanted = max(wanted, previous + gap)
        previous = wanted
        assert abs(got - wanted) <= 1 + wanted * 1e-9


@pytest.mark.parametrize("speed", [0, -1, math.nan])
def test_speed_must_be_positive(speed: float) -> None:
    with pytest.raises(ConfigurationError, match="not a replay speed"):
        due([1], speed=speed)


@pytest.mark.parametrize("rate", [0, -1, math.inf, math.nan])
def test_rate_must_be_positive(rate: float) -> None:
    with pytest.raises(ConfigurationError, match="not a packet rate"):
        due([1], max_rate=rate)


class FakeClock:
    """Time that passes a little at each look, and in a sleep by a share of what was asked."""

    def __init__(self, *, share: float = 1.0) -> None:
        self.now = 1000
        self.share = share
        self.sleeps: list[float] = []

    def __call__(self) -> int:
        self.now += 7
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += int(seconds * 1e9 * self.share)


def test_wait_sleeps_first_and_spins_the_end() -> None:
    clock = FakeClock()
    over = wait_until(10_000_000, clock=clock, sleep=clock.sleep)
    assert 10_000_000 <= over < 10_000_020
    assert sum(clock.sleeps) * 1e9 == pytest.approx(10_000_000 - 1000 - SPIN_NS, abs=500)


def test_wait_survives_a_short_sleep_and_reports_a_long_one() -> None:
    clock = FakeClock(share=0.75)
    assert 10_000_000 <= wait_until(10_000_000, clock=clock, sleep=clock.sleep) < 10_000_020
    assert len(clock.sleeps) > 1
    clock = FakeClock(share=1.3)
    assert wait_until(10_000_000, clock=clock, sleep=clock.sleep) > 12_500_000


def test_deadline_in_the_past_does_not_wait() -> None:
    clock = FakeClock()
    assert wait_until(5, clock=clock, sleep=clock.sleep) == 1007
    assert not clock.sleeps


@pytest.mark.parametrize(
    ("text", "speed"), [("1x", 1.0), ("10X", 10.0), ("0.5x", 0.5), ("3", 3.0), ("MAX", "max")]
)
def test_a_speed_is_a_factor_or_max(text: str, speed) -> None:
    assert parse_speed(text) == speed


@pytest.mark.parametrize("text", ["", "x", "0x", "-1x", "nan", "inf", "fast"])
def test_what_is_no_speed_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a speed"):
        parse_speed(text)
