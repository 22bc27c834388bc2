"""The parts that all messages share: a record's words, ids, times, and the state that a kill must not spoil."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.codecs.deribit import naive
from tests.unit.codecs.deribit.harness import rows_of
from zerofeed.base.kernel import I64, int64, kernel
from zerofeed.codecs.deribit import _message_kernels as m
from zerofeed.codecs.deribit._kernels import decode_packets
from zerofeed.feed.instruments import make_table
from zerofeed.records.dtypes import RECORD
from zerofeed.records.units import UNDEF
from zerofeed.shm import journal


@kernel(int64(I64, int64, int64, int64, int64, int64))
def put_one(records, row, kind, side, action, flags):
    """Store one record with numbered words."""
    m.put_record(records, 1, 11, 22, m.head_of(row, kind, side, action, flags), 4, 5, 6, 7)
    return 0


@kernel(int64(int64))
def nanoseconds_of(milliseconds):
    """Call an inlined function."""
    return m.nanoseconds(milliseconds)


@kernel(int64(int64))
def identity_of(value):
    """Call an inlined function."""
    return m.identity(value)


@pytest.mark.parametrize("flags", [0, 1, 127, 128, 255])
def test_record_has_its_columns_where_the_format_says(flags: int) -> None:
    records = np.zeros(3, RECORD)
    put_one(records.view(np.int64), 2**32 - 1, 255, 254, 253, flags)
    record = records[1]
    assert (record["ts_event_ns"], record["ts_recv_ns"], record["instrument"]) == (
        11,
        22,
        2**32 - 1,
    )
    assert (record["kind"], record["side"], record["action"]) == (255, 254, 253)
    assert record["flags"] == flags
    assert (record["price"], record["size"], record["trade_id"], record["trade_seq"]) == (
        4,
        5,
        6,
        7,
    )
    assert records.view(np.int64).reshape(3, 8)[[0, 2]].any() == np.False_
    assert record["seq"] == 0


@pytest.mark.parametrize(
    ("milliseconds", "nanoseconds"),
    [
        (0, 0),
        (1_700_000_000_000, 1_700_000_000_000_000_000),
        (9_223_372_036_854, 9_223_372_036_854_000_000),
        (9_223_372_036_855, UNDEF),
        (-1, UNDEF),
    ],
)
def test_milliseconds_become_nanoseconds_or_undefined(milliseconds: int, nanoseconds: int) -> None:
    assert nanoseconds_of(milliseconds) == nanoseconds


def test_only_the_null_of_an_id_is_undefined() -> None:
    assert [identity_of(value) for value in (-1, 0, -2, 2**63 - 1)] == [UNDEF, 0, -2, 2**63 - 1]


STEPS = [
    naive.packet(naive.definition(1), naive.ticker(1, state=1)),
    naive.packet(naive.snapshot(1, [(0, 5.0, 1.0)], is_last=0), naive.price_index(b"x", 1.0)),
    naive.packet(naive.definition(1, tick=0.1), naive.ticker(1, state=2), naive.rfq(2)),
    naive.packet(naive.snapshot(1, [(0, 6.0, 1.0)], is_last=1), naive.price_index(b"x", 2.0)),
    naive.packet(naive.snapshot(1, [(1, 4.0, 1.0)]), naive.legs(1, (2, 1), (3, 1))),
]


def steps(*, repeated: bool) -> list[naive.Row]:
    """Process STEPS; with ``repeated``, each is done, lost before publication, undone and redone."""
    rows, lookup = make_table(16)
    state = np.zeros(journal.DATA + m.SCRATCH_WORDS + 16 * m.STATE_WORDS, np.int64)
    journal.prepare(state)
    records = np.zeros(100, RECORD)
    result, counts = np.zeros(m.RESULT_WORDS, np.int64), np.zeros(32, np.int64)
    zero = np.zeros(1, np.int64)
    published: list[naive.Row] = []
    for data in STEPS:
        buffer = np.frombuffer(data, np.uint8)
        for attempt in range(2 if repeated else 1):
            stored = decode_packets(
                buffer, zero, np.array([len(data)]), zero, 0, rows.view(np.int64), lookup, state,
                journal.DATA, records.view(np.int64), 100, result, counts,
            )  # fmt: skip
            if repeated and attempt == 0:
                # decode_packets counts steps from 1; a journal that says so is undone.
                state[journal.DONE] = state[journal.STEP]
                journal.recover(state, 0)
        published += rows_of(records[:stored])
    return published


def test_step_that_was_undone_gives_the_same_records_again() -> None:
    assert steps(repeated=True) == steps(repeated=False)
