"""What is missing is asked for, and told: one line when an episode begins, one when it is over.

The compiled loop holds what jumped ahead (:mod:`zerofeed.sequencing.holding`). While something is held, the
worker's Python looks here between two turns: what each channel waits for is listed, and where the feed has a
source with ``role = "replay"``, it is asked for on that source's socket. The answers come to the same socket, as
packets of the venue's own format, and the arbiter puts them where they belong.

Asked for is each hole once, again when an answer brought a part of it, and again after :data:`RETRY_NS` as
long as it is there. The loop decides how long is waited (``arbitration.wait_us``): what has not come by then is
lost, and is told as lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zerofeed.feed.memory import FeedMemory
from zerofeed.feed.metrics import CHANNEL_WORDS, CHANNELS, CHANNELS_AT, HELD_AT, HELD_WORDS
from zerofeed.sequencing._holding_kernels import holes
from zerofeed.sequencing.channels import (
    EXPECTED,
    FIRST_HELD,
    GAPS,
    HELD,
    KEY,
    MISSING,
    NEXT_HOLDING,
    RECOVERED,
)
from zerofeed.sequencing.holding import A_HELD, A_HOLDING, S_FRAME

__all__ = ["RETRY_NS", "GapCare"]

_Words = npt.NDArray[np.int64]
_Ask = Callable[[bytes, int, int], bytes]

RETRY_NS = 50_000_000
"""How long an answer may take before the same is asked for again."""
_MOST_HOLES = 64
"""Holes of a channel that are asked for at a time; those behind them get their turn."""
_TOLD_NS = 1_000_000_000
"""A channel's losses are told once in so long; what came in between is in the next line."""


@dataclass(slots=True)
class _Episode:
    """What a channel waits for, from the first packet held to the last."""

    recovered: int
    missing: int
    asked: int = 0


@dataclass(slots=True)
class _Told:
    """What was last told of a channel's losses."""

    gaps: int
    missing: int
    at_ns: int


class GapCare:
    """One feed's care. Made in the worker, for its main thread.

    Args:
        memory: of the feed.
        ask: makes the request for some numbers: of the packet that jumped ahead, the first number, how
            many; None: nobody can be asked.
        send: sends a request; each may be lost.
        say: called with each line for people.
        clock: monotonic, in ns.

    Attributes:
        requests: how many were sent.
    """

    def __init__(
        self,
        memory: FeedMemory,
        ask: _Ask | None,
        send: Callable[[bytes], None],
        say: Callable[[str], None],
        *,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._memory = memory
        self._ask = ask
        self._send = send
        self._say = say
        self._clock = clock
        self._asked: dict[tuple[int, int], int] = {}
        self._episodes: dict[int, _Episode] = {}
        self._told: dict[int, _Told] = {}
        self._found = np.zeros((_MOST_HOLES, 2), np.int64)
        self.requests = 0

    def look(self) -> None:
        """Ask for what is missing; between two turns of the loop."""
        state = self._memory.state
        if state[A_HELD] == 0 and not self._episodes:
            return
        holding: set[int] = set()
        at = int(state[A_HOLDING])
        while at != 0 and at not in holding:
            holding.add(at)
            self._look_at(state, at)
            at = int(state[at + NEXT_HOLDING])
        for at in self._episodes.keys() - holding:
            self._close(state, at)

    def tell_losses(self) -> None:
        """Tell what was lost since it was last told, a line for each channel; now and then."""
        state = self._memory.state
        now_ns = self._clock()
        for at in range(CHANNELS_AT, CHANNELS_AT + CHANNELS * CHANNEL_WORDS, CHANNEL_WORDS):
            gaps, missing = int(state[at + GAPS]), int(state[at + MISSING])
            told = self._told.get(at)
            if state[at + KEY] == 0 or (told is None and gaps == 0):
                continue
            if told is None:
                told = self._told[at] = _Told(0, 0, now_ns - _TOLD_NS)
            if gaps == told.gaps or now_ns - told.at_ns < _TOLD_NS:
                continue
            new_gaps, new_missing = gaps - told.gaps, missing - told.missing
            self._say(
                f"channel {int(state[at + KEY]) - 1}: {new_missing:,} lost in "
                f"{new_gaps:,} gap{'s' if new_gaps > 1 else ''}, expecting {int(state[at + EXPECTED]):,}"
            )
            self._told[at] = _Told(gaps, missing, now_ns)

    def _look_at(self, state: _Words, at: int) -> None:
        """Ask for what one channel waits for."""
        episode = self._episodes.get(at)
        if episode is None:
            before = int(state[at + RECOVERED]), int(state[at + MISSING])
            episode = self._episodes[at] = _Episode(*before)
        if self._ask is None:
            return
        now_ns = self._clock()
        packet: bytes | None = None
        for begin, end in self._found[: holes(state, at, self._found)].tolist():
            if now_ns < self._asked.get((at, begin), 0):
                continue
            if packet is None:
                packet = self._first_held(state, at)
            self._asked[at, begin] = now_ns + RETRY_NS
            self._send(self._ask(packet, begin, end - begin))
            self.requests += 1
            if episode.asked == 0:
                self._say(
                    f"channel {int(state[at + KEY]) - 1}: {end - begin:,} missing from {begin:,} on; asked for"
                )
            episode.asked += 1

    def _first_held(self, state: _Words, at: int) -> bytes:
        """Give the packet whose coming showed what is missing."""
        memory = self._memory
        slot = HELD_AT + (int(state[at + FIRST_HELD]) - 1) * HELD_WORDS
        frame = memory.frames[int(state[slot + S_FRAME]) & (memory.frame_ring.capacity - 1)]
        begin = int(frame["offset"])
        return memory.arena[begin : begin + int(frame["length"])].tobytes()

    def _close(self, state: _Words, at: int) -> None:
        """Tell how an episode ended, where something was asked for."""
        episode = self._episodes.pop(at)
        for key in [key for key in self._asked if key[0] == at]:
            del self._asked[key]
        if episode.asked == 0 or state[at + HELD]:
            return
        recovered = int(state[at + RECOVERED]) - episode.recovered
        lost = int(state[at + MISSING]) - episode.missing
        self._say(
            f"channel {int(state[at + KEY]) - 1}: {recovered:,} recovered, {lost:,} lost, "
            f"after {episode.asked:,} request{'s' if episode.asked > 1 else ''}"
        )
