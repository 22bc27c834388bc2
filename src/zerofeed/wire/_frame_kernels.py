"""Find the UDP payload of a link-layer frame (kernels).

``locate_udp`` walks link header, VLAN tags, IPv4 or IPv6 and UDP of one frame that may have
been cut short by its capture, and stores where the payload lies. It returns *which kind of
frame it was* as a small number; ``FOUND`` is the only one with a payload. Every length is
compared with the end of the frame before the bytes behind it are read.

Checksums are not verified: on a loopback or virtual interface they are legitimately partial.

``found`` is an int64 scratch row:

====  ===============  ==================================================================
slot  name             meaning
====  ===============  ==================================================================
0     PAYLOAD_AT       offset of the first payload byte in ``data``
1     PAYLOAD_STORED   payload bytes that are there
2     PAYLOAD_WIRE     payload bytes that were on the wire (UDP length - 8)
3     SRC_IP           IPv4 as a number (a<<24|b<<16|c<<8|d); IPv6: its last four bytes
4     DST_IP           the same
5     SRC_PORT
6     DST_PORT
7     FRAME_FLAGS      bits ``FLAG_*``
====  ===============  ==================================================================
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import inlined, int64

__all__ = [
    "BAD_HEADER",
    "CUT_HEADER",
    "DST_IP",
    "DST_PORT",
    "FLAG_CUT",
    "FLAG_IPV6",
    "FLAG_UNTIMED",
    "FLAG_VLAN",
    "FOUND",
    "FOUND_SLOTS",
    "FRAGMENT",
    "FRAME_FLAGS",
    "LINK_ETHERNET",
    "LINK_IPV4",
    "LINK_IPV6",
    "LINK_LOOP",
    "LINK_NULL",
    "LINK_RAW",
    "LINK_RAW_BSD",
    "LINK_RAW_OPENBSD",
    "LINK_SLL",
    "LINK_SLL2",
    "NOT_IP",
    "NOT_UDP",
    "PAYLOAD_AT",
    "PAYLOAD_STORED",
    "PAYLOAD_WIRE",
    "SRC_IP",
    "SRC_PORT",
    "UNKNOWN_LINK",
    "be16",
    "be32",
    "locate_udp",
]

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.int64]

LINK_NULL = 0
LINK_ETHERNET = 1
LINK_RAW_BSD = 12
LINK_RAW_OPENBSD = 14
LINK_RAW = 101
LINK_LOOP = 108
LINK_SLL = 113
LINK_IPV4 = 228
LINK_IPV6 = 229
LINK_SLL2 = 276

FOUND = 0
UNKNOWN_LINK = 1
NOT_IP = 2
NOT_UDP = 3
FRAGMENT = 4
CUT_HEADER = 5
BAD_HEADER = 6

PAYLOAD_AT = 0
PAYLOAD_STORED = 1
PAYLOAD_WIRE = 2
SRC_IP = 3
DST_IP = 4
SRC_PORT = 5
DST_PORT = 6
FRAME_FLAGS = 7
FOUND_SLOTS = 8

FLAG_CUT = 1
FLAG_IPV6 = 2
FLAG_VLAN = 4
FLAG_UNTIMED = 8

_ETHERTYPE_IPV4 = 0x0800
_ETHERTYPE_IPV6 = 0x86DD
_PROTOCOL_UDP = 17
_MAX_EXTENSIONS = 16


@inlined
def be16(data: Bytes, at: int) -> int:
    """Big-endian u16 at any offset."""
    value: int = (int64(data[at]) << 8) | int64(data[at + 1])
    return value


@inlined
def be32(data: Bytes, at: int) -> int:
    """Big-endian u32 at any offset, never negative."""
    return (be16(data, at) << 16) | be16(data, at + 2)


@inlined
def _udp_payload(data: Bytes, at: int, end: int, rest: int, found: Words) -> int:
    """Read the UDP header at ``at``; ``rest`` is what IP says is left for UDP, header included."""
    if rest < 8:
        return BAD_HEADER
    if end - at < 8:
        return CUT_HEADER
    udp_bytes = be16(data, at + 4)
    if udp_bytes == 0:  # offload, or a jumbogram (RFC 2675)
        udp_bytes = rest
    if udp_bytes < 8 or udp_bytes > rest:
        return BAD_HEADER
    stored = min(udp_bytes, end - at)
    found[SRC_PORT] = be16(data, at)
    found[DST_PORT] = be16(data, at + 2)
    found[PAYLOAD_AT] = at + 8
    found[PAYLOAD_STORED] = stored - 8
    found[PAYLOAD_WIRE] = udp_bytes - 8
    if stored < udp_bytes:
        found[FRAME_FLAGS] |= FLAG_CUT
    return FOUND


@inlined
def _udp_of_ipv4(data: Bytes, at: int, end: int, found: Words) -> int:
    """Walk an IPv4 header (RFC 791) with its options."""
    if end - at < 20:
        return CUT_HEADER
    header_bytes = (int64(data[at]) & 15) * 4
    if int64(data[at]) >> 4 != 4 or header_bytes < 20:
        return BAD_HEADER
    if int64(data[at + 9]) != _PROTOCOL_UDP:
        return NOT_UDP
    if be16(data, at + 6) & 0x3FFF:  # more fragments, or a fragment offset
        return FRAGMENT
    total = be16(data, at + 2)
    if total == 0:  # left empty by segmentation offload: the frame is all there is to go by
        total = end - at
    found[SRC_IP] = be32(data, at + 12)
    found[DST_IP] = be32(data, at + 16)
    return _udp_payload(data, at + header_bytes, end, total - header_bytes, found)


@inlined
def _udp_of_ipv6(data: Bytes, at: int, end: int, found: Words) -> int:
    """Walk an IPv6 header (RFC 8200) and its extension headers."""
    if end - at < 40:
        return CUT_HEADER
    if int64(data[at]) >> 4 != 6:
        return BAD_HEADER
    rest = be16(data, at + 4)
    found[SRC_IP] = be32(data, at + 20)
    found[DST_IP] = be32(data, at + 36)
    found[FRAME_FLAGS] |= FLAG_IPV6
    protocol = int64(data[at + 6])
    at += 40
    if rest == 0:  # jumbogram or offload
        rest = end - at
    for _ in range(_MAX_EXTENSIONS):
        if protocol == _PROTOCOL_UDP:
            return _udp_payload(data, at, end, rest, found)
        # Hop-by-hop, routing, fragment and destination options; the rest are other protocols.
        if protocol != 0 and protocol != 43 and protocol != 44 and protocol != 60:
            return NOT_UDP
        if end - at < 8:
            return CUT_HEADER
        size = (int64(data[at + 1]) + 1) * 8
        if protocol == 44:
            size = 8
            if be16(data, at + 2) & 0xFFF9:  # an atomic fragment (RFC 6946) is whole
                if int64(data[at]) == _PROTOCOL_UDP:
                    return FRAGMENT
                return NOT_UDP
        protocol = int64(data[at])
        at += size
        rest -= size
        if at > end:
            return CUT_HEADER
    return BAD_HEADER


@inlined
def _ethertype_of_family(data: Bytes, at: int) -> int:
    """Turn the address family of a NULL or LOOP header into an EtherType, or 0.

    NULL stores it in the byte order of the capturing machine, LOOP in network order, and
    IPv6 has another number on every BSD. All of them are below 256, so one byte decides.
    """
    family = int64(data[at]) | int64(data[at + 3])
    if int64(data[at + 1]) | int64(data[at + 2]):
        return 0
    if family == 2:
        return _ETHERTYPE_IPV4
    if family == 10 or family == 24 or family == 28 or family == 30:
        return _ETHERTYPE_IPV6
    return 0


@inlined
def locate_udp(data: Bytes, at: int, end: int, link: int, found: Words) -> int:
    """Find the UDP payload of the frame ``data[at:end]``.

    Args:
        data: uint8 array, may be read-only.
        at: offset of the frame's first byte.
        end: offset behind its last stored byte; ``end <= data.size``.
        link: link type of the capture (``LINK_*``).
        found: int64 array of at least FOUND_SLOTS; written only as far as the walk came.

    Returns:
        FOUND and all slots written, or why there is no payload: UNKNOWN_LINK, NOT_IP,
        NOT_UDP, FRAGMENT (a piece of a datagram), CUT_HEADER (capture ended inside the
        headers), BAD_HEADER (lengths that contradict one another).
    """
    found[FRAME_FLAGS] = 0
    if link == LINK_ETHERNET:
        if end - at < 14:
            return CUT_HEADER
        ethertype = be16(data, at + 12)
        at += 14
    elif link == LINK_SLL:
        if end - at < 16:
            return CUT_HEADER
        ethertype = be16(data, at + 14)
        at += 16
    elif link == LINK_SLL2:
        if end - at < 20:
            return CUT_HEADER
        ethertype = be16(data, at)
        at += 20
    elif link == LINK_NULL or link == LINK_LOOP:
        if end - at < 4:
            return CUT_HEADER
        ethertype = _ethertype_of_family(data, at)
        at += 4
    elif (
        link == LINK_RAW
        or link == LINK_RAW_BSD
        or link == LINK_RAW_OPENBSD
        or link == LINK_IPV4
        or link == LINK_IPV6
    ):
        if end - at < 1:
            return CUT_HEADER
        ethertype = _ETHERTYPE_IPV6 if int64(data[at]) >> 4 == 6 else _ETHERTYPE_IPV4
    else:
        return UNKNOWN_LINK
    # 802.1Q, 802.1ad and the two numbers used for stacked tags before it.
    while ethertype == 0x8100 or ethertype == 0x88A8 or ethertype == 0x9100 or ethertype == 0x9200:
        if end - at < 4:
            return CUT_HEADER
        ethertype = be16(data, at + 2)
        at += 4
        found[FRAME_FLAGS] |= FLAG_VLAN
    if ethertype == _ETHERTYPE_IPV4:
        return _udp_of_ipv4(data, at, end, found)
    if ethertype == _ETHERTYPE_IPV6:
        return _udp_of_ipv6(data, at, end, found)
    return NOT_IP
