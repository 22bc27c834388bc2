"""What is held is a list by number; what it waits for can be listed by any process; slots come back."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.sequencing.lines import CHANNEL, Packet, fresh_state, run
from zerofeed.feed.metrics import CHANNEL_WORDS, CHANNELS, CHANNELS_AT, Metrics
from zerofeed.sequencing._holding_kernels import holes
from zerofeed.sequencing.channels import HELD
from zerofeed.sequencing.holding import A_HELD, A_HOLDING, A_USED

__all__: list[str] = []

A = 0


def row_of(state) -> int:
    return next(
        at
        for at in range(CHANNELS_AT, CHANNELS_AT + CHANNELS * CHANNEL_WORDS, CHANNEL_WORDS)
        if state[at] == CHANNEL + 1
    )


def holes_of(state, most: int = 16) -> list[list[int]]:
    found = np.zeros((most, 2), np.int64)
    return found[: holes(state, row_of(state), found)].tolist()


@pytest.mark.parametrize("order", [(5, 8, 12), (12, 8, 5), (8, 12, 5), (8, 5, 12)])
def test_holes_are_listed_in_order_however_the_packets_came(order) -> None:
    state = fresh_state(1000)
    run(state, [Packet(0, A, 1), *(Packet(k, A, seq, 2) for k, seq in enumerate(order, 1))])
    assert holes_of(state) == [[2, 5], [7, 8], [10, 12]]
    assert state[row_of(state) + HELD] == state[A_HELD] == Metrics(state)["packets_held"] == 3


def test_packets_that_overlap_leave_no_hole_between_them() -> None:
    state = fresh_state(1000)
    run(state, [Packet(0, A, 1), Packet(1, A, 5, 4), Packet(2, A, 7, 4)])
    assert holes_of(state) == [[2, 5]]


def test_no_more_holes_are_listed_than_there_is_room_for() -> None:
    state = fresh_state(1000)
    run(state, [Packet(0, A, 1), *(Packet(1, A, 2 * k) for k in range(2, 9))])
    assert holes_of(state, most=2) == [[2, 4], [5, 6]]


def test_a_channel_that_waits_for_nothing_has_no_hole() -> None:
    state = fresh_state(1000)
    run(state, [Packet(0, A, 1), Packet(1, A, 2)])
    assert holes_of(state) == []


def test_slots_are_used_again() -> None:
    state = fresh_state(10)
    run(state, [Packet(0, A, 1), *(Packet(100 * turn, A, 3 * turn) for turn in range(1, 200))])
    assert state[A_USED] <= 2
    assert (state[A_HELD], state[A_HOLDING] != 0) == (1, True)


def test_a_look_at_words_that_are_being_changed_ends() -> None:
    """Another process may see a list that is half changed: it must neither hang nor read elsewhere."""
    state = fresh_state(1000)
    run(state, [Packet(0, A, 1), Packet(1, A, 5), Packet(2, A, 9)])
    at = row_of(state)
    for first in (-3, 2**40, 4096, 1, 2):
        broken = state.copy()
        broken[at + 17] = first
        holes(broken, at, np.zeros((4, 2), np.int64))
