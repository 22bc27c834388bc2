import pytest

from tests.unit.apps.doctor.made_up import facts, judge
from zerofeed.apps.doctor import checks_queues
from zerofeed.apps.doctor.checks_queues import (
    check_channels,
    check_coalescing,
    check_deferral,
    check_gro,
    check_interrupts,
    check_lro,
    check_rings,
    check_spread,
    check_steering,
)
from zerofeed.apps.doctor.facts import Channels, Coalescing, Interrupt, Switch
from zerofeed.apps.doctor.findings import Status

__all__: list[str] = []

ON, OFF = Switch(is_on=True, is_changeable=True), Switch(is_on=False, is_changeable=True)
FIXED_ON = Switch(is_on=True, is_changeable=False)
FIXED_OFF = Switch(is_on=False, is_changeable=False)


@pytest.mark.parametrize(
    ("channels", "status", "fix"),
    [
        (Channels(rx=4, rx_max=4, is_combined=True), Status.GOOD, None),
        (
            Channels(rx=1, rx_max=4, is_combined=True),
            Status.BETTER,
            "sudo ethtool -L eth0 combined 4",
        ),
        (Channels(rx=1, rx_max=64, is_combined=False), Status.BETTER, "sudo ethtool -L eth0 rx 8"),
        (Channels(rx=1, rx_max=1, is_combined=True), Status.BETTER, None),
    ],
)
def test_a_queue_to_spare_is_wanted(channels: Channels, status: Status, fix) -> None:
    found = judge(check_channels, channels=channels)
    assert (found[0], found[2]) == (status, fix)


def test_queues_are_counted_without_netlink_too() -> None:
    known = {"channels": None, "has_netlink": False}
    assert judge(check_channels, **known, rx_queues=4)[:2] == (Status.GOOD, "4")
    assert judge(check_channels, **known, rx_queues=1)[:2] == (Status.UNKNOWN, "1 in use")
    assert judge(check_channels, **known, rx_queues=None)[0] is Status.UNKNOWN


def test_one_queue_is_kept_out_of_the_spreading() -> None:
    assert judge(check_spread, spread_queues=(0, 1, 2))[:2] == (Status.GOOD, "3 of 4 queues")
    found = judge(check_spread, spread_queues=(0, 1, 2, 3))
    assert found == (Status.BETTER, "all 4 queues", "sudo ethtool -X eth0 start 1 equal 3")
    assert judge(check_spread, spread_queues=None)[0] is Status.UNKNOWN
    single = Channels(rx=1, rx_max=1, is_combined=True)
    assert check_spread(facts(channels=single)) is None


@pytest.mark.parametrize(
    ("switch", "status", "fix"),
    [
        (ON, Status.GOOD, None),
        (OFF, Status.BETTER, "sudo ethtool -K eth0 ntuple on"),
        (FIXED_OFF, Status.BETTER, None),
    ],
)
def test_steering_is_switched_on_where_the_card_has_it(switch, status: Status, fix) -> None:
    found = judge(check_steering, features={"rx-ntuple-filter": switch})
    assert (found[0], found[2]) == (status, fix)


@pytest.mark.parametrize(
    ("ring", "most", "status", "fix"),
    [
        (256, 256, Status.GOOD, None),
        (512, 2048, Status.BETTER, "sudo ethtool -G eth0 rx 2048"),
        (512, 16384, Status.BETTER, "sudo ethtool -G eth0 rx 4096"),
        (4096, 16384, Status.GOOD, None),
        (None, None, Status.UNKNOWN, None),
    ],
)
def test_a_ring_is_deep_enough_for_a_burst(ring, most, status: Status, fix) -> None:
    found = judge(check_rings, rx_ring=ring, rx_ring_max=most)
    assert (found[0], found[2]) == (status, fix)


@pytest.mark.parametrize(
    ("features", "status", "fix"),
    [
        ({"rx-gro": OFF}, Status.GOOD, None),
        ({"rx-gro": ON, "rx-gro-hw": FIXED_ON}, Status.BETTER, "sudo ethtool -K eth0 rx-gro off"),
        (
            {"rx-gro": ON, "rx-gro-hw": ON},
            Status.BETTER,
            "sudo ethtool -K eth0 rx-gro off rx-gro-hw off",
        ),
        ({"rx-gro": OFF, "rx-gro-hw": FIXED_ON}, Status.BETTER, None),
        (None, Status.UNKNOWN, None),
    ],
)
def test_merging_is_switched_off_as_far_as_it_can_be(features, status: Status, fix) -> None:
    found = judge(check_gro, features=features)
    assert (found[0], found[2]) == (status, fix)


