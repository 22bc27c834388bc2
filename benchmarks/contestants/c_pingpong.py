"""One word on one cache line, back and forth, in C: below this nothing can go."""

from __future__ import annotations

from benchmarks import cring
from benchmarks.contest import Contestant, Plan
from benchmarks.distribution import Distribution

__all__ = ["CONTESTANT"]


class CPingPong(Contestant):
    """The cache-line transfer itself."""

    name = "C ping-pong of one word"
    policy = "busy"
    bias = "no data, no ring"
    measures = ("hop",)
    samples = 1_000_000

    def missing(self) -> str | None:
        """Say that there is no compiler."""
        return cring.missing_compiler()

    def hop(self, plan: Plan) -> Distribution:
        """Bounce the word."""
        answer = cring.run("pingpong", plan)
        return Distribution(**{key: value for key, value in answer.items() if key != "mode"})


CONTESTANT = CPingPong()
