"""A receiver with a loop around it, as the worker has one, in the process of the test."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np

from zerofeed.base.status import WOULD_BLOCK
from zerofeed.feed.memory import FeedMemory, MemorySizes
from zerofeed.shm import _ring_kernels as rk
from zerofeed.wire._arrival_kernels import LINE_SHIFT, LINES, LOST_FLAG
from zerofeed.wire.websocket import _stream_kernels as k
from zerofeed.wire.websocket._words import STREAM_WORDS
from zerofeed.wire.websocket.dial import keep_stamps_on
from zerofeed.wire.websocket.endpoint import Endpoint, Pace
from zerofeed.wire.websocket.plan import StreamPlan
from zerofeed.wire.websocket.receiver import WebSocketReceiver
from zerofeed.wire.websocket.stream import REGION_STEP_BYTES

__all__ = ["LONGEST", "Loop", "Taken", "quick"]

LONGEST = REGION_STEP_BYTES // 4
STAMPS = keep_stamps_on()
"""Loops are quicker here than the kernel is to begin with it."""
BURST = 64
MORE, SERVE = 0, 1
PATIENCE_S = 20.0


class Taken(NamedTuple):
    """A frame, copied."""

    payload: bytes
    flags: int
    ts_recv_ns: int

    @property
    def line(self) -> int:
        return self.flags >> LINE_SHIFT & LINES - 1

    @property
    def is_loss(self) -> bool:
        return bool(self.flags & LOST_FLAG)


def quick(**times: float) -> Pace:
    """Times for tests: nothing happens by itself unless it is asked for."""
    settings = {"ping_s": 0.0, "stale_s": 0.0, "renew_s": 0.0, "sends_per_s": 1000.0}
    return Pace(**(settings | times))


class Loop:
    """The receiver of one source, its memory, and what it published."""

    def __init__(self, endpoint: Endpoint, *, longest: int = LONGEST, **options: Any) -> None:
        plan = StreamPlan(
            0, endpoint.lines, REGION_STEP_BYTES, longest, inflates=endpoint.compression
        )
        frames = 256
        sizes = MemorySizes(
            records=256,
            frames=frames,
            burst=BURST,
            max_claim=8,
            instruments=8,
            spare_chunks=max(BURST, plan.arena_bytes // 2048 - frames),
        )
        self.memory = FeedMemory("loop", sizes)
        self.block = np.zeros(plan.words, np.int64)
        self.receiver = WebSocketReceiver(endpoint, plan, **options)
        self.receiver.take_over(self.block, self.memory, 3)
        self.report = np.zeros(8, np.int64)
        self.frames: list[Taken] = []
        self.lines: list[str] = []
        self._epoll = select.epoll()
        self._places: dict[int, int] = {}
        for place, fileno in enumerate(self.receiver.filenos()):
            if fileno >= 0:
                self._watch(place, fileno)
        self.receiver.start()

    def _watch(self, place: int, fileno: int) -> None:
        self._places[fileno] = place
        self._epoll.register(fileno, select.EPOLLIN)

    def turn(self) -> None:
        """One turn of the worker's loop."""
        asks = bool(self.report[SERVE])
        self.report[SERVE] = 0
        if asks:
            for place in range(self.block.size // STREAM_WORDS):
                self._take(-1, place)
        for fileno, _ in self._epoll.poll(0 if self.report[SERVE] else 0.005):
            self._take(fileno, self._places[fileno])
        if self.report[SERVE]:
            for place, fileno in self.receiver.serve():
                self._watch(place, fileno)
            self.report[SERVE] = 1
        while (line := self.receiver.tell(self.block)) is not None:
            self.lines.append(line)

    def _take(self, fileno: int, place: int) -> None:
        ring, table = self.memory.frame_ring, self.memory.frame_cursors
        words = self.block[place * STREAM_WORDS : (place + 1) * STREAM_WORDS]
        more = True
        while more:
            assert rk.try_claim(ring.control, table.words, BURST) == 0
            first = ring.published
            got = k.take(
                fileno, 3, words, self.memory.arena, ring.control, table.words,
                self.memory.frames, BURST, self.report, MORE, SERVE,
            )  # fmt: skip
            assert got != WOULD_BLOCK
            self.frames += [self._copied(first + index) for index in range(max(0, got))]
            more = got > 0 and bool(self.report[MORE])

    def _copied(self, seq: int) -> Taken:
        described = self.memory.frames[seq & (self.memory.frame_ring.capacity - 1)]
        assert described["channel"] == 3
        at = int(described["offset"])
        payload = self.memory.arena[at : at + int(described["length"])].tobytes()
        return Taken(payload, int(described["flags"]), int(described["ts_recv_ns"]))

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Turn until something is so."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, f"it never came about: {what}; {self.lines}"
            self.turn()

    def payloads(self) -> list[bytes]:
        """Of all frames that are no news of a loss."""
        return [frame.payload for frame in self.frames if not frame.is_loss]

    def losses(self) -> list[Taken]:
        """The frames that are."""
        return [frame for frame in self.frames if frame.is_loss]

    def counted(self, name: str) -> int:
        """A counter of the feed."""
        return self.memory.metrics[name]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.receiver.close()
        self._epoll.close()
        for keeper in self.receiver._keepers:
            keeper.join(PATIENCE_S)
            assert not keeper.is_alive()
