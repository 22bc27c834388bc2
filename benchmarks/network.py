"""Two private networks joined by a pair of veth interfaces, made for one run and gone with it.

The process that measures and its receivers live in one network namespace, the generator in another.
Neither has a name: both vanish with their last process, and the interfaces with them, even when
everybody is killed. A mount namespace goes with the receiving one, because sysfs shows the network
of the process that mounted it.

**Where the kernel's own receive work runs** decides what is measured, so it is chosen:

=========  =====================================================================================
napi       frames are taken from the wire and given to sockets ...
=========  =====================================================================================
sender     ... on the generator's core, in the system call that sends them: as with a card whose
           interrupts go to another core than the receiver's
receiver   ... by a kernel thread on the receiver's core (threaded NAPI), whose time can be read to
           the nanosecond: all of receiving on one core
=========  =====================================================================================
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import subprocess
from pathlib import Path
from typing import Literal

__all__ = ["GROUP", "HOST", "PORT", "Napi", "Wire", "cpu_ns", "leave_for_own_network", "missing"]

Napi = Literal["sender", "receiver"]

GROUP = "239.77.77.77"
PORT = 7777
HOST = "10.77.0.1"
SENDER = "10.77.0.2"

_CLONE_NEWNS = 0x00020000
_CLONE_NEWNET = 0x40000000
_MS_REC = 0x4000
_MS_PRIVATE = 1 << 18
_SIOCETHTOOL = 0x8946
_ETHTOOL_SGRO = 0x2C
_libc = ctypes.CDLL(None, use_errno=True)


def missing() -> str | None:
    """Say what this machine lacks for such networks, or None."""
    if os.geteuid() != 0:
        return "network namespaces, veth and XDP need root"
    if not Path("/proc/self/ns/net").exists():
        return "this kernel has no network namespaces"
    return None


def leave_for_own_network(*, with_sysfs: bool = False) -> None:
    """Put this process into a network namespace of its own.

    Args:
        with_sysfs: and into a mount namespace where /sys shows that network.

    Raises:
        OSError: the kernel refuses.
    """
    flags = _CLONE_NEWNET | (_CLONE_NEWNS if with_sysfs else 0)
    _checked(_libc.unshare(flags), "unshare")
    if with_sysfs:
        _checked(_libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None), "mount")
        _checked(_libc.mount(b"sysfs", b"/sys", b"sysfs", 0, None), "mount sysfs")
    command("ip link set lo up")


def command(line: str) -> str:
    """Run one command and give what it says."""
    return subprocess.run(line.split(), check=True, capture_output=True, text=True).stdout


class Wire:
    """The pair of interfaces, seen from the receiving side.

    Args:
        sender_pid: a process in the generator's network.
        napi: where the kernel's receive work runs.

    Attributes:
        inside: the interface that receivers listen on.
        outside: the one that the generator sends from.
        outlet: a raw socket at that one, once the generator has connected it.
    """

    outlet: socket.socket

    def __init__(self, sender_pid: int, napi: Napi) -> None:
        self.napi = napi
        # No two runs at a time may have kernel threads of the same name.
        self.inside = f"zfi{os.getpid()}"
        self.outside = f"zfo{os.getpid()}"
        one = "numrxqueues 1 numtxqueues 1"
        command(
            f"ip link add {self.inside} {one} type veth"
            f" peer name {self.outside} {one} netns {sender_pid}"
        )
        # Without a program on the receiving end veth takes redirected frames only with GRO on.
        _switch_gro_on(self.inside)
        command(f"ip addr add {HOST}/24 dev {self.inside}")
        command(f"ip link set {self.inside} up")
        if napi == "receiver":
            # Only an interface that is up has something that could become a thread.
            self._sysfs("threaded").write_text("1", encoding="ascii")

    def pin_kernel_threads(self, core: int) -> list[int]:
        """Put the threads that do the kernel's receive work on a core.

        They share it fairly, as ksoftirqd does when there is more than a softirq may take. If they went
        first, a receiver offered too much would get no time at all, and every packet that it does
        get would be charged with the many that it does not.

        Returns:
            Their ids; none when the work is not done in threads.

        Raises:
            RuntimeError: there should be some and none is to be seen.
        """
        if self.napi == "sender":
            return []
        found = [pid for pid, name in _names() if name.startswith(f"napi/{self.inside}-")]
        if not found:
            msg = "no NAPI thread: an older kernel, or another pid namespace than the system's"
            raise RuntimeError(msg)
        for pid in found:
            os.sched_setaffinity(pid, {core})
        return found

    def drops(self) -> dict[str, int]:
        """Read how many packets the interface and the stack say they have lost, by cause."""
        udp = _snmp("Udp")
        return {
            "interface": int(self._sysfs("statistics/rx_dropped").read_text()),
            "socket buffer": udp["RcvbufErrors"],
            "other udp": udp["InErrors"] - udp["RcvbufErrors"],
            "no socket": udp["NoPorts"] + udp["IgnoredMulti"],
        }

    def _sysfs(self, name: str) -> Path:
        return Path("/sys/class/net", self.inside, name)


def cpu_ns(pids: list[int]) -> int:
    """Sum the processor time of some processes with all their threads, in ns.

    The scheduler's own sum (schedstat), exact to the last switch or timer tick.
    """
    total = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total


def _names() -> list[tuple[int, str]]:
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                found.append((int(process.name), (process / "comm").read_text().strip()))
            except OSError:
                continue  # gone meanwhile
    return found


def _snmp(protocol: str) -> dict[str, int]:
    lines = Path("/proc/self/net/snmp").read_text(encoding="ascii").splitlines()
    names, values = (line.split()[1:] for line in lines if line.startswith(f"{protocol}:"))
    return dict(zip(names, map(int, values), strict=True))


def _switch_gro_on(interface: str) -> None:
    value = ctypes.create_string_buffer(struct.pack("II", _ETHTOOL_SGRO, 1))
    request = struct.pack("16sP16x", interface.encode(), ctypes.addressof(value))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        fcntl.ioctl(probe, _SIOCETHTOOL, request)


def _checked(result: int, what: str) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")
