"""A schema with everything that a dialect can name, and a dialect's kernels called from Python."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.unit.codecs.sbe.slow_dialect import Made
from zerofeed.codecs.sbe._dialect_kernels import NO_MORE, next_part, open_message
from zerofeed.codecs.sbe._dialect_words import S_REFUSED, S_RESULT, STATE_WORDS
from zerofeed.codecs.sbe.dialect import Dialect
from zerofeed.codecs.sbe.schema import parse_schema
from zerofeed.feed.instruments import InstrumentTable, make_table
from zerofeed.records import kinds
from zerofeed.records.dtypes import BODY, RECORD
from zerofeed.records.units import UNDEF
from zerofeed.shm import journal

__all__ = ["ARRIVAL_NS", "BIG_MARKET", "MARKET", "Decoder", "made_of"]

ARRIVAL_NS = 1_700_000_000_000_000_000


def market(order: str = "littleEndian") -> str:
    """The XML of the schema."""

    def since(text: str) -> str:
        return text.replace("/>", ' sinceVersion="1"/>')

    return f"""
<messageSchema package="test" id="31" version="1" byteOrder="{order}">
  <types>
    <composite name="messageHeader">
      <type name="blockLength" primitiveType="uint16"/>
      <type name="templateId" primitiveType="uint16"/>
      <type name="schemaId" primitiveType="uint16"/>
      <type name="version" primitiveType="uint16"/>
    </composite>
    <composite name="groupSizeEncoding">
      <type name="blockLength" primitiveType="uint16"/>
      <type name="numInGroup" primitiveType="uint16"/>
    </composite>
    <composite name="text8">
      <type name="length" primitiveType="uint8"/>
      <type name="varData" primitiveType="uint8" length="0" characterEncoding="UTF-8"/>
    </composite>
    <type name="Name" primitiveType="char" length="12"/>
    <enum name="Side" encodingType="uint8">
      <validValue name="buy">1</validValue><validValue name="sell">2</validValue>
    </enum>
    <enum name="Letter" encodingType="char">
      <validValue name="new">N</validValue><validValue name="gone">D</validValue>
    </enum>
    <composite name="Nine">
      <type name="mantissa" primitiveType="int64"/>
      <type name="exponent" primitiveType="int8" presence="constant">-9</type>
    </composite>
    <composite name="Decimal">
      <type name="mantissa" primitiveType="int32"/>
      <type name="exponent" primitiveType="int8"/>
    </composite>
  </types>
  <message name="Tick" id="1" blockLength="80">
    <field name="time" id="1" type="int64"/>
    <field name="price" id="2" type="int64"/>
    <field name="priceExponent" id="3" type="int8"/>
    <field name="size" id="4" type="int64"/>
    <field name="sizeDecimals" id="5" type="int8"/>
    <field name="id" id="6" type="uint64" presence="optional"/>
    <field name="side" id="7" type="Side"/>
    <field name="letter" id="8" type="Letter"/>
    <field name="maybe" id="9" type="int32" presence="optional"/>
    <field name="nine" id="10" type="Nine"/>
    <field name="decimal" id="11" type="Decimal"/>
    <field name="name" id="12" type="Name"/>
    {since('<field name="late" id="13" type="int32" presence="optional"/>')}
    <data name="symbol" id="20" type="text8"/>
    {since('<data name="other" id="21" type="text8"/>')}
  </message>
  <message name="Depth" id="2">
    <field name="time" id="1" type="int64"/>
    <field name="first" id="2" type="int64"/>
    <field name="last" id="3" type="int64"/>
    <field name="priceExponent" id="4" type="int8"/>
    <field name="sizeExponent" id="5" type="int8"/>
    <field name="number" id="6" type="uint32"/>
    <field name="side" id="7" type="Side"/>
    <group name="bids" id="10">
      <field name="price" id="11" type="int64"/>
      <field name="qty" id="12" type="int64"/>
      {since('<field name="late" id="13" type="int32"/>')}
    </group>
    <group name="asks" id="14">
      <field name="price" id="15" type="int32"/>
      <field name="exponent" id="16" type="int8"/>
      <field name="qty" id="17" type="uint64"/>
      <field name="letter" id="18" type="Letter"/>
    </group>
    <data name="symbol" id="20" type="text8"/>
  </message>
  <message name="Deals" id="3">
    <field name="time" id="1" type="int64"/>
    <field name="priceExponent" id="2" type="int8"/>
    <group name="deals" id="10">
      <field name="number" id="11" type="uint32"/>
      <field name="price" id="12" type="int64"/>
      <field name="side" id="13" type="Side"/>
      <field name="name" id="14" type="Name"/>
      <group name="fills" id="15">
        <field name="qty" id="16" type="int16"/>
        <field name="letter" id="17" type="Letter"/>
      </group>
      <group name="notes" id="18">
        <field name="price" id="19" type="int32"/>
        <data name="note" id="20" type="text8"/>
      </group>
      <data name="symbol" id="21" type="text8"/>
    </group>
    <group name="flat" id="30">
      <field name="number" id="31" type="uint32"/>
      <field name="price" id="32" type="int64"/>
    </group>
  </message>
