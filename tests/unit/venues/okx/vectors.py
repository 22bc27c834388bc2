"""OKX's messages, made after its documentation, and what each means."""

from __future__ import annotations

import zlib

from tests.unit.venues.venue import MS, Vector, level, rate, rec

__all__ = ["OKX", "SYMBOL", "book", "checksum", "told"]

SYMBOL = "ABC-USDT"
_MS = 1_700_000_000_777
_AT = _MS * MS


def told(channel: str, *rows: dict[str, object], symbol: str = SYMBOL) -> dict[str, object]:
    """A message of a channel."""
    return {"arg": {"channel": channel, "instId": symbol}, "data": [*rows]}


def checksum(bids: list[list[str]], asks: list[list[str]]) -> int:
    """The checksum of a whole book, best first: 25 a side by turns, as OKX documents it."""
    parts = []
    for place in range(25):
        parts += [
            f"{side[place][0]}:{side[place][1]}" for side in (bids, asks) if place < len(side)
        ]
    number = zlib.crc32(":".join(parts).encode())
    return number - (1 << 32) if number >= 1 << 31 else number


def book(
    action: str,
    number: int,
    previous: int,
    bids: list[list[str]],
    asks: list[list[str]],
    crc: int = 0,
    channel: str = "books",
) -> dict[str, object]:
    """A message of a book's channel."""
    row = {
        "asks": [[*each, "0", "1"] for each in asks], "bids": [[*each, "0", "1"] for each in bids],
        "ts": str(_MS), "checksum": crc, "prevSeqId": previous, "seqId": number,
    }  # fmt: skip
    return {"arg": {"channel": channel, "instId": SYMBOL}, "action": action, "data": [row]}


_SNAPSHOT = [
    rec("level", SYMBOL, action="R", flags="snapshot", at=_AT, change_id=10),
    level(SYMBOL, "B", "8476.97", "256", _AT, "snapshot", change_id=10),
    level(SYMBOL, "A", "8476.98", "415", _AT, "snapshot last", change_id=10),
]
_WHOLE = book("snapshot", 10, -1, [["8476.97", "256"]], [["8476.98", "415"]])

