"""The readers of a feed, on the writer's side: slots, modes, positions.

Two parties share the work. Whoever *admits* (the supervisor, or a publisher in its own
process) makes the cursor page and the bell and keeps the list. Whoever *writes* (the
worker) shows the page at its slot and sets the mode in the ring's control page, which it
alone writes. :func:`enlist`, :func:`dismiss` and :func:`degrade` are the writer's part.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

from zerofeed.base.errors import ResourceError
from zerofeed.shm import _ring_kernels as k
from zerofeed.shm.ring import CursorPage, CursorTable, Ring

__all__ = [
    "CONNECTION_LOST",
    "LOST_PATIENCE",
    "MODES",
    "Debts",
    "Member",
    "Members",
    "degrade",
    "dismiss",
    "enlist",
    "in_the_way",
    "initial_position",
]

CONNECTION_LOST = 2
"""Reason in a DISCONNECT record: a connection ended and something may be missing; with its source."""
LOST_PATIENCE = 1
"""``reason`` of a DISCONNECT record: the feed's patience with a lossless reader ran out."""

MODES = {"lossy": k.LOSSY, "lossless": k.LOSSLESS}


@dataclass(slots=True)
class Member:
    """One reader, as the admitting side knows it.

    Attributes:
        slot: its place in the ring.
        ring: ``records`` or ``frames``.
        mode: what it asked for.
        pid: its process, by the kernel's word.
        uid: its user, by the kernel's word.
        program: what it calls itself.
        start: sequence number that it begins with.
        page: its cursor page.
        bell: a pair of datagram sockets; what is sent into the first wakes whoever watches the
            second. The reader gets the second alone, so it shares no flag with the writer.
    """

    slot: int
    ring: str
    mode: str
    pid: int
    uid: int
    program: str
    start: int
    page: CursorPage = field(default_factory=CursorPage)
    bell: tuple[socket.socket, socket.socket] = field(
        default_factory=lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    )

    @property
    def fds(self) -> list[int]:
        """What the writer needs: cursor page and the end of the bell that is rung."""
        return [self.page.fd, self.bell[0].fileno()]

    @property
    def reader_fds(self) -> list[int]:
        """What the reader gets: cursor page and the end of the bell that is heard."""
        return [self.page.fd, self.bell[1].fileno()]

    def close(self) -> None:
        """Give the bell back; the page goes with its last map."""
        for end in self.bell:
            end.close()


class Members:
    """The list of readers of one ring, with their slots.

    Args:
        limit: most readers at a time.
    """

    def __init__(self, limit: int = k.MAX_READERS) -> None:
        self.limit = min(limit, k.MAX_READERS)
        self.by_slot: dict[int, Member] = {}

    def free_slot(self) -> int:
        """Find a slot for a new reader.

        Raises:
            ResourceError: all are taken.
        """
        for slot in range(self.limit):
            if slot not in self.by_slot:
                return slot
        raise ResourceError(
            "every reader slot is taken",
            expected=f"at most {self.limit} readers",
            next_step="close a reader, or raise readers.limit in the feed's configuration",
        )


def initial_position(ring: Ring, start: int | str) -> int:
    """Turn what a reader asked for into a sequence number that is still in the ring.

    Args:
        ring: the writer's end.
        start: ``"now"``, ``"oldest"`` or a sequence number.

    Returns:
        The sequence number; older ones than are kept give the oldest, later ones the next.
    """
    published = ring.published
    if start == "now":
        return published
    claimed = int(ring.control[k.CLAIMED])
    margin = int(ring.control[k.MAX_CLAIM]) + int(ring.control[k.AHEAD])
    oldest = max(0, claimed + margin - ring.capacity)
    if start == "oldest":
        return min(oldest, published)
    return min(max(int(start), oldest), published)


def enlist(ring: Ring, table: CursorTable, slot: int, mode: str, fds: list[int]) -> bool:
    """Let a reader in. Called by the writer between bursts.

    Args:
        ring: its ring.
        table: the writer's view of all cursor pages.
        slot: the reader's.
        mode: ``lossy`` or ``lossless``.
        fds: cursor page and bell, as numbered in the writer's process.

    Returns:
        False when the position that a lossless reader's page shows is already overwritten:
        nothing was changed, and the page needs a later start.
    """
    table.install(slot, fds[0])
    control = ring.control
    position = int(table.page(slot)[k.POSITION])
    if mode == "lossless" and position + ring.capacity < int(control[k.CLAIMED]):
        return False
    control[k.WOKEN + slot] = 0
    control[k.BELLS + slot] = fds[1]
    control[k.MODES + slot] = MODES[mode]
    control[k.SLOTS] = max(int(control[k.SLOTS]), slot + 1)
    # The cached gate may be above the newcomer: look again at the next claim.
    control[k.GATE] = -ring.capacity
    return True


def dismiss(ring: Ring, slot: int) -> None:
    """Forget a reader: it no longer holds anything back and is not woken. Called by the writer."""
    ring.control[k.MODES + slot] = k.FREE
    ring.control[k.BELLS + slot] = -1


class Debts:
    """How long each lossless reader has held the writer up.

    Time in the way is charged in full and forgiven at a tenth of the pace, so a reader that
    crawls along uses its patience up like one that stands still, and one that was slow once is
    trusted again later. Readers that are in the way together are charged together: many slow
    ones cost the feed no more than one.
    """

    def __init__(self) -> None:
        self._owed: dict[tuple[str, int], tuple[int, int]] = {}

    def charge(self, place: tuple[str, int], amount_ns: int, now_ns: int) -> int:
        """Charge a reader.

        Args:
            place: ring and slot.
            amount_ns: how long it was in the way.
            now_ns: monotonic time at the end of that.

        Returns:
            What it owes now, in ns.
        """
        owed, charged_at = self._owed.get(place, (0, now_ns))
        free_ns = max(0, now_ns - charged_at - amount_ns)
        owed = max(0, owed - free_ns // 10) + amount_ns
        self._owed[place] = (owed, now_ns)
        return owed

    def forget(self, place: tuple[str, int]) -> None:
        """Forget a reader that is gone or no longer waited for."""
        self._owed.pop(place, None)


def in_the_way(ring: Ring, table: CursorTable) -> list[int]:
    """List the slots of the lossless readers that hold the next largest claim up."""
    needed = ring.published + int(ring.control[k.MAX_CLAIM]) - ring.capacity
    return [
        slot
        for slot in range(int(ring.control[k.SLOTS]))
        if ring.control[k.MODES + slot] == k.LOSSLESS and int(table.page(slot)[k.POSITION]) < needed
    ]


def degrade(ring: Ring, slot: int) -> None:
    """Make a lossless reader that ran out of patience lossy. Called by the writer."""
    ring.control[k.MODES + slot] = k.DEGRADED
