"""The socket to a feed: refusals arrive, its end is noticed, silence is not waited for."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.unit.children import Child, Gate
from tests.unit.feed.feeds import name_of_feed
from zerofeed.base.errors import (
    AttachRefusedError,
    FeedGoneError,
    FeedNotFoundError,
    LayoutMismatchError,
    ResourceError,
    ZerofeedError,
)
from zerofeed.feed import connection as module
from zerofeed.feed.address import address_of
from zerofeed.feed.connection import Connection
from zerofeed.feed.messages import Reply, Request, receive, send
from zerofeed.feed.publisher import Publisher, listen

Answer = Callable[[socket.socket], None]
STATUS = Request(op="status")


@pytest.fixture
def listener() -> Iterator[tuple[str, socket.socket]]:
    name = name_of_feed()
    with listen(address_of(name)) as opened:
        opened.settimeout(20)
        yield name, opened


def answering(listener: socket.socket, answer: Answer) -> threading.Thread:
    """Accept one caller in a thread and let ``answer`` deal with it."""

    def work() -> None:
        accepted, _ = listener.accept()
        with accepted:
            answer(accepted)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_a_feed_that_does_not_run_is_not_found_and_those_that_do_are_named(
    publisher: Publisher,
) -> None:
    with pytest.raises(FeedNotFoundError, match=f"running here: .*{publisher.name}"):
        Connection("no-such-feed")


def test_a_reply_is_given_with_its_descriptors(listener: tuple[str, socket.socket]) -> None:
    name, opened = listener

    def answer(accepted: socket.socket) -> None:
        receive(accepted, Request)
        send(accepted, Reply(ok=True, slot=5), [0])

    thread = answering(opened, answer)
    connection = Connection(name)
    reply, fds = connection.ask(STATUS)
    assert (reply.slot, len(fds)) == (5, 1)
    os.close(fds[0])
    connection.close()
    thread.join()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("ResourceError", ResourceError),
        ("AttachRefusedError", AttachRefusedError),
        ("NoSuchError", ZerofeedError),
        ("annotations", ZerofeedError),
    ],
)
def test_an_error_of_the_feeds_is_raised_as_the_class_it_names(
    listener: tuple[str, socket.socket], error: str, kind: type[ZerofeedError]
) -> None:
    name, opened = listener

    def answer(accepted: socket.socket) -> None:
        receive(accepted, Request)
        send(accepted, Reply(ok=False, error=error, what="it is so", next_step="live with it"))

    thread = answering(opened, answer)
    connection = Connection(name)
    with pytest.raises(kind, match=f"feed {name}: it is so; live with it") as raised:
        connection.ask(STATUS)
    assert type(raised.value) is kind
    connection.close()
    thread.join()


def refuse_at_once(accepted: socket.socket) -> None:
    send(accepted, Reply(ok=False, error="AttachRefusedError", what="not you"))


def refuse_without_reading(accepted: socket.socket) -> None:
    """The caller's request lies unread when the socket closes: its next call is a reset."""
    assert accepted.recv(1, socket.MSG_PEEK)
    send(accepted, Reply(ok=False, error="AttachRefusedError", what="not you"))


@pytest.mark.parametrize("answer", [refuse_at_once, refuse_without_reading])
def test_a_refusal_is_heard_even_when_the_feed_closes_before_it_is_asked(
    listener: tuple[str, socket.socket], answer: Answer
) -> None:
    name, opened = listener
    thread = answering(opened, answer)
    connection = Connection(name)
    if answer is refuse_at_once:
        thread.join()
    with pytest.raises(AttachRefusedError, match="not you"):
        connection.ask(STATUS)
    connection.close()
    thread.join()


def test_a_feed_that_ends_while_it_is_asked_is_gone(listener: tuple[str, socket.socket]) -> None:
    name, opened = listener
    thread = answering(opened, lambda accepted: accepted.close())
    connection = Connection(name)
    with pytest.raises(FeedGoneError, match="attach again when it runs"):
        connection.ask(STATUS)
    connection.close()
    thread.join()


