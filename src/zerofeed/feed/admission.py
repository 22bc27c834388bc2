"""Letting processes in: the feed's side of the attach socket.

The kernel says who is on the other end (``SO_PEERCRED``: uid, gid and pid that cannot be
forged). The user's own processes are admitted; others only when the feed's allow list has
their uid or one of their groups. What one user or one process may take of a feed's places has a
:class:`Quota`, so that nobody keeps the others out. Every attach, refusal and departure is one
line of the audit log. A process is gone when its socket closes, however it ended.

This object does no waiting of its own: the owner polls :meth:`Admission.filenos` and calls
:meth:`Admission.serve` for those that are readable.
"""

from __future__ import annotations

import contextlib
import grp
import math
import os
import pwd
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from zerofeed.base.errors import AttachRefusedError, ResourceError, ZerofeedError
from zerofeed.feed.description import LAYOUT_VERSION, FeedDescription
from zerofeed.feed.members import Member
from zerofeed.feed.messages import PROGRAM_CHARACTERS, Reply, Request, receive_request, send
from zerofeed.shm._ring_kernels import MAX_READERS

__all__ = ["Admission", "AllowList", "Gate", "Peer", "Quota"]

_MOST_PEERS = 512
"""Attached processes at a time; well below the descriptors that a process may have."""


@dataclass(frozen=True, slots=True)
class AllowList:
    """Who may attach besides the feed's own user.

    Attributes:
        uids: user ids.
        gids: group ids; primary and supplementary membership both count.
    """

    uids: frozenset[int] = frozenset()
    gids: frozenset[int] = frozenset()

    def admits(self, uid: int, gid: int) -> bool:
        """Tell whether a peer with these credentials may attach."""
        if uid == os.getuid() or uid in self.uids or gid in self.gids:
            return True
        if not self.gids:
            return False
        try:
            groups = os.getgrouplist(pwd.getpwuid(uid).pw_name, gid)
        except KeyError:
            return False
        return not self.gids.isdisjoint(groups)

    @classmethod
    def from_names(cls, users: list[str], groups: list[str]) -> AllowList:
        """Look names up; numbers are taken as they are.

        Raises:
            KeyError: no such user or group.
        """
        return cls(
            frozenset(int(u) if u.isdigit() else pwd.getpwnam(u).pw_uid for u in users),
            frozenset(int(g) if g.isdigit() else grp.getgrnam(g).gr_gid for g in groups),
        )


@dataclass(slots=True)
class Peer:
    """One attached process."""

    connection: socket.socket
    pid: int
    uid: int
    gid: int
    program: str = ""
    members: list[Member] = field(default_factory=list)

    def is_same_process(self, other: Peer) -> bool:
        """Tell whether two connections belong to one process.

        A process that the feed's process namespace does not show has the pid 0; two of those
        are taken for different ones.
        """
        return other is self or (self.pid != 0 and self.pid == other.pid)


@dataclass(frozen=True, slots=True)
class Quota:
    """What one user, and one process, may take of a feed's places.

    The feed's own user may take all of them, which is no danger to it: such a process could
    end the feed as well. A single process may not, whoever runs it: one that forgets to close
    its readers leaves room for the others.

    Attributes:
        slots: reader slots of a ring.
        user_share: part of the places for each user but the feed's own, above 0, at most 1.
        process_share: part of the places for each process, above 0, at most 1.
        owner: the feed's own user.
    """

    slots: int = MAX_READERS
    user_share: float = 0.5
    process_share: float = 0.75
    owner: int = field(default_factory=os.getuid)

    def check(self, peer: Peer, taken: Sequence[Peer], places: int, what: str) -> None:
        """Refuse a peer that has as much as it may have.

        Args:
            peer: who asks for one more.
            taken: who has the places that are taken, once for each.
            places: how many there are.
            what: what they are, for the message.

        Raises:
            ResourceError: its user, or its process, has its share. Not when all are taken:
                whose turn that is to say does not depend on who asks.
        """
        if len(taken) >= places:
            return
        if peer.uid != self.owner:
            held = sum(other.uid == peer.uid for other in taken)
            if held >= math.ceil(places * self.user_share):
                raise _over_quota(f"user {peer.uid}", "user", held, places, what)
        held = sum(other.is_same_process(peer) for other in taken)
        if held >= math.ceil(places * self.process_share):
            raise _over_quota(f"process {peer.pid}", "process", held, places, what)


def _over_quota(who: str, sort: str, held: int, places: int, what: str) -> ResourceError:
    return ResourceError(
        f"{who} has {held} of the {places} {what}, which is all that one {sort} may have",
        next_step=f"close some, or raise readers.{sort}_share in the feed's configuration",
    )


class Gate(Protocol):
    """What admission needs from whoever owns the feed."""

    def describe(self) -> tuple[FeedDescription, list[int]]:
        """Give the description and the descriptors of the shared objects."""
        ...

    def admit(self, request: Request, peer: Peer) -> Member:
        """Make a reader; raises ZerofeedError when that cannot be."""
        ...

    def dismiss(self, member: Member) -> None:
        """Forget a reader."""
        ...

    def status(self) -> dict[str, Any]:
        """Describe worker and readers."""
        ...


