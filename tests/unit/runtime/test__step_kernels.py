"""Records get their numbers; a frame that is skipped is a step like any other."""

from __future__ import annotations

import numpy as np
import pytest

from zerofeed.base.kernel import I64, int64, kernel, record_array
from zerofeed.feed.instruments import make_table
from zerofeed.feed.metrics import Metrics, counter_word, state_words
from zerofeed.records.dtypes import RECORD
from zerofeed.records.kinds import INSTRUMENT, TRADE
from zerofeed.runtime._step_kernels import number_records, skip_frame
from zerofeed.shm import journal

__all__: list[str] = []

pytestmark = pytest.mark.compiled


@kernel(int64(record_array(RECORD), int64, int64, int64, I64))
def number(records, at, count, first_seq, words):
    number_records(records, at, count, first_seq, words)
    return 0


@pytest.mark.parametrize(("at", "count"), [(0, 5), (2, 3), (4, 0)])
def test_records_are_numbered_from_where_they_begin(at: int, count: int) -> None:
    records = np.zeros(8, RECORD)
    records["seq"] = -1
    records["kind"] = TRADE
    rows, _ = make_table(16)
    number(records, at, count, 100, rows.view(np.int64))
    expected = np.full(8, -1)
    expected[at : at + count] = 100 + np.arange(count)
    assert records["seq"].tolist() == expected.tolist()


def test_a_definition_is_told_the_number_of_its_record() -> None:
    records = np.zeros(2, RECORD)
    records["kind"] = INSTRUMENT
    records["instrument"] = (3, 5)
    rows, _ = make_table(16)
    number(records, 0, 2, 40, rows.view(np.int64))
    assert (rows["definition_seq"][3], rows["definition_seq"][5]) == (40, 41)


def test_a_skipped_frame_is_a_finished_step_that_published_nothing() -> None:
    state = np.zeros(state_words(0), np.int64)
    journal.prepare(state)
    state[journal.DONE] = 9
    state[counter_word("frames_taken")] = 4
    assert skip_frame(state, 5, 321, 1000) == 0, "it is not the next one"
    assert skip_frame(state, 4, 321, 1000) == 1
    metrics = Metrics(state)
    counters = {name: value for name, value in metrics.counters().items() if value}
    assert counters == {
        "frames_taken": 5, "packets_received": 1, "packets_malformed": 1, "bytes_received": 321,
    }  # fmt: skip
    assert (state[journal.STEP], state[journal.DONE], state[journal.TARGET]) == (9, 10, 1000)


def test_a_kill_in_the_middle_of_skipping_is_undone() -> None:
    state = np.zeros(state_words(0), np.int64)
    journal.prepare(state)
    skip_frame(state, 0, 10, 0)
    # Killed before it was sealed.
    state[journal.DONE], state[journal.TARGET] = 0, -1
    assert journal.recover(state, 0) == 0
    assert not any(Metrics(state).counters().values())
