"""A reader gets every record once, in order and whole, or the exact number of those it missed."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import random
import resource
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.children import Child, Gate, open_descriptors
from tests.unit.feed.feeds import (
    AHEAD,
    CAPACITY,
    MAX_CLAIM,
    is_whole,
    name_of_feed,
    records,
    sizes,
    until,
    until_async,
)
from zerofeed.base.errors import FeedGoneError
from zerofeed.feed import reader as module
from zerofeed.feed.attach import Feed, attach
from zerofeed.feed.handler import handler
from zerofeed.feed.publisher import Publisher
from zerofeed.feed.reader import Reader
from zerofeed.records.dtypes import RECORD
from zerofeed.records.kinds import TRADE
from zerofeed.shm import _ring_kernels as k

pytestmark = pytest.mark.compiled


def accounts(reader: Reader, start: int = 0) -> bool:
    """``published = consumed + lost + lag``, counted from where the reader started."""
    published = int(reader._ring.control[k.PUBLISHED])
    return published - start == reader.consumed + reader.lost + reader.lag


@handler
def check(record, state):  # type: ignore[no-untyped-def]
    """Count; count what is out of order; count what is torn."""
    state[0] += 1
    if record.seq <= state[1]:
        state[2] += 1
    state[1] = record.seq
    if record.price * 13 != record.trade_id * 7:
        state[3] += 1


@handler
def keep(record, state):  # type: ignore[no-untyped-def]
    """Keep every byte of every record."""
    count, kept = state
    kept[count[0]] = record
    count[0] += 1


def nothing_checked() -> npt.NDArray[np.int64]:
    return np.array([0, -1, 0, 0])


# Taking batches


def test_nothing_published_is_an_empty_batch_at_once(attached: Feed) -> None:
    reader = attached.reader()
    assert reader.poll().size == 0
    assert accounts(reader)


def test_a_batch_is_a_read_only_view_of_shared_memory(publisher: Publisher, attached: Feed) -> None:
    reader = attached.reader()
    publisher.publish(records(0, 5))
    batch = reader.poll()
    assert np.shares_memory(batch, attached.memory.records)
    assert not batch.flags.writeable
    publisher.memory.records["price"][2] = -1
    assert batch["price"][2] == -1


def test_a_batch_across_the_end_of_the_ring_is_contiguous(
    publisher: Publisher, attached: Feed
) -> None:
    publisher.publish(records(0, CAPACITY - 3))
    reader = attached.reader()
    publisher.publish(records(CAPACITY - 3, 10))
    batch = reader.poll()
    assert batch.flags.c_contiguous
    assert batch["seq"].tolist() == list(range(CAPACITY - 3, CAPACITY + 7))
    assert is_whole(batch)


@pytest.mark.parametrize("most", [1, 7, CAPACITY])
def test_a_batch_is_never_longer_than_asked_for_nor_than_half_of_the_ring(
    publisher: Publisher, attached: Feed, most: int
) -> None:
    reader = attached.reader(max_batch=most)
    filtered = attached.reader(kinds=["trade", "level", "quote"], max_batch=most)
    publisher.publish(records(0, CAPACITY - MAX_CLAIM))
    for each in (reader, filtered):
        seqs: list[int] = []
        while (batch := each.poll()).size:
            assert batch.size <= min(most, CAPACITY // 2)
            seqs += batch["seq"].tolist()
        assert seqs == list(range(CAPACITY - MAX_CLAIM))


def test_a_batch_counts_as_consumed_when_the_next_call_shows_that_it_was_intact(
    publisher: Publisher, attached: Feed
) -> None:
    reader = attached.reader()
    publisher.publish(records(0, 5))
    reader.poll()
    assert (reader.consumed, reader.lag, reader.position) == (0, 5, 5)
    assert reader.is_intact()
    reader.poll()
    assert (reader.consumed, reader.lost, reader.lag) == (5, 0, 0)


def test_a_lapped_reader_is_told_exactly_how_many_it_missed(
    publisher: Publisher, attached: Feed
) -> None:
    reader = attached.reader()
    publisher.publish(records(0, 3 * CAPACITY))
    batch = reader.poll()
    assert batch["seq"][0] == reader.lost > 2 * CAPACITY
    assert is_whole(batch)
    assert accounts(reader)


def test_a_reader_overtaken_by_a_whole_ring_between_two_looks_goes_on_ahead(
    publisher: Publisher, attached: Feed
) -> None:
    """It was off its core: what it saw as published is by now older than the oldest kept."""

    class Overtaken:
        def __init__(self, published: memoryview) -> None:
            self._published = published
            self._was = int(published[0])

        def __getitem__(self, index: int) -> int:
            value, self._was = self._was, int(self._published[index])
            if value < 3 * CAPACITY:
                publisher.publish(records(CAPACITY, 2 * CAPACITY))
                self._was = int(self._published[index])
            return value

    reader = attached.reader()
    publisher.publish(records(0, CAPACITY))
    reader._published = Overtaken(reader._published)  # type: ignore[assignment]
    batch = reader.poll()
    assert batch.size > 0
    assert batch["seq"][0] == reader.lost > 2 * CAPACITY
    assert is_whole(batch)
    assert accounts(reader)
    assert reader.poll()["seq"][0] == batch["seq"][-1] + 1


def overrun_below(publisher: Publisher) -> int:
    """Say how much the writer has claimed of records that were published, four or a few more."""
    claimed = int(publisher.memory.record_ring.control[k.CLAIMED])
    assert 4 <= claimed - CAPACITY <= 4 + AHEAD
    return claimed - CAPACITY


def test_a_batch_that_the_writer_reached_while_it_was_used_counts_as_lost(
    publisher: Publisher, attached: Feed
) -> None:
    reader = attached.reader()
    publisher.publish(records(0, 10))
    batch = reader.poll()
    kept = reader.copy(batch)
    publisher.publish(records(10, CAPACITY - 6))
    assert not reader.is_intact()
    late = reader.copy(batch)
    assert kept["seq"].tolist() == list(range(10))
    assert late["seq"].tolist() == list(range(overrun_below(publisher), 10))
    assert is_whole(late)
    reader.poll()
    assert (reader.lost, reader.consumed) == (0, 10)
    assert accounts(reader)


def test_what_is_lost_is_exactly_what_the_copies_lack(publisher: Publisher, attached: Feed) -> None:
    reader = attached.reader()
    publisher.publish(records(0, 10))
    batch = reader.poll()
    publisher.publish(records(10, CAPACITY - 6))
    kept = reader.copy(batch)
    lost = overrun_below(publisher)
    assert kept["seq"].tolist() == list(range(lost, 10))
    assert (reader.lost, reader.consumed) == (lost, 10 - lost)
    publisher.publish(records(CAPACITY + 4, MAX_CLAIM))
    reader.poll()
    assert reader.consumed == 10 - lost
    assert accounts(reader)


def test_a_batch_that_was_not_copied_counts_as_lost_where_the_writer_reached_it(
    publisher: Publisher, attached: Feed
) -> None:
    reader = attached.reader()
    publisher.publish(records(0, 10))
    reader.poll()
    publisher.publish(records(10, CAPACITY - 6))
    reader.poll()
    lost = overrun_below(publisher)
    assert (reader.lost, reader.consumed) == (lost, 10 - lost)
    assert accounts(reader)


def test_a_copy_of_nothing_is_nothing(attached: Feed) -> None:
    reader = attached.reader()
    assert reader.copy(reader.poll()).size == 0


def test_a_filtered_batch_is_a_copy_and_stays_intact_until_the_next_call(
    publisher: Publisher, attached: Feed
) -> None:
    reader = attached.reader(kinds=["trade"])
    publisher.publish(records(0, 9))
    batch = reader.poll()
    publisher.publish(records(9, 3 * CAPACITY))
    assert batch["seq"].tolist() == [0, 3, 6]
    assert is_whole(batch)
    assert reader.is_intact()
    assert reader.copy(batch)["seq"].tolist() == [0, 3, 6]


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.integers(1, 200)),
        st.tuples(st.just("poll"), st.integers(0, 4)),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ACTIONS)
def test_at_all_times_published_is_consumed_and_lost_and_lag(
    make_publisher: Callable[..., Publisher], actions: list[tuple[str, int]]
) -> None:
    """For every sort of reader; and what each got is in order, whole, and all but what it lost."""
    publisher = make_publisher(patience=0.0)
    with attach(publisher.name) as feed:
        readers = [
            feed.reader(),
            feed.reader("lossless"),
            feed.reader(max_batch=3),
            feed.reader(kinds=["trade", "level", "quote", "disconnect"]),
            feed.reader(kinds=["trade"], max_batch=5),
        ]
        got: list[list[int]] = [[] for _ in readers]
        for action, number in actions:
            if action == "publish":
                publisher.publish(numbered(publisher, number))
            else:
                reader = readers[number]
                batch = reader.copy(reader.poll())
                own = batch[batch["kind"] < 19]
                assert is_whole(own)
                got[number] += batch["seq"].tolist()
            for reader in readers:
                assert accounts(reader)
        for place, reader in enumerate(readers[:4]):
            while (batch := reader.poll()).size:
                got[place] += batch["seq"].tolist()
            assert reader.lag == 0
            assert got[place] == sorted(set(got[place]))
            assert len(got[place]) == reader.consumed
            assert reader.consumed + reader.lost == feed.published
    publisher.close()


def numbered(publisher: Publisher, count: int) -> npt.NDArray[Any]:
    return records(publisher.memory.record_ring.published, count)


# Modes


def test_a_lossless_reader_that_keeps_up_loses_nothing_and_its_batch_is_never_touched(
    make_publisher: Callable[..., Publisher],
) -> None:
    publisher = make_publisher(patience=60.0)
    with attach(publisher.name) as feed:
        reader = feed.reader("lossless")
        total = 50 * CAPACITY
        writing = threading.Thread(target=publisher.publish, args=(records(0, total),))
        writing.start()
        seen = 0
        while seen < total:
            batch = reader.poll()
            if batch.size:
                assert batch["seq"][0] == seen
                assert is_whole(batch[:: max(1, batch.size // 4)])
                seen += batch.size
        writing.join()
        reader.poll()
        assert (reader.consumed, reader.lost, reader.mode) == (total, 0, "lossless")


def test_a_degraded_reader_sees_its_mode_and_then_accounts_like_a_lossy_one(
    make_publisher: Callable[..., Publisher],
) -> None:
    publisher = make_publisher(patience=0.0)
    with attach(publisher.name) as feed:
        reader = feed.reader("lossless")
        assert reader.mode == "lossless"
        publisher.publish(records(0, CAPACITY))
        held = reader.poll()
        assert held.size == CAPACITY // 2
        publisher.publish(records(CAPACITY, MAX_CLAIM))
        assert reader.mode == "degraded"
        reader.poll()
        assert 0 < reader.lost <= MAX_CLAIM + 1 + AHEAD
        assert accounts(reader)


def test_a_closed_reader_is_free_and_does_not_show_its_successors_mode(attached: Feed) -> None:
    reader = attached.reader("lossless")
    reader.close()
    reader.close()
    following = attached.reader("lossless")
    assert (reader.mode, following.mode) == ("free", "lossless")


def test_closing_accounts_for_the_last_batch(publisher: Publisher, attached: Feed) -> None:
    reader = attached.reader()
    publisher.publish(records(0, 5))
    reader.poll()
    reader.close()
    assert (reader.consumed, reader.lag) == (5, 0)


# Waiting


def test_waiting_ends_at_once_when_something_is_there(publisher: Publisher, attached: Feed) -> None:
    reader = attached.reader()
    publisher.publish(records(0, 1))
    assert reader.wait(20)
    assert reader.wait(20)
    assert reader.poll().size == 1


def test_waiting_ends_with_its_time_out(attached: Feed) -> None:
    reader = attached.reader()
    for timeout in (0.0, -1.0, 0.003):
        before = time.monotonic_ns()
        assert not reader.wait(timeout)
        assert time.monotonic_ns() - before >= timeout * 1e9


def test_waiting_over_several_slices_neither_ends_early_nor_takes_the_feed_for_dead(
    attached: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SLICE_NS", 1_000_000)
    before = time.monotonic_ns()
    assert not attached.reader().wait(0.02)
    assert time.monotonic_ns() - before >= 20_000_000


def test_waiting_ends_when_the_feed_does(publisher: Publisher) -> None:
    feed = attach(publisher.name)
    reader = feed.reader()
    publisher.close()
    with pytest.raises(FeedGoneError):
        reader.wait(20)
    feed.close()


def test_waiting_on_a_closed_reader_says_that_it_has_ended(attached: Feed) -> None:
    reader = attached.reader()
    reader.close()
    with pytest.raises(FeedGoneError):
        reader.wait(20)


@pytest.mark.parametrize("sleeps", ["futex", "bell"])
def test_a_sleeping_reader_is_woken_by_the_publication_and_not_by_its_time_slice(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch, sleeps: str
) -> None:
    monkeypatch.setattr(module, "_SLICE_NS", 30_000_000_000)
    monkeypatch.setattr(module, "_LOSSLESS_SLICE_NS", 30_000_000_000)
    with attach(publisher.name) as feed:
        reader = feed.reader()
        done: list[int] = []

        async def one() -> None:
            async for batch in reader:
                done.append(batch.size)
                return

        def sleep() -> None:
            if sleeps == "futex":
                reader.wait()
                done.append(reader.poll().size)
            else:
                asyncio.run(one())

        thread = threading.Thread(target=sleep)
        thread.start()
        until(lambda: bool(reader._page.words[k.WAITING] & 1))
        publisher.publish(records(0, 1))
        thread.join(10)
        assert done == [1]


@pytest.mark.slow
@pytest.mark.parametrize("sleeps", ["futex", "bell"])
def test_no_wake_up_is_lost_however_publications_fall(sleeps: str) -> None:
    """The reader's slice is as long as the test, so a lost wake-up is a reader that never ends."""
    name, total, ready = name_of_feed(), 30_000, Gate()

    def read() -> list[int]:
        module._SLICE_NS = module._LOSSLESS_SLICE_NS = 60_000_000_000
        feed = attach(name, wait=20)
        reader = feed.reader("lossless", "oldest")
        ready.open()

        async def drain() -> int:
            seen = 0
            async for batch in reader:
                seen += batch.size
                if seen == total:
                    break
            return seen

        if sleeps == "bell":
            seen = asyncio.run(drain())
        else:
            seen = 0
            while seen < total:
                reader.wait()
                seen += reader.poll().size
        reader.poll()
        return [seen, reader.consumed, reader.lost]

    source = random.Random(3)
    pauses = [source.choice((0, 0, 1, 5, 30, 200)) for _ in range(total)]
    batch = records(0, 1)
    with Child(read) as child, Publisher(name, sizes(), patience=20.0) as publisher:
        publisher.start()
        ready.wait()
        for pause in pauses:
            for _ in range(pause):
                pass
            publisher.publish(batch)
        assert child.result(20) == [total, total, 0]
    ready.close()


