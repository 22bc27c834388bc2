"""A slow, independent reader of Deribit packets, and a listener that checks what any feed must.

It knows the format from its own table of ``struct`` codes and shares nothing with the project's
schema, encoder or decoder.
"""

import struct
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from zerofeed.base.kernel import JIT
from zerofeed.mock.deribit import Batch, SimulatedDeribit
from zerofeed.mock.instruments import Listing, default_listings

__all__ = [
    "BUDGET",
    "START_NS",
    "Listener",
    "Message",
    "Packet",
    "is_multiple",
    "parse",
    "run",
    "small_listings",
]

START_NS = 1_750_000_000_123_456_789
BUDGET = 1500 if JIT else 200
"""Packets that a test may ask for; without compilation each takes milliseconds."""

_DEFINITION = (
    "instrumentId:I instrumentState:B kind:B instrumentType:B optionType:B {rfq}settlementPeriod:B "
    "settlementPeriodCount:H baseCurrency:8s quoteCurrency:8s counterCurrency:8s settlementCurrency:8s "
    "sizeCurrency:8s creationTimestampMs:Q expirationTimestampMs:Q strikePrice:d contractSize:d minTradeAmount:d "
    "tickSize:d makerCommission:d takerCommission:d blockTradeCommission:d maxLiquidationCommission:d maxLeverage:d"
)
_TRADE = (
    "direction:B price:d amount:d timestampMs:Q markPrice:d indexPrice:d tradeSeq:Q tradeId:Q tickDirection:B "
    "liquidation:B iv:d blockTradeId:Q comboTradeId:Q"
)
_TICKER = (
    "instrumentId:I instrumentState:B timestampMs:Q openInterest:d minSellPrice:d maxBuyPrice:d lastPrice:d "
    "indexPrice:d markPrice:d bestBidPrice:d bestBidAmount:d bestAskPrice:d bestAskAmount:d currentFunding:d "
    "funding8h:d estimatedDeliveryPrice:d deliveryPrice:d settlementPrice:d"
)
_BOOK = "instrumentId:I timestampMs:Q prevChangeId:Q changeId:Q isLast:B"
_SNAPSHOT = "instrumentId:I timestampMs:Q changeId:Q isBookComplete:B isLastInBook:B"
# By number: name, fields of the block, fields of a group's entry, whether a text follows.
_TEMPLATES = {
    1000: ("Instrument", _DEFINITION.format(rfq="rfq:B "), None, True),
    1001: ("Book", _BOOK, "side:B change:B price:d amount:d", False),
    1002: ("Trades", "instrumentId:I", _TRADE, False),
    1003: ("Ticker", _TICKER, None, False),
    1004: ("Snapshot", _SNAPSHOT, "side:B price:d amount:d", False),
    1005: ("SnapshotStart", "snapshotDelay:I", None, False),
    1006: ("SnapshotEnd", "", None, False),
    1007: ("ComboLegs", "instrumentId:I", "legInstrumentId:I legSize:i", False),
    1008: ("PriceIndex", "indexName:16s price:d timestampMs:Q", None, False),
    1009: ("Rfq", "instrumentId:I state:B side:B amount:d timestampMs:Q", None, False),
    1010: ("InstrumentV2", _DEFINITION.format(rfq=""), "abovePrice:d tickSize:d", True),
}

Row = dict[str, Any]


@dataclass
class Message:
    """One message: its template's name, header's version, fields, group entries, var text."""

    name: str
    version: int
    values: Row
    entries: list[Row]
    text: str


@dataclass
class Packet:
    """One packet, taken apart to its last byte."""

    channel: int
    seq: int
    messages: list[Message]

    @property
    def names(self) -> list[str]:
        """Names of the messages, in order."""
        return [message.name for message in self.messages]


def _fields(spec: str) -> tuple[list[str], struct.Struct]:
    pairs = [field.split(":") for field in spec.split()]
    return [name for name, _ in pairs], struct.Struct("<" + "".join(code for _, code in pairs))


def _row(spec: str, packet: bytes, at: int, size: int) -> Row:
    names, codes = _fields(spec)
    assert codes.size == size, f"{spec} takes {codes.size} bytes, the wire says {size}"
    values = codes.unpack_from(packet, at)
    return {
        name: value.rstrip(b"\0").decode() if isinstance(value, bytes) else value
        for name, value in zip(names, values, strict=True)
    }


def parse(packet: bytes) -> Packet:
    """Take a packet apart; anything that is not exactly right fails an assertion."""
    length, channel, seq = struct.unpack_from("<HHI", packet)
    assert length == len(packet) - 8
    at, messages = 8, []
    while at < len(packet):
        block, template, schema, version, groups, texts = struct.unpack_from("<6H", packet, at)
        name, spec, entry_spec, has_text = _TEMPLATES[template]
        assert (schema, groups, texts) == (1, int(entry_spec is not None), int(has_text)), name
        assert version == (3 if template == 1010 else 2), name
        at += 12
        values = _row(spec, packet, at, block)
        at += block
        entries = []
        if entry_spec is not None:
            size, count, nested_groups, nested_texts = struct.unpack_from("<4H", packet, at)
            assert nested_groups == nested_texts == 0, name
            at += 8
            for _ in range(count):
                entries.append(_row(entry_spec, packet, at, size))
                at += size
        text = ""
        if has_text:
            text = packet[at + 1 : at + 1 + packet[at]].decode()
            assert len(text) == packet[at], name
            at += 1 + packet[at]
        messages.append(Message(name, version, values, entries, text))
    assert at == len(packet)
    return Packet(channel, seq, messages)


