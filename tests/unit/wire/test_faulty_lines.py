"""Each line does to every packet at most one thing, the same for the same seed, and says which."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerofeed.base.errors import ConfigurationError
from zerofeed.wire.faulty_lines import LineFaults, damage, parse_line_faults, plan_lines

__all__: list[str] = []

US = 1000


def plan(*faults: LineFaults, count: int = 400, seed: int = 3, gap_us: int = 10):
    due = np.arange(count, dtype=np.int64) * gap_us * US
    return plan_lines(due, np.full(count, 50, np.int64), faults, seed)


def packets_of(schedule, line: int) -> list[int]:
    return schedule.packet[schedule.line == line].tolist()


def test_a_line_without_faults_sends_everything_in_order_when_it_is_due() -> None:
    schedule = plan(LineFaults(), count=5)
    assert schedule.packet.tolist() == [0, 1, 2, 3, 4]
    assert schedule.due_ns.tolist() == [0, 10 * US, 20 * US, 30 * US, 40 * US]
    assert (schedule.damage == -1).all()
    assert schedule.lost_by_all.size == 0


def test_lines_have_draws_of_their_own() -> None:
    schedule = plan(LineFaults(drop=0.2), LineFaults(drop=0.2))
    one, other = schedule.lines
    assert 40 < one.dropped.size < 130
    assert set(one.dropped.tolist()) != set(other.dropped.tolist())
    assert schedule.lost_by_all.tolist() == sorted(set(one.dropped) & set(other.dropped))


def test_the_same_seed_does_the_same() -> None:
    faults = LineFaults(drop=0.1, duplicate=0.1, reorder=0.1, delay=0.1, corrupt=0.1)
    one, same, other = (plan(faults, faults, seed=seed) for seed in (3, 3, 4))
    assert one.packet.tolist() == same.packet.tolist()
    assert one.damaged == same.damaged
    assert one.packet.tolist() != other.packet.tolist()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32),
    st.integers(1, 60),
    st.lists(st.floats(0, 0.2), min_size=5, max_size=5),
    st.sampled_from([0, 1, 10]),
)
def test_every_packet_meets_one_fate_and_is_sent_as_often_as_that_says(
    seed, count, chances, gap_us
):
    faults = LineFaults(*chances, delay_us=35)
    schedule = plan(faults, count=count, seed=seed, gap_us=gap_us)
    (line,) = schedule.lines
    fated = [line.dropped, line.duplicated, line.reordered, line.delayed, line.corrupted]
    everyone = np.concatenate(fated)
    assert len(set(everyone.tolist())) == everyone.size
    expected = np.ones(count, int)
    expected[line.dropped] = 0
    expected[line.duplicated] = 2
    assert np.bincount(schedule.packet, minlength=count).tolist() == expected.tolist()
    assert (np.diff(schedule.due_ns) >= 0).all()
    assert line.sent == schedule.packet.size == expected.sum()
    assert sorted(set(schedule.packet[schedule.damage >= 0])) == line.corrupted.tolist()


def test_a_packet_that_is_reordered_comes_right_behind_the_next() -> None:
    schedule = plan(LineFaults(reorder=0.1), count=200)
    sent = schedule.packet.tolist()
    swapped = set(schedule.lines[0].reordered.tolist())
    for packet in swapped:
        if packet + 1 not in swapped:
            assert sent.index(packet) == sent.index(packet + 1) + 1


def test_a_delayed_packet_comes_behind_what_is_due_before_then() -> None:
    schedule = plan(LineFaults(delay=0.02, delay_us=45), count=200)
    sent = schedule.packet.tolist()
    late = [packet for packet in schedule.lines[0].delayed.tolist() if packet < 190]
    assert late
    for packet in late:
        at = int(schedule.due_ns[sent.index(packet)])
        assert at == (10 * packet + 45) * US
        assert sent.index(packet) > sent.index(packet + 4) or packet + 4 in late


def test_a_skewed_line_is_later_by_that_much() -> None:
    schedule = plan(LineFaults(), LineFaults(skew_us=25), count=3)
    assert list(zip(schedule.line.tolist(), schedule.packet.tolist(), strict=True)) == [
        (0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2),
    ]  # fmt: skip
    assert schedule.due_ns[schedule.line == 1].tolist() == [25 * US, 35 * US, 45 * US]


def test_a_burst_takes_several_in_a_row() -> None:
    dropped = plan(LineFaults(drop=0.01, burst=5), count=2000).lines[0].dropped
    runs = np.split(dropped, np.flatnonzero(np.diff(dropped) != 1) + 1)
    assert all(run.size >= 5 or run[-1] == 1999 for run in runs)


def test_damage_changes_copies_and_leaves_the_capture_alone() -> None:
    data = np.arange(200, dtype=np.uint8)
    offsets, lengths = np.array([0, 50, 100, 150]), np.full(4, 50)
    schedule = plan_lines(np.zeros(4, np.int64), lengths, [LineFaults(corrupt=1.0)], 1)
    whole, at = damage(data, offsets, lengths, schedule)
    assert data.tolist() == list(range(200))
    for place, packet in enumerate(schedule.packet.tolist()):
        sent = whole[at[place] : at[place] + 50]
        changed = int((sent != data[offsets[packet] : offsets[packet] + 50]).sum())
        assert 1 <= changed <= 4
    same, where = damage(data, offsets, lengths, plan(LineFaults(), count=4))
    assert same is data
    assert where.tolist() == offsets.tolist()


def test_faults_are_read_from_text() -> None:
    assert parse_line_faults("drop=0.01, skew_us=200,burst=3") == LineFaults(
        drop=0.01, skew_us=200.0, burst=3
    )
    assert parse_line_faults("") == LineFaults()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("lose=0.1", "no such fault"),
        ("drop=often", "is not a number"),
        ("drop", "is not a number"),
        ("drop=0.6,reorder=0.6", "together at most 1"),
        ("drop=-0.1", "together at most 1"),
        ("delay_us=-1", "0 or more"),
        ("burst=0", "burst is 1 or more"),
    ],
)
def test_impossible_faults_are_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        parse_line_faults(text)
