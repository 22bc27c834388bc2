"""Midnights are New York's, and a file's name tells its day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfoNotFoundError

import pytest

from zerofeed.base.errors import ResourceError
from zerofeed.codecs.itch import days
from zerofeed.codecs.itch.days import day_in_name, first_midnights, midnight_ns

__all__: list[str] = []

HOUR_NS = 3_600_000_000_000


@pytest.mark.parametrize(
    ("day", "utc"),
    [
        (date(2019, 1, 30), datetime(2019, 1, 30, 5, tzinfo=UTC)),
        (date(2019, 7, 30), datetime(2019, 7, 30, 4, tzinfo=UTC)),
        (date(2019, 3, 10), datetime(2019, 3, 10, 5, tzinfo=UTC)),
        (date(2019, 3, 11), datetime(2019, 3, 11, 4, tzinfo=UTC)),
    ],
)
def test_midnight_is_five_hours_behind_utc_in_winter_and_four_in_summer(day, utc) -> None:
    assert midnight_ns(day) == int(utc.timestamp()) * 10**9


def test_stretches_begin_where_the_clocks_changed_the_day_before() -> None:
    found = first_midnights()
    assert (found[1:] > found[:-1]).all()
    assert not found.flags.writeable
    # Twice a year from 1990 to 2100, and the beginning.
    assert len(found) == 1 + 2 * 111
    assert midnight_ns(date(2019, 3, 11)) in found
    assert midnight_ns(date(2019, 11, 4)) in found
    # A day is an hour off 24 there, and nowhere else.
    rest = (found - found[0]) % (24 * HOUR_NS)
    assert set(rest.tolist()) == {0, 23 * HOUR_NS}


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("01302019.NASDAQ_ITCH50", date(2019, 1, 30)),
        ("01302019.NASDAQ_ITCH50.gz", date(2019, 1, 30)),
        ("20190130.BX_ITCH_50.gz", date(2019, 1, 30)),
        ("ex20101224.TEST_ITCH_50.gz", date(2010, 12, 24)),
        ("S083012-v50.txt.gz", date(2012, 8, 30)),
        ("itch-2019-01-30.bin", date(2019, 1, 30)),
        ("20191990.then.01302019", date(2019, 1, 30)),
        ("itch50.bin", None),
        ("13322019.bin", None),
        ("120190130.bin", None),
        ("", None),
    ],
)
def test_a_name_tells_its_day(name: str, day: date | None) -> None:
    assert day_in_name(name) == day


def test_a_machine_without_time_zones_says_what_to_install(monkeypatch) -> None:
    def unknown(name: str) -> None:
        raise ZoneInfoNotFoundError(name)

    monkeypatch.setattr(days, "ZoneInfo", unknown)
    days._new_york.cache_clear()
    with pytest.raises(ResourceError, match="pip install tzdata"):
        midnight_ns(date(2019, 1, 30))
    days._new_york.cache_clear()
