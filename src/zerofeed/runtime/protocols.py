"""What each protocol needs to run: memory, templates, and the compiled stage.

A :class:`Protocol` knows how much memory a feed of its kind takes and builds the
:class:`Stage`: the arrays that the compiled loop works on, and how to start and recover them.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import BugError, ConfigurationError
from zerofeed.books import _kernels as book_kernels
from zerofeed.books._rows_kernels import publish_dirty
from zerofeed.books.layout import RULE_CLEAR_FIRST, RULE_SPANS_FRAMES, store_words
from zerofeed.codecs.deribit._message_kernels import (
    SCRATCH_WORDS as CODEC_SCRATCH_WORDS,
)
from zerofeed.codecs.deribit._message_kernels import (
    STATE_WORDS,
)
from zerofeed.codecs.deribit.decoder import TEMPLATE_NAMES
from zerofeed.feed import _instrument_kernels as instruments
from zerofeed.feed.instruments import lookup_words
from zerofeed.feed.memory import FeedMemory, MemorySizes
from zerofeed.feed.metrics import SOURCES, SOURCES_AT, counter_word
from zerofeed.records.book_rows import DOUBT_NAMES, book_row, row_words
from zerofeed.runtime import _burst_kernels as burst
from zerofeed.runtime._deribit_kernels import SCRATCH_WORDS
from zerofeed.runtime._undo_kernels import restore_books, undo_words
from zerofeed.runtime.config import FeedConfig
from zerofeed.shm import _ring_kernels as k
from zerofeed.shm import journal
from zerofeed.wire.receive_block import block_words, prepare_block, recover_block, result_table

__all__ = ["DERIBIT_RULES", "PROTOCOLS", "Protocol", "Stage", "find_protocol", "most_records"]

_DROPPED = counter_word("packets_dropped_kernel")
_RECORDS_PUBLISHED = counter_word("records_published")

_DOUBTS = sum(DOUBT_NAMES)

DERIBIT_RULES = RULE_CLEAR_FIRST | RULE_SPANS_FRAMES
"""Deribit's books: snapshots begin with a clear, a change may be split over several packets."""


def most_records(packet_bytes: int) -> int:
    """Bound the records of one packet: a level each 8 bytes, a book's quote each 40, a gap."""
    return packet_bytes // 8 + packet_bytes // 40 + 16


