"""Every packet number is judged as a slow, readable tracker judges it, and can be unjudged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from zerofeed.feed.metrics import CHANNEL_FIELDS, CHANNELS, Metrics, state_words
from zerofeed.sequencing._tracker_kernels import (
    ACCEPTED,
    DUPLICATE,
    JUMPED,
    OVERLAPPED,
    RESTARTED,
    TABLE_FULL,
    find_channel,
    follow_one,
    track_one,
)
from zerofeed.sequencing.channels import IS_WHOLE, SESSION
from zerofeed.shm import journal

__all__: list[str] = []

WINDOW = 8


@dataclass
class NaiveChannel:
    """What is known of a channel; judges by plain comparisons, one case a line."""

    expected_seq: int = 0
    packets: int = 0
    missing: int = 0
    gaps: int = 0
    stale: int = 0
    resets: int = 0
    heartbeats: int = 0
    session: int = 0
    is_whole: bool = False
    has_begun: bool = False

    def follow(self, session: int) -> int:
        before, self.session = self.session, session
        if before in (0, session):
            return ACCEPTED
        self.resets += 1
        self.expected_seq = 1
        self.is_whole = self.has_begun = True
        return RESTARTED

    def judge(self, seq: int, count: int) -> int:
        if not self.has_begun:
            self.has_begun = True
            self.is_whole = seq in (0, 1)
            return self._accept(seq, count, ACCEPTED)
        if seq == self.expected_seq:
            return self._accept(seq, count, ACCEPTED)
        if seq > self.expected_seq:
            self.gaps += 1
            self.missing += seq - self.expected_seq
            self.is_whole = False
            return self._accept(seq, count, JUMPED)
        if count == 0 and seq == self.expected_seq - 1:
            self.heartbeats += 1
            return ACCEPTED
        if count > 0 and seq + count == self.expected_seq:
            self.stale += 1
            return DUPLICATE
        is_a_beginning = seq in (0, 1)
        is_too_old = self.expected_seq - seq > WINDOW
        if is_a_beginning or is_too_old:
            self.resets += 1
            self.is_whole = is_a_beginning
            return self._accept(seq, count, RESTARTED)
        if seq + count > self.expected_seq:
            return self._accept(seq, count, OVERLAPPED)
        self.stale += 1
        return DUPLICATE

    def _accept(self, seq: int, count: int, verdict: int) -> int:
        if count == 0:
            self.heartbeats += 1
        else:
            self.packets += 1
        self.expected_seq = seq + count
        return verdict

    def shown(self) -> dict[str, int]:
        """The row of the metrics."""
        return {name: getattr(self, name) for name in CHANNEL_FIELDS}


def new_state():
    """A feed's state array before its first step."""
    state = np.zeros(state_words(0), np.int64)
    journal.prepare(state)
    return state


def judge_all(state, seqs, *, channel=7, heartbeats=()):
    """Judge packets of one channel; those at the places in ``heartbeats`` are empty."""
    return [
        track_one(state, channel, seq, int(place not in heartbeats), WINDOW)
        for place, seq in enumerate(seqs)
    ]


def only_channel(state):
    """The one channel of a state, as its metrics show it."""
    (row,) = Metrics(state).channels()
    return row


def is_whole(state, channel: int = 7) -> bool:
    """Whether every number of a channel has come."""
    return bool(state[find_channel(state, channel) + IS_WHOLE])


@st.composite
def walks(draw):
    """Packets of a few channels whose numbers mostly go on, and sometimes do anything else."""
    packets = []
    nexts: dict[int, int] = {}
    largest = draw(st.sampled_from([1, 5]))
    for _ in range(draw(st.integers(1, 60))):
        channel = draw(st.sampled_from([0, 1, 2, 513]))
        seq = nexts.get(channel, draw(st.sampled_from([0, 1, 2, 1000])))
        seq += draw(st.sampled_from([0, 0, 0, 0, 1, 3, -1, -2, -WINDOW, -WINDOW - 1, -900]))
        seq = draw(st.sampled_from([seq, seq, seq, seq, seq, 0, 1]))
        seq = max(seq, 0)
        count = draw(st.integers(0, 5))
        packets.append((channel, seq, min(count, largest)))
        nexts[channel] = seq + packets[-1][2]
    return packets


