"""The attributes of an element are read strictly."""

from __future__ import annotations

import pytest

from zerofeed.base.errors import SchemaError
from zerofeed.codecs.sbe._xml import codec_of, integer_of, parse_xml, presence_of, raw_value, tag_of
from zerofeed.codecs.sbe.model import PRIMITIVES

__all__: list[str] = []


def test_namespaces_are_dropped_whatever_they_are() -> None:
    for text in ("<a/>", "<x:a xmlns:x='urn:one'/>", "<a xmlns='urn:two'/>"):
        assert tag_of(parse_xml(text, "x")) == "a"


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("UTF-8", "utf-8"),
        ("utf8 ", "utf-8"),
        ("ASCII", "ascii"),
        ("ISO-8859-1", "iso8859-1"),
        ("", None),
        (None, None),
        ("String", None),
        ("hex", None),
        ("idna", None),
        ("undefined", None),
    ],
)
def test_only_character_sets_count_as_encodings(label: str | None, codec: str | None) -> None:
    assert codec_of(label) == codec


def test_values_are_read_by_their_primitive() -> None:
    assert raw_value("255", PRIMITIVES["uint8"], "x") == 255
    assert raw_value("-1", PRIMITIVES["int64"], "x") == -1
    assert raw_value("0", PRIMITIVES["char"], "x") == 48
    assert raw_value("0.1", PRIMITIVES["float"], "x") == pytest.approx(0.1, rel=1e-7)
    assert raw_value("0.1", PRIMITIVES["float"], "x") != 0.1
    for text, name in (
        ("256", "uint8"),
        ("x", "int8"),
        ("", "char"),
        ("é€", "char"),
        ("€", "char"),
    ):
        with pytest.raises(SchemaError):
            raw_value(text, PRIMITIVES[name], "x")


def test_absent_attributes_take_the_default_or_are_refused() -> None:
    element = parse_xml("<a presence='optional'/>", "x")
    assert integer_of(element, "offset", 7, "x") == 7
    assert presence_of(element, "required", "x") == "optional"
    with pytest.raises(SchemaError, match="<a> has no id"):
        integer_of(element, "id", None, "x")
