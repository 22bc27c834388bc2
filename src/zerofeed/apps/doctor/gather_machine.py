"""Facts that all interfaces share: kernel, permission, cores, memory, limits.

Looks only: the one thing it opens beside small files is an ``AF_XDP`` socket, which it closes
again without having set anything up, because no file says whether this process may have one.
"""

from __future__ import annotations

import gzip
import os
import platform
import resource
import shlex
import shutil
import socket
import sysconfig
from collections.abc import Callable
from pathlib import Path

from zerofeed.apps.doctor.facts import HugePages, IdleState, Machine
from zerofeed.apps.doctor.system_files import SystemFiles

__all__ = ["SYSCTLS", "count_cached_kernels", "gather_machine", "probe_xdp_socket"]

SYSCTLS = (
    "net.core.busy_poll",
    "net.core.busy_read",
    "net.core.rmem_max",
    "net.core.rmem_default",
    "net.core.netdev_max_backlog",
    "net.core.netdev_budget",
    "net.core.netdev_budget_usecs",
    "net.ipv4.igmp_max_memberships",
)
"""Numbers that are read as they are."""

_AF_XDP = 44
_CPU = "sys/devices/system/cpu"
_UNLIMITED_V1 = 1 << 60
"""Control groups of version 1 write no limit as the largest number of whole pages."""


def gather_machine(
    files: SystemFiles,
    *,
    probe_socket: Callable[[], int | None] | None = None,
    count_kernels: Callable[[], tuple[int, int]] | None = None,
) -> Machine:
    """Look at the machine.

    Args:
        files: its ``/proc`` and ``/sys``.
        probe_socket: instead of :func:`probe_xdp_socket`.
        count_kernels: instead of :func:`count_cached_kernels`.

    Returns:
        What is known; None where it is not.
    """
    release = files.text("proc/sys/kernel/osrelease") or ""
    status = _status(files)
    swap_total, swap_used = _swap(files)
    modules, cached = (count_kernels or count_cached_kernels)()
    online = files.cores(f"{_CPU}/online") or ()
    return Machine(
        release=release,
        architecture=platform.machine(),
        kernel_config=_kernel_config(files, release),
        has_btf=files.path("sys/kernel/btf/vmlinux").exists(),
        xdp_socket_errno=(probe_socket or probe_xdp_socket)(),
        capabilities=_number(status.get("CapEff"), 16),
        is_initial_user_namespace=_is_initial_user_namespace(files),
        unprivileged_bpf_disabled=files.number("proc/sys/kernel/unprivileged_bpf_disabled"),
        seccomp_mode=_number(status.get("Seccomp"), 10),
        sysctl=_sysctl(files),
        cores_online=online,
        cores_allowed=tuple(sorted(os.sched_getaffinity(0))),
        cores_isolated=files.cores(f"{_CPU}/isolated"),
        cores_tickless=files.cores(f"{_CPU}/nohz_full"),
        boot_arguments=_boot_arguments(files),
        thread_siblings=_thread_siblings(files, online),
        governors=_governors(files),
        idle_states=_idle_states(files),
        clock_source=files.text("sys/devices/system/clocksource/clocksource0/current_clocksource"),
        clock_sources=tuple(
            (
                files.text("sys/devices/system/clocksource/clocksource0/available_clocksource")
                or ""
            ).split()
        ),
        node_cores={
            int(node[4:]): files.cores(f"sys/devices/system/node/{node}/cpulist") or ()
            for node in files.names("sys/devices/system/node", "node[0-9]*")
        },
        huge_pages=_huge_pages(files),
        transparent_huge_pages=_chosen(files.text("sys/kernel/mm/transparent_hugepage/enabled")),
        memlock_bytes=resource.getrlimit(resource.RLIMIT_MEMLOCK)[0],
        swap_total_kib=swap_total,
        swap_used_kib=swap_used,
        memory_max_bytes=_memory_max(files),
        cpu_quota_cores=_cpu_quota(files),
        has_irqbalance=_has_program(files, "irqbalance"),
        has_grubby=shutil.which("grubby") is not None,
        kernels_compiled=os.environ.get("NUMBA_DISABLE_JIT", "0") in {"", "0"},
        kernel_modules=modules,
        kernel_modules_cached=cached,
        python=platform.python_version(),
        is_free_threaded=bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    )


