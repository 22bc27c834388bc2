"""Every style sees every record once, in order, and tells when it did not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.unit.feed.feeds import name_of_feed, records, sizes
from zerofeed.apps import demo_readers as module
from zerofeed.apps.demo_readers import STYLES, read_until_told
from zerofeed.feed.publisher import Publisher
from zerofeed.records._digest_kernels import DIGEST_WORDS, digest_text, digest_words
from zerofeed.shm.histogram import percentile

# Digests wrap around in silence when compiled; NumPy's scalars would warn.
pytestmark = pytest.mark.compiled

COUNT = 60


def digest_of(batch: npt.NDArray[Any]) -> str:
    out = np.zeros(DIGEST_WORDS, np.int64)
    digest_words(out, np.ascontiguousarray(batch).view(np.int64).reshape(-1))
    return digest_text(out)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with Publisher(name_of_feed(), sizes()) as made:
        made.start()
        yield made


class FakePipe:
    """The parent: says the target when the reader has said that it is ready."""

    def __init__(self, target: int) -> None:
        self._target = target
        self.sent: list[Any] = []

    def poll(self) -> bool:
        return self.sent == ["ready"]

    def recv(self) -> int:
        return self._target

    def send(self, message: Any) -> None:
        self.sent.append(message)


def publish(publisher: Publisher, count: int) -> npt.NDArray[Any]:
    """Publish some records; gives them as they are in the ring."""
    publisher.publish(records(0, count))
    return publisher.memory.records[:count].copy()


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
def test_style_sees_every_record_and_the_bytes_that_were_published(
    style: str, publisher: Publisher
) -> None:
    published = publish(publisher, COUNT)
    pipe: Any = FakePipe(COUNT)
    read_until_told(publisher.name, style, pipe)
    ready, report = pipe.sent
    assert ready == "ready"
    assert report["style"] == style
    assert (report["seen"], report["consumed"]) == (COUNT, COUNT)
    assert (report["lost"], report["lag"], report["holes"]) == (0, 0, 0)
    assert report["digest"] == digest_of(published)
    assert report["mode"] == "lossless"
    assert report["is_view"]
    assert report["map"].startswith("r--s")
    assert "memfd" in report["map"]


def test_batches_taken_one_after_the_other_are_one_stream() -> None:
    words = np.arange(COUNT * 8).reshape(-1, 8)
    words[:, 0] = np.arange(COUNT)
    words[:, 2] = 1_000
    state = np.zeros(module.STATE_WORDS, np.int64)
    for part in (words[:1], words[1:40], words[40:]):
        assert module.take_batch(state, part.reshape(-1), 3_000) == len(part)
    assert state[module.SEEN] == COUNT
    assert state[module.HOLES] == 0
    assert state[module.NEXT_SEQ] == COUNT
    assert digest_text(state[:DIGEST_WORDS]) == digest_of(words)
    middle = percentile(state[module.LATENCY :], 0.5)
    assert middle is not None
    assert 1_800 < middle < 2_300


@pytest.mark.parametrize("numbers", [[0, 1, 3], [0, 0], [5, 4], [7, 9]])
def test_a_number_that_does_not_follow_is_a_hole(numbers: list[int]) -> None:
    words = np.zeros((len(numbers), 8), np.int64)
    words[:, 0] = numbers
    state = np.zeros(module.STATE_WORDS, np.int64)
    module.take_batch(state, words.reshape(-1), 0)
    assert state[module.HOLES] == 1


def test_a_stream_may_begin_at_any_number() -> None:
    words = np.zeros(8, np.int64)
    words[0] = 1_000_000
    state = np.zeros(module.STATE_WORDS, np.int64)
    module.take_batch(state, words, 0)
    assert state[module.HOLES] == 0


@pytest.mark.slow
def test_compiled_handler_takes_the_same_words_as_a_batch() -> None:
    batch = records(3, 5)
    by_batch = np.zeros(module.STATE_WORDS, np.int64)
    by_record = np.zeros(module.STATE_WORDS, np.int64)
    module.take_batch(by_batch, batch.view(np.int64), 0)
    words = np.zeros(8, np.int64)
    for record in batch:
        module.every_record(record, (words, by_record))
    assert digest_text(by_record[:DIGEST_WORDS]) == digest_text(by_batch[:DIGEST_WORDS])
    assert by_record[module.SEEN] == by_batch[module.SEEN] == 5


def test_reader_goes_on_until_it_is_told_and_has_come_so_far() -> None:
    pipe: Any = FakePipe(10)
    told = module._Told(pipe)
    assert not told.is_reached(1_000_000)
    pipe.send("ready")
    assert not told.is_reached(9)
    assert told.is_reached(10)
    assert told.is_reached(11)
