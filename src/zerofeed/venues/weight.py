"""How much of a venue's REST interface one may still use.

Venues give each address so much weight a minute, and each request costs some of it. They count by
calendar minutes, by rolling ones or otherwise; what is kept here is the strictest of these: **in no
60 seconds is more than a minute's weight spent**. So every request of the last minute is remembered.

Other programs on the same address use the same weight. Where the venue tells how much is used, that is
believed when it is more than what is known here.

Pure: the time is an argument, in seconds of any monotonic clock.
"""

from __future__ import annotations

from collections import deque

__all__ = ["WINDOW_S", "WeightBudget"]

WINDOW_S = 60.0


class WeightBudget:
    """The weight that one address may spend at one venue. Not thread-safe.

    Args:
        per_minute: what the venue allows.
    """

    __slots__ = ("_blocked_until_s", "_now_s", "_per_minute", "_spent", "_used")

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._spent: deque[tuple[float, int]] = deque()
        self._used = 0
        self._now_s = float("-inf")
        self._blocked_until_s = float("-inf")

    def wait_s(self, weight: int, now_s: float) -> float:
        """Say how long to wait before a request.

        Args:
            weight: of the request. One that is heavier than a whole minute's needs an empty minute.
            now_s: the time.

        Returns:
            Seconds; 0 when it may go now.
        """
        self._forget(now_s)
        ready_s = max(self._now_s, self._blocked_until_s)
        over = self._used + min(weight, self._per_minute) - self._per_minute
        for at_s, spent in self._spent:
            if over <= 0:
                break
            over -= spent
            ready_s = max(ready_s, at_s + WINDOW_S)
        return ready_s - self._now_s

    def spend(self, weight: int, now_s: float) -> None:
        """Count a request that is being sent."""
        self._forget(now_s)
        self._spent.append((self._now_s, weight))
        self._used += weight

    def learn(self, used: int, now_s: float) -> None:
        """Believe the venue when it says that more is used than was known.

        Args:
            used: weight of the venue's current minute.
            now_s: the time.
        """
        self._forget(now_s)
        if used > self._used:
            self.spend(used - self._used, now_s)

    def block(self, seconds: float, now_s: float) -> None:
        """Leave the venue alone for so long, as it asked to be."""
        self._blocked_until_s = max(self._blocked_until_s, now_s + seconds)

    def _forget(self, now_s: float) -> None:
        """Move on to a time; one that is before the last changes nothing."""
        self._now_s = max(self._now_s, now_s)
        while self._spent and self._spent[0][0] + WINDOW_S <= self._now_s:
            self._used -= self._spent.popleft()[1]
