"""The midnight that a time of day counts from is the one that puts it beside its arrival."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerofeed.codecs import _day_kernels as k
from zerofeed.codecs.days import first_midnights, midnight_ns
from zerofeed.records.units import UNDEF

__all__: list[str] = []

NEW_YORK = ZoneInfo("America/New_York")
HOUR_NS = 3_600 * 10**9
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def days_of_new_york():
    """Words of the trading days, as a protocol's scratch has them."""
    words = np.zeros(k.STRETCHES_AT + k.MOST_STRETCHES, np.int64)
    midnights = first_midnights()
    words[k.MIDNIGHT] = words[k.NEXT_MIDNIGHT] = UNDEF
    words[k.STRETCHES] = midnights.size
    words[k.STRETCHES_AT : k.STRETCHES_AT + midnights.size] = midnights
    return words


def naive(ts_recv_ns: int, time_of_day_ns: int) -> int:
    """Ask the calendar: midnight of the arrival's day, or the one before."""
    local = (EPOCH + timedelta(microseconds=ts_recv_ns // 1000)).astimezone(NEW_YORK)
    midnight = midnight_ns(local.date())
    if time_of_day_ns - (ts_recv_ns - midnight) > 12 * HOUR_NS:
        return midnight_ns(local.date() - timedelta(days=1))
    return midnight


MOMENTS = st.integers(631_200_000 + 86_400 * 400, 4_000_000_000).map(lambda second: second * 10**9)


@settings(max_examples=100)
@given(st.lists(st.tuples(MOMENTS, st.integers(0, 24 * HOUR_NS - 1)), min_size=1, max_size=5))
def test_midnight_is_the_calendar_s_in_any_order_of_arrival(packets) -> None:
    days = days_of_new_york()
    for ts_recv_ns, time_of_day_ns in packets:
        found = k.midnight_of(days, 0, ts_recv_ns, time_of_day_ns)
        assert found == naive(ts_recv_ns, time_of_day_ns)


@pytest.mark.parametrize("day", [date(2021, 3, 14), date(2021, 11, 7), date(2021, 7, 1)])
def test_every_hour_around_a_change_of_the_clocks_has_its_midnight(day: date) -> None:
    days = days_of_new_york()
    first = midnight_ns(day) - 30 * HOUR_NS
    for quarter in range(4 * 90):
        ts_recv_ns = first + quarter * HOUR_NS // 4
        assert k.midnight_of(days, 0, ts_recv_ns, 0) == naive(ts_recv_ns, 0)


def test_a_message_of_the_evening_before_counts_from_its_own_midnight() -> None:
    days = days_of_new_york()
    today = midnight_ns(datetime(2021, 7, 1, tzinfo=UTC).date())
    assert k.midnight_of(days, 0, today + 1, 24 * HOUR_NS - 1) == today - 24 * HOUR_NS
    assert k.midnight_of(days, 0, today + 1, 1) == today


def test_a_day_that_was_given_stays() -> None:
    days = days_of_new_york()
    days[k.MIDNIGHT], days[k.IS_FIXED] = 77, 1
    assert k.midnight_of(days, 0, 1_600_000_000 * 10**9, 0) == 77


def test_without_an_arrival_the_latest_day_stays() -> None:
    days = days_of_new_york()
    assert k.midnight_of(days, 0, UNDEF, 0) == UNDEF
    ts_recv_ns = 1_600_000_000 * 10**9
    assert k.midnight_of(days, 0, ts_recv_ns, 0) == naive(ts_recv_ns, 0)
    assert k.midnight_of(days, 0, UNDEF, 0) == naive(ts_recv_ns, 0)


def test_without_any_clock_no_day_is_known() -> None:
    days = days_of_new_york()
    days[k.STRETCHES] = 0
    assert k.midnight_of(days, 0, 1_600_000_000 * 10**9, 0) == UNDEF
