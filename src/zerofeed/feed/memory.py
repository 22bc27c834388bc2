"""The shared objects of one feed: made once by the creator, mapped read-only by everyone else.

==============  =============================================================  ==================
object          holds                                                          readers
==============  =============================================================  ==================
records         ring of 64-byte records                                        read-only
frame_ring      ring of 32-byte frame descriptors: which chunk, length, time   read-only
frames          arena of chunks: payload bytes where the kernel put them       read-only
instruments     lookup head, then 256-byte rows under seqlocks                 read-only
books           one row per instrument under a seqlock: top levels             read-only
state           journal, counters, channels, histograms, the venue's words     read-only
private         full books, receive blocks: the writer's own                   not mapped
==============  =============================================================  ==================

Everything the worker knows is in here, nothing is in the worker: that is why a killed one can
be replaced.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import ConfigurationError, LayoutMismatchError
from zerofeed.feed.description import FeedDescription, ObjectDescription
from zerofeed.feed.metrics import Metrics, state_words
from zerofeed.records.dtypes import RECORD, RECORD_BYTES
from zerofeed.records.instruments import INSTRUMENT_ROW, INSTRUMENT_ROW_BYTES
from zerofeed.shm import journal
from zerofeed.shm.ring import CursorTable, Ring, RingShape, RingView
from zerofeed.shm.segment import (
    HUGE_PAGE_BYTES,
    SEALS,
    Mapping,
    Segment,
    map_segment,
    seals_of,
)

__all__ = ["FRAME", "FRAME_BYTES", "FeedMap", "FeedMemory", "MemorySizes"]

FRAME: np.dtype[Any] = np.dtype(
    {
        "names": ["seq", "ts_recv_ns", "offset", "length", "channel", "flags"],
        "formats": ["<i8", "<i8", "<i8", "<i4", "<u2", "<u2"],
        "offsets": [0, 8, 16, 24, 28, 30],
        "itemsize": 32,
    }
)
"""A frame descriptor: where in the arena a packet's payload is, and when it arrived.

Bits of ``flags``: 1 the payload was cut, 2 nobody noted an arrival time and it is the worker's, 4 the
arrival time is that of a capture, 8 it is the card's, 16 the packet came in pieces that were copied
together; of WebSocket sources, 32 no packet, but a connection ended and something may be missing, 64 a
binary message, 128 published by the worker itself, 256 and 512 the number of the connection.
"""

FRAME_BYTES = 32

_SPARE_PAGES = 8
"""Huge pages to ask for beyond what is needed: others may want some too."""


class MemorySizes:
    """Sizes of a feed's objects; every default suits one busy venue on one machine.

    Args:
        records: capacity of the record ring, a power of two; 2**18 are 16 MiB.
        frames: frames kept for readers, a power of two.
        chunk_bytes: bytes of a frame chunk; longer packets are truncated and counted.
        burst: most packets in one receive call.
        spare_chunks: chunks of the arena beside one for each frame kept; default: one burst.
        max_claim: most records made from one packet.
        instruments: rows of the instruments and books tables.
        book_row_bytes: bytes of a row of the books table.
        lookup_bytes: head of the instruments object.
        work_words: int64 words of venue state.
        private_bytes: the writer's own memory.
        huge: ask for huge pages.
    """

    def __init__(
        self,
        *,
        records: int = 1 << 18,
        frames: int = 1 << 13,
        chunk_bytes: int = 2048,
        burst: int = 64,
        spare_chunks: int | None = None,
        max_claim: int = 4096,
        instruments: int = 4096,
        book_row_bytes: int = 64,
        lookup_bytes: int = 4096,
        work_words: int = 0,
        private_bytes: int = 4096,
        huge: bool = False,
    ) -> None:
        if burst * 2 > frames:
            raise ConfigurationError(
                "a burst is longer than half of the frame ring",
                where="memory.frames",
                expected=f"at least {burst * 2}",
                got=frames,
                next_step="enlarge memory.frames or shorten worker.burst",
            )
        self.records = records
        self.frames = frames
        self.chunk_bytes = chunk_bytes
        self.burst = burst
        self.spare_chunks = burst if spare_chunks is None else spare_chunks
        self.max_claim = min(max_claim, records // 2)
        self.instruments = instruments
        self.book_row_bytes = book_row_bytes
        self.lookup_bytes = lookup_bytes
        self.work_words = work_words
        self.private_bytes = private_bytes
        self.huge = huge

    @property
    def chunks(self) -> int:
        """Chunks of the arena: a whole ring of frames, and those being received into."""
        return self.frames + self.spare_chunks


class _Parts:
    """Typed views that creator and readers share."""

    records: npt.NDArray[Any]
    frames: npt.NDArray[Any]
    arena: npt.NDArray[np.uint8]
    instrument_rows: npt.NDArray[Any]
    instrument_lookup: npt.NDArray[np.int64]
    book_words: npt.NDArray[np.int64]
    state: npt.NDArray[np.int64]

    @property
    def metrics(self) -> Metrics:
        """The feed's counters and latencies."""
        return Metrics(self.state)


