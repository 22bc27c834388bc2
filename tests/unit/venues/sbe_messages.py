"""Some messages of every SBE venue."""

from __future__ import annotations

from typing import Any

from zerofeed.codecs.sbe.encoder import encode
from zerofeed.venues.binance.sbe import SCHEMA as BINANCE
from zerofeed.venues.bybit.sbe import SCHEMA as BYBIT
from zerofeed.venues.okx.sbe import SCHEMA as OKX

__all__ = ["MESSAGES"]

_US = 1_757_497_309_814_055


def _rows(price: str, size: str, *, first: int = 1000, **more: Any) -> list[dict[str, Any]]:
    return [{price: first + n, size: 5 * n, **more} for n in range(3)]


def _sides(price: str, size: str, **more: Any) -> dict[str, list[dict[str, Any]]]:
    return {
        "bids": _rows(price, size, **more), "asks": _rows(price, size, first=2000, **more)
    }  # fmt: skip


def _binance() -> list[bytes]:
    head = {"eventTime": _US, "priceExponent": -2, "qtyExponent": -5, "symbol": "BTCUSDT"}
    sides = _sides("price", "qty")
    trades = _rows("price", "qty", id=1, isBuyerMaker="True")
    best = {"bidPrice": 1, "bidQty": 2, "askPrice": 3, "askQty": 4, "bookUpdateId": 5}
    return [
        encode(BINANCE, "TradesStreamEvent", {**head, "transactTime": _US, "trades": trades}),
        encode(BINANCE, "BestBidAskStreamEvent", {**head, **best}),
        encode(BINANCE, "DepthSnapshotStreamEvent", {**head, **sides, "bookUpdateId": 7}),
        encode(
            BINANCE,
            "DepthDiffStreamEvent",
            {**head, **sides, "firstBookUpdateId": 8, "lastBookUpdateId": 9},
        ),
    ]


def _okx() -> list[bytes]:
    head = {
        "instIdCode": 7, "tsUs": _US, "outTime": _US, "seqId": 9, "pxExponent": -2, "szExponent": 0
    }  # fmt: skip
    sides = _sides("pxMantissa", "szMantissa", ordCount=1)
    change = {**head, "prevSeqId": 8}
    snapshot = {name: value for name, value in head.items() if name != "outTime"}
    best = {"askPxMantissa": 1, "askSzMantissa": 2, "bidPxMantissa": 3, "bidSzMantissa": 4}
    trade = {"pxMantissa": 1, "szMantissa": 2, "tradeId": 3, "count": 1, "side": 0, "source": 0}
    return [
        encode(OKX, "BboTbtChannelEvent", {**head, **best, "askOrdCount": 1, "bidOrdCount": 1}),
        encode(OKX, "SnapshotDepthResponseEvent", {**snapshot, **sides}),
        encode(OKX, "BooksL2TbtChannelEvent", {**change, **sides}),
        encode(OKX, "BooksL2TbtExponentUpdateEvent", change),
        encode(OKX, "TradesChannelEvent", {**head, **trade}),
    ]


def _bybit() -> list[bytes]:
    head = {"ts": _US, "priceExponent": 2, "sizeExponent": 3, "symbol": "BTCUSDT"}
    best = {each.name: 5 for each in BYBIT.message("BestOBRpiEvent").fields}
    sides = _sides("price", "size")
    book = {**head, **sides, "seq": 1, "cts": _US}
    items = _rows(
        "price", "size", fillTime=_US, seq=1, side=1, isBlockTrade=0, isRPI=0, execId=3,
        execIdString="0123456789",
    )  # fmt: skip
    return [
        encode(BYBIT, "BestOBRpiEvent", {**best, **head}),
        encode(BYBIT, "OBL50Event", {**book, "u": 7, "pkgType": 0}),
        encode(BYBIT, "OBL50Event", {**book, "u": 8, "pkgType": 1}),
        encode(BYBIT, "PublicTradeEvent", {**head, "tradeItems": items}),
    ]


MESSAGES: dict[str, list[bytes]] = {
    "binance-sbe": _binance(),
    "bybit-sbe": _bybit(),
    "okx-sbe": _okx(),
}
