import pytest

from tests.unit.apps.doctor.made_up import facts, judge
from zerofeed.apps.doctor.checks_cores import (
    check_callbacks,
    check_clock,
    check_count,
    check_governor,
    check_idle,
    check_isolated,
    check_siblings,
    check_tickless,
    cores_to_isolate,
)
from zerofeed.apps.doctor.facts import IdleState
from zerofeed.apps.doctor.findings import Status

__all__: list[str] = []

THREADS = ((0, 4), (1, 5), (2, 6), (3, 7))


@pytest.mark.parametrize(
    ("known", "chosen"),
    [
        ({}, (4, 5, 6, 7)),
        ({"cores_online": (0, 1, 2)}, ()),
        ({"cores_online": (0, 1, 2, 3)}, (2, 3)),
        ({"thread_siblings": THREADS}, (2, 3, 6, 7)),
        ({"numa_node": 0, "node_cores": {0: (0, 1, 2, 3), 1: (4, 5, 6, 7)}}, (1, 2, 3)),
        ({"numa_node": 1, "node_cores": {0: (0, 1, 2, 3), 1: (4, 5, 6, 7)}}, (4, 5, 6, 7)),
        ({"numa_node": -1, "node_cores": {0: tuple(range(8))}}, (4, 5, 6, 7)),
    ],
)
def test_isolated_cores_are_beside_the_card_with_their_siblings(known, chosen) -> None:
    assert cores_to_isolate(facts(**known)) == chosen


@pytest.mark.parametrize(
    ("allowed", "status", "value"),
    [
        ((0,), Status.BAD, "1 of 8"),
        ((0, 1), Status.BETTER, "2 of 8"),
        (tuple(range(8)), Status.GOOD, "8"),
        ((), Status.UNKNOWN, "not told"),
    ],
)
def test_a_feed_and_its_readers_want_cores(allowed, status: Status, value: str) -> None:
    assert judge(check_count, cores_allowed=allowed)[:2] == (status, value)


def test_isolation_names_the_cores_it_wants() -> None:
    assert judge(check_isolated, cores_isolated=(2, 3))[:2] == (Status.GOOD, "2-3")
    status, value, fix = judge(check_isolated, cores_isolated=())
    assert (status, value) == (Status.BETTER, "none")
    assert fix is not None
    assert "isolcpus=4-7" in fix
    assert judge(check_isolated, cores_isolated=None)[0] is Status.UNKNOWN


def test_too_few_cores_to_isolate_have_no_command() -> None:
    found = judge(check_isolated, cores_isolated=(), cores_online=(0, 1))
    assert found == (Status.BETTER, "none, there are too few", None)


@pytest.mark.parametrize(
    ("known", "status"),
    [
        ({"cores_tickless": (2, 3)}, Status.GOOD),
        ({"cores_tickless": (), "kernel_config": {"NO_HZ_FULL": "y"}}, Status.BETTER),
        ({"kernel_config": {}}, Status.BETTER),
        ({}, Status.UNKNOWN),
    ],
)
def test_the_timer_tick_stops_where_the_kernel_can(known, status: Status) -> None:
    assert judge(check_tickless, **known)[0] is status


def test_no_command_makes_up_for_how_a_kernel_was_built() -> None:
    assert judge(check_tickless, kernel_config={})[2] is None
    assert judge(check_callbacks, kernel_config={}, boot_arguments={})[2] is None


def test_the_tick_stops_on_cores_that_are_isolated_already() -> None:
    known = {"cores_tickless": (), "cores_isolated": (3,)}
    fix = judge(check_tickless, **known)[2]
    assert fix is not None
    assert "nohz_full=3" in fix


@pytest.mark.parametrize(
    ("known", "status", "value"),
    [
        ({"cores_tickless": (2, 3)}, Status.GOOD, "moved from 2-3"),
        ({"boot_arguments": {"rcu_nocbs": "2-3"}}, Status.GOOD, "moved from 2-3"),
        ({"boot_arguments": {"rcu_nocbs": ""}}, Status.GOOD, "moved from all"),
        ({"boot_arguments": {}}, Status.BETTER, "on every core"),
        ({"boot_arguments": None}, Status.UNKNOWN, "not told"),
    ],
)
def test_deferred_work_moves_by_either_argument(known, status: Status, value: str) -> None:
    assert judge(check_callbacks, **known)[:2] == (status, value)


def test_shared_cores_are_named() -> None:
    assert judge(check_siblings, thread_siblings=())[0] is Status.GOOD
    assert judge(check_siblings, thread_siblings=((0, 4), (1, 5)))[:2] == (
        Status.BETTER,
        "2 cores shared: 0,4 1,5",
    )
    assert judge(check_siblings, thread_siblings=THREADS * 2)[1].endswith(" ...")


@pytest.mark.parametrize(
    ("governors", "status"),
    [
        (("performance",), Status.GOOD),
        (("performance", "powersave"), Status.BETTER),
        (("schedutil",), Status.BETTER),
        (None, Status.UNKNOWN),
    ],
)
def test_every_core_stays_fast(governors, status: Status) -> None:
    assert judge(check_governor, governors=governors)[0] is status


def state(index: int, latency_us: int, *, is_disabled: bool = False) -> IdleState:
    return IdleState(index=index, name=f"C{index}", latency_us=latency_us, is_disabled=is_disabled)


def test_deep_sleep_is_switched_off_state_by_state() -> None:
    status, value, fix = judge(check_idle, idle_states=(state(0, 0), state(1, 2), state(2, 133)))
    assert (status, value) == (Status.BETTER, "up to 133 us (C2)")
    assert fix == "echo 1 | sudo tee /sys/devices/system/cpu/cpu*/cpuidle/state2/disable"


@pytest.mark.parametrize(
    ("states", "value"),
    [
        ((state(0, 0), state(1, 2)), "up to 2 us (C1)"),
        ((state(0, 2), state(1, 133, is_disabled=True)), "up to 2 us (C0)"),
        ((state(0, 133, is_disabled=True),), "never asleep"),
    ],
)
def test_light_sleep_is_fine(states, value: str) -> None:
    assert judge(check_idle, idle_states=states)[:2] == (Status.GOOD, value)


def test_a_host_may_decide_how_cores_sleep() -> None:
    assert judge(check_idle, idle_states=None)[0] is Status.UNKNOWN


@pytest.mark.parametrize(
    ("source", "sources", "status", "has_fix"),
    [
        ("tsc", ("tsc", "hpet"), Status.GOOD, False),
        ("arch_sys_counter", (), Status.GOOD, False),
        ("kvm-clock", ("kvm-clock", "tsc"), Status.BETTER, True),
        ("kvm-clock", ("kvm-clock",), Status.BETTER, False),
        ("hpet", ("hpet", "acpi_pm"), Status.BAD, False),
        ("xen", ("xen", "tsc"), Status.BAD, True),
        (None, (), Status.UNKNOWN, False),
    ],
)
def test_a_clock_is_a_register(source, sources, status: Status, has_fix: bool) -> None:
    found = judge(check_clock, clock_source=source, clock_sources=sources)
    assert (found[0], found[2] is not None) == (status, has_fix)
