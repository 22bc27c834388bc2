"""Every message of Cboe's multicast PITCH and of its gap request and spin servers, seen in place.

::

    from zerofeed.codecs.pitch.messages import messages, units

    for message in messages(payload):                # one datagram
        if message.name == "auction_update":
            print(message["symbol"], message["indicative_price"], message.message.units)
    for unit in units(stream):                       # what a server sent, one unit behind the other
        print(unit.header["sequence"], [message.name for message in unit])

Numbers are as on the wire: prices count 0.0001 dollars, or 0.01 in the short forms. An order's or
execution's number is what Cboe prints in base 36 (:func:`base36`). Fields at the end of a message that not
every version or market has are missing from its view.

=================  ==========================================================================
field              bits
=================  ==========================================================================
``add_flags``      0x01 the order is displayed in the SIP quote, 0x08 all or none
``modify_flags``   0x01 displayed in the SIP quote, 0x02 the order keeps its priority
=================  ==========================================================================

Bytes from outside never make this module raise: what cannot be read ends the iteration, with the reason in
``status`` and the place in ``position``.

Source: Cboe US Equities/Options Multicast Depth of Book (PITCH) 2.41.82.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.status import MALFORMED, OK, TRUNCATED
from zerofeed.codecs.message_table import (
    Buffer,
    Field,
    Message,
    MessageTable,
    MessageView,
    as_bytes,
)
from zerofeed.codecs.pitch._layout import HEADER_BYTES

__all__ = [
    "HEADER",
    "PITCH_MESSAGES",
    "SHORT_SALE_STATE",
    "PitchUnit",
    "base36",
    "messages",
    "units",
]

SHORT_SALE_STATE = 0x200
"""Bit of a security's state, in STATUS records: the short sale price test restriction is in effect.

