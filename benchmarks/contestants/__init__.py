"""Who takes part. Each file has one contestant in one use, all with the same interface."""

from __future__ import annotations

import importlib
import pkgutil

from benchmarks.contest import Contestant

__all__ = ["every_contestant", "find_contestant"]


def every_contestant() -> dict[str, Contestant]:
    """Load all contestants, by the names of their files.

    A file whose own imports are missing is left out; the harness says so.
    """
    found: dict[str, Contestant] = {}
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_"):
            contestant = find_contestant(module.name)
            if contestant is not None:
                found[module.name] = contestant
    return found


def find_contestant(name: str) -> Contestant | None:
    """Load one contestant; None when what it measures is not installed."""
    try:
        module = importlib.import_module(f"{__name__}.{name}")
    except ModuleNotFoundError:
        return None
    contestant: Contestant = module.CONTESTANT
    return contestant
