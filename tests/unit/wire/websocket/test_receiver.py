"""A source of a feed against servers that do everything that servers do."""

from __future__ import annotations

import contextlib
import random
import threading
import time

import pytest

from tests.unit.children import open_descriptors
from tests.unit.wire.websocket.frames import frame
from tests.unit.wire.websocket.loops import LONGEST, Loop, quick
from tests.unit.wire.websocket.servers import Bare, Certificates, Server
from zerofeed.base.errors import ConfigurationError
from zerofeed.wire._arrival_kernels import BINARY_FLAG, INJECTED_FLAG, NO_STAMP_FLAG
from zerofeed.wire.websocket.budget import budget_of
from zerofeed.wire.websocket.endpoint import Endpoint
from zerofeed.wire.websocket.plan import StreamPlan
from zerofeed.wire.websocket.receiver import WebSocketReceiver

__all__: list[str] = []

pytestmark = [pytest.mark.compiled]

MESSAGES = [b"", b"{}", b"x" * 125, b"y" * 126, b"z" * 60_000]


@pytest.fixture(scope="module")
def certificates() -> Certificates:
    return Certificates()


def endpoint_of(server, tmp_path, certificates=None, **options) -> Endpoint:
    ca_file = certificates.write(tmp_path / "ca.pem") if certificates else ""
    pace = options.pop("pace", quick())
    return Endpoint(server.url, ca_file=ca_file, pace=pace, **options)


@pytest.fixture(params=[False, True], ids=["ws", "wss"])
def secure(request, certificates):
    """The certificates of a server that speaks TLS, or none."""
    return certificates if request.param else None


def test_messages_come_whole_and_in_order(tmp_path, secure) -> None:
    with Server(secure) as server, Loop(endpoint_of(server, tmp_path, secure)) as loop:
        loop.until(lambda: loop.counted("connections_opened"), "it is connected")
        connection = server.accept()
        for message in MESSAGES:
            connection.send(message)
        connection.send("text")
        loop.until(lambda: len(loop.frames) > len(MESSAGES), "all came")
        assert loop.payloads() == [*MESSAGES, b"text"]
        assert all(taken.flags & BINARY_FLAG for taken in loop.frames[:-1])
        assert not loop.frames[-1].flags & BINARY_FLAG
        assert not any(taken.flags & NO_STAMP_FLAG for taken in loop.frames)
        assert not loop.lines


@pytest.mark.slow
def test_many_messages_through_a_small_region_stay_whole(tmp_path, secure) -> None:
    chance = random.Random(5)
    messages = [bytes([k % 256]) * chance.choice([1, 50, 900, 20_000, LONGEST]) for k in range(300)]
    with Server(secure) as server, Loop(endpoint_of(server, tmp_path, secure)) as loop:
        loop.until(lambda: loop.counted("connections_opened"), "it is connected")
        connection = server.accept()
        sender = threading.Thread(target=lambda: [connection.send(each) for each in messages])
        sender.start()
        loop.until(lambda: len(loop.frames) >= len(messages), "all came")
        sender.join()
        assert loop.payloads() == messages


def test_a_fragmented_message_is_one_frame(tmp_path, secure) -> None:
    with Server(secure) as server, Loop(endpoint_of(server, tmp_path, secure)) as loop:
        loop.until(lambda: loop.counted("connections_opened"), "it is connected")
        server.accept().send([b"one ", b"two ", b"three"])
        loop.until(lambda: loop.frames, "it came")
        assert loop.payloads() == [b"one two three"]


