"""Messages come back as they were sent, whatever the schema; other bytes come back as a status."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.codecs.sbe import naive
from tests.unit.codecs.sbe.schemas import (
    EVERYTHING,
    FRAMED,
    TINY_HEADER,
    everything,
    evolving,
)
from tests.unit.codecs.sbe.strategies import block_values, schema_texts
from zerofeed.base.errors import SchemaError
from zerofeed.base.status import (
    MALFORMED,
    OK,
    TRUNCATED,
    UNKNOWN_SCHEMA,
    UNKNOWN_TEMPLATE,
)
from zerofeed.codecs.sbe import Message, SbeDecoder, encode, encode_body, parse_schema

__all__: list[str] = []

DECODERS = {
    order: SbeDecoder(parse_schema(everything(order))) for order in ("littleEndian", "bigEndian")
}
RANDOM = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
DECODING_CODES = {OK, TRUNCATED, MALFORMED, UNKNOWN_SCHEMA, UNKNOWN_TEMPLATE}

CAR = {
    "serialNumber": 1234,
    "modelYear": 2013,
    "available": "T",
    "code": "A",
    "someNumbers": [1, 2, 3, 4],
    "vehicleCode": "abcdef",
    "extras": ("sportsPack", "cruiseControl"),
    "discountedModel": "C",
    "engine": {
        "capacity": 2000,
        "numCylinders": 4,
        "maxRpm": 9000,
        "manufacturerCode": "123",
        "fuel": "Petrol",
        "efficiency": 35,
        "boosterEnabled": "T",
        "booster": {"BoostType": "NITROUS", "horsePower": 200},
    },
    "fuelFigures": [
        {"speed": 30, "mpg": pytest.approx(35.9), "usageDescription": "Urban Cycle"},
        {"speed": 55, "mpg": pytest.approx(49.0), "usageDescription": "Combined Cycle"},
        {"speed": 75, "mpg": pytest.approx(40.0), "usageDescription": "Highway Cycle"},
    ],
    "performanceFigures": [
        {
            "octaneRating": 95,
            "acceleration": [
                {"mph": 30, "seconds": pytest.approx(4.0)},
                {"mph": 60, "seconds": pytest.approx(7.5)},
                {"mph": 100, "seconds": pytest.approx(12.2)},
            ],
        },
        {
            "octaneRating": 99,
            "acceleration": [
                {"mph": 30, "seconds": pytest.approx(3.8)},
                {"mph": 60, "seconds": pytest.approx(7.1)},
                {"mph": 100, "seconds": pytest.approx(11.8)},
            ],
        },
    ],
    "manufacturer": "Honda",
    "model": "Civic VTi",
    "activationCode": "abcdef",
}


def only(decoder: SbeDecoder, data: bytes) -> dict[str, Any]:
    """Decode the one message that the bytes are."""
    messages = decoder.messages(data)
    (message,) = messages
    assert (messages.status, messages.position) == (OK, len(data))
    return message.to_dict()


def same(left: Any, right: Any) -> bool:
    """Compare decoded values, NaN equal to itself."""
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left):
        return math.isnan(right)
    return type(left) is type(right) and bool(left == right)


def real_logic(captures: Path, schema: str) -> tuple[SbeDecoder, Path]:
    folder = captures / "schemas" / "real-logic"
    return SbeDecoder(folder / schema), folder


def test_the_baseline_car_has_every_published_value(captures: Path) -> None:
    decoder, folder = real_logic(captures, "example-schema.xml")
    assert only(decoder, (folder / "car_example_baseline_data.sbe").read_bytes()) == CAR


def test_the_extended_car_of_version_zero_lacks_the_fields_of_version_one(captures: Path) -> None:
    decoder, folder = real_logic(captures, "example-extension-schema.xml")
    data = (folder / "car_example_extension_data.sbe").read_bytes()
    expected = {**CAR, "someNumbers": [0, 1, 2, 3], "uuid": None, "cupHolderCount": None}
    assert only(decoder, data) == expected
    (message,) = decoder.messages(data)
    assert message.version == 0
    assert "uuid" not in (message.root.dtype.names or ())


def test_an_extended_car_of_version_one_is_skipped_over_by_the_baseline(captures: Path) -> None:
    new, folder = real_logic(captures, "example-extension-schema.xml")
    old = SbeDecoder(folder / "example-schema.xml")
    car = only(new, (folder / "car_example_extension_data.sbe").read_bytes())
    grown = {**car, "uuid": [7, -1], "cupHolderCount": 119}
    data = encode(new.schema, "Car", grown)
    assert only(new, data) == grown
    assert only(old, data) == {k: v for k, v in car.items() if k not in {"uuid", "cupHolderCount"}}


def test_the_composite_example_round_trips(captures: Path) -> None:
    decoder, _ = real_logic(captures, "example-composite.xml")
    point = {"name": "ab", "d": 0.5, "i": -3, "u": [1, 2], "truthval1": "T", "truthval2": "F"}
    values = {"start": point, "end": {**point, "i": 9}}
    assert only(decoder, encode(decoder.schema, "Composite", values)) == values


def test_nested_groups_with_data_of_the_extension_example_round_trip(captures: Path) -> None:
    decoder, _ = real_logic(captures, "group-with-data-extension-schema.xml")
    nested = {"TagGroup2": 5, "InnerExtension": 6, "varDataFieldNested": "nested"}
    values = {
        "Tag1": 1,
        "Entries": [
            {"TagGroup1": "ABC", "NestedEntries": [nested, nested], "varDataField": "x"},
            {"TagGroup1": "DEF", "NestedEntries": [], "varDataField": ""},
        ],
    }
    data = encode(decoder.schema, "TestMessage3", values)
    assert data[:2] == b"\x10\x00"  # the declared block length, 12 bytes of it padding
    assert only(decoder, data) == values
    old = encode(decoder.schema, "TestMessage3", values, version=0)
    inner = only(decoder, old)["Entries"][0]["NestedEntries"]
    assert inner == [{**nested, "InnerExtension": None}] * 2


def agrees(theirs: Any, ours: Any) -> bool:
    """Compare with the other library, which gives no constants and no unknown enum values."""
    if theirs is None or theirs == b"\0":
        return True
    if isinstance(theirs, dict):
        return all(agrees(value, ours[name]) for name, value in theirs.items())
    if isinstance(theirs, list) and isinstance(ours, list):
        return len(theirs) == len(ours) and all(map(agrees, theirs, ours))
    return same(theirs, list(ours) if isinstance(ours, tuple) else ours)


@pytest.mark.slow
@pytest.mark.parametrize("version", ["1.5", "1.8", "1.9", "1.13"])
def test_another_library_decodes_every_cme_message_alike(captures: Path, version: str) -> None:
    sbe = pytest.importorskip("sbe")
    file = captures / "schemas" / "cme" / f"Cme.Futures.Mdp3.Sbe.v{version}.xml"
    decoder = SbeDecoder(file)
    with file.open(encoding="utf-8") as text:
        other = sbe.Schema.parse(text)
    schema = decoder.schema

    @settings(max_examples=60)
    @given(
        st.sampled_from(schema.messages).flatmap(lambda m: st.tuples(st.just(m), block_values(m)))
    )
    def check(drawn: tuple[Message, dict[str, Any]]) -> None:
        message, values = drawn
        raw = encode(schema, message.name, values)
        ours = only(decoder, raw)
        assert same(ours, values)
        assert agrees(other.decode(raw).value, ours)

    check()


def udp_payloads(path: Path) -> list[bytes]:
    """Read the UDP payloads of a capture file."""
    dpkt = pytest.importorskip("dpkt")
    with path.open("rb") as file:
        payloads = []
        for _, frame in dpkt.pcap.UniversalReader(file):
            packet = dpkt.ethernet.Ethernet(frame)
            while packet is not None and not isinstance(packet, dpkt.udp.UDP):
                packet = getattr(packet, "data", None)
            if packet is not None:
                payloads.append(bytes(packet.data))
    return payloads


@pytest.mark.parametrize("name", ["Book", "OrderBook", "TradeSummary", "Volume"])
def test_real_cme_packets_are_decoded_by_their_message_sizes(captures: Path, name: str) -> None:
    decoder = SbeDecoder(captures / "schemas" / "cme" / "Cme.Futures.Mdp3.Sbe.v1.13.xml")
    payloads = udp_payloads(captures / "cme" / f"MdIncrementalRefresh{name}.pcap")
    names = set()
    for payload in payloads:
        at = 12
        while at < len(payload):
            size = int.from_bytes(payload[at : at + 2], "little")
            message = decoder.message(payload, at + 2, size - 2)
            assert message is not None
            assert at + size - 8 < message.end <= at + size  # padded to a multiple of eight
            names.add(message.name.rstrip("0123456789"))
            values = message.to_dict()
            assert same(naive.decode(decoder.schema, payload[: at + size], at + 2)[1], values)
            # In the XML the tradeable size came with version 10; its bytes were padding before.
            sizes = [entry.get("TradeableSize") for entry in values["NoMDEntries"]]
            assert message.version >= 10 or sizes == [None] * len(sizes)
            at += size
    assert f"MDIncrementalRefresh{name}" in names


@pytest.mark.parametrize("name", ["OrderPut", "OrderDelete"])
def test_real_coinbase_packets_are_decoded_by_their_frame_lengths(
    captures: Path, name: str
) -> None:
    schema = captures / "schemas" / "coinbase" / "Coinbase.Derivatives.MarketDataApi.Sbe.v1.2.xml"
    decoder = SbeDecoder(schema, length_member="frameLength")
    payloads = udp_payloads(captures / "coinbase-derivatives" / f"{name}Message.pcap")
    assert payloads
    for payload in payloads:
        messages = decoder.messages(payload, 24)
        assert len(list(messages)) == payload[19]  # the packet header's message count
        assert (messages.status, messages.position) == (OK, len(payload))
        assert messages.skipped == 0


@pytest.mark.slow
def test_real_deribit_packets_are_decoded_to_their_last_byte(captures: Path) -> None:
    schema = captures / "schemas" / "deribit" / "deribit_multicast.reconstructed.xml"
    decoder = SbeDecoder(schema)
    versions = set()
    for payload in udp_payloads(captures / "deribit" / "multicast_head_2000.pcapng"):
        at = 8
        messages = decoder.messages(payload, at)
        for message in messages:
            versions.add(message.version)
            name, values, end = naive.decode(decoder.schema, payload, message.header_offset)
            assert (message.name, message.end) == (name, end)
            assert same(message.to_dict(), values)
        assert (messages.status, messages.position) == (OK, len(payload))
    assert versions == {2, 3}


@pytest.mark.slow
@pytest.mark.parametrize("order", DECODERS)
@pytest.mark.parametrize("name", ["Plain", "Numbers", "Names", "Nested", "Groups", "Empty"])
@given(st.data())
def test_every_kind_of_value_comes_back_as_it_was_sent(
    order: str, name: str, data: st.DataObject
) -> None:
    decoder = DECODERS[order]
    values = data.draw(block_values(decoder.schema.message(name)))
    raw = encode(decoder.schema, name, values)
    decoded = only(decoder, raw)
    assert same(decoded, values)
    assert same(naive.decode(decoder.schema, raw)[1], values)
    assert encode(decoder.schema, name, decoded) == raw


@pytest.mark.slow
@RANDOM
@given(st.data(), st.integers(0, 4))
def test_random_schemas_round_trip_in_every_version(data: st.DataObject, version: int) -> None:
    schema = parse_schema(data.draw(schema_texts()))
    decoder = SbeDecoder(schema)
    for message in schema.messages:
        values = data.draw(block_values(message))
        raw = encode(schema, message.name, values, version=version)
        decoded = only(decoder, raw)
        name, slow, end = naive.decode(schema, raw)
        assert (name, end) == (message.name, len(raw))
        assert same(decoded, slow)
        if version >= schema.version:
            assert same(decoded, values)
        again = encode(schema, message.name, _sendable(decoded), version=version)
        assert again == raw


def _sendable(values: dict[str, Any]) -> dict[str, Any]:
    """Drop what an older version did not send, which the encoder leaves out too."""
    return {name: value for name, value in values.items() if value is not None}


@pytest.mark.slow
@RANDOM
@given(st.data())
def test_damaged_messages_give_a_status_and_agree_with_the_slow_decoder(
    data: st.DataObject,
) -> None:
    decoder = DECODERS[data.draw(st.sampled_from(sorted(DECODERS)))]
    name = data.draw(st.sampled_from([message.name for message in decoder.schema.messages]))
    raw = encode(decoder.schema, name, data.draw(block_values(decoder.schema.message(name))))
    damaged = bytearray(
        raw[: data.draw(st.integers(0, len(raw)))] if data.draw(st.booleans()) else raw
    )
    for _ in range(data.draw(st.integers(0, 3))):
        if damaged:
            damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= 1 << data.draw(
                st.integers(0, 7)
            )
    check_against_naive(decoder, bytes(damaged))


@given(st.binary(max_size=80), st.integers(1, 6), st.integers(0, 40))
def test_random_bytes_give_a_status_and_agree_with_the_slow_decoder(
    body: bytes, template: int, block_length: int
) -> None:
    decoder = DECODERS["littleEndian"]
    header = np.array([block_length, template, decoder.schema.id, 0], "<u2").tobytes()
    check_against_naive(decoder, header + body)
    check_against_naive(decoder, body)


@pytest.mark.slow
@RANDOM
@given(st.data(), st.binary(max_size=60), st.integers(0, 30))
def test_random_bytes_under_random_schemas_agree_with_the_slow_decoder(
    data: st.DataObject, body: bytes, block_length: int
) -> None:
    schema = parse_schema(data.draw(schema_texts()))
    header = schema.header
    assert header is not None
    raw = bytearray(header.size)
    for slot, value in (
        (header.template_id, data.draw(st.sampled_from(schema.messages)).id),
        (header.block_length, block_length),
        (header.schema_id, schema.id),
        (header.version, data.draw(st.integers(0, schema.version + 1))),
        (header.num_groups, data.draw(st.integers(0, 3))),
        (header.num_var_data, data.draw(st.integers(0, 3))),
    ):
        if slot is not None:
            letter = schema.byte_order + slot.primitive.struct_code
            struct.pack_into(letter, raw, slot.offset, value)
    check_against_naive(SbeDecoder(schema), bytes(raw) + body)


def check_against_naive(decoder: SbeDecoder, data: bytes) -> None:
    """Decode one message both ways: alike, and never an exception of ours."""
    message = decoder.message(data)
    assert decoder.status in DECODING_CODES
    try:
        name, values, end = naive.decode(decoder.schema, data)
    except naive.NaiveError:
        assert message is None
        assert decoder.status != OK
        return
    assert message is not None
    assert (message.name, message.end) == (name, end)
    assert same(message.to_dict(), values)
    for group in message.definition.groups:
        view = message.group(group.name)
        if view.is_strided:
            assert len(view.array) == len(values[group.name])
    for _ in decoder.messages(data):
        pass


@pytest.mark.parametrize("name", ["Plain", "Names", "Groups"])
def test_a_message_cut_anywhere_is_truncated(name: str) -> None:
    decoder = DECODERS["littleEndian"]
    group = {"id": 1, "legs": [{"leg": 1, "fills": [{"size": 1.0}], "note": "n"}], "marks": []}
    values: dict[str, Any] = {
        "Plain": dict.fromkeys("abcdefgh", 1),
        "Names": {"plain": "x", "code": "abc"},
        "Groups": {"at": 1, "flat": [{"price": 1}] * 3, "deep": [group], "texts": [{}, {}]},
    }
    raw = encode(decoder.schema, name, values[name])
    for length in range(len(raw)):
        assert decoder.message(raw[:length]) is None
        assert decoder.status == TRUNCATED
        assert decoder.message(raw, 0, length) is None
        assert decoder.status == TRUNCATED


def test_messages_back_to_back_are_iterated_from_any_offset() -> None:
    decoder = DECODERS["littleEndian"]
    one = encode(decoder.schema, "Plain", dict.fromkeys("abcdefgh", 7))
    two = encode(decoder.schema, "Empty", {})
    buffer = b"xyz" + one + two + one + b"tail"
    messages = decoder.messages(buffer, 3, len(one + two + one))
    assert [message.name for message in messages] == ["Plain", "Empty", "Plain"]
    assert messages.status == OK
    assert messages.position == len(buffer) - 4
    views = list(decoder.messages(buffer, 3, len(one + two + one)))
    assert [view.header_offset for view in views] == [3, 3 + len(one), 3 + len(one + two)]
    assert views[0].to_dict() == views[2].to_dict()


def test_iteration_stops_with_the_reason_at_the_first_message_it_cannot_decode() -> None:
    decoder = DECODERS["littleEndian"]
    one = encode(decoder.schema, "Empty", {})
    unknown = np.array([0, 99, 77, 0], "<u2").tobytes()
    foreign = np.array([0, 6, 78, 0], "<u2").tobytes()
    for bad, status in ((unknown, UNKNOWN_TEMPLATE), (foreign, UNKNOWN_SCHEMA), (b"x", TRUNCATED)):
        messages = decoder.messages(one + bad + one if len(bad) > 1 else one + bad)
        assert len(list(messages)) == 1
        assert (messages.status, messages.position) == (status, len(one))
        assert list(messages) == []


def test_a_foreign_schema_id_is_decoded_when_it_is_not_checked() -> None:
    schema = parse_schema(EVERYTHING)
    foreign = np.array([0, 6, 78, 0], "<u2").tobytes()
    decoder = SbeDecoder(schema, is_schema_id_checked=False)
    message = decoder.message(foreign)
    assert message is not None
    assert message.schema_id == 78


def test_an_empty_buffer_has_no_messages() -> None:
    for empty in (b"", bytearray(), memoryview(b""), np.empty(0, np.uint8)):
        messages = DECODERS["littleEndian"].messages(empty)
        assert list(messages) == []
        assert messages.status == OK


def test_every_kind_of_buffer_is_read_in_place() -> None:
    decoder = DECODERS["littleEndian"]
    raw = encode(decoder.schema, "Plain", dict.fromkeys("abcdefgh", 7))
    array = np.frombuffer(raw, np.uint8)
    for buffer in (raw, bytearray(raw), memoryview(raw), array, array.copy()):
        message = decoder.message(buffer)
        assert message is not None
        assert np.shares_memory(message.buffer, np.frombuffer(buffer, np.uint8))


def test_offsets_outside_the_buffer_give_a_status() -> None:
    decoder = DECODERS["littleEndian"]
    raw = encode(decoder.schema, "Empty", {})
    for offset, length in ((-1, None), (99, None), (0, 2**40), (2**40, 2**40), (0, -1), (-9, 9)):
        decoder.message(raw, offset, length)
        assert decoder.status in DECODING_CODES
        assert len(list(decoder.messages(raw, offset, length))) <= 1


@pytest.mark.parametrize("sent", [0, 1, 2])
@pytest.mark.parametrize("known", [0, 1, 2])
def test_versions_are_read_both_ways(sent: int, known: int) -> None:
    writer = parse_schema(evolving(sent))
    values: dict[str, Any] = {
        "a": 1,
        "b": 2,
        "k": None,
        "c": {"x": 3, "y": 4},
        "g": [{"p": 5, "q": 6}, {"p": 7, "q": 8}],
        "extra": [{"x": 9}],
        "d": "d",
        "e": "e",
    }
    names = {f.name for f in writer.messages[0].fields} | {"g", "d"}
    names |= {"extra"} if sent >= 2 else set()
    names |= {"e"} if sent >= 1 else set()
    given_values = {k: v for k, v in values.items() if k in names}
    if sent < 2:
        given_values["g"] = [{"p": 5}, {"p": 7}]
    raw = encode(writer, "Grown", given_values)
    reader = SbeDecoder(parse_schema(evolving(known)))
    message = reader.message(raw)
    assert message is not None
    decoded = message.to_dict()
    assert decoded["a"] == 1
    # Without a count in the header, an older decoder takes a newer group for its var data.
    assert decoded["d"] == "d" or sent == 2 > known
    if known >= 1:
        assert decoded["b"] == (2 if sent >= 1 else None)
    if known == 2:
        assert decoded["c"] == ({"x": 3, "y": 4} if sent >= 2 else None)
        assert decoded["extra"] == ([{"x": 9}] if sent >= 2 else [])
        assert [entry["q"] for entry in decoded["g"]] == ([6, 8] if sent >= 2 else [None, None])
    if sent <= known:
        assert message.end == len(raw)
        assert decoded.get("e") == ("e" if sent >= 1 else None)
    assert [entry["p"] for entry in decoded["g"]] == [5, 7]


def test_bytes_of_padding_are_not_taken_for_a_later_version_s_field() -> None:
    """The length alone would let version 0's padding be read as version 1's field."""
    schema = parse_schema(evolving(2))
    raw = bytearray(encode(schema, "Grown", {"a": 1}, version=0))
    padded = raw[:8] + raw[8:12] + b"\x05\x00\x06\x00\x07\x00\x08\x00" + raw[12:]
    padded[0] = 12
    decoded = only(SbeDecoder(schema), bytes(padded))
    assert (decoded["a"], decoded["b"], decoded["k"], decoded["c"]) == (1, None, None, None)


def test_a_field_of_the_right_version_outside_a_short_block_is_absent() -> None:
    schema = parse_schema(evolving(2))
    raw = bytearray(encode(schema, "Grown", {"a": 1, "b": 2, "c": {"x": 3, "y": 4}}))
    short = raw[:8] + raw[8:14] + raw[20:]
    short[0] = 6
    decoded = only(SbeDecoder(schema), bytes(short))
    assert (decoded["b"], decoded["k"], decoded["c"]) == (2, None, None)
    halved = raw[:8] + raw[8:18] + raw[20:]
    halved[0] = 10
    assert only(SbeDecoder(schema), bytes(halved))["c"] == {"x": 3, "y": None}


def test_a_header_that_counts_the_message_is_advanced_by_that_count() -> None:
    schema = parse_schema(FRAMED)
    decoder = SbeDecoder(schema, length_member="frameLength")
    put = encode(schema, "Put", {"id": 5}, length_member="frameLength")
    assert put == b"\x0e\x00\x04\x00\x14\x00\x0c\x00\x03\x00\x05\x00\x00\x00"
    padded = b"\x10\x00" + put[2:] + b"\0\0"
    unknown = b"\x0c\x00" + b"\x02\x00\x63\x00\x0c\x00\x03\x00" + b"\xff\xff"
    foreign = b"\x0c\x00" + b"\x02\x00\x14\x00\x0d\x00\x03\x00" + b"\xff\xff"
    messages = decoder.messages(padded + unknown + foreign + put)
    assert [message.to_dict() for message in messages] == [{"id": 5}, {"id": 5}]
    assert (messages.status, messages.skipped) == (OK, 2)
    assert messages.position == len(padded + unknown + foreign + put)


def test_a_message_that_outgrows_its_own_count_is_malformed() -> None:
    schema = parse_schema(FRAMED)
    decoder = SbeDecoder(schema, length_member="frameLength")
    put = encode(schema, "Put", {"id": 5}, length_member="frameLength")
    for frame, status in ((13, MALFORMED), (9, MALFORMED), (0, MALFORMED), (15, TRUNCATED)):
        assert decoder.message(bytes([frame, 0]) + put[2:]) is None
        assert decoder.status == status
    with pytest.raises(SchemaError, match="no such length member"):
        SbeDecoder(schema, length_member="size")


def test_a_short_big_endian_header_is_read_as_the_schema_says() -> None:
    decoder = SbeDecoder(parse_schema(TINY_HEADER))
    message = decoder.message(b"\x00\x04\x07\x04\x00\x01\x00\x00\x01\x02")
    assert message is not None
    assert message.to_dict() == {"seq": 258}
    assert (message.template_id, message.schema_id, message.version) == (7, 4, 1)


def test_a_body_without_a_header_is_decoded_by_name() -> None:
    decoder = DECODERS["bigEndian"]
    values = {"at": 3, "flat": [], "deep": [], "texts": [{"text": "t"}], "name": "n"}
    raw = encode_body(decoder.schema, "Groups", values)
    message = decoder.body("Groups", b"??" + raw, 2)
    assert message is not None
    assert message.to_dict() == {**values, "raw": b"", "ascii": ""}
    assert (message.end, message.template_id, message.schema_id) == (2 + len(raw), 5, -1)
    assert decoder.body("Groups", raw, 0, 4) is None
    assert decoder.status == TRUNCATED
    short = decoder.body("Plain", b"\x01\x02", version=0, block_length=2)
    assert short is not None
    assert short.to_dict() == {"a": 1, "b": 2, **dict.fromkeys("cdefgh")}


def test_many_entries_outgrow_the_first_span_table() -> None:
    decoder = SbeDecoder(parse_schema(EVERYTHING))
    values = {"at": 1, "texts": [{"text": str(i)} for i in range(3000)]}
    decoded = only(decoder, encode(decoder.schema, "Groups", values))
    assert [entry["text"] for entry in decoded["texts"]] == [str(i) for i in range(3000)]
