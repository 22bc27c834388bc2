"""Binance spot in SBE: the same market, snapshots and requests as :mod:`.binance`, binary on its way.

Streams have other names (``bestBidAsk``), no wrapper, and need a header ``X-MBX-APIKEY``; any key will
do. Answers to requests stay JSON. Captures are the JSON ones; what they say is said again in SBE.

Source: developers.binance.com, "SBE Market Data Streams".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from zerofeed.codecs.sbe.encoder import encode
from zerofeed.mock.venue.binance import BinanceSpot
from zerofeed.mock.venue.connection import Connection, Subscription
from zerofeed.mock.venue.dialect import Update
from zerofeed.mock.venue.text import read_json
from zerofeed.records.units import UNDEF, from_decimal
from zerofeed.venues.binance.sbe import SCHEMA
from zerofeed.venues.definition import exponent_of

__all__ = ["BinanceSbe", "in_sbe"]

_Row = Sequence[str]


class BinanceSbe(BinanceSpot):
    """Binance spot, SBE."""

    name: ClassVar[str] = "binance-sbe"

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Who has a key."""
        return bool(headers.get("X-MBX-APIKEY", "").strip())

    def key_of(self, name: str) -> str:
        """The best bid and ask have another name in JSON."""
        return super().key_of(name.replace("@bestBidAsk", "@bookTicker"))

    def frame(
        self, connection: Connection, subscription: Subscription, update: Update
    ) -> str | bytes:
        """Say in SBE what is said in JSON; nothing for what has no message there."""
        message = read_json(update.body)
        return in_sbe(message, now_us=self.now_ns // 1000) or b""


def in_sbe(message: Mapping[str, Any], *, symbol: str = "", now_us: int = UNDEF) -> bytes | None:
    """Say in SBE what Binance spot says in JSON.

    Each message has the exponents that its own numbers need.

    Args:
        message: parsed, prices and sizes as text; also in its wrapper.
        symbol: of a snapshot, which names none.
        now_us: time of what names none, Unix microseconds.

    Returns:
        The message; None where SBE has none for it.
    """
    message = message.get("data", message)
    symbol = message.get("s", symbol)
    match message.get("e"):
        case "trade":
            rows = [(message["p"], message["q"])]
            price, size = _exponents(rows)
            trade = {"id": int(message["t"]), "isBuyerMaker": str(bool(message["m"]))}
            values = {
                "transactTime": int(message["T"]) * 1000,
                "trades": [trade | _levels(rows, price, size)[0]],
            }
            name = "TradesStreamEvent"
        case "depthUpdate":
            values = {
                "firstBookUpdateId": int(message["U"]),
                "lastBookUpdateId": int(message["u"]),
            }
            name = "DepthDiffStreamEvent"
            price, size = _exponents([*message["b"], *message["a"]])
            values["bids"] = _levels(message["b"], price, size)
            values["asks"] = _levels(message["a"], price, size)
        case None if "lastUpdateId" in message:
            values = {"bookUpdateId": int(message["lastUpdateId"])}
            name = "DepthSnapshotStreamEvent"
            price, size = _exponents([*message["bids"], *message["asks"]])
            values["bids"] = _levels(message["bids"], price, size)
            values["asks"] = _levels(message["asks"], price, size)
        case None if "B" in message:
            rows = [(message["b"], message["B"]), (message["a"], message["A"])]
            price, size = _exponents(rows)
            bid, ask = _levels(rows, price, size)
            values = {
                "bookUpdateId": int(message["u"]),
                "bidPrice": bid["price"],
                "bidQty": bid["qty"],
                "askPrice": ask["price"],
                "askQty": ask["qty"],
            }
            name = "BestBidAskStreamEvent"
        case _:
            return None
    time_us = int(message["E"]) * 1000 if "E" in message else now_us
    head = {"eventTime": time_us, "priceExponent": price, "qtyExponent": size, "symbol": symbol}
    return encode(SCHEMA, name, head | values)


def _exponents(rows: Sequence[_Row]) -> tuple[int, int]:
    return (
        exponent_of(*(Decimal(row[0]) for row in rows)),
        exponent_of(*(Decimal(row[1]) for row in rows)),
    )


def _levels(rows: Sequence[_Row], price: int, size: int) -> list[dict[str, int]]:
    return [
        {"price": from_decimal(row[0], price), "qty": from_decimal(row[1], size)} for row in rows
    ]
