"""A schema of nobody's, a framing for it, and packets."""

from __future__ import annotations

import struct
from typing import Any

from tests.unit.codecs.sbe.filled import filled_message
from zerofeed.codecs.sbe.schema import parse_schema

__all__ = ["FRAMING", "SCHEMA", "XML", "message", "packet"]

XML = """<messageSchema package="corner" id="9" version="1" byteOrder="bigEndian"><types>
<composite name="messageHeader"><type name="blockLength" primitiveType="uint16"/>
<type name="templateId" primitiveType="uint8"/><type name="schemaId" primitiveType="uint8"/>
<type name="version" primitiveType="uint16"/></composite>
<composite name="sizes"><type name="blockLength" primitiveType="uint16"/>
<type name="numInGroup" primitiveType="uint8"/></composite>
<composite name="blob"><type name="length" primitiveType="uint8"/>
<type name="varData" primitiveType="uint8" length="0"/></composite></types>
<message name="Hello" id="1"><field name="number" type="int32"/><field name="ratio" type="double"/>
<group name="rows" dimensionType="sizes"><field name="price" type="int64"/></group>
<data name="note" type="blob"/></message>
<message name="Bye" id="2"><field name="code" type="uint8"/></message></messageSchema>"""
SCHEMA = parse_schema(XML)
FRAMING = """
header_bytes = 7
channel = { offset = 0, type = "uint8" }
sequence = { offset = 1, type = "uint32" }
counts = "messages"
count = { offset = 5, type = "uint16" }
prefix_bytes = 3
length = { offset = 1, type = "uint16" }
length_excludes = 1
byte_order = "big"
"""
"""A byte stands in front of each length, which counts itself and the message."""


def message(name: str, **values: Any) -> bytes:
    """A message behind its prefix."""
    note = values.pop("note", b"")
    raw = filled_message(SCHEMA, name, values) if name == "Bye" else _hello(values, note)
    return struct.pack(">BH", 0x7E, len(raw) + 2) + raw


def _hello(values: dict[str, Any], note: bytes) -> bytes:
    rows = values.get("rows", [])
    root = struct.pack(">id", values.get("number", 0), values.get("ratio", 0.0))
    group = struct.pack(">HB", 8, len(rows)) + b"".join(struct.pack(">q", each) for each in rows)
    head = struct.pack(">HBBH", 12, 1, 9, 1)
    return head + root + group + struct.pack(">B", len(note)) + note


def packet(seq: int, *messages: bytes, channel: int = 4) -> bytes:
    """A packet."""
    return struct.pack(">BIH", channel, seq, len(messages)) + b"".join(messages)