@pytest.mark.slow
@pytest.mark.parametrize("keeps_context", [True, False], ids=["takeover", "no takeover"])
def test_compressed_messages_are_inflated_into_the_arena(
    tmp_path, secure, keeps_context: bool
) -> None:
    from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

    chance = random.Random(6)
    words = [b"bids", b"asks", b"price", b"0.0001"]
    messages = [
        b" ".join(chance.choices(words, k=chance.choice([0, 1, 40, 8000]))) for _ in range(200)
    ]
    factory = ServerPerMessageDeflateFactory(server_no_context_takeover=not keeps_context)
    with (
        Server(secure, extensions=[factory]) as server,
        Loop(endpoint_of(server, tmp_path, secure, compression=True)) as loop,
    ):
        loop.until(lambda: loop.counted("connections_opened"), "it is connected")
        connection = server.accept()
        assert connection.protocol.extensions
        sender = threading.Thread(target=lambda: [connection.send(each) for each in messages])
        sender.start()
        loop.until(lambda: len(loop.frames) >= len(messages), "all came")
        sender.join()
        assert loop.payloads() == messages


def test_a_compressed_message_that_grows_too_long_ends_the_connection(tmp_path) -> None:
    from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

    with (
        Server(extensions=[ServerPerMessageDeflateFactory()]) as server,
        Loop(endpoint_of(server, tmp_path, compression=True)) as loop,
    ):
        loop.until(lambda: loop.counted("connections_opened"), "it is connected")
        server.accept().send(bytes(LONGEST + 1))
        loop.until(lambda: loop.lines, "it is told")
        assert "connection lost: it broke the protocol (close code 1009)" in loop.lines[0]
        assert loop.counted("frames_refused") == 1


def test_texts_are_sent_after_each_opening_in_order(tmp_path, secure) -> None:
    texts = ('{"op":"subscribe"}', '{"op":"more"}')
    with (
        Server(secure) as server,
        Loop(endpoint_of(server, tmp_path, secure, send=texts)) as loop,
    ):
        for round_number in range(2):
            loop.until(
                lambda n=round_number: loop.counted("connections_opened") == n + 1, "connected"
            )
            connection = server.accept()
            heard: list[str] = []
            listener = threading.Thread(
                target=lambda c=connection, h=heard: h.extend(c.recv() for _ in texts)
            )
            listener.start()
            loop.until(lambda h=heard: len(h) == 2, "both were heard")
            listener.join()
            assert tuple(heard) == texts
            connection.socket.shutdown(2)
        loop.until(lambda: loop.counted("connections_lost") == 2, "the second is closed as well")


def test_pings_are_answered_with_their_payload(tmp_path, secure) -> None:
    with Server(secure) as server, Loop(endpoint_of(server, tmp_path, secure)) as loop:
        loop.until(lambda: loop.counted("connections_opened"), "it is connected")
        connection = server.accept()
        ponged = connection.ping(b"are you there?")
        connection.send("behind it")
        loop.until(ponged.is_set, "the pong came")
        loop.until(lambda: loop.payloads() == [b"behind it"], "nothing was held up by it")


@pytest.mark.slow
def test_own_pings_are_sent_and_their_pongs_keep_a_quiet_connection(tmp_path) -> None:
    pace = quick(ping_s=0.05, stale_s=0.5)
    with Server() as server, Loop(endpoint_of(server, tmp_path, pace=pace)) as loop:
        loop.until(lambda: loop.counted("connections_opened"), "it is connected")
        connection = server.accept()
        words = loop.block
        first = int(words[8])
        loop.until(lambda: int(words[8]) > first + 1_000_000_000, "a second of nothing but pongs")
        assert loop.counted("connections_lost") == 0
        assert connection.protocol.state.name == "OPEN"


def test_a_venues_own_ping_is_a_text(tmp_path) -> None:
    pace = quick(ping_s=0.05)
    endpoint = endpoint_of
    with Server() as server, Loop(endpoint(server, tmp_path, pace=pace, ping_text="ping")) as loop:
        loop.until(lambda: loop.counted("connections_opened"), "it is connected")
        connection = server.accept()
        heard: list[str] = []
        listener = threading.Thread(target=lambda: heard.append(connection.recv()))
        listener.start()
        loop.until(lambda: heard, "it was heard")
        listener.join()
        assert heard == ["ping"]


