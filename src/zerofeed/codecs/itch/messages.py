"""Every message of Nasdaq TotalView-ITCH 5.0, and messages seen in place.

::

    from zerofeed.codecs.itch.messages import message_at

    message = message_at(buffer, offset, length)
    print(message.name, message["shares"], message["price"], message.fields.dtype)

Numbers are as on the wire, unsigned and big-endian; the unit of each says what one of them is:

================  ==============================================================================
unit              a value is
================  ==============================================================================
0.0001 dollars    the mantissa of a price
1e-8 dollars      the same, of the levels of the market-wide circuit breaker alone
shares            whole shares
ns of the day     nanoseconds since midnight in New York; no message says which day
s of the day      seconds since then
text, letter      ASCII, padded with spaces on the right
================  ==============================================================================

NumPy knows no number of six bytes: a message's time is two fields, ``timestamp_high`` (two bytes) and
``timestamp_low`` (four); :func:`time_of_day` puts them together, of a message or of a whole array.

:func:`gather` copies all messages of one type into a structured array, for NumPy, pandas and polars.

Source: Nasdaq TotalView-ITCH 5.0, as published in February 2026.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import SchemaError
from zerofeed.codecs.message_table import (
    Buffer,
    Field,
    Message,
    MessageTable,
    MessageView,
    as_bytes,
)

__all__ = [
    "HEAD_BYTES",
    "ITCH_MESSAGES",
    "LENGTHS",
    "LONGEST_MESSAGE",
    "MESSAGE_TYPES",
    "gather",
    "message_at",
    "time_of_day",
]

HEAD_BYTES = 11
"""Bytes that all messages begin with: type, locate, tracking number, time."""

_PRICE = "0.0001 dollars"
_LEVEL = "1e-8 dollars"
_SHARES = "shares"
_NUMBER = "number"
_LETTER = "letter"
_TEXT = "text"
_HEAD = (
    Field("type", "S1", _LETTER),
    Field("stock_locate", ">u2", "number of the stock, for one day"),
    Field("tracking_number", ">u2", _NUMBER),
    Field("timestamp_high", ">u2", "ns of the day, 2**32"),
    Field("timestamp_low", ">u4", "ns of the day"),
)

_STOCK = ("stock", "S8", _TEXT)
_ORDER = ("order_reference_number", ">u8", _NUMBER)
_MATCH = ("match_number", ">u8", _NUMBER)
_FEW_SHARES = ("shares", ">u4", _SHARES)
_SIDE = ("buy_sell_indicator", "S1", _LETTER)
_ORDER_PRICE = ("price", ">u4", _PRICE)
_ADDED = (_ORDER, _SIDE, _FEW_SHARES, _STOCK, _ORDER_PRICE)


def _letter(name: str) -> tuple[str, str, str]:
    return name, "S1", _LETTER


def _price(name: str) -> tuple[str, str, str]:
    return name, ">u4", _PRICE


def _message(code: str, name: str, *fields: tuple[str, str, str]) -> Message:
    every = (*_HEAD, *(Field(*each) for each in fields))
    return Message(ord(code), name, every, sum(each.size for each in every))


ITCH_MESSAGES = MessageTable(
    "ITCH 5.0",
    (
        _message("S", "system_event", _letter("event_code")),
        _message(
            "R",
            "stock_directory",
            _STOCK,
            _letter("market_category"),
            _letter("financial_status_indicator"),
            ("round_lot_size", ">u4", _SHARES),
            _letter("round_lots_only"),
            _letter("issue_classification"),
            ("issue_sub_type", "S2", _TEXT),
            _letter("authenticity"),
            _letter("short_sale_threshold_indicator"),
            _letter("ipo_flag"),
            _letter("luld_reference_price_tier"),
            _letter("etp_flag"),
            ("etp_leverage_factor", ">u4", _NUMBER),
            _letter("inverse_indicator"),
        ),
        _message(
            "H",
            "stock_trading_action",
            _STOCK,
            _letter("trading_state"),
            _letter("reserved"),
            ("reason", "S4", _TEXT),
        ),
        _message("Y", "reg_sho_restriction", _STOCK, _letter("reg_sho_action")),
        _message(
            "L",
            "market_participant_position",
            ("mpid", "S4", _TEXT),
            _STOCK,
            _letter("primary_market_maker"),
            _letter("market_maker_mode"),
            _letter("market_participant_state"),
        ),
        _message(
            "V",
            "mwcb_decline_level",
            ("level_1", ">u8", _LEVEL),
            ("level_2", ">u8", _LEVEL),
            ("level_3", ">u8", _LEVEL),
        ),
        _message("W", "mwcb_status", _letter("breached_level")),
        _message(
            "K",
            "ipo_quoting_period_update",
            _STOCK,
            ("ipo_quotation_release_time", ">u4", "s of the day"),
            _letter("ipo_quotation_release_qualifier"),
            _price("ipo_price"),
        ),
        _message(
            "J",
            "luld_auction_collar",
            _STOCK,
            _price("auction_collar_reference_price"),
            _price("upper_auction_collar_price"),
            _price("lower_auction_collar_price"),
            ("auction_collar_extension", ">u4", _NUMBER),
        ),
        _message(
            "h",
            "operational_halt",
            _STOCK,
            _letter("market_code"),
            _letter("operational_halt_action"),
        ),
        _message("A", "add_order", *_ADDED),
        _message("F", "add_order_mpid", *_ADDED, ("attribution", "S4", _TEXT)),
        _message("E", "order_executed", _ORDER, ("executed_shares", ">u4", _SHARES), _MATCH),
        _message(
            "C",
            "order_executed_with_price",
            _ORDER,
            ("executed_shares", ">u4", _SHARES),
            _MATCH,
            _letter("printable"),
            _price("execution_price"),
        ),
        _message("X", "order_cancel", _ORDER, ("cancelled_shares", ">u4", _SHARES)),
        _message("D", "order_delete", _ORDER),
        _message(
            "U",
            "order_replace",
            ("original_order_reference_number", ">u8", _NUMBER),
            ("new_order_reference_number", ">u8", _NUMBER),
            _FEW_SHARES,
            _ORDER_PRICE,
        ),
        _message("P", "trade", *_ADDED, _MATCH),
        _message(
            "Q",
            "cross_trade",
            ("shares", ">u8", _SHARES),
            _STOCK,
            _price("cross_price"),
            _MATCH,
            _letter("cross_type"),
        ),
        _message("B", "broken_trade", _MATCH),
        _message(
            "I",
            "net_order_imbalance",
            ("paired_shares", ">u8", _SHARES),
            ("imbalance_shares", ">u8", _SHARES),
            _letter("imbalance_direction"),
            _STOCK,
            _price("far_price"),
            _price("near_price"),
            _price("current_reference_price"),
            _letter("cross_type"),
            _letter("price_variation_indicator"),
        ),
        _message("N", "retail_price_improvement", _STOCK, _letter("interest_flag")),
        _message(
            "O",
            "direct_listing_price_discovery",
            _STOCK,
            _letter("open_eligibility_status"),
            _price("minimum_allowable_price"),
            _price("maximum_allowable_price"),
            _price("near_execution_price"),
            ("near_execution_time", ">u8", "ns of the day"),
            _price("lower_price_range_collar"),
            _price("upper_price_range_collar"),
        ),
    ),
)
"""All of them."""

MESSAGE_TYPES: tuple[str, ...] = tuple(chr(each.code) for each in ITCH_MESSAGES)
"""Letters in the order of the slots that messages are counted in."""

LENGTHS: npt.NDArray[np.int64] = np.zeros(256, np.int64)
"""Bytes of each type of message, by the code of its letter; 0 where there is none. Read-only."""
for _each in ITCH_MESSAGES:
    LENGTHS[_each.code] = _each.most_bytes
LENGTHS.setflags(write=False)

LONGEST_MESSAGE = int(LENGTHS.max())
"""Bytes of the longest type."""


def message_at(buffer: Buffer, offset: int, length: int | None = None) -> MessageView:
    """See a message in place, without a copy.

    Args:
        buffer: the bytes that it lies in.
        offset: where it begins: at its type, behind any length.
        length: its bytes as received; default: those of its type.

    Returns:
        The view. Bytes behind the last known field are passed over.

    Raises:
        SchemaError: there is no such type, or fewer bytes than it has.
    """
    data = as_bytes(buffer)
    room = data.size - offset if length is None else min(length, data.size - offset)
    if offset < 0 or room < 1:
        raise SchemaError(
            "no message there",
            where=f"offset {offset}",
            expected=f"0 to {data.size - 1}",
            next_step="check the offset and the length",
        )
    message = ITCH_MESSAGES.by_code.get(int(data[offset]))
    if message is None:
        raise SchemaError(
            "no such type of message",
            where=f"offset {offset}",
            expected=" ".join(MESSAGE_TYPES),
            got=repr(bytes([int(data[offset])])),
            next_step="check that the offset is that of a message, behind its length",
        )
    if room < message.most_bytes:
        raise SchemaError(
            f"too few bytes for {message.name}",
            where=f"offset {offset}",
            expected=message.most_bytes,
            got=room,
        )
    return MessageView(message, data, offset, room if length is not None else message.most_bytes)


def time_of_day(message: Any) -> Any:
    """Put a message's time together.

    Args:
        message: a view of one, or a structured array of many.

    Returns:
        Nanoseconds since midnight: an int, or an int64 array.
    """
    if isinstance(message, MessageView):
        return message["timestamp_high"] << 32 | message["timestamp_low"]
    high: npt.NDArray[np.int64] = message["timestamp_high"].astype(np.int64)
    return high << 32 | message["timestamp_low"].astype(np.int64)


def gather(
    buffer: Buffer, offsets: npt.NDArray[np.int64], kind: str, *, lengths: Any = None
) -> npt.NDArray[Any]:
    """Copy all messages of one type into an array.

    Args:
        buffer: the bytes that they lie in.
        offsets: int64, where messages of any type begin.
        kind: letter of the type that is wanted.
        lengths: int64, bytes of each as received; those that are too short for the type are left out.
            Default: messages that would end behind the buffer are left out.

    Returns:
        Structured array, one element a message, in order. One copy of the wanted messages' bytes.

    Raises:
        SchemaError: there is no such type.
    """
    message = ITCH_MESSAGES.by_code.get(ord(kind)) if len(kind) == 1 else None
    if message is None:
        raise SchemaError(
            "no such type of message", expected=" ".join(MESSAGE_TYPES), got=repr(kind)
        )
    data = as_bytes(buffer)
    size = message.most_bytes
    is_whole = (offsets >= 0) & (offsets <= data.size - size)
    if lengths is not None:
        is_whole &= lengths >= size
    inside = offsets[is_whole]
    wanted = inside[data[inside] == message.code]
    rows = data[wanted[:, None] + np.arange(size)]
    return rows.view(message.dtype()).reshape(-1)
