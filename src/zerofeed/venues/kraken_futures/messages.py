"""Kraken Futures' messages.

**Book.** A snapshot, then a message for each level; ``seq`` grows by one for each product. Source: Kraken
Futures, "WebSocket API".
"""

from __future__ import annotations

from zerofeed.codecs.json.dialect import Dialect
from zerofeed.codecs.json.message import (
    ANY,
    Book,
    Code,
    Emit,
    Key,
    Message,
    Price,
    Rate,
    Size,
    Symbol,
    SymbolKind,
    Time,
    Whole,
    levels,
)
from zerofeed.codecs.json.shape import Items, Shape
from zerofeed.records.flags import LAST, TOB
from zerofeed.records.instruments import FUTURE, INDEX_INSTRUMENT, PERPETUAL
from zerofeed.records.kinds import (
    ASK,
    BID,
    FUNDING,
    LEVEL,
    LIQUIDATION,
    MARK,
    OPEN_INTEREST,
    QUOTE,
    TRADE,
)

__all__ = ["KRAKEN_FUTURES"]

_SHAPE = Shape(
    {
        "feed": "feed",
        "event": "event",
        "product_id": "symbol",
        "side": "side",
        "seq": "seq",
        "price": "price",
        "qty": "size",
        "timestamp": "ms",
        "time": "time_ms",
        "uid": "uid",
        "type": "type",
        "bids": Items("bids", {"price": "price", "qty": "size"}),
        "asks": Items("asks", {"price": "price", "qty": "size"}),
        "bid": "bid",
        "bid_size": "bid_size",
        "ask": "ask",
        "ask_size": "ask_size",
        "markPrice": "mark",
        "index": "index",
        "relative_funding_rate": "rate",
        "next_funding_rate_time": "funding_ms",
        "openInterest": "open_interest",
    }
)
_SYMBOL = Symbol("symbol")
_SIDES = {"buy": BID, "sell": ASK}
_TIME = Time("time_ms", "ms")
_SIDE = Code("side", _SIDES)
_FILL = Emit(
    TRADE,
    time=_TIME,
    side=_SIDE,
    price=Price("price"),
    size=Size("size"),
    trade_id=Key("uid"),
    trade_seq=Whole("seq"),
)
_LIQUIDATION = Emit(
    LIQUIDATION,
    time=_TIME,
    side=_SIDE,
    price=Price("price"),
    size=Size("size"),
    trade_id=Key("uid"),
)
_TICKER = [
    Emit(
        QUOTE,
        time=_TIME,
        needs="bid",
        flags=TOB | LAST,
        bid_price=Price("bid", is_zero_none=True),
        bid_size=Size("bid_size"),
        ask_price=Price("ask", is_zero_none=True),
        ask_size=Size("ask_size"),
    ),
    Emit(MARK, time=_TIME, needs="mark", mark_price=Price("mark"), index_price=Price("index")),
    Emit(
        FUNDING,
        time=_TIME,
        needs="rate",
        funding_rate=Rate("rate"),
        next_funding_ns=Time("funding_ms", "ms"),
    ),
    Emit(OPEN_INTEREST, time=_TIME, needs="open_interest", open_interest=Size("open_interest")),
]

KRAKEN_FUTURES = Dialect(
    _SHAPE,
    [
        # First: what confirms a subscription names its feed, too.
        Message("event", when={"event": ANY}),
        Message(
            "book",
            when={"feed": "book"},
            symbol=_SYMBOL,
            book=Book(),
            emits=[
                Emit(
                    LEVEL,
                    time=Time("ms", "ms"),
                    side=Code("side", _SIDES),
                    price=Price("price"),
                    size=Size("size"),
                    change_id=Whole("seq"),
                    prev_change_id=Whole("seq", plus=-1),
                )
            ],
            number=Whole("seq"),
        ),
        Message(
            "trade",
            when={"feed": "trade", "type": "fill"},
            symbol=_SYMBOL,
            emits=[_FILL],
            number=Whole("seq"),
            is_event=True,
        ),
        Message(
            "liquidation",
            when={"feed": "trade", "type": "liquidation"},
            symbol=_SYMBOL,
            emits=[_FILL, _LIQUIDATION],
            number=Whole("seq"),
            is_event=True,
        ),
        Message(
            "trade",
            when={"feed": "trade"},
            symbol=_SYMBOL,
            emits=[_FILL],
            number=Whole("seq"),
            is_event=True,
        ),
        Message("ticker", when={"feed": "ticker"}, symbol=_SYMBOL, emits=_TICKER, number=_TIME),
        Message(
            "ticker_lite",
            when={"feed": "ticker_lite"},
            symbol=_SYMBOL,
            emits=_TICKER[:1],
            number=_TIME,
        ),
        Message(
            "book_snapshot",
            when={"feed": "book_snapshot"},
            symbol=_SYMBOL,
            book=Book(is_snapshot=True),
            emits=levels(bids="bids", asks="asks", time=Time("ms", "ms"), change_id=Whole("seq")),
            number=Whole("seq"),
        ),
        # What is told whole when one subscribes happened before.
        Message("trade_snapshot", when={"feed": "trade_snapshot"}),
        Message("heartbeat", when={"feed": "heartbeat"}, is_heartbeat=True),
    ],
    kinds=[
        SymbolKind(PERPETUAL, prefix="PI_"),
        SymbolKind(PERPETUAL, prefix="PF_"),
        SymbolKind(FUTURE, prefix="FI_"),
        SymbolKind(FUTURE, prefix="FF_"),
        SymbolKind(INDEX_INSTRUMENT, prefix="in_"),
    ],
)
"""Kraken Futures."""