# Four ways of reading


def by_polling(reader: Reader, total: int) -> list[Any]:
    digest, seen = hashlib.blake2b(), 0
    while seen < total:
        batch = reader.poll()
        digest.update(batch.view(np.uint8))
        seen += batch.size
    return [seen, digest.hexdigest(), reader.lost]


def by_iterating(reader: Reader, total: int) -> list[Any]:
    digest, seen = hashlib.blake2b(), 0
    for batch in reader:
        digest.update(batch.view(np.uint8))
        seen += batch.size
    return [seen, digest.hexdigest(), reader.lost]


def by_awaiting(reader: Reader, total: int) -> list[Any]:
    async def main() -> list[Any]:
        digest, seen = hashlib.blake2b(), 0
        async for batch in reader:
            digest.update(batch.view(np.uint8))
            seen += batch.size
        return [seen, digest.hexdigest(), reader.lost]

    return asyncio.run(main())


def by_running(reader: Reader, total: int) -> list[Any]:
    kept = np.zeros(total, RECORD)
    handled = reader.run(keep, (np.zeros(1, np.int64), kept))
    return [handled, hashlib.blake2b(kept.view(np.uint8)).hexdigest(), reader.lost]


@pytest.mark.slow
def test_poll_iterate_async_and_run_agree_on_every_byte_in_other_processes() -> None:
    total, name, ready = 40_000, name_of_feed(), Gate()
    ways = (by_polling, by_iterating, by_awaiting, by_running)

    def reading(way: Callable[[Reader, int], list[Any]]) -> Callable[[], list[Any]]:
        def work() -> list[Any]:
            with attach(name, wait=20) as feed:
                reader = feed.reader("lossless", "oldest")
                ready.open()
                return way(reader, total)

        return work

    with ExitStack() as stack:
        children = [stack.enter_context(Child(reading(way))) for way in ways]
        with Publisher(name, sizes(records=4096, max_claim=512), patience=60.0) as publisher:
            publisher.start()
            for _ in ways:
                ready.wait()
            source = random.Random(11)
            first = 0
            while first < total:
                count = min(source.randint(1, 700), total - first)
                publisher.publish(records(first, count))
                first += count
        everything = records(0, total)
        everything["seq"] = np.arange(total)
        digest = hashlib.blake2b(everything.view(np.uint8)).hexdigest()
        assert [child.result() for child in children] == [[total, digest, 0]] * len(ways)
    ready.close()


