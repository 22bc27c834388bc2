import errno
import gzip
import socket
from pathlib import Path

import pytest

from tests.unit.apps.doctor.made_up import system
from zerofeed.apps import warm
from zerofeed.apps.doctor import gather_machine as module
from zerofeed.apps.doctor.facts import HugePages, IdleState, Machine
from zerofeed.apps.doctor.gather_machine import gather_machine, probe_xdp_socket
from zerofeed.apps.doctor.system_files import SystemFiles
from zerofeed.base import kernel
from zerofeed.records import _digest_kernels

__all__: list[str] = []

CPU = "sys/devices/system/cpu"

V2 = "30 1 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n"
V1 = (
    "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
)


def gather(files: SystemFiles) -> Machine:
    return gather_machine(files, probe_socket=lambda: 0, count_kernels=lambda: (3, 2))


def test_an_empty_machine_is_unknown_and_no_error(tmp_path) -> None:
    machine = gather(SystemFiles(tmp_path))
    for name in [
        "kernel_config",
        "capabilities",
        "is_initial_user_namespace",
        "unprivileged_bpf_disabled",
        "seccomp_mode",
        "cores_isolated",
        "cores_tickless",
        "boot_arguments",
        "governors",
        "idle_states",
        "clock_source",
        "huge_pages",
        "transparent_huge_pages",
        "swap_total_kib",
        "memory_max_bytes",
        "cpu_quota_cores",
    ]:
        assert getattr(machine, name) is None, name
    assert machine.sysctl == machine.node_cores == {}
    assert machine.cores_online == ()
    assert machine.cores_allowed


def test_probes_are_asked_and_kernels_counted(tmp_path) -> None:
    machine = gather_machine(
        SystemFiles(tmp_path), probe_socket=lambda: errno.EPERM, count_kernels=lambda: (3, 2)
    )
    assert machine.xdp_socket_errno == errno.EPERM
    assert (machine.kernel_modules, machine.kernel_modules_cached) == (3, 2)


def test_rights_are_read_from_the_status_of_this_process(tmp_path) -> None:
    files = system(
        tmp_path,
        {
            "proc/self/status": "Name:\tx\nCapEff:\t0000008000003000\nSeccomp:\t2\n",
            "proc/self/uid_map": "         0       1000          1\n",
            "proc/sys/kernel/unprivileged_bpf_disabled": "2\n",
        },
    )
    machine = gather(files)
    assert machine.capabilities == 1 << 39 | 1 << 13 | 1 << 12
    assert machine.seccomp_mode == 2
    assert machine.unprivileged_bpf_disabled == 2
    assert machine.is_initial_user_namespace is False
    files = system(tmp_path, {"proc/self/uid_map": "         0          0 4294967295\n"})
    assert gather(files).is_initial_user_namespace is True


def test_the_kernels_options_are_read_packed_or_from_boot(tmp_path) -> None:
    text = "# CONFIG_NO_HZ_FULL is not set\nCONFIG_XDP_SOCKETS=y\nCONFIG_HZ=250\n"
    expected = {"XDP_SOCKETS": "y", "HZ": "250"}
    files = system(
        tmp_path / "boot", {"proc/sys/kernel/osrelease": "6.1.2\n", "boot/config-6.1.2": text}
    )
    machine = gather(files)
    assert (machine.release, machine.kernel_config) == ("6.1.2", expected)
    files = system(tmp_path / "packed", {"proc/version": ""})
    files.path("proc/config.gz").write_bytes(gzip.compress(text.encode()))
    assert gather(files).kernel_config == expected


def test_cores_come_with_what_disturbs_them(tmp_path) -> None:
    files = system(
        tmp_path,
        {
            f"{CPU}/online": "0-3\n",
            f"{CPU}/isolated": "\n",
            f"{CPU}/nohz_full": "  (null)\n",
            f"{CPU}/cpu0/topology/thread_siblings_list": "0,2\n",
            f"{CPU}/cpu1/topology/thread_siblings_list": "1\n",
            f"{CPU}/cpu2/topology/thread_siblings_list": "0,2\n",
            f"{CPU}/cpufreq/policy0/scaling_governor": "powersave\n",
            f"{CPU}/cpufreq/policy1/scaling_governor": "powersave\n",
            f"{CPU}/cpu0/cpuidle/state1/name": "C1\n",
            f"{CPU}/cpu0/cpuidle/state1/latency": "2\n",
            f"{CPU}/cpu0/cpuidle/state1/disable": "1\n",
            "proc/cmdline": "quiet rcu_nocbs=1-3 name='a b'\n",
            "sys/devices/system/node/node0/cpulist": "0-1\n",
            "sys/devices/system/node/node1/cpulist": "2-3\n",
            "proc/71/comm": "irqbalance\n",
        },
    )
    machine = gather(files)
    assert machine.cores_online == (0, 1, 2, 3)
    assert machine.cores_isolated == machine.cores_tickless == ()
    assert machine.thread_siblings == ((0, 2),)
    assert machine.governors == ("powersave",)
    assert machine.idle_states == (IdleState(index=1, name="C1", latency_us=2, is_disabled=True),)
    assert machine.boot_arguments == {"quiet": "", "rcu_nocbs": "1-3", "name": "a b"}
    assert machine.node_cores == {0: (0, 1), 1: (2, 3)}
    assert machine.has_irqbalance


