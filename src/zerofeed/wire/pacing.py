"""When each packet of a replay is due.

Due times are absolute (nanoseconds after the first packet), so an oversleep delays one packet
and not all that follow, and a sender that fell behind knows by how much.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from zerofeed.base.errors import ConfigurationError
from zerofeed.records.units import UNDEF

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["SPIN_NS", "due_times", "parse_speed", "wait_until"]

SPIN_NS = 200_000
"""The last part of a wait is spun through: a sleep ends some 50 to 100 us late."""


def due_times(
    ts_ns: NDArray[np.int64], *, speed: float = 1.0, max_rate: float | None = None
) -> NDArray[np.int64]:
    """Work out when each packet is due.

    Args:
        ts_ns: recorded times; one that runs backwards or is UNDEF is due with the packet before
            it, since a replay keeps the order of the file.
        speed: how much faster than recorded; ``math.inf`` for at once.
        max_rate: packets a second at most, or None for any.

    Returns:
        int64 ns after the first packet, never descending.

    Raises:
        ConfigurationError: speed or rate is not positive.
    """
    if not speed > 0:
        msg = "not a replay speed"
        raise ConfigurationError(msg, expected="more than 0, or max", got=speed)
    if max_rate is not None and not 0 < max_rate < math.inf:
        msg = "not a packet rate"
        raise ConfigurationError(msg, expected="packets a second, more than 0", got=max_rate)
    if ts_ns.size == 0 or math.isinf(speed):
        due = np.zeros(ts_ns.size, np.float64)
    else:
        # UNDEF is the lowest int64, so the running maximum passes over it.
        times = np.maximum.accumulate(ts_ns)
        timed = times != UNDEF
        start = times[timed][0] if timed.any() else 0
        due = np.where(timed, times - np.where(timed, start, times), 0) / speed
    if max_rate is not None:
        # due[i] = max(due[i], due[i - 1] + gap), without the loop.
        grid = np.arange(due.size) * (1e9 / max_rate)
        due = np.maximum.accumulate(due - grid) + grid
    result: NDArray[np.int64] = np.maximum.accumulate(due.astype(np.int64))
    return result


def parse_speed(text: str) -> float | Literal["max"]:
    """Read a replay speed: ``1x``, ``10x``, ``0.5x``, with or without the x, or ``max``.

    Raises:
        ConfigurationError: it is no speed.
    """
    if text.lower() == "max":
        return "max"
    try:
        speed = float(text.lower().removesuffix("x"))
    except ValueError:
        speed = math.nan
    if not 0 < speed < math.inf:
        raise ConfigurationError(
            "is not a speed", where=text, expected="1x, 10x, 0.5x or such, or max"
        )
    return speed


def wait_until(
    deadline_ns: int,
    *,
    clock: Callable[[], int] = time.monotonic_ns,
    sleep: Callable[[float], Any] = time.sleep,
) -> int:
    """Sleep, then spin, until a time on the clock.

    Args:
        deadline_ns: the time.
        clock: gives the present time in ns.
        sleep: blocks for a number of seconds.

    Returns:
        The clock when it was over, at or after the deadline.
    """
    now = clock()
    while now < deadline_ns:
        left = deadline_ns - now
        if left > SPIN_NS:
            sleep((left - SPIN_NS) / 1e9)
        now = clock()
    return now
