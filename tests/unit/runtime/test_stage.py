"""A stage is sized from its configuration, and taken over from a dead worker."""

from __future__ import annotations

import socket
from typing import Any

import numpy as np
import pytest

from zerofeed.base.errors import ConfigurationError
from zerofeed.base.status import OK, WOULD_BLOCK
from zerofeed.feed.copies import ReceiverCopies
from zerofeed.feed.memory import FeedMemory
from zerofeed.feed.metrics import SOURCES, SOURCES_AT
from zerofeed.runtime import _burst_kernels as burst
from zerofeed.runtime._undo_kernels import NO_ROOM
from zerofeed.runtime.config import (
    FeedConfig,
    FeedSection,
    MemorySection,
    Source,
    WorkerSection,
    parse_tree,
)
from zerofeed.runtime.deribit import DERIBIT, most_records
from zerofeed.runtime.protocols import find_protocol
from zerofeed.runtime.stage import Stage, sizes_of
from zerofeed.sequencing.holding import A_FRAME, A_HELD
from zerofeed.shm import journal
from zerofeed.wire.receiver import WEBSOCKET

__all__: list[str] = []


class Silence:
    """A receiver that receives nothing."""

    def __init__(self, how: str = "silence: no copy", clock: str = "none") -> None:
        self.name, self.how, self.clock = "silence", how, clock
        self.taken_over = 0

    def tell_copies(self) -> ReceiverCopies:
        return ReceiverCopies("silence", self.name, self.how, 0, 0, "it receives nothing")

    def filenos(self) -> list[int]:
        return []

    def take_over(self, block, memory, source) -> None:
        self.taken_over += 1

    def foreign(self) -> int:
        return 0

    def drops(self) -> int:
        return 0

    def tell(self, block) -> str | None:
        return None

    def has_ended(self, block) -> bool:
        return True

    def close(self) -> None: ...


def made(config: FeedConfig, *receivers: Silence) -> tuple[FeedMemory, Stage]:
    """Memory and a stage; receivers that receive nothing unless others are given."""
    memory = FeedMemory("stage", sizes_of(config, DERIBIT))
    return memory, Stage(
        config, memory, DERIBIT, list(receivers) or [Silence() for _ in config.source]
    )


def config_of(sources: int = 1, burst: int = 8, **memory: Any) -> FeedConfig:
    """A small feed's configuration."""
    sizes = {"records": 1 << 12, "frames": 128, "instruments": 64, "book_levels": 32} | memory
    return FeedConfig(
        feed=FeedSection("sizes", "deribit-multicast"),
        source=[Source("127.0.0.1", 6100 + index) for index in range(sources)],
        memory=MemorySection(**sizes),
        worker=WorkerSection(burst=burst),
    )


def test_sizes_follow_the_configuration() -> None:
    sizes = sizes_of(config_of(), DERIBIT)
    assert (sizes.records, sizes.frames, sizes.burst) == (1 << 12, 128, 8)
    assert sizes.max_claim == most_records(2048)


def test_more_sources_than_a_feed_can_have_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=rf"source: .*at most {SOURCES}"):
        sizes_of(config_of(sources=SOURCES + 1), DERIBIT)


def test_several_lines_of_a_venue_that_numbers_on_each_connection_are_refused() -> None:
    source = {"url": "ws://localhost:1", "lines": 2}
    config = parse_tree({"feed": {"name": "x", "protocol": "bitfinex"}, "source": [source]})
    with pytest.raises(ConfigurationError, match=r"source\.lines: .*expected 1; got 2"):
        sizes_of(config, find_protocol("bitfinex"))


def test_several_lines_of_messages_that_are_not_compared_are_refused() -> None:
    source = {"url": "ws://localhost:1", "lines": 2}
    config = parse_tree({"feed": {"name": "x", "protocol": "binance-sbe"}, "source": [source]})
    with pytest.raises(ConfigurationError, match="once for each connection; expected 1; got 2"):
        sizes_of(config, find_protocol("binance-sbe"))


def test_showing_more_levels_than_are_kept_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"memory\.book_depth: .*at most 32; got 33"):
        sizes_of(config_of(book_depth=33), DERIBIT)


def test_a_burst_longer_than_half_of_the_frames_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"memory\.frames"):
        sizes_of(config_of(burst=128), DERIBIT)


def test_a_record_ring_too_short_for_one_packet_is_refused() -> None:
    # Otherwise a long packet would never fit, and would be counted as malformed.
    with pytest.raises(ConfigurationError, match=r"memory\.records: .*at least 1024; got 512"):
        sizes_of(config_of(records=512), DERIBIT)


def test_a_fresh_feed_has_nothing_to_recover() -> None:
    config = config_of()
    memory, stage = made(config)
    assert stage.recover() == 0
    assert memory.record_ring.published == memory.frame_ring.published == 0
    assert not any(memory.metrics.counters().values())


def test_a_successor_counts_the_drops_that_its_predecessor_had_noted() -> None:
    """Killed between noting a socket's drops and adding them up, the sum is made again."""
    config = config_of(sources=2)
    memory, stage = made(config)
    memory.state[SOURCES_AT : SOURCES_AT + 2] = (30, 4)
    stage.recover()
    assert memory.metrics["packets_dropped_kernel"] == 34
    stage.recover()
    assert memory.metrics["packets_dropped_kernel"] == 34