def test_memory_and_settings_are_numbers(tmp_path) -> None:
    files = system(
        tmp_path,
        {
            "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "4\n",
            "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages": "3\n",
            "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
            "proc/swaps": "Filename Type Size Used Priority\n/a file 100 40 -2\n/b file 10 2 -3\n",
            "proc/sys/net/core/busy_poll": "50\n",
            "proc/sys/net/core/rmem_max": "odd\n",
        },
    )
    machine = gather(files)
    assert machine.huge_pages == (HugePages(size_kib=2048, total=4, free=3),)
    assert machine.transparent_huge_pages == "madvise"
    assert (machine.swap_total_kib, machine.swap_used_kib) == (110, 42)
    assert machine.sysctl == {"net.core.busy_poll": 50}


@pytest.mark.parametrize(
    ("limits", "cores", "size_bytes"),
    [
        ({"a/b/cpu.max": "max 100000", "a/b/memory.max": "max"}, -1, -1),
        ({"a/b/cpu.max": "50000 100000", "a/b/memory.max": "4096"}, 0.5, 4096),
        ({"a/b/cpu.max": "max 100000", "a/cpu.max": "200000 100000"}, 2, -1),
        ({"a/b/memory.max": "8192", "a/memory.max": "4096"}, -1, 4096),
    ],
)
def test_the_tightest_group_limits(tmp_path, limits, cores: float, size_bytes: int) -> None:
    files = system(
        tmp_path,
        {
            "proc/self/cgroup": "0::/a/b\n",
            "proc/self/mountinfo": V2,
            **{f"sys/fs/cgroup/{name}": text for name, text in limits.items()},
        },
    )
    machine = gather(files)
    assert (machine.cpu_quota_cores, machine.memory_max_bytes) == (cores, size_bytes)


def test_a_container_sees_its_own_group_as_the_root(tmp_path) -> None:
    files = system(
        tmp_path,
        {
            "proc/self/cgroup": "0::/../elsewhere\n",
            "proc/self/mountinfo": V2,
            "sys/fs/cgroup/cpu.max": "150000 100000\n",
            "sys/fs/cgroup/memory.max": "1048576\n",
        },
    )
    machine = gather(files)
    assert (machine.cpu_quota_cores, machine.memory_max_bytes) == (1.5, 1048576)


@pytest.mark.parametrize(
    ("quota", "limit", "cores", "size_bytes"),
    [("-1", "9223372036854771712", -1, -1), ("150000", "4096", 1.5, 4096)],
)
def test_groups_of_version_1_are_read_too(
    tmp_path, quota: str, limit: str, cores: float, size_bytes: int
) -> None:
    files = system(
        tmp_path,
        {
            "proc/self/cgroup": "2:cpu,cpuacct:/x\n1:memory:/y\n",
            "proc/self/mountinfo": V1,
            "sys/fs/cgroup/cpu/x/cpu.cfs_quota_us": quota,
            "sys/fs/cgroup/cpu/x/cpu.cfs_period_us": "100000",
            "sys/fs/cgroup/memory/y/memory.limit_in_bytes": limit,
        },
    )
    machine = gather(files)
    assert (machine.cpu_quota_cores, machine.memory_max_bytes) == (cores, size_bytes)


def test_interpreted_kernels_are_noticed(tmp_path, monkeypatch) -> None:
    for text, is_compiled in (("", True), ("0", True), ("1", False)):
        monkeypatch.setenv("NUMBA_DISABLE_JIT", text)
        assert gather(SystemFiles(tmp_path)).kernels_compiled is is_compiled


def test_a_refused_socket_says_why(monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EAFNOSUPPORT, "no")

    monkeypatch.setattr(socket, "socket", refuse)
    assert probe_xdp_socket() == errno.EAFNOSUPPORT


@pytest.fixture
def one_module(monkeypatch, tmp_path) -> Path:
    """A package with one module of kernels, whose cache is the folder given."""
    wanted = {"zerofeed.records._digest_kernels": set()}
    monkeypatch.setattr(warm, "find_kernel_modules", lambda: wanted)
    monkeypatch.setattr(kernel, "cache_directory", lambda name: tmp_path / name)
    return tmp_path / "zerofeed.records._digest_kernels"


@pytest.mark.compiled
def test_machine_code_is_looked_for_where_numba_keeps_it(one_module) -> None:
    kept = [each.stats.cache_path for each in vars(_digest_kernels).values() if is_kept(each)]
    assert kept
    folder = one_module / Path(kept[0]).name
    folder.mkdir(parents=True)
    assert module.count_cached_kernels() == (1, 0)
    (folder / "kernel.nbc").write_text("")
    assert module.count_cached_kernels() == (1, 1)


def is_kept(value: object) -> bool:
    """A kernel of that module, as against a helper or something imported."""
    return hasattr(value, "stats") and value.stats.cache_path is not None


def test_machine_code_of_sources_elsewhere_does_not_count(one_module) -> None:
    folder = one_module / "records_0123456789abcdef"
    folder.mkdir(parents=True)
    (folder / "kernel.nbc").write_text("")
    assert module.count_cached_kernels() == (1, 0)
