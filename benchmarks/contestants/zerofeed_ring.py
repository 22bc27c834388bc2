"""zerofeed, both ends of the ring compiled, records read where they lie: what c/ring.c does."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable

import numpy as np

from benchmarks.contest import Contestant, Plan, Rate, beside, finish, pin
from benchmarks.contestants._zerofeed import WriterEnd, feed_name, open_reader
from benchmarks.contestants._zerofeed_kernels import consume, produce
from benchmarks.distribution import Distribution
from zerofeed.apps.bench import hop_samples

__all__ = ["CONTESTANT"]

_CONTEXT = multiprocessing.get_context("fork")
_LOOKS = 100


class ZerofeedRing(Contestant):
    """A kernel on each side: no handler, no copy, and the same waits as in C.

    A reader alone on its core spins; readers that share one yield it when they find nothing.
    """

    name = "zerofeed, kernels on the ring"
    policy = "busy"
    measures = ("hop", "fanout")
    samples = 300_000
    messages = 50_000_000

    def hop(self, plan: Plan) -> Distribution:
        """Bounce records between `zerofeed bench hop`'s two kernels, which choose their own cores."""
        return Distribution.of([int(taken) for taken in hop_samples(plan.samples)])

    def fanout(self, plan: Plan) -> Rate:
        """Publish; every reader sums every word of every record."""
        name = feed_name()
        warm_up = 2 * plan.capacity
        total = warm_up + plan.messages
        finished_ns = _CONTEXT.RawArray("q", plan.readers)
        is_warm = _CONTEXT.Barrier(plan.readers + 1)

        def read(index: int) -> Callable[[], None]:
            def take() -> None:
                reader = open_reader(name, "lossless")
                control, items, page = reader.memory
                words = items.view(np.int64)
                looks = 0 if plan.readers == 1 else _LOOKS
                sums = np.zeros(2, dtype=np.int64)
                consume(control, words, page, 0, warm_up, looks, sums)
                is_warm.wait()
                consume(control, words, page, warm_up, total, looks, sums)
                finished_ns[index] = time.monotonic_ns()
                if sums[1] or int(sums[0]) != 8 * (total * (total - 1) // 2):
                    raise SystemExit(f"lost {sums[1]} records, or wrong bytes")

            return take

        children = [beside(read(index), plan.reader_core) for index in range(plan.readers)]
        pin(plan.writer_core)
        end = WriterEnd(name, plan.capacity, plan.batch)
        end.admit(plan.readers)
        produce(*end.arrays, warm_up, plan.batch)
        is_warm.wait()
        from_ns = time.monotonic_ns()
        produce(*end.arrays, total, plan.batch)
        finish(children)
        return Rate(plan.messages, (max(finished_ns) - from_ns) / 1e9)


CONTESTANT = ZerofeedRing()
