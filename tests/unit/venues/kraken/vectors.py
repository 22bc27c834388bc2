"""Kraken's messages, versions 2 and 1, made after its documentation, and what each means."""

from __future__ import annotations

import zlib
from typing import Any

from tests.unit.venues.venue import S, Vector, level, rec

__all__ = ["EXPONENTS", "SYMBOL", "V1", "V2", "book", "book_v1", "checksum", "snapshot_v1"]

SYMBOL = "ABC/USD"
EXPONENTS = (-1, -8)
"""What the texts below are written with: the exponents that are found in them."""
_TIME = "2024-03-01T10:20:30.123456Z"
_AT = 1_709_288_430_123_456_000
_SECONDS = "1709288430.123456"

Rows = list[tuple[str, str]]


def checksum(bids: Rows, asks: Rows) -> int:
    """The checksum of a whole book, best first: ten asks, ten bids, as Kraken documents it."""
    digits = [
        part.replace(".", "").lstrip("0")
        for side in (asks, bids)
        for row in side[:10]
        for part in row
    ]
    return zlib.crc32("".join(digits).encode())


def _rows(rows: Rows) -> str:
    return ",".join(f'{{"price":{price},"qty":{size}}}' for price, size in rows)


def book(kind: str, bids: Rows, asks: Rows, crc: int) -> str:
    """A message of the book; its numbers are bare, with all their decimals."""
    return (
        f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"{SYMBOL}","bids":[{_rows(bids)}],'
        f'"asks":[{_rows(asks)}],"checksum":{crc},"timestamp":"{_TIME}"}}]}}'
    )


def _timed(rows: Rows) -> list[list[str]]:
    return [[*row, _SECONDS] for row in rows]


def snapshot_v1(bids: Rows, asks: Rows, depth: int = 10) -> list[Any]:
    """A snapshot of version 1."""
    return [560, {"as": _timed(asks), "bs": _timed(bids)}, f"book-{depth}", "ABC/USD"]


def book_v1(bids: Rows, asks: Rows, crc: int, depth: int = 10) -> list[Any]:
    """A change of version 1: an object for each side that changed, the checksum in the last."""
    sides: list[dict[str, Any]] = []
    if asks:
        sides.append({"a": _timed(asks)})
    if bids:
        sides.append({"b": _timed(bids)})
    sides[-1]["c"] = str(crc)
    return [560, *sides, f"book-{depth}", "ABC/USD"]


_BIDS, _ASKS = [("45283.5", "0.10000000")], [("45285.2", "0.00100000")]


def _snapshot(time: int | None) -> list[Any]:
    return [
        # Version 1 times its levels; the one that begins the snapshot is none.
        rec("level", SYMBOL, action="R", flags="snapshot", at=time),
        level(SYMBOL, "B", "45283.5", "0.1", _AT, "snapshot", EXPONENTS),
        level(SYMBOL, "A", "45285.2", "0.001", _AT, "snapshot last", EXPONENTS),
    ]


def _trade(kind: str) -> str:
    return (
        f'{{"channel":"trade","type":"{kind}","data":['
        f'{{"symbol":"{SYMBOL}","side":"sell","price":4136.4,"qty":0.23374249,"ord_type":"limit",'
        f'"trade_id":4665847,"timestamp":"{_TIME}"}},'
        f'{{"symbol":"{SYMBOL}","side":"buy","price":4136.5,"qty":0.00060615,"ord_type":"market",'
        f'"trade_id":4665848,"timestamp":"{_TIME}"}}]}}'
    )


def _trades(flags: str) -> list[Any]:
    return [
        rec("trade", SYMBOL, "A", flags=flags, at=_AT, exponents=EXPONENTS, price="4136.4",
            size="0.23374249", trade_id=4665847),
        rec("trade", SYMBOL, "B", flags=flags, at=_AT, exponents=EXPONENTS, price="4136.5",
            size="0.00060615", trade_id=4665848),
    ]  # fmt: skip


