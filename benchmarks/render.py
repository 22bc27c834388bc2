#!/usr/bin/env python3
"""Turns results/*.json into the tables of README.md, between its two marks.

Usage: python -m benchmarks.render [--results FOLDER] [--check]

Each figure is the median over rounds. Runs are sorted by their bracket, near or far
(`benchmarks.report`); only runs with the same bracket are compared. Unsteady runs are left out and
counted.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.contestants import CONTESTANTS
from benchmarks.report import PLACES, machine_table, place_of, rewrite

__all__ = ["GOALS", "Results", "main", "render"]

_MARKS = ("<!-- results -->", "<!-- end of results -->")
_AERON_PER_SECOND = 23.3e6
_TITLES = {
    "hop": "Hop: half a round trip of 64 bytes, ns",
    "wakeup": "Wake-up: one way to a reader asleep for 1 ms, ns",
    "fanout": "Fan-out: 64-byte messages a second, every reader gets all",
    "cost": "Cost: messages a second of a writer that waits for nobody",
}


class Results:
    """One measure's file: medians by contestant, variant and bracket.

    Args:
        stored: The file's contents.
    """

    def __init__(self, stored: dict[str, Any]) -> None:
        self.stored = stored
        self.measure: str = stored["measure"]
        self.failed = [run for run in stored["runs"] if "error" in run]
        done = [run for run in stored["runs"] if "error" not in run]
        self.unsteady = [run for run in done if not run["is_steady"]]
        self._steady = [run for run in done if run["is_steady"]]

    def contestants(self) -> list[str]:
        """Name whoever has a result, in the order of the runs."""
        return list(dict.fromkeys(run["contestant"] for run in self._steady))

    def variants(self) -> list[Any]:
        """Give the numbers of readers, or the readers beside whom cost was measured."""
        key = {"fanout": "readers", "cost": "reader"}.get(self.measure)
        if key is None:
            return [None]
        return list(dict.fromkeys(run["plan"][key] for run in self._steady))

    def median(self, name: str, field: str, place: str, variant: Any = None) -> float | None:
        """Take the median of a field over a contestant's rounds.

        Returns:
            None when there is no steady run with that bracket.
        """
        key = {"fanout": "readers", "cost": "reader"}.get(self.measure)
        values = [
            run["result"][field]
            for run in self._steady
            if run["contestant"] == name
            and place_of(run) == place
            and (variant is None or key is None or run["plan"][key] == variant)
        ]
        return statistics.median(values) if values else None

    def rounds(self, name: str, place: str) -> int:
        """Count the rounds behind a contestant's medians."""
        return len(
            {
                run["round"]
                for run in self._steady
                if run["contestant"] == name and place_of(run) == place
            }
        )


@dataclass(frozen=True)
class Goal:
    """A figure that the project set itself.

    Attributes:
        text: What is asked.
        limit: The bound.
        is_floor: The figure must be at least the bound; else at most.
        figure: Computes it from the results by measure, for a bracket; None when not measured.
    """

    text: str
    limit: float
    is_floor: bool
    figure: Callable[[dict[str, Results], str], float | None]


def _ratio(
    measure: str,
    above: str,
    below: str,
    field: str,
    above_variant: Any = None,
    below_variant: Any = None,
) -> Callable[[dict[str, Results], str], float | None]:
    def figure(results: dict[str, Results], place: str) -> float | None:
        if measure not in results:
            return None
        upper = results[measure].median(above, field, place, above_variant)
        lower = results[measure].median(below, field, place, below_variant)
        return upper / lower if upper is not None and lower else None

    return figure


def _against_aeron(results: dict[str, Results], place: str) -> float | None:
    if "fanout" not in results:
        return None
    rate = results["fanout"].median("zerofeed_ring", "per_second", place, 1)
    return None if rate is None else rate / _AERON_PER_SECOND