def test_the_books_of_a_store_have_the_configured_levels() -> None:
    config = config_of()
    memory, stage = made(config)
    assert stage.book_depth == config.memory.book_depth
    assert np.shares_memory(stage.books, memory.private)
    assert np.shares_memory(stage.blocks[0], memory.private)
    assert not np.shares_memory(stage.books, stage.blocks[0])


def test_every_receiver_is_taken_over_by_each_worker() -> None:
    config = config_of(sources=2)
    receivers = Silence(), Silence()
    _, stage = made(config, *receivers)
    stage.recover()
    stage.recover()
    assert [receiver.taken_over for receiver in receivers] == [2, 2]


def test_each_receiver_has_a_block_of_its_own_behind_the_books() -> None:
    memory, stage = made(config_of(sources=3))
    for number, block in enumerate(stage.blocks):
        block[:] = number + 1
    assert [int(block.min()) for block in stage.blocks] == [1, 2, 3]
    assert memory.private[-1] == 3
    assert not any(np.shares_memory(stage.undo, block) for block in stage.blocks)


def test_how_and_when_are_said_once_for_receivers_of_one_kind() -> None:
    one, other = Silence("a: 1 copy", "A"), Silence("b: 0 copies", "B")
    _, stage = made(config_of(sources=3), one, one, other)
    assert stage.how == "a: 1 copy; b: 0 copies"
    assert stage.clock == "A; B"


def with_frames(count: int) -> tuple[FeedMemory, Stage]:
    """A stage with published frames of which none is a record yet."""
    memory, stage = made(config_of())
    stage.recover()
    memory.frames["length"][:count] = np.arange(100, 100 + count)
    memory.frame_ring.control[16] = count
    return memory, stage


def test_the_frame_that_a_worker_died_in_is_named_and_no_other() -> None:
    memory, stage = with_frames(3)
    state = memory.state
    state[journal.STEP], state[journal.DONE], state[journal.TARGET] = 7, 7, -1
    state[A_FRAME] = 1
    assert stage.open_frame() == 1
    state[journal.TARGET] = 0
    assert stage.open_frame() is None, "its records are published"
    state[journal.TARGET], state[journal.DONE] = -1, 8
    assert stage.open_frame() is None, "it is finished"
    state[journal.STEP], state[journal.DONE], state[A_FRAME] = 8, 8, 3
    assert stage.open_frame() is None, "it has not come yet"


def test_a_frame_that_is_skipped_counts_as_malformed_once() -> None:
    memory, stage = with_frames(2)
    assert not stage.skip(1), "it is not the next one"
    assert stage.skip(0)
    assert not stage.skip(0), "it is done"
    metrics = memory.metrics
    assert (metrics["packets_received"], metrics["packets_malformed"]) == (1, 1)
    assert metrics["bytes_received"] == 100
    assert stage.frames_taken == 1
    assert memory.record_ring.published == 0
    assert stage.describe_frame(1) == "frame 1 of silence, 101 bytes"


def test_what_could_not_be_kept_for_a_successor_is_counted_and_told_when_it_grows() -> None:
    memory, stage = made(config_of())
    assert not stage.note_overflows()
    memory.state[journal.LOST] = 7
    stage.undo[NO_ROOM] = 2
    assert stage.note_overflows()
    assert (memory.metrics["changes_unkept"], memory.metrics["books_unkept"]) == (7, 2)
    assert not stage.note_overflows()


def test_a_stage_has_ended_when_its_sources_have_and_every_frame_is_done() -> None:
    memory, stage = with_frames(1)
    assert not stage.has_ended([0])
    memory.metrics.set("frames_taken", 1)
    assert stage.has_ended([0])
    memory.state[A_HELD] = 1
    assert not stage.has_ended([0]), "one is held"


class Serving(Silence):
    """A receiver that opens a descriptor when it is served, and is held back when it is told to."""

    kind = WEBSOCKET

    def __init__(self) -> None:
        super().__init__()
        self.ours, self.theirs = socket.socketpair()
        self.started = 0
        self.is_held_back = False
        self._fresh = [(1, self.ours.fileno())]

    def filenos(self) -> list[int]:
        return [-1, -1]

    def start(self) -> None:
        self.started += 1

    def serve(self) -> list[tuple[int, int]]:
        fresh, self._fresh = self._fresh, []
        return fresh

    def close(self) -> None:
        self.ours.close()
        self.theirs.close()


def test_a_receiver_that_is_served_is_started_watched_and_looked_at_again() -> None:
    receiver = Serving()
    _, stage = made(config_of(), receiver)
    orders, others = socket.socketpair()
    with orders, others:
        stage.watch(orders.fileno())
        stage.start_sources()
        assert receiver.started == 1
        assert stage.serve() == OK
        assert stage._port_of[receiver.ours.fileno()] == 1
        receiver.theirs.send(b"!")
        assert [fileno for fileno, _ in stage._epoll.poll(0)] == [receiver.ours.fileno()]
        assert stage.report[burst.SERVE] == 1
        receiver.is_held_back = True
        assert stage.serve() == WOULD_BLOCK
    receiver.close()
