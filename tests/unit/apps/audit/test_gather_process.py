"""Lines of /proc become maps with their figures; what may not be read is said."""

from __future__ import annotations

import mmap
import os

import pytest

from zerofeed.apps.audit import gather_process as module
from zerofeed.apps.audit.facts import ObjectFact
from zerofeed.apps.audit.gather_process import look_at, maps_of, own_memory_bytes, parse_maps

__all__: list[str] = []

SMAPS = """\
7f00000000-7f00003000 r--s 00001000 00:1f 4242                       /memfd:zerofeed-x-records (deleted)
Size:                 12 kB
Private_Clean:         0 kB
Private_Dirty:         4 kB
Anonymous:             8 kB
VmFlags: rd sh mr
7f00004000-7f00005000 rw-p 00000000 00:00 0
Private_Dirty:        16 kB
"""


def test_smaps_are_maps_with_figures() -> None:
    first, second = parse_maps(SMAPS)
    assert (first.start, first.end, first.permissions) == (0x7F00000000, 0x7F00003000, "r--s")
    assert first.identity == ((0, 0x1F), 4242)
    assert (first.private_dirty_bytes, first.anonymous_bytes) == (4096, 8192)
    assert (second.permissions, second.private_dirty_bytes) == ("rw-p", 16384)


def test_maps_without_figures_are_read_too() -> None:
    lines = [line for line in SMAPS.splitlines() if "-" in line.split(" ", 1)[0]]
    assert [each.inode for each in parse_maps("\n".join(lines))] == [4242, 0]


@pytest.fixture
def memfd():
    fd = os.memfd_create("audited")
    os.ftruncate(fd, 4 * mmap.PAGESIZE)
    yield fd
    os.close(fd)


def identified(fd: int) -> ObjectFact:
    found = os.fstat(fd)
    return ObjectFact("records", (os.major(found.st_dev), os.minor(found.st_dev)), found.st_ino, 0)


@pytest.mark.parametrize(
    ("flags", "protection", "permissions"),
    [
        (mmap.MAP_SHARED, mmap.PROT_READ, "r--s"),
        (mmap.MAP_PRIVATE, mmap.PROT_READ, "r--p"),
        (mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE, "rw-p"),
    ],
)
def test_a_file_is_found_in_a_processs_maps_by_its_inode(
    memfd, flags, protection, permissions
) -> None:
    with mmap.mmap(memfd, 4 * mmap.PAGESIZE, flags=flags, prot=protection) as view:
        if protection & mmap.PROT_WRITE:
            view[0] = 1
        (found,) = look_at(os.getpid(), "me", [identified(memfd)]).maps
        assert (found.permissions, found.end - found.start) == (permissions, 4 * mmap.PAGESIZE)
        copied = mmap.PAGESIZE if protection & mmap.PROT_WRITE else 0
        assert (found.anonymous_bytes, found.private_dirty_bytes) == (copied, copied)


def test_own_memory_grows_by_what_is_kept() -> None:
    # Mapped, because an array could get memory that an earlier test has left behind.
    with mmap.mmap(-1, 8 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as kept:
        before = own_memory_bytes("self")
        kept.write(bytes(len(kept)))
        assert own_memory_bytes("self") - before >= 7 << 20


def test_a_process_that_cannot_be_seen_is_said() -> None:
    assert "namespace" in (look_at(0, "p", []).why_unknown or "")
    assert "ended" in (look_at(2**22 + 1, "p", []).why_unknown or "")


def test_a_refusal_names_who_may_look(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module, "maps_of", refuse)
    facts = look_at(1, "p", [])
    assert "Permission denied" in (facts.why_unknown or "")
    assert "may look at it" in (facts.why_unknown or "")


def test_this_process_has_maps() -> None:
    assert maps_of("self", file="maps")
