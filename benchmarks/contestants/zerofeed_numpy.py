"""zerofeed, a compiled writer and readers that use NumPy on each batch."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable

import numpy as np

from benchmarks.contest import Contestant, Plan, Rate, beside, finish, pin, steady
from benchmarks.contestants._zerofeed import WriterEnd, feed_name, open_reader
from benchmarks.contestants._zerofeed_kernels import produce

__all__ = ["CONTESTANT"]

_CONTEXT = multiprocessing.get_context("fork")


class ZerofeedNumpy(Contestant):
    """Readers loop over batches and sum the bytes of each with NumPy, where they lie."""

    name = "zerofeed, NumPy on batches"
    policy = "sleeping"
    measures = ("fanout",)
    messages = 20_000_000

    def fanout(self, plan: Plan) -> Rate:
        """Publish; every reader sums every word of every batch."""
        name = feed_name()
        warm_up = 2 * plan.capacity
        total = warm_up + plan.messages
        finished_ns = _CONTEXT.RawArray("q", plan.readers)
        is_warm = _CONTEXT.Barrier(plan.readers + 1)

        def read(index: int) -> Callable[[], None]:
            def consume() -> None:
                reader = open_reader(name, "lossless")
                summed = 0
                with steady():
                    for batch in reader:
                        summed += int(batch.view(np.int64).sum())
                        if reader.position == warm_up:
                            is_warm.wait()
                        elif reader.position == total:
                            break
                    finished_ns[index] = time.monotonic_ns()
                reader.close()
                if reader.lost or summed != 8 * (total * (total - 1) // 2):
                    raise SystemExit(f"lost {reader.lost} records, or wrong bytes")

            return consume

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


CONTESTANT = ZerofeedNumpy()
