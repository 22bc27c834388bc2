"""How long a message of Nasdaq ITCH 5.0 takes to become records: ours, plain C, and what users write in Python.

Usage: python -m benchmarks.itch_decode [--rounds 7] [--messages 400000]

Messages of 8,000 stocks, made from a seed in the proportions of a continuous session (42 adds and 40 deletions in a
hundred), each behind two bytes of length as in Nasdaq's files. Everybody turns the same bytes into the same 64-byte
records in an array that exists already, alternating on one pinned core:

* ``C``: c/itch.c, a switch over the types; it trusts lengths and stocks;
* ``zerofeed``: the decoder, with lengths, sides and stocks checked, and a journal;
* ``itchfeed``: messages as objects of its C++ parser (itchcpp), then struct.pack_into the array;
* ``meatpy``: messages as objects of its Python parser, then the same.

Two streams: ``mix`` is one run over all messages, ``repeated`` one over a few thousand of them again and again, which a
branch predictor learns by heart. The books are not in it (they fill in what ITCH leaves out, and cost more).

Bias: against zerofeed, which checks what C does not. The Python decoders make an object for a message, because that is
what they are for.
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
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.compiler import FLAGS
from benchmarks.contest import pin
from zerofeed.codecs.days import midnight_ns
from zerofeed.codecs.itch._encode_kernels import FIELDS, VALUES, put_messages
from zerofeed.codecs.itch.decoder import ItchDecoder
from zerofeed.codecs.itch.encoder import encode_table, text_number
from zerofeed.codecs.itch.messages import ITCH_MESSAGES
from zerofeed.records.dtypes import RECORD
from zerofeed.records.kinds import ORDER, TRADE
from zerofeed.records.units import UNDEF

__all__ = ["main"]

_RESULTS = Path(__file__).resolve().parent / "results"
_SOURCE = Path(__file__).resolve().parent / "c" / "itch.c"
_STOCKS = 8_000
_FEW = 4_096
_DAY = date(2026, 6, 1)
_SHARES = {"A": 42.0, "F": 1.2, "E": 4.5, "C": 0.3, "X": 1.5, "D": 40.0, "U": 9.0, "P": 1.5}
_OPENING_NS = 34_200_000_000_000
_pack = struct.Struct("<qqqIBBBBqqqq").pack_into


def make_messages(count: int) -> bytes:
    """Make messages of one session from a seed, behind a directory of its stocks."""
    choose = np.random.default_rng(1)
    kinds = choose.choice(list(_SHARES), count, p=np.array(list(_SHARES.values())) / 100)
    rows = np.zeros((_STOCKS + count, VALUES), np.int64)
    directory, body = rows[:_STOCKS], rows[_STOCKS:]
    names = [f"S{stock:05}" for stock in range(_STOCKS)]
    directory[:, 0] = ord("R")
    directory[:, 1] = np.arange(1, _STOCKS + 1)
    directory[:, FIELDS] = [text_number(name, 8) for name in names]
    body[:, 0] = [ord(kind) for kind in kinds]
    body[:, 1] = choose.integers(1, _STOCKS + 1, count)
    body[:, 3] = _OPENING_NS + np.cumsum(choose.integers(1, 100_000, count))
    values: dict[str, Any] = {
        "order_reference_number": choose.integers(1, 1 << 40, count),
        "original_order_reference_number": choose.integers(1, 1 << 40, count),
        "new_order_reference_number": choose.integers(1, 1 << 40, count),
        "match_number": choose.integers(1, 1 << 40, count),
        "buy_sell_indicator": choose.choice([ord("B"), ord("S")], count),
        "printable": np.full(count, ord("Y")),
        "stock": directory[body[:, 1] - 1, FIELDS],
    }
    for name in ("shares", "executed_shares", "cancelled_shares"):
        values[name] = choose.integers(1, 1_000, count)
    for name in ("price", "execution_price"):
        values[name] = choose.integers(1_000, 5_000_000, count)
    for kind in _SHARES:
        chosen = kinds == kind
        for place, field in enumerate(ITCH_MESSAGES.by_code[ord(kind)].fields[5:]):
            if field.name in values:
                body[chosen, FIELDS + place] = values[field.name][chosen]
    buffer = np.zeros(64 * len(rows), np.uint8)
    end = put_messages(buffer, 0, rows.reshape(-1), len(rows), encode_table())
    return buffer[:end].tobytes()


class Stream:
    """Messages in a buffer, the stocks that they are about, and an array for their records."""

    def __init__(self, data: bytes, messages: int) -> None:
        self.data = data
        self.messages = messages
        self.bytes = np.frombuffer(data, np.uint8)
        self.records = np.zeros(2 * messages + 16, RECORD)
        self.rows = np.arange(65_536, dtype=np.int64)
        self.midnight_ns = midnight_ns(_DAY)


def _split(data: bytes, messages: int) -> tuple[bytes, bytes]:
    """Take the directory apart from so many messages behind it."""
    place = 0
    for _ in range(_STOCKS):
        place += 2 + int.from_bytes(data[place : place + 2], "big")
    end = place
    for _ in range(messages):
        end += 2 + int.from_bytes(data[end : end + 2], "big")
    return data[:place], data[place:end]


def by_c(stream: Stream, _directory: bytes) -> Callable[[], Any]:
    """Decode with the C program."""
    library = Path(tempfile.mkdtemp()) / "itch.so"
    command = ["gcc", *FLAGS, "-shared", "-fPIC", "-o", str(library), str(_SOURCE)]
    subprocess.run(command, check=True)
    decode = ctypes.CDLL(str(library)).decode_messages
    decode.restype = ctypes.c_int64

    arguments = (
        ctypes.c_void_p(stream.bytes.ctypes.data),
        ctypes.c_int64(stream.bytes.size),
        ctypes.c_int64(stream.midnight_ns),
        ctypes.c_int64(UNDEF),
        ctypes.c_void_p(stream.rows.ctypes.data),
        ctypes.c_void_p(stream.records.ctypes.data),
        ctypes.c_int64(len(stream.records)),
    )

    def run() -> Any:
        return stream.records[: decode(*arguments)]

    return run


def by_zerofeed(stream: Stream, directory: bytes) -> Callable[[], Any]:
    """Decode with ours."""
    decoder = ItchDecoder(_DAY, records=len(stream.records))
    # Stocks are announced once, before anything is measured.
    for _ in decoder.batches(directory):
        pass

    def run() -> Any:
        return decoder.decode(stream.bytes)[0]

    return run


def _fill(records: memoryview, index: int, message: Any, midnight_ns: int) -> int:
    """Write a message's records with struct, which is faster than assigning to a NumPy row."""
    kind = message.message_type
    at = 64 * index
    time_ns, row = midnight_ns + message.timestamp, message.stock_locate
    if kind in (b"A", b"F"):
        side = 66 if message.buy_sell_indicator == b"B" else 65
        _pack(records, at, 0, time_ns, UNDEF, row, ORDER, side, 65, 128, message.price,
              message.shares, message.order_reference_number, UNDEF)  # fmt: skip
        return index + 1
    if kind == b"D":
        _pack(records, at, 0, time_ns, UNDEF, row, ORDER, 78, 67, 128, UNDEF, UNDEF,
              message.order_reference_number, UNDEF)  # fmt: skip
        return index + 1
    if kind == b"U":
        _pack(records, at, 0, time_ns, UNDEF, row, ORDER, 78, 67, 0, UNDEF, UNDEF,
              message.order_reference_number, UNDEF)  # fmt: skip
        _pack(records, at + 64, 0, time_ns, UNDEF, row, ORDER, 78, 65, 128, message.price,
              message.shares, message.new_order_reference_number, UNDEF)  # fmt: skip
        return index + 2
    if kind == b"X":
        _pack(records, at, 0, time_ns, UNDEF, row, ORDER, 78, 67, 128, UNDEF,
              message.cancelled_shares, message.order_reference_number, UNDEF)  # fmt: skip
        return index + 1
    if kind == b"P":
        _pack(records, at, 0, time_ns, UNDEF, row, TRADE, 78, 84, 128, message.price,
              message.shares, message.match_number, UNDEF)  # fmt: skip
        return index + 1
    price = UNDEF if kind == b"E" else message.execution_price
    _pack(records, at, 0, time_ns, UNDEF, row, TRADE, 78, 84, 0, price, message.executed_shares,
          message.match_number, UNDEF)  # fmt: skip
    _pack(records, at + 64, 0, time_ns, UNDEF, row, ORDER, 78, 70, 128, UNDEF,
          message.executed_shares, message.order_reference_number, UNDEF)  # fmt: skip
    return index + 2


