"""Trading days of New York: the midnights that ITCH counts from.

The law of a country's clocks is data that changes, so it is asked of ``zoneinfo``, never written down here. Kernels get
the midnights as numbers (``_day_kernels``).
"""

from __future__ import annotations

import functools
import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import ResourceError

__all__ = ["day_in_name", "first_midnights", "midnight_ns"]

_ZONE = "America/New_York"
_FIRST_YEAR = 1990
_LAST_YEAR = 2100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_FIRST = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_]?(\d\d)[-_]?(\d\d)(?!\d)")
_YEAR_LAST = re.compile(r"(?<!\d)(\d\d)[-_]?(\d\d)[-_]?((?:19|20)\d\d)(?!\d)")
_SHORT = re.compile(r"(?<![A-Za-z\d])S(\d\d)(\d\d)(\d\d)(?!\d)")


@functools.cache
def _new_york() -> ZoneInfo:
    try:
        return ZoneInfo(_ZONE)
    except ZoneInfoNotFoundError as error:
        raise ResourceError(
            "this machine does not know New York's clocks",
            where=_ZONE,
            next_step="install its time zones (tzdata), or `pip install tzdata`",
        ) from error


def midnight_ns(day: date) -> int:
    """Give the moment at which a day begins in New York.

    Args:
        day: the trading day.

    Returns:
        Unix ns.

    Raises:
        ResourceError: the machine has no time zones.
    """
    local = datetime(day.year, day.month, day.day, tzinfo=_new_york())
    return (local - _EPOCH) // timedelta(microseconds=1) * 1000


@functools.cache
def first_midnights() -> npt.NDArray[np.int64]:
    """List the first midnight in New York of each stretch between two changes of the clocks, 1990 to 2100.

    Returns:
        Unix ns, rising; read-only.

    Raises:
        ResourceError: the machine has no time zones.
    """
    zone = _new_york()

    def offset(day: date) -> timedelta | None:
        return datetime(day.year, day.month, day.day, tzinfo=zone).utcoffset()

    day = date(_FIRST_YEAR, 1, 1)
    found = [midnight_ns(day)]
    while day.year <= _LAST_YEAR:
        following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        if offset(following) != offset(day):
            low, high = day, following
            while (high - low).days > 1:
                middle = low + (high - low) // 2
                if offset(middle) == offset(day):
                    low = middle
                else:
                    high = middle
            found.append(midnight_ns(high))
        day = following
    midnights = np.array(found, np.int64)
    midnights.setflags(write=False)
    return midnights


def day_in_name(name: str) -> date | None:
    """Read the trading day that a file is named after, as Nasdaq names its files.

    Args:
        name: of the file: ``01302019.NASDAQ_ITCH50``, ``20190130.BX_ITCH_50.gz``, ``S083012-v50.txt.gz``.

    Returns:
        The day; None when the name holds none.
    """
    for pattern, order in ((_YEAR_FIRST, (0, 1, 2)), (_YEAR_LAST, (2, 0, 1)), (_SHORT, (2, 0, 1))):
        for match in pattern.finditer(name):
            year, month, day = (int(match.groups()[place]) for place in order)
            try:
                return date(year if year > 99 else 2000 + year, month, day)
            except ValueError:
                continue
    return None
