"""The rings that sockets share with the kernel, all of them in one stretch of memory.

A compiled kernel takes arrays, and every queue has two or four rings of its own. So the opener
reserves one range of addresses and places every ring of every queue in it; one uint32 view (indices,
flags) and one int64 view (entries) then reach all of them, and ``geometry`` says where each lies.
A forked worker inherits the maps at the same addresses.

While a map of a ring exists, in any process, the kernel does not release the queue. ``close`` therefore
replaces this process's maps by empty memory at once: arrays made from them stay readable, and read 0.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import ReceiverError
from zerofeed.shm.segment import Mapping
from zerofeed.wire.xdp import abi, layout
from zerofeed.wire.xdp.sockets import RingOffsets, XdpSocket

__all__ = ["RingSizes", "Rings"]

_DESCRIPTOR_BYTES = 16
_ADDRESS_BYTES = 8
_MAP_FIXED = 0x10
_MAP_POPULATE = 0x8000
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


class RingSizes:
    """Entries of the rings of one socket, powers of two; 0: it has none.

    Args:
        receive: RX ring.
        fill: FILL ring.
        transmit: TX ring.
        completion: COMPLETION ring, mapped only beside a TX ring.
    """

    __slots__ = ("completion", "fill", "receive", "transmit")

    def __init__(
        self, *, receive: int = 0, fill: int = 0, transmit: int = 0, completion: int = 0
    ) -> None:
        self.receive = receive
        self.fill = fill
        self.transmit = transmit
        self.completion = completion


class Rings:
    """Maps of all rings of some sockets, which have the same sizes.

    Args:
        sockets: with their rings made.
        sizes: of the rings.

    Attributes:
        halves: uint32 view of everything.
        words: int64 view of everything.
        geometry: int64[sockets, GEOMETRY_WORDS]; where the parts lie, sizes as masks, descriptors.

    Raises:
        ReceiverError: the kernel refuses a map.
    """

    def __init__(self, sockets: Sequence[XdpSocket], sizes: RingSizes) -> None:
        receive, transmit, fill, completion = sockets[0].ring_offsets()
        self._kinds = [
            (abi.PGOFF_RX, receive, sizes.receive, _DESCRIPTOR_BYTES, layout.RX_PRODUCER),
            (abi.PGOFF_FILL, fill, sizes.fill, _ADDRESS_BYTES, layout.FILL_PRODUCER),
            (abi.PGOFF_TX, transmit, sizes.transmit, _DESCRIPTOR_BYTES, layout.TX_PRODUCER),
            (
                abi.PGOFF_COMPLETION,
                completion,
                sizes.completion if sizes.transmit else 0,
                _ADDRESS_BYTES,
                layout.COMPLETION_PRODUCER,
            ),
        ]
        each = sum(_span(offsets, count, size) for _, offsets, count, size, _ in self._kinds)
        self._length = each * len(sockets)
        # Memory of its own first; the rings are placed over it.
        address = _place(0, self._length, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
        self.mapping = Mapping(address, self._length, is_writable=True)
        self.halves: npt.NDArray[np.uint32] = self.mapping.view(np.uint32)
        self.words: npt.NDArray[np.int64] = self.mapping.view(np.int64)
        self.geometry: npt.NDArray[np.int64] = np.zeros(
            (len(sockets), layout.GEOMETRY_WORDS), np.int64
        )
        at = 0
        for row, each_socket in zip(self.geometry, sockets, strict=True):
            row[layout.DESCRIPTOR] = each_socket.fileno()
            at = self._map_socket(each_socket.fileno(), row, at)

    def close(self) -> None:
        """Give the kernel its rings back; what was mapped reads 0 from now on."""
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_FIXED
        _place(self.mapping.address, self._length, flags, -1, 0)

    def _map_socket(self, fd: int, row: npt.NDArray[np.int64], at: int) -> int:
        """Place one socket's rings from byte ``at`` on; give the byte behind them."""
        for page_offset, offsets, count, size, column in self._kinds:
            if not count:
                continue
            span = _span(offsets, count, size)
            flags = mmap.MAP_SHARED | _MAP_FIXED | _MAP_POPULATE
            _place(self.mapping.address + at, span, flags, fd, page_offset)
            row[column] = (at + offsets.producer) // 4
            row[column + 1] = (at + offsets.consumer) // 4
            ring = column + 2
            if column in {layout.FILL_PRODUCER, layout.TX_PRODUCER}:
                row[ring] = (at + offsets.flags) // 4
                ring += 1
            row[ring] = (at + offsets.entries) // 8
            row[ring + 1] = count - 1
            at += span
        return at


def _span(offsets: RingOffsets, count: int, size: int) -> int:
    """Give the bytes of a ring's map, whole pages; none for a ring that does not exist."""
    if not count:
        return 0
    return -(-(offsets.entries + count * size) // mmap.PAGESIZE) * mmap.PAGESIZE


def _place(address: int, length: int, flags: int, fd: int, offset: int) -> int:
    protection = mmap.PROT_READ | mmap.PROT_WRITE
    result = _libc.mmap(address or None, length, protection, flags, fd, offset)
    if result is None or result == _FAILED:
        reason = os.strerror(ctypes.get_errno())
        raise ReceiverError(
            f"the kernel refuses to map the rings ({reason})",
            where="AF_XDP",
            got=f"{length} bytes",
            next_step="free memory or choose smaller rings",
        )
    return int(result)
