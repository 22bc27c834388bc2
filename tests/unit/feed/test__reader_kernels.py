"""Filtering and handling look at copies that were whole, and account for every record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.feed.feeds import is_whole, records
from zerofeed.base.kernel import JIT, handler_of, inlined
from zerofeed.feed import _reader_kernels as rk
from zerofeed.records.dtypes import RECORD
from zerofeed.records.kinds import LEVEL, TRADE
from zerofeed.shm import _ring_kernels as k

CAPACITY = 128
FOREVER = 2**62


class PlainRing:
    """A ring in private memory: what a reader of ``published`` records finds."""

    def __init__(self, published: int, claimed: int = 0) -> None:
        self.control = np.zeros(k.CONTROL_WORDS, np.int64)
        self.control[k.CAPACITY] = CAPACITY
        self.control[k.PUBLISHED] = published
        self.control[k.CLAIMED] = published + claimed
        self.cursor = np.zeros(k.CURSOR_WORDS, np.int64)
        self.items = np.zeros(2 * CAPACITY, RECORD)
        kept = range(max(0, published - CAPACITY), published)
        for seq in kept:
            for place in (seq % CAPACITY, seq % CAPACITY + CAPACITY):
                self.items[place] = records(seq, 1)[0]
                self.items[place]["seq"] = seq
        for seq in range(published, published + claimed):
            for place in (seq % CAPACITY, seq % CAPACITY + CAPACITY):
                self.items[place] = np.zeros(1, RECORD)[0]
        self.scratch = np.zeros(rk.CHUNK, RECORD)
        self.result = np.zeros(4, np.int64)

    def take(
        self,
        start: int,
        end: int,
        *,
        mask: int = rk.KIND_ALL,
        wanted: npt.NDArray[np.uint8] | None = None,
        room: int = 256,
    ) -> npt.NDArray[Any]:
        out = np.zeros(room, RECORD)
        count = rk.take_matching(
            self.control,
            self.items,
            self.cursor,
            start,
            end,
            mask,
            np.zeros(0, np.uint8) if wanted is None else wanted,
            self.scratch,
            out,
            self.result,
        )
        return out[:count]

    def accounts(self, start: int) -> bool:
        following, lost, seen = self.result[:3].tolist()
        page = self.cursor[[k.POSITION, k.LOST, k.CONSUMED]].tolist()
        return following - start == lost + seen and page == [following, lost, seen]


@pytest.mark.parametrize("count", [0, 1, rk.CHUNK - 1, rk.CHUNK, rk.CHUNK + 1, CAPACITY])
def test_everything_passes_without_a_filter_across_the_seam_too(count: int) -> None:
    ring = PlainRing(200)
    taken = ring.take(200 - count, 200)
    assert taken["seq"].tolist() == list(range(200 - count, 200))
    assert is_whole(taken)
    assert ring.accounts(200 - count)


@pytest.mark.parametrize("kinds", [(TRADE,), (TRADE, LEVEL), ()])
def test_only_the_kinds_asked_for_pass(kinds: tuple[int, ...]) -> None:
    ring = PlainRing(100)
    taken = ring.take(0, 100, mask=sum(1 << kind for kind in kinds))
    expected = records(0, 100)["kind"]
    assert taken["seq"].tolist() == [n for n in range(100) if expected[n] in kinds]
    assert ring.result[rk.RESULT_SEEN] == 100


def test_a_kind_that_is_no_kind_passes_no_filter() -> None:
    """Shifted by 65, bit 1 of a mask would be bit 1 again."""
    ring = PlainRing(3)
    ring.items["kind"] = [64 + TRADE, 255, 200] + [0] * (2 * CAPACITY - 3)
    assert ring.take(0, 3, mask=1 << TRADE).size == 0
    assert ring.take(0, 3).size == 3


def test_only_the_instruments_wanted_pass_and_rows_beyond_the_table_do_not() -> None:
    ring = PlainRing(100)
    wanted = np.array([0, 1, 0, 1], np.uint8)
    taken = ring.take(0, 100, wanted=wanted)
    assert taken["seq"].tolist() == [n for n in range(100) if n % 7 in {1, 3}]


@pytest.mark.parametrize("room", [1, 5, rk.CHUNK, rk.CHUNK + 1])
def test_looking_stops_before_the_output_is_full_and_goes_on_where_it_stopped(room: int) -> None:
    ring = PlainRing(100)
    position, seqs = 0, []
    while position < 100:
        taken = ring.take(position, 100, room=room)
        assert 0 < taken.size <= room
        seqs += taken["seq"].tolist()
        position = int(ring.result[rk.RESULT_NEXT])
    assert seqs == list(range(100))


@given(
    st.integers(0, 3 * CAPACITY),
    st.integers(0, CAPACITY // 2),
    st.integers(0, 3 * CAPACITY),
    st.integers(-1, 7),
)
@settings(max_examples=60)
def test_what_the_writer_may_be_overwriting_is_lost_and_counted_and_the_rest_is_whole(
    published: int, claimed: int, start: int, mask: int
) -> None:
    start = min(start, published)
    ring = PlainRing(published, claimed)
    taken = ring.take(start, published, mask=mask, room=CAPACITY)
    assert ring.accounts(start)
    assert is_whole(taken)
    lost = int(ring.result[rk.RESULT_LOST])
    overwritten = max(0, published + claimed - CAPACITY - start)
    if overwritten == 0:
        assert lost == 0
    else:
        assert overwritten <= lost <= overwritten + CAPACITY // 8 + rk.CHUNK
    if mask == rk.KIND_ALL:
        assert taken["seq"].tolist() == list(range(start + lost, published))


@given(st.integers(0, 400), st.integers(0, 64), st.integers(0, 128), st.integers(0, 128))
def test_settling_counts_as_lost_exactly_what_a_claim_has_reached(
    published: int, claimed: int, back: int, count: int
) -> None:
    control = np.zeros(k.CONTROL_WORDS, np.int64)
    control[k.CAPACITY] = CAPACITY
    control[k.PUBLISHED], control[k.CLAIMED] = published, published + claimed
    cursor = np.zeros(k.CURSOR_WORDS, np.int64)
    start = max(0, published - back)
    end = min(published, start + count)
    torn = rk.settle(control, cursor, start, end)
    reached = [seq for seq in range(start, end) if seq < published + claimed - CAPACITY]
    assert torn == cursor[k.LOST] == len(reached)
    assert cursor[k.CONSUMED] == end - start - torn
    assert cursor[k.POSITION] == end


@pytest.mark.parametrize("published", [0, 7])
def test_announcing_a_sleep_says_what_was_seen_and_looks_again(published: int) -> None:
    ring = PlainRing(published)
    assert rk.announce_sleep(ring.control, ring.cursor, 5) == published
    assert ring.cursor[k.WAITING] == 2 * 5 + 1
    assert ring.cursor[k.SLEEPS_ON] == k.BELL


@inlined
def gather(record, state):  # type: ignore[no-untyped-def]
    state[0] += 1
    state[1] += record["seq"]


@inlined
def fail_at_70(record, state):  # type: ignore[no-untyped-def]
    if record["seq"] == 70:
        raise ValueError("seventy")
    state[0] += 1


@pytest.fixture(scope="module")
def loop() -> Any:
    return handler_of(rk.build_loop(gather))


def run(loop: Any, ring: PlainRing, start: int, until: int, deadline: int = FOREVER) -> list[int]:
    state = np.zeros(2, np.int64)
    loop(
        ring.control, ring.items, ring.cursor, ring.scratch, state, start, until, 1, deadline,
        ring.result,
    )  # fmt: skip
    return state.tolist()


def test_a_loop_hands_every_record_to_its_handler_once(loop: Any) -> None:
    ring = PlainRing(100)
    assert run(loop, ring, 0, FOREVER) == [100, sum(range(100))]
    assert ring.accounts(0)


def test_a_loop_stops_at_the_sequence_number_asked_for(loop: Any) -> None:
    ring = PlainRing(100)
    assert run(loop, ring, 10, 75) == [65, sum(range(10, 75))]
    assert ring.result[rk.RESULT_NEXT] == 75


def test_a_loop_that_was_lapped_counts_what_it_lost(loop: Any) -> None:
    ring = PlainRing(300, 30)
    count, total = run(loop, ring, 100, FOREVER)
    lost = int(ring.result[rk.RESULT_LOST])
    assert ring.accounts(100)
    assert lost >= 300 + 30 - CAPACITY - 100
    assert (count, total) == (200 - lost, sum(range(100 + lost, 300)))


def test_a_loop_that_is_never_idle_still_looks_at_its_deadline(loop: Any) -> None:
    """A feed that trickles faster than the loop's patience would keep it for ever."""

    class EndlessControl(np.ndarray):
        def __getitem__(self, index: Any) -> Any:
            if index == k.PUBLISHED:
                self.view(np.ndarray)[k.PUBLISHED] += 1
            return super().__getitem__(index)

    if JIT:
        pytest.skip("the endless feed is a Python class; runs with NUMBA_DISABLE_JIT=1")
    ring = PlainRing(0)
    ring.control = ring.control.view(EndlessControl)
    run(loop, ring, 0, FOREVER, deadline=0)
    assert ring.result[rk.RESULT_SEEN] <= 256


def test_after_a_handler_raised_the_page_says_how_far_it_came() -> None:
    failing: Callable[..., Any] = handler_of(rk.build_loop(fail_at_70))
    ring = PlainRing(100)
    with pytest.raises(ValueError, match="seventy"):
        run(failing, ring, 0, FOREVER)
    assert ring.cursor[k.POSITION] == ring.cursor[k.CONSUMED] == rk.CHUNK
