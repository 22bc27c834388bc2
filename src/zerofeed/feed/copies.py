"""What a feed and its readers say of copies: the words in which each side states its own.

A *receiver's statement* is made by whoever holds its socket, from the socket as it is at that moment,
and travels in the feed's status. A *reader's statement* is one word of its cursor page, which the
reader writes and the feed reads: how it takes what it is given.

Statements are claims. ``zerofeed audit`` sets evidence against them that does not come from whoever
made them.
"""

from __future__ import annotations

import msgspec

__all__ = [
    "BY_COPY",
    "BY_HANDLER",
    "BY_MATCHES",
    "TAKES",
    "ReceiverCopies",
    "copies_taken",
    "taking_names",
]

TAKES = 24
"""Word of a cursor page: how its reader has taken records so far, a sum of the ``BY_`` bits; 0: views."""

BY_MATCHES = 1
"""It chooses kinds or symbols: the matching records are copied into an array of the reader's."""
BY_HANDLER = 2
"""It runs a compiled handler: records are copied into 4 KiB of scratch, to be proven whole."""
BY_COPY = 4
"""It called ``Reader.copy``."""

_NAMES = {BY_MATCHES: "matches", BY_HANDLER: "handler", BY_COPY: "copy"}


class ReceiverCopies(msgspec.Struct, frozen=True):
    """How often one receiver's packets are copied on their way into the frames.

    Attributes:
        kind: ``udp``, ``capture``, ``xdp`` or such; ``program`` where a program publishes.
        source: which one, for people.
        mode: how packets come, for people.
        kernel_copies: copies of a packet's bytes by the kernel; None: not known.
        user_copies: copies of a packet's bytes in user space; None: not known.
        how_known: what this was read from.
    """

    kind: str
    source: str
    mode: str
    kernel_copies: int | None
    user_copies: int | None
    how_known: str


def taking_names(taken: int) -> list[str]:
    """Name the ways in which a reader has taken records.

    Args:
        taken: the word :data:`TAKES` of its page.

    Returns:
        ``["views"]``, or the names of the ways that copy.
    """
    return [name for bit, name in _NAMES.items() if taken & bit] or ["views"]


def copies_taken(takes: list[str]) -> int:
    """Count the copies in user space of a record that a reader took, by its own word.

    Args:
        takes: what :func:`taking_names` gave.
    """
    return 0 if takes == ["views"] else 1
