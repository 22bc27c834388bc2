"""Queues: how packets get from the wire to a core, and what delays, merges or drops them there.

Interfaces without hardware (loopback, veth) have few of these; what has no meaning is left out.
"""

from __future__ import annotations

from zerofeed.apps.doctor.facts import NETLINK_EXTRA, Facts, Switch
from zerofeed.apps.doctor.findings import Check, Finding, better, good, not_known, not_told
from zerofeed.apps.doctor.system_files import format_cores

__all__ = [
    "CHECKS",
    "check_channels",
    "check_coalescing",
    "check_deferral",
    "check_gro",
    "check_interrupts",
    "check_lro",
    "check_rings",
    "check_spread",
    "check_steering",
]

_RING = 4096
"""Descriptors that absorb a burst of a few milliseconds; more than this leaves the caches."""


def check_channels(facts: Facts) -> Finding | None:
    """There is a receive queue to spare for the feed."""
    name, card = "queues.count", facts.card
    if not card.is_physical:
        return None
    channels = card.channels
    in_use = channels.rx if channels is not None else card.rx_queues
    why = "an AF_XDP feed takes a whole queue"
    if in_use is None:
        return not_told(facts, name, why)
    if in_use > 1:
        return good(name, str(in_use), f"{why}; the others stay with the system")
    if channels is not None and channels.rx_max > 1:
        sort = "combined" if channels.is_combined else "rx"
        count = min(channels.rx_max, max(2, len(facts.machine.cores_online)))
        return better(
            name,
            f"1 of {channels.rx_max}",
            "an AF_XDP feed would take the only queue",
            f"sudo ethtool -L {card.name} {sort} {count}",
        )
    if channels is None and not card.has_netlink:
        value = f"{in_use} in use"
        return not_known(name, why, f"pip install '{NETLINK_EXTRA}'", value=value)
    return better(name, "1, the card has no more", "an AF_XDP feed would take the only queue")


def check_spread(facts: Facts) -> Finding | None:
    """One queue is left out of the spreading of flows, for the feed."""
    name, card = "queues.spread", facts.card
    channels = card.channels
    if not card.is_physical or (channels is not None and channels.rx < 2):
        return None
    why = "other traffic in the feed's queue delays it"
    if card.spread_queues is None or channels is None:
        return not_told(facts, name, why)
    free = channels.rx - len(card.spread_queues)
    if free > 0:
        return good(name, f"{len(card.spread_queues)} of {channels.rx} queues", "one is kept free")
    # A feed opens the first queues.
    fix = f"sudo ethtool -X {card.name} start 1 equal {channels.rx - 1}"
    return better(name, f"all {channels.rx} queues", why, fix)


def check_steering(facts: Facts) -> Finding | None:
    """Rules can send the feed's packets to its own queue."""
    name, card = "queues.steering", facts.card
    if not card.is_physical:
        return None
    why = "rules send the feed's port to its own queue"
    switch = _switch(facts, "rx-ntuple-filter")
    if switch is None:
        return not_told(facts, name, why)
    if switch.is_on:
        return good(name, "ntuple rules on", why)
    if switch.is_changeable:
        return better(name, "ntuple rules off", why, f"sudo ethtool -K {card.name} ntuple on")
    return better(name, "the card has none", "the program has to sort every packet")


def check_rings(facts: Facts) -> Finding | None:
    """The receive ring is deep enough for a burst."""
    name, card = "queues.ring", facts.card
    if not card.is_physical:
        return None
    why = "what does not fit during a burst is lost"
    if card.rx_ring is None or card.rx_ring_max is None:
        return not_told(facts, name, why)
    wanted = min(card.rx_ring_max, _RING)
    value = f"{card.rx_ring} of {card.rx_ring_max}"
    if card.rx_ring >= wanted:
        return good(name, value, why)
    return better(name, value, why, f"sudo ethtool -G {card.name} rx {wanted}")


def check_gro(facts: Facts) -> Finding | None:
    """Packets are not held back to be merged with later ones."""
    name, card = "queues.gro", facts.card
    if card.is_loopback:
        return None
    why = "holds packets back to merge them; a feed gains nothing"
    merges = {each: _switch(facts, each) for each in ("rx-gro", "rx-gro-hw")}
    if merges["rx-gro"] is None:
        return not_told(facts, name, why)
    on = [each for each, switch in merges.items() if switch is not None and switch.is_on]
    if not on:
        return good(name, "off", "packets go up one by one, at once")
    changeable = [each for each in on if (switch := merges[each]) and switch.is_changeable]
    settings = " ".join(f"{each} off" for each in changeable)
    fix = f"sudo ethtool -K {card.name} {settings}" if changeable else None
    return better(name, f"{' and '.join(on)} on", why, fix)


