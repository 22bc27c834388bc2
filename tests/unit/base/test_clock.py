"""The compiled clocks are the ones Python reads, and both answer in nanoseconds."""

from __future__ import annotations

import time

from zerofeed.base.clock import monotonic_ns, realtime_ns
from zerofeed.base.kernel import int64, kernel


@kernel(int64())
def compiled_realtime() -> int:
    return realtime_ns()


@kernel(int64())
def compiled_monotonic() -> int:
    return monotonic_ns()


def test_realtime_lies_between_two_looks_at_pythons_clock() -> None:
    before = time.time_ns()
    inside = compiled_realtime()
    assert before <= inside <= time.time_ns()


def test_monotonic_lies_between_two_looks_at_pythons_clock() -> None:
    before = time.monotonic_ns()
    inside = compiled_monotonic()
    assert before <= inside <= time.monotonic_ns()


def test_monotonic_never_goes_back() -> None:
    readings = [compiled_monotonic() for _ in range(1_000)]
    assert readings == sorted(readings)