def test_large_receive_offload_is_off() -> None:
    assert judge(check_lro, features={"rx-lro": OFF})[0] is Status.GOOD
    assert judge(check_lro, features={"rx-lro": ON})[2] == "sudo ethtool -K eth0 lro off"
    assert judge(check_lro, features={"rx-lro": FIXED_ON})[::2] == (Status.BETTER, None)
    assert judge(check_lro, features={})[0] is Status.UNKNOWN


@pytest.mark.parametrize(
    ("waits", "status", "value"),
    [
        (Coalescing(rx_usecs=0, is_adaptive=False), Status.GOOD, "none"),
        (Coalescing(rx_usecs=50, is_adaptive=False), Status.BETTER, "50 us"),
        (Coalescing(rx_usecs=0, is_adaptive=True), Status.BETTER, "adaptive, now 0 us"),
        (None, Status.UNKNOWN, "the driver does not tell"),
    ],
)
def test_a_card_interrupts_at_once(waits, status: Status, value: str) -> None:
    assert judge(check_coalescing, coalescing=waits)[:2] == (status, value)


def interrupt(number: int, *cores: int) -> Interrupt:
    return Interrupt(number=number, name=f"eth0-rx-{number}", cores=cores)


def test_each_interrupt_has_one_core_that_is_not_isolated() -> None:
    settled = (interrupt(30, 0), interrupt(31, 1))
    assert judge(check_interrupts, interrupts=settled)[:2] == (Status.GOOD, "2 on cores 0-1")
    found = judge(check_interrupts, interrupts=settled, cores_isolated=(0, 2))
    assert found[0] is Status.BETTER
    assert found[2] == "echo 1 | sudo tee /proc/irq/30/smp_affinity_list"


def test_interrupts_that_move_are_given_cores_beside_the_card() -> None:
    loose = (interrupt(30, *range(8)), interrupt(31, *range(8)))
    found = judge(check_interrupts, interrupts=loose, numa_node=1, node_cores={1: (4, 5)})
    assert found[2] == (
        "echo 4 | sudo tee /proc/irq/30/smp_affinity_list; "
        "echo 5 | sudo tee /proc/irq/31/smp_affinity_list"
    )


def test_a_balancer_undoes_every_choice_of_cores() -> None:
    found = judge(check_interrupts, interrupts=(interrupt(30, 0),), has_irqbalance=True)
    assert found[::2] == (Status.BETTER, "sudo systemctl disable --now irqbalance")


@pytest.mark.parametrize(
    ("polls", "timeout_ns", "busy_poll", "status"),
    [
        (0, 0, 0, Status.GOOD),
        (0, 0, 50, Status.BETTER),
        (2, 200_000, 50, Status.GOOD),
        (2, 200_000, 0, Status.GOOD),
        (2, 0, 0, Status.GOOD),
        (None, 0, 0, Status.UNKNOWN),
    ],
)
def test_interrupts_are_deferred_where_somebody_may_busy_poll(
    polls, timeout_ns, busy_poll, status
) -> None:
    found = judge(
        check_deferral,
        napi_defer_hard_irqs=polls,
        gro_flush_timeout_ns=timeout_ns,
        sysctl={"net.core.busy_poll": busy_poll},
    )
    assert found[0] is status


def test_an_interface_without_hardware_has_only_what_software_has() -> None:
    virtual = facts(is_physical=False, features={"rx-gro": OFF, "rx-lro": FIXED_OFF})
    said = [found.id for check in checks_queues.CHECKS if (found := check(virtual))]
    assert said == ["queues.gro", "queues.lro"]
    loopback = facts(is_physical=False, is_loopback=True, features={"rx-gro": ON})
    assert [check(loopback) for check in checks_queues.CHECKS] == [None] * len(checks_queues.CHECKS)


def test_without_netlink_nothing_is_guessed() -> None:
    blind = {"has_netlink": False, "channels": None}
    for check in (
        check_spread,
        check_steering,
        check_rings,
        check_gro,
        check_lro,
        check_coalescing,
    ):
        found = judge(check, **blind)
        assert (found[0], found[2]) == (Status.UNKNOWN, "pip install 'zerofeed[net]'")
