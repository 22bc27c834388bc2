"""Network interfaces and IPv4 addresses by the names that people give them.

A configuration may say ``eth0`` or the address of eth0; sockets want an index. Both are
resolved here once, with an error that lists what the machine has. IPv4 only: no venue that
zerofeed speaks to multicasts over IPv6, and the reader of captures is separate.
"""

from __future__ import annotations

import array
import fcntl
import ipaddress
import socket
import struct
from dataclasses import dataclass

from zerofeed.base.errors import ConfigurationError, ReceiverError

__all__ = ["Interface", "find_interface", "is_multicast", "parse_ipv4", "parse_port"]

_SIOCGIFCONF = 0x8912
_IFREQ_BYTES = 40


@dataclass(frozen=True, slots=True)
class Interface:
    """One network interface."""

    name: str
    index: int
    """What the kernel calls it."""


def find_interface(name_or_address: str) -> Interface:
    """Find an interface by its name or by one of its IPv4 addresses.

    Args:
        name_or_address: ``eth0`` or ``192.0.2.2``.

    Returns:
        The interface.

    Raises:
        ReceiverError: the machine has none of that name or address.
    """
    try:
        return Interface(name_or_address, socket.if_nametoindex(name_or_address))
    except OSError:
        pass
    known = _addresses()
    for name, address in known:
        if address == name_or_address:
            return Interface(name, socket.if_nametoindex(name))
    having = dict.fromkeys(name for _, name in socket.if_nameindex())
    seen = [f"{n} ({', '.join(a for m, a in known if m == n) or 'no address'})" for n in having]
    msg = "no such network interface"
    raise ReceiverError(
        msg,
        where=name_or_address,
        expected=f"one of {', '.join(seen)}",
        next_step="name an interface or one of its addresses; `ip -br address` lists them",
    )


def parse_ipv4(text: str) -> int:
    """Turn dotted text into the address as a number, a<<24|b<<16|c<<8|d.

    Raises:
        ConfigurationError: not an IPv4 address.
    """
    try:
        return int(ipaddress.IPv4Address(text))
    except ValueError as error:
        msg = "not an IPv4 address"
        raise ConfigurationError(
            msg, expected="four numbers such as 239.1.2.3", got=repr(text)
        ) from error


def parse_port(port: int) -> int:
    """Check a UDP port.

    Raises:
        ConfigurationError: outside 0 to 65535.
    """
    if not 0 <= port <= 65_535:
        msg = "not a UDP port"
        raise ConfigurationError(msg, expected="0 to 65535", got=port)
    return port


def is_multicast(address: int) -> bool:
    """Say whether an address as a number is a multicast group (224.0.0.0/4)."""
    return address >> 28 == 0xE


def _addresses() -> list[tuple[str, str]]:
    """List (interface, IPv4 address) of this network namespace."""
    room = 128
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        while True:
            buffer = array.array("B", bytes(room * _IFREQ_BYTES))
            address, size = buffer.buffer_info()
            request = struct.pack("iP", size, address)
            filled = struct.unpack("iP", fcntl.ioctl(probe, _SIOCGIFCONF, request))[0]
            if filled < size:  # a full buffer may have been too small
                break
            room *= 2
    found = []
    for at in range(0, filled, _IFREQ_BYTES):
        row = buffer[at : at + _IFREQ_BYTES].tobytes()
        label = row[:16].split(b"\0", 1)[0].decode()
        # A second address may carry a label such as eth0:1; the interface is what precedes it.
        found.append((label.split(":", 1)[0], socket.inet_ntoa(row[20:24])))
    return found
