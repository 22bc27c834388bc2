"""A re-request server sends again what it has, a datagram at a time, and nothing else."""

from __future__ import annotations

import socket

import pytest

from zerofeed.base.errors import ConfigurationError, ResourceError
from zerofeed.codecs.framing.mold import ask_again, encode_packet, encode_request, read_packet
from zerofeed.mock.rerequest import RerequestServer

__all__: list[str] = []

MESSAGES = [bytes([65 + n]) * 20 for n in range(20)]


@pytest.fixture
def server():
    with RerequestServer() as made:
        made.add("S1", 5, MESSAGES)
        yield made


def messages_of(packet: bytes) -> list[bytes]:
    found = read_packet(packet)
    assert found.is_whole
    return [
        packet[at : at + size]
        for at, size in zip(found.offsets.tolist(), found.lengths.tolist(), strict=True)
    ]


def test_it_sends_what_was_asked_for(server) -> None:
    packet = server.answer(encode_request("S1", 7, 3))
    assert (read_packet(packet).session, read_packet(packet).seq) == ("S1", 7)
    assert messages_of(packet) == MESSAGES[2:5]


def test_an_answer_is_one_datagram_and_who_wants_the_rest_asks_again(server) -> None:
    server.add("long", 1, [bytes(500)] * 9)
    packet = server.answer(encode_request("long", 1, 9))
    assert len(packet) <= 1400
    assert read_packet(packet).count == 2
    assert read_packet(server.answer(encode_request("long", 3, 7))).seq == 3


def test_a_message_longer_than_a_datagram_should_be_goes_alone(server) -> None:
    server.add("huge", 1, [bytes(3000), b"x"])
    assert read_packet(server.answer(encode_request("huge", 1, 2))).count == 1


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        b"short",
        encode_request("S2", 5, 1),
        encode_request("S1", 4, 1),
        encode_request("S1", 25, 1),
    ],
    ids=["nothing", "short", "session", "before", "behind"],
)
def test_what_it_does_not_have_it_does_not_answer(server, request_) -> None:
    assert server.answer(request_) is None


def test_it_answers_by_udp_and_counts(server) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(10.0)
        asking.sendto(encode_request("S1", 5, 2), ("127.0.0.1", server.port))
        assert messages_of(asking.recv(2048)) == MESSAGES[:2]
    assert (server.requests, server.answers, server.refused) == (1, 1, 0)


def test_a_request_is_made_of_any_packet_of_the_session() -> None:
    packet = encode_packet("S1", 100, [b"later"])
    assert ask_again(packet, 5, 2) == encode_request("S1", 5, 2)
    assert read_packet(ask_again(packet, 5, 1 << 20)).count == 65534


def test_a_port_that_is_taken_is_said(server) -> None:
    with pytest.raises(ResourceError, match="cannot be had"):
        RerequestServer(port=server.port)


def test_a_chance_is_a_chance() -> None:
    with pytest.raises(ConfigurationError, match="0 to 1"):
        RerequestServer(drop=1.5)
