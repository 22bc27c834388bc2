"""The compiled halves of ``zerofeed bench``: both ends of a ring, busy.

Every record is written and read whole: the writer stores all eight words, the reader adds
them up, so no part can be optimised away and the sum proves that everything arrived.
"""

from __future__ import annotations

import platform
from typing import Any

import numpy as np
import numpy.typing as npt
from numba.extending import intrinsic

from zerofeed.base.clock import monotonic_ns
from zerofeed.base.kernel import I64, I64_RO, JIT, always_inlined, int64, kernel
from zerofeed.base.status import OK
from zerofeed.shm._atomics import load_acquire, pause, store_release
from zerofeed.shm._ring_kernels import (
    CAPACITY,
    LOST,
    POSITION,
    PUBLISHED,
    claim,
    claimed_by_writer,
    publish,
    wake_readers,
)

__all__ = ["consume", "echo", "ping", "produce", "produce_paced", "ticks_now"]

_Words = npt.NDArray[np.int64]

_HAS_TICKS = JIT and platform.machine() == "x86_64"

if _HAS_TICKS:
    from llvmlite import ir
    from numba.core import cgutils

    def _typed_cycle_counter(_typing: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
            kind = ir.FunctionType(ir.IntType(64), [])
            name = "llvm.readcyclecounter"
            return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [])

        return int64(), generate

    _cycle_counter = intrinsic(_typed_cycle_counter)

    @always_inlined
    def ticks() -> int:
        """The time-stamp counter."""
        count: int = _cycle_counter()
        return count

else:

    @always_inlined
    def ticks() -> int:
        """Nanoseconds where no time-stamp counter can be read."""
        return monotonic_ns()


@kernel(int64())
def ticks_now() -> int:
    """Read the tick counter once, to calibrate it."""
    return ticks()


@always_inlined
def _write(items: _Words, control: _Words, count: int, first_value: int) -> None:
    at = (control[PUBLISHED] & (control[CAPACITY] - 1)) * 8
    # From the start of a slice: an index that cannot be negative lets the compiler use the
    # widest stores that there are.
    part = items[at : at + count * 8]
    for word in range(count * 8):
        part[word] = first_value + word


@kernel(int64(I64, I64, I64, I64, I64, I64_RO, I64_RO, int64, I64))
def ping(
    control: _Words,
    cursors: _Words,
    items: _Words,
    one: _Words,
    totals: _Words,
    back_control: _Words,
    back_items: _Words,
    count: int,
    samples: _Words,
) -> int:
    """Send records one at a time and wait for each to come back.

    Args:
        control: the outgoing ring.
        cursors: its readers' pages.
        items: its records as int64.
        one: int64 array of one 1.
        totals: receives the sum of what came back.
        back_control: the returning ring.
        back_items: its records as int64.
        count: round trips.
        samples: receives each round trip's ticks.

    Returns:
        ``count``.
    """
    back_mask = back_control[CAPACITY] - 1
    position = load_acquire(back_control, PUBLISHED)
    total = 0
    before = ticks()
    for trip in range(count):
        claim(control, cursors, 1)
        _write(items, control, 1, trip)
        publish(control, 1, before)
        wake_readers(control, cursors, one)
        while load_acquire(back_control, PUBLISHED) <= position:
            pause()
        at = (position & back_mask) * 8
        part = back_items[at : at + 8]
        for word in range(8):
            total += part[word]
        if claimed_by_writer(back_control) - position > back_control[CAPACITY]:
            return -1
        position += 1
        after = ticks()
        samples[trip] = after - before
        before = after
    totals[0] += total
    return count


