"""An undo log in shared memory, so that a killed worker neither loses nor doubles a step.

A worker can be killed between any two instructions. While it processes one frame it changes
counters, expected sequence numbers and small per-instrument state, and then publishes the
frame's records. If it dies in between, its successor must be able to do the frame again from
exactly the state before it, or know that the frame was published and go on with the next.

All such state is one int64 array. Its first words are the journal::

    word 0          COUNT    entries written since the step began
    word 1          STEP     number of the step in progress or last done
    word 2          DONE     steps completed
    word 3          TARGET   -1 while state is being changed; then what PUBLISHED will be
    word 4          LOST     entries that found the journal full (then a step cannot be undone)
    word 16 ...     entries  (index, value before), ENTRIES of them
    word DATA ...   the state itself

Order of stores, each a release store, so that every prefix that a kill can leave is one of
three cases::

    begin     COUNT = 0, TARGET = -1, STEP = s          -> undo, then do the step again
    put       entry, COUNT + 1, then the change         -> undo
    seal      TARGET = what PUBLISHED will become       -> published? done : undo
    (publish) the ring's PUBLISHED
    finish    DONE = s + 1                              -> done
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, always_inlined, int64, kernel
from zerofeed.shm._atomics import store_release

__all__ = [
    "COUNT",
    "DATA",
    "DONE",
    "ENTRIES",
    "LOST",
    "STEP",
    "TARGET",
    "add",
    "begin",
    "finish",
    "prepare",
    "put",
    "recover",
    "seal",
]

_Words = npt.NDArray[np.int64]

COUNT = 0
STEP = 1
DONE = 2
TARGET = 3
LOST = 4
FIRST_ENTRY = 16
ENTRIES = 8192
DATA = FIRST_ENTRY + 2 * ENTRIES


def prepare(state: _Words) -> None:
    """Make a zeroed array a journal before its first step: step 0 is open and nothing is sealed."""
    state[TARGET] = -1


@always_inlined
def begin(state: _Words, step: int) -> None:
    """Open a step. Nothing of the state has changed yet.

    STEP comes last: until it is stored, a kill leaves the previous step's finished picture.
    """
    store_release(state, TARGET, -1)
    store_release(state, COUNT, 0)
    store_release(state, STEP, step)


@always_inlined
def put(state: _Words, index: int, value: int) -> None:
    """Change one word so that the change can be undone.

    Args:
        state: the array, journal included.
        index: of the word, at or above DATA.
        value: what to store.
    """
    count = state[COUNT]
    if count < ENTRIES:
        state[FIRST_ENTRY + 2 * count] = index
        state[FIRST_ENTRY + 2 * count + 1] = state[index]
        store_release(state, COUNT, count + 1)
    else:
        state[LOST] += 1
    store_release(state, index, value)


@always_inlined
def add(state: _Words, index: int, amount: int) -> None:
    """Add to one word so that the change can be undone."""
    put(state, index, state[index] + amount)


@always_inlined
def seal(state: _Words, target: int) -> None:
    """Say that every change of this step is made and what PUBLISHED will be after it."""
    store_release(state, TARGET, target)


@always_inlined
def finish(state: _Words, step: int) -> None:
    """Close a step after its records were published."""
    store_release(state, DONE, step + 1)


@kernel(int64(I64, int64))
def recover(state: _Words, published: int) -> int:
    """Bring the state to a step's border after the worker was killed. Single writer.

    Args:
        state: the array, journal included.
        published: the ring's PUBLISHED now.

    Returns:
        The step to do next; its predecessor's changes are all there, its own are all undone.
    """
    step = state[STEP]
    if state[DONE] == step + 1:
        return state[DONE]
    if state[TARGET] >= 0 and published >= state[TARGET]:
        store_release(state, DONE, step + 1)
        return step + 1
    if state[DONE] == step:
        for entry in range(state[COUNT] - 1, -1, -1):
            state[state[FIRST_ENTRY + 2 * entry]] = state[FIRST_ENTRY + 2 * entry + 1]
        store_release(state, COUNT, 0)
        # Whatever is published before the step is done again must not look like its records.
        store_release(state, TARGET, -1)
    return state[DONE]
