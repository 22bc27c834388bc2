"""Every SBE dialect is a protocol; all of them run on the same machine code."""

from __future__ import annotations

import pytest

import zerofeed.codecs.sbe._dialect_words as w
from zerofeed.runtime.protocol import Protocol
from zerofeed.runtime.protocols import find_protocol
from zerofeed.runtime.sbe_venues import SBE_VENUES
from zerofeed.venues.sbe_dialects import SBE_DIALECTS

__all__: list[str] = []


def test_each_dialect_is_a_protocol_of_its_name() -> None:
    assert [each.name for each in SBE_VENUES] == [each.name for each in SBE_DIALECTS]
    assert all(find_protocol(each.name) is each for each in SBE_VENUES)


def test_all_of_them_share_one_kernel() -> None:
    assert len({id(each.process) for each in SBE_VENUES}) == 1


@pytest.mark.parametrize("each", SBE_VENUES, ids=lambda each: each.name)
def test_a_protocol_has_its_dialects_table_in_its_scratch(each: Protocol) -> None:
    dialect = next(found.dialect for found in SBE_DIALECTS if found.name == each.name)
    scratch = each.scratch(2048)
    at, program = int(scratch[w.S_TABLE]), int(scratch[w.S_PROGRAM])
    assert scratch[at:program].tolist() == dialect.table.tolist()
    assert scratch[program : scratch[w.S_STACK]].tolist() == dialect.program.code.tolist()
    assert each.templates == dialect.names
