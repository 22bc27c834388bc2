"""Keeps one line of a source open: a thread that opens, watches, renews, waits and opens again.

::

    wait ─▶ open ─▶ hand over ─▶ say what there is to say ─▶ watch ─┬─ lost ─▶ wait
     ▲        │ fails                                               └─ old ──▶ open another,
     └────────┘                                                          overlap, close the old one

It never touches a connection that it has handed over. The main thread does, at its next turn; it is
asked through a :class:`Mailbox`, whose eventfd the hot loop watches, and answers through the keeper's
own queue. So whatever blocks here (names, handshakes, a server that does not answer) never holds the
loop up.
"""

from __future__ import annotations

import contextlib
import os
import queue
import random
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from zerofeed.wire.websocket.backoff import Backoff, least_wait_s
from zerofeed.wire.websocket.budget import DialBudget, budget_of
from zerofeed.wire.websocket.dial import DialError, Opened, dial
from zerofeed.wire.websocket.endpoint import Endpoint
from zerofeed.wire.websocket.link import Link
from zerofeed.wire.websocket.outgoing import PING, TEXT

__all__ = ["Keeper", "Mailbox", "Request"]

_PROVEN_S = 30.0
"""A connection that lived so long was a success, and waiting begins anew."""
_RENEW_SPREAD = 0.05
_TICK_S = 1.0
_OVERLAP_MOST_S = 30.0
_OVERLAP_LOOK_S = 0.05
_AFTER_BUG_S = 10.0
_BANS = (418, 429)
"""HTTP statuses that are said to an address and not to a connection."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the main thread is asked to do.

    Attributes:
        what: ``place`` a new connection, ``send`` a frame, ``flush`` what was kept, ``end`` it.
        link: the connection.
        opcode: of the frame.
        payload: of the frame.
        why: why it is to end.
        is_lossy: something may be missing after its end.
    """

    what: Literal["place", "send", "flush", "end"]
    link: Link
    opcode: int = 0
    payload: bytes = b""
    why: str = ""
    is_lossy: bool = True


class Mailbox:
    """From the threads of a source to the main thread. Any thread may write, one reads.

    Args:
        bell: eventfd, not blocking; readable while something was put in since the last look.
    """

    def __init__(self, bell: int) -> None:
        self._bell = bell
        self._requests: deque[Request] = deque()
        self._lines: deque[str] = deque()
        self._failures = 0
        self._lock = threading.Lock()

    def ask(self, request: Request) -> None:
        """Ask the main thread for something."""
        self._requests.append(request)
        self.ring()

    def ring(self) -> None:
        """Have the hot loop return to Python."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_write(self._bell, 1)

    def take(self) -> Request | None:
        """Take the oldest request."""
        return self._requests.popleft() if self._requests else None

    def quieten(self) -> None:
        """Note that somebody is looking."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._bell)

    def say(self, line: str) -> None:
        """Leave a line for people."""
        self._lines.append(line)

    def line(self) -> str | None:
        """Take the oldest line."""
        return self._lines.popleft() if self._lines else None

    def count_failure(self) -> None:
        """Count an attempt to open that failed."""
        with self._lock:
            self._failures += 1

    def take_failures(self) -> int:
        """Give the attempts that failed since the last look."""
        with self._lock:
            failures, self._failures = self._failures, 0
        return failures


