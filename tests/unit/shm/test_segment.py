"""A sealed segment cannot be changed by whoever holds its descriptor, and outlives every name."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import gc
import mmap
import os
import resource
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.unit.children import Child, maps_of, open_descriptors
from zerofeed.base.errors import ResourceError
from zerofeed.shm import segment as module
from zerofeed.shm.segment import CURSOR_SEALS, SEALS, Mapping, Segment, map_over, map_segment

PAGE = mmap.PAGESIZE
_libc = ctypes.CDLL(None, use_errno=True)
_libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long]
_libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
PUNCH_HOLE_KEEP_SIZE = 0x3
MADV_REMOVE = 9
F_SEAL_WRITE = 0x8


def checked(result: int) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def map_writable(fd: int) -> None:
    mmap.mmap(fd, PAGE, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE).close()


def write_by_position(fd: int) -> None:
    os.pwrite(fd, b"x", 0)


def write_by_offset(fd: int) -> None:
    os.lseek(fd, 0, os.SEEK_SET)
    os.write(fd, b"x")


def shrink(fd: int) -> None:
    os.ftruncate(fd, 0)


def grow(fd: int) -> None:
    os.ftruncate(fd, 1 << 20)


def punch_a_hole(fd: int) -> None:
    checked(_libc.fallocate(fd, PUNCH_HOLE_KEEP_SIZE, 0, PAGE))


def allocate_beyond_the_end(fd: int) -> None:
    checked(_libc.fallocate(fd, 0, 0, 1 << 20))


def seal_it_against_its_writer(fd: int) -> None:
    fcntl.fcntl(fd, module.F_ADD_SEALS, F_SEAL_WRITE)


def reopen_and_write(fd: int) -> None:
    again = os.open(f"/proc/self/fd/{fd}", os.O_RDWR)
    try:
        os.pwrite(again, b"x", 0)
    finally:
        os.close(again)


def reopen_truncating(fd: int) -> None:
    os.close(os.open(f"/proc/self/fd/{fd}", os.O_RDWR | os.O_TRUNC))


def reopen_and_map_writable(fd: int) -> None:
    again = os.open(f"/proc/self/fd/{fd}", os.O_RDWR)
    try:
        map_writable(again)
    finally:
        os.close(again)


def protect_a_read_only_map_to_writable(fd: int) -> None:
    mapping = map_segment(fd, PAGE)
    checked(_libc.mprotect(mapping.address, PAGE, mmap.PROT_READ | mmap.PROT_WRITE))


def remove_pages_through_a_read_only_map(fd: int) -> None:
    mapping = map_segment(fd, PAGE)
    checked(_libc.madvise(mapping.address, PAGE, MADV_REMOVE))


def write_a_read_only_map_through_proc_self_mem(fd: int) -> None:
    mapping = map_segment(fd, PAGE)
    memory = os.open("/proc/self/mem", os.O_RDWR)
    try:
        os.pwrite(memory, b"x", mapping.address)
    finally:
        os.close(memory)


@pytest.fixture
def sealed() -> Segment:
    segment = Segment("test", PAGE)
    segment.mapping.bytes()[:] = 7
    return segment


@pytest.mark.parametrize(
    "attack",
    [
        map_writable,
        write_by_position,
        write_by_offset,
        shrink,
        grow,
        punch_a_hole,
        allocate_beyond_the_end,
        seal_it_against_its_writer,
        reopen_and_write,
        reopen_truncating,
        reopen_and_map_writable,
        protect_a_read_only_map_to_writable,
        remove_pages_through_a_read_only_map,
        write_a_read_only_map_through_proc_self_mem,
    ],
)
def test_the_kernel_refuses_whoever_holds_the_descriptor_to(
    sealed: Segment, attack: Callable[[int], None]
) -> None:
    fd = os.dup(sealed.fd)
    with pytest.raises(OSError) as refused:  # noqa: PT011 - any refusal will do, see below
        attack(fd)
    os.close(fd)
    assert refused.value.errno in {errno.EPERM, errno.EACCES, errno.EIO, errno.EFAULT}
    assert sealed.mapping.bytes().tolist() == [7] * PAGE
    assert os.fstat(sealed.fd).st_size == PAGE


def test_the_writers_own_map_stays_writable_after_the_seal(sealed: Segment) -> None:
    sealed.mapping.bytes()[5] = 9
    assert map_segment(sealed.fd, PAGE).bytes()[5] == 9


def test_a_cursor_page_is_sealed_in_size_and_writable_by_its_holder() -> None:
    segment = Segment("cursor", PAGE, seals=CURSOR_SEALS)
    theirs = map_segment(segment.fd, PAGE, is_writable=True)
    theirs.bytes()[0] = 3
    assert segment.mapping.bytes()[0] == 3
    for attack in (shrink, grow, seal_it_against_its_writer):
        with pytest.raises(PermissionError):
            attack(segment.fd)


def test_seals_are_what_the_kernel_says() -> None:
    assert Segment("test", PAGE).seals() == SEALS
    assert Segment("test", PAGE, seals=CURSOR_SEALS).seals() == CURSOR_SEALS


def test_a_readers_arrays_are_read_only_and_cannot_be_made_writable(sealed: Segment) -> None:
    view = map_segment(sealed.fd, PAGE).bytes()
    assert not view.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        view.flags.writeable = True


def test_a_twin_map_is_contiguous_across_its_seam() -> None:
    segment = Segment("test", PAGE, 2 * PAGE, is_twin=True)
    mapping = segment.mapping
    assert mapping.length == 5 * PAGE
    body = mapping.bytes(PAGE)
    body[2 * PAGE - 3 : 2 * PAGE + 3] = [1, 2, 3, 4, 5, 6]
    assert body[-3:].tolist() == [1, 2, 3]
    assert body[:3].tolist() == [4, 5, 6]
    assert mapping.bytes(0, PAGE).sum() == 0
    theirs = map_segment(segment.fd, PAGE, 2 * PAGE, is_twin=True)
    assert np.array_equal(theirs.bytes(), mapping.bytes())


def test_sizes_are_rounded_up_to_whole_pages() -> None:
    segment = Segment("test", 1, PAGE + 1)
    assert (segment.head_bytes, segment.body_bytes) == (PAGE, 2 * PAGE)
    assert segment.size_bytes == os.fstat(segment.fd).st_size == 3 * PAGE


@pytest.mark.parametrize(
    ("offset", "length"), [(-1, 1), (0, PAGE + 1), (PAGE, 1), (PAGE + 1, None)]
)
def test_a_view_outside_its_map_is_refused(
    sealed: Segment, offset: int, length: int | None
) -> None:
    with pytest.raises(ValueError, match="outside a map"):
        sealed.mapping.bytes(offset, length)


def test_a_view_of_a_dtype_has_its_items_in_place(sealed: Segment) -> None:
    view = sealed.mapping.view(np.dtype("<i8"), 8, 2)
    assert view.shape == (2,)
    view[1] = -1
    assert sealed.mapping.bytes(16, 8).tolist() == [255] * 8


def test_a_view_keeps_its_memory_after_everything_else_is_gone() -> None:
    segment = Segment("test", PAGE)
    segment.mapping.bytes()[:] = 42
    view = segment.mapping.view(np.int64)[3:9].view(np.uint8)[::2]
    del segment
    gc.collect()
    assert view.tolist() == [42] * 24


def test_memory_is_unmapped_with_its_last_view() -> None:
    segment = Segment("unmap-me", PAGE)
    view = segment.mapping.bytes()
    assert maps_of("unmap-me") == 1
    del segment
    gc.collect()
    assert maps_of("unmap-me") == 1
    del view
    gc.collect()
    assert maps_of("unmap-me") == 0


def test_creating_and_dropping_leaves_no_descriptor_and_no_map() -> None:
    def cycle() -> None:
        segment = Segment("leak-test", PAGE, PAGE, is_twin=True)
        map_segment(segment.fd, PAGE, PAGE, is_twin=True).bytes()

    cycle()
    gc.collect()
    before = open_descriptors(), maps_of("\n")
    for _ in range(200):
        cycle()
    gc.collect()
    assert open_descriptors() == before[0]
    assert maps_of("leak-test") == 0
    assert maps_of("\n") <= before[1] + 2


def test_a_refused_map_leaves_nothing_behind() -> None:
    segment = Segment("refused", PAGE)
    before = maps_of("\n")
    for _ in range(50):
        with pytest.raises(PermissionError):
            map_segment(segment.fd, PAGE, is_writable=True)
    assert maps_of("\n") <= before + 1


def test_a_page_mapped_over_another_shows_the_new_file_read_only() -> None:
    table = Segment("table", 3 * PAGE)
    page = Segment("page", PAGE, seals=CURSOR_SEALS)
    page.mapping.bytes()[:] = 5
    map_over(table.mapping.address + PAGE, page.fd, PAGE)
    shown = table.mapping.bytes()
    assert [int(shown[at]) for at in (PAGE - 1, PAGE, 2 * PAGE - 1, 2 * PAGE)] == [0, 5, 5, 0]
    page.mapping.bytes()[0] = 6
    assert shown[PAGE] == 6
    assert permissions_at(table.mapping.address + PAGE) == "r--s"
    assert permissions_at(table.mapping.address) == "rw-s"


def test_the_kernel_refusing_memory_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(ResourceError, match=r"segment vast: .*choose a smaller capacity"):
        Segment("vast", 1 << 62)


def test_huge_pages_that_are_not_there_are_replaced_and_the_reason_is_kept() -> None:
    segment = Segment("huge", PAGE, huge=True)
    if segment.huge_refusal is not None:
        assert segment.huge_refusal
        assert (segment.page_bytes, segment.head_bytes) == (PAGE, PAGE)
    else:
        assert segment.page_bytes == segment.head_bytes == module.HUGE_PAGE_BYTES


def test_memory_that_cannot_be_locked_gives_the_kernels_reason() -> None:
    mapping = Segment("lock", PAGE).mapping
    soft, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    assert mapping.lock() is None or os.geteuid() != 0
    unmapped = Mapping(1 << 46, PAGE, is_writable=False)
    unmapped._finalizer.detach()
    assert unmapped.lock() == os.strerror(errno.ENOMEM)
    assert resource.getrlimit(resource.RLIMIT_MEMLOCK) == (soft, hard)


def permissions_at(address: int) -> str:
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        bounds, permissions = line.split()[:2]
        first, end = (int(bound, 16) for bound in bounds.split("-"))
        if first <= address < end:
            return permissions
    raise LookupError(hex(address))


@pytest.mark.parametrize("has_advice", [True, False], ids=["5.14", "older kernel"])
def test_a_populated_map_of_a_child_is_resident_and_unchanged(monkeypatch, has_advice) -> None:
    made = Segment("populate", 1 << 22)
    made.mapping.bytes()[:] = 7
    if not has_advice:
        monkeypatch.setattr(module, "_MADV_POPULATE_WRITE", 9999)

    def work() -> list[int]:
        made.mapping.populate()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        total = int(made.mapping.bytes().sum())
        made.mapping.bytes()[::4096] = 7
        return [total, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before]

    with Child(work) as child:
        total, faults = child.result()
    assert total == 7 << 22
    assert faults < (1 << 22) // 4096 // 4
