"""A program's own records reach readers numbered, whole, and without waiting for any of them."""

from __future__ import annotations

import gc
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.children import open_descriptors
from tests.unit.feed.feeds import CAPACITY, MAX_CLAIM, name_of_feed, records, sizes
from zerofeed.base.errors import ConfigurationError
from zerofeed.feed.attach import Feed, attach
from zerofeed.feed.members import LOST_PATIENCE
from zerofeed.feed.publisher import Publisher, listen, version
from zerofeed.records.kinds import DISCONNECT
from zerofeed.shm import _ring_kernels as k

pytestmark = pytest.mark.compiled


def test_records_are_numbered_without_holes_and_otherwise_left_as_they_are(
    publisher: Publisher, attached: Feed
) -> None:
    reader = attached.reader()
    for first, count in ((0, 1), (1, 10), (11, MAX_CLAIM)):
        publisher.publish(records(first, count))
    batch = reader.poll()
    assert batch["seq"].tolist() == list(range(11 + MAX_CLAIM))
    expected = records(0, batch.size)
    expected["seq"] = np.arange(batch.size)
    assert batch.tobytes() == expected.tobytes()


def test_a_claim_is_the_records_own_memory_and_is_published_when_its_block_ends(
    publisher: Publisher, attached: Feed
) -> None:
    reader = attached.reader()
    with publisher.claim(3) as place:
        place["price"] = [1, 2, 3]
        assert reader.poll().size == 0
        assert np.shares_memory(place, publisher.memory.records)
    assert reader.poll()["price"].tolist() == [1, 2, 3]


def test_a_claim_whose_block_raises_is_not_published(publisher: Publisher, attached: Feed) -> None:
    reader = attached.reader()
    with pytest.raises(ZeroDivisionError), publisher.claim(3):
        raise ZeroDivisionError
    assert reader.poll().size == 0
    publisher.publish(records(0, 2))
    assert reader.poll()["seq"].tolist() == [0, 1]


@pytest.mark.parametrize("count", [0, -1, MAX_CLAIM + 1])
def test_a_claim_of_nothing_or_too_much_is_refused(publisher: Publisher, count: int) -> None:
    with pytest.raises(ValueError, match=f"1 to {MAX_CLAIM} records"), publisher.claim(count):
        pass


def test_more_than_a_claim_is_published_in_several(publisher: Publisher, attached: Feed) -> None:
    reader = attached.reader()
    publisher.publish(records(0, 2 * MAX_CLAIM + 5))
    seqs = reader.poll()["seq"].tolist() + reader.poll()["seq"].tolist()
    assert seqs == list(range(2 * MAX_CLAIM + 5))
    publisher.publish(records(0, 0))
    assert reader.poll().size == 0


def test_a_lossless_reader_that_stops_costs_the_feed_its_patience_once(
    make_publisher: Callable[..., Publisher],
) -> None:
    publisher = make_publisher(patience=0.02)
    with attach(publisher.name) as feed:
        stopped = [feed.reader("lossless") for _ in range(3)]
        publisher.publish(records(0, CAPACITY))
        assert [reader.mode for reader in stopped] == ["lossless"] * 3
        watching = feed.reader()
        publisher.publish(records(0, MAX_CLAIM))
        assert [reader.mode for reader in stopped] == ["degraded"] * 3
        assert publisher.memory.metrics["readers_degraded"] == 3
        batch = watching.poll()
        announced = batch[batch["kind"] == DISCONNECT]
        assert announced["reader"].tolist() == [0, 1, 2]
        assert set(announced["reason"].tolist()) == {LOST_PATIENCE}
        assert batch["seq"].tolist() == list(range(CAPACITY, CAPACITY + 3 + MAX_CLAIM))


def test_a_lossless_reader_that_leaves_is_no_longer_waited_for(
    make_publisher: Callable[..., Publisher],
) -> None:
    publisher = make_publisher(patience=60.0)
    feed = attach(publisher.name)
    feed.reader("lossless")
    publisher.publish(records(0, CAPACITY))
    publishing = threading.Thread(target=publisher.publish, args=(records(0, MAX_CLAIM),))
    publishing.start()
    feed.close()
    publishing.join(20)
    assert not publishing.is_alive()


