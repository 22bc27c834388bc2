"""The bpf(2) system call, as much of it as AF_XDP needs, by ctypes.

Every object is a descriptor of the calling process. It lives as long as any descriptor of it, so a
killed owner leaves nothing behind: its programs leave their interfaces by themselves.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterator
from pathlib import Path

from zerofeed.base.errors import ReceiverError
from zerofeed.wire.xdp import abi

__all__ = [
    "attach_link",
    "create_socket_map",
    "load_program",
    "owners_of_program",
    "put_socket",
    "run_live_frames",
    "run_program",
]

_SYS_BPF = 280 if platform.machine() in {"aarch64", "arm64"} else 321
_LICENSE = b"GPL\0"
_LOG_BYTES = 1 << 18
_ATTR_BYTES = 128

_libc = ctypes.CDLL(None, use_errno=True)

_ADVICE = {
    errno.EPERM: "run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_NET_RAW",
    errno.EACCES: "run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_NET_RAW",
    errno.EOPNOTSUPP: "the driver has no native XDP; SKB mode works with every driver",
    errno.ENOMEM: "raise the limit of locked memory (`ulimit -l`, LimitMEMLOCK=)",
    errno.ENOSYS: "this kernel has no bpf(2)",
    errno.EINVAL: "this kernel lacks a feature that was asked for; Linux 6.6 has all of them",
    errno.ERANGE: "the interface's packets are too long for XDP without fragments; lower its MTU",
}


def create_socket_map(entries: int) -> int:
    """Make an XSKMAP: receive queue to AF_XDP socket.

    Args:
        entries: queues.

    Returns:
        Its descriptor.

    Raises:
        ReceiverError: the kernel refuses.
    """
    attr = struct.pack("<IIIIIII16s", abi.BPF_MAP_TYPE_XSKMAP, 4, 4, entries, 0, 0, 0, b"zerofeed")
    return _checked(abi.BPF_MAP_CREATE, attr, "make an XSKMAP", "AF_XDP")


def put_socket(map_fd: int, queue: int, socket_fd: int) -> None:
    """Send what a program redirects on a queue to a socket.

    Raises:
        ReceiverError: the kernel refuses.
    """
    key = ctypes.c_uint32(queue)
    value = ctypes.c_uint32(socket_fd)
    attr = struct.pack(
        "<I4xQQQ", map_fd, ctypes.addressof(key), ctypes.addressof(value), 0
    )  # fmt: skip
    _checked(abi.BPF_MAP_UPDATE_ELEM, attr, "put a socket into the XSKMAP", f"queue {queue}")


def load_program(instructions: bytes, *, flags: int = 0, interface_index: int = 0) -> int:
    """Load an XDP program; the verifier's reasons are in the error.

    Args:
        instructions: from the assembler.
        flags: ``BPF_F_XDP_*``.
        interface_index: interface that the program is bound to, for ``BPF_F_XDP_DEV_BOUND_ONLY``.

    Returns:
        Its descriptor.

    Raises:
        ReceiverError: the kernel refuses.
    """
    code = ctypes.create_string_buffer(instructions, len(instructions))
    licence = ctypes.create_string_buffer(_LICENSE, len(_LICENSE))

    def attributes(level: int, size: int, address: int) -> bytes:
        return struct.pack(
            "<IIQQIIQII16sII",
            abi.BPF_PROG_TYPE_XDP,
            len(instructions) // 8,
            ctypes.addressof(code),
            ctypes.addressof(licence),
            level,
            size,
            address,
            0,
            flags,
            b"zerofeed",
            interface_index,
            abi.BPF_XDP,
        )

    result = _bpf(abi.BPF_PROG_LOAD, attributes(0, 0, 0))
    if result >= 0:
        return result
    # Once more for the verifier's reasons, which cost time to write.
    log = ctypes.create_string_buffer(_LOG_BYTES)
    second = _bpf(abi.BPF_PROG_LOAD, attributes(1, _LOG_BYTES, ctypes.addressof(log)))
    if second >= 0:
        return second
    lines = log.value.decode(errors="replace").strip().splitlines()
    raise _refusal("load the XDP program", "AF_XDP", -result, " / ".join(lines[-6:]))


def attach_link(program_fd: int, interface_index: int, *, interface: str, is_native: bool) -> int:
    """Attach a program to an interface, for as long as the link's descriptor is open.

    Args:
        program_fd: from ``load_program``.
        interface_index: where to.
        interface: its name, for the error.
        is_native: in the driver; otherwise in the stack (SKB mode).

    Returns:
        The link's descriptor.

    Raises:
        ReceiverError: the kernel refuses; on EBUSY, or EEXIST when the other's program is in the
            other mode, the error says EBUSY and names the processes that hold the interface.
    """
    mode = abi.XDP_FLAGS_DRV_MODE if is_native else abi.XDP_FLAGS_SKB_MODE
    result = _bpf(
        abi.BPF_LINK_CREATE, struct.pack("<IIII", program_fd, interface_index, abi.BPF_XDP, mode)
    )
    if result >= 0:
        return result
    what = f"attach the XDP program in {'native' if is_native else 'SKB'} mode"
    if result not in {-errno.EBUSY, -errno.EEXIST}:
        raise _refusal(what, interface, -result)
    owners = ", ".join(f"{pid} ({name})" for pid, name in owners_of_program(interface_index))
    raise ReceiverError(
        "the interface has an XDP program already",
        where=interface,
        got=f"EBUSY; held by {f'process {owners}' if owners else 'no process that can be seen'}",
        next_step="one feed can have an interface: add this feed's flows to that one, stop it, or "
        f"use UDP sockets; `ip link show dev {interface}` shows a program that no feed has left",
    )


def owners_of_program(interface_index: int) -> Iterator[tuple[int, str]]:
    """Name the processes that hold an XDP link of an interface of this network namespace.

    Args:
        interface_index: of the interface.

    Yields:
        Process id and command, for those that this user may see.
    """
    own = _namespace("self")
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal() or _namespace(process.name) != own:
            continue
        try:
            if any(_is_link_of(entry, interface_index) for entry in (process / "fdinfo").iterdir()):
                yield int(process.name), (process / "comm").read_text(encoding="utf-8").strip()
        except OSError:
            continue  # gone, or another user's


def run_program(program_fd: int, packet: bytes) -> tuple[int, bytes]:
    """Run a program once on a packet that comes from nowhere (BPF_PROG_TEST_RUN).

    Args:
        program_fd: of an XDP program.
        packet: at least 14 bytes.

    Returns:
        The verdict, and the packet as the program left it, what it wrote in front of it included.

    Raises:
        ReceiverError: the kernel refuses.
    """
    inward = ctypes.create_string_buffer(packet, len(packet))
    outward = ctypes.create_string_buffer(len(packet) + 256)
    attr = ctypes.create_string_buffer(_ATTR_BYTES)
    struct.pack_into(
        "<IIIIQQII",
        attr,
        0,
        program_fd,
        0,
        len(packet),
        len(outward),
        ctypes.addressof(inward),
        ctypes.addressof(outward),
        1,
        0,
    )
    if _libc.syscall(_SYS_BPF, abi.BPF_PROG_TEST_RUN, attr, _ATTR_BYTES) < 0:
        raise _refusal("run the XDP program", "AF_XDP", ctypes.get_errno())
    verdict, _, size = struct.unpack_from("<III", attr, 4)
    return int(verdict), outward.raw[:size]


def run_live_frames(program_fd: int, frame: bytes, repeat: int, *, batch: int = 64) -> None:
    """Make the kernel itself produce frames and give them to a program, as fast as it can.

    With the program of ``program.build_redirect`` this is a load generator: the frames leave by an
    interface. Blocks until all have been handed over, which is not the same as received.

    Args:
        program_fd: of an XDP program.
        frame: whole Ethernet frame, the same every time.
        repeat: frames.
        batch: frames at a time, up to 256.

    Raises:
        ReceiverError: the kernel refuses.
    """
    data = ctypes.create_string_buffer(frame, len(frame))
    attr = struct.pack(
        "<IIIIQQIIIIQQIII",
        program_fd,
        0,
        len(frame),
        0,
        ctypes.addressof(data),
        0,
        repeat,
        0,
        0,
        0,
        0,
        0,
        abi.BPF_F_TEST_XDP_LIVE_FRAMES,
        0,
        batch,
    )
    _checked(abi.BPF_PROG_TEST_RUN, attr, "run the XDP program on live frames", "AF_XDP")


def _bpf(command: int, attributes: bytes) -> int:
    """Make the call; minus errno on failure."""
    attr = ctypes.create_string_buffer(attributes.ljust(_ATTR_BYTES, b"\0"), _ATTR_BYTES)
    result: int = _libc.syscall(_SYS_BPF, command, attr, _ATTR_BYTES)
    return result if result >= 0 else -ctypes.get_errno()


def _checked(command: int, attributes: bytes, what: str, where: str) -> int:
    result = _bpf(command, attributes)
    if result < 0:
        raise _refusal(what, where, -result)
    return result


def _refusal(what: str, where: str, code: int, log: str = "") -> ReceiverError:
    """Explain why the kernel refuses."""
    reason = f"{errno.errorcode.get(code, code)} ({os.strerror(code)})"
    return ReceiverError(
        f"cannot {what}",
        where=where,
        got=f"{reason}; the verifier says: {log}" if log else reason,
        next_step=_ADVICE.get(code),
    )


def _namespace(process: str) -> str:
    try:
        return str(Path(f"/proc/{process}/ns/net").readlink())
    except OSError:
        return ""


def _is_link_of(entry: Path, interface_index: int) -> bool:
    """Tell whether a file of /proc/PID/fdinfo is about an XDP link of an interface."""
    try:
        lines = dict(
            line.split(":\t", 1) for line in entry.read_text().splitlines() if ":\t" in line
        )
    except OSError:
        return False
    return lines.get("link_type") == "xdp" and lines.get("ifindex", "").strip() == str(
        interface_index
    )
