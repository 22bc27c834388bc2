"""Process: limits that a container sets, and the Python that zerofeed runs in."""

from __future__ import annotations

from zerofeed.apps.doctor.facts import Facts
from zerofeed.apps.doctor.findings import Check, Finding, bad, better, good, not_known

__all__ = [
    "CHECKS",
    "check_compiled",
    "check_memory",
    "check_python",
    "check_quota",
    "check_seccomp",
]

_SMALL_BYTES = 1 << 30


def check_quota(facts: Facts) -> Finding:
    """No quota stops a feed in the middle of a burst."""
    name, cores = "process.cpu-quota", facts.machine.cpu_quota_cores
    why = "a group over its quota stands still for up to 100 ms"
    if cores is None:
        return not_known(name, why)
    if cores < 0:
        return good(name, "none", "nothing stops a busy core")
    fix = "docker update --cpu-quota=-1 CONTAINER  # or, under systemd: CPUQuota="
    return bad(name, f"{cores:.3g} cores", why, fix)


def check_memory(facts: Facts) -> Finding:
    """The control group has room for rings; all of a feed's memory counts in it."""
    name, limit = "process.memory-max", facts.machine.memory_max_bytes
    why = "a feed's rings count, and beyond it the kernel kills"
    if limit is None:
        return not_known(name, why)
    if limit < 0:
        return good(name, "none", "only the machine's memory bounds a feed")
    value = f"{limit / (1 << 30):.3g} GiB"
    if limit >= _SMALL_BYTES:
        return good(name, value, why)
    fix = "docker update --memory=2g --memory-swap=2g CONTAINER  # or MemoryMax=2G"
    return better(name, value, why, fix)


def check_seccomp(facts: Facts) -> Finding:
    """No filter looks at each system call, or refuses those of AF_XDP."""
    name, mode = "process.seccomp", facts.machine.seccomp_mode
    why = "a filter costs each system call and may refuse bpf()"
    if mode is None:
        return not_known(name, why)
    if mode == 0:
        return good(name, "none", "system calls are not filtered")
    fix = "docker run --security-opt seccomp=unconfined ...  # or, under systemd: SystemCallFilter="
    return better(name, "filtered" if mode == 2 else "strict", why, fix)


def check_compiled(facts: Facts) -> Finding:
    """Kernels are compiled and on disk, so that a feed starts in a second."""
    name, machine = "process.kernels", facts.machine
    why = "a cold start compiles for a minute or two"
    if not machine.kernels_compiled:
        return bad(
            name, "not compiled", "plain Python is 100 times slower", "unset NUMBA_DISABLE_JIT"
        )
    if not machine.kernel_modules:
        return not_known(name, why)
    value = f"{machine.kernel_modules_cached} of {machine.kernel_modules} modules cached"
    if machine.kernel_modules_cached >= machine.kernel_modules:
        return good(name, value, "a feed starts in about a second")
    return better(name, value, why, "zerofeed warm")


def check_python(facts: Facts) -> Finding:
    """The interpreter is a build that zerofeed is tested with."""
    name, machine = "process.python", facts.machine
    if machine.is_free_threaded:
        return not_known(
            name, "zerofeed is not tested with it", value=f"{machine.python}, free-threaded"
        )
    return good(name, machine.python, "kernels run without the interpreter's lock")


CHECKS: tuple[Check, ...] = (
    check_quota,
    check_memory,
    check_seccomp,
    check_compiled,
    check_python,
)
