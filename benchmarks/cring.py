"""Runs c/ring.c: the physical limit of the measures between processes, and the brackets."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from benchmarks.compiler import FLAGS, build, missing_compiler
from benchmarks.contest import Plan

__all__ = ["FLAGS", "missing_compiler", "pingpong_ns", "run"]


def run(mode: str, plan: Plan) -> dict[str, Any]:
    """Run one mode of the program.

    Args:
        mode: pingpong, hop, fanout or cost.
        plan: The measurement.

    Returns:
        What it printed.

    Raises:
        subprocess.CalledProcessError: It found wrong bytes, or a reader failed.
    """
    options = {
        "--writer-core": plan.writer_core,
        "--reader-core": plan.reader_core,
        "--samples": plan.samples,
        "--messages": plan.messages,
        "--readers": plan.readers,
        "--batch": plan.batch,
        "--capacity": plan.capacity,
        "--reader": plan.reader,
    }
    words = [str(word) for pair in options.items() for word in pair]
    done = subprocess.run(
        [str(build("ring")), mode, *words], capture_output=True, text=True, check=True, timeout=300
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def pingpong_ns(plan: Plan) -> float:
    """Measure the raw ping-pong that brackets a run; the median of half round trips."""
    bracket = Plan(plan.writer_core, plan.reader_core, samples=200_000)
    return float(run("pingpong", bracket)["p50"])
