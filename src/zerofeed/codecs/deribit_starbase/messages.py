"""What the messages of Deribit's Starbase mean.

Sizes have the exponent that the definition says, so messages of an instrument make records only once it is defined. A
put is an order that is new, or one that rests and is from now on as the message says: an ``order`` record with A either way,
whose priority is the venue's ``sortOrderId``. What executions leave of a resting order, the venue says by puts, reductions and
deletions.

A snapshot begins with an R, whose ``order_id`` is the last message in it, and ends with an N. The definition comes between,
so the first snapshot of an instrument that was not known makes records from there on, without R.
"""

from __future__ import annotations

from zerofeed.codecs.deribit_starbase.schema import SCHEMA
from zerofeed.codecs.sbe.dialect import Dialect
from zerofeed.codecs.sbe.meaning import (
    Bits,
    Code,
    Condition,
    Definition,
    Emit,
    Message,
    Price,
    Real,
    Row,
    Time,
    Whole,
)
from zerofeed.records import flags
from zerofeed.records.instruments import (
    COMBO,
    FUTURE,
    INDEX_INSTRUMENT,
    OPTION,
    PERPETUAL,
    SPOT,
)
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
    FUNDING,
    LIMITS,
    LIQUIDATION,
    MARK,
    ORDER,
    STATUS,
    TRADE,
)

__all__ = ["INDEX_BITS", "PRICE_EXPONENT", "STARBASE"]

PRICE_EXPONENT = -9
INDEX_BITS = 1 << 60
"""Turned in the key of an index, whose numbers are its own."""

_ID = "instrumentId"
_TIME = Time("transactTime", "ns")
_END = ("head.flags", "endOfTransaction")
_KINDS = Code(
    "type",
    {
        "PERP_FUTURE": PERPETUAL,
        "OPTION": OPTION,
        "SPOT": SPOT,
        "FUTURE_COMBO": COMBO,
        "OPTION_COMBO": COMBO,
        "DATED_FUTURE": FUTURE,
    },
)


def _message(name: str, *emits: Emit) -> Message:
    return Message(name, symbol=_ID, is_known=True, last=_END, emits=emits)


def _definition(option_type: int, when: dict[str, Condition]) -> Message:
    return Message(
        "InstrumentDefinition",
        when=when,
        symbol=_ID,
        last=_END,
        defines=Definition(
            "name",
            kind=_KINDS,
            price_exponent=PRICE_EXPONENT,
            size_exponent="quantityExponent",
            option_type=option_type,
            texts={"base": "quantityAsset", "quote": "priceAsset"},
            tick_size=Price("tickSize"),
            min_size=Whole("minOrderQuantity"),
            strike_price=Price("strikePrice"),
            expiry_ns=Time("expiryTime", "ns"),
        ),
        emits=[
            Emit(STATUS, time=_TIME, state=Whole("status")),
            Emit(
                COMBO_LEG,
                rows="legs",
                time=_TIME,
                leg_instrument=Row("legInstrumentId"),
                leg_ratio=Whole("ratio"),
            ),
        ],
    )


def _put(name: str, side: int) -> Message:
    return _message(
        name,
        Emit(
            ORDER,
            time=_TIME,
            side=side,
            action=ACTION_ADD,
            order_id=Whole("orderId"),
            price=Price("price"),
            size=Whole("quantityMantissa"),
            priority=Whole("sortOrderId"),
        ),
    )


def _reduced(name: str, side: int) -> Message:
    return _message(
        name,
        Emit(
            ORDER,
            time=_TIME,
            side=side,
            action=ACTION_MODIFY,
            order_id=Whole("orderId"),
            size=Whole("quantityMantissa"),
        ),
    )


def _deleted(name: str, side: int) -> Message:
    return _message(
        name,
        Emit(ORDER, time=_TIME, side=side, action=ACTION_CANCEL, order_id=Whole("orderId")),
    )


