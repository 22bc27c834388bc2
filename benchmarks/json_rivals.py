"""What users write in Python today: a JSON library, then struct.pack_into an array of records."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import msgspec

from zerofeed.records.kinds import LEVEL, QUOTE, TRADE

__all__ = ["decoder_of", "fill"]

_MS = 1_000_000
_pack = struct.Struct("<qqqIBBBBqqqq").pack_into
_Decoded = tuple[Any, Callable[[Any, str], Any]]


class Data(msgspec.Struct):
    e: str = ""
    E: int = 0
    T: int = 0
    s: str = ""
    t: int = 0
    p: str = ""
    q: str = ""
    m: bool = False
    U: int = 0
    u: int = 0
    b: Any = None
    a: Any = None
    B: str = ""
    A: str = ""


class Envelope(msgspec.Struct):
    stream: str
    data: Data


def decoder_of(library: str) -> Callable[[bytes], _Decoded]:
    """Give a function from a message to its data, and to how a field of that is got.

    Args:
        library: ``msgspec``, with typed structs, or ``orjson``, with dicts.
    """
    if library == "msgspec":
        typed = msgspec.json.Decoder(Envelope).decode
        return lambda message: (typed(message).data, getattr)
    import orjson  # noqa: PLC0415 - of the extra bench

    loads = orjson.loads
    return lambda message: (loads(message)["data"], dict.get)


def fill(records: memoryview, index: int, decoded: tuple[Any, Callable[[Any, str], Any]]) -> int:
    """Write a message's records with struct, which is faster than assigning to a NumPy row."""
    data, get = decoded
    event = get(data, "e")
    if event == "depthUpdate":
        time_ns, last, before = get(data, "E") * _MS, get(data, "u"), get(data, "U") - 1
        for side, rows in ((66, get(data, "b")), (65, get(data, "a"))):
            for price, size in rows:
                _pack(
                    records, 64 * index, 0, time_ns, 0, 1, LEVEL, side, 77, 0,
                    int(float(price) * 1e8 + 0.5), int(float(size) * 1e8 + 0.5), last, before,
                )  # fmt: skip
                index += 1
        return index
    if event == "trade":
        _pack(
            records, 64 * index, 0, get(data, "T") * _MS, 0, 1, TRADE, 65 if get(data, "m") else 66,
            78, 0, int(float(get(data, "p")) * 1e8 + 0.5), int(float(get(data, "q")) * 1e8 + 0.5),
            get(data, "t"), 0,
        )  # fmt: skip
        return index + 1
    _pack(
        records, 64 * index, 0, 0, 0, 1, QUOTE, 78, 78, 192,
        int(float(get(data, "b")) * 1e8 + 0.5), int(float(get(data, "B")) * 1e8 + 0.5),
        int(float(get(data, "a")) * 1e8 + 0.5), int(float(get(data, "A")) * 1e8 + 0.5),
    )  # fmt: skip
    return index + 1
