"""Cores: who else runs on them, how fast they wake and clock, and what time costs to read."""

from __future__ import annotations

from zerofeed.apps.doctor.facts import Facts
from zerofeed.apps.doctor.findings import (
    Check,
    Finding,
    bad,
    better,
    good,
    kernel_argument,
    not_known,
)
from zerofeed.apps.doctor.system_files import format_cores, parse_cores

__all__ = [
    "CHECKS",
    "check_callbacks",
    "check_clock",
    "check_count",
    "check_governor",
    "check_idle",
    "check_isolated",
    "check_siblings",
    "check_tickless",
    "cores_to_isolate",
]

_ENOUGH = 4
"""A feed, a reader, the card's interrupts and everything else."""
_SLOW_WAKE_US = 10
_FAST_CLOCKS = frozenset({"tsc", "arch_sys_counter"})
_FAIR_CLOCKS = frozenset({"kvm-clock", "hyperv_clocksource_tsc_page"})
"""Read without a system call, with some arithmetic more."""


def cores_to_isolate(facts: Facts) -> tuple[int, ...]:
    """Choose cores for feed and readers: the last half, next to the card, siblings together.

    Returns:
        Cores, never the first one nor all of a small machine; none below four cores.
    """
    machine, card = facts.machine, facts.card
    online = machine.cores_online
    if len(online) < _ENOUGH:
        return ()
    node = card.numa_node if card.numa_node is not None else -1
    near = [core for core in machine.node_cores.get(node, online) if core in online] or [*online]
    siblings = {core: group for group in machine.thread_siblings for core in group}
    first = set(siblings.get(online[0], (online[0],)))
    chosen: set[int] = set()
    for core in reversed(near):
        group = set(siblings.get(core, (core,)))
        if not group & first and len(chosen | group) <= len(online) // 2:
            chosen |= group
    return tuple(sorted(chosen))


def check_count(facts: Facts) -> Finding:
    """There are cores for a feed, a reader, the card's interrupts and everything else."""
    name, machine = "cores.count", facts.machine
    allowed, online = len(machine.cores_allowed), len(machine.cores_online)
    why = "a feed and each busy reader want a core of their own"
    if not allowed:
        return not_known(name, why)
    value = f"{allowed} of {online}" if online and allowed != online else str(allowed)
    if allowed < 2:
        return bad(name, value, "feed and reader take turns on one core")
    if allowed < _ENOUGH:
        return better(name, value, why)
    return good(name, value, why)


def check_isolated(facts: Facts) -> Finding:
    """Some cores run nothing that was not put there."""
    name, cores = "cores.isolated", facts.machine.cores_isolated
    why = "other programs interrupt a feed for milliseconds"
    if cores is None:
        return not_known(name, why)
    if cores:
        return good(name, format_cores(cores), "nothing runs there that was not put there")
    value = "none" if cores_to_isolate(facts) else "none, there are too few"
    return better(name, value, why, _boot_fix(facts, "isolcpus"))


def check_tickless(facts: Facts) -> Finding:
    """Isolated cores have no timer tick while one program runs there."""
    name, machine = "cores.tickless", facts.machine
    why = "the timer interrupts a core 100 to 1000 times a second"
    config = machine.kernel_config
    if machine.cores_tickless:
        return good(name, format_cores(machine.cores_tickless), "no timer tick while one task runs")
    if config is not None and config.get("NO_HZ_FULL") != "y":
        return better(
            name, "not in this kernel", "a timer tick on every core; needs CONFIG_NO_HZ_FULL"
        )
    if config is None and machine.cores_tickless is None:
        return not_known(name, why)
    return better(name, "none", why, _boot_fix(facts, "nohz_full"))


