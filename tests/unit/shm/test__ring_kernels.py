"""Claim, gate, publish, wake: the ring's protocol against slow oracles of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.shm.plain import Killed, Stores, twin_of
from zerofeed.base.kernel import I64, I64_RO, int64, kernel
from zerofeed.base.status import OK, WOULD_BLOCK
from zerofeed.shm import _ring_kernels as k

CAPACITY = 16
MAX_CLAIM = 8
PLAIN = twin_of(k)


def control_page(capacity: int = CAPACITY, published: int = 0) -> npt.NDArray[np.int64]:
    control = np.zeros(k.CONTROL_WORDS, np.int64)
    control[k.CAPACITY] = capacity
    control[k.MAX_CLAIM] = capacity // 2
    control[k.CLAIMED] = control[k.PUBLISHED] = published
    control[k.BELLS : k.BELLS + k.MAX_READERS] = -1
    control[k.GATE] = -capacity
    return control


def cursor_pages(readers: int) -> npt.NDArray[np.int64]:
    return np.zeros(readers * k.CURSOR_WORDS, np.int64)


def set_reader(
    control: npt.NDArray[np.int64],
    cursors: npt.NDArray[np.int64],
    slot: int,
    mode: int,
    position: int,
) -> None:
    control[k.MODES + slot] = mode
    control[k.SLOTS] = max(control[k.SLOTS], slot + 1)
    control[k.GATE] = -control[k.CAPACITY]
    cursors[slot * k.CURSOR_WORDS + k.POSITION] = position


@kernel(int64(I64, int64, int64))
def publish(control, count, now_ns):  # type: ignore[no-untyped-def]
    k.publish(control, count, now_ns)
    return 0


@kernel(int64(I64, I64, int64))
def retire(control, cursors, below):  # type: ignore[no-untyped-def]
    return k.retire(control, cursors, below)


@kernel(int64(I64_RO))
def available(control):  # type: ignore[no-untyped-def]
    return k.available(control)


def test_no_word_of_the_control_page_ever_moves() -> None:
    words = [
        k.CLAIMED, k.GATE, k.PUBLISHED, k.PUBLISHED_AT_NS, k.CAPACITY, k.MAX_CLAIM, k.ITEM_BYTES,
        k.EPOCH, k.SLOTS, k.AHEAD, k.MODES, k.WOKEN, k.BELLS, k.CONTROL_WORDS,
    ]  # fmt: skip
    assert words == [0, 1, 16, 17, 32, 33, 34, 35, 36, 37, 64, 192, 320, 512]
    assert k.MODES + k.MAX_READERS <= k.WOKEN
    assert k.WOKEN + k.MAX_READERS <= k.BELLS
    assert k.BELLS + k.MAX_READERS <= k.CONTROL_WORDS


def test_no_word_of_a_cursor_page_ever_moves() -> None:
    words = [k.POSITION, k.CONSUMED, k.LOST, k.WAITING, k.SLEEPS_ON, k.CURSOR_WORDS]
    assert words == [0, 1, 2, 16, 17, 512]


def test_counters_of_different_writers_and_readers_have_lines_of_their_own() -> None:
    lines = [word // 16 for word in (k.CLAIMED, k.PUBLISHED, k.CAPACITY, k.MODES)]
    assert len(set(lines)) == len(lines)
    assert k.POSITION // 16 != k.WAITING // 16


def test_modes_never_change_their_numbers() -> None:
    assert (k.FREE, k.LOSSY, k.LOSSLESS, k.DEGRADED, k.FUTEX, k.BELL) == (0, 1, 2, 3, 1, 2)


def test_a_claim_announces_and_a_publication_makes_visible() -> None:
    control, cursors = control_page(), cursor_pages(1)
    assert k.try_claim(control, cursors, 5) == OK
    assert (control[k.CLAIMED], available(control)) == (5, 0)
    publish(control, 3, 99)
    assert (control[k.CLAIMED], available(control), control[k.PUBLISHED_AT_NS]) == (5, 3, 99)


def test_a_successor_that_claims_less_than_the_dead_writer_had_does_not_lower_the_claim() -> None:
    control, cursors = control_page(), cursor_pages(1)
    k.try_claim(control, cursors, 8)
    k.try_claim(control, cursors, 1)
    assert control[k.CLAIMED] == 8


def test_a_claim_goes_ahead_so_that_the_next_ones_find_it_made() -> None:
    control, cursors = control_page(), cursor_pages(1)
    control[k.AHEAD] = 3
    seen = []
    for _ in range(8):
        assert k.try_claim(control, cursors, 1) == OK
        publish(control, 1, 0)
        seen.append(int(control[k.CLAIMED]))
    assert seen == [4, 4, 4, 4, 8, 8, 8, 8]


def test_a_claim_goes_no_further_ahead_than_a_lossless_reader_lets_it() -> None:
    control, cursors = control_page(published=CAPACITY), cursor_pages(1)
    control[k.AHEAD] = 5
    set_reader(control, cursors, 0, k.LOSSLESS, position=3)
    assert k.try_claim(control, cursors, 2) == OK
    assert control[k.CLAIMED] == 3 + CAPACITY
    publish(control, 2, 0)
    assert k.try_claim(control, cursors, 1) == OK
    publish(control, 1, 0)
    assert k.try_claim(control, cursors, 1) == WOULD_BLOCK
    assert control[k.CLAIMED] == 3 + CAPACITY


def test_a_lossy_reader_never_blocks_a_claim() -> None:
    control, cursors = control_page(published=1000), cursor_pages(1)
    set_reader(control, cursors, 0, k.LOSSY, 0)
    assert k.try_claim(control, cursors, MAX_CLAIM) == OK


@pytest.mark.parametrize("mode", [k.FREE, k.LOSSY, k.DEGRADED])
def test_only_a_lossless_reader_is_waited_for(mode: int) -> None:
    control, cursors = control_page(published=CAPACITY), cursor_pages(1)
    set_reader(control, cursors, 0, k.LOSSLESS, 0)
    assert k.try_claim(control, cursors, 1) == WOULD_BLOCK
    set_reader(control, cursors, 0, mode, 0)
    assert k.try_claim(control, cursors, 1) == OK


def test_a_claim_that_would_block_changes_nothing_that_readers_see() -> None:
    control, cursors = control_page(published=CAPACITY), cursor_pages(1)
    set_reader(control, cursors, 0, k.LOSSLESS, 3)
    before = control.copy()
    assert k.try_claim(control, cursors, 4) == WOULD_BLOCK
    before[k.GATE] = control[k.GATE]
    assert control.tolist() == before.tolist()
    assert k.try_claim(control, cursors, 3) == OK


def test_what_is_retired_is_overrun_for_readers_and_the_rest_is_not() -> None:
    control, cursors = control_page(published=20), cursor_pages(1)
    assert k.overrun_below(control) == 20 - CAPACITY
    assert retire(control, cursors, 15) == OK
    assert k.overrun_below(control) == 15
    assert retire(control, cursors, 9) == OK
    assert k.overrun_below(control) == 15, "a claim is never lowered"


def test_nothing_is_retired_that_is_not_published() -> None:
    control, cursors = control_page(published=20), cursor_pages(1)
    assert retire(control, cursors, 99) == OK
    assert k.overrun_below(control) == 20


def test_a_lossless_reader_keeps_records_from_being_retired() -> None:
    control, cursors = control_page(published=20), cursor_pages(1)
    set_reader(control, cursors, 0, k.LOSSLESS, 12)
    before = int(control[k.CLAIMED])
    assert retire(control, cursors, 13) == WOULD_BLOCK
    assert control[k.CLAIMED] == before
    assert retire(control, cursors, 12) == OK
    cursors[k.POSITION] = 13
    assert retire(control, cursors, 13) == OK


def test_claims_go_on_behind_what_was_retired() -> None:
    control, cursors = control_page(published=20), cursor_pages(1)
    assert retire(control, cursors, 20) == OK
    claimed = int(control[k.CLAIMED])
    assert k.try_claim(control, cursors, MAX_CLAIM) == OK
    assert control[k.CLAIMED] == claimed
    control[k.PUBLISHED] = 30
    assert k.try_claim(control, cursors, MAX_CLAIM) == OK
    assert control[k.CLAIMED] == 38


def test_the_slowest_of_several_lossless_readers_is_the_gate() -> None:
    control, cursors = control_page(published=20), cursor_pages(3)
    for slot, position in enumerate((12, 9, 20)):
        set_reader(control, cursors, slot, k.LOSSLESS, position)
    assert k.slowest_slot(control, cursors) == 1
    assert k.try_claim(control, cursors, 5) == OK
    assert k.try_claim(control, cursors, 6) == WOULD_BLOCK
    cursors[k.CURSOR_WORDS + k.POSITION] = 15
    assert k.slowest_slot(control, cursors) == 0
    assert k.try_claim(control, cursors, 8) == OK


def test_without_a_lossless_reader_none_is_the_slowest() -> None:
    control, cursors = control_page(published=20), cursor_pages(2)
    set_reader(control, cursors, 1, k.DEGRADED, 0)
    assert k.slowest_slot(control, cursors) == -1


@pytest.mark.parametrize("position", [2**63 - 1, 10**12, 2**62 + 5])
def test_a_position_ahead_of_everything_published_is_taken_for_published(position: int) -> None:
    """Otherwise a liar's position would hide the true one of a reader that is behind it."""
    control, cursors = control_page(published=CAPACITY), cursor_pages(2)
    set_reader(control, cursors, 0, k.LOSSLESS, position)
    assert k.try_claim(control, cursors, MAX_CLAIM) == OK
    assert control[k.GATE] <= control[k.PUBLISHED]