def check_lro(facts: Facts) -> Finding | None:
    """The card does not merge packets; most drivers refuse XDP while it does."""
    name, card = "queues.lro", facts.card
    if card.is_loopback:
        return None
    switch = _switch(facts, "rx-lro")
    if switch is None:
        return not_told(facts, name, "most drivers refuse XDP with it")
    if not switch.is_on:
        return good(name, "off", "the card does not merge packets")
    fix = f"sudo ethtool -K {card.name} lro off" if switch.is_changeable else None
    return better(name, "on", "most drivers refuse XDP with it", fix)


def check_coalescing(facts: Facts) -> Finding | None:
    """The card interrupts at once."""
    name, card = "queues.coalescing", facts.card
    if not card.is_physical:
        return None
    waits = card.coalescing
    why = "the card waits this long before it interrupts"
    if waits is None:
        return not_told(facts, name, why)
    fix = f"sudo ethtool -C {card.name} adaptive-rx off rx-usecs 0"
    if waits.is_adaptive:
        return better(name, f"adaptive, now {waits.rx_usecs} us", why, fix)
    if waits.rx_usecs:
        return better(name, f"{waits.rx_usecs} us", why, fix)
    return good(name, "none", "the card interrupts at once")


def check_interrupts(facts: Facts) -> Finding | None:
    """Each receive interrupt has one core, which is not one that is isolated for a reader."""
    name, card, machine = "queues.interrupts", facts.card, facts.machine
    if not card.is_physical:
        return None
    why = "an interrupt that moves leaves its caches behind"
    if not card.interrupts:
        return not_known(name, why)
    numbers = [each.number for each in card.interrupts]
    cores = tuple(sorted({core for each in card.interrupts for core in each.cores}))
    value = f"{len(numbers)} on cores {format_cores(cores)}"
    if machine.has_irqbalance:
        return better(
            name, f"{value}, irqbalance runs", why, "sudo systemctl disable --now irqbalance"
        )
    isolated = set(machine.cores_isolated or ())
    near = tuple(machine.node_cores.get(card.numa_node or 0, machine.cores_online))
    homes = tuple(core for core in near if core not in isolated) or near
    loose = [each for each in card.interrupts if len(each.cores) != 1 or isolated & {*each.cores}]
    if not loose:
        return good(name, value, "each has its core")
    pins = "; ".join(
        f"echo {homes[k % len(homes)]} | sudo tee /proc/irq/{each.number}/smp_affinity_list"
        for k, each in enumerate(loose)
        if homes
    )
    said = f"{why}; and keep it off isolated cores" if isolated & set(cores) else why
    return better(name, value, said, pins or None)


def check_deferral(facts: Facts) -> Finding | None:
    """Interrupts stay off while somebody busy polls; whether a feed does, its configuration says."""
    name, card = "queues.deferral", facts.card
    if not card.is_physical:
        return None
    polls, timeout_ns = card.napi_defer_hard_irqs, card.gro_flush_timeout_ns
    if polls is None or timeout_ns is None:
        return not_known(name, "keeps interrupts out of a busy poller's way")
    folder = f"/sys/class/net/{card.name}"
    is_polled = bool(facts.machine.sysctl.get("net.core.busy_poll"))
    if polls and timeout_ns:
        value = f"{polls} polls, {timeout_ns / 1000:g} us"
        if is_polled:
            return good(name, value, "interrupts keep out of a busy poller's way")
        why = "right for a feed with afxdp.busy_poll_us; all other packets wait that long"
        return good(name, value, why)
    if not is_polled:
        return good(name, "off", "right while nobody busy polls")
    fix = (
        f"echo 2 | sudo tee {folder}/napi_defer_hard_irqs; "
        f"echo 200000 | sudo tee {folder}/gro_flush_timeout"
    )
    return better(name, "off", "interrupts disturb who busy polls", fix)


def _switch(facts: Facts, name: str) -> Switch | None:
    return None if facts.card.features is None else facts.card.features.get(name)


CHECKS: tuple[Check, ...] = (
    check_channels,
    check_spread,
    check_steering,
    check_rings,
    check_gro,
    check_lro,
    check_coalescing,
    check_interrupts,
    check_deferral,
)
