"""Who receives. Each file has one contestant in one use, all with the same interface."""

from __future__ import annotations

import importlib
import pkgutil

from benchmarks.wire_contest import Receiver

__all__ = ["every_receiver", "find_receiver"]


def every_receiver() -> dict[str, Receiver]:
    """Load all receivers, by the names of their files; without those whose imports are missing."""
    found: dict[str, Receiver] = {}
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_"):
            receiver = find_receiver(module.name)
            if receiver is not None:
                found[module.name] = receiver
    return found


def find_receiver(name: str) -> Receiver | None:
    """Load one receiver; None when what it measures is not installed."""
    try:
        module = importlib.import_module(f"{__name__}.{name}")
    except ModuleNotFoundError:
        return None
    receiver: Receiver = module.RECEIVER
    return receiver
