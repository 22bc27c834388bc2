"""Binance's messages, made after its documentation, and what each means."""

from __future__ import annotations

from tests.unit.venues.venue import MS, Vector, level, rate, rec

__all__ = ["FUTURES", "SPOT", "SYMBOL", "change", "futures_change", "snapshot"]

SYMBOL = "ABCUSDT"
_E = 1_700_000_000_123
_T = 1_700_000_000_120
_AT = _T * MS


def change(
    first: int, last: int, bids: list[list[str]], asks: list[list[str]]
) -> dict[str, object]:
    """A spot depthUpdate."""
    return {
        "e": "depthUpdate", "E": _E, "s": SYMBOL, "U": first, "u": last, "b": bids, "a": asks,
    }  # fmt: skip


def futures_change(
    first: int, last: int, previous: int, bids: list[list[str]], asks: list[list[str]]
) -> dict[str, object]:
    """A depthUpdate of the futures."""
    return {**change(first, last, bids, asks), "T": _T, "pu": previous}


def snapshot(last: int, bids: list[list[str]], asks: list[list[str]]) -> dict[str, object]:
    """REST's answer to a request for a book."""
    return {"lastUpdateId": last, "bids": bids, "asks": asks}


def _trade(stream: str) -> dict[str, object]:
    return {
        "stream": stream,
        "data": {
            "e": "trade", "E": _E, "s": SYMBOL, "t": 12345, "p": "0.00100000", "q": "100.5",
            "T": _T, "m": True, "M": True,
        },
    }  # fmt: skip


_TRADES = [
    Vector(
        "trade",
        [_trade("abcusdt@trade"), {**_trade("")["data"], "m": False, "t": 12346}],  # type: ignore[dict-item]
        [
            rec("trade", SYMBOL, "A", at=_AT, price="0.001", size="100.5", trade_id=12345),
            rec("trade", SYMBOL, "B", at=_AT, price="0.001", size="100.5", trade_id=12346),
        ],
    ),
    Vector(
        "aggTrade",
        [
            {"e": "aggTrade", "E": _E, "s": SYMBOL, "a": 5933014, "p": "0.002", "q": "3",
             "f": 100, "l": 105, "T": _T, "m": False, "M": True},
        ],
        [rec("trade", SYMBOL, "B", at=_AT, price="0.002", size="3", trade_id=5933014)],
    ),
]  # fmt: skip

_ANSWERS = [
    Vector("answer", [{"result": None, "id": 1}], []),
    Vector("error", [{"code": 2, "msg": "Invalid request"}], []),
    Vector("24hrTicker", [{"e": "24hrTicker", "E": _E, "s": SYMBOL, "b": "1", "a": "2"}], []),
    Vector("kline", [{"e": "kline", "E": _E, "s": SYMBOL, "k": {"t": 1, "o": "1"}}], []),
    Vector("serverShutdown", [{"e": "serverShutdown", "E": _E}], []),
]

SPOT = [
    Vector(
        "bookTicker",
        [
            {"stream": "abcusdt@bookTicker",
             "data": {"u": 400900217, "s": SYMBOL, "b": "25.35190000", "B": "31.21000000",
                      "a": "25.36520000", "A": "40.66000000"}},
        ],
        [
            rec("quote", SYMBOL, flags="tob last", bid_price="25.3519", bid_size="31.21",
                ask_price="25.3652", ask_size="40.66"),
        ],
    ),
    *_TRADES,
    Vector(
        "depthUpdate",
        [change(157, 160, [["0.0024", "10"], ["0.0022", "0.00000000"]], [["0.0026", "100"]])],
        [
            level(SYMBOL, "B", "0.0024", "10", _E * MS, "maybe_bad_book",
                  change_id=160, prev_change_id=156),
            level(SYMBOL, "B", "0.0022", "0", _E * MS, "maybe_bad_book",
                  change_id=160, prev_change_id=156),
            level(SYMBOL, "A", "0.0026", "100", _E * MS, "last maybe_bad_book",
                  change_id=160, prev_change_id=156),
        ],
    ),
    Vector(
        "depth snapshot",
        [{"stream": "abcusdt@depthSnapshot",
          "data": snapshot(159, [["0.0024", "9"]], [["0.0026", "8"]])}],
        [
            rec("level", SYMBOL, action="R", flags="snapshot", change_id=159),
            level(SYMBOL, "B", "0.0024", "9", flags="snapshot", change_id=159),
            level(SYMBOL, "A", "0.0026", "8", flags="snapshot last", change_id=159),
        ],
    ),
    *_ANSWERS,
]  # fmt: skip

