"""The types of CME's market data platform, MDP 3.0, of all versions up to 13, in the notation of :mod:`~zerofeed.codecs.sbe.notation`.

Each message is preceded by its size, which counts itself; it is the first member of the header here.
"""

from __future__ import annotations

__all__ = ["TYPES"]

TYPES = """\
schema mktdata id 1 version 13
composite messageHeader
  MsgSize uint16
  blockLength uint16
  templateId uint16
  schemaId uint16
  version uint16
type Asset char*6
type CFICode char*6
type CHAR char
type Currency char*3
type InstAttribType int8 = 24
type Int16 int16
type Int32 int32
type Int32NULL int32 null 2147483647
type Int8 int8
type Int8NULL int8 null 127
type LocalMktDate uint16 null 65535
type MDEntryTypeChannelReset char = J
type MDEntryTypeLimits char = g
type MDEntryTypeTrade char = 2
type MDEntryTypeVol char = e
type MDFeedType char*3
type MDUpdateActionNew int8 = 0
type MDUpdateTypeNew int8 = 0
type QuoteReqId char*23
type SecurityExchange char*4
type SecurityGroup char*6
type SecurityIDSource char = 8
type SecuritySubType char*5
type SecurityType char*6
type Symbol char*20
type Text char*180
type UnderlyingSymbol char*20
type UnitOfMeasure char*30
type UserDefinedInstrument char
type uInt32 uint32
type uInt32NULL uint32 null 4294967295
type uInt64 uint64
type uInt8 uint8
type uInt8NULL uint8 null 255
composite DecimalQty
  mantissa int32 null 2147483647
  exponent int8 = -4
composite FLOAT
  mantissa int64
  exponent int8 = -7
composite MaturityMonthYear
  year uint16 null 65535
  month uint8 null 255
  day uint8 null 255
  week uint8 null 255
composite PRICE
  mantissa int64
  exponent int8 = -7
composite PRICENULL
  mantissa int64 null 9223372036854775807
  exponent int8 = -7
composite groupSize
  blockLength uint16
  numInGroup uint8
composite groupSize8Byte
  blockLength uint16
  numInGroup uint8 @7
composite groupSizeEncoding
  blockLength uint16
  numInGroup uint16
enum AggressorSide uInt8NULL NoAggressor=0 Buy=1 Sell=2
enum EventType uInt8 Activation=5 LastEligibleTradeDate=7
enum HaltReason uInt8 GroupSchedule=0 SurveillanceIntervention=1 MarketEvent=2 \
InstrumentActivation=3 InstrumentExpiration=4 Unknown=5 RecoveryInProcess=6 TradeDateRoll=7
enum LegSide uInt8 BuySide=1 SellSide=2
enum MDEntryType CHAR Bid=0 Offer=1 Trade=2 OpenPrice=4 SettlementPrice=6 \
TradingSessionHighPrice=7 TradingSessionLowPrice=8 VWAP=9 ClearedVolume=B OpenInterest=C \
ImpliedBid=E ImpliedOffer=F BookReset=J SessionHighBid=N SessionLowOffer=O FixingPrice=W \
ElectronicVolume=e ThresholdLimitsandPriceBandVariation=g MarketBestOffer=w MarketBestBid=x
enum MDEntryTypeBook CHAR Bid=0 Offer=1 ImpliedBid=E ImpliedOffer=F BookReset=J \
MarketBestOffer=w MarketBestBid=x
enum MDEntryTypeDailyStatistics CHAR SettlementPrice=6 ClearedVolume=B OpenInterest=C \
FixingPrice=W
enum MDEntryTypeStatistics CHAR OpenPrice=4 HighTrade=7 LowTrade=8 VWAP=9 HighestBid=N \
LowestOffer=O
enum MDUpdateAction uInt8 New=0 Change=1 Delete=2 DeleteThru=3 DeleteFrom=4 Overlay=5
enum OpenCloseSettlFlag uInt8NULL DailyOpenPrice=0 IndicativeOpeningPrice=5 IntradayVWAP=100 \
RepoAverage8_30AM=101 RepoAverage10AM=102 PrevSessionRepoAverage10AM=103
enum PutOrCall uInt8 Put=0 Call=1
enum SecurityTradingEvent uInt8 NoEvent=0 NoCancel=1 ResetStatistics=4 ImpliedMatchingON=5 \
ImpliedMatchingOFF=6 EndOfWorkup=7
enum SecurityTradingStatus uInt8NULL TradingHalt=2 Close=4 NewPriceIndication=15 ReadyToTrade=17 \
NotAvailableForTrading=18 UnknownorInvalid=20 PreOpen=21 PreCross=24 Cross=25 PostClose=26 \
NoChange=103 PrivateWorkup=201 PublicWorkup=202
enum SecurityUpdateAction CHAR Add=A Delete=D Modify=M
set InstAttribValue uInt32 ElectronicMatchEligible=0 OrderCrossEligible=1 BlockTradeEligible=2 \
EFPEligible=3 EBFEligible=4 EFSEligible=5 EFREligible=6 OTCEligible=7 \
iLinkIndicativeMassQuotingEligible=8 NegativeStrikeEligible=9 NegativePriceOutrightEligible=10 \
IsFractional=11 VolatilityQuotedOption=12 RFQCrossEligible=13 ZeroPriceOutrightEligible=14 \
DecayingProductEligibility=15 VariableProductEligibility=16 DailyProductEligibility=17 \
GTOrdersEligibility=18 ImpliedMatchingEligibility=19 TriangulationEligible=20 \
VariableCabEligible=21 InvertedBook=22 IsAoNInstrument=23 SEFRegulated=24 MTFRegulated=25 \
eFIXInstrument=26 HedgeInstrument=27
set MatchEventIndicator uInt8 LastTradeMsg=0 LastVolumeMsg=1 LastQuoteMsg=2 LastStatsMsg=3 \
LastImpliedMsg=4 RecoveryMsg=5 Reserved=6 EndOfEvent=7
set SettlPriceType uInt8 FinalDaily=0 Actual=1 Rounded=2 Intraday=3 ReservedBits=4 NullValue=7
type uInt64NULL uint64 null 18446744073709551615
enum OrderUpdateAction uInt8 New=0 Update=1 Delete=2
composite Decimal9
  mantissa int64
  exponent int8 = -9
composite Decimal9NULL
  mantissa int64 null 9223372036854775807
  exponent int8 = -9
composite PRICE9
  mantissa int64
  exponent int8 = -9
composite PRICENULL9
  mantissa int64 null 9223372036854775807
  exponent int8 = -9
type CountryCode char*2
type LongName char*35
type SecurityAltIDSourceISIN uint8 = 4
type String12 char*12
type String20 char*20
type String25 char*25
type String3 char*3
type String5 char*5
type String6 char*6
type String7 char*7
type String8 char*8
type uInt16 uint16
type uInt16NULL uint16 null 65535
enum AggressorFlag uInt8NULL NotAggressor=0 Aggressor=1
enum MoneyOrPar uInt8NULL Money=1 Par=2
enum PriceSource uInt8NULL MarketPlaceAssistant=0 Globex=1 Refinitiv=2 ICAP=3
enum RepoSubType uInt8 Special=0 GC=1 GCForDBV=2
enum SecurityAltIDSource uInt8NULL CUSIP=1 ISIN=4
enum Side uInt8 Buy=1 Sell=2
enum WorkupTradingStatus uInt8 ReadyToTrade=17 NotAvailableForTrading=18 PrivateWorkup=201 \
PublicWorkup=202
"""
