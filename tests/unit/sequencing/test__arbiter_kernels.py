"""Of several lines each message is taken once, in order, from whichever brings it first; jumps wait."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.sequencing.lines import CHANNEL, WINDOW, NaiveArbiter, Packet, fresh_state, run
from zerofeed.feed.metrics import (
    ARBITER_AT,
    CHANNEL_WORDS,
    CHANNELS,
    CHANNELS_AT,
    HELD_SLOTS,
    LINE_HISTOGRAMS_AT,
    Metrics,
)
from zerofeed.sequencing import channels as c
from zerofeed.sequencing._arbiter_kernels import BEGAN_AGAIN, HELD_BACK, VERDICT, arbitrate_one
from zerofeed.sequencing._tracker_kernels import ACCEPTED, DUPLICATE, JUMPED, OVERLAPPED
from zerofeed.sequencing.holding import A_FREE, A_HOLDING, A_USED
from zerofeed.shm import journal
from zerofeed.shm.histogram import HISTOGRAM_WORDS

__all__: list[str] = []

WAIT_NS = 100
A, B, REPLAY = 0, 1, 2
FIRST = 100
"""Far enough from 1 that no packet looks like a restart."""


def row_of(state) -> int:
    for index in range(CHANNELS):
        at = CHANNELS_AT + index * CHANNEL_WORDS
        if state[at] == CHANNEL + 1:
            return at
    raise AssertionError("the channel was never seen")


def words_of(state, *names: int) -> tuple[int, ...]:
    at = row_of(state)
    return tuple(int(state[at + name]) for name in names)


def line_of(state, source: int, *names: int) -> tuple[int, ...]:
    for place in range(c.MOST_LINES):
        line = row_of(state) + c.LINES + place * c.LINE_WORDS
        if state[line + c.L_KEY] == source + 1:
            return tuple(int(state[line + name]) for name in names)
    raise AssertionError(f"source {source} was never seen")


def assert_identity(state) -> None:
    names = (c.CLOSED, c.EXPECTED, c.FIRST_NUMBER, c.TAKEN, c.RECOVERED, c.MISSING)
    closed, expected, first, taken, recovered, missing = words_of(state, *names)
    assert closed + expected - first == taken + by_lines(state) + recovered + missing


def by_lines(state) -> int:
    begin = row_of(state) + c.LINES + c.L_FIRST
    return int(state[begin : begin + c.MOST_LINES * c.LINE_WORDS : c.LINE_WORDS].sum())


def taken_and_lost(found, packets):
    """The pieces of the numbering that were taken, and those that were given up, in order."""
    taken, lost = [], []
    begin = packets[0].seq if packets else 0
    for frame, result, expected, behind in found:
        verdict = result & VERDICT
        begin = packets[frame].seq if expected == 0 else expected
        if verdict == JUMPED:
            lost.append((expected, packets[frame].seq))
            begin = packets[frame].seq
        if verdict in {ACCEPTED, OVERLAPPED, JUMPED} and behind > begin:
            taken.append((begin, behind))
    return taken, lost


def numbers_of(found, packets) -> list[int]:
    """Every number that was taken, in the order in which it was; none was given up."""
    taken, lost = taken_and_lost(found, packets)
    assert lost == []
    return [number for begin, behind in taken for number in range(begin, behind)]


def test_the_first_of_two_copies_is_taken_and_the_other_is_stale() -> None:
    state = fresh_state(WAIT_NS)
    found = run(state, [Packet(1, A, 1), Packet(2, B, 1), Packet(3, B, 2), Packet(4, A, 2)])
    assert [result for _, result, _, _ in found] == [ACCEPTED, DUPLICATE, ACCEPTED, DUPLICATE]
    assert line_of(state, A, c.L_FIRST, c.L_LATE) == (1, 1)
    assert line_of(state, B, c.L_FIRST, c.L_LATE) == (1, 1)
    assert_identity(state)


def test_what_one_line_lost_the_other_fills_and_no_gap_is_declared() -> None:
    state = fresh_state(WAIT_NS)
    packets = [Packet(1, A, 1), Packet(2, A, 3), Packet(3, A, 4), Packet(50, B, 1),
               Packet(51, B, 2), Packet(52, B, 3)]  # fmt: skip
    found = run(state, packets)
    assert numbers_of(found, packets) == [1, 2, 3, 4]
    assert words_of(state, c.GAPS, c.MISSING, c.HELD) == (0, 0, 0)
    assert line_of(state, A, c.L_MISSED) == (1,)
    assert [frame for frame, result, _, _ in found if result == ACCEPTED] == [0, 4, 1, 2]


def test_a_gap_is_declared_when_the_wait_is_over_and_not_before() -> None:
    state = fresh_state(WAIT_NS)
    early = [Packet(0, A, 1), Packet(10, A, 3), Packet(109, A, 4)]
    assert [result for _, result, _, _ in run(state, early)] == [ACCEPTED]
    state = fresh_state(WAIT_NS)
    found = run(state, [*early, Packet(110, A, 5)])
    assert [(frame, result) for frame, result, _, _ in found] == [
        (0, ACCEPTED), (1, JUMPED), (2, ACCEPTED), (3, ACCEPTED),
    ]  # fmt: skip
    assert words_of(state, c.GAPS, c.MISSING, c.HELD, c.EXPECTED) == (1, 1, 0, 6)
    assert_identity(state)


def test_what_comes_behind_its_own_gap_is_stale() -> None:
    state = fresh_state(WAIT_NS)
    packets = [Packet(0, A, 1), Packet(1, A, 3), Packet(200, A, 4), Packet(201, B, 2)]
    assert run(state, packets)[-1][1] == DUPLICATE
    assert_identity(state)


def test_of_a_packet_that_overlaps_the_rest_is_taken() -> None:
    state = fresh_state(WAIT_NS)
    packets = [Packet(1, A, 10, 3), Packet(2, B, 11, 5), Packet(3, A, 13, 3)]
    found = run(state, packets)
    assert [result for _, result, _, _ in found] == [ACCEPTED, OVERLAPPED, DUPLICATE]
    assert numbers_of(found, packets) == [10, 11, 12, 13, 14, 15]


def test_an_empty_packet_reveals_what_was_lost_at_the_tail() -> None:
    state = fresh_state(WAIT_NS)
    packets = [Packet(0, A, 1, 2), Packet(1, A, 5, 0), Packet(150, A, 5, 0)]
    found = run(state, packets)
    assert found[1:] == [(2, ACCEPTED, 3, 3), (1, JUMPED, 3, 5)]
    assert words_of(state, c.MISSING, c.EXPECTED) == (2, 5)


def test_an_empty_packet_of_a_line_that_is_behind_says_nothing() -> None:
    state = fresh_state(WAIT_NS)
    found = run(state, [Packet(0, A, 1, 9), Packet(1, B, 4, 0), Packet(2, A, 10, 1)])
    assert [result for _, result, _, _ in found] == [ACCEPTED] * 3
    assert words_of(state, c.RESETS, c.GAPS) == (0, 0)


def test_a_line_that_joins_late_and_far_behind_is_not_a_restart() -> None:
    state = fresh_state(WAIT_NS)
    found = run(state, [Packet(0, A, 100_000), Packet(1, B, 5), Packet(2, A, 100_001)])
    assert [result for _, result, _, _ in found] == [ACCEPTED, DUPLICATE, ACCEPTED]


def test_a_restart_is_followed_once_and_the_old_numbers_of_the_slower_line_are_stale() -> None:
    state = fresh_state(WAIT_NS)
    packets = [
        Packet(0, A, 5000), Packet(1, B, 5000), Packet(2, A, 5001), Packet(3, A, 1), Packet(4, A, 2),
        Packet(5, B, 5001), Packet(6, B, 5002), Packet(7, B, 1), Packet(8, B, 2), Packet(9, B, 3),
        Packet(10, A, 3),
    ]  # fmt: skip
    found = run(state, packets)
    assert [result for _, result, _, _ in found] == [
        ACCEPTED, DUPLICATE, ACCEPTED, BEGAN_AGAIN | ACCEPTED, ACCEPTED,
        DUPLICATE, DUPLICATE, DUPLICATE, DUPLICATE, ACCEPTED, DUPLICATE,
    ]  # fmt: skip
    assert words_of(state, c.RESETS, c.EXPECTED) == (1, 4)
    assert_identity(state)


def test_what_is_held_comes_before_the_restart_that_was_seen_behind_it() -> None:
    state = fresh_state(WAIT_NS)
    packets = [Packet(0, A, 5000), Packet(1, A, 5003), Packet(2, A, 5002), Packet(3, A, 1)]
    found = run(state, packets)
    assert [(frame, result) for frame, result, _, _ in found] == [
        (0, ACCEPTED), (2, JUMPED), (1, ACCEPTED), (3, BEGAN_AGAIN | ACCEPTED),
    ]  # fmt: skip
    assert words_of(state, c.HELD, c.HURRY, c.RESETS) == (0, 0, 1)
    assert_identity(state)


def test_a_session_begins_at_one_and_the_one_before_is_stale() -> None:
    state = fresh_state(WAIT_NS)
    packets = [
        Packet(0, A, 1, 5, 77), Packet(1, A, 1, 2, 78), Packet(2, B, 6, 1, 77),
        Packet(3, B, 1, 2, 78), Packet(4, B, 3, 1, 78), Packet(5, A, 3, 1, 78),
    ]  # fmt: skip
    found = run(state, packets)
    assert [result for _, result, _, _ in found] == [
        ACCEPTED, BEGAN_AGAIN | ACCEPTED, DUPLICATE, DUPLICATE, ACCEPTED, DUPLICATE,
    ]  # fmt: skip
    assert words_of(state, c.RESETS, c.EXPECTED, c.IS_WHOLE) == (1, 4, 1)
    assert_identity(state)


def test_a_session_whose_beginning_one_line_lost_is_told_at_once_and_waits_for_the_other() -> None:
    state = fresh_state(WAIT_NS)
    packets = [Packet(0, A, 1, 5, 77), Packet(1, A, 3, 2, 78), Packet(2, B, 1, 2, 78)]
    found = run(state, packets)
    assert [(frame, result) for frame, result, _, _ in found] == [
        (0, ACCEPTED), (1, BEGAN_AGAIN | HELD_BACK), (2, ACCEPTED), (1, ACCEPTED),
    ]  # fmt: skip
    assert_identity(state)


def test_a_replay_counts_what_it_recovers_and_never_restarts_a_channel() -> None:
    state = fresh_state(WAIT_NS, replays=1 << REPLAY)
    packets = [
        Packet(0, A, 1, 3), Packet(1, A, 6, 1), Packet(2, REPLAY, 1, 2), Packet(3, REPLAY, 4, 2),
        Packet(4, A, 7, 1), Packet(5, REPLAY, 1, 1),
    ]  # fmt: skip
    found = run(state, packets)
    assert numbers_of(found, packets) == [1, 2, 3, 4, 5, 6, 7]
    assert words_of(state, c.RECOVERED, c.MISSING, c.RESETS) == (2, 0, 0)
    assert by_lines(state) == 5
    assert_identity(state)


def test_the_later_line_is_timed_from_when_there_are_two() -> None:
    state = fresh_state(WAIT_NS)
    run(state, [Packet(100, A, 1), Packet(130, B, 1), Packet(200, A, 2), Packet(250, B, 2)])
    assert Metrics(state).lines() == [
        {"source": A, "first": 2, "late": 0, "missed": 0, "later_p50_ns": None},
        {"source": B, "first": 0, "late": 2, "missed": 0, "later_p50_ns": 50},
    ]
    at = LINE_HISTOGRAMS_AT + B * HISTOGRAM_WORDS
    assert state[at : at + 3].tolist() == [1, 50, 50]
    assert state[LINE_HISTOGRAMS_AT] == 0


def test_a_frame_that_is_about_to_be_overwritten_waits_no_longer() -> None:
    state = fresh_state(1 << 40)
    packets = [Packet(0, A, 1), *(Packet(k, A, k + 2) for k in range(1, 20))]
    found = run(state, packets, room=8)
    assert found[1][1] == JUMPED
    assert words_of(state, c.MISSING, c.HELD, c.EXPECTED) == (1, 0, 22)


def test_a_full_table_lets_the_first_packet_go() -> None:
    state = fresh_state(1 << 40)
    packets = [Packet(0, A, 1), *(Packet(1, A, 2 * k) for k in range(2, HELD_SLOTS + 12))]
    found = run(state, packets)
    assert all(result & VERDICT == JUMPED for _, result, _, _ in found[1:])
    assert len(found) == 12
    assert words_of(state, c.HELD) == (HELD_SLOTS - 1,)
    assert_identity(state)


def test_without_a_wait_a_jump_is_a_gap_at_once() -> None:
    state = fresh_state(0)
    found = run(
        state, [Packet(0, A, 1), Packet(1, A, 5, 2), Packet(2, B, 5, 2), Packet(3, B, 6, 4)]
    )
    assert [result for _, result, _, _ in found] == [ACCEPTED, JUMPED, DUPLICATE, OVERLAPPED]
    assert_identity(state)


def test_the_channel_table_may_be_full() -> None:
    state = fresh_state(WAIT_NS)
    for channel in range(CHANNELS):
        assert arbitrate_one(state, channel, A, 0, 1, 1, 0, WINDOW) == ACCEPTED
    assert arbitrate_one(state, CHANNELS, A, 0, 1, 1, 0, WINDOW) == -1


@st.composite
def lossy_lines(draw):
    """One stream of messages, packed and delayed and lost by each line in its own way."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    end = FIRST + draw(st.integers(1, 60))
    arrivals = []
    for source in range(draw(st.integers(1, 3))):
        loss = chance.choice([0.0, 0.1, 0.4])
        late = chance.randrange(40)
        at = FIRST
        while at < end:
            count = min(chance.choice([0, 1, 1, 2, 5]), end - at)
            if chance.random() >= loss:
                ts = 10 * at + late + chance.randrange(chance.choice([1, 60]))
                arrivals.append(Packet(ts, source, at, count))
            at += count
    arrivals.sort(key=lambda packet: packet.ts_ns)
    return arrivals, draw(st.sampled_from([1, 30, 200, 10**6]))