@settings(max_examples=40)
@given(walks())
def test_tracker_judges_as_its_slow_twin_does(packets) -> None:
    state = new_state()
    naive: dict[int, NaiveChannel] = {}
    for channel, seq, count in packets:
        twin = naive.setdefault(channel, NaiveChannel())
        expected = twin.judge(seq, count)
        assert track_one(state, channel, seq, count, WINDOW) == expected
        assert is_whole(state, channel) == twin.is_whole
    shown = {row.pop("channel"): row for row in Metrics(state).channels()}
    assert shown == {channel: twin.shown() for channel, twin in naive.items()}


@settings(max_examples=20)
@given(walks(), st.lists(st.sampled_from([8, 8, 8, 9]), min_size=60, max_size=60))
def test_sessions_are_followed_as_the_slow_twin_does(packets, sessions) -> None:
    state = new_state()
    twin = NaiveChannel()
    for (_, seq, count), session in zip(packets, sessions, strict=False):
        assert follow_one(state, 7, session) == twin.follow(session)
        assert track_one(state, 7, seq, count, WINDOW) == twin.judge(seq, count)
        assert is_whole(state) == twin.is_whole
    assert only_channel(state) == {"channel": 7, **twin.shown()}


@settings(max_examples=20)
@given(walks(), st.data())
def test_every_packet_is_accepted_stale_or_a_heartbeat(packets, data) -> None:
    state = new_state()
    for channel, seq, count in packets:
        track_one(state, channel, seq, count, WINDOW)
    rows = Metrics(state).channels()
    assert sum(row["packets"] + row["stale"] + row["heartbeats"] for row in rows) == len(packets)


@settings(max_examples=20)
@given(walks(), st.integers(0, 59))
def test_a_step_that_was_not_published_is_forgotten(packets, cut) -> None:
    state = new_state()
    done, undone = packets[:cut], packets[cut:]
    for channel, seq, count in done:
        follow_one(state, channel, 1)
        track_one(state, channel, seq, count, WINDOW)
    state[journal.COUNT] = 0
    before = state[journal.DATA :].copy()
    for channel, seq, count in undone:
        follow_one(state, channel, 2)
        track_one(state, channel, seq, count, WINDOW)
    journal.recover(state, 0)
    assert np.array_equal(state[journal.DATA :], before)


def test_numbers_in_order_are_accepted() -> None:
    state = new_state()
    assert judge_all(state, range(5, 20)) == [ACCEPTED] * 15
    assert only_channel(state)["expected_seq"] == 20


def test_the_first_packet_may_have_any_number() -> None:
    assert judge_all(new_state(), [4_000_000_000]) == [ACCEPTED]


def test_a_jump_counts_exactly_what_is_missing() -> None:
    state = new_state()
    assert judge_all(state, [10, 14, 15]) == [ACCEPTED, JUMPED, ACCEPTED]
    assert (only_channel(state)["gaps"], only_channel(state)["missing"]) == (1, 3)


def test_a_late_packet_is_stale_and_moves_nothing() -> None:
    state = new_state()
    assert judge_all(state, [10, 12, 11, 13]) == [ACCEPTED, JUMPED, DUPLICATE, ACCEPTED]


def test_a_repeated_packet_is_stale() -> None:
    assert judge_all(new_state(), [10, 10, 11]) == [ACCEPTED, DUPLICATE, ACCEPTED]


def test_a_repeated_first_packet_is_no_restart() -> None:
    assert judge_all(new_state(), [1, 1, 2]) == [ACCEPTED, DUPLICATE, ACCEPTED]


def test_a_number_that_begins_again_is_a_restart_even_after_a_small_one() -> None:
    assert judge_all(new_state(), [1, 2, 3, 1, 2]) == [*[ACCEPTED] * 3, RESTARTED, ACCEPTED]
    assert judge_all(new_state(), [0, 1, 2, 0, 1]) == [*[ACCEPTED] * 3, RESTARTED, ACCEPTED]


def test_a_number_far_behind_is_a_restart() -> None:
    first = 100 + WINDOW
    assert judge_all(new_state(), [first, first - WINDOW]) == [ACCEPTED, RESTARTED]
    assert judge_all(new_state(), [first, first + 1 - WINDOW]) == [ACCEPTED, DUPLICATE]


