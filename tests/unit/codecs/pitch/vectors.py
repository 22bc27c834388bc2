"""The examples that Cboe prints in its specification, as bytes and what they say.

Where an example contradicts the table beside it (a header's length of 49 for 50 bytes, a short price of
eight bytes), the table is followed.
"""

from __future__ import annotations

from typing import Any

__all__ = ["EXAMPLES", "UNIT_OF_TWO", "example"]

_OFFSET = "18 D2 06 00"
_ORDER = "05 40 5B 77 8F 56 1D 0B"
_EXECUTION = "34 2B 46 E0 BB 00 00 00"
_PRICE = "E8 A3 0F 00 00 00 00 00"
_ZVZZT = "5A 56 5A 5A 54 20"

_AT: dict[str, Any] = {"time_offset_ns": 447_000}
_OF_ORDER = _AT | {"order_id": 0x0B1D_568F_775B_4005}
_ID = 0x00BB_E046_2B34
_BUY = _OF_ORDER | {"side": "B", "symbol": "ZVZZT"}

EXAMPLES: dict[str, tuple[str, dict[str, Any]]] = {
    "time": ("06 20 98 85 00 00", {"time_s": 34_200}),
    "time with its epoch": (
        "0A 20 98 85 00 00 68 11 35 60",
        {"time_s": 34_200, "epoch_time_s": 1_614_090_600},
    ),
    "time_reference": (
        "12 B1 D0 8B 34 60 00 E1 00 00 00 00 00 00 2F 62 34 01",
        {
            "midnight_reference_s": 1_614_056_400,
            "time_s": 57_600,
            "time_offset_ns": 0,
            "trade_date": 20_210_223,
        },
    ),
    "unit_clear": (f"06 97 {_OFFSET}", _AT),
    "end_of_session": (f"06 2D {_OFFSET}", _AT),
    "transaction_begin": (f"06 BC {_OFFSET}", _AT),
    "transaction_end": (f"06 BD {_OFFSET}", _AT),
    "trade_break": (f"0E 2C {_OFFSET} {_EXECUTION}", _AT | {"execution_id": _ID}),
    "add_order_long": (
        f"22 21 {_OFFSET} {_ORDER} 42 20 4E 00 00 {_ZVZZT} 5A 23 00 00 00 00 00 00 01",
        _BUY | {"quantity": 20_000, "price": 9050, "add_flags": 1},
    ),
    "add_order_short": (
        f"1A 22 {_OFFSET} {_ORDER} 42 20 4E {_ZVZZT} 0A 28 01",
        _BUY | {"quantity": 20_000, "price": 10_250, "add_flags": 1},
    ),
    "add_order_expanded": (
        (
            f"29 2F {_OFFSET} {_ORDER} 42 20 4E 00 00 {_ZVZZT} 20 20 5A 23 00 00 00 00 00 00 01 "
            "4D 50 49 44 4E"
        ),
        _BUY
        | {"quantity": 20_000, "price": 9050, "add_flags": 1}
        | {"participant_id": "MPID", "customer_indicator": "N"},
    ),
    "order_executed": (
        f"1A 23 {_OFFSET} {_ORDER} 64 00 00 00 {_EXECUTION}",
        _OF_ORDER | {"executed_quantity": 100, "execution_id": _ID},
    ),
    "order_executed of options": (
        f"1B 23 {_OFFSET} {_ORDER} 64 00 00 00 {_EXECUTION} 53",
        _OF_ORDER | {"executed_quantity": 100, "execution_id": _ID, "trade_condition": "S"},
    ),
    "order_executed_at_price_size": (
        f"26 24 {_OFFSET} {_ORDER} 64 00 00 00 BC 4D 00 00 {_EXECUTION} {_PRICE}",
        _OF_ORDER
        | {"executed_quantity": 100, "remaining_quantity": 19_900}
        | {"execution_id": _ID, "price": 1_025_000},
    ),
    "reduce_size_long": (
        f"12 25 {_OFFSET} {_ORDER} F8 24 01 00",
        _OF_ORDER | {"cancelled_quantity": 75_000},
    ),
    "reduce_size_short": (
        f"10 26 {_OFFSET} {_ORDER} 64 00",
        _OF_ORDER | {"cancelled_quantity": 100},
    ),
    "modify_order_long": (
        f"1B 27 {_OFFSET} {_ORDER} F8 24 01 00 {_PRICE} 03",
        _OF_ORDER | {"quantity": 75_000, "price": 1_025_000, "modify_flags": 3},
    ),
    "modify_order_short": (
        f"13 28 {_OFFSET} {_ORDER} 64 00 0A 28 03",
        _OF_ORDER | {"quantity": 100, "price": 10_250, "modify_flags": 3},
    ),
    "delete_order": (f"0E 29 {_OFFSET} {_ORDER}", _OF_ORDER),
    "trade_long": (
        f"29 2A {_OFFSET} {_ORDER} 42 F8 24 01 00 {_ZVZZT} {_PRICE} {_EXECUTION}",
        _BUY | {"quantity": 75_000, "price": 1_025_000, "execution_id": _ID},
    ),
    "trade_short": (
        f"21 2B {_OFFSET} {_ORDER} 42 64 00 {_ZVZZT} 0A 28 {_EXECUTION}",
        _BUY | {"quantity": 100, "price": 10_250, "execution_id": _ID},
    ),
    "trade_expanded": (
        f"2B 30 {_OFFSET} {_ORDER} 42 F8 24 01 00 {_ZVZZT} 20 20 {_PRICE} {_EXECUTION}",
        _BUY | {"quantity": 75_000, "price": 1_025_000, "execution_id": _ID},
    ),
    "trading_status": (
        f"12 31 {_OFFSET} {_ZVZZT} 20 20 54 30 20 20",
        _AT
        | {"symbol": "ZVZZT", "trading_status": "T", "reg_sho_action": "0"}
        | {"gth_trading_status": "", "reserved": ""},
    ),
    "auction_update": (
        f"2F 95 {_OFFSET} {_ZVZZT} 20 20 49 {_PRICE} F8 24 01 00 20 4E 00 00 {_PRICE} {_PRICE}",
        _AT
        | {"symbol": "ZVZZT", "auction_type": "I", "reference_price": 1_025_000}
        | {"buy_quantity": 75_000, "sell_quantity": 20_000}
        | {"indicative_price": 1_025_000, "auction_only_price": 1_025_000},
    ),
    "options_auction_update": (
        (
            f"40 D1 {_OFFSET} 30 30 6D 45 56 4F 20 20 56 {_PRICE} 64 00 00 00 C8 00 00 00 {_PRICE} "
            f"{_PRICE} 4F 50 69 0F 00 00 00 00 00 70 B7 0F 00 00 00 00 00"
        ),
        _AT
        | {"symbol": "00mEVO", "auction_type": "V", "reference_price": 1_025_000}
        | {"buy_quantity": 100, "sell_quantity": 200, "indicative_price": 1_025_000}
        | {"auction_only_price": 1_025_000, "opening_condition": "O"}
        | {"composite_bid_price": 1_010_000, "composite_offer_price": 1_030_000},
    ),
    "auction_summary": (
        f"1B 96 {_OFFSET} 30 30 6D 45 56 5F 20 20 4F {_PRICE} 4B 00 00 00",
        _AT | {"symbol": "00mEV_", "auction_type": "O", "price": 1_025_000, "quantity": 75},
    ),
    "retail_price_improvement": (
        f"0F 98 {_OFFSET} {_ZVZZT} 20 20 41",
        _AT | {"symbol": "ZVZZT", "retail_price_improvement": "A"},
    ),
    "symbol_mapping": (
        (
            "26 2E 30 30 6D 45 56 4F 4D 53 46 54 20 20 31 39 30 39 32 30 43 30 30 31 35 30 30 30 30 4E "
            "4D 53 46 54 20 20 20 20"
        ),
        {
            "feed_symbol": "00mEVO",
            "osi_symbol": "MSFT  190920C00150000",
            "symbol_condition": "N",
            "underlying": "MSFT",
        },
    ),
    "constituent_symbol_mapping": (
        "3A 9E 30 30 6D 45 56 4F 53 50 58 57 20 20 31 39 30 39 32 37 43 30 32 33 39 30 30 30 30 4E "
        "53 50 58 20 20 20 20 20 56 58 53 " + "20 " * 17,
        {
            "feed_symbol": "00mEVO",
            "osi_symbol": "SPXW  190927C02390000",
            "symbol_condition": "N",
            "underlying": "SPX",
            "soq_identifier": "VXS",
        },
    ),
    "soq_strike_range_update": (
        f"2A 9D {_OFFSET} 56 58 53 {'20 ' * 17} 40 66 03 01 00 00 00 00 00 48 E8 01 00 00 00 00",
        _AT
        | {"soq_identifier": "VXS"}
        | {"lower_strike_price": 17_000_000, "upper_strike_price": 32_000_000},
    ),
    "width_update": (
        f"13 D2 {_OFFSET} {_ZVZZT} 20 20 52 0F 00 00 00",
        _AT | {"underlying": "ZVZZT", "width_type": "R", "multiplier": 15},
    ),
    "auction_notification": (
        (
            f"2F AD {_OFFSET} 30 30 6D 45 56 4F {_ORDER} 54 42 {_PRICE} 64 00 00 00 43 45 46 49 44 "
            "38 73 0E 00 43 4C 49 44"
        ),
        _AT
        | {"symbol": "00mEVO", "auction_id": 0x0B1D_568F_775B_4005, "auction_type": "T"}
        | {"side": "B", "price": 1_025_000, "quantity": 100, "customer_indicator": "C"}
        | {"participant_id": "EFID", "auction_end_offset_ns": 947_000, "client_id": "CLID"},
    ),
    "auction_cancel": (f"0E AE {_OFFSET} {_ORDER}", _AT | {"auction_id": 0x0B1D_568F_775B_4005}),
    "auction_trade": (
        f"22 AF {_OFFSET} {_ORDER} {_EXECUTION} {_PRICE} 64 00 00 00",
        _AT
        | {"auction_id": 0x0B1D_568F_775B_4005, "execution_id": _ID}
        | {"price": 1_025_000, "quantity": 100},
    ),
    "login": (
        "16 01 30 30 30 31 46 49 52 4D 20 20 41 42 43 44 30 30 20 20 20 20",
        {"session_sub_id": "0001", "username": "FIRM", "filler": "", "password": "ABCD00"},
    ),
    "login_response": ("03 02 41", {"status": "A"}),
    "gap_request": ("09 03 01 3B 10 00 00 32 00", {"unit": 1, "sequence": 4155, "count": 50}),
    "gap_response": (
        "0A 04 01 3B 10 00 00 32 00 41",
        {"unit": 1, "sequence": 4155, "count": 50, "status": "A"},
    ),
    "spin_image_available": ("06 80 3B 10 00 00", {"sequence": 4155}),
    "spin_request": ("06 81 3B 10 00 00", {"sequence": 4155}),
    "spin_response": (
        "0B 82 3B 10 00 00 42 00 00 00 41",
        {"sequence": 4155, "order_count": 66, "status": "A"},
    ),
    "spin_finished": ("06 83 3B 10 00 00", {"sequence": 4155}),
    "instrument_definition_request": ("06 84 00 00 00 00", {"sequence": 0}),
    "instrument_definition_response": (
        "0B 85 00 00 00 00 B8 0B 00 00 41",
        {"sequence": 0, "instrument_count": 3000, "status": "A"},
    ),
    "instrument_definition_finished": ("02 86", {}),
}
"""Name of a message, and after a space which form of it; its bytes; its values."""

UNIT_OF_TWO = bytes.fromhex(
    "32 00 02 01 01 00 00 00"
    f"1A 22 {_OFFSET} {_ORDER} 42 E1 02 {_ZVZZT} 01 00 01"
    f"10 26 E8 D9 06 00 {_ORDER} E1 02"
)
"""A unit of an add order and a reduce size, both of 737 shares."""


def example(name: str) -> bytes:
    """Give an example's bytes."""
    return bytes.fromhex(EXAMPLES[name][0])
