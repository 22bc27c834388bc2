"""Atomics move whole words, in both flavours, and order them between processes."""

from __future__ import annotations

import numpy as np
import pytest
from numba import types

from tests.unit.children import Child, Gate
from zerofeed.base.kernel import BOUNDS_CHECK, I64, I64_RO, JIT, array_of, int64, kernel
from zerofeed.shm._atomics import (
    fence_acquire,
    fence_full,
    fence_release,
    load_acquire,
    load_acquire32,
    pause,
    store_release,
    store_release32,
)
from zerofeed.shm.segment import Segment


@kernel(int64(I64_RO, int64))
def load(words, index):  # type: ignore[no-untyped-def]
    return load_acquire(words, index)


@kernel(int64(I64, int64, int64))
def store(words, index, value):  # type: ignore[no-untyped-def]
    store_release(words, index, value)
    return 0


@kernel(int64(array_of(types.uint32), int64))
def load32(halves, index):  # type: ignore[no-untyped-def]
    return load_acquire32(halves, index)


@kernel(int64(array_of(types.uint32), int64, int64))
def store32(halves, index, value):  # type: ignore[no-untyped-def]
    store_release32(halves, index, value)
    return 0


@kernel(int64(I64))
def fence_all(words):  # type: ignore[no-untyped-def]
    words[0] = 1
    fence_release()
    words[1] = 2
    fence_full()
    pause()
    fence_acquire()
    return words[0] + words[1]


@kernel(int64(I64, int64, int64))
def bounce(words, turns, side):  # type: ignore[no-untyped-def]
    """Hand a value back and forth, each turn with a payload; count payloads that were missing."""
    wrong = 0
    for turn in range(turns):
        while load_acquire(words, side * 16) != turn + side:
            pause()
        wrong += 0 if words[32] == 2 * turn + side else 1
        words[32] = 2 * turn + side + 1
        store_release(words, (1 - side) * 16, turn + 1)
    return wrong


@pytest.mark.parametrize("value", [0, -1, 2**63 - 1, -(2**63)])
def test_a_stored_word_is_loaded_whole(value: int) -> None:
    words = np.zeros(4, np.int64)
    store(words, 2, value)
    assert load(words, 2) == value
    assert words.tolist() == [0, 0, value, 0]


def test_words_of_a_view_are_counted_from_its_beginning() -> None:
    words = np.arange(8, dtype=np.int64)
    assert load(words[3:], 2) == 5
    store(words[3:], 0, -3)
    assert words[3] == -3


@pytest.mark.parametrize("value", [0, 1, 2**31, 2**32 - 1])
def test_a_stored_half_is_loaded_whole_and_is_never_negative(value: int) -> None:
    halves = np.zeros(4, np.uint32)
    store32(halves, 2, value)
    assert load32(halves, 2) == value
    assert halves.tolist() == [0, 0, value, 0]


def test_a_half_keeps_the_low_bits_so_that_free_running_indices_wrap() -> None:
    halves = np.zeros(2, np.uint32)
    store32(halves, 0, 2**32 + 5)
    assert halves.tolist() == [5, 0]


def test_fences_and_pause_change_no_value() -> None:
    assert fence_all(np.zeros(2, np.int64)) == 3


@pytest.mark.skipif(JIT and not BOUNDS_CHECK, reason="bounds checks are off in this process")
def test_an_index_outside_its_array_raises_when_bounds_are_checked() -> None:
    words = np.zeros(2, np.int64)
    with pytest.raises(IndexError):
        load(words, 2)
    with pytest.raises(IndexError):
        store(words, 2, 0)
    with pytest.raises(IndexError):
        load32(np.zeros(2, np.uint32), 2)
    with pytest.raises(IndexError):
        store32(np.zeros(2, np.uint32), 2, 0)


@pytest.mark.slow
@pytest.mark.compiled
def test_what_was_stored_before_a_release_is_seen_behind_the_acquire() -> None:
    segment = Segment("bounce", 4096)
    words = segment.mapping.view(np.int64)
    turns, started = 20_000, Gate()

    def other_side() -> int:
        started.open()
        return bounce(words, turns, 1)

    with Child(other_side) as child:
        started.wait()
        assert bounce(words, turns, 0) == 0
        assert child.result() == 0
    started.close()
    assert words[32] == 2 * turns
