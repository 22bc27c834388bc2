"""A load generator without C: the kernel itself makes frames and a small program numbers them.

``BPF_PROG_TEST_RUN`` with live frames runs an XDP program again and again on copies of one frame and
does with each what the program says. The program here asks the clock, and when a frame is due it
writes a running number and the time into the payload and sends it out of an interface::

    now = ktime;  if now < due: drop              nothing leaves
    due += interval
    frame[number_at] = count++ (atomic);  frame[stamp_at] = now
    redirect(interface)

So the pace is kept in the kernel: no system call and no user-space jitter between two frames, and
with a batch of one each frame is flushed before the clock is asked again. An interval of 0 means as
fast as possible. The count lies in a map that is mapped into memory: what was sent is exact.

The time is CLOCK_MONOTONIC, taken before the frame is sent. Frames that become due while the
generator is interrupted follow at once, so the pace holds on average; their stamps are true.
"""

from __future__ import annotations

import ctypes
import mmap
import multiprocessing
import os
import platform
import signal
import socket
import struct
import time
from dataclasses import dataclass
from multiprocessing import reduction
from typing import Any

from benchmarks.contest import end_with_parent, pin
from benchmarks.network import GROUP, PORT, SENDER, Wire, command, leave_for_own_network
from zerofeed.base.errors import ReceiverError
from zerofeed.wire.xdp import abi, bpf
from zerofeed.wire.xdp.assembler import Assembler
from zerofeed.wire.xdp.link_addresses import multicast_mac

__all__ = ["HEADER_BYTES", "Frame", "Generator", "Sent", "numbered_payload"]

HEADER_BYTES = 42
"""Ethernet, IPv4 and UDP in front of the payload."""

SATURATING_BATCH = 64

_MAP_BYTES = 64
_COUNT, _DUE, _INTERVAL = 0, 8, 16
_HELPER_KTIME_GET_NS = 5
_MAP_TYPE_ARRAY = 2
_MAP_MMAPABLE = 1 << 10
_SYS_BPF = 280 if platform.machine() == "aarch64" else 321
_FOR_EVER = 1 << 31
_SOL_PACKET = 263
_PACKET_QDISC_BYPASS = 20
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Frame:
    """What is sent, as a payload and where the program writes into it.

    Attributes:
        payload: UDP payload.
        number_at: offset of the running number in the payload.
        number_bytes: 4 or 8.
        stamp_at: offset of the time, 8 bytes.
        first: the first number.
    """

    payload: bytes
    number_at: int = 0
    number_bytes: int = 8
    stamp_at: int = 8
    first: int = 0

    def ethernet(self) -> bytes:
        """Give the whole frame to the group; no UDP checksum, so that the payload may change."""
        udp_bytes = 8 + len(self.payload)
        ip = struct.pack(
            ">BBHHHBBH4s4s", 0x45, 0, 20 + udp_bytes, 0, 0x4000, 8, 17, 0,
            socket.inet_aton(SENDER), socket.inet_aton(GROUP),
        )  # fmt: skip
        total = sum(struct.unpack(">10H", ip))
        total = (total & 0xFFFF) + (total >> 16)
        ip = ip[:10] + struct.pack(">H", ~(total + (total >> 16)) & 0xFFFF) + ip[12:]
        group = int.from_bytes(socket.inet_aton(GROUP), "big")
        ethernet = (
            multicast_mac(group).to_bytes(6, "big") + bytes.fromhex("020000000002") + b"\x08\0"
        )
        return ethernet + ip + struct.pack(">HHHH", PORT, PORT, udp_bytes, 0) + self.payload


def numbered_payload(size: int) -> Frame:
    """Make the frame of most contestants: number, time, then bytes that say nothing."""
    return Frame(bytes(16) + bytes(at & 0xFF for at in range(16, size)))


@dataclass(frozen=True)
class Sent:
    """What a generator did.

    Attributes:
        frames: handed to the interface.
        seconds: it took.
    """

    frames: int
    seconds: float


class _Program(Assembler):
    """The assembler, and the two instructions that only a generator needs."""

    def map_value(self, target: int, descriptor: int) -> None:
        """Set target to the address of an array map's first value."""
        self._add(0x18, target, 2, 0, descriptor)
        self._add(0, 0, 0, 0, 0)

    def fetch_add(self, base: int, offset: int, source: int) -> None:
        """Add source to the eight bytes at base + offset, atomically; source becomes what was there."""
        self._add(0xDB, base, source, offset, 1)


