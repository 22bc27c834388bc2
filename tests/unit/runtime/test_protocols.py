"""A protocol is found by name, sized from its configuration, and taken over from a dead worker."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zerofeed.base.errors import ConfigurationError
from zerofeed.feed.memory import FeedMemory
from zerofeed.feed.metrics import SOURCES, SOURCES_AT
from zerofeed.runtime.config import (
    FeedConfig,
    FeedSection,
    MemorySection,
    Source,
    WorkerSection,
)
from zerofeed.runtime.protocols import PROTOCOLS, find_protocol, most_records

__all__: list[str] = []


def config_of(sources: int = 1, burst: int = 8, **memory: Any) -> FeedConfig:
    """A small feed's configuration."""
    sizes = {"records": 1 << 12, "frames": 128, "instruments": 64, "book_levels": 32} | memory
    return FeedConfig(
        feed=FeedSection("sizes", "deribit-multicast"),
        source=[Source("127.0.0.1", 6100 + index) for index in range(sources)],
        memory=MemorySection(**sizes),
        worker=WorkerSection(burst=burst),
    )


def test_an_unknown_protocol_is_told_which_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"expected deribit-multicast; got nasdaq"):
        find_protocol("nasdaq")


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_names_its_templates(name: str) -> None:
    protocol = find_protocol(name)
    assert protocol.name == name
    assert all(protocol.templates.values())


def test_sizes_follow_the_configuration() -> None:
    sizes = find_protocol("deribit-multicast").sizes(config_of())
    assert (sizes.records, sizes.frames, sizes.burst) == (1 << 12, 128, 8)
    assert sizes.max_claim == most_records(2048)


def test_more_sources_than_a_feed_can_have_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=rf"source: .*at most {SOURCES}"):
        find_protocol("deribit-multicast").sizes(config_of(sources=SOURCES + 1))


def test_showing_more_levels_than_are_kept_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"memory\.book_depth: .*at most 32; got 33"):
        find_protocol("deribit-multicast").sizes(config_of(book_depth=33))


def test_a_burst_longer_than_half_of_the_frames_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"memory\.frames"):
        find_protocol("deribit-multicast").sizes(config_of(burst=128))


def test_a_record_ring_too_short_for_one_packet_is_refused() -> None:
    # Otherwise a long packet would never fit, and would be counted as malformed.
    with pytest.raises(ConfigurationError, match=r"memory\.records: .*at least 1024; got 512"):
        find_protocol("deribit-multicast").sizes(config_of(records=512))


def test_a_fresh_feed_has_nothing_to_recover() -> None:
    config = config_of()
    protocol = find_protocol("deribit-multicast")
    memory = FeedMemory("fresh", protocol.sizes(config))
    stage = protocol.build(config, memory)
    assert stage.recover([0]) == 0
    assert memory.record_ring.published == memory.frame_ring.published == 0
    assert not any(memory.metrics.counters().values())


def test_a_successor_counts_the_drops_that_its_predecessor_had_noted() -> None:
    """Killed between noting a socket's drops and adding them up, the sum is made again."""
    config = config_of(sources=2)
    protocol = find_protocol("deribit-multicast")
    memory = FeedMemory("drops", protocol.sizes(config))
    stage = protocol.build(config, memory)
    memory.state[SOURCES_AT : SOURCES_AT + 2] = (30, 4)
    stage.recover([0, 0])
    assert memory.metrics["packets_dropped_kernel"] == 34
    stage.recover([0, 0])
    assert memory.metrics["packets_dropped_kernel"] == 34


def test_the_books_of_a_store_have_the_configured_levels() -> None:
    config = config_of()
    protocol = find_protocol("deribit-multicast")
    memory = FeedMemory("books", protocol.sizes(config))
    stage = protocol.build(config, memory)
    assert stage.book_depth == config.memory.book_depth
    assert np.shares_memory(stage.books, memory.private)
    assert np.shares_memory(stage.blocks, memory.private)
    assert not np.shares_memory(stage.books, stage.blocks)
