"""From a socket's bytes to frames: right, in order, and never written over while they are kept."""

from __future__ import annotations

import random

import pytest

from tests.unit.wire.websocket.frames import frame
from tests.unit.wire.websocket.streams import LONGEST, MORE, SERVE, Bench
from zerofeed.wire._arrival_kernels import BINARY_FLAG, LINE_SHIFT, LOST_FLAG
from zerofeed.wire.websocket import _words as w

__all__: list[str] = []

pytestmark = pytest.mark.compiled


@pytest.fixture
def bench():
    made = Bench()
    made.stream.begin(w.PLAIN)
    yield made
    made.close()


def test_a_message_becomes_a_frame_where_it_lies(bench) -> None:
    bench.theirs.sendall(frame(1, b"hello") + frame(2, b"world!"))
    assert bench.take_all() == 2
    assert [bench.payload(seq) for seq in range(2)] == [b"hello", b"world!"]
    text, binary = bench.frame(0), bench.frame(1)
    assert (text["seq"], text["channel"], text["length"]) == (0, 7, 5)
    assert text["flags"] & (1 << LINE_SHIFT)
    assert not text["flags"] & BINARY_FLAG
    assert binary["flags"] & BINARY_FLAG
    assert text["offset"] == 2


def test_fragments_are_made_whole_around_a_ping(bench) -> None:
    bench.theirs.sendall(frame(1, b"ab", fin=False) + frame(9, b"?") + frame(0, b"cd"))
    assert bench.take() == 0
    assert bench.words[w.EVENTS] == w.HAS_PING
    assert bench.report[SERVE]
    assert bench.stream.control() == b"?"
    assert bench.take() == 0, "nothing is parsed before the ping is dealt with"
    bench.words[w.EVENTS] = 0
    assert bench.take(looks_only=True) == 1
    assert bench.payload(0) == b"abcd"


def test_more_messages_than_were_claimed_are_told_of(bench) -> None:
    bench.theirs.sendall(b"".join(frame(1, bytes([65 + k])) for k in range(20)))
    assert bench.take() == 16
    assert bench.report[MORE] == 1
    assert bench.take() == 4
    assert bench.report[MORE] == 0
    assert b"".join(bench.payload(seq) for seq in range(20)) == bytes(range(65, 85))


def test_nothing_to_read_is_no_event(bench) -> None:
    assert bench.take() == -11
    assert bench.words[w.EVENTS] == 0


def test_the_end_of_the_bytes_is_told_behind_the_last_message(bench) -> None:
    bench.theirs.sendall(frame(1, b"last"))
    bench.theirs.close()
    assert bench.take() == 1
    assert bench.words[w.EVENTS] == 0
    assert bench.take() == 0
    assert bench.words[w.EVENTS] == w.HAS_ENDED


def test_what_is_illegal_is_told_with_its_code(bench) -> None:
    bench.theirs.sendall(frame(1, b"good") + frame(1, b"bad", rsv=2) + frame(1, b"never"))
    assert bench.take() == 1
    assert bench.words[w.EVENTS] == w.HAS_FAILED
    assert bench.words[w.CODE] == 1002
    assert bench.take() == 0
    assert bench.memory.frame_ring.published == 1


def test_tls_is_left_to_python(bench) -> None:
    bench.stream.begin(w.TLS)
    bench.theirs.sendall(b"secret")
    assert bench.take() == 0
    assert bench.words[w.EVENTS] == w.HAS_INPUT
    assert bench.report[SERVE]
    room = bench.stream.room()
    data = frame(1, b"plain")
    room[: len(data)] = data
    bench.stream.grow(len(data), 5)
    assert bench.take(looks_only=True) == 1
    assert bench.payload(0) == b"plain"
    assert bench.frame(0)["ts_recv_ns"] == 5


def test_a_loss_is_a_frame_without_bytes(bench) -> None:
    bench.stream.end(is_lossy=True)
    assert bench.take(looks_only=True) == 1
    lost = bench.frame(0)
    assert lost["length"] == 0
    assert lost["flags"] & LOST_FLAG
    assert lost["flags"] >> LINE_SHIFT == 1
    assert bench.take(looks_only=True) == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_no_frame_that_is_kept_is_written_over(seed: int) -> None:
    chance = random.Random(seed)
    bench = Bench(frames=128)
    bench.stream.begin(w.PLAIN)
    sent: list[bytes] = []
    for number in range(600):
        size = chance.choice([0, 3, 700, 5000, LONGEST // 2, LONGEST])
        payload = bytes([number % 251]) * chance.randint(0, size)
        cut = chance.randint(0, len(payload))
        data = (
            frame(2, payload[:cut], fin=False) + frame(10, b"-") + frame(0, payload[cut:])
            if number % 3 == 0
            else frame(2, payload)
        )
        while data:
            piece = chance.choice([1, 100, 9000])
            bench.theirs.sendall(data[:piece])
            data = data[piece:]
            if chance.random() < 0.5:
                bench.take_all()
        bench.take_all()
        sent.append(payload)
        assert bench.memory.frame_ring.published == len(sent)
        oldest = bench.oldest_kept()
        assert oldest < len(sent), "the latest is always kept"
        for seq in range(oldest, len(sent)):
            assert bench.payload(seq) == sent[seq]
    total = sum(map(len, sent))
    assert total > 20 * (1 << 18), "the region was written round many times"
    bench.close()
