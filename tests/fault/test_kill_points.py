"""The worker killed at each named point of a burst: a successor goes on exactly where it was.

The stages of a burst are called one by one from here, and stop at the point; what is then in
memory is what a kill at this point leaves. :meth:`Stage.recover` and the real loop go on from
it. In the end the records are those of a decoder that never died, byte for byte.
"""

from __future__ import annotations

import socket
import time

import numpy as np
import pytest

from tests.unit.runtime.live import CAUSES, LOCAL, make_config
from tests.unit.runtime.venue_packets import Packets, comparable, fed, of_the_venue
from zerofeed.base.context import Context, address_of
from zerofeed.base.status import OK
from zerofeed.books.l2 import L2Books
from zerofeed.books.layout import B_BIDS, B_BUSY, B_LEVELS, BOOK_HEAD_WORDS, HEADER_WORDS
from zerofeed.feed.memory import FeedMemory
from zerofeed.runtime import _offline_kernels as offline
from zerofeed.runtime import _process_kernels as slots
from zerofeed.runtime.offline import OfflineFeed
from zerofeed.runtime.protocols import find_protocol
from zerofeed.runtime.stage import Stage, sizes_of
from zerofeed.shm import _ring_kernels as k
from zerofeed.shm import journal
from zerofeed.wire import _udp_kernels as udp
from zerofeed.wire.batch_sender import BatchSender, pack_destination
from zerofeed.wire.receive_block import result_table
from zerofeed.wire.udp import open_receiver

__all__: list[str] = []

pytestmark = pytest.mark.compiled

BURST = 8
SCRAMBLED = 0x5A5A

POINTS = (
    "nothing",
    "claimed",
    "received",
    "frames published",
    "settled",
    "begun",
    "half processed",
    "processed",
    "sealed",
    "published",
    "finished",
)
"""In the order of a burst; each includes those before it."""


