import pytest

from tests.unit.apps.doctor.made_up import judge
from zerofeed.apps.doctor.checks_process import (
    check_compiled,
    check_memory,
    check_python,
    check_quota,
    check_seccomp,
)
from zerofeed.apps.doctor.findings import Status

__all__: list[str] = []


@pytest.mark.parametrize(
    ("check", "name", "value", "status"),
    [
        (check_quota, "cpu_quota_cores", -1.0, Status.GOOD),
        (check_quota, "cpu_quota_cores", 1.5, Status.BAD),
        (check_quota, "cpu_quota_cores", None, Status.UNKNOWN),
        (check_memory, "memory_max_bytes", -1, Status.GOOD),
        (check_memory, "memory_max_bytes", 4 << 30, Status.GOOD),
        (check_memory, "memory_max_bytes", 256 << 20, Status.BETTER),
        (check_memory, "memory_max_bytes", None, Status.UNKNOWN),
        (check_seccomp, "seccomp_mode", 0, Status.GOOD),
        (check_seccomp, "seccomp_mode", 2, Status.BETTER),
        (check_seccomp, "seccomp_mode", None, Status.UNKNOWN),
    ],
)
def test_a_container_limits_what_its_limits_say(check, name: str, value, status: Status) -> None:
    found = judge(check, **{name: value})
    assert found[0] is status
    assert (found[2] is not None) == (status in {Status.BAD, Status.BETTER})


def test_a_quota_is_shown_in_cores() -> None:
    assert judge(check_quota, cpu_quota_cores=1.5)[1] == "1.5 cores"


@pytest.mark.parametrize(
    ("cached", "status", "fix"),
    [(22, Status.GOOD, None), (21, Status.BETTER, "zerofeed warm")],
)
def test_a_cold_cache_is_warmed(cached: int, status: Status, fix) -> None:
    found = judge(check_compiled, kernel_modules=22, kernel_modules_cached=cached)
    assert found == (status, f"{cached} of 22 modules cached", fix)


def test_kernels_that_are_not_compiled_are_bad_however_many_are_cached() -> None:
    known = {"kernels_compiled": False, "kernel_modules": 22, "kernel_modules_cached": 22}
    assert judge(check_compiled, **known)[::2] == (Status.BAD, "unset NUMBA_DISABLE_JIT")


def test_sources_that_cannot_be_read_are_not_known() -> None:
    assert judge(check_compiled, kernel_modules=0)[0] is Status.UNKNOWN


def test_a_build_that_is_not_tested_is_not_called_good() -> None:
    assert judge(check_python, python="3.13.1")[:2] == (Status.GOOD, "3.13.1")
    found = judge(check_python, python="3.13.1", is_free_threaded=True)
    assert found[:2] == (Status.UNKNOWN, "3.13.1, free-threaded")
