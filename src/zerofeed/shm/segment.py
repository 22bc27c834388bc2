"""Shared memory that nobody but its creator can change: sealed memfds and their maps.

A segment is an anonymous file in memory (``memfd_create``). It has no name in any file system,
so nothing is left behind by a crash, ``/dev/shm`` limits do not apply, and it reaches another
process only as a descriptor over a Unix socket.

The creator maps it writable, then seals it::

    SHRINK, GROW     the size is final, so a reader's map can never fault
    FUTURE_WRITE     from now on the kernel refuses every new writable map, pwrite and mprotect

What was mapped before the seal stays writable, and a forked child inherits it. That is how
a worker process can be replaced while readers cannot write at all, whatever they try.

A *twin* map shows a part of the file twice, back to back::

    file     | head |  body  |
    memory   | head |  body  |  body (the same bytes again)  |

so any run of up to one body length is contiguous, wherever it starts: a ring without a seam.

Arrays made from a mapping refer to it, and the memory stays mapped until the last of them is
gone. There is no ``close`` that could pull memory from under a view.
"""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import weakref
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import ResourceError

__all__ = [
    "CURSOR_SEALS",
    "HUGE_PAGE_BYTES",
    "SEALS",
    "Mapping",
    "Segment",
    "map_over",
    "map_segment",
    "seals_of",
]

HUGE_PAGE_BYTES = 2 * 1024 * 1024

F_ADD_SEALS = 1033
F_GET_SEALS = 1034
SEAL_SEAL = 0x1
SEAL_SHRINK = 0x2
SEAL_GROW = 0x4
SEAL_FUTURE_WRITE = 0x10

SEALS = SEAL_SHRINK | SEAL_GROW | SEAL_FUTURE_WRITE | SEAL_SEAL
"""What a data segment is sealed with; ``SEAL_SEAL`` forbids removing the others (Linux 5.1)."""

CURSOR_SEALS = SEAL_SHRINK | SEAL_GROW | SEAL_SEAL
"""A reader's own page: its size is final, its bytes are the reader's."""

_MAP_SHARED = mmap.MAP_SHARED
_MAP_PRIVATE = mmap.MAP_PRIVATE
_MAP_ANONYMOUS = mmap.MAP_ANONYMOUS
_MAP_FIXED = 0x10
_MAP_NORESERVE = 0x4000
_MAP_POPULATE = 0x8000
_MADV_POPULATE_READ = 22
_MADV_POPULATE_WRITE = 23
_PROT_NONE = 0
_PROT_READ = mmap.PROT_READ
_PROT_WRITE = mmap.PROT_WRITE
_FAILED = ctypes.c_void_p(-1).value

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_long,
]
_libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_libc.mlock.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
_libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


class _Exposed:
    """Hand a mapping to NumPy; the array keeps this, and this keeps the mapping."""

    def __init__(self, mapping: Mapping, offset: int, length: int) -> None:
        self.mapping = mapping
        self.__array_interface__ = {
            "version": 3,
            "shape": (length,),
            "typestr": "|u1",
            "data": (mapping.address + offset, not mapping.is_writable),
        }


class Mapping:
    """A range of this process's memory that shows a segment; unmapped when nothing refers to it.

    Attributes:
        address: first byte.
        length: bytes mapped, the twin included.
        is_writable: whether stores are allowed; read-only maps fault on one.
    """

    def __init__(self, address: int, length: int, *, is_writable: bool) -> None:
        self.address = address
        self.length = length
        self.is_writable = is_writable
        self._owner_pid = os.getpid()
        self._finalizer = weakref.finalize(self, _libc.munmap, address, length)
        self._finalizer.atexit = False

    def bytes(self, offset: int = 0, length: int | None = None) -> npt.NDArray[np.uint8]:
        """View a part as uint8 without copying; the view keeps the mapping alive."""
        size = self.length - offset if length is None else length
        if offset < 0 or size < 0 or offset + size > self.length:
            raise ValueError(
                f"bytes {offset}..{offset + size} lie outside a map of {self.length} bytes"
            )
        return np.asarray(_Exposed(self, offset, size))

    def view(self, dtype: Any, offset: int = 0, count: int | None = None) -> npt.NDArray[Any]:
        """View a part as an array of a dtype, without copying."""
        item = np.dtype(dtype)
        size = None if count is None else count * item.itemsize
        return self.bytes(offset, size).view(item)

    def lock(self) -> str | None:
        """Keep the memory resident (``mlock``).

        Returns:
            None on success, or the kernel's reason for refusing.
        """
        if _libc.mlock(self.address, self.length) == 0:
            return None
        return os.strerror(ctypes.get_errno())

    def populate(self) -> None:
        """Have the kernel enter every page into this process's page tables, writable if it may be.

        A forked child begins without those of shared memory. What is in memory does not change.
        """
        advice = _MADV_POPULATE_WRITE if self.is_writable else _MADV_POPULATE_READ
        if _libc.madvise(self.address, self.length, advice) != 0:
            # Before Linux 5.14: look at every page. One of shared memory that may be written
            # is entered writable.
            self.bytes()[:: mmap.PAGESIZE].sum()


