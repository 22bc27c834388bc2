"""Every message of the schema means something, if only that it is known, and sources are read where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.codecs.coinbase_derivatives.oracle import oracle_of
from tests.unit.codecs.sbe.shapes import shape_of
from zerofeed.codecs.coinbase_derivatives.messages import COINBASE_DERIVATIVES
from zerofeed.codecs.coinbase_derivatives.schema import PACKET, SCHEMA
from zerofeed.codecs.sbe.decoder import SbeDecoder
from zerofeed.codecs.sbe.schema import load_schema
from zerofeed.wire.pcap import read_capture

__all__: list[str] = []


def test_every_message_is_in_the_dialect() -> None:
    assert {each.name for each in SCHEMA.messages} <= set(COINBASE_DERIVATIVES.names.values())


@pytest.mark.parametrize("version", [2, 7])
def test_every_message_is_where_a_version_s_file_has_it(captures: Path, version: int) -> None:
    name = f"Coinbase.Derivatives.MarketDataApi.Sbe.v1.{version}.xml"
    theirs = load_schema(captures / "schemas" / "coinbase" / name)
    for message in theirs.messages:
        ours = next(each for each in SCHEMA.messages if each.id == message.id)
        # Some fields were renamed.
        is_named = version == 7
        assert shape_of(ours, version, is_named=is_named) == shape_of(
            message, version, is_named=is_named
        ), message.name


def test_a_packet_s_header_has_twenty_four_bytes() -> None:
    assert PACKET.size == 24
    member = PACKET.member("snapshotInstrumentId")
    assert member is not None
    assert member.offset == 20


def test_values_of_real_packets_are_the_oracle_s(captures: Path) -> None:
    name = "Coinbase.Derivatives.MarketDataApi.Sbe.v1.2.xml"
    oracle = oracle_of(captures / "schemas" / "coinbase" / name)
    decoder = SbeDecoder(SCHEMA, length_member="frameLength")
    compared = 0
    for path in sorted((captures / "coinbase-derivatives").glob("*.pcap")):
        for payload in read_capture(path).payloads():
            raw = bytes(payload)
            at = 24
            while at < len(raw):
                size = int.from_bytes(raw[at : at + 2], "little")
                view = decoder.message(raw, at, size)
                assert view is not None
                told = oracle.decode(raw[at + 2 : at + size])
                at += size
                assert told.message_name.startswith(view.name)
                ours = view.to_dict()
                head = told.value.pop("instrHeader")
                side = {1: "BUY", -1: "SELL", 0: "OPENING_FILL"}[head.pop("side")]
                assert ours["instrHeader"]["side"] == side
                bits = head.pop("flags")
                assert ours["instrHeader"]["flags"] == tuple(
                    name
                    for name, bit in (("startOfTransaction", 1), ("endOfTransaction", 2))
                    if bits & bit
                )
                for key, value in head.items():
                    assert ours["instrHeader"][key] == value
                for key, value in told.value.items():
                    mine = ours[key]
                    assert (mine["price"] if isinstance(mine, dict) else mine) == value
                    compared += 1
    assert compared > 5