class Keeper(threading.Thread):
    """The thread of one line. Dies with the process.

    Args:
        endpoint: where to.
        context: certificates to trust; None without TLS.
        line: number of the line.
        mailbox: to the main thread.
        cores: cores that the thread may run on; the hot loop's own is none of its business.
        renewing: of the source; its lines are renewed one after the other, for which there is room.
        over: set when the source is over; the thread ends then, at its next look.
        opens: how a connection is opened, for tests.
        budget: of attempts to its host; None: the one that all connections to it share.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        context: ssl.SSLContext | None,
        line: int,
        mailbox: Mailbox,
        *,
        cores: set[int],
        renewing: threading.Lock,
        over: threading.Event,
        opens: Callable[[Endpoint, ssl.SSLContext | None], Opened] = dial,
        budget: DialBudget | None = None,
    ) -> None:
        super().__init__(name=f"line {line} of {endpoint.name}", daemon=True)
        self._endpoint = endpoint
        self._context = context
        self._line = line
        self._mailbox = mailbox
        self._cores = cores
        self._opens = opens
        self._answers: queue.SimpleQueue[Link | None] = queue.SimpleQueue()
        self._backoff = Backoff()
        self._budget = budget or budget_of(f"{endpoint.host}:{endpoint.port}")
        self._told = ""
        self._is_again = False
        self._renewing = renewing
        self._over = over

    def note(self, link: Link) -> None:
        """Answer from the main thread: a connection was placed, or has ended (``why``)."""
        self._answers.put(link)

    def wake(self) -> None:
        """Have the thread look whether its source is over."""
        self._answers.put(None)

    def run(self) -> None:
        """Keep the line open until the source is over."""
        self._leave_the_hot_core()
        while not self._over.is_set():
            try:
                link = self._open()
                if link is not None:
                    self._keep(link)
            except Exception as error:  # noqa: BLE001 - the last place that can say why
                self._say(f"an error of zerofeed's own, please report it: {error!r}")
                self._over.wait(_AFTER_BUG_S)

    def _leave_the_hot_core(self) -> None:
        """Undo what a thread inherits of the worker's: its one core, its real-time priority."""
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, self._cores)

    # Opening

    def _open(self) -> Link | None:
        """Try once and hand over; None after a failure, when the wait for the next is over."""
        if not self._await_turn():
            return None
        try:
            link = Link(self._opens(self._endpoint, self._context), self._line)
        except DialError as error:
            self._over.wait(self._fail(error))
            return None
        self._mailbox.ask(Request("place", link))
        if self._told or self._is_again:
            self._say("connected again" if self._is_again else "connected")
        self._told = ""
        return link

    def _await_turn(self, old: _Attention | None = None) -> bool:
        """Wait until the host may be asked once more; keep an old connection alive meanwhile.

        Returns:
            False when the source is over, or the old connection was lost.
        """
        wait_s = self._budget.take(self._endpoint.dials_per_5min)
        due_s = time.monotonic() + wait_s
        while not self._over.is_set():
            left_s = max(due_s - time.monotonic(), self._budget.closed_s())
            if left_s <= 0:
                return True
            if old is None:
                self._over.wait(min(_TICK_S, left_s))
                continue
            self._hear(min(left_s, old.wait_s(time.monotonic())))
            if old.link.why:
                return False
            old.act(time.monotonic())
        return False

    def _fail(self, error: DialError) -> float:
        """Count and tell a failure; the seconds to wait."""
        self._mailbox.count_failure()
        least_s = max(error.least_s, least_wait_s(error.status))
        wait_s = self._backoff.wait_s(random.random(), least_s=least_s, asked_s=error.asked_s)  # noqa: S311
        if error.status in _BANS:
            # It is said to this address, whichever of its connections asked.
            self._budget.close_for(wait_s)
        if error.what != self._told:
            self._told = error.what
            self._say(f"cannot connect: {error.what}; tried again in {wait_s:.1f} s, and then on")
        return wait_s

    def _say(self, what: str) -> None:
        line = f", line {self._line}" if self._endpoint.lines > 1 else ""
        self._mailbox.say(f"{self._endpoint.name}{line}: {what}")

    # Keeping

    def _keep(self, link: Link) -> None:
        """Watch a connection, and its successors, until one is lost."""
        attention = _Attention(link, self._endpoint, self._mailbox, time.monotonic())
        while (successor := self._attend(attention)) is not None:
            attention = successor
        if time.monotonic() - attention.began > _PROVEN_S:
            self._backoff.succeed()
        if self._over.is_set():
            return
        self._is_again = True
        self._say(f"connection lost: {attention.link.why}")
        self._over.wait(self._backoff.wait_s(random.random()))  # noqa: S311

    def _attend(self, attention: _Attention) -> _Attention | None:
        """Watch one connection; its successor when it was renewed, None when it was lost."""
        while not self._over.is_set():
            self._hear(attention.wait_s(time.monotonic()))
            if attention.link.why:
                return None
            attention.act(time.monotonic())
            if attention.is_old(time.monotonic()):
                successor = self._renew(attention)
                if successor is not None:
                    return successor
        return None

    def _hear(self, wait_s: float) -> None:
        with contextlib.suppress(queue.Empty):
            self._answers.get(timeout=wait_s)

    def _renew(self, old: _Attention) -> _Attention | None:
        """Replace a connection that still delivers; None when it stays."""
        if not self._renewing.acquire(blocking=False):
            old.postpone(time.monotonic() + _TICK_S)
            return None
        try:
            return self._overlap(old)
        finally:
            self._renewing.release()

    def _overlap(self, old: _Attention) -> _Attention | None:
        """Open the successor, let both deliver for a while, then end the old one."""
        if not self._await_turn(old):
            return None
        try:
            link = Link(self._opens(self._endpoint, self._context), self._line)
        except DialError as error:
            old.postpone(time.monotonic() + self._fail(error))
            return None
        self._told = ""
        self._mailbox.ask(Request("place", link))
        new = _Attention(link, self._endpoint, self._mailbox, time.monotonic())
        delivers_at = 0.0
        while not link.why and not self._over.is_set():
            self._hear(min(_OVERLAP_LOOK_S, new.wait_s(time.monotonic())))
            now = time.monotonic()
            new.act(now)
            old.act(now)
            if not delivers_at and new.has_said_all and new.messages > 0:
                delivers_at = now
            has_overlapped = delivers_at > 0 and now - delivers_at >= self._endpoint.pace.overlap_s
            if old.link.why:
                return new
            if has_overlapped or now - new.began > _OVERLAP_MOST_S:
                # One that has brought nothing may be as quiet as the old one: that is not known.
                is_lossy = not has_overlapped
                self._mailbox.ask(Request("end", old.link, why="renewed", is_lossy=is_lossy))
                return new
        old.postpone(time.monotonic() + self._backoff.wait_s(random.random()))  # noqa: S311
        return None


