"""Midnights of New York are those of its clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from zerofeed.codecs.days import day_in_name, first_midnights, midnight_ns

__all__: list[str] = []


@pytest.mark.parametrize(
    ("day", "moment"),
    [
        (date(2021, 2, 23), datetime(2021, 2, 23, 5, tzinfo=UTC)),
        (date(2021, 7, 1), datetime(2021, 7, 1, 4, tzinfo=UTC)),
        (date(2021, 3, 14), datetime(2021, 3, 14, 5, tzinfo=UTC)),
        (date(2021, 3, 15), datetime(2021, 3, 15, 4, tzinfo=UTC)),
        (date(2021, 11, 7), datetime(2021, 11, 7, 4, tzinfo=UTC)),
        (date(2021, 11, 8), datetime(2021, 11, 8, 5, tzinfo=UTC)),
    ],
)
def test_midnight_is_that_of_new_york(day: date, moment: datetime) -> None:
    assert midnight_ns(day) == int(moment.timestamp()) * 10**9


def test_stretches_begin_where_the_clocks_have_changed() -> None:
    midnights = first_midnights()
    assert (np.diff(midnights) > 0).all()
    for day in (date(2021, 3, 15), date(2021, 11, 8)):
        assert midnight_ns(day) in midnights
    within = midnights[
        (midnights > midnight_ns(date(2021, 1, 1))) & (midnights < midnight_ns(date(2022, 1, 1)))
    ]
    assert len(within) == 2
    with pytest.raises(ValueError, match="read-only"):
        midnights[0] = 0


def test_every_day_of_a_stretch_has_24_hours() -> None:
    midnights = first_midnights()
    day = date(2021, 1, 1)
    while day.year == 2021:
        latest = midnights[midnights <= midnight_ns(day)][-1]
        if (midnight_ns(day) - latest) % (86_400 * 10**9) != 0:
            pytest.fail(f"{day} is no whole number of days behind its stretch")
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("01302019.NASDAQ_ITCH50", date(2019, 1, 30)),
        ("20190130.BX_ITCH_50.gz", date(2019, 1, 30)),
        ("S083012-v50.txt.gz", date(2012, 8, 30)),
        ("2021-02-23_pitch.pcap", date(2021, 2, 23)),
        ("notes.txt", None),
        ("99999999.bin", None),
    ],
)
def test_day_is_read_from_a_file_s_name(name: str, day: date | None) -> None:
    assert day_in_name(name) == day
