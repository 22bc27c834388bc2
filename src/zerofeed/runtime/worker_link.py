"""Orders to the worker and what it answers: a pair of SEQPACKET sockets, seen from the supervisor.

Orders are carried out in the order in which they were sent, between two turns of the worker's
loop. Each has a number, and its outcome has the same, so an answer that comes after the
supervisor has given up waiting for it is known for what it is. What the worker says unasked has
number 0.

A worker that dies has carried out everything as far as the supervisor need care: its successor is
told of every reader that is on the list when it is started.
"""

from __future__ import annotations

import select
import socket
import time
from collections import deque
from collections.abc import Callable

import msgspec

from zerofeed.base.errors import ResourceError

__all__ = ["REPLY_SECONDS", "Order", "Outcome", "WorkerLink"]

REPLY_SECONDS = 5.0
"""How long the supervisor waits for an outcome, during which nobody else is served."""

_MESSAGE_BYTES = 65536


class Order(msgspec.Struct, array_like=True, frozen=True):
    """What the supervisor tells the worker; descriptors travel beside it.

    Attributes:
        what: ``enlist`` or ``dismiss``.
        ring: ``records`` or ``frames``.
        slot: the reader's.
        mode: the reader's.
        number: of the order.
    """

    what: str
    ring: str = "records"
    slot: int = -1
    mode: str = "lossy"
    number: int = 0


class Outcome(msgspec.Struct, array_like=True, frozen=True):
    """What the worker tells the supervisor.

    Attributes:
        what: ``done`` or ``late`` as an answer; ``degraded``, ``note`` or ``ended`` unasked.
        ring: ``records`` or ``frames``.
        slot: the reader's.
        detail: a line for people.
        number: of the order that this answers, 0 for none.
    """

    what: str
    ring: str = "records"
    slot: int = -1
    detail: str = ""
    number: int = 0


class WorkerLink:
    """The supervisor's end.

    Args:
        hear: called with whatever the worker says unasked.
        reply_seconds: how long to wait for an outcome.
    """

    def __init__(
        self, hear: Callable[[Outcome], None], *, reply_seconds: float = REPLY_SECONDS
    ) -> None:
        self._hear = hear
        self._reply_seconds = reply_seconds
        self._socket: socket.socket | None = None
        self._number = 0
        self._waiting: deque[Order] = deque()

    def renew(self) -> socket.socket:
        """Make a new pair for a new worker; what was not sent to the old one is forgotten.

        Returns:
            The worker's end.
        """
        self.close()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(0.0)
        return theirs

    def filenos(self) -> list[int]:
        """Descriptors to watch for reading: one while there is a worker, or none."""
        return [] if self._socket is None else [self._socket.fileno()]

    def listen(self) -> None:
        """Take one thing that the worker says unasked, if there is one; and send what waits."""
        outcome = self._receive(0.0)
        if outcome is not None and outcome.number == 0:
            self._hear(outcome)
        self.flush()

    def order(self, order: Order, fds: list[int]) -> Outcome:
        """Send an order and wait for its outcome.

        Raises:
            ResourceError: the worker did not answer in time, or could not be told. Whether it
                will carry the order out is open; post its opposite behind it.
        """
        self._number += 1
        numbered = msgspec.structs.replace(order, number=self._number)
        deadline = time.monotonic() + self._reply_seconds
        while not (self.flush() and self._send(numbered, fds)):
            if time.monotonic() > deadline:
                raise self._silence()
            self._wait(select.POLLOUT, 0.05)
        while self._socket is not None:
            outcome = self._receive(0.2)
            if outcome is not None and outcome.number == numbered.number:
                return outcome
            if outcome is not None and outcome.number == 0:
                self._hear(outcome)
            # Also for a worker that talks of other things without end.
            if time.monotonic() > deadline:
                raise self._silence()
        return Outcome("done")

    def post(self, order: Order) -> None:
        """Send an order behind all others, without waiting for anything."""
        self._number += 1
        self._waiting.append(msgspec.structs.replace(order, number=self._number))
        self.flush()

    def flush(self) -> bool:
        """Send what was posted, as far as there is room; tell whether all of it was sent."""
        while self._waiting:
            if not self._send(self._waiting[0], []):
                return False
            # Empty by now when the worker turned out to be gone.
            if self._waiting:
                self._waiting.popleft()
        return True

    def close(self) -> None:
        """Close this end. Idempotent."""
        self._waiting.clear()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, order: Order, fds: list[int]) -> bool:
        """Send one order; False when there is no room for it now."""
        if self._socket is None:
            return True
        try:
            socket.send_fds(self._socket, [msgspec.json.encode(order)], fds)
        except BlockingIOError:
            return False
        except (BrokenPipeError, ConnectionResetError):
            self.close()
        except OSError as error:
            if not fds:
                return False
            raise ResourceError(
                f"the worker cannot be told ({error.strerror})", next_step="try again"
            ) from error
        return True

    def _receive(self, timeout: float) -> Outcome | None:
        """Take one message of the worker's; None when there is none, or the worker is gone."""
        if self._socket is None or not self._wait(select.POLLIN, timeout):
            return None
        try:
            data = self._socket.recv(_MESSAGE_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        if not data:
            # The worker is gone, which the supervisor hears from the kernel.
            self.close()
            return None
        return msgspec.json.decode(data, type=Outcome)

    def _wait(self, events: int, timeout: float) -> bool:
        if self._socket is None:
            return False
        poll = select.poll()
        poll.register(self._socket, events)
        return bool(poll.poll(timeout * 1e3))

    def _silence(self) -> ResourceError:
        return ResourceError(
            f"the worker did not answer within {self._reply_seconds:.0f} s",
            next_step="try again; if it lasts, a lossless reader holds the feed up",
        )
