"""Attaching maps a feed read-only, says clearly why it cannot, and leaves nothing behind."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.unit.children import Child, Gate, maps_of, open_descriptors
from tests.unit.feed.feeds import AHEAD, CAPACITY, MAX_CLAIM, name_of_feed, records, sizes, until
from zerofeed.base.errors import (
    BugError,
    ConfigurationError,
    FeedGoneError,
    FeedNotFoundError,
    LayoutMismatchError,
    ResourceError,
)
from zerofeed.feed.admission import Quota
from zerofeed.feed.attach import Feed, attach
from zerofeed.feed.publisher import Publisher
from zerofeed.records.kinds import LEVEL, TRADE
from zerofeed.records.units import UNDEF
from zerofeed.shm import _ring_kernels as k

pytestmark = pytest.mark.compiled


def test_a_feed_that_does_not_run_is_not_found() -> None:
    with pytest.raises(FeedNotFoundError, match="no such feed is running"):
        attach("no-such-feed")


def test_a_feed_that_starts_while_it_is_waited_for_is_attached() -> None:
    name = name_of_feed()
    attached: list[Feed] = []
    caller = threading.Thread(target=lambda: attached.append(attach(name, wait=20)))
    caller.start()
    with Publisher(name, sizes()) as publisher:
        publisher.start()
        caller.join(20)
        assert attached[0].name == name
        attached[0].close()


def test_waiting_for_a_feed_ends_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FeedNotFoundError):
        attach("no-such-feed", wait=0.001)


def test_an_attached_process_sees_what_the_feed_says_of_itself(
    publisher: Publisher, attached: Feed
) -> None:
    assert attached.name == attached.description.name == publisher.name
    assert attached.description.supervisor_pid == os.getpid()
    assert (attached.published, attached.epoch) == (0, 1)
    publisher.publish(records(0, 3))
    assert attached.published == 3
    assert attached.metrics["records_published"] == 3
    assert attached.is_alive()
    assert attached.status()["published"] == 3


@pytest.mark.parametrize(
    ("change", "what"),
    [({"formats": "0"}, "layout of records"), ({"machine": "vax"}, "architecture")],
)
def test_a_feed_of_another_format_is_refused_before_anything_is_mapped(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], what: str
) -> None:
    described, fds = publisher.describe()
    other = msgspec.structs.replace(described, **change)
    monkeypatch.setattr(publisher, "describe", lambda: (other, fds))
    before = open_descriptors()
    with pytest.raises(LayoutMismatchError, match=what):
        attach(publisher.name)
    until(lambda: open_descriptors() <= before)


def test_a_feed_of_another_memory_layout_is_refused(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zerofeed.feed.attach.LAYOUT_VERSION", 99)
    with pytest.raises(LayoutMismatchError, match="the attaching process reads 99"):
        attach(publisher.name)


def test_a_feed_that_sends_no_description_is_a_bug(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "describe", lambda: (None, []))
    with pytest.raises(BugError, match="no description"):
        attach(publisher.name)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"mode": "losless"}, "no such mode; expected lossy or lossless; got losless"),
        ({"start": "yesterday"}, "no such start"),
        ({"max_batch": 0}, "at least one record"),
    ],
)
def test_a_reader_that_cannot_be_is_refused_here_and_the_feed_stays(
    attached: Feed, options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        attached.reader(**options)
    assert attached.is_alive()


@pytest.mark.parametrize("kind", ["trades", 0, 64, -1, 50])
def test_a_kind_that_does_not_exist_is_refused(attached: Feed, kind: str | int) -> None:
    with pytest.raises(KeyError):
        attached.reader(kinds=[kind])


def test_kinds_are_names_or_codes_of_any_integer_type(publisher: Publisher, attached: Feed) -> None:
    readers = [attached.reader(kinds=kinds) for kinds in (["trade"], [TRADE], [np.uint8(TRADE)])]
    publisher.publish(records(0, 9))
    assert [reader.poll()["seq"].tolist() for reader in readers] == [[0, 3, 6]] * 3


def test_the_place_to_start_is_now_oldest_or_a_number(publisher: Publisher, attached: Feed) -> None:
    publisher.publish(records(0, 2 * CAPACITY))
    oldest = CAPACITY + MAX_CLAIM + 2 * AHEAD
    starts: list[tuple[Any, int]] = [
        ("now", 2 * CAPACITY),
        ("oldest", oldest),
        (0, oldest),
        (-5, oldest),
        (oldest + 7, oldest + 7),
        (np.int64(oldest + 8), oldest + 8),
        (10**30, 2 * CAPACITY),
    ]
    for start, position in starts:
        with attached.reader(start=start) as reader:
            assert reader.position == position
            first = reader.poll()["seq"]
            assert first.size == 0 or first[0] == position


def test_the_hundred_and_twenty_ninth_reader_is_refused_and_a_place_given_back_is_free(
    publisher: Publisher, attached: Feed
) -> None:
    publisher._admission.quota = Quota(process_share=1.0)
    readers = [attached.reader() for _ in range(k.MAX_READERS)]
    with pytest.raises(ResourceError, match="every reader slot is taken"):
        attached.reader()
    publisher.publish(records(0, 4))
    assert all(reader.poll().size == 4 for reader in readers)
    readers[77].close()
    attached.reader().close()


def test_a_process_that_has_its_share_of_the_slots_is_told_so(
    publisher: Publisher, attached: Feed
) -> None:
    publisher._admission.quota = Quota(4, process_share=0.5)
    with attached.reader(), attached.reader():
        with pytest.raises(ResourceError, match=r"all that one process may have; close some, or"):
            attached.reader()
        assert attached.is_alive()


def test_closed_readers_are_forgotten_and_open_ones_are_closed_with_the_feed(
    publisher: Publisher,
) -> None:
    with attach(publisher.name) as feed:
        kept = feed.reader()
        for _ in range(50):
            feed.reader().close()
        assert len(feed._readers) <= 2
        assert kept.mode == "lossy"
    assert kept.mode == "free"


@pytest.mark.parametrize(
    ("script", "shown"),
    [
        (["/home/me/strategies/momentum.py"], "momentum.py"),
        (["/x/" + "a" * 99], "a" * 64),
        (["-c"], "python"),
        ([""], "python"),
        ([], "python"),
        (["strat\udcff.py"], "strat?.py"),
    ],
)
def test_a_reader_is_shown_by_the_name_of_its_script(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch, script: list[str], shown: str
) -> None:
    monkeypatch.setattr("sys.argv", script)
    with attach(publisher.name) as feed, feed.reader():
        assert [each["program"] for each in feed.status()["readers"]] == [shown]


@pytest.mark.parametrize(
    ("program", "shown"),
    [
        ("hedger eu-1", "hedger eu-1"),
        ("x" * 10**6, "x" * 64),
        ("a\nb\0\x1b[m", "a?b??[m"),
        ("", ""),
    ],
    ids=["text", "long", "control characters", "empty"],
)
def test_a_reader_is_shown_by_the_name_that_it_gives_itself(
    publisher: Publisher, program: str, shown: str
) -> None:
    with attach(publisher.name, program=program) as feed, feed.reader():
        assert [each["program"] for each in feed.status()["readers"]] == [shown]


def test_prices_and_sizes_become_floats_and_decimals_by_their_instruments_exponent(
    publisher: Publisher, attached: Feed
) -> None:
    rows = publisher.memory.instrument_rows
    rows["price_exponent"][:8] = [0, -2, -9, 1, -1, -1, -1, -1]
    rows["size_exponent"][:8] = -1
    batch = records(0, 4)
    batch["price"] = [7, 150, UNDEF, 2]
    batch["size"] = [5, UNDEF, 10, 0]
    prices = attached.prices(batch)
    assert prices[[0, 1, 3]].tolist() == [7.0, 1.5, 20.0]
    assert np.isnan(prices[2])
    assert attached.sizes(batch)[[0, 2, 3]].tolist() == [0.5, 1.0, 0.0]
    assert attached.decimal_prices(batch) == [Decimal(7), Decimal("1.5"), None, Decimal(20)]
    assert attached.decimal_sizes(batch) == [Decimal("0.5"), None, Decimal(1), Decimal(0)]


def test_a_symbol_filter_passes_only_matching_instruments_also_later_ones(
    publisher: Publisher, attached: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Table:
        """The instruments table's part that a filter asks."""

        def __init__(self) -> None:
            self.names = ["", "BTC-A", "ETH-A", "BTC-B"]

        def __len__(self) -> int:
            return len(self.names)

        def version(self) -> int:
            return len(self.names)

        def find(self, pattern: str) -> list[SimpleNamespace]:
            return [
                SimpleNamespace(index=index)
                for index, name in enumerate(self.names)
                if name and name.startswith(pattern.rstrip("*"))
            ]

    table = Table()
    monkeypatch.setattr(attached, "instruments", table)
    reader = attached.reader(symbols=["BTC*"])
    publisher.publish(records(0, 14))
    assert set(reader.poll()["instrument"].tolist()) == {1, 3}
    table.names = [*table.names, "XRP", "BTC-C"]
    publisher.publish(records(14, 14))
    assert set(reader.poll()["instrument"].tolist()) == {1, 3, 5}
    none = attached.reader(symbols=["DOGE*"])
    publisher.publish(records(28, 14))
    assert none.poll().size == 0
    assert none.consumed == 14