class Segment:
    """A memfd that this process created, mapped writable and sealed.

    Args:
        name: shown in /proc/PID/maps; it names nothing.
        head_bytes: leading part that is mapped once; rounded up to whole pages.
        body_bytes: part after it; mapped twice when ``is_twin``; rounded up to whole pages.
        is_twin: map the body a second time behind itself.
        huge: ask for 2 MiB pages; falls back to ordinary ones and says why in
            ``huge_refusal``.
        seals: what to seal with once the writable map exists.

    Attributes:
        huge_refusal: why there are no huge pages though they were asked for, or None.

    Raises:
        ResourceError: the kernel refuses the memory.
    """

    def __init__(
        self,
        name: str,
        head_bytes: int,
        body_bytes: int = 0,
        *,
        is_twin: bool = False,
        huge: bool = False,
        seals: int = SEALS,
    ) -> None:
        self.name = name
        self.huge_refusal: str | None = None
        self.is_twin = is_twin
        page = HUGE_PAGE_BYTES if huge else mmap.PAGESIZE
        self.head_bytes = _round_up(head_bytes, page)
        self.body_bytes = _round_up(body_bytes, page)
        try:
            self._create(huge=huge)
        except OSError as error:
            if not huge:
                raise self._refused(error) from error
            self.huge_refusal = error.strerror or "refused"
            self.head_bytes = _round_up(head_bytes, mmap.PAGESIZE)
            self.body_bytes = _round_up(body_bytes, mmap.PAGESIZE)
            try:
                self._create(huge=False)
            except OSError as second:
                raise self._refused(second) from second
        self.page_bytes = HUGE_PAGE_BYTES if huge and self.huge_refusal is None else mmap.PAGESIZE
        """Page size that the kernel gave."""
        fcntl.fcntl(self.fd, F_ADD_SEALS, seals)
        self._closer = weakref.finalize(self, os.close, self.fd)
        self._closer.atexit = False

    @property
    def size_bytes(self) -> int:
        """Size of the file: head and one body."""
        return self.head_bytes + self.body_bytes

    def _create(self, *, huge: bool) -> None:
        flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING | (os.MFD_HUGETLB if huge else 0)
        fd = os.memfd_create(f"zerofeed-{self.name}", flags)
        try:
            os.ftruncate(fd, self.size_bytes)
            self.mapping = map_segment(
                fd,
                self.head_bytes,
                self.body_bytes,
                is_twin=self.is_twin,
                is_writable=True,
                page_bytes=HUGE_PAGE_BYTES if huge else mmap.PAGESIZE,
            )
        except BaseException:
            os.close(fd)
            raise
        self.fd = fd

    def _refused(self, error: OSError) -> ResourceError:
        return ResourceError(
            f"the kernel refuses {self.size_bytes >> 20} MiB of shared memory ({error.strerror})",
            where=f"segment {self.name}",
            next_step="choose a smaller capacity or free memory",
        )

    def seals(self) -> int:
        """Read the seals that the kernel enforces."""
        return fcntl.fcntl(self.fd, F_GET_SEALS)


def seals_of(fd: int) -> int:
    """Read the seals of a memfd; 0 when it is something that cannot be sealed."""
    try:
        return fcntl.fcntl(fd, F_GET_SEALS)
    except OSError:
        return 0


def map_segment(
    fd: int,
    head_bytes: int,
    body_bytes: int = 0,
    *,
    is_twin: bool = False,
    is_writable: bool = False,
    page_bytes: int = mmap.PAGESIZE,
) -> Mapping:
    """Map a segment that came as a descriptor.

    Args:
        fd: descriptor; it may be closed afterwards, the map stays.
        head_bytes: leading part, a multiple of the page size.
        body_bytes: part after it, a multiple of the page size.
        is_twin: map the body a second time behind itself.
        is_writable: also allow stores; refused by the kernel on a sealed segment.
        page_bytes: page size of the file.

    Returns:
        A mapping of ``head + body`` bytes, or ``head + 2 * body`` when twin.

    Raises:
        OSError: the kernel refuses, with its errno.
    """
    total = head_bytes + body_bytes * (2 if is_twin else 1)
    protection = _PROT_READ | (_PROT_WRITE if is_writable else 0)
    # One reservation, page-aligned by hand, then the file is placed over it: the two copies
    # of the body are adjacent by construction and nothing else can land between them.
    reserved = _map(
        0, total + page_bytes, _PROT_NONE, _MAP_PRIVATE | _MAP_ANONYMOUS | _MAP_NORESERVE, -1, 0
    )
    base = _round_up(reserved, page_bytes)
    try:
        flags = _MAP_SHARED | _MAP_FIXED | _MAP_POPULATE
        _map(base, head_bytes + body_bytes, protection, flags, fd, 0)
        if is_twin and body_bytes:
            _map(base + head_bytes + body_bytes, body_bytes, protection, flags, fd, head_bytes)
    except OSError:
        _libc.munmap(reserved, total + page_bytes)
        raise
    if base > reserved:
        _libc.munmap(reserved, base - reserved)
    tail = reserved + page_bytes - base
    if tail:
        _libc.munmap(base + total, tail)
    return Mapping(base, total, is_writable=is_writable)


def map_over(address: int, fd: int, length: int) -> None:
    """Replace ``length`` bytes of an existing map with a file's, read-only: one slot of a table of pages.

    Raises:
        OSError: the kernel refuses.
    """
    _map(address, length, _PROT_READ, _MAP_SHARED | _MAP_FIXED | _MAP_POPULATE, fd, 0)


def _map(address: int, length: int, protection: int, flags: int, fd: int, offset: int) -> int:
    result = _libc.mmap(address or None, length, protection, flags, fd, offset)
    if result is None or result == _FAILED:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return int(result)


def _round_up(value: int, step: int) -> int:
    return -(-value // step) * step