def test_a_reply_that_cannot_be_understood_is_another_version(
    listener: tuple[str, socket.socket],
) -> None:
    name, opened = listener

    def answer(accepted: socket.socket) -> None:
        receive(accepted, Request)
        accepted.send(b'{"ok":"perhaps"}')

    thread = answering(opened, answer)
    connection = Connection(name)
    with pytest.raises(LayoutMismatchError, match="cannot be understood"):
        connection.ask(STATUS)
    connection.close()
    thread.join()


def test_a_late_reply_is_not_taken_for_the_next_ones(
    listener: tuple[str, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, opened = listener
    monkeypatch.setattr(module, "_REPLY_SECONDS", 0.01)
    connection = Connection(name)
    accepted, _ = opened.accept()
    with pytest.raises(FeedGoneError, match="does not answer"):
        connection.ask(STATUS)
    assert not connection.is_alive()
    with pytest.raises(FeedGoneError):
        connection.ask(STATUS)
    connection.close()
    accepted.close()


def test_asking_whether_the_feed_lives_does_not_wait(listener: tuple[str, socket.socket]) -> None:
    """With a time-out on the socket, ``recv`` waits whatever its flags say."""
    name, opened = listener
    connection = Connection(name)
    accepted, _ = opened.accept()
    asked = 0
    while asked < 1_000:
        assert connection.is_alive()
        asked += 1
    accepted.close()
    assert not connection.is_alive()
    connection.close()
    assert not connection.is_alive()


def test_closing_is_seen_by_whoever_watches_a_duplicate(
    listener: tuple[str, socket.socket],
) -> None:
    name, opened = listener
    connection = Connection(name)
    accepted, _ = opened.accept()
    duplicate = os.dup(connection.fileno())
    connection.close()
    connection.close()
    assert accepted.recv(8) == b""
    os.close(duplicate)
    accepted.close()


def test_threads_that_ask_at_once_each_get_their_own_reply(publisher: Publisher) -> None:
    connection = Connection(publisher.name)

    def ask(number: int) -> bool:
        request = STATUS if number % 2 else Request(op="attach", layout=-1)
        try:
            reply, _ = connection.ask(request)
        except LayoutMismatchError:
            return number % 2 == 0
        return number % 2 == 1 and reply.status["name"] == publisher.name

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(ask, range(200)))
    connection.close()


def test_a_feed_with_a_queue_of_callers_is_waited_for_and_not_taken_for_absent(
    listener: tuple[str, socket.socket],
) -> None:
    name, opened = listener
    opened.listen(0)
    first = Connection(name)
    calling = threading.Thread(target=lambda: Connection(name).close())
    calling.start()
    for _ in range(2):
        accepted, _ = opened.accept()
        accepted.close()
    calling.join(20)
    assert not calling.is_alive()
    first.close()


@pytest.mark.root
def test_an_address_that_another_user_holds_is_refused() -> None:
    """Abstract addresses have no permissions: anybody can pose as anybody's feed."""
    name, held, done = name_of_feed(), Gate(), Gate()
    mine = os.getuid()

    def squat() -> None:
        os.setuid(65534)
        with listen(address_of(name, mine)):
            held.open()
            done.wait()

    with Child(squat) as child:
        held.wait()
        with pytest.raises(AttachRefusedError, match=f"expected user {mine}; got user 65534"):
            Connection(name)
        done.open()
        child.result()
    for gate in (held, done):
        gate.close()


@pytest.mark.root
def test_a_socket_file_without_permission_says_so() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = f"{folder}/feed.sock"
        with listen(path, mode=0o600):

            def call() -> str:
                os.setuid(65534)
                try:
                    Connection(path)
                except AttachRefusedError as error:
                    return str(error)
                return "let in"

            with Child(call) as child:
                assert "permissions of its socket" in child.result()
