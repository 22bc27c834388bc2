"""What is true of every venue's SBE table."""

from __future__ import annotations

import pytest

from zerofeed.codecs.sbe.dialect import TEXT_NAME
from zerofeed.venues.dialects import DIALECTS
from zerofeed.venues.sbe_dialects import SBE_DIALECTS, NamedSbeDialect

__all__: list[str] = []


def name_of(each: NamedSbeDialect) -> str:
    return each.name


def test_names_are_told_apart_from_each_other_and_from_json() -> None:
    names = [each.name for each in SBE_DIALECTS]
    assert len(set(names)) == len(names)
    assert all(name.endswith("-sbe") for name in names)
    assert not set(names) & {each.name for each in DIALECTS}


@pytest.mark.parametrize("each", SBE_DIALECTS, ids=name_of)
def test_every_message_of_the_schema_has_a_meaning(each: NamedSbeDialect) -> None:
    told = set(each.dialect.names.values()) - {TEXT_NAME}
    assert told == {message.name for message in each.dialect.schema.messages}
