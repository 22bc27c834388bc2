"""Which midnight a message's time of day counts from, compiled: the trading day's, in New York.

ITCH sends no date. A packet's arrival gives it: the day in New York at that moment. Clocks there change twice
a year, so midnights are not always 24 hours apart; the caller brings the first midnight of every stretch between two
changes (:func:`zerofeed.codecs.days.first_midnights`), and within a stretch they are.

Words from ``at`` on, DAY_WORDS of them:

=====  ===========  ============================================================================
word   name         meaning
=====  ===========  ============================================================================
0      MIDNIGHT     latest midnight found, Unix ns; UNDEF: no day is known
1      NEXT         the midnight behind it
2      IS_FIXED     1: the day was given, arrivals do not change it
3      STRETCHES    number of stretches
8      ...          first midnight of each stretch, Unix ns, rising
=====  ===========  ============================================================================

A packet that arrives just behind midnight may carry messages of the evening before: a time of day that lies more
than twelve hours ahead of the arrival is the day before's. Beyond the first and the last stretch nothing is known of
the clocks, and days are counted on in steps of 24 hours.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, always_inlined, inlined, int64, kernel
from zerofeed.records.units import UNDEF

__all__ = [
    "IS_FIXED",
    "MIDNIGHT",
    "MOST_STRETCHES",
    "NEXT_MIDNIGHT",
    "STRETCHES",
    "STRETCHES_AT",
    "find_midnight",
    "midnight_of",
]

_Words = npt.NDArray[np.int64]

MIDNIGHT = 0
NEXT_MIDNIGHT = 1
IS_FIXED = 2
STRETCHES = 3
STRETCHES_AT = 8
MOST_STRETCHES = 512

_DAY_NS = 86_400_000_000_000
_HALF_DAY_NS = 43_200_000_000_000
_TWO_HOURS_NS = 7_200_000_000_000


@inlined
def _move(days: _Words, at: int, ts_recv_ns: int) -> None:
    """Find the day of an arrival."""
    first = at + STRETCHES_AT
    count = days[at + STRETCHES]
    if count < 1:
        return
    low = 0
    high = count
    while low < high:
        middle = (low + high) // 2
        if days[first + middle] <= ts_recv_ns:
            low = middle + 1
        else:
            high = middle
    stretch = days[first + max(0, low - 1)]
    midnight = stretch + (ts_recv_ns - stretch) // _DAY_NS * _DAY_NS
    following = midnight + _DAY_NS
    if 0 < low < count:
        end = days[first + low]
        if midnight > end - _TWO_HOURS_NS:
            # The last hour of the day of 25 hours.
            midnight -= _DAY_NS
        if following > end - _TWO_HOURS_NS:
            # A day of 23, 24 or 25 hours: the next stretch begins where it ends.
            following = end
    days[at + MIDNIGHT] = midnight
    days[at + NEXT_MIDNIGHT] = following


@always_inlined
def find_midnight(days: _Words, at: int, ts_recv_ns: int, time_of_day_ns: int) -> int:
    """Give the midnight that a packet's messages count from.

    Args:
        days: int64, DAY_WORDS from ``at`` on; changed only when the day does.
        at: the first of these words.
        ts_recv_ns: arrival of the packet, Unix ns; UNDEF keeps the day.
        time_of_day_ns: what its first message says.

    Returns:
        Unix ns; UNDEF when no day is known.
    """
    if days[at + IS_FIXED] != 0 or ts_recv_ns == UNDEF:
        return days[at + MIDNIGHT]
    midnight = days[at + MIDNIGHT]
    if midnight == UNDEF or ts_recv_ns < midnight or ts_recv_ns >= days[at + NEXT_MIDNIGHT]:
        _move(days, at, ts_recv_ns)
        midnight = days[at + MIDNIGHT]
        if midnight == UNDEF:
            return midnight
    if time_of_day_ns - (ts_recv_ns - midnight) > _HALF_DAY_NS:
        # Any moment of the evening before will do; its day may have had 23 or 25 hours.
        following = days[at + NEXT_MIDNIGHT]
        _move(days, at, midnight - _TWO_HOURS_NS)
        before = days[at + MIDNIGHT]
        days[at + MIDNIGHT] = midnight
        days[at + NEXT_MIDNIGHT] = following
        return before
    return midnight


@kernel(int64(I64, int64, int64, int64))
def midnight_of(days: _Words, at: int, ts_recv_ns: int, time_of_day_ns: int) -> int:
    """:func:`find_midnight` for callers outside compiled code."""
    return find_midnight(days, at, ts_recv_ns, time_of_day_ns)
