"""What every kind of receiver offers to the feed that runs it; the cold half.

A receiver is opened by the supervisor, which holds its descriptors for as long as the feed lives,
and used by one worker after the other. Between calls everything that a worker knows of it is in
its *receive block*, int64 words of the feed's private memory, so a successor can go on.

The hot half is one compiled function for each kind
(:func:`zerofeed.runtime._receive_kernels.receive_frames`), called when one of the receiver's
descriptors can be read.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from zerofeed.feed.copies import ReceiverCopies
from zerofeed.feed.memory import FeedMemory

__all__ = ["AF_XDP", "CAPTURE", "UDP", "WEBSOCKET", "Receiver", "ServedReceiver"]

UDP = 0
"""Kind: a UDP socket."""
CAPTURE = 1
"""Kind: a capture file."""
AF_XDP = 2
"""Kind: AF_XDP sockets, one for each queue of an interface."""
WEBSOCKET = 3
"""Kind: WebSocket connections, which a :class:`ServedReceiver` opens."""


class Receiver(Protocol):
    """One source of a feed, open.

    Attributes:
        kind: by which the compiled loop knows it.
        name: the source in a word, for people.
        how: how packets arrive, and how many copies that costs.
        clock: where arrival times come from.
    """

    @property
    def kind(self) -> int:
        """UDP, CAPTURE, AF_XDP or WEBSOCKET."""
        ...

    @property
    def name(self) -> str:
        """The source in a word, for people."""
        ...

    @property
    def how(self) -> str:
        """How packets arrive, and how many copies that costs."""
        ...

    @property
    def clock(self) -> str:
        """Where arrival times come from."""
        ...

    def tell_copies(self) -> ReceiverCopies:
        """Say how often a packet is copied into the frames, read from what is open, not from what was asked.

        Asked for again and again while the feed runs, by the process that opened the receiver.
        """
        ...

    def filenos(self) -> list[int]:
        """Descriptors to watch for reading; each gets an equal part of the receive block.

        -1 keeps the part of one that is not open yet.

        None when another source's receiver has the descriptors of this one as well.
        """
        ...

    def take_over(self, block: npt.NDArray[np.int64], memory: FeedMemory, source: int) -> None:
        """Publish what a killed worker received and did not publish; prepare for this one.

        Called once by each worker, before its first burst. May be killed and called again.

        Args:
            block: the receive block; zeroed before the first worker.
            memory: of the feed, writable in this process.
            source: index of the source.
        """
        ...

    def drops(self) -> int:
        """Count the packets that were lost before anybody could receive them, so far."""
        ...

    def foreign(self) -> int:
        """Count the packets that came here and belong to none of its flows, so far."""
        ...

    def leave_to_opener(self) -> None:
        """Close, in a forked worker, what only the process needs that opened it."""
        ...

    def tell(self, block: npt.NDArray[np.int64]) -> str | None:
        """Say what people should know of the source now and were not told yet, in one line."""
        ...

    def has_ended(self, block: npt.NDArray[np.int64]) -> bool:
        """Tell whether nothing will ever come any more."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class ServedReceiver(Receiver, Protocol):
    """One whose descriptors come and go, and which needs Python between two turns of the loop."""

    def start(self) -> None:
        """Begin; in the worker, once, when the feed's sources start."""
        ...

    def serve(self) -> list[tuple[int, int]]:
        """Do what the compiled loop has asked for; the loop looks at all its ports again after it.

        Returns:
            For each descriptor that is to be watched from now on: its place in :meth:`filenos`, and
            itself. Those that are closed leave by themselves.
        """
        ...

    @property
    def is_held_back(self) -> bool:
        """Whether it cannot go on before a lossless reader of the frames does."""
        ...