@pytest.mark.slow
def test_a_lossy_reader_in_another_process_counts_exactly_the_numbers_it_did_not_get() -> None:
    name, ready = name_of_feed(), Gate()

    def read() -> list[int]:
        feed = attach(name, wait=20)
        reader = feed.reader()
        ready.open()
        got, torn, disorder, last = 0, 0, 0, -1
        for batch in reader:
            kept = reader.copy(batch)
            # What copy() kept was whole; what the next call finds overrun is lost all the same.
            before = reader.lost
            if kept.size:
                disorder += int(kept["seq"][0] <= last or np.any(np.diff(kept["seq"]) != 1))
                last = int(kept["seq"][-1])
                torn += int(np.count_nonzero(kept["price"] != kept["seq"] * 7))
                torn += int(np.count_nonzero(kept["trade_id"] != kept["seq"] * 13))
            got += kept.size
            assert reader.lost == before
            if last % 5 == 0:
                for _ in range(3_000):
                    pass
        return [got, torn, disorder, reader.consumed, reader.lost, feed.published]

    with Child(read) as child:
        with Publisher(name, sizes(records=512, max_claim=64)) as publisher:
            publisher.start()
            ready.wait()
            for first in range(0, 300_000, 500):
                publisher.publish(records(first, 500))
        got, torn, disorder, consumed, lost, published = child.result()
    ready.close()
    assert (torn, disorder) == (0, 0)
    assert published == 300_000 == consumed + lost
    assert lost > 0
    assert got >= consumed