class Rig:
    """A feed's memory and sockets in this process, and a worker that stops where it is told."""

    def __init__(self, protocol: str = "deribit-multicast", **memory: int) -> None:
        self.config = make_config(burst=BURST, **memory)
        self.protocol = find_protocol(protocol)
        self.memory = FeedMemory("points", sizes_of(self.config, self.protocol))
        source = self.config.source[0]
        self.receiver = open_receiver(LOCAL, source.port, buffer_bytes=source.buffer_bytes)
        self.sender = BatchSender()
        self.destination = pack_destination(LOCAL, source.port)
        self.orders = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.results = result_table(BURST)
        self.one = np.ones(1, np.int64)
        self.taken = np.zeros(1, np.int64)
        self.stage = Stage(self.config, self.memory, self.protocol, [self.receiver])
        self.context = Context(
            [
                self.memory.arena, self.stage.words, self.stage.lookup, self.memory.state,
                self.stage.books, self.stage.undo, self.memory.records,
                self.memory.records.view(np.int64), self.protocol.scratch(2048),
            ]
        )  # fmt: skip
        self.stage.recover()
        self.stage.watch(self.orders[0].fileno())
        self.stage.start_sources()

    def close(self) -> None:
        self.receiver.close()
        self.sender.close()
        for end in self.orders:
            end.close()

    def send(self, packets: Packets) -> None:
        self.sender.send(packets.data, packets.offsets, packets.lengths, self.destination)

    @property
    def records(self):
        """Everything published so far."""
        return self.memory.records[: self.memory.record_ring.published].copy()

    # The worker's stages

    def claim(self) -> None:
        control = self.memory.frame_ring.control
        assert k.try_claim(control, self.memory.frame_cursors.words, BURST) == OK

    def receive(self) -> int:
        memory = self.memory
        return udp.receive(
            self.receiver.fileno(),
            self.stage.blocks[0],
            memory.arena.ctypes.data,
            memory.sizes.chunks,
            memory.sizes.chunk_bytes,
            memory.frame_ring.published,
            BURST,
            self.results,
        )

    def publish_frames(self, count: int) -> None:
        memory = self.memory
        udp.publish_frames(
            memory.frame_ring.control, memory.frames, self.results, count,
            memory.sizes.chunk_bytes, memory.sizes.chunks, 0, time.time_ns(),
        )  # fmt: skip

    def begin(self, step: int) -> None:
        self.stage.undo[:2] = 0
        state = self.memory.state
        state[journal.TARGET], state[journal.COUNT], state[journal.STEP] = -1, 0, step

    def process(self, step: int) -> int:
        """Do a whole step but its publication, and leave it sealed; its number of records."""
        memory, stage, ring = self.memory, self.stage, self.memory.record_ring
        room = int(ring.control[k.MAX_CLAIM])
        assert k.try_claim(ring.control, memory.record_cursors.words, room) == OK
        frame = memory.frames[step & (memory.frame_ring.capacity - 1)]
        columns = np.zeros((4, step + 1), np.int64)
        columns[:, step] = frame["offset"], frame["length"], 0, frame["ts_recv_ns"]
        at = ring.published & (ring.capacity - 1)
        records = memory.records[at : at + room]
        self.context.put(slots.RECORDS, records)
        self.context.put(slots.RECORD_WORDS, records.view(np.int64))
        count = offline.decode(
            address_of(self.protocol.process), self.context.address, *columns, step, room,
            stage.words, memory.state, stage.undo, records, ring.published, self.taken,
        )  # fmt: skip
        memory.state[journal.DONE] = step
        return int(count)

    def publish(self, count: int) -> None:
        memory = self.memory
        k.try_publish(
            memory.record_ring.control, memory.record_cursors.words, self.one, count, time.time_ns()
        )

    def spoil(self) -> None:
        """Make of a processed step a half processed one: books torn, half of the words changed."""
        state, books, undo = self.memory.state, self.stage.books, self.stage.undo
        count = int(state[journal.COUNT])
        for entry in range(count - 1, count // 2 - 1, -1):
            at = journal.FIRST_ENTRY + 2 * entry
            state[state[at]] = state[at + 1]
        state[journal.COUNT] = count // 2
        self.spoil_books(books, undo)

    def spoil_books(self, books: np.ndarray, undo: np.ndarray) -> None:
        """Tear every book that was kept."""
        slot_words = 1 + BOOK_HEAD_WORDS + 6 * self.config.memory.book_levels
        for slot in range(int(undo[0])):
            row = int(undo[16 + HEADER_WORDS + slot * slot_words])
            book = HEADER_WORDS + row * BOOK_HEAD_WORDS
            levels = int(books[book + B_LEVELS])
            books[levels : levels + 6 * self.config.memory.book_levels] = SCRAMBLED
            books[book + B_BUSY] = 1
            books[book + B_BIDS : book + B_BIDS + 2] = 7

    def work_until(self, point: str, frame: int) -> None:
        """Work on what is in the socket, and stop at a point of frame number ``frame`` of it."""
        reached = POINTS.index(point)
        if reached >= POINTS.index("claimed"):
            self.claim()
        if reached < POINTS.index("received"):
            return
        count = self.receive()
        assert count > 0
        if reached < POINTS.index("frames published"):
            return
        first = self.memory.frame_ring.published
        self.publish_frames(count)
        if reached < POINTS.index("settled"):
            return
        udp.settle(self.stage.blocks[0])
        if reached < POINTS.index("begun"):
            return
        for step in range(first, first + frame % count):
            self.begin(step)
            self.publish(self.process(step))
            self.memory.state[journal.DONE] = step + 1
        self.stop_in_step(first + frame % count, reached)

    def stop_in_step(self, step: int, reached: int) -> None:
        self.begin(step)
        if reached < POINTS.index("half processed"):
            return
        made = self.process(step)
        state = self.memory.state
        if reached < POINTS.index("sealed"):
            state[journal.TARGET] = -1
        if reached == POINTS.index("half processed"):
            self.spoil()
        if reached >= POINTS.index("published"):
            self.publish(made)
        if reached >= POINTS.index("finished"):
            state[journal.DONE] = step + 1

    # The successor

    def take_over(self, times: int = 1) -> None:
        """Recover, more than once if it is killed in doing so."""
        for _ in range(times):
            assert self.stage.recover() == 0

    def catch_up(self, packets: int) -> None:
        """Run the real loop until everything has been received."""
        for _ in range(packets + 2):
            self.stage.turn(0, 1_000_000)


@pytest.fixture
def rig():
    """A feed without processes."""
    made = Rig()
    yield made
    made.close()


def assert_is_as_if_nothing_happened(rig: Rig, packets: Packets) -> None:
    """Compare records, counters and books with those of a decoder that never died."""
    truth = OfflineFeed("deribit-multicast", instruments=512, book_levels=64)
    expected = fed(truth, packets)
    records = rig.records
    assert np.array_equal(records["seq"], np.arange(len(records)))
    assert comparable(records).tobytes() == comparable(expected).tobytes()
    metrics = rig.memory.metrics
    for name in ("messages", "records_published", "bytes_received", "packets_received",
                 "packets_missing", "gaps", *(f"packets_{cause}" for cause in CAUSES)):  # fmt: skip
        assert metrics[name] == truth.metrics[name], name
    assert metrics.channels() == truth.metrics.channels()
    books = L2Books(rig.stage.books)
    for row in truth.instruments:
        ours, theirs = books[row.index], truth.books[row.index]
        assert (ours.doubts, ours.change_id) == (theirs.doubts, theirs.change_id)
        assert ours.bids.tolist() == theirs.bids.tolist()
        assert ours.asks.tolist() == theirs.asks.tolist()
    assert books.counters() == truth.books.counters()


@pytest.mark.parametrize("lossy", [False, True], ids=["whole", "with gaps"])
@pytest.mark.parametrize("point", POINTS)
def test_a_successor_goes_on_exactly_from_every_point(rig: Rig, point: str, lossy: bool) -> None:
    packets = of_the_venue(700, seed=len(point))
    if lossy:
        kept = np.random.default_rng(1).random(len(packets)) > 0.03
        packets = packets.chosen(np.flatnonzero(kept))
    for first in range(0, len(packets), BURST):
        part = packets.chosen(slice(first, first + BURST))
        rig.send(part)
        rig.work_until(point, frame=first // BURST)
        rig.take_over(times=1 + first // BURST % 2)
        rig.catch_up(1)
    assert_is_as_if_nothing_happened(rig, packets)


def test_a_successor_that_dies_at_the_next_point_hands_on_as_well(rig: Rig) -> None:
    """One point after the other, each killed worker the successor of the one before."""
    packets = of_the_venue(1200, seed=40)
    random = np.random.default_rng(2)
    for first in range(0, len(packets), BURST):
        rig.send(packets.chosen(slice(first, first + BURST)))
        rig.work_until(POINTS[int(random.integers(len(POINTS)))], frame=int(random.integers(BURST)))
        rig.take_over()
        # Dies again in a step that its predecessor may have begun already.
        step = int(rig.memory.state[journal.DONE])
        if step < rig.memory.frame_ring.published:
            rig.stop_in_step(step, int(random.integers(POINTS.index("begun"), len(POINTS))))
            rig.take_over()
        rig.catch_up(1)
    assert_is_as_if_nothing_happened(rig, packets)


def test_published_book_rows_are_made_up_for(rig: Rig) -> None:
    """Killed between publishing records and the rows of their books, the rows come with the successor."""
    packets = of_the_venue(600, seed=41)
    for first in range(0, len(packets), BURST):
        rig.send(packets.chosen(slice(first, first + BURST)))
        rig.work_until("finished", frame=first // BURST)
        rig.take_over()
        rig.catch_up(1)
    books = L2Books(rig.stage.books)
    rows = books.table()
    published = rig.memory.book_words.view(rows.dtype)
    known = [row for row in range(len(books)) if books[row].change_id > 0]
    assert len(known) > 10
    for row in known:
        for side in ("bids", "asks"):
            assert published[row][side].tolist() == rows[row][side].tolist()


def test_a_packet_that_was_taken_off_the_socket_is_neither_lost_nor_doubled(rig: Rig) -> None:
    packets = of_the_venue(BURST, seed=42)
    rig.send(packets)
    rig.work_until("received", frame=0)
    # The socket is empty: the packets are in the arena, and nobody but the block knows.
    assert rig.memory.frame_ring.published == 0
    rig.take_over(times=3)
    assert rig.memory.frame_ring.published == len(packets)
    rig.catch_up(1)
    assert rig.memory.metrics["packets_received"] == len(packets)
