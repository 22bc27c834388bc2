"""Ask an interface how many queues it receives on, and whether it is up (ethtool, ioctl)."""

from __future__ import annotations

import array
import fcntl
import socket
import struct

__all__ = ["count_queues", "is_up"]

_SIOCGIFFLAGS = 0x8913
_SIOCETHTOOL = 0x8946
_ETHTOOL_GCHANNELS = 0x3C
_IFF_UP = 1


def count_queues(interface: str) -> int:
    """Count the receive queues that an interface uses now.

    Args:
        interface: its name.

    Returns:
        Queues; 1 for a driver that does not say.
    """
    numbers = array.array("I", [_ETHTOOL_GCHANNELS, 0, 0, 0, 0, 0, 0, 0, 0])
    address, _ = numbers.buffer_info()
    request = struct.pack("16sP16x", interface.encode(), address)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            fcntl.ioctl(probe, _SIOCETHTOOL, request)
        except OSError:
            return 1
    # Command, four maxima, then in use: receive, transmit, other, combined.
    return max(1, numbers[5] + numbers[8])


def is_up(interface: str) -> bool:
    """Tell whether an interface is up.

    Args:
        interface: its name.

    Raises:
        OSError: there is none of that name.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        answer = fcntl.ioctl(probe, _SIOCGIFFLAGS, struct.pack("16sH22x", interface.encode(), 0))
    flags: int = struct.unpack("16sH22x", answer)[1]
    return bool(flags & _IFF_UP)