FUTURES = [
    Vector(
        "bookTicker",
        [
            {"e": "bookTicker", "u": 17242169, "s": SYMBOL, "ps": "ABCUSDT", "b": "9548.1",
             "B": "52", "a": "9548.5", "A": "11", "T": _T, "E": _E},
        ],
        [
            rec("quote", SYMBOL, flags="tob last", at=_AT, bid_price="9548.1", bid_size="52",
                ask_price="9548.5", ask_size="11"),
        ],
    ),
    *_TRADES,
    Vector(
        "depthUpdate",
        [futures_change(157, 160, 149, [["7403.89", "0.002"]], [["7405.96", "3.340"]])],
        [
            level(SYMBOL, "B", "7403.89", "0.002", _AT, "maybe_bad_book",
                  change_id=160, prev_change_id=149),
            level(SYMBOL, "A", "7405.96", "3.34", _AT, "last maybe_bad_book",
                  change_id=160, prev_change_id=149),
        ],
    ),
    Vector(
        "depth snapshot",
        [{**snapshot(159, [["1", "9"]], [["2", "8"]]), "E": _E, "T": _T, "symbol": SYMBOL}],
        [
            rec("level", SYMBOL, action="R", flags="snapshot", at=_AT, change_id=159),
            level(SYMBOL, "B", "1", "9", _AT, "snapshot", change_id=159),
            level(SYMBOL, "A", "2", "8", _AT, "snapshot last", change_id=159),
        ],
    ),
    Vector(
        "markPriceUpdate",
        [
            {"e": "markPriceUpdate", "E": _E, "s": SYMBOL, "p": "11794.15000000",
             "i": "11784.62659091", "P": "11784.25641265", "r": "0.00038167", "T": 1700006400000},
            # A delivery future has no funding.
            {"e": "markPriceUpdate", "E": _E, "s": "ABCUSD_250926", "p": "11794.5",
             "P": "11784.5", "r": "", "T": 0},
        ],
        [
            rec("mark", SYMBOL, at=_E * MS, mark_price="11794.15", index_price="11784.62659091",
                estimated_delivery_price="11784.25641265"),
            rec("funding", SYMBOL, at=_E * MS, funding_rate=rate("0.00038167"),
                next_funding_ns=1700006400000 * MS),
            rec("mark", "ABCUSD_250926", at=_E * MS, mark_price="11794.5",
                estimated_delivery_price="11784.5"),
        ],
    ),
    Vector(
        "indexPriceUpdate",
        [{"e": "indexPriceUpdate", "E": _E, "i": "ABCUSD", "p": "9636.57860000"}],
        [rec("index", "ABCUSD", at=_E * MS, price="9636.5786")],
    ),
    Vector(
        "forceOrder",
        [
            {"e": "forceOrder", "E": _E,
             "o": {"s": SYMBOL, "S": "SELL", "o": "LIMIT", "f": "IOC", "q": "0.014", "p": "9910",
                   "ap": "9915.5", "X": "FILLED", "l": "0.014", "z": "0.014", "T": _T}},
        ],
        [rec("liquidation", SYMBOL, "A", at=_AT, price="9915.5", size="0.014")],
    ),
    Vector(
        "openInterest",
        [{"openInterest": "10659.509", "symbol": SYMBOL, "time": _T}],
        [rec("open_interest", SYMBOL, at=_AT, open_interest="10659.509")],
    ),
    *_ANSWERS,
]  # fmt: skip
