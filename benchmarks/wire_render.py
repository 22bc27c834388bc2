#!/usr/bin/env python3
"""Turns results/wire-*.json into the tables of README.md, between its two marks for receiving.

Usage: python -m benchmarks.wire_render [--results FOLDER] [--check]

Each figure is the median over rounds. Only runs with the same bracket are compared, as in
`benchmarks.render`; unsteady runs, and runs whose packets are not all accounted for, are left out and
counted.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.receivers import RECEIVERS
from benchmarks.report import PLACES, machine_table, place_of, rewrite

__all__ = ["GOALS", "WireResults", "main", "render"]

_MARKS = ("<!-- wire results -->", "<!-- end of wire results -->")
_STRAYS = 8
"""Packets of the stack's own (neighbour discovery, IGMP) that may be among those counted."""

Variant = tuple[Any, ...]


class WireResults:
    """One measure's file: medians by receiver, variant and bracket.

    Args:
        stored: the file's contents.
    """

    def __init__(self, stored: dict[str, Any]) -> None:
        self.stored = stored
        self.measure: str = stored["measure"]
        self.failed = [run for run in stored["runs"] if "error" in run]
        done = [run for run in stored["runs"] if "error" not in run]
        self.unsteady = [run for run in done if not run["is_steady"]]
        steady = [run for run in done if run["is_steady"]]
        self.leaky = [run for run in steady if abs(run["result"]["unexplained"]) > _STRAYS]
        self._kept = [run for run in steady if run not in self.leaky]

    def variants(self) -> list[Variant]:
        """Give what was varied."""
        return sorted({self.variant(run) for run in self._kept})

    def variant(self, run: dict[str, Any]) -> Variant:
        """Give a run's: where the kernel works for saturation, else the pace; and who sleeps."""
        plan = run["plan"]
        first = plan["napi"] if self.measure == "saturation" else plan["per_second"]
        return first, plan["is_busy"]

    def values(
        self, name: str, field: str, place: str, variant: Variant, payload: int | None = None
    ) -> list[float]:
        """Collect a field over a receiver's rounds."""
        return [
            run["result"][field]
            for run in self._kept
            if run["contestant"] == name
            and place_of(run) == place
            and self.variant(run) == variant
            and (payload is None or run["plan"]["payload_bytes"] == payload)
            and field in run["result"]
        ]

    def median(
        self, name: str, field: str, place: str, variant: Variant, payload: int | None = None
    ) -> float | None:
        """Take the median of a field; None when there is no such run."""
        found = self.values(name, field, place, variant, payload)
        return statistics.median(found) if found else None

    def rows(self, place: str, variant: Variant) -> list[tuple[str, int]]:
        """Name each receiver, with each payload that it was sent."""
        return list(
            dict.fromkeys(
                (run["contestant"], run["plan"]["payload_bytes"])
                for run in self._kept
                if place_of(run) == place and self.variant(run) == variant
            )
        )


@dataclass(frozen=True)
class Goal:
    """A figure that the project set itself: one receiver's over another's.

    Attributes:
        text: what is asked.
        measure: of which measure.
        field: of a result.
        above: whose figure is divided.
        below: by whose.
        limit: the bound; 0: shown beside the goals, nothing is asked.
        is_floor: the ratio must be at least the bound; else at most.
    """

    text: str
    measure: str
    field: str
    above: str
    below: str
    limit: float
    is_floor: bool


def _rate(text: str, below: str, limit: float) -> Goal:
    return Goal(text, "saturation", "per_second", "zerofeed_afxdp", below, limit, is_floor=True)


def _slower(text: str, above: str, below: str, limit: float) -> Goal:
    return Goal(text, "latency", "p50", above, below, limit, is_floor=True)


_FEED = "zerofeed_feed_afxdp"
_UDP_FEED = "zerofeed_feed_udp"

