"""What Coinbase Derivatives' messages mean.

A put is an order that is new, or one that rests and is from now on as the message says, last in its queue: an ``order``
record with A either way. What executions leave of a resting order, the venue says by puts and deletions; the orders that
a trade names are in its own message alone.

A snapshot of an instrument begins with a message that defines it, and which is an R of its orders, whose ``order_id`` is
the last message in the snapshot; its orders follow, and an N that ends it. Which instrument they are of, the packet says.

Implied orders are the two best prices of a side, always both: levels of an instrument of its own, as an implied book. No
message has both sides of it, so it is never proven.
"""

from __future__ import annotations

from zerofeed.codecs.coinbase_derivatives.schema import PACKET, SCHEMA
from zerofeed.codecs.sbe.dialect import Dialect
from zerofeed.codecs.sbe.meaning import (
    Bits,
    Code,
    Constant,
    Definition,
    Emit,
    Magnitude,
    Message,
    Price,
    Row,
    Sent,
    Sign,
    Time,
    Value,
    Whole,
)
from zerofeed.records import statistics as told
from zerofeed.records.flags import LAST, SNAPSHOT
from zerofeed.records.instruments import COMBO, FUTURE, OPTION
from zerofeed.records.kinds import (
    ACTION_ADD,
    ACTION_CANCEL,
    ACTION_CLEAR,
    ACTION_MODIFY,
    ACTION_NONE,
    ACTION_TRADE,
    ASK,
    BID,
    COMBO_LEG,
    LEVEL,
    LIMITS,
    MARK,
    NO_SIDE,
    OPEN_INTEREST,
    ORDER,
    STATISTIC,
    STATUS,
    TRADE,
    TRADE_BREAK,
)

__all__ = ["COINBASE_DERIVATIVES", "IMPLIED_BITS", "PRICE_EXPONENT"]

PRICE_EXPONENT = -9
IMPLIED_BITS = 1 << 40
"""Turned in the key of an instrument for that of its implied orders."""

_ID = "instrHeader.instrumentId"
_END = ("instrHeader.flags", "endOfTransaction")
_TIME = Time("instrHeader.transactTime", "ns")
_SIDE = Code("instrHeader.side", {"BUY": BID, "SELL": ASK})
_CLEAR = Emit(ORDER, when={"instrHeader.flags": Bits("clearBook")}, time=_TIME, action=ACTION_CLEAR)
_SENT = Time("sendingTime", "ns")
_STATISTICS: dict[str | int, int] = {
    "DAY_OPENING_PRICE": told.OPENING_PRICE,
    "CLOSING_PRICE": told.CLOSING_PRICE,
    "SETTLEMENT_PRICE": told.SETTLEMENT_PRICE,
    "TRADING_SESSION_HIGH_PRICE": told.SESSION_HIGH_PRICE,
    "TRADING_SESSION_LOW_PRICE": told.SESSION_LOW_PRICE,
    "REFERENCE_PRICE": told.REFERENCE_PRICE,
    "INDICATIVE_OPENING_PRICE": told.INDICATIVE_OPENING_PRICE,
}


def _message(name: str, *emits: Emit) -> Message:
    return Message(name, symbol=_ID, last=_END, emits=[_CLEAR, *emits])


def _definition(kind: int, option_type: Code | int = 0, **columns: Value) -> Definition:
    definition = Definition(
        "symbol",
        kind=kind,
        price_exponent=PRICE_EXPONENT,
        option_type=option_type,
        texts={"base": "productCode"},
        expiry_ns=Time("lastTradingSessionDate", "days"),
        created_ns=Time("firstTradingSessionDate", "days"),
    )
    definition.columns |= columns
    return definition


def _future() -> Definition:
    definition = _definition(FUTURE, tick_size=Price("tickSize"))
    definition.texts |= {"quote": "currency", "settlement": "currency"}
    return definition


def _spread() -> Definition:
    definition = _definition(COMBO, tick_size=Price("tickSize"))
    definition.texts |= {"quote": "currency", "settlement": "currency"}
    return definition