@kernel(int64(I64_RO, I64_RO, I64, I64, I64, I64, int64))
def echo(
    control: _Words,
    items: _Words,
    back_control: _Words,
    back_cursors: _Words,
    back_items: _Words,
    one: _Words,
    count: int,
) -> int:
    """Send every record back: the other end of :func:`ping`. The number of records echoed."""
    mask = control[CAPACITY] - 1
    for position in range(count):
        while load_acquire(control, PUBLISHED) <= position:
            pause()
        at = (position & mask) * 8
        part = items[at : at + 8]
        claim(back_control, back_cursors, 1)
        to = (back_control[PUBLISHED] & (back_control[CAPACITY] - 1)) * 8
        out = back_items[to : to + 8]
        for word in range(8):
            out[word] = part[word]
        if claimed_by_writer(control) - position > control[CAPACITY]:
            return -1
        publish(back_control, 1, 0)
        wake_readers(back_control, back_cursors, one)
    return count


@kernel(int64(I64, I64, I64, I64, int64, int64))
def produce(
    control: _Words, cursors: _Words, items: _Words, one: _Words, count: int, batch: int
) -> int:
    """Publish records as fast as lossless readers let it.

    Args:
        control: the ring.
        cursors: its readers' pages.
        items: its records as int64.
        one: int64 array of one 1.
        count: records in all, a multiple of ``batch``.
        batch: records in one publication.

    Returns:
        Nanoseconds from the first claim to the last publication.
    """
    began = monotonic_ns()
    done = 0
    while done < count:
        while claim(control, cursors, batch) != OK:
            pause()
        _write(items, control, batch, done * 8)
        publish(control, batch, began)
        wake_readers(control, cursors, one)
        done += batch
    return monotonic_ns() - began


@kernel(int64(I64, I64, I64, I64, int64, int64, int64))
def produce_paced(
    control: _Words,
    cursors: _Words,
    items: _Words,
    one: _Words,
    count: int,
    gap_ns: int,
    slot: int,
) -> int:
    """Publish single records, each with its time, when the reader has taken the one before.

    Args:
        control: the ring.
        cursors: its readers' pages.
        items: its records as int64; word 2 of each is CLOCK_MONOTONIC when it was published.
        one: int64 array of one 1.
        count: records.
        gap_ns: time to let pass after the reader has taken one.
        slot: the reader's slot.

    Returns:
        ``count``.
    """
    for sent in range(count):
        until = monotonic_ns() + gap_ns
        while monotonic_ns() < until:
            pause()
        claim(control, cursors, 1)
        _write(items, control, 1, sent)
        at = (control[PUBLISHED] & (control[CAPACITY] - 1)) * 8
        items[at] = control[PUBLISHED]
        items[at + 2] = monotonic_ns()
        publish(control, 1, 0)
        wake_readers(control, cursors, one)
        taken = control[PUBLISHED]
        deadline = monotonic_ns() + 2_000_000_000
        while load_acquire(cursors, slot * 512 + POSITION) < taken:
            if monotonic_ns() > deadline:
                return sent
            pause()
    return count


@kernel(int64(I64_RO, I64_RO, I64, int64, I64))
def consume(control: _Words, items: _Words, cursor: _Words, count: int, totals: _Words) -> int:
    """Read every record of a ring in place and add all its words up.

    Args:
        control: the ring.
        items: its records as int64, twice over.
        cursor: this reader's page.
        count: records after which to stop.
        totals: receives the sum and the number of records lost.

    Returns:
        Nanoseconds from the first record seen to the last.
    """
    capacity = control[CAPACITY]
    position = 0
    began = 0
    total = 0
    while position < count:
        end = min(load_acquire(control, PUBLISHED), count)
        if end <= position:
            pause()
            continue
        if began == 0:
            began = monotonic_ns()
        at = (position & (capacity - 1)) * 8
        part = items[at : at + (end - position) * 8]
        for word in range((end - position) * 8):
            total += part[word]
        torn = claimed_by_writer(control) - capacity - position
        if torn > 0:
            cursor[LOST] += min(torn, end - position)
        position = end
        store_release(cursor, POSITION, position)
    totals[0] += total
    totals[1] = cursor[LOST]
    return monotonic_ns() - began