OKX = [
    Vector(
        "books",
        [_WHOLE, book("update", 13, 10, [["8476.97", "0"]], [])],
        [
            *_SNAPSHOT,
            level(SYMBOL, "B", "8476.97", "0", _AT, "last", change_id=13, prev_change_id=10),
        ],
    ),
    Vector(
        # A keep-alive.
        "books",
        [_WHOLE, book("update", 10, 10, [], [])],
        [*_SNAPSHOT, rec("level", SYMBOL, flags="last", at=_AT, change_id=10, prev_change_id=10)],
    ),
    *(
        Vector(name, [{**_WHOLE, "arg": {"channel": name, "instId": SYMBOL}}], _SNAPSHOT)
        for name in ("books-l2-tbt", "books50-l2-tbt")
    ),
    Vector(
        "books5",
        [told("books5", {"asks": [["8476.98", "415", "0", "13"]], "instId": SYMBOL,
                         "bids": [["8476.97", "256", "0", "12"]], "ts": str(_MS), "seqId": 10})],
        _SNAPSHOT,
    ),
    *(
        Vector(
            name,
            [
                told(
                    name,
                    {"instId": SYMBOL, "tradeId": "130639474", "px": "42219.9",
                     "sz": "0.12060306", "side": "buy", "ts": str(_MS), "count": "3"},
                    {"instId": SYMBOL, "tradeId": "130639475", "px": "42219.8",
                     "sz": "2", "side": "sell", "ts": str(_MS + 1)},
                ),
            ],
            [
                rec("trade", SYMBOL, "B", at=_AT, price="42219.9", size="0.12060306",
                    trade_id=130639474),
                rec("trade", SYMBOL, "A", at=_AT + MS, price="42219.8", size="2",
                    trade_id=130639475),
            ],
        )
        for name in ("trades", "trades-all")
    ),
    Vector(
        "bbo-tbt",
        [told("bbo-tbt", {"asks": [["111.06", "55154", "0", "2"]],
                          "bids": [["111.05", "57745", "0", "2"]], "ts": str(_MS), "seqId": 3})],
        [
            rec("quote", SYMBOL, flags="tob last", at=_AT, bid_price="111.05", bid_size="57745",
                ask_price="111.06", ask_size="55154"),
        ],
    ),
    Vector(
        "tickers",
        [told("tickers", {"instType": "SPOT", "instId": SYMBOL, "last": "9999.99",
                          "lastSz": "0.1", "askPx": "9999.99", "askSz": "11",
                          "bidPx": "8888.88", "bidSz": "5", "ts": str(_MS)})],
        [
            rec("quote", SYMBOL, flags="tob last", at=_AT, bid_price="8888.88", bid_size="5",
                ask_price="9999.99", ask_size="11"),
        ],
    ),
    Vector(
        "mark-price",
        [told("mark-price", {"instType": "SWAP", "instId": "ABC-USD-SWAP", "markPx": "0.1",
                             "ts": str(_MS)})],
        [rec("mark", "ABC-USD-SWAP", at=_AT, mark_price="0.1")],
    ),
    Vector(
        "index-tickers",
        [told("index-tickers", {"instId": SYMBOL, "idxPx": "0.1", "high24h": "0.5",
                                "ts": str(_MS)})],
        [rec("index", SYMBOL, at=_AT, price="0.1")],
    ),
    Vector(
        "funding-rate",
        [told("funding-rate", {"instId": "ABC-USD-SWAP", "fundingRate": "0.018",
                               "nextFundingRate": "", "fundingTime": "1597026383085",
                               "ts": str(_MS)})],
        [
            rec("funding", "ABC-USD-SWAP", at=_AT, funding_rate=rate("0.018"),
                next_funding_ns=1597026383085 * MS),
        ],
    ),
    Vector(
        "open-interest",
        [told("open-interest", {"instId": "ABC-USD-SWAP", "oi": "2216113.01", "oiCcy": "22",
                                "ts": str(_MS)})],
        [rec("open_interest", "ABC-USD-SWAP", at=_AT, open_interest="2216113.01")],
    ),
    Vector(
        "price-limit",
        [told("price-limit", {"instId": "ABC-USD-190628", "buyLmt": "300", "sellLmt": "200",
                              "ts": str(_MS), "enabled": True})],
        [rec("limits", "ABC-USD-190628", at=_AT, min_price="200", max_price="300")],
    ),
    Vector(
        "liquidation-orders",
        [
            {"arg": {"channel": "liquidation-orders", "instType": "SWAP"},
             "data": [{"instId": "ABC-USDT-SWAP", "instType": "SWAP", "uly": "ABC-USDT",
                       "details": [
                           {"bkPx": "0.007831", "sz": "13", "side": "buy", "posSide": "short",
                            "ts": str(_MS), "bkLoss": "0", "ccy": ""},
                           {"bkPx": "0.0078", "sz": "2", "side": "sell", "ts": str(_MS + 2)},
                       ]}]},
        ],
        [
            rec("liquidation", "ABC-USDT-SWAP", "B", at=_AT, price="0.007831", size="13"),
            rec("liquidation", "ABC-USDT-SWAP", "A", at=_AT + 2 * MS, price="0.0078", size="2"),
        ],
    ),
    Vector(
        "opt-summary",
        [
            {"arg": {"channel": "opt-summary", "instFamily": "ABC-USD"},
             "data": [{"instId": "ABC-USD-241013-70000-P", "uly": "ABC-USD", "delta": "-1.1",
                       "gamma": "-5.9", "vega": "0.0004", "theta": "-0.002",
                       "deltaBS": "-0.9857", "gammaBS": "0.00000012", "vegaBS": "0.05",
                       "thetaBS": "-26.9", "markVol": "0.4962", "bidVol": "", "askVol": "1.03",
                       "fwdPx": "62604.6", "ts": str(_MS)}]},
        ],
        [
            rec("greeks", "ABC-USD-241013-70000-P", at=_AT, delta=rate("-0.9857"),
                gamma=rate("0.00000012"), vega=rate("0.05"), theta=rate("-26.9")),
            rec("volatility", "ABC-USD-241013-70000-P", at=_AT, mark_iv=rate("0.4962"),
                ask_iv=rate("1.03"), underlying_price="62604.6"),
        ],
    ),
    Vector(
        "event",
        [
            {"event": "subscribe", "arg": {"channel": "books", "instId": SYMBOL}, "connId": "a"},
            {"event": "error", "code": "60012", "msg": "Invalid request"},
        ],
        [],
    ),
    Vector("status", [{"arg": {"channel": "status"}, "data": [{"state": "ongoing"}]}], []),
    Vector("instruments", [{"arg": {"channel": "instruments"}, "data": [{"instId": "X"}]}], []),
]  # fmt: skip
