"""An open connection in the main thread: nothing blocks it, and it ends when its peer does not read."""

from __future__ import annotations

import socket

import pytest

pytest.importorskip("websockets")

from tests.unit.wire.websocket.frames import frame
from tests.unit.wire.websocket.streams import Bench
from zerofeed.wire.websocket import _words as w
from zerofeed.wire.websocket.dial import Opened
from zerofeed.wire.websocket.handshake import Agreed
from zerofeed.wire.websocket.link import MOST_UNSENT_BYTES, Link
from zerofeed.wire.websocket.outgoing import TEXT

__all__: list[str] = []

pytestmark = pytest.mark.compiled


@pytest.fixture
def bench():
    made = Bench()
    yield made
    made.close()


def link_of(bench: Bench, rest: bytes = b"", agreed: Agreed | None = None) -> Link:
    link = Link(Opened(bench.ours, None, agreed or Agreed(), rest), 0)
    link.begin(bench.stream, 0)
    return link


def test_what_the_socket_does_not_take_is_sent_later_in_order(bench) -> None:
    link = link_of(bench)
    payload = b"x" * 600_000
    link.send(TEXT, payload)
    assert link.flush() == ""
    assert link.has_unsent
    got = bytearray()
    while link.has_unsent:
        got += bench.theirs.recv(1 << 20)
        assert link.flush() == ""
    bench.theirs.setblocking(False)
    while len(got) < len(payload) + 14:
        got += bench.theirs.recv(1 << 20)
    mask, body = got[10:14], got[14:]
    assert bytes(byte ^ mask[k % 4] for k, byte in enumerate(body)) == payload


def test_a_peer_that_never_reads_is_given_up(bench) -> None:
    link = link_of(bench)
    link.send(TEXT, bytes(MOST_UNSENT_BYTES))
    link.send(TEXT, bytes(MOST_UNSENT_BYTES))
    assert link.flush() == "the server does not read"


def test_bytes_that_came_with_the_handshake_are_the_first(bench) -> None:
    payload = bytes(60_000)
    link = link_of(bench, rest=frame(1, b"hi") + frame(2, payload) + b"\x81\x02yo"[:3])
    bench.theirs.sendall(b"o" + frame(1, b"later"))
    seen = 0
    for _ in range(100):
        seen += max(0, bench.take())
        if bench.words[w.EVENTS]:
            assert link.serve() == ""
    assert seen == 4
    assert [bench.payload(seq) for seq in range(4)] == [b"hi", payload, b"yo", b"later"]
    assert bench.stream.mode == w.PLAIN


def test_silence_is_counted_from_the_beginning(bench) -> None:
    link = link_of(bench)
    assert 0 <= link.silence_s() < 5
    bench.words[w.READ_NS] -= 7_000_000_000
    assert 7 <= link.silence_s() < 12


def test_ending_frees_the_place_and_zlibs_memory_once(bench) -> None:
    link = link_of(bench, agreed=Agreed(deflate=True))
    assert bench.words[w.DEFLATE] == 1
    link.end("enough", is_lossy=True, says_goodbye=True)
    link.end("again", is_lossy=True)
    assert link.why == "enough"
    assert bench.stream.mode == w.CLOSED
    assert (bench.words[w.DEFLATE], bench.words[w.IS_LOSSY]) == (0, 1)
    assert link.silence_s() == 0.0
    assert bench.theirs.recv(100)[0] == 0x88
    assert bench.ours.fileno() == -1


def test_a_failed_socket_is_named(bench) -> None:
    link = link_of(bench)
    bench.words[w.EVENTS] = w.HAS_ENDED
    bench.words[w.ERROR] = 104
    assert link.serve() == "Connection reset by peer"
    bench.theirs.shutdown(socket.SHUT_RDWR)