@dataclass
class Listener:
    """Keeps every book from the packets alone, and fails where they contradict themselves."""

    books: dict[int, dict[int, dict[float, float]]] = field(default_factory=dict)
    change_ids: dict[int, int] = field(default_factory=dict)
    seqs: dict[int, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    parts: dict[int, tuple[int, int]] = field(default_factory=dict)
    snapshot: dict[int, dict[int, dict[float, float]]] = field(default_factory=dict)
    checked_snapshots: int = 0
    checked_tickers: int = 0
    packets: int = 0

    def hear(self, batch: Batch) -> list[Packet]:
        """Take in a batch; the packets it held, parsed."""
        packets = []
        for k, raw in enumerate(batch.packets()):
            packet = parse(raw)
            assert packet.channel == batch.channels[k]
            assert packet.seq == self.seqs.get(packet.channel, 0) + 1
            self.seqs[packet.channel] = packet.seq
            self.packets += 1
            self._take(packet)
            packets.append(packet)
        return packets

    def _take(self, packet: Packet) -> None:
        ticker: Row | None = None
        for message in packet.messages:
            self.counts[message.name] = self.counts.get(message.name, 0) + 1
            match message.name:
                case "Instrument" | "InstrumentV2":
                    self.names[message.values["instrumentId"]] = message.text
                case "Book":
                    self._book(message)
                case "Snapshot":
                    self._snapshot(message)
                case "Ticker" if packet.channel < 100:
                    ticker = message.values
        if ticker is not None and ticker["instrumentId"] not in self.parts:
            self._compare(ticker)

    def _book(self, message: Message) -> None:
        values = message.values
        number = values["instrumentId"]
        step = (values["prevChangeId"], values["changeId"])
        if number in self.parts:
            assert step == self.parts.pop(number)
        else:
            assert values["prevChangeId"] == self.change_ids.get(number, 0)
            assert values["changeId"] > values["prevChangeId"]
        if not values["isLast"]:
            self.parts[number] = step
        self.change_ids[number] = values["changeId"]
        sides = self.books.setdefault(number, {0: {}, 1: {}})
        for entry in message.entries:
            levels, price = sides[entry["side"]], entry["price"]
            if entry["change"] == 0:
                assert price not in levels
                assert entry["amount"] > 0
                levels[price] = entry["amount"]
            elif entry["change"] == 1:
                assert levels[price] != entry["amount"] > 0
                levels[price] = entry["amount"]
            else:
                assert entry["amount"] == 0
                del levels[price]

    def _snapshot(self, message: Message) -> None:
        number = message.values["instrumentId"]
        assert message.values["changeId"] == self.change_ids.get(number, 0)
        assert message.values["isBookComplete"] == 1
        levels = self.snapshot.setdefault(number, {0: {}, 1: {}})
        for entry in message.entries:
            assert entry["price"] not in levels[entry["side"]]
            levels[entry["side"]][entry["price"]] = entry["amount"]
        if message.values["isLastInBook"]:
            assert self.snapshot.pop(number) == self.books.get(number, {0: {}, 1: {}})
            self.checked_snapshots += 1

    def _compare(self, ticker: Row) -> None:
        asks, bids = (
            self.books.get(ticker["instrumentId"], {0: {}, 1: {}})[side] for side in (0, 1)
        )
        bid, ask = max(bids, default=0.0), min(asks, default=0.0)
        assert (ticker["bestBidPrice"], ticker["bestBidAmount"]) == (bid, bids.get(bid, 0.0))
        assert (ticker["bestAskPrice"], ticker["bestAskAmount"]) == (ask, asks.get(ask, 0.0))
        self.checked_tickers += 1

    def levels(self, number: int, side: int) -> list[tuple[float, float]]:
        """Give a side of a book, best first."""
        levels = self.books.get(number, {0: {}, 1: {}})[side]
        return sorted(levels.items(), reverse=side == 1)


def small_listings() -> tuple[Listing, ...]:
    """List one strike and one expiry, besides what has none."""
    return default_listings(START_NS, strikes=1, expiries=1)


def run(
    venue: SimulatedDeribit, packets: int, *, step_ns: int = 20_000_000, size: int = 250
) -> list[Packet]:
    """Let a venue run from its start, through a listener that checks everything.

    Args:
        venue: fresh.
        packets: how many, or a few more.
        step_ns: venue time of each batch.
        size: packets of a batch.

    Returns:
        Every packet.
    """
    listener, heard = Listener(), []
    now_ns = START_NS
    while len(heard) < packets:
        now_ns += step_ns
        heard += listener.hear(venue.advance(now_ns, min(size, packets - len(heard))))
    for listing in venue.listings:
        truth = venue.book(listing.instrument_id)
        number = listing.instrument_id
        assert truth.change_id == listener.change_ids.get(number, 0)
        assert listener.levels(number, 1) == [
            (float(price), float(amount)) for price, amount in truth.bids
        ]
        assert listener.levels(number, 0) == [
            (float(price), float(amount)) for price, amount in truth.asks
        ]
    assert listener.counts == {
        name: count for name, count in venue.message_counts().items() if count
    }
    assert listener.seqs == {
        channel: count for channel, count in venue.packet_counts().items() if count
    }
    return heard


def is_multiple(number: float, unit: Decimal) -> bool:
    """Say whether a double is the nearest one to a decimal multiple of a unit."""
    return Decimal(repr(number)) % unit == 0
