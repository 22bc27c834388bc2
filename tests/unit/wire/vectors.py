"""Frames and capture files put together byte by byte, as their specifications say.

Nothing here uses the code under test, so that a mistake in it cannot cancel out.
"""

import ipaddress
import struct

__all__ = [
    "block",
    "enhanced",
    "ethernet",
    "interface",
    "ipv4",
    "ipv6",
    "obsolete",
    "option",
    "pcap",
    "section",
    "simple",
    "udp",
]

ETHERNET, RAW = 1, 101
IPV4, IPV6 = 0x0800, 0x86DD


def udp(payload: bytes, source: int = 1111, destination: int = 2222, length: int | None = None):
    """RFC 768; the checksum is absent."""
    size = 8 + len(payload) if length is None else length
    return struct.pack(">HHHH", source, destination, size, 0) + payload


def ipv4(
    content: bytes,
    source: str = "10.0.0.1",
    destination: str = "239.1.2.3",
    *,
    protocol: int = 17,
    options: bytes = b"",
    fragment: int = 0,
    total: int | None = None,
    version: int = 4,
    header_words: int | None = None,
):
    """RFC 791; the checksum is zero."""
    words = 5 + len(options) // 4 if header_words is None else header_words
    size = 20 + len(options) + len(content) if total is None else total
    return (
        struct.pack(">BBHHHBBH", version << 4 | words, 0, size, 7, fragment, 1, protocol, 0)
        + ipaddress.IPv4Address(source).packed
        + ipaddress.IPv4Address(destination).packed
        + options
        + content
    )


def ipv6(
    content: bytes,
    source: str = "fe80::a00:1",
    destination: str = "ff02::ef01:203",
    *,
    protocol: int = 17,
    length: int | None = None,
):
    """RFC 8200; extension headers are part of the content."""
    size = len(content) if length is None else length
    return (
        struct.pack(">IHBB", 6 << 28, size, protocol, 1)
        + ipaddress.IPv6Address(source).packed
        + ipaddress.IPv6Address(destination).packed
        + content
    )


def ethernet(content: bytes, ethertype: int = IPV4, tags: tuple[tuple[int, int], ...] = ()):
    """Addresses, VLAN tags as (ethertype, tag), ethertype, content."""
    head = bytes.fromhex("01005e010203 020000000001")
    for kind, tag in tags:
        head += struct.pack(">HH", kind, tag)
    return head + struct.pack(">H", ethertype) + content


def pcap(
    packets,
    *,
    order: str = "<",
    magic: int = 0xA1B2C3D4,
    link: int = ETHERNET,
    snap: int = 65535,
    version: int = 2,
    header: bytes = b"",
):
    """Classic pcap; each packet is (seconds, fraction, frame) or has its wire length fourth."""
    out = struct.pack(order + "IHHiIII", magic, version, 4, 0, 0, snap, link)
    for seconds, fraction, frame, *wire in packets:
        size = wire[0] if wire else len(frame)
        out += struct.pack(order + "IIII", seconds, fraction, len(frame), size) + header + frame
    return out


def block(kind: int, body: bytes, order: str = "<"):
    """One pcapng block; the body is padded to a multiple of four."""
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + size + body + size


def option(code: int, value: bytes, order: str = "<"):
    """One pcapng option."""
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order: str = "<", version: int = 1):
    """Section Header Block of unknown length."""
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, version, 0, -1), order)


def interface(
    link: int = ETHERNET,
    *,
    snap: int = 0,
    resolution: int | None = None,
    offset_s: int | None = None,
    order: str = "<",
    extra: bytes = b"",
):
    """Interface Description Block."""
    body = struct.pack(order + "HHI", link, 0, snap) + extra
    if resolution is not None:
        body += option(9, bytes([resolution]), order)
    if offset_s is not None:
        body += option(14, struct.pack(order + "q", offset_s), order)
    return block(1, body + option(0, b"", order), order)


def enhanced(
    units: int,
    frame: bytes,
    *,
    which: int = 0,
    wire: int | None = None,
    order: str = "<",
    options: bytes = b"",
):
    """Enhanced Packet Block."""
    head = struct.pack(
        order + "IIIII",
        which,
        units >> 32,
        units & 0xFFFFFFFF,
        len(frame),
        len(frame) if wire is None else wire,
    )
    return block(6, head + frame + bytes(-len(frame) % 4) + options, order)


def simple(frame: bytes, *, wire: int | None = None, order: str = "<"):
    """Simple Packet Block."""
    return block(3, struct.pack(order + "I", len(frame) if wire is None else wire) + frame, order)


def obsolete(units: int, frame: bytes, *, which: int = 0, order: str = "<"):
    """Packet Block of the first drafts, with a drop count after the interface."""
    head = struct.pack(
        order + "HHIIII", which, 3, units >> 32, units & 0xFFFFFFFF, len(frame), len(frame)
    )
    return block(2, head + frame, order)
