"""What two lossy lines and a replay bring is, in the feed, what one line without loss would have brought."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

from tests.unit.runtime.rig import Rig
from tests.unit.runtime.venue_packets import Packets, comparable, decode, of_the_venue
from zerofeed.base.status import OK
from zerofeed.records import kinds
from zerofeed.sequencing import channels as c
from zerofeed.sequencing.holding import A_REPLAYS

__all__: list[str] = []

pytestmark = pytest.mark.compiled

CAUSES = ("decoded", "stale", "heartbeat", "malformed", "truncated", "held")


def opened(**sizes):
    rig = Rig(**sizes)
    yield rig
    rig.close()


@pytest.fixture
def patient():
    """A rig whose packets wait for a minute."""
    yield from opened(wait_us=60_000_000)


@pytest.fixture
def hasty():
    """A rig whose packets wait for a tenth of a second."""
    yield from opened(wait_us=100_000)


def of_one_channel(count: int) -> Packets:
    """Packets of the simulated venue's busiest channel: what waits on one holds no other back."""
    packets = of_the_venue(20 * count)
    channels = np.array(
        [int.from_bytes(packets.payload(n)[2:4], "little") for n in range(len(packets))]
    )
    of_it = np.flatnonzero(channels == np.bincount(channels).argmax())
    assert of_it.size >= count
    return packets.chosen(of_it[:count])


def without(packets: Packets, *lost: int) -> Packets:
    return packets.chosen(np.setdiff1d(np.arange(len(packets)), lost))


def taken(rig: Rig):
    while True:
        before = rig.memory.record_ring.published
        assert rig.turn() == OK
        if rig.memory.record_ring.published == before:
            break
    return rig.memory.records[: rig.memory.record_ring.published]


def assert_counted(rig: Rig) -> None:
    metrics = rig.memory.metrics
    assert metrics["packets_received"] == sum(metrics[f"packets_{cause}"] for cause in CAUSES)


def test_two_lines_that_lose_different_packets_make_a_whole(patient: Rig) -> None:
    packets = of_one_channel(200)
    chance = random.Random(5)
    losses = [[n for n in range(1, 199) if chance.random() < 0.2] for _ in range(2)]
    both = set(losses[0]) & set(losses[1])
    for first in range(0, 200, 20):
        for source, lost in enumerate(losses):
            piece = [n for n in range(first, first + 20) if n not in lost or (n in both and source)]
            patient.send(packets.chosen(np.array(piece)), source)
        taken(patient)
    records = taken(patient)
    assert comparable(records).tobytes() == comparable(decode(packets)).tobytes()
    metrics = patient.memory.metrics
    assert (metrics["gaps"], metrics["packets_held"], metrics["packets_missing"]) == (0, 0, 0)
    assert metrics["packets_stale"] > 100
    assert_counted(patient)


def test_what_both_lines_lost_is_waited_for_and_then_reported_lost_exactly(hasty: Rig) -> None:
    packets = of_one_channel(60)
    for source in (0, 1):
        hasty.send(without(packets, 30), source)
    before = taken(hasty).copy()
    assert not (before["kind"] == kinds.GAP).any(), "it may still come"
    assert hasty.memory.metrics["packets_held"] > 0
    assert_counted(hasty)
    deadline = time.monotonic() + 10
    while hasty.memory.metrics["packets_held"] and time.monotonic() < deadline:
        taken(hasty)
    records = taken(hasty)
    (gap,) = records[records["kind"] == kinds.GAP]
    assert gap["missing_count"] == 1
    channels = hasty.memory.metrics.channels()
    assert sum(channel["missing"] for channel in channels) == 1
    assert_counted(hasty)


def test_a_replay_is_told_and_no_gap_is(patient: Rig) -> None:
    patient.memory.state[A_REPLAYS] = 0b10
    packets = of_one_channel(60)
    patient.send(without(packets, 30), 0)
    before = taken(patient).size
    patient.send(packets.chosen(slice(30, 31)), 1)
    records = taken(patient)
    assert records.size > before
    found = records[records["kind"] == kinds.RECOVERED]
    assert found["missing_count"].tolist() == [1]
    assert not (records["kind"] == kinds.GAP).any()
    others = records[records["kind"] != kinds.RECOVERED]
    assert comparable(others)[["kind", "price"]].tolist() == (
        comparable(decode(packets))[["kind", "price"]].tolist()
    )
    metrics = patient.memory.metrics
    assert (metrics["packets_recovered"], metrics["numbers_recovered"]) == (1, 1)
    assert_counted(patient)


def test_what_is_held_outlives_the_ring_of_frames(patient: Rig) -> None:
    """Frames that are about to be overwritten are taken first, and the gap before them is declared."""
    capacity = patient.memory.frame_ring.capacity
    packets = of_one_channel(capacity + 100)
    for first in range(0, capacity + 100, 50):
        piece = [n for n in range(first, min(first + 50, capacity + 100)) if n != 3]
        patient.send(packets.chosen(np.array(piece)), 0)
        taken(patient)
    metrics = patient.memory.metrics
    assert metrics["gaps"] == 1
    assert metrics["packets_missing"] == 1
    assert metrics["packets_malformed"] == 0
    assert_counted(patient)


def test_a_worker_that_was_killed_leaves_what_is_held_to_its_successor(patient: Rig) -> None:
    packets = of_one_channel(60)
    patient.send(without(packets, 30), 0)
    taken(patient)
    held = patient.memory.metrics["packets_held"]
    assert held > 0
    patient.stage.recover()
    assert patient.memory.metrics["packets_held"] == held
    patient.send(packets.chosen(slice(30, 31)), 1)
    assert comparable(taken(patient)).tobytes() == comparable(decode(packets)).tobytes()
    assert patient.memory.metrics["packets_held"] == 0


def test_every_channel_keeps_its_identity(patient: Rig) -> None:
    packets = of_the_venue(120)
    patient.send(without(packets, 5, 50, 51), 0)
    patient.send(without(packets, 7, 80), 1)
    taken(patient)
    state = patient.memory.state
    from zerofeed.feed.metrics import CHANNEL_WORDS, CHANNELS, CHANNELS_AT

    for index in range(CHANNELS):
        at = CHANNELS_AT + index * CHANNEL_WORDS
        closed, expected, first, taken_, recovered, missing = (
            int(state[at + word])
            for word in (c.CLOSED, c.EXPECTED, c.FIRST_NUMBER, c.TAKEN, c.RECOVERED, c.MISSING)
        )
        by_lines = int(state[at + c.LINES + c.L_FIRST : at + CHANNEL_WORDS : c.LINE_WORDS].sum())
        assert closed + expected - first == taken_ + by_lines + recovered + missing
