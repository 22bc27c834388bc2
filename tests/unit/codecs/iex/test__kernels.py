"""Segments become the oracle's records, whatever is in them, and lies end where they begin."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.codecs.iex.harness import Codec
from tests.unit.codecs.iex.naive import SHORTEST, BadMessageError, NaiveIex
from tests.unit.codecs.iex.strategies import messages
from zerofeed.base.status import (
    BUFFER_FULL,
    MALFORMED,
    OK,
    TRUNCATED,
    UNKNOWN_TEMPLATE,
)
from zerofeed.codecs._equity_kernels import NEXT, REFUSED, ROW, SLOT
from zerofeed.codecs.iex._kernels import (
    BODY_BEGIN,
    BODY_END,
    CHANNEL,
    COUNT,
    HEADER_WORDS,
    PROTOCOL,
    SENT_NS,
    SEQ,
    SESSION,
    read_header,
)
from zerofeed.codecs.iex._layout import DEEP, MESSAGE_TYPES
from zerofeed.codecs.iex.encoder import encode_message, encode_packet

__all__: list[str] = []

QUOTE = encode_message(
    "quote_update",
    quote_flags=0,
    timestamp_ns=7,
    symbol="ZIEXT",
    bid_size=100,
    bid_price=99_000,
    ask_price=99_100,
    ask_size=200,
)


def header_of(payload: bytes):
    """Status and words of a segment's header."""
    words = np.zeros(HEADER_WORDS, np.int64)
    return read_header(np.frombuffer(payload, np.uint8), 0, len(payload), words), words


@settings(max_examples=15)
@given(st.lists(st.lists(messages(), max_size=6), max_size=5), st.booleans())
def test_segments_become_the_oracle_s_records(packets, is_whole) -> None:
    codec, oracle = Codec(), NaiveIex()
    era = 3 if is_whole else 0
    for recv, each in enumerate(packets):
        payload = encode_packet(1, each)
        assert codec.packet(payload, recv, era) == oracle.packet(payload, recv, era)


@settings(max_examples=15)
@given(st.lists(messages(), min_size=1, max_size=4), st.data())
def test_a_message_shorter_than_its_type_ends_its_segment(parts, data) -> None:
    cut = data.draw(st.integers(0, len(parts) - 1))
    parts[cut] = parts[cut][: data.draw(st.integers(1, len(parts[cut])))]
    codec, oracle = Codec(), NaiveIex()
    expected = []
    for each in parts:
        try:
            expected += oracle.message(each, 5)
        except BadMessageError:
            break
    assert codec.packet(encode_packet(1, parts)) == expected


@pytest.mark.slow
@settings(max_examples=100)
@given(st.lists(messages(), max_size=5), st.data())
def test_lies_about_lengths_and_counts_are_found_and_nothing_is_read_outside(parts, data) -> None:
    """Also with ZEROFEED_BOUNDS_CHECK=1, where reading outside raises."""
    payload = bytearray(encode_packet(1, parts))
    for _ in range(data.draw(st.integers(1, 3))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(payload)))
    codec, oracle = Codec(), NaiveIex()
    code, _ = header_of(bytes(payload[:cut]))
    assert code in (OK, TRUNCATED, MALFORMED)
    if code == OK:
        expected = []
        try:
            for each in oracle.blocks(bytes(payload[40:cut])):
                expected += oracle.message(each, 5)
        except BadMessageError:
            pass
        assert codec.packet(bytes(payload[:cut])) == expected
    else:
        assert codec.packet(bytes(payload[:cut])) == []


