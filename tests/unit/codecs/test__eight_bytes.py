"""Eight bytes read at once mean the same compiled, interpreted and to a loop over bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zerofeed.base.kernel import BOUNDS_CHECK, I64, JIT, U8_RO, int64, kernel
from zerofeed.codecs._eight_bytes import COUNT_SHIFT, VALUE_MASK, digits, stop_in_text

__all__: list[str] = []


@kernel(int64(U8_RO, int64, int64, I64))
def read_both(buffer, at, most, out):  # type: ignore[no-untyped-def]
    """Call both functions from compiled code."""
    out[0] = stop_in_text(buffer, at)
    out[1] = digits(buffer, at, most)
    return 0


def compiled(text: bytes, most: int, before: int = 0) -> tuple[int, int, int]:
    """The place of the stop, the count of digits and their number, by compiled code."""
    # The buffer ends with the eight: a read behind them is caught when bounds are checked.
    buffer = np.frombuffer(b"7" * before + text, np.uint8)
    out = np.zeros(2, np.int64)
    read_both(buffer, before, most, out)
    return int(out[0]), int(out[1]) >> COUNT_SHIFT, int(out[1]) & VALUE_MASK


def expected(text: bytes, most: int) -> tuple[int, int, int]:
    """The same by Python's own means."""
    stop = next((n for n, b in enumerate(text) if b < 0x20 or b in b'"\\'), 8)
    head = text[: max(0, most)]
    count = next((n for n, b in enumerate(head) if b not in b"0123456789"), len(head))
    return stop, count, int(head[:count] or b"0")


# Bytes beside those that end something, and those whose carry or borrow reaches the next byte.
edges = st.lists(
    st.sampled_from(list(b'09/:"#![\\]\x00\x1f \x20\x7f\x80\xa2\xdc\xf9\xfa\xff15')),
    min_size=8,
    max_size=8,
).map(bytes)


@given(st.one_of(st.binary(min_size=8, max_size=8), edges), st.integers(0, 12), st.integers(0, 9))
@example(b"12345678", 8, 0)
@example(b"12345678", 0, 0)
@example(b"99999999", 12, 1)
@example(b"\xff\xff\xff\xff\xff\xff\xff\xff", 8, 0)
@example(b'\xff\x00"\\00000', 8, 3)
@example(b"!!!!!!!!", 8, 0)
def test_eight_bytes_are_what_a_loop_over_them_says(text: bytes, most: int, before: int) -> None:
    assert compiled(text, most, before) == expected(text, most)


@given(edges, st.integers(0, 9))
def test_ordinary_python_says_the_same(text: bytes, most: int) -> None:
    buffer = np.frombuffer(text, np.uint8)
    number = digits(buffer, 0, most)
    told = (stop_in_text(buffer, 0), number >> COUNT_SHIFT, number & VALUE_MASK)
    assert told == expected(text, most)


@pytest.mark.skipif(JIT and not BOUNDS_CHECK, reason="checks are off")
@pytest.mark.parametrize("at", [-1, 1, 8])
def test_an_offset_outside_is_refused_where_checks_are_on(at: int) -> None:
    with pytest.raises(IndexError):
        read_both(np.zeros(8, np.uint8), at, 8, np.zeros(2, np.int64))


@pytest.mark.parametrize("at", [-1, 1, 8])
def test_an_offset_outside_is_refused_by_ordinary_python(at: int) -> None:
    buffer = np.zeros(8, np.uint8)
    with pytest.raises(IndexError):
        stop_in_text(buffer, at)
    with pytest.raises(IndexError):
        digits(buffer, at, 8)
