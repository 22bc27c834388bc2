"""What is known about a machine and one of its interfaces: plain values, no judgement.

None always means *not known*: the file is missing, the kernel is too old, the driver is silent
or the process may not ask. Checks must not take it for zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = [
    "NETLINK_EXTRA",
    "Capability",
    "Card",
    "Channels",
    "Coalescing",
    "Facts",
    "HugePages",
    "IdleState",
    "Interrupt",
    "Machine",
    "Switch",
    "Timestamping",
    "XdpAbilities",
]

NETLINK_EXTRA = "zerofeed[net]"
"""What pip installs so that drivers can be asked over netlink."""


class Capability:
    """Bits of a capability set (capability.h) that matter here."""

    NET_ADMIN = 1 << 12
    NET_RAW = 1 << 13
    IPC_LOCK = 1 << 14
    SYS_ADMIN = 1 << 21
    BPF = 1 << 39


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleState:
    """One idle state of the cores."""

    index: int
    name: str
    latency_us: int
    """Time to leave it."""
    is_disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HugePages:
    """The pool of one size of huge pages."""

    size_kib: int
    total: int
    free: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What all interfaces share."""

    release: str = ""
    """As ``uname -r`` says it."""
    architecture: str = ""
    kernel_config: Mapping[str, str] | None = None
    """Options the kernel was built with, without ``CONFIG_``; one that is off is absent."""
    has_btf: bool = False
    xdp_socket_errno: int | None = None
    """What ``socket(AF_XDP)`` answers this process: 0 or an errno."""
    capabilities: int | None = None
    """Effective capabilities, see :class:`Capability`."""
    is_initial_user_namespace: bool | None = None
    unprivileged_bpf_disabled: int | None = None
    seccomp_mode: int | None = None
    """0 none, 1 strict, 2 filter."""
    sysctl: Mapping[str, int] = field(default_factory=dict)
    """Numbers below ``net.core`` and others, by their dotted names; a missing one is not known."""
    cores_online: tuple[int, ...] = ()
    cores_allowed: tuple[int, ...] = ()
    cores_isolated: tuple[int, ...] | None = None
    cores_tickless: tuple[int, ...] | None = None
    """``nohz_full``."""
    boot_arguments: Mapping[str, str] | None = None
    """The kernel's command line, by argument."""
    thread_siblings: tuple[tuple[int, ...], ...] = ()
    """Groups of online hardware threads that share a core; only those with more than one."""
    governors: tuple[str, ...] | None = None
    """Distinct frequency governors of the cores; None without cpufreq."""
    idle_states: tuple[IdleState, ...] | None = None
    clock_source: str | None = None
    clock_sources: tuple[str, ...] = ()
    node_cores: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """Cores of each NUMA node."""
    huge_pages: tuple[HugePages, ...] | None = None
    transparent_huge_pages: str | None = None
    """``always``, ``madvise`` or ``never``."""
    memlock_bytes: int | None = None
    """Soft limit; -1 is unlimited."""
    swap_total_kib: int | None = None
    swap_used_kib: int | None = None
    memory_max_bytes: int | None = None
    """Of the control group; -1 is unlimited."""
    cpu_quota_cores: float | None = None
    """Of the control group, in cores; -1 is unlimited."""
    has_irqbalance: bool = False
    has_grubby: bool = False
    kernels_compiled: bool = True
    """False when ``NUMBA_DISABLE_JIT`` is set."""
    kernel_modules: int = 0
    """Modules of zerofeed that have kernels."""
    kernel_modules_cached: int = 0
    python: str = ""
    is_free_threaded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupt:
    """One interrupt of a card."""

    number: int
    name: str
    cores: tuple[int, ...]
    """Where it may arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One feature of an interface, as ``ethtool -k`` lists it."""

    is_on: bool
    is_changeable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """Receive queues in use, and at most."""

    rx: int
    rx_max: int
    is_combined: bool
    """Receive and transmit share their queues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coalescing:
    """How long a card waits before it interrupts."""

    rx_usecs: int
    is_adaptive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamping:
    """What an interface can time-stamp, by the kernel's names, and its clock."""

    modes: frozenset[str]
    clock_idx: int | None = None
    """``/dev/ptpN``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XdpAbilities:
    """What a driver says of itself through the kernel's netdev family (Linux 6.3)."""

    xdp: frozenset[str]
    """Of ``basic redirect ndo-xmit xsk-zerocopy hw-offload rx-sg ndo-xmit-sg``."""
    metadata: frozenset[str] = frozenset()
    """Of ``timestamp hash vlan-tag``."""
    zero_copy_segments: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One interface; with most fields None for one that has no hardware."""

    name: str
    index: int = 0
    others: tuple[str, ...] = ()
    """The machine's other interfaces."""
    is_loopback: bool = False
    is_physical: bool = False
    """It has a device behind it; false for lo, veth, bridges, bonds."""
    is_on_default_route: bool = False
    driver: str | None = None
    """Of the card, or the kind of a virtual interface."""
    state: str | None = None
    """``up``, ``down``, ``lowerlayerdown``, ``unknown`` (loopback)."""
    is_enabled: bool | None = None
    """Somebody has set it up; a cable or peer may still be missing."""
    mtu_bytes: int | None = None
    speed_mbps: int | None = None
    numa_node: int | None = None
    """-1: the platform gives none."""
    rx_queues: int | None = None
    interrupts: tuple[Interrupt, ...] | None = None
    napi_defer_hard_irqs: int | None = None
    gro_flush_timeout_ns: int | None = None
    rp_filter: int | None = None
    """The stricter of this interface's and all interfaces' setting."""
    groups: int | None = None
    """IPv4 multicast groups joined on it, by all programs."""
    has_netlink: bool = False
    """Netlink could be asked; without it everything below is None."""
    xdp_program_id: int | None = None
    """0: none is attached."""
    xdp_mode: str | None = None
    abilities: XdpAbilities | None = None
    features: Mapping[str, Switch] | None = None
    channels: Channels | None = None
    rx_ring: int | None = None
    """Descriptors."""
    rx_ring_max: int | None = None
    coalescing: Coalescing | None = None
    spread_queues: tuple[int, ...] | None = None
    """Receive queues that the card spreads flows over (RSS)."""
    timestamping: Timestamping | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the checks judge."""

    machine: Machine
    card: Card
