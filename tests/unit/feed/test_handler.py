"""A handler is an ordinary function that is compiled at its first use."""

from __future__ import annotations

import numpy as np

from tests.unit.feed.feeds import records
from zerofeed.feed.handler import Handler, handler
from zerofeed.records.kinds import TRADE


@handler
def volume(record, state):  # type: ignore[no-untyped-def]
    """Add up what was traded."""
    if record.kind == TRADE:
        state[0] += record.size


def test_a_handler_keeps_its_functions_name_and_documentation() -> None:
    assert isinstance(volume, Handler)
    assert (volume.__name__, volume.__doc__) == ("volume", "Add up what was traded.")


def test_a_handler_can_be_called_with_one_record_as_a_test_would() -> None:
    state = np.zeros(1, np.int64)
    for record in records(0, 6):
        volume(record, state)
    assert state[0] == 0 * 11 + 3 * 11


def test_a_handler_takes_a_record_of_a_read_only_batch() -> None:
    state = np.zeros(1, np.int64)
    batch = records(0, 6)
    batch.flags.writeable = False
    volume(batch[3], state)
    assert state[0] == 33


@handler
def middle(record, state):  # type: ignore[no-untyped-def]
    """Keep a window of the latest prices, and the middle of it."""
    window = np.append(state[1:6], record.price)
    state[0] = int(np.sort(window)[2])
    state[1:6] = window[1:]


def test_a_handler_may_allocate() -> None:
    state = np.zeros(6, np.int64)
    batch = records(0, 9)
    for record in batch:
        middle(record, state)
    assert state[0] == int(np.sort(batch["price"][3:])[2])
