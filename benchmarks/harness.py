#!/usr/bin/env python3
"""Runs contestants against each other, and writes down what happened.

Usage:
    python -m benchmarks.harness                       everything, five rounds; about half an hour
    python -m benchmarks.harness hop fanout            some measures
    python -m benchmarks.harness hop --only zerofeed_hop c_ring
    python -m benchmarks.harness --quick               tiny counts: does everything run?
    python -m benchmarks.harness --list

Contestants alternate: A B C, A B C, at least five rounds, so that a machine that changes its mind
half way does not favour anyone. Each run is a fresh process. Before and after each run a raw
ping-pong of one word between the two cores is measured (C, 200,000 round trips): virtual cores
move, and two of them on one core complex are four times as close as two on different ones. Runs
whose brackets disagree are repeated, at most twice more, and then marked.

Results are JSON, one file for each measure in benchmarks/results/; `python -m benchmarks.render`
makes tables of them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, get_args

from benchmarks import cring, machine
from benchmarks.contest import Contestant, Measure, Plan
from benchmarks.contestants import every_contestant, find_contestant

__all__ = ["main", "plans_for", "run_between_brackets"]

_RESULTS = Path(__file__).resolve().parent / "results"
_ROOT = Path(__file__).resolve().parent.parent
_MEASURES: tuple[Measure, ...] = get_args(Measure)
_ROUNDS = 5
_TRIES = 3
_BRACKET_TOLERANCE = 1.5
_RUN_SECONDS = 90
_WAKEUPS = 2_000


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


def run_once(measure: Measure, name: str, plan: Plan) -> dict[str, Any]:
    """Measure in this process; its children end before it returns."""
    contestant = find_contestant(name)
    if contestant is None:
        raise SystemExit(f"{name}: not installed")
    return getattr(contestant, measure)(plan).as_dict()


def run_apart(measure: Measure, name: str, plan: Plan) -> dict[str, Any]:
    """Measure in a fresh process, between two brackets.

    Returns:
        The result with its brackets; `error` in place of the result when it failed.
    """
    words = ["benchmarks.harness", "--once", measure, name, json.dumps(asdict(plan))]
    return {"contestant": name, "plan": asdict(plan), **run_between_brackets(words, plan)}


def run_between_brackets(words: list[str], cores: Plan) -> dict[str, Any]:
    """Run a module in a fresh process, with a raw ping-pong before and after it.

    Args:
        words: the module and its arguments; its last line on standard output is its result.
        cores: which two the brackets are measured on.

    Returns:
        `result`, `bracket_ns`, `load`, `attempt` and `is_steady`; or `error`.
    """
    run: dict[str, Any] = {}
    for attempt in range(1, _TRIES + 1):
        before = cring.pingpong_ns(cores)
        load = machine.load()
        try:
            done = subprocess.run(
                [sys.executable, "-m", *words],
                cwd=_ROOT,
                capture_output=True,
                text=True,
                timeout=_RUN_SECONDS,
                check=True,
            )
        except subprocess.TimeoutExpired:
            return {"error": f"not done after {_RUN_SECONDS} s"}
        except subprocess.CalledProcessError as error:
            return {"error": error.stderr.strip().splitlines()[-1:] or ["failed"]}
        after = cring.pingpong_ns(cores)
        run = {
            "result": json.loads(done.stdout.splitlines()[-1]),
            "bracket_ns": [before, after],
            "load": load,
            "attempt": attempt,
            "is_steady": max(before, after) <= _BRACKET_TOLERANCE * min(before, after),
        }
        if run["is_steady"]:
            break
    return run


def contest(measure: Measure, names: list[str], base: Plan, rounds: int, scale: float) -> list[Any]:
    """Let contestants alternate for some rounds."""
    runs: list[Any] = []
    for number in range(1, rounds + 1):
        for name in names:
            contestant = find_contestant(name)
            assert contestant is not None
            for plan in plans_for(measure, contestant, base, scale=scale):
                started = time.monotonic()
                run = run_apart(measure, name, plan)
                runs.append({"round": number, **run})
                print(_line(measure, number, run, time.monotonic() - started), flush=True)
    return runs


def _line(measure: Measure, number: int, run: dict[str, Any], seconds: float) -> str:
    head = f"{measure:7} round {number} {run['contestant']:24}"
    plan = run["plan"]
    if measure == "fanout":
        head += f" {plan['readers']} readers"
    if measure == "cost":
        head += f" {plan['reader']:5} reader"
    if "error" in run:
        return f"{head} FAILED: {run['error']}"
    result = run["result"]
    if "p50" in result:
        said = f"p50 {result['p50']:>10,.0f}  p99 {result['p99']:>11,.0f} ns"
    else:
        said = f"{result['per_second']:>14,.0f} a second"
    before, after = run["bracket_ns"]
    mark = "" if run["is_steady"] else "  UNSTEADY"
    return f"{head} {said}   bracket {before:.0f}, {after:.0f} ns  {seconds:.1f} s{mark}"


def _entrants(measure: Measure, only: list[str] | None) -> list[str]:
    found = every_contestant()
    if only and (unknown := set(only) - set(found)):
        raise SystemExit(f"no such contestant here: {', '.join(sorted(unknown))}; see --list")
    names = []
    for name, contestant in found.items():
        if measure not in contestant.measures or (only and name not in only):
            continue
        if why := contestant.missing():
            print(f"{measure:7} without {name}: {why}", flush=True)
            continue
        names.append(name)
    return names


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Benchmarks against other systems, in one run.")
    parser.add_argument("measures", nargs="*", help=f"{', '.join(_MEASURES)} (default: all)")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these contestants")
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    parser.add_argument("--writer-core", type=int, default=0)
    parser.add_argument("--reader-core", type=int, default=1)
    parser.add_argument("--batch", type=int, default=64, help="records in one publication")
    parser.add_argument("--capacity", type=int, default=1 << 14, help="records in the ring")
    parser.add_argument("--out", type=Path, default=_RESULTS, help="folder for results")
    parser.add_argument("--quick", action="store_true", help="one round of tiny counts, no result")
    parser.add_argument("--list", action="store_true", help="say who takes part in what")
    parser.add_argument("--once", nargs=3, metavar=("MEASURE", "NAME", "PLAN"), help="internal")
    options = parser.parse_args()
    if unknown := set(options.measures) - set(_MEASURES):
        parser.error(f"no such measure: {', '.join(sorted(unknown))}")
    available = os.sched_getaffinity(0)
    if not {options.writer_core, options.reader_core} <= available:
        parser.error(f"this process may only run on cores {sorted(available)}")
    return options


def main() -> int:
    """Run what the command line asks for."""
    options = _arguments()
    if options.once:
        measure, name, plan = options.once
        print(json.dumps(run_once(measure, name, Plan(**json.loads(plan)))))
        return 0
    if options.list:
        for name, contestant in every_contestant().items():
            print(f"{name:24} {contestant.policy:9} {', '.join(contestant.measures)}")
        return 0
    if why := cring.missing_compiler():
        print(f"{why}: the brackets and the physical limit need it")
        return 2
    base = Plan(
        options.writer_core, options.reader_core, batch=options.batch, capacity=options.capacity
    )
    rounds, scale = (1, 0.005) if options.quick else (options.rounds, 1.0)
    failures = 0
    for measure in options.measures or _MEASURES:
        runs = contest(measure, _entrants(measure, options.only), base, rounds, scale)
        failures += sum("error" in run for run in runs)
        if options.quick:
            continue
        options.out.mkdir(parents=True, exist_ok=True)
        written = {
            "measure": measure,
            "command": f"python -m benchmarks.harness {' '.join(sys.argv[1:])}".strip(),
            "machine": machine.describe(),
            "rounds": rounds,
            "runs": runs,
        }
        path = options.out / f"{measure}.json"
        path.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
        print(f"{measure:7} written to {path}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
