"""Numbers of channels can be looked up from outside, each by its connection, name and instrument."""

from __future__ import annotations

import numpy as np

from zerofeed.codecs.json import channels as c
from zerofeed.feed.metrics import SOURCES

__all__: list[str] = []


def test_the_numbers_of_one_name_are_found_by_instrument_and_those_of_other_sources_are_not() -> (
    None
):
    state = np.zeros(7 + c.STATE, np.int64)
    for source, place, number, code, row in [
        (0, 0, 5, 1, 10), (2, 0, 5, 1, 11), (2, 3, 0, 2, 11), (2, 63, 99, 1, 12), (2, 9, 8, 1, 0),
    ]:  # fmt: skip
        at = 7 + source * c.BLOCK_WORDS + c.FIRST + place * c.ENTRY_WORDS
        state[at : at + c.ENTRY_WORDS] = number + 1, row << c.CODE_BITS | code
    assert c.opened(state, 7, 2, 1) == {11: 5, 12: 99, 0: 8}
    assert c.opened(state, 7, 2, 2) == {11: 0}
    assert c.opened(state, 7, 0, 1) == {10: 5}
    assert c.opened(state, 7, 1, 1) == {}


def test_there_is_a_block_for_every_source_and_a_power_of_two_of_channels() -> None:
    assert SOURCES * c.BLOCK_WORDS == c.STATE
    assert c.CHANNELS & (c.CHANNELS - 1) == 0
    assert c.BLOCK_WORDS == c.FIRST + c.CHANNELS * c.ENTRY_WORDS
