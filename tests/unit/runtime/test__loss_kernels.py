"""A gap and a restart are counted and told; nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

from zerofeed.base.kernel import I64, int64, kernel, record_array
from zerofeed.books import _kernels as books
from zerofeed.books.layout import B_CHANNEL, HEADER_WORDS, store_words
from zerofeed.feed.metrics import Metrics, state_words
from zerofeed.records import kinds
from zerofeed.records.dtypes import RECORD
from zerofeed.records.units import UNDEF
from zerofeed.runtime._loss_kernels import bind_book, note_verdict
from zerofeed.sequencing._tracker_kernels import (
    ACCEPTED,
    DUPLICATE,
    JUMPED,
    OVERLAPPED,
    RESTARTED,
)
from zerofeed.shm import journal

__all__: list[str] = []

# Records have attributes in compiled code alone.
pytestmark = pytest.mark.compiled


@kernel(int64(int64, I64, record_array(RECORD), int64, int64))
def note(verdict: int, state, records, expected: int, received: int) -> int:
    return note_verdict(verdict, state, records, 0, expected, received, 3, 77)


@kernel(int64(I64, int64, int64))
def bind(store, row: int, channel: int) -> int:
    bind_book(store, row, channel)
    return 0


def noted(verdict: int, expected: int, received: int):
    """What was written, and the counters."""
    state = np.zeros(state_words(0), np.int64)
    journal.prepare(state)
    records = np.zeros(1, RECORD)
    count = note(verdict, state, records, expected, received)
    return count, records[0], Metrics(state)


def test_a_gap_says_what_is_missing() -> None:
    count, record, metrics = noted(JUMPED, 10, 15)
    assert (count, record["kind"], record["missing_count"]) == (1, kinds.GAP, 5)
    assert (record["expected_seq"], record["received_seq"], record["channel"]) == (10, 15, 3)
    assert (record["ts_event_ns"], record["ts_recv_ns"], record["instrument"]) == (UNDEF, 77, 0)
    assert (metrics["gaps"], metrics["packets_missing"], metrics["resets"]) == (1, 5, 0)


def test_a_restart_is_no_loss() -> None:
    count, record, metrics = noted(RESTARTED, 500, 1)
    assert (count, record["kind"], record["missing_count"]) == (1, kinds.RESET, 0)
    assert (metrics["gaps"], metrics["packets_missing"], metrics["resets"]) == (0, 0, 1)


@pytest.mark.parametrize("verdict", [ACCEPTED, DUPLICATE, OVERLAPPED])
def test_other_verdicts_make_no_record(verdict: int) -> None:
    count, record, metrics = noted(verdict, 10, 15)
    assert (count, record["kind"]) == (0, 0)
    assert metrics["gaps"] == metrics["resets"] == metrics["packets_missing"] == 0


def test_a_book_keeps_the_channel_that_it_was_first_seen_on() -> None:
    store = np.zeros(store_words(2, 8), np.int64)
    assert books.initialize(store, 2, 8, 0, 4) == 0
    for row, channel in ((1, 5), (1, 6), (0, 7), (-1, 8), (2, 8)):
        bind(store, row, channel)
    heads = store[HEADER_WORDS : HEADER_WORDS + 64].reshape(2, 32)
    assert heads[:, B_CHANNEL].tolist() == [7, 5]