@settings(max_examples=300, deadline=None)
@given(lossy_lines())
def test_every_message_is_judged_as_a_slow_arbiter_judges_it(case) -> None:
    packets, wait_ns = case
    state = fresh_state(wait_ns)
    naive = NaiveArbiter(wait_ns)
    for packet in packets:
        naive.put(packet)
    found = run(state, packets)
    taken, lost = taken_and_lost(found, packets)
    assert taken == naive.taken
    assert lost == naive.lost
    if not packets:
        return
    assert words_of(state, c.HELD) == (len(naive.held),)
    assert words_of(state, c.STALE) == (naive.stale,)
    for source, line in naive.lines.items():
        names = (c.L_NEXT, c.L_FIRST, c.L_LATE, c.L_MISSED)
        assert line_of(state, source, *names) == (line.next, line.first, line.late, line.missed)
    assert_identity(state)
    assert Metrics(state)["packets_held"] == len(naive.held)


@settings(max_examples=60, deadline=None)
@given(lossy_lines(), st.integers(0, 40))
def test_a_step_that_is_undone_can_be_done_again(case, where) -> None:
    packets, wait_ns = case
    if not packets:
        return
    state = fresh_state(wait_ns)
    run(state, packets[: where % len(packets)])
    before = state.copy()
    packet = packets[where % len(packets)]
    journal_step(state)
    arguments = (CHANNEL, packet.source, 0, packet.seq, packet.count, packet.ts_ns, WINDOW)
    first = arbitrate_one(state, *arguments)
    behind = state.copy()
    assert journal.recover(state, -1) == state[journal.DONE]
    # What a slot says of a packet means nothing before the slot is linked.
    journalled = np.r_[journal.DATA : ARBITER_AT, A_FREE, A_USED, A_HOLDING]
    assert (state[journalled] == before[journalled]).all()
    journal_step(state)
    assert arbitrate_one(state, *arguments) == first
    assert (
        state[journal.DATA : LINE_HISTOGRAMS_AT] == behind[journal.DATA : LINE_HISTOGRAMS_AT]
    ).all()


def journal_step(state) -> None:
    """Open a step from Python."""
    state[journal.TARGET], state[journal.COUNT] = -1, 0
    state[journal.STEP] = state[journal.DONE]


@pytest.mark.compiled
@pytest.mark.parametrize("seq", [-(2**63), -1, 0, 2**62, 2**63 - 1])
def test_numbers_at_the_ends_of_int64_harm_nobody(seq) -> None:
    state = fresh_state(WAIT_NS)
    run(state, [Packet(0, A, 5), Packet(1, A, seq), Packet(2, B, 6), Packet(300, A, 7)])
    assert words_of(state, c.HELD)[0] <= 2
