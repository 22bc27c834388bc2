"""Facts about one interface: what ``/sys`` tells anybody, and what only its driver knows.

Which interface is meant, when nobody says, is the default route's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from zerofeed.apps.doctor.facts import Card, Interrupt
from zerofeed.apps.doctor.netlink import DriverQuestions, open_questions
from zerofeed.apps.doctor.system_files import SystemFiles
from zerofeed.base.errors import ConfigurationError, ReceiverError
from zerofeed.wire.interfaces import Interface, find_interface

__all__ = ["choose_interface", "default_interface", "gather_card"]

_NET = "sys/class/net"
_LOOPBACK = 772
"""ARPHRD_LOOPBACK, the type of lo."""
_RECEIVING = ("rx", "input", "comp")
"""Parts of the names that drivers give the interrupts of their receive queues."""
_IS_UP = 1
"""RTF_UP, IFF_UP."""


def choose_interface(wanted: str | None, files: SystemFiles) -> Interface:
    """Find the interface to look at.

    Args:
        wanted: its name or address; None for the default route's.
        files: the machine's.

    Raises:
        ConfigurationError: there is none of that name or address.
    """
    try:
        return find_interface(default_interface(files) if wanted is None else wanted)
    except ReceiverError as error:
        raise ConfigurationError(
            error.what, where=error.where, expected=error.expected, next_step=error.next_step
        ) from error


def default_interface(files: SystemFiles) -> str:
    """Name the interface of the default route, else the first card, else the loopback."""
    routes = [line.split() for line in files.lines("proc/net/route")[1:]]
    defaults = [
        (int(row[6]), row[0])
        for row in routes
        if len(row) > 7 and row[1] == row[7] == "00000000" and int(row[3], 16) & _IS_UP
    ]
    if defaults:
        return min(defaults)[1]
    cards = [name for name in files.names(_NET) if files.path(f"{_NET}/{name}/device").exists()]
    return cards[0] if cards else "lo"


def gather_card(
    files: SystemFiles,
    interface: Interface,
    *,
    ask: Callable[[str, int], DriverQuestions | None] = open_questions,
) -> Card:
    """Look at one interface.

    Args:
        files: the machine's ``/proc`` and ``/sys``.
        interface: which one.
        ask: opens the questions to its driver; None stands for no netlink.

    Returns:
        What is known; None where it is not.
    """
    name = interface.name
    folder = f"{_NET}/{name}"
    card = Card(
        name=name,
        index=interface.index,
        others=tuple(other for other in files.names(_NET) if other != name),
        is_loopback=files.number(f"{folder}/type") == _LOOPBACK,
        is_physical=files.path(f"{folder}/device").exists(),
        is_on_default_route=default_interface(files) == name,
        driver=files.link(f"{folder}/device/driver"),
        state=files.text(f"{folder}/operstate"),
        is_enabled=_is_enabled(files, folder),
        mtu_bytes=files.number(f"{folder}/mtu"),
        speed_mbps=_positive(files.number(f"{folder}/speed")),
        numa_node=_numa_node(files, folder),
        rx_queues=len(files.names(f"{folder}/queues", "rx-*")) or None,
        interrupts=_interrupts(files, folder, name),
        napi_defer_hard_irqs=files.number(f"{folder}/napi_defer_hard_irqs"),
        gro_flush_timeout_ns=files.number(f"{folder}/gro_flush_timeout"),
        rp_filter=_rp_filter(files, name),
        groups=_groups(files, name),
    )
    questions = ask(name, interface.index)
    if questions is None:
        return card
    with questions:
        return _with_answers(card, questions)


def _with_answers(card: Card, questions: DriverQuestions) -> Card:
    program, mode = questions.xdp_program() or (None, None)
    ring, ring_max = questions.rx_ring() or (None, None)
    return dataclasses.replace(
        card,
        has_netlink=True,
        driver=card.driver or questions.kind(),
        xdp_program_id=program,
        xdp_mode=mode,
        abilities=questions.abilities(),
        features=questions.features(),
        channels=questions.channels(),
        rx_ring=ring,
        rx_ring_max=ring_max,
        coalescing=questions.coalescing(),
        spread_queues=questions.spread_queues(),
        timestamping=questions.timestamping(),
    )


def _positive(number: int | None) -> int | None:
    return number if number is not None and number > 0 else None


def _is_enabled(files: SystemFiles, folder: str) -> bool | None:
    flags = files.text(f"{folder}/flags")
    return None if flags is None else bool(int(flags, 16) & _IS_UP)


def _numa_node(files: SystemFiles, folder: str) -> int | None:
    # A virtio device has its PCI function, which knows the node, one level above.
    for device in ("device", "device/.."):
        node = files.number(f"{folder}/{device}/numa_node")
        if node is not None:
            return node
    return None


def _interrupts(files: SystemFiles, folder: str, name: str) -> tuple[Interrupt, ...] | None:
    """List the card's interrupts that receive packets; all where their names do not tell."""
    numbers = files.names(f"{folder}/device/msi_irqs")
    if not numbers:
        numbers = files.names(f"{folder}/device/../msi_irqs")
    if not numbers:
        return None
    labels = {}
    for line in files.lines("proc/interrupts")[1:]:
        number, _, rest = line.partition(":")
        labels[number.strip()] = rest.split()[-1] if rest.split() else ""
    found = [
        Interrupt(
            number=int(number),
            name=labels[number],
            cores=files.cores(f"proc/irq/{number}/smp_affinity_list") or (),
        )
        for number in numbers
        if number in labels
    ]
    receiving = [
        each
        for each in found
        if any(word in each.name.lower() for word in _RECEIVING) or _is_queue(each.name, name)
    ]
    return tuple(receiving or found)


def _is_queue(label: str, name: str) -> bool:
    """Say whether an interrupt is named after a queue of the interface: ``eth0-3``."""
    tail = label.removeprefix(f"{name}-")
    return tail != label and tail.isdecimal()


def _rp_filter(files: SystemFiles, name: str) -> int | None:
    each = [files.number(f"proc/sys/net/ipv4/conf/{at}/rp_filter") for at in ("all", name)]
    known = [value for value in each if value is not None]
    return max(known) if known else None  # the kernel takes the larger one


def _groups(files: SystemFiles, name: str) -> int | None:
    """Count the multicast groups joined on an interface."""
    for line in files.lines("proc/net/igmp")[1:]:
        words = line.replace(":", " ").split()
        if not line.startswith("\t") and len(words) > 2 and words[1] == name:
            return int(words[2])
    return None
