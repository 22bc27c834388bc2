"""Write captures: pcap with nanoseconds, or pcapng.

For tests, and to hand frames of a feed to Wireshark. Little-endian, one interface, times in
nanoseconds. ``CaptureWriter.write_udp`` builds a whole Ethernet frame around a payload with
correct lengths and checksums; addresses of the link layer are made up (multicast groups get
the one that belongs to them).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO, Literal, Self

from zerofeed.base.errors import BugError

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["CaptureWriter", "udp_frame"]

_SNAP_BYTES = 262_144
_ETHERNET = 1


class CaptureWriter:
    """Writes packets to a binary file that it does not own.

    Args:
        file: open for writing; closed by the caller, or at the end of a ``with`` block.
        form: ``pcapng`` or ``pcap``.
        link: link type of the frames, 1 for Ethernet.
        name: pcapng: name of the interface.
    """

    def __init__(
        self,
        file: BinaryIO,
        form: Literal["pcap", "pcapng"] = "pcapng",
        *,
        link: int = _ETHERNET,
        name: str = "zerofeed",
    ) -> None:
        self._file = file
        self._form = form
        self.packets = 0
        """Packets written."""
        if form == "pcap":
            file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, _SNAP_BYTES, link))
        else:
            self._write_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
            options = _option(2, name.encode()) + _option(9, b"\x09") + _option(0, b"")
            self._write_block(1, struct.pack("<HHI", link, 0, _SNAP_BYTES) + options)

    def write_frame(
        self, ts_ns: int, frame: bytes | memoryview, wire_bytes: int | None = None
    ) -> None:
        """Write one link-layer frame.

        Args:
            ts_ns: ns since the Unix epoch, not negative; a pcap file ends in February 2106.
            frame: its stored bytes.
            wire_bytes: its length on the wire, where that was more.

        Raises:
            BugError: the time does not fit the format.
        """
        wire = len(frame) if wire_bytes is None else wire_bytes
        limit = 2**32 * 1_000_000_000 if self._form == "pcap" else 2**63
        if not 0 <= ts_ns < limit:
            msg = "the time does not fit the format"
            raise BugError(msg, where=self._form, expected=f"0 to {limit}", got=ts_ns)
        if self._form == "pcap":
            seconds, rest = divmod(ts_ns, 1_000_000_000)
            self._file.write(struct.pack("<IIII", seconds, rest, len(frame), wire))
            self._file.write(frame)
        else:
            head = struct.pack("<IIIII", 0, ts_ns >> 32, ts_ns & 0xFFFFFFFF, len(frame), wire)
            self._write_block(6, head + frame + bytes(-len(frame) % 4))
        self.packets += 1

    def write_udp(
        self,
        ts_ns: int,
        payload: bytes | memoryview,
        *,
        source: tuple[int, int],
        destination: tuple[int, int],
    ) -> None:
        """Write a payload as an Ethernet frame with IPv4 and UDP headers.

        Args:
            ts_ns: ns since the Unix epoch.
            payload: at most 65507 bytes.
            source: (IPv4 as a number, port).
            destination: the same.
        """
        self.write_frame(ts_ns, udp_frame(payload, source=source, destination=destination))

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._file.close()

    def _write_block(self, kind: int, body: bytes) -> None:
        length = 12 + len(body)
        self._file.write(struct.pack("<II", kind, length) + body + struct.pack("<I", length))


def udp_frame(
    payload: bytes | memoryview, *, source: tuple[int, int], destination: tuple[int, int]
) -> bytes:
    """Build an Ethernet frame around a UDP payload.

    Args:
        payload: at most 65507 bytes.
        source: (IPv4 as a number, port).
        destination: the same.

    Returns:
        The frame, without padding and frame check sequence.

    Raises:
        BugError: the payload is too long.
    """
    payload = bytes(payload)
    length = 8 + len(payload)
    if length + 20 > 0xFFFF:
        msg = "the payload is too long for UDP"
        raise BugError(msg, expected="at most 65507 bytes", got=len(payload))
    (from_ip, from_port), (to_ip, to_port) = source, destination
    addresses = struct.pack(">II", from_ip, to_ip)
    udp = struct.pack(">HHHH", from_port, to_port, length, 0)
    checksum = _checksum(addresses + struct.pack(">HH", 17, length) + udp + payload)
    udp = struct.pack(">HHHH", from_port, to_port, length, checksum or 0xFFFF)  # RFC 768
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + length, 0, 0x4000, 1, 17, 0)
    ip = ip[:10] + struct.pack(">H", _checksum(ip + addresses)) + addresses
    if to_ip >> 28 == 0xE:  # RFC 1112: the low 23 bits of the group
        to_mac = b"\x01\x00\x5e" + (to_ip & 0x7FFFFF).to_bytes(3, "big")
    else:
        to_mac = b"\x02\x00" + to_ip.to_bytes(4, "big")
    return to_mac + b"\x02\x00" + from_ip.to_bytes(4, "big") + b"\x08\x00" + ip + udp + payload


def _checksum(data: bytes) -> int:
    """Compute the Internet checksum (RFC 1071)."""
    data += bytes(len(data) % 2)
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)
