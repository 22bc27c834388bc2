"""The schema says what CME's own files say, field by field, of every version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.codecs.sbe.shapes import shape_of
from zerofeed.codecs.cme.schema import SCHEMA
from zerofeed.codecs.sbe.schema import load_schema

__all__: list[str] = []


@pytest.mark.parametrize("version", [5, 8, 9, 13])
def test_every_message_of_a_version_is_where_its_file_has_it(captures: Path, version: int) -> None:
    theirs = load_schema(captures / "schemas" / "cme" / f"Cme.Futures.Mdp3.Sbe.v1.{version}.xml")
    assert theirs.id == SCHEMA.id
    assert theirs.version == version
    for message in theirs.messages:
        ours = SCHEMA.message(message.name)
        assert ours.id == message.id
        assert shape_of(ours, version) == shape_of(message, version), message.name


def test_the_header_begins_with_the_size_of_the_message() -> None:
    assert SCHEMA.header is not None
    assert SCHEMA.header.size == 10
    assert SCHEMA.header.offset("MsgSize") == 0
    assert SCHEMA.header.offset("blockLength") == 2


def test_old_templates_have_seven_decimals_and_new_ones_nine() -> None:
    exponents: dict[str, Any] = {
        name: SCHEMA.message(name).group("NoMDEntries").field("MDEntryPx.exponent").constant
        for name in ("MDIncrementalRefreshBook32", "MDIncrementalRefreshBook46")
    }
    assert list(exponents.values()) == [-7, -9]
