"""Bitfinex's messages, made after its documentation, and what each means."""

from __future__ import annotations

import zlib

from tests.unit.venues.venue import MS, Vector, level, rate, rec
from zerofeed.venues.bitfinex.instruments import PRICE_EXPONENT, SIZE_EXPONENT

__all__ = [
    "BITFINEX", "BOOK", "EXPONENTS", "INFO", "PERPETUAL", "SYMBOL", "checksum", "subscribed", "update",
]  # fmt: skip

SYMBOL, PERPETUAL = "tBTCUSD", "tBTCF0:USTF0"
EXPONENTS = (PRICE_EXPONENT, SIZE_EXPONENT)
BOOK, TRADES, TICKER, DERIVATIVE, LIQUIDATIONS = 266_343, 11, 12, 13, 14
"""Numbers of channels; the venue chooses them as it likes."""
INFO = '{"event":"info","version":2,"serverId":"0","platform":{"status":1}}'

Row = tuple[str, int, str]


def subscribed(channel: str, number: int, target: str = SYMBOL) -> str:
    """The answer to a subscription."""
    what = "key" if channel == "status" else "symbol"
    return (
        f'{{"event":"subscribed","channel":"{channel}","chanId":{number},"{what}":"{target}",'
        f'"pair":"{target[1:]}"}}'
    )


def update(row: Row, number: int = BOOK, seq: int | None = None) -> str:
    """A change of one level."""
    end = "]" if seq is None else f",{seq}]"
    return f"[{number},[{','.join(map(str, row))}]{end}"


def checksum(bids: list[Row], asks: list[Row]) -> int:
    """The checksum of a book, best first, of numbers that JavaScript prints as they are written here."""
    parts: list[str] = []
    for turn in range(25):
        for side in (bids, asks):
            if turn < len(side):
                parts += [side[turn][0], side[turn][2]]
    unsigned = zlib.crc32(":".join(parts).encode())
    return unsigned - (1 << 32) if unsigned >= 1 << 31 else unsigned


_BOOK = subscribed("book", BOOK)
_TRADES = subscribed("trades", TRADES)
_TICKER = subscribed("ticker", TICKER)
_DERIVATIVE = subscribed("status", DERIVATIVE, f"deriv:{PERPETUAL}")
_LIQUIDATIONS = subscribed("status", LIQUIDATIONS, "liq:global")
_STATUS = (
    "1700000000123,null,65001.5,64999.25,null,1000000,null,1700006400000,0.00001234,5,null,"
    "0.0001,null,null,65000.75,null,null,1234.5,null,null,null,null,null,null"
)
_LONG = f'["pos",145,1700000000456,null,"{PERPETUAL}",0.4,65000,null,1,1,null,64900.5]'
_SHORT = f'["pos",146,1700000000456,null,"{SYMBOL}",-3,65000,null,1,0,null,65100]'

BITFINEX = [
    Vector(
        "book",
        [_BOOK, update(("65000.1", 3, "0.5")), update(("65001", 1, "-2")), update(("65000.1", 0, "1"))],
        [
            level(SYMBOL, "B", "65000.1", "0.5", flags="last maybe_bad_book", exponents=EXPONENTS),
            level(SYMBOL, "A", "65001", "2", flags="last maybe_bad_book", exponents=EXPONENTS),
            level(SYMBOL, "B", "65000.1", "0", flags="last maybe_bad_book", exponents=EXPONENTS),
        ],
    ),
    Vector(
        "book snapshot",
        [_BOOK, f"[{BOOK},[[65000,2,0.5],[64999,1,1e-7],[65001,4,-0.25]]]"],
        [
            rec("level", SYMBOL, action="R", flags="snapshot"),
            level(SYMBOL, "B", "65000", "0.5", flags="snapshot", exponents=EXPONENTS),
            level(SYMBOL, "B", "64999", "0.0000001", flags="snapshot", exponents=EXPONENTS),
            level(SYMBOL, "A", "65001", "0.25", flags="snapshot last", exponents=EXPONENTS),
        ],
    ),
    Vector("checksum", [_BOOK, f'[{BOOK},"cs",-1234567890]'], []),
    Vector(
        "trade",
        [_TRADES, f'[{TRADES},"te",[401597395,1700000000123,-0.005,65000.1]]'],
        [
            rec(
                "trade", SYMBOL, "A", at=1_700_000_000_123 * MS, exponents=EXPONENTS,
                price="65000.1", size="0.005", trade_id=401_597_395,
            )
        ],
    ),
    Vector("trade settled", [_TRADES, f'[{TRADES},"tu",[401597395,1700000000123,-0.005,65000.1]]'], []),
    Vector("trade snapshot", [_TRADES, f"[{TRADES},[[4,1700000000123,-0.005,65000.1]]]"], []),
    Vector("trade snapshot", [_TRADES, f"[{TRADES},[]]"], []),
    Vector(
        "ticker",
        [_TICKER, f"[{TICKER},[65000.1,29.2,65000.2,38.5,-200,-0.003,65000,1850.5,66000,64000]]"],
        [
            rec(
                "quote", SYMBOL, exponents=EXPONENTS, bid_price="65000.1", ask_price="65000.2"
            )
        ],
    ),
    Vector(
        "derivative",
        [_DERIVATIVE, f"[{DERIVATIVE},[{_STATUS}]]"],
        [
            rec(
                "mark", PERPETUAL, at=1_700_000_000_123 * MS, exponents=EXPONENTS,
                mark_price="65000.75", index_price="64999.25",
            ),
            rec(
                "funding", PERPETUAL, at=1_700_000_000_123 * MS, funding_rate=rate("0.00001234"),
                funding_rate_8h=rate("0.0001"), next_funding_ns=1_700_006_400_000 * MS,
            ),
            rec(
                "open_interest", PERPETUAL, at=1_700_000_000_123 * MS, exponents=EXPONENTS,
                open_interest="1234.5",
            ),
        ],
    ),
    Vector(
        "liquidation",
        [
            _LIQUIDATIONS,
            f'[{LIQUIDATIONS},[["pos",145,1700000000123,null,"{PERPETUAL}",0.4,65000,null,0,0,null,null]]]',
            f"[{LIQUIDATIONS},[{_LONG},{_SHORT}]]",
        ],
        [
            rec(
                "liquidation", PERPETUAL, "A", at=1_700_000_000_456 * MS, exponents=EXPONENTS,
                price="64900.5", size="0.4", trade_id=145,
            ),
            rec(
                "liquidation", SYMBOL, "B", at=1_700_000_000_456 * MS, exponents=EXPONENTS,
                price="65100", size="3", trade_id=146,
            ),
        ],
    ),
    Vector("subscribed", [_BOOK, _TRADES, _TICKER, _DERIVATIVE, _LIQUIDATIONS], []),
    Vector("unsubscribed", ['{"event":"unsubscribed","status":"OK","chanId":5}'], []),
    Vector("opening", [INFO], []),
    Vector("info", ['{"event":"info","code":20060,"msg":"maintenance"}'], []),
    Vector("configured", ['{"event":"conf","status":"OK","flags":196608}'], []),
    Vector("error", ['{"event":"error","msg":"symbol: invalid","code":10300}'], []),
    Vector("channel not known", ["[99,[1,2,3],5]", '[99,"te",[1,2,3,4],6]'], []),
]  # fmt: skip
