"""Reading a feed: batches that are views of shared memory, and never silently less than all.

A reader is a position in the record ring and one page of memory on which it says how far it
is. Reading moves nothing: a batch is a NumPy array over the very bytes that the worker wrote.

**Modes.** A *lossy* reader (the default) never slows the feed. When it falls more than a
ring behind, the oldest records are overwritten; it is told exactly how many. A *lossless*
reader holds the worker back, for as long as the feed's patience lasts; then it is degraded
to lossy, which :attr:`Reader.mode` shows and a DISCONNECT record announces.

**How long a batch is valid.** Its memory stays mapped for as long as the array exists. Its
contents are the writer's to overwrite once the ring has gone round: a lossless reader's
batch is safe until the next call on the reader, a lossy reader's until the writer catches
up, which :meth:`Reader.is_intact` tells at any time and the next call accounts for. Use
:meth:`Reader.copy` for what is to be kept; it accounts for the batch at once.

The identity ``published = consumed + lost + lag`` holds at every call, counted from where the
reader started.
"""

from __future__ import annotations

import asyncio
import os
import platform
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import FeedGoneError
from zerofeed.feed import _reader_kernels as rk
from zerofeed.feed.copies import BY_COPY, BY_HANDLER, BY_MATCHES, TAKES
from zerofeed.feed.handler import Handler
from zerofeed.records.dtypes import RECORD
from zerofeed.records.select import copy_records
from zerofeed.shm import _ring_kernels as k

if TYPE_CHECKING:
    from types import TracebackType

    from zerofeed.feed.connection import Connection
    from zerofeed.shm.ring import CursorPage, RingView

__all__ = ["Reader"]

_SLICE_NS = 200_000_000
"""Longest sleep before looking whether the feed still lives; 5 wake-ups a second when idle."""

_LOSSLESS_SLICE_NS = 40_000_000
"""The same for a lossless reader, well below any patience.

Whoever can read the ring can take its sleepers out of their futex (``FUTEX_REQUEUE`` asks for
no more); a lossless reader must not be degraded for having been put to sleep by another.
"""

_MODES = {k.FREE: "free", k.LOSSY: "lossy", k.LOSSLESS: "lossless", k.DEGRADED: "degraded"}

# A plain aligned 8-byte load is an acquire load on x86-64. Elsewhere the compiled load is used.
_LOADS_ACQUIRE = platform.machine() == "x86_64"


