"""Bybit's messages, made after its documentation, and what each means."""

from __future__ import annotations

from tests.unit.venues.venue import MS, Vector, key_of_text, level, rate, rec

__all__ = ["BYBIT", "SYMBOL", "book"]

SYMBOL = "ABCUSDT"
_TS = 1_700_000_000_500
_CTS = 1_700_000_000_497
_AT = _CTS * MS


def book(kind: str, number: int, bids: list[list[str]], asks: list[list[str]]) -> dict[str, object]:
    """A message of orderbook.50."""
    return {
        "topic": f"orderbook.50.{SYMBOL}", "type": kind, "ts": _TS,
        "data": {"s": SYMBOL, "b": bids, "a": asks, "u": number, "seq": 7961638724},
        "cts": _CTS,
    }  # fmt: skip


_TRADE_ID = "20f43950-d8dd-5b31-9112-a178eb6023af"

BYBIT = [
    Vector(
        "orderbook.1",
        [{**book("snapshot", 5, [["10.5", "1"]], [["10.6", "2"]]), "topic": "orderbook.1.ABCUSDT"}],
        [
            rec("quote", SYMBOL, flags="tob last", at=_AT, bid_price="10.5", bid_size="1",
                ask_price="10.6", ask_size="2"),
        ],
    ),
    Vector(
        "orderbook.1 change",
        [{**book("delta", 6, [["10.5", "1"]], []), "topic": "orderbook.1.ABCUSDT"}],
        [],
    ),
    Vector(
        "orderbook",
        [
            book("snapshot", 18521288, [["16493.50", "0.006"]], [["16611.00", "0.029"]]),
            book("delta", 18521289, [["16493.50", "0"]], [["16612.00", "0.1"]]),
        ],
        [
            rec("level", SYMBOL, action="R", flags="snapshot", at=_AT, change_id=18521288),
            level(SYMBOL, "B", "16493.5", "0.006", _AT, "snapshot", change_id=18521288),
            level(SYMBOL, "A", "16611", "0.029", _AT, "snapshot last", change_id=18521288),
            level(SYMBOL, "B", "16493.5", "0", _AT, "",
                  change_id=18521289, prev_change_id=18521288),
            level(SYMBOL, "A", "16612", "0.1", _AT, "last",
                  change_id=18521289, prev_change_id=18521288),
        ],
    ),
    Vector(
        "publicTrade",
        [
            {"topic": "publicTrade.ABCUSDT", "type": "snapshot", "ts": _TS,
             "data": [
                 {"T": 1672304486865, "s": SYMBOL, "S": "Buy", "v": "0.001", "p": "16578.50",
                  "L": "PlusTick", "i": _TRADE_ID, "BT": False},
                 {"T": 1672304486866, "s": "XYZUSDT", "S": "Sell", "v": "2", "p": "3",
                  "i": "2290000000068683542"},
             ]},
        ],
        [
            rec("trade", SYMBOL, "B", at=1672304486865 * MS, price="16578.5", size="0.001",
                trade_id=key_of_text(_TRADE_ID)),
            rec("trade", "XYZUSDT", "A", at=1672304486866 * MS, price="3", size="2",
                trade_id=key_of_text("2290000000068683542")),
        ],
    ),
    Vector(
        "tickers",
        [
            {"topic": "tickers.ABCUSDT", "type": "snapshot", "cs": 24987956059, "ts": _TS,
             "data": {"symbol": SYMBOL, "tickDirection": "PlusTick", "lastPrice": "17216.00",
                      "markPrice": "17217.33", "indexPrice": "17227.36",
                      "openInterest": "68744.761", "nextFundingTime": "1673280000000",
                      "fundingRate": "-0.000212", "bid1Price": "17215.50", "bid1Size": "84.489",
                      "ask1Price": "17216.00", "ask1Size": "83.020"}},
            # Only what changed.
            {"topic": "tickers.ABCUSDT", "type": "delta", "ts": _TS,
             "data": {"symbol": SYMBOL, "markPrice": "17217.34"}},
        ],
        [
            rec("quote", SYMBOL, flags="tob last", at=_TS * MS, bid_price="17215.5",
                bid_size="84.489", ask_price="17216", ask_size="83.02"),
            rec("mark", SYMBOL, at=_TS * MS, mark_price="17217.33", index_price="17227.36"),
            rec("funding", SYMBOL, at=_TS * MS, funding_rate=rate("-0.000212"),
                next_funding_ns=1673280000000 * MS),
            rec("open_interest", SYMBOL, at=_TS * MS, open_interest="68744.761"),
            rec("mark", SYMBOL, at=_TS * MS, mark_price="17217.34"),
        ],
    ),
    Vector(
        "tickers",
        [
            {"topic": "tickers.ABC-6JAN23-17500-C", "type": "snapshot", "ts": _TS, "id": "x",
             "data": {"symbol": "ABC-6JAN23-17500-C", "bidPrice": "0", "bidSize": "0",
                      "bidIv": "0", "askPrice": "10", "askSize": "5.1", "askIv": "0.514",
                      "lastPrice": "10", "markPrice": "7.86976724", "indexPrice": "16823.73",
                      "markPriceIv": "0.4896", "underlyingPrice": "16815.1", "openInterest": "49.85",
                      "delta": "0.06022624", "gamma": "0.00020412", "vega": "2.38415518",
                      "theta": "-20.94", "predictedDeliveryPrice": "0"}},
        ],
        [
            rec("quote", "ABC-6JAN23-17500-C", flags="tob last", at=_TS * MS, bid_size="0",
                ask_price="10", ask_size="5.1"),
            rec("mark", "ABC-6JAN23-17500-C", at=_TS * MS, mark_price="7.86976724",
                index_price="16823.73"),
            rec("open_interest", "ABC-6JAN23-17500-C", at=_TS * MS, open_interest="49.85"),
            rec("greeks", "ABC-6JAN23-17500-C", at=_TS * MS, delta=rate("0.06022624"),
                gamma=rate("0.00020412"), vega=rate("2.38415518"), theta=rate("-20.94")),
            rec("volatility", "ABC-6JAN23-17500-C", at=_TS * MS, mark_iv=rate("0.4896"),
                bid_iv=rate("0"), ask_iv=rate("0.514"), underlying_price="16815.1"),
        ],
    ),
    Vector(
        "allLiquidation",
        [
            {"topic": "allLiquidation.ABCUSDT", "type": "snapshot", "ts": _TS,
             "data": [{"T": 1739502302929, "s": SYMBOL, "S": "Buy", "v": "20000", "p": "0.04499"}]},
        ],
        [rec("liquidation", SYMBOL, "A", at=1739502302929 * MS, price="0.04499", size="20000")],
    ),
    Vector(
        "liquidation",
        [
            {"topic": "liquidation.ABCUSDT", "type": "snapshot", "ts": _TS,
             "data": {"updatedTime": 1673251091822, "symbol": SYMBOL, "side": "Sell",
                      "size": "0.003", "price": "5.4"}},
        ],
        [rec("liquidation", SYMBOL, "B", at=1673251091822 * MS, price="5.4", size="0.003")],
    ),
    Vector("answer", [{"success": True, "ret_msg": "", "conn_id": "c", "op": "subscribe"}], []),
    Vector("kline", [{"topic": "kline.5.ABCUSDT", "type": "snapshot", "data": [{"start": 1}]}], []),
]  # fmt: skip
