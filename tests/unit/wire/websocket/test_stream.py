"""A stream outlives its worker; its connection does not, and readers are told."""

from __future__ import annotations

import pytest

from tests.unit.wire.websocket.frames import frame
from tests.unit.wire.websocket.streams import LONGEST, Bench
from zerofeed.base.errors import BugError
from zerofeed.wire._arrival_kernels import LOST_FLAG
from zerofeed.wire.websocket import _words as w
from zerofeed.wire.websocket.stream import Stream

__all__: list[str] = []

pytestmark = pytest.mark.compiled


@pytest.fixture
def bench():
    made = Bench()
    yield made
    made.close()


def test_a_successor_tells_of_the_loss_and_keeps_what_is_kept(bench) -> None:
    bench.stream.begin(w.PLAIN)
    bench.theirs.sendall(frame(1, b"kept") + frame(1, b"half of it")[:4])
    assert bench.take() == 1
    bench.stream = bench.taken_over()
    assert bench.stream.mode == w.CLOSED
    assert bench.take(looks_only=True) == 1
    assert bench.frame(1)["flags"] & LOST_FLAG
    bench.stream.begin(w.PLAIN)
    bench.theirs.sendall(frame(1, b"anew"))
    bench.ours.recv(0)
    assert bench.take() == 1
    assert [bench.payload(0), bench.payload(2)] == [b"kept", b"anew"]


def test_a_successor_of_an_idle_worker_tells_of_no_loss(bench) -> None:
    bench.stream = bench.taken_over()
    assert bench.take(looks_only=True) == 0


def test_a_frame_that_was_described_and_not_published_holds_nothing_up(bench) -> None:
    last = bench.words[w.REGION + w.R_LAST : w.REGION + w.R_LAST + w.SEGMENTS]
    last[:] = 99
    bench.stream = bench.taken_over()
    assert last.tolist() == [0] * w.SEGMENTS
    assert bench.stream.room() is not None


def test_an_inbox_takes_one_message_at_a_time(bench) -> None:
    inbox = Stream(
        bench.words,
        bench.memory,
        place=1,
        at=0,
        region_bytes=4 * LONGEST,
        longest=LONGEST,
        is_inbox=True,
    )
    for number in range(40):
        payload = bytes([number]) * (LONGEST - number)
        assert inbox.put(payload)
        assert not inbox.put(b"another")
        assert bench.take(looks_only=True) == 1
        assert bench.payload(number) == payload
        assert bench.frame(number)["ts_recv_ns"] > 0


def test_what_was_read_of_the_old_connection_is_not_taken_for_the_new_ones(bench) -> None:
    bench.stream.begin(w.PLAIN)
    bench.theirs.sendall(frame(1, b"half", fin=False) + frame(0, b"rest")[:3])
    assert bench.take() == 0
    bench.stream.end(is_lossy=False)
    bench.stream.begin(w.PLAIN)
    bench.theirs.sendall(frame(2, b"new"))
    assert bench.take() == 1
    assert bench.payload(0) == b"new"


def test_a_region_that_is_too_small_for_its_messages_is_a_bug(bench) -> None:
    with pytest.raises(BugError, match="impossible size"):
        Stream(bench.words, bench.memory, place=0, at=0, region_bytes=LONGEST, longest=LONGEST)
