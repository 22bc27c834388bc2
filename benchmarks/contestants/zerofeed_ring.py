"""zerofeed, both ends of the ring compiled, records read where they lie: what c/ring.c does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import zerofeed as zf
from benchmarks.contest import Contestant, Plan, Rate
from benchmarks.contestants._zerofeed import check, fan_out
from benchmarks.contestants._zerofeed_kernels import consume
from benchmarks.distribution import Distribution
from zerofeed.apps.bench import hop_samples

__all__ = ["CONTESTANT"]

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
        looks = 0 if plan.readers == 1 else _LOOKS

        def take(
            reader: zf.Reader, warm_up: int, total: int, say_warm: Callable[[], object]
        ) -> None:
            control, items, page = reader.memory
            words = items.view(np.int64)
            sums = np.zeros(2, dtype=np.int64)
            consume(control, words, page, 0, warm_up, looks, sums)
            say_warm()
            consume(control, words, page, warm_up, total, looks, sums)
            check(int(sums[0]), int(sums[1]), total)

        return fan_out(plan, take)


CONTESTANT = ZerofeedRing()
