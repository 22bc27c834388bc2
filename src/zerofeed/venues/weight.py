"""How much of a venue's REST interface one may still use.

Venues give each address so much weight a minute, and each request costs some of it. They count in
different ways (per calendar minute, per rolling minute, as a leaking bucket), so this stays within the
strictest: **in no window of 60 seconds is more than a minute's weight spent**. That is a bucket of half
a minute's weight which fills at half the rate; a burst and what follows it add up to the whole.

Other programs on the same address use the same weight. Where the venue tells how much is used, that is
believed when it is more than what is known here.

Pure: the time is an argument, in seconds of any monotonic clock.
"""

from __future__ import annotations

__all__ = ["WINDOW_S", "WeightBudget"]

WINDOW_S = 60.0


class WeightBudget:
    """The weight that one address may spend at one venue. Not thread-safe.

    Args:
        per_minute: what the venue allows.
        now_s: the time.
    """

    __slots__ = ("_blocked_until_s", "_capacity", "_left", "_per_minute", "_seen_s")

    def __init__(self, per_minute: int, now_s: float) -> None:
        self._per_minute = per_minute
        self._capacity = per_minute / 2
        self._left = self._capacity
        self._seen_s = now_s
        self._blocked_until_s = now_s

    def wait_s(self, weight: int, now_s: float) -> float:
        """Say how long to wait before a request.

        Args:
            weight: of the request. One that is heavier than the whole bucket needs a full one.
            now_s: the time.

        Returns:
            Seconds; 0 when it may go now.
        """
        self._fill(now_s)
        missing = min(weight, self._capacity) - self._left
        blocked = self._blocked_until_s - self._seen_s
        return max(0.0, blocked, missing * WINDOW_S / self._capacity)

    def spend(self, weight: int, now_s: float) -> None:
        """Count a request that is being sent."""
        self._fill(now_s)
        self._left -= weight

    def learn(self, used: int, now_s: float) -> None:
        """Believe the venue when it says that more is used than was known.

        Args:
            used: weight of the venue's current minute.
            now_s: the time.
        """
        self._fill(now_s)
        self._left = min(self._left, self._per_minute - used)

    def block(self, seconds: float, now_s: float) -> None:
        """Leave the venue alone for so long, as it asked to be."""
        self._blocked_until_s = max(self._blocked_until_s, now_s + seconds)

    def _fill(self, now_s: float) -> None:
        elapsed = max(0.0, now_s - self._seen_s)
        self._seen_s = max(self._seen_s, now_s)
        self._left = min(self._capacity, self._left + elapsed * self._capacity / WINDOW_S)
