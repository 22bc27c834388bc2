"""Frames for tests, written field by field, and a slow oracle that says what is wanted of one."""

from __future__ import annotations

import socket
import struct

__all__ = ["GROUP", "HOST", "PORT", "SENDER", "chain", "oracle", "udp_frame"]

GROUP = "239.1.2.3"
HOST = "10.77.0.1"
SENDER = "10.77.0.2"
PORT = 7000

TAGS = (0x8100, 0x88A8)


def udp_frame(
    payload: bytes = b"payload",
    *,
    destination: str = HOST,
    port: int = PORT,
    sender: str = SENDER,
    sender_port: int = 4000,
    tags: tuple[int, ...] = (),
    options: bytes = b"",
    fragment: int = 0,
    protocol: int = 17,
    version: int = 4,
    udp_bytes: int | None = None,
    ip_bytes: int | None = None,
    checksum: int = 0,
    ethertype: int = 0x0800,
    padding: int = 0,
    mac: bytes = b"\x01\x00\x5e\x01\x02\x03",
) -> bytes:
    """Write an Ethernet frame; every field can be made wrong."""
    udp = struct.pack(
        ">HHHH",
        sender_port,
        port,
        8 + len(payload) if udp_bytes is None else udp_bytes,
        checksum,
    )
    body = udp + payload
    size = 20 + len(options) + len(body) if ip_bytes is None else ip_bytes
    words = 5 + len(options) // 4
    head = struct.pack(
        ">BBHHHBBH4s4s",
        version << 4 | words,
        0,
        size,
        1,
        fragment,
        64,
        protocol,
        0,
        socket.inet_aton(sender),
        socket.inet_aton(destination),
    )
    total = sum(struct.unpack(f">{len(head + options) // 2}H", head + options))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack(">H", ~total & 0xFFFF) + head[12:]
    ether = mac + b"\x02\x00\x00\x00\x00\x09"
    for tag in tags:
        ether += struct.pack(">HH", tag, 5)
    return ether + struct.pack(">H", ethertype) + head + options + body + bytes(padding)


def oracle(frame: bytes, flows: list[tuple[str, int, str | None]]) -> bool:
    """Say whether a frame belongs to one of the flows (address, port, sender)."""
    rest = frame
    if len(rest) < 14:
        return False
    kind, rest = int.from_bytes(rest[12:14], "big"), rest[14:]
    for _ in range(2):
        if kind in TAGS:
            if len(rest) < 4:
                return False
            kind, rest = int.from_bytes(rest[2:4], "big"), rest[4:]
    if kind != 0x0800 or len(rest) < 20 or rest[0] >> 4 != 4 or rest[9] != 17:
        return False
    if int.from_bytes(rest[6:8], "big") & 0x3FFF:
        return False
    head = (rest[0] & 15) * 4
    if head < 20 or len(rest) < head + 8:
        return False
    port = int.from_bytes(rest[head + 2 : head + 4], "big")
    return any(
        rest[16:20] == socket.inet_aton(address)
        and port == wanted
        and (sender is None or rest[12:16] == socket.inet_aton(sender))
        for address, wanted, sender in flows
    )


def chain(seed: int, index: int, size: int) -> bytes:
    """Make a payload that verifies itself: its number, then bytes that follow from it."""
    head = struct.pack("<II", seed, index)
    return (head + bytes((seed * 31 + index * 7 + i) & 0xFF for i in range(max(0, size - 8))))[
        : max(8, size)
    ]
