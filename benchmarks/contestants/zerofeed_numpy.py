"""zerofeed, a compiled writer and readers that use NumPy on each batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import zerofeed as zf
from benchmarks.contest import Contestant, Plan, Rate, steady
from benchmarks.contestants._zerofeed import check, fan_out

__all__ = ["CONTESTANT"]


class ZerofeedNumpy(Contestant):
    """Readers loop over batches and sum the bytes of each with NumPy, where they lie."""

    name = "zerofeed, NumPy on batches"
    policy = "sleeping"
    measures = ("fanout",)
    messages = 20_000_000

    def fanout(self, plan: Plan) -> Rate:
        """Publish; every reader sums every word of every batch."""

        def take(
            reader: zf.Reader, warm_up: int, total: int, say_warm: Callable[[], object]
        ) -> None:
            summed = 0
            with steady():
                for batch in reader:
                    summed += int(batch.view(np.int64).sum())
                    if reader.position == warm_up:
                        say_warm()
                    elif reader.position == total:
                        break
            reader.close()
            check(summed, reader.lost, total)

        return fan_out(plan, take)


CONTESTANT = ZerofeedNumpy()
