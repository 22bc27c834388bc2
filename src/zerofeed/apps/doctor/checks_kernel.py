"""Kernel: its version, and whether this process may open an AF_XDP receiver.

Versions are those of the mainline kernel; distributions also bring features to older ones, so a
number decides only where nothing better tells.
"""

from __future__ import annotations

import errno
import re

from zerofeed.apps.doctor.facts import Capability, Facts
from zerofeed.apps.doctor.findings import Check, Finding, bad, better, good, not_known

__all__ = ["CHECKS", "check_af_xdp", "check_bpf", "check_btf", "check_version"]

_NEEDED = (5, 1)
_PROGRAM = (6, 1)
_STEPS = (
    ((6, 3), "drivers that tell their abilities, hardware receive times"),
    ((6, 6), "packets over several chunks"),
)
_INSTALL = "install a newer kernel with your distribution's package manager"
_CAPABILITIES = "CAP_NET_RAW CAP_NET_ADMIN CAP_BPF"
_AMBIENT = f"sudo systemd-run --pty --uid=$USER -p AmbientCapabilities='{_CAPABILITIES}' $SHELL"


def check_version(facts: Facts) -> Finding:
    """Linux 5.1 is needed, 6.1 for AF_XDP, 6.6 for all of it."""
    name, release = "kernel.version", facts.machine.release
    found = re.match(r"(\d+)\.(\d+)", release)
    if found is None:
        return not_known(name, "AF_XDP grew with every release")
    version = int(found[1]), int(found[2])
    if version < _NEEDED:
        return bad(name, release, "memory cannot be sealed before Linux 5.1", _INSTALL)
    if version < _PROGRAM:
        return bad(name, release, "the program for AF_XDP reads a clock of Linux 6.1", _INSTALL)
    lacking = [what for since, what in _STEPS if version < since]
    if lacking:
        return better(name, release, f"lacks {'; '.join(lacking)}", _INSTALL)
    return good(name, release, "has all that AF_XDP uses")


def check_af_xdp(facts: Facts) -> Finding:
    """An AF_XDP socket needs a kernel that was built with it, and CAP_NET_RAW."""
    name, refusal = "kernel.af-xdp", facts.machine.xdp_socket_errno
    config = facts.machine.kernel_config
    why = "packets without the kernel's copy"
    if refusal == 0:
        return good(name, "a socket opens", why)
    if refusal == errno.EPERM:
        return better(name, "not permitted", f"{why} need CAP_NET_RAW", _AMBIENT)
    if refusal == errno.EAFNOSUPPORT or (config is not None and config.get("XDP_SOCKETS") != "y"):
        return better(name, "not built in", f"{why} need CONFIG_XDP_SOCKETS", _INSTALL)
    if refusal is None:
        return not_known(name, why)
    return not_known(name, why, value=errno.errorcode.get(refusal, str(refusal)))


def check_bpf(facts: Facts) -> Finding:
    """Loading an XDP program needs CAP_BPF and CAP_NET_ADMIN in the first user namespace."""
    name, held = "kernel.bpf", facts.machine.capabilities
    why = "steers packets into AF_XDP sockets"
    if held is None:
        return not_known(name, why)
    if not held & Capability.NET_ADMIN or not held & (Capability.BPF | Capability.SYS_ADMIN):
        setting = facts.machine.unprivileged_bpf_disabled
        value = "not permitted"
        if setting is not None:
            value += f" (bpf_disabled={setting})"
        return better(name, value, "XDP programs need CAP_NET_ADMIN and CAP_BPF", _AMBIENT)
    if facts.machine.is_initial_user_namespace is False:
        return better(
            name,
            "in a user namespace",
            "XDP programs need the right outside of it",
            "start the feed outside of it, or the container without userns remapping",
        )
    return good(name, "permitted", why)


def check_btf(facts: Facts) -> Finding:
    """A program finds the kernel's functions by its type information."""
    name = "kernel.btf"
    if facts.machine.has_btf:
        return good(name, "/sys/kernel/btf/vmlinux", "XDP programs can ask for hardware times")
    return better(name, "none", "XDP programs cannot ask for hardware times", _INSTALL)


CHECKS: tuple[Check, ...] = (check_version, check_af_xdp, check_bpf, check_btf)
