"""A feed's objects are made once, and mapped by readers as the description says."""

from __future__ import annotations

import os
import platform
import re

import numpy as np
import pytest

from tests.unit.children import open_descriptors
from tests.unit.feed.feeds import CAPACITY, records, sizes
from zerofeed.base.errors import ConfigurationError
from zerofeed.feed.description import LAYOUT_VERSION, FeedDescription, layout_digest
from zerofeed.feed.memory import FRAME, FRAME_BYTES, FeedMap, FeedMemory, MemorySizes
from zerofeed.feed.metrics import counter_word
from zerofeed.shm import _ring_kernels as k
from zerofeed.shm.journal import TARGET
from zerofeed.shm.segment import SEALS, Mapping


def mapped(memory: FeedMemory) -> FeedMap:
    described = FeedDescription(
        name=memory.name,
        protocol="records",
        layout=LAYOUT_VERSION,
        formats=layout_digest(),
        machine=platform.machine(),
        zerofeed="0",
        supervisor_pid=os.getpid(),
        started_ns=0,
        book_depth=0,
        templates={},
        receiver="",
        clock="",
        objects=memory.objects(),
    )
    return FeedMap(described, [os.dup(fd) for fd in memory.descriptors()])


def test_no_field_of_a_frame_descriptor_ever_moves() -> None:
    fields = FRAME.fields
    assert fields is not None
    assert {name: (field[0].str, field[1]) for name, field in fields.items()} == {
        "seq": ("<i8", 0),
        "ts_recv_ns": ("<i8", 8),
        "offset": ("<i8", 16),
        "length": ("<i4", 24),
        "channel": ("<u2", 28),
        "flags": ("<u2", 30),
    }
    assert FRAME.itemsize == FRAME_BYTES == 32


def test_a_reader_sees_in_every_object_what_the_writer_wrote_and_may_write_in_none() -> None:
    memory = FeedMemory("test", sizes())
    memory.records[3:5] = records(3, 2)
    memory.frames["offset"][1] = 64
    memory.arena[-1] = 9
    memory.instrument_rows["venue_key"][15] = 77
    memory.instrument_lookup[-1] = 5
    memory.book_words[-1] = 6
    memory.state[-1] = 8
    feed = mapped(memory)
    for name in (
        "records",
        "frames",
        "arena",
        "instrument_rows",
        "instrument_lookup",
        "book_words",
        "state",
    ):
        theirs, ours = getattr(feed, name), getattr(memory, name)
        assert theirs.dtype == ours.dtype, name
        assert theirs.shape == ours.shape, name
        assert theirs.tobytes() == ours.tobytes(), name
        assert not theirs.flags.writeable, name


def test_records_are_mapped_twice_in_a_reader_too() -> None:
    memory = FeedMemory("test", sizes())
    feed = mapped(memory)
    memory.records[CAPACITY - 1 : CAPACITY + 1] = records(0, 2)
    assert feed.records[CAPACITY - 1 : CAPACITY + 1].tobytes() == records(0, 2).tobytes()
    assert feed.records[0].tobytes() == records(1, 1).tobytes()


def test_the_descriptors_of_a_map_are_closed() -> None:
    memory = FeedMemory("test", sizes())
    before = open_descriptors()
    feed = mapped(memory)
    assert open_descriptors() <= before
    assert feed.records.size == 2 * CAPACITY


def test_every_object_that_readers_map_is_sealed_against_them() -> None:
    memory = FeedMemory("test", sizes())
    assert {segment.seals() for segment in memory._segments()} == {SEALS}


def test_the_writers_private_memory_is_not_handed_out() -> None:
    memory = FeedMemory("test", sizes())
    assert len(memory.descriptors()) == len(memory.objects()) == 6
    assert memory._private.fd not in memory.descriptors()


def test_a_new_feed_has_no_open_step_and_empty_counters() -> None:
    memory = FeedMemory("test", sizes())
    assert memory.state[TARGET] == -1
    assert not any(memory.metrics.counters().values())
    memory.metrics.add("gaps", 1)
    assert memory.state[counter_word("gaps")] == 1


def test_a_claim_is_never_longer_than_half_of_the_ring() -> None:
    memory = FeedMemory("test", MemorySizes(records=256, frames=128, burst=8, max_claim=4096))
    assert memory.record_ring.control[k.MAX_CLAIM] == 128


def test_a_burst_of_more_than_half_of_the_frames_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"memory.frames: .*at least 130"):
        MemorySizes(frames=128, burst=65)


def test_the_arena_has_a_chunk_for_every_frame_kept_and_a_burst_being_received() -> None:
    assert sizes().chunks == 128 + 8


def test_memory_that_cannot_be_locked_is_one_line_for_the_whole_feed(monkeypatch) -> None:
    memory = FeedMemory("test", sizes())
    monkeypatch.setattr(Mapping, "lock", lambda self: "Cannot allocate memory")
    (line,) = memory.lock()
    assert re.fullmatch(r"memory is not locked \(.*\): ([\d,]+) KiB of \1 KiB; .*ulimit -l.*", line)
    monkeypatch.setattr(Mapping, "lock", lambda self: None)
    assert memory.lock() == []


def test_huge_pages_that_are_not_granted_are_one_line_for_the_whole_feed(monkeypatch) -> None:
    memory = FeedMemory("test", sizes())
    assert memory.notes == []
    for segment in memory._segments()[:3]:
        monkeypatch.setattr(segment, "huge_refusal", "Cannot allocate memory")
    (line,) = memory.notes
    assert "in 3 objects (Cannot allocate memory)" in line
    assert re.search(r"`sysctl vm\.nr_hugepages=(\d+)`", line)[1] == "11"


def test_a_feed_that_asks_for_huge_pages_has_its_memory_with_or_without() -> None:
    memory = FeedMemory(
        "test", MemorySizes(records=1 << 16, frames=128, burst=8, instruments=16, huge=True)
    )
    assert len(memory.notes) <= 1
    assert np.count_nonzero(memory.records["seq"]) == 0


def test_a_receiver_may_ask_for_more_chunks_than_a_burst() -> None:
    assert MemorySizes(frames=128, burst=8, spare_chunks=100).chunks == 228