V2 = [
    Vector(
        "book",
        [
            book("snapshot", _BIDS, _ASKS, checksum(_BIDS, _ASKS)),
            book("update", [("45283.5", "0.00000000")], [], checksum([], _ASKS)),
        ],
        [
            *_snapshot(_AT),
            level(SYMBOL, "B", "45283.5", "0", _AT, "last", EXPONENTS),
        ],
    ),
    Vector("trade", [_trade("update")], _trades("")),
    Vector("trade", [_trade("snapshot")], _trades("snapshot")),
    Vector(
        "ticker",
        [
            (f'{{"channel":"ticker","type":"update","data":[{{"symbol":"{SYMBOL}","bid":4.2,'
            f'"bid_qty":740.00000000,"ask":4.3,"ask_qty":740.50000000,"last":4.2,'
            f'"timestamp":"{_TIME}"}}]}}'),
        ],
        [
            rec("quote", SYMBOL, flags="tob last", at=_AT, exponents=EXPONENTS, bid_price="4.2",
                bid_size="740", ask_price="4.3", ask_size="740.5"),
        ],
    ),
    Vector(
        "book subscribed",
        [
            {"method": "subscribe", "success": True, "time_in": _TIME, "time_out": _TIME,
             "result": {"channel": "book", "depth": 10, "snapshot": True, "symbol": SYMBOL}},
        ],
        [],
    ),
    Vector(
        "answer",
        [
            {"method": "pong", "req_id": 101, "time_in": _TIME, "time_out": _TIME},
            {"method": "subscribe", "success": False, "error": "no", "symbol": "X"},
        ],
        [],
    ),
    Vector(
        "status",
        [{"channel": "status", "type": "update", "data": [{"system": "online"}]}],
        [],
    ),
    Vector("instrument", [{"channel": "instrument", "type": "snapshot", "data": {"x": []}}], []),
    Vector("ohlc", [{"channel": "ohlc", "type": "update", "data": [{"symbol": SYMBOL}]}], []),
]  # fmt: skip

V1 = [
    Vector(
        "book",
        [
            snapshot_v1(_BIDS, _ASKS),
            book_v1([("45283.5", "0.00000000")], [], checksum([], _ASKS)),
            book_v1([("45283.4", "2.00000000")], [("45285.3", "3.00000000")],
                    checksum([("45283.4", "2.00000000")], [*_ASKS, ("45285.3", "3.00000000")])),
        ],
        [
            *_snapshot(None),
            level(SYMBOL, "B", "45283.5", "0", _AT, "last", EXPONENTS),
            level(SYMBOL, "B", "45283.4", "2", _AT, "", EXPONENTS),
            level(SYMBOL, "A", "45285.3", "3", _AT, "last", EXPONENTS),
        ],
    ),
    Vector(
        "trade",
        [
            [0, [["5541.2", "0.15850568", _SECONDS, "s", "l", ""],
                 ["6060.0", "0.02455000", "1709288431", "b", "l", ""]], "trade", SYMBOL],
        ],
        [
            rec("trade", SYMBOL, "A", at=_AT, exponents=EXPONENTS, price="5541.2",
                size="0.15850568"),
            rec("trade", SYMBOL, "B", at=1709288431 * S, exponents=EXPONENTS, price="6060",
                size="0.02455"),
        ],
    ),
    Vector(
        "event",
        [
            {"connectionID": 8628615390848610000, "event": "systemStatus", "status": "online"},
            {"channelID": 560, "channelName": "book-10", "event": "subscriptionStatus",
             "pair": SYMBOL, "status": "subscribed", "subscription": {"depth": 10, "name": "book"}},
        ],
        [],
    ),
    Vector("ticker", [[0, {"a": ["5525.4", 1, "1.0"], "b": ["5", 1, "1"]}, "ticker", SYMBOL]], []),
    Vector("spread", [[0, ["5698.4", "5700.0", _SECONDS, "1", "2"], "spread", SYMBOL]], []),
    Vector("ohlc", [[42, [_SECONDS, _SECONDS, "3586.7"], "ohlc-5", SYMBOL]], []),
]  # fmt: skip