def by_itchfeed(stream: Stream, _directory: bytes) -> Callable[[], Any]:
    """Decode into objects with the C++ parser, then flatten."""
    import itch  # noqa: PLC0415 - of the extra bench
    from itch.parser import MessageParser  # noqa: PLC0415 - the same

    if not itch.USING_CPP_BACKEND:
        raise RuntimeError("itchcpp is not installed: itchfeed would use its Python parser")
    parse = MessageParser().parse_stream
    records = memoryview(stream.records.view(np.uint8))

    def run() -> Any:
        index = 0
        for message in parse(stream.data):
            index = _fill(records, index, message, stream.midnight_ns)
        return stream.records[:index]

    return run


def _fill_of_meatpy(records: memoryview, index: int, message: Any, midnight_ns: int) -> int:
    """Do as _fill, with the names that meatpy gives."""
    kind = message.type
    at = 64 * index
    time_ns, row = midnight_ns + message.timestamp, message.stock_locate
    if kind in (b"A", b"F"):
        side = 66 if message.bsindicator == b"B" else 65
        _pack(records, at, 0, time_ns, UNDEF, row, ORDER, side, 65, 128, message.price,
              message.shares, message.order_ref, UNDEF)  # fmt: skip
        return index + 1
    if kind == b"D":
        _pack(records, at, 0, time_ns, UNDEF, row, ORDER, 78, 67, 128, UNDEF, UNDEF,
              message.order_ref, UNDEF)  # fmt: skip
        return index + 1
    if kind == b"U":
        _pack(records, at, 0, time_ns, UNDEF, row, ORDER, 78, 67, 0, UNDEF, UNDEF,
              message.original_ref, UNDEF)  # fmt: skip
        _pack(records, at + 64, 0, time_ns, UNDEF, row, ORDER, 78, 65, 128, message.price,
              message.shares, message.new_ref, UNDEF)  # fmt: skip
        return index + 2
    if kind == b"X":
        _pack(records, at, 0, time_ns, UNDEF, row, ORDER, 78, 67, 128, UNDEF,
              message.canceled_shares, message.order_ref, UNDEF)  # fmt: skip
        return index + 1
    if kind == b"P":
        _pack(records, at, 0, time_ns, UNDEF, row, TRADE, 78, 84, 128, message.price,
              message.shares, message.match, UNDEF)  # fmt: skip
        return index + 1
    price = UNDEF if kind == b"E" else message.execution_price
    _pack(records, at, 0, time_ns, UNDEF, row, TRADE, 78, 84, 0, price, message.shares,
          message.match, UNDEF)  # fmt: skip
    _pack(records, at + 64, 0, time_ns, UNDEF, row, ORDER, 78, 70, 128, UNDEF, message.shares,
          message.order_ref, UNDEF)  # fmt: skip
    return index + 2