@pytest.mark.slow
def test_a_connection_that_the_server_closes_is_told_and_opened_again(tmp_path, secure) -> None:
    with Server(secure) as server, Loop(endpoint_of(server, tmp_path, secure)) as loop:
        loop.until(lambda: loop.counted("connections_opened") == 1, "it is connected")
        first = server.accept()
        first.send("before")
        loop.until(lambda: loop.frames, "it came")
        closer = threading.Thread(target=first.close, args=(1012, "going down"))
        closer.start()
        loop.until(lambda: loop.counted("connections_opened") == 2, "it is connected again")
        closer.join()
        server.accept().send("after")
        loop.until(lambda: loop.frames[-1].payload == b"after", "it goes on")
        assert [taken.payload for taken in loop.frames] == [b"before", b"", b"after"]
        (lost,) = loop.losses()
        assert lost.line == 0
        assert loop.counted("connections_lost") == 1
        assert any("closed it (code 1012: going down)" in line for line in loop.lines)
        loop.until(lambda: any(line.endswith("connected again") for line in loop.lines), "told")


@pytest.mark.slow
def test_a_connection_that_is_cut_is_told_and_opened_again(tmp_path, secure) -> None:
    with Server(secure) as server, Loop(endpoint_of(server, tmp_path, secure)) as loop:
        loop.until(lambda: loop.counted("connections_opened") == 1, "it is connected")
        first = server.accept()
        first.send("before")
        loop.until(lambda: loop.frames, "it came")
        first.socket.shutdown(2)
        loop.until(lambda: loop.counted("connections_opened") == 2, "it is connected again")
        assert len(loop.losses()) == 1


@pytest.mark.slow
def test_a_half_open_connection_is_noticed(tmp_path) -> None:
    """A peer that vanished answers no ping; nothing on this side fails by itself."""

    def vanish(connection) -> None:
        _answer_handshake(connection)
        with contextlib.suppress(OSError):
            while connection.recv(4096):
                pass

    with Bare(vanish) as server:
        endpoint = Endpoint(server.url, pace=quick(ping_s=0.05, stale_s=0.3))
        with Loop(endpoint) as loop:
            loop.until(lambda: loop.counted("connections_lost"), "it is given up")
            loop.until(loop.losses, "readers are told")
            loop.until(lambda: loop.lines, "people are told")
            assert "connection lost: nothing came for" in loop.lines[0]
            loop.until(lambda: loop.counted("connections_opened") >= 2, "it is tried again")


def test_a_server_that_breaks_the_protocol_is_told_so(tmp_path) -> None:
    told: list[bytes] = []

    def misbehave(connection) -> None:
        _answer_handshake(connection)
        connection.sendall(frame(1, b"good") + frame(3, b"bad"))
        told.append(connection.recv(4096))

    with Bare(misbehave) as server, Loop(Endpoint(server.url, pace=quick())) as loop:
        loop.until(lambda: told, "the server was told")
        loop.until(lambda: loop.counted("frames_refused") == 1, "it is counted")
        assert loop.payloads()[0] == b"good"
        opcode, mask, payload = told[0][0], told[0][2:6], told[0][6:8]
        assert opcode == 0x88
        assert bytes(a ^ b for a, b in zip(payload, mask, strict=False)) == b"\x03\xea"


def test_messages_that_come_with_the_handshake_are_not_lost(tmp_path) -> None:
    def hasty(connection) -> None:
        _answer_handshake(connection, behind=frame(1, b"first") + frame(1, b"sec")[:4])
        connection.sendall(frame(1, b"sec")[4:])
        connection.recv(1)

    with Bare(hasty) as server, Loop(Endpoint(server.url, pace=quick())) as loop:
        loop.until(lambda: len(loop.payloads()) >= 2, "both came")
        assert loop.payloads()[:2] == [b"first", b"sec"]