@pytest.mark.parametrize("position", [-1, -(10**12), -(2**63)])
def test_a_negative_position_blocks_until_its_reader_is_degraded(position: int) -> None:
    control, cursors = control_page(published=CAPACITY), cursor_pages(1)
    set_reader(control, cursors, 0, k.LOSSLESS, position)
    assert k.try_claim(control, cursors, 1) == WOULD_BLOCK
    assert k.slowest_slot(control, cursors) == 0


@dataclass
class NaiveRing:
    """What the ring promises, in the words of its docstring."""

    published: int = 0
    claimed: int = 0
    lossless: dict[int, int] = field(default_factory=dict)

    def claim(self, count: int) -> int:
        oldest_needed = min(self.lossless.values(), default=None)
        overwritten_below = self.published + count - CAPACITY
        if oldest_needed is not None and overwritten_below > oldest_needed:
            return WOULD_BLOCK
        self.claimed = max(self.claimed, self.published + count)
        return OK


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("claim"), st.integers(0, MAX_CLAIM), st.integers(0, MAX_CLAIM)),
        st.tuples(st.just("read"), st.integers(0, 2), st.integers(0, 20)),
        st.tuples(st.just("degrade"), st.integers(0, 2), st.just(0)),
        st.tuples(st.just("enlist"), st.integers(0, 2), st.just(0)),
    ),
    max_size=60,
)


