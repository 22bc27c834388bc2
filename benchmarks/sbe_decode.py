"""How long a message of CME's incremental refresh takes to become records: ours, and plain C.

Usage: python -m benchmarks.sbe_decode [--rounds 7] [--messages 200000]

Messages of template 46, schema version 9, made from a seed: one to three levels of one of 4,000 instruments, each message an
event. Everybody turns the same bytes into the same 64-byte records in an array that exists already, alternating on
one pinned core:

* ``C``: c/sbe.c, a struct for an entry and a switch; it trusts lengths, counts, and that an instrument's number is an index;
* ``zerofeed``: the kernels of a feed, by the table of offsets, with lengths and counts checked, instruments looked up by their
  number, changes counted in a journal, and order entries and implied books looked for;

Books are not in it, nor packets.

Bias: against zerofeed, which checks what C does not and journals what C keeps in a struct.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.compiler import FLAGS
from benchmarks.contest import pin
from zerofeed.codecs.cme.decoder import CmeDecoder
from zerofeed.records.dtypes import RECORD
from zerofeed.records.units import UNDEF

__all__ = ["main", "make_messages"]

_RESULTS = Path(__file__).resolve().parent / "results"
_SOURCE = Path(__file__).resolve().parent / "c" / "sbe.c"
_INSTRUMENTS = 4_000
_TIME_NS = 1_700_000_000_000_000_000
_END = 0x84


def make_messages(count: int) -> bytes:
    """Make messages from a seed; instruments come in the order of their numbers first, so that rows are numbers."""
    choose = np.random.default_rng(1)
    entries = choose.integers(1, 4, count)
    securities = choose.integers(1, _INSTRUMENTS + 1, count)
    securities[:_INSTRUMENTS] = np.arange(1, _INSTRUMENTS + 1)[: len(securities)]
    prices = choose.integers(1_000, 9_000, (count, 3)) * 250_000_000
    sizes = choose.integers(1, 500, (count, 3))
    actions = choose.choice([0, 1, 1, 1, 2], (count, 3))
    # A deletion behind a new level of its event needs the book.
    actions[:, 1:] = 1
    types = choose.choice([ord("0"), ord("1")], (count, 3))
    rpt = [0] * (_INSTRUMENTS + 1)
    made = bytearray()
    for place in range(count):
        many, security = int(entries[place]), int(securities[place])
        body = struct.pack("<QBxx", _TIME_NS + place, _END) + struct.pack("<HB", 32, many)
        for each in range(many):
            rpt[security] += 1
            body += struct.pack(
                "<qiiIiBBB5x", int(prices[place, each]), int(sizes[place, each]), security,
                rpt[security], 5, each + 1, int(actions[place, each]), int(types[place, each]),
            )  # fmt: skip
        body += struct.pack("<H5xB", 24, 0)
        made += struct.pack("<HHHHH", 10 + len(body), 11, 46, 1, 9) + body
    return bytes(made)


def by_c(data: np.ndarray, room: int) -> Callable[[], Any]:
    """Decode with the C program."""
    library = Path(tempfile.mkdtemp()) / "sbe.so"
    subprocess.run(
        ["gcc", *FLAGS, "-shared", "-fPIC", "-o", str(library), str(_SOURCE)], check=True
    )
    decode = ctypes.CDLL(str(library)).decode_messages
    decode.restype = ctypes.c_int64
    records = np.zeros(room, RECORD)
    rows = np.arange(_INSTRUMENTS + 1, dtype=np.int64)
    known = np.zeros(4 * (_INSTRUMENTS + 1), np.int64)

    def run() -> Any:
        known[:] = 0
        count = decode(
            ctypes.c_void_p(data.ctypes.data), ctypes.c_int64(data.size), ctypes.c_int64(UNDEF),
            ctypes.c_int64(1), ctypes.c_void_p(rows.ctypes.data),
            ctypes.c_void_p(known.ctypes.data), ctypes.c_void_p(records.ctypes.data),
            ctypes.c_int64(room),
        )  # fmt: skip
        return records[:count]

    return run


def by_zerofeed(data: np.ndarray, room: int) -> Callable[[], Any]:
    """Decode with ours."""
    decoder = CmeDecoder(instruments=2 * _INSTRUMENTS, records=room)

    def run() -> Any:
        decoder.forget()
        return decoder.decode(data, first_number=1)[0]

    return run


_CONTESTANTS = {"C": by_c, "zerofeed": by_zerofeed}
_REPEATS = 5


def main() -> int:
    """Measure, print, and keep the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--messages", type=int, default=200_000)
    asked = parser.parse_args()
    pin(0)
    data = np.frombuffer(make_messages(asked.messages), np.uint8)
    runs = {who: make(data, 3 * asked.messages + 16) for who, make in _CONTESTANTS.items()}
    if not _agree(runs):
        return 1
    found: dict[str, list[float]] = {who: [] for who in runs}
    for _ in range(asked.rounds):
        for who, run in runs.items():
            found[who].append(min(_once(run) for _ in range(_REPEATS)) / asked.messages)
    reference = statistics.median(found["C"])
    for who, each in found.items():
        middle = statistics.median(each)
        print(
            f"{who:9} {middle:9,.1f} ns a message {1e3 / middle:7.1f} M/s "
            f"{reference / middle:6.3f} of C"
        )
    told = {"machine": machine.describe(), "ns_per_message": found}
    (_RESULTS / "sbe_decode.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0


def _agree(runs: dict[str, Callable[[], Any]]) -> bool:
    """Check that everybody makes the same records."""
    made = {who: run().copy() for who, run in runs.items()}
    for each in made.values():
        each["seq"] = 0
    reference = made["C"].view(np.int64)
    for who, each in made.items():
        if not np.array_equal(each.view(np.int64), reference):
            print(f"{who} made other records than C")
            return False
    return True


def _once(run: Callable[[], Any]) -> float:
    began = time.perf_counter_ns()
    run()
    return float(time.perf_counter_ns() - began)


if __name__ == "__main__":
    sys.exit(main())