def by_meatpy(stream: Stream, _directory: bytes) -> Callable[[], Any]:
    """Decode into objects, then flatten."""
    from meatpy.itch50.itch50_market_message import (  # noqa: PLC0415 - of the extra bench
        ITCH50MarketMessage,
    )

    decode = ITCH50MarketMessage.from_bytes
    records = memoryview(stream.records.view(np.uint8))
    data = stream.data

    def run() -> Any:
        index = place = 0
        while place < len(data):
            end = place + 2 + (data[place] << 8 | data[place + 1])
            message = decode(data[place + 2 : end])
            index = _fill_of_meatpy(records, index, message, stream.midnight_ns)
            place = end
        return stream.records[:index]

    return run


_CONTESTANTS: dict[str, Callable[[Stream, bytes], Callable[[], Any]]] = {
    "C": by_c,
    "zerofeed": by_zerofeed,
    "itchfeed": by_itchfeed,
    "meatpy": by_meatpy,
}
_REPEATS = {"C": 5, "zerofeed": 5, "itchfeed": 1, "meatpy": 1}
_MORE = {"mix": 1, "repeated": 20}
"""How much more often the short stream is decoded."""


def main() -> int:
    """Measure, print, and keep the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--messages", type=int, default=400_000)
    asked = parser.parse_args()
    pin(0)
    data = make_messages(asked.messages)
    figures: dict[str, dict[str, list[float]]] = {}
    for name, count in (("mix", asked.messages), ("repeated", _FEW)):
        directory, chosen = _split(data, count)
        stream = Stream(chosen, count)
        runs = {who: make(stream, directory) for who, make in _CONTESTANTS.items()}
        if not _agree(stream, runs):
            return 1
        found: dict[str, list[float]] = {who: [] for who in runs}
        for _ in range(asked.rounds):
            for who, run in runs.items():
                best = min(_once(run) for _ in range(_REPEATS[who] * _MORE[name]))
                found[who].append(best / count)
        figures[name] = found
        reference = statistics.median(found["C"])
        for who, each in found.items():
            middle = statistics.median(each)
            print(
                f"{name:8} {who:9} {middle:9,.1f} ns a message {1e3 / middle:7.1f} M/s "
                f"{reference / middle:6.3f} of C"
            )
    told = {"machine": machine.describe(), "ns_per_message": figures}
    (_RESULTS / "itch_decode.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0


def _agree(stream: Stream, runs: dict[str, Callable[[], Any]]) -> bool:
    """Check that everybody makes the same records."""
    reference: Any = None
    for who, run in runs.items():
        stream.records["kind"] = 0
        made = run().copy()
        made["seq"] = 0
        if reference is None:
            reference = made
        elif not np.array_equal(made.view(np.int64), reference.view(np.int64)):
            print(f"{who} made other records than C")
            return False
    return True


def _once(run: Callable[[], Any]) -> float:
    began = time.perf_counter_ns()
    run()
    return float(time.perf_counter_ns() - began)


if __name__ == "__main__":
    sys.exit(main())
