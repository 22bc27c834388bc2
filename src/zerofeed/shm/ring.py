"""The ring: one writer, any number of readers, no locks, nothing sent.

A sealed twin-mapped segment: one control page, then ``capacity`` items of a fixed size, then
the same items again in the address space, so any run of items is one contiguous array.

::

    writer   claimed = published + n ; release fence ; write n items ; published += n (release)
    reader   e = published (acquire) ; use items[p:e] ; acquire fence ; c = claimed
             c - p <= capacity: all of it was intact; otherwise the first c - p - capacity
             may have been overwritten while they were read, and count as lost

One check covers a run of any length. A writer that dies half way leaves ``published`` alone,
so a half-written item is never seen. ``claimed`` never decreases, not even when a successor
claims less than its predecessor had: the predecessor may have overwritten that much already.

This file gives both ends their memory; :mod:`zerofeed.shm._ring_kernels` has the protocol.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import ConfigurationError
from zerofeed.shm import _ring_kernels as k
from zerofeed.shm.segment import CURSOR_SEALS, Mapping, Segment, map_over, map_segment

__all__ = ["CursorPage", "CursorTable", "Ring", "RingShape", "RingView"]

_CONTROL_BYTES = k.CONTROL_WORDS * 8
_PAGE_BYTES = k.CURSOR_WORDS * 8


@dataclass(frozen=True, slots=True)
class RingShape:
    """Where a ring's parts are in its segment.

    Attributes:
        capacity: items, a power of two.
        item_bytes: bytes of an item; divides the page size.
        head_bytes: bytes before the items.
        body_bytes: bytes of the items.
        page_bytes: page size of the segment.
    """

    capacity: int
    item_bytes: int
    head_bytes: int
    body_bytes: int
    page_bytes: int


class _Items:
    """What both ends share: arrays over one mapping."""

    def __init__(self, mapping: Mapping, shape: RingShape) -> None:
        self.mapping = mapping
        self.shape = shape
        self.control: npt.NDArray[np.int64] = mapping.view(np.int64, 0, k.CONTROL_WORDS)

    @property
    def capacity(self) -> int:
        """Items that the ring keeps."""
        return self.shape.capacity

    def items(self, dtype: Any) -> npt.NDArray[Any]:
        """View the items, twice over: ``2 * capacity`` elements, contiguous across the seam.

        Raises:
            ValueError: the dtype's size is not the ring's item size.
        """
        item = np.dtype(dtype)
        if item.itemsize != self.shape.item_bytes:
            raise ValueError(
                f"the ring holds items of {self.shape.item_bytes} bytes, "
                f"the dtype has {item.itemsize}"
            )
        return self.mapping.view(item, self.shape.head_bytes, 2 * self.capacity)

    @property
    def published(self) -> int:
        """Items ever published, as seen now; ordering comes from the kernels."""
        return int(self.control[k.PUBLISHED])

    @property
    def epoch(self) -> int:
        """Which worker writes: 1 for the first."""
        return int(self.control[k.EPOCH])


_AHEAD_SHARE = 64
"""The part of a ring that is claimed in advance, and so not kept for readers: one in 64."""


class Ring(_Items):
    """The writer's end; created once, before the worker is forked.

    Args:
        name: for /proc/PID/maps.
        capacity: items; a power of two.
        item_bytes: bytes of an item; a power of two up to a page.
        max_claim: most items in one claim; at most half of the capacity.
        huge: ask for huge pages.

    Raises:
        ConfigurationError: a size is not usable.
        ResourceError: the kernel refuses the memory.
    """

    def __init__(
        self,
        name: str,
        capacity: int,
        item_bytes: int,
        *,
        max_claim: int,
        huge: bool = False,
    ) -> None:
        if capacity < 2 or capacity & (capacity - 1):
            raise ConfigurationError(
                "the capacity of a ring is a power of two",
                where=name,
                got=capacity,
                next_step=f"choose {1 << max(1, capacity.bit_length())}",
            )
        if not 0 < max_claim <= capacity // 2:
            raise ConfigurationError(
                "one burst may claim at most half of the ring",
                where=name,
                expected=f"at most {capacity // 2}",
                got=max_claim,
                next_step="enlarge the ring or shorten the burst",
            )
        body = capacity * item_bytes
        self.segment = Segment(name, _CONTROL_BYTES, body, is_twin=True, huge=huge)
        if self.segment.body_bytes != body:
            raise ConfigurationError(
                "a ring fills whole pages",
                where=name,
                expected=f"a multiple of {self.segment.body_bytes // item_bytes} items",
                got=capacity,
                next_step=f"choose {self.segment.body_bytes // item_bytes}",
            )
        segment = self.segment
        shape = RingShape(capacity, item_bytes, segment.head_bytes, body, segment.page_bytes)
        super().__init__(self.segment.mapping, shape)
        self.control[k.CAPACITY] = capacity
        self.control[k.MAX_CLAIM] = max_claim
        self.control[k.AHEAD] = capacity // _AHEAD_SHARE
        self.control[k.ITEM_BYTES] = item_bytes
        self.control[k.BELLS : k.BELLS + k.MAX_READERS] = -1

    @property
    def fd(self) -> int:
        """Descriptor to hand to readers."""
        return self.segment.fd


class RingView(_Items):
    """A reader's end: the same memory, read-only, for as long as any view of it exists.

    Args:
        fd: the ring's descriptor; may be closed afterwards.
        shape: as the feed described it.
    """

    def __init__(self, fd: int, shape: RingShape) -> None:
        mapping = map_segment(
            fd,
            shape.head_bytes,
            shape.body_bytes,
            is_twin=True,
            page_bytes=shape.page_bytes,
        )
        super().__init__(mapping, shape)


class CursorPage:
    """One reader's own page, which only that reader writes.

    Args:
        fd: its descriptor; None creates a new page.
    """

    def __init__(self, fd: int | None = None) -> None:
        if fd is None:
            self.segment: Segment | None = Segment("cursor", _PAGE_BYTES, seals=CURSOR_SEALS)
            self.mapping = self.segment.mapping
            self.fd = self.segment.fd
        else:
            self.segment = None
            self.fd = fd
            self.mapping = map_segment(fd, _PAGE_BYTES, is_writable=True)
        self.words: npt.NDArray[np.int64] = self.mapping.view(np.int64)


class CursorTable:
    """All readers' pages side by side, as the writer sees them.

    Slots are never shared between readers: each attach installs a page made for it, so a
    former reader that kept its descriptor cannot speak for the next one.
    """

    def __init__(self) -> None:
        # The empty table is one zeroed, private segment; pages are placed over it.
        self._segment = Segment("cursors", _PAGE_BYTES * k.MAX_READERS)
        self.words: npt.NDArray[np.int64] = self._segment.mapping.view(np.int64)

    def install(self, slot: int, fd: int) -> None:
        """Show a reader's page at a slot.

        Raises:
            IndexError: there is no such slot.
            OSError: the kernel refuses the map.
        """
        if not 0 <= slot < k.MAX_READERS:
            raise IndexError(f"reader slot {slot} of {k.MAX_READERS}")
        map_over(self._segment.mapping.address + slot * _PAGE_BYTES, fd, _PAGE_BYTES)

    def page(self, slot: int) -> npt.NDArray[np.int64]:
        """View one reader's page."""
        return self.words[slot * k.CURSOR_WORDS : (slot + 1) * k.CURSOR_WORDS]
