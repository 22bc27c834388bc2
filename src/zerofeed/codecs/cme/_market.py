"""CME's messages other than definitions: those that are sent now, and those of versions 5 to 8 (FORMER)."""

from __future__ import annotations

__all__ = ["FORMER", "MARKET"]

MARKET = """\
message 4 ChannelReset4 block 9
  TransactTime uInt64
  MatchEventIndicator MatchEventIndicator
  group NoMDEntries groupSize block 2
    MDUpdateAction MDUpdateTypeNew since 2
    MDEntryType MDEntryTypeChannelReset
    ApplID Int16 since 3
message 12 AdminHeartbeat12 block 0
message 15 AdminLogin15 block 1
  HeartBtInt Int8
message 16 AdminLogout16 block 180
  Text Text
message 30 SecurityStatus30 block 30 since 2
  TransactTime uInt64
  SecurityGroup SecurityGroup
  Asset Asset
  SecurityID Int32NULL
  TradeDate LocalMktDate
  MatchEventIndicator MatchEventIndicator
  SecurityTradingStatus SecurityTradingStatus
  HaltReason HaltReason
  SecurityTradingEvent SecurityTradingEvent
message 37 MDIncrementalRefreshVolume37 block 11 since 2
  TransactTime uInt64
  MatchEventIndicator MatchEventIndicator
  group NoMDEntries groupSize block 16
    MDEntrySize Int32
    SecurityID Int32
    RptSeq uInt32
    MDUpdateAction MDUpdateAction
    MDEntryType MDEntryTypeVol
message 39 QuoteRequest39 block 35 since 3
  TransactTime uInt64
  QuoteReqID QuoteReqId
  MatchEventIndicator MatchEventIndicator
  group NoRelatedSym groupSize block 32
    Symbol Symbol
    SecurityID Int32
    OrderQty Int32NULL
    QuoteType Int8
    Side Int8NULL
message 46 MDIncrementalRefreshBook46 block 11 since 9
  TransactTime uInt64
  MatchEventIndicator MatchEventIndicator
  group NoMDEntries groupSize block 32
    MDEntryPx PRICENULL9
    MDEntrySize Int32NULL
    SecurityID Int32
    RptSeq uInt32
    NumberOfOrders Int32NULL
    MDPriceLevel uInt8
    MDUpdateAction MDUpdateAction
    MDEntryType MDEntryTypeBook
    TradeableSize Int32NULL since 10
  group NoOrderIDEntries groupSize8Byte block 24
    OrderID uInt64
    MDOrderPriority uInt64NULL
    MDDisplayQty Int32NULL
    ReferenceID uInt8NULL
    OrderUpdateAction OrderUpdateAction
message 47 MDIncrementalRefreshOrderBook47 block 11 since 9
  TransactTime uInt64
  MatchEventIndicator MatchEventIndicator
  group NoMDEntries groupSize block 40
    OrderID uInt64NULL
    MDOrderPriority uInt64NULL
    MDEntryPx PRICENULL9
    MDDisplayQty Int32NULL
    SecurityID Int32
    MDUpdateAction MDUpdateAction
    MDEntryType MDEntryTypeBook
message 48 MDIncrementalRefreshTradeSummary48 block 11 since 9
  TransactTime uInt64
  MatchEventIndicator MatchEventIndicator
  group NoMDEntries groupSize block 32
    MDEntryPx PRICE9
    MDEntrySize Int32
    SecurityID Int32
    RptSeq uInt32
    NumberOfOrders Int32
    AggressorSide AggressorSide
    MDUpdateAction MDUpdateAction
    MDEntryType MDEntryTypeTrade
    MDTradeEntryID uInt32NULL
  group NoOrderIDEntries groupSize8Byte block 16
    OrderID uInt64
    LastQty Int32
message 49 MDIncrementalRefreshDailyStatistics49 block 11 since 9
  TransactTime uInt64
  MatchEventIndicator MatchEventIndicator
  group NoMDEntries groupSize block 32
    MDEntryPx PRICENULL9
    MDEntrySize Int32NULL
    SecurityID Int32
    RptSeq uInt32
    TradingReferenceDate LocalMktDate
    SettlPriceType SettlPriceType
    MDUpdateAction MDUpdateAction
    MDEntryType MDEntryTypeDailyStatistics
message 50 MDIncrementalRefreshLimitsBanding50 block 11 since 9
  TransactTime uInt64
  MatchEventIndicator MatchEventIndicator
  group NoMDEntries groupSize block 32
    HighLimitPrice PRICENULL9
    LowLimitPrice PRICENULL9
    MaxPriceVariation PRICENULL9
    SecurityID Int32
    RptSeq uInt32
    MDUpdateAction MDUpdateActionNew
    MDEntryType MDEntryTypeLimits
message 51 MDIncrementalRefreshSessionStatistics51 block 11 since 9
  TransactTime uInt64
  MatchEventIndicator MatchEventIndicator
  group NoMDEntries groupSize block 24
    MDEntryPx PRICE9
    SecurityID Int32
    RptSeq uInt32
    OpenCloseSettlFlag OpenCloseSettlFlag
    MDUpdateAction MDUpdateAction
    MDEntryType MDEntryTypeStatistics
    MDEntrySize Int32NULL
message 52 SnapshotFullRefresh52 block 59 since 9
  LastMsgSeqNumProcessed uInt32
  TotNumReports uInt32
  SecurityID Int32
  RptSeq uInt32
  TransactTime uInt64
  LastUpdateTime uInt64
  TradeDate LocalMktDate
  MDSecurityTradingStatus SecurityTradingStatus
  HighLimitPrice PRICENULL9
  LowLimitPrice PRICENULL9
  MaxPriceVariation PRICENULL9
  group NoMDEntries groupSize block 22
    MDEntryPx PRICENULL9
    MDEntrySize Int32NULL
    NumberOfOrders Int32NULL
    MDPriceLevel Int8NULL
    TradingReferenceDate LocalMktDate
    OpenCloseSettlFlag OpenCloseSettlFlag
    SettlPriceType SettlPriceType
    MDEntryType MDEntryType
message 53 SnapshotFullRefreshOrderBook53 block 28 since 9
  LastMsgSeqNumProcessed uInt32
  TotNumReports uInt32
  SecurityID Int32
  NoChunks uInt32
  CurrentChunk uInt32
  TransactTime uInt64
  group NoMDEntries groupSize block 29
    OrderID uInt64
    MDOrderPriority uInt64NULL
    MDEntryPx PRICE9
    MDDisplayQty Int32
    MDEntryType MDEntryTypeBook
message 59 SnapshotRefreshTopOrders59 block 13 since 10
  TransactTime uInt64
  MatchEventIndicator MatchEventIndicator
  SecurityID Int32
  group NoMDEntries groupSize block 29
    OrderID uInt64
    MDOrderPriority uInt64
    MDEntryPx PRICE9
    MDDisplayQty Int32
    MDEntryType MDEntryTypeBook
message 60 SecurityStatusWorkup60 block 30 since 10
  TransactTime uInt64
  MDEntryPx PRICENULL9
  SecurityID Int32
  MatchEventIndicator MatchEventIndicator
  TradeDate LocalMktDate
  TradeLinkID uInt32
  SecurityTradingStatus WorkupTradingStatus
  HaltReason HaltReason
  SecurityTradingEvent SecurityTradingEvent
  group NoOrderIDEntries groupSize block 10
    OrderID uInt64
    Side Side
    AggressorIndicator AggressorFlag
message 61 SnapshotFullRefreshTCP61 block 37 since 10
  TransactTime uInt64
  MatchEventIndicator MatchEventIndicator
  SecurityID Int32
  HighLimitPrice PRICENULL9
  LowLimitPrice PRICENULL9
  MaxPriceVariation PRICENULL9
  group NoMDEntries groupSize block 26
    MDEntryPx PRICENULL9
    MDEntrySize Int32NULL
    TradeableSize Int32NULL
    NumberOfOrders Int32NULL
    MDPriceLevel Int8NULL
    OpenCloseSettlFlag OpenCloseSettlFlag
    MDEntryType MDEntryType
    TradingReferenceDate LocalMktDate
    SettlPriceType SettlPriceType
message 62 CollateralMarketValue62 block 11 since 11
  TransactTime uInt64
  MatchEventIndicator MatchEventIndicator
  group NoMDEntries groupSize block 40
    UnderlyingSecurityAltID String12
    UnderlyingSecurityAltIDSource SecurityAltIDSource
    CollateralMarketPrice PRICE9
    DirtyPrice PRICE9
    UnderlyingInstrumentGUID uInt64
    MDStreamID PriceSource
message 64 MDIncrementalRefreshBookLongQty64 block 11 since 12
  TransactTime uInt64
  MatchEventIndicator MatchEventIndicator
  group NoMDEntries groupSize block 32
    MDEntryPx PRICENULL9
    MDEntrySize uInt64NULL
    SecurityID Int32
    RptSeq uInt32
    NumberOfOrders Int32NULL
    MDPriceLevel uInt8
    MDUpdateAction MDUpdateAction
    MDEntryType MDEntryTypeBook
  group NoOrderIDEntries groupSize8Byte block 24
    OrderID uInt64
    MDOrderPriority uInt64NULL
    MDDisplayQty Int32NULL
    ReferenceID uInt8NULL
    OrderUpdateAction OrderUpdateAction
message 65 MDIncrementalRefreshTradeSummaryLongQty65 block 11 since 12
  TransactTime uInt64
  MatchEventIndicator MatchEventIndicator
  group NoMDEntries groupSize block 40
    MDEntryPx PRICE9
    MDEntrySize uInt64
    SecurityID Int32
    RptSeq uInt32
    NumberOfOrders Int32
    MDTradeEntryID uInt32
    AggressorSide AggressorSide
    MDUpdateAction MDUpdateAction
    MDEntryType MDEntryTypeTrade
  group NoOrderIDEntries groupSize8Byte block 16
    OrderID uInt64
    LastQty Int32
message 66 MDIncrementalRefreshVolumeLongQty66 block 11 since 12
  TransactTime uInt64
  MatchEventIndicator MatchEventIndicator
  group NoMDEntries groupSize block 24
    MDEntrySize uInt64
    SecurityID Int32
    RptSeq uInt32
    MDUpdateAction MDUpdateAction
    MDEntryType MDEntryTypeVol
message 67 MDIncrementalRefreshSessionStatisticsLongQty67 block 11 since 12
  TransactTime uInt64
  MatchEventIndicator MatchEventIndicator
  group NoMDEntries groupSize block 32
    MDEntryPx PRICE9
    MDEntrySize uInt64NULL
    SecurityID Int32
    RptSeq uInt32
    OpenCloseSettlFlag OpenCloseSettlFlag
    MDUpdateAction MDUpdateAction
    MDEntryType MDEntryTypeStatistics
message 68 SnapshotFullRefreshTCPLongQty68 block 37 since 12
  TransactTime uInt64
  MatchEventIndicator MatchEventIndicator
  SecurityID Int32
  HighLimitPrice PRICENULL9
  LowLimitPrice PRICENULL9
  MaxPriceVariation PRICENULL9
  group NoMDEntries groupSize block 23
    MDEntryPx PRICENULL9
    MDEntrySize uInt64NULL
    NumberOfOrders Int32NULL
    MDPriceLevel uInt8NULL
    OpenCloseSettlFlag OpenCloseSettlFlag
    MDEntryType MDEntryType
message 69 SnapshotFullRefreshLongQty69 block 59 since 12
  LastMsgSeqNumProcessed uInt32
  TotNumReports uInt32
  SecurityID Int32
  RptSeq uInt32
  TransactTime uInt64
  LastUpdateTime uInt64
  TradeDate LocalMktDate
  MDSecurityTradingStatus SecurityTradingStatus
  HighLimitPrice PRICENULL9
  LowLimitPrice PRICENULL9
  MaxPriceVariation PRICENULL9
  group NoMDEntries groupSize block 23
    MDEntryPx PRICENULL9
    MDEntrySize uInt64NULL
    NumberOfOrders Int32NULL
    MDPriceLevel uInt8NULL
    OpenCloseSettlFlag OpenCloseSettlFlag
    MDEntryType MDEntryType
"""