def test_a_certificate_of_nobody_known_is_refused_in_one_line(tmp_path, certificates) -> None:
    with Server(certificates) as server:
        endpoint = Endpoint(server.url, pace=quick())
        with Loop(endpoint) as loop:
            loop.until(lambda: loop.lines, "it is told")
            (line,) = loop.lines
            assert "cannot connect: its certificate is not trusted" in line
            assert loop.counted("connections_failed") == 1
            assert loop.counted("connections_opened") == 0


def test_a_certificate_for_another_name_is_refused(tmp_path) -> None:
    others = Certificates("elsewhere.example")
    with Server(others) as server, Loop(endpoint_of(server, tmp_path, others)) as loop:
        loop.until(lambda: loop.lines, "it is told")
        assert "certificate is not trusted" in loop.lines[0]
        assert "localhost" in loop.lines[0]


@pytest.mark.parametrize("status", [429, 503])
def test_a_refusal_is_told_once_and_the_servers_wish_is_respected(tmp_path, status: int) -> None:
    asked: list[int] = []

    def refuse(connection) -> None:
        asked.append(len(connection.recv(4096)))
        connection.sendall(
            f"HTTP/1.1 {status} No\r\nRetry-After: 3600\r\nContent-Length: 5\r\n\r\nsorry".encode()
        )

    with Bare(refuse) as server, Loop(Endpoint(server.url, pace=quick())) as loop:
        loop.until(lambda: loop.lines, "it is told")
        (line,) = loop.lines
        assert f"cannot connect: refused: HTTP {status} No; tried again in 360" in line
        assert len(asked) == 1
        # It is said to this address: no other connection asks that host meanwhile.
        closed_s = budget_of(
            f"{loop.receiver.endpoint.host}:{loop.receiver.endpoint.port}"
        ).closed_s()
        assert (closed_s > 3000) == (status == 429)


def test_lines_are_connections_of_their_own(tmp_path) -> None:
    with Server() as server, Loop(endpoint_of(server, tmp_path, lines=2)) as loop:
        loop.until(lambda: loop.counted("connections_opened") == 2, "both are connected")
        first, second = server.accept(), server.accept()
        first.send("a")
        second.send("b")
        loop.until(lambda: len(loop.frames) == 2, "both came")
        assert {taken.line for taken in loop.frames} == {0, 1}
        lost_line = next(taken.line for taken in loop.frames if taken.payload == b"a")
        first.socket.shutdown(2)
        loop.until(loop.losses, "one is lost")
        assert loop.losses()[0].line == lost_line
        second.send("still here")
        loop.until(lambda: loop.payloads()[-1] == b"still here", "the other goes on")


@pytest.mark.slow
def test_a_loss_is_not_told_while_another_connection_goes_on(tmp_path) -> None:
    pace = quick(overlap_s=0.1)
    with Server() as server, Loop(endpoint_of(server, tmp_path, lines=2, pace=pace)) as loop:
        loop.until(lambda: loop.counted("connections_opened") == 2, "both are connected")
        first, second = server.accept(), server.accept()
        first.send("a")
        second.send("b")
        loop.until(lambda: len(loop.frames) == 2, "both came")
        time.sleep(2 * pace.overlap_s)
        first.socket.shutdown(2)
        loop.until(lambda: loop.counted("connections_lost") == 1, "one is lost")
        second.send("still here")
        loop.until(lambda: loop.payloads()[-1] == b"still here", "the other goes on")
        assert loop.losses() == []
        loop.until(lambda: any("connection lost" in each for each in loop.lines), "it is told")


