"""How the demonstration's feed receives, and what it can hold, told by the process that has the receivers."""

from __future__ import annotations

from dataclasses import dataclass

from zerofeed.base.errors import BugError
from zerofeed.wire.receiver import Receiver
from zerofeed.wire.udp import UdpReceiver
from zerofeed.wire.xdp.source import XdpSource

__all__ = ["Reception", "reception_of"]

_CHARGED_BYTES = 2304
"""What the kernel charges a socket for one datagram of up to about 1.5 KiB."""
_LEAST, _MOST = 16, 4096
_CABLE_PACKETS = 192
"""An end of a veth pair queues 256 packets and drops what is more, unseen by the receiver."""


@dataclass(frozen=True, slots=True)
class Reception:
    """What is true of the first receiver of a feed.

    Attributes:
        receiver: ``udp`` or ``afxdp``.
        mode: of the receiver, in words.
        window: packets that may be under way to it without loss.
    """

    receiver: str
    mode: str
    window: int


def reception_of(receiver: Receiver) -> Reception:
    """Describe a receiver.

    Args:
        receiver: open, the first of the feed's.

    Raises:
        BugError: it is of a kind that the demonstration does not have.
    """
    if isinstance(receiver, UdpReceiver):
        return Reception(
            receiver="udp",
            mode="socket",
            window=max(_LEAST, min(_MOST, receiver.buffer_bytes // (2 * _CHARGED_BYTES))),
        )
    if isinstance(receiver, XdpSource):
        opened = receiver.receiver
        return Reception(
            receiver="afxdp",
            mode=opened.mode,
            window=_CABLE_PACKETS,
        )
    raise BugError("the demonstration does not know this receiver", got=receiver.how)
