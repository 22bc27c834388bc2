"""What all tables share: sorting runs by how close the cores were, and putting text into README.md."""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

__all__ = ["PLACES", "machine_table", "place_of", "rewrite"]

_HERE = Path(__file__).resolve().parent
_NEAR_NS = 120.0

PLACES = ("near", "far")
"""Both cores on one complex, or not: a raw ping-pong takes under 120 ns one way, or more."""


def place_of(run: dict[str, Any]) -> str:
    """Say how close the two cores were in a run."""
    return "near" if statistics.mean(run["bracket_ns"]) < _NEAR_NS else "far"


def machine_table(stored: dict[str, Any]) -> str:
    """Write what a result says of its machine as Markdown."""
    facts = dict(stored["machine"])
    packages = ", ".join(f"{name} {version}" for name, version in facts.pop("packages").items())
    lines = [f"| {name.replace('_', ' ')} | {value} |" for name, value in facts.items()]
    lines += [f"| packages | {packages} |", f"| command | `{stored['command']}` |"]
    return "\n".join(["### Machine\n", "| | |", "|---|---|", *lines, ""])


def rewrite(
    marks: tuple[str, str],
    files: Iterable[tuple[str, str]],
    render: Callable[[dict[str, dict[str, Any]]], str],
) -> int:
    """Rewrite README.md between two marks, or say whether it is out of date.

    Args:
        marks: the lines before and after.
        files: of each measure, its name and its file's.
        render: makes the text of what is stored, by measure.

    Returns:
        An exit status.
    """
    parser = argparse.ArgumentParser(description="Put benchmark results into README.md.")
    parser.add_argument("--results", type=Path, default=_HERE / "results")
    parser.add_argument("--check", action="store_true", help="change nothing; 1 when out of date")
    options = parser.parse_args()
    stored = {
        measure: json.loads((options.results / name).read_text(encoding="utf-8"))
        for measure, name in files
        if (options.results / name).exists()
    }
    readme = _HERE / "README.md"
    text = readme.read_text(encoding="utf-8")
    begin, end = marks
    before, rest = text.split(begin, 1)
    _, after = rest.split(end, 1)
    fresh = f"{before}{begin}\n\n{render(stored)}\n{end}{after}"
    if options.check:
        return 0 if fresh == text else 1
    readme.write_text(fresh, encoding="utf-8")
    return 0
