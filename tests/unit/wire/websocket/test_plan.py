"""The regions of a source lie behind each other, and none over another."""

from __future__ import annotations

import itertools

import pytest

from zerofeed.wire._arrival_kernels import LINES
from zerofeed.wire.websocket.plan import MOST_LINES, StreamPlan
from zerofeed.wire.websocket.stream import STREAM_WORDS

__all__: list[str] = []


@pytest.mark.parametrize("inflates", [False, True])
@pytest.mark.parametrize("lines", range(1, MOST_LINES + 1))
def test_regions_fill_the_arena_once(lines: int, inflates: bool) -> None:
    plan = StreamPlan(1000, lines, 64, 16, inflates=inflates)
    begins = [plan.region_at(place) for place in range(plan.places + 1)]
    begins += [at for place in range(plan.places + 1) if (at := plan.inflated_at(place)) >= 0]
    assert len(begins) == plan.regions
    assert begins[0] == 1000
    assert all(b - a == 64 for a, b in itertools.pairwise(begins))
    assert begins[-1] + 64 == 1000 + plan.arena_bytes


def test_an_inbox_is_never_inflated() -> None:
    plan = StreamPlan(0, 1, 64, 16, inflates=True)
    assert plan.inflated_at(plan.places) == -1


def test_frames_can_tell_all_streams_apart() -> None:
    assert StreamPlan(0, MOST_LINES, 64, 16).places <= LINES


def test_there_are_words_for_all_streams_and_the_inbox() -> None:
    assert StreamPlan(0, 2, 64, 16).words == 4 * STREAM_WORDS
