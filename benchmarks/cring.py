"""Builds c/ring.c with this machine's compiler, and runs it."""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.contest import Plan

__all__ = ["FLAGS", "missing_compiler", "pingpong_ns", "run"]

FLAGS = ("-O3", "-march=native", "-std=gnu11", "-Wall", "-Wextra")

_SOURCE = Path(__file__).resolve().parent / "c" / "ring.c"


def missing_compiler() -> str | None:
    """Say that there is no compiler, or None."""
    return None if shutil.which("gcc") else "gcc is not installed"


@functools.cache
def _binary() -> Path:
    """Build once for each state of the source."""
    digest = hashlib.blake2b(_SOURCE.read_bytes() + " ".join(FLAGS).encode(), digest_size=8)
    folder = Path(tempfile.gettempdir()) / "zerofeed-benchmarks"
    folder.mkdir(exist_ok=True)
    binary = folder / f"ring-{digest.hexdigest()}"
    if not binary.exists():
        fresh = binary.with_suffix(".new")
        subprocess.run(["gcc", *FLAGS, "-o", str(fresh), str(_SOURCE)], check=True)
        fresh.rename(binary)
    return binary


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
        [str(_binary()), mode, *words], capture_output=True, text=True, check=True, timeout=300
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def pingpong_ns(plan: Plan) -> float:
    """Measure the raw ping-pong that brackets a run; the median of half round trips."""
    bracket = Plan(plan.writer_core, plan.reader_core, samples=200_000)
    return float(run("pingpong", bracket)["p50"])
