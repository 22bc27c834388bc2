#!/usr/bin/env python3
"""Price levels a second into a book, with the best bid and offer current after each.

Usage:
    python -m benchmarks.books                   five rounds of everything
    python -m benchmarks.books --rounds 9
    python -m benchmarks.books --quick           tiny streams: does everything run? (nothing is kept)

Everybody gets the same updates in the same run, one after the other by turns, on one core. A figure is the
median over rounds. Who can must find the same best bid and offer after every transaction.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.book_streams import Stream, captured, synthetic
from benchmarks.books_rivals import RIVALS

__all__ = ["main", "measure"]

_RESULT = Path(__file__).resolve().parent / "results" / "books.json"
_CAPTURES = Path(__file__).resolve().parents[2] / "shared" / "data"


def measure(stream: Stream, rounds: int) -> dict[str, list[float]]:
    """Let all contestants take turns over one stream.

    Args:
        stream: what they get.
        rounds: how often each.

    Returns:
        Levels a second of each round, by contestant; the first round, which compiles, is left out.

    Raises:
        SystemExit: two of them disagree on the best prices.
    """
    rates: dict[str, list[float]] = {name: [] for name in RIVALS}
    for turn in range(rounds + 1):
        sums = {}
        for name, rival in RIVALS.items():
            seconds, levels, total = rival(stream)
            if total is not None:
                sums[name] = total
            if turn:
                rates[name].append(levels / seconds)
        if len(set(sums.values())) > 1:
            raise SystemExit(f"the best prices differ: {sums}")
    return rates


def _streams(captures: Path, *, is_quick: bool) -> list[Stream]:
    found = [synthetic(20_000 if is_quick else 300_000)]
    real = captured(captures)
    if real is None:
        print(f"no capture of Binance in {captures}; the made-up stream alone is measured")
    else:
        found.append(real)
    return found


def main() -> int:
    """Measure, print, and store."""
    parser = argparse.ArgumentParser(description="Price levels a second into a book.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--core", type=int, default=1)
    parser.add_argument("--out", type=Path, default=_RESULT)
    parser.add_argument(
        "--quick", action="store_true", help="one round of short streams, no result"
    )
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.core})
    captures = Path(os.environ.get("ZEROFEED_CAPTURES") or _CAPTURES)
    stored: dict[str, Any] = {
        "machine": machine.describe(),
        "load_before": machine.load(),
        "command": "python -m benchmarks.books " + " ".join(sys.argv[1:]),
        "streams": {},
    }
    for stream in _streams(captures, is_quick=options.quick):
        rates = measure(stream, 1 if options.quick else options.rounds)
        deletes = float((stream.lots[stream.warm :] == 0).mean())
        stored["streams"][stream.name] = {
            "levels": stream.timed,
            "levels_at_the_beginning": stream.warm,
            "transactions": int(stream.last[stream.warm :].sum()),
            "share_of_deletes": round(deletes, 3),
            "levels_per_second": rates,
        }
        for name, rounds in rates.items():
            print(
                f"{stream.name:>10}  {name:<40} {statistics.median(rounds) / 1e6:8.2f} M levels/s"
            )
    if not options.quick:
        options.out.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
