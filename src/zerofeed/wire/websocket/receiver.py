"""A WebSocket source of a feed: messages of its connections as frames of the arena.

::

    keeper thread (one a line)          main thread of the worker
    open, watch, renew ── Mailbox ──▶  place, send, end  ─┐   between two turns
                                        decrypt, answer   ─┤
                                        ┌──────────────────┘
                                        ▼ stream words, arena
                                        compiled loop: read (ws://), parse, inflate, publish

A source has ``lines`` connections at a time, and one *stream* more than that, so that a connection can
be replaced while it still delivers; and an *inbox* for what the worker publishes itself.

Connections live and die with the worker: what TLS knows cannot be handed to a successor. So a killed
worker's connections are opened anew, and readers are told by a frame without bytes that has LOST_FLAG.
So they are whenever a connection ended and something may be missing, which it is not while another of its
source goes on.
"""

from __future__ import annotations

import os
import ssl
import sys
import threading
from collections import deque
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import ConfigurationError
from zerofeed.feed.copies import ReceiverCopies
from zerofeed.feed.memory import FeedMemory
from zerofeed.wire._arrival_kernels import INJECTED_FLAG
from zerofeed.wire.receiver import WEBSOCKET
from zerofeed.wire.websocket import _words as w
from zerofeed.wire.websocket.dial import Opened, dial, keep_stamps_on, make_context
from zerofeed.wire.websocket.endpoint import Endpoint
from zerofeed.wire.websocket.inflate import find_zlib
from zerofeed.wire.websocket.keeper import Keeper, Mailbox, Request
from zerofeed.wire.websocket.link import Link
from zerofeed.wire.websocket.outgoing import TEXT
from zerofeed.wire.websocket.plan import StreamPlan
from zerofeed.wire.websocket.stream import Stream

__all__ = ["WebSocketReceiver"]

_SWITCH_S = 0.0002
"""How long another thread keeps the interpreter when the main thread wants it."""


