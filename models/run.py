#!/usr/bin/env python3
"""Check the Promela models with Spin: each as it stands, and with each of its rules broken.

Usage:
    python3 models/run.py                 all models
    python3 models/run.py ring wait       some
    python3 models/run.py --trail ring    print the counterexample of each broken rule

Needs `spin` and a C compiler (Debian: apt-get install spin gcc libc6-dev). Ends with 0 when every
outcome is the expected one, 1 when one is not, 2 when a tool is missing.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CASES", "Case", "Verdict", "check", "missing_tools"]

HOLDS = "holds"
VIOLATED = "assertion violated"
STUCK = "invalid end state"

_HERE = Path(__file__).resolve().parent
_MAX_DEPTH = 1_000_000


@dataclass(frozen=True)
class Case:
    """One run of Spin.

    Attributes:
        model: Name of the model, without suffix.
        flags: Macros that set bounds or break rules.
        expected: HOLDS, VIOLATED (a property fails) or STUCK (someone waits for ever).
    """

    model: str
    flags: tuple[str, ...]
    expected: str

    def __str__(self) -> str:
        """Name the case for reports."""
        return " ".join((self.model, *self.flags)) if self.flags else f"{self.model} as designed"


def _cases(model: str, expected: str, *flag_sets: str) -> list[Case]:
    return [Case(model, tuple(flags.split()), expected) for flags in flag_sets]


CASES = (
    *_cases("ring", HOLDS, "", "CAPACITY=1 TOTAL=3 WRITERS=3"),
    *_cases(
        "ring",
        VIOLATED,
        "NO_RELEASE_FENCE",
        "PUBLISH_EARLY",
        "PUBLISH_PLAIN",
        "PLAIN_PUBLISHED_LOAD",
        "NO_ACQUIRE_FENCE",
        "CLAIM_MAY_FALL",
        "CLAIM_LEFT_OUT",
    ),
    *_cases("lossless", HOLDS, "", "READERS_STOP", "ENDLESS_PATIENCE"),
    *_cases("lossless", VIOLATED, "FASTEST", "UNNAMED", "POSITION_EARLY", "UNCHECKED"),
    *_cases("lossless", STUCK, "ENDLESS_PATIENCE READERS_STOP"),
    *_cases("wait", HOLDS, "", "USE_EVENTFD", "USE_EVENTFD ONCE_A_TOKEN"),
    # FUTEX_WAIT compares behind the kernel's own barrier, so these two are belt and braces.
    *_cases("wait", HOLDS, "NO_READER_FENCE", "NO_SECOND_LOOK"),
    *_cases(
        "wait",
        STUCK,
        "ONCE_A_TOKEN",
        "NO_WRITER_FENCE",
        "SILENT_SUCCESSOR",
        "NOTE_BEFORE",
        "USE_EVENTFD NO_WRITER_FENCE",
        "USE_EVENTFD NO_READER_FENCE",
        "USE_EVENTFD NO_SECOND_LOOK",
    ),
    *_cases("frames", HOLDS, ""),
    *_cases("frames", VIOLATED, "RECYCLE_EARLY", "NO_FENCE", "NO_ACQUIRE_FENCE"),
)


@dataclass(frozen=True)
class Verdict:
    """What Spin said.

    Attributes:
        outcome: HOLDS, VIOLATED or STUCK.
        states: Distinct states stored.
        seconds: Wall time, with the checker's compilation.
        trail: The counterexample as Spin prints it, when it was asked for.
    """

    outcome: str
    states: int
    seconds: float
    trail: str


def missing_tools() -> list[str]:
    """Name the tools that are not on PATH."""
    return [tool for tool in ("spin", "gcc") if shutil.which(tool) is None]


def check(case: Case, *, wants_trail: bool = False) -> Verdict:
    """Run Spin on one case.

    Raises:
        subprocess.CalledProcessError: A tool failed.
        RuntimeError: The search was not exhaustive, or the checker said nothing intelligible.
    """
    started = time.monotonic()
    defines = [f"-D{flag}" for flag in case.flags]
    with tempfile.TemporaryDirectory(prefix="zerofeed-spin-") as folder:
        for source in (*_HERE.glob("*.pml"), *_HERE.glob("*.inc")):
            shutil.copy(source, folder)

        def run(*command: str) -> str:
            done = subprocess.run(  # noqa: S603 - fixed commands, own input
                command, cwd=folder, check=True, capture_output=True, text=True
            )
            return done.stdout + done.stderr

        run("spin", *defines, "-a", f"{case.model}.pml")
        run("gcc", "-O2", "-w", "-DSAFETY", "-o", "pan", "pan.c")
        said = run("./pan", f"-m{_MAX_DEPTH}")
        trail = ""
        if wants_trail and "wrote" in said:
            trail = run("spin", *defines, "-t", "-p", "-g", f"{case.model}.pml")
    if "max search depth too small" in said or (
        "Search not completed" in said and "errors: 0" in said
    ):
        raise RuntimeError(f"{case}: the search was cut short\n{said}")
    states = re.search(r"(\d+) states, stored", said)
    errors = re.search(r"errors: (\d+)", said)
    if states is None or errors is None:
        raise RuntimeError(f"{case}: Spin's answer is not understood\n{said}")
    outcome = HOLDS
    if errors.group(1) != "0":
        outcome = next((name for name in (VIOLATED, STUCK) if name in said), "unknown error")
    return Verdict(outcome, int(states.group(1)), time.monotonic() - started, trail)


def main() -> int:
    """Check what the command line names; report one line a case."""
    parser = argparse.ArgumentParser(description="Check the Promela models with Spin.")
    parser.add_argument("models", nargs="*", help="ring, lossless, wait, frames (default: all)")
    parser.add_argument("--trail", action="store_true", help="print counterexamples")
    options = parser.parse_args()
    known = {case.model for case in CASES}
    if unknown := set(options.models) - known:
        parser.error(
            f"unknown model {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}"
        )
    if missing := missing_tools():
        print(f"not found: {', '.join(missing)}; on Debian: apt-get install spin gcc libc6-dev")
        return 2
    surprises = 0
    for case in CASES:
        if options.models and case.model not in options.models:
            continue
        verdict = check(case, wants_trail=options.trail)
        is_expected = verdict.outcome == case.expected
        surprises += not is_expected
        note = "" if is_expected else f"   EXPECTED: {case.expected}"
        print(
            f"{case!s:46} {verdict.outcome:20} {verdict.states:9,} states "
            f"{verdict.seconds:6.1f} s{note}",
            flush=True,
        )
        if verdict.trail:
            print(verdict.trail)
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