def test_a_name_that_is_taken_is_refused(publisher: Publisher) -> None:
    with pytest.raises(ConfigurationError, match="stop the feed that has this name"):
        Publisher(publisher.name, sizes())


def test_a_name_is_free_again_when_its_feed_has_ended() -> None:
    name = name_of_feed()
    for _ in range(2):
        Publisher(name, sizes()).close()


def test_a_feed_can_listen_on_a_path_which_is_removed_with_it(
    tmp_path: Path, make_publisher: Callable[..., Publisher]
) -> None:
    path = tmp_path / "feed.sock"
    publisher = make_publisher(str(path))
    with attach(str(path)) as feed:
        assert feed.name == "feed.sock"
    publisher.close()
    assert not path.exists()


def test_a_socket_file_that_a_killed_feed_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "feed.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as left:
        left.bind(str(path))
    listen(str(path)).close()


def test_a_socket_file_that_answers_is_left_alone(tmp_path: Path) -> None:
    path = str(tmp_path / "feed.sock")
    first = listen(path)
    with pytest.raises(ConfigurationError, match="Address already in use"):
        listen(path)
    first.close()


def test_a_file_that_is_no_socket_is_never_removed(tmp_path: Path) -> None:
    """The kernel refuses a connection to it in the same words as to a dead feed's socket."""
    path = tmp_path / "thesis.txt"
    path.write_text("years of work")
    with pytest.raises(ConfigurationError):
        listen(str(path))
    assert path.read_text() == "years of work"


def test_a_socket_file_has_the_mode_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "feed.sock"
    listen(str(path), mode=0o600).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_serving_works_beside_any_number_of_open_descriptors(
    make_publisher: Callable[..., Publisher],
) -> None:
    """``select`` refuses descriptors from 1024 on."""
    occupied = [os.dup(0) for _ in range(1100)]
    publisher = make_publisher()
    with attach(publisher.name) as feed:
        publisher.publish(records(0, 2))
        assert feed.reader("lossy", "oldest").poll().size == 2
    publisher.close()
    for fd in occupied:
        os.close(fd)


def test_every_publication_serves_who_waits_when_it_has_not_for_ten_milliseconds() -> None:
    name = name_of_feed()
    attached: list[Any] = []
    with Publisher(name, sizes()) as publisher:
        caller = threading.Thread(target=lambda: attached.append(attach(name)))
        caller.start()
        while caller.is_alive():
            publisher.publish(records(0, 1))
            caller.join(0.001)
        attached[0].close()
    assert not attached[0].is_alive()


def test_views_of_the_writer_stay_after_the_feed_has_ended() -> None:
    publisher = Publisher(name_of_feed(), sizes())
    publisher.publish(records(0, 5))
    view = publisher.memory.records[:5]
    publisher.close()
    del publisher
    assert view["price"].tolist() == [0, 7, 14, 21, 28]


def test_a_publisher_makes_and_ends_without_leaving_a_descriptor() -> None:
    def cycle() -> None:
        with Publisher(name_of_feed(), sizes()) as publisher:
            publisher.publish(records(0, 1))

    cycle()
    gc.collect()
    before = open_descriptors()
    for _ in range(20):
        cycle()
    gc.collect()
    assert open_descriptors() <= before


def test_status_tells_who_reads_how_far(publisher: Publisher, attached: Feed) -> None:
    reader = attached.reader("lossless")
    publisher.publish(records(0, 7))
    reader.poll()
    reader.poll()
    publisher.publish(records(0, 2))
    [row] = publisher.status()["readers"]
    assert row["pid"] == os.getpid()
    assert row["uid"] == os.getuid()
    assert row["program"]
    told = {name: row[name] for name in ("mode", "position", "lag", "consumed", "lost")}
    assert told == {"mode": "lossless", "position": 7, "lag": 2, "consumed": 7, "lost": 0}


def test_a_position_ahead_of_the_feed_is_shown_as_no_lag(
    publisher: Publisher, attached: Feed
) -> None:
    reader = attached.reader()
    reader._page.words[k.POSITION] = 2**62
    assert publisher.status()["readers"][0]["lag"] == 0


def test_version_is_that_of_the_package() -> None:
    assert version()[0].isdigit()
