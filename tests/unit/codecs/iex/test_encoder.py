"""Packets that are written are read back as what they were written from."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.codecs.iex.strategies import values_of
from zerofeed.base.errors import ConfigurationError, SchemaError
from zerofeed.base.status import OK
from zerofeed.codecs.iex._layout import DEEP, MESSAGE_TYPES
from zerofeed.codecs.iex.encoder import encode_message, encode_packet
from zerofeed.codecs.iex.messages import IEX_MESSAGES, messages

__all__: list[str] = []


@settings(max_examples=15)
@given(st.data())
def test_every_message_reads_back_as_it_was_written(data) -> None:
    for message in IEX_MESSAGES:
        values = data.draw(values_of(message))
        (view,) = messages(encode_packet(1, [encode_message(message.name, **values)]))
        texts = {name: value for name, value in values.items() if isinstance(value, str)}
        expected = values | {name: text.rstrip().encode() for name, text in texts.items()}
        assert view.to_dict() == expected | {"type": bytes([message.code])}


def test_a_price_level_has_the_bytes_of_the_venue_s_format() -> None:
    message = encode_message(
        "price_level_update_buy",
        event_flags=1,
        timestamp_ns=1_471_980_632_572_715_948,
        symbol="ZIEXT",
        size=9700,
        price=990_500,
    )
    assert message == struct.pack(
        "<cBq8sIq", b"8", 1, 1_471_980_632_572_715_948, b"ZIEXT   ", 9700, 990_500
    )


def test_a_segment_has_the_bytes_of_the_transport_s_format() -> None:
    payload = encode_packet(
        5, [b"abc", b""], protocol=DEEP, channel=1, session=9, stream_offset=77, sent_ns=11
    )
    assert payload == struct.pack("<BBHIIHHqqq", 1, 0, DEEP, 1, 9, 7, 2, 77, 5, 11) + (
        b"\3\0abc\0\0"
    )


def test_there_is_a_message_for_every_type() -> None:
    assert {IEX_MESSAGES[message.name].code for message in IEX_MESSAGES} == set(MESSAGE_TYPES)


@pytest.mark.parametrize(
    "values",
    [
        {"event": "O"},
        {"event": "O", "timestamp_ns": 1, "symbol": "A"},
        {"event": "OO", "timestamp_ns": 1},
        {"event": 79, "timestamp_ns": 1},
        {"event": "O", "timestamp_ns": 2**63},
        {"event": "O", "timestamp_ns": "now"},
    ],
)
def test_values_that_do_not_fit_are_refused(values) -> None:
    with pytest.raises(ConfigurationError, match="IEX system_event"):
        encode_message("system_event", **values)


def test_an_unknown_message_is_refused() -> None:
    with pytest.raises(SchemaError, match="no such message; expected one of system_event"):
        encode_message("add_order")


@pytest.mark.parametrize("numbers", [{"channel": -1}, {"protocol": 2**16}, {"session": 2**32}])
def test_numbers_that_do_not_fit_the_header_are_refused(numbers) -> None:
    with pytest.raises(ConfigurationError, match="does not fit its header"):
        encode_packet(1, **numbers)


def test_more_bytes_than_a_segment_holds_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="does not fit its header"):
        encode_packet(1, [bytes(40_000)] * 2)


def test_a_message_in_an_empty_segment_is_none() -> None:
    found = messages(encode_packet(3))
    assert (list(found), found.status) == ([], OK)
