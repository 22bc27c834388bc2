#!/usr/bin/env python3
"""Runs contestants against each other, and writes down what happened.

Usage:
    python -m benchmarks.harness                       everything, five rounds; about half an hour
    python -m benchmarks.harness hop fanout            some measures
    python -m benchmarks.harness hop --only zerofeed_hop c_ring
    python -m benchmarks.harness hop --add --rounds 2  two rounds more
    python -m benchmarks.harness --quick               tiny counts: does everything run?
    python -m benchmarks.harness --list

How they alternate is in `benchmarks.rounds`. Results are JSON, one file for each measure in
benchmarks/results/; `python -m benchmarks.render` makes tables of them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from functools import partial
from typing import Any, get_args

from benchmarks import cring
from benchmarks.contest import Contestant, Measure, Plan
from benchmarks.contestants import CONTESTANTS
from benchmarks.rounds import Contest, Store, add_options, between_brackets

__all__ = ["main", "plans_for"]

_MEASURES: tuple[Measure, ...] = get_args(Measure)
_WAKEUPS = 2_000
_QUICK_SCALE = 0.005


def plans_for(measure: Measure, contestant: Contestant, base: Plan, *, scale: float) -> list[Plan]:
    """Choose how a contestant is measured.

    Args:
        measure: What is measured.
        contestant: Who.
        base: Cores, batch and capacity.
        scale: Share of the usual number of samples and messages.

    Returns:
        One plan; for a fan-out one for each number of readers, for costs one for each neighbour.
    """

    def some(count: int, least: int) -> int:
        return max(least, int(count * scale))

    if measure == "hop":
        return [replace(base, samples=some(contestant.samples, 200))]
    if measure == "wakeup":
        return [replace(base, samples=some(_WAKEUPS, 50))]
    messages = some(contestant.messages, 1_000)
    if measure == "fanout":
        return [replace(base, messages=messages, readers=readers) for readers in (1, 2, 4)]
    return [replace(base, messages=messages, reader=reader) for reader in ("none", "idle", "lossy")]


def _line(run: dict[str, Any]) -> str:
    result = run["result"]
    if "p50" in result:
        return f"p50 {result['p50']:>10,.0f}  p99 {result['p99']:>11,.0f} ns"
    return f"{result['per_second']:>14,.0f} a second"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Benchmarks against other systems, in one run.")
    add_options(parser, _MEASURES)
    parser.add_argument("--writer-core", type=int, default=0)
    parser.add_argument("--reader-core", type=int, default=1)
    parser.add_argument("--batch", type=int, default=64, help="records in one publication")
    parser.add_argument("--capacity", type=int, default=1 << 14, help="records in the ring")
    options = parser.parse_args()
    if unknown := set(options.measures) - set(_MEASURES):
        parser.error(f"no such measure: {', '.join(sorted(unknown))}")
    available = os.sched_getaffinity(0)
    if not {options.writer_core, options.reader_core} <= available:
        parser.error(f"this process may only run on cores {sorted(available)}")
    return options


def _once(measure: str, name: str, plan: Plan) -> dict[str, Any]:
    contestant = CONTESTANTS.load(name)
    return between_brackets(lambda: getattr(contestant, measure)(plan).as_dict(), plan)


def main() -> int:
    """Run what the command line asks for."""
    options = _arguments()
    if options.once:
        measure, name, plan = options.once
        print(json.dumps(_once(measure, name, Plan(**json.loads(plan)))))
        return 0
    if options.list:
        for name, contestant in CONTESTANTS.every().items():
            print(f"{name:24} {contestant.policy:9} {', '.join(contestant.measures)}")
        return 0
    if why := cring.missing_compiler():
        print(f"{why}: the brackets and the physical limit need it")
        return 2
    base = Plan(
        options.writer_core, options.reader_core, batch=options.batch, capacity=options.capacity
    )
    scale = _QUICK_SCALE if options.quick else 1.0
    failures = 0
    for measure in options.measures or _MEASURES:

        def plans_of(name: str, measure: Measure) -> list[Plan]:
            return plans_for(measure, CONTESTANTS.load(name), base, scale=scale)

        contest = Contest("benchmarks.harness", measure, partial(plans_of, measure=measure), _line)
        path = options.out / f"{measure}.json"
        store = None if options.quick else Store(path, measure, is_adding=options.add)
        names = CONTESTANTS.taking_part(measure, options.only)
        contest.hold(names, 1 if options.quick else options.rounds, store)
        failures += contest.failures
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
