"""How the demonstration's feed receives: what to tell people of it, and what it can hold.

Told by the feed's own process, which has the receivers; everything here is what they say of
themselves, and why that is true.
"""

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
        kernel_copies: of each packet, by the kernel.
        known_by: how that number is known.
        window: packets that may be under way to it without loss.
    """

    receiver: str
    mode: str
    kernel_copies: int
    known_by: str
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
            kernel_copies=1,
            known_by="an ordinary UDP socket: the stack copies each datagram once, from its own "
            "buffer into the frame that recvmmsg was given",
            window=max(_LEAST, min(_MOST, receiver.buffer_bytes // (2 * _CHARGED_BYTES))),
        )
    if isinstance(receiver, XdpSource):
        opened = receiver.receiver
        return Reception(
            receiver="afxdp",
            mode=opened.mode,
            kernel_copies=opened.copies,
            known_by=_why(is_zero_copy=opened.is_zero_copy, is_native=opened.is_native),
            window=_CABLE_PACKETS,
        )
    raise BugError("the demonstration does not know this receiver", got=receiver.how)


def _why(*, is_zero_copy: bool, is_native: bool) -> str:
    if is_zero_copy:
        return (
            "the kernel's own answer, getsockopt(XDP_OPTIONS): zero-copy on every queue, so the "
            "card writes into the chunk that readers have mapped"
        )
    where = "runs the program in the driver" if is_native else "runs the program in the stack"
    return (
        f"the kernel's own answer: it {where}, and getsockopt(XDP_OPTIONS) says no zero-copy, so a "
        "packet is copied once, from the driver's page into the chunk that readers have mapped; "
        "passing it through the virtual cable stands for the wire and is not counted"
    )
