"""Every dialect is a protocol; all of them run on the same machine code."""

from __future__ import annotations

import pytest

from zerofeed.codecs.json.channels import STATE
from zerofeed.codecs.json.scratch import S_TABLE
from zerofeed.runtime.json_venues import JSON_VENUES
from zerofeed.runtime.protocol import Protocol
from zerofeed.runtime.protocols import find_protocol
from zerofeed.venues.dialects import DIALECTS

__all__: list[str] = []


def test_each_dialect_is_a_protocol_of_its_name() -> None:
    assert [each.name for each in JSON_VENUES] == [each.name for each in DIALECTS]
    assert all(find_protocol(each.name) is each for each in JSON_VENUES)


def test_all_of_them_share_one_kernel() -> None:
    assert len({id(each.process) for each in JSON_VENUES}) == 1


def test_a_venue_that_numbers_its_channels_has_words_for_them_and_one_line_a_source() -> None:
    numbered, other = find_protocol("bitfinex"), find_protocol("okx")
    assert numbered.work_words(0) == STATE
    assert other.work_words(0) == 0
    assert (numbered.is_of_connection, other.is_of_connection) == (True, False)


@pytest.mark.parametrize("each", JSON_VENUES, ids=lambda each: each.name)
def test_a_protocol_has_its_dialects_table_in_its_scratch(each: Protocol) -> None:
    dialect = next(found.dialect for found in DIALECTS if found.name == each.name)
    scratch = each.scratch(2048)
    at = int(scratch[S_TABLE])
    assert scratch[at : at + dialect.table.size].tolist() == dialect.table.tolist()
    assert each.templates == dialect.names
