"""Compiled halves of zerofeed's contestants: a writer's loop, and records that are bounced back."""

from __future__ import annotations

import platform
from typing import Any

from llvmlite import ir
from numba.extending import intrinsic

from zerofeed.base.clock import monotonic_ns
from zerofeed.base.kernel import I64, I64_2D, inlined, int64, kernel
from zerofeed.base.status import OK
from zerofeed.shm._atomics import load_acquire, pause
from zerofeed.shm._ring_kernels import (
    CAPACITY,
    POSITION,
    PUBLISHED,
    claim,
    publish,
    wake_readers,
)

__all__ = ["clock", "kick", "produce", "publish_one", "publish_stamped", "ticks"]

WORDS = 8

if platform.machine() == "x86_64":

    @intrinsic  # type: ignore[untyped-decorator]
    def _cycles(_typing: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
            kind = ir.FunctionType(ir.IntType(64), [])
            return builder.call(
                builder.module.declare_intrinsic("llvm.readcyclecounter", (), kind), []
            )

        return int64(), generate

    @inlined
    def ticks() -> int:
        """Give the time-stamp counter, the clock of c/ring.c."""
        return int(_cycles())

else:

    @inlined
    def ticks() -> int:
        """Give CLOCK_MONOTONIC, the clock of c/ring.c here."""
        return monotonic_ns()


@kernel(int64())
def clock() -> int:
    """Give the present tick."""
    return ticks()


@inlined
def write_and_publish(control: Any, cursors: Any, bell: Any, words: Any, count: int) -> None:
    """Write every word of the next records, publish them, wake who sleeps. No clock is read."""
    first = control[PUBLISHED]
    at = first & (control[CAPACITY] - 1)
    for index in range(count):
        for word in range(WORDS):
            words[at + index, word] = first + index
    publish(control, count, 0)
    wake_readers(control, cursors, bell)


@inlined
def publish_one(control: Any, cursors: Any, bell: Any, words: Any) -> None:
    """Publish one record; nobody holds the ring back."""
    claim(control, cursors, 1)
    write_and_publish(control, cursors, bell, words, 1)


@kernel(int64(I64, I64, I64, I64_2D))
def kick(control: Any, cursors: Any, bell: Any, words: Any) -> int:
    """Publish one record from Python."""
    publish_one(control, cursors, bell, words)
    return int(control[PUBLISHED])


@kernel(int64(I64, I64, I64, I64_2D, int64, int64))
def produce(control: Any, cursors: Any, bell: Any, words: Any, total: int, batch: int) -> int:
    """Publish up to record `total`, waiting for lossless readers without end.

    Args:
        control: the ring's control page.
        cursors: the readers' pages.
        bell: one word, what a bell is sent.
        words: the ring's records as rows of eight words, twice over.
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


@kernel(int64(I64, I64, I64, I64_2D, int64, int64))
def publish_stamped(
    control: Any, cursors: Any, bell: Any, words: Any, count: int, every_ns: int
) -> int:
    """Publish records one by one, each with the time just before its claim in word 1.

    The next one waits until the reader in slot 0 has finished with the last.

    Args:
        control: the ring's control page.
        cursors: the readers' pages.
        bell: one word, what a bell is sent.
        words: the ring's records as rows of eight words, twice over.
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
        row = control[PUBLISHED] & (control[CAPACITY] - 1)
        for word in range(WORDS):
            words[row, word] = control[PUBLISHED]
        words[row, 1] = now
        publish(control, 1, now)
        wake_readers(control, cursors, bell)
    return refused
