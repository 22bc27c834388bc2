"""Messages arrive whole with their descriptors, or not at all and leaving nothing open."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from tests.unit.children import open_descriptors
from zerofeed.feed.messages import (
    MAX_FDS,
    MAX_MESSAGE_BYTES,
    Reply,
    Request,
    receive,
    receive_packet,
    send,
)

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield ours, theirs


def test_a_request_arrives_as_it_was_sent(pair: Pair) -> None:
    request = Request(op="reader", mode="lossless", start=77, slot=3, program="x")
    send(pair[0], request)
    assert receive(pair[1], Request) == (request, [])


def test_a_reply_brings_its_descriptors_which_are_not_inherited(pair: Pair) -> None:
    read, write = os.pipe()
    send(pair[0], Reply(ok=True, slot=1), [write])
    reply, fds = receive(pair[1], Reply)
    assert reply == Reply(ok=True, slot=1)
    assert [os.get_inheritable(fd) for fd in fds] == [False]
    os.write(fds[0], b"through")
    assert os.read(read, 9) == b"through"
    for fd in (read, write, *fds):
        os.close(fd)


def test_the_end_of_the_connection_is_no_message(pair: Pair) -> None:
    pair[0].close()
    assert receive(pair[1], Request) == (None, [])


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe",
        b"null",
        b"{}",
        b'{"op":"attach"',
        b'{"op":"destroy"}',
        b'{"op":"reader","start":"yesterday"}',
        b'{"op":"reader","mode":1}',
        b'{"op":"status","program":"\xff"}',
        b'{"op":"status","program":"\\ud800"}',
        b'{"op":"status","slot":1e400}',
        b'{"op":"status","x":' + b"[" * 50_000,
    ],
)
def test_whatever_is_no_message_is_a_value_error_and_its_descriptors_are_closed(
    pair: Pair, data: bytes
) -> None:
    before = open_descriptors()
    socket.send_fds(pair[0], [data], [0] * MAX_FDS)
    with pytest.raises(ValueError, match="no message of this protocol"):
        receive(pair[1], Request)
    assert open_descriptors() <= before


def test_looking_for_a_packet_does_not_wait_for_one(pair: Pair) -> None:
    with pytest.raises(BlockingIOError):
        receive_packet(pair[0], socket.MSG_DONTWAIT)
    pair[1].send(b"x")
    assert receive_packet(pair[0], socket.MSG_DONTWAIT) == (b"x", [])


def test_unknown_members_of_a_later_version_are_passed_over(pair: Pair) -> None:
    pair[0].send(b'{"op":"status","later":{"a":[1]}}')
    assert receive(pair[1], Request)[0] == Request(op="status")


def test_the_longest_reply_fits_one_packet(pair: Pair) -> None:
    readers = [{"slot": n, "program": "x" * 64, "position": 10**15} for n in range(256)]
    reply = Reply(ok=True, status={"readers": readers})
    send(pair[0], reply)
    assert receive(pair[1], Reply)[0] == reply
    assert MAX_MESSAGE_BYTES >= 1 << 17
