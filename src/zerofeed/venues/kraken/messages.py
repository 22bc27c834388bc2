"""Kraken's messages, version 2: objects, with numbers that are bare.

**Book.** A snapshot, then changes without numbering; each has a CRC32 over the digits of the best ten
levels a side, as they are written: so an instrument's exponents must be the decimals that Kraken writes.
They are taken from its definition, or from the first snapshot. Only as many levels as were subscribed are
kept up; what falls behind them is gone without a word. Source: Kraken, "Spot WebSocket API v2" and
"Book checksum v2".
"""

from __future__ import annotations

from zerofeed.books.checksums import CHECKSUM_KRAKEN
from zerofeed.codecs.json.dialect import Dialect
from zerofeed.codecs.json.message import (
    ANY,
    Book,
    Check,
    Code,
    Emit,
    Message,
    Price,
    Size,
    Symbol,
    Time,
    Whole,
    Window,
    levels,
)
from zerofeed.codecs.json.shape import Items, Shape
from zerofeed.records.flags import LAST, SNAPSHOT, TOB
from zerofeed.records.instruments import SPOT
from zerofeed.records.kinds import ASK, BID, QUOTE, TRADE

__all__ = ["KRAKEN_V2"]

_LEVEL = {"price": "price", "qty": "size"}
_SHAPE = Shape(
    {
        "channel": "channel",
        "type": "type",
        "method": "method",
        "error": "error",
        "result": {"channel": "answer", "symbol": "answer_symbol", "depth": "depth"},
        "data": Items(
            "data",
            {
                "symbol": "symbol",
                "bids": Items("bids", {**_LEVEL}),
                "asks": Items("asks", {**_LEVEL}),
                "checksum": "checksum",
                "timestamp": "time",
                "side": "side",
                "price": "price",
                "qty": "size",
                "trade_id": "trade_id",
                "bid": "bid",
                "bid_qty": "bid_size",
                "ask": "ask",
                "ask_qty": "ask_size",
            },
        ),
    }
)
_SYMBOL = Symbol("data.symbol")
_TIME = Time("data.time", "iso")


def _trades(kind: str, flags: int) -> Message:
    return Message(
        "trade",
        when={"channel": "trade", "type": kind},
        symbol=_SYMBOL,
        each="data",
        emits=[
            Emit(
                TRADE,
                time=_TIME,
                flags=flags,
                side=Code("data.side", {"buy": BID, "sell": ASK}),
                price=Price("data.price"),
                size=Size("data.size"),
                trade_id=Whole("data.trade_id"),
            )
        ],
        exponents=("data.price", "data.size"),
        number=Whole("data.trade_id"),
        is_event=True,
    )


def _book(kind: str, *, is_snapshot: bool) -> Message:
    return Message(
        "book",
        when={"channel": "book", "type": kind},
        symbol=_SYMBOL,
        each="data",
        book=Book(is_snapshot=is_snapshot, check=Check(CHECKSUM_KRAKEN, "data.checksum")),
        emits=levels(bids="bids", asks="asks", time=_TIME),
        exponents=(("bids.price", "asks.price"), ("bids.size", "asks.size")),
    )


KRAKEN_V2 = Dialect(
    _SHAPE,
    [
        _book("update", is_snapshot=False),
        _trades("update", 0),
        Message(
            "ticker",
            when={"channel": "ticker"},
            symbol=_SYMBOL,
            each="data",
            emits=[
                Emit(
                    QUOTE,
                    time=_TIME,
                    flags=TOB | LAST,
                    bid_price=Price("data.bid", is_zero_none=True),
                    bid_size=Size("data.bid_size"),
                    ask_price=Price("data.ask", is_zero_none=True),
                    ask_size=Size("data.ask_size"),
                )
            ],
            exponents=(("data.bid", "data.ask"), ("data.bid_size", "data.ask_size")),
            number=_TIME,
        ),
        _book("snapshot", is_snapshot=True),
        _trades("snapshot", SNAPSHOT),
        Message("heartbeat", when={"channel": "heartbeat"}, is_heartbeat=True),
        Message(
            "book subscribed",
            when={"method": "subscribe", "answer": "book", "answer_symbol": ANY},
            symbol=Symbol("answer_symbol"),
            window=Window("depth"),
        ),
        Message("status", when={"channel": "status"}),
        Message("instrument", when={"channel": "instrument"}),
        Message("ohlc", when={"channel": "ohlc"}),
        Message("answer", when={"method": ANY}),
    ],
    kind=SPOT,
)
"""Kraken spot, WebSocket version 2."""
