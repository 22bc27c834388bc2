"""Every message of the schema means something, if only that it is known, and sources are read where they are."""

from __future__ import annotations

from pathlib import Path

from tests.unit.codecs.sbe.shapes import shape_of
from zerofeed.codecs.deribit_starbase.messages import STARBASE
from zerofeed.codecs.deribit_starbase.schema import PACKET, SCHEMA
from zerofeed.codecs.sbe.schema import load_schema

__all__: list[str] = []


def test_every_message_is_in_the_dialect() -> None:
    assert {each.name for each in SCHEMA.messages} <= set(STARBASE.names.values())


def test_every_message_is_where_the_venue_s_file_has_it(captures: Path) -> None:
    theirs = load_schema(captures / "schemas" / "deribit" / "starbase_v1.0.xml")
    assert [each.name for each in theirs.messages] == [each.name for each in SCHEMA.messages]
    for message in theirs.messages:
        assert shape_of(SCHEMA.message(message.name), 1) == shape_of(message, 1), message.name


def test_the_headers_have_the_venue_s_lengths() -> None:
    assert PACKET.size == 24
    assert SCHEMA.header is not None
    assert (SCHEMA.header.size, SCHEMA.header.block_length) == (16, None)
