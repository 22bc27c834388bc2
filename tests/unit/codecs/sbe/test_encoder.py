"""Encoding gives the bytes that the standard prescribes, and refuses what does not fit."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.codecs.sbe.schemas import FRAMED, counted, everything, evolving
from zerofeed.base.errors import ConfigurationError, SchemaError
from zerofeed.codecs.sbe import encode, encode_body, parse_schema

__all__: list[str] = []

LITTLE = parse_schema(everything("littleEndian"))
BIG = parse_schema(everything("bigEndian"))
PLAIN = {"a": 1, "b": -2, "c": 3, "d": -4, "e": 5, "f": -6, "g": 7, "h": -8}


def test_both_byte_orders_have_the_bytes_put_together_by_hand() -> None:
    little = (
        "2800 0100 4d00 0000"  # block length 40, template 1, schema 77, version 0
        "01 fe 0300 fcff 0000 05000000 faffffff 0700000000000000 f8ffffffffffffff"
        "0000000000000000"  # padding up to the block length
    )
    big = (
        "0028 0001 004d 0000"
        "01 fe 0003 fffc 0000 00000005 fffffffa 0000000000000007 fffffffffffffff8"
        "0000000000000000"
    )
    assert encode(LITTLE, "Plain", PLAIN) == bytes.fromhex(little)
    assert encode(BIG, "Plain", PLAIN) == bytes.fromhex(big)


def test_groups_and_data_follow_the_block_depth_first() -> None:
    values = {
        "at": 1,
        "flat": [{"price": 2, "side": "ask"}],
        "deep": [{"id": 3, "legs": [{"leg": 4, "fills": [{"size": 1.0}], "note": "N"}]}],
        "texts": [{"text": "T"}, {}],
        "name": "n",
        "raw": b"\xff",
    }
    expected = (
        "0100000000000000"
        "0c00 01000000  02000000 01 00000000000000"  # u16 + u32 dimensions, entry padded to 12
        "0200 01  0300"  # deep: u16 + u8 dimensions
        "0200 0000000000 01  0400"  # legs: count at offset 7
        "0400 0100  0000803f"  # fills
        "01 4e"  # note
        "1800 00"  # marks: none
        "0000"  # blob: empty
        "0000 0200  01000000 54  00000000"  # texts: entries of data only
        "01 6e  0100 ff  00000000"
    )
    assert encode_body(LITTLE, "Groups", values) == bytes.fromhex(expected)


def test_nulls_are_sent_for_what_is_optional_and_not_given() -> None:
    required = {"single": 0.0, "double": 0.0, "overridden": 0, "four": [0] * 4}
    body = encode_body(LITTLE, "Numbers", required)
    expected = "0000000000000080 ffffffffffffff7f 00000000 ffffffffffffffff"
    assert body[:28] == bytes.fromhex(expected)
    assert body[36:40] == bytes.fromhex("cdcc8cbf")  # the float -1.1
    assert body[-16:] == bytes.fromhex("0000000000000080" * 2)


def test_header_counts_are_those_of_the_version() -> None:
    schema = parse_schema(counted(1))
    values = {"id": 1, "later": 2, "levels": [{"price": 0.0}], "name": "n"}
    new, old = (encode(schema, "Book", values, version=version) for version in (1, 0))
    assert new[:12] == bytes.fromhex("0600 e903 0500 0100 0200 0200")
    assert old[:12] == bytes.fromhex("0400 e903 0500 0000 0100 0100")
    assert new[18:26] == bytes.fromhex("0800 0100 0100 0000")
    assert old[16:24] == bytes.fromhex("0800 0100 0000 0000")


def test_an_older_version_leaves_out_what_came_later() -> None:
    schema = parse_schema(evolving(2))
    values = {"a": 1, "b": 2, "c": {"x": 3, "y": 4}, "g": [{"p": 5, "q": 6}], "d": "D", "e": "E"}
    assert encode_body(schema, "Grown", values, version=0) == bytes.fromhex(
        "01000000  0400 0100 05000000  01 44"
    )
    assert encode_body(schema, "Grown", values, version=1) == bytes.fromhex(
        "01000000 0200 ffff  0400 0100 05000000  01 44  01 45"
    )


def test_a_length_member_counts_the_whole_message() -> None:
    schema = parse_schema(FRAMED)
    raw = encode(schema, "Delete", {"id": 1}, length_member="frameLength")
    assert raw[:2] == bytes([len(raw), 0])
    with pytest.raises(ConfigurationError, match="no such member"):
        encode(schema, "Delete", {"id": 1}, length_member="length")


def test_enums_and_sets_are_taken_raw_too() -> None:
    given = {"plain": "x", "code": "abc"}
    by_name = encode(LITTLE, "Names", {**given, "side": "ask", "flags": ("start", "clear")})
    assert encode(LITTLE, "Names", {**given, "side": 1, "flags": 0x81}) == by_name
    assert encode(LITTLE, "Names", {**given, "plain": ord("x"), "side": 1, "flags": 129}) == by_name


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("Plain", {**PLAIN, "z": 1}, "no such field"),
    ("Plain", {**PLAIN, "a": None}, "Plain.a: a required value is missing"),
    ("Plain", {**PLAIN, "a": 256}, "does not fit; expected uint8; got 256"),
    ("Plain", {**PLAIN, "a": -1}, "does not fit"),
    ("Plain", {**PLAIN, "a": 1.5}, "does not fit"),
    ("Plain", {**PLAIN, "a": "1"}, "not a number"),
    ("Numbers", {"single": 1e300, "double": 0.0, "overridden": 0, "four": [0] * 4}, "does not fit"),
    ("Numbers", {"single": 0.0, "double": 0.0, "overridden": 0, "four": [0] * 3}, "wrong number"),
    ("Names", {"code": "abc"}, "Names.plain: a required value is missing"),
    ("Names", {"plain": "x"}, "Names.code: a required value is missing"),
    ("Names", {"plain": "xy", "code": "abc"}, "text is too long"),
    ("Names", {"plain": "x", "code": "abcdefg"}, "text is too long; expected 6 bytes; got 7"),
    ("Names", {"plain": "x", "code": "é"}, "text outside its encoding"),
    ("Names", {"plain": "x", "code": 5}, "not text"),
    ("Names", {"plain": "x", "code": "a", "side": "up"}, "the enum has no such value"),
    ("Names", {"plain": "x", "code": "a", "side": 256}, "does not fit"),
    ("Names", {"plain": "x", "code": "a", "flags": ["up"]}, "the set has no such choice"),
    ("Nested", {"outer": 1}, "not a mapping"),
    ("Nested", {"outer": {"up": 1}}, "the composite has no such member"),
    ("Groups", {"at": 1, "flat": [1]}, r"Groups.flat\[0\]: not a mapping"),
    ("Groups", {"at": 1, "flat": [{"price": None}]}, r"Groups.flat\[0\].price: a required"),
    ("Groups", {"at": 1, "name": "x" * 256}, "Groups.name: the value does not fit; expected uint8"),
    ("Groups", {"at": 1, "deep": [{"id": 1}] * 256}, "Groups.deep: the value does not fit"),
]


@pytest.mark.parametrize(("name", "values", "message"), WRONG)
def test_values_that_cannot_be_sent_are_refused_by_their_place(
    name: str, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        encode(LITTLE, name, values)


def test_an_unknown_message_is_refused() -> None:
    with pytest.raises(SchemaError, match="no message"):
        encode(LITTLE, "Nothing", {})
