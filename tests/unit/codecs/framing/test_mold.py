"""MoldUDP64's packets are read and written alike by the kernel and its plain twin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerofeed.base.errors import ConfigurationError
from zerofeed.base.status import MALFORMED, OK, TRUNCATED
from zerofeed.codecs.framing import _mold_kernels as k
from zerofeed.codecs.framing.mold import (
    encode_end,
    encode_packet,
    encode_request,
    read_packet,
)
from zerofeed.wire.pcap import read_capture

__all__: list[str] = []

NAMES = st.text("ABC0123456789", max_size=10)


def header_of(data: bytes, at: int = 0) -> tuple[int, list[int]]:
    header = np.zeros(k.HEADER_WORDS, np.int64)
    status = k.read_header(np.frombuffer(data + b"\xff", np.uint8), at, len(data) - at, header)
    return status, header.tolist()


@settings(max_examples=25)
@given(NAMES, st.integers(0, 2**62), st.lists(st.binary(max_size=20), max_size=8))
def test_kernel_and_twin_read_what_was_written(session, seq, messages) -> None:
    data = b"??" + encode_packet(session, seq, messages)
    status, header = header_of(data, 2)
    packet = read_packet(data, 2)
    assert (status, packet.is_whole) == (OK, True)
    assert header[k.SEQ] == packet.seq == seq
    assert header[k.COUNT] == packet.count == len(messages)
    assert (header[k.BODY], header[k.IS_END]) == (22, 0)
    assert (packet.session, packet.is_heartbeat) == (session, not messages)
    found = zip(packet.offsets.tolist(), packet.lengths.tolist(), strict=True)
    assert [data[at : at + size] for at, size in found] == messages


@settings(max_examples=25)
@given(st.binary(max_size=40))
def test_any_bytes_are_read_alike(data: bytes) -> None:
    status, header = header_of(data)
    if len(data) < 20:
        assert status == TRUNCATED
        with pytest.raises(ConfigurationError, match="shorter than"):
            read_packet(data)
        return
    packet = read_packet(data)
    if packet.seq > 2**62:
        assert status == MALFORMED
        return
    assert (status, header[k.SEQ]) == (OK, packet.seq)
    assert (header[k.COUNT], bool(header[k.IS_END])) == (packet.count, packet.is_end)


@settings(max_examples=25)
@given(st.lists(st.binary(max_size=9), min_size=1, max_size=4), st.integers(-3, 3))
def test_a_count_that_lies_makes_a_packet_that_is_not_whole(messages, error) -> None:
    data = bytearray(encode_packet("S", 1, messages))
    count = max(0, len(messages) + error)
    data[18:20] = count.to_bytes(2, "big")
    packet = read_packet(bytes(data))
    assert packet.is_whole is (count == len(messages))
    assert len(packet.offsets) <= min(count, len(messages))


def test_the_end_of_a_session_is_no_heartbeat() -> None:
    data = encode_end("S", 100)
    packet = read_packet(data)
    assert (packet.is_end, packet.is_heartbeat, packet.count, packet.seq) == (True, False, 0, 100)
    assert header_of(data)[1][k.IS_END] == 1


def test_sessions_differ_by_their_numbers() -> None:
    first, second = (header_of(encode_packet(name, 1))[1][k.SESSION] for name in ("A", "B"))
    assert first != second


def test_a_request_is_a_header_without_blocks() -> None:
    assert encode_request("0123456789", 5, 7) == b"0123456789" + bytes(7) + b"\x05\x00\x07"


@pytest.mark.parametrize(
    ("session", "seq", "count"), [("x" * 11, 1, 0), ("S", -1, 0), ("S", 2**64, 0), ("S", 1, 65_536)]
)
def test_what_does_not_fit_the_header_is_refused(session: str, seq: int, count: int) -> None:
    with pytest.raises(ConfigurationError, match="does not fit its header"):
        encode_request(session, seq, count)


def test_more_messages_than_can_be_counted_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="too many messages"):
        encode_packet("S", 1, [b""] * 65_535)


def test_real_packets_are_whole(captures: Path) -> None:
    counts = []
    for path in sorted((captures / "itch" / "bx-udp").glob("*.pcap")):
        for payload in read_capture(path).payloads():
            packet = read_packet(payload)
            assert packet.is_whole
            status, header = header_of(payload.tobytes())
            assert (status, header[k.SEQ], header[k.COUNT]) == (OK, packet.seq, packet.count)
            counts.append(packet.count)
    assert len(counts) >= 12
    assert min(counts) >= 1