@settings(max_examples=150)
@given(ACTIONS)
def test_claims_are_granted_exactly_when_no_lossless_reader_needs_the_place(
    actions: list[tuple[str, int, int]],
) -> None:
    control, cursors, naive = control_page(), cursor_pages(3), NaiveRing()
    for action, first, second in actions:
        if action == "claim":
            code = naive.claim(first)
            assert k.try_claim(control, cursors, first) == code
            if code == OK:
                publish(control, min(first, second), 1)
                naive.published += min(first, second)
        elif action == "read" and first in naive.lossless:
            position = min(naive.published, naive.lossless[first] + second)
            naive.lossless[first] = position
            cursors[first * k.CURSOR_WORDS + k.POSITION] = position
        elif action == "degrade" and first in naive.lossless:
            del naive.lossless[first]
            control[k.MODES + first] = k.DEGRADED
        elif action == "enlist":
            naive.lossless[first] = naive.published
            set_reader(control, cursors, first, k.LOSSLESS, naive.published)
        assert control[k.CLAIMED] == naive.claimed
        assert control[k.PUBLISHED] == naive.published <= naive.claimed
        for position in naive.lossless.values():
            assert naive.claimed - position <= CAPACITY


@given(st.integers(0, 100), st.integers(0, 8))
def test_overrun_below_is_the_first_record_that_no_claim_has_reached(
    published: int, count: int
) -> None:
    """The oracle writes the claimed places into a ring of numbers and looks what is left."""
    control, cursors = control_page(published=published), cursor_pages(1)
    ring: dict[int, int | None] = {seq % CAPACITY: seq for seq in range(published)}
    k.try_claim(control, cursors, count)
    ring.update({seq % CAPACITY: None for seq in range(published, published + count)})
    intact = {seq for seq in ring.values() if seq is not None}
    below = k.overrun_below(control)
    assert intact == set(range(min(below, published), published))


@given(st.lists(st.integers(1, MAX_CLAIM), min_size=1, max_size=8), st.data())
def test_whenever_the_writer_is_killed_what_is_published_is_whole_and_the_claim_covers_the_rest(
    bursts: list[int], data: st.DataObject
) -> None:
    """Every store, of counters and of records, may be the last."""
    page = control_page()
    items = np.full(CAPACITY, -1, np.int64)
    both = np.concatenate([page, items])
    first_item = page.size

    def write(memory: Stores) -> None:
        for count in bursts:
            assert PLAIN.claim(memory, [], count) == OK
            start = memory[k.PUBLISHED]
            for seq in range(start, start + count):
                memory[first_item + seq % CAPACITY] = seq
            PLAIN.publish(memory, count, 1)

    counted = Stores(both.copy())
    write(counted)
    memory = Stores(both, data.draw(st.integers(0, counted.made)))
    with suppress(Killed):
        write(memory)
    published, claimed = int(both[k.PUBLISHED]), int(both[k.CLAIMED])
    assert published <= claimed <= published + MAX_CLAIM
    for seq in range(max(0, claimed - CAPACITY), published):
        assert both[first_item + seq % CAPACITY] == seq


