"""What a client sends is what RFC 6455 says it sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.wire.websocket.outgoing import CLOSE, PING, TEXT, client_frame, close_payload

__all__: list[str] = []


def unmasked(frame: bytes) -> tuple[int, bytes]:
    """Opcode and payload, byte by byte."""
    assert frame[0] & 0xF0 == 0x80
    assert frame[1] & 0x80
    length, at = frame[1] & 0x7F, 2
    if length > 125:
        width = 2 if length == 126 else 8
        length, at = int.from_bytes(frame[2 : 2 + width], "big"), 2 + width
    mask, body = frame[at : at + 4], frame[at + 4 :]
    assert len(body) == length
    return frame[0] & 15, bytes(byte ^ mask[k % 4] for k, byte in enumerate(body))


def test_the_rfcs_own_example() -> None:
    frame = client_frame(TEXT, b"Hello", bytes.fromhex("37fa213d"))
    assert frame == bytes.fromhex("818537fa213d7f9f4d5158")


@given(st.binary(max_size=300), st.binary(min_size=4, max_size=4))
def test_any_payload_comes_back(payload: bytes, mask: bytes) -> None:
    assert unmasked(client_frame(PING, payload, mask)) == (PING, payload)


@pytest.mark.parametrize("size", [125, 126, 65535, 65536])
def test_every_width_of_a_length_is_written(size: int) -> None:
    assert unmasked(client_frame(TEXT, bytes(size))) == (TEXT, bytes(size))


def test_masks_differ() -> None:
    assert len({client_frame(TEXT, bytes(8)) for _ in range(8)}) == 8


def test_a_close_frame_has_its_code_and_fits() -> None:
    payload = close_payload(1002, "r" * 500)
    assert payload[:2] == b"\x03\xea"
    assert len(payload) == 125
    assert unmasked(client_frame(CLOSE, payload)) == (CLOSE, payload)