# Compiled handlers


def test_a_handler_gets_every_record_once_and_in_order(
    publisher: Publisher, attached: Feed
) -> None:
    reader = attached.reader()
    publisher.publish(records(0, 100))
    state = nothing_checked()
    assert reader.run(check, state, seconds=0.001) == 100
    assert state.tolist() == [100, 99, 0, 0]
    assert (reader.consumed, reader.lag) == (100, 0)


@pytest.mark.parametrize("spin", [False, True])
def test_a_run_stops_after_the_records_asked_for(
    publisher: Publisher, attached: Feed, spin: bool
) -> None:
    reader = attached.reader()
    publisher.publish(records(0, 100))
    state = nothing_checked()
    assert reader.run(check, state, records=30, spin=spin) == 30
    assert reader.position == 30
    assert reader.poll()["seq"][0] == 30


@pytest.mark.parametrize("spin", [False, True])
def test_a_run_stops_after_its_time_with_and_without_records(
    publisher: Publisher, attached: Feed, spin: bool
) -> None:
    reader = attached.reader()
    state = nothing_checked()
    assert reader.run(check, state, seconds=0.0, spin=spin) == 0
    assert reader.run(check, state, seconds=0.01, spin=spin) == 0


@pytest.mark.parametrize("spin", [False, True])
def test_a_run_on_a_feed_that_ended_handles_all_it_published(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch, spin: bool
) -> None:
    monkeypatch.setattr(module, "_SLICE_NS", 1)
    feed = attach(publisher.name)
    reader = feed.reader()
    publisher.publish(records(0, CAPACITY - MAX_CLAIM))
    publisher.close()
    state = nothing_checked()
    assert reader.run(check, state, spin=spin) == CAPACITY - MAX_CLAIM
    feed.close()


