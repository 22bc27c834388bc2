"""Kraken Futures' messages, made after its documentation, and what each means."""

from __future__ import annotations

from tests.unit.venues.venue import MS, Vector, key_of_text, level, rate, rec

__all__ = ["KRAKEN_FUTURES", "SYMBOL", "change", "snapshot"]

SYMBOL = "PI_ABCUSD"
_MS = 1_612_269_825_817
_AT = _MS * MS
_UID = "05af78ac-a774-478c-a50c-8b9c234e071e"


def snapshot(seq: int, bids: list[list[float]], asks: list[list[float]]) -> dict[str, object]:
    """A book_snapshot."""
    sides = {
        name: [{"price": price, "qty": size} for price, size in rows]
        for name, rows in (("bids", bids), ("asks", asks))
    }
    return {
        "feed": "book_snapshot", "product_id": SYMBOL, "timestamp": _MS, "seq": seq,
        "tickSize": None, **sides,
    }  # fmt: skip


def change(seq: int, side: str, price: float, size: float) -> dict[str, object]:
    """A message of the book: one level."""
    return {
        "feed": "book", "product_id": SYMBOL, "side": side, "seq": seq, "price": price,
        "qty": size, "timestamp": _MS,
    }  # fmt: skip


def _trade(kind: str) -> dict[str, object]:
    return {
        "feed": "trade", "product_id": SYMBOL, "uid": _UID, "side": "sell", "type": kind,
        "seq": 653355, "time": _MS, "qty": 15000, "price": 34969.5,
    }  # fmt: skip


_FILL = rec(
    "trade", SYMBOL, "A", at=_AT, price="34969.5", size="15000", trade_id=key_of_text(_UID),
    trade_seq=653355,
)  # fmt: skip

KRAKEN_FUTURES = [
    Vector(
        "book",
        [change(7, "sell", 34981.5, 0), change(8, "buy", 34911.5, 15280.25)],
        [
            level(SYMBOL, "A", "34981.5", "0", _AT, "last maybe_bad_book",
                  change_id=7, prev_change_id=6),
            level(SYMBOL, "B", "34911.5", "15280.25", _AT, "last maybe_bad_book",
                  change_id=8, prev_change_id=7),
        ],
    ),
    Vector("trade", [_trade("fill")], [_FILL]),
    Vector("trade", [_trade("termination")], [_FILL]),
    Vector(
        "liquidation",
        [_trade("liquidation")],
        [
            _FILL,
            rec("liquidation", SYMBOL, "A", at=_AT, price="34969.5", size="15000",
                trade_id=key_of_text(_UID)),
        ],
    ),
    Vector(
        "ticker",
        [
            {"time": _MS, "product_id": SYMBOL, "funding_rate": -6.2e-11,
             "relative_funding_rate": -2.5e-06, "next_funding_rate_time": 1612281600000,
             "feed": "ticker", "bid": 34832.5, "ask": 34847.5, "bid_size": 42864,
             "ask_size": 2300, "volume": 262306237, "index": 34803.45, "last": 34852,
             "markPrice": 34844.25, "openInterest": 107706940, "leverage": "50x"},
        ],
        [
            rec("quote", SYMBOL, flags="tob last", at=_AT, bid_price="34832.5",
                bid_size="42864", ask_price="34847.5", ask_size="2300"),
            rec("mark", SYMBOL, at=_AT, mark_price="34844.25", index_price="34803.45"),
            rec("funding", SYMBOL, at=_AT, funding_rate=rate("-0.0000025"),
                next_funding_ns=1612281600000 * MS),
            rec("open_interest", SYMBOL, at=_AT, open_interest="107706940"),
        ],
    ),
    Vector(
        "ticker_lite",
        [{"feed": "ticker_lite", "product_id": SYMBOL, "bid": 34932, "ask": 34949.5}],
        [rec("quote", SYMBOL, flags="tob last", bid_price="34932", ask_price="34949.5")],
    ),
    Vector(
        "book_snapshot",
        [snapshot(326072249, [[34892.5, 6385]], [[34911.5, 20598]])],
        [
            rec("level", SYMBOL, action="R", flags="snapshot", at=_AT, change_id=326072249),
            level(SYMBOL, "B", "34892.5", "6385", _AT, "snapshot", change_id=326072249),
            level(SYMBOL, "A", "34911.5", "20598", _AT, "snapshot last", change_id=326072249),
        ],
    ),
    Vector(
        "trade_snapshot",
        [{"feed": "trade_snapshot", "product_id": SYMBOL, "trades": [_trade("fill")]}],
        [],
    ),
    Vector(
        "event",
        [
            {"event": "info", "version": 1},
            {"event": "subscribed", "feed": "book", "product_ids": [SYMBOL]},
        ],
        [],
    ),
]  # fmt: skip
