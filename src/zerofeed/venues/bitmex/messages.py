"""BitMEX's messages: tables that are told whole once, then row by row.

**Book.** ``orderBookL2``: a ``partial``, then rows inserted, updated and deleted by id, without numbering. Each
row must have its price: BitMEX has sent it with every row since 2023. A row without one, as in older
captures, cannot be placed; the book is in doubt (bad_level) until the next partial. Source: BitMEX,
"WebSocket API".
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
    Values,
)
from zerofeed.codecs.json.shape import Items, Shape
from zerofeed.records.flags import LAST, TOB
from zerofeed.records.instruments import FUTURE, INDEX_INSTRUMENT, PERPETUAL, SPOT
from zerofeed.records.kinds import (
    ACTION_ADD,
    ACTION_CANCEL,
    ASK,
    BID,
    FUNDING,
    LEVEL,
    LIQUIDATION,
    MARK,
    OPEN_INTEREST,
    QUOTE,
    STATUS,
    TRADE,
)

__all__ = ["BITMEX"]

_SHAPE = Shape(
    {
        "table": "table",
        "action": "action",
        "success": "success",
        "info": "info",
        "error": "error",
        "data": Items(
            "data",
            {
                "symbol": "symbol",
                "side": "side",
                "price": "price",
                "size": "size",
                "timestamp": "time",
                "trdMatchID": "id",
                "bidPrice": "bid",
                "bidSize": "bid_size",
                "askPrice": "ask",
                "askSize": "ask_size",
                "markPrice": "mark",
                "indicativeSettlePrice": "index",
                "fundingRate": "rate",
                "fundingTimestamp": "funding_time",
                "openInterest": "open_interest",
                "leavesQty": "left",
                "state": "state",
            },
        ),
    }
)
_SYMBOL = Symbol("data[0].symbol")
_TIME = Time("data.time", "iso")
_SIDES = {"Buy": BID, "Sell": ASK}
_STATES = {"Open": 1, "Closed": 0, "Settled": 0, "Unlisted": 0}
"""The venue's states as numbers: 1, it is traded."""


def _book(action: str, does: int | None = None, *, is_snapshot: bool = False) -> Message:
    return Message(
        "orderBookL2",
        when={"table": "orderBookL2", "action": action},
        symbol=_SYMBOL,
        book=Book(is_snapshot=is_snapshot),
        emits=[
            Emit(
                LEVEL,
                rows="data",
                time=_TIME,
                side=Code("data.side", _SIDES),
                action=does,
                price=Price("data.price"),
                size=Size("data.size"),
            )
        ],
    )


def _each(table: str, *emits: Emit, number: Values | None = _TIME) -> Message:
    return Message(
        table,
        when={"table": table},
        symbol=Symbol("data.symbol"),
        each="data",
        emits=emits,
        number=number,
    )


BITMEX = Dialect(
    _SHAPE,
    [
        _book("update"),
        _book("insert", ACTION_ADD),
        _book("delete", ACTION_CANCEL),
        _book("partial", is_snapshot=True),
        # What is told whole when one subscribes happened before.
        Message("trade", when={"table": "trade", "action": "partial"}),
        _each(
            "trade",
            Emit(
                TRADE,
                time=_TIME,
                side=Code("data.side", _SIDES),
                price=Price("data.price"),
                size=Size("data.size"),
                trade_id=Key("data.id"),
            ),
            number=None,
        ),
        _each(
            "quote",
            Emit(
                QUOTE,
                time=_TIME,
                flags=TOB | LAST,
                bid_price=Price("data.bid"),
                bid_size=Size("data.bid_size"),
                ask_price=Price("data.ask"),
                ask_size=Size("data.ask_size"),
            ),
        ),
        Message("liquidation", when={"table": "liquidation", "action": "delete"}),
        _each(
            "liquidation",
            Emit(
                LIQUIDATION,
                needs="data.price",
                side=Code("data.side", _SIDES),
                price=Price("data.price"),
                size=Size("data.left"),
            ),
        ),
        _each(
            "instrument",
            Emit(
                MARK,
                needs="data.mark",
                time=_TIME,
                mark_price=Price("data.mark"),
                index_price=Price("data.index"),
            ),
            Emit(
                FUNDING,
                needs="data.rate",
                time=_TIME,
                funding_rate=Rate("data.rate"),
                next_funding_ns=Time("data.funding_time", "iso"),
            ),
            Emit(
                OPEN_INTEREST,
                needs="data.open_interest",
                time=_TIME,
                open_interest=Size("data.open_interest"),
            ),
            Emit(STATUS, needs="data.state", time=_TIME, state=Code("data.state", _STATES)),
        ),
        _each(
            "funding",
            Emit(FUNDING, time=_TIME, funding_rate=Rate("data.rate")),
        ),
        Message("info", when={"info": ANY}),
        Message("answer", when={"success": ANY}),
        Message("error", when={"error": ANY}),
    ],
    kinds=[
        SymbolKind(INDEX_INSTRUMENT, prefix="."),
        SymbolKind(SPOT, suffix="_USDT"),
        *(
            SymbolKind(FUTURE, suffix=f"{month}{year}")
            for month in "HMUZ"
            for year in range(20, 31)
        ),
    ],
    kind=PERPETUAL,
    plain=["pong"],
)
"""BitMEX."""