def _option() -> Definition:
    # One bit says call or put.
    return _definition(OPTION, tick_size=Price("smallTick"), strike_price=Price("strikePrice"))


def _state(time: Time, flags: int = 0) -> Emit:
    return Emit(STATUS, time=time, flags=flags, state=Whole("tradingStatus"))


def _limits(time: Time, flags: int = 0) -> Emit:
    return Emit(
        LIMITS,
        time=time,
        flags=flags,
        min_price=Price("limitDownPrice"),
        max_price=Price("limitUpPrice"),
    )


def _settlement(time: Time, flags: int = 0) -> Emit:
    return Emit(MARK, time=time, flags=flags, settlement_price=Price("settlementPrice"))


def _legs(time: Time, flags: int = 0) -> list[Emit]:
    return [
        Emit(
            COMBO_LEG,
            time=time,
            flags=flags,
            leg_instrument=Row(f"leg{place + 1}InstrumentId"),
            leg_index=Constant(place),
            leg_count=Constant(2),
        )
        for place in range(2)
    ]


def _figure(number: int, source: str, *, is_size: bool = False) -> Emit:
    emit = Emit(STATISTIC, time=_SENT, flags=SNAPSHOT, statistic=Constant(number))
    emit.body["size" if is_size else "price"] = Whole(source) if is_size else Price(source)
    return emit


def _of_snapshot(name: str, definition: Definition, *emits: Emit) -> Message:
    """Say what begins a snapshot."""
    return Message(
        name,
        symbol="snapshotInstrumentId",
        defines=definition,
        emits=[
            _state(_SENT, SNAPSHOT),
            *emits,
            Emit(
                ORDER,
                time=_SENT,
                action=ACTION_CLEAR,
                flags=SNAPSHOT,
                order_id=Whole("seqNum"),
            ),
        ],
    )


def _implied_level(price: str, size: str) -> Emit:
    return Emit(
        LEVEL,
        time=_TIME,
        side=_SIDE,
        when={f"{price}.price": Sent()},
        action=ACTION_ADD,
        price=Price(price),
        size=Whole(size),
    )


