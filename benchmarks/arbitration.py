"""What sequencing and arbitration cost a packet, and what loss costs.

Usage: python -m benchmarks.arbitration [--rounds 7]

A million packets of a channel, one after the other in their venue's numbers, through the worker's own loop without
decoding and publishing: a journal step a packet and the judgement. The cases alternate on one pinned core; the
loop alone is subtracted from each.

* ``track``: one line, nothing waits: gaps are declared at once;
* ``one line``: jumps would wait; nothing is lost;
* ``two lines``: the same packets by both, the second one stale, a packet of each line counted as one;
* ``1 % on each line``: lost at random, filled by the other line;
* ``1 % by a replay``: one line, answers of a replay 400 packets later.

Bias: packets come back to back from memory, so the words are in the first caches; a packet's own work would push some
of them out.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks import machine
from benchmarks._arbitration_kernels import judge
from benchmarks.contest import pin
from zerofeed.feed.metrics import state_words
from zerofeed.sequencing.holding import A_REPLAYS, A_WAIT_NS
from zerofeed.shm import journal

__all__ = ["main"]

_RESULTS = Path(__file__).resolve().parent / "results" / "arbitration.json"
_PACKETS = 1_000_000
_GAP_NS = 300
_LAG = 400
_LOSS = 0.01
_WAIT_NS = 1_000_000_000
_Words = npt.NDArray[np.int64]


def line(source: int, keep: npt.NDArray[np.bool_], lag_packets: float = 0.0) -> _Words:
    """Make the packets that a line brings."""
    numbers = np.flatnonzero(keep)
    when = (numbers + lag_packets) * _GAP_NS
    columns = when, np.full(numbers.size, source), numbers + 1_000_000, np.ones(numbers.size)
    return np.stack([*columns, np.zeros(numbers.size)], axis=1).astype(np.int64)


def merged(*lines: _Words) -> _Words:
    """Put lines into the order of arrival."""
    together = np.concatenate(lines)
    return np.ascontiguousarray(together[np.argsort(together[:, 0], kind="stable")])


def cases() -> dict[str, tuple[_Words, int, int]]:
    """Make each case: packets, how long they wait, which sources are replays."""
    draw = np.random.default_rng(5)
    every = np.ones(_PACKETS, bool)
    some, others = (draw.random(_PACKETS) >= _LOSS for _ in range(2))
    others |= ~some  # what one line lost the other one has
    some[0] = others[0] = True
    return {
        "track": (line(0, every), 0, 0),
        "one line": (line(0, every), _WAIT_NS, 0),
        "two lines": (merged(line(0, every), line(1, every, 3.5)), _WAIT_NS, 0),
        "1 % on each line": (merged(line(0, some), line(1, others, 3.5)), _WAIT_NS, 0),
        "1 % by a replay": (merged(line(0, some), line(1, ~some, _LAG + 0.5)), _WAIT_NS, 0b10),
    }


def once(packets: _Words, wait_ns: int, replays: int, *, is_judging: bool) -> float:
    """Take all packets; ns for each of the channel's."""
    state = np.zeros(state_words(0), np.int64)
    journal.prepare(state)
    state[A_WAIT_NS], state[A_REPLAYS] = wait_ns, replays
    began = time.perf_counter_ns()
    judge(state, packets, int(is_judging))
    return (time.perf_counter_ns() - began) / _PACKETS


def main() -> int:
    """Measure, print, and keep the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    pin(0)
    made = cases()
    found: dict[str, list[float]] = {name: [] for name in made}
    for _ in range(asked.rounds):
        for name, (packets, wait_ns, replays) in made.items():
            loop = once(packets, wait_ns, replays, is_judging=False)
            whole = once(packets, wait_ns, replays, is_judging=True)
            found[name].append(whole - loop)
    for name, each in found.items():
        print(f"{name:18} {statistics.median(each):6.1f} ns a packet of the channel")
    told = {"machine": machine.describe(), "ns_per_packet": found}
    _RESULTS.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
