"""Who reads a feed: what admission asks of the supervisor, and the audit log.

The list of readers is kept here. A reader is on it from before the worker is told to enlist it
until the worker has been told to dismiss it, so a worker that is started in between knows it too.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from zerofeed.base.errors import ConfigurationError, ResourceError
from zerofeed.feed.admission import AllowList, Peer
from zerofeed.feed.description import LAYOUT_VERSION, FeedDescription, layout_digest
from zerofeed.feed.members import Member, Members, initial_position
from zerofeed.feed.messages import Request
from zerofeed.feed.publisher import describe_member, version
from zerofeed.records.own import own_definitions
from zerofeed.runtime.book_count import BookCount
from zerofeed.runtime.config import FeedConfig
from zerofeed.runtime.stage import Stage
from zerofeed.runtime.worker_link import Order, WorkerLink
from zerofeed.shm import _ring_kernels as k
from zerofeed.shm.ring import CursorTable, Ring

__all__ = ["AuditLog", "FeedGate", "allow_list"]

_ATTEMPTS = 4
"""To let a lossless reader join where the ring is being overwritten; the last begins with now."""


class AuditLog:
    """Attaches, refusals and departures, a line each.

    Args:
        path: file to append to; None: where the other lines go.
        log: called with each line for people.

    Raises:
        ConfigurationError: the file cannot be opened.
    """

    def __init__(self, path: str | None, log: Callable[[str], None]) -> None:
        self._log = log
        self._file: BinaryIO | None = None
        if path is None:
            return
        try:
            # Unbuffered: a line that a full disk refuses is told elsewhere, and not tried again.
            self._file = Path(path).open("ab", buffering=0)  # noqa: SIM115 - closed by close()
        except OSError as error:
            raise ConfigurationError(
                f"the audit log cannot be opened ({error.strerror})",
                where=path,
                next_step="choose a writable path for log.audit",
            ) from error

    def write(self, line: str) -> None:
        """Append a line, with the time."""
        if self._file is None:
            self._log(f"audit {line}")
            return
        stamped = f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} audit {line}"
        try:
            self._file.write(f"{stamped}\n".encode())
        except OSError as error:
            # A full disk must not end the feed; the line goes where the other lines go.
            self._log(f"audit log: {error.strerror}; the line was: {line}")

    def close(self) -> None:
        """Close the file. Idempotent; later lines go where the other lines go."""
        if self._file is not None:
            self._file.close()
            self._file = None


class FeedGate:
    """What :class:`zerofeed.feed.admission.Admission` asks.

    Args:
        config: of the feed.
        stage: its memory and receivers.
        link: to its worker.

    Attributes:
        epoch: number of the present worker.
        worker_pid: its process, 0 when there is none.
        books: counts those that were asked for.
    """

    def __init__(self, config: FeedConfig, stage: Stage, link: WorkerLink) -> None:
        self._config = config
        self._stage = stage
        self._link = link
        self._started_ns = time.time_ns()
        self.books = BookCount(config, stage)
        self.epoch = 0
        self.worker_pid = 0
        limit = config.readers.limit
        self._members = {"records": Members(limit), "frames": Members(limit)}

    def members(self) -> list[Member]:
        """List the readers of both rings."""
        return [m for group in self._members.values() for m in group.by_slot.values()]

    def describe_slot(self, ring: str, slot: int) -> str:
        """Name the process behind a slot, for people."""
        member = self._members[ring].by_slot.get(slot)
        return f"pid={member.pid} uid={member.uid}" if member else "gone"

    def describe(self) -> tuple[FeedDescription, list[int]]:
        """Describe the feed to an attaching process."""
        stage = self._stage
        description = FeedDescription(
            name=self._config.feed.name,
            protocol=self._config.feed.protocol,
            layout=LAYOUT_VERSION,
            formats=layout_digest(),
            machine=platform.machine(),
            zerofeed=version(),
            supervisor_pid=os.getpid(),
            started_ns=self._started_ns,
            book_depth=stage.book_depth,
            templates=stage.protocol.templates,
            receiver=stage.how,
            clock=stage.clock,
            objects=stage.memory.objects(),
            own=own_definitions(),
        )
        return description, stage.memory.descriptors()

    def admit(self, request: Request, peer: Peer) -> Member:
        """Give an attached process a slot, together with the worker.

        Raises:
            ResourceError: no slot is free, the worker does not answer, or the feed is too fast
                for the place that was asked for. The reader is on no list then.
        """
        members = self._members[request.ring]
        ring, table = self._ring(request.ring)
        slot = members.free_slot()
        start = initial_position(ring, request.start)
        member = Member(
            slot, request.ring, request.mode, peer.pid, peer.uid, request.program, start
        )
        order = Order("enlist", request.ring, slot, request.mode)
        try:
            for attempt in range(_ATTEMPTS):
                if attempt:
                    is_last = attempt == _ATTEMPTS - 1
                    member.start = initial_position(ring, "now" if is_last else request.start)
                member.page.words[k.POSITION] = member.start
                table.install(slot, member.page.fd)
                members.by_slot[slot] = member
                if self._link.order(order, member.fds).what == "done":
                    return member
        except ResourceError:
            self._forget(member)
            member.close()
            raise
        members.by_slot.pop(slot, None)
        member.close()
        raise ResourceError(
            "the feed moves too fast for a lossless reader to join at that place",
            where=f"start {request.start}",
            next_step='use start="now", or enlarge memory.records',
        )

    def dismiss(self, member: Member) -> None:
        """Take a slot back. The worker hears of it before the slot's next reader."""
        self._forget(member)

    def status(self) -> dict[str, Any]:
        """Describe worker and readers."""
        return {
            "name": self._config.feed.name,
            "protocol": self._config.feed.protocol,
            "published": self._stage.memory.record_ring.published,
            "epoch": self.epoch,
            "supervisor_pid": os.getpid(),
            "worker_pid": self.worker_pid,
            "started_ns": self._started_ns,
            "books": self.count_books(),
            "receivers": [
                msgspec.to_builtins(receiver.tell_copies()) for receiver in self._stage.receivers
            ],
            "readers": [
                describe_member(self._ring(member.ring)[0], member) for member in self.members()
            ],
        }

    def count_books(self) -> dict[str, int]:
        """Count the books that the feed was asked for: expected, proven, waiting, in_doubt."""
        told = self.books.look()
        return {name: getattr(told, name) for name in ("expected", "proven", "waiting", "in_doubt")}

    def _forget(self, member: Member) -> None:
        self._members[member.ring].by_slot.pop(member.slot, None)
        self._link.post(Order("dismiss", member.ring, member.slot, member.mode))

    def _ring(self, name: str) -> tuple[Ring, CursorTable]:
        memory = self._stage.memory
        if name == "frames":
            return memory.frame_ring, memory.frame_cursors
        return memory.record_ring, memory.record_cursors


def allow_list(config: FeedConfig) -> AllowList:
    """Read who may attach from a configuration.

    Raises:
        ConfigurationError: a user or group does not exist.
    """
    try:
        return AllowList.from_names(config.readers.allow_users, config.readers.allow_groups)
    except KeyError as error:
        raise ConfigurationError(
            f"no such user or group: {error}",
            where="readers.allow_users or readers.allow_groups",
            next_step="give a name from /etc/passwd or /etc/group, or a number",
        ) from error
