"""A schema in the notation is the schema that the same lines of XML give."""

from __future__ import annotations

import pytest

from tests.unit.venues.schemas import assert_same
from zerofeed.base.errors import SchemaError
from zerofeed.codecs.sbe.notation import parse_notation
from zerofeed.codecs.sbe.schema import parse_schema

__all__: list[str] = []

NOTATION = """
schema example id 7 version 3 order bigEndian   # comments are left out
composite messageHeader
  blockLength uint16
  templateId uint16
  schemaId uint16
  version uint16
composite sizes
  blockLength uint16
  numInGroup uint8 @7
composite text
  length uint8
  varData uint8*0
composite Price
  mantissa int64 null 9223372036854775807
  exponent int8 = -9
type Symbol char*20
type Only char = J
enum Action uint8 New=0 Change=1
set Bits uint8 First=0 Last=7
message 5 Book block 32 since 2
  price Price
  action Action
  kind Only
  bits Bits @20 since 3
  group rows sizes block 24 since 1
    symbol Symbol optional
    group inner sizes
      price Price
  data note text
"""
XML = """
<messageSchema package="example" id="7" version="3" byteOrder="bigEndian"><types>
<composite name="messageHeader"><type name="blockLength" primitiveType="uint16"/>
<type name="templateId" primitiveType="uint16"/><type name="schemaId" primitiveType="uint16"/>
<type name="version" primitiveType="uint16"/></composite>
<composite name="sizes"><type name="blockLength" primitiveType="uint16"/>
<type name="numInGroup" primitiveType="uint8" offset="7"/></composite>
<composite name="text"><type name="length" primitiveType="uint8"/>
<type name="varData" primitiveType="uint8" length="0"/></composite>
<composite name="Price"><type name="mantissa" primitiveType="int64" presence="optional"
nullValue="9223372036854775807"/><type name="exponent" primitiveType="int8" presence="constant">-9</type>
</composite>
<type name="Symbol" primitiveType="char" length="20"/>
<type name="Only" primitiveType="char" presence="constant">J</type>
<enum name="Action" encodingType="uint8"><validValue name="New">0</validValue>
<validValue name="Change">1</validValue></enum>
<set name="Bits" encodingType="uint8"><choice name="First">0</choice><choice name="Last">7</choice></set>
</types><message name="Book" id="5" blockLength="32" sinceVersion="2">
<field name="price" type="Price"/><field name="action" type="Action"/><field name="kind" type="Only"/>
<field name="bits" type="Bits" offset="20" sinceVersion="3"/>
<group name="rows" dimensionType="sizes" blockLength="24" sinceVersion="1">
<field name="symbol" type="Symbol" presence="optional"/>
<group name="inner" dimensionType="sizes"><field name="price" type="Price"/></group></group>
<data name="note" type="text"/></message></messageSchema>
"""


def test_the_notation_says_what_xml_says() -> None:
    assert_same(parse_notation(NOTATION, source="notation"), parse_schema(XML))


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("message 5", "line 7"),
        ("enum Action uint8 New", "line 7"),
        ("type Symbol char*20 surely", "line 7"),
        ("struct Symbol char*20", "line 7"),
        ("      deep uint8", "line 7"),
        ("schema again colour 5", "line 7"),
    ],
)
def test_what_is_no_line_of_it_is_refused_with_its_number(line: str, place: str) -> None:
    lines = NOTATION.splitlines()[:7]
    lines[6:] = [line]
    with pytest.raises(SchemaError, match=place):
        parse_notation("\n".join(lines), source="notation")


def test_what_the_schema_forbids_is_refused_as_in_xml() -> None:
    with pytest.raises(SchemaError, match="Missing"):
        parse_notation(NOTATION + "message 6 Other\n  field Missing\n", source="notation")
