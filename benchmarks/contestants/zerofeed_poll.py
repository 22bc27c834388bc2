"""zerofeed, compiled writer to a plain Python `poll()`: one way, by stamps."""

from __future__ import annotations

import multiprocessing
import time

import numpy as np

from benchmarks.contest import Contestant, Plan, beside, finish, pin, steady
from benchmarks.contestants._zerofeed import WriterEnd, feed_name, open_reader
from benchmarks.contestants._zerofeed_kernels import publish_stamped
from benchmarks.distribution import Distribution

__all__ = ["CONTESTANT"]

_CONTEXT = multiprocessing.get_context("fork")
_EVERY_NS = 20_000


class ZerofeedPoll(Contestant):
    """The writer stamps a record just before it claims; the reader looks at the clock after `poll`.

    Both use CLOCK_MONOTONIC, and the time includes one reading of it in Python.
    """

    name = "zerofeed, compiled writer to Python poll()"
    policy = "busy"
    bias = "one way; the others' figure is half of a round trip"
    measures = ("hop",)

    def hop(self, plan: Plan) -> Distribution:
        """Publish a record when the reader has had the last for 20 us."""
        name = feed_name()
        warm_up = plan.samples // 10
        rounds = plan.samples + warm_up
        taken = _CONTEXT.RawArray("q", rounds)
        is_ready = _CONTEXT.Event()

        def read() -> None:
            reader = open_reader(name, "lossless", max_batch=1)
            poll, now = reader.poll, time.monotonic_ns
            is_ready.set()
            with steady():
                for index in range(rounds):
                    while not (batch := poll()).size:
                        pass
                    taken[index] = now() - int(batch["ts_event_ns"][0])

        child = beside(read, plan.reader_core)
        pin(plan.writer_core)
        end = WriterEnd(name, plan.capacity)
        end.admit(1)
        is_ready.wait(60.0)
        publish_stamped(*end.arrays, rounds, _EVERY_NS)
        finish([child])
        return Distribution.of(np.asarray(taken)[warm_up:].tolist())


CONTESTANT = ZerofeedPoll()