</messageSchema>"""


MARKET = parse_schema(market())
BIG_MARKET = parse_schema(market("bigEndian"))


class Decoder:
    """Calls the kernels as a feed does, without books.

    Attributes:
        out_of_range: values of the latest message that did not fit.
        refused: parts of it that named no instrument, or found the table full.
    """

    def __init__(self, dialect: Dialect, *, longest: int = 4096, instruments: int = 64) -> None:
        self.dialect = dialect
        self.rows, self.lookup = make_table(instruments)
        self.words = self.rows.view(np.int64)
        self.scratch = dialect.scratch(longest)
        self.state = np.zeros(journal.DATA + instruments * STATE_WORDS, np.int64)
        journal.prepare(self.state)
        self.records = np.zeros(dialect.most_records(longest), RECORD)
        self.instruments = InstrumentTable(self.rows, self.lookup)
        self.out_of_range = 0
        self.refused: list[int] = []

    def take(self, data: bytes, at: int = 0, end: int | None = None) -> tuple[int, Any]:
        """The slot or error of one message, and its records."""
        buf = np.frombuffer(data, np.uint8)
        slot = int(open_message(buf, at, len(data) if end is None else end, self.scratch))
        self.refused = []
        count = 0
        while slot >= 0:
            stored = int(
                next_part(
                    buf, ARRIVAL_NS, self.words, self.lookup, self.state, journal.DATA,
                    self.records.view(np.int64), count, len(self.records), self.scratch,
                )
            )  # fmt: skip
            if stored < 0:
                assert stored == NO_MORE
                break
            if self.scratch[S_REFUSED]:
                self.refused.append(int(self.scratch[S_REFUSED]))
            count += stored
        self.out_of_range = int(self.scratch[S_RESULT])
        return slot, self.records[:count].copy()


def made_of(records: Any, instruments: InstrumentTable) -> list[Made]:
    """Records as the slow twin tells of them; definitions are left out."""
    made = []
    for record in records:
        kind = int(record["kind"])
        assert record["ts_recv_ns"] == ARRIVAL_NS
        if kind == kinds.INSTRUMENT:
            continue
        symbol: str | int = ""
        if record["instrument"]:
            row = instruments.row(int(record["instrument"]))
            symbol = row.symbol or row.venue_key
        names = BODY[kind]
        words = record.tobytes()[32:]
        body = [int.from_bytes(words[8 * i : 8 * i + 8], "little", signed=True) for i in range(4)]
        assert len(names) == 4 or set(body[len(names) :]) == {UNDEF}
        made.append(
            Made(
                kind, symbol, int(record["side"]), chr(int(record["action"])),
                int(record["flags"]), int(record["ts_event_ns"]),
                (body[0], body[1], body[2], body[3]),
            )
        )  # fmt: skip
    return made
