"""Whatever was changed in a step is as it was before, when the step is undone from any of its states."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tests.unit.books.orders.naive_orders import order_record, records_of
from zerofeed.base.kernel import I64, JIT, int64, kernel
from zerofeed.books.l3 import L3Books
from zerofeed.books.orders import _kernels, layout
from zerofeed.books.orders._log_kernels import COUNT, IS_LOST, NO_ROOM, keep_range, log_words

__all__: list[str] = []

STEPS = 60 if JIT else 12


@kernel(int64(I64, I64, int64, int64))
def keep_words(o, log, first, last):
    keep_range(o, log, first, last)
    return log[COUNT] if log.size > 0 else 0


def some_rows(draw: random.Random, count: int) -> list[tuple]:
    rows = []
    for _ in range(count):
        action = draw.choice("AAAAAACCFM")
        rows.append(
            order_record(draw.randrange(1, 4), action, draw.choice("BA"), draw.randrange(40),
                         draw.randrange(60), draw.randrange(1, 9), is_last=draw.random() < 0.9)
        )  # fmt: skip
    if draw.random() < 0.1:
        rows.append(order_record(draw.randrange(3), "R", priority=0))
    return rows


def apply(books: L3Books, log: np.ndarray, rows: list[tuple]) -> None:
    records = np.concatenate([records_of(rows), records_of(rows)])
    words = records.view(np.int64)
    assert (
        _kernels.take_batch(books.words, log, words, 0, len(rows), len(rows), len(records), 0) >= 0
    )


def state_of(books: L3Books) -> np.ndarray:
    """Every word but the path of the latest descent, which is none."""
    words = books.words.copy()
    words[layout.H_PATH : layout.HEADER_WORDS] = 0
    return words


def test_a_step_that_is_undone_leaves_no_trace_and_can_be_done_again() -> None:
    draw = random.Random(11)
    books, log = L3Books.create(4, orders=64), np.zeros(log_words(1 << 14), np.int64)
    for _ in range(STEPS):
        rows = some_rows(draw, draw.randrange(1, 40))
        before = state_of(books)
        log[COUNT] = 0
        apply(books, log, rows)
        after = state_of(books)
        for _ in range(2):
            _kernels.restore(books.words, log)
            assert np.array_equal(state_of(books), before)
        log[COUNT] = 0
        apply(books, log, rows)
        assert np.array_equal(state_of(books), after)
    assert log[NO_ROOM] == 0


def test_a_step_can_be_undone_from_wherever_it_stopped() -> None:
    """A kill leaves the entries so far, and any part of what comes behind the last of them."""
    draw = random.Random(12)
    books, log = L3Books.create(4, orders=64), np.zeros(log_words(1 << 14), np.int64)
    apply(books, np.zeros(0, np.int64), some_rows(draw, 80))
    before = state_of(books)
    apply(books, log, some_rows(draw, 12))
    after = state_of(books)
    entries = log[16 : 16 + 5 * log[COUNT]].reshape(-1, 5)
    for count in range(0, len(entries) + 1, 1 if JIT else 7):
        # The words of a group are as they are when it is kept next, or at the end of the step.
        stopped = before.copy()
        for at in {int(entry[0]) for entry in entries[:count]}:
            later = [entry for entry in entries[count:] if entry[0] == at]
            stopped[at : at + 4] = later[0][1:] if later else after[at : at + 4]
        killed = L3Books(stopped)
        short = log.copy()
        short[COUNT] = count
        _kernels.restore(killed.words, short)
        assert np.array_equal(state_of(killed), before)


def test_a_step_without_room_empties_the_store_and_says_so() -> None:
    books, log = L3Books.create(4, orders=64), np.zeros(log_words(8), np.int64)
    apply(books, log, some_rows(random.Random(1), 30))
    assert log[IS_LOST] == 1
    assert log[NO_ROOM] > 0
    assert _kernels.restore(books.words, log) == -1
    assert books.live_orders == 0
    assert books.counters()["stores_lost"] == 1
    apply(books, np.zeros(0, np.int64), [order_record(1, "A", "B", 5, 10, 1)])
    assert books[1].doubts == ["no_snapshot", "worker_died"]
    assert books[1].queue("bid", 10) == [(5, 1)]


@pytest.mark.parametrize(("first", "last", "groups"), [(4, 4, 1), (5, 8, 2), (7, 6, 1), (4, 15, 3)])
def test_every_group_with_a_word_of_a_range_is_kept(first: int, last: int, groups: int) -> None:
    o, log = np.arange(64), np.zeros(log_words(8), np.int64)
    assert keep_words(o, log, first, last) == groups
    assert log[16:21].tolist() == [4, 4, 5, 6, 7]
    assert keep_words(o, np.zeros(0, np.int64), first, last) == 0
