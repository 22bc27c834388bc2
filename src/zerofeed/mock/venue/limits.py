"""How much a client may ask of a venue, counted over a sliding window.

Time is an argument, so that a test decides what it is.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

__all__ = ["Limits", "Window"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a venue allows. Zero means that it does not say.

    Attributes:
        messages: from a client on one connection within ``messages_per_ns``.
        messages_per_ns: the window.
        streams: on one connection.
        arguments: in one subscription message.
        idle_ns: without a word from the client, after which the venue hangs up.
        first_ns: within which a client has to subscribe.
        ping_ns: between the venue's own pings.
        pong_ns: within which each has to be answered.
        weight: of requests over REST within ``weight_per_ns``.
        weight_per_ns: the window.
    """

    messages: int = 0
    messages_per_ns: int = 1_000_000_000
    streams: int = 0
    arguments: int = 0
    idle_ns: int = 0
    first_ns: int = 0
    ping_ns: int = 0
    pong_ns: int = 60_000_000_000
    weight: int = 0
    weight_per_ns: int = 60_000_000_000


class Window:
    """Counts weight within the time that has just passed.

    Args:
        limit: weight allowed; 0 allows any.
        length_ns: how far back is counted.
    """

    def __init__(self, limit: int, length_ns: int) -> None:
        self._limit = limit
        self._length_ns = length_ns
        self._spent: deque[tuple[int, int]] = deque()
        self._sum = 0

    def take(self, now_ns: int, weight: int = 1) -> bool:
        """Count one request.

        Args:
            now_ns: any clock that does not run backwards.
            weight: of the request.

        Returns:
            False if the limit is passed with it; it is counted all the same, as venues do.
        """
        if not self._limit:
            return True
        while self._spent and self._spent[0][0] <= now_ns - self._length_ns:
            self._sum -= self._spent.popleft()[1]
        self._spent.append((now_ns, weight))
        self._sum += weight
        return self._sum <= self._limit
