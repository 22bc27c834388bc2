"""Facts of a machine that does not exist, all of them fine; a test changes what it is about."""

from __future__ import annotations

from typing import Any

from zerofeed.apps.audit.facts import Growth, MapFact, ObjectFact, ProbeFacts, ProcessFacts
from zerofeed.shm.segment import SEALS

__all__ = ["OBJECTS", "PID", "growth", "mapped", "probes", "process", "reader", "receiver"]

PID = 4711
NAMES = ("records", "frame_ring", "frames")
OBJECTS = [ObjectFact(name, (0, 1), 100 + place, SEALS) for place, name in enumerate(NAMES)]


def mapped(place: int = 0, permissions: str = "r--s", **figures: int) -> MapFact:
    """A map of one of the objects, 1 MiB long."""
    start = (place + 1) << 24
    return MapFact(start, start + (1 << 20), permissions, (0, 1), 100 + place, **figures)


def growth(anonymous: int = 0, read: int = 64 << 20) -> Growth:
    """What a process did in three seconds."""
    return Growth(3.0, read, anonymous)


def process(*maps: MapFact, grew: Growth | None = None, why: str | None = None) -> ProcessFacts:
    """A process that maps all objects as it should, unless maps are given."""
    all_maps = list(maps) or [mapped(place) for place in range(len(OBJECTS))]
    return ProcessFacts(PID, "strategy.py", why, all_maps, growth() if grew is None else grew)


def probes(**changes: Any) -> ProbeFacts:
    """Counters that saw one call for each packet of the worker's and none of a reader's."""
    facts: dict[str, Any] = {
        "why_unknown": None,
        "functions": ["_copy_to_iter"],
        "calibration": (32, 32),
        "calls": {PID: 10_000},
        "packets": 10_000,
        "everywhere": {},
    }
    return ProbeFacts(**facts | changes)


def receiver(kind: str = "udp", kernel: int | None = 1, user: int | None = 0) -> dict[str, Any]:
    """A receiver's statement."""
    return {
        "kind": kind,
        "source": "239.1.1.1:6100",
        "mode": f"{kind} mode",
        "kernel_copies": kernel,
        "user_copies": user,
        "how_known": "by its socket",
    }


def reader(*takes: str) -> dict[str, Any]:
    """A reader in the feed's status."""
    return {"pid": PID, "program": "strategy.py", "ring": "records", "takes": list(takes)}
