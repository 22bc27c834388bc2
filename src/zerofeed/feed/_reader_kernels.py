"""Compiled half of the reader: filter, and the loop that a handler is compiled into.

Both copy what they look at, one small chunk at a time, into memory of the reader's own, and
look at CLAIMED after each copy and before anyone uses it. So a record that reached a handler
or passed a filter was whole, even when the writer lapped the reader in the meantime.

Results are written to a small int64 array:

=====  =========  =====================================================
word   name       meaning
=====  =========  =====================================================
0      NEXT       sequence number to go on with
1      LOST       records overrun during this call
2      SEEN       records read intact during this call
=====  =========  =====================================================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.clock import monotonic_ns
from zerofeed.base.kernel import (
    I64,
    I64_RO,
    U8_RO,
    always_inlined,
    inlined,
    int64,
    kernel,
    record_array,
)
from zerofeed.records.dtypes import RECORD
from zerofeed.shm._atomics import fence_full, load_acquire, pause, store_release
from zerofeed.shm._ring_kernels import (
    BELL,
    CAPACITY,
    CONSUMED,
    LOST,
    POSITION,
    PUBLISHED,
    SLEEPS_ON,
    WAITING,
    claimed_by_writer,
)

__all__ = [
    "CHUNK",
    "KIND_ALL",
    "RESULT_LOST",
    "RESULT_NEXT",
    "RESULT_SEEN",
    "announce_sleep",
    "build_loop",
    "settle",
    "take_matching",
]

_Words = npt.NDArray[np.int64]

CHUNK = 64
"""Records copied between two looks at CLAIMED: 4 KiB, well inside the first-level cache."""

KIND_ALL = -1
"""Kind mask that lets everything through."""

RESULT_NEXT = 0
RESULT_LOST = 1
RESULT_SEEN = 2

_RECORDS = record_array(RECORD)
_RECORDS_RO = record_array(RECORD, readonly=True)


@always_inlined
def copy_chunk(control: _Words, items: Any, start: int, count: int, out: Any) -> int:
    """Copy up to CHUNK records and say from which on the copy is whole.

    Returns:
        Records at the start of the copy that may be torn: 0 when all are whole.
    """
    capacity = control[CAPACITY]
    at = start & (capacity - 1)
    for index in range(count):
        out[index] = items[at + index]
    return min(count, max(0, claimed_by_writer(control) - capacity - start))


@inlined
def after_overrun(control: _Words, start: int) -> int:
    """Choose where an overrun reader goes on: far enough ahead not to be lapped at once."""
    capacity = control[CAPACITY]
    oldest = claimed_by_writer(control) - capacity + capacity // 8
    return max(start, min(oldest, load_acquire(control, PUBLISHED)))


@kernel(int64(I64_RO, _RECORDS_RO, I64, int64, int64, int64, U8_RO, _RECORDS, _RECORDS, I64))
def take_matching(
    control: _Words,
    items: Any,
    cursor: _Words,
    start: int,
    end: int,
    kind_mask: int,
    wanted: npt.NDArray[np.uint8],
    scratch: Any,
    out: Any,
    result: _Words,
) -> int:
    """Copy the records that a filter lets through, and account for all that were looked at.

    Args:
        control: the ring's control page.
        items: the ring's records, twice over.
        cursor: the reader's own page.
        start: first sequence number to look at.
        end: one past the last; at most PUBLISHED.
        kind_mask: bit k set lets kind k through; KIND_ALL lets all through.
        wanted: per instrument row, non-zero lets it through; rows beyond its end never pass.
            An empty array lets all through.
        scratch: CHUNK records.
        out: where matching records go; looking stops when it might not hold another chunk,
            which is CHUNK records, or the whole of a smaller ``out``.
        result: NEXT, LOST, SEEN.

    Returns:
        Records written to ``out``.
    """
    written = 0
    lost = 0
    seen = 0
    position = start
    chunk = min(CHUNK, out.size)
    while position < end and written + chunk <= out.size:
        count = min(chunk, end - position)
        torn = copy_chunk(control, items, position, count, scratch)
        if torn:
            ahead = after_overrun(control, position + torn)
            lost += ahead - position
            position = ahead
            continue
        for index in range(count):
            record = scratch[index]
            row = int(record["instrument"])
            kind = int(record["kind"])
            # A shift by 64 or more is undefined, and no kind has such a number.
            is_kind = kind_mask == KIND_ALL or (kind < 64 and (kind_mask >> kind) & 1)
            is_wanted = wanted.size == 0 or (row < wanted.size and wanted[row] != 0)
            if is_kind and is_wanted:
                out[written] = record
                written += 1
        seen += count
        position += count
    cursor[LOST] += lost
    cursor[CONSUMED] += seen
    # Publish: as in settle; what was taken has been copied.
    store_release(cursor, POSITION, position)
    result[RESULT_NEXT] = position
    result[RESULT_LOST] = lost
    result[RESULT_SEEN] = seen
    return written


@kernel(int64(I64_RO, I64, int64, int64))
def settle(control: _Words, cursor: _Words, start: int, end: int) -> int:
    """Account for a batch that the caller has finished with.

    Args:
        control: the ring's control page.
        cursor: the reader's own page.
        start: first sequence number of the batch.
        end: one past its last.

    Returns:
        How many records at its start may have been overwritten while it was in use.
    """
    torn = min(end - start, max(0, claimed_by_writer(control) - control[CAPACITY] - start))
    cursor[LOST] += torn
    cursor[CONSUMED] += end - start - torn
    # Publish: a lossless writer that sees this position may overwrite everything below it.
    store_release(cursor, POSITION, end)
    return torn


@kernel(int64(I64_RO, I64, int64))
def announce_sleep(control: _Words, cursor: _Words, position: int) -> int:
    """Say that this reader is about to sleep until its bell rings.

    Args:
        control: the ring's control page.
        cursor: the reader's own page.
        position: records already seen.

    Returns:
        PUBLISHED, read after a full fence: when it is above ``position`` do not sleep.
    """
    cursor[SLEEPS_ON] = BELL
    store_release(cursor, WAITING, 2 * position + 1)
    fence_full()
    return load_acquire(control, PUBLISHED)


def build_loop(handler: Any) -> Callable[..., int]:
    """Make a poll loop with a handler inside it, ready to be compiled.

    Args:
        handler: a compiled function ``handler(record, state)``.

    Returns:
        A function ``loop(control, items, cursor, scratch, state, start, until,
        idle_spins, deadline_ns, result) -> int``. It calls the handler with every record from
        ``start`` on and returns the number handled, when the sequence number ``until`` is
        reached, when nothing came for ``idle_spins`` looks, or at the monotonic deadline.
    """

    def loop(
        control: _Words,
        items: Any,
        cursor: _Words,
        scratch: Any,
        state: Any,
        start: int,
        until: int,
        idle_spins: int,
        deadline_ns: int,
        result: _Words,
    ) -> int:
        position = start
        end = start
        lost = 0
        seen = 0
        idle = 0
        looks = 0
        while position < until:
            looks += 1
            if looks & 0xFF == 0 and monotonic_ns() > deadline_ns:
                break
            # The writer's line is looked at only when what it said before is used up.
            if end <= position:
                end = min(until, load_acquire(control, PUBLISHED))
            if end <= position:
                idle += 1
                if idle > idle_spins:
                    break
                pause()
                continue
            idle = 0
            count = min(CHUNK, end - position)
            torn = copy_chunk(control, items, position, count, scratch)
            if torn:
                ahead = after_overrun(control, position + torn)
                lost += ahead - position
                cursor[LOST] += ahead - position
                position = ahead
                store_release(cursor, POSITION, position)
                continue
            for index in range(count):
                handler(scratch[index], state)
            seen += count
            position += count
            cursor[CONSUMED] += count
            store_release(cursor, POSITION, position)
        result[RESULT_NEXT] = position
        result[RESULT_LOST] = lost
        result[RESULT_SEEN] = seen
        return seen

    return loop
