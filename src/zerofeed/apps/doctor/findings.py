"""What a check says: a verdict, the value it saw, why that matters, and the command that fixes it.

A check is a pure function from facts to one finding, or to None where it has no meaning (the
rings of a loopback interface). What could not be found out is a finding too, never a guess.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from zerofeed.apps.doctor.facts import NETLINK_EXTRA, Facts

__all__ = [
    "Check",
    "Finding",
    "Status",
    "bad",
    "better",
    "good",
    "kernel_argument",
    "not_known",
    "not_told",
]


class Status(enum.StrEnum):
    """How good a finding is."""

    GOOD = "good"
    BETTER = "could be better"
    BAD = "bad"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    id: str
    """``section.what``, e.g. ``card.rings``; never changes its meaning."""
    status: Status
    value: str
    """What was found, in a few words."""
    why: str
    """Why that matters, in a few words."""
    fix: str | None = None
    """A shell command that improves it until the next boot, or None where no command can."""


Check = Callable[[Facts], Finding | None]


def good(name: str, value: str, why: str) -> Finding:
    """Make a finding that needs nothing."""
    return Finding(name, Status.GOOD, value, why)


def better(name: str, value: str, why: str, fix: str | None = None) -> Finding:
    """Make a finding that costs some latency."""
    return Finding(name, Status.BETTER, value, why, fix)


def bad(name: str, value: str, why: str, fix: str | None = None) -> Finding:
    """Make a finding that loses packets, stalls for milliseconds or prevents a receiver."""
    return Finding(name, Status.BAD, value, why, fix)


def not_known(name: str, why: str, fix: str | None = None, *, value: str = "not told") -> Finding:
    """Make a finding about what the machine does not tell."""
    return Finding(name, Status.UNKNOWN, value, why, fix)


def not_told(facts: Facts, name: str, why: str) -> Finding:
    """Make a finding about what only netlink tells: the extra is missing, or the driver is silent.

    Args:
        facts: say whether netlink could be asked.
        name: the finding's id.
        why: why it would matter.
    """
    if facts.card.has_netlink:
        return not_known(name, why, value="the driver does not tell")
    return not_known(name, why, f"pip install '{NETLINK_EXTRA}'", value="needs pyroute2")


def kernel_argument(facts: Facts, arguments: str) -> str:
    """Give the command that adds arguments to the kernel's command line; they need a reboot.

    Args:
        facts: say whether the machine has grubby (Fedora, RHEL, SUSE) or not (Debian, Ubuntu).
        arguments: e.g. ``isolcpus=2-3``.
    """
    if facts.machine.has_grubby:
        return f"sudo grubby --update-kernel=ALL --args='{arguments}' && sudo reboot"
    name = arguments.split("=", 1)[0].replace("_", "-")
    line = f'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX {arguments}"'
    target = f"/etc/default/grub.d/zerofeed-{name}.cfg"
    return f"echo '{line}' | sudo tee {target} && sudo update-grub && sudo reboot"
