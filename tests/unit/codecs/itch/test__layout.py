"""The kernels' offsets are those of the table of messages."""

from __future__ import annotations

import pytest

from zerofeed.codecs._day_kernels import MOST_STRETCHES, STRETCHES_AT
from zerofeed.codecs.itch import _layout as w
from zerofeed.codecs.itch.messages import ITCH_MESSAGES

__all__: list[str] = []

OFFSETS = {
    ("system_event", "event_code"): w.EVENT_CODE,
    ("stock_directory", "stock"): w.STOCK,
    ("stock_directory", "round_lot_size"): w.ROUND_LOT_SIZE,
    ("stock_directory", "round_lots_only"): w.ROUND_LOTS_ONLY,
    ("stock_trading_action", "trading_state"): w.TRADING_STATE,
    ("stock_trading_action", "reason"): w.REASON,
    ("operational_halt", "market_code"): w.MARKET_CODE,
    ("operational_halt", "operational_halt_action"): w.HALT_ACTION,
    ("mwcb_status", "breached_level"): w.BREACHED_LEVEL,
    ("luld_auction_collar", "upper_auction_collar_price"): w.COLLAR_UPPER,
    ("luld_auction_collar", "lower_auction_collar_price"): w.COLLAR_LOWER,
    ("order_executed_with_price", "order_reference_number"): w.ORDER_NUMBER,
    ("order_executed_with_price", "executed_shares"): w.EXECUTED_SHARES,
    ("order_executed_with_price", "match_number"): w.EXECUTED_MATCH,
    ("order_executed_with_price", "printable"): w.PRINTABLE,
    ("order_executed_with_price", "execution_price"): w.EXECUTION_PRICE,
    ("cross_trade", "shares"): w.CROSS_SHARES,
    ("cross_trade", "cross_price"): w.CROSS_PRICE,
    ("cross_trade", "match_number"): w.CROSS_MATCH,
    ("net_order_imbalance", "paired_shares"): w.PAIRED_SHARES,
    ("net_order_imbalance", "imbalance_shares"): w.IMBALANCE_SHARES,
    ("net_order_imbalance", "imbalance_direction"): w.IMBALANCE_DIRECTION,
    ("net_order_imbalance", "far_price"): w.FAR_PRICE,
    ("net_order_imbalance", "near_price"): w.NEAR_PRICE,
    ("net_order_imbalance", "current_reference_price"): w.REFERENCE_PRICE,
    ("net_order_imbalance", "cross_type"): w.CROSS_TYPE,
    ("direct_listing_price_discovery", "near_execution_price"): w.NEAR_EXECUTION_PRICE,
    ("direct_listing_price_discovery", "near_execution_time"): w.NEAR_EXECUTION_TIME,
    ("direct_listing_price_discovery", "lower_price_range_collar"): w.LOWER_RANGE_COLLAR,
    ("direct_listing_price_discovery", "upper_price_range_collar"): w.UPPER_RANGE_COLLAR,
}
TYPES = {
    "system_event": w.SYSTEM_EVENT,
    "stock_directory": w.STOCK_DIRECTORY,
    "stock_trading_action": w.TRADING_ACTION,
    "operational_halt": w.OPERATIONAL_HALT,
    "mwcb_status": w.MWCB_STATUS,
    "luld_auction_collar": w.COLLAR,
    "order_executed_with_price": w.EXECUTED_WITH_PRICE,
    "cross_trade": w.CROSS_TRADE,
    "net_order_imbalance": w.IMBALANCE_MESSAGE,
    "direct_listing_price_discovery": w.DIRECT_LISTING,
}


@pytest.mark.parametrize(("message", "field"), OFFSETS)
def test_an_offset_is_that_of_the_table(message: str, field: str) -> None:
    assert OFFSETS[message, field] == ITCH_MESSAGES[message].offsets[field]


def test_letters_are_those_of_the_table() -> None:
    assert {name: ITCH_MESSAGES[name].code for name in TYPES} == TYPES


def test_every_message_begins_alike() -> None:
    for message in ITCH_MESSAGES:
        offsets = message.offsets
        assert offsets["stock_locate"] == w.LOCATE
        # Eight bytes from TIME_WORD on: two that are masked away, and the six of the time.
        assert offsets["timestamp_high"] == w.TIME_WORD + 2
        assert offsets["timestamp_low"] == w.TIME_WORD + 4
        assert w.TIME_MASK == 2**48 - 1


def test_the_parts_of_the_scratch_lie_behind_one_another() -> None:
    parts = [
        (w.TABLE, 256 * w.ENTRY_WORDS),
        (w.COUNTS, w.COUNT_WORDS),
        (w.SIDES, 257),
        (w.DAY, STRETCHES_AT + MOST_STRETCHES),
        (w.OWN, w.OWN_WORDS),
    ]
    ends = [at + size for at, size in parts]
    assert all(end <= at for end, (at, _) in zip(ends, parts[1:], strict=False))
    assert ends[-1] == w.SCRATCH_WORDS
    assert len(list(ITCH_MESSAGES)) <= w.COUNT_WORDS
