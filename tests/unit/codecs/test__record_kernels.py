"""The words of a record that any dialect makes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.base.kernel import I64, int64, kernel
from zerofeed.codecs._record_kernels import (
    ACTION_BY_SIZE,
    RECORD_WORDS,
    bare_level,
    close_book,
    head_of,
    price_exponent_of,
    size_exponent_of,
)
from zerofeed.feed._instrument_kernels import add_instrument
from zerofeed.feed.instruments import make_table
from zerofeed.records.dtypes import RECORD
from zerofeed.records.flags import LAST, SNAPSHOT
from zerofeed.records.kinds import ACTION_CLEAR, BID, LEVEL, NO_SIDE
from zerofeed.records.units import UNDEF

__all__: list[str] = []


@kernel(int64(int64, int64, int64, int64, int64))
def _head_of(row: int, kind: int, side: int, size: int, flags: int) -> int:
    return head_of(row, kind, side, size, flags)


@kernel(int64(I64, I64))
def _close(records: np.ndarray, made: np.ndarray) -> int:
    bare_level(3, ACTION_CLEAR, SNAPSHOT, 77, records, 1)
    close_book(1, 2, 3, made, 0, records)
    return 0


@kernel(int64(I64, int64))
def _exponents(words: np.ndarray, row: int) -> int:
    return price_exponent_of(words, row) * 1000 + size_exponent_of(words, row)


def head(row: int, kind: int, side: int, size: int, flags: int) -> tuple[int, ...]:
    words = np.zeros(RECORD_WORDS, np.int64)
    words[3] = _head_of(row, kind, side, size, flags)
    record = words.view(RECORD)[0]
    return tuple(int(record[name]) for name in ("instrument", "kind", "side", "action", "flags"))


@given(
    st.integers(0, 2**32 - 1), st.integers(0, 255), st.integers(0, 255), st.integers(0, 127),
    st.integers(0, 255),
)  # fmt: skip
def test_the_head_has_its_columns_where_a_record_has_them(
    row: int, kind: int, side: int, action: int, flags: int
) -> None:
    assert head(row, kind, side | action << 8, 1, flags) == (row, kind, side, action, flags)


@pytest.mark.parametrize(
    ("size", "flags", "action"),
    [(0, 0, "C"), (1, 0, "M"), (1, SNAPSHOT, "A"), (0, SNAPSHOT | LAST, "C")],
)
def test_a_levels_action_is_that_of_its_size(size: int, flags: int, action: str) -> None:
    side = BID | ACTION_BY_SIZE << 8
    assert head(1, LEVEL, side, size, flags) == (1, LEVEL, BID, ord(action), flags)


def test_a_transaction_is_closed_by_its_last_record_and_its_bare_ones_have_its_ids() -> None:
    words = np.zeros(4 * RECORD_WORDS, np.int64)
    made = np.arange(100, 108)
    _close(words, made)
    records = words.view(RECORD)
    bare = records[1]
    assert (bare["kind"], bare["side"], chr(bare["action"])) == (LEVEL, NO_SIDE, "R")
    assert (bare["instrument"], bare["ts_recv_ns"], bare["flags"]) == (3, 77, SNAPSHOT)
    assert (bare["ts_event_ns"], bare["change_id"], bare["prev_change_id"]) == (101, 106, 107)
    assert (bare["price"], bare["size"]) == (UNDEF, UNDEF)
    assert records["flags"].tolist() == [0, SNAPSHOT, LAST, 0]


@pytest.mark.parametrize("exponents", [(-8, -3), (0, 0), (-18, 2), (127, -128)])
def test_exponents_are_those_of_the_row(exponents: tuple[int, int]) -> None:
    rows, lookup = make_table(4)
    row = add_instrument(rows.view(np.int64), lookup, 9, *exponents)
    assert _exponents(rows.view(np.int64), row) == exponents[0] * 1000 + exponents[1]
