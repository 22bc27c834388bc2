"""Rounds of a contest: entrants alternate, each in a fresh process, between two brackets.

A B C, A B C, at least five rounds, so that a machine that changes its mind half way does not favour
anyone. Right before and right after what is measured, a raw ping-pong of one word between the two cores
is (C, 200,000 round trips): virtual cores move, and two of them on one core complex are four times as
close as two on different ones. Runs whose brackets disagree are repeated, at most twice more, and then
marked.

Each run is stored as soon as it is done, so that a contest that is broken off keeps its rounds; more
rounds can be added later, by ``--add``, on the same machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import cring, machine
from benchmarks.contest import Plan

__all__ = ["Contest", "Store", "add_options", "between_brackets"]

_ROOT = Path(__file__).resolve().parent.parent
_RESULTS = Path(__file__).resolve().parent / "results"
_ROUNDS = 5
_TRIES = 3
_BRACKET_TOLERANCE = 1.5
_RUN_SECONDS = 90


def add_options(parser: argparse.ArgumentParser, measures: Iterable[str]) -> None:
    """Add what every contest can be told."""
    parser.add_argument("measures", nargs="*", help=f"{', '.join(measures)} (default: all)")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these take part")
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    parser.add_argument("--out", type=Path, default=_RESULTS, help="folder for results")
    parser.add_argument("--add", action="store_true", help="add to the rounds that are stored")
    parser.add_argument("--quick", action="store_true", help="one round of short runs, no result")
    parser.add_argument("--list", action="store_true", help="say who takes part in what")
    parser.add_argument("--once", nargs=3, metavar=("MEASURE", "NAME", "PLAN"), help="internal")


class Store:
    """The file of one measure.

    Args:
        path: of the file.
        measure: what is measured.
        is_adding: keep the rounds that are in it.

    Raises:
        SystemExit: rounds would be added to those of another machine.
    """

    def __init__(self, path: Path, measure: str, *, is_adding: bool) -> None:
        self._path = path
        words = ["python", "-m", Path(sys.argv[0]).stem, *sys.argv[1:]]
        words[2] = f"benchmarks.{words[2]}"
        self._stored: dict[str, Any] = {
            "measure": measure,
            "command": " ".join(words),
            "machine": machine.describe(),
            "rounds": 0,
            "runs": [],
        }
        if not is_adding or not path.exists():
            return
        before = json.loads(path.read_text(encoding="utf-8"))
        for fact in ("cpu", "cores", "kernel"):
            was, now = before["machine"].get(fact), self._stored["machine"].get(fact)
            if was != now:
                raise SystemExit(f"{path}: its {fact} is {was}, this one's {now}; not added")
        self._stored |= {name: before[name] for name in ("rounds", "runs")}
        self._stored["command"] = f"{before['command']}; {self._stored['command']}"

    def rounds_of(self, name: str) -> int:
        """Count the rounds that an entrant has behind it."""
        return max((r["round"] for r in self._stored["runs"] if r["contestant"] == name), default=0)

    def add(self, run: dict[str, Any]) -> None:
        """Write one more run, with what was measured and when."""
        here = self._stored["machine"]
        date = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
        self._stored["runs"].append({**run, "commit": here["commit"], "date": date})
        self._stored["rounds"] = max(self._stored["rounds"], run["round"])
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(self._stored, indent=1) + "\n", encoding="utf-8")


@dataclass
class Contest:
    """One measure, and how its entrants are run.

    Attributes:
        module: whose command line measures once.
        measure: what is measured.
        plans_of: an entrant's plans, by its name.
        line: tells of a run, in words.
        failures: runs that failed.
    """

    module: str
    measure: str
    plans_of: Callable[[str], list[Any]]
    line: Callable[[dict[str, Any]], str]
    failures: int = field(default=0, init=False)

    def hold(self, names: list[str], rounds: int, store: Store | None) -> None:
        """Let entrants alternate; each run is told of, and stored if there is a store."""
        before = {name: store.rounds_of(name) if store else 0 for name in names}
        for number in range(1, rounds + 1):
            for name in names:
                for plan in self.plans_of(name):
                    run = {"round": before[name] + number, **self._run(name, plan)}
                    self.failures += "error" in run
                    if store:
                        store.add(run)

    def _run(self, name: str, plan: Any) -> dict[str, Any]:
        began = time.monotonic()
        stated = asdict(plan)
        words = [self.module, "--once", self.measure, name, json.dumps(stated)]
        run = {"contestant": name, "plan": stated, **_run_apart(words)}
        said = f"FAILED: {run['error']}" if "error" in run else self.line(run)
        if "error" not in run:
            first, last = run["bracket_ns"]
            said += f"   bracket {first:.0f}, {last:.0f} ns"
            said += "" if run["is_steady"] else "  UNSTEADY"
        taken = time.monotonic() - began
        print(f"{self.measure:10} {name:24} {_variant(stated)} {said}  {taken:.1f} s", flush=True)
        return run


def _variant(plan: dict[str, Any]) -> str:
    """Say what of a plan is not the same for all: numbers and words that tables are made by."""
    shown = ("readers", "reader", "payload_bytes", "napi", "per_second")
    return " ".join(f"{name}={plan[name]}" for name in shown if plan.get(name))


def between_brackets(measure: Callable[[], dict[str, Any]], cores: Plan) -> dict[str, Any]:
    """Measure in this process, with a raw ping-pong right before and right after it.

    Args:
        measure: gives the result.
        cores: which two the brackets are measured on.

    Returns:
        `result`, `bracket_ns` and `load`.
    """
    before, load = cring.pingpong_ns(cores), machine.load()
    result = measure()
    return {"result": result, "bracket_ns": [before, cring.pingpong_ns(cores)], "load": load}


def _run_apart(words: list[str]) -> dict[str, Any]:
    """Run a module in a fresh process until its brackets agree, three times at most.

    Args:
        words: the module and its arguments; its last line on standard output is what
            `between_brackets` gave.

    Returns:
        That, `attempt` and `is_steady`; or `error`.
    """
    run: dict[str, Any] = {}
    for attempt in range(1, _TRIES + 1):
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
        run = json.loads(done.stdout.splitlines()[-1])
        before, after = run["bracket_ns"]
        is_steady = max(before, after) <= _BRACKET_TOLERANCE * min(before, after)
        run |= {"attempt": attempt, "is_steady": is_steady}
        if is_steady:
            break
    return run
