"""A port is received from in the way of its kind, and says what its receiver dropped."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.apps.commands import write_capture
from tests.unit.runtime.live import LOCAL
from tests.unit.runtime.venue_packets import of_the_venue
from zerofeed.base.kernel import I64, I64_2D, U8, int64, kernel
from zerofeed.feed.memory import FeedMemory, MemorySizes
from zerofeed.runtime import _receive_kernels as receive
from zerofeed.shm import _ring_kernels as k
from zerofeed.wire._arrival_kernels import FRAMES, RECORDED_FLAG
from zerofeed.wire.batch_sender import BatchSender, pack_destination
from zerofeed.wire.capture_source import BLOCK_WORDS, open_capture_source
from zerofeed.wire.receive_block import block_words, result_table
from zerofeed.wire.receiver import CAPTURE, UDP
from zerofeed.wire.udp import open_receiver
from zerofeed.wire.xdp._xdp_kernels import U32
from zerofeed.wire.xdp.source import NO_ARRAYS

__all__: list[str] = []

pytestmark = pytest.mark.compiled

BURST = 8


@kernel(
    int64(
        int64, int64, int64, I64, U32, I64, I64_2D, I64_2D, U8, int64, I64, I64, FRAMES, int64,
        I64, int64,
    )
)  # fmt: skip
def receive_frames(
    kind, descriptor, source, block, rings, words, table, results, arena, chunk_bytes, control,
    cursors, frames, limit, report, at,
):  # fmt: skip
    """Of a feed without AF_XDP, whose arrays are not looked at."""
    return receive.receive_frames(
        kind, descriptor, source, block, 0, rings, words, table, table, words, table, 0, results,
        arena, chunk_bytes, control, cursors, frames, limit, report, at, at + 1, at + 2,
    )  # fmt: skip


def take(kind: int, receiver, words: int) -> tuple[FeedMemory, int, int]:
    """One call on a fresh feed; its memory, what came, and the drops that were told."""
    sizes = MemorySizes(records=256, frames=128, burst=BURST, max_claim=8, instruments=8)
    memory = FeedMemory("ports", sizes)
    block = np.zeros(words, np.int64)
    receiver.take_over(block, memory, 5)
    control = memory.frame_ring.control
    assert k.try_claim(control, memory.frame_cursors.words, BURST) == 0
    report = np.full(8, -1, np.int64)
    got = receive_frames(
        kind, receiver.filenos()[0], 5, block, NO_ARRAYS.rings, NO_ARRAYS.ring_words,
        NO_ARRAYS.geometry, result_table(BURST), memory.arena,
        sizes.chunk_bytes, control, memory.frame_cursors.words, memory.frames, BURST, report, 4,
    )  # fmt: skip
    return memory, int(got), int(report[4])


def test_a_socket_gives_what_is_in_its_buffer() -> None:
    packets = of_the_venue(5)
    with open_receiver(LOCAL, 0, buffer_bytes=1 << 20) as receiver, BatchSender() as sender:
        destination = pack_destination(LOCAL, receiver.port)
        sender.send(packets.data, packets.offsets, packets.lengths, destination)
        memory, got, drops = take(UDP, receiver, block_words(BURST))
    assert (got, drops, memory.frame_ring.published) == (5, 0, 5)
    assert memory.frames["channel"][:5].tolist() == [5] * 5
    assert not (memory.frames["flags"][:5] & RECORDED_FLAG).any()


def test_a_capture_gives_what_is_due(tmp_path) -> None:
    path = write_capture(tmp_path / "venue.pcap", of_the_venue(20))
    receiver = open_capture_source(path, "max")
    memory, got, drops = take(CAPTURE, receiver, BLOCK_WORDS)
    receiver.close()
    assert (got, drops, memory.frame_ring.published) == (BURST, 0, BURST)
    assert (memory.frames["flags"][:BURST] & RECORDED_FLAG).all()


def test_a_socket_with_nothing_in_it_tells_no_drops_and_publishes_nothing() -> None:
    with open_receiver(LOCAL, 0, buffer_bytes=4096) as receiver:
        memory, got, drops = take(UDP, receiver, block_words(BURST))
    assert got < 0
    assert (drops, memory.frame_ring.published) == (0, 0)
