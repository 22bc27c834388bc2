"""Coinbase Exchange's messages.

**Book.** A snapshot, then changes with absolute sizes and no numbering: nothing but the connection says
that none is missing, and a crossed book that one was. The side of a match is the maker's. Source: Coinbase
Exchange, "WebSocket channels".
"""

from __future__ import annotations

from zerofeed.codecs.json.dialect import Dialect
from zerofeed.codecs.json.message import (
    Book,
    Code,
    Emit,
    Message,
    Price,
    Size,
    Symbol,
    Time,
    Whole,
    levels,
)
from zerofeed.codecs.json.shape import Items, Shape
from zerofeed.records.flags import LAST, TOB
from zerofeed.records.instruments import SPOT
from zerofeed.records.kinds import ASK, BID, LEVEL, QUOTE, TRADE

__all__ = ["COINBASE"]

_SHAPE = Shape(
    {
        "type": "type",
        "product_id": "symbol",
        "time": "time",
        "changes": Items("changes", ["side", "price", "size"]),
        "bids": Items("bids", ["price", "size"]),
        "asks": Items("asks", ["price", "size"]),
        "price": "price",
        "size": "size",
        "side": "side",
        "trade_id": "trade_id",
        "sequence": "sequence",
        "best_bid": "bid",
        "best_bid_size": "bid_size",
        "best_ask": "ask",
        "best_ask_size": "ask_size",
    }
)
_SYMBOL = Symbol("symbol")
_TIME = Time("time", "iso")
_TRADE = Emit(
    TRADE,
    time=_TIME,
    # The maker's side: the other one came.
    side=Code("side", {"buy": ASK, "sell": BID}),
    price=Price("price"),
    size=Size("size"),
    trade_id=Whole("trade_id"),
    trade_seq=Whole("sequence"),
)

COINBASE = Dialect(
    _SHAPE,
    [
        Message(
            "l2update",
            when={"type": "l2update"},
            symbol=_SYMBOL,
            book=Book(),
            emits=[
                Emit(
                    LEVEL,
                    rows="changes",
                    time=_TIME,
                    side=Code("changes.side", {"buy": BID, "sell": ASK}),
                    price=Price("changes.price"),
                    size=Size("changes.size"),
                )
            ],
        ),
        Message(
            "match",
            when={"type": "match"},
            symbol=_SYMBOL,
            emits=[_TRADE],
            number=Whole("trade_id"),
            is_event=True,
        ),
        # The latest trade before the subscription: nothing that happens now.
        Message("last_match", when={"type": "last_match"}),
        Message(
            "ticker",
            when={"type": "ticker"},
            symbol=_SYMBOL,
            emits=[
                Emit(
                    QUOTE,
                    time=_TIME,
                    flags=TOB | LAST,
                    bid_price=Price("bid"),
                    bid_size=Size("bid_size"),
                    ask_price=Price("ask"),
                    ask_size=Size("ask_size"),
                )
            ],
            number=Whole("sequence"),
        ),
        Message(
            "snapshot",
            when={"type": "snapshot"},
            symbol=_SYMBOL,
            book=Book(is_snapshot=True),
            emits=levels(bids="bids", asks="asks", time=_TIME),
        ),
        Message("heartbeat", when={"type": "heartbeat"}, is_heartbeat=True),
        Message("subscriptions", when={"type": "subscriptions"}),
        Message("error", when={"type": "error"}),
        Message("status", when={"type": "status"}),
    ],
    kind=SPOT,
)
"""Coinbase Exchange."""
