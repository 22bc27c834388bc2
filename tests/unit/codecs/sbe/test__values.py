"""Raw values become the Python values that the table in ``_values`` promises."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.codecs.sbe.schemas import EVERYTHING
from zerofeed.codecs.sbe import SbeDecoder, encode, parse_schema
from zerofeed.codecs.sbe._values import text_of

__all__: list[str] = []

DECODER = SbeDecoder(parse_schema(EVERYTHING))
NAMES = DECODER.schema.message("Names")
GIVEN = {"plain": "x", "code": "abc"}


def names_with(field: str, raw: bytes) -> Any:
    """Decode one field of a Names message whose bytes are put there by hand."""
    data = bytearray(encode(DECODER.schema, "Names", GIVEN))
    at = 8 + NAMES.offset(field)
    data[at : at + len(raw)] = raw
    message = DECODER.message(bytes(data))
    assert message is not None
    return message.to_dict()[field]


@pytest.mark.parametrize(
    ("field", "raw", "value"),
    [
        ("letter", b"Q", "Q"),
        ("letter", b"\0", None),
        ("plain", b"\0", ""),
        ("plain", b" ", " "),
        ("plain", b"\xe9", "\\xe9"),
        ("code", b"abcdef", "abcdef"),
        ("code", b"ab\0def", "ab"),
        ("code", b"ab    ", "ab"),
        ("code", b"  ab  ", "  ab"),
        ("code", b"\0\0\0\0\0\0", ""),
        ("code", b"a\xff\0\0\0\0", "a\\xff"),
        ("optional", b"\0\0\0\0", None),
        ("optional", b"    ", ""),
        ("side", b"\x00", "bid"),
        ("side", b"\x07", 7),
        ("side", b"\xff", None),
        ("signed", b"\xff", "down"),
        ("signed", b"\x80", None),
        ("kind", b"B", "second"),
        ("kind", b"Z", 90),
        ("kind", b"\0", None),
        ("nullable", b"\xc8", None),
        ("nullable", b"\xff", 255),
        ("flags", b"\x00", ()),
        ("flags", b"\x83", ("start", "end", "clear")),
        ("flags", b"\x7c", ()),
        ("wide", b"\x01\0\0\0\0\0\0\x80", ("low", "high")),
    ],
)
def test_a_raw_value_has_one_meaning(field: str, raw: bytes, value: object) -> None:
    assert names_with(field, raw) == value


def test_constants_are_values_or_names() -> None:
    message = DECODER.message(encode(DECODER.schema, "Names", GIVEN))
    assert message is not None
    values = message.to_dict()
    constants = {name: values[name] for name in ("exponent", "venue", "always", "number")}
    assert constants == {"exponent": -9, "venue": "TEST", "always": "ask", "number": 1}


def test_an_optional_composite_is_none_and_a_required_one_a_dict_of_nones() -> None:
    inner = {"Mode": None, "Bits": (), "level": 3}
    outer = {"year": 1, "side": None, "inner": inner, "local": {"deep": 2}, "count": None}
    values = {"outer": outer, "strike": None, "last": {"mantissa": -5}}
    message = DECODER.message(encode(DECODER.schema, "Nested", values))
    assert message is not None
    decoded = message.to_dict()
    assert decoded["strike"] is None
    assert decoded["last"] == {"mantissa": -5, "exponent": -9}
    assert decoded["outer"] == {**outer, "local": {"deep": 2, "kind": 1}}


def test_arrays_are_lists_with_nones_and_none_when_all_are_null() -> None:
    required = {"single": 0.0, "double": 0.0, "overridden": 0, "four": [1, 2, 3, 4]}
    for pair, expected in (([1, 2], [1, 2]), ([None, 2], [None, 2]), ([None, None], None)):
        raw = encode(DECODER.schema, "Numbers", {**required, "pair": pair})
        message = DECODER.message(raw)
        assert message is not None
        assert message.to_dict()["pair"] == expected


def test_text_outside_its_encoding_stays_visible() -> None:
    assert text_of(b"a\xff\xe2\x82\xac", "utf-8") == "a\\xff€"
    assert text_of(b"\x80", "ascii") == "\\x80"