def build_program(frame: Frame, map_fd: int, interface_index: int) -> bytes:
    """Write the program of this module's picture."""
    a = _Program()
    a.move(6, 1)
    a.map_value(7, map_fd)
    a.call(_HELPER_KTIME_GET_NS)
    a.move(8, 0)
    a.load(1, 7, _DUE, 8)
    a.jump_if_register(1, ">", 8, "not due")
    a.load(2, 7, _INTERVAL, 8)
    a.compute_with(1, "+", 2)
    a.store(7, _DUE, 1, 8)
    a.load(2, 6, abi.MD_DATA, 4)
    a.load(3, 6, abi.MD_DATA_END, 4)
    a.move(1, 2)
    a.compute(1, "+", HEADER_BYTES + len(frame.payload))
    a.jump_if_register(1, ">", 3, "not due")
    a.number(4, 1)
    a.fetch_add(7, _COUNT, 4)
    a.store(2, HEADER_BYTES + frame.number_at, 4, 4 if frame.number_bytes == 4 else 8)
    a.store(2, HEADER_BYTES + frame.stamp_at, 8, 8)
    a.number(1, interface_index)
    a.number(2, 0)
    a.call(abi.HELPER_REDIRECT)
    a.exit()
    a.label("not due")
    a.number(0, abi.XDP_DROP)
    a.exit()
    return a.assemble()


def _make_map() -> int:
    attr = struct.pack(
        "<IIIIIII16s", _MAP_TYPE_ARRAY, 4, _MAP_BYTES, 1, _MAP_MMAPABLE, 0, 0, b"zfload"
    ).ljust(128, b"\0")
    made: int = _libc.syscall(_SYS_BPF, abi.BPF_MAP_CREATE, attr, len(attr))
    if made < 0:
        raise OSError(ctypes.get_errno(), "cannot make the generator's map")
    return made


def _send(frame: Frame, interface: str, interval_ns: int, seconds: float) -> Sent:
    """Send for a while, in this process."""
    map_fd = _make_map()
    program_fd = -1
    try:
        with mmap.mmap(map_fd, mmap.PAGESIZE) as memory:
            program_fd = bpf.load_program(
                build_program(frame, map_fd, socket.if_nametoindex(interface))
            )
            began = time.monotonic_ns()
            due = began if interval_ns else 0
            struct.pack_into("<QQQ", memory, 0, frame.first, due, interval_ns)
            # The signal ends the system call between two batches; nothing is left half sent.
            signal.signal(signal.SIGALRM, lambda *_: None)
            signal.setitimer(signal.ITIMER_REAL, seconds)
            batch = 1 if interval_ns else SATURATING_BATCH
            try:
                bpf.run_live_frames(program_fd, frame.ethernet(), _FOR_EVER, batch=batch)
            except ReceiverError as error:
                if "EINTR" not in str(error.got):
                    raise
            took = (time.monotonic_ns() - began) / 1e9
            return Sent(struct.unpack_from("<Q", memory)[0] - frame.first, took)
    finally:
        for descriptor in (map_fd, program_fd):
            if descriptor >= 0:
                os.close(descriptor)


class Generator:
    """A process in a network of its own that sends when it is told to.

    Args:
        core: its core.
    """

    def __init__(self, core: int) -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, core), daemon=True)
        self._process.start()
        theirs.close()
        self._answer()

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process.pid is not None
        return self._process.pid

    def connect(self, wire: Wire) -> None:
        """Bring its end of the wire up, and open a raw socket there for whoever sends by himself."""
        self._pipe.send(("up", wire.outside))
        wire.outlet = socket.socket(fileno=reduction.recv_handle(self._pipe))
        self._answer()

    def begin(self, frame: Frame, wire: Wire, *, per_second: int, seconds: float) -> None:
        """Start sending; returns at once.

        Args:
            frame: what.
            wire: out of which interface.
            per_second: frames a second, 0: as fast as it can.
            seconds: for how long.
        """
        interval_ns = 1_000_000_000 // per_second if per_second else 0
        plain = (frame.payload, frame.number_at, frame.number_bytes, frame.stamp_at, frame.first)
        self._pipe.send(("send", plain, wire.outside, interval_ns, seconds))

    def end(self) -> Sent:
        """Wait until it has sent everything."""
        return Sent(*self._answer())

    def close(self) -> None:
        """End the process, and its network with it."""
        if self._process.is_alive():
            self._pipe.send(("end",))
            self._process.join(10)
            if self._process.is_alive():
                self._process.kill()
        self._pipe.close()

    def _answer(self) -> Any:
        error, answer = self._pipe.recv()
        if error:
            raise RuntimeError(f"the generator failed: {error}")
        return answer


def _serve(pipe: Any, core: int) -> None:
    """Do what the pipe says, until it says "end" or is closed."""
    end_with_parent()
    pin(core)
    try:
        leave_for_own_network()
        pipe.send(("", ()))
        while True:
            what, *arguments = pipe.recv()
            if what == "end":
                return
            if what == "up":
                command(f"ip link set {arguments[0]} up")
                with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as outlet:
                    outlet.bind((arguments[0], 0))
                    outlet.setsockopt(_SOL_PACKET, _PACKET_QDISC_BYPASS, 1)
                    reduction.send_handle(pipe, outlet.fileno(), os.getppid())
                pipe.send(("", ()))
            else:
                plain, interface, interval_ns, seconds = arguments
                sent = _send(Frame(*plain), interface, interval_ns, seconds)
                pipe.send(("", (sent.frames, sent.seconds)))
    except EOFError:
        return
    except (OSError, ReceiverError) as error:
        pipe.send((str(error), ()))
