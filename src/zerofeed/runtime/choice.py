"""Which kind of receiver a feed's sources get: what the configuration asks for, and what can be.

``feed.receiver`` says ``udp``, ``afxdp`` or ``auto``. AF_XDP has to be decided on before anything is
open, because the arena is its packet memory and must have the size for it. So there are two steps:
:func:`choose` looks at the configuration and the rights of this process; opening then shows
whether the interface plays along. With ``auto`` both may end in UDP, and the reason is one line of
the log.

``auto`` takes AF_XDP only where it is better than a socket: with a driver that runs the program itself.
In SKB mode the kernel has already built what a socket would get.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zerofeed.base.errors import ConfigurationError, ReceiverError
from zerofeed.runtime.config import FeedConfig
from zerofeed.wire.interfaces import find_interface, is_multicast, parse_ipv4
from zerofeed.wire.xdp.channels import count_queues
from zerofeed.wire.xdp.layout import LEAST_BATCH, ArenaPlan

__all__ = ["Choice", "choose", "plan_arena"]

_CHUNK_BYTES = (2048, 4096)
_NEEDED = {12: "CAP_NET_ADMIN", 13: "CAP_NET_RAW", 39: "CAP_BPF"}
_CAP_SYS_ADMIN = 21
_LOOPBACK = "lo"


@dataclass(frozen=True, slots=True)
class Choice:
    """What will be tried.

    Attributes:
        tries_afxdp: AF_XDP first; the feed's memory is made for it.
        interface: on this interface; empty without AF_XDP.
        why_not: why AF_XDP is not tried, for the log; empty when nobody asked for it.
    """

    tries_afxdp: bool
    interface: str = ""
    why_not: str = ""


def choose(config: FeedConfig, capabilities: int | None = None) -> Choice:
    """Decide what to try.

    Args:
        config: of the feed.
        capabilities: effective capabilities as a bit mask; default: this process's.

    Raises:
        ConfigurationError: ``receiver = "afxdp"`` with sources or sizes that it cannot have.
        ReceiverError: ``receiver = "afxdp"`` without the rights.
    """
    asked = config.feed.receiver
    live = [source for source in config.source if source.kind == "udp"]
    if asked == "udp" or not live:
        return Choice(tries_afxdp=False)
    why_not, interface = _obstacle(config)
    if why_not:
        if asked == "afxdp":
            raise ConfigurationError(
                f'receiver = "afxdp" is not possible: {why_not}',
                where=f"feed {config.feed.name}",
                next_step='change that, or leave the choice to receiver = "auto"',
            )
        return Choice(tries_afxdp=False, why_not=why_not)
    missing = _missing_rights(_own_capabilities() if capabilities is None else capabilities)
    if missing:
        if asked == "afxdp":
            raise ReceiverError(
                "AF_XDP needs rights that this process does not have",
                where=interface,
                expected=", ".join(_NEEDED.values()),
                got=f"without {missing}",
                next_step="run as root, or as the service of deploy/ does",
            )
        return Choice(tries_afxdp=False, why_not=f"this process has no {missing}")
    return Choice(tries_afxdp=True, interface=interface)


def plan_arena(config: FeedConfig, interface: str) -> ArenaPlan:
    """Divide the arena for AF_XDP: a chunk for each frame kept, and those of the queues."""
    return ArenaPlan(
        slots=config.memory.frames,
        queues=config.afxdp.queues or count_queues(interface),
        chunks_per_queue=config.afxdp.chunks_per_queue,
        chunk_bytes=config.memory.chunk_bytes,
        gather_bytes=config.afxdp.jumbo_bytes,
    )


def _obstacle(config: FeedConfig) -> tuple[str, str]:
    """Find what in the configuration stands against AF_XDP, or the interface it would be on."""
    if any(source.kind == "capture" for source in config.source):
        return "a capture is a source as well", ""
    if config.afxdp.mode == "skb" and config.feed.receiver == "auto":
        return 'afxdp.mode is "skb", which "auto" passes over', ""
    if any(source.role == "replay" for source in config.source):
        return "a replay asks by a UDP socket", ""
    names = set()
    for source in config.source:
        if source.group is None or source.group == "0.0.0.0":  # noqa: S104 - compared only
            return "it needs an exact destination, not 0.0.0.0", ""
        given = source.interface
        if given is None and is_multicast(parse_ipv4(source.group)):
            return f"source {source.group}:{source.port} does not name its interface", ""
        try:
            names.add(find_interface(given or source.group).name)
        except ReceiverError as error:
            return f"{error.where}: {error.what}", ""
    if len(names) > 1:
        return f"the sources are on several interfaces ({', '.join(sorted(names))})", ""
    interface = names.pop()
    if interface == _LOOPBACK and config.feed.receiver == "auto":
        return "the loopback interface has no driver", ""
    if config.memory.chunk_bytes not in _CHUNK_BYTES:
        return f"memory.chunk_bytes is {config.memory.chunk_bytes}, not 2048 or 4096", ""
    if config.worker.burst < LEAST_BATCH:
        return f"worker.burst is {config.worker.burst}, less than {LEAST_BATCH}", ""
    return "", interface


def _missing_rights(capabilities: int) -> str:
    if capabilities >> _CAP_SYS_ADMIN & 1 and capabilities >> 12 & 1 and capabilities >> 13 & 1:
        return ""
    return ", ".join(name for bit, name in _NEEDED.items() if not capabilities >> bit & 1)


def _own_capabilities() -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0
