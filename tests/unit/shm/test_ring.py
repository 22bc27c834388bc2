"""Both ends of a ring see the same bytes, without a seam, and every reader has its own page."""

from __future__ import annotations

import gc
import json
import mmap
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import zerofeed
from zerofeed.base.errors import ConfigurationError
from zerofeed.shm import _ring_kernels as k
from zerofeed.shm.ring import CursorPage, CursorTable, Ring, RingView

ITEM = np.dtype([("seq", "<i8"), ("rest", "<i8", 7)])


LARGE_PAGES = """
import json, mmap
mmap.PAGESIZE = 65536
import numpy as np
from zerofeed.feed.attach import attach
from zerofeed.feed.memory import MemorySizes
from zerofeed.feed.publisher import Publisher
from zerofeed.records.dtypes import RECORD
from zerofeed.shm import _ring_kernels as k

sizes = MemorySizes(records=1024, frames=2048, burst=8, chunk_bytes=64, max_claim=64, instruments=16)
with Publisher({name!r}, sizes) as publisher:
    publisher.start()
    with attach({name!r}) as feed:
        readers = [feed.reader("lossless") for _ in range(3)]
        table = publisher.memory.record_cursors
        for count in (3, 4, 5):
            publisher.publish(np.zeros(count, RECORD))
            readers[count - 3].poll()
            readers[count - 3].poll()
        print(json.dumps({{
            "words": k.CURSOR_WORDS,
            "pages": [table.page(slot).ctypes.data % 4096 for slot in range(3)],
            "step": table.page(1).ctypes.data - table.page(0).ctypes.data,
            "positions": [int(table.words[slot * k.CURSOR_WORDS + k.POSITION]) for slot in range(3)],
            "slowest": int(k.slowest_slot(publisher.memory.record_ring.control, table.words)),
            "read": [each.consumed for each in readers],
        }}))
"""


def ring(capacity: int = 128, max_claim: int = 32) -> Ring:
    return Ring("test", capacity, 64, max_claim=max_claim)


def test_a_new_ring_says_its_shape_and_has_no_readers() -> None:
    control = ring().control
    assert control[k.CAPACITY] == 128
    assert control[k.MAX_CLAIM] == 32
    assert control[k.ITEM_BYTES] == 64
    assert control[k.SLOTS] == control[k.PUBLISHED] == control[k.CLAIMED] == 0
    assert set(control[k.BELLS : k.BELLS + k.MAX_READERS].tolist()) == {-1}


@pytest.mark.parametrize("capacity", [0, 1, 3, 100, -4])
def test_a_capacity_that_is_no_power_of_two_is_refused(capacity: int) -> None:
    with pytest.raises(ConfigurationError, match="power of two"):
        ring(capacity, 1)


@pytest.mark.parametrize("max_claim", [0, 65, -1])
def test_a_claim_of_nothing_or_of_more_than_half_is_refused(max_claim: int) -> None:
    with pytest.raises(ConfigurationError, match="half of the ring"):
        ring(128, max_claim)


def test_a_ring_that_does_not_fill_its_pages_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="whole pages"):
        ring(32, 8)


def test_items_follow_themselves_so_that_a_run_across_the_end_is_contiguous() -> None:
    writer = ring()
    items = writer.items(ITEM)
    assert items.shape == (256,)
    items["seq"][120:136] = np.arange(16)
    assert items["seq"][:8].tolist() == list(range(8, 16))
    assert items["seq"][248:].tolist() == list(range(8))


def test_a_reader_sees_the_writers_bytes_and_cannot_write_them() -> None:
    writer = ring()
    reader = RingView(writer.fd, writer.shape)
    writer.items(ITEM)["seq"][5] = 77
    writer.control[k.PUBLISHED] = 6
    assert reader.items(ITEM)["seq"][128 + 5] == 77
    assert (reader.published, reader.capacity) == (6, 128)
    assert not reader.items(ITEM).flags.writeable
    assert not reader.control.flags.writeable


def test_a_dtype_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="items of 64 bytes"):
        ring().items(np.dtype("<i8"))


def test_epoch_and_published_are_what_the_control_page_says() -> None:
    writer = ring()
    writer.control[k.EPOCH], writer.control[k.PUBLISHED] = 3, 9
    assert (writer.epoch, writer.published) == (3, 9)


def test_views_stay_after_the_ring_and_its_descriptor_are_gone() -> None:
    writer = ring()
    reader = RingView(writer.fd, writer.shape)
    writer.items(ITEM)["seq"][:128] = np.arange(128)
    view = reader.items(ITEM)[100:140]
    del writer, reader
    gc.collect()
    assert view["seq"].tolist() == [*range(100, 128), *range(12)]


def test_a_cursor_page_is_shared_by_its_reader_and_the_table() -> None:
    table, page = CursorTable(), CursorPage()
    theirs = CursorPage(os.dup(page.fd))
    os.close(theirs.fd)
    table.install(3, page.fd)
    theirs.words[k.POSITION] = 41
    assert page.words[k.POSITION] == table.page(3)[k.POSITION] == 41
    assert table.words[3 * k.CURSOR_WORDS + k.POSITION] == 41
    assert table.page(2)[k.POSITION] == table.page(4)[k.POSITION] == 0


def test_a_former_reader_does_not_speak_for_the_next_one_of_its_slot() -> None:
    table, former, present = CursorTable(), CursorPage(), CursorPage()
    table.install(0, former.fd)
    table.install(0, present.fd)
    former.words[k.POSITION] = 13
    assert table.page(0)[k.POSITION] == 0


@pytest.mark.parametrize("slot", [-1, k.MAX_READERS])
def test_a_slot_that_does_not_exist_is_refused(slot: int) -> None:
    with pytest.raises(IndexError, match=f"slot {slot}"):
        CursorTable().install(slot, CursorPage().fd)


def test_all_slots_can_be_in_use_at_once() -> None:
    table = CursorTable()
    pages = [CursorPage() for _ in range(k.MAX_READERS)]
    for slot, page in enumerate(pages):
        table.install(slot, page.fd)
        page.words[k.POSITION] = slot
    assert table.words[k.POSITION :: k.CURSOR_WORDS].tolist() == list(range(k.MAX_READERS))


def test_cursor_pages_are_whole_pages_of_this_machine() -> None:
    assert max(4096, mmap.PAGESIZE) == k.CURSOR_WORDS * 8


@pytest.mark.slow
def test_readers_have_pages_of_their_own_where_pages_are_large() -> None:
    """A kernel with 64 KiB pages maps at multiples of 64 KiB only; everything must lie on them.

    The size is faked in a process of its own, before anything is imported. What this kernel is
    asked for is then what one with such pages would accept.
    """
    done = subprocess.run(
        [sys.executable, "-c", LARGE_PAGES.format(name=f"large-pages-{os.getpid()}")],
        env={
            **os.environ,
            "NUMBA_DISABLE_JIT": "1",
            "PYTHONPATH": str(Path(zerofeed.__file__).parents[1]),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    assert told == {
        "words": 8192,
        "pages": [0, 0, 0],
        "step": 65536,
        "positions": [3, 7, 12],
        "slowest": 0,
        "read": [3, 7, 12],
    }
