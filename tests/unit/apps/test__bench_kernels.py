"""What the benchmarks measure is real work: every word of every record is written and read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from zerofeed.apps import _bench_kernels as bk
from zerofeed.base.clock import monotonic_ns
from zerofeed.feed.members import enlist
from zerofeed.shm import _ring_kernels as k
from zerofeed.shm.ring import CursorPage, CursorTable, Ring, RingView

# Both ends spin: as plain Python they would fight for the interpreter's lock.
pytestmark = pytest.mark.compiled

CAPACITY = 64
ONE = np.ones(1, np.int64)


class BothEnds:
    """A ring of 64 records, its writer's view and its readers'."""

    def __init__(self, readers: int = 0) -> None:
        self.ring = Ring("test", CAPACITY, 64, max_claim=CAPACITY // 2)
        self.table = CursorTable()
        self.items = self._words(self.ring)
        self.view = RingView(self.ring.fd, self.ring.shape)
        self.seen = self._words(self.view)
        self.pages = [CursorPage() for _ in range(readers)]
        for slot, page in enumerate(self.pages):
            enlist(self.ring, self.table, slot, "lossless", [page.fd, -1])

    def _words(self, end: Any) -> npt.NDArray[np.int64]:
        return end.mapping.view(np.int64, self.ring.shape.head_bytes, 2 * CAPACITY * 8)


def sum_of(records: int) -> int:
    """The sum of all words, when word ``w`` of record ``r`` is ``8 r + w``."""
    words = records * 8
    return words * (words - 1) // 2


@pytest.mark.slow
@pytest.mark.parametrize("readers", [1, 2, 4])
@pytest.mark.parametrize("batch", [1, 16])
def test_every_lossless_reader_adds_up_every_word(readers: int, batch: int) -> None:
    ends = BothEnds(readers)
    count = 40 * CAPACITY
    totals = np.zeros((readers, 2), np.int64)

    def consume(reader: int) -> int:
        return bk.consume(
            ends.view.control, ends.seen, ends.pages[reader].words, count, totals[reader]
        )

    with ThreadPoolExecutor(readers) as threads:
        done = [threads.submit(consume, reader) for reader in range(readers)]
        took_ns = bk.produce(ends.ring.control, ends.table.words, ends.items, ONE, count, batch)
        assert all(reader.result(20.0) > 0 for reader in done)
    assert took_ns > 0
    assert totals[:, 0].tolist() == [sum_of(count)] * readers
    assert totals[:, 1].tolist() == [0] * readers
    assert [int(page.words[k.POSITION]) for page in ends.pages] == [count] * readers
    assert int(ends.ring.control[k.PUBLISHED]) == count


def test_a_reader_that_comes_too_late_counts_what_was_overwritten() -> None:
    ends = BothEnds()
    page, totals = CursorPage(), np.zeros(2, np.int64)
    bk.produce(ends.ring.control, ends.table.words, ends.items, ONE, 3 * CAPACITY, 16)
    # What is mapped twice over is as much as one look may cover.
    bk.consume(ends.view.control, ends.seen, page.words, 2 * CAPACITY, totals)
    assert totals[1] == 2 * CAPACITY


@pytest.mark.slow
def test_ping_gets_back_what_it_sent() -> None:
    out, back = BothEnds(), BothEnds()
    trips = 10 * CAPACITY
    samples, totals = np.zeros(trips, np.int64), np.zeros(2, np.int64)
    with ThreadPoolExecutor(1) as threads:
        echoed = threads.submit(
            bk.echo,
            out.view.control,
            out.seen,
            back.ring.control,
            back.table.words,
            back.items,
            ONE,
            trips,
        )
        assert trips == bk.ping(
            out.ring.control,
            out.table.words,
            out.items,
            ONE,
            totals,
            back.view.control,
            back.seen,
            trips,
            samples,
        )
        assert echoed.result(20.0) == trips
    # Trip t carries t, t + 1, ..., t + 7.
    assert totals[0] == sum(8 * trip + 28 for trip in range(trips))
    assert (samples > 0).all()


def test_a_paced_record_carries_its_number_and_its_time() -> None:
    ends = BothEnds(readers=1)
    count, totals = 20, np.zeros(2, np.int64)
    began = monotonic_ns()
    with ThreadPoolExecutor(1) as threads:
        reader = threads.submit(
            bk.consume, ends.view.control, ends.seen, ends.pages[0].words, count, totals
        )
        sent = bk.produce_paced(
            ends.ring.control, ends.table.words, ends.items, ONE, count, 50_000, 0
        )
        reader.result(20.0)
    assert sent == count
    records = ends.items.reshape(-1, 8)[:count]
    assert records[:, 0].tolist() == list(range(count))
    times = records[:, 2]
    assert (np.diff(times) >= 50_000).all()
    assert began < times[0] <= times[-1] < monotonic_ns()


def test_ticks_go_forward() -> None:
    first = bk.ticks_now()
    assert 0 < first <= bk.ticks_now()
