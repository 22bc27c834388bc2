"""``zerofeed decode``: a capture file through the code of a live feed, offline."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from zerofeed.apps.message_text import write_messages
from zerofeed.apps.record_text import RecordWriter, parse_kinds, select_kinds
from zerofeed.apps.render import terminal_style
from zerofeed.base.errors import CaptureError, ConfigurationError
from zerofeed.books.l2 import L2Book
from zerofeed.books.l3 import L3Book
from zerofeed.records.kinds import KIND_NAMES
from zerofeed.records.units import UNDEF
from zerofeed.runtime.offline import OfflineFeed
from zerofeed.runtime.own_sbe import SBE
from zerofeed.runtime.protocol import Protocol, Recording
from zerofeed.runtime.protocols import find_protocol
from zerofeed.runtime.sbe_config import FramingSection, SbeSection, load_framing

__all__ = ["decode"]

_BOOK_LEVELS = 10
"""Levels a side that are shown of a book."""
_ORDERS = 1 << 22
"""Orders that may rest at once, where books of orders are kept: more than Nasdaq has."""
_TEXT_RECORDS = 4096
"""Records that are turned into text at a time."""


def decode(
    path: Path,
    *,
    protocol: str,
    kinds: str | None = None,
    style: str = "summary",
    has_books: bool = False,
    day: date | None = None,
    schema: Path | None = None,
    framing: Path | None = None,
) -> int:
    """Decode a capture and print its records, or one object that sums them up.

    Args:
        path: pcap, pcapng, text, or the protocol's own kind of file, also gzipped.
        protocol: name, as in a configuration.
        kinds: only these, with commas between them.
        style: ``ndjson``, ``table`` or ``summary`` of records; ``messages``: the fields of every message, one
            object each.
        has_books: also the books at the end.
        day: that times of day belong to, where neither messages nor arrivals nor the file's name say it.
        schema: of the protocol ``sbe``.
        framing: file that describes its packets.

    Returns:
        0.

    Raises:
        ConfigurationError: no such protocol or kind, or a day or a schema that is missing or not needed.
        SchemaError: the schema cannot be used.
        CaptureError: not a readable capture. What came before the damage is printed.
    """
    found = _protocol(protocol, schema, framing)
    if style == "messages":
        return write_messages(found, path)
    orders = _ORDERS if has_books and found.has_orders else 0
    feed = OfflineFeed(found, day=day, orders=orders)
    wanted = parse_kinds(kinds)  # some may be the protocol's own
    tally = _Tally(feed, feed.open(path))
    is_coloured, width = terminal_style(sys.stdout)
    writer = RecordWriter(feed.instruments, is_coloured=is_coloured, width=width)
    damage: CaptureError | None = None
    if style == "table":
        sys.stdout.write(writer.heading())
    try:
        for batch in tally.batches():
            chosen = select_kinds(batch, wanted)
            tally.count(chosen)
            if style != "summary":
                _write(writer, chosen, style)
    except CaptureError as error:
        damage = error
    if style == "summary":
        print(json.dumps(tally.summary(has_books=has_books), indent=2))
    elif has_books:
        _write_books(writer, feed, style)
    if damage is not None:
        sys.stdout.flush()
        raise damage
    return 0


def _protocol(name: str, schema: Path | None, framing: Path | None) -> Protocol:
    """Find the protocol, with a schema of the user's own where it is ``sbe``."""
    if name != SBE and (schema is not None or framing is not None):
        raise ConfigurationError(
            "a schema or a framing belongs to the protocol sbe",
            where=f"protocol {name}",
            expected="--protocol sbe",
            next_step="leave --schema and --framing out",
        )
    if schema is None:
        return find_protocol(name)
    described = FramingSection() if framing is None else load_framing(framing)
    return find_protocol(name, SbeSection(schema=str(schema), framing=described))


