"""The compiled loop of a feed and every array that it works on, whatever the protocol.

A stage is built by the supervisor, in memory that outlives every worker, and used by each worker
that the supervisor forks: recover, watch, and then turn after turn.
"""

from __future__ import annotations

import select
import time
from typing import cast

import numpy as np
import numpy.typing as npt

from zerofeed.base.context import Context, address_of
from zerofeed.base.errors import BugError, ConfigurationError
from zerofeed.base.status import OK, WOULD_BLOCK
from zerofeed.feed import _instrument_kernels as instruments
from zerofeed.feed.instruments import lookup_words
from zerofeed.feed.memory import FeedMemory, MemorySizes
from zerofeed.feed.metrics import SOURCES, SOURCES_AT, counter_word
from zerofeed.records.book_rows import DOUBT_NAMES, book_row, row_words
from zerofeed.runtime import _burst_kernels as burst
from zerofeed.runtime import _receive_kernels as receive
from zerofeed.runtime._step_kernels import skip_frame
from zerofeed.runtime._undo_kernels import NO_ROOM
from zerofeed.runtime.book_store import (
    check_books,
    initialize_books,
    publish_all_dirty,
    recover_books,
    undo_step,
)
from zerofeed.runtime.config import FeedConfig
from zerofeed.runtime.private import divide, private_words
from zerofeed.runtime.protocol import Protocol
from zerofeed.runtime.receivers import longest_packet, spare_chunks
from zerofeed.runtime.trading_day import day_of_feed
from zerofeed.sequencing.holding import A_FRAME, A_HELD, A_REPLAYS, A_WAIT_NS
from zerofeed.shm import _ring_kernels as k
from zerofeed.shm import journal
from zerofeed.wire.receive_block import result_table
from zerofeed.wire.receiver import WEBSOCKET, Receiver, ServedReceiver
from zerofeed.wire.xdp.source import NO_ARRAYS, XdpSource

__all__ = ["Stage", "sizes_of"]

_Words = npt.NDArray[np.int64]

_HAS_STARTED = 0

_DROPPED = counter_word("packets_dropped_kernel")
_RECORDS_PUBLISHED = counter_word("records_published")
_TAKEN = counter_word("frames_taken")

_DOUBTS = sum(DOUBT_NAMES)
_PAGE_BYTES = 4096


