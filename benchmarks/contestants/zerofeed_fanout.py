"""zerofeed, writer and readers compiled: throughput, and what a reader costs."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable

import numpy as np

import zerofeed as zf
from benchmarks.contest import Contestant, Plan, Rate, beside, finish, pin
from benchmarks.contestants._zerofeed import (
    WriterEnd,
    check,
    every_word,
    fan_out,
    feed_name,
    open_reader,
)
from benchmarks.contestants._zerofeed_kernels import produce

__all__ = ["CONTESTANT"]

_CONTEXT = multiprocessing.get_context("fork")


class ZerofeedFanout(Contestant):
    """A compiled writer; readers are processes that run a compiled handler over every record.

    A reader alone on its core spins; readers that share a core sleep on the futex.
    """

    name = "zerofeed, compiled handlers"
    policy = "busy"
    measures = ("fanout", "cost")
    messages = 50_000_000

    def fanout(self, plan: Plan) -> Rate:
        """Publish; every reader sums every word of every record."""
        is_alone = plan.readers == 1

        def take(
            reader: zf.Reader, warm_up: int, total: int, say_warm: Callable[[], object]
        ) -> None:
            state = np.zeros(1, dtype=np.int64)
            reader.run(every_word, state, records=warm_up, spin=is_alone)
            say_warm()
            reader.run(every_word, state, records=total - warm_up, spin=is_alone)
            check(int(state[0]), reader.lost, total)

        return fan_out(plan, take)

    def cost(self, plan: Plan) -> Rate:
        """Publish, waiting for nobody, beside no reader, one that does nothing, or a lossy one."""
        name = feed_name()
        warm_up = 2 * plan.capacity
        total = warm_up + plan.messages
        is_done = _CONTEXT.Event()
        is_ready = _CONTEXT.Event()

        def read() -> None:
            reader = open_reader(name, "lossy")
            state = np.zeros(1, dtype=np.int64)
            if plan.reader == "lossy":
                reader.run(every_word, state, records=1, spin=True)
                is_ready.set()
                reader.run(every_word, state, records=total - reader.position, spin=True)
            else:
                is_ready.set()
                is_done.wait()

        children = [] if plan.reader == "none" else [beside(read, plan.reader_core)]
        pin(plan.writer_core)
        end = WriterEnd(name, plan.capacity, plan.batch)
        end.admit(len(children))
        produce(*end.arrays, 1, 1)
        if children:
            is_ready.wait(60.0)
        produce(*end.arrays, warm_up, plan.batch)
        from_ns = time.monotonic_ns()
        produce(*end.arrays, total, plan.batch)
        seconds = (time.monotonic_ns() - from_ns) / 1e9
        is_done.set()
        finish(children)
        return Rate(plan.messages, seconds)


CONTESTANT = ZerofeedFanout()