class WebSocketReceiver:
    """One source. Made by the supervisor, which opens nothing; used by one worker after the other.

    Args:
        endpoint: where to.
        plan: of its part of the arena.
        opens: how a connection is opened, for tests.

    Raises:
        ConfigurationError: its certificates cannot be used.
        ResourceError: compression without a zlib.

    Attributes:
        endpoint: as given.
    """

    kind = WEBSOCKET

    def __init__(
        self,
        endpoint: Endpoint,
        plan: StreamPlan,
        opens: Callable[[Endpoint, ssl.SSLContext | None], Opened] = dial,
    ) -> None:
        self.endpoint = endpoint
        self._plan = plan
        self._opens = opens
        self._context = make_context(endpoint)
        if endpoint.compression:
            find_zlib()
        self._cores = os.sched_getaffinity(0)
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._stamping = keep_stamps_on()
        self._mailbox = Mailbox(self._bell)
        self._inbox: deque[bytes] = deque()
        self._streams: list[Stream] = []
        self._links: list[Link | None] = [None] * plan.places
        self._waiting: deque[Link] = deque()
        self._keepers: list[Keeper] = []
        self._over = threading.Event()
        self._memory: FeedMemory | None = None
        self._source = 0

    @property
    def name(self) -> str:
        """The address, without what may be secret in it."""
        return self.endpoint.name

    @property
    def how(self) -> str:
        """How messages arrive, and how many copies that costs."""
        if self.endpoint.is_secure:
            return "websocket over tls: decrypted by OpenSSL into the frames"
        return "websocket: one copy by the kernel into the frames, none in user space"

    @property
    def clock(self) -> str:
        """Where arrival times come from."""
        return (
            "CLOCK_REALTIME when the network stack received a message's last bytes (SO_TIMESTAMPNS)"
        )

    def tell_copies(self) -> ReceiverCopies:
        """Say how often a message is copied, by how this source is opened."""
        deflates = self.endpoint.compression
        inflating = "; what is compressed is inflated by zlib into the frames" if deflates else ""
        if not self.endpoint.is_secure:
            return ReceiverCopies(
                kind="websocket",
                source=self.name,
                mode="WebSocket, read into the frames, parsed there" + inflating,
                kernel_copies=1,
                user_copies=0,
                how_known="recvmmsg is given the place in the arena behind the last byte; only the "
                "later parts of fragmented messages, and an unfinished frame at the region's end, "
                "are moved",
            )
        return ReceiverCopies(
            kind="websocket",
            source=self.name,
            mode="WebSocket over TLS, decrypted into the frames, parsed there" + inflating,
            kernel_copies=1,
            user_copies=3,
            how_known="by OpenSSL's sources: encrypted bytes are copied into a memory BIO and from it "
            "into the record buffer, decrypted there, and the plain ones copied from it to the "
            "place in the arena that SSLObject.read was given",
        )

    def filenos(self) -> list[int]:
        """Give the descriptor of each stream, -1 where none is open, and the bell of the inbox."""
        return [*(-1 if link is None else link.fileno() for link in self._links), self._bell]

    def take_over(self, block: npt.NDArray[np.int64], memory: FeedMemory, source: int) -> None:
        """Lay the streams out, and let readers know of the connections that a killed worker had."""
        plan = self._plan
        self._memory = memory
        self._source = source
        memory.metrics.forget_connections(source)
        self._streams = [
            Stream(
                block[place * w.STREAM_WORDS : (place + 1) * w.STREAM_WORDS],
                memory,
                place=place,
                at=plan.region_at(place),
                region_bytes=plan.region_bytes,
                longest=plan.longest,
                inflated_at=plan.inflated_at(place),
                flags=INJECTED_FLAG if place == plan.places else 0,
                is_inbox=place == plan.places,
            )
            for place in range(plan.places + 1)
        ]

    def start(self) -> None:
        """Begin to open connections; in the worker, once."""
        sys.setswitchinterval(_SWITCH_S)
        renewing = threading.Lock()
        for line in range(self.endpoint.lines):
            keeper = Keeper(
                self.endpoint,
                self._context,
                line,
                self._mailbox,
                cores=self._cores,
                renewing=renewing,
                over=self._over,
                opens=self._opens,
            )
            self._keepers.append(keeper)
            keeper.start()

    # Between two turns

    def serve(self) -> list[tuple[int, int]]:
        """Do what the compiled loop and the keepers ask for. The main thread of the worker.

        Called between two turns, when every published frame has become records.

        Returns:
            Place and descriptor of each connection that is to be watched from now on. The loop has
            to look at all streams again.
        """
        for place, link in enumerate(self._links):
            if link is not None and self._streams[place].words[w.EVENTS]:
                why = link.serve()
                if why:
                    self._end(link, why)
        inbox = self._streams[-1].words
        if inbox[w.EVENTS] & w.HAS_INPUT:
            inbox[w.EVENTS] = 0
            self._mailbox.quieten()
        while (request := self._mailbox.take()) is not None:
            self._do(request)
        fresh = self._place_waiting()
        while self._inbox and self._streams[-1].put(self._inbox[0]):
            self._inbox.popleft()
        if self._inbox or self._waiting:
            inbox[w.EVENTS] |= w.HAS_INPUT
        self._count_failures()
        return fresh

    @property
    def is_held_back(self) -> bool:
        """Whether something waits for a lossless reader to free its place."""
        return any(link is not None and link.is_held_back for link in self._links) or bool(
            self._inbox and not self._streams[-1].words[w.IS_COMPLETE]
        )

    def _do(self, request: Request) -> None:
        link = request.link
        if request.what == "place":
            self._waiting.append(link)
        elif link.stream is None:
            return
        elif request.what == "end":
            is_renewed = not request.is_lossy
            self._end(link, request.why, is_lossy=request.is_lossy, says_goodbye=is_renewed)
        else:
            if request.what == "send":
                link.send(request.opcode, request.payload)
            why = link.flush()
            if why:
                self._end(link, why)

    def _place_waiting(self) -> list[tuple[int, int]]:
        fresh = []
        while self._waiting and None in self._links:
            # A stream says that its connection was lost before it begins with another.
            free = [
                place
                for place, link in enumerate(self._links)
                if link is None and not self._streams[place].words[w.IS_LOSSY]
            ]
            if not free:
                break
            link = self._waiting.popleft()
            link.begin(self._streams[free[0]], free[0])
            self._links[free[0]] = link
            self._note(free[0], is_open=True)
            self._count("connections_opened")
            fresh.append((free[0], link.fileno()))
            self._keepers[link.line].note(link)
        return fresh

    def _end(
        self, link: Link, why: str, *, is_lossy: bool = True, says_goodbye: bool = False
    ) -> None:
        stream = link.stream
        if stream is not None and stream.words[w.EVENTS] & w.HAS_FAILED:
            self._count("frames_refused")
        self._links[link.place] = None
        self._note(link.place, is_open=False)
        is_told = is_lossy and not self._is_covered()
        link.end(why, is_lossy=is_told, says_goodbye=says_goodbye)
        if is_lossy:
            self._count("connections_lost")
        self._keepers[link.line].note(link)

    def _is_covered(self) -> bool:
        """Tell whether another connection goes on that has delivered for long enough: nothing is missing then."""
        least_s = self.endpoint.pace.overlap_s
        return any(link is not None and link.delivers_for(least_s) for link in self._links)

    def _note(self, place: int, *, is_open: bool) -> None:
        assert self._memory is not None
        self._memory.metrics.note_connection(self._source, place, is_open=is_open)

    def _count(self, name: str, amount: int = 1) -> None:
        assert self._memory is not None
        self._memory.metrics.add(name, amount)

    def _count_failures(self) -> None:
        failures = self._mailbox.take_failures()
        if failures:
            self._count("connections_failed", failures)

    # From other threads

    def inject(self, payload: bytes) -> None:
        """Publish bytes as a frame of this source, with INJECTED_FLAG. Any thread of the worker.

        Args:
            payload: not empty; frames come in the order of the calls, at the next turns.

        Raises:
            ConfigurationError: longer than a message may be.
        """
        if len(payload) > self._plan.longest:
            raise ConfigurationError(
                "an answer is longer than a message may be",
                where=self.name,
                expected=f"at most {self._plan.longest} bytes",
                got=f"{len(payload)} bytes",
                next_step="raise source.longest_message_bytes, and region_bytes with it",
            )
        self._inbox.append(payload)
        self._mailbox.ring()

    def say(self, text: str) -> None:
        """Send a text on every connection that is open. Any thread of the worker."""
        for link in list(self._links):
            if link is not None:
                self._mailbox.ask(Request("send", link, opcode=TEXT, payload=text.encode()))

    # What there is to tell

    def tell(self, block: npt.NDArray[np.int64]) -> str | None:  # noqa: ARG002
        """Give the next line of the keepers'."""
        self._count_failures()
        return self._mailbox.line()

    def has_ended(self, block: npt.NDArray[np.int64]) -> bool:  # noqa: ARG002
        """Tell that a connection that ended is opened again."""
        return False

    def drops(self) -> int:
        """Give 0: what TCP loses it sends again."""
        return 0

    def foreign(self) -> int:
        """Count nothing: a connection has no other's messages."""
        return 0

    def leave_to_opener(self) -> None:
        """Close nothing: a worker needs all of it."""

    def close(self) -> None:
        """Close the bell, and connections where there are any. Idempotent.

        In a worker nobody calls it: its threads and connections end with the process.
        """
        self._over.set()
        for keeper in self._keepers:
            keeper.wake()
        for link in self._links:
            if link is not None:
                link.end("the feed ends", is_lossy=False, says_goodbye=True)
        self._links = [None] * self._plan.places
        if self._bell >= 0:
            os.close(self._bell)
            self._bell = -1
        self._stamping.close()
