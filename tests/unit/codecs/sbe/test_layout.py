"""Leaves and dtypes say where bytes are, for each version and block length."""

from __future__ import annotations

import numpy as np

from tests.unit.codecs.sbe.schemas import EVERYTHING, evolving
from zerofeed.codecs.sbe import parse_schema
from zerofeed.codecs.sbe.layout import BlockDtypes, block_dtype, leaves

__all__: list[str] = []

SCHEMA = parse_schema(EVERYTHING)


def test_composites_are_taken_apart_and_constants_left_out() -> None:
    found = [(leaf.path, leaf.offset, leaf.size) for leaf in leaves(SCHEMA.message("Nested"))]
    assert found == [
        ("outer.year", 0, 2),
        ("outer.side", 2, 1),
        ("outer.inner.Mode", 3, 1),
        ("outer.inner.Bits", 4, 2),
        ("outer.inner.level", 7, 1),
        ("outer.local.deep", 8, 4),
        ("outer.count", 20, 4),
        ("strike.mantissa", 24, 8),
        ("last.mantissa", 32, 8),
    ]


def test_members_of_an_optional_composite_are_nullable() -> None:
    nulls = {leaf.path: leaf.null for leaf in leaves(SCHEMA.message("Nested"))}
    assert nulls["strike.mantissa"] == -(2**63)
    assert nulls["last.mantissa"] is None
    assert nulls["outer.count"] == 0
    assert nulls["outer.side"] == 255
    assert nulls["outer.inner.Bits"] is None


def test_a_field_s_own_presence_wins_over_its_type_s() -> None:
    nulls = {leaf.path: leaf.null for leaf in leaves(SCHEMA.message("Numbers"))}
    assert nulls["price"] == -(2**63)
    assert nulls["overridden"] is None
    assert nulls["made"] == -(2**31)


def test_a_leaf_needs_both_its_version_and_its_bytes() -> None:
    by_path = {leaf.path: leaf for leaf in leaves(parse_schema(evolving(2)).message("Grown"))}
    later = by_path["c.x"]
    assert (later.offset, later.since_version) == (8, 2)
    assert later.is_readable(2, 10)
    assert not later.is_readable(2, 9)
    assert not later.is_readable(1, 10)


def test_dtypes_nest_composites_and_keep_the_block_s_length() -> None:
    dtype = block_dtype(SCHEMA.message("Nested"), "<", 0, 50)
    assert dtype.itemsize == 50
    assert dtype.names == ("outer", "strike", "last")
    fields = dtype.fields
    assert fields is not None
    assert [fields[name][1] for name in dtype.names] == [0, 24, 32]
    outer = fields["outer"][0]
    assert outer.names == ("year", "side", "inner", "local", "count")
    assert outer.itemsize == 24


def test_dtypes_have_the_byte_order_and_arrays_of_the_schema() -> None:
    for order in "<>":
        dtype = block_dtype(SCHEMA.message("Numbers"), order, 0, 200)
        assert dtype["price"] == np.dtype(f"{order}i8")
        assert dtype["rough"] == np.dtype(f"{order}f4")
        assert dtype["four"] == np.dtype((f"{order}u2", (4,)))
    names = block_dtype(SCHEMA.message("Names"), "<", 0, 64)
    assert (names["code"], names["letter"], names["kind"]) == ("S6", "S1", "S1")
    assert "exponent" not in (names.names or ())


def test_dtypes_hold_only_what_was_sent() -> None:
    grown = parse_schema(evolving(2)).message("Grown")
    assert block_dtype(grown, "<", 0, 4).names == ("a",)
    assert block_dtype(grown, "<", 1, 8).names == ("a", "b", "k")
    assert block_dtype(grown, "<", 2, 12).names == ("a", "b", "k", "c")
    assert block_dtype(grown, "<", 2, 10)["c"].names == ("x",)
    assert block_dtype(grown, "<", 2, 0).itemsize == 0


def test_the_cache_of_dtypes_is_bounded() -> None:
    dtypes = BlockDtypes("<")
    plain = SCHEMA.message("Plain")
    first = dtypes.of(plain, 0, 40)
    assert dtypes.of(plain, 0, 40) is first
    for length in range(3000):
        dtypes.of(plain, 0, length)
    assert len(dtypes._made) <= 1024
    assert dtypes.of(plain, 0, 40) == first
