"""A row read under its seqlock is whole, whenever its writer was writing or died."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.children import Child
from zerofeed.base.kernel import I64, I64_RO, int64, kernel
from zerofeed.base.status import NOT_READY, OK
from zerofeed.shm.segment import Segment, map_segment
from zerofeed.shm.seqlock import copy_row, read_row, repair, write_begin, write_end

ROW = np.dtype([("version", "<i8"), ("value", "<i8", 7)])
ROW_WORDS = ROW.itemsize // 8


@kernel(int64(I64, int64))
def begin(words, at):  # type: ignore[no-untyped-def]
    write_begin(words, at)
    return 0


@kernel(int64(I64, int64))
def end(words, at):  # type: ignore[no-untyped-def]
    write_end(words, at)
    return 0


@kernel(int64(I64, int64))
def repaired(words, at):  # type: ignore[no-untyped-def]
    return 1 if repair(words, at) else 0


@kernel(int64(I64, int64, int64))
def fill_often(words, at, times):  # type: ignore[no-untyped-def]
    """Give all seven values of a row the same number, again and again."""
    for number in range(times):
        write_begin(words, at)
        for index in range(1, 8):
            words[at + index] = number
        write_end(words, at)
    return 0


def table(rows: int = 3) -> np.ndarray:
    return np.zeros(rows, ROW)


def test_a_quiet_row_is_copied_with_its_even_version() -> None:
    rows = table()
    fill_often(rows.view(np.int64), ROW_WORDS, 3)
    row = read_row(rows, 1)[0]
    assert row["version"] == 6
    assert row["value"].tolist() == [2] * 7


def test_only_the_row_asked_for_is_copied() -> None:
    rows = table()
    words = rows.view(np.int64)
    words[:] = np.arange(words.size) * 2
    out = np.full(ROW_WORDS + 1, -1, np.int64)
    assert copy_row(words, ROW_WORDS, ROW_WORDS, out, 1) == OK
    assert out.tolist() == [*words[ROW_WORDS : 2 * ROW_WORDS].tolist(), -1]


def test_a_row_being_written_is_never_handed_out() -> None:
    rows = table()
    words = rows.view(np.int64)
    begin(words, 0)
    assert copy_row(words, 0, ROW_WORDS, np.zeros(ROW_WORDS, np.int64), 10) == NOT_READY
    with pytest.raises(TimeoutError, match="row 0"):
        read_row(rows, 0, attempts=3, rounds=2)
    end(words, 0)
    assert copy_row(words, 0, ROW_WORDS, np.zeros(ROW_WORDS, np.int64), 1) == OK


def test_repair_makes_a_dead_writers_row_readable_and_says_so() -> None:
    rows = table()
    words = rows.view(np.int64)
    begin(words, 0)
    assert repaired(words, 0) == 1
    assert read_row(rows, 0)["version"] == 2
    assert repaired(words, 0) == 0
    assert words[0] == 2


def test_a_successor_may_write_a_row_that_its_predecessor_left_odd() -> None:
    words = table().view(np.int64)
    begin(words, 0)
    fill_often(words, 0, 1)
    assert words[0] == 2


@kernel(int64(I64_RO, int64, I64, I64))
def read_often(words, times, out, report):  # type: ignore[no-untyped-def]
    """Copy a row again and again; report whole copies, torn ones and changes between them."""
    before = -1
    for _ in range(times):
        if copy_row(words, 0, 8, out, 100) != OK:
            continue
        report[0] += 1
        for index in range(2, 8):
            if out[index] != out[1] or out[0] & 1:
                report[1] += 1
        if out[1] != before:
            report[2] += 1
            before = out[1]
    return 0


@pytest.mark.slow
@pytest.mark.compiled
def test_reader_never_sees_a_torn_row_while_another_process_hammers_it() -> None:
    segment = Segment("seqlock-test", 4096)
    words = segment.mapping.view(np.int64)
    is_enough = 64  # word that the reader sets when it has seen enough

    def hammer() -> int:
        while words[is_enough] == 0:
            fill_often(words, 0, 100_000)
        return int(words[1])

    report = np.zeros(3, np.int64)
    with Child(hammer) as child:
        view = map_segment(segment.fd, 4096).view(np.int64)
        while report[2] < 1_000:
            read_often(view, 100_000, np.zeros(8, np.int64), report)
        words[is_enough] = 1
        assert child.result() == 99_999
    whole, torn, _changes = report.tolist()
    assert torn == 0
    assert whole > 1_000
    assert read_row(view[:8].view(ROW), 0)["value"][0].tolist() == [99_999] * 7
