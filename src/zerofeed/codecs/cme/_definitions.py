"""CME's definitions of instruments, of all versions up to 13."""

from __future__ import annotations

__all__ = ["DEFINITIONS"]

_HEAD = """\
  MatchEventIndicator MatchEventIndicator
  TotNumReports uInt32NULL
  SecurityUpdateAction SecurityUpdateAction
  LastUpdateTime uInt64
  MDSecurityTradingStatus SecurityTradingStatus
  ApplID Int16
  MarketSegmentID uInt8
"""

_EVENTS_AND_FEEDS = """\
  group NoEvents groupSize block 9
    EventType EventType
    EventTime uInt64
  group NoMDFeedTypes groupSize block 4
    MDFeedType MDFeedType
    MarketDepth Int8
  group NoInstAttrib groupSize block 4
    InstAttribType InstAttribType
    InstAttribValue InstAttribValue"""

_LOTS = """\
  group NoLotTypeRules groupSize block 5
    LotType Int8
    MinLotSize DecimalQty"""

DEFINITIONS = f"""\
message 27 MDInstrumentDefinitionFuture27 block 216 since 2
{_HEAD}  UnderlyingProduct uInt8
  SecurityExchange SecurityExchange
  SecurityGroup SecurityGroup
  Asset Asset
  Symbol Symbol
  SecurityID Int32
  SecurityIDSource SecurityIDSource
  SecurityType SecurityType
  CFICode CFICode
  MaturityMonthYear MaturityMonthYear
  Currency Currency
  SettlCurrency Currency
  MatchAlgorithm CHAR
  MinTradeVol uInt32
  MaxTradeVol uInt32
  MinPriceIncrement PRICE
  DisplayFactor FLOAT
  MainFraction uInt8NULL
  SubFraction uInt8NULL
  PriceDisplayFormat uInt8NULL
  UnitOfMeasure UnitOfMeasure
  UnitOfMeasureQty PRICENULL
  TradingReferencePrice PRICENULL
  SettlPriceType SettlPriceType
  OpenInterestQty Int32NULL
  ClearedVolume Int32NULL
  HighLimitPrice PRICENULL
  LowLimitPrice PRICENULL
  MaxPriceVariation PRICENULL
  DecayQuantity Int32NULL
  DecayStartDate LocalMktDate
  OriginalContractSize Int32NULL
  ContractMultiplier Int32NULL
  ContractMultiplierUnit Int8NULL
  FlowScheduleType Int8NULL
  MinPriceIncrementAmount PRICENULL
  UserDefinedInstrument UserDefinedInstrument since 3
  TradingReferenceDate LocalMktDate since 6
{_EVENTS_AND_FEEDS}
{_LOTS}
message 29 MDInstrumentDefinitionSpread29 block 195 since 2
{_HEAD}  UnderlyingProduct uInt8NULL
  SecurityExchange SecurityExchange
  SecurityGroup SecurityGroup
  Asset Asset
  Symbol Symbol
  SecurityID Int32
  SecurityIDSource SecurityIDSource
  SecurityType SecurityType
  CFICode CFICode
  MaturityMonthYear MaturityMonthYear
  Currency Currency
  SecuritySubType SecuritySubType
  UserDefinedInstrument UserDefinedInstrument
  MatchAlgorithm CHAR
  MinTradeVol uInt32
  MaxTradeVol uInt32
  MinPriceIncrement PRICE
  DisplayFactor FLOAT
  PriceDisplayFormat uInt8NULL
  PriceRatio PRICENULL
  TickRule Int8NULL
  UnitOfMeasure UnitOfMeasure
  TradingReferencePrice PRICENULL
  SettlPriceType SettlPriceType
  OpenInterestQty Int32NULL
  ClearedVolume Int32NULL
  HighLimitPrice PRICENULL
  LowLimitPrice PRICENULL
  MaxPriceVariation PRICENULL
  MainFraction uInt8NULL
  SubFraction uInt8NULL
  TradingReferenceDate LocalMktDate since 6
{_EVENTS_AND_FEEDS}
{_LOTS}
  group NoLegs groupSize block 18
    LegSecurityID Int32
    LegSecurityIDSource SecurityIDSource
    LegSide LegSide
    LegRatioQty Int8
    LegPrice PRICENULL
    LegOptionDelta DecimalQty
message 41 MDInstrumentDefinitionOption41 block 213 since 3
{_HEAD}  UnderlyingProduct uInt8
  SecurityExchange SecurityExchange
  SecurityGroup SecurityGroup
  Asset Asset
  Symbol Symbol
  SecurityID Int32
  SecurityIDSource SecurityIDSource
  SecurityType SecurityType
  CFICode CFICode
  PutOrCall PutOrCall
  MaturityMonthYear MaturityMonthYear
  Currency Currency
  StrikePrice PRICENULL
  StrikeCurrency Currency
  SettlCurrency Currency
  MinCabPrice PRICENULL
  MatchAlgorithm CHAR
  MinTradeVol uInt32
  MaxTradeVol uInt32
  MinPriceIncrement PRICENULL
  MinPriceIncrementAmount PRICENULL
  DisplayFactor FLOAT
  TickRule Int8NULL
  MainFraction uInt8NULL
  SubFraction uInt8NULL
  PriceDisplayFormat uInt8NULL
  UnitOfMeasure UnitOfMeasure
  UnitOfMeasureQty PRICENULL
  TradingReferencePrice PRICENULL
  SettlPriceType SettlPriceType
  ClearedVolume Int32NULL
  OpenInterestQty Int32NULL
  LowLimitPrice PRICENULL
  HighLimitPrice PRICENULL
  UserDefinedInstrument UserDefinedInstrument
  TradingReferenceDate LocalMktDate since 6
{_EVENTS_AND_FEEDS}
{_LOTS}
  group NoUnderlyings groupSize block 24
    UnderlyingSecurityID Int32
    UnderlyingSecurityIDSource SecurityIDSource
    UnderlyingSymbol UnderlyingSymbol
  group NoRelatedInstruments groupSize block 24 since 7
    RelatedSecurityID Int32
    RelatedSecurityIDSource SecurityIDSource
    RelatedSymbol Symbol
message 54 MDInstrumentDefinitionFuture54 block 224 since 9
{_HEAD}  UnderlyingProduct uInt8
  SecurityExchange SecurityExchange
  SecurityGroup SecurityGroup
  Asset Asset
  Symbol Symbol
  SecurityID Int32
  SecurityIDSource SecurityIDSource
  SecurityType SecurityType
  CFICode CFICode
  MaturityMonthYear MaturityMonthYear
  Currency Currency
  SettlCurrency Currency
  MatchAlgorithm CHAR
  MinTradeVol uInt32
  MaxTradeVol uInt32
  MinPriceIncrement PRICE9
  DisplayFactor Decimal9
  MainFraction uInt8NULL
  SubFraction uInt8NULL
  PriceDisplayFormat uInt8NULL
  UnitOfMeasure UnitOfMeasure
  UnitOfMeasureQty Decimal9NULL
  TradingReferencePrice PRICENULL9
  SettlPriceType SettlPriceType
  OpenInterestQty Int32NULL
  ClearedVolume Int32NULL
  HighLimitPrice PRICENULL9
  LowLimitPrice PRICENULL9
  MaxPriceVariation PRICENULL9
  DecayQuantity Int32NULL
  DecayStartDate LocalMktDate
  OriginalContractSize Int32NULL
  ContractMultiplier Int32NULL
  ContractMultiplierUnit Int8NULL
  FlowScheduleType Int8NULL
  MinPriceIncrementAmount PRICENULL9
  UserDefinedInstrument UserDefinedInstrument
  TradingReferenceDate LocalMktDate
  InstrumentGUID uInt64NULL since 10
{_EVENTS_AND_FEEDS}
{_LOTS}
message 55 MDInstrumentDefinitionOption55 block 221 since 9
{_HEAD}  UnderlyingProduct uInt8
  SecurityExchange SecurityExchange
  SecurityGroup SecurityGroup
  Asset Asset
  Symbol Symbol
  SecurityID Int32
  SecurityIDSource SecurityIDSource
  SecurityType SecurityType
  CFICode CFICode
  PutOrCall PutOrCall
  MaturityMonthYear MaturityMonthYear
  Currency Currency
  StrikePrice PRICENULL9
  StrikeCurrency Currency
  SettlCurrency Currency
  MinCabPrice PRICENULL9
  MatchAlgorithm CHAR
  MinTradeVol uInt32
  MaxTradeVol uInt32
  MinPriceIncrement PRICENULL9
  MinPriceIncrementAmount PRICENULL9
  DisplayFactor Decimal9
  TickRule Int8NULL
  MainFraction uInt8NULL
  SubFraction uInt8NULL
  PriceDisplayFormat uInt8NULL
  UnitOfMeasure UnitOfMeasure
  UnitOfMeasureQty Decimal9NULL
  TradingReferencePrice PRICENULL9
  SettlPriceType SettlPriceType
  ClearedVolume Int32NULL
  OpenInterestQty Int32NULL
  LowLimitPrice PRICENULL9
  HighLimitPrice PRICENULL9
  UserDefinedInstrument UserDefinedInstrument
  TradingReferenceDate LocalMktDate
  InstrumentGUID uInt64NULL since 10
{_EVENTS_AND_FEEDS}
{_LOTS}
  group NoUnderlyings groupSize block 24
    UnderlyingSecurityID Int32
    UnderlyingSecurityIDSource SecurityIDSource
    UnderlyingSymbol UnderlyingSymbol
  group NoRelatedInstruments groupSize block 24
    RelatedSecurityID Int32
    RelatedSecurityIDSource SecurityIDSource
    RelatedSymbol Symbol
message 56 MDInstrumentDefinitionSpread56 block 255 since 9
{_HEAD}  UnderlyingProduct uInt8NULL
  SecurityExchange SecurityExchange
  SecurityGroup SecurityGroup
  Asset Asset
  Symbol Symbol
  SecurityID Int32
  SecurityIDSource SecurityIDSource
  SecurityType SecurityType
  CFICode CFICode
  MaturityMonthYear MaturityMonthYear
  Currency Currency
  SecuritySubType SecuritySubType
  UserDefinedInstrument UserDefinedInstrument
  MatchAlgorithm CHAR
  MinTradeVol uInt32
  MaxTradeVol uInt32
  MinPriceIncrement PRICENULL9
  DisplayFactor Decimal9
  PriceDisplayFormat uInt8NULL
  PriceRatio PRICENULL9
  TickRule Int8NULL
  UnitOfMeasure UnitOfMeasure
  TradingReferencePrice PRICENULL9
  SettlPriceType SettlPriceType
  OpenInterestQty Int32NULL
  ClearedVolume Int32NULL
  HighLimitPrice PRICENULL9
  LowLimitPrice PRICENULL9
  MaxPriceVariation PRICENULL9
  MainFraction uInt8NULL
  SubFraction uInt8NULL
  TradingReferenceDate LocalMktDate
  PriceQuoteMethod String5 since 10
  RiskSet String6 since 10
  MarketSet String6 since 10
  InstrumentGUID uInt64NULL since 10
  FinancialInstrumentFullName LongName since 10
{_EVENTS_AND_FEEDS}
{_LOTS}
  group NoLegs groupSize block 18
    LegSecurityID Int32
    LegSecurityIDSource SecurityIDSource
    LegSide LegSide
    LegRatioQty Int8
    LegPrice PRICENULL9
    LegOptionDelta DecimalQty
message 57 MDInstrumentDefinitionFixedIncome57 block 338 since 10
{_HEAD}  UnderlyingProduct uInt8
  SecurityExchange SecurityExchange
  SecurityGroup SecurityGroup
  Asset Asset
  Symbol Symbol
  SecurityID Int32
  SecurityIDSource SecurityIDSource
  SecurityType SecurityType
  CFICode CFICode
  Currency Currency
  SettlCurrency Currency
  MatchAlgorithm CHAR
  MinTradeVol uInt32
  MaxTradeVol uInt32
  MinPriceIncrement PRICENULL9
  DisplayFactor Decimal9
  MainFraction uInt8NULL
  SubFraction uInt8NULL
  PriceDisplayFormat uInt8NULL
  UnitOfMeasure UnitOfMeasure
  UnitOfMeasureQty Decimal9NULL
  TradingReferencePrice PRICENULL9
  TradingReferenceDate LocalMktDate
  HighLimitPrice PRICENULL9
  LowLimitPrice PRICENULL9
  MaxPriceVariation PRICENULL9
  MinPriceIncrementAmount PRICENULL9
  IssueDate LocalMktDate
  DatedDate LocalMktDate
  MaturityDate LocalMktDate
  CouponRate Decimal9NULL
  ParValue PRICENULL9
  CouponFrequencyUnit String3
  CouponFrequencyPeriod uInt16NULL
  CouponDayCount String20
  CountryOfIssue CountryCode
  Issuer String25
  FinancialInstrumentFullName LongName
  SecurityAltID String12
  SecurityAltIDSource SecurityAltIDSource
  PriceQuoteMethod String5
  PartyRoleClearingOrg String5
  UserDefinedInstrument UserDefinedInstrument
  RiskSet String6
  MarketSet String6
  InstrumentGUID uInt64NULL
{_EVENTS_AND_FEEDS}
{_LOTS}
message 58 MDInstrumentDefinitionRepo58 block 276 since 10
{_HEAD}  UnderlyingProduct uInt8
  SecurityExchange SecurityExchange
  SecurityGroup SecurityGroup
  Asset Asset
  Symbol Symbol
  SecurityID Int32
  SecurityIDSource SecurityIDSource
  SecurityType SecurityType
  CFICode CFICode
  Currency Currency
  SettlCurrency Currency
  MatchAlgorithm CHAR
  MinTradeVol uInt32
  MaxTradeVol uInt32
  MinPriceIncrement PRICE9
  DisplayFactor Decimal9
  UnitOfMeasure UnitOfMeasure
  UnitOfMeasureQty Decimal9NULL
  TradingReferencePrice PRICENULL9
  TradingReferenceDate LocalMktDate
  HighLimitPrice PRICENULL9
  LowLimitPrice PRICENULL9
  MaxPriceVariation PRICENULL9
  FinancialInstrumentFullName LongName
  PartyRoleClearingOrg String5
  StartDate LocalMktDate
  EndDate LocalMktDate
  TerminationType String8
  SecuritySubType RepoSubType
  MoneyOrPar MoneyOrPar
  MaxNoOfSubstitutions uInt8
  PriceQuoteMethod String5
  UserDefinedInstrument UserDefinedInstrument
  RiskSet String6
  MarketSet String6
  InstrumentGUID uInt64NULL
  TermCode String20 since 11
  BrokenDateTermType uInt8NULL since 13
{_EVENTS_AND_FEEDS}
{_LOTS}
  group NoUnderlyings groupSize block 118
    UnderlyingSymbol UnderlyingSymbol
    UnderlyingSecurityID Int32NULL
    UnderlyingSecurityIDSource SecurityIDSource
    UnderlyingSecurityAltID String12
    UnderlyingSecurityAltIDSource SecurityAltIDSource
    UnderlyingFinancialInstrumentFullName LongName
    UnderlyingSecurityType SecurityType
    UnderlyingCountryOfIssue CountryCode
    UnderlyingIssuer String25
    UnderlyingMaxLifeTime uInt8NULL
    UnderlyingMinDaysToMaturity uInt16NULL
    UnderlyingInstrumentGUID uInt64NULL since 11
    UnderlyingMaturityDate LocalMktDate since 11
  group NoRelatedInstruments groupSize block 32
    RelatedSecurityID Int32
    RelatedSecurityIDSource SecurityIDSource
    RelatedSymbol Symbol
    RelatedInstrumentGUID uInt64NULL
  group NoBrokenDates groupSize block 16 since 13
    BrokenDateGUID uInt64
    BrokenDateSecurityID Int32
    BrokenDateStart LocalMktDate
    BrokenDateEnd LocalMktDate
message 63 MDInstrumentDefinitionFX63 block 337 since 12
{_HEAD}  UnderlyingProduct uInt8
  SecurityExchange SecurityExchange
  SecurityGroup SecurityGroup
  Asset Asset
  Symbol Symbol
  SecurityID Int32
  SecurityIDSource SecurityIDSource
  SecurityType SecurityType
  CFICode CFICode
  Currency Currency
  SettlCurrency Currency
  PriceQuoteCurrency Currency
  MatchAlgorithm CHAR
  MinTradeVol uInt32
  MaxTradeVol uInt32
  MinPriceIncrement PRICE9
  DisplayFactor Decimal9
  PricePrecision uInt8
  UnitOfMeasure UnitOfMeasure
  UnitOfMeasureQty Decimal9NULL
  HighLimitPrice PRICENULL9
  LowLimitPrice PRICENULL9
  MaxPriceVariation PRICENULL9
  UserDefinedInstrument UserDefinedInstrument
  FinancialInstrumentFullName LongName
  FXCurrencySymbol String7
  SettlType String3
  InterveningDays uInt16
  FXBenchmarkRateFix String20
  RateSource String12
  FixRateLocalTime String8
  FixRateLocalTimeZone String20
  MinQuoteLife uInt32
  MaxPriceDiscretionOffset PRICE9
  InstrumentGUID uInt64NULL
  MaturityMonthYear MaturityMonthYear
  SettlementLocale String8
  AltMinPriceIncrement PRICENULL9 since 13
  AltMinQuoteLife uInt32NULL since 13
  AltPriceIncrementConstraint PRICENULL9 since 13
  MaxBidAskConstraint PRICENULL9 since 13
{_EVENTS_AND_FEEDS}
  group NoLotTypeRules groupSize block 9
    LotType Int8
    MinLotSize uInt64
  group NoTradingSessions groupSize block 18
    TradeDate LocalMktDate
    SettlDate LocalMktDate
    MaturityDate LocalMktDate
    SecurityAltID String12
    SecurityAltIDSource SecurityAltIDSourceISIN
"""
