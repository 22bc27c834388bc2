"""What this process is given lies in the feed's files, and an array that does not is noticed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tests.unit.children import open_descriptors
from tests.unit.feed.feeds import records
from zerofeed.apps.audit.gather_own import PROGRAM, OwnReader, identify_objects
from zerofeed.base.errors import FeedNotFoundError
from zerofeed.feed.attach import Feed, attach
from zerofeed.feed.publisher import Publisher
from zerofeed.shm.segment import SEALS

__all__: list[str] = []

pytestmark = pytest.mark.compiled  # a feed has atomics and futexes


@pytest.fixture
def attached(publisher: Publisher) -> Iterator[Feed]:
    publisher.publish(records(0, 30))
    with attach(publisher.name, program=PROGRAM) as feed:
        yield feed


def test_objects_are_different_sealed_files_and_no_descriptor_stays(publisher: Publisher) -> None:
    before = open_descriptors()
    objects = identify_objects(publisher.name)
    assert [each.name for each in objects] == list(publisher.describe()[0].objects)
    assert len({each.identity for each in objects}) == len(objects)
    assert {each.seals & SEALS for each in objects} == {SEALS}
    publisher.serve()
    assert open_descriptors() == before


def test_an_absent_feed_is_said() -> None:
    with pytest.raises(FeedNotFoundError):
        identify_objects("absent-feed")


def test_batches_lie_in_the_feeds_file(attached: Feed) -> None:
    reader = OwnReader(attached, identify_objects(attached.name))
    facts = reader.read(0.0)
    reader.close()
    (view,) = facts.views
    assert (view.what, view.inside, view.outside, view.writable) == ("records", 1, 0, 0)
    assert attached.status()["readers"] == []


def test_a_batch_that_is_a_copy_lies_outside_and_can_be_written(
    attached: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = OwnReader(attached, identify_objects(attached.name))
    poll = type(reader._records).poll
    monkeypatch.setattr(type(reader._records), "poll", lambda self: np.array(poll(self), copy=True))
    facts = reader.read(0.0)
    reader.close()
    (view,) = facts.views
    assert (view.inside, view.outside, view.writable) == (0, 1, 1)
    assert "1920 bytes at 0x" in view.example


def test_what_is_read_while_watching_is_counted(
    publisher: Publisher, attached: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = OwnReader(attached, identify_objects(attached.name))
    take, published = reader._take, []

    def publish_behind_the_first() -> int:
        size = take()
        if not published:
            published.append(1)
            publisher.publish(records(30, 20))
        return size

    monkeypatch.setattr(reader, "_take", publish_behind_the_first)
    growth = reader.read(0.0).process.growth
    reader.close()
    assert growth is not None
    assert growth.read_bytes == 20 * 64
