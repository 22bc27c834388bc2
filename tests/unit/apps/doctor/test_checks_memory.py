import pytest

from tests.unit.apps.doctor.made_up import judge
from zerofeed.apps.doctor.checks_memory import (
    check_gigantic_pages,
    check_huge_pages,
    check_lock,
    check_swap,
    check_transparent,
)
from zerofeed.apps.doctor.facts import Capability, HugePages
from zerofeed.apps.doctor.findings import Status

__all__: list[str] = []


@pytest.mark.parametrize(
    ("total", "free", "status", "value"),
    [
        (0, 0, Status.BETTER, "none set aside"),
        (4, 0, Status.BETTER, "0 of 4 free"),
        (4, 1, Status.GOOD, "1 of 4 free"),
    ],
)
def test_only_free_huge_pages_help(total: int, free: int, status: Status, value: str) -> None:
    for check, size_kib in ((check_huge_pages, 2048), (check_gigantic_pages, 1048576)):
        pools = (HugePages(size_kib=size_kib, total=total, free=free),)
        assert judge(check, huge_pages=pools)[:2] == (status, value)


def test_each_size_has_its_own_pool_and_command() -> None:
    pools = (HugePages(size_kib=2048, total=0, free=0),)
    assert judge(check_huge_pages, huge_pages=pools)[2] == "sudo sysctl -w vm.nr_hugepages=512"
    assert judge(check_gigantic_pages, huge_pages=pools)[::2] == (Status.BETTER, None)
    assert judge(check_huge_pages, huge_pages=None)[0] is Status.UNKNOWN


@pytest.mark.parametrize(
    ("mode", "status"),
    [
        ("always", Status.BETTER),
        ("madvise", Status.GOOD),
        ("never", Status.GOOD),
        (None, Status.UNKNOWN),
    ],
)
def test_pages_are_merged_only_on_request(mode, status: Status) -> None:
    assert judge(check_transparent, transparent_huge_pages=mode)[0] is status


@pytest.mark.parametrize(
    ("known", "status"),
    [
        ({"memlock_bytes": 8 << 20}, Status.BETTER),
        ({"memlock_bytes": 64 << 20}, Status.GOOD),
        ({"memlock_bytes": -1}, Status.GOOD),
        ({"memlock_bytes": 0, "capabilities": Capability.IPC_LOCK}, Status.GOOD),
        ({"memlock_bytes": 0, "capabilities": Capability.NET_ADMIN}, Status.BETTER),
        ({}, Status.UNKNOWN),
    ],
)
def test_packets_of_af_xdp_can_be_locked(known, status: Status) -> None:
    assert judge(check_lock, **known)[0] is status


def test_swap_is_better_off() -> None:
    assert judge(check_swap, swap_total_kib=0)[0] is Status.GOOD
    found = judge(check_swap, swap_total_kib=2 << 20, swap_used_kib=1 << 19)
    assert found == (Status.BETTER, "2 GiB, 0.5 GiB in use", "sudo swapoff --all")
    assert judge(check_swap, swap_total_kib=None)[0] is Status.UNKNOWN
