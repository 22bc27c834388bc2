import pytest

from tests.unit.apps.doctor.made_up import judge
from zerofeed.apps.doctor import checks_sockets
from zerofeed.apps.doctor.checks_sockets import (
    check_backlog,
    check_budget,
    check_buffers,
    check_busy_poll,
    check_default_buffer,
    check_memberships,
)
from zerofeed.apps.doctor.facts import Capability
from zerofeed.apps.doctor.findings import Status
from zerofeed.wire.udp import DEFAULT_BUFFER_BYTES

__all__: list[str] = []


@pytest.mark.parametrize(
    ("poll", "read", "status", "value"),
    [
        (50, 50, Status.GOOD, "poll 50 us, read 50 us"),
        (0, 0, Status.BETTER, "off"),
        (50, 0, Status.BETTER, "poll 50 us, read 0 us"),
    ],
)
def test_busy_polling_needs_both_settings(poll, read, status: Status, value: str) -> None:
    sysctl = {"net.core.busy_poll": poll, "net.core.busy_read": read}
    assert judge(check_busy_poll, sysctl=sysctl)[:2] == (status, value)


def test_a_buffer_is_as_large_as_feeds_ask_for() -> None:
    asked = DEFAULT_BUFFER_BYTES
    for size, status in ((asked, Status.GOOD), (asked - 1, Status.BAD)):
        found = judge(check_buffers, sysctl={"net.core.rmem_max": size})
        assert found[0] is status
    assert found[2] == f"sudo sysctl -w net.core.rmem_max={asked}"


def test_the_right_to_administer_the_network_lifts_the_limit() -> None:
    known = {"sysctl": {"net.core.rmem_max": 4096}, "capabilities": Capability.NET_ADMIN}
    assert judge(check_buffers, **known)[0] is Status.GOOD
    assert judge(check_buffers, capabilities=Capability.NET_ADMIN)[0] is Status.GOOD


@pytest.mark.parametrize(
    ("check", "name", "enough"),
    [
        (check_default_buffer, "net.core.rmem_default", 1 << 20),
        (check_backlog, "net.core.netdev_max_backlog", 10_000),
        (check_budget, "net.core.netdev_budget", 600),
    ],
)
def test_a_setting_is_raised_to_what_is_enough(check, name: str, enough: int) -> None:
    assert judge(check, sysctl={name: enough})[::2] == (Status.GOOD, None)
    fix = f"sudo sysctl -w {name}={enough}"
    assert judge(check, sysctl={name: enough - 1})[::2] == (Status.BETTER, fix)


def test_the_budget_shows_its_time() -> None:
    sysctl = {"net.core.netdev_budget": 300, "net.core.netdev_budget_usecs": 2000}
    assert judge(check_budget, sysctl=sysctl)[1] == "300 packets, 2 ms"


def test_one_group_a_socket_is_enough() -> None:
    known = {"sysctl": {"net.ipv4.igmp_max_memberships": 20}, "groups": 3}
    found = judge(check_memberships, **known)
    assert found[:2] == (Status.GOOD, "20 a socket, 3 joined on eth0 now")
    assert judge(check_memberships, sysctl={"net.ipv4.igmp_max_memberships": 0})[0] is Status.BAD


def test_settings_that_cannot_be_read_are_not_known() -> None:
    for check in checks_sockets.CHECKS:
        assert judge(check, sysctl={})[0] is Status.UNKNOWN
