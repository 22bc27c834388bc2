import pytest

from tests.unit.apps.doctor.made_up import facts, judge
from zerofeed.apps.doctor.checks_card import (
    check_link,
    check_metadata,
    check_node,
    check_program,
    check_reverse_path,
    check_timestamps,
    check_xdp,
)
from zerofeed.apps.doctor.facts import Timestamping, XdpAbilities
from zerofeed.apps.doctor.findings import Status

__all__: list[str] = []

NATIVE = frozenset({"basic", "redirect"})


def test_a_link_shows_driver_speed_and_packet_size() -> None:
    known = {"driver": "ice", "state": "up", "speed_mbps": 25_000, "mtu_bytes": 1500}
    assert judge(check_link, **known) == (Status.GOOD, "ice, 25 Gbit/s, MTU 1500", None)


@pytest.mark.parametrize(
    ("known", "status", "fix"),
    [
        ({"state": "down", "is_enabled": False}, Status.BAD, "sudo ip link set dev eth0 up"),
        ({"state": "down", "is_enabled": True}, Status.BAD, None),
        ({"state": "lowerlayerdown", "is_enabled": True}, Status.BAD, None),
        ({"state": "up", "mtu_bytes": 9000}, Status.BETTER, "sudo ip link set dev eth0 mtu 1500"),
        ({"state": "up", "mtu_bytes": 2000}, Status.BETTER, None),
        ({"state": "up", "mtu_bytes": 1500}, Status.GOOD, None),
        ({"state": "unknown", "mtu_bytes": 65536, "is_loopback": True}, Status.GOOD, None),
        ({"state": None}, Status.UNKNOWN, None),
    ],
)
def test_a_link_that_is_down_or_too_large_is_told(known, status: Status, fix) -> None:
    found = judge(check_link, **known)
    assert (found[0], found[2]) == (status, fix)


@pytest.mark.parametrize(
    ("abilities", "status", "value"),
    [
        (XdpAbilities(xdp=NATIVE | {"xsk-zerocopy"}), Status.GOOD, "zero-copy"),
        (
            XdpAbilities(xdp=NATIVE | {"xsk-zerocopy"}, zero_copy_segments=8),
            Status.GOOD,
            "zero-copy, several chunks",
        ),
        (XdpAbilities(xdp=NATIVE), Status.BETTER, "native, with a copy"),
        (XdpAbilities(xdp=frozenset()), Status.BETTER, "generic mode"),
        (None, Status.UNKNOWN, "the driver does not tell"),
    ],
)
def test_a_driver_is_what_it_says_of_itself(abilities, status: Status, value: str) -> None:
    assert judge(check_xdp, abilities=abilities)[:2] == (status, value)


def test_loopback_is_generic_whatever_is_known() -> None:
    assert judge(check_xdp, is_loopback=True)[1] == "generic mode"
    assert check_metadata(facts(is_loopback=True)) is None


def test_without_netlink_the_extra_is_named() -> None:
    for check in (check_xdp, check_metadata, check_program, check_timestamps):
        found = judge(check, has_netlink=False)
        assert (found[0], found[2]) == (Status.UNKNOWN, "pip install 'zerofeed[net]'")


def test_receive_times_come_from_the_driver_or_not() -> None:
    with_time = XdpAbilities(xdp=NATIVE, metadata=frozenset({"hash", "timestamp"}))
    assert judge(check_metadata, abilities=with_time)[:2] == (Status.GOOD, "hash, timestamp")
    assert judge(check_metadata, abilities=XdpAbilities(xdp=NATIVE))[0] is Status.BETTER


def test_a_program_that_is_attached_is_named() -> None:
    assert judge(check_program, xdp_program_id=0)[0] is Status.GOOD
    found = judge(check_program, xdp_program_id=17, xdp_mode="native")
    assert found == (
        Status.BETTER,
        "program 17 attached (native)",
        "sudo bpftool prog show id 17",
    )


@pytest.mark.parametrize(
    ("modes", "clock", "status", "value"),
    [
        ({"hardware-receive", "software-receive"}, 2, Status.GOOD, "by the card, clock /dev/ptp2"),
        ({"hardware-receive"}, None, Status.GOOD, "by the card"),
        ({"software-receive"}, None, Status.BETTER, "by the kernel only"),
        (set(), None, Status.BETTER, "none by the driver"),
    ],
)
def test_time_stamps_are_best_from_the_card(modes, clock, status: Status, value: str) -> None:
    stamps = Timestamping(modes=frozenset(modes), clock_idx=clock)
    assert judge(check_timestamps, timestamping=stamps)[:2] == (status, value)


NODES = {0: (0, 1, 2, 3), 1: (4, 5, 6, 7)}


@pytest.mark.parametrize(
    ("known", "status"),
    [
        ({"node_cores": {0: (0, 1)}, "numa_node": -1}, Status.GOOD),
        ({"node_cores": NODES, "numa_node": 0}, Status.GOOD),
        ({"node_cores": NODES, "numa_node": 1}, Status.BAD),
        ({"node_cores": NODES, "numa_node": 1, "cores_allowed": (3, 4)}, Status.BETTER),
        ({"node_cores": NODES, "numa_node": -1}, Status.UNKNOWN),
        ({"node_cores": {}, "numa_node": 0}, Status.UNKNOWN),
    ],
)
def test_cores_beside_the_card_are_best(known, status: Status) -> None:
    found = judge(check_node, **known)
    assert found[0] is status
    assert ("numactl --cpunodebind=1" in (found[2] or "")) == (
        status in {Status.BAD, Status.BETTER}
    )


def test_an_interface_without_hardware_is_beside_no_core() -> None:
    assert check_node(facts(is_physical=False)) is None


@pytest.mark.parametrize(
    ("setting", "is_default", "status"),
    [
        (0, False, Status.GOOD),
        (2, False, Status.GOOD),
        (1, True, Status.BETTER),
        (1, False, Status.BAD),
        (None, False, Status.UNKNOWN),
    ],
)
def test_strict_filtering_is_worst_off_the_default_route(setting, is_default, status) -> None:
    found = judge(check_reverse_path, rp_filter=setting, is_on_default_route=is_default)
    assert found[0] is status


def test_an_interface_with_a_dot_keeps_it_in_the_command() -> None:
    fix = judge(check_reverse_path, name="eth0.5", rp_filter=1)[2]
    assert fix == "sudo sysctl -w net.ipv4.conf.eth0/5.rp_filter=2"
