"""Attaching: how any process on the machine reads a feed.

::

    feed = zf.attach("deribit")
    for batch in feed.reader():
        ...

:func:`attach` connects to the feed's socket, is checked by the kernel's word, receives the
description and the descriptors, checks that both sides mean the same bytes, and maps
everything read-only. From then on nothing passes through the socket: it only tells each side
that the other is alive.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, cast

import numpy as np
import numpy.typing as npt

from zerofeed.base import errors
from zerofeed.base.errors import FeedNotFoundError, ZerofeedError
from zerofeed.feed import _reader_kernels as rk
from zerofeed.feed import description as description_module
from zerofeed.feed.connection import Connection
from zerofeed.feed.description import LAYOUT_VERSION, FeedDescription
from zerofeed.feed.instruments import Instrument, InstrumentTable
from zerofeed.feed.memory import FeedMap
from zerofeed.feed.messages import PROGRAM_CHARACTERS, Request
from zerofeed.feed.metrics import Metrics
from zerofeed.feed.reader import Reader
from zerofeed.records import units
from zerofeed.records.book_rows import book_row, doubt_names
from zerofeed.records.kinds import KIND_NAMES, kind_code
from zerofeed.records.own import adopt
from zerofeed.shm import _ring_kernels as k
from zerofeed.shm.ring import CursorPage, RingView
from zerofeed.shm.seqlock import read_row

__all__ = ["BookTop", "Feed", "attach"]


class Feed:
    """A feed, as an attached process sees it. Made by :func:`attach`.

    Attributes:
        name: of the feed.
        description: what the feed says of itself.
        instruments: symbols, tick sizes and exponents.
        metrics: counters and latencies.
    """

    def __init__(self, connection: Connection, memory: FeedMap) -> None:
        self._connection = connection
        self.memory = memory
        self.name = memory.description.name
        self.description: FeedDescription = memory.description
        self.instruments = InstrumentTable(memory.instrument_rows, memory.instrument_lookup)
        self.metrics: Metrics = memory.metrics
        # Each with its bell, which its close() closes: that is how a closed one is told.
        self._readers: list[tuple[Reader, socket.socket]] = []

    def reader(
        self,
        mode: Literal["lossy", "lossless"] = "lossy",
        start: int | Literal["now", "oldest"] = "now",
        *,
        kinds: list[str | int] | None = None,
        symbols: list[str] | None = None,
        max_batch: int = 1 << 16,
        spin: int = 0,
    ) -> Reader:
        """Open a place in the record ring.

        Args:
            mode: ``lossless`` holds the feed back, up to its patience; ``lossy`` never does.
            start: ``now``, ``oldest`` record kept, or a sequence number.
            kinds: only these kinds, by name or code. A filtered reader's batches are copies
                of the matching records, valid until its next call.
            symbols: only these instruments; ``*`` and ``?`` match, also later instruments.
            max_batch: most records in one batch.
            spin: looks before sleeping, for those who would rather burn a core.

        Raises:
            ConfigurationError: no such mode, start or batch length.
            ResourceError: every reader slot is taken, or this user or process has its share.
            FeedGoneError: the feed has ended.
            KeyError: no such kind.
        """
        mask = _kind_mask(kinds)
        first = _checked_start(mode, start, max_batch)
        request = Request(op="reader", mode=mode, start=first)
        return self._place(
            request,
            self.memory.record_ring,
            self.memory.records,
            kind_mask=mask,
            wanted=None if symbols is None else _Wanted(self.instruments, symbols),
            max_batch=max_batch,
            spin=spin,
        )

    def frames(
        self,
        mode: Literal["lossy", "lossless"] = "lossy",
        start: int | Literal["now", "oldest"] = "now",
    ) -> Reader:
        """Open a place in the frame ring: the packets themselves, as they arrived.

        Batches are arrays of :data:`zerofeed.feed.memory.FRAME`; :meth:`payload` gives a
        packet's bytes.

        Args:
            mode: as in :meth:`reader`.
            start: as in :meth:`reader`.

        Raises:
            ResourceError: the feed has no frames, or as for :meth:`reader`.
            FeedGoneError: the feed has ended.
        """
        first = _checked_start(mode, start, 1)
        request = Request(op="reader", ring="frames", mode=mode, start=first)
        return self._place(request, self.memory.frame_ring, self.memory.frames)

    def _place(
        self, request: Request, ring: RingView, items: npt.NDArray[Any], **how: Any
    ) -> Reader:
        """Ask for a place in a ring and make the reader that sits there."""
        reply, fds = self._connection.ask(request)
        bell = socket.socket(fileno=fds[1])
        try:
            page = CursorPage(fds[0])
        finally:
            os.close(fds[0])
        if isinstance(request.start, int):
            # What was asked for and is no longer kept is lost to this reader, and says so.
            page.words[k.LOST] += max(0, reply.start - max(0, request.start))
        reader = Reader(
            self._connection,
            ring,
            items,
            page,
            slot=reply.slot,
            bell=bell,
            start=reply.start,
            ring_name=request.ring,
            **how,
        )
        self._readers = [(each, its) for each, its in self._readers if its.fileno() >= 0]
        self._readers.append((reader, bell))
        return reader

    def payload(self, frame: Any) -> npt.NDArray[np.uint8]:
        """View one packet's bytes where the kernel put them.

        Args:
            frame: one element of a batch of :meth:`frames`.

        Returns:
            A read-only view, valid for as long as the frame is in the ring
            (:meth:`Reader.is_intact`).
        """
        first = int(frame["offset"])
        return self.memory.arena[first : first + int(frame["length"])]

    def latest(self, symbol: str) -> BookTop:
        """Read the present book of an instrument, whole, without following the records.

        Args:
            symbol: of the instrument.

        Raises:
            KeyError: no such instrument.
            LookupError: its book has never been published.
            TimeoutError: the worker died while writing this very row; it is repaired at once.
        """
        instrument = self.instruments.row(symbol)
        table = self.memory.book_words.view(book_row(self.description.book_depth))
        row = read_row(table, instrument.index)[0]
        if row["version"] == 0:
            raise LookupError(f"the book of {symbol} has not been published yet")
        return BookTop(
            symbol=symbol,
            record_seq=int(row["record_seq"]),
            ts_event_ns=int(row["ts_event_ns"]),
            doubts=doubt_names(int(row["flags"])),
            bids=_ladder(row["bids"][: row["n_bids"]], instrument),
            asks=_ladder(row["asks"][: row["n_asks"]], instrument),
            bid_orders=_counts(row["bid_orders"][: row["n_bids"]]),
            ask_orders=_counts(row["ask_orders"][: row["n_asks"]]),
        )

    def prices(self, batch: npt.NDArray[Any], column: str = "price") -> npt.NDArray[np.float64]:
        """Turn a price column into floats, each with its instrument's exponent.

        Args:
            batch: records.
            column: name of a price field.

        Returns:
            A new float64 array; NaN where the venue sent no value.
        """
        exponents = self.instruments.price_exponents()[batch["instrument"]]
        return units.to_float(batch[column], exponents)

    def sizes(self, batch: npt.NDArray[Any], column: str = "size") -> npt.NDArray[np.float64]:
        """Turn a size column into floats, like :meth:`prices`."""
        exponents = self.instruments.size_exponents()[batch["instrument"]]
        return units.to_float(batch[column], exponents)

    def decimal_prices(
        self, batch: npt.NDArray[Any], column: str = "price"
    ) -> list[Decimal | None]:
        """Give a price column as exact decimals; None where the venue sent no value."""
        exponents = self.instruments.price_exponents()[batch["instrument"]]
        pairs = zip(batch[column].tolist(), exponents.tolist(), strict=True)
        return [units.to_decimal(mantissa, exponent) for mantissa, exponent in pairs]

    def decimal_sizes(self, batch: npt.NDArray[Any], column: str = "size") -> list[Decimal | None]:
        """Give a size column as exact decimals, like :meth:`decimal_prices`."""
        exponents = self.instruments.size_exponents()[batch["instrument"]]
        pairs = zip(batch[column].tolist(), exponents.tolist(), strict=True)
        return [units.to_decimal(mantissa, exponent) for mantissa, exponent in pairs]

    @property
    def published(self) -> int:
        """Records published so far."""
        return self.memory.record_ring.published

    @property
    def epoch(self) -> int:
        """Which worker writes: 1 for the first, one more after each restart."""
        return self.memory.record_ring.epoch

    def is_alive(self) -> bool:
        """Tell whether the feed still runs."""
        return self._connection.is_alive()

    def status(self) -> dict[str, Any]:
        """Ask the feed for its worker and readers."""
        reply, _ = self._connection.ask(Request(op="status"))
        return reply.status

    def close(self) -> None:
        """Detach. Arrays stay valid; readers stop."""
        for reader, _ in self._readers:
            reader.close()
        self._readers = []
        self._connection.close()

    def __enter__(self) -> Self:
        """Use as a context manager: detached at the end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Detach."""
        self.close()


@dataclass(frozen=True, slots=True)
class BookTop:
    """The top of a book as of one record.

    Attributes:
        symbol: of the instrument.
        record_seq: the book is true after this record; apply later ones to keep it so.
        ts_event_ns: the venue's time of its last change.
        doubts: why the book may be wrong; empty for a proven one.
        bids: (price, size), best first, exact.
        asks: the same.
        bid_orders: how many orders each of these bids has; empty where the venue sends levels, not orders.
        ask_orders: the same for asks.
    """

    symbol: str
    record_seq: int
    ts_event_ns: int
    doubts: list[str]
    bids: list[tuple[Decimal, Decimal]]
    asks: list[tuple[Decimal, Decimal]]
    bid_orders: list[int]
    ask_orders: list[int]


def _ladder(levels: npt.NDArray[Any], instrument: Instrument) -> list[tuple[Decimal, Decimal]]:
    pairs: list[tuple[Decimal, Decimal]] = []
    for price, size in levels.tolist():
        exact = units.to_decimal(price, instrument.price_exponent)
        amount = units.to_decimal(size, instrument.size_exponent)
        if exact is not None and amount is not None:
            pairs.append((exact, amount))
    return pairs


def _counts(orders: npt.NDArray[np.int64]) -> list[int]:
    counts: list[int] = orders.tolist()
    return counts if any(counts) else []


class _Wanted:
    """Which instrument rows match some patterns; looked up again when the table has grown."""

    def __init__(self, table: InstrumentTable, patterns: list[str]) -> None:
        self._table = table
        self._patterns = patterns
        self._version = -1
        self._rows = np.zeros(1, dtype=np.uint8)

    def __call__(self) -> npt.NDArray[np.uint8]:
        version = self._table.version()
        if version != self._version:
            rows = np.zeros(max(1, len(self._table)), dtype=np.uint8)
            for pattern in self._patterns:
                rows[[i.index for i in self._table.find(pattern) if i.index < rows.size]] = 1
            self._rows, self._version = rows, version
        return self._rows


def attach(
    name: str, *, user: int | None = None, wait: float = 0.0, program: str | None = None
) -> Feed:
    """Map a running feed into this process, read-only.

    Args:
        name: of the feed, or the path of its socket.
        user: uid that runs it; default: this process's.
        wait: seconds to wait for the feed to start.
        program: what this process is called in ``zerofeed ls``, ``top`` and the audit log, at
            most 64 characters; default: the name of the script that runs, or ``python``.

    Raises:
        FeedNotFoundError: no such feed is running; the message names those that are.
        AttachRefusedError: the feed does not admit this user.
        LayoutMismatchError: the feed runs an incompatible version.
    """
    deadline = time.monotonic() + wait
    while True:
        try:
            connection = Connection(name, user)
            break
        except FeedNotFoundError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.02)
    try:
        called = _script() if program is None else program
        request = Request(op="attach", layout=LAYOUT_VERSION, program=_sendable(called))
        reply, fds = connection.ask(request)
        return Feed(connection, _map(name, reply.description, fds))
    except BaseException:
        connection.close()
        raise


def _script() -> str:
    """Name the script that this process runs; ``python`` at a prompt, with -c, or embedded."""
    script = Path(sys.argv[0]).name if getattr(sys, "argv", None) else ""
    return script if script and not script.startswith("-") else "python"


def _sendable(program: str) -> str:
    """Cut a name to what a message carries: a file name may hold bytes that are no text."""
    return program[:PROGRAM_CHARACTERS].encode("utf-8", "replace").decode()


def _map(name: str, described: FeedDescription | None, fds: list[int]) -> FeedMap:
    """Map what came with a description; the descriptors are closed in any case."""
    try:
        if described is None:
            raise errors.BugError("the feed sent no description", where=f"feed {name}")
        description_module.check(described)
        adopt(described.own)
    except ZerofeedError:
        for fd in fds:
            os.close(fd)
        raise
    return FeedMap(described, fds)


def _kind_mask(kinds: list[str | int] | None) -> int:
    if kinds is None:
        return rk.KIND_ALL
    mask = 0
    for kind in kinds:
        code = kind_code(kind) if isinstance(kind, str) else int(kind)
        if code not in KIND_NAMES:
            raise KeyError(f"no record kind has the number {code}")
        mask |= 1 << code
    return mask


def _checked_start(mode: str, start: int | str, max_batch: int) -> int | Literal["now", "oldest"]:
    """Refuse what the feed would refuse by ending the connection."""
    problem: tuple[str, str, object] | None = None
    if mode not in {"lossy", "lossless"}:
        problem = ("no such mode", "lossy or lossless", mode)
    elif isinstance(start, str) and start not in {"now", "oldest"}:
        problem = ("no such start", "now, oldest or a sequence number", start)
    elif max_batch < 1:
        problem = ("a batch has at least one record", "max_batch >= 1", max_batch)
    if problem is not None:
        what, expected, got = problem
        raise errors.ConfigurationError(what, where="reader", expected=expected, got=got)
    if isinstance(start, str):
        return cast("Literal['now', 'oldest']", start)
    return min(max(int(start), 0), 2**62)