ONE = np.ones(1, np.int64)


def waiting_for(seen: int) -> int:
    return 2 * seen + 1


@pytest.mark.compiled
def test_a_reader_is_woken_once_for_what_it_has_not_seen() -> None:
    control, cursors = control_page(published=5), cursor_pages(1)
    set_reader(control, cursors, 0, k.LOSSY, 5)
    cursors[k.SLEEPS_ON] = k.FUTEX
    cursors[k.WAITING] = waiting_for(5)
    assert k.try_publish(control, cursors, ONE, 0, 1) == 0
    assert k.try_publish(control, cursors, ONE, 1, 1) == 1
    assert k.try_publish(control, cursors, ONE, 1, 1) == 0
    cursors[k.WAITING] = waiting_for(7)
    assert k.try_publish(control, cursors, ONE, 0, 1) == 0
    assert k.try_publish(control, cursors, ONE, 1, 1) == 1


@pytest.mark.compiled
def test_a_late_writer_does_not_answer_the_sleep_of_a_reader_that_has_seen_its_record() -> None:
    """Answering it would wake nobody and make the next record find the sleep answered."""
    control, cursors = control_page(published=5), cursor_pages(1)
    set_reader(control, cursors, 0, k.LOSSY, 5)
    cursors[k.SLEEPS_ON] = k.FUTEX
    cursors[k.WAITING] = waiting_for(5)
    k.try_publish(control, cursors, ONE, 0, 1)
    assert control[k.WOKEN] == 0


@pytest.mark.compiled
@pytest.mark.parametrize("mode", [k.FREE, k.LOSSY, k.LOSSLESS, k.DEGRADED])
def test_every_reader_that_sleeps_is_woken_in_any_mode_but_free(mode: int) -> None:
    control, cursors = control_page(), cursor_pages(1)
    set_reader(control, cursors, 0, mode, 0)
    cursors[k.WAITING] = waiting_for(0)
    assert k.try_publish(control, cursors, ONE, 1, 1) == (mode != k.FREE)


@pytest.mark.compiled
def test_a_reader_that_is_awake_is_not_woken() -> None:
    control, cursors = control_page(), cursor_pages(2)
    for slot in range(2):
        set_reader(control, cursors, slot, k.LOSSY, 0)
    assert k.try_publish(control, cursors, ONE, 1, 1) == 0


@pytest.mark.compiled
def test_a_reader_asleep_on_a_bell_that_is_gone_does_no_harm() -> None:
    control, cursors = control_page(), cursor_pages(1)
    set_reader(control, cursors, 0, k.LOSSY, 0)
    cursors[k.SLEEPS_ON], cursors[k.WAITING] = k.BELL, waiting_for(0)
    assert k.try_publish(control, cursors, ONE, 1, 1) == 1


@pytest.mark.compiled
@pytest.mark.parametrize("word", [-1, -(2**63) + 1, 2**63 - 1, 7])
def test_any_waiting_word_at_all_costs_one_wake_at_most(word: int) -> None:
    control, cursors = control_page(published=9), cursor_pages(1)
    set_reader(control, cursors, 0, k.LOSSY, 9)
    cursors[k.WAITING] = word
    woken = [k.try_publish(control, cursors, ONE, 1, 1) for _ in range(3)]
    assert sum(woken) <= 1


@pytest.mark.compiled
def test_sleeping_returns_at_once_when_there_is_something_new() -> None:
    control, cursors = control_page(published=9), cursor_pages(1)
    assert k.sleep_on_futex(control, cursors, 8, 0, 10**12, np.zeros(2, np.int64)) == 9
    assert k.sleep_on_futex(control, cursors, 8, 5, 10**12, np.zeros(2, np.int64)) == 9
    assert cursors[k.WAITING] == 0


@pytest.mark.compiled
def test_sleeping_ends_with_its_time_out_and_leaves_the_reader_awake() -> None:
    control, cursors = control_page(published=9), cursor_pages(1)
    assert k.sleep_on_futex(control, cursors, 9, 3, 1_000, np.zeros(2, np.int64)) == 9
    assert cursors[k.WAITING] == 0
