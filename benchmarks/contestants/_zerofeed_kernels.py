"""Compiled halves of zerofeed's contestants: a writer's loop, and records that are bounced back."""

from __future__ import annotations

import platform
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from zerofeed.base.clock import monotonic_ns
from zerofeed.base.kernel import I64, I64_RO, always_inlined, int64, kernel
from zerofeed.base.status import OK
from zerofeed.shm._atomics import load_acquire, pause, store_release
from zerofeed.shm._ring_kernels import (
    CAPACITY,
    POSITION,
    PUBLISHED,
    claim,
    claimed_by_writer,
    publish,
    wake_readers,
)

__all__ = ["clock", "consume", "kick", "produce", "publish_one", "publish_stamped", "ticks"]

WORDS = 8
_sched_yield = types.ExternalFunction("sched_yield", types.int32())

if platform.machine() == "x86_64":

    @intrinsic  # type: ignore[untyped-decorator]
    def _cycles(_typing: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
            kind = ir.FunctionType(ir.IntType(64), [])
            return builder.call(
                builder.module.declare_intrinsic("llvm.readcyclecounter", (), kind), []
            )

        return int64(), generate

    @always_inlined
    def ticks() -> int:
        """Give the time-stamp counter, the clock of c/ring.c."""
        return int(_cycles())

else:

    @always_inlined
    def ticks() -> int:
        """Give CLOCK_MONOTONIC, the clock of c/ring.c here."""
        return monotonic_ns()


@kernel(int64())
def clock() -> int:
    """Give the present tick."""
    return ticks()


@always_inlined
def write_and_publish(control: Any, cursors: Any, bell: Any, words: Any, count: int) -> None:
    """Write every word of the next records, publish them, wake who sleeps. No clock is read."""
    first = control[PUBLISHED]
    at = (first & (control[CAPACITY] - 1)) * WORDS
    # From the start of a slice: an index that cannot be negative lets the compiler use the
    # widest stores it has.
    part = words[at : at + count * WORDS]
    for word in range(count * WORDS):
        part[word] = first + (word >> 3)
    publish(control, count, 0)
    wake_readers(control, cursors, bell)


@always_inlined
def publish_one(control: Any, cursors: Any, bell: Any, words: Any) -> None:
    """Publish one record; nobody holds the ring back."""
    claim(control, cursors, 1)
    write_and_publish(control, cursors, bell, words, 1)


@kernel(int64(I64, I64, I64, I64))
def kick(control: Any, cursors: Any, bell: Any, words: Any) -> int:
    """Publish one record from Python."""
    publish_one(control, cursors, bell, words)
    return int(control[PUBLISHED])


@kernel(int64(I64, I64, I64, I64, int64, int64))
def produce(control: Any, cursors: Any, bell: Any, words: Any, total: int, batch: int) -> int:
    """Publish up to record `total`, waiting for lossless readers without end.

    Args:
        control: the ring's control page.
        cursors: the readers' pages.
        bell: one word, what a bell is sent.
        words: the ring's records as words, eight each, twice over.
        total: sequence number to stop at.
        batch: records in one publication.

    Returns:
        Looks at the readers that found the ring full.
    """
    full = 0
    while control[PUBLISHED] < total:
        count = min(batch, total - control[PUBLISHED])
        while claim(control, cursors, count) != OK:
            full += 1
            pause()
        write_and_publish(control, cursors, bell, words, count)
    return full


@kernel(int64(I64_RO, I64_RO, I64, int64, int64, int64, I64))
def consume(
    control: Any, words: Any, page: Any, start: int, until: int, patience: int, sums: Any
) -> int:
    """Add up all words of some records where they lie, as c/ring.c does.

    Args:
        control: the ring's control page.
        words: its records as words, twice over.
        page: this reader's own page.
        start: first record.
        until: record to stop before.
        patience: looks that find nothing before the core is yielded; 0 never yields it.
        sums: receives the sum and the records overrun.

    Returns:
        How often the core was yielded.
    """
    capacity = control[CAPACITY]
    position = start
    yields = 0
    looks = 0
    while position < until:
        end = min(load_acquire(control, PUBLISHED), until, position + capacity // 4)
        if end <= position:
            pause()
            looks += 1
            if 0 < patience < looks:
                _sched_yield()
                yields += 1
                looks = 0
            continue
        at = (position & (capacity - 1)) * WORDS
        part = words[at : at + (end - position) * WORDS]
        total = 0
        for word in range((end - position) * WORDS):
            total += part[word]
        sums[1] += max(0, claimed_by_writer(control) - capacity - position)
        sums[0] += total
        position = end
        store_release(page, POSITION, position)
    return yields


@kernel(int64(I64, I64, I64, I64, int64, int64))
def publish_stamped(
    control: Any, cursors: Any, bell: Any, words: Any, count: int, every_ns: int
) -> int:
    """Publish records one by one, each with the time just before its claim in word 1.

    The next one waits until the reader in slot 0 has finished with the last.

    Args:
        control: the ring's control page.
        cursors: the readers' pages.
        bell: one word, what a bell is sent.
        words: the ring's records as words, eight each, twice over.
        count: how many.
        every_ns: time between two.

    Returns:
        How many records the ring was too full for, and were not published.
    """
    refused = 0
    for _ in range(count):
        due = monotonic_ns() + every_ns
        now = monotonic_ns()
        while now < due or load_acquire(cursors, POSITION) < control[PUBLISHED]:
            pause()
            now = monotonic_ns()
        if claim(control, cursors, 1) != OK:
            refused += 1
            continue
        at = (control[PUBLISHED] & (control[CAPACITY] - 1)) * WORDS
        for word in range(WORDS):
            words[at + word] = control[PUBLISHED]
        words[at + 1] = now
        publish(control, 1, now)
        wake_readers(control, cursors, bell)
    return refused
