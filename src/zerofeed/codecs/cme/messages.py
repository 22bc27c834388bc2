"""What CME's other messages mean: definitions, states, statistics, limits, requests for quotes.

A figure of the session is a ``statistic`` record, the open interest a record of its own kind; its action says whether the
figure is new, changed or withdrawn. A state that names no instrument is one of its group: the group is then an
instrument without a definition of its own, by its name.

Prices have nine decimals, sizes none. What a contract is worth (UnitOfMeasureQty) may have decimals, and stays in the
message.
"""

from __future__ import annotations

from collections.abc import Mapping

from zerofeed.codecs.cme._layout import PRICE_EXPONENT
from zerofeed.codecs.cme.schema import SCHEMA
from zerofeed.codecs.sbe.dialect import Dialect
from zerofeed.codecs.sbe.meaning import (
    Code,
    Condition,
    Constant,
    Definition,
    Emit,
    Message,
    Pick,
    Price,
    Row,
    Time,
    Value,
    Whole,
)
from zerofeed.records import flags
from zerofeed.records import statistics as told
from zerofeed.records.instruments import COMBO, FUTURE, OPTION, SPOT, UNKNOWN_INSTRUMENT
from zerofeed.records.kinds import (
    ACTION_ADD,
    ACTION_CANCEL,
    ACTION_MODIFY,
    ASK,
    BID,
    COMBO_LEG,
    INSTRUMENT,
    LIMITS,
    OPEN_INTEREST,
    RFQ,
    STATISTIC,
    STATUS,
)

__all__ = ["CME_OTHERS"]

_ENTRIES = "NoMDEntries"
_END = ("MatchEventIndicator", "EndOfEvent")
_TIME = Time("TransactTime", "ns")
_ACTION = Code(
    "MDUpdateAction", {"New": ACTION_ADD, "Change": ACTION_MODIFY, "Delete": ACTION_CANCEL}
)
_PRICES = {
    "SettlementPrice": told.SETTLEMENT_PRICE,
    "FixingPrice": told.FIXING_PRICE,
    "TradingSessionHighPrice": told.SESSION_HIGH_PRICE,
    "TradingSessionLowPrice": told.SESSION_LOW_PRICE,
    "SessionHighBid": told.HIGHEST_BID,
    "SessionLowOffer": told.LOWEST_OFFER,
    "VWAP": told.VWAP,
}
_SIZES = {"ClearedVolume": told.CLEARED_VOLUME, "ElectronicVolume": told.SESSION_VOLUME}
_SESSION = {
    "HighTrade": told.SESSION_HIGH_PRICE,
    "LowTrade": told.SESSION_LOW_PRICE,
    "VWAP": told.VWAP,
    "HighestBid": told.HIGHEST_BID,
    "LowestOffer": told.LOWEST_OFFER,
}
_OPENING = {
    "DailyOpenPrice": told.OPENING_PRICE,
    "IndicativeOpeningPrice": told.INDICATIVE_OPENING_PRICE,
}


def _price(when: str, number: int, flag: str | None = None) -> Emit:
    return _statistic(when, number, "price", Price("MDEntryPx"), flag)


def _size(when: str, number: int) -> Emit:
    return _statistic(when, number, "size", Whole("MDEntrySize"))


def _statistic(when: str, number: int, column: str, figure: Value, flag: str | None = None) -> Emit:
    conditions: dict[str, Condition] = {"MDEntryType": when}
    if flag is not None:
        conditions["OpenCloseSettlFlag"] = flag
    emit = Emit(STATISTIC, when=conditions, time=_TIME, action=_ACTION, statistic=Constant(number))
    emit.body[column] = figure
    return emit


def _of_day(emit: Emit) -> Emit:
    emit.body["reference_ns"] = Time("TradingReferenceDate", "days")
    return emit


def _entries(name: str, emits: list[Emit], group: str = _ENTRIES) -> Message:
    return Message(name, symbol="SecurityID", each=group, emits=emits, last=_END)


