"""Card: the interface, its driver, and what that can do for XDP and time stamps.

Checks of queues, interrupts and offloads are in ``checks_queues``.
"""

from __future__ import annotations

from zerofeed.apps.doctor.facts import Facts
from zerofeed.apps.doctor.findings import Check, Finding, bad, better, good, not_known, not_told
from zerofeed.apps.doctor.system_files import format_cores

__all__ = [
    "CHECKS",
    "check_link",
    "check_metadata",
    "check_node",
    "check_program",
    "check_reverse_path",
    "check_timestamps",
    "check_xdp",
]

_LARGE_CHUNK_BYTES = 3500
"""What a packet may measure to fit a 4 KiB chunk of AF_XDP memory with its headroom."""
_CHUNK_BYTES = 1770
"""The same of a 2 KiB chunk, which a feed has when its configuration says nothing."""


def check_link(facts: Facts) -> Finding:
    """It is up, and its packets fit one chunk of AF_XDP memory."""
    name, card = "card.link", facts.card
    speed = "" if card.speed_mbps is None else f", {card.speed_mbps / 1000:g} Gbit/s"
    mtu = "" if card.mtu_bytes is None else f", MTU {card.mtu_bytes}"
    value = f"{card.driver or ('loopback' if card.is_loopback else '?')}{speed}{mtu}"
    if card.state is None:
        return not_known(name, "nothing arrives while it is down")
    if card.is_enabled is False:
        fix = f"sudo ip link set dev {card.name} up"
        return bad(name, f"{value}, down", "nothing arrives while it is down", fix)
    if card.state not in {"up", "unknown"}:
        return bad(name, f"{value}, no carrier", "the cable or the other end is missing")
    if card.mtu_bytes is not None and card.mtu_bytes > _LARGE_CHUNK_BYTES and not card.is_loopback:
        return better(
            name,
            value,
            "larger packets than AF_XDP takes in one piece",
            f"sudo ip link set dev {card.name} mtu 1500",
        )
    if card.mtu_bytes is not None and card.mtu_bytes > _CHUNK_BYTES and not card.is_loopback:
        why = "packets above 1770 bytes are cut unless the feed says memory.chunk_bytes = 4096"
        return better(name, value, why)
    return good(name, value, "up")


def check_xdp(facts: Facts) -> Finding:
    """A driver that hands packets over without a copy is best, any XDP is better than none."""
    name, abilities = "card.xdp", facts.card.abilities
    if facts.card.is_loopback:
        return better(name, "generic mode", "one copy a packet; enough for tests")
    if abilities is None:
        return not_told(facts, name, "whether AF_XDP works without a copy")
    if "xsk-zerocopy" in abilities.xdp:
        segments = ", several chunks" if (abilities.zero_copy_segments or 0) > 1 else ""
        return good(name, f"zero-copy{segments}", "the card writes into the feed's memory")
    if {"basic", "redirect"} <= abilities.xdp:
        return better(name, "native, with a copy", "one copy a packet; other drivers need none")
    return better(name, "generic mode", "one copy a packet, late in the stack")


def check_metadata(facts: Facts) -> Finding | None:
    """The driver gives its receive time to XDP programs."""
    name, abilities = "card.metadata", facts.card.abilities
    if facts.card.is_loopback:
        return None
    why = "the card's receive time beside each AF_XDP packet"
    if abilities is None:
        return not_told(facts, name, why)
    if "timestamp" in abilities.metadata:
        return good(name, ", ".join(sorted(abilities.metadata)), why)
    return better(name, "no receive time", "times come from the kernel's clock instead")


def check_program(facts: Facts) -> Finding:
    """Nobody else's XDP program is attached; a second one is refused."""
    name, program = "card.program", facts.card.xdp_program_id
    if program is None:
        return not_told(facts, name, "an interface has room for one XDP program")
    if program == 0:
        return good(name, "none attached", "the place is free")
    value = f"program {program} attached ({facts.card.xdp_mode or '?'})"
    return better(name, value, "a second one is refused", f"sudo bpftool prog show id {program}")


def check_timestamps(facts: Facts) -> Finding:
    """The card stamps arrivals by its own clock."""
    name, stamps = "card.timestamps", facts.card.timestamping
    if stamps is None:
        return not_told(facts, name, "when a packet was on the wire")
    if "hardware-receive" in stamps.modes:
        clock = "" if stamps.clock_idx is None else f", clock /dev/ptp{stamps.clock_idx}"
        return good(name, f"by the card{clock}", "exact to nanoseconds, before any queue")
    if "software-receive" in stamps.modes:
        return better(name, "by the kernel only", "stamped after the interrupt, not on the wire")
    return better(name, "none by the driver", "stamped when the stack gets to it")


def check_node(facts: Facts) -> Finding | None:
    """The feed may run on the cores that are next to the card."""
    name, card, machine = "card.node", facts.card, facts.machine
    if not card.is_physical:
        return None
    why = "memory of another node costs some 100 ns a miss"
    if len(machine.node_cores) == 1:
        return good(name, "the only one", "every core is next to the card")
    if card.numa_node is None or card.numa_node < 0 or not machine.node_cores:
        return not_known(name, why)
    near = tuple(machine.node_cores.get(card.numa_node, ()))
    pin = f"numactl --cpunodebind={card.numa_node} --membind={card.numa_node} zerofeed run CONFIG"
    value = f"node {card.numa_node}, cores {format_cores(near)}"
    allowed = set(machine.cores_allowed)
    if not allowed & set(near):
        return bad(name, f"{value}; none allowed here", why, pin)
    if not allowed <= set(near):
        return better(name, value, f"{why}; this process may run elsewhere", pin)
    return good(name, value, "this process stays there")


def check_reverse_path(facts: Facts) -> Finding:
    """Multicast whose sender is routed elsewhere is not dropped."""
    name, card = "card.rp-filter", facts.card
    if card.rp_filter is None:
        return not_known(name, "strict filtering drops multicast without a word")
    if card.rp_filter != 1:
        value = "off" if card.rp_filter == 0 else "loose"
        return good(name, value, "packets are not dropped for their sender's route")
    fix = f"sudo sysctl -w net.ipv4.conf.{card.name.replace('.', '/')}.rp_filter=2"
    if card.is_on_default_route:
        return better(name, "strict", "drops senders that are routed by another card", fix)
    return bad(name, "strict", "drops multicast from senders beyond this network", fix)


CHECKS: tuple[Check, ...] = (
    check_link,
    check_xdp,
    check_metadata,
    check_program,
    check_timestamps,
    check_node,
    check_reverse_path,
)