def probe_xdp_socket() -> int | None:
    """Ask the kernel for an ``AF_XDP`` socket and close it.

    Returns:
        0 or the errno that it was refused with.
    """
    try:
        socket.socket(_AF_XDP, socket.SOCK_RAW).close()
    except OSError as error:
        return error.errno
    return 0


def count_cached_kernels() -> tuple[int, int]:
    """Count zerofeed's modules that have kernels, and those whose machine code is on disk.

    Nothing is compiled. Machine code of other sources, another Numba or an installation at another
    path does not count: a start would not find it.
    """
    from numba.core import caching  # noqa: PLC0415 - half a second

    from zerofeed.apps.warm import find_kernel_modules  # noqa: PLC0415
    from zerofeed.base import kernel  # noqa: PLC0415

    package = Path(kernel.__file__).parents[1]
    modules = list(find_kernel_modules())
    cached = 0
    for name in modules:
        source = package.joinpath(*name.split(".")[1:])
        # Below our folder of a module Numba has one for each path that the sources had.
        place = caching._CacheLocator.get_suitable_cache_subpath(str(source))  # noqa: SLF001
        cached += any((kernel.cache_directory(name) / place).glob("*.nbc"))
    return len(modules), cached


def _number(text: str | None, base: int) -> int | None:
    try:
        return None if text is None else int(text, base)
    except ValueError:
        return None


def _status(files: SystemFiles) -> dict[str, str]:
    pairs = (line.split(":", 1) for line in files.lines("proc/self/status") if ":" in line)
    return {key: value.strip() for key, value in pairs}


def _kernel_config(files: SystemFiles, release: str) -> dict[str, str] | None:
    """Read how the kernel was built, from wherever this distribution keeps that."""
    text: str | None
    try:
        text = gzip.decompress(files.path("proc/config.gz").read_bytes()).decode()
    except (OSError, EOFError, ValueError):
        text = files.text(f"boot/config-{release}")
    if text is None:
        return None
    pairs = (line.split("=", 1) for line in text.splitlines() if line.startswith("CONFIG_"))
    return {pair[0].removeprefix("CONFIG_"): pair[1] for pair in pairs if len(pair) == 2}


def _is_initial_user_namespace(files: SystemFiles) -> bool | None:
    lines = files.lines("proc/self/uid_map")
    if not lines:
        return None
    return lines[0].split() == ["0", "0", "4294967295"]


def _sysctl(files: SystemFiles) -> dict[str, int]:
    found = {name: files.number(f"proc/sys/{name.replace('.', '/')}") for name in SYSCTLS}
    return {name: value for name, value in found.items() if value is not None}


