"""Percentiles of a measurement, and medians of those over several rounds."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

__all__ = ["Distribution"]


@dataclass(frozen=True)
class Distribution:
    """How long something took, in nanoseconds.

    Attributes:
        count: Samples.
        min: Least.
        p50: Median.
        p90: 90th percentile.
        p99: 99th percentile.
        p999: 99.9th percentile.
        max: Greatest.
    """

    count: int
    min: float
    p50: float
    p90: float
    p99: float
    p999: float
    max: float

    @classmethod
    def of(cls, samples_ns: Sequence[int], *, scale: float = 1.0) -> Distribution:
        """Summarise samples, each multiplied by `scale`."""
        ordered = sorted(samples_ns)

        def at(share: float) -> float:
            return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * scale

        return cls(len(ordered), at(0.0), at(0.5), at(0.9), at(0.99), at(0.999), at(1.0))

    @classmethod
    def of_histogram(
        cls, counts: Sequence[int], largest: float, *, scale: float = 1.0
    ) -> Distribution:
        """Summarise a histogram with one bucket for each unit from 0 on.

        Args:
            counts: Samples in each bucket; the last one also has all above it.
            largest: The greatest sample.
            scale: Nanoseconds of one unit.
        """
        total = sum(counts)
        marks = [0.0, 0.5, 0.9, 0.99, 0.999]
        found: list[float] = []
        seen = 0
        for value, count in enumerate(counts):
            seen += count
            while len(found) < len(marks) and seen > marks[len(found)] * total:
                found.append(value * scale)
        p = dict(zip(("min", "p50", "p90", "p99", "p999"), found, strict=True))
        return cls(count=total, max=largest * scale, **p)

    @classmethod
    def median(cls, rounds: Sequence[Distribution]) -> Distribution:
        """Take the median of each percentile over rounds."""
        values = {
            field.name: statistics.median(getattr(one, field.name) for one in rounds)
            for field in fields(cls)
        }
        values["count"] = sum(one.count for one in rounds)
        return cls(**values)

    def as_dict(self) -> dict[str, float]:
        """Give it as plain numbers."""
        return asdict(self)
