"""Every message of the schema means something, if only that it is known, and sources are read where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.codecs.sbe.shapes import shape_of
from zerofeed.codecs.coinbase_derivatives.messages import COINBASE_DERIVATIVES
from zerofeed.codecs.coinbase_derivatives.schema import PACKET, SCHEMA
from zerofeed.codecs.sbe.schema import load_schema

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
