"""OKX's messages, version 5: every public channel that has market data.

**Book.** ``books`` and the tick-by-tick channels send a snapshot and then changes; ``prevSeqId`` names the
change before. A keep-alive has equal ids and no levels; after maintenance the ids start lower, with a
``prevSeqId`` that still fits. ``checksum`` covers 25 levels a side; venues' captures from before the ids
have only that, and since 2026 it is 0, which is none. ``books5`` and ``bbo-tbt`` are whole each time.
Source: OKX API v5, "Order book channel".
"""

from __future__ import annotations

from zerofeed.books.checksums import CHECKSUM_OKX
from zerofeed.codecs.json.dialect import Dialect
from zerofeed.codecs.json.message import (
    ANY,
    NONE,
    Book,
    Check,
    Code,
    Condition,
    Emit,
    Message,
    Price,
    Rate,
    Size,
    Symbol,
    SymbolKind,
    Time,
    Values,
    Whole,
    levels,
)
from zerofeed.codecs.json.shape import Items, Shape
from zerofeed.records.flags import LAST, TOB
from zerofeed.records.instruments import FUTURE, INDEX_INSTRUMENT, OPTION, PERPETUAL, SPOT
from zerofeed.records.kinds import (
    ASK,
    BID,
    FUNDING,
    GREEKS,
    INDEX,
    LIMITS,
    LIQUIDATION,
    MARK,
    OPEN_INTEREST,
    QUOTE,
    TRADE,
    VOLATILITY,
)

__all__ = ["OKX"]

_SHAPE = Shape(
    {
        "event": "event",
        "op": "operation",
        "code": "code",
        "arg": {"channel": "channel", "instId": "symbol"},
        "action": "action",
        "data": Items(
            "data",
            {
                "instId": "symbol",
                "ts": "ms",
                "asks": Items("asks", ["price", "size"]),
                "bids": Items("bids", ["price", "size"]),
                "checksum": "checksum",
                "prevSeqId": "previous_id",
                "seqId": "id",
                "tradeId": "trade_id",
                "px": "price",
                "sz": "size",
                "side": "side",
                "last": "last",
                "askPx": "ask",
                "askSz": "ask_size",
                "bidPx": "bid",
                "bidSz": "bid_size",
                "markPx": "mark",
                "idxPx": "index",
                "fundingRate": "rate",
                "fundingTime": "funding_ms",
                "oi": "open_interest",
                "buyLmt": "highest",
                "sellLmt": "lowest",
                "details": Items(
                    "details", {"bkPx": "price", "sz": "size", "side": "side", "ts": "ms"}
                ),
                "bkPx": "bankruptcy_price",
                "deltaBS": "delta",
                "gammaBS": "gamma",
                "vegaBS": "vega",
                "thetaBS": "theta",
                "markVol": "mark_iv",
                "bidVol": "bid_iv",
                "askVol": "ask_iv",
                "fwdPx": "forward",
            },
        ),
    }
)

_SYMBOL = (Symbol("data.symbol"), Symbol("symbol"))
_TIME = Time("data.ms", "ms")
_SIDES = {"buy": BID, "sell": ASK}
_CHECK = Check(CHECKSUM_OKX, "data.checksum")


def _of(
    channel: str,
    *emits: Emit,
    kind: int | None = None,
    number: Values | None = _TIME,
    is_event: bool = False,
    **when: Condition,
) -> Message:
    """Make the message of a channel that has one record, or a few, for each row of its data."""
    return Message(
        channel,
        when={"channel": channel, "data": ANY, **when},
        symbol=_SYMBOL,
        each="data",
        emits=emits,
        kind=kind,
        number=number,
        is_event=is_event,
    )