GOALS = (
    Goal("hop, compiled: p50 over the C ring's", 1.2, is_floor=False, figure=_ratio("hop", "zerofeed_ring", "c_ring", "p50")),
    Goal("hop, compiled: p99 over the C ring's", 2.0, is_floor=False, figure=_ratio("hop", "zerofeed_ring", "c_ring", "p99")),
    Goal("hop through `run(handler)`: p50 over the C ring's", 0.0, is_floor=False, figure=_ratio("hop", "zerofeed_hop", "c_ring", "p50")),
    Goal("hop to Python `poll()`: p50 over the C ring's", 12.0, is_floor=False, figure=_ratio("hop", "zerofeed_poll", "c_ring", "p50")),
    Goal("iceoryx2's Python binding over hop to `poll()`, p50", 5.0, is_floor=True, figure=_ratio("hop", "iceoryx2_ipc", "zerofeed_poll", "p50")),
    Goal("pyzmq ipc over hop to `poll()`, p50", 40.0, is_floor=True, figure=_ratio("hop", "zmq_ipc", "zerofeed_poll", "p50")),
    Goal("wake-up by a feed's compiled writer over a Unix datagram socket's, p50", 1.0, is_floor=False, figure=_ratio("wakeup", "zerofeed_poll", "unix_datagram", "p50")),
    Goal("wake-up by `Publisher.publish` in Python over the same, p50", 1.0, is_floor=False, figure=_ratio("wakeup", "zerofeed_wait", "unix_datagram", "p50")),
    Goal("wake-up in asyncio over a Unix datagram socket's there, p50", 1.0, is_floor=False, figure=_ratio("wakeup", "zerofeed_asyncio", "unix_datagram_asyncio", "p50")),
    *(
        Goal(f"throughput to {readers} reader(s), share of the C ring's", 0.7, is_floor=True, figure=_ratio("fanout", "zerofeed_ring", "c_ring", "per_second", readers, readers))
        for readers in (1, 2, 4)
    ),
    *(
        Goal(f"the same through `run(handler)`, {readers} reader(s)", 0.0, is_floor=True, figure=_ratio("fanout", "zerofeed_fanout", "c_ring", "per_second", readers, readers))
        for readers in (1, 2, 4)
    ),
    Goal("throughput to 1 reader over Aeron's C IPC (23.3 M/s, measured elsewhere)", 8.0, is_floor=True, figure=_against_aeron),
    Goal("writer beside a lossy reader, share of the writer alone", 0.95, is_floor=True, figure=_ratio("cost", "zerofeed_fanout", "zerofeed_fanout", "per_second", "lossy", "none")),
    Goal("the same in C", 0.0, is_floor=True, figure=_ratio("cost", "c_ring", "c_ring", "per_second", "lossy", "none")),
    Goal("writer beside an idle reader, share of the writer alone", 0.99, is_floor=True, figure=_ratio("cost", "zerofeed_fanout", "zerofeed_fanout", "per_second", "idle", "none")),
)  # fmt: skip


def render(results: dict[str, Results]) -> str:
    """Write the results as Markdown."""
    if not results:
        return "No results are stored yet.\n"
    parts = [machine_table(next(iter(results.values())).stored)]
    for place in PLACES:
        goals = _goals(results, place)
        if goals:
            parts.append(f"### Goals, cores {place}\n\n{goals}")
    for result in results.values():
        parts.append(f"### {_TITLES[result.measure]}\n")
        parts += [table for place in PLACES if (table := _table(result, place))]
        if result.unsteady or result.failed:
            parts.append(
                f"Left out: {len(result.unsteady)} unsteady, {len(result.failed)} failed runs.\n"
            )
    return "\n".join(parts)


def _goals(results: dict[str, Results], place: str) -> str:
    rows = []
    for goal in GOALS:
        figure = goal.figure(results, place)
        if figure is None:
            continue
        is_met = figure >= goal.limit if goal.is_floor else figure <= goal.limit
        asked = (
            f"{'at least' if goal.is_floor else 'at most'} {goal.limit:g}" if goal.limit else "-"
        )
        verdict = ("met" if is_met else "**missed**") if goal.limit else "-"
        rows.append(f"| {goal.text} | {asked} | {figure:.2f} | {verdict} |")
    if not rows:
        return ""
    return "\n".join(["| goal | asked | measured | |", "|---|---|---|---|", *rows, ""])


def _table(result: Results, place: str) -> str:
    names = [name for name in result.contestants() if result.rounds(name, place)]
    if not names:
        return ""
    if result.measure in {"hop", "wakeup"}:
        fields: list[tuple[str, str, Any]] = [(p, p, None) for p in ("p50", "p99", "p999")]
    else:
        unit = " readers" if result.measure == "fanout" else " reader"
        fields = [(f"{v}{unit}", "per_second", v) for v in result.variants()]
    is_rate = result.measure in {"fanout", "cost"}
    first = fields[0]

    def figure(name: str, field: tuple[str, str, Any]) -> float | None:
        return result.median(name, field[1], place, field[2])

    names.sort(key=lambda name: figure(name, first) or 0.0, reverse=is_rate)
    head = ["contestant", "waits", *(title for title, _, _ in fields), "rounds", "bias"]
    rows = []
    for name in names:
        contestant = CONTESTANTS.find(name)
        cells = [_shown(figure(name, field), is_rate=is_rate) for field in fields]
        title = contestant.name if contestant else name
        policy = contestant.policy if contestant else ""
        bias = contestant.bias if contestant else ""
        rows.append([title, policy, *cells, str(result.rounds(name, place)), bias])
    lines = [head, ["---"] * len(head), *rows]
    return f"Cores {place}:\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _shown(figure: float | None, *, is_rate: bool) -> str:
    if figure is None:
        return "-"
    if is_rate:
        return f"{figure / 1e6:,.2f} M" if figure < 1e7 else f"{figure / 1e6:,.0f} M"
    return f"{figure:,.0f}"


def main() -> int:
    """Rewrite README.md, or say whether it is out of date."""
    files = [(measure, f"{measure}.json") for measure in _TITLES]

    def text(stored: dict[str, dict[str, Any]]) -> str:
        return render({measure: Results(each) for measure, each in stored.items()})

    return rewrite(_MARKS, files, text)


if __name__ == "__main__":
    sys.exit(main())
