"""Deribit's messages by JSON-RPC: book, trades, quotes and tickers of every kind of instrument.

**Book.** The first message of a subscription is the snapshot; each change names the change before in
``prev_change_id``. Grouped books are whole each time and name none. Implied volatilities come in percent and
are kept as pure numbers. Source: Deribit, "Subscriptions".
"""

from __future__ import annotations

from zerofeed.codecs.json.dialect import Dialect
from zerofeed.codecs.json.message import (
    ANY,
    NONE,
    Before,
    Book,
    Code,
    Condition,
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
from zerofeed.records.instruments import FUTURE, INDEX_INSTRUMENT, OPTION, PERPETUAL, SPOT
from zerofeed.records.kinds import (
    ASK,
    BID,
    FUNDING,
    GREEKS,
    INDEX,
    LEVEL,
    LIMITS,
    LIQUIDATION,
    MARK,
    OPEN_INTEREST,
    QUOTE,
    STATUS,
    TRADE,
    VOLATILITY,
)

__all__ = ["DERIBIT_JSON"]

_ROW: list[Wanted | None] = ["first", "price", "size"]
"""``[action, price, amount]``; in grouped books ``[price, amount]``, one place further to the left."""
_SHAPE = Shape(
    {
        "id": "request",
        "result": "result",
        "error": {"code": "error"},
        "method": "method",
        "params": {
            "channel": "channel",
            "type": "heartbeat",
            "data": Either(
                {
                    "type": "type",
                    "timestamp": "ms",
                    "instrument_name": "symbol",
                    "index_name": "index_name",
                    "price": "price",
                    "change_id": "id",
                    "prev_change_id": "previous_id",
                    "bids": Items("bids", [*_ROW]),
                    "asks": Items("asks", [*_ROW]),
                    "state": "state",
                    "best_bid_price": "bid",
                    "best_bid_amount": "bid_size",
                    "best_ask_price": "ask",
                    "best_ask_amount": "ask_size",
                    "mark_price": "mark",
                    "index_price": "index",
                    "settlement_price": "settlement",
                    "estimated_delivery_price": "delivery",
                    "delivery_price": "delivered",
                    "current_funding": "funding",
                    "funding_8h": "funding_8h",
                    "open_interest": "open_interest",
                    "min_price": "lowest",
                    "max_price": "highest",
                    "last_price": "last",
                    "underlying_price": "underlying",
                    "mark_iv": "mark_iv",
                    "bid_iv": "bid_iv",
                    "ask_iv": "ask_iv",
                    "greeks": {
                        "delta": "delta",
                        "gamma": "gamma",
                        "vega": "vega",
                        "theta": "theta",
                    },
                },
                Items(
                    "trades",
                    {
                        "trade_seq": "seq",
                        "trade_id": "id",
                        "timestamp": "ms",
                        "price": "price",
                        "amount": "size",
                        "direction": "side",
                        "liquidation": "liquidation",
                        "instrument_name": "symbol",
                    },
                ),
            ),
        },
    }
)
_SYMBOL = Symbol("symbol")
_TIME = Time("ms", "ms")
_SIDES = {"buy": BID, "sell": ASK}
_STATES = {"open": 1, "closed": 0, "inactive": 0, "started": 1, "terminated": 0, "halted": 2}
_PERCENT = -10
"""Exponent at which a percentage has the mantissa of the pure number at -12."""


def _book(*, is_snapshot: bool, **when: Condition) -> Message:
    return Message(
        "book",
        when={"channel": Before(".", "book"), **when},
        symbol=_SYMBOL,
        book=Book(is_snapshot=is_snapshot),
        emits=levels(
            bids="bids",
            asks="asks",
            time=_TIME,
            change_id=Whole("id"),
            previous=None if is_snapshot else Whole("previous_id"),
        ),
        number=Whole("id"),
    )


def _grouped_book() -> Message:
    """A grouped book: rows of two, whole each time."""
    emits = [
        Emit(
            LEVEL,
            rows=rows,
            time=_TIME,
            side=side,
            price=Price(f"{rows}.first"),
            size=Size(f"{rows}.price"),
            change_id=Whole("id"),
        )
        for rows, side in (("bids", BID), ("asks", ASK))
    ]
    return Message(
        "book",
        when={
            "channel": Before(".", "book"),
            "previous_id": NONE,
            "bids[0].size": NONE,
            "asks[0].size": NONE,
        },
        symbol=_SYMBOL,
        book=Book(is_snapshot=True),
        emits=emits,
        number=Whole("id"),
    )


DERIBIT_JSON = Dialect(
    _SHAPE,
    [
        _book(is_snapshot=False, type="change"),
        Message(
            "ticker",
            when={"channel": Before(".", "ticker")},
            symbol=_SYMBOL,
            emits=[
                Emit(
                    QUOTE,
                    time=_TIME,
                    flags=TOB | LAST,
                    bid_price=Price("bid", is_zero_none=True),
                    bid_size=Size("bid_size"),
                    ask_price=Price("ask", is_zero_none=True),
                    ask_size=Size("ask_size"),
                ),
                Emit(
                    MARK,
                    time=_TIME,
                    mark_price=Price("mark"),
                    index_price=Price("index"),
                    settlement_price=Price("settlement"),
                    estimated_delivery_price=Price("delivery"),
                ),
                Emit(
                    FUNDING,
                    needs="funding",
                    time=_TIME,
                    funding_rate=Rate("funding"),
                    funding_rate_8h=Rate("funding_8h"),
                ),
                Emit(OPEN_INTEREST, time=_TIME, open_interest=Size("open_interest")),
                Emit(
                    LIMITS,
                    time=_TIME,
                    min_price=Price("lowest"),
                    max_price=Price("highest"),
                    last_price=Price("last"),
                    delivery_price=Price("delivered"),
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
                    mark_iv=Decimal("mark_iv", _PERCENT),
                    bid_iv=Decimal("bid_iv", _PERCENT),
                    ask_iv=Decimal("ask_iv", _PERCENT),
                    underlying_price=Price("underlying"),
                ),
            ],
            number=_TIME,
        ),
        Message(
            "trades",
            when={"channel": Before(".", "trades")},
            symbol=Symbol("trades.symbol"),
            each="trades",
            emits=[
                Emit(
                    TRADE,
                    time=Time("trades.ms", "ms"),
                    side=Code("trades.side", _SIDES),
                    trade_seq=Whole("trades.seq"),
                    price=Price("trades.price"),
                    size=Size("trades.size"),
                    trade_id=Whole("trades.id"),
                ),
                Emit(
                    LIQUIDATION,
                    needs="trades.liquidation",
                    time=Time("trades.ms", "ms"),
                    side=Code("trades.side", _SIDES),
                    price=Price("trades.price"),
                    size=Size("trades.size"),
                    trade_id=Whole("trades.id"),
                ),
            ],
            number=Whole("trades.seq"),
            is_event=True,
        ),
        Message(
            "quote",
            when={"channel": Before(".", "quote")},
            symbol=_SYMBOL,
            emits=[
                Emit(
                    QUOTE,
                    time=_TIME,
                    flags=TOB | LAST,
                    bid_price=Price("bid", is_zero_none=True),
                    bid_size=Size("bid_size"),
                    ask_price=Price("ask", is_zero_none=True),
                    ask_size=Size("ask_size"),
                )
            ],
            number=_TIME,
        ),
        _book(is_snapshot=True, type="snapshot"),
        _grouped_book(),
        # Older captures name no type: what has no change before it is whole.
        _book(is_snapshot=True, previous_id=NONE),
        _book(is_snapshot=False, previous_id=ANY),
        Message(
            "deribit_price_index",
            when={"channel": Before(".", "deribit_price_index")},
            symbol=Symbol("index_name"),
            kind=INDEX_INSTRUMENT,
            emits=[Emit(INDEX, time=_TIME, price=Price("price"))],
            number=_TIME,
        ),
        Message(
            "instrument.state",
            when={"channel": Before(".", "instrument")},
            symbol=_SYMBOL,
            emits=[Emit(STATUS, time=_TIME, state=Code("state", _STATES))],
            number=_TIME,
        ),
        Message("heartbeat", when={"method": "heartbeat"}, is_heartbeat=True),
        Message("answer", when={"request": ANY}),
        Message("error", when={"error": ANY}),
        # Channels that have no record of their own.
        Message("other", when={"method": "subscription"}),
    ],
    kinds=[
        SymbolKind(PERPETUAL, suffix="PETUAL"),
        SymbolKind(OPTION, suffix="-C", dashes=3),
        SymbolKind(OPTION, suffix="-P", dashes=3),
        SymbolKind(SPOT, dashes=0),
        SymbolKind(FUTURE, dashes=1),
    ],
)
"""Deribit by JSON-RPC."""
