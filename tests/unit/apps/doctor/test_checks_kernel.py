import errno

import pytest

from tests.unit.apps.doctor.made_up import ALL_RIGHTS, judge
from zerofeed.apps.doctor.checks_kernel import check_af_xdp, check_bpf, check_btf, check_version
from zerofeed.apps.doctor.facts import Capability
from zerofeed.apps.doctor.findings import Status

__all__: list[str] = []


@pytest.mark.parametrize(
    ("release", "status"),
    [
        ("6.6.0-1-amd64", Status.GOOD),
        ("6.18.4", Status.GOOD),
        ("6.5.13", Status.BETTER),
        ("6.1.0", Status.BETTER),
        ("6.0.19", Status.BAD),
        ("5.0.21", Status.BAD),
        ("odd", Status.UNKNOWN),
    ],
)
def test_versions_are_compared_as_numbers(release: str, status: Status) -> None:
    assert judge(check_version, release=release)[0] is status


@pytest.mark.parametrize(
    ("refusal", "status", "value"),
    [
        (0, Status.GOOD, "a socket opens"),
        (errno.EPERM, Status.BETTER, "not permitted"),
        (errno.EAFNOSUPPORT, Status.BETTER, "not built in"),
        (errno.ENOBUFS, Status.UNKNOWN, "ENOBUFS"),
        (None, Status.UNKNOWN, "not told"),
    ],
)
def test_a_socket_is_what_the_kernel_says_of_it(refusal, status: Status, value: str) -> None:
    assert judge(check_af_xdp, xdp_socket_errno=refusal)[:2] == (status, value)


def test_missing_permission_comes_with_the_three_capabilities() -> None:
    fix = judge(check_af_xdp, xdp_socket_errno=errno.EPERM)[2]
    assert fix is not None
    assert "CAP_NET_RAW CAP_NET_ADMIN CAP_BPF" in fix


@pytest.mark.parametrize(
    ("held", "status"),
    [
        (ALL_RIGHTS, Status.GOOD),
        (Capability.NET_ADMIN | Capability.SYS_ADMIN, Status.GOOD),
        (Capability.NET_ADMIN, Status.BETTER),
        (Capability.BPF, Status.BETTER),
        (0, Status.BETTER),
        (None, Status.UNKNOWN),
    ],
)
def test_programs_need_two_capabilities(held: int | None, status: Status) -> None:
    assert judge(check_bpf, capabilities=held)[0] is status


def test_root_of_a_user_namespace_may_not_load_programs() -> None:
    known = {"capabilities": ALL_RIGHTS, "is_initial_user_namespace": False}
    assert judge(check_bpf, **known)[:2] == (Status.BETTER, "in a user namespace")


def test_the_setting_for_unprivileged_programs_is_shown() -> None:
    value = judge(check_bpf, capabilities=0, unprivileged_bpf_disabled=2)[1]
    assert value == "not permitted (bpf_disabled=2)"


def test_type_information_is_there_or_not() -> None:
    assert judge(check_btf, has_btf=True)[0] is Status.GOOD
    assert judge(check_btf, has_btf=False)[0] is Status.BETTER
