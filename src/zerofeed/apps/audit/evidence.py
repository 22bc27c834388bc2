"""What an audit says: hops, the copies that each is said to cost, and the evidence for and against."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Evidence", "Hop", "Report", "Sort", "Verdict"]


class Verdict(enum.StrEnum):
    """What a piece of evidence says of the claim."""

    HOLDS = "holds"
    CONTRADICTS = "contradicts"
    UNKNOWN = "not known"


class Sort(enum.StrEnum):
    """Where a piece of evidence comes from."""

    STATEMENT = "statement"
    COUNTERS = "counters"
    POINTERS = "pointers"
    MAPS = "maps"
    MEMORY = "memory"
    PROBES = "probes"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason to believe a claim, or not to."""

    sort: Sort
    verdict: Verdict
    text: str
    """What was seen, for people."""


@dataclass(slots=True)
class Hop:
    """One step on the way of a packet's bytes."""

    name: str
    kernel_copies: int | None
    """Copies by the kernel, as stated; None: nobody says."""
    user_copies: int | None
    """Copies in user space, as stated; None: nobody says."""
    pid: int | None = None
    """The reader's process, where the hop ends in one."""
    note: str = ""
    evidence: list[Evidence] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """Sum up: contradicted, held up by something, or not known: a statement proves nothing."""
        verdicts = {each.verdict for each in self.evidence if each.sort is not Sort.STATEMENT}
        if Verdict.CONTRADICTS in verdicts:
            return Verdict.CONTRADICTS
        return Verdict.HOLDS if Verdict.HOLDS in verdicts else Verdict.UNKNOWN


@dataclass(frozen=True, slots=True)
class Report:
    """A whole audit."""

    feed: str
    seconds: float
    hops: list[Hop]

    @property
    def is_contradicted(self) -> bool:
        """Tell whether any evidence contradicts a claim."""
        return any(hop.verdict is Verdict.CONTRADICTS for hop in self.hops)

    def describe(self) -> dict[str, Any]:
        """Make the JSON-like object of a report."""
        return {
            "feed": self.feed,
            "seconds": round(self.seconds, 3),
            "ok": not self.is_contradicted,
            "hops": [
                {
                    "hop": hop.name,
                    "pid": hop.pid,
                    "kernel_copies": hop.kernel_copies,
                    "user_copies": hop.user_copies,
                    "note": hop.note,
                    "verdict": hop.verdict.value,
                    "evidence": [
                        {
                            "sort": each.sort.value,
                            "verdict": each.verdict.value,
                            "text": each.text,
                        }
                        for each in hop.evidence
                    ],
                }
                for hop in self.hops
            ],
        }
