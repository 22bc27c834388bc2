"""One AF_XDP socket: its memory, rings, binding, and what the kernel says is true of it.

Python's ``socket`` does not take a descriptor of this family, so options go through ctypes. A socket
is used in this order: ``register_memory`` or, for a further queue of the same memory, nothing;
``make_rings``; fill the FILL ring; ``bind``.

IPv4 or not is none of a socket's business: it moves whole frames.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from zerofeed.base.errors import ReceiverError
from zerofeed.wire.xdp import abi

__all__ = ["RingOffsets", "XdpSocket", "XdpStatistics"]

_PATIENCE_NS = 3_000_000_000
_RETRY_S = (0.001, 0.002, 0.003, 0.005)

_libc = ctypes.CDLL(None, use_errno=True)

_ADVICE = {
    errno.EPERM: "run as root or with CAP_NET_RAW",
    errno.EAFNOSUPPORT: "this kernel was built without AF_XDP (CONFIG_XDP_SOCKETS)",
    errno.ENOBUFS: "packet memory exceeds the limit of locked memory: raise it with `ulimit -l` or "
    "LimitMEMLOCK=, run with CAP_IPC_LOCK, or choose fewer frames",
    errno.EOPNOTSUPP: "the driver does not support this mode",
    errno.ENETDOWN: "the interface is down; `ip link set dev NAME up`",
    errno.EINVAL: "the interface has no such queue, or its packets do not fit this mode",
    errno.EFAULT: "packet memory must be anonymous or a memfd, not a file on disk",
}


@dataclass(frozen=True, slots=True)
class XdpStatistics:
    """The kernel's counters of one socket, since it was opened.

    Attributes:
        dropped: packets that found no chunk, or were longer than one without ``USE_SG``.
        invalid: FILL entries that named no chunk.
        transmit_invalid: TX descriptors that named no frame.
        ring_full: packets that found the RX ring full.
        fill_empty: times that a chunk was wanted and the FILL ring was empty. In copy mode each
            of them is counted in ``dropped`` as well; in zero-copy mode the driver asks again and
            the card counts what it lost (``ethtool -S``).
        transmit_empty: times that the kernel found nothing to send.
    """

    dropped: int
    invalid: int
    transmit_invalid: int
    ring_full: int
    fill_empty: int
    transmit_empty: int

    @property
    def lost(self) -> int:
        """Packets that were meant for the socket and that the kernel counted as lost."""
        return self.dropped + self.ring_full


@dataclass(frozen=True, slots=True)
class RingOffsets:
    """Where the parts of one ring lie in its map, in bytes."""

    producer: int
    consumer: int
    entries: int
    flags: int


class XdpSocket:
    """An AF_XDP socket, closed with ``close`` or its process.

    Args:
        where: interface and queue, for errors.

    Raises:
        ReceiverError: the kernel refuses.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self._fd = _libc.socket(abi.AF_XDP, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        if self._fd < 0:
            raise self._refused("open an AF_XDP socket", ctypes.get_errno())

    def fileno(self) -> int:
        """Give the descriptor; -1 when closed."""
        return int(self._fd)

    def register_memory(self, address: int, length: int, chunk_bytes: int) -> None:
        """Make a range of this process's memory the packet memory (UMEM).

        Args:
            address: first byte, at a page boundary, writable now; the kernel keeps the pages, so
                the map need not stay.
            length: bytes.
            chunk_bytes: 2048 or 4096.

        Raises:
            ReceiverError: the kernel refuses, for instance for the limit of locked memory.
        """
        packed = struct.pack(abi.XDP_UMEM_REG_FORMAT, address, length, chunk_bytes, 0, 0, 0)
        self._set(abi.SOL_XDP, abi.XDP_UMEM_REG, packed, f"register {length >> 10} KiB of memory")

    def make_rings(
        self, *, fill: int = 0, completion: int = 0, receive: int = 0, transmit: int = 0
    ) -> None:
        """Make rings of so many entries, powers of two; 0 makes none.

        The kernel wants FILL and COMPLETION for every queue, whatever is done with them.

        Raises:
            ReceiverError: the kernel refuses.
        """
        for option, entries in (
            (abi.XDP_UMEM_FILL_RING, fill),
            (abi.XDP_UMEM_COMPLETION_RING, completion),
            (abi.XDP_RX_RING, receive),
            (abi.XDP_TX_RING, transmit),
        ):
            if entries:
                self._set(
                    abi.SOL_XDP, option, struct.pack("<I", entries), f"make a ring of {entries}"
                )

    def ring_offsets(self) -> tuple[RingOffsets, RingOffsets, RingOffsets, RingOffsets]:
        """Read where the parts of the rings lie: RX, TX, FILL, COMPLETION."""
        numbers = struct.unpack("<16Q", self._get(abi.XDP_MMAP_OFFSETS, 128))
        rows = (numbers[at : at + 4] for at in range(0, 16, 4))
        receive, transmit, fill, completion = (RingOffsets(*row) for row in rows)
        return receive, transmit, fill, completion

    def bind(
        self,
        interface_index: int,
        queue: int,
        flags: int,
        *,
        shared_with: XdpSocket | None = None,
        clock: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], Any] = time.sleep,
    ) -> None:
        """Bind to one queue of an interface. Blocks up to three seconds while it is taken.

        After an earlier owner is gone the kernel needs some tens of milliseconds to release the
        queue; until then it says EBUSY.

        Args:
            interface_index: of the interface.
            queue: receive queue.
            flags: ``XDP_COPY`` and so on.
            shared_with: socket whose memory to use; its flags hold for this one, too.
            clock: monotonic time in ns.
            sleep: blocks for a number of seconds.

        Raises:
            ReceiverError: the kernel refuses; ``errno`` in its ``got``.
        """
        shared_fd = 0
        if shared_with is not None:
            flags, shared_fd = abi.XDP_SHARED_UMEM, shared_with.fileno()
        name = struct.pack(
            abi.SOCKADDR_XDP_FORMAT, abi.AF_XDP, flags, interface_index, queue, shared_fd
        )
        deadline_ns = clock() + _PATIENCE_NS
        turn = 0
        while _libc.bind(self._fd, name, len(name)) < 0:
            code = ctypes.get_errno()
            if code != errno.EBUSY or clock() > deadline_ns:
                raise self._refused("bind the AF_XDP socket", code)
            sleep(_RETRY_S[min(turn, len(_RETRY_S) - 1)])
            turn += 1

    def is_zero_copy(self) -> bool:
        """Ask the kernel whether the card writes into the memory itself."""
        flags: int = struct.unpack("<I", self._get(abi.XDP_OPTIONS, 4))[0]
        return bool(flags & abi.XDP_OPTIONS_ZEROCOPY)

    def statistics(self) -> XdpStatistics:
        """Read the kernel's counters."""
        return XdpStatistics(*struct.unpack("<6Q", self._get(abi.XDP_STATISTICS, 48)))

    def prefer_busy_poll(self, busy_poll_us: int, budget: int = 64) -> None:
        """Let the driver's work be done by whoever asks for packets, not by interrupts.

        Args:
            busy_poll_us: how long a call may poll, 20 to 64.
            budget: packets at most in one go.

        Raises:
            ReceiverError: the kernel refuses.
        """
        for option, value in (
            (abi.SO_PREFER_BUSY_POLL, 1),
            (abi.SO_BUSY_POLL, busy_poll_us),
            (abi.SO_BUSY_POLL_BUDGET, budget),
        ):
            self._set(
                socket.SOL_SOCKET,
                option,
                struct.pack("<i", value),
                "turn on preferred busy polling",
            )

    def close(self) -> None:
        """Close the descriptor; the queue is free once every copy of it and every ring map is gone."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _set(self, level: int, option: int, value: bytes, what: str) -> None:
        if _libc.setsockopt(self._fd, level, option, value, len(value)) < 0:
            raise self._refused(what, ctypes.get_errno())

    def _get(self, option: int, size: int) -> bytes:
        value = ctypes.create_string_buffer(size)
        length = ctypes.c_uint32(size)
        if _libc.getsockopt(self._fd, abi.SOL_XDP, option, value, ctypes.byref(length)) < 0:
            raise self._refused(f"read option {option}", ctypes.get_errno())
        return value.raw

    def _refused(self, what: str, code: int) -> ReceiverError:
        """Explain why the kernel refuses."""
        advice = _ADVICE.get(code)
        if code == errno.EBUSY:
            advice = (
                "another program has an AF_XDP socket on this queue: stop it, or give this feed other "
                "queues; `ss --xdp -p` names it"
            )
        return ReceiverError(
            f"cannot {what}",
            where=self.where,
            got=f"{errno.errorcode.get(code, code)} ({os.strerror(code)})",
            next_step=advice,
        )
