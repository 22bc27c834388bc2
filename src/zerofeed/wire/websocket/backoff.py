"""How long to wait before the next attempt to connect. Time and chance are arguments.

Waiting doubles from attempt to attempt up to a limit, and half of it is chance, so that many feeds
that lost the same venue do not come back together. A venue that said when to come again is believed;
one that refuses for a reason that time alone seldom cures (no permission, too many requests, a ban,
a wrong certificate) is not asked often.
"""

from __future__ import annotations

__all__ = ["Backoff", "least_wait_s"]

_LEAST_S = {401: 60.0, 403: 60.0, 404: 60.0, 418: 120.0, 429: 30.0}
_OTHER_REFUSALS_S = 30.0
_SERVER_ERRORS_S = 2.0


def least_wait_s(status: int) -> float:
    """Give the shortest wait after an HTTP status; 0 where there was none."""
    if status in _LEAST_S:
        return _LEAST_S[status]
    if 400 <= status < 500:
        return _OTHER_REFUSALS_S
    return _SERVER_ERRORS_S if status >= 500 else 0.0


class Backoff:
    """The waits of one connection.

    Args:
        first_s: before the first attempt after a loss.
        most_s: limit, but for what a server asks for.
    """

    def __init__(self, first_s: float = 0.25, most_s: float = 60.0) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self.attempts = 0

    def wait_s(self, chance: float, *, least_s: float = 0.0, asked_s: float | None = None) -> float:
        """Give the seconds until the next attempt, and count it.

        Args:
            chance: 0 to 1.
            least_s: not earlier than this.
            asked_s: what the server asked for, if it did; a day at most is believed.
        """
        whole = min(self._most_s, self._first_s * 2.0 ** min(self.attempts, 32))
        self.attempts += 1
        wait = max(whole * (0.5 + 0.5 * chance), least_s)
        if asked_s is not None:
            wait = max(wait, min(asked_s, 86400.0) + chance)
        return wait

    def succeed(self) -> None:
        """Begin anew: a connection proved itself."""
        self.attempts = 0
