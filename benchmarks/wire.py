#!/usr/bin/env python3
"""Lets receivers of the same packets compete, in networks of their own, and writes down what happened.

Usage (root):
    python -m benchmarks.wire                              everything, five rounds; about an hour
    python -m benchmarks.wire saturation latency           some measures
    python -m benchmarks.wire cost --only c_afxdp zerofeed_afxdp
    python -m benchmarks.wire --quick                      short runs: does everything work?
    python -m benchmarks.wire --list

How they alternate is in `benchmarks.rounds`. Namespaces, interfaces, programs and sockets belong to
the process of one run and its children and are gone with them; the children are killed by the kernel
when it dies. Results are JSON, one file for each measure; `python -m benchmarks.wire_render` makes
tables of them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from functools import partial
from typing import Any, get_args

from benchmarks import compiler, network
from benchmarks.contest import Plan
from benchmarks.receivers import RECEIVERS
from benchmarks.rounds import Contest, Store, add_options, between_brackets
from benchmarks.wire_contest import Receiver, WireMeasure, WirePlan, measure_once

__all__ = ["main", "plans_for"]

_MEASURES: tuple[WireMeasure, ...] = get_args(WireMeasure)
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
        busy receiver, and on the receiver's core beside a sleeping one. Cost: a plan for each pace.
        Latency: the same, and one for a receiver that sleeps.
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
    busy = [replace(plan, per_second=pace) for pace in _LATENCY_PACES]
    return [*busy, replace(plan, per_second=_LATENCY_PACES[0], is_busy=False)]


def _line(run: dict[str, Any]) -> str:
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
    return said


def _arguments() -> argparse.Namespace:
    cores = sorted(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description="Benchmarks of receiving packets.")
    add_options(parser, _MEASURES)
    parser.add_argument("--sender-core", type=int, default=cores[0])
    parser.add_argument("--receiver-core", type=int, default=cores[1 % len(cores)])
    parser.add_argument("--seconds", type=float, default=_SECONDS, help="measured in each run")
    options = parser.parse_args()
    if unknown := set(options.measures) - set(_MEASURES):
        parser.error(f"no such measure: {', '.join(sorted(unknown))}")
    chosen = {options.sender_core, options.receiver_core}
    if not chosen <= set(cores) or options.sender_core == options.receiver_core:
        parser.error(f"generator and receiver need a core each, of {cores}")
    return options


def _once(name: str, plan: WirePlan) -> dict[str, Any]:
    receiver = RECEIVERS.load(name)
    cores = Plan(writer_core=plan.sender_core, reader_core=plan.receiver_core)
    return between_brackets(lambda: measure_once(receiver, plan), cores)


def main() -> int:
    """Run what the command line asks for."""
    options = _arguments()
    if options.once:
        _, name, plan = options.once
        print(json.dumps(_once(name, WirePlan(**json.loads(plan)))))
        return 0
    if options.list:
        for name, receiver in RECEIVERS.every().items():
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
            seconds=_QUICK_SECONDS if options.quick else options.seconds,
        )

        def plans_of(name: str, base: WirePlan) -> list[WirePlan]:
            return plans_for(base.measure, RECEIVERS.load(name), base)

        contest = Contest("benchmarks.wire", measure, partial(plans_of, base=base), _line)
        path = options.out / f"wire-{measure}.json"
        store = None if options.quick else Store(path, measure, is_adding=options.add)
        names = RECEIVERS.taking_part(measure, options.only)
        contest.hold(names, 1 if options.quick else options.rounds, store)
        failures += contest.failures
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
