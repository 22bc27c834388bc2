"""A packet's day is the one that New York had when it arrived, in any year, at any hour, over any change of clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from zerofeed.codecs.itch import _day_kernels as d
from zerofeed.codecs.itch._layout import DAY, OWN
from zerofeed.codecs.itch.scratch import make_scratch
from zerofeed.records.units import UNDEF

__all__: list[str] = []

NEW_YORK = ZoneInfo("America/New_York")
SECOND = 1_000_000_000
HOUR = 3_600 * SECOND
NOON = 12 * HOUR


def unix_ns(moment: datetime) -> int:
    return int(moment.timestamp()) * SECOND


def midnight_before(arrival_ns: int) -> int:
    """The oracle: what the calendar says."""
    local = datetime.fromtimestamp(arrival_ns // SECOND, NEW_YORK)
    return unix_ns(datetime(local.year, local.month, local.day, tzinfo=NEW_YORK))


SCRATCH = make_scratch()


def days() -> np.ndarray:
    return SCRATCH[DAY:OWN].copy()


def at(*moment: int) -> int:
    return unix_ns(datetime(*moment, tzinfo=NEW_YORK))


@settings(max_examples=60)
@given(
    st.integers(
        unix_ns(datetime(1990, 2, 1, tzinfo=UTC)), unix_ns(datetime(2100, 12, 30, tzinfo=UTC))
    )
)
@example(at(2019, 3, 10, 0, 0))
@example(at(2019, 3, 10, 23, 59, 59))
@example(at(2019, 3, 11, 0, 0))
@example(at(2019, 11, 3, 23, 30))
@example(at(2019, 11, 4, 0, 0) - 1)
@example(at(2019, 11, 4, 0, 0))
def test_any_arrival_has_the_day_of_the_calendar(arrival_ns: int) -> None:
    assert d.midnight_of(days(), 0, arrival_ns, 0) == midnight_before(arrival_ns)


@settings(max_examples=30)
@given(st.lists(st.integers(at(2018, 1, 1), at(2020, 12, 31)), min_size=2, max_size=30))
def test_days_may_come_in_any_order(arrivals: list[int]) -> None:
    words = days()
    for arrival_ns in arrivals:
        assert d.midnight_of(words, 0, arrival_ns, 0) == midnight_before(arrival_ns)


@pytest.mark.parametrize("day", [(2019, 3, 11), (2019, 11, 4), (2019, 6, 5)])
def test_an_evening_that_arrives_behind_midnight_is_of_the_day_before(day) -> None:
    words = days()
    midnight = at(*day)
    evening = 24 * HOUR - SECOND
    local = datetime(*day, tzinfo=NEW_YORK) - timedelta(days=1)
    assert d.midnight_of(words, 0, midnight + SECOND, evening) == unix_ns(local)
    assert d.midnight_of(words, 0, midnight + SECOND, SECOND) == midnight


def test_messages_of_the_morning_that_come_again_in_the_evening_are_of_this_day() -> None:
    arrival = at(2019, 6, 5, 20, 0)
    assert d.midnight_of(days(), 0, arrival, 3 * HOUR) == at(2019, 6, 5)


def test_a_day_that_was_given_is_not_changed_by_arrivals() -> None:
    words = days()
    words[d.MIDNIGHT] = 123
    words[d.IS_FIXED] = 1
    assert d.midnight_of(words, 0, at(2019, 6, 5, 12), NOON) == 123


def test_without_any_arrival_no_day_is_known_and_without_another_the_last_one_stays() -> None:
    words = days()
    assert d.midnight_of(words, 0, UNDEF, NOON) == UNDEF
    d.midnight_of(words, 0, at(2019, 6, 5, 12), NOON)
    assert d.midnight_of(words, 0, UNDEF, NOON) == at(2019, 6, 5)


def test_beyond_the_known_stretches_days_have_24_hours() -> None:
    words = days()
    last = int(words[d.STRETCHES_AT + words[d.STRETCHES] - 1])
    assert d.midnight_of(words, 0, last + 4000 * 24 * HOUR + 5, 0) == last + 4000 * 24 * HOUR
    first = int(words[d.STRETCHES_AT])
    assert d.midnight_of(words, 0, first - 1, 0) == first - 24 * HOUR


def test_without_stretches_no_day_is_known() -> None:
    words = days()
    words[d.STRETCHES] = 0
    assert d.midnight_of(words, 0, at(2019, 6, 5, 12), NOON) == UNDEF
