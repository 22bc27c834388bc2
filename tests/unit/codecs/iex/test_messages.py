"""Messages are seen where they lie; a real capture's are what an independent decoder says they are."""

from __future__ import annotations

import gzip
import random
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import dpkt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.codecs.iex.strategies import messages as any_message
from zerofeed.base.status import MALFORMED, OK, TRUNCATED
from zerofeed.codecs.iex._layout import TOPS_1_6 as TOPS_1_6_NUMBER
from zerofeed.codecs.iex.encoder import encode_message, encode_packet
from zerofeed.codecs.iex.messages import HEADER, IEX_MESSAGES, messages
from zerofeed.codecs.message_table import Buffer

__all__: list[str] = []

# Their name of a field -> ours; most are the same.
THEIRS = {
    "halt_status": "status", "security_event": "event", "adjusted_poc_close": "adjusted_poc_price",
    "lower_auction_collar_price": "lower_auction_collar", "upper_auction_collar_price":
    "upper_auction_collar", "scheduled_auction_time": "scheduled_auction_time_s",
}  # fmt: skip
FLAGS = {
    "security_directory": "directory_flags", "quote_update": "quote_flags",
    "trade_report": "sale_flags", "trade_break": "sale_flags",
    "price_level_update_buy": "event_flags", "price_level_update_sell": "event_flags",
}  # fmt: skip
# They divide prices by 10,000, in decimals, except this one.
UNSCALED = {"adjusted_poc_close"}


def payloads(path: Path) -> list[bytes]:
    """Read the payload of every UDP packet of a gzipped capture."""
    with gzip.open(path) as file:
        return [
            bytes(dpkt.ethernet.Ethernet(frame).data.data.data)
            for _, frame in dpkt.pcap.UniversalReader(file)
        ]


def as_theirs(name: str, unit: str, value):
    """Say a value of ours as the other decoder does."""
    if unit == "0.0001 dollars" and name not in UNSCALED:
        return Decimal(value) / 10**4
    if name == "timestamp":
        # They go through a double: microseconds are left of the nanoseconds.
        return datetime.fromtimestamp(value / 10**9, tz=UTC)
    if unit == "s since 1970":
        return datetime.fromtimestamp(value, tz=UTC)
    return value


def our_name(view, name: str) -> str:
    """Name a field of theirs as we do."""
    if name == "timestamp":
        return "timestamp_ns"
    if name == "flags":
        return FLAGS[view.name]
    if name == "price" and view.name == "official_price":
        return "official_price"
    return THEIRS.get(name, name)


def compare(view, body: bytes) -> None:
    """Compare every field of a view with what the other decoder makes of the same bytes."""
    from iex_parser.messages import TOPS_1_6, decode_message

    theirs = dict(decode_message(TOPS_1_6, view.message.code, body[1:]))
    theirs.pop("type")
    side = theirs.pop("side", None)
    if side is not None:
        assert view.name == f"price_level_update_{'buy' if side == b'B' else 'sell'}"
    for name, value in theirs.items():
        ours = our_name(view, name)
        expected = value[0] if name == "flags" and isinstance(value, bytes) else value
        assert as_theirs(name, view.message.units[ours], view[ours]) == expected, (view, name)
    assert len(theirs) == len(view.message.fields) - 1


@pytest.mark.slow
def test_every_message_of_a_capture_is_what_another_decoder_reads(captures: Path) -> None:
    seen: Counter[str] = Counter()
    for payload in payloads(captures / "iex" / "TOPS16.pcapng.gz"):
        found = messages(payload)
        for view in found:
            compare(view, payload[view.offset : view.offset + view.length])
            seen[view.name] += 1
        assert (found.status, found.position, found.unknown_count) == (OK, len(payload), 0)
        assert found.header["protocol"] == TOPS_1_6_NUMBER
    assert seen == {
        "quote_update": 27_217, "trading_status": 7803, "short_sale_price_test_status": 7802,
        "operational_halt_status": 7801, "trade_report": 6390, "auction_information": 642,
        "security_directory": 10, "system_event": 6, "trade_break": 3,
    }  # fmt: skip
    assert seen.total() == 57_674


@settings(max_examples=25)
@given(any_message(tail=0), st.integers(0, 4_000_000_000 * 10**9))
def test_every_message_we_write_is_what_another_decoder_reads(message, timestamp_ns) -> None:
    dated = message[:2] + timestamp_ns.to_bytes(8, "little") + message[10:]
    (view,) = messages(encode_packet(1, [dated]))
    compare(view, dated)


def test_a_view_is_in_place() -> None:
    payload = bytearray(
        encode_packet(1, [encode_message("system_event", event="O", timestamp_ns=1)])
    )
    (view,) = messages(payload)
    assert (view["event"], view.offset, view.length) == (b"O", 42, 10)
    payload[43] = ord("C")
    assert view["event"] == b"C"
    assert view.fields["timestamp_ns"] == 1


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, np.frombuffer])
def test_any_buffer_will_do(kind) -> None:
    payload = encode_packet(9, [encode_message("system_event", event="O", timestamp_ns=1)] * 3)
    buffer: Buffer = np.frombuffer(payload, np.uint8) if kind is np.frombuffer else kind(payload)
    found = messages(buffer)
    assert len(list(found)) == 3
    assert (found.header["first_seq"], found.header["message_count"]) == (9, 3)


def test_a_packet_among_others_is_read_at_its_place() -> None:
    one = encode_packet(9, [encode_message("system_event", event="O", timestamp_ns=1)])
    found = messages(b"xyz" + one + b"more", 3, len(one))
    assert [view.offset for view in found] == [45]
    assert found.status == OK


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        (b"", TRUNCATED),
        (encode_packet(1)[:-1], TRUNCATED),
        (encode_packet(1, [b"S" + bytes(9)])[:-1], TRUNCATED),
        (encode_packet(1) + b"\0", MALFORMED),
        (b"\0" + encode_packet(1)[1:], MALFORMED),
        (encode_packet(1, [b"S" + bytes(8)]), MALFORMED),
    ],
)
def test_what_cannot_be_read_ends_the_iteration_with_its_reason(payload, status: int) -> None:
    found = messages(payload)
    assert list(found) == []
    assert found.status == status


def test_unknown_messages_are_passed_over_and_counted() -> None:
    event = encode_message("system_event", event="O", timestamp_ns=1)
    found = messages(encode_packet(1, [b"?later", b"", event]))
    assert [view.name for view in found] == ["system_event"]
    assert (found.unknown_count, found.status) == (2, OK)


@settings(max_examples=15)
@given(st.lists(any_message(), max_size=4), st.randoms(use_true_random=False))
def test_bytes_from_outside_never_raise(parts, chance: random.Random) -> None:
    payload = bytearray(encode_packet(1, parts))
    for _ in range(3):
        payload[chance.randrange(len(payload))] = chance.randrange(256)
    found = messages(bytes(payload[: chance.randrange(len(payload) + 1)]))
    for view in found:
        view.to_dict()
    assert found.status in (OK, TRUNCATED, MALFORMED)


def test_header_is_forty_bytes() -> None:
    assert HEADER.itemsize == 40
    assert len(IEX_MESSAGES.messages) == 14
