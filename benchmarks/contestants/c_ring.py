"""The physical limit: the same ring protocol in C."""

from __future__ import annotations

from benchmarks import cring
from benchmarks.contest import Contestant, Plan, Rate
from benchmarks.distribution import Distribution

__all__ = ["CONTESTANT"]


class CRing(Contestant):
    """A claimed/published ring of 64-byte records in C, built with the machine's gcc."""

    name = "C ring"
    policy = "busy"
    bias = "favours C: no bookkeeping but the ring's; readers that share a core yield it"
    measures = ("hop", "fanout", "cost")
    samples = 1_000_000
    messages = 50_000_000

    def missing(self) -> str | None:
        """Say that there is no compiler."""
        return cring.missing_compiler()

    def hop(self, plan: Plan) -> Distribution:
        """Bounce a record through two rings."""
        answer = cring.run("hop", plan)
        return Distribution(**{key: value for key, value in answer.items() if key != "mode"})

    def fanout(self, plan: Plan) -> Rate:
        """Publish; every reader sums every word."""
        answer = cring.run("fanout", plan)
        return Rate(answer["messages"], answer["seconds"])

    def cost(self, plan: Plan) -> Rate:
        """Publish beside a reader that nobody waits for."""
        answer = cring.run("cost", plan)
        return Rate(answer["messages"], answer["seconds"])


CONTESTANT = CRing()
