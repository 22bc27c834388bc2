#!/usr/bin/env python3
"""Lets receivers of the same packets compete, in networks of their own, and writes down what happened.

Usage (root):
    python -m benchmarks.wire                              everything, five rounds; about an hour
    python -m benchmarks.wire saturation latency           some measures
    python -m benchmarks.wire cost --only c_afxdp zerofeed_afxdp
    python -m benchmarks.wire --quick                      short runs: does everything work?
    python -m benchmarks.wire --list

As in `benchmarks.harness`: contestants alternate, each run is a fresh process between two brackets.
Namespaces, interfaces, programs and sockets belong to that process and its children and are gone
with them; the children are killed by the kernel when it dies.

Results are JSON, one file for each measure; `python -m benchmarks.wire_render` makes tables of them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, get_args

from benchmarks import compiler, machine, network
from benchmarks.contest import Plan
from benchmarks.harness import run_between_brackets
from benchmarks.receivers import every_receiver, find_receiver
from benchmarks.wire_contest import Receiver, WireMeasure, WirePlan, measure_once

__all__ = ["main", "plans_for"]

_RESULTS = Path(__file__).resolve().parent / "results"
_MEASURES: tuple[WireMeasure, ...] = get_args(WireMeasure)
_ROUNDS = 5
_SECONDS = 2.0
_QUICK_SECONDS = 0.3
_COST_PACES = (100_000, 300_000)
_LATENCY_PACES = (10_000, 100_000)


def plans_for(measure: WireMeasure, receiver: Receiver, base: WirePlan) -> list[WirePlan]:
    """Choose how a receiver is measured.

    Args:
        measure: what is measured.
        receiver: who.
        base: cores, seconds and sizes.

    Returns:
        Saturation: a plan for each payload, with the kernel's work on the generator's core beside a
        busy receiver, and on the receiver's core beside a sleeping one. Cost and latency: a plan
        for each pace.
    """
    plan = replace(base, measure=measure)
    if measure == "saturation":
        return [
            replace(plan, payload_bytes=size, napi=napi, is_busy=napi == "sender")
            for size in receiver.payloads
            for napi in ("sender", "receiver")
        ]
    if measure == "cost":
        asleep = replace(plan, napi="receiver", is_busy=False)
        return [replace(asleep, per_second=pace) for pace in _COST_PACES]
    return [replace(plan, per_second=pace) for pace in _LATENCY_PACES]


def contest(
    measure: WireMeasure, names: list[str], base: WirePlan, rounds: int
) -> Iterator[dict[str, Any]]:
    """Let receivers alternate for some rounds."""
    cores = Plan(writer_core=base.sender_core, reader_core=base.receiver_core)
    for number in range(1, rounds + 1):
        for name in names:
            receiver = find_receiver(name)
            assert receiver is not None
            for plan in plans_for(measure, receiver, base):
                began = time.monotonic()
                words = ["benchmarks.wire", "--once", name, json.dumps(asdict(plan))]
                run = {
                    "contestant": name,
                    "plan": asdict(plan),
                    **run_between_brackets(words, cores),
                }
                print(_line(plan, number, run, time.monotonic() - began), flush=True)
                yield {"round": number, **run}


def _line(plan: WirePlan, number: int, run: dict[str, Any], seconds: float) -> str:
    head = f"{plan.measure:10} round {number} {run['contestant']:20}"
    if plan.measure == "saturation":
        head += f" {plan.payload_bytes:3} B, kernel beside {plan.napi:8}"
    else:
        head += f" {plan.per_second:>7,} a second"
    if "error" in run:
        return f"{head} FAILED: {run['error']}"
    result = run["result"]
    said = f"{result['per_second']:>11,.0f} a second of {result['sent_per_second']:>11,.0f}"
    if "ns_per_packet" in result:
        said += f", {result['ns_per_packet']:,.0f} ns of processor each"
    if "p50" in result:
        said += (
            f", p50 {result['p50']:,.0f} p99 {result['p99']:,.0f} p99.9 {result['p999']:,.0f} ns"
        )
    if result["unexplained"]:
        said += f", {result['unexplained']} UNEXPLAINED"
    mark = "" if run["is_steady"] else "  UNSTEADY"
    return f"{head} {said}  {seconds:.1f} s{mark}"


def _entrants(measure: WireMeasure, only: list[str] | None) -> list[str]:
    found = every_receiver()
    if only and (unknown := set(only) - set(found)):
        raise SystemExit(f"no such receiver here: {', '.join(sorted(unknown))}; see --list")
    names = []
    for name, receiver in found.items():
        if measure not in receiver.measures or (only and name not in only):
            continue
        if why := receiver.missing():
            print(f"{measure:10} without {name}: {why}", flush=True)
            continue
        names.append(name)
    return names


def _arguments() -> argparse.Namespace:
    cores = sorted(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description="Benchmarks of receiving packets.")
    parser.add_argument("measures", nargs="*", help=f"{', '.join(_MEASURES)} (default: all)")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these receivers")
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    parser.add_argument("--sender-core", type=int, default=cores[0])
    parser.add_argument("--receiver-core", type=int, default=cores[1 % len(cores)])
    parser.add_argument(
        "--reader-core", type=int, default=cores[2] if len(cores) > 2 else cores[-1],
        help="of readers in processes of their own; the receiver's where there are two cores only",
    )  # fmt: skip
    parser.add_argument("--seconds", type=float, default=_SECONDS, help="measured in each run")
    parser.add_argument("--out", type=Path, default=_RESULTS, help="folder for results")
    parser.add_argument("--quick", action="store_true", help="one round of short runs, no result")
    parser.add_argument("--list", action="store_true", help="say who takes part in what")
    parser.add_argument("--once", nargs=2, metavar=("NAME", "PLAN"), help="internal")
    options = parser.parse_args()
    if unknown := set(options.measures) - set(_MEASURES):
        parser.error(f"no such measure: {', '.join(sorted(unknown))}")
    chosen = {options.sender_core, options.receiver_core, options.reader_core}
    if not chosen <= set(cores) or options.sender_core == options.receiver_core:
        parser.error(f"generator and receiver need a core each, of {cores}")
    return options


def _once(name: str, plan: WirePlan) -> dict[str, Any]:
    receiver = find_receiver(name)
    if receiver is None:
        raise SystemExit(f"{name}: not installed")
    return measure_once(receiver, plan)


def main() -> int:
    """Run what the command line asks for."""
    options = _arguments()
    if options.once:
        name, plan = options.once
        print(json.dumps(_once(name, WirePlan(**json.loads(plan)))))
        return 0
    if options.list:
        for name, receiver in every_receiver().items():
            print(f"{name:20} {', '.join(receiver.measures)}")
        return 0
    if why := network.missing() or compiler.missing_compiler():
        print(f"{why}: nothing can be measured")
        return 2
    failures = 0
    for measure in options.measures or _MEASURES:
        base = WirePlan(
            measure,
            options.sender_core,
            options.receiver_core,
            options.reader_core,
            seconds=_QUICK_SECONDS if options.quick else options.seconds,
        )
        rounds = 1 if options.quick else options.rounds
        runs = list(contest(measure, _entrants(measure, options.only), base, rounds))
        failures += sum("error" in run for run in runs)
        if options.quick:
            continue
        options.out.mkdir(parents=True, exist_ok=True)
        written = {
            "measure": measure,
            "command": f"python -m benchmarks.wire {' '.join(sys.argv[1:])}".strip(),
            "machine": machine.describe(),
            "rounds": rounds,
            "runs": runs,
        }
        path = options.out / f"wire-{measure}.json"
        path.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
        print(f"{measure:10} written to {path}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
