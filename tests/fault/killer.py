"""Kills a feed's worker while it works, and looks when the next one is there."""

from __future__ import annotations

import os
import random
import signal
import time

__all__ = ["Killer"]


class Killer:
    """Kills a feed's worker at moments of its own choice, and the next one, and the next.

    Three of four times it waits until the successor has published something and taken some
    more packets; the fourth time the successor dies while it takes over.

    Args:
        feed: attached.
        seed: of the moments.
        kills: how many.
        packets: that will be sent.
    """

    def __init__(self, feed, seed: int, kills: int, packets: int) -> None:
        self._feed = feed
        self._random = random.Random(seed)
        self._left = kills
        self._packets = packets
        self._pause = packets * 3 // (5 * kills)
        self._epoch = feed.epoch
        self._pid = feed.status()["worker_pid"]
        self._due = self._random.randint(1, self._pause)
        self._killed_ns = 0
        self.restarts_ms: list[float] = []

    def look(self) -> None:
        """Kill if it is time; note how long the last one took to be replaced."""
        if self._killed_ns:
            self._look_for_successor()
        elif self._left and self._feed.metrics["packets_received"] >= self._due:
            # A few thousand instructions, more or less.
            for _ in range(self._random.randrange(400)):
                pass
            os.kill(self._pid, signal.SIGKILL)
            self._killed_ns = time.monotonic_ns()
            self._left -= 1

    def _look_for_successor(self) -> None:
        feed = self._feed
        if feed.epoch == self._epoch:
            return
        self._epoch = feed.epoch
        self._pid = feed.status()["worker_pid"]
        received = feed.metrics["packets_received"]
        self._due = received
        if self._random.random() < 0.75:
            # It answers when it has taken over and published its epoch.
            feed.reader().close()
            self.restarts_ms.append((time.monotonic_ns() - self._killed_ns) / 1e6)
            self._due = min(received + self._random.randint(1, self._pause), self._packets)
        self._killed_ns = 0

    @property
    def is_done(self) -> bool:
        """All kills were made and answered."""
        return not self._left and not self._killed_ns