def _book(
    channel: str, action: Condition, *, is_snapshot: bool, is_checked: bool = True
) -> Message:
    return Message(
        channel,
        when={"channel": channel, "action": action, "data": ANY},
        symbol=_SYMBOL,
        each="data",
        book=Book(is_snapshot=is_snapshot, check=_CHECK if is_checked else None),
        emits=levels(
            bids="bids",
            asks="asks",
            time=_TIME,
            change_id=Whole("data.id"),
            previous=None if is_snapshot else Whole("data.previous_id"),
        ),
        number=Whole("data.id"),
    )


def _books() -> list[Message]:
    messages: list[Message] = []
    for channel in ("books", "books-l2-tbt", "books50-l2-tbt"):
        messages.append(_book(channel, "update", is_snapshot=False))
        messages.append(_book(channel, "snapshot", is_snapshot=True))
    messages.append(_book("books5", NONE, is_snapshot=True, is_checked=False))
    return messages


_TRADE = Emit(
    TRADE,
    time=_TIME,
    side=Code("data.side", _SIDES),
    price=Price("data.price"),
    size=Size("data.size"),
    trade_id=Whole("data.trade_id"),
)

OKX = Dialect(
    _SHAPE,
    [
        *_books(),
        _of("trades", _TRADE, number=Whole("data.trade_id"), is_event=True),
        _of("trades-all", _TRADE, number=Whole("data.trade_id"), is_event=True),
        _of(
            "bbo-tbt",
            Emit(
                QUOTE,
                time=_TIME,
                flags=TOB | LAST,
                bid_price=Price("bids[0].price"),
                bid_size=Size("bids[0].size"),
                ask_price=Price("asks[0].price"),
                ask_size=Size("asks[0].size"),
            ),
            number=(Whole("data.id"), _TIME),
        ),
        _of(
            "tickers",
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
        _of("mark-price", Emit(MARK, time=_TIME, mark_price=Price("data.mark"))),
        _of(
            "index-tickers",
            Emit(INDEX, time=_TIME, price=Price("data.index")),
            kind=INDEX_INSTRUMENT,
        ),
        _of(
            "funding-rate",
            Emit(
                FUNDING,
                time=_TIME,
                funding_rate=Rate("data.rate"),
                next_funding_ns=Time("data.funding_ms", "ms"),
            ),
        ),
        _of(
            "open-interest",
            Emit(OPEN_INTEREST, time=_TIME, open_interest=Size("data.open_interest")),
        ),
        _of(
            "price-limit",
            Emit(
                LIMITS,
                time=_TIME,
                min_price=Price("data.lowest"),
                max_price=Price("data.highest"),
            ),
        ),
        _of(
            "liquidation-orders",
            Emit(
                LIQUIDATION,
                rows="details",
                time=Time("details.ms", "ms"),
                side=Code("details.side", _SIDES),
                price=Price("details.price"),
                size=Size("details.size"),
            ),
            number=None,
        ),
        _of(
            "opt-summary",
            Emit(
                GREEKS,
                time=_TIME,
                delta=Rate("data.delta"),
                gamma=Rate("data.gamma"),
                vega=Rate("data.vega"),
                theta=Rate("data.theta"),
            ),
            Emit(
                VOLATILITY,
                time=_TIME,
                mark_iv=Rate("data.mark_iv"),
                bid_iv=Rate("data.bid_iv"),
                ask_iv=Rate("data.ask_iv"),
                underlying_price=Price("data.forward"),
            ),
        ),
        # Answers, errors, notices, and channels that have no record of their own.
        Message("event", when={"event": ANY}),
        Message("status", when={"channel": "status"}),
        Message("instruments", when={"channel": "instruments"}),
    ],
    kinds=[
        SymbolKind(PERPETUAL, suffix="-SWAP"),
        SymbolKind(OPTION, suffix="-C", dashes=4),
        SymbolKind(OPTION, suffix="-P", dashes=4),
        SymbolKind(SPOT, dashes=1),
        SymbolKind(FUTURE, dashes=2),
    ],
    kind=SPOT,
    plain=["pong"],
)
"""OKX, all products."""
