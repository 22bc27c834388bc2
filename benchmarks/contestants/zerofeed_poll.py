"""zerofeed, a compiled writer, as a feed's is, and a plain Python reader: one way, by stamps."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import zerofeed as zf
from benchmarks.contest import Contestant, Plan, beside, finish, pin, steady
from benchmarks.contestants._zerofeed import WriterEnd, feed_name, open_reader
from benchmarks.contestants._zerofeed_kernels import publish_stamped
from benchmarks.distribution import Distribution

__all__ = ["CONTESTANT"]

_CONTEXT = multiprocessing.get_context("fork")
_BUSY_NS = 20_000
_ASLEEP_NS = 1_000_000


class ZerofeedPoll(Contestant):
    """The writer stamps a record just before it claims; the reader looks at the clock when it has it.

    Both use CLOCK_MONOTONIC, and the time includes one reading of it in Python. For a hop the
    reader calls `poll()` without end, to be woken it sleeps in `for batch in reader`.
    """

    name = "zerofeed, compiled writer to a Python reader"
    policy = "busy"
    bias = "for zerofeed: one way, not half of a round trip, and nothing of Python before the wire"
    measures = ("hop", "wakeup")

    def hop(self, plan: Plan) -> Distribution:
        """Publish a record when the reader has had the last for 20 us."""

        def read(reader: zf.Reader, taken: Any) -> None:
            poll, now = reader.poll, time.monotonic_ns
            for index in range(len(taken)):
                while not (batch := poll()).size:
                    pass
                taken[index] = now() - int(batch["ts_event_ns"][0])

        return _one_way(plan, _BUSY_NS, read)

    def wakeup(self, plan: Plan) -> Distribution:
        """Publish a record when the reader has had the last, and slept, for a millisecond."""

        def read(reader: zf.Reader, taken: Any) -> None:
            batches, now = iter(reader), time.monotonic_ns
            for index in range(len(taken)):
                batch = next(batches)
                taken[index] = now() - int(batch["ts_event_ns"][0])

        return _one_way(plan, _ASLEEP_NS, read)


def _one_way(plan: Plan, every_ns: int, read: Callable[[zf.Reader, Any], None]) -> Distribution:
    name = feed_name()
    warm_up = plan.samples // 10
    rounds = plan.samples + warm_up
    taken = _CONTEXT.RawArray("q", rounds)
    is_ready = _CONTEXT.Event()

    def take() -> None:
        reader = open_reader(name, "lossless", max_batch=1)
        is_ready.set()
        with steady():
            read(reader, taken)

    child = beside(take, plan.reader_core)
    pin(plan.writer_core)
    end = WriterEnd(name, plan.capacity)
    end.admit(1)
    is_ready.wait(60.0)
    publish_stamped(*end.arrays, rounds, every_ns)
    finish([child])
    return Distribution.of(np.asarray(taken)[warm_up:].tolist())


CONTESTANT = ZerofeedPoll()