def _boot_arguments(files: SystemFiles) -> dict[str, str] | None:
    text = files.text("proc/cmdline")
    if text is None:
        return None
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def _thread_siblings(files: SystemFiles, online: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    groups = {
        files.cores(f"{_CPU}/cpu{core}/topology/thread_siblings_list") or () for core in online
    }
    return tuple(sorted(group for group in groups if len(group) > 1))


def _governors(files: SystemFiles) -> tuple[str, ...] | None:
    found = {
        files.text(f"{_CPU}/cpufreq/{policy}/scaling_governor")
        for policy in files.names(f"{_CPU}/cpufreq", "policy[0-9]*")
    } - {None}
    return tuple(sorted(str(each) for each in found)) or None


def _idle_states(files: SystemFiles) -> tuple[IdleState, ...] | None:
    folder = f"{_CPU}/cpu0/cpuidle"
    found = tuple(
        IdleState(
            index=int(state.removeprefix("state")),
            name=files.text(f"{folder}/{state}/name") or "?",
            latency_us=files.number(f"{folder}/{state}/latency") or 0,
            is_disabled=files.number(f"{folder}/{state}/disable") == 1,
        )
        for state in files.names(folder, "state[0-9]*")
    )
    return found or None


def _huge_pages(files: SystemFiles) -> tuple[HugePages, ...] | None:
    folder = "sys/kernel/mm/hugepages"
    if not files.path(folder).is_dir():
        return None
    return tuple(
        HugePages(
            size_kib=int(pool.removeprefix("hugepages-").removesuffix("kB")),
            total=files.number(f"{folder}/{pool}/nr_hugepages") or 0,
            free=files.number(f"{folder}/{pool}/free_hugepages") or 0,
        )
        for pool in files.names(folder, "hugepages-*kB")
    )


def _chosen(text: str | None) -> str | None:
    """Pick the word in brackets out of a list of choices."""
    if text is None or "[" not in text:
        return None
    return text.split("[", 1)[1].split("]", 1)[0]


def _swap(files: SystemFiles) -> tuple[int | None, int | None]:
    """Add up the swap areas, in KiB: size and use."""
    if files.text("proc/swaps") is None:
        return None, None
    rows = [line.split() for line in files.lines("proc/swaps")[1:]]
    return sum(int(row[2]) for row in rows), sum(int(row[3]) for row in rows)


def _has_program(files: SystemFiles, name: str) -> bool:
    return any(
        files.text(f"proc/{pid}/comm") == name for pid in files.names("proc", "[0-9]*")
    )  # fmt: skip


def _group_folders(files: SystemFiles, controller: str) -> list[str]:
    """List the folders of this process's control groups, own first, root last.

    Args:
        files: the machine's.
        controller: ``cpu`` or ``memory`` (version 1), or empty for version 2.
    """
    own = None
    for line in files.lines("proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            own = path
    mount = None
    for line in files.lines("proc/self/mountinfo"):
        before, _, after = line.partition(" - ")
        kind, _, options = (*after.split(" ", 2), "", "")[:3]
        is_it = kind == "cgroup" and controller in options.split(",")
        if (kind == "cgroup2") if not controller else is_it:
            mount = before.split()[4]
    if own is None or mount is None:
        return []
    # A container sees its own group as the root, and a path that leads nowhere below it.
    parts = [part for part in own.split("/") if part not in {"", ".."}]
    below = ["/".join(parts[:k]) for k in range(len(parts), -1, -1)]
    return [f"{mount.strip('/')}/{path}".rstrip("/") for path in below]


def _cpu_quota(files: SystemFiles) -> float | None:
    """Find the tightest limit of processor time, in cores; -1 for none."""
    limits: list[float] = []
    has_group = False
    for folder in _group_folders(files, ""):
        words = (files.text(f"{folder}/cpu.max") or "").split()
        has_group |= bool(words) or files.path(folder).is_dir()
        if len(words) == 2 and words[0] != "max":
            limits.append(int(words[0]) / int(words[1]))
    for folder in _group_folders(files, "cpu"):
        quota = files.number(f"{folder}/cpu.cfs_quota_us")
        period = files.number(f"{folder}/cpu.cfs_period_us")
        has_group |= quota is not None
        if quota is not None and quota > 0 and period:
            limits.append(quota / period)
    return min(limits) if limits else (-1.0 if has_group else None)


def _memory_max(files: SystemFiles) -> int | None:
    """Find the tightest limit of memory in bytes; -1 for none."""
    limits: list[int] = []
    has_group = False
    for folder in _group_folders(files, ""):
        limit = files.text(f"{folder}/memory.max")
        has_group |= limit is not None or files.path(folder).is_dir()
        if limit is not None and limit.isdecimal():
            limits.append(int(limit))
    for folder in _group_folders(files, "memory"):
        limit_v1 = files.number(f"{folder}/memory.limit_in_bytes")
        has_group |= limit_v1 is not None
        if limit_v1 is not None and limit_v1 < _UNLIMITED_V1:
            limits.append(limit_v1)
    return min(limits) if limits else (-1 if has_group else None)
