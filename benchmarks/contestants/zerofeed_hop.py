"""zerofeed, compiled writer to compiled reader in another process, both busy."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

import zerofeed as zf
from benchmarks.contest import Contestant, Plan, beside, finish, pin
from benchmarks.contestants._zerofeed import WriterEnd, add_words, feed_name, open_reader
from benchmarks.contestants._zerofeed_kernels import clock, kick, publish_one, ticks
from benchmarks.distribution import Distribution
from zerofeed.base.kernel import always_inlined

__all__ = ["CONTESTANT"]

_BUCKETS = 1 << 20
_add_words = always_inlined(add_words)


@zf.handler
def echo(record: Any, state: Any) -> None:
    """Read all of a record and publish one in return."""
    sums, control, cursors, bell, words = state
    _add_words(record, sums)
    publish_one(control, cursors, bell, words)


@zf.handler
def bounce(record: Any, state: Any) -> None:
    """Do the same, and note how long the round trip took: word 1 is the tick it began at."""
    sums, control, cursors, bell, words, counts = state
    _add_words(record, sums)
    now = ticks()
    taken = now - sums[1]
    counts[min(taken, counts.size - 1)] += 1
    sums[2] = max(sums[2], taken)
    sums[1] = now
    publish_one(control, cursors, bell, words)


class ZerofeedHop(Contestant):
    """Two feeds, one each way; each side is a handler inside `reader.run`."""

    name = "zerofeed, compiled handlers"
    policy = "busy"
    measures = ("hop",)
    samples = 1_000_000

    def hop(self, plan: Plan) -> Distribution:
        """Bounce a record through two feeds."""
        there, back = feed_name(), feed_name()
        warm_up = 20_000
        rounds = warm_up + plan.samples

        def reflect() -> None:
            end = WriterEnd(back, plan.capacity)
            reader = open_reader(there, "lossy")
            end.admit(1)
            state = (np.zeros(1, dtype=np.int64), *end.arrays)
            reader.run(echo, state, records=rounds, spin=True)

        child = beside(reflect, plan.reader_core)
        pin(plan.writer_core)
        end = WriterEnd(there, plan.capacity)
        end.admit(1)
        reader = open_reader(back, "lossy")
        sums = np.zeros(3, dtype=np.int64)
        counts = np.zeros(_BUCKETS, dtype=np.int64)
        state = (sums, *end.arrays, counts)
        scale = _ns_per_tick() / 2.0
        kick(*end.arrays)
        reader.run(bounce, state, records=warm_up, spin=True)
        counts[:] = 0
        sums[2] = 0
        sums[1] = clock()
        # The last bounce of the warm-up is on its way: the first sample may be a little short.
        reader.run(bounce, state, records=plan.samples - 1, spin=True)
        finish([child])
        if reader.lost:
            raise RuntimeError(f"{reader.lost} records were lost on the way")
        return Distribution.of_histogram(counts.tolist(), int(sums[2]), scale=scale)


def _ns_per_tick() -> float:
    from_ns, from_ticks = time.monotonic_ns(), clock()
    while time.monotonic_ns() - from_ns < 100_000_000:
        pass
    return (time.monotonic_ns() - from_ns) / (clock() - from_ticks)


CONTESTANT = ZerofeedHop()
