"""How long a crypto venue's JSON message takes to become records: ours, plain C, and what users write in Python.

Usage: python -m benchmarks.json_decode [--rounds 7]

Three kinds of Binance's messages, a few hundred of each made from a seed: a trade, a best bid and offer, a
depth update of forty levels. Everybody turns the same bytes into the same 64-byte records in an array that
exists already, a few hundred messages a time, alternating on one pinned core:

* ``C``: c/json_scan.c, one pass, digits into integers; it trusts the message to be well formed;
* ``zerofeed``: the kernel of every venue, driven by Binance's table: any key order, every escape, bracket and
  number checked, exact decimals, symbols looked up, a journal step a message;
* ``msgspec``: typed structs, then struct.pack_into the array;
* ``orjson``: dicts, then the same.

Bias: against zerofeed, which checks what C does not. The books are not in it (benchmarks.books). orjson and
msgspec make floats of the prices, as their users do; neither finds out when a number has too many digits.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import random
import statistics
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
from benchmarks.json_rivals import decoder_of, fill
from zerofeed.codecs.json.decoder import JsonDecoder
from zerofeed.records.dtypes import RECORD
from zerofeed.venues.binance.messages import SPOT

__all__ = ["main"]

_RESULTS = Path(__file__).resolve().parent / "results"
_SOURCE = Path(__file__).resolve().parent / "c" / "json_scan.c"
_MESSAGES = 300
_ROOM = 1 << 15
_LEVELS = 40


def make_messages(kind: str, count: int = _MESSAGES) -> list[bytes]:
    """Make messages of one kind from a seed."""
    choose = random.Random(1)

    def price() -> str:
        return f"{choose.randint(61_000, 62_000)}.{choose.randint(0, 99):02}000000"

    def size() -> str:
        return f"{choose.randint(0, 9)}.{choose.randint(0, 99_999):05}000"

    made = []
    for number in range(count):
        data: dict[str, Any]
        if kind == "trade":
            stream = "btcusdt@trade"
            data = {
                "e": "trade", "E": 1_723_161_255_343 + number, "s": "BTCUSDT",
                "t": 3_735_683_259 + number, "p": price(), "q": size(),
                "T": 1_723_161_255_342 + number, "m": choose.random() < 0.5, "M": True,
            }  # fmt: skip
        elif kind == "quote":
            stream = "btcusdt@bookTicker"
            data = {
                "u": 50_093_239_189 + number, "s": "BTCUSDT",
                "b": price(), "B": size(), "a": price(), "A": size(),
            }  # fmt: skip
        else:
            stream = "btcusdt@depth@100ms"
            half = _LEVELS // 2
            data = {
                "e": "depthUpdate", "E": 1_723_161_255_208 + number, "s": "BTCUSDT",
                "U": 50_093_239_189 + number, "u": 50_093_239_189 + number,
                "b": [[price(), size()] for _ in range(half)],
                "a": [[price(), size()] for _ in range(half)],
            }  # fmt: skip
        made.append(json.dumps({"stream": stream, "data": data}, separators=(",", ":")).encode())
    return made


class Stream:
    """Messages in a buffer, and an array for their records."""

    def __init__(self, messages: list[bytes]) -> None:
        self.messages = messages
        lengths = [len(each) for each in messages]
        self.data = np.frombuffer(b"".join(messages) + bytes(64), np.uint8)
        self.lengths = np.array(lengths, np.int64)
        self.offsets = np.cumsum([0, *lengths[:-1]]).astype(np.int64)
        self.times = np.zeros(len(messages), np.int64)
        self.records = np.zeros(_ROOM, RECORD)


def by_c(stream: Stream) -> Callable[[], int]:
    """Scan with the C program."""
    library = Path(tempfile.mkdtemp()) / "json_scan.so"
    command = ["gcc", *FLAGS, "-shared", "-fPIC", "-o", str(library), str(_SOURCE)]
    subprocess.run(command, check=True)
    scan_many = ctypes.CDLL(str(library)).scan_many
    scan_many.restype = ctypes.c_int64
    arguments = [
        *(ctypes.c_void_p(a.ctypes.data) for a in (stream.data, stream.offsets, stream.times)),
        ctypes.c_int64(len(stream.messages)),
        ctypes.c_void_p(stream.records.ctypes.data),
        ctypes.c_int64(_ROOM),
        ctypes.c_int64(_LEVELS),
    ]
    return lambda: int(scan_many(*arguments))


def by_zerofeed(stream: Stream) -> Callable[[], int]:
    """Decode with the kernel of all venues."""
    decoder = JsonDecoder(SPOT, longest_bytes=1 << 13, batch=_ROOM)
    # The instrument is announced once, before anything is measured.
    decoder.decode(stream.data, stream.offsets, stream.lengths, stream.times)

    def run() -> int:
        return len(decoder.decode(stream.data, stream.offsets, stream.lengths, stream.times)[0])

    return run


def by_library(library: str) -> Callable[[Stream], Callable[[], int]]:
    """Decode into structs or dicts, then flatten, message by message."""

    def make(stream: Stream) -> Callable[[], int]:
        decode = decoder_of(library)
        records = memoryview(stream.records.view(np.uint8))

        def run() -> int:
            index = 0
            for message in stream.messages:
                index = fill(records, index, decode(message))
            return index

        return run

    return make


_CONTESTANTS: dict[str, Callable[[Stream], Callable[[], int]]] = {
    "C": by_c,
    "zerofeed": by_zerofeed,
    "msgspec": by_library("msgspec"),
    "orjson": by_library("orjson"),
}
_REPEATS = {"C": 60, "zerofeed": 60, "msgspec": 3, "orjson": 3}


def main() -> int:
    """Measure, print, and keep the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    pin(0)
    figures: dict[str, dict[str, list[float]]] = {}
    for kind in ("trade", "quote", "depth"):
        stream = Stream(make_messages(kind))
        runs = {name: make(stream) for name, make in _CONTESTANTS.items()}
        expected = len(stream.messages) * (_LEVELS if kind == "depth" else 1)
        for name, run in runs.items():
            got = run()
            if got != expected:
                print(f"{name} made {got} records of {expected}")
                return 1
        found: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(asked.rounds):
            for name, run in runs.items():
                best = min(_once(run) for _ in range(_REPEATS[name]))
                found[name].append(best / len(stream.messages))
        figures[kind] = found
        reference = statistics.median(found["C"])
        for name, each in found.items():
            middle = statistics.median(each)
            print(f"{kind:6} {name:9} {middle:9,.0f} ns a message  {middle / reference:6.2f} of C")
    told = {"machine": machine.describe(), "ns_per_message": figures}
    (_RESULTS / "json_decode.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0


def _once(run: Callable[[], int]) -> float:
    began = time.perf_counter_ns()
    run()
    return float(time.perf_counter_ns() - began)


if __name__ == "__main__":
    sys.exit(main())
