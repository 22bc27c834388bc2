"""Binance's messages: spot, USD-M and COIN-M futures.

Both the combined streams (``{"stream": ..., "data": ...}``) and the raw ones are read. Source: Binance's
"WebSocket Market Streams" for spot, and "WebSocket Market Streams" of the futures' documentation.

**Book.** Spot: a change is the next one when its first id ``U`` follows the last id ``u`` of the one
before it. Futures share their ids between symbols, and name the change before in ``pu``. A snapshot is
REST's answer, ``lastUpdateId``; the books merge it with the changes around it. bookTicker carries the
same ids, and quotes the book as of its own.
"""

from __future__ import annotations

from zerofeed.codecs.json.dialect import Dialect
from zerofeed.codecs.json.message import (
    ANY,
    NONE,
    ONLY,
    Book,
    Code,
    Decimal,
    Emit,
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
from zerofeed.codecs.json.shape import Either, Items, Shape, Wanted
from zerofeed.records.flags import LAST, TOB
from zerofeed.records.instruments import INDEX_INSTRUMENT, PERPETUAL
from zerofeed.records.instruments import SPOT as SPOT_KIND
from zerofeed.records.kinds import (
    ASK,
    BID,
    FUNDING,
    INDEX,
    LIQUIDATION,
    MARK,
    OPEN_INTEREST,
    QUOTE,
    TRADE,
)

__all__ = ["COINM", "SPOT", "USDM"]


def _sides() -> dict[str, Wanted]:
    """``b`` and ``a``: a price in a ticker, rows in a change; a snapshot's rows have their own keys."""
    return {
        "b": Either("bid", Items("bids", ["price", "size"])),
        "a": Either("ask", Items("asks", ["price", "size"])),
    }


_DATA: dict[str, Wanted] = {
    "e": "event",
    "E": "event_ms",
    "T": "time_ms",
    "s": "symbol",
    "U": "first_id",
    "u": "last_id",
    "pu": "previous_id",
    **_sides(),
    "t": "trade_id",
    "p": "price",
    "q": "size",
    "m": "is_maker",
    "B": "bid_size",
    "A": "ask_size",
    "X": "trade_kind",
    "P": "settlement",
    "i": "index",
    "r": "rate",
    "o": Either(
        "open",
        {"s": "order_symbol", "S": "side", "q": "order_size", "ap": "average", "T": "order_ms"},
    ),
    "symbol": "long_symbol",
    "openInterest": "open_interest",
    "time": "long_ms",
    "lastUpdateId": "snapshot_id",
    "bids": Items("snapshot_bids", ["price", "size"]),
    "asks": Items("snapshot_asks", ["price", "size"]),
}


def _shape() -> Shape:
    data: dict[str, Wanted] = {**_DATA, "result": "result", "id": "request", "error": "error"}
    data["code"] = "code"
    data["stream"] = "stream"
    # With an envelope and without.
    data["data"] = data
    return Shape(data)


_NAMED = (
    Symbol("symbol"),
    Symbol("long_symbol"),
    Symbol("order_symbol"),
    Symbol("stream", before="@", is_upper=True),
)
_EVENT_TIME = (Time("time_ms", "ms"), Time("event_ms", "ms"))

_TRADE = Message(
    "trade",
    when={"event": "trade"},
    symbol=_NAMED,
    emits=[
        Emit(
            TRADE,
            time=_EVENT_TIME,
            # The buyer made the order that was there: the seller came.
            side=Code("is_maker", {"true": ASK, "false": BID}),
            price=Price("price"),
            size=Size("size"),
            trade_id=Whole("trade_id"),
        )
    ],
    number=Whole("trade_id"),
    is_event=True,
)
_AGGREGATE = Message(
    "aggTrade",
    when={"event": "aggTrade"},
    symbol=_NAMED,
    emits=[
        Emit(
            TRADE,
            time=_EVENT_TIME,
            side=Code("is_maker", {"true": ASK, "false": BID}),
            price=Price("price"),
            size=Size("size"),
            # "a": here not the best ask, but the id.
            trade_id=Whole("ask"),
        )
    ],
    number=Whole("ask"),
    is_event=True,
)
_TICKER_EMITS = [
    Emit(
        QUOTE,
        time=_EVENT_TIME,
        flags=TOB | LAST,
        bid_price=Price("bid"),
        bid_size=Size("bid_size"),
        ask_price=Price("ask"),
        ask_size=Size("ask_size"),
    )
]


def _book(previous: Decimal) -> list[Message]:
    """A change and a snapshot, by what names the change before."""
    return [
        Message(
            "depthUpdate",
            when={"event": "depthUpdate"},
            symbol=_NAMED,
            book=Book(),
            emits=levels(
                bids="bids",
                asks="asks",
                time=_EVENT_TIME,
                change_id=Whole("last_id"),
                previous=previous,
            ),
            number=Whole("last_id"),
        ),
        Message(
            "depth snapshot",
            when={"snapshot_id": ANY},
            symbol=(*_NAMED, ONLY),
            book=Book(is_snapshot=True),
            emits=levels(
                bids="snapshot_bids",
                asks="snapshot_asks",
                time=_EVENT_TIME,
                change_id=Whole("snapshot_id"),
            ),
        ),
    ]


_CONTROLS = [
    Message("answer", when={"request": ANY}),
    Message("error", when={"code": ANY}),
    Message("24hrTicker", when={"event": "24hrTicker"}),
    Message("24hrMiniTicker", when={"event": "24hrMiniTicker"}),
    Message("kline", when={"event": "kline"}),
    Message("serverShutdown", when={"event": "serverShutdown"}),
]

SPOT = Dialect(
    _shape(),
    [
        Message(
            "bookTicker",
            when={"event": NONE, "bid_size": ANY},
            symbol=_NAMED,
            emits=_TICKER_EMITS,
            number=Whole("last_id"),
        ),
        _TRADE,
        *_book(Whole("first_id", plus=-1)),
        _AGGREGATE,
        *_CONTROLS,
    ],
    kind=SPOT_KIND,
)
"""Binance spot."""


def _futures() -> list[Message]:
    return [
        Message(
            "bookTicker",
            when={"event": "bookTicker"},
            symbol=_NAMED,
            emits=_TICKER_EMITS,
            number=Whole("last_id"),
        ),
        _TRADE,
        *_book(Whole("previous_id")),
        _AGGREGATE,
        Message(
            "markPriceUpdate",
            when={"event": "markPriceUpdate"},
            symbol=_NAMED,
            emits=[
                Emit(
                    MARK,
                    time=Time("event_ms", "ms"),
                    mark_price=Price("price"),
                    index_price=Price("index"),
                    estimated_delivery_price=Price("settlement"),
                ),
                Emit(
                    FUNDING,
                    needs="rate",
                    time=Time("event_ms", "ms"),
                    funding_rate=Rate("rate"),
                    next_funding_ns=Time("time_ms", "ms"),
                ),
            ],
            number=Whole("event_ms"),
        ),
        Message(
            "indexPriceUpdate",
            when={"event": "indexPriceUpdate"},
            symbol=Symbol("index"),
            kind=INDEX_INSTRUMENT,
            emits=[Emit(INDEX, time=Time("event_ms", "ms"), price=Price("price"))],
            number=Whole("event_ms"),
        ),
        Message(
            "forceOrder",
            when={"event": "forceOrder"},
            symbol=Symbol("order_symbol"),
            emits=[
                Emit(
                    LIQUIDATION,
                    time=Time("order_ms", "ms"),
                    side=Code("side", {"BUY": BID, "SELL": ASK}),
                    price=Price("average"),
                    size=Size("order_size"),
                )
            ],
            number=Whole("order_ms"),
        ),
        Message(
            "openInterest",
            when={"open_interest": ANY},
            symbol=Symbol("long_symbol"),
            emits=[
                Emit(
                    OPEN_INTEREST,
                    time=Time("long_ms", "ms"),
                    open_interest=Size("open_interest"),
                )
            ],
        ),
        *_CONTROLS,
    ]


def _of_futures() -> Dialect:
    return Dialect(
        _shape(),
        _futures(),
        kinds=[
            SymbolKind(PERPETUAL, suffix="_PERP"),
        ],
        kind=PERPETUAL,
    )


USDM = _of_futures()
"""Binance USD-M futures."""
COINM = _of_futures()
"""Binance COIN-M futures."""