def test_a_handler_that_raises_leaves_the_reader_where_it_was(
    publisher: Publisher, attached: Feed
) -> None:
    @handler
    def picky(record, state):  # type: ignore[no-untyped-def]
        if record.seq == 70:
            raise ValueError("seventy")
        state[0] += 1

    reader = attached.reader()
    publisher.publish(records(0, 100))
    with pytest.raises(ValueError, match="seventy"):
        reader.run(picky, np.zeros(1, np.int64), seconds=1.0)
    assert reader.position == reader.consumed
    assert 0 < reader.position <= 70
    assert accounts(reader)


def test_a_handler_may_have_a_tuple_of_arrays_as_its_state(
    publisher: Publisher, attached: Feed
) -> None:
    @handler
    def both(record, state):  # type: ignore[no-untyped-def]
        counts, sums = state
        counts[record.kind] += 1
        sums[0] += record.price * 0.5

    reader = attached.reader()
    publisher.publish(records(0, 9))
    counts, sums = np.zeros(32, np.int64), np.zeros(1)
    reader.run(both, (counts, sums), records=9)
    assert counts[TRADE] == 3
    assert sums[0] == sum(7 * n for n in range(9)) / 2


# asyncio


def test_readers_of_one_attachment_all_notice_its_end(publisher: Publisher) -> None:
    """A loop watches a descriptor once: the second reader must not take the first one's place."""
    feed = attach(publisher.name)
    readers = [feed.reader() for _ in range(3)]

    async def drain(reader: Reader) -> int:
        return sum([batch.size async for batch in reader])

    async def main() -> list[int]:
        tasks = [asyncio.create_task(drain(reader)) for reader in readers]
        await until_async(lambda: all(reader._page.words[k.WAITING] & 1 for reader in readers))
        publisher.publish(records(0, 8))
        await until_async(lambda: all(reader.position == 8 for reader in readers))
        publisher.close()
        return await asyncio.wait_for(asyncio.gather(*tasks), 20)

    assert asyncio.run(main()) == [8, 8, 8]
    feed.close()


