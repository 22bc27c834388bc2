"""The XDP program: which packets leave the ordinary stack, and when they arrived.

For each packet, before the stack has seen it::

    Ethernet ─▶ none, one or two VLAN tags ─▶ IPv4, no fragment, any options ─▶ UDP ─▶ a flow?
        │                                                                              │ yes
        └──────────────── anything else, or cut short: XDP_PASS ◀──── no ──────────────┤
                                                                                       ▼
                        queue's socket ◀── redirect ◀── arrival time in front of the packet

Fragments pass, because only the stack can put a datagram together; so does a packet for a queue
that has no socket. Checksums are not looked at: on loopback and virtual interfaces they are
legitimately partial, and cards check them.

**Arrival time.** The program reserves ``META_BYTES`` in front of the packet
(``bpf_xdp_adjust_meta``) and stores, in the machine's byte order:

======  ====  ==================================================================================
offset  size  meaning
======  ====  ==================================================================================
-24     8     time by the card's clock in ns, or 0 where there is none
-16     8     ``bpf_ktime_get_tai_ns``: CLOCK_TAI in ns when the program ran
-8      8     the value at -16, exclusive or ``META_MARK``
======  ====  ==================================================================================

CLOCK_TAI is CLOCK_REALTIME and a whole number of seconds (adjtimex(2)), which the receiving side
takes off again; of the clocks that a program may read it is the only one that follows
CLOCK_REALTIME, the clock of every other receive time. The mark tells whether the driver lets a
program write there: a descriptor does not say. A driver either always does or never, so where it
never does no chunk can hold a mark.

The card's time comes from the kernel function ``bpf_xdp_metadata_rx_timestamp``, which binds the
program to the device and so excludes SKB mode. It is the time of the card's own clock: compare it
with CLOCK_REALTIME only where ptp4l and phc2sys keep that clock.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence

from zerofeed.wire.interfaces import parse_ipv4
from zerofeed.wire.xdp import abi
from zerofeed.wire.xdp.assembler import Assembler
from zerofeed.wire.xdp.flows import Flow

__all__ = [
    "META_BYTES",
    "META_HARDWARE_AT",
    "META_MARK",
    "META_MARK_AT",
    "META_TAI_AT",
    "build_filter",
    "build_redirect",
]

META_BYTES = 24
META_HARDWARE_AT = -24
META_TAI_AT = -16
META_MARK_AT = -8
META_MARK = 0x7A65_726F_6665_6564
"""Any number that stray bytes are unlikely to hold."""

_ETHERNET_BYTES = 14
_VLAN_BYTES = 4
_IPV4_BYTES = 20
_IPV4_MOST_BYTES = 60
_OPTION_BYTES = 4
_UDP_BYTES = 8
_PROTOCOL_UDP = 17


def build_filter(
    flows: Sequence[Flow],
    map_fd: int,
    *,
    hardware_time_id: int | None = None,
    without_socket: int = abi.XDP_PASS,
) -> bytes:
    """Write the program that sends the packets of some flows to the sockets of a map.

    Args:
        flows: checked by ``flows.check_flows``.
        map_fd: XSKMAP, indexed by receive queue.
        hardware_time_id: BTF number of ``bpf_xdp_metadata_rx_timestamp``; None leaves it out.
        without_socket: verdict for a wanted packet whose queue has no socket.

    Returns:
        Instructions for ``bpf.load_program``.
    """
    a = Assembler()
    a.move(6, 1)
    a.load(2, 6, abi.MD_DATA, 4)
    a.load(3, 6, abi.MD_DATA_END, 4)
    _find_ipv4(a)
    _find_udp(a)
    _match(a, flows)
    a.label("pass")
    a.number(0, abi.XDP_PASS)
    a.exit()
    a.label("wanted")
    _stamp(a, hardware_time_id)
    a.label("redirect")
    a.map(1, map_fd)
    a.load(2, 6, abi.MD_RX_QUEUE_INDEX, 4)
    a.number(3, without_socket)
    a.call(abi.HELPER_REDIRECT_MAP)
    a.exit()
    return a.assemble()


def build_redirect(interface_index: int) -> bytes:
    """Write the program that sends every packet out of an interface; for a load generator.

    Args:
        interface_index: where to.

    Returns:
        Instructions; run them with ``bpf.run_live_frames``.
    """
    a = Assembler()
    a.number(1, interface_index)
    a.number(2, 0)
    a.call(abi.HELPER_REDIRECT)
    a.exit()
    return a.assemble()


def _find_ipv4(a: Assembler) -> None:
    """Let register 5 point at the IPv4 header, over at most two VLAN tags; 2 packet, 3 its end."""
    a.move(5, 2)
    _need(a, 5, _ETHERNET_BYTES)
    a.load(4, 2, 12, 2)
    a.compute(5, "+", _ETHERNET_BYTES)
    for _ in range(2):
        done = f"untagged {_}"
        tagged = f"tagged {_}"
        a.jump_if(4, "==", socket.htons(0x8100), tagged)
        a.jump_if(4, "!=", socket.htons(0x88A8), done)
        a.label(tagged)
        _need(a, 5, _VLAN_BYTES)
        a.load(4, 5, 2, 2)
        a.compute(5, "+", _VLAN_BYTES)
        a.label(done)
    a.jump_if(4, "!=", socket.htons(0x0800), "pass")
    _need(a, 5, _IPV4_BYTES)


def _find_udp(a: Assembler) -> None:
    """Load destination, port and sender into registers 8, 9 and 7 if it is whole UDP."""
    a.load(0, 5, 0, 1)
    a.move(1, 0)
    a.compute(1, ">>", 4)
    a.jump_if(1, "!=", 4, "pass")
    a.load(1, 5, 9, 1)
    a.jump_if(1, "!=", _PROTOCOL_UDP, "pass")
    a.load(1, 5, 6, 2)
    a.compute(1, "&", socket.htons(0x3FFF))  # more fragments, or an offset
    a.jump_if(1, "!=", 0, "pass")
    a.load(8, 5, 16, 4)
    a.load(7, 5, 12, 4)
    a.compute(0, "&", 15)
    a.compute(0, "<<", 2)
    a.jump_if(0, "<", _IPV4_BYTES, "pass")
    # Constants only: without CAP_PERFMON the kernel refuses to add a number of the packet's own.
    a.compute(5, "+", _IPV4_BYTES)
    for more in range(_IPV4_BYTES + _OPTION_BYTES, _IPV4_MOST_BYTES + 1, _OPTION_BYTES):
        a.jump_if(0, "<", more, "udp")
        a.compute(5, "+", _OPTION_BYTES)
    a.label("udp")
    _need(a, 5, _UDP_BYTES)
    a.load(9, 5, 2, 2)


def _match(a: Assembler, flows: Sequence[Flow]) -> None:
    """Jump to ``wanted`` if register 8, 9 and 7 are those of a flow; fall through if not."""
    for number, flow in enumerate(flows):
        following = f"after flow {number}"
        a.jump_if(8, "!=", socket.htonl(parse_ipv4(flow.address)), following)
        if flow.sender is not None:
            a.jump_if(7, "!=", socket.htonl(parse_ipv4(flow.sender)), following)
        a.jump_if(9, "==", socket.htons(flow.port), "wanted")
        a.label(following)


def _stamp(a: Assembler, hardware_time_id: int | None) -> None:
    """Write the arrival times in front of the packet, where the driver allows it."""
    a.store_number(10, -8, 0, 8)
    if hardware_time_id is not None:
        a.move(1, 6)
        a.move(2, 10)
        a.compute(2, "+", -8)
        a.call_kernel_function(hardware_time_id)
        a.jump_if(0, "==", 0, "has hardware time")
        a.store_number(10, -8, 0, 8)
        a.label("has hardware time")
    a.call(abi.HELPER_KTIME_GET_TAI_NS)
    a.move(7, 0)
    a.move(1, 6)
    a.number(2, -META_BYTES)
    a.call(abi.HELPER_XDP_ADJUST_META)
    a.jump_if(0, "!=", 0, "redirect")
    a.load(1, 6, abi.MD_DATA_META, 4)
    a.load(2, 6, abi.MD_DATA, 4)
    a.move(3, 1)
    a.compute(3, "+", META_BYTES)
    a.jump_if_register(3, ">", 2, "redirect")
    a.load(4, 10, -8, 8)
    a.store(1, META_BYTES + META_HARDWARE_AT, 4, 8)
    a.store(1, META_BYTES + META_TAI_AT, 7, 8)
    a.wide_number(4, META_MARK)
    a.compute_with(7, "^", 4)
    a.store(1, META_BYTES + META_MARK_AT, 7, 8)


def _need(a: Assembler, pointer: int, count: int) -> None:
    """Pass the packet unless it has so many more bytes; the verifier asks for this very shape."""
    a.move(1, pointer)
    a.compute(1, "+", count)
    a.jump_if_register(1, ">", 3, "pass")