def test_a_heartbeat_that_names_the_next_packet_uses_no_number_up() -> None:
    state = new_state()
    assert judge_all(state, [5, 6, 6, 6], heartbeats={1, 2}) == [ACCEPTED] * 4
    assert only_channel(state)["heartbeats"] == 2


def test_a_heartbeat_that_repeats_the_last_packet_is_no_duplicate() -> None:
    state = new_state()
    assert judge_all(state, [5, 5, 5, 6], heartbeats={1, 2}) == [ACCEPTED] * 4
    assert only_channel(state)["stale"] == 0


def test_a_heartbeat_shows_what_is_missing_before_the_next_packet_does() -> None:
    state = new_state()
    assert judge_all(state, [5, 9, 9], heartbeats={1}) == [ACCEPTED, JUMPED, ACCEPTED]
    assert only_channel(state)["missing"] == 3


def test_channels_do_not_disturb_each_other() -> None:
    state = new_state()
    for seq in range(10):
        for channel in (3, 3 + CHANNELS, 3 + 2 * CHANNELS):
            assert track_one(state, channel, seq + channel, 1, WINDOW) == ACCEPTED
    assert [row["packets"] for row in Metrics(state).channels()] == [10, 10, 10]


def test_a_full_table_says_so_and_keeps_serving_those_it_has() -> None:
    state = new_state()
    for channel in range(CHANNELS):
        assert track_one(state, channel * 3, 1, 1, WINDOW) == ACCEPTED
    assert track_one(state, 1_000_000, 1, 1, WINDOW) == TABLE_FULL
    assert follow_one(state, 1_000_000, 5) == TABLE_FULL
    assert track_one(state, 0, 2, 1, WINDOW) == ACCEPTED
    assert len(Metrics(state).channels()) == CHANNELS


def test_a_packet_uses_up_as_many_numbers_as_it_has_messages() -> None:
    state = new_state()
    assert [track_one(state, 7, *each, WINDOW) for each in ((1, 4), (5, 0), (5, 2), (7, 1))] == [
        ACCEPTED
    ] * 4
    assert only_channel(state)["expected_seq"] == 8


def test_a_packet_of_messages_seen_and_new_overlaps() -> None:
    state = new_state()
    assert [track_one(state, 7, *each, WINDOW) for each in ((1, 4), (3, 4))] == [
        ACCEPTED,
        OVERLAPPED,
    ]
    assert only_channel(state)["expected_seq"] == 7
    assert only_channel(state)["missing"] == 0


def test_a_packet_of_messages_seen_is_stale_however_they_were_packed() -> None:
    state = new_state()
    assert [track_one(state, 7, *each, WINDOW) for each in ((1, 2), (3, 3), (2, 2), (5, 1))] == [
        ACCEPTED,
        ACCEPTED,
        DUPLICATE,
        DUPLICATE,
    ]


def test_a_first_packet_of_many_messages_that_is_repeated_is_no_restart() -> None:
    state = new_state()
    assert [track_one(state, 7, 1, 6, WINDOW) for _ in range(2)] == [ACCEPTED, DUPLICATE]


def test_another_session_begins_at_number_one() -> None:
    state = new_state()
    assert (follow_one(state, 7, 50), track_one(state, 7, 3000, 2, WINDOW)) == (ACCEPTED, ACCEPTED)
    assert (follow_one(state, 7, 51), track_one(state, 7, 1, 2, WINDOW)) == (RESTARTED, ACCEPTED)
    assert state[find_channel(state, 7) + SESSION] == 51
    assert only_channel(state)["resets"] == 1


def test_what_another_session_began_with_is_missing_when_it_is_joined_late() -> None:
    state = new_state()
    follow_one(state, 7, 50)
    track_one(state, 7, 3000, 2, WINDOW)
    follow_one(state, 7, 51)
    assert track_one(state, 7, 37, 1, WINDOW) == JUMPED
    assert only_channel(state)["missing"] == 36


def test_a_channel_is_whole_from_its_beginning_to_its_first_gap() -> None:
    state = new_state()
    judge_all(state, [1, 2])
    assert is_whole(state)
    judge_all(state, [5])
    assert not is_whole(state)
    judge_all(state, [1])
    assert is_whole(state)


def test_a_channel_that_is_joined_late_is_not_whole() -> None:
    state = new_state()
    judge_all(state, [2, 3])
    assert not is_whole(state)
