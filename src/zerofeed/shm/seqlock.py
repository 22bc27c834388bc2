"""A table row that one process rewrites while others read it: the seqlock.

Each row has one version word. The writer makes it odd, changes the row, makes it even. A
reader takes the version, copies the row, and takes the version again: if it was even and is
unchanged, the copy is whole; otherwise it tries again. The writer never waits.

A writer that was killed half way leaves the version odd. :func:`repair` makes it even again
for a row that has been rewritten or cleared by its successor, so that readers do not spin
for ever.

Publish and observe: the release fence after the odd version keeps the row's stores behind
it; the release store of the even version makes them visible to a reader whose second load
returns it. On the reader's side the acquire load and the acquire fence keep the copy between
the two loads.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, I64_RO, inlined, int64, kernel
from zerofeed.base.status import NOT_READY, OK
from zerofeed.shm._atomics import fence_acquire, fence_release, load_acquire, pause, store_release

__all__ = ["copy_row", "read_row", "repair", "write_begin", "write_end"]

_Words = npt.NDArray[np.int64]

# A writer that the scheduler took off its core in the middle of a row is back within milliseconds.
_ROUNDS = 50
_PAUSE_S = 0.001


@inlined
def write_begin(words: _Words, version: int) -> None:
    """Mark a row as being written. Single writer.

    Args:
        words: the table as int64.
        version: index of the row's version word. If a killed predecessor left it odd, it
            stays odd.
    """
    store_release(words, version, words[version] | 1)
    fence_release()


@inlined
def write_end(words: _Words, version: int) -> None:
    """Publish a row: readers that see the new even version see all of it."""
    store_release(words, version, words[version] + 1)


@inlined
def repair(words: _Words, version: int) -> bool:
    """Make an odd version even after the row was brought into a whole state.

    Returns:
        True when the version was odd, that is, a writer died while writing this row.
    """
    torn = (words[version] & 1) != 0
    if torn:
        store_release(words, version, words[version] + 1)
    return torn


@kernel(int64(I64_RO, int64, int64, I64, int64))
def copy_row(words: _Words, at: int, count: int, out: _Words, attempts: int) -> int:
    """Copy one row whole. Any process.

    Args:
        words: the table as int64, read-only.
        at: index of the row's first word, which is its version.
        count: words of the row to copy.
        out: int64 array of at least ``count``; the version comes along, even.
        attempts: how often to try while the writer is busy with this row.

    Returns:
        OK, or NOT_READY when every attempt met a write.
    """
    for _ in range(attempts):
        before = load_acquire(words, at)
        if before & 1:
            pause()
            continue
        for index in range(count):
            out[index] = words[at + index]
        fence_acquire()
        if load_acquire(words, at) == before:
            out[0] = before
            return OK
    return NOT_READY


def read_row(
    table: npt.NDArray[Any], index: int, *, attempts: int = 1_000, rounds: int = _ROUNDS
) -> npt.NDArray[Any]:
    """Copy one row of a structured table whole. Sleeps between rounds, 50 ms at most by default.

    Args:
        table: structured array whose first field is the int64 version; its itemsize is a
            multiple of 8.
        index: row.
        attempts: tries in one round.
        rounds: rounds before giving up, a millisecond apart, for a writer that lost its core
            in the middle of the row.

    Returns:
        A new structured array of one element.

    Raises:
        TimeoutError: every attempt met a write, or a dead writer left the row odd.
    """
    words = table.view(np.int64)
    row_words = table.dtype.itemsize // 8
    out = np.empty(row_words, dtype=np.int64)
    for left in range(rounds - 1, -1, -1):
        if copy_row(words, index * row_words, row_words, out, attempts) == OK:
            return out.view(table.dtype)
        if left:
            time.sleep(_PAUSE_S)
    raise TimeoutError(
        f"row {index} was being written at every one of {rounds} rounds of {attempts} attempts"
    )
