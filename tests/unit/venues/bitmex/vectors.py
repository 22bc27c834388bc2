"""BitMEX's messages, made after its documentation, and what each means."""

from __future__ import annotations

from typing import Any

from tests.unit.venues.venue import Vector, key_of_text, level, rate, rec

__all__ = ["BITMEX", "SYMBOL", "book"]

SYMBOL = "ABCUSD"
_TIME = "2024-03-01T10:20:30.123Z"
_AT = 1_709_288_430_123_000_000


def _table(table: str, action: str, *rows: dict[str, Any]) -> dict[str, Any]:
    return {"table": table, "action": action, "data": [*rows]}


def book(action: str, *rows: tuple[int, str, int, float]) -> dict[str, Any]:
    """A message of the book; rows are id, side, size, price. A deletion has no size."""
    told = []
    for number, side, size, price in rows:
        row = {"symbol": SYMBOL, "id": number, "side": side, "size": size, "price": price}
        if action == "delete":
            del row["size"]
        told.append({**row, "timestamp": _TIME, "transactTime": _TIME})
    message = _table("orderBookL2", action, *told)
    if action == "partial":
        message |= {"keys": ["symbol", "id", "side"], "types": {"id": "long"}, "filter": {}}
    return message


_TRADE = {
    "timestamp": _TIME, "symbol": SYMBOL, "side": "Sell", "size": 20, "price": 1194.55,
    "tickDirection": "PlusTick", "trdMatchID": "ac6a6a6e-5e5a", "grossValue": 1,
}  # fmt: skip

BITMEX = [
    Vector(
        "orderBookL2",
        [
            book("partial", (1, "Sell", 500, 11.5), (2, "Buy", 300, 10.5)),
            book("update", (2, "Buy", 250, 10.5)),
            book("insert", (3, "Buy", 100, 10)),
            book("delete", (1, "Sell", 0, 11.5)),
        ],
        [
            # Each row has its time; what begins the snapshot is none of them.
            rec("level", SYMBOL, action="R", flags="snapshot"),
            level(SYMBOL, "A", "11.5", "500", _AT, "snapshot"),
            level(SYMBOL, "B", "10.5", "300", _AT, "snapshot last"),
            level(SYMBOL, "B", "10.5", "250", _AT, "last"),
            rec("level", SYMBOL, "B", "A", "last", _AT, price="10", size="100"),
            rec("level", SYMBOL, "A", "C", "last", _AT, price="11.5"),
        ],
    ),
    Vector(
        "trade",
        [_table("trade", "partial", _TRADE), _table("trade", "insert", _TRADE)],
        [
            rec("trade", SYMBOL, "A", at=_AT, price="1194.55", size="20",
                trade_id=key_of_text("ac6a6a6e-5e5a")),
        ],
    ),
    Vector(
        "quote",
        [
            _table("quote", "insert", {
                "timestamp": _TIME, "symbol": SYMBOL, "bidSize": 200, "bidPrice": 1194.5,
                "askPrice": 1195, "askSize": 7,
            }),
        ],
        [
            rec("quote", SYMBOL, flags="tob last", at=_AT, bid_price="1194.5", bid_size="200",
                ask_price="1195", ask_size="7"),
        ],
    ),
    Vector(
        "liquidation",
        [
            _table("liquidation", "insert", {
                "orderID": "x", "symbol": SYMBOL, "side": "Buy", "price": 9.5, "leavesQty": 40,
            }),
            _table("liquidation", "delete", {"orderID": "x", "symbol": SYMBOL}),
        ],
        [rec("liquidation", SYMBOL, "B", price="9.5", size="40")],
    ),
    Vector(
        "instrument",
        [
            _table("instrument", "update", {
                "symbol": SYMBOL, "timestamp": _TIME, "markPrice": 9.25, "fundingRate": 0.0001,
                "fundingTimestamp": "2024-03-01T12:00:00.000Z", "openInterest": 1000,
                "indicativeSettlePrice": 9.26,
            }),
            _table("instrument", "update",
                   {"symbol": SYMBOL, "timestamp": _TIME, "openInterest": 1001}),
            _table("instrument", "update", {"symbol": SYMBOL, "timestamp": _TIME, "state": "Closed"}),
        ],
        [
            rec("mark", SYMBOL, at=_AT, mark_price="9.25", index_price="9.26"),
            rec("funding", SYMBOL, at=_AT, funding_rate=rate("0.0001"),
                next_funding_ns=1_709_294_400_000_000_000),
            rec("open_interest", SYMBOL, at=_AT, open_interest="1000"),
            rec("open_interest", SYMBOL, at=_AT, open_interest="1001"),
            rec("status", SYMBOL, at=_AT, state=0),
        ],
    ),
    Vector(
        "funding",
        [
            _table("funding", "insert", {
                "timestamp": _TIME, "symbol": SYMBOL, "fundingRate": -0.0002,
                "fundingInterval": "2000-01-01T08:00:00.000Z", "fundingRateDaily": -0.0006,
            }),
        ],
        [rec("funding", SYMBOL, at=_AT, funding_rate=rate("-0.0002"))],
    ),
    Vector("info", [{"info": "Welcome", "version": "1", "timestamp": _TIME}], []),
    Vector("answer", [{"success": True, "subscribe": "trade:ABCUSD", "request": {"op": "s"}}], []),
    Vector("error", [{"status": 400, "error": "Unknown table", "meta": {}}], []),
]  # fmt: skip