class FeedMemory(_Parts):
    """Create every object of a feed, writable in this process and its forked children only.

    Args:
        name: of the feed.
        sizes: of the objects.

    Raises:
        ConfigurationError: a size is not usable.
        ResourceError: the kernel refuses the memory.
    """

    def __init__(self, name: str, sizes: MemorySizes) -> None:
        self.name = name
        self.sizes = sizes
        huge = sizes.huge
        self.record_ring = Ring(
            f"{name}-records", sizes.records, RECORD_BYTES, max_claim=sizes.max_claim, huge=huge
        )
        self.frame_ring = Ring(
            f"{name}-frame-ring", sizes.frames, FRAME_BYTES, max_claim=sizes.burst
        )
        self._arena = Segment(f"{name}-frames", sizes.chunks * sizes.chunk_bytes, huge=huge)
        self._instruments = Segment(
            f"{name}-instruments", sizes.lookup_bytes, sizes.instruments * INSTRUMENT_ROW_BYTES
        )
        self._books = Segment(f"{name}-books", sizes.instruments * sizes.book_row_bytes)
        self._state = Segment(f"{name}-state", state_words(sizes.work_words) * 8)
        self._private = Segment(f"{name}-private", sizes.private_bytes, huge=huge)
        self.record_cursors = CursorTable()
        self.frame_cursors = CursorTable()
        self._take_views()
        journal.prepare(self.state)

    def _take_views(self) -> None:
        sizes = self.sizes
        self.records = self.record_ring.items(RECORD)
        self.frames = self.frame_ring.items(FRAME)
        self.arena = self._arena.mapping.bytes(0, sizes.chunks * sizes.chunk_bytes)
        head = self._instruments.head_bytes
        self.instrument_lookup = self._instruments.mapping.view(
            np.int64, 0, sizes.lookup_bytes // 8
        )
        self.instrument_rows = self._instruments.mapping.view(
            INSTRUMENT_ROW, head, sizes.instruments
        )
        self.book_words = self._books.mapping.view(
            np.int64, 0, sizes.instruments * sizes.book_row_bytes // 8
        )
        self.state = self._state.mapping.view(np.int64, 0, state_words(sizes.work_words))
        self.private: npt.NDArray[np.int64] = self._private.mapping.view(
            np.int64, 0, sizes.private_bytes // 8
        )

    @property
    def instrument_words(self) -> npt.NDArray[np.int64]:
        """The instrument rows as int64, for their seqlocks."""
        return self.instrument_rows.view(np.int64)

    @property
    def notes(self) -> list[str]:
        """One line when the machine did not grant huge pages for all that should have them."""
        refused = [segment for segment in self._segments() if segment.huge_refusal is not None]
        if not refused:
            return []
        pages = sum(-(-segment.size_bytes // HUGE_PAGE_BYTES) for segment in refused)
        return [
            (
                f"no huge pages for {_size(sum(segment.size_bytes for segment in refused))} in "
                f"{len(refused)} objects ({refused[0].huge_refusal}); reserve them with "
                f"`sysctl vm.nr_hugepages={pages + _SPARE_PAGES}`"
            )
        ]

    def lock(self) -> list[str]:
        """Keep all memory resident; one line when not all of it could be."""
        tried = [(segment.mapping, segment.mapping.lock()) for segment in self._segments()]
        refused = [(mapping.length, reason) for mapping, reason in tried if reason is not None]
        if not refused:
            return []
        wanted = sum(mapping.length for mapping, _ in tried)
        return [
            (
                f"memory is not locked ({refused[0][1]}): {_size(sum(n for n, _ in refused))} of "
                f"{_size(wanted)}; raise the limit with `ulimit -l` or LimitMEMLOCK="
            )
        ]

    def populate(self) -> None:
        """Have all memory in the page tables of the process that calls, the worker."""
        for segment in self._segments():
            segment.mapping.populate()

    def _segments(self) -> list[Segment]:
        rings = [self.record_ring.segment, self.frame_ring.segment]
        return [*rings, self._arena, self._instruments, self._books, self._state, self._private]

    def descriptors(self) -> list[int]:
        """Descriptors in the order that :meth:`objects` numbers them."""
        return [segment.fd for segment in self._segments()[:-1]]

    def objects(self) -> dict[str, ObjectDescription]:
        """Describe what readers may map."""
        sizes = self.sizes
        rows = (
            ("records", sizes.records, RECORD_BYTES),
            ("frame_ring", sizes.frames, FRAME_BYTES),
            ("frames", sizes.chunks, sizes.chunk_bytes),
            ("instruments", sizes.instruments, INSTRUMENT_ROW_BYTES),
            ("books", sizes.instruments, sizes.book_row_bytes),
            ("state", state_words(sizes.work_words), 8),
        )
        return {
            name: ObjectDescription(
                fd=index,
                head_bytes=segment.head_bytes,
                body_bytes=segment.body_bytes,
                page_bytes=segment.page_bytes,
                items=items,
                item_bytes=item_bytes,
                offset=sizes.lookup_bytes if name == "instruments" else 0,
            )
            for index, ((name, items, item_bytes), segment) in enumerate(
                zip(rows, self._segments()[:-1], strict=True)
            )
        }


class FeedMap(_Parts):
    """Map a feed's objects read-only, from the descriptors that came with its description.

    The descriptors are closed; the maps stay for as long as any array made from them.

    Args:
        description: what the feed said of itself; checked by the caller.
        fds: descriptors, in the description's order.
    """

    def __init__(self, description: FeedDescription, fds: list[int]) -> None:
        self.description = description
        objects = description.objects
        try:
            self.record_ring = _ring(objects["records"], fds)
            self.frame_ring = _ring(objects["frame_ring"], fds)
            mapped = {
                name: _plain(objects[name], fds)
                for name in ("frames", "instruments", "books", "state")
            }
        finally:
            for fd in fds:
                os.close(fd)
        self.records = self.record_ring.items(RECORD)
        self.frames = self.frame_ring.items(FRAME)
        arena = objects["frames"]
        self.arena = mapped["frames"].bytes(0, arena.items * arena.item_bytes)
        table = objects["instruments"]
        self.instrument_lookup = mapped["instruments"].view(np.int64, 0, table.offset // 8)
        self.instrument_rows = mapped["instruments"].view(
            INSTRUMENT_ROW, table.head_bytes, table.items
        )
        books = objects["books"]
        self.book_words = mapped["books"].view(np.int64, 0, books.items * books.item_bytes // 8)
        self.state = mapped["state"].view(np.int64, 0, objects["state"].items)


def _size(count: int) -> str:
    return f"{count >> 10:,} KiB"


def _ring(described: ObjectDescription, fds: list[int]) -> RingView:
    shape = RingShape(
        described.items,
        described.item_bytes,
        described.head_bytes,
        described.body_bytes,
        described.page_bytes,
    )
    _check_segment(described, fds)
    return RingView(fds[described.fd], shape)


def _check_segment(described: ObjectDescription, fds: list[int]) -> None:
    """Refuse memory that could shrink under the map, which would end this process with SIGBUS."""
    size = os.fstat(fds[described.fd]).st_size
    needed = described.head_bytes + described.body_bytes
    if size < needed or seals_of(fds[described.fd]) & SEALS != SEALS:
        raise LayoutMismatchError(
            "its memory is not as it describes it",
            where="feed",
            expected=f"a sealed segment of {needed} bytes",
            got=f"{size} bytes, seals {seals_of(fds[described.fd]):#x}",
            next_step="attach to a feed that zerofeed runs",
        )


def _plain(described: ObjectDescription, fds: list[int]) -> Mapping:
    _check_segment(described, fds)
    return map_segment(
        fds[described.fd],
        described.head_bytes,
        described.body_bytes,
        page_bytes=described.page_bytes,
    )
