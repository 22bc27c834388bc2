"""Memory: pages that a feed can use, lock and keep."""

from __future__ import annotations

from zerofeed.apps.doctor.facts import Capability, Facts
from zerofeed.apps.doctor.findings import (
    Check,
    Finding,
    better,
    good,
    kernel_argument,
    not_known,
)

__all__ = [
    "CHECKS",
    "check_gigantic_pages",
    "check_huge_pages",
    "check_lock",
    "check_swap",
    "check_transparent",
]

_LARGE_KIB = 2 << 10
_GIGANTIC_KIB = 1 << 20
_POOL = 512
"""Pages of 2 MiB that are worth having: room for one feed with large rings."""
_LOCKED_BYTES = 64 << 20
"""Room for the packets of an AF_XDP feed, or for the rings of one that locks them."""


def check_huge_pages(facts: Facts) -> Finding:
    """There are free pages of 2 MiB for rings."""
    return _pool(facts, "memory.huge-2m", _LARGE_KIB, f"sudo sysctl -w vm.nr_hugepages={_POOL}")


def check_gigantic_pages(facts: Facts) -> Finding:
    """There are free pages of 1 GiB; they are had reliably at boot only."""
    fix = kernel_argument(facts, "hugepagesz=1G hugepages=2")
    return _pool(facts, "memory.huge-1g", _GIGANTIC_KIB, fix)


def _pool(facts: Facts, name: str, size_kib: int, fix: str) -> Finding:
    why = "fewer address translations while a ring is walked"
    pools = facts.machine.huge_pages
    if pools is None:
        return not_known(name, why)
    pool = next((each for each in pools if each.size_kib == size_kib), None)
    if pool is None:
        return better(name, "the processor or kernel has none", why)
    value = f"{pool.free} of {pool.total} free"
    if pool.free:
        return good(name, value, why)
    return better(name, value if pool.total else "none set aside", why, fix)


def check_transparent(facts: Facts) -> Finding:
    """The kernel does not merge pages behind a program's back."""
    name, mode = "memory.transparent", facts.machine.transparent_huge_pages
    why = "pages merged in the background stall whoever uses them"
    if mode is None:
        return not_known(name, why)
    if mode != "always":
        return good(name, mode, "pages are merged only where a program asks")
    fix = "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled"
    return better(name, mode, why, fix)


def check_lock(facts: Facts) -> Finding:
    """A feed can lock its rings, and AF_XDP its packets."""
    name, limit = "memory.lock", facts.machine.memlock_bytes
    why = "rings and AF_XDP packets that are to be locked"
    if (facts.machine.capabilities or 0) & Capability.IPC_LOCK:
        return good(name, "no limit for CAP_IPC_LOCK", why)
    if limit is None:
        return not_known(name, why)
    if limit < 0:
        return good(name, "unlimited", why)
    value = f"{limit / (1 << 20):.3g} MiB"
    if limit >= _LOCKED_BYTES:
        return good(name, value, why)
    line = "* - memlock unlimited"
    fix = f"echo '{line}' | sudo tee /etc/security/limits.d/zerofeed.conf  # then log in again"
    return better(name, value, why, fix)


def check_swap(facts: Facts) -> Finding:
    """Nothing of a feed can be moved to a disk."""
    name, machine = "memory.swap", facts.machine
    why = "a page on disk takes milliseconds to come back"
    if machine.swap_total_kib is None:
        return not_known(name, why)
    if machine.swap_total_kib == 0:
        return good(name, "none", "no page goes to a disk")
    used = (machine.swap_used_kib or 0) / (1 << 20)
    value = f"{machine.swap_total_kib / (1 << 20):.3g} GiB, {used:.3g} GiB in use"
    return better(name, value, why, "sudo swapoff --all")


CHECKS: tuple[Check, ...] = (
    check_huge_pages,
    check_gigantic_pages,
    check_transparent,
    check_lock,
    check_swap,
)