def test_kinds_and_symbols_both_have_to_match(publisher: Publisher, attached: Feed) -> None:
    reader = attached.reader(kinds=["level"], symbols=[])
    publisher.publish(records(0, 9))
    assert reader.poll().size == 0
    reader = attached.reader(kinds=["level"], start=0)
    assert set(reader.poll()["kind"].tolist()) == {LEVEL}


def test_a_feed_that_ends_is_gone_for_whoever_asks_it(publisher: Publisher) -> None:
    feed = attach(publisher.name)
    publisher.close()
    assert not feed.is_alive()
    with pytest.raises(FeedGoneError):
        feed.reader()
    with pytest.raises(FeedGoneError):
        feed.status()
    feed.close()


def test_a_feed_whose_process_is_killed_is_gone_and_its_records_are_still_read() -> None:
    name, published = name_of_feed(), Gate()

    def publish() -> None:
        with Publisher(name, sizes()) as publisher:
            publisher.start()
            published.wait()
            publisher.publish(records(0, 100))
            published.wait(60)

    with Child(publish) as child:
        feed = attach(name, wait=20)
        reader = feed.reader("lossless")
        published.open()
        until(lambda: feed.published == 100)
        child.kill(signal.SIGKILL)
        seqs: list[int] = []
        for batch in reader:
            seqs += batch["seq"].tolist()
        assert seqs == list(range(100))
        with pytest.raises(FeedGoneError, match="everything up to record 100 was read"):
            reader.wait(20)
        assert (reader.consumed, reader.lost, reader.lag) == (100, 0, 0)
        feed.close()
    published.close()