def sizes_of(config: FeedConfig, protocol: Protocol) -> MemorySizes:
    """Compute the sizes of a feed's memory.

    Args:
        config: of the feed.
        protocol: what is decoded.

    Raises:
        ConfigurationError: more sources than a feed can have, or sizes that contradict.
    """
    if len(config.source) > SOURCES:
        raise ConfigurationError(
            "too many sources for one feed",
            where="source",
            expected=f"at most {SOURCES}",
            got=len(config.source),
        )
    if protocol.ask is None and any(each.role == "replay" for each in config.source):
        raise ConfigurationError(
            f"{protocol.name} has no requests for what is missing",
            where="source.role",
            expected="a protocol that has, such as itch50-mold",
            got="replay",
            next_step="leave the replay out",
        )
    if protocol.is_of_connection and any(source.lines > 1 for source in config.source):
        raise ConfigurationError(
            "this venue numbers channels and messages on each connection by itself",
            where="source.lines",
            expected=1,
            got=max(source.lines for source in config.source),
        )
    if not protocol.compares_connections and any(source.lines > 1 for source in config.source):
        raise ConfigurationError(
            f"messages of {protocol.name} would be published once for each connection",
            where="source.lines",
            expected=1,
            got=max(source.lines for source in config.source),
            next_step="leave one, or take the venue's JSON",
        )
    memory = config.memory
    check_books(memory, protocol)
    claim = protocol.most_records(longest_packet(config))
    if 2 * claim > memory.records:
        raise ConfigurationError(
            "the longest packet could make more records than half of the ring holds",
            where="memory.records",
            expected=f"at least {1 << (2 * claim - 1).bit_length()}",
            got=memory.records,
            next_step="enlarge memory.records, or shorten memory.chunk_bytes, afxdp.jumbo_bytes or "
            "source.longest_message_bytes",
        )
    return MemorySizes(
        records=memory.records,
        frames=memory.frames,
        chunk_bytes=memory.chunk_bytes,
        burst=config.worker.burst,
        spare_chunks=spare_chunks(config),
        max_claim=claim,
        instruments=memory.instruments,
        book_row_bytes=row_words(memory.book_depth) * 8,
        lookup_bytes=-(-lookup_words(memory.instruments) * 8 // _PAGE_BYTES) * _PAGE_BYTES,
        work_words=protocol.work_words(memory.instruments),
        private_bytes=8 * private_words(config),
        huge=memory.huge_pages,
    )


class Stage:
    """The compiled loop and its arrays.

    Args:
        config: of the feed.
        memory: of the feed, sized by :func:`sizes_of`.
        protocol: what is decoded.
        receivers: one for each source, in the configuration's order.

    Attributes:
        memory: of the feed.
        protocol: what is decoded.
        receivers: where packets come from.
        book_depth: levels a side that readers see.
        books: the writer's books.
        undo: books as they were before the open step.
        blocks: receive blocks, by source.
        report: what the latest turn says of itself, words of ``_burst_kernels``.
    """

    def __init__(
        self,
        config: FeedConfig,
        memory: FeedMemory,
        protocol: Protocol,
        receivers: list[Receiver],
    ) -> None:
        self.memory = memory
        self.protocol = protocol
        self.receivers = receivers
        self.book_depth = config.memory.book_depth
        private = divide(config, memory)
        self._life, self.books, self.undo = private.life, private.books, private.undo
        self.blocks = private.blocks
        self._blocks_at = private.blocks_at
        leaders = [each for each in receivers if isinstance(each, XdpSource)]
        self._xdp_arrays = leaders[0].arrays if leaders else NO_ARRAYS
        count = config.memory.instruments
        self.lookup = memory.instrument_lookup[: lookup_words(count)]
        self.words = memory.instrument_words
        self._record_words: _Words = memory.records.view(np.int64)
        self._results = result_table(config.worker.burst)
        self._events = np.zeros(burst.MOST_EVENTS * burst.EVENT_BYTES, dtype=np.uint8)
        self._port_of = np.full(65536, -1, dtype=np.int64)
        self._ports = np.zeros((0, receive.PORT_COLUMNS), dtype=np.int64)
        self._one = np.ones(1, dtype=np.int64)
        self._scratch = protocol.scratch(longest_packet(config))
        day = day_of_feed(config, protocol)
        if day is not None and protocol.days is not None:
            protocol.days.set_day(self._scratch, day)
        self._process = address_of(protocol.process)
        self._context = Context(
            [
                memory.arena,
                self.words,
                self.lookup,
                memory.state,
                self.books,
                self.undo,
                memory.records,
                self._record_words,
                self._scratch,
            ]
        )
        self.report = np.zeros(burst.REPORT_WORDS, dtype=np.int64)
        self._served: list[tuple[int, ServedReceiver]] = []
        self._epoll: select.epoll | None = None
        self._epoll_fd = -1
        memory.state[A_WAIT_NS] = config.wait_ns
        memory.state[A_REPLAYS] = sum(
            1 << place for place, each in enumerate(config.source) if each.role == "replay"
        )
        if instruments.initialise(self.words, self.lookup) < 0:
            raise BugError("the instruments table has an impossible size", where=memory.name)
        initialize_books(
            self.books,
            protocol,
            instruments=count,
            orders=config.memory.orders,
            levels=config.memory.book_levels,
            depth=self.book_depth,
        )

    @property
    def how(self) -> str:
        """How packets arrive, and how many copies that costs, for all sources."""
        return "; ".join(dict.fromkeys(receiver.how for receiver in self.receivers))

    @property
    def clock(self) -> str:
        """Where arrival times come from, for all sources."""
        return "; ".join(dict.fromkeys(receiver.clock for receiver in self.receivers))

    # Taking over

    def recover(self) -> int:
        """Take over what the previous worker left, if there was one. Called by each new worker.

        Returns:
            The number of books that are in doubt because the previous worker was killed while
            it was changing them.
        """
        memory = self.memory
        for index, (receiver, block) in enumerate(zip(self.receivers, self.blocks, strict=True)):
            receiver.take_over(block, memory, index)
        step = journal.recover(memory.state, memory.record_ring.published)
        in_doubt = 0
        if memory.state[journal.STEP] == step:
            # It is going to be done again, so what it did to the books must not be there.
            in_doubt = undo_step(self.books, self.undo)
        self._recount()
        instruments.recover(self.words, self.lookup)
        in_doubt += recover_books(self.books)
        if memory.record_ring.published:
            publish_all_dirty(self.books, memory.book_words, memory.record_ring.published - 1)
        return in_doubt

    def _recount(self) -> None:
        """Add up again what is counted outside of a step, where a kill can fall in between."""
        state = self.memory.state
        state[_RECORDS_PUBLISHED] = self.memory.record_ring.published
        state[_DROPPED] = state[SOURCES_AT : SOURCES_AT + SOURCES].sum()

    def open_frame(self) -> int | None:
        """Name the frame that a dead worker was in the middle of, before :meth:`recover`.

        Returns:
            Its number; None when the worker died elsewhere.
        """
        memory = self.memory
        step = int(memory.state[journal.STEP])
        is_published = 0 <= memory.state[journal.TARGET] <= memory.record_ring.published
        is_open = memory.state[journal.DONE] == step and not is_published
        frame = int(memory.state[A_FRAME])
        return frame if is_open and frame < memory.frame_ring.published else None

    def skip(self, frame: int) -> bool:
        """Count a frame as malformed without looking into it, if it is the next one to be done.

        Called behind :meth:`recover`, by a worker whose predecessors died of the frame.
        """
        memory = self.memory
        if frame >= memory.frame_ring.published:
            return False
        described = memory.frames[frame & (memory.frame_ring.capacity - 1)]
        length, published = int(described["length"]), memory.record_ring.published
        return bool(skip_frame(memory.state, frame, length, published))

    @property
    def frames_taken(self) -> int:
        """Frames that are records, or are held."""
        return int(self.memory.state[_TAKEN])

    def describe_frame(self, frame: int) -> str:
        """Describe a frame for people: number, source, bytes."""
        described = self.memory.frames[frame & (self.memory.frame_ring.capacity - 1)]
        receiver = self.receivers[int(described["channel"])]
        return f"frame {frame} of {receiver.name}, {int(described['length'])} bytes"

    def touch(self) -> None:
        """Have every page that the compiled loop uses in this process's page tables.

        A fork inherits no page tables of shared memory, and its own arrays are copied at the first
        write: each page would cost a fault at the first packet that needs it, and after each restart.
        """
        self.memory.populate()
        own = (self._results, self._events, self._port_of, self._one, self._scratch, self.report)
        for array in own:
            raw = array.reshape(-1).view(np.uint8)
            raw[::_PAGE_BYTES] |= np.uint8(0)
            raw[-1:] |= np.uint8(0)

    # Receiving

    @property
    def has_started(self) -> bool:
        """Whether the sources were started, by this worker or one before it."""
        return bool(self._life[_HAS_STARTED])

    def watch(self, orders: int) -> None:
        """Watch the supervisor's orders from this process, and the sources once they start."""
        self._epoll = select.epoll()
        self._epoll_fd = self._epoll.fileno()
        self._epoll.register(orders, select.EPOLLIN)
        self._port_of[:] = -1

    def start_sources(self) -> None:
        """Begin to receive. Packets that came to a socket before are in its buffer."""
        assert self._epoll is not None
        rows: list[tuple[int, ...]] = []
        block_at = self._blocks_at
        for source, (receiver, block) in enumerate(zip(self.receivers, self.blocks, strict=True)):
            filenos = receiver.filenos()
            share = block.size // max(1, len(filenos))
            if receiver.kind == WEBSOCKET:
                self._served.append((len(rows), cast("ServedReceiver", receiver)))
            for place, fileno in enumerate(filenos):
                if fileno >= 0:
                    self._port_of[fileno] = len(rows)
                rows.append((receiver.kind, source, block_at + place * share, share, place, fileno))
            block_at += block.size
        self._ports = np.array(rows, dtype=np.int64).reshape(-1, receive.PORT_COLUMNS)
        for receiver in self.receivers:
            for fileno in receiver.filenos():
                if fileno >= 0:
                    self._epoll.register(fileno, select.EPOLLIN)
        for _, served in self._served:
            served.start()
        self._life[_HAS_STARTED] = 1

    def serve(self) -> int:
        """Let receivers do what the loop cannot: decrypt, answer, open. After a turn that was OK.

        Returns:
            OK; WOULD_BLOCK when a lossless reader of the frames is in the way.
        """
        assert self._epoll is not None
        is_held_back = False
        for first_port, receiver in self._served:
            for place, fileno in receiver.serve():
                self._port_of[fileno] = first_port + place
                self._epoll.register(fileno, select.EPOLLIN)
            is_held_back = is_held_back or receiver.is_held_back
        # Bytes may lie where no descriptor tells of them.
        self.report[burst.SERVE] = 1
        return WOULD_BLOCK if is_held_back else OK

    def turn(self, timeout_ms: int, turn_ns: int) -> int:
        """Run the compiled loop; see :mod:`zerofeed.runtime._burst_kernels`."""
        memory = self.memory
        code = burst.burst(
            self._process,
            self._context.address,
            self._epoll_fd,
            timeout_ms,
            turn_ns,
            self._events,
            self._port_of,
            self._ports,
            memory.private,
            *self._xdp_arrays,
            self._results,
            memory.arena,
            memory.sizes.chunk_bytes,
            memory.frame_ring.control,
            memory.frame_cursors.words,
            memory.frames,
            memory.record_ring.control,
            memory.record_cursors.words,
            memory.records,
            self._record_words,
            self.words,
            memory.state,
            self.books,
            self.undo,
            memory.book_words,
            self._one,
            self.report,
        )
        if code != OK and self._served:
            # It went away from messages that no descriptor tells of: look at all streams again.
            self.report[burst.SERVE] = 1
        return code

    def wake(self) -> None:
        """Wake the readers that sleep; after a kill, those that the predecessor did not reach."""
        now_ns = time.time_ns()
        memory = self.memory
        for ring, table in (
            (memory.record_ring, memory.record_cursors),
            (memory.frame_ring, memory.frame_cursors),
        ):
            k.try_publish(ring.control, table.words, self._one, 0, now_ns)

    # What there is to tell

    def note_drops(self) -> None:
        """Take over the receivers' own counts of what never became a frame."""
        for index, receiver in enumerate(self.receivers):
            self.memory.metrics.note_drops(index, receiver.drops())
        foreign = sum(receiver.foreign() for receiver in self.receivers)
        self.memory.metrics.set("packets_foreign", foreign)

    def note_overflows(self) -> bool:
        """Count what could not be kept for a successor; tell whether that became more."""
        metrics = self.memory.metrics
        before = metrics["changes_unkept"], metrics["books_unkept"]
        now = int(self.memory.state[journal.LOST]), int(self.undo[NO_ROOM])
        metrics.set("changes_unkept", now[0])
        metrics.set("books_unkept", now[1])
        return now != before

    def note_doubts(self) -> None:
        """Count the published books that are not proven."""
        rows = self.memory.book_words.view(book_row(self.book_depth))
        doubted = (rows["version"] > 0) & ((rows["flags"] & _DOUBTS) != 0)
        self.memory.metrics.set("books_in_doubt", int(doubted.sum()))

    def news(self) -> list[str]:
        """Give the lines that receivers want people to know, each once."""
        told = (
            receiver.tell(block)
            for receiver, block in zip(self.receivers, self.blocks, strict=True)
        )
        return [line for line in told if line is not None]

    def has_ended(self, sources: list[int]) -> bool:
        """Tell whether some sources have ended and all their packets are records."""
        memory = self.memory
        is_done = self.frames_taken == memory.frame_ring.published and memory.state[A_HELD] == 0
        return is_done and all(
            self.receivers[source].has_ended(self.blocks[source]) for source in sources
        )