def check_callbacks(facts: Facts) -> Finding:
    """The kernel's deferred work (RCU) runs elsewhere; nohz_full brings that by itself."""
    name, machine = "cores.callbacks", facts.machine
    why = "the kernel's deferred work runs where it was caused"
    arguments = machine.boot_arguments
    if machine.cores_tickless:
        return good(name, f"moved from {format_cores(machine.cores_tickless)}", "by nohz_full")
    if arguments is None:
        return not_known(name, why)
    if "rcu_nocbs" in arguments:
        cores = parse_cores(arguments["rcu_nocbs"])
        return good(name, f"moved from {format_cores(cores) if cores else 'all'}", "by rcu_nocbs")
    config = machine.kernel_config
    if config is not None and config.get("RCU_NOCB_CPU") != "y":
        return better(
            name, "not in this kernel", "deferred work everywhere; needs CONFIG_RCU_NOCB_CPU"
        )
    return better(name, "on every core", why, _boot_fix(facts, "rcu_nocbs"))


def check_siblings(facts: Facts) -> Finding:
    """No two hardware threads share a core that is busy."""
    name, groups = "cores.siblings", facts.machine.thread_siblings
    if not groups:
        return good(name, "one thread a core", "nothing shares a core's caches and units")
    pairs = " ".join(format_cores(group) for group in groups[:4])
    value = f"{len(groups)} cores shared: {pairs}{' ...' if len(groups) > 4 else ''}"
    return better(
        name,
        value,
        "a busy sibling halves a core; leave it idle, or off",
        "echo off | sudo tee /sys/devices/system/cpu/smt/control",
    )


def check_governor(facts: Facts) -> Finding:
    """Cores stay at their highest frequency."""
    name, governors = "cores.governor", facts.machine.governors
    why = "a core that slowed down needs tens of us to speed up"
    if governors is None:
        return not_known(name, why, value="no cpufreq here; a host may decide")
    if governors == ("performance",):
        return good(name, "performance", "cores stay at their highest frequency")
    fix = "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"
    return better(name, ", ".join(governors), why, fix)


def check_idle(facts: Facts) -> Finding:
    """A core that slept is awake within a few microseconds."""
    name, states = "cores.idle", facts.machine.idle_states
    why = "time that a sleeping core takes to react to a packet"
    if states is None:
        return not_known(name, why, value="no cpuidle here; a host may decide")
    usable = [state for state in states if not state.is_disabled]
    deepest = max(usable, key=lambda state: state.latency_us, default=None)
    if deepest is None:
        return good(name, "never asleep", "cores react at once")
    value = f"up to {deepest.latency_us} us ({deepest.name})"
    slow = [state for state in usable if state.latency_us > _SLOW_WAKE_US]
    if not slow:
        return good(name, value, why)
    fix = "; ".join(
        f"echo 1 | sudo tee /sys/devices/system/cpu/cpu*/cpuidle/state{state.index}/disable"
        for state in slow
    )
    return better(name, value, why, fix)


def check_clock(facts: Facts) -> Finding:
    """The clock is read from a register, without a system call."""
    name, source = "cores.clock", facts.machine.clock_source
    why = "each time stamp is a system call of a microsecond"
    if source is None:
        return not_known(name, why)
    if source in _FAST_CLOCKS:
        return good(name, source, "read in some 20 ns, without a system call")
    fix = None
    if "tsc" in facts.machine.clock_sources:
        folder = "/sys/devices/system/clocksource/clocksource0"
        fix = f"echo tsc | sudo tee {folder}/current_clocksource"
    if source in _FAIR_CLOCKS:
        return better(name, source, "no system call, yet slower than tsc", fix)
    return bad(name, source, why, fix)


def _boot_fix(facts: Facts, argument: str) -> str | None:
    """Give the command for an argument that takes cores; None where there are too few."""
    cores = cores_to_isolate(facts)
    if argument != "isolcpus" and facts.machine.cores_isolated:
        cores = facts.machine.cores_isolated
    return kernel_argument(facts, f"{argument}={format_cores(cores)}") if cores else None


CHECKS: tuple[Check, ...] = (
    check_count,
    check_isolated,
    check_tickless,
    check_callbacks,
    check_siblings,
    check_governor,
    check_idle,
    check_clock,
)
