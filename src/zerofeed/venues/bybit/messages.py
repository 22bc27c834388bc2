"""Bybit's messages, version 5: spot, linear, inverse and options have the same ones.

**Book.** ``u`` grows by one with each message of a topic; 1, or type ``snapshot``, is a new beginning.
Topics of depth 1 quote the best levels and are no book. Tickers tell only what changed; liquidations name
the side of the position. Source: Bybit, "V5 API, WebSocket, Public".
"""

from __future__ import annotations

from zerofeed.codecs.json.dialect import Dialect
from zerofeed.codecs.json.message import (
    ANY,
    Before,
    Begins,
    Book,
    Code,
    Condition,
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
from zerofeed.codecs.json.shape import Either, Items, Shape
from zerofeed.records.flags import LAST, TOB
from zerofeed.records.instruments import OPTION, PERPETUAL
from zerofeed.records.kinds import (
    ASK,
    BID,
    FUNDING,
    GREEKS,
    LIQUIDATION,
    MARK,
    OPEN_INTEREST,
    QUOTE,
    TRADE,
    VOLATILITY,
)

__all__ = ["BYBIT"]

_SHAPE = Shape(
    {
        "topic": "topic",
        "type": "type",
        "op": "operation",
        "success": "success",
        "ts": "ms",
        "cts": "match_ms",
        "data": Either(
            {
                "s": "symbol",
                "symbol": "long_symbol",
                "b": Items("bids", ["price", "size"]),
                "a": Items("asks", ["price", "size"]),
                "u": "id",
                "seq": "engine_seq",
                "bid1Price": "bid",
                "bid1Size": "bid_size",
                "ask1Price": "ask",
                "ask1Size": "ask_size",
                "bidPrice": "option_bid",
                "bidSize": "option_bid_size",
                "askPrice": "option_ask",
                "askSize": "option_ask_size",
                "markPrice": "mark",
                "indexPrice": "index",
                "predictedDeliveryPrice": "delivery",
                "fundingRate": "rate",
                "nextFundingTime": "funding_ms",
                "openInterest": "open_interest",
                "delta": "delta",
                "gamma": "gamma",
                "vega": "vega",
                "theta": "theta",
                "markPriceIv": "mark_iv",
                "bidIv": "bid_iv",
                "askIv": "ask_iv",
                "underlyingPrice": "underlying",
                "side": "side",
                "size": "size",
                "price": "price",
                "updatedTime": "updated_ms",
            },
            Items(
                "trades",
                {
                    "T": "ms",
                    "s": "symbol",
                    "S": "side",
                    "v": "size",
                    "p": "price",
                    "i": "id",
                },
            ),
        ),
    }
)
_TIME = (Time("match_ms", "ms"), Time("ms", "ms"))
_TAKER = {"Buy": BID, "Sell": ASK}
_POSITION = {"Buy": ASK, "Sell": BID}
"""A long position is closed by selling."""


def _book(*, is_snapshot: bool, **when: Condition) -> Message:
    return Message(
        "orderbook",
        when={"topic": Before(".", "orderbook"), **when},
        symbol=Symbol("symbol"),
        book=Book(is_snapshot=is_snapshot),
        emits=levels(
            bids="bids",
            asks="asks",
            time=_TIME,
            change_id=Whole("id"),
            previous=None if is_snapshot else Whole("id", plus=-1),
        ),
    )


BYBIT = Dialect(
    _SHAPE,
    [
        Message(
            "orderbook.1",
            when={"topic": Begins("orderbook.1."), "type": "snapshot"},
            symbol=Symbol("symbol"),
            emits=[
                Emit(
                    QUOTE,
                    time=_TIME,
                    flags=TOB | LAST,
                    bid_price=Price("bids[0].price"),
                    bid_size=Size("bids[0].size"),
                    ask_price=Price("asks[0].price"),
                    ask_size=Size("asks[0].size"),
                )
            ],
            number=(Whole("engine_seq"), Time("ms", "ms")),
        ),
        # Of 2023: a side that is left out has not changed. Each is followed by a whole one.
        Message("orderbook.1 change", when={"topic": Begins("orderbook.1.")}),
        _book(is_snapshot=False, type="delta"),
        Message(
            "publicTrade",
            when={"topic": Before(".", "publicTrade")},
            symbol=Symbol("trades.symbol"),
            each="trades",
            emits=[
                Emit(
                    TRADE,
                    time=Time("trades.ms", "ms"),
                    side=Code("trades.side", _TAKER),
                    price=Price("trades.price"),
                    size=Size("trades.size"),
                    trade_id=Key("trades.id"),
                )
            ],
        ),
        Message(
            "tickers",
            when={"topic": Before(".", "tickers")},
            symbol=Symbol("long_symbol"),
            emits=[
                Emit(
                    QUOTE,
                    needs="bid",
                    time=_TIME,
                    flags=TOB | LAST,
                    bid_price=Price("bid", is_zero_none=True),
                    bid_size=Size("bid_size"),
                    ask_price=Price("ask", is_zero_none=True),
                    ask_size=Size("ask_size"),
                ),
                Emit(
                    QUOTE,
                    needs="option_bid",
                    time=_TIME,
                    flags=TOB | LAST,
                    bid_price=Price("option_bid", is_zero_none=True),
                    bid_size=Size("option_bid_size"),
                    ask_price=Price("option_ask", is_zero_none=True),
                    ask_size=Size("option_ask_size"),
                ),
                Emit(
                    MARK,
                    needs="mark",
                    time=_TIME,
                    mark_price=Price("mark"),
                    index_price=Price("index"),
                    estimated_delivery_price=Price("delivery", is_zero_none=True),
                ),
                Emit(
                    FUNDING,
                    needs="rate",
                    time=_TIME,
                    funding_rate=Rate("rate"),
                    next_funding_ns=Time("funding_ms", "ms"),
                ),
                Emit(
                    OPEN_INTEREST,
                    needs="open_interest",
                    time=_TIME,
                    open_interest=Size("open_interest"),
                ),
                Emit(
                    GREEKS,
                    needs="delta",
                    time=_TIME,
                    delta=Rate("delta"),
                    gamma=Rate("gamma"),
                    vega=Rate("vega"),
                    theta=Rate("theta"),
                ),
                Emit(
                    VOLATILITY,
                    needs="mark_iv",
                    time=_TIME,
                    mark_iv=Rate("mark_iv"),
                    bid_iv=Rate("bid_iv"),
                    ask_iv=Rate("ask_iv"),
                    underlying_price=Price("underlying"),
                ),
            ],
            number=Time("ms", "ms"),
        ),
        _book(is_snapshot=True, type="snapshot"),
        Message(
            "allLiquidation",
            when={"topic": Before(".", "allLiquidation")},
            symbol=Symbol("trades.symbol"),
            each="trades",
            emits=[
                Emit(
                    LIQUIDATION,
                    time=Time("trades.ms", "ms"),
                    side=Code("trades.side", _POSITION),
                    price=Price("trades.price"),
                    size=Size("trades.size"),
                )
            ],
        ),
        Message(
            "liquidation",
            when={"topic": Before(".", "liquidation"), "updated_ms": ANY},
            symbol=Symbol("long_symbol"),
            emits=[
                Emit(
                    LIQUIDATION,
                    time=Time("updated_ms", "ms"),
                    side=Code("side", _POSITION),
                    price=Price("price"),
                    size=Size("size"),
                )
            ],
        ),
        Message("pong", when={"operation": "pong"}, is_heartbeat=True),
        Message("ping", when={"operation": "ping"}, is_heartbeat=True),
        Message("answer", when={"success": ANY}),
        Message("kline", when={"topic": Before(".", "kline")}),
    ],
    kinds=[
        SymbolKind(OPTION, suffix="-C", dashes=3),
        SymbolKind(OPTION, suffix="-P", dashes=3),
        SymbolKind(OPTION, suffix="-C-USDT", dashes=4),
        SymbolKind(OPTION, suffix="-P-USDT", dashes=4),
    ],
    kind=PERPETUAL,
)
"""Bybit, all products."""
