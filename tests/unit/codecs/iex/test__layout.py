"""The constant offsets are those of the message table."""

from __future__ import annotations

import zerofeed.codecs.iex._layout as layout
from tests.unit.codecs.iex.naive import SHORTEST
from zerofeed.codecs.iex.messages import HEADER, IEX_MESSAGES

__all__: list[str] = []

FIELDS = {
    "STATUS_REASON": ("trading_status", "reason"),
    "QUOTE_BID_SIZE": ("quote_update", "bid_size"),
    "QUOTE_BID_PRICE": ("quote_update", "bid_price"),
    "QUOTE_ASK_PRICE": ("quote_update", "ask_price"),
    "QUOTE_ASK_SIZE": ("quote_update", "ask_size"),
    "LEVEL_SIZE": ("price_level_update_buy", "size"),
    "LEVEL_PRICE": ("price_level_update_sell", "price"),
    "TRADE_SIZE": ("trade_report", "size"),
    "TRADE_PRICE": ("trade_break", "price"),
    "TRADE_ID": ("trade_report", "trade_id"),
    "AUCTION_PAIRED_SIZE": ("auction_information", "paired_shares"),
    "AUCTION_REFERENCE_PRICE": ("auction_information", "reference_price"),
    "AUCTION_INDICATIVE_PRICE": ("auction_information", "indicative_clearing_price"),
    "AUCTION_IMBALANCE_SIZE": ("auction_information", "imbalance_shares"),
    "AUCTION_IMBALANCE_SIDE": ("auction_information", "imbalance_side"),
    "AUCTION_TIME_S": ("auction_information", "scheduled_auction_time_s"),
    "AUCTION_BOOK_PRICE": ("auction_information", "auction_book_clearing_price"),
}
LENGTHS = {
    "SYSTEM_EVENT": "S", "SECURITY_DIRECTORY": "D", "TRADING_STATUS": "H", "RETAIL_LIQUIDITY": "I",
    "OPERATIONAL_HALT": "O", "SHORT_SALE_TEST": "P", "SECURITY_EVENT": "E", "QUOTE": "Q",
    "LEVEL": "8", "TRADE": "T", "OFFICIAL_PRICE": "X", "AUCTION_INFORMATION": "A",
}  # fmt: skip


def test_offsets_are_the_table_s() -> None:
    for name, (message, field) in FIELDS.items():
        assert getattr(layout, name) == IEX_MESSAGES[message].offsets[field], name


def test_every_message_begins_alike() -> None:
    for message in IEX_MESSAGES:
        names = [each.name for each in message.fields]
        assert (names[0], names[2]) == ("type", "timestamp_ns")
        assert message.offsets[names[1]] == layout.CODE
        assert message.offsets["timestamp_ns"] == layout.TIMESTAMP_NS
        assert message.offsets.get("symbol", layout.SYMBOL) == layout.SYMBOL
        assert ("symbol" in names) == (message.name != "system_event")


def test_lengths_are_the_table_s_and_the_oracle_s() -> None:
    for name, letter in LENGTHS.items():
        length = getattr(layout, f"{name}_BYTES")
        assert length == SHORTEST[letter] == IEX_MESSAGES.by_code[ord(letter)].least_bytes
    for message in IEX_MESSAGES:
        assert message.least_bytes == message.most_bytes == SHORTEST[chr(message.code)]


def test_types_are_the_table_s_in_its_order() -> None:
    assert tuple(message.code for message in IEX_MESSAGES) == layout.MESSAGE_TYPES


def test_header_is_the_table_s() -> None:
    names = {
        "VERSION": "version", "PROTOCOL": "protocol", "CHANNEL": "channel", "SESSION": "session",
        "PAYLOAD_BYTES": "payload_bytes", "COUNT": "message_count", "FIRST_SEQ": "first_seq",
        "STREAM_OFFSET": "stream_offset", "SENT_NS": "sent_ns",
    }  # fmt: skip
    for name, field in names.items():
        assert getattr(layout, f"HEADER_{name}") == HEADER.fields[field][1]
    assert HEADER.itemsize == layout.HEADER_BYTES