GOALS = (
    _rate("packets a second: zerofeed's AF_XDP kernel over C AF_XDP", "c_afxdp", 0.9),
    _rate("the same over C recvmmsg", "c_recvmmsg", 2.0),
    _rate("the same over recv_into", "python_recv_into", 4.0),
    _rate("the same over asyncio", "asyncio_datagram", 10.0),
    Goal("processor time a packet: zerofeed's AF_XDP kernel over C AF_XDP", "cost", "ns_per_packet", "zerofeed_afxdp", "c_afxdp", 1.1, is_floor=False),
    Goal("wire to handler, p50: whole feed over AF_XDP, reader in another process, over C AF_XDP in one", "latency", "p50", _FEED, "c_afxdp", 1.25, is_floor=False),
    _slower("wire to handler, p50: recv_into and multiprocessing.Pipe over the whole feed over AF_XDP", "recv_into_pipe", _FEED, 8.0),
    _slower("wire to handler, p50: recv_into and pyzmq over the whole feed over AF_XDP", "recv_into_zmq", _FEED, 8.0),
    Goal("wire to handler, p50: zerofeed's AF_XDP kernel, handler in its process, over C AF_XDP", "latency", "p50", "zerofeed_afxdp", "c_afxdp", 0.0, is_floor=False),
    _slower("wire to handler, p50: recv_into and multiprocessing.Pipe over the whole feed over UDP", "recv_into_pipe", _UDP_FEED, 0.0),
    _slower("wire to handler, p50: recv_into and pyzmq over the whole feed over UDP", "recv_into_zmq", _UDP_FEED, 0.0),
)  # fmt: skip


def _variant_text(measure: str, variant: Variant) -> str:
    if measure == "saturation":
        return {
            "receiver": "all of receiving on one core, receiver asleep in between",
            "sender": "the kernel's part on the generator's core, receiver busy",
        }[variant[0]]
    return (
        f"{variant[0]:,} packets a second, receiver {'busy' if variant[1] else 'asleep in between'}"
    )


def render(results: dict[str, WireResults]) -> str:
    """Write the results as Markdown."""
    if not results:
        return "No results are stored yet.\n"
    parts = [machine_table(next(iter(results.values())).stored)]
    parts += [
        f"### Receiving: goals, cores {place}\n\n{goals}"
        for place in PLACES
        if (goals := _goals(results, place))
    ]
    for measure, (title, table) in _TABLES.items():
        if measure not in results:
            continue
        result = results[measure]
        parts.append(f"### {title}\n")
        for place in PLACES:
            for variant in result.variants():
                if rows := table(result, place, variant):
                    head = f"Cores {place}, {_variant_text(measure, variant)}:"
                    parts.append("\n".join([head, "", *rows, ""]))
        left = len(result.unsteady), len(result.failed), len(result.leaky)
        if any(left):
            parts.append(
                "Left out: {} unsteady, {} failed runs, {} with packets unaccounted for.\n".format(
                    *left
                )
            )
    return "\n".join(parts)


def _goals(results: dict[str, WireResults], place: str) -> str:
    rows = []
    for goal in GOALS:
        if goal.measure not in results:
            continue
        result = results[goal.measure]
        for variant in result.variants():
            payload = 64 if goal.measure == "saturation" else None
            upper = result.median(goal.above, goal.field, place, variant, payload)
            lower = result.median(goal.below, goal.field, place, variant, payload)
            if upper is None or not lower:
                continue
            ratio = upper / lower
            is_met = ratio >= goal.limit if goal.is_floor else ratio <= goal.limit
            asked = f"{'at least' if goal.is_floor else 'at most'} {goal.limit:g}"
            verdict = "met" if is_met else "**missed**"
            if not goal.limit or (goal.measure == "latency" and not variant[1]):
                asked = verdict = "-"
            where = _variant_text(goal.measure, variant)
            rows.append(f"| {goal.text} | {where} | {asked} | {ratio:.2f} | {verdict} |")
    if not rows:
        return ""
    return "\n".join(["| goal | | asked | measured | |", "|---|---|---|---|---|", *rows, ""])


