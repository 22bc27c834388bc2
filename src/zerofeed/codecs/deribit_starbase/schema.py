"""The schema of Deribit's Starbase: every message of version 1.

Its message header is no SBE header: it has the length of the message, flags and a time, and no length of the root block.

Source: Deribit, "Starbase binary API reference", schema 2102, version 1.0.
"""

from __future__ import annotations

from zerofeed.codecs.sbe.model import CompositeType
from zerofeed.codecs.sbe.notation import parse_notation

__all__ = ["PACKET", "SCHEMA"]

_TEXT = """\
schema deribit-starbase id 2102 version 1 header mdMessageHeader
composite PacketHeader
  sendingTime int64
  seqNum int64
  channelId int32
  set type uint16 INCREMENTAL_UPDATE=0 SNAPSHOT=1 RETRANSMIT=2
  messageCount uint16
composite mdMessageHeader
  messageLength uint16
  templateId uint16
  version uint16
  set flags uint16 startOfTransaction=0 endOfTransaction=1
  transactTime int64
type char8 char*8
type char16 char*16
type char24 char*24
type char32 char*32
type char40 char*40
type char64 char*64
type char128 char*128
composite groupSizeEncoding
  blockLength uint16
  numInGroup uint16
enum InstrumentType int8 PERP_FUTURE=0 OPTION=1 SPOT=2 FUTURE_COMBO=3 OPTION_COMBO=4 \
DATED_FUTURE=5
set InstrumentFlags uint8 isReversed=0 isPutOption=1 isPerpetual=2
enum InstrumentStatus int8 OPEN=0 INACTIVE=1 SETTLEMENT=2 DELIVERED=3 LOCKED=4 HALTED=5
enum SpreadBuyConvention int8 USE_FAR_BID=1 USE_NEAR_BID=-1
enum MarketStatType char DAY_OPENING_PRICE=4 CLOSING_PRICE=5 SETTLEMENT_PRICE=6 \
TRADING_SESSION_HIGH_PRICE=7 TRADING_SESSION_LOW_PRICE=8 REFERENCE_PRICE=F \
INDICATIVE_OPENING_PRICE=I
enum Side int8 BUY=1 SELL=-1 OPENING_FILL=0
enum OptionExpiryType int8 WEEKLY=0 MONTHLY=1
enum RetransmitRejectReason int8 SEQ_TOO_LOW=1 SEQ_TOO_HIGH=2 RATE_LIMIT_EXCEEDED=3 OTHER_ERROR=4
composite LogicalExpiry
  year int16 null 0
  month int16 null 0
  weekOfMonth int16 null 0
  dayOfMonth int16 null 0
enum Bool int8 FALSE=0 TRUE=1
set TradeFlags uint32 isSell=0 isLiquidation=1
set FundingRateFlags uint8 isFinal=0
type TimestampNanos int64
composite Price9
  price9 int64
  exponent int8 = -9
type QuantityMantissa int64
message 10 InstrumentDefinition
  instrumentId int64
  name char128
  indexId int64
  underlying char64
  quantityAsset char8
  priceAsset char8
  expiryTime TimestampNanos optional
  strikePrice Price9 optional
  minOrderQuantity QuantityMantissa
  tickSize Price9
  quantityExponent int8
  type InstrumentType
  flags InstrumentFlags
  status InstrumentStatus
  group largeTickSizes groupSizeEncoding
    largeTickSize Price9
    thresholdPrice Price9
  group legs groupSizeEncoding
    legInstrumentId int64
    ratio int8
message 11 IndexDefinition
  indexId int64
  name char128
message 14 InstrumentInfo
  instrumentId int64
  minSellPrice Price9
  maxBuyPrice Price9
  indexPrice Price9
  markPrice Price9
message 15 InstrumentRef
  instrumentId int64
  currentFunding double optional
  funding8h double optional
  estimatedDeliveryPrice Price9 optional
  deliveryPrice Price9 optional
  settlementPrice Price9 optional
message 16 InstrumentStatusUpdate
  instrumentId int64
  tradingStatus InstrumentStatus
message 20 BidPut
  orderId int64
  instrumentId int64
  quantityMantissa QuantityMantissa
  price Price9
  sortOrderId int64
message 21 AskPut
  orderId int64
  instrumentId int64
  quantityMantissa QuantityMantissa
  price Price9
  sortOrderId int64
message 22 BidQtyReduced
  orderId int64
  instrumentId int64
  quantityMantissa QuantityMantissa
message 23 AskQtyReduced
  orderId int64
  instrumentId int64
  quantityMantissa QuantityMantissa
message 24 BidDelete
  orderId int64
  instrumentId int64
message 25 AskDelete
  orderId int64
  instrumentId int64
message 30 TradeSummary
  instrumentId int64
  takerOrderId int64
  totalFilledMantissa QuantityMantissa
  deepestPrice Price9
  markPrice Price9
  indexPrice Price9
  tradeCount int32
  takerFlags TradeFlags
message 31 Trade
  matchId int64
  instrumentId int64
  makerOrderId int64 optional
  fillQtyMantissa QuantityMantissa
  fillPrice Price9
  makerFlags TradeFlags
message 33 BlockTrade
  matchId int64
  instrumentId int64
  blockTradeId int64
  blockRfqId int64 optional
  fillQtyMantissa QuantityMantissa
  fillPrice Price9
  markPrice Price9
  indexPrice Price9
  impliedVolatility double optional
  takerFlags TradeFlags
  numberOfLegs uint16
message 100 SnapshotHeader
  instrumentId int64
  incrementalTimestamp TimestampNanos
  incrementalSeqNum int64
message 101 SnapshotTrailer
  instrumentId int64
  timestamp TimestampNanos
  incrementSeqNum int64
message 119 EndOfCycle
  activeInstrumentCount int32
message 200 RetransmitRequest
  beginSeqNum int64
  messageCount uint8
message 202 RetransmitReject
  retryDelayNanos int64
  details char40
  reason RetransmitRejectReason
"""

SCHEMA = parse_notation(_TEXT, source="deribit-starbase")
"""Schema 2102, version 1."""

_PACKET = SCHEMA.types["PacketHeader"]
assert isinstance(_PACKET, CompositeType)
PACKET: CompositeType = _PACKET
"""What stands in front of the messages of a packet."""