def _daily(name: str) -> Message:
    return _entries(
        name,
        [
            *(_of_day(_price(each, _PRICES[each])) for each in ("SettlementPrice", "FixingPrice")),
            _of_day(_size("ClearedVolume", told.CLEARED_VOLUME)),
            Emit(
                OPEN_INTEREST,
                when={"MDEntryType": "OpenInterest"},
                time=_TIME,
                action=_ACTION,
                open_interest=Whole("MDEntrySize"),
            ),
        ],
    )


def _session(name: str) -> Message:
    return _entries(
        name,
        [
            *(_price(each, number) for each, number in _SESSION.items()),
            *(_price("OpenPrice", number, flag) for flag, number in _OPENING.items()),
        ],
    )


def _volume(name: str) -> Message:
    return _entries(
        name,
        [
            Emit(
                STATISTIC,
                time=_TIME,
                action=_ACTION,
                size=Whole("MDEntrySize"),
                statistic=Constant(told.SESSION_VOLUME),
            )
        ],
    )


def _limits(*, rows: str | None = None, time: Time | None = _TIME, flag: int = 0) -> Emit:
    return Emit(
        LIMITS,
        rows=rows,
        time=time,
        flags=flag,
        min_price=Price("LowLimitPrice"),
        max_price=Price("HighLimitPrice"),
    )


def _snapshot(name: str, *, has_state: bool, has_day: bool) -> Message:
    """Say what a snapshot has beside its books."""
    shown = flags.SNAPSHOT
    emits = []
    if has_state:
        emits.append(Emit(STATUS, time=_TIME, flags=shown, state=Whole("MDSecurityTradingStatus")))
    emits.append(_limits(flag=shown))
    figures = [
        *(_price(each, number) for each, number in _PRICES.items()),
        *(_size(each, number) for each, number in _SIZES.items()),
        *(_price("OpenPrice", number, flag) for flag, number in _OPENING.items()),
    ]
    for each in figures:
        # Its entries have no action.
        each.rows, each.action, each.flags = _ENTRIES, None, shown
        emits.append(_of_day(each) if has_day else each)
    emits.append(
        Emit(
            OPEN_INTEREST,
            rows=_ENTRIES,
            when={"MDEntryType": "OpenInterest"},
            time=_TIME,
            flags=shown,
            open_interest=Whole("MDEntrySize"),
        )
    )
    return Message(name, symbol="SecurityID", emits=emits)


def _definition(
    name: str,
    kind: int,
    *,
    texts: Mapping[str, str] | None = None,
    option_type: Code | int = 0,
    emits: list[Emit] | None = None,
    **columns: Value,
) -> Message:
    updated = Time("LastUpdateTime", "ns")
    definition = Definition(
        "Symbol",
        kind=kind,
        price_exponent=PRICE_EXPONENT,
        option_type=option_type,
        texts={"base": "Asset", "quote": "Currency", **(texts or {})},
        depth=Pick("NoMDFeedTypes", Whole("MarketDepth"), {"MDFeedType": "GBX"}),
        tick_size=Price("MinPriceIncrement"),
        min_size=Whole("MinTradeVol"),
        expiry_ns=Pick("NoEvents", Time("EventTime", "ns"), {"EventType": "LastEligibleTradeDate"}),
        created_ns=Pick("NoEvents", Time("EventTime", "ns"), {"EventType": "Activation"}),
    )
    definition.columns |= columns
    return Message(
        name,
        symbol="SecurityID",
        last=_END,
        defines=definition,
        emits=[
            Emit(
                INSTRUMENT,
                when={"SecurityUpdateAction": "Delete"},
                time=updated,
                action=ACTION_CANCEL,
                tick_size=Price("MinPriceIncrement"),
                min_size=Whole("MinTradeVol"),
            ),
            Emit(STATUS, time=updated, state=Whole("MDSecurityTradingStatus")),
            _limits(time=updated),
            *(emits or []),
        ],
    )