def _trade(name: str, source: str, *, is_of_taker: bool, others: tuple[Emit, ...] = ()) -> Message:
    """Say what a trade is; its flags are the taker's or the maker's, who is on the other side."""
    emits = []
    for is_sell in (False, True):
        side = ASK if is_sell is is_of_taker else BID
        emits.append(
            Emit(
                TRADE,
                when={source: Bits("isSell", is_set=is_sell)},
                time=_TIME,
                side=side,
                action=ACTION_TRADE,
                price=Price("fillPrice"),
                size=Whole("fillQtyMantissa"),
                trade_id=Whole("matchId"),
            )
        )
    emits.append(
        Emit(
            LIQUIDATION,
            when={source: Bits("isLiquidation")},
            time=_TIME,
            price=Price("fillPrice"),
            size=Whole("fillQtyMantissa"),
            trade_id=Whole("matchId"),
        )
    )
    return _message(name, *emits, *others)


def _marks() -> Emit:
    return Emit(MARK, time=_TIME, mark_price=Price("markPrice"), index_price=Price("indexPrice"))


_SORTS: tuple[tuple[int, dict[str, Condition]], ...] = (
    (ord("P"), {"type": "OPTION", "flags": Bits("isPutOption")}),
    (ord("C"), {"type": "OPTION"}),
    (0, {}),
)

STARBASE = Dialect(
    SCHEMA,
    [
        *(_definition(option_type, when) for option_type, when in _SORTS),
        Message(
            "IndexDefinition",
            symbol="indexId",
            key_bits=INDEX_BITS,
            last=_END,
            defines=Definition("name", kind=INDEX_INSTRUMENT, price_exponent=PRICE_EXPONENT),
        ),
        _message(
            "InstrumentInfo",
            Emit(
                LIMITS,
                time=_TIME,
                min_price=Price("minSellPrice"),
                max_price=Price("maxBuyPrice"),
            ),
            _marks(),
        ),
        _message(
            "InstrumentRef",
            Emit(
                FUNDING,
                time=_TIME,
                funding_rate=Real("currentFunding"),
                funding_rate_8h=Real("funding8h"),
            ),
            Emit(
                MARK,
                time=_TIME,
                settlement_price=Price("settlementPrice"),
                estimated_delivery_price=Price("estimatedDeliveryPrice"),
            ),
            Emit(LIMITS, time=_TIME, delivery_price=Price("deliveryPrice")),
        ),
        _message("InstrumentStatusUpdate", Emit(STATUS, time=_TIME, state=Whole("tradingStatus"))),
        _put("BidPut", BID),
        _put("AskPut", ASK),
        _reduced("BidQtyReduced", BID),
        _reduced("AskQtyReduced", ASK),
        _deleted("BidDelete", BID),
        _deleted("AskDelete", ASK),
        _message("TradeSummary", _marks()),
        _trade("Trade", "makerFlags", is_of_taker=False),
        _trade("BlockTrade", "takerFlags", is_of_taker=True, others=(_marks(),)),
        Message(
            "SnapshotHeader",
            symbol=_ID,
            is_known=True,
            emits=[
                Emit(
                    ORDER,
                    time=_TIME,
                    action=ACTION_CLEAR,
                    flags=flags.SNAPSHOT,
                    order_id=Whole("incrementalSeqNum"),
                )
            ],
        ),
        Message(
            "SnapshotTrailer",
            symbol=_ID,
            is_known=True,
            emits=[
                Emit(
                    ORDER,
                    time=_TIME,
                    action=ACTION_NONE,
                    flags=flags.SNAPSHOT | flags.LAST,
                    order_id=Whole("incrementSeqNum"),
                )
            ],
        ),
        Message("EndOfCycle"),
        Message("RetransmitRequest"),
        Message("RetransmitReject"),
    ],
    price_exponent=PRICE_EXPONENT,
    size_exponent=0,
    length_member="messageLength",
)
"""Every message."""