class _Tally:
    """Counts what passes."""

    def __init__(self, feed: OfflineFeed, reader: Recording) -> None:
        self._feed = feed
        self._reader = reader
        self._records: Counter[int] = Counter()
        self._first_ns: int | None = None
        self._last_ns: int | None = None

    def batches(self) -> Iterator[Any]:
        """Decode the capture, batch by batch."""
        for index in self._reader.chunks():
            times = index["ts_ns"][index["ts_ns"] != UNDEF]
            if times.size:
                first, last = int(times.min()), int(times.max())
                self._first_ns = first if self._first_ns is None else min(self._first_ns, first)
                self._last_ns = last if self._last_ns is None else max(self._last_ns, last)
            yield from self._feed.process(self._reader.data, index)

    def count(self, batch: Any) -> None:
        """Count records by kind."""
        for kind, count in enumerate(np.bincount(batch["kind"]).tolist()):
            if count:
                self._records[kind] += count

    def summary(self, *, has_books: bool) -> dict[str, Any]:
        """Say it all in one object."""
        feed = self._feed
        counters = feed.metrics.counters()
        counts = self._reader.counts
        templates = feed.metrics.templates()
        channels = feed.metrics.channels()
        book_counters = feed.books.counters()
        told: dict[str, Any] = {
            "file": self._reader.name,
            "format": self._reader.format,
            "protocol": feed.protocol,
            "packets": counters["packets_received"],
            "messages": {
                name: templates[slot] for slot, name in feed.templates.items() if templates[slot]
            },
            "records": {
                KIND_NAMES.get(kind, f"kind {kind}"): self._records[kind]
                for kind in sorted(self._records)
            },
            "instruments": len(feed.instruments) - 1,
            "gaps": counters["gaps"],
            "missing": counters["packets_missing"],
            "resets": counters["resets"],
            "heartbeats": counters["packets_heartbeat"],
            "stale": counters["packets_stale"],
            "malformed": counters["packets_malformed"],
            "truncated": counters["packets_truncated"],
            "unknown": counters["messages_unknown"],
            "numbers_out_of_range": counters["numbers_out_of_range"],
            "numbers_rounded": counters["numbers_rounded"],
            "instruments_refused": counters["instruments_refused"],
            "channels_refused": counters["channels_refused"],
            "first_ts_ns": self._first_ns,
            "last_ts_ns": self._last_ns,
            "payload_bytes": counters["bytes_received"],
            "frames": counts.frames,
            "frames_skipped": {k: n for k, n in asdict(counts.skipped).items() if n},
            "tail_bytes": counts.tail_bytes,
            "channels": len(channels),
            "channels_with_loss": [each for each in channels if each["missing"] or each["resets"]],
            "checksums": {
                "matched": book_counters.get("checksums_matched", 0),
                "mismatched": book_counters.get("checksums_mismatched", 0),
            },
            "books": _books_summary(feed, has_doubts=has_books),
        }
        return told


def _write(writer: RecordWriter, batch: Any, style: str) -> None:
    for first in range(0, len(batch), _TEXT_RECORDS):
        part = batch[first : first + _TEXT_RECORDS]
        sys.stdout.write(writer.ndjson(part) if style == "ndjson" else writer.table(part))


def _live_books(feed: OfflineFeed) -> Iterator[L2Book | L3Book]:
    """Go through the books that anything was ever said about."""
    for row in range(1, min(len(feed.instruments), len(feed.books))):
        book = feed.books[row]
        if book.is_used:
            yield book


def _books_summary(feed: OfflineFeed, *, has_doubts: bool) -> dict[str, Any]:
    """Count the books; with the reasons for doubt and what happened to them, if asked."""
    doubts: Counter[str] = Counter()
    total = proven = 0
    for book in _live_books(feed):
        total += 1
        proven += book.is_proven
        doubts.update(book.doubts)
    told: dict[str, Any] = {"total": total, "proven": proven, "in_doubt": total - proven}
    if has_doubts:
        told["doubts"] = dict(doubts)
        told["counters"] = {name: count for name, count in feed.books.counters().items() if count}
    return told


def _write_books(writer: RecordWriter, feed: OfflineFeed, style: str) -> None:
    for book in _live_books(feed):
        sides = {
            name: writer.level_texts(
                book.instrument, zip(levels["price"].tolist(), levels["size"].tolist(), strict=True)
            )
            for name, levels in (
                ("bids", book.bids[:_BOOK_LEVELS]),
                ("asks", book.asks[:_BOOK_LEVELS]),
            )
        }
        if style == "ndjson":
            told = {
                "kind": "book",
                "instrument": writer.symbol(book.instrument),
                "ts_event_ns": book.ts_event_ns or None,
                "change_id": None if book.change_id == UNDEF else book.change_id,
                "is_proven": book.is_proven,
                "doubts": book.doubts,
                **sides,
            }
            if isinstance(book, L3Book):
                told["bid_orders"] = book.bid_orders[:_BOOK_LEVELS].tolist()
                told["ask_orders"] = book.ask_orders[:_BOOK_LEVELS].tolist()
            sys.stdout.write(json.dumps(told, separators=(",", ":")) + "\n")
            continue
        state = "proven" if book.is_proven else f"in doubt: {', '.join(book.doubts)}"
        sys.stdout.write(f"\n{writer.symbol(book.instrument)}  ({state})\n")
        for place in range(max(len(sides["bids"]), len(sides["asks"]))):
            bid = sides["bids"][place] if place < len(sides["bids"]) else ("", "")
            ask = sides["asks"][place] if place < len(sides["asks"]) else ("", "")
            sys.stdout.write(
                f"{bid[1]:>14} {bid[0]:>14} | {ask[0]:<14} {ask[1]:<14}".rstrip() + "\n"
            )