def test_a_waiting_coroutine_ends_when_its_own_feed_is_closed(publisher: Publisher) -> None:
    async def main() -> int:
        feed = attach(publisher.name)
        reader = feed.reader()

        async def drain() -> int:
            return sum([batch.size async for batch in reader])

        task = asyncio.create_task(drain())
        await until_async(lambda: bool(reader._page.words[k.WAITING] & 1))
        feed.close()
        return await asyncio.wait_for(task, 20)

    assert asyncio.run(main()) == 0


def test_a_filtered_coroutine_lets_others_run_while_nothing_matches(
    publisher: Publisher, attached: Feed
) -> None:
    reader = attached.reader(kinds=["rfq"])

    async def drain() -> None:
        async for _ in reader:
            raise AssertionError("nothing matches")

    async def main() -> int:
        task = asyncio.create_task(drain())
        turns = 0
        while turns < 50:
            publisher.publish(records(0, 3))
            await asyncio.sleep(0)
            turns += 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return turns

    assert asyncio.run(main()) == 50
    assert reader._page.words[k.WAITING] == 0


def test_an_abandoned_iteration_leaves_no_descriptor(publisher: Publisher, attached: Feed) -> None:
    reader = attached.reader()
    publisher.publish(records(0, 3))

    async def main() -> None:
        async for _ in reader:
            break

    asyncio.run(main())
    gc.collect()
    before = open_descriptors()
    for _ in range(5):
        publisher.publish(records(0, 3))
        asyncio.run(main())
    gc.collect()
    assert open_descriptors() <= before


# Cost


@pytest.mark.slow
def test_iterating_a_million_records_does_not_grow_memory_with_them(
    publisher: Publisher, attached: Feed
) -> None:
    reader = attached.reader("lossless")

    def pass_through(rounds: int) -> None:
        batch = records(0, MAX_CLAIM)
        for _ in range(rounds):
            publisher.publish(batch)
            assert reader.poll().size == MAX_CLAIM

    pass_through(1_000)
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pass_through(1_000_000 // MAX_CLAIM)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2_048
    assert reader.consumed >= 1_000_000


def test_status_and_reader_agree_and_can_be_carried_as_json(
    publisher: Publisher, attached: Feed
) -> None:
    reader = attached.reader()
    publisher.publish(records(0, 3 * CAPACITY))
    reader.poll()
    reader.poll()
    row = json.loads(json.dumps(attached.status()))["readers"][0]
    assert row["consumed"] + row["lost"] + row["lag"] == 3 * CAPACITY
    assert (row["consumed"], row["lost"]) == (reader.consumed, reader.lost)
