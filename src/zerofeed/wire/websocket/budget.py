"""One budget of attempts to connect for each host, shared by every connection of the process.

Venues count attempts by address, over all connections: a feed with many of them that loses all at once would come
back in one burst and be banned. Here attempts to one host are spaced so that no five minutes have more than the
venue allows; and a host that said when to come again is left alone by all. A worker begins with nothing spent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

__all__ = ["DialBudget", "budget_of"]

_WINDOW_S = 300.0


class DialBudget:
    """The attempts to one host. Any thread.

    Args:
        clock: monotonic, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._spent_until_s = 0.0
        self._closed_until_s = 0.0

    def take(self, allowed: int) -> float:
        """Take the next attempt.

        Args:
            allowed: attempts in five minutes; 0: as many as one likes.

        Returns:
            Seconds to wait before it; the attempt is taken, whatever happens meanwhile.
        """
        with self._lock:
            now = self._clock()
            wait_s = max(0.0, self._closed_until_s - now)
            if allowed == 0:
                return wait_s
            # One half at once, the other spread over the five minutes behind them.
            burst = (allowed + 1) // 2
            each_s = _WINDOW_S / max(1, allowed - burst)
            # A bucket: attempts fill it by one share each, and it runs empty with time.
            self._spent_until_s = max(self._spent_until_s, now + wait_s) + each_s
            due_s = self._spent_until_s - burst * each_s
            return max(wait_s, due_s - now)

    def close_for(self, seconds: float) -> None:
        """Let nobody try for some time, because the host said so."""
        with self._lock:
            self._closed_until_s = max(self._closed_until_s, self._clock() + seconds)

    def closed_s(self) -> float:
        """Give the seconds for which nobody may try."""
        with self._lock:
            return max(0.0, self._closed_until_s - self._clock())


_BUDGETS: dict[str, DialBudget] = {}
_LOCK = threading.Lock()


def budget_of(host: str) -> DialBudget:
    """Give the budget of a host, the same for every connection of this process.

    Args:
        host: name and port.
    """
    with _LOCK:
        return _BUDGETS.setdefault(host, DialBudget())