class _Attention:
    """What one connection needs over time: texts, pings, a look at whether it is alive."""

    def __init__(self, link: Link, endpoint: Endpoint, mailbox: Mailbox, now: float) -> None:
        self.link = link
        self.began = now
        self._endpoint = endpoint
        self._mailbox = mailbox
        self._texts = deque(endpoint.send)
        self._is_subscribed = False
        pace = endpoint.pace
        self._send_at = now
        self._ping_at = now + pace.ping_s if pace.ping_s else float("inf")
        spread = 1.0 - _RENEW_SPREAD * random.random()  # noqa: S311
        self._renew_at = now + pace.renew_s * spread if pace.renew_s else float("inf")
        self._is_dropped = False

    @property
    def has_said_all(self) -> bool:
        return not self._texts

    @property
    def messages(self) -> int:
        stream = self.link.stream
        return 0 if stream is None else stream.messages

    def is_old(self, now: float) -> bool:
        return now >= self._renew_at and not self._is_dropped

    def postpone(self, renew_at: float) -> None:
        self._renew_at = renew_at

    def wait_s(self, now: float) -> float:
        """Seconds until something is to be done."""
        at = min(self._ping_at, self._renew_at, now + _TICK_S)
        if self._texts:
            at = min(at, self._send_at)
        return max(0.001, at - now)

    def act(self, now: float) -> None:
        if self.link.stream is None:
            return
        if self._texts and now >= self._send_at:
            self._ask_to_send(TEXT, self._texts.popleft().encode())
            self._send_at = now + 1.0 / self._endpoint.pace.sends_per_s
        if not self._texts and not self._is_subscribed:
            self._is_subscribed = True
            self.link.note_subscribed()
        if now >= self._ping_at:
            self._ping_at = now + self._endpoint.pace.ping_s
            text = self._endpoint.ping_text
            self._ask_to_send(TEXT if text else PING, text.encode())
        if self.link.has_unsent:
            self._mailbox.ask(Request("flush", self.link))
        stale_s = self._endpoint.pace.stale_s
        silence_s = self.link.silence_s()
        if stale_s and silence_s > stale_s and not self._is_dropped:
            self._is_dropped = True
            why = f"nothing came for {silence_s:.1f} s"
            self._mailbox.ask(Request("end", self.link, why=why))

    def _ask_to_send(self, opcode: int, payload: bytes) -> None:
        self._mailbox.ask(Request("send", self.link, opcode=opcode, payload=payload))
