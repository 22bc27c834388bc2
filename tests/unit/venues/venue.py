"""A venue's messages as the tests write them, and what a feed makes of each, in plain values."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.books.l2 import L2Book
from zerofeed.codecs._text_kernels import text_key
from zerofeed.feed.instruments import Instrument
from zerofeed.records.dtypes import BODY, RECORD
from zerofeed.records.flags import FLAG_NAMES, MAYBE_BAD_BOOK
from zerofeed.records.kinds import BBO, INSTRUMENT, KIND_NAMES
from zerofeed.records.units import RATE_EXPONENT, UNDEF, from_decimal
from zerofeed.runtime.offline import OfflineFeed
from zerofeed.wire.pcap_index import INDEX_DTYPE

__all__ = [
    "CAUSES",
    "MS",
    "RECEIVED_NS",
    "US",
    "S",
    "Told",
    "Vector",
    "Venue",
    "encoded",
    "key_of_text",
    "level",
    "rate",
    "rec",
    "scaled",
    "text_of",
]

RECEIVED_NS = 1_750_000_000_000_000_000
"""Arrival of the first message; each later one comes a microsecond after the one before it."""
US, MS, S = 1_000, 1_000_000, 1_000_000_000

CAUSES = ("decoded", "stale", "heartbeat", "malformed", "truncated")
"""What becomes of a packet."""

Told = tuple[str, str, str, str, frozenset[str], int | None, dict[str, int]]
"""Kind, symbol, side, action, flags, time of the event in ns, and the columns that are defined."""


@dataclass(frozen=True)
class Vector:
    """Messages of one kind, and everything that is to come of them.

    Attributes:
        name: of the message in the venue's table.
        messages: Python values, or text as it is sent.
        records: all but INSTRUMENT and BBO records, in order.
    """

    name: str
    messages: list[Any]
    records: list[Told]


def scaled(text: str | None, exponent: int = -8) -> int:
    """A decimal text as its mantissa."""
    return UNDEF if text is None else from_decimal(text, exponent)


def rate(text: str) -> int:
    """A pure number as its mantissa."""
    return from_decimal(text, RATE_EXPONENT)


def key_of_text(text: str) -> int:
    """The number that stands for a text."""
    return int(text_key(np.frombuffer(text.encode(), np.uint8), 0, len(text.encode())))


def rec(
    kind: str,
    symbol: str,
    side: str = "N",
    action: str = "N",
    flags: str = "",
    at: int | None = None,
    exponents: tuple[int, int] = (-8, -8),
    **body: int | str,
) -> Told:
    """Write a record down: texts of prices and sizes are scaled by the exponents."""
    columns = {
        name: scaled(value, exponents["size" in name or name == "open_interest"])
        if isinstance(value, str)
        else value
        for name, value in body.items()
    }
    return (kind, symbol, side, action, frozenset(flags.split()), at, columns)


def level(
    symbol: str,
    side: str,
    price: str,
    size: str,
    at: int | None = None,
    flags: str = "",
    exponents: tuple[int, int] = (-8, -8),
    **ids: int,
) -> Told:
    """Write a LEVEL record down; the action follows from the size and the flags."""
    action = "C" if float(size) == 0 else "A" if "snapshot" in flags else "M"
    return rec("level", symbol, side, action, flags, at, exponents, price=price, size=size, **ids)


def text_of(message: Any) -> bytes:
    """A message as it is sent."""
    if isinstance(message, bytes):
        return message
    if isinstance(message, str):
        return message.encode()
    return json.dumps(message, separators=(",", ":")).encode()


def encoded(messages: Iterable[Any]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[Any]]:
    """Messages behind each other in a buffer that ends with the last, and their index."""
    texts = [text_of(message) for message in messages]
    data = np.frombuffer(b"".join(texts), np.uint8)
    index = np.zeros(len(texts), INDEX_DTYPE)
    index["length"] = index["orig_length"] = [len(text) for text in texts]
    index["offset"] = np.cumsum([0, *index["length"]])[: len(texts)]
    index["ts_ns"] = RECEIVED_NS + US * np.arange(len(texts))
    return data, index


class Venue:
    """A feed of one protocol that messages are given to.

    Args:
        protocol: name.
        book_levels: levels a side that its books have room for.
    """

    def __init__(self, protocol: str, book_levels: int = 64) -> None:
        self.feed = OfflineFeed(
            protocol, instruments=32, book_levels=book_levels, book_depth=8, batch=1
        )

    def records(self, *messages: Any) -> npt.NDArray[Any]:
        """Decode messages; all records, copied."""
        parts = [part.tobytes() for part in self.feed.process(*encoded(messages))]
        return np.frombuffer(b"".join(parts), RECORD).copy()

    def say(self, *messages: Any, has_all: bool = False) -> list[Told]:
        """Decode messages; what the records say, INSTRUMENT and BBO left out unless asked for."""
        return [
            self._told(record)
            for record in self.records(*messages)
            if has_all or record["kind"] not in {BBO, INSTRUMENT}
        ]

    def _told(self, record: Any) -> Told:
        kind, row = int(record["kind"]), int(record["instrument"])
        symbol = self.feed.instruments.row(row).symbol if row else ""
        time = int(record["ts_event_ns"])
        return (
            KIND_NAMES[kind],
            symbol,
            chr(record["side"]),
            chr(record["action"]),
            frozenset(name for bit, name in FLAG_NAMES.items() if record["flags"] & bit),
            None if time == UNDEF else time,
            {n: int(record[n]) for n in BODY[kind] if record[n] != UNDEF},
        )

    def instrument(self, symbol: str) -> Instrument:
        """The definition of a symbol."""
        return self.feed.instruments.row(symbol)

    def book(self, symbol: str) -> L2Book:
        """The book of a symbol."""
        return self.feed.books[self.instrument(symbol).index]

    def sides(self, symbol: str) -> tuple[dict[int, int], dict[int, int]]:
        """Bids and asks, sizes by price."""
        book = self.book(symbol)
        return dict(book.bids.tolist()), dict(book.asks.tolist())

    def counted(self) -> dict[str, int]:
        """How packets and messages ended; what is 0 is left out, and so is what always is."""
        counters = self.feed.metrics.counters()
        names = [f"packets_{cause}" for cause in CAUSES]
        names += ["messages_unknown", "numbers_out_of_range", "instruments_refused"]
        return {name.removeprefix("packets_"): counters[name] for name in names if counters[name]}

    def named(self) -> dict[str, int]:
        """How often each message came, by its name in the table."""
        slots = enumerate(self.feed.metrics.templates())
        return {self.feed.templates[slot]: count for slot, count in slots if count}

    def checksums(self) -> tuple[int, int]:
        """Checksums that matched, and those that did not."""
        counters = self.feed.books.counters()
        return counters["checksums_matched"], counters["checksums_mismatched"]

    def is_flagged(self, records: npt.NDArray[Any]) -> bool:
        """Tell whether every record of a book says that the book may be wrong."""
        return bool(len(records)) and bool((records["flags"] & MAYBE_BAD_BOOK).all())
