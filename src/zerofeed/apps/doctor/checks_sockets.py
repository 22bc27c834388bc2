"""Sockets: what the kernel keeps for a feed that is busy for a moment, and how eagerly it looks."""

from __future__ import annotations

from zerofeed.apps.doctor.facts import Capability, Facts
from zerofeed.apps.doctor.findings import Check, Finding, bad, better, good, not_known
from zerofeed.wire.udp import DEFAULT_BUFFER_BYTES

__all__ = [
    "CHECKS",
    "check_backlog",
    "check_budget",
    "check_buffers",
    "check_busy_poll",
    "check_default_buffer",
    "check_memberships",
]

_BACKLOG = 10_000
_BUDGET = 600
_DEFAULT_BUFFER = 1 << 20


def check_busy_poll(facts: Facts) -> Finding:
    """A reader that waits polls the card itself for some microseconds before it sleeps."""
    name, sysctl = "sockets.busy-poll", facts.machine.sysctl
    why = "a waiting feed polls the card itself, without interrupts"
    poll, read = sysctl.get("net.core.busy_poll"), sysctl.get("net.core.busy_read")
    if poll is None or read is None:
        return not_known(name, why)
    if poll and read:
        return good(name, f"poll {poll} us, read {read} us", why)
    fix = "sudo sysctl -w net.core.busy_poll=50 net.core.busy_read=50"
    return better(name, "off" if not poll | read else f"poll {poll} us, read {read} us", why, fix)


def check_buffers(facts: Facts) -> Finding:
    """The receive buffer that a feed asks for is granted."""
    name, largest = "sockets.rmem-max", facts.machine.sysctl.get("net.core.rmem_max")
    held = facts.machine.capabilities or 0
    why = "what does not fit while the feed is busy is lost"
    wanted = DEFAULT_BUFFER_BYTES
    if held & Capability.NET_ADMIN:
        value = "no limit here" if largest is None else f"{_mib(largest)}; not for CAP_NET_ADMIN"
        return good(name, value, "feeds of this user get what they ask for")
    if largest is None:
        return not_known(name, why)
    if largest >= wanted:
        return good(name, _mib(largest), why)
    return bad(
        name,
        f"{_mib(largest)} of {_mib(wanted)} asked for",
        why,
        f"sudo sysctl -w net.core.rmem_max={wanted}",
    )


def check_default_buffer(facts: Facts) -> Finding:
    """Sockets that ask for nothing get room for a burst; zerofeed's own ask."""
    name, size = "sockets.rmem-default", facts.machine.sysctl.get("net.core.rmem_default")
    why = "only for programs that ask for no buffer; a feed does"
    if size is None:
        return not_known(name, why)
    if size >= _DEFAULT_BUFFER:
        return good(name, _mib(size), why)
    fix = f"sudo sysctl -w net.core.rmem_default={_DEFAULT_BUFFER}"
    return better(name, _mib(size), why, fix)


def check_backlog(facts: Facts) -> Finding:
    """Packets of lo, veth and steered ones wait for their core in a queue of this length."""
    name, length = "sockets.backlog", facts.machine.sysctl.get("net.core.netdev_max_backlog")
    why = "loopback, veth and steered packets beyond it are lost"
    if length is None:
        return not_known(name, why)
    if length >= _BACKLOG:
        return good(name, f"{length} packets", why)
    fix = f"sudo sysctl -w net.core.netdev_max_backlog={_BACKLOG}"
    return better(name, f"{length} packets", why, fix)


def check_budget(facts: Facts) -> Finding:
    """One turn of the kernel's receive loop takes enough packets to empty a burst."""
    name, sysctl = "sockets.budget", facts.machine.sysctl
    budget, time_us = (
        sysctl.get("net.core.netdev_budget"),
        sysctl.get("net.core.netdev_budget_usecs"),
    )
    why = "a burst beyond it waits for ksoftirqd to be scheduled"
    if budget is None:
        return not_known(name, why)
    value = f"{budget} packets" + ("" if time_us is None else f", {time_us / 1000:g} ms")
    if budget >= _BUDGET:
        return good(name, value, why)
    return better(name, value, why, f"sudo sysctl -w net.core.netdev_budget={_BUDGET}")


def check_memberships(facts: Facts) -> Finding:
    """A socket may join the groups of its channel; zerofeed has one socket for each group."""
    name, most = "sockets.groups", facts.machine.sysctl.get("net.ipv4.igmp_max_memberships")
    why = "a feed joins one group on each socket"
    joined = facts.card.groups
    now = "" if joined is None else f", {joined} joined on {facts.card.name} now"
    if most is None:
        return not_known(name, why)
    if most >= 1:
        return good(name, f"{most} a socket{now}", why)
    return bad(
        name,
        f"{most} a socket",
        "no group can be joined",
        "sudo sysctl -w net.ipv4.igmp_max_memberships=20",
    )


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / (1 << 20):.3g} MiB"


CHECKS: tuple[Check, ...] = (
    check_busy_poll,
    check_buffers,
    check_default_buffer,
    check_backlog,
    check_budget,
    check_memberships,
)