The low byte is the letter of the trading status: T trading, H halted, Q quote only, A accepting orders,
S suspended by the exchange, R opening rotation.
"""

_LONG_PRICE = "0.0001 dollars"
_SHORT_PRICE = "0.01 dollars"
_SHARES = "shares or contracts"
_LETTER = "letter"
_BITS = "bits"
_NUMBER = "number"
_TEXT = "text"

_HEAD = (Field("length", "u1", "bytes"), Field("type", "u1", "type"))
_OFFSET = ("time_offset_ns", "<u4", "ns since the last time message")
_ORDER = ("order_id", "<u8", _NUMBER)
_EXECUTION = ("execution_id", "<u8", _NUMBER)
_SIDE = ("side", "S1", _LETTER)
_SYMBOL = ("symbol", "S8", _TEXT)
_FEED_SYMBOL = ("symbol", "S6", _TEXT)
_QUANTITY = ("quantity", "<u4", _SHARES)
_SHORT_QUANTITY = ("quantity", "<u2", _SHARES)
_PRICE = ("price", "<u8", _LONG_PRICE)
_CENTS = ("price", "<u2", _SHORT_PRICE)
_CONDITION = ("trade_condition", "S1", _LETTER)
_SEQUENCE = ("sequence", "<u4", _NUMBER)
_RESPONSE = ("status", "S1", _LETTER)

HEADER: np.dtype[Any] = np.dtype(
    [("length", "<u2"), ("count", "u1"), ("unit", "u1"), ("sequence", "<u4")]
)
"""Header of a unit. A heartbeat has no messages, and ``sequence`` is the number of the next, or 0."""

_Spec = tuple[str, str, str]


def _message(code: int, name: str, *fields: _Spec, optional: tuple[_Spec, ...] = ()) -> Message:
    """Describe a message; the optional fields are those that not every version has."""
    sure = (*_HEAD, *(Field(*each) for each in fields))
    every = (*sure, *(Field(*each) for each in optional))
    return Message(code, name, every, sum(each.size for each in sure))


PITCH_MESSAGES = MessageTable(
    "PITCH",
    (
        _message(
            0x20, "time", ("time_s", "<u4", "s since midnight in New York"),
            optional=(("epoch_time_s", "<u4", "s since 1970"),),
        ),
        _message(
            0x21, "add_order_long", _OFFSET, _ORDER, _SIDE, _QUANTITY, _FEED_SYMBOL, _PRICE,
            ("add_flags", "u1", _BITS),
        ),
        _message(
            0x22, "add_order_short", _OFFSET, _ORDER, _SIDE, _SHORT_QUANTITY, _FEED_SYMBOL, _CENTS,
            ("add_flags", "u1", _BITS),
        ),
        _message(
            0x23, "order_executed", _OFFSET, _ORDER, ("executed_quantity", "<u4", _SHARES), _EXECUTION,
            optional=(_CONDITION,),
        ),
        _message(
            0x24, "order_executed_at_price_size", _OFFSET, _ORDER,
            ("executed_quantity", "<u4", _SHARES), ("remaining_quantity", "<u4", _SHARES), _EXECUTION,
            _PRICE, optional=(_CONDITION,),
        ),
        _message(
            0x25, "reduce_size_long", _OFFSET, _ORDER, ("cancelled_quantity", "<u4", _SHARES)
        ),
        _message(
            0x26, "reduce_size_short", _OFFSET, _ORDER, ("cancelled_quantity", "<u2", _SHARES)
        ),
        _message(
            0x27, "modify_order_long", _OFFSET, _ORDER, _QUANTITY, _PRICE,
            ("modify_flags", "u1", _BITS),
        ),
        _message(
            0x28, "modify_order_short", _OFFSET, _ORDER, _SHORT_QUANTITY, _CENTS,
            ("modify_flags", "u1", _BITS),
        ),
        _message(0x29, "delete_order", _OFFSET, _ORDER),
        _message(
            0x2A, "trade_long", _OFFSET, _ORDER, _SIDE, _QUANTITY, _FEED_SYMBOL, _PRICE, _EXECUTION,
            optional=(_CONDITION,),
        ),
        _message(
            0x2B, "trade_short", _OFFSET, _ORDER, _SIDE, _SHORT_QUANTITY, _FEED_SYMBOL, _CENTS,
            _EXECUTION, optional=(_CONDITION,),
        ),
        _message(0x2C, "trade_break", _OFFSET, _EXECUTION),
        _message(0x2D, "end_of_session", _OFFSET),
        _message(
            0x2E, "symbol_mapping", ("feed_symbol", "S6", _TEXT), ("osi_symbol", "S21", _TEXT),
            ("symbol_condition", "S1", _LETTER), optional=(("underlying", "S8", _TEXT),),
        ),
        _message(
            0x2F, "add_order_expanded", _OFFSET, _ORDER, _SIDE, _QUANTITY, _SYMBOL, _PRICE,
            ("add_flags", "u1", _BITS),
            optional=(
                ("participant_id", "S4", _TEXT), ("customer_indicator", "S1", _LETTER),
                ("client_id", "S4", _TEXT),
            ),
        ),
        _message(
            0x30, "trade_expanded", _OFFSET, _ORDER, _SIDE, _QUANTITY, _SYMBOL, _PRICE, _EXECUTION,
            optional=(_CONDITION,),
        ),
        _message(
            0x31, "trading_status", _OFFSET, _SYMBOL, ("trading_status", "S1", _LETTER),
            ("reg_sho_action", "S1", _LETTER), ("gth_trading_status", "S1", _LETTER),
            ("reserved", "S1", _LETTER),
        ),
        _message(
            0x95, "auction_update", _OFFSET, _SYMBOL, ("auction_type", "S1", _LETTER),
            ("reference_price", "<u8", _LONG_PRICE), ("buy_quantity", "<u4", _SHARES),
            ("sell_quantity", "<u4", _SHARES), ("indicative_price", "<u8", _LONG_PRICE),
            ("auction_only_price", "<u8", _LONG_PRICE),
        ),
        _message(
            0x96, "auction_summary", _OFFSET, _SYMBOL, ("auction_type", "S1", _LETTER), _PRICE,
            _QUANTITY,
        ),
        _message(0x97, "unit_clear", _OFFSET),
        _message(
            0x98, "retail_price_improvement", _OFFSET, _SYMBOL,
            ("retail_price_improvement", "S1", _LETTER),
        ),
        _message(
            0x9D, "soq_strike_range_update", _OFFSET, ("soq_identifier", "S20", _TEXT),
            ("lower_strike_price", "<u8", _LONG_PRICE), ("upper_strike_price", "<u8", _LONG_PRICE),
        ),
        _message(
            0x9E, "constituent_symbol_mapping", ("feed_symbol", "S6", _TEXT),
            ("osi_symbol", "S21", _TEXT), ("symbol_condition", "S1", _LETTER),
            ("underlying", "S8", _TEXT), ("soq_identifier", "S20", _TEXT),
        ),
        _message(
            0xAD, "auction_notification", _OFFSET, _FEED_SYMBOL, ("auction_id", "<u8", _NUMBER),
            ("auction_type", "S1", _LETTER), _SIDE, _PRICE, _QUANTITY,
            ("customer_indicator", "S1", _LETTER), ("participant_id", "S4", _TEXT),
            ("auction_end_offset_ns", "<u4", "ns since the last time message"),
            optional=(("client_id", "S4", _TEXT),),
        ),
        _message(0xAE, "auction_cancel", _OFFSET, ("auction_id", "<u8", _NUMBER)),
        _message(
            0xAF, "auction_trade", _OFFSET, ("auction_id", "<u8", _NUMBER), _EXECUTION, _PRICE,
            _QUANTITY,
        ),
        _message(
            0xB1, "time_reference", ("midnight_reference_s", "<u4", "s since 1970"),
            ("time_s", "<u4", "s since midnight in New York"), ("time_offset_ns", "<u4", "ns since that"),
            ("trade_date", "<u4", "YYYYMMDD"),
        ),
        _message(0xBC, "transaction_begin", _OFFSET),
        _message(0xBD, "transaction_end", _OFFSET),
        _message(
            0xD1, "options_auction_update", _OFFSET, _SYMBOL, ("auction_type", "S1", _LETTER),
            ("reference_price", "<u8", _LONG_PRICE), ("buy_quantity", "<u4", _SHARES),
            ("sell_quantity", "<u4", _SHARES), ("indicative_price", "<u8", _LONG_PRICE),
            ("auction_only_price", "<u8", _LONG_PRICE), ("opening_condition", "S1", _LETTER),
            ("composite_bid_price", "<u8", _LONG_PRICE),
            ("composite_offer_price", "<u8", _LONG_PRICE),
        ),
        _message(
            0xD2, "width_update", _OFFSET, ("underlying", "S8", _TEXT), ("width_type", "S1", _LETTER),
            ("multiplier", "<u4", _NUMBER),
        ),
        _message(
            0x01, "login", ("session_sub_id", "S4", _TEXT), ("username", "S4", _TEXT),
            ("filler", "S2", _TEXT), ("password", "S10", _TEXT),
        ),
        _message(0x02, "login_response", _RESPONSE),
        _message(
            0x03, "gap_request", ("unit", "u1", _NUMBER), _SEQUENCE, ("count", "<u2", _NUMBER)
        ),
        _message(
            0x04, "gap_response", ("unit", "u1", _NUMBER), _SEQUENCE, ("count", "<u2", _NUMBER),
            _RESPONSE,
        ),
        _message(0x80, "spin_image_available", _SEQUENCE),
        _message(0x81, "spin_request", _SEQUENCE),
        _message(
            0x82, "spin_response", _SEQUENCE, ("order_count", "<u4", _NUMBER), _RESPONSE
        ),
        _message(0x83, "spin_finished", _SEQUENCE),
        _message(0x84, "instrument_definition_request", _SEQUENCE),
        _message(
            0x85, "instrument_definition_response", _SEQUENCE,
            ("instrument_count", "<u4", _NUMBER), _RESPONSE,
        ),
        _message(0x86, "instrument_definition_finished", optional=(_SEQUENCE,)),
    ),
)  # fmt: skip
"""Every message, in the order of their counters."""

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def base36(number: int, width: int = 12) -> str:
    """Write an order's or execution's number as Cboe prints it.

    Args:
        number: 0 to 2**64 - 1, as views have it; a record's negative one is the same modulo 2**64.
        width: characters; 12 for orders, 9 for executions.
    """
    rest = number % 2**64
    digits = ""
    while rest:
        rest, digit = divmod(rest, 36)
        digits = _DIGITS[digit] + digits
    return digits.rjust(width, "0")


class PitchUnit:
    """One sequenced unit, in place: a header and messages.

    Attributes:
        header: one element of :data:`HEADER` over the bytes, or None when there are too few for one.
        status: why the iteration ended: OK, TRUNCATED or MALFORMED.
        position: byte at which it ended.
        end: byte behind the unit.
        unknown_count: messages of unknown types that were passed over.
    """

    def __init__(self, buffer: npt.NDArray[np.uint8], offset: int, limit: int) -> None:
        self._buffer = buffer
        self.header: npt.NDArray[Any] | None = None
        self.status = OK
        self.position = offset
        self.end = limit
        self.unknown_count = 0
        if limit - offset < HEADER_BYTES:
            self.status = TRUNCATED
            return
        self.header = np.ndarray((), HEADER, buffer=buffer.data, offset=offset)
        length = int(self.header["length"])
        if length < HEADER_BYTES:
            self.status = MALFORMED
        elif offset + length > limit:
            self.status = TRUNCATED
        else:
            self.end = offset + length
            self.position = offset + HEADER_BYTES

    def __iter__(self) -> Iterator[MessageView]:
        if self.header is None or self.status != OK:
            return
        for _ in range(int(self.header["count"])):
            at = self.position
            length = int(self._buffer[at]) if at < self.end else 0
            if length < 2 or at + length > self.end:
                self.status = TRUNCATED if length >= 2 or at >= self.end else MALFORMED
                return
            message = PITCH_MESSAGES.by_code.get(int(self._buffer[at + 1]))
            if message is None:
                self.unknown_count += 1
            elif length < message.least_bytes:
                self.status = MALFORMED
                return
            else:
                yield MessageView(message, self._buffer, at, length)
            self.position = at + length
        if self.position != self.end:
            self.status = MALFORMED


def messages(buffer: Buffer, offset: int = 0, length: int | None = None) -> PitchUnit:
    """See the messages of one datagram in place.

    Args:
        buffer: contiguous bytes that hold the unit.
        offset: its first byte.
        length: bytes of the datagram; default: to the end of the buffer.

    Returns:
        The unit, an iterable of views; valid as long as the bytes are. Bytes behind it make it MALFORMED.
    """
    data = as_bytes(buffer)
    limit = len(data) if length is None else min(offset + length, len(data))
    unit = PitchUnit(data, offset, limit)
    if unit.status == OK and unit.end != limit:
        unit.status = MALFORMED
    return unit


def units(buffer: Buffer, offset: int = 0) -> Iterator[PitchUnit]:
    """See the units that lie back to back, as a server sends them over TCP.

    Args:
        buffer: contiguous bytes.
        offset: of the first unit.

    Yields:
        Each unit; the last one may be cut: its ``status`` says so, and ``position`` is where it begins.
    """
    data = as_bytes(buffer)
    while offset < len(data):
        unit = PitchUnit(data, offset, len(data))
        yield unit
        if unit.end <= offset or unit.position == offset:
            return
        offset = unit.end
