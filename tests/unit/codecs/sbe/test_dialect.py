"""What a dialect refuses, and what it says of its memory."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.codecs.sbe.dialects import MARKET, Decoder
from zerofeed.base.errors import SchemaError
from zerofeed.codecs.sbe import meaning as m
from zerofeed.codecs.sbe.dialect import TEXT_NAME, Dialect
from zerofeed.codecs.sbe.encoder import encode
from zerofeed.codecs.sbe.schema import parse_schema
from zerofeed.records import kinds

__all__: list[str] = []


def emit(**given: Any) -> list[m.Emit]:
    return [m.Emit(kinds.TRADE, **given)]


@pytest.mark.parametrize(
    ("message", "what"),
    [
        (m.Message("Nothing"), "no message"),
        (m.Message("Tick", symbol="nothing"), "no such field"),
        (m.Message("Tick", emits=emit(price=m.Price("symbol"))), "no such field"),
        (m.Message("Tick", emits=emit(price=m.Price("name"))), "text where a number"),
        (m.Message("Tick", emits=emit(price=m.Whole("decimal"))), "single integer"),
        (m.Message("Tick", emits=emit(price=m.Price("price", 1, "size"))), "number of decimals"),
        (m.Message("Tick", emits=emit(price=m.Scaled("price"))), "neither a price"),
        (m.Message("Tick", emits=emit(bid_price=m.Price("price"))), "no such column"),
        (m.Message("Tick", emits=emit(time=m.Time("time", "min"))), "unknown unit"),
        (m.Message("Tick", emits=emit(side=m.Code("side", {"up": 1}))), "no such value"),
        (m.Message("Tick", when={"price": "low"}), "a name where the schema has none"),
        (m.Message("Tick", book=m.Book()), "book of no instrument"),
        (m.Message("Tick", emits=emit(rows="rows")), "no group"),
        (m.Message("Deals", each="fills"), "no group"),
        (m.Message("Deals", emits=emit(price=m.Price("number"))), "no such field"),
    ],
)
def test_what_is_impossible_is_refused_by_name(message: m.Message, what: str) -> None:
    with pytest.raises(SchemaError, match=what):
        Dialect(MARKET, [message])


def test_rows_of_entries_without_bytes_are_refused() -> None:
    schema = parse_schema(
        """
<messageSchema id="1"><types>
  <composite name="messageHeader">
    <type name="blockLength" primitiveType="uint16"/><type name="templateId" primitiveType="uint16"/>
    <type name="schemaId" primitiveType="uint16"/><type name="version" primitiveType="uint16"/>
  </composite>
  <composite name="groupSizeEncoding">
    <type name="blockLength" primitiveType="uint16"/><type name="numInGroup" primitiveType="uint16"/>
  </composite></types>
  <message name="M" id="1"><group name="g" id="2"/></message>
</messageSchema>"""
    )
    with pytest.raises(SchemaError, match="no bytes"):
        Dialect(schema, [m.Message("M", emits=emit(rows="g"))])


def test_floats_are_refused() -> None:
    schema = parse_schema(
        """
<messageSchema id="1"><types>
  <composite name="messageHeader">
    <type name="blockLength" primitiveType="uint16"/><type name="templateId" primitiveType="uint16"/>
    <type name="schemaId" primitiveType="uint16"/><type name="version" primitiveType="uint16"/>
  </composite></types>
  <message name="M" id="1"><field name="x" id="2" type="double"/></message>
</messageSchema>"""
    )
    with pytest.raises(SchemaError, match="single integer"):
        Dialect(schema, [m.Message("M", emits=emit(price=m.Price("x")))])


def test_names_are_those_of_the_messages_and_text() -> None:
    meant = [
        m.Message("Tick", name="old", block_bytes=1),
        m.Message("Depth"),
        m.Message("Tick", name="old"),
    ]
    assert Dialect(MARKET, meant).names == {0: "old", 1: "Depth", 2: TEXT_NAME}


def test_most_records_covers_the_densest_message_there_is() -> None:
    meant = m.Message(
        "Depth",
        symbol="symbol",
        book=m.Book(is_snapshot=True),
        emits=m.levels(
            price=m.Price("price"),
            size=m.Size("qty"),
            time=None,
            change_id=m.Whole("last"),
        ),
    )
    dialect = Dialect(MARKET, [meant])
    values = {
        "time": 1, "first": 1, "last": 1, "priceExponent": 0, "sizeExponent": 0, "number": 0,
        "side": 1, "symbol": "S",
    }  # fmt: skip
    for side, row in (
        ("bids", {"price": 1, "qty": 1}),
        ("asks", {"price": 1, "exponent": 0, "qty": 1, "letter": "new"}),
    ):
        sent = encode(MARKET, "Depth", {**values, side: [row] * 2000}, version=0)
        slot, records = Decoder(dialect, longest=65_536).take(sent)
        assert slot == 0
        assert len(records) == 2002
        # A book's quote follows them.
        assert len(records) + 1 <= dialect.most_records(len(sent))