class Admission:
    """Serve one or more listening sockets.

    Args:
        listeners: bound SEQPACKET sockets, listening.
        gate: the feed.
        allowed: who else may attach.
        audit: called with one line for each attach, refusal and departure.
        quota: what one user and one process may take.
    """

    def __init__(
        self,
        listeners: list[socket.socket],
        gate: Gate,
        allowed: AllowList,
        audit: Callable[[str], None],
        quota: Quota | None = None,
    ) -> None:
        self._listeners = {listener.fileno(): listener for listener in listeners}
        self._gate = gate
        self._allowed = allowed
        self._audit = audit
        self.quota = quota or Quota()
        self.peers: dict[int, Peer] = {}

    def filenos(self) -> list[int]:
        """Descriptors to watch for reading."""
        return [*self._listeners, *self.peers]

    def serve(self, fileno: int) -> None:
        """Do what a readable descriptor asks for. Never raises for what a peer did."""
        if fileno in self._listeners:
            self._accept(self._listeners[fileno])
            return
        peer = self.peers.get(fileno)
        if peer is None:
            return
        try:
            request = receive_request(peer.connection)
        except (OSError, ValueError) as error:
            self._audit(f"drop pid={peer.pid} uid={peer.uid} why={_printable(str(error))}")
            self._drop(fileno)
            return
        if request is None:
            self._audit(f"leave pid={peer.pid} uid={peer.uid}")
            self._drop(fileno)
            return
        try:
            self._answer(peer, request)
        except OSError as error:
            # A peer that does not read its replies is not waited for either.
            self._audit(f"drop pid={peer.pid} uid={peer.uid} why={error}")
            self._drop(fileno)

    def close(self) -> None:
        """Close every socket; attached processes see the end of the connection."""
        for fileno in list(self.peers):
            self._drop(fileno)
        for listener in self._listeners.values():
            listener.close()

    def _accept(self, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        pid, uid, gid = struct.unpack("iII", credentials)
        connection.settimeout(0.0)
        if len(self.peers) >= _MOST_PEERS:
            self._audit(f"refuse pid={pid} uid={uid} gid={gid} why={_MOST_PEERS} are attached")
            connection.close()
            return
        if not self._allowed.admits(uid, gid):
            self._audit(f"refuse pid={pid} uid={uid} gid={gid} why=not on the allow list")
            refused = AttachRefusedError(
                f"user {uid} is not on the feed's allow list",
                next_step="add the user or group to readers.allow_users or readers.allow_groups",
            )
            self._refuse(connection, refused)
            return
        peer = Peer(connection, pid, uid, gid)
        try:
            self.quota.check(
                peer, list(self.peers.values()), _MOST_PEERS, "connections to the feed"
            )
        except ResourceError as error:
            self._audit(f"refuse pid={pid} uid={uid} gid={gid} why={error.what}")
            self._refuse(connection, error)
            return
        self.peers[connection.fileno()] = peer

    def _refuse(self, connection: socket.socket, error: ZerofeedError) -> None:
        with connection, contextlib.suppress(OSError):
            send(connection, _refusal(error))

    def _answer(self, peer: Peer, request: Request) -> None:
        if request.op == "attach":
            description, fds = self._gate.describe()
            if request.layout != LAYOUT_VERSION:
                send(
                    peer.connection,
                    Reply(
                        ok=False,
                        error="LayoutMismatchError",
                        what=f"the feed has memory layout {LAYOUT_VERSION}, "
                        f"the attaching process reads {request.layout}",
                        next_step="run the feed and its readers with the same version of zerofeed",
                    ),
                )
                return
            peer.program = _printable(request.program)
            self._audit(
                f'attach pid={peer.pid} uid={peer.uid} gid={peer.gid} program="{peer.program}"'
            )
            send(peer.connection, Reply(ok=True, description=description), fds)
        elif request.op == "reader":
            self._admit(peer, request)
        elif request.op == "release":
            place = (request.slot, request.ring)
            for member in [m for m in peer.members if (m.slot, m.ring) == place]:
                self._dismiss(peer, member)
        else:
            send(peer.connection, Reply(ok=True, status=self._gate.status()))

    def _admit(self, peer: Peer, request: Request) -> None:
        try:
            self._check_quota(peer, request)
            named = msgspec.structs.replace(request, program=peer.program)
            member = self._gate.admit(named, peer)
        except ZerofeedError as error:
            self._audit(
                f"refuse pid={peer.pid} uid={peer.uid} gid={peer.gid} ring={request.ring} "
                f"why={error.what}"
            )
            send(peer.connection, _refusal(error))
            return
        peer.members.append(member)
        self._audit(
            f"reader pid={peer.pid} uid={peer.uid} slot={member.slot} ring={member.ring} "
            f"mode={member.mode} start={member.start}"
        )
        reply = Reply(ok=True, slot=member.slot, start=member.start)
        send(peer.connection, reply, member.reader_fds)

    def _check_quota(self, peer: Peer, request: Request) -> None:
        taken = [
            other
            for other in self.peers.values()
            for member in other.members
            if member.ring == request.ring
        ]
        self.quota.check(peer, taken, self.quota.slots, f"reader slots of the {request.ring}")

    def _dismiss(self, peer: Peer, member: Member) -> None:
        peer.members.remove(member)
        self._gate.dismiss(member)
        member.close()

    def _drop(self, fileno: int) -> None:
        peer = self.peers.pop(fileno)
        for member in list(peer.members):
            self._dismiss(peer, member)
        # A worker forked while this peer was attached holds a duplicate: closing is not enough.
        with contextlib.suppress(OSError):
            peer.connection.shutdown(socket.SHUT_RDWR)
        peer.connection.close()


def _refusal(error: ZerofeedError) -> Reply:
    """Say an error to a peer, which raises it there."""
    kind = "ResourceError" if isinstance(error, ResourceError) else type(error).__name__
    step = error.next_step or ""
    return Reply(ok=False, error=kind, what=str(error).removesuffix(f"; {step}"), next_step=step)


def _printable(text: str) -> str:
    """Cut a peer's words to what can stand, between quotation marks, in one line of a log."""
    return "".join(c if c.isprintable() and c != '"' else "?" for c in text[:PROGRAM_CHARACTERS])
