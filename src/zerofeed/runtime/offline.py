"""A capture file through the same stages as a live feed, without processes or shared memory.

What ``zerofeed decode`` prints is made by the very kernels that the worker runs: sequence,
decode, books. Only the source differs: packets come from a file, with the times at which they
were captured.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.context import Context, address_of
from zerofeed.books.l3 import zeroed_lines
from zerofeed.feed.instruments import InstrumentTable, make_table
from zerofeed.feed.metrics import Metrics, state_words
from zerofeed.records.dtypes import RECORD
from zerofeed.runtime import _process_kernels as slots
from zerofeed.runtime._offline_kernels import decode
from zerofeed.runtime.book_store import book_words, check_books, initialize_books, view_books
from zerofeed.runtime.config import MemorySection
from zerofeed.runtime.protocol import Protocol, Recording
from zerofeed.runtime.protocols import find_protocol
from zerofeed.runtime.trading_day import day_of_file
from zerofeed.shm import journal
from zerofeed.wire.pcap import CaptureCounts
from zerofeed.wire.text_capture import TextCounts

__all__ = ["LONGEST_PACKET", "OfflineFeed"]

LONGEST_PACKET = 65_535
"""Bytes of the longest UDP packet."""


class OfflineFeed:
    """Decode captures of one protocol. Single-threaded.

    Args:
        protocol: name, as in a configuration; or a protocol.
        day: that times of day belong to, where messages have no date; default: what arrivals or the
            names of files say.
        instruments: rows of the instruments table; default: as many as the protocol needs at most.
        book_levels: levels a side that are tracked; default: as many as the protocol's books need.
        book_depth: levels a side that a side must keep to be proven.
        orders: orders that may rest at once, for books of orders; 0: none are kept.
        batch: records in one batch, at least.

    Attributes:
        instruments: the definitions seen so far.
        metrics: counters, as a live feed has them.
        books: the books as they are after the latest batch.
        templates: message names by slot.
    """

    def __init__(
        self,
        protocol: str | Protocol,
        *,
        day: date | None = None,
        instruments: int | None = None,
        book_levels: int | None = None,
        book_depth: int = 20,
        orders: int = 0,
        batch: int = 1 << 16,
    ) -> None:
        found = find_protocol(protocol) if isinstance(protocol, str) else protocol
        self.protocol = found.name
        self.templates = found.templates
        instruments = instruments or found.instruments
        self._given_day = self._day = day
        self._rows, self._lookup = make_table(instruments)
        self._words: npt.NDArray[np.int64] = self._rows.view(np.int64)
        self._state = np.zeros(state_words(found.work_words(instruments)), dtype=np.int64)
        journal.prepare(self._state)
        levels = book_levels or found.book_levels
        sizes = MemorySection(
            instruments=instruments, book_levels=levels, book_depth=book_depth, orders=orders
        )
        check_books(sizes, found)
        self._book_words = zeroed_lines(book_words(sizes))
        initialize_books(
            self._book_words,
            found,
            instruments=instruments,
            orders=orders,
            levels=levels,
            depth=book_depth,
        )
        # Nobody takes over from a decoder that was killed, so no book is kept.
        self._undo = np.zeros(0, dtype=np.int64)
        self._found = found
        self._process = address_of(found.process)
        self._batch = batch
        self._taken = np.zeros(1, dtype=np.int64)
        self._make_room(LONGEST_PACKET)
        self._packets = 0
        self.seq = 0
        self.instruments = InstrumentTable(self._rows, self._lookup)
        self.metrics = Metrics(self._state)
        self.books = view_books(self._book_words)
        self.counts: CaptureCounts | TextCounts | None = None

    def _make_room(self, longest_bytes: int) -> None:
        """Have room for packets of this length."""
        self._longest = longest_bytes
        self._room = self._found.most_records(longest_bytes)
        self._records = np.zeros(max(self._batch, self._room), dtype=RECORD)
        self._scratch = self._found.scratch(longest_bytes)
        self._context = Context(
            [
                np.zeros(0, np.uint8),
                self._words,
                self._lookup,
                self._state,
                self._book_words,
                self._undo,
                self._records,
                self._records.view(np.int64),
                self._scratch,
            ]
        )
        if self._day is not None and self._found.days is not None:
            self._found.days.set_day(self._scratch, self._day)

    def open(self, path: str | Path) -> Recording:
        """Open a capture as the protocol has them, and learn its day from its name if need be.

        Args:
            path: pcap, pcapng, text, or the protocol's own kind of file, also gzipped.

        Raises:
            CaptureError: not a readable capture.
            ConfigurationError: nothing tells the day that the times belong to; or the messages do, and a
                day was given.
        """
        day = day_of_file(
            self._found, path, self._given_day, "give the day, such as --day 2019-01-30"
        )
        if day is not None and self._found.days is not None:
            self._day = day
            self._found.days.set_day(self._scratch, day)
        return self._found.open_file(path)

    def read(self, path: str | Path) -> Iterator[npt.NDArray[Any]]:
        """Decode a capture file.

        Args:
            path: as in :meth:`open`.

        Yields:
            Records in order; a view that is valid until the next batch is asked for.

        Raises:
            CaptureError: not a readable capture.
            ConfigurationError: nothing tells the day that the times belong to.
        """
        reader = self.open(path)
        for index in reader.chunks():
            yield from self.process(reader.data, index)
        self.counts = reader.counts

    def process(
        self, data: npt.NDArray[np.uint8], index: npt.NDArray[Any]
    ) -> Iterator[npt.NDArray[Any]]:
        """Decode packets that lie in a buffer.

        Args:
            data: uint8 that holds the payloads.
            index: rows of :data:`zerofeed.wire.pcap_index.INDEX_DTYPE`.

        Yields:
            As :meth:`read`.
        """
        offsets = index["offset"].astype(np.int64)
        lengths = index["length"].astype(np.int64)
        cut = np.maximum(0, index["orig_length"].astype(np.int64) - lengths)
        times = index["ts_ns"].astype(np.int64)
        longest = int(lengths.max(initial=0))
        if longest > self._longest:
            self._make_room(longest)
        self._context.put(slots.BUFFER, data)
        first = 0
        while first < offsets.size:
            count = self._decode(offsets, lengths, cut, times, first)
            first += int(self._taken[0])
            yield self._records[:count]

    def _decode(
        self,
        offsets: npt.NDArray[np.int64],
        lengths: npt.NDArray[np.int64],
        cut: npt.NDArray[np.int64],
        times: npt.NDArray[np.int64],
        first: int,
    ) -> int:
        count = decode(
            self._process,
            self._context.address,
            offsets,
            lengths,
            cut,
            times,
            first,
            self._room,
            self._words,
            self._state,
            self._undo,
            self._records,
            self.seq,
            self._taken,
        )
        self.seq += count
        return count
