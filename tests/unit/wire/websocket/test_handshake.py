"""The handshake says what it offers and takes no for an answer, whatever form that has."""

from __future__ import annotations

import pytest

pytest.importorskip("websockets")

from websockets.utils import accept_key

from zerofeed.wire.websocket.handshake import Handshake, HandshakeError, parse_head, seconds_of

__all__: list[str] = []

URL = "wss://a.example/ws?streams=x"


def asked(**options) -> tuple[Handshake, str, str]:
    """A handshake, its request, its key."""
    handshake = Handshake(URL, **({"compression": False, "headers": {}} | options))
    request = handshake.request().decode()
    key = next(
        line.partition(": ")[2]
        for line in request.split("\r\n")
        if line.startswith("Sec-WebSocket-Key")
    )
    return handshake, request, key


def answer(key: str, *more: str, status: str = "101 Switching Protocols") -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept_key(key)}",
        *more,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def test_a_request_has_path_host_and_headers() -> None:
    _, request, _ = asked(headers={"X-Key": "k"})
    assert request.startswith("GET /ws?streams=x HTTP/1.1\r\n")
    assert "\r\nHost: a.example\r\n" in request
    assert "\r\nX-Key: k\r\n" in request
    assert "Extensions" not in request
    assert request.endswith("\r\n\r\n")


def test_an_agreement_without_extensions() -> None:
    handshake, _, key = asked()
    assert not handshake.agree(answer(key)).deflate


def test_compression_is_offered_only_when_asked_for_and_its_terms_are_taken() -> None:
    handshake, request, key = asked(compression=True)
    assert "permessage-deflate" in request
    terms = "permessage-deflate; server_no_context_takeover; server_max_window_bits=10"
    agreed = handshake.agree(answer(key, f"Sec-WebSocket-Extensions: {terms}"))
    assert (agreed.deflate, agreed.keeps_context, agreed.window_bits) == (True, False, 10)


def test_an_extension_that_was_not_offered_is_refused() -> None:
    handshake, _, key = asked()
    with pytest.raises(HandshakeError) as raised:
        handshake.agree(answer(key, "Sec-WebSocket-Extensions: permessage-deflate"))
    assert raised.value.status == 101


def test_an_answer_to_another_key_is_refused() -> None:
    handshake, _, _ = asked()
    with pytest.raises(HandshakeError):
        handshake.agree(answer("AAAAAAAAAAAAAAAAAAAAAA=="))


def test_a_refusal_has_its_status_and_when_to_come_again() -> None:
    handshake, _, key = asked()
    head = answer(key, "Retry-After: 7", "Content-Length: 99", status="429 Too Many Requests")
    with pytest.raises(HandshakeError, match="HTTP 429 Too Many Requests") as raised:
        handshake.agree(head)
    assert (raised.value.status, raised.value.retry_after) == (429, "7")


@pytest.mark.parametrize("head", [b"SSH-2.0-x\r\n\r\n", b"\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_is_no_http_is_refused(head: bytes) -> None:
    with pytest.raises(HandshakeError, match="no answer in HTTP"):
        parse_head(head)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        ("Thu, 01 Jan 1970 00:16:50 GMT", 10.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    assert seconds_of(text, 1000.0) == seconds
