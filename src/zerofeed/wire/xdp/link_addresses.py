"""Which Ethernet address a packet must be sent to, and from which: what the stack would know.

AF_XDP sends whole frames, so the sender has to look up what a socket never sees: the interface's own
addresses and MTU, the neighbour table, the route to another network.
"""

from __future__ import annotations

import fcntl
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

from zerofeed.base.errors import ConfigurationError, ReceiverError
from zerofeed.wire.interfaces import is_multicast, parse_ipv4

__all__ = ["LinkAddresses", "multicast_mac", "neighbour_mac", "parse_mac", "read_link"]

_SIOCGIFADDR = 0x8915
_SIOCGIFMTU = 0x8921
_SIOCGIFHWADDR = 0x8927
_NET = Path("/proc/thread-self/net")
_COMPLETE = 0x2
_IS_GATEWAY = 0x2


@dataclass(frozen=True, slots=True)
class LinkAddresses:
    """An interface as a sender sees it.

    Attributes:
        mac: its Ethernet address as a number, first byte highest.
        address: its first IPv4 address as a number, or 0.
        mtu: longest IPv4 packet in bytes.
    """

    mac: int
    address: int
    mtu: int


def read_link(interface: str) -> LinkAddresses:
    """Read an interface's addresses and MTU.

    Args:
        interface: its name.

    Raises:
        ReceiverError: there is none of that name.
    """
    request = struct.pack("16s24x", interface.encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            hardware = fcntl.ioctl(probe, _SIOCGIFHWADDR, request)[18:24]
            mtu = struct.unpack_from("i", fcntl.ioctl(probe, _SIOCGIFMTU, request), 16)[0]
        except OSError as error:
            raise ReceiverError(
                "no such network interface", where=interface, got=str(error.strerror)
            ) from error
        try:
            address = int.from_bytes(fcntl.ioctl(probe, _SIOCGIFADDR, request)[20:24], "big")
        except OSError:
            address = 0
    return LinkAddresses(int.from_bytes(hardware, "big"), address, mtu)


def multicast_mac(address: int) -> int:
    """Give the Ethernet address of an IPv4 group (RFC 1112): 01-00-5e and its low 23 bits.

    Args:
        address: the group as a number.
    """
    return 0x0100_5E00_0000 | address & 0x7F_FFFF


def parse_mac(text: str) -> int:
    """Read ``aa:bb:cc:dd:ee:ff``.

    Raises:
        ConfigurationError: it is no Ethernet address.
    """
    parts = text.split(":")
    try:
        numbers = [int(part, 16) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) != 6 or not all(0 <= number <= 255 for number in numbers):
        raise ConfigurationError(
            "not an Ethernet address", expected="six bytes such as 02:00:00:12:34:56", got=text
        )
    return int.from_bytes(bytes(numbers), "big")


def neighbour_mac(address: str, interface: str, *, folder: Path = _NET) -> int:
    """Find where packets to an address must be sent on an interface.

    Groups by rule; hosts from the neighbour table, by way of the gateway if the route has one. Asks
    nobody: an address that the stack has not talked to lately is not in the table.

    Args:
        address: IPv4 in dotted text.
        interface: name of the interface.
        folder: where ``arp`` and ``route`` are.

    Returns:
        The Ethernet address as a number.

    Raises:
        ReceiverError: the table does not have it.
    """
    number = parse_ipv4(address)
    if is_multicast(number):
        return multicast_mac(number)
    hop = _next_hop(number, interface, folder / "route")
    for line in (folder / "arp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if (
            parse_ipv4(fields[0]) == hop
            and fields[5] == interface
            and int(fields[2], 16) & _COMPLETE
        ):
            return parse_mac(fields[3])
    dotted = socket.inet_ntoa(hop.to_bytes(4, "big"))
    raise ReceiverError(
        "the Ethernet address is not known",
        where=f"{address} by way of {dotted} on {interface}",
        next_step=f"`ping -c1 {dotted}` makes the system learn it; or give the Ethernet address "
        "(destination_mac, or --destination-mac on the command line)",
    )


def _next_hop(address: int, interface: str, routes: Path) -> int:
    """Give the gateway of the most specific route of an interface, or the address itself."""
    best_mask = -1
    hop = address
    for line in routes.read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        # Numbers of this file are hexadecimal in the machine's (little-endian) order.
        network, gateway, mask = (socket.ntohl(int(fields[at], 16)) for at in (1, 2, 7))
        if fields[0] != interface or address & mask != network or mask <= best_mask:
            continue
        best_mask = mask
        hop = gateway if int(fields[3], 16) & _IS_GATEWAY else address
    return hop
