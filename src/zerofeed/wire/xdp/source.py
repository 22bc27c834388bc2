"""AF_XDP sources of a feed: one for each flow, all of them behind one ``XdpReceiver``.

An interface has one program and a socket for each of its queues, whatever the number of flows. So
the first source of a feed *leads*: it has the descriptors, and the block that lies behind it in the
feed's private memory is that of all queues. The others are there to be named.
"""

from __future__ import annotations

import socket
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zerofeed.feed.copies import ReceiverCopies
from zerofeed.feed.memory import FeedMemory
from zerofeed.wire.receiver import AF_XDP
from zerofeed.wire.xdp._xdp_kernels import recover_queues
from zerofeed.wire.xdp.channels import is_up
from zerofeed.wire.xdp.flows import FLOW_COLUMNS
from zerofeed.wire.xdp.layout import GEOMETRY_WORDS
from zerofeed.wire.xdp.receiver import XdpReceiver

__all__ = ["NO_ARRAYS", "XdpArrays", "XdpSource"]

_UP_AGAIN = "up again"


class XdpArrays(NamedTuple):
    """What ``receive_queue`` takes behind the queue's number, in its order."""

    rings: npt.NDArray[np.uint32]
    """Indices and flags of all rings."""
    ring_words: npt.NDArray[np.int64]
    """Entries of all rings."""
    geometry: npt.NDArray[np.int64]
    """Where each ring lies; a row for each queue."""
    blocks: npt.NDArray[np.int64]
    """Receive blocks; a row for each queue."""
    owners: npt.NDArray[np.int64]
    """The chunk of each slot."""
    flows: npt.NDArray[np.int64]
    """What is received, and which source that is."""


NO_ARRAYS = XdpArrays(
    np.zeros(1, np.uint32),
    np.zeros(1, np.int64),
    np.zeros((0, GEOMETRY_WORDS), np.int64),
    np.zeros((0, 1), np.int64),
    np.zeros(1, np.int64),
    np.zeros((0, FLOW_COLUMNS), np.int64),
)
"""For a feed that has no AF_XDP source."""


class XdpSource:
    """One flow.

    Args:
        receiver: of the interface.
        place: index of the flow, which is that of the source.
    """

    kind = AF_XDP

    def __init__(self, receiver: XdpReceiver, place: int) -> None:
        self.receiver = receiver
        self.flow = receiver.flows[place]
        self.leads = place == 0
        self._told = _UP_AGAIN

    @property
    def name(self) -> str:
        """Destination and port."""
        return f"{self.flow.address}:{self.flow.port}"

    @property
    def how(self) -> str:
        """How packets arrive, and how many copies that costs."""
        gathers = " but for packets longer than a chunk" if self.receiver.plan.gather_bytes else ""
        return f"AF_XDP on {self.receiver.interface}, {self.receiver.mode}, none in user space{gathers}"

    @property
    def clock(self) -> str:
        """Where arrival times come from."""
        if self.receiver.has_hardware_time:
            return "the card's own clock where it stamped the packet, else CLOCK_TAI as Unix time"
        return "CLOCK_TAI when the driver showed the packet to XDP, as Unix time"

    @property
    def arrays(self) -> XdpArrays:
        """What the compiled loop takes."""
        return XdpArrays(*self.receiver.tables, self.receiver.flow_table)

    def tell_copies(self) -> ReceiverCopies:
        """Say how often a packet is copied, by what the kernel says of the open sockets now."""
        asked = [each.is_zero_copy() for each in self.receiver.sockets]
        with_copy = sum(not is_zero_copy for is_zero_copy in asked)
        counts = self.receiver.counts()
        gathered = sum(count.gathered for count in counts)
        of_pieces = (
            f"; {gathered} of {sum(count.received for count in counts)} packets came in pieces, which "
            "the worker copied together"
            if gathered
            else ""
        )
        return ReceiverCopies(
            kind="xdp",
            source=self.name,
            mode=f"AF_XDP on {self.receiver.interface}, {self.receiver.mode}",
            kernel_copies=1 if with_copy else 0,
            user_copies=1 if gathered else 0,
            how_known=f"the zero-copy bit of XDP_OPTIONS is set for {len(asked) - with_copy} of the "
            f"{len(asked)} open sockets: without it the kernel copies each packet once{of_pieces}",
        )

    def filenos(self) -> list[int]:
        """Give the descriptor of each queue; none when another source leads."""
        return self.receiver.descriptors() if self.leads else []

    def take_over(self, block: npt.NDArray[np.int64], memory: FeedMemory, source: int) -> None:  # noqa: ARG002
        """Finish or forget the batch that a killed worker had begun."""
        if self.leads:
            recover_queues(*self.receiver.tables, memory.frame_ring.control)

    def tell(self, block: npt.NDArray[np.int64]) -> str | None:  # noqa: ARG002
        """Say that the interface went down, is gone, came back, or is another one; once each time."""
        if not self.leads:
            return None
        state = self._state_of_interface()
        if state == self._told:
            return None
        self._told = state
        return f"interface {self.receiver.interface} is {state}"

    def _state_of_interface(self) -> str:
        name = self.receiver.interface
        try:
            index, up = socket.if_nametoindex(name), is_up(name)
        except OSError:
            index, up = self.receiver.interface_index, False
        if index != self.receiver.interface_index:
            # Sockets and program belonged to the one that is gone, and come to no other.
            return "another one now, of the same name: nothing is received; start the feed again"
        return _UP_AGAIN if up else "down or gone: nothing is received"

    def has_ended(self, block: npt.NDArray[np.int64]) -> bool:  # noqa: ARG002
        """Tell that an interface never ends."""
        return False

    def drops(self) -> int:
        """Count what the kernel had to drop, of all flows together."""
        return self.receiver.lost() if self.leads else 0

    def foreign(self) -> int:
        """Count what the program let through and no flow claims, mostly lengths that lie."""
        return self.receiver.foreign() if self.leads else 0

    def leave_to_opener(self) -> None:
        """Keep sockets and maps; close program, link, map of sockets and memberships."""
        if self.leads:
            self.receiver.leave_to_opener()

    def close(self) -> None:
        """Detach the program and close the sockets, with the source that leads."""
        if self.leads:
            self.receiver.close()