class Reader:
    """One process's place in a feed. Not thread-safe; make one for each thread.

    Made by :meth:`zerofeed.feed.attach.Feed.reader`.
    """

    def __init__(
        self,
        connection: Connection,
        ring: RingView,
        items: npt.NDArray[Any],
        page: CursorPage,
        *,
        slot: int,
        bell: socket.socket,
        start: int,
        kind_mask: int = rk.KIND_ALL,
        wanted: Callable[[], npt.NDArray[np.uint8]] | None = None,
        max_batch: int = 1 << 16,
        spin: int = 0,
        ring_name: Literal["records", "frames"] = "records",
    ) -> None:
        self._connection = connection
        self._ring = ring
        self._items = items
        self._page = page
        self._slot = slot
        self._bell = bell
        self._bell.settimeout(0.0)
        self._spin = spin
        self._ring_name = ring_name
        self._kind_mask = kind_mask
        self._wanted = wanted
        self._is_filtered = kind_mask != rk.KIND_ALL or wanted is not None
        self._mask = ring.capacity - 1
        self._max_batch = min(max_batch, ring.capacity // 2)
        # Below this lag the writer cannot have reached the batch at the moment of the look.
        control = ring.control
        self._safe_lag = ring.capacity - int(control[k.MAX_CLAIM]) - int(control[k.AHEAD])
        if ring_name == "frames":
            # Frames may be retired for the sake of their bytes, long before their slots are needed.
            self._safe_lag = 0
        self._published = (
            memoryview(ring.control[k.PUBLISHED : k.PUBLISHED + 1]).cast("B").cast("q")
        )
        self._start = start
        self._held = start
        self._first = start
        self._next = start
        self._empty = items[:0]
        self._result = np.zeros(4, dtype=np.int64)
        self._timespec = np.zeros(2, dtype=np.int64)
        self._is_closed = False
        if self._is_filtered:
            page.words[TAKES] |= BY_MATCHES
            self._scratch = np.zeros(rk.CHUNK, dtype=RECORD)
            self._matches = np.zeros(min(4096, self._max_batch), dtype=RECORD)

    # What has happened so far

    @property
    def position(self) -> int:
        """Sequence number of the next record that this reader will be given."""
        return self._next

    @property
    def consumed(self) -> int:
        """Records read intact, up to the batch before the present one."""
        return int(self._page.words[k.CONSUMED])

    @property
    def lost(self) -> int:
        """Records overwritten before this reader had finished with them."""
        return int(self._page.words[k.LOST])

    @property
    def lag(self) -> int:
        """Records published and not yet accounted for."""
        return int(self._published[0]) - self._held

    @property
    def mode(self) -> str:
        """``lossy``, ``lossless``, ``degraded`` after the feed's patience ran out; ``free`` if closed."""
        if self._is_closed:
            return _MODES[k.FREE]
        return _MODES[int(self._ring.control[k.MODES + self._slot])]

    @property
    def memory(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any], npt.NDArray[np.int64]]:
        """For kernels of one's own: the ring's control page, its items twice over, this page.

        Their words and what may be done with them are told in :mod:`zerofeed.shm._ring_kernels`.
        """
        return self._ring.control, self._items, self._page.words

    def is_intact(self) -> bool:
        """Tell whether every record of the present batch still is what the worker wrote."""
        return self._is_filtered or self._first >= k.overrun_below(self._ring.control)

    def copy(self, batch: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Copy the whole records of the present batch, and be done with it.

        What is copied is accounted for at once, so that ``consumed`` and ``lost`` say exactly
        what the copies hold; from here on a lossless reader no longer keeps the batch itself.

        Args:
            batch: what the latest call returned, all of it.

        Returns:
            A new array; records that were overwritten before they were copied are left out
            and count as lost.
        """
        self._page.words[TAKES] |= BY_COPY
        kept = copy_records(batch)
        if self._is_filtered or not kept.size:
            return kept
        if self._held == self._next:
            torn = k.overrun_below(self._ring.control) - self._first
        else:
            torn = rk.settle(self._ring.control, self._page.words, self._held, self._next)
            self._held = self._next
        return kept[torn:] if torn > 0 else kept

    # Taking batches

    def poll(self) -> npt.NDArray[Any]:
        """Take what is there, without waiting.

        Returns:
            A read-only view of the next records, oldest first; empty when there is none. At
            most ``max_batch`` records; valid as the module's text says.
        """
        published = self._published[0]
        position = self._next
        if published == position:
            if self._held != position:
                self._settle()
            return self._empty
        return self._take(position, published)

    def _take(self, position: int, published: int) -> npt.NDArray[Any]:
        if self._held != position:
            self._settle()
            position = self._next
        if self._is_filtered:
            return self._take_matching(position, published)
        count = published - position
        if count > self._safe_lag:
            position = self._skip_overrun(position)
            # Looked at again: the writer may have gone round since, and skipping with it.
            count = self._published[0] - position
        if not _LOADS_ACQUIRE:
            # The compiled look orders this core's loads after the writer's stores.
            k.overrun_below(self._ring.control)
        if count > self._max_batch:  # noqa: PLR1730 - a call of min is a tenth of the whole
            count = self._max_batch
        self._first = position
        self._next = position + count
        at = position & self._mask
        return self._items[at : at + count]

    def _settle(self) -> None:
        rk.settle(self._ring.control, self._page.words, self._held, self._next)
        self._held = self._next

    def _skip_overrun(self, position: int) -> int:
        """Give up what the writer has reached already, and a little more, as lost."""
        oldest = k.overrun_below(self._ring.control)
        if oldest <= position:
            return position
        ahead = min(oldest + self._ring.capacity // 8, int(self._published[0]))
        words = self._page.words
        words[k.LOST] += ahead - position
        words[k.POSITION] = ahead
        self._held = self._next = ahead
        return ahead

    def _take_matching(self, position: int, published: int) -> npt.NDArray[Any]:
        if not _LOADS_ACQUIRE:
            k.overrun_below(self._ring.control)
        wanted = _EVERYTHING if self._wanted is None else self._wanted()
        count = rk.take_matching(
            self._ring.control,
            self._items,
            self._page.words,
            position,
            published,
            self._kind_mask,
            wanted,
            self._scratch,
            self._matches,
            self._result,
        )
        self._held = self._next = int(self._result[rk.RESULT_NEXT])
        return self._matches[:count]

    def wait(self, timeout: float | None = None) -> bool:
        """Sleep until something is there.

        Args:
            timeout: seconds; None waits as long as the feed lives.

        Returns:
            True when there are new records, False after the time-out.

        Raises:
            FeedGoneError: the feed ended and everything it published has been read.
        """
        return self._sleep(timeout) > self._next

    def _sleep(self, timeout: float | None) -> int:
        """Sleep as :meth:`wait` does; the number of records published."""
        if self._held != self._next:
            self._settle()
        control, page, position = self._ring.control, self._page.words, self._next
        deadline = None if timeout is None else time.monotonic_ns() + int(timeout * 1e9)
        is_lossless = control[k.MODES + self._slot] == k.LOSSLESS
        longest = min(_SLICE_NS, _LOSSLESS_SLICE_NS) if is_lossless else _SLICE_NS
        while True:
            left = longest if deadline is None else deadline - time.monotonic_ns()
            slice_ns = max(0, min(longest, left))
            published = k.sleep_on_futex(
                control, page, position, self._spin, slice_ns, self._timespec
            )
            if published > position:
                return published
            if self._is_closed or not self._connection.is_alive():
                if int(self._published[0]) > position:
                    return int(self._published[0])
                raise self._gone()
            if deadline is not None and time.monotonic_ns() >= deadline:
                return position

    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        """Yield batches for as long as the feed lives; sleeps when there is nothing."""
        while True:
            batch = self.poll()
            if not batch.size:
                try:
                    batch = self._take(self._next, self._sleep(None))
                except FeedGoneError:
                    return
            # Still nothing: all of it was filtered out, or overrun and given up.
            if batch.size:
                yield batch

    async def __aiter__(self) -> AsyncIterator[npt.NDArray[Any]]:
        """Yield batches to a coroutine; sleeps until its bell rings, one wake for each burst."""
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()
        # Descriptors of its own: a loop watches a number only once, readers share a connection,
        # and closing the reader must not leave a number here that means something else by then.
        bell, connection = os.dup(self._bell.fileno()), os.dup(self._connection.fileno())

        def hear() -> None:
            _silence(bell)
            woken.set()

        def notice() -> None:
            if not self._connection.is_alive():
                loop.remove_reader(connection)
            woken.set()

        loop.add_reader(bell, hear)
        loop.add_reader(connection, notice)
        words = self._page.words
        try:
            while True:
                batch = self.poll()
                if batch.size:
                    yield batch
                    await asyncio.sleep(0)
                    continue
                woken.clear()
                if rk.announce_sleep(self._ring.control, words, self._next) > self._next:
                    await asyncio.sleep(0)
                elif self._connection.is_alive():
                    await woken.wait()
                elif int(self._published[0]) <= self._next:
                    return
                words[k.WAITING] = 0
        finally:
            words[k.WAITING] = 0
            for descriptor in (bell, connection):
                loop.remove_reader(descriptor)
                os.close(descriptor)

    def run(
        self,
        handler: Handler,
        state: Any,
        *,
        records: int | None = None,
        seconds: float | None = None,
        spin: bool = False,
    ) -> int:
        """Run a compiled handler over every record, in the calling thread, without the GIL.

        A filtered reader hands over everything: a compiled ``if`` in the handler is cheaper
        than any filter.

        Args:
            handler: made with :func:`zerofeed.handler`.
            state: array, or tuple of arrays, passed to each call.
            records: stop after this many sequence numbers.
            seconds: stop after this time.
            spin: keep the core busy instead of sleeping when nothing comes.

        Returns:
            Records handled. ``lost`` says how many were overrun.

        Raises:
            KeyboardInterrupt: within 0.2 s of an interrupt.

        What the handler raises comes out of here as well. Up to 63 records before the one that it
        raised at come again at the next call, because they count as a chunk.
        """
        if self._held != self._next:
            self._settle()
        self._page.words[TAKES] |= BY_HANDLER
        scratch = np.zeros(rk.CHUNK, dtype=self._items.dtype)
        until = 2**62 if records is None else self._next + records
        deadline = None if seconds is None else time.monotonic_ns() + int(seconds * 1e9)
        spins = 20_000 if spin else max(self._spin, 1)
        handled = 0
        while self._next < until:
            now = time.monotonic_ns()
            if deadline is not None and now >= deadline:
                break
            turn_ends = min(now + _SLICE_NS, deadline or now + _SLICE_NS)
            try:
                handled += handler.loop(
                    self._ring.control,
                    self._items,
                    self._page.words,
                    scratch,
                    state,
                    self._next,
                    until,
                    spins,
                    turn_ends,
                    self._result,
                )
            finally:
                # From the page, which is right even when the handler raised.
                self._held = self._next = int(self._page.words[k.POSITION])
            if self._next >= until:
                break
            if spin:
                if self._connection.is_alive() or int(self._published[0]) > self._next:
                    continue
                break
            left = None if deadline is None else max(0.0, (deadline - time.monotonic_ns()) / 1e9)
            try:
                self.wait(left)
            except FeedGoneError:
                break
        return handled

    def close(self) -> None:
        """Give the reader's slot back. Arrays it returned stay valid."""
        if not self._is_closed:
            if self._held != self._next:
                self._settle()
            self._is_closed = True
            self._connection.release(self._slot, self._ring_name)
            self._bell.close()

    def __enter__(self) -> Self:
        """Use as a context manager: closed at the end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def _gone(self) -> FeedGoneError:
        return FeedGoneError(
            "the feed has ended",
            where=f"feed {self._connection.name}",
            got=f"everything up to record {self._next} was read",
            next_step="attach again when it runs, or wait for it with attach(name, wait=seconds)",
        )


_EVERYTHING = np.zeros(0, dtype=np.uint8)


def _silence(bell: int) -> None:
    """Take everything that was sent to a bell."""
    try:
        while os.read(bell, 16):
            pass
    except BlockingIOError:
        return
