"""What an attaching process and a feed say to each other, over a Unix SEQPACKET socket.

One JSON object a packet; descriptors travel with it. The connection stays open for as long
as the process is attached: its end is how either side learns that the other has died.

===========  ==========================================  ========================================
op           asks for                                    the reply carries
===========  ==========================================  ========================================
attach       the description and the shared objects      description; one descriptor an object
reader       a place in a ring                           slot, start; cursor page, bell
release      to give a place back                        nothing, there is no reply
status       what ``zerofeed ls`` shows                  readers and worker
===========  ==========================================  ========================================
"""

from __future__ import annotations

import array
import os
import socket
from typing import Any, Literal, TypeVar

import msgspec

from zerofeed.feed.description import FeedDescription

__all__ = [
    "MAX_FDS",
    "MAX_MESSAGE_BYTES",
    "PROGRAM_CHARACTERS",
    "Reply",
    "Request",
    "receive",
    "receive_packet",
    "receive_request",
    "send",
]

MAX_MESSAGE_BYTES = 1 << 17
MAX_FDS = 16
PROGRAM_CHARACTERS = 64
"""Longest name of a program that a feed shows."""


class Request(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a process asks of a feed."""

    op: Literal["attach", "reader", "release", "status"]
    layout: int = 0
    ring: Literal["records", "frames"] = "records"
    mode: Literal["lossy", "lossless"] = "lossy"
    start: int | Literal["now", "oldest"] = "now"
    slot: int = -1
    program: str = ""


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a feed answers; ``error`` names the exception class to raise."""

    ok: bool
    error: str = ""
    what: str = ""
    next_step: str = ""
    description: FeedDescription | None = None
    slot: int = -1
    start: int = 0
    status: dict[str, Any] = {}


_Message = TypeVar("_Message", Request, Reply)


def send(connection: socket.socket, message: Request | Reply, fds: list[int] | None = None) -> None:
    """Send one message with its descriptors.

    Raises:
        OSError: the other side is gone.
    """
    socket.send_fds(connection, [msgspec.json.encode(message)], fds or [])


def receive_request(connection: socket.socket) -> Request | None:
    """Receive what a peer asks; descriptors that it sends along never reach this process.

    Returns:
        The request, or None at the end of the connection.

    Raises:
        ValueError: the packet is no request.
        OSError: the connection failed.
    """
    data = connection.recv(MAX_MESSAGE_BYTES)
    if not data:
        return None
    try:
        return msgspec.json.decode(data, type=Request)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no message of this protocol: {error}") from error


def receive(connection: socket.socket, kind: type[_Message]) -> tuple[_Message | None, list[int]]:
    """Receive one message.

    Args:
        connection: a SEQPACKET socket.
        kind: what it must be.

    Returns:
        The message, or None at the end of the connection; and its descriptors, which the
        caller closes.

    Raises:
        ValueError: the packet is not such a message; its descriptors are closed.
        OSError: the connection failed.
    """
    data, fds = receive_packet(connection)
    if not data:
        return None, fds
    try:
        return msgspec.json.decode(data, type=kind), fds
    except (ValueError, RecursionError) as error:
        # Not every failure is msgspec's own: bad UTF-8 and deep nesting come as they are.
        for fd in fds:
            os.close(fd)
        raise ValueError(f"no message of this protocol: {error}") from error


def receive_packet(connection: socket.socket, flags: int = 0) -> tuple[bytes, list[int]]:
    """Receive one packet with its descriptors, which no program started later inherits.

    ``socket.recv_fds`` takes flags as well, and in CPython 3.11 does not pass them on.

    Args:
        connection: a SEQPACKET socket.
        flags: for recvmsg, MSG_DONTWAIT for instance.

    Returns:
        The bytes, empty at the end of the connection, and the descriptors.

    Raises:
        OSError: the connection failed, or there is nothing and MSG_DONTWAIT was given.
    """
    fds = array.array("i")
    data, ancillary, _flags, _address = connection.recvmsg(
        MAX_MESSAGE_BYTES,
        socket.CMSG_SPACE(MAX_FDS * fds.itemsize),
        flags | socket.MSG_CMSG_CLOEXEC,
    )
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
    return data, fds.tolist()
