"""Packets of Coinbase Derivatives and of Starbase, by their schemas."""

from __future__ import annotations

import struct
from typing import Any

from tests.unit.codecs.sbe.filled import filled, filled_message
from zerofeed.codecs.coinbase_derivatives.schema import SCHEMA as COINBASE
from zerofeed.codecs.deribit_starbase.schema import SCHEMA as STARBASE
from zerofeed.codecs.sbe.encoder import encode_body
from zerofeed.codecs.sbe.model import Schema

__all__ = [
    "CB_ID",
    "END",
    "SB_ID",
    "any_of",
    "cb",
    "cb_packet",
    "definition_bursts",
    "header",
    "sb",
    "sb_packet",
]

CB_ID = 42
SB_ID = 2**33 + 5
TIME_NS = 1_700_000_000_000_000_000
END = 2


def header(*, side: str = "BUY", flags: set[str] | None = None, seq: int = 1) -> dict[str, Any]:
    """Coinbase's header of an instrument."""
    return {
        "instrumentId": CB_ID,
        "side": side,
        "flags": {"endOfTransaction"} if flags is None else flags,
        "instrSeqNum": seq,
        "transactTime": TIME_NS,
    }


def cb(name: str, /, *, version: int = 7, **values: Any) -> bytes:
    """A message of Coinbase Derivatives, padded to eight bytes."""
    message = COINBASE.message(name)
    if message.fields[0].name == "instrHeader":
        values.setdefault("instrHeader", header())
    raw = filled_message(COINBASE, name, values, version=version, length_member="frameLength")
    padded = raw + b"\0" * (-len(raw) % 8)
    return struct.pack("<H", len(padded)) + padded[2:]


def cb_packet(
    seq: int, *messages: bytes, kind: int = 1, instrument: int = 0, count: int | None = None
) -> bytes:
    """A packet of Coinbase Derivatives."""
    many = len(messages) if count is None else count
    return struct.pack("<qqHBBi", TIME_NS, seq, 49, kind, many, instrument) + b"".join(messages)


def sb(
    name: str, /, *, bits: int = END, version: int = 1, extra: bytes = b"", **values: Any
) -> bytes:
    """A message of Starbase; ``bits`` are its header's flags, ``extra`` bytes behind its block."""
    message = STARBASE.message(name)
    if any(each.name == "instrumentId" for each in message.fields):
        values.setdefault("instrumentId", SB_ID)
    body = encode_body(STARBASE, name, filled(message, values)) + extra
    return struct.pack("<HHHHq", 16 + len(body), message.id, version, bits, TIME_NS) + body


def sb_packet(seq: int, *messages: bytes, kind: int = 1, count: int | None = None) -> bytes:
    """A packet of Starbase."""
    many = len(messages) if count is None else count
    return struct.pack("<qqiHH", TIME_NS, seq, 3, kind, many) + b"".join(messages)


def any_of(schema: Schema) -> list[bytes]:
    """One message of each template, with an entry of each group."""
    if schema is COINBASE:
        return [cb(each.name) for each in schema.messages]
    return [
        sb(each.name, **{group.name: [{}] for group in each.groups}) for each in schema.messages
    ]


def definition_bursts(count: int) -> list[bytes]:
    """Definitions of Starbase, each of another instrument, and with as many legs as it can have."""
    legs = [{"legInstrumentId": 1}] * 50
    return [sb("InstrumentDefinition", instrumentId=each + 1, legs=legs) for each in range(count)]