def _described(name: str) -> tuple[str, str, str]:
    receiver = RECEIVERS.find(name)
    if receiver is None:
        return name, "", ""
    return receiver.name, receiver.handler, receiver.bias


def _saturation_table(result: WireResults, place: str, variant: Variant) -> list[str]:
    rows = []
    for name, payload in result.rows(place, variant):
        rate = result.median(name, "per_second", place, variant, payload)
        sent = result.median(name, "sent_per_second", place, variant, payload)
        rounds = len(result.values(name, "per_second", place, variant, payload))
        if rate is None or sent is None:
            continue
        lost = _lost_share(result, name, place, variant, payload)
        title, _, bias = _described(name)
        shown = (
            f"| {title} | {payload} | {rate / 1e3:,.0f} k | {sent / 1e3:,.0f} k | {lost:.1%} "
            f"| {rounds} | {bias} |"
        )
        rows.append((-rate, shown))
    head = "| receiver | bytes | received a second | sent a second | lost | rounds | bias |"
    return _with_head(head, rows)


def _lost_share(
    result: WireResults, name: str, place: str, variant: Variant, payload: int
) -> float:
    sent = result.values(name, "sent", place, variant, payload)
    received = result.values(name, "received", place, variant, payload)
    return 1 - sum(received) / max(1, sum(sent))


def _cost_table(result: WireResults, place: str, variant: Variant) -> list[str]:
    rows = []
    for name, payload in result.rows(place, variant):
        each = result.median(name, "ns_per_packet", place, variant)
        kernel = result.median(name, "kernel_ns_per_packet", place, variant)
        if each is None or kernel is None:
            continue
        lost = _lost_share(result, name, place, variant, payload)
        rounds = len(result.values(name, "ns_per_packet", place, variant))
        title, _, bias = _described(name)
        shown = (
            f"| {title} | {each:,.0f} | {kernel:,.0f} | {each - kernel:,.0f} | {lost:.1%} "
            f"| {rounds} | {bias} |"
        )
        rows.append((each, shown))
    head = (
        "| receiver | ns a packet | of them in the kernel's thread | in the receiver's threads "
        "| lost | rounds | bias |"
    )
    return _with_head(head, rows)


def _latency_table(result: WireResults, place: str, variant: Variant) -> list[str]:
    rows = []
    for name, _ in result.rows(place, variant):
        shown = [result.median(name, each, place, variant) for each in ("p50", "p99", "p999")]
        if None in shown:
            continue
        rounds = len(result.values(name, "p50", place, variant))
        title, handler, bias = _described(name)
        cells = " | ".join(f"{figure:,.0f}" for figure in shown if figure is not None)
        rows.append((shown[0] or 0.0, f"| {title} | {handler} | {cells} | {rounds} | {bias} |"))
    return _with_head("| receiver | handler | p50 | p99 | p99.9 | rounds | bias |", rows)


def _with_head(head: str, rows: list[tuple[float, str]]) -> list[str]:
    if not rows:
        return []
    line = "|" + "---|" * (head.count("|") - 1)
    return [head, line, *(row for _, row in sorted(rows, key=lambda each: each[0]))]


_Table = Callable[[WireResults, str, Variant], list[str]]
_TABLES: dict[str, tuple[str, _Table]] = {
    "saturation": ("Receiving as fast as the generator sends", _saturation_table),
    "cost": ("Processor time of receiving, asleep in between", _cost_table),
    "latency": ("Wire to handler, ns", _latency_table),
}


def main() -> int:
    """Rewrite README.md, or say whether it is out of date."""
    files = [(measure, f"wire-{measure}.json") for measure in _TABLES]

    def text(stored: dict[str, dict[str, Any]]) -> str:
        return render({measure: WireResults(each) for measure, each in stored.items()})

    return rewrite(_MARKS, files, text)


if __name__ == "__main__":
    sys.exit(main())
