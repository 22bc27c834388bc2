"""Counting calls of the kernel's copying functions, for one process or on all cores, by ``perf_event_open(2)``.

A counter of the kernel's ``kprobe`` unit is a probe and its count in one descriptor. It has no name in any
file system, belongs to this process and is taken out by the kernel when the descriptor closes: at the end
of a ``with`` block, on Ctrl-C, and when this process is killed. (Probes written into tracefs would
stay behind.)

What is counted for each process is ``_copy_to_iter``, through which the network stack copies a datagram
into memory that a program has given it, and ``csum_and_copy_to_iter``, which it takes instead when
it has yet to prove the checksum. One call copies one piece of a packet; most packets are one piece. The
functions of AF_XDP run for whoever the core was busy with, so they are counted on all cores.

A counter that counts nothing looks like a kernel that copies nothing. So this process first sends itself
some datagrams and counts its own calls: the calibration.

Needs root, or CAP_PERFMON; a kernel with CONFIG_KPROBES that is not locked down.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["COPYING", "EVERYWHERE", "Counter", "ProbesRefusedError", "calibrate", "threads_of"]

COPYING = ("_copy_to_iter", "csum_and_copy_to_iter")
"""Functions that copy a packet for the process that asked for it; the first must be there."""
EVERYWHERE = ("__xsk_rcv", "__xsk_rcv_zc")
"""AF_XDP's receive functions: with a copy, and without."""

_UNIT = Path("/sys/bus/event_source/devices/kprobe/type")
_SYS_PERF_EVENT_OPEN = 241 if platform.machine() in {"aarch64", "arm64"} else 298
_ATTR_BYTES = 128
_CLOSE_ON_EXEC = 8
_INHERIT = 1 << 1
_DATAGRAMS = 32

_libc = ctypes.CDLL(None, use_errno=True)


class ProbesRefusedError(Exception):
    """This machine does not let its kernel's functions be counted; the text says why."""


class Counter:
    """Calls of one function, by a process or on all cores, from now until it is closed.

    Args:
        function: name of the kernel's function.
        pid: process whose threads are counted, those included that it starts from now on; None
            counts on all cores.
        unit: number of a unit of perf's that takes probes; default: the kernel's functions.
        offset: into what the name names.

    Raises:
        ProbesRefusedError: it cannot be counted.
    """

    def __init__(
        self, function: str, pid: int | None, *, unit: int | None = None, offset: int = 0
    ) -> None:
        self._descriptors: list[int] = []
        number = _unit() if unit is None else unit
        places = (
            [(-1, core) for core in range(os.cpu_count() or 1)]
            if pid is None
            else [(thread, -1) for thread in threads_of(pid)]
        )
        try:
            for thread, core in places:
                self._descriptors.append(_open(number, function, offset, thread, core))
        except BaseException:
            self.close()
            raise

    def count(self) -> int:
        """Add up the calls so far."""
        return sum(struct.unpack("q", os.read(each, 8))[0] for each in self._descriptors)

    def close(self) -> None:
        """Take the probe out. Idempotent."""
        while self._descriptors:
            os.close(self._descriptors.pop())

    def __enter__(self) -> Self:
        """Use as a context manager: taken out at the end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the probe out."""
        self.close()


def calibrate(functions: tuple[str, ...] = COPYING) -> tuple[list[str], int, int]:
    """Receive some datagrams in this process and count its own copying calls meanwhile.

    Args:
        functions: to count; those that this kernel has not, or has built into others, are left out,
            but for the first.

    Returns:
        The functions that can be counted, datagrams received, calls counted.

    Raises:
        ProbesRefusedError: the first cannot be counted.
    """
    with contextlib.ExitStack() as opened:
        usable: dict[str, Counter] = {}
        for function in functions:
            try:
                usable[function] = opened.enter_context(Counter(function, os.getpid()))
            except ProbesRefusedError:
                if function == functions[0]:
                    raise
        before = sum(each.count() for each in usable.values())
        received = _receive_own()
        return list(usable), received, sum(each.count() for each in usable.values()) - before


def threads_of(pid: int) -> Iterator[int]:
    """List the threads of a process.

    Raises:
        ProbesRefusedError: it has ended.
    """
    try:
        for each in Path(f"/proc/{pid}/task").iterdir():
            yield int(each.name)
    except OSError as error:
        raise ProbesRefusedError(f"process {pid} has ended") from error


def _receive_own() -> int:
    """Send datagrams to a socket of this process's and receive them; how many."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        receiver.settimeout(1.0)
        receiver.bind(("127.0.0.1", 0))
        for _ in range(_DATAGRAMS):
            sender.sendto(bytes(64), receiver.getsockname())
            receiver.recv(128)
    return _DATAGRAMS


def _unit() -> int:
    try:
        return int(_UNIT.read_text(encoding="ascii"))
    except OSError as error:
        raise ProbesRefusedError(
            "this kernel has no probes on its functions (CONFIG_KPROBES, /sys/bus/event_source)"
        ) from error


def _open(unit: int, name: str, offset: int, thread: int, core: int) -> int:
    """Open one counter; its descriptor.

    struct perf_event_attr, include/uapi/linux/perf_event.h: type 0, size 4, flags 40, the address of the
    name 56, the offset 64.
    """
    text = ctypes.create_string_buffer(name.encode())
    attr = ctypes.create_string_buffer(_ATTR_BYTES)
    struct.pack_into("<II", attr, 0, unit, _ATTR_BYTES)
    struct.pack_into("<Q", attr, 40, 0 if thread < 0 else _INHERIT)
    struct.pack_into("<QQ", attr, 56, ctypes.addressof(text), offset)
    result = _libc.syscall(_SYS_PERF_EVENT_OPEN, attr, thread, core, -1, _CLOSE_ON_EXEC)
    if result >= 0:
        return int(result)
    code = ctypes.get_errno()
    if code in {errno.EPERM, errno.EACCES}:
        raise ProbesRefusedError(
            f"{name}: {os.strerror(code)}; it takes root or CAP_PERFMON, and a kernel not locked down"
        )
    if code == errno.ESRCH:
        raise ProbesRefusedError(f"thread {thread} has ended")
    raise ProbesRefusedError(f"{name}: {os.strerror(code)}; this kernel does not let it be counted")
