"""A resolved schema answers by name, and says what it does have when a name is wrong."""

from __future__ import annotations

import pytest

from tests.unit.codecs.sbe.schemas import EVERYTHING
from zerofeed.base.errors import SchemaError
from zerofeed.codecs.sbe import parse_schema
from zerofeed.codecs.sbe.model import PRIMITIVES

__all__: list[str] = []

SCHEMA = parse_schema(EVERYTHING)


def test_offsets_of_composite_members_add_up() -> None:
    mark = SCHEMA.message("Groups").group("deep").group("marks")
    assert mark.offset("mark") == 0
    assert mark.offset("mark.inner.level") == 3 + 4
    assert mark.offset("mark.local.deep") == 8
    assert mark.field("mark.inner.level").name == "level"


def test_groups_and_data_are_found_where_they_lie() -> None:
    groups = SCHEMA.message("Groups")
    assert groups.group("flat").block_length == 12
    assert groups.group("deep").group("legs").dimensions.num_in_group.offset == 7
    assert groups.var_data("ascii").size == 4
    assert groups.var_data("ascii").character_encoding == "ascii"
    assert groups.var_data("raw").character_encoding is None
    assert SCHEMA.enum("Side").values == {"bid": 0, "ask": 1}


def test_blocks_are_listed_outer_before_inner() -> None:
    names = [block.name for block in SCHEMA.blocks()]
    assert names[:5] == ["Plain", "Numbers", "Names", "Nested", "Groups"]
    assert names[5:] == ["flat", "deep", "legs", "fills", "marks", "texts", "Empty"]


def test_a_wrong_name_is_answered_with_the_right_ones() -> None:
    groups = SCHEMA.message("Groups")
    with pytest.raises(SchemaError, match=r"message .* named 'Plane'; expected one of Plain, "):
        SCHEMA.message("Plane")
    with pytest.raises(SchemaError, match="no group of Groups is named 'flit'"):
        groups.group("flit")
    with pytest.raises(SchemaError, match="no var data of Groups"):
        groups.var_data("flat")
    with pytest.raises(
        SchemaError, match="no field of Groups is named 'price'; expected one of at"
    ):
        groups.offset("price")
    with pytest.raises(SchemaError, match=r"no member of Nested.last"):
        SCHEMA.message("Nested").offset("last.nothing")
    with pytest.raises(SchemaError, match=r"no member of Groups.at"):
        groups.offset("at.all")
    with pytest.raises(SchemaError, match="no enum"):
        SCHEMA.enum("Flags")
    assert SCHEMA.header is not None
    with pytest.raises(SchemaError, match="no header member"):
        SCHEMA.header.offset("size")


def test_primitives_have_the_standard_s_sizes_and_nulls() -> None:
    sizes = {name: primitive.size for name, primitive in PRIMITIVES.items()}
    assert sizes == {
        "uint8": 1,
        "int8": 1,
        "uint16": 2,
        "int16": 2,
        "uint32": 4,
        "int32": 4,
        "uint64": 8,
        "int64": 8,
        "float": 4,
        "double": 8,
        "char": 1,
    }
    nulls = {name: p.default_null for name, p in PRIMITIVES.items() if not p.is_float}
    assert nulls == {
        "uint8": 255,
        "int8": -128,
        "uint16": 65535,
        "int16": -32768,
        "uint32": 4294967295,
        "int32": -2147483648,
        "uint64": 18446744073709551615,
        "int64": -9223372036854775808,
        "char": 0,
    }
