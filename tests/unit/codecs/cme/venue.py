"""CME's messages and packets of one's own, by the schema."""

from __future__ import annotations

import struct
from typing import Any

from tests.unit.codecs.sbe.filled import filled_message
from zerofeed.codecs.cme.schema import SCHEMA
from zerofeed.codecs.sbe.model import CompositeType, EnumType, ScalarType

__all__ = ["END", "NULL_PRICE", "any_messages", "book", "definition", "entry", "message", "packet"]

END = {"LastQuoteMsg", "EndOfEvent"}
NULL_PRICE = 2**63 - 1
TIME_NS = 1_536_760_535_000_000_000


def packet(seq: int, *messages: bytes) -> bytes:
    """Frame messages."""
    return struct.pack("<IQ", seq, TIME_NS) + b"".join(messages)


def message(name: str, *, version: int = 13, **values: Any) -> bytes:
    """Encode a message, its size in front."""
    return filled_message(SCHEMA, name, values, version=version, length_member="MsgSize")


def entry(
    price: int | None,
    size: int,
    rpt: int,
    *,
    kind: str = "Bid",
    action: str = "New",
    level: int = 1,
    security: int = 7,
) -> dict[str, Any]:
    """One level of a book message; the price in units."""
    return {
        "MDEntryPx": NULL_PRICE if price is None else price * 10**9,
        "MDEntrySize": size,
        "SecurityID": security,
        "RptSeq": rpt,
        "MDPriceLevel": level,
        "MDUpdateAction": action,
        "MDEntryType": kind,
    }


def book(
    *entries: dict[str, Any], ends: set[str] = END, orders: Any = (), version: int = 13
) -> bytes:
    """A message of levels."""
    return message(
        "MDIncrementalRefreshBook46",
        version=version,
        TransactTime=TIME_NS,
        MatchEventIndicator=ends,
        NoMDEntries=list(entries),
        NoOrderIDEntries=list(orders),
    )


def definition(security: int = 7, symbol: str = "ESZ6", **values: Any) -> bytes:
    """A definition of a future, as it comes on the incremental feed."""
    return message(
        "MDInstrumentDefinitionFuture54",
        **{
            "TotNumReports": 2**32 - 1,
            "SecurityID": security,
            "Symbol": symbol,
            "Asset": "ES",
            "Currency": "USD",
            "SettlCurrency": "USD",
            "MinPriceIncrement": 250_000_000,
            "MinTradeVol": 1,
            "SecurityUpdateAction": "Add",
            "MatchEventIndicator": END,
            "NoMDFeedTypes": [
                {"MDFeedType": "GBI", "MarketDepth": 2},
                {"MDFeedType": "GBX", "MarketDepth": 10},
            ],
            "NoEvents": [
                {"EventType": "Activation", "EventTime": 5},
                {"EventType": "LastEligibleTradeDate", "EventTime": TIME_NS},
            ],
        }
        | values,
    )


def any_messages() -> list[bytes]:
    """One message of each template, with two entries of each group and no value zero."""

    def value_of(kind: Any) -> Any:
        if isinstance(kind, CompositeType):
            return {
                each.name: value_of(each.type)
                for each in kind.members
                if each.presence != "constant"
            }
        if isinstance(kind, EnumType):
            return list(kind.values)[-1]
        if isinstance(kind, ScalarType) and kind.is_text:
            return "A"
        if isinstance(kind, ScalarType):
            return 1
        return set()

    def block(of: Any) -> dict[str, Any]:
        made = {each.name: value_of(each.type) for each in of.fields if each.presence != "constant"}
        made |= {group.name: [block(group), block(group)] for group in of.groups}
        return made

    return [message(each.name, **block(each)) for each in SCHEMA.messages]
