"""Compiled code sees the very arrays of a context, and calls the very kernel of an address."""

from __future__ import annotations

import numpy as np
import pytest

from zerofeed.base.context import Context, address_of, array_in, call_at
from zerofeed.base.errors import BugError
from zerofeed.base.kernel import I64, U8, int64, kernel

__all__: list[str] = []

_bytes_in = array_in(U8)
_words_in = array_in(I64)
EIGHT = int64(*[int64] * 8)


@kernel(EIGHT)
def total(context: int, slot: int, c: int, d: int, e: int, f: int, g: int, h: int) -> int:
    """Sum of an array and of the numbers, and write the sum into its first item."""
    words = _words_in(context, slot)
    found = c + d + e + f + g + h
    for index in range(words.size):
        found += words[index]
    words[0] = found
    return found


@kernel(EIGHT)
def last_byte(context: int, slot: int, c: int, d: int, e: int, f: int, g: int, h: int) -> int:
    raw = _bytes_in(context, slot)
    return int64(raw[raw.size - 1])


@kernel(int64(int64, int64, int64))
def call(address: int, context: int, slot: int) -> int:
    return call_at(address, context, slot, 1, 2, 3, 4, 5, 6)


def test_a_kernel_called_by_its_address_reads_and_writes_the_contexts_arrays() -> None:
    words = np.arange(10, 15)
    context = Context([np.zeros(0, np.uint8), words, np.array([7], np.uint8)])
    assert call(address_of(total), context.address, 1) == 60 + 21
    assert call(address_of(last_byte), context.address, 2) == 7
    assert words.tolist() == [81, 11, 12, 13, 14]


def test_what_is_put_into_a_slot_is_what_the_next_call_sees() -> None:
    context = Context([np.zeros(4, np.int64)])
    assert call(address_of(total), context.address, 0) == 21
    context.put(0, np.array([100, 200], np.int64))
    assert call(address_of(total), context.address, 0) == 321


def test_an_array_is_alive_as_long_as_its_context() -> None:
    context = Context([np.full(1000, 3, np.int64)])
    np.full(1000, 9, np.int64)
    assert call(address_of(total), context.address, 0) == 3021


def test_an_empty_array_has_no_items() -> None:
    context = Context([np.zeros(0, np.int64), np.zeros(1, np.int64)])
    assert call(address_of(total), context.address, 1) == 21


@pytest.mark.parametrize("array", [np.zeros((2, 2), np.int64), np.zeros(8, np.int64)[::2]])
def test_an_array_that_compiled_code_would_misread_is_refused(array) -> None:
    with pytest.raises(BugError, match="one dimension and no gaps"):
        Context([array])
