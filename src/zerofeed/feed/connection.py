"""The socket between an attached process and a feed.

It carries requests and replies when a process attaches or opens a reader; apart from that
nothing passes through it, and its end is how either side learns that the other has died.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import threading
import time
from typing import Literal

from zerofeed.base import errors
from zerofeed.base.errors import FeedGoneError, FeedNotFoundError, ZerofeedError
from zerofeed.feed.address import address_of, list_feeds
from zerofeed.feed.messages import Reply, Request, receive, send

__all__ = ["Connection"]

_REPLY_SECONDS = 10.0
_RETRY_SECONDS = 0.005


class Connection:
    """The socket between an attached process and a feed; its end is the end of the feed.

    Args:
        name: of the feed.
        user: uid that runs it; default: this process's.

    Raises:
        FeedNotFoundError: nothing listens there.
        AttachRefusedError: the socket's permissions forbid it, or another user holds its name.
    """

    def __init__(self, name: str, user: int | None = None) -> None:
        self.name = name
        self._lock = threading.Lock()
        address = address_of(name, user)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(_REPLY_SECONDS)
        try:
            _connect(self._socket, address)
        except PermissionError as error:
            self._socket.close()
            raise errors.AttachRefusedError(
                "the permissions of its socket do not let this user in",
                where=f"feed {name}",
                next_step="ask its owner to change the socket's group or mode",
            ) from error
        except OSError as error:
            self._socket.close()
            raise _not_found(name) from error
        if address.startswith("\0"):
            self._check_owner(os.getuid() if user is None else user)
        self._is_closed = False

    def _check_owner(self, expected: int) -> None:
        """Refuse a feed of another user's: anybody may bind an abstract address first."""
        credentials = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        _, uid, _ = struct.unpack("iII", credentials)
        if uid != expected:
            self._socket.close()
            raise errors.AttachRefusedError(
                "another user's process holds the address of this feed",
                where=f"feed {self.name}",
                expected=f"user {expected}",
                got=f"user {uid}",
                next_step="find out who runs it (`zerofeed ls`), or attach(name, user=uid)",
            )

    def ask(self, request: Request) -> tuple[Reply, list[int]]:
        """Send a request and wait for its reply.

        Returns:
            The reply and its descriptors.

        Raises:
            FeedGoneError: the feed ended, or did not answer within ten seconds.
            LayoutMismatchError: the feed's reply cannot be understood.
            ZerofeedError: what the feed replied; the subclass it named.
        """
        with self._lock:
            reply, fds = self._exchange(request)
        if reply is None:
            raise self._gone("the connection was closed")
        if not reply.ok:
            is_known = reply.error in errors.__all__
            kind = getattr(errors, reply.error) if is_known else ZerofeedError
            raise kind(reply.what, where=f"feed {self.name}", next_step=reply.next_step or None)
        return reply, fds

    def _exchange(self, request: Request) -> tuple[Reply | None, list[int]]:
        # A feed that refuses says so and closes without reading: the request then fails, or its
        # reset overtakes the reply by one call, and the reply still lies there.
        with contextlib.suppress(BrokenPipeError):
            send(self._socket, request)
        try:
            try:
                return receive(self._socket, Reply)
            except ConnectionResetError:
                return receive(self._socket, Reply)
        except OSError as error:
            # A reply that came later would be taken for the next one's.
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            if isinstance(error, TimeoutError):
                raise FeedGoneError(
                    "the feed does not answer",
                    where=f"feed {self.name}",
                    expected=f"a reply within {_REPLY_SECONDS:g} s",
                    next_step="see whether its process is stopped; a Publisher answers while its "
                    "program calls serve(), or from start() on",
                ) from error
            raise self._gone(str(error)) from error
        except ValueError as error:
            raise errors.LayoutMismatchError(
                "its reply cannot be understood",
                where=f"feed {self.name}",
                got=str(error),
                next_step="run the feed and its readers with the same version of zerofeed",
            ) from error

    def release(self, slot: int, ring: Literal["records", "frames"] = "records") -> None:
        """Give a reader's slot back; nothing when the feed is gone already."""
        with contextlib.suppress(OSError):
            send(self._socket, Request(op="release", slot=slot, ring=ring))

    def is_alive(self) -> bool:
        """Tell whether the feed still holds its end of the connection."""
        if self._is_closed:
            return False
        # Not `recv`: with a time-out set, Python waits for the socket before each call, whatever
        # the flags say. A reply to another thread's request makes it readable too, hence PEEK.
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        if not poll.poll(0):
            return True
        try:
            return self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def fileno(self) -> int:
        """Descriptor that becomes readable when the feed ends."""
        return self._socket.fileno()

    def close(self) -> None:
        """Detach, at once for whoever watches a duplicate of the descriptor as well."""
        if not self._is_closed:
            self._is_closed = True
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()

    def _gone(self, got: str) -> FeedGoneError:
        return FeedGoneError(
            "the feed has ended",
            where=f"feed {self.name}",
            got=got,
            next_step="attach again when it runs",
        )


def _connect(connection: socket.socket, address: str) -> None:
    """Connect; a feed whose queue of callers is full is tried again for some seconds."""
    deadline = time.monotonic() + _REPLY_SECONDS
    while True:
        try:
            connection.connect(address)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_RETRY_SECONDS)


def _not_found(name: str) -> FeedNotFoundError:
    running = sorted({found for found, _ in list_feeds()})
    return FeedNotFoundError(
        "no such feed is running",
        where=f"feed {name}",
        got=f"running here: {', '.join(running)}" if running else "no feed is running here",
        next_step="start it with `zerofeed run CONFIG.toml`, or attach(name, wait=seconds)",
    )
