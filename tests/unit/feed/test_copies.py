"""A reader's word says how it has taken records; nothing said is views."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.feed.feeds import records
from zerofeed.feed.attach import Feed
from zerofeed.feed.copies import (
    BY_COPY,
    BY_HANDLER,
    BY_MATCHES,
    TAKES,
    copies_taken,
    taking_names,
)
from zerofeed.feed.handler import handler
from zerofeed.feed.publisher import Publisher
from zerofeed.shm import _ring_kernels as k

__all__: list[str] = []


@handler
def ignore(record, state) -> None:
    """Do nothing."""
    state[0] += 1


def test_no_bit_is_a_reader_of_views_and_every_bit_is_a_copy() -> None:
    assert (taking_names(0), copies_taken(taking_names(0))) == (["views"], 0)
    for bit in (BY_MATCHES, BY_HANDLER, BY_COPY, BY_MATCHES | BY_COPY):
        assert copies_taken(taking_names(bit)) == 1
    assert taking_names(BY_MATCHES | BY_HANDLER | BY_COPY) == ["matches", "handler", "copy"]


def test_the_word_shares_no_place_with_the_rings_own() -> None:
    assert TAKES not in {k.POSITION, k.CONSUMED, k.LOST, k.WAITING, k.SLEEPS_ON}
    assert TAKES < k.CURSOR_WORDS


@pytest.mark.compiled
def test_the_feed_shows_how_each_reader_takes(publisher: Publisher, attached: Feed) -> None:
    publisher.publish(records(0, 30))

    def takes() -> list[str]:
        (reader,) = attached.status()["readers"]
        return reader["takes"]

    with attached.reader(start="oldest") as reader:
        batch = reader.poll()
        assert takes() == ["views"]
        reader.copy(batch)
        assert takes() == ["copy"]
    with attached.reader(kinds=["trade"]):
        assert takes() == ["matches"]


@pytest.mark.compiled
@pytest.mark.slow
def test_a_handler_is_a_copy_into_scratch(publisher: Publisher, attached: Feed) -> None:
    publisher.publish(records(0, 30))
    with attached.reader(start="oldest") as reader:
        assert reader.run(ignore, np.zeros(1, np.int64), records=30) == 30
        assert attached.status()["readers"][0]["takes"] == ["handler"]
