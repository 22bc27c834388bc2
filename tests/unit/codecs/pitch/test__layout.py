"""The constant offsets are those of the message table."""

from __future__ import annotations

import zerofeed.codecs.pitch._layout as layout
from tests.unit.codecs.pitch.naive import SHORTEST
from zerofeed.codecs.pitch.messages import HEADER, PITCH_MESSAGES

__all__: list[str] = []

# Constant -> messages that have the field there, and its name.
FIELDS = {
    "TIME_S": (["time"], "time_s"),
    "TIME_EPOCH_S": (["time"], "epoch_time_s"),
    "REFERENCE_MIDNIGHT_S": (["time_reference"], "midnight_reference_s"),
    "REFERENCE_TIME_S": (["time_reference"], "time_s"),
    "ORDER_ID": (
        [
            "add_order_long", "add_order_short", "add_order_expanded", "order_executed",
            "order_executed_at_price_size", "reduce_size_long", "reduce_size_short",
            "modify_order_long", "modify_order_short", "delete_order",
        ],
        "order_id",
    ),
    "SYMBOL_AFTER_TIME": (
        ["trading_status", "auction_update", "options_auction_update"], "symbol",
    ),
    "SIDE": (["add_order_long", "add_order_short", "add_order_expanded"], "side"),
    "SIZE": (["add_order_long", "trade_short", "trade_expanded"], "quantity"),
    "ADD_SHORT_SYMBOL": (["add_order_short", "trade_short"], "symbol"),
    "ADD_LONG_SYMBOL": (
        ["add_order_long", "trade_long", "add_order_expanded", "trade_expanded"], "symbol",
    ),
    "EXECUTED_SIZE": (["order_executed", "order_executed_at_price_size"], "executed_quantity"),
    "EXECUTED_EXECUTION_ID": (["order_executed"], "execution_id"),
    "EXECUTED_AT_REMAINING": (["order_executed_at_price_size"], "remaining_quantity"),
    "EXECUTED_AT_EXECUTION_ID": (["order_executed_at_price_size"], "execution_id"),
    "EXECUTED_AT_PRICE": (["order_executed_at_price_size"], "price"),
    "CANCELLED_SIZE": (["reduce_size_long", "reduce_size_short"], "cancelled_quantity"),
    "MODIFY_SIZE": (["modify_order_long", "modify_order_short"], "quantity"),
    "MODIFY_LONG_PRICE": (["modify_order_long"], "price"),
    "MODIFY_LONG_FLAGS": (["modify_order_long"], "modify_flags"),
    "MODIFY_SHORT_PRICE": (["modify_order_short"], "price"),
    "MODIFY_SHORT_FLAGS": (["modify_order_short"], "modify_flags"),
    "BREAK_EXECUTION_ID": (["trade_break"], "execution_id"),
    "MAPPING_FEED_SYMBOL": (["symbol_mapping"], "feed_symbol"),
    "MAPPING_OSI_SYMBOL": (["symbol_mapping"], "osi_symbol"),
    "MAPPING_UNDERLYING": (["symbol_mapping"], "underlying"),
    "STATUS_LETTER": (["trading_status"], "trading_status"),
    "STATUS_REG_SHO": (["trading_status"], "reg_sho_action"),
    "AUCTION_TYPE": (["auction_update", "options_auction_update"], "auction_type"),
    "AUCTION_REFERENCE_PRICE": (["auction_update", "options_auction_update"], "reference_price"),
    "AUCTION_BUY_SIZE": (["auction_update", "options_auction_update"], "buy_quantity"),
    "AUCTION_SELL_SIZE": (["auction_update", "options_auction_update"], "sell_quantity"),
    "AUCTION_INDICATIVE_PRICE": (["auction_update", "options_auction_update"], "indicative_price"),
    "AUCTION_ONLY_PRICE": (["auction_update", "options_auction_update"], "auction_only_price"),
}  # fmt: skip
TYPES = {
    "TIME": "time", "TIME_REFERENCE": "time_reference", "ADD_LONG": "add_order_long",
    "ADD_SHORT": "add_order_short", "ADD_EXPANDED": "add_order_expanded", "EXECUTED": "order_executed",
    "EXECUTED_AT": "order_executed_at_price_size", "REDUCE_LONG": "reduce_size_long",
    "REDUCE_SHORT": "reduce_size_short", "MODIFY_LONG": "modify_order_long",
    "MODIFY_SHORT": "modify_order_short", "DELETE": "delete_order", "TRADE_LONG": "trade_long",
    "TRADE_SHORT": "trade_short", "TRADE_EXPANDED": "trade_expanded", "TRADE_BREAK": "trade_break",
    "SYMBOL_MAPPING": "symbol_mapping", "STATUS": "trading_status", "UNIT_CLEAR": "unit_clear",
    "AUCTION_UPDATE": "auction_update", "OPTIONS_AUCTION_UPDATE": "options_auction_update",
}  # fmt: skip
LENGTHS = {"TIME_REFERENCE": "REFERENCE_BYTES", "SYMBOL_MAPPING": "MAPPING_BYTES"}


def test_offsets_are_the_table_s() -> None:
    for name, (names, field) in FIELDS.items():
        for message in names:
            assert PITCH_MESSAGES[message].offsets[field] == getattr(layout, name), (name, message)


def test_every_offset_is_compared() -> None:
    others = {name for name in layout.__all__ if name.startswith("HEADER") or "_BYTES" in name}
    compared = {*FIELDS, *TYPES, *others, "TIME_OFFSET_NS", "MAINTAIN_PRIORITY"}
    assert set(layout.__all__) == compared


def test_the_time_is_where_the_kernels_read_it() -> None:
    for message in PITCH_MESSAGES:
        if message.name != "time_reference" and "time_offset_ns" in message.offsets:
            assert message.offsets["time_offset_ns"] == layout.TIME_OFFSET_NS


def test_types_and_lengths_are_the_table_s_and_the_oracle_s() -> None:
    for name, message in TYPES.items():
        assert PITCH_MESSAGES[message].code == getattr(layout, name)
        length = getattr(layout, LENGTHS.get(name, f"{name}_BYTES"))
        assert length == PITCH_MESSAGES[message].least_bytes
    assert {message.code: message.least_bytes for message in PITCH_MESSAGES} == SHORTEST
    assert PITCH_MESSAGES["time"].most_bytes == layout.TIME_EPOCH_BYTES
    assert PITCH_MESSAGES["symbol_mapping"].most_bytes == layout.MAPPING_UNDERLYING_BYTES


def test_price_and_execution_follow_the_symbol() -> None:
    """The kernels go on from there by widths."""
    for name in (
        "add_order_short",
        "trade_short",
        "add_order_long",
        "trade_long",
        "trade_expanded",
    ):
        message = PITCH_MESSAGES[name]
        widths = {each.name: each.size for each in message.fields}
        price = message.offsets["symbol"] + widths["symbol"]
        assert message.offsets["price"] == price
        assert (
            message.offsets.get("execution_id", price + widths["price"]) == price + widths["price"]
        )


def test_header_is_the_table_s() -> None:
    names = {"LENGTH": "length", "COUNT": "count", "UNIT": "unit", "SEQ": "sequence"}
    for name, field in names.items():
        assert getattr(layout, f"HEADER_{name}") == HEADER.fields[field][1]
    assert HEADER.itemsize == layout.HEADER_BYTES