COINBASE_DERIVATIVES = Dialect(
    SCHEMA,
    [
        Message(
            "OutrightInstrumentDefinition",
            symbol=_ID,
            last=_END,
            defines=_future(),
            emits=[_state(_TIME), _limits(_TIME), _settlement(_TIME)],
        ),
        Message(
            "SpreadInstrumentDefinition",
            symbol=_ID,
            last=_END,
            defines=_spread(),
            emits=[_state(_TIME), _limits(_TIME), _settlement(_TIME), *_legs(_TIME)],
        ),
        *(
            Message(
                "OptionInstrumentDefinition",
                when={"definitionFlags": Bits("isCall", is_set=is_call)},
                symbol=_ID,
                last=_END,
                defines=_definition(
                    OPTION,
                    ord("C") if is_call else ord("P"),
                    tick_size=Price("smallTick"),
                    strike_price=Price("strikePrice"),
                ),
                emits=[_state(_TIME), _settlement(_TIME)],
            )
            for is_call in (True, False)
        ),
        _message("TradingStatusUpdate", _state(_TIME), _limits(_TIME)),
        _message(
            "OrderPut",
            Emit(
                ORDER,
                time=_TIME,
                side=_SIDE,
                action=ACTION_ADD,
                order_id=Whole("orderId"),
                price=Price("price"),
                size=Whole("quantity"),
            ),
        ),
        _message(
            "OrderDelete",
            Emit(ORDER, time=_TIME, side=_SIDE, action=ACTION_CANCEL, order_id=Whole("orderId")),
        ),
        Message(
            "ImpliedOrderUpdate",
            symbol=_ID,
            key_bits=IMPLIED_BITS,
            last=_END,
            emits=[
                Emit(LEVEL, time=_TIME, side=_SIDE, action=ACTION_CLEAR),
                _implied_level("bestPrice", "bestQty"),
                _implied_level("nextPrice", "nextQty"),
            ],
        ),
        _message("TradeSummary"),
        _message(
            "Trade",
            Emit(
                TRADE,
                time=_TIME,
                side=_SIDE,
                action=ACTION_TRADE,
                price=Price("price"),
                size=Whole("quantity"),
                trade_id=Whole("matchId"),
                trade_seq=Whole("instrHeader.instrSeqNum"),
            ),
        ),
        *(
            _message(
                name,
                Emit(
                    TRADE_BREAK,
                    time=_TIME,
                    side=_SIDE,
                    action=ACTION_MODIFY,
                    price=Price("newPrice"),
                    trade_id=Whole("matchId"),
                    trade_seq=Whole("instrHeader.instrSeqNum"),
                ),
            )
            for name in ("TradeAmend", "SpreadTradeAmend")
        ),
        _message(
            "TradeBust",
            Emit(
                TRADE_BREAK,
                time=_TIME,
                side=_SIDE,
                action=ACTION_CANCEL,
                trade_id=Whole("matchId"),
                trade_seq=Whole("instrHeader.instrSeqNum"),
            ),
        ),
        _message(
            "MarketStat",
            Emit(
                STATISTIC,
                time=_TIME,
                price=Price("price"),
                statistic=Code("statType", _STATISTICS),
            ),
        ),
        _message(
            "TradeSessionVolume",
            Emit(
                STATISTIC,
                time=_TIME,
                size=Whole("tradeVolume"),
                statistic=Constant(told.SESSION_VOLUME),
            ),
            Emit(STATISTIC, time=_TIME, price=Price("vwapPrice"), statistic=Constant(told.VWAP)),
        ),
        _message("OpenInterest", Emit(OPEN_INTEREST, time=_TIME, open_interest=Whole("quantity"))),
        _of_snapshot("StartOfOutrightInstrumentSnapshot", _future()),
        _of_snapshot("StartOfSpreadInstrumentSnapshot", _spread(), *_legs(_SENT, SNAPSHOT)),
        _of_snapshot("StartOfOptionInstrumentSnapshot", _option()),
        Message(
            "OrderSnapshot",
            symbol="snapshotInstrumentId",
            emits=[
                Emit(
                    ORDER,
                    time=Time("transactTime", "ns"),
                    side=Sign("quantity"),
                    action=ACTION_ADD,
                    flags=SNAPSHOT,
                    order_id=Whole("orderId"),
                    price=Price("price"),
                    size=Magnitude("quantity"),
                )
            ],
        ),
        Message(
            "EndOfSnapshot",
            symbol="snapshotInstrumentId",
            emits=[
                _limits(_SENT, SNAPSHOT),
                _settlement(_SENT, SNAPSHOT),
                Emit(
                    OPEN_INTEREST,
                    time=_SENT,
                    flags=SNAPSHOT,
                    open_interest=Whole("openInterest"),
                ),
                _figure(told.SESSION_VOLUME, "tradeVolume", is_size=True),
                _figure(told.INDICATIVE_OPENING_PRICE, "indicativeOpenPrice"),
                _figure(told.OPENING_PRICE, "dayOpenPrice"),
                _figure(told.CLOSING_PRICE, "closePrice"),
                _figure(told.SESSION_LOW_PRICE, "lowPrice"),
                _figure(told.SESSION_HIGH_PRICE, "highPrice"),
                _figure(told.VWAP, "vwapPrice"),
                Emit(
                    ORDER,
                    time=_SENT,
                    side=NO_SIDE,
                    action=ACTION_NONE,
                    flags=SNAPSHOT | LAST,
                    order_id=Whole("seqNum"),
                ),
            ],
        ),
        Message("EndOfCycle"),
        Message("RetransmitRequest"),
        Message("RetransmitReject"),
    ],
    price_exponent=PRICE_EXPONENT,
    size_exponent=0,
    length_member="frameLength",
    head=PACKET,
)
"""Every message."""
