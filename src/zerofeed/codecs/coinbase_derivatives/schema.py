"""The schema of Coinbase Derivatives' market data: every message of versions 0 to 7.

The message header begins with the length of the whole message, which is padded to eight bytes.

Source: Coinbase Derivatives, "UDP market data API", schema 1201, version 1.7.
"""

from __future__ import annotations

from zerofeed.codecs.sbe.model import CompositeType
from zerofeed.codecs.sbe.notation import parse_notation

__all__ = ["PACKET", "SCHEMA"]

_TEXT = """\
schema coinbase-derivatives id 1201 version 7
composite messageHeader
  frameLength uint16
  blockLength uint16
  templateId uint16
  schemaId uint16
  version uint16
composite InstrumentHeader
  set flags uint8 startOfTransaction=0 endOfTransaction=1 clearBook=7
  enum side int8 BUY=1 SELL=-1 OPENING_FILL=0
  instrumentId int32
  instrSeqNum uint32
  tradingSessionDate uint16
  reserved int16
  transactTime int64
composite AsciiString
  length uint16
  varData char*0
composite PacketHeader
  sendingTime int64
  seqNum int64
  channelId uint16
  set flags uint8 INCREMENTAL_UPDATE=0 SNAPSHOT=1 RETRANSMIT=2
  messageCount uint8
  snapshotInstrumentId int32
type Quantity0 int32
composite Price
  price int64
  exponent int8 = -9
type char8 char*8
type char16 char*16
type char24 char*24
type char32 char*32
type char40 char*40
enum ProductGroup int8 CURRENCY=0 EQUITY=1 ENERGY=2 METALS=3 INTEREST_RATE=4 AGRICULTURE=5 \
CRYPTO=6
enum InstrumentTradingStatus int8 PRE_OPEN=0 OPEN=1 HALT=2 PAUSE=3 CLOSE=4 PRE_OPEN_NO_CANCEL=5 \
EXPIRED=6
enum SpreadBuyConvention int8 USE_FAR_BID=1 USE_NEAR_BID=-1
enum MarketStatType char DAY_OPENING_PRICE=4 CLOSING_PRICE=5 SETTLEMENT_PRICE=6 \
TRADING_SESSION_HIGH_PRICE=7 TRADING_SESSION_LOW_PRICE=8 REFERENCE_PRICE=F \
INDICATIVE_OPENING_PRICE=I
enum Side int8 BUY=1 SELL=-1
set InstrumentDefinitionFlags uint16 isPriorSettlementTheoretical=0 isAnnounced=1 isCall=2 \
isStrikeDelisted=3
enum RetransmitRejectReason int8 SEQ_TOO_LOW=1 SEQ_TOO_HIGH=2 RATE_LIMIT_EXCEEDED=3 OTHER_ERROR=4
type Quantity8 int64
enum OptionExpiryType int8 WEEKLY=0 MONTHLY=1
composite LogicalExpiry
  year int16 null 0
  month int16 null 0
  weekOfMonth int16 null 0
  dayOfMonth int16 null 0
message 10 OutrightInstrumentDefinition
  instrHeader InstrumentHeader
  symbol char24
  productCode char8
  description char32
  tickSize Price
  cfiCode char8
  currency char8
  firstTradingSessionDate uint16
  lastTradingSessionDate uint16
  oldContractSize Quantity0
  priorSettlementPrice Price optional
  settlementPrice Price optional
  limitDownPrice Price
  limitUpPrice Price
  productId int32
  productGroup ProductGroup
  tradingStatus InstrumentTradingStatus
  definitionFlags InstrumentDefinitionFlags since 2
  contractSize Quantity8 since 5
  logicalExpiry LogicalExpiry since 7
message 11 SpreadInstrumentDefinition
  instrHeader InstrumentHeader
  symbol char24
  productCode char8
  description char32
  tickSize Price
  cfiCode char8
  currency char8
  firstTradingSessionDate uint16
  lastTradingSessionDate uint16
  oldContractSize Quantity0
  priorSettlementPrice Price optional
  settlementPrice Price optional
  limitDownPrice Price
  limitUpPrice Price
  productId int32
  productGroup ProductGroup
  tradingStatus InstrumentTradingStatus
  leg1InstrumentId int32
  leg2InstrumentId int32
  spreadBuyConvention SpreadBuyConvention
  definitionFlags InstrumentDefinitionFlags since 2
  logicalExpiry LogicalExpiry since 7
message 17 TradingStatusUpdate
  instrHeader InstrumentHeader
  limitDownPrice Price
  limitUpPrice Price
  tradingStatus InstrumentTradingStatus
message 20 OrderPut
  instrHeader InstrumentHeader
  orderId int64
  price Price
  quantity Quantity0
message 21 OrderDelete
  instrHeader InstrumentHeader
  orderId int64
message 22 ImpliedOrderUpdate
  instrHeader InstrumentHeader
  bestPrice Price optional
  nextPrice Price optional
  bestQty Quantity0
  nextQty Quantity0
message 33 TradeSummary
  instrHeader InstrumentHeader
  aggressorOrderId int64
  aggressorReceiveTime int64
  vwapPrice Price
  deepestPrice Price
  quantity Quantity0
message 30 Trade
  instrHeader InstrumentHeader
  matchId int64
  buyOrderId int64 optional
  sellOrderId int64 optional
  price Price
  quantity Quantity0
message 31 TradeAmend
  instrHeader InstrumentHeader
  matchId int64
  buyOrderId int64 optional
  sellOrderId int64 optional
  oldPrice Price
  newPrice Price
message 34 SpreadTradeAmend
  instrHeader InstrumentHeader
  matchId int64
  buyOrderId int64 optional
  sellOrderId int64 optional
  oldPrice Price
  newPrice Price
  oldLeg1Price Price
  newLeg1Price Price
  oldLeg2Price Price
  newLeg2Price Price
message 32 TradeBust
  instrHeader InstrumentHeader
  matchId int64
  buyOrderId int64 optional
  sellOrderId int64 optional
message 40 MarketStat
  instrHeader InstrumentHeader
  price Price
  statType MarketStatType
message 41 TradeSessionVolume
  instrHeader InstrumentHeader
  vwapPrice Price
  tradeVolume Quantity0
message 42 OpenInterest
  instrHeader InstrumentHeader
  quantity Quantity0
message 110 StartOfOutrightInstrumentSnapshot
  snapshotSeqNum uint16
  lastInstrSeqNum uint32
  symbol char24
  productCode char8
  description char32
  tickSize Price
  cfiCode char8
  currency char8
  productId int32
  oldContractSize Quantity0
  orderCount int32
  firstTradingSessionDate uint16
  lastTradingSessionDate uint16
  tradingSessionDate uint16
  productGroup ProductGroup
  tradingStatus InstrumentTradingStatus
  contractSize Quantity8 since 5
  logicalExpiry LogicalExpiry since 7
message 111 StartOfSpreadInstrumentSnapshot
  snapshotSeqNum uint16
  lastInstrSeqNum uint32
  symbol char24
  productCode char8
  description char32
  tickSize Price
  cfiCode char8
  currency char8
  productId int32
  oldContractSize Quantity0
  orderCount int32
  firstTradingSessionDate uint16
  lastTradingSessionDate uint16
  tradingSessionDate uint16
  productGroup ProductGroup
  tradingStatus InstrumentTradingStatus
  leg1InstrumentId int32
  leg2InstrumentId int32
  spreadBuyConvention SpreadBuyConvention
  logicalExpiry LogicalExpiry since 7
message 120 OrderSnapshot
  snapshotSeqNum uint16
  quantity Quantity0
  transactTime int64
  orderId int64
  price Price
message 122 EndOfSnapshot
  snapshotSeqNum uint16
  tradeVolume Quantity0
  indicativeOpenPrice Price optional
  dayOpenPrice Price optional
  closePrice Price optional
  lowPrice Price optional
  highPrice Price optional
  vwapPrice Price optional
  settlementPrice Price optional
  lastTradePrice Price optional
  lastTradeTime int64 optional
  bestBidImpliedPrice Price optional
  bestAskImpliedPrice Price optional
  nextBidImpliedPrice Price optional
  nextAskImpliedPrice Price optional
  limitDownPrice Price
  limitUpPrice Price
  lastTradeQty Quantity0
  openInterest Quantity0
  bestBidImpliedQty Quantity0
  bestAskImpliedQty Quantity0
  nextBidImpliedQty Quantity0
  nextAskImpliedQty Quantity0
  priorSettlementPrice Price optional since 1
  definitionFlags InstrumentDefinitionFlags since 2
message 200 RetransmitRequest
  beginSeqNum int64
  messageCount uint8
message 202 RetransmitReject
  retryDelayNanos int64
  details char40
  reason RetransmitRejectReason
message 12 OptionInstrumentDefinition since 3
  instrHeader InstrumentHeader
  symbol char24
  productCode char8
  description char32
  smallTick Price
  cfiCode char8
  largeTick Price
  largeTickThreshold Price
  strikePrice Price
  firstTradingSessionDate uint16
  lastTradingSessionDate uint16
  priorSettlementPrice Price
  settlementPrice Price optional
  productId int32
  underlyingInstrumentId int32
  productGroup ProductGroup
  tradingStatus InstrumentTradingStatus
  definitionFlags InstrumentDefinitionFlags
  optionExpiryType OptionExpiryType since 5
  logicalExpiry LogicalExpiry since 7
message 112 StartOfOptionInstrumentSnapshot since 3
  snapshotSeqNum uint16
  lastInstrSeqNum uint32
  symbol char24
  productCode char8
  description char32
  smallTick Price
  cfiCode char8
  largeTick Price
  largeTickThreshold Price
  strikePrice Price
  productId int32
  underlyingInstrumentId int32
  orderCount int32
  firstTradingSessionDate uint16
  lastTradingSessionDate uint16
  tradingSessionDate uint16
  productGroup ProductGroup
  tradingStatus InstrumentTradingStatus
  definitionFlags InstrumentDefinitionFlags
  optionExpiryType OptionExpiryType since 5
  logicalExpiry LogicalExpiry since 7
message 124 EndOfCycle since 6
  activeInstrumentCount int32
"""

SCHEMA = parse_notation(_TEXT, source="coinbase-derivatives")
"""Schema 1201, version 7."""

_PACKET = SCHEMA.types["PacketHeader"]
assert isinstance(_PACKET, CompositeType)
PACKET: CompositeType = _PACKET
"""What stands in front of the messages of a packet."""
