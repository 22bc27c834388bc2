"""Every chunk has one owner from the start; words lie where the tables say."""

import numpy as np
import pytest

from zerofeed.base.errors import BugError, ConfigurationError
from zerofeed.wire.xdp import layout
from zerofeed.wire.xdp.layout import ArenaPlan, block_words, prepare_words


def test_every_chunk_has_exactly_one_owner_at_the_start() -> None:
    plan = ArenaPlan(slots=256, queues=3, chunks_per_queue=128, chunk_bytes=4096)
    owned = [plan.slot_chunks(), *(plan.queue_chunks(queue) for queue in range(3))]
    assert np.concatenate(owned).tolist() == [i * 4096 for i in range(plan.chunks)]


def test_gather_places_lie_behind_the_packet_memory() -> None:
    plan = ArenaPlan(slots=128, queues=1, chunks_per_queue=64, gather_bytes=9216)
    assert plan.umem_bytes == (128 + 64) * 2048
    assert plan.arena_bytes == plan.umem_bytes + 128 * 9216
    assert ArenaPlan(slots=2, chunks_per_queue=64, chunk_bytes=2048).umem_bytes % 4096 == 0


def test_chunks_of_a_queue_fit_twice_into_its_fill_ring_and_half_into_its_rx_ring() -> None:
    plan = ArenaPlan(slots=128, chunks_per_queue=512)
    assert plan.fill_entries == 2 * plan.chunks_per_queue == 4 * plan.rx_entries


@pytest.mark.parametrize(
    "wrong",
    [
        {"slots": 100},
        {"queues": 0},
        {"chunks_per_queue": 32},
        {"chunks_per_queue": 100},
        {"chunk_bytes": 1024},
        {"gather_bytes": 4},
    ],
)
def test_plan_that_cannot_be_is_refused_by_name(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ArenaPlan(**{"slots": 128, **wrong})
    assert caught.value.where == next(iter(wrong))


def test_words_are_those_of_the_table() -> None:
    head = [
        layout.MAGIC,
        layout.OPEN,
        layout.FIRST_SEQ,
        layout.COUNT,
        layout.RX_FROM,
        layout.TAKEN,
        layout.FILL_FROM,
        layout.BATCH,
        layout.RECEIVED,
        layout.GATHERED,
        layout.CUT,
        layout.FOREIGN,
    ]
    assert head == list(range(12))
    assert layout.RECEIVED + layout.LIVE == 16
    assert (layout.SCRATCH, layout.OWNS) == (24, layout.BLOCK_HEAD_WORDS)
    assert block_words(70) == 32 + 140


def test_prepared_words_are_at_rest_and_own_the_slots_chunks() -> None:
    plan = ArenaPlan(slots=128, queues=2, chunks_per_queue=64)
    words = np.full(plan.words(64), -1, np.int64)
    blocks, owners = prepare_words(words, plan, 64)
    assert np.shares_memory(blocks, words)
    assert np.shares_memory(owners, words)
    assert blocks.shape == (2, block_words(64))
    assert (blocks[:, layout.OPEN] == 0).all()
    assert (blocks[:, layout.BATCH] == 64).all()
    assert owners.tolist() == plan.slot_chunks().tolist()


def test_words_of_another_kind_or_size_are_a_bug() -> None:
    plan = ArenaPlan(slots=128)
    with pytest.raises(BugError, match="too few words"):
        prepare_words(np.zeros(plan.words(64) - 1, np.int64), plan, 64)
    with pytest.raises(BugError, match="int64"):
        prepare_words(np.zeros(plan.words(64), np.int32), plan, 64)
    with pytest.raises(BugError, match="shorter than a packet"):
        plan.words(63)