FORMER = """\
message 32 MDIncrementalRefreshBook32 block 11 since 2
  TransactTime uInt64
  MatchEventIndicator MatchEventIndicator
  group NoMDEntries groupSize block 32
    MDEntryPx PRICENULL
    MDEntrySize Int32NULL
    SecurityID Int32
    RptSeq uInt32
    NumberOfOrders Int32NULL
    MDPriceLevel uInt8
    MDUpdateAction MDUpdateAction
    MDEntryType MDEntryTypeBook
  group NoOrderIDEntries groupSize8Byte block 24 since 7
    OrderID uInt64
    MDOrderPriority uInt64NULL
    MDDisplayQty Int32NULL
    ReferenceID uInt8NULL
    OrderUpdateAction OrderUpdateAction
message 33 MDIncrementalRefreshDailyStatistics33 block 11 since 2
  TransactTime uInt64
  MatchEventIndicator MatchEventIndicator
  group NoMDEntries groupSize block 32
    MDEntryPx PRICENULL
    MDEntrySize Int32NULL
    SecurityID Int32
    RptSeq uInt32
    TradingReferenceDate LocalMktDate
    SettlPriceType SettlPriceType
    MDUpdateAction MDUpdateAction
    MDEntryType MDEntryTypeDailyStatistics
message 34 MDIncrementalRefreshLimitsBanding34 block 11 since 2
  TransactTime uInt64
  MatchEventIndicator MatchEventIndicator
  group NoMDEntries groupSize block 32
    HighLimitPrice PRICENULL
    LowLimitPrice PRICENULL
    MaxPriceVariation PRICENULL
    SecurityID Int32
    RptSeq uInt32
    MDUpdateAction MDUpdateActionNew
    MDEntryType MDEntryTypeLimits
message 35 MDIncrementalRefreshSessionStatistics35 block 11 since 2
  TransactTime uInt64
  MatchEventIndicator MatchEventIndicator
  group NoMDEntries groupSize block 24
    MDEntryPx PRICE
    SecurityID Int32
    RptSeq uInt32
    OpenCloseSettlFlag OpenCloseSettlFlag
    MDUpdateAction MDUpdateAction
    MDEntryType MDEntryTypeStatistics
    MDEntrySize Int32NULL since 8
message 36 MDIncrementalRefreshTrade36 block 11 since 2
  TransactTime uInt64
  MatchEventIndicator MatchEventIndicator
  group NoMDEntries groupSize block 32
    MDEntryPx PRICE
    MDEntrySize Int32
    SecurityID Int32
    RptSeq uInt32
    NumberOfOrders Int32NULL
    TradeID Int32
    AggressorSide AggressorSide
    MDUpdateAction MDUpdateAction
    MDEntryType MDEntryTypeTrade
message 38 SnapshotFullRefresh38 block 59 since 2
  LastMsgSeqNumProcessed uInt32
  TotNumReports uInt32
  SecurityID Int32
  RptSeq uInt32
  TransactTime uInt64
  LastUpdateTime uInt64
  TradeDate LocalMktDate
  MDSecurityTradingStatus SecurityTradingStatus
  HighLimitPrice PRICENULL
  LowLimitPrice PRICENULL
  MaxPriceVariation PRICENULL
  group NoMDEntries groupSize block 22
    MDEntryPx PRICENULL
    MDEntrySize Int32NULL
    NumberOfOrders Int32NULL
    MDPriceLevel Int8NULL
    TradingReferenceDate LocalMktDate
    OpenCloseSettlFlag OpenCloseSettlFlag
    SettlPriceType SettlPriceType
    MDEntryType MDEntryType
message 42 MDIncrementalRefreshTradeSummary42 block 11 since 5
  TransactTime uInt64
  MatchEventIndicator MatchEventIndicator
  group NoMDEntries groupSize block 32
    MDEntryPx PRICE
    MDEntrySize Int32
    SecurityID Int32
    RptSeq uInt32
    NumberOfOrders Int32NULL
    AggressorSide AggressorSide
    MDUpdateAction MDUpdateAction
    MDEntryType MDEntryTypeTrade
    MDTradeEntryID uInt32NULL since 7
  group NoOrderIDEntries groupSize8Byte block 16
    OrderID uInt64
    LastQty Int32
message 43 MDIncrementalRefreshOrderBook43 block 11 since 7
  TransactTime uInt64
  MatchEventIndicator MatchEventIndicator
  group NoMDEntries groupSize block 40
    OrderID uInt64NULL
    MDOrderPriority uInt64NULL
    MDEntryPx PRICENULL
    MDDisplayQty Int32NULL
    SecurityID Int32
    MDUpdateAction MDUpdateAction
    MDEntryType MDEntryTypeBook
message 44 SnapshotFullRefreshOrderBook44 block 28 since 7
  LastMsgSeqNumProcessed uInt32
  TotNumReports uInt32
  SecurityID Int32
  NoChunks uInt32
  CurrentChunk uInt32
  TransactTime uInt64
  group NoMDEntries groupSize block 29
    OrderID uInt64
    MDOrderPriority uInt64NULL
    MDEntryPx PRICE
    MDDisplayQty Int32
    MDEntryType MDEntryTypeBook
"""
