"""Coinbase Exchange's messages, made after its documentation, and what each means."""

from __future__ import annotations

from tests.unit.venues.venue import Vector, level, rec

__all__ = ["COINBASE", "SYMBOL", "change", "snapshot"]

SYMBOL = "ABC-USD"
_TIME = "2024-03-01T10:20:30.123456Z"
_AT = 1_709_288_430_123_456_000


def change(*changes: list[str]) -> dict[str, object]:
    """An l2update."""
    return {"type": "l2update", "product_id": SYMBOL, "changes": [*changes], "time": _TIME}


def snapshot(bids: list[list[str]], asks: list[list[str]]) -> dict[str, object]:
    """A snapshot of level 2."""
    return {"type": "snapshot", "product_id": SYMBOL, "bids": bids, "asks": asks, "time": _TIME}


def _match(kind: str, side: str) -> dict[str, object]:
    return {
        "type": kind, "trade_id": 10, "sequence": 50, "maker_order_id": "ac928c66",
        "taker_order_id": "132fb6ae", "time": _TIME, "product_id": SYMBOL, "size": "5.23512",
        "price": "400.23", "side": side,
    }  # fmt: skip


COINBASE = [
    Vector(
        "l2update",
        [change(["buy", "10101.80000000", "0.162567"], ["sell", "10102", "0"])],
        [
            level(SYMBOL, "B", "10101.8", "0.162567", _AT, "maybe_bad_book"),
            level(SYMBOL, "A", "10102", "0", _AT, "last maybe_bad_book"),
        ],
    ),
    Vector(
        "match",
        # The side is the maker's.
        [_match("match", "sell"), _match("match", "buy")],
        [
            rec("trade", SYMBOL, "B", at=_AT, price="400.23", size="5.23512", trade_id=10,
                trade_seq=50),
            rec("trade", SYMBOL, "A", at=_AT, price="400.23", size="5.23512", trade_id=10,
                trade_seq=50),
        ],
    ),
    Vector("last_match", [_match("last_match", "sell")], []),
    Vector(
        "ticker",
        [
            {"type": "ticker", "sequence": 37475248783, "product_id": SYMBOL, "price": "1285.22",
             "open_24h": "1310.79", "best_bid": "1285.04", "best_bid_size": "0.46688654",
             "best_ask": "1285.27", "best_ask_size": "1.56637040", "side": "buy", "time": _TIME,
             "trade_id": 370843401, "last_size": "11.4396987"},
        ],
        [
            rec("quote", SYMBOL, flags="tob last", at=_AT, bid_price="1285.04",
                bid_size="0.46688654", ask_price="1285.27", ask_size="1.5663704"),
        ],
    ),
    Vector(
        "snapshot",
        [snapshot([["10101.10", "0.45054140"]], [["10102.55", "0.57753524"]])],
        [
            rec("level", SYMBOL, action="R", flags="snapshot", at=_AT),
            level(SYMBOL, "B", "10101.1", "0.4505414", _AT, "snapshot"),
            level(SYMBOL, "A", "10102.55", "0.57753524", _AT, "snapshot last"),
        ],
    ),
    Vector("subscriptions", [{"type": "subscriptions", "channels": [{"name": "x"}]}], []),
    Vector("error", [{"type": "error", "message": "error message"}], []),
    Vector("status", [{"type": "status", "products": [], "currencies": []}], []),
]  # fmt: skip