@dataclass(frozen=True, slots=True)
class Protocol:
    """One protocol that ``zerofeed run`` and ``zerofeed decode`` know.

    Attributes:
        name: as in ``feed.protocol``.
        summary: one line for people.
        templates: message template names by slot.
        build: makes the stage.
    """

    name: str
    summary: str
    templates: dict[int, str]
    build: Callable[[FeedConfig, FeedMemory], Stage]

    def sizes(self, config: FeedConfig) -> MemorySizes:
        """Compute the sizes of a feed's memory.

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
        memory = config.memory
        if memory.book_depth > memory.book_levels:
            raise ConfigurationError(
                "more levels would be shown than are kept",
                where="memory.book_depth",
                expected=f"at most {memory.book_levels}",
                got=memory.book_depth,
            )
        claim = most_records(memory.chunk_bytes)
        if 2 * claim > memory.records:
            raise ConfigurationError(
                "the longest packet could make more records than half of the ring holds",
                where="memory.records",
                expected=f"at least {1 << (2 * claim - 1).bit_length()}",
                got=memory.records,
                next_step="enlarge memory.records or shorten memory.chunk_bytes",
            )
        lookup = -(-lookup_words(memory.instruments) * 8 // 4096) * 4096
        blocks = len(config.source) * block_words(config.worker.burst)
        return MemorySizes(
            records=memory.records,
            frames=memory.frames,
            chunk_bytes=memory.chunk_bytes,
            burst=config.worker.burst,
            max_claim=claim,
            instruments=memory.instruments,
            book_row_bytes=row_words(memory.book_depth) * 8,
            lookup_bytes=lookup,
            work_words=CODEC_SCRATCH_WORDS + memory.instruments * STATE_WORDS,
            private_bytes=8
            * (
                store_words(memory.instruments, memory.book_levels)
                + blocks
                + undo_words(memory.book_levels)
            ),
            huge=memory.huge_pages,
        )


class Stage:
    """The compiled loop of a feed and every array that it works on.

    Built by the supervisor, used by each worker that it forks.

    Args:
        config: of the feed.
        memory: of the feed.
        protocol: what is decoded.
    """

    receiver = "udp: one copy by the kernel into the frames, none in user space"

    def __init__(self, config: FeedConfig, memory: FeedMemory, templates: dict[int, str]) -> None:
        self.memory = memory
        self.templates = templates
        self.book_depth = config.memory.book_depth
        self._burst = config.worker.burst
        self._chunk_bytes = config.memory.chunk_bytes
        count = config.memory.instruments
        book_words = store_words(count, config.memory.book_levels)
        self.books: npt.NDArray[np.int64] = memory.private[:book_words]
        size = block_words(self._burst)
        undo_at = book_words + len(config.source) * size
        self.blocks: npt.NDArray[np.int64] = memory.private[book_words:undo_at].reshape(
            len(config.source), size
        )
        self.undo: npt.NDArray[np.int64] = memory.private[
            undo_at : undo_at + undo_words(config.memory.book_levels)
        ]
        self.lookup = memory.instrument_lookup[: lookup_words(count)]
        self.words = memory.instrument_words
        self._record_words: npt.NDArray[np.int64] = memory.records.view(np.int64)
        self._results = result_table(self._burst)
        self._events = np.zeros(64 * burst.EVENT_BYTES, dtype=np.uint8)
        self._source_of = np.full(65536, -1, dtype=np.int64)
        self._one = np.ones(1, dtype=np.int64)
        self._scratch = np.zeros(SCRATCH_WORDS, dtype=np.int64)
        self.report = np.zeros(8, dtype=np.int64)
        self._epoll: select.epoll | None = None
        self._epoll_fd = -1
        if instruments.initialise(self.words, self.lookup) < 0:
            raise BugError("the instruments table has an impossible size", where=memory.name)
        status = book_kernels.initialize(
            self.books, count, config.memory.book_levels, DERIBIT_RULES, self.book_depth
        )
        if status < 0:
            raise BugError("the books have an impossible size", where=memory.name, got=status)

    def recover(self, sources: list[int]) -> int:
        """Take over what the previous worker left, if there was one. Called by each new worker.

        Args:
            sources: descriptors of the sockets, in the configuration's order.

        Returns:
            The number of books that are in doubt because the previous worker was killed while
            it was changing them.
        """
        memory = self.memory
        for source in range(len(sources)):
            block = self.blocks[source]
            if block[0] != 0:
                found = recover_block(block)
                if len(found) and found.first_chunk == memory.frame_ring.published:
                    burst.publish_frames(
                        memory.frame_ring.control,
                        memory.frames,
                        found.results,
                        len(found),
                        self._chunk_bytes,
                        memory.sizes.chunks,
                        source,
                        time.time_ns(),
                    )
            prepare_block(block, self._burst)
        step = journal.recover(memory.state, memory.record_ring.published)
        if memory.state[journal.STEP] == step:
            # It is going to be done again, so what it did to the books must not be there.
            restore_books(self.books, self.undo)
        self._recount()
        instruments.recover(self.words, self.lookup)
        in_doubt = int(book_kernels.recover(self.books))
        if memory.record_ring.published:
            publish_dirty(self.books, memory.book_words, memory.record_ring.published - 1)
        return in_doubt

    def _recount(self) -> None:
        """Add up again what is counted outside of a step, where a kill can fall in between."""
        state = self.memory.state
        state[_RECORDS_PUBLISHED] = self.memory.record_ring.published
        state[_DROPPED] = state[SOURCES_AT : SOURCES_AT + SOURCES].sum()

    def watch(self, sources: list[int], orders: int) -> None:
        """Watch the sockets and the supervisor's orders from this process."""
        self._epoll = select.epoll()
        self._epoll_fd = self._epoll.fileno()
        self._source_of[:] = -1
        for index, fd in enumerate(sources):
            self._source_of[fd] = index
            self._epoll.register(fd, select.EPOLLIN)
        self._epoll.register(orders, select.EPOLLIN)

    def turn(self, timeout_ms: int, turn_ns: int) -> int:
        """Run the compiled loop; see :func:`zerofeed.runtime._burst_kernels.burst_deribit`."""
        memory = self.memory
        return burst.burst_deribit(
            self._epoll_fd,
            timeout_ms,
            turn_ns,
            self._events,
            self._source_of,
            self.blocks,
            self._results,
            memory.arena,
            self._chunk_bytes,
            memory.frame_ring.control,
            memory.frame_cursors.words,
            memory.frames,
            memory.record_ring.control,
            memory.record_cursors.words,
            memory.records,
            self._record_words,
            self.words,
            self.lookup,
            memory.state,
            self.books,
            self.undo,
            memory.book_words,
            self._one,
            self._scratch,
            self.report,
        )

    def wake(self) -> None:
        """Wake the readers that sleep; after a kill, those that the predecessor did not reach."""
        now_ns = time.time_ns()
        memory = self.memory
        for ring, table in (
            (memory.record_ring, memory.record_cursors),
            (memory.frame_ring, memory.frame_cursors),
        ):
            k.try_publish(ring.control, table.words, self._one, 0, now_ns)

    def books_in_doubt(self) -> int:
        """Count the published books that are not proven."""
        rows = self.memory.book_words.view(book_row(self.book_depth))
        return int(((rows["version"] > 0) & ((rows["flags"] & _DOUBTS) != 0)).sum())


def _build_deribit(config: FeedConfig, memory: FeedMemory) -> Stage:
    return Stage(config, memory, dict(enumerate(TEMPLATE_NAMES)))


PROTOCOLS: dict[str, Protocol] = {
    "deribit-multicast": Protocol(
        "deribit-multicast",
        "Deribit's multicast of 2023 (SBE schema 1): trades, books, tickers, instruments",
        dict(enumerate(TEMPLATE_NAMES)),
        _build_deribit,
    ),
}
"""Every protocol by name."""


def find_protocol(name: str) -> Protocol:
    """Look a protocol up.

    Raises:
        ConfigurationError: there is none of this name; the message lists those there are.
    """
    protocol = PROTOCOLS.get(name)
    if protocol is None:
        raise ConfigurationError(
            "unknown protocol",
            where="protocol",
            expected=" or ".join(PROTOCOLS),
            got=name,
        )
    return protocol
