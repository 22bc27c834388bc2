"""What a connection's numbers stand for, against a dictionary; a message that is not the next is seen."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from zerofeed.base.kernel import I64, int64, kernel
from zerofeed.base.status import BUFFER_FULL, OK
from zerofeed.codecs.json import _channel_kernels as k
from zerofeed.codecs.json.channels import BLOCK_WORDS, CHANNELS, opened
from zerofeed.records.units import UNDEF
from zerofeed.shm import journal

__all__: list[str] = []

AT = journal.DATA + BLOCK_WORDS
"""The second source's block, so that what is written outside of it is seen."""
OPEN, CLOSE, FORGET, CODE, ROW, FOLLOW = range(6)
NUMBERS = st.one_of(
    st.integers(0, 5), st.integers(0, 70).map(lambda each: 64 * each), st.integers(0, 2**62 - 1)
)


@kernel(int64(I64, int64, int64, int64, int64, int64))
def call(state, what, at, number, code, row) -> int:
    """What kernels alone can call, one at a time."""
    if what == OPEN:
        return k.open_channel(state, at, number, code, row)
    if what == FOLLOW:
        return k.follow_number(state, at, number)
    if what == CLOSE:
        k.close_channel(state, at, number)
    elif what == FORGET:
        k.forget_channels(state, at)
    else:
        entry = k.find_channel(state, at, number)
        if entry < 0:
            return -1
        return k.code_of(state, entry) if what == CODE else k.row_of(state, entry)
    return 0


def fresh() -> np.ndarray:
    state = np.zeros(journal.DATA + 3 * BLOCK_WORDS, np.int64)
    journal.prepare(state)
    return state


def meaning(state: np.ndarray, number: int) -> tuple[int, int] | None:
    code = call(state, CODE, AT, number, 0, 0)
    return None if code < 0 else (code, call(state, ROW, AT, number, 0, 0))


@given(
    st.lists(
        st.tuples(
            st.sampled_from([OPEN, OPEN, OPEN, CLOSE, FORGET]), NUMBERS, st.integers(1, 255),
            st.integers(0, 2**32),
        ),
        max_size=100,
    )
)  # fmt: skip
@example([(OPEN, number, 1, 1) for number in range(70)])
@example([(OPEN, 64, 1, 1), (OPEN, 0, 2, 2), (CLOSE, 64, 0, 0), (OPEN, 0, 3, 3)])
def test_a_number_stands_for_what_it_was_given_last(steps: list[tuple[int, int, int, int]]) -> None:
    state, expected = fresh(), dict[int, tuple[int, int]]()
    for what, number, code, row in steps:
        status = call(state, what, AT, number, code, row)
        if what == FORGET:
            expected.clear()
        elif what == CLOSE:
            expected.pop(number, None)
        elif number in expected or len(expected) < CHANNELS:
            assert status == OK
            expected[number] = code, row
        else:
            assert status == BUFFER_FULL
    assert {n: meaning(state, n) for _, n, _, _ in steps} == {
        n: expected.get(n) for _, n, _, _ in steps
    }
    for code in {code for code, _ in expected.values()}:
        told = opened(state, journal.DATA, 1, code)
        assert set(told) == {row for c, row in expected.values() if c == code}
        assert all(expected[number] == (code, row) for row, number in told.items())
    assert not state[journal.DATA : AT].any()
    assert not state[AT + BLOCK_WORDS :].any()


@given(st.lists(st.integers(0, 20), max_size=30))
def test_what_is_not_the_next_number_is_told(numbers: list[int]) -> None:
    state, known = fresh(), None
    for number in numbers:
        told = call(state, FOLLOW, AT, number, 0, 0)
        assert told == (UNDEF if known is None or number == known + 1 else known + 1)
        known = number


def test_a_new_connection_begins_with_any_number() -> None:
    state = fresh()
    for number in (7, 8, 9):
        assert call(state, FOLLOW, AT, number, 0, 0) == UNDEF
    call(state, OPEN, AT, 3, 1, 1)
    call(state, FORGET, AT, 0, 0, 0)
    assert meaning(state, 3) is None
    assert call(state, FOLLOW, AT, 1, 0, 0) == UNDEF
    assert call(state, FOLLOW, AT, 4, 0, 0) == 2


def test_every_change_can_be_undone() -> None:
    state = fresh()
    call(state, OPEN, AT, 3, 1, 1)
    before = state[journal.DATA :].copy()
    journal.begin(state, 1)
    call(state, OPEN, AT, 3, 2, 2)
    call(state, OPEN, AT, 4, 1, 5)
    call(state, FOLLOW, AT, 9, 0, 0)
    call(state, FORGET, AT, 0, 0, 0)
    assert not state[AT : AT + BLOCK_WORDS].any()
    state[journal.DONE] = 1
    journal.recover(state, 0)
    assert (state[journal.DATA :] == before).all()
