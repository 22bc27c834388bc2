"""A segment is written again only when the frames in it are retired; a reader may prevent it."""

from __future__ import annotations

import numpy as np
import pytest

from zerofeed.base.kernel import I64, int64, kernel
from zerofeed.base.status import NOT_READY, OK, WOULD_BLOCK
from zerofeed.shm import _ring_kernels as rk
from zerofeed.wire.websocket import _region_kernels as k
from zerofeed.wire.websocket import _words as w

__all__: list[str] = []

CAPACITY = 8
SEGMENT = 16


@kernel(int64(I64, int64, I64, I64))
def open_until(words, upto, control, cursors):
    return k.open_until(words, w.REGION, upto, control, cursors)


@kernel(int64(I64, int64, I64, I64))
def open_from_start(words, upto, control, cursors):
    return k.open_from_start(words, w.REGION, upto, control, cursors)


@kernel(int64(I64, int64, int64, int64))
def mark(words, at, length, seq):
    k.mark(words, w.REGION, at, length, seq)
    return 0


class Region:
    """A region and the ring that its frames are in."""

    def __init__(self, published: int = 0) -> None:
        self.words = np.zeros(w.STREAM_WORDS, np.int64)
        self.words[w.REGION + w.R_BYTES] = SEGMENT * w.SEGMENTS
        self.words[w.REGION + w.R_SEGMENT] = SEGMENT
        self.control = np.zeros(rk.CONTROL_WORDS, np.int64)
        self.control[rk.CAPACITY] = CAPACITY
        self.control[rk.PUBLISHED] = published
        self.cursors = np.zeros(rk.MAX_READERS * rk.CURSOR_WORDS, np.int64)

    @property
    def opened(self) -> int:
        return int(self.words[w.REGION + w.R_OPEN])

    @property
    def claimed(self) -> int:
        return int(self.control[rk.CLAIMED])

    def last(self) -> list[int]:
        at = w.REGION + w.R_LAST
        return self.words[at : at + w.SEGMENTS].tolist()

    def read_losslessly(self, position: int) -> None:
        self.control[rk.MODES] = rk.LOSSLESS
        self.control[rk.SLOTS] = 1
        self.control[rk.GATE] = -CAPACITY
        self.cursors[rk.POSITION] = position


def test_a_frame_is_noted_in_every_segment_that_it_touches() -> None:
    region = Region()
    mark(region.words, SEGMENT - 1, SEGMENT + 2, 4)
    mark(region.words, 5 * SEGMENT, 0, 9)
    assert region.last()[:6] == [5, 5, 5, 0, 0, 0]


def test_room_without_frames_costs_no_claim() -> None:
    region = Region(published=3)
    assert open_until(region.words, SEGMENT + 1, region.control, region.cursors) == OK
    assert region.opened == 2 * SEGMENT
    assert region.claimed <= CAPACITY, "what an empty ring has open anyway"


def test_the_frames_of_a_segment_are_retired_before_it_is_open() -> None:
    region = Region(published=10)
    mark(region.words, 0, SEGMENT, 6)
    assert open_until(region.words, 1, region.control, region.cursors) == OK
    assert region.claimed == 7 + CAPACITY, "frame 6 and all before it"
    assert region.last()[0] == 0


def test_a_lossless_reader_keeps_a_segment_closed() -> None:
    region = Region(published=10)
    mark(region.words, 0, SEGMENT, 6)
    region.read_losslessly(6)
    assert open_until(region.words, 1, region.control, region.cursors) == WOULD_BLOCK
    assert (region.opened, region.claimed, region.last()[0]) == (0, 0, 7)
    region.cursors[rk.POSITION] = 7
    assert open_until(region.words, 1, region.control, region.cursors) == OK


def test_frames_that_are_not_published_yet_are_not_given_up() -> None:
    region = Region(published=10)
    mark(region.words, 0, SEGMENT, 10)
    assert open_until(region.words, 1, region.control, region.cursors) == NOT_READY
    assert open_from_start(region.words, 1, region.control, region.cursors) == NOT_READY
    assert region.opened == 0


def test_a_new_lap_is_all_or_nothing() -> None:
    region = Region(published=10)
    region.words[w.REGION + w.R_OPEN] = 40 * SEGMENT
    mark(region.words, 0, 1, 5)
    mark(region.words, SEGMENT, 1, 8)
    region.read_losslessly(7)
    assert open_from_start(region.words, SEGMENT + 1, region.control, region.cursors) == WOULD_BLOCK
    assert region.opened == 40 * SEGMENT
    assert region.last()[:2] == [6, 9]
    assert open_from_start(region.words, SEGMENT, region.control, region.cursors) == OK
    assert (region.opened, region.last()[:2]) == (SEGMENT, [0, 9])


@pytest.mark.parametrize("published", [0, 5, 100])
def test_no_more_is_claimed_than_a_ring_ahead(published: int) -> None:
    region = Region(published=published)
    for at in range(0, SEGMENT * w.SEGMENTS, SEGMENT):
        mark(region.words, at, 1, max(0, published - 1))
    if published == 0:
        region.words[w.REGION + w.R_LAST : w.REGION + w.R_LAST + w.SEGMENTS] = 0
    end = SEGMENT * w.SEGMENTS
    assert open_until(region.words, end, region.control, region.cursors) == OK
    assert region.claimed <= published + CAPACITY
