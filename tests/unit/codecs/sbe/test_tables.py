"""Tables of our own make the schema that the same XML makes."""

from __future__ import annotations

from tests.unit.venues.schemas import assert_same
from zerofeed.codecs.sbe.decoder import SbeDecoder
from zerofeed.codecs.sbe.encoder import encode
from zerofeed.codecs.sbe.schema import parse_schema
from zerofeed.codecs.sbe.tables import enum, group, message, schema

__all__: list[str] = []

XML = """
<messageSchema id="8" version="2">
  <types>
    <composite name="messageHeader">
      <type name="blockLength" primitiveType="uint16"/>
      <type name="templateId" primitiveType="uint16"/>
      <type name="schemaId" primitiveType="uint16"/>
      <type name="version" primitiveType="uint16"/>
    </composite>
    <composite name="groupSizeEncoding">
      <type name="blockLength" primitiveType="uint16"/>
      <type name="numInGroup" primitiveType="uint32"/>
    </composite>
    <composite name="small">
      <type name="blockLength" primitiveType="uint16"/>
      <type name="numInGroup" primitiveType="uint16"/>
    </composite>
    <composite name="varString8">
      <type name="length" primitiveType="uint8"/>
      <type name="varData" primitiveType="uint8" length="0" characterEncoding="UTF-8"/>
    </composite>
    <enum name="Side" encodingType="int8">
      <validValue name="SELL">0</validValue><validValue name="BUY">1</validValue>
    </enum>
  </types>
  <message name="Trades" id="7">
    <field name="time" id="1" type="int64"/>
    <field name="exponent" id="2" type="int8"/>
    <group name="trades" id="3">
      <field name="price" id="1" type="int64"/>
      <field name="side" id="2" type="Side"/>
      <data name="id" id="3" type="varString8"/>
    </group>
    <group name="marks" id="4" dimensionType="small">
      <field name="mark" id="1" type="uint16"/>
    </group>
    <data name="symbol" id="9" type="varString8"/>
  </message>
</messageSchema>"""

SIDE = enum("Side", "int8", {"SELL": 0, "BUY": 1})
TABLE = schema(
    "test",
    8,
    [
        message(
            "Trades",
            7,
            {"time": "int64", "exponent": "int8"},
            groups=[
                group("trades", {"price": "int64", "side": SIDE}, count="uint32", data=["id"]),
                group("marks", {"mark": "uint16"}),
            ],
            data=["symbol"],
        )
    ],
    version=2,
)


def test_a_table_compiles_to_the_program_of_its_xml() -> None:
    assert_same(TABLE, parse_schema(XML))


def test_what_is_encoded_by_a_table_is_decoded_by_the_xml() -> None:
    values = {
        "time": 5,
        "exponent": -2,
        "trades": [{"price": 7, "side": "BUY", "id": "x"}, {"price": -8, "side": "SELL", "id": ""}],
        "marks": [{"mark": 3}],
        "symbol": "BTC\u20acUSD",
    }
    view = SbeDecoder(parse_schema(XML)).message(encode(TABLE, "Trades", values))
    assert view is not None
    assert view.to_dict() == values
