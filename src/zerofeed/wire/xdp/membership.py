"""Stay a member of multicast groups while somebody else takes their packets.

XDP takes packets before the stack sees them and knows nothing of groups. But it is the stack that
tells switches (IGMP) and the card's filter which groups this machine wants, and it does so for as long
as a socket is a member. These sockets are never bound and never receive anything.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterable

from zerofeed.base.errors import ReceiverError
from zerofeed.wire.xdp.flows import Flow

__all__ = ["join_groups"]

_MCAST_JOIN_SOURCE_GROUP = 46
_SOCKADDR_STORAGE_BYTES = 128


def join_groups(flows: Iterable[Flow], interface: str, interface_index: int) -> list[socket.socket]:
    """Join the groups of some flows on an interface.

    Args:
        flows: those that are not multicast are passed over; a group that several flows name is
            joined once, by sender where they name one.
        interface: its name, for errors.
        interface_index: of the interface.

    Returns:
        One socket a group; closing it leaves the group.

    Raises:
        ReceiverError: the system refuses.
    """
    wanted = dict.fromkeys((flow.address, flow.sender) for flow in flows if flow.is_multicast)
    sockets: list[socket.socket] = []
    try:
        for group, sender in wanted:
            # One each: a socket may be a member of 20 groups only (net.ipv4.igmp_max_memberships).
            member = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            sockets.append(member)
            _join(member, group, sender, interface, interface_index)
    except BaseException:
        for member in sockets:
            member.close()
        raise
    return sockets


def _join(
    member: socket.socket, group: str, sender: str | None, interface: str, index: int
) -> None:
    try:
        if sender is None:
            request = struct.pack("=4s4si", socket.inet_aton(group), bytes(4), index)
            member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
        else:
            request = struct.pack("@I4x", index) + _storage(group) + _storage(sender)
            member.setsockopt(socket.IPPROTO_IP, _MCAST_JOIN_SOURCE_GROUP, request)
    except OSError as error:
        code = error.errno or 0
        raise ReceiverError(
            "cannot join the group",
            where=f"{group} on {interface}",
            got=f"{errno.errorcode.get(code, '?')} ({os.strerror(code)})",
            next_step="the interface must be up and able to multicast; `ip link show` tells",
        ) from error


def _storage(address: str) -> bytes:
    """Write an address as a ``struct sockaddr_storage``."""
    head = struct.pack("=HH4s", socket.AF_INET, 0, socket.inet_aton(address))
    return head.ljust(_SOCKADDR_STORAGE_BYTES, b"\0")
