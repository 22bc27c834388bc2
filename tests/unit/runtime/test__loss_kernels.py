"""A gap and a restart are counted and become records; books are bound to their channel once."""

from __future__ import annotations

import numpy as np
import pytest

from zerofeed.base.kernel import I64, int64, kernel, record_array
from zerofeed.books.l2 import L2Books
from zerofeed.books.layout import B_CHANNEL, HEADER_WORDS
from zerofeed.feed.metrics import Metrics, state_words
from zerofeed.records.dtypes import RECORD
from zerofeed.records.kinds import GAP, RESET
from zerofeed.records.units import UNDEF
from zerofeed.runtime import _loss_kernels as k
from zerofeed.sequencing._tracker_kernels import ACCEPTED, JUMPED, RESTARTED
from zerofeed.shm import journal

__all__: list[str] = []

# Records are written by attribute, which only compiled code can.
pytestmark = pytest.mark.compiled


@kernel(int64(int64, I64, record_array(RECORD), int64, int64))
def note(verdict, state, records, expected, received) -> int:
    """What kernels alone can call."""
    return k.note_verdict(verdict, state, records, 0, expected, received, 3, 99)


@kernel(int64(I64, int64, int64))
def bind(books, row, channel) -> int:
    """What kernels alone can call."""
    k.bind_book(books, row, channel)
    return 0


def noted(verdict: int) -> tuple[int, np.ndarray, Metrics]:
    state, records = np.zeros(state_words(0), np.int64), np.zeros(1, RECORD)
    journal.prepare(state)
    return note(verdict, state, records, 5, 8), records[0], Metrics(state)


def test_a_gap_says_what_is_missing() -> None:
    count, record, metrics = noted(JUMPED)
    assert count == 1
    assert (record["kind"], record["channel"], record["ts_recv_ns"]) == (GAP, 3, 99)
    assert (record["expected_seq"], record["received_seq"], record["missing_count"]) == (5, 8, 3)
    assert record["ts_event_ns"] == UNDEF
    assert (metrics["gaps"], metrics["packets_missing"], metrics["resets"]) == (1, 3, 0)


def test_a_restart_is_no_loss() -> None:
    count, record, metrics = noted(RESTARTED)
    assert (count, record["kind"], record["missing_count"]) == (1, RESET, 0)
    assert (metrics["gaps"], metrics["packets_missing"], metrics["resets"]) == (0, 0, 1)


def test_what_is_in_order_makes_no_record() -> None:
    count, record, metrics = noted(ACCEPTED)
    assert (count, record["kind"], metrics["gaps"]) == (0, 0, 0)


def test_a_book_stays_with_the_channel_that_it_was_first_seen_on() -> None:
    books = L2Books.create(4, capacity=8, depth=4)
    for row, channel in ((1, 7), (1, 8), (4, 9), (-1, 9)):
        bind(books.words, row, channel)
    heads = books.words[HEADER_WORDS:].reshape(-1)[: 4 * 32].reshape(4, 32)
    assert heads[:, B_CHANNEL].tolist() == [UNDEF, 7, UNDEF, UNDEF]