_SETTLEMENT = {"settlement": "SettlCurrency"}
_CALLS = Code("PutOrCall", {"Put": ord("P"), "Call": ord("C")})
_LEGS = [
    Emit(
        COMBO_LEG,
        rows="NoLegs",
        time=Time("LastUpdateTime", "ns"),
        side=Code("LegSide", {"BuySide": BID, "SellSide": ASK}),
        leg_instrument=Row("LegSecurityID"),
        leg_ratio=Whole("LegRatioQty"),
    )
]
_STATE = Emit(
    STATUS,
    time=_TIME,
    state=Whole("SecurityTradingStatus"),
    state_reason=Whole("HaltReason"),
)

CME_OTHERS = Dialect(
    SCHEMA,
    [
        Message("ChannelReset4"),
        Message("AdminHeartbeat12", is_heartbeat=True),
        Message("AdminLogin15", is_heartbeat=True),
        Message("AdminLogout16", is_heartbeat=True),
        Message(
            "SecurityStatus30",
            when={"SecurityID": None},
            symbol="SecurityGroup",
            emits=[_STATE],
            last=_END,
        ),
        Message("SecurityStatus30", symbol="SecurityID", emits=[_STATE], last=_END),
        Message("SecurityStatusWorkup60", symbol="SecurityID", emits=[_STATE], last=_END),
        _volume("MDIncrementalRefreshVolume37"),
        _volume("MDIncrementalRefreshVolumeLongQty66"),
        _entries(
            "QuoteRequest39",
            [Emit(RFQ, time=_TIME, size=Whole("OrderQty"), side=Code("Side", {1: BID, 2: ASK}))],
            "NoRelatedSym",
        ),
        _daily("MDIncrementalRefreshDailyStatistics33"),
        _daily("MDIncrementalRefreshDailyStatistics49"),
        _entries("MDIncrementalRefreshLimitsBanding34", [_limits()]),
        _entries("MDIncrementalRefreshLimitsBanding50", [_limits()]),
        _session("MDIncrementalRefreshSessionStatistics35"),
        _session("MDIncrementalRefreshSessionStatistics51"),
        _session("MDIncrementalRefreshSessionStatisticsLongQty67"),
        _snapshot("SnapshotFullRefresh38", has_state=True, has_day=True),
        _snapshot("SnapshotFullRefresh52", has_state=True, has_day=True),
        _snapshot("SnapshotFullRefreshTCP61", has_state=False, has_day=True),
        _snapshot("SnapshotFullRefreshTCPLongQty68", has_state=False, has_day=False),
        _snapshot("SnapshotFullRefreshLongQty69", has_state=True, has_day=False),
        _definition("MDInstrumentDefinitionFuture27", FUTURE, texts=_SETTLEMENT),
        _definition("MDInstrumentDefinitionSpread29", COMBO, emits=_LEGS),
        _definition(
            "MDInstrumentDefinitionOption41",
            OPTION,
            texts=_SETTLEMENT,
            option_type=_CALLS,
            strike_price=Price("StrikePrice"),
        ),
        _definition("MDInstrumentDefinitionFuture54", FUTURE, texts=_SETTLEMENT),
        _definition(
            "MDInstrumentDefinitionOption55",
            OPTION,
            texts=_SETTLEMENT,
            option_type=_CALLS,
            strike_price=Price("StrikePrice"),
        ),
        _definition("MDInstrumentDefinitionSpread56", COMBO, emits=_LEGS),
        _definition("MDInstrumentDefinitionFixedIncome57", UNKNOWN_INSTRUMENT, texts=_SETTLEMENT),
        _definition("MDInstrumentDefinitionRepo58", UNKNOWN_INSTRUMENT, texts=_SETTLEMENT),
        _definition("MDInstrumentDefinitionFX63", SPOT, texts=_SETTLEMENT),
        Message("CollateralMarketValue62"),
    ],
    price_exponent=PRICE_EXPONENT,
    size_exponent=0,
    length_member="MsgSize",
)
"""All that are not read by the kernels of ``_book_kernels``, and what those leave of snapshots."""