@pytest.mark.slow
def test_a_renewed_connection_delivers_before_the_old_one_ends(tmp_path) -> None:
    pace = quick(renew_s=0.4, overlap_s=0.1)
    texts = ("subscribe",)
    with (
        Server() as server,
        Loop(endpoint_of(server, tmp_path, pace=pace, send=texts)) as loop,
    ):
        loop.until(lambda: loop.counted("connections_opened") == 1, "it is connected")
        old = server.accept()
        old.send("old 1")
        loop.until(lambda: loop.counted("connections_opened") == 2, "another is opened")
        old.send("old 2")
        loop.until(lambda: b"old 2" in loop.payloads(), "the old one still delivers")
        new = server.accept()
        greeted: list[str] = []
        greeting = threading.Thread(target=lambda: greeted.append(new.recv()))
        greeting.start()
        loop.until(lambda: greeted == ["subscribe"], "the new one is subscribed")
        greeting.join()
        new.send("new 1")
        loop.until(lambda: b"new 1" in loop.payloads(), "the new one delivers")
        heard: list[str] = []

        def hear_the_end() -> None:
            with contextlib.suppress(Exception):
                heard.append(old.recv())
                old.recv()
            heard.append(f"closed {old.close_code}")

        listener = threading.Thread(target=hear_the_end)
        listener.start()
        loop.until(lambda: len(heard) == 2, "the old one is closed in order")
        listener.join()
        assert heard == ["subscribe", "closed 1000"]
        assert loop.losses() == []
        assert loop.counted("connections_lost") == 0


def test_what_the_worker_injects_is_a_frame_of_the_source(tmp_path) -> None:
    answers = [b'{"lastUpdateId":1}', b"x" * LONGEST, b"z"] * 5
    with Server() as server, Loop(endpoint_of(server, tmp_path)) as loop:
        loop.until(lambda: loop.counted("connections_opened"), "it is connected")
        server.accept().send("streamed")
        thread = threading.Thread(
            target=lambda: [loop.receiver.inject(answer) for answer in answers]
        )
        thread.start()
        thread.join()
        loop.until(lambda: len(loop.frames) == len(answers) + 1, "all came")
        injected = [taken for taken in loop.frames if taken.flags & INJECTED_FLAG]
        assert [taken.payload for taken in injected] == answers
        with pytest.raises(ConfigurationError, match="longer than a message may be"):
            loop.receiver.inject(bytes(LONGEST + 1))


def test_a_killed_workers_connections_are_told_as_lost(tmp_path) -> None:
    with Server() as server, Loop(endpoint_of(server, tmp_path)) as loop:
        loop.until(lambda: loop.counted("connections_opened"), "it is connected")
        plan = StreamPlan(0, 1, 1 << 18, LONGEST)
        successor = WebSocketReceiver(loop.receiver.endpoint, plan)
        block = loop.block.copy()
        successor.take_over(block, loop.memory, 3)
        assert block[6] == 1, "IS_LOSSY of the first stream"
        assert block[0] == 0, "no connection"
        successor.close()


def test_a_file_that_has_no_certificates_is_refused_before_anything_starts(tmp_path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("no certificate", encoding="ascii")
    endpoint = Endpoint("wss://localhost:1/", ca_file=str(path))
    with pytest.raises(ConfigurationError, match="no certificates that can be used"):
        WebSocketReceiver(endpoint, StreamPlan(0, 1, 1 << 18, LONGEST))


@pytest.mark.slow
def test_what_it_says_of_copies_depends_on_tls() -> None:
    plan = StreamPlan(0, 1, 1 << 18, LONGEST)
    before = open_descriptors()
    plain = WebSocketReceiver(Endpoint("ws://localhost:1/secret?key=1"), plan)
    secure = WebSocketReceiver(Endpoint("wss://localhost/x"), plan)
    assert (plain.tell_copies().kernel_copies, plain.tell_copies().user_copies) == (1, 0)
    assert secure.tell_copies().user_copies == 3
    assert plain.name == "ws://localhost:1/secret"
    assert secure.name == "wss://localhost/x"
    for receiver in (plain, secure):
        receiver.close()
        receiver.close()
    assert open_descriptors() == before


def _answer_handshake(connection, behind: bytes = b"") -> None:
    from websockets.utils import accept_key

    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(4096)
    key = next(
        line.split(b":", 1)[1].strip().decode()
        for line in request.split(b"\r\n")
        if line.lower().startswith(b"sec-websocket-key:")
    )
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + f"Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n".encode()
        + behind
    )