def test_header_is_read_field_by_field() -> None:
    payload = encode_packet(
        123_456_789_012, [QUOTE, b""], protocol=DEEP, channel=2**32 - 1, session=0x4381_0000, sent_ns=-5,
    )  # fmt: skip
    code, words = header_of(payload)
    assert code == OK
    assert words[[PROTOCOL, CHANNEL, SESSION, SEQ, COUNT, SENT_NS]].tolist() == [
        DEEP, 2**32 - 1, 0x4381_0000, 123_456_789_012, 2, -5,
    ]  # fmt: skip
    assert words[[BODY_BEGIN, BODY_END]].tolist() == [40, len(payload)]


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        (b"", TRUNCATED),
        (encode_packet(1)[:39], TRUNCATED),
        (encode_packet(1, [QUOTE])[:-1], TRUNCATED),
        (encode_packet(1, [QUOTE]) + b"\0", MALFORMED),
        (b"\2" + encode_packet(1)[1:], MALFORMED),
        (encode_packet(-1), MALFORMED),
        (encode_packet(2**62 + 1), MALFORMED),
    ],
    ids=["empty", "short header", "cut", "longer", "version", "negative number", "endless number"],
)
def test_segment_that_contradicts_its_header_is_refused(payload: bytes, status: int) -> None:
    assert header_of(payload)[0] == status


@pytest.mark.parametrize("count", [0, 1, 3, 65_535])
def test_segment_whose_count_is_not_that_of_its_blocks_is_malformed(count: int) -> None:
    payload = bytearray(encode_packet(1, [QUOTE, QUOTE]))
    payload[14:16] = struct.pack("<H", count)
    assert header_of(bytes(payload))[0] == MALFORMED


@pytest.mark.parametrize("length", [0, 41, 43, 65_535])
def test_segment_whose_blocks_do_not_fill_it_is_malformed(length: int) -> None:
    payload = bytearray(encode_packet(1, [QUOTE]))
    payload[40:42] = struct.pack("<H", length)
    assert header_of(bytes(payload))[0] == MALFORMED


def test_segment_without_messages_is_a_heartbeat() -> None:
    code, words = header_of(encode_packet(77))
    assert (code, words[COUNT], words[BODY_BEGIN]) == (OK, 0, words[BODY_END])


@pytest.mark.parametrize("block", [b"", b"?", b"Z" + bytes(60), b"\xff"])
def test_unknown_message_is_stepped_over_by_its_length(block: bytes) -> None:
    codec = Codec()
    rows = codec.packet(encode_packet(1, [block, QUOTE]))
    assert codec.codes == [UNKNOWN_TEMPLATE, 2]
    assert len(rows) == 2


def test_a_message_longer_than_its_type_is_read_as_far_as_it_is_known() -> None:
    assert Codec().packet(encode_packet(1, [QUOTE + b"new"])) == Codec().packet(
        encode_packet(1, [QUOTE])
    )


@pytest.mark.parametrize("letter", SHORTEST)
def test_each_type_has_its_slot_and_its_shortest_length(letter: str) -> None:
    codec = Codec()
    whole = letter.encode() + bytes(SHORTEST[letter] - 1)
    codec.packet(encode_packet(1, [whole]))
    assert codec.result[SLOT] == MESSAGE_TYPES.index(ord(letter))
    assert codec.codes[0] >= 0
    codec.packet(encode_packet(1, [whole[:-1]]))
    assert codec.codes[-1] == MALFORMED


def test_without_room_nothing_is_changed_and_the_message_comes_again() -> None:
    codec = Codec()
    data = np.frombuffer(encode_packet(1, [QUOTE]), np.uint8)
    assert codec.at(data, 40, len(data), 5, 1, 1, limit=2) == BUFFER_FULL
    assert codec.result[NEXT] == 40
    assert len(codec.instruments) == 1
    assert codec.at(data, 40, len(data), 5, 1, 1, limit=3) == 2


def test_a_block_outside_the_packet_is_truncated() -> None:
    codec = Codec()
    data = np.frombuffer(encode_packet(1, [QUOTE]), np.uint8)
    assert codec.at(data, 40, 41, 5, 1, 1) == TRUNCATED
    assert codec.at(data, 40, len(data) - 1, 5, 1, 1) == TRUNCATED


def test_a_security_that_finds_the_table_full_is_refused() -> None:
    codec = Codec(instruments=2)
    codec.packet(encode_packet(1, [QUOTE]))
    other = QUOTE.replace(b"ZIEXT", b"OTHER")
    assert codec.packet(encode_packet(2, [other])) == []
    assert (codec.result[REFUSED], codec.result[ROW] < 0, codec.codes[-1]) == (1, True, 0)