def test_views_stay_valid_after_the_feed_is_closed_and_forgotten(publisher: Publisher) -> None:
    feed = attach(publisher.name)
    reader = feed.reader()
    publisher.publish(records(0, 50))
    batch = reader.poll()
    column = batch["price"][::7]
    expected = batch.copy()
    feed.close()
    del feed, reader
    publisher.close()
    gc.collect()
    assert batch.tobytes() == expected.tobytes()
    assert column.tolist() == [7 * n for n in range(0, 50, 7)]


def test_attaching_and_leaving_leaves_no_descriptor_and_no_map_on_either_side(
    publisher: Publisher,
) -> None:
    def cycle() -> None:
        with attach(publisher.name) as feed:
            with feed.reader("lossless") as reader:
                publisher.publish(records(0, 3))
                assert reader.poll().size == 3
            feed.reader(kinds=["trade"]).poll()

    for _ in range(2):
        cycle()
    gc.collect()
    until(lambda: not publisher.memory.record_ring.control[k.MODES : k.MODES + 4].any())
    before = open_descriptors(), maps_of("memfd:zerofeed")
    for _ in range(100):
        cycle()
    until(lambda: not publisher.memory.record_ring.control[k.MODES : k.MODES + 4].any())
    gc.collect()
    until(lambda: open_descriptors() <= before[0])
    assert maps_of("memfd:zerofeed") <= before[1] + 2


def test_a_forgotten_reader_does_not_outlive_its_process_in_the_feed(
    make_publisher: Callable[..., Publisher],
) -> None:
    publisher = make_publisher(patience=60.0)
    ready = Gate()

    def read() -> None:
        _reader = attach(publisher.name, wait=20).reader("lossless")
        ready.open()
        threading.Event().wait(60)

    with Child(read) as child:
        ready.wait()
        assert publisher.memory.record_ring.control[k.MODES] == k.LOSSLESS
        child.kill()
        publisher.publish(records(0, CAPACITY))
        publisher.publish(records(0, MAX_CLAIM))
        until(lambda: publisher.memory.record_ring.control[k.MODES] == k.FREE)
    ready.close()
