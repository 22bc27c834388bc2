"""What the encoder writes is what the venue would have written, to the byte."""

import math
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.base.errors import ConfigurationError, SchemaError
from zerofeed.codecs.deribit.encoder import encode_message, encode_packet, multicast_schema
from zerofeed.codecs.sbe.decoder import SbeDecoder

SIZES = {
    "Instrument": (1000, 140, []),
    "Book": (1001, 29, [18]),
    "Trades": (1002, 4, [83]),
    "Ticker": (1003, 133, []),
    "Snapshot": (1004, 22, [17]),
    "SnapshotStart": (1005, 4, []),
    "SnapshotEnd": (1006, 0, []),
    "ComboLegs": (1007, 4, [8]),
    "PriceIndex": (1008, 32, []),
    "Rfq": (1009, 22, []),
    "InstrumentV2": (1010, 139, [16]),
}
"""Template, root block and group entry, as seen on the wire."""

BOOK = {
    "instrumentId": 7,
    "timestampMs": 1_686_858_185_236,
    "prevChangeId": 14,
    "changeId": 18,
    "isLast": "yes",
    "changesList": [{"side": "bid", "change": "created", "price": 27782.4664, "amount": 0.0007}],
}


@pytest.mark.parametrize("name", SIZES)
def test_schema_has_the_sizes_of_the_wire(name: str) -> None:
    message = multicast_schema().message(name)
    template, block, entries = SIZES[name]
    assert (message.id, message.block_length) == (template, block)
    assert [group.block_length for group in message.groups] == entries


def test_schema_has_no_other_messages() -> None:
    assert {message.name for message in multicast_schema().messages} == set(SIZES)


def test_book_is_laid_out_as_captured() -> None:
    expected = struct.pack("<6H", 29, 1001, 1, 2, 1, 0)
    expected += struct.pack("<IQQQB", 7, 1_686_858_185_236, 14, 18, 1)
    expected += struct.pack("<4H", 18, 1, 0, 0)
    expected += struct.pack("<BBdd", 1, 0, 27782.4664, 0.0007)
    assert encode_message("Book", BOOK) == expected


def test_only_the_new_definition_says_version_three() -> None:
    versions = {
        name: struct.unpack_from("<H", encode_message(name, values), 6)[0]
        for name, values in (("Book", BOOK), ("SnapshotEnd", {}), ("InstrumentV2", definition()))
    }
    assert versions == {"Book": 2, "SnapshotEnd": 2, "InstrumentV2": 3}


def definition() -> dict[str, Any]:
    numbers = [
        "strikePrice",
        "contractSize",
        "minTradeAmount",
        "tickSize",
        "makerCommission",
        "takerCommission",
        "blockTradeCommission",
        "maxLiquidationCommission",
        "maxLeverage",
    ]
    texts = [
        "baseCurrency",
        "quoteCurrency",
        "counterCurrency",
        "settlementCurrency",
        "sizeCurrency",
    ]
    return {
        "instrumentId": 1,
        "instrumentState": "open",
        "kind": "option",
        "instrumentType": "reversed",
        "optionType": "call",
        "settlementPeriod": None,
        "settlementPeriodCount": 1,
        "creationTimestampMs": 1,
        "expirationTimestampMs": 2,
        "instrumentName": "BTC-27JUN25-94000-C",
        **dict.fromkeys(texts, "BTC"),
        **dict.fromkeys(numbers, math.nan),
    }


def test_decoder_gives_back_what_was_encoded() -> None:
    packet = encode_packet(3, 9, [encode_message("Book", BOOK), encode_message("SnapshotEnd", {})])
    book, end = SbeDecoder(multicast_schema()).messages(packet[8:])
    assert book.to_dict() == BOOK
    assert (end.name, end.to_dict()) == ("SnapshotEnd", {})


@given(
    channel=st.integers(0, 65535),
    seq=st.integers(0, 2**32 - 1),
    bodies=st.lists(st.binary(max_size=40)),
)
def test_frame_counts_what_follows_it(channel: int, seq: int, bodies: list[bytes]) -> None:
    packet = encode_packet(channel, seq, bodies)
    assert struct.unpack_from("<HHI", packet) == (len(packet) - 8, channel, seq)
    assert packet[8:] == b"".join(bodies)


@pytest.mark.parametrize(
    ("channel", "seq", "size"), [(-1, 0, 0), (65536, 0, 0), (0, 2**32, 0), (0, 0, 65536)]
)
def test_what_does_not_fit_the_frame_is_refused(channel: int, seq: int, size: int) -> None:
    with pytest.raises(ConfigurationError, match="frame"):
        encode_packet(channel, seq, [bytes(size)])


def test_unknown_templates_and_missing_values_are_refused() -> None:
    with pytest.raises(SchemaError, match="Bok"):
        encode_message("Bok", {})
    with pytest.raises(ConfigurationError, match="changeId"):
        encode_message("Book", {k: v for k, v in BOOK.items() if k != "changeId"})


def payloads(capture: Path) -> list[bytes]:
    """Read the UDP payloads of a pcapng of plain Ethernet and IPv4 frames."""
    data, at, found = capture.read_bytes(), 0, []
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if kind == 6:
            size = struct.unpack_from("<I", data, at + 20)[0]
            ip = data[at + 28 + 14 : at + 28 + size]
            udp = ip[(ip[0] & 15) * 4 :]
            found.append(udp[8 : int.from_bytes(udp[4:6], "big")])
        at += length
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", ["multicast_head_2000", "combo_legs", "rfq"])
def test_captured_packets_are_encoded_again_to_the_same_bytes(captures: Path, name: str) -> None:
    decoder = SbeDecoder(multicast_schema())
    found = payloads(captures / "deribit" / f"{name}.pcapng")
    assert found
    for packet in found:
        _, channel, seq = struct.unpack_from("<HHI", packet)
        messages = [encode_message(m.name, m.to_dict()) for m in decoder.messages(packet[8:])]
        assert encode_packet(channel, seq, messages) == packet
