"""Every message of IEX's TOPS and DEEP, and packets seen in place.

::

    from zerofeed.codecs.iex.messages import messages

    for message in messages(payload):
        if message.name == "auction_information":
            print(message["symbol"], message["indicative_clearing_price"], message.fields.dtype)

Numbers are as on the wire: prices count 0.0001 dollars. Fields named ``*_flags`` are sets of bits:

=======================  ======================================================================
field                    bits
=======================  ======================================================================
``directory_flags``      0x80 test security, 0x40 when issued, 0x20 exchange-traded product
``quote_flags``          0x80 not available for trading, 0x40 outside the regular session
``sale_flags``           0x80 intermarket sweep, 0x40 extended hours, 0x20 odd lot, 0x10 trade
                         through exempt, 0x08 single price cross
``event_flags``          0x01 the event is processed; without it the book is in transition
=======================  ======================================================================

Bytes from outside never make this module raise: what cannot be read ends the iteration, with the reason in
``status`` and the place in ``position``.

Source: IEX Transport Protocol 1.25; IEX TOPS 1.56 and 1.66; IEX DEEP 1.08.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.status import MALFORMED, OK, TRUNCATED
from zerofeed.codecs.iex._layout import BLOCK_BYTES, HEADER_BYTES, VERSION
from zerofeed.codecs.message_table import (
    Buffer,
    Field,
    Message,
    MessageTable,
    MessageView,
    as_bytes,
)

__all__ = [
    "HEADER",
    "IEX_MESSAGES",
    "OPERATIONAL_HALT_STATE",
    "SHORT_SALE_STATE",
    "IexMessages",
    "messages",
]

OPERATIONAL_HALT_STATE = 0x100
"""Bit of a security's state, in STATUS records: IEX halted it for reasons of its own.

The low byte is the letter of the trading status: T trading, H halted, O accepting orders after a halt,
P paused; 0 as long as none was told.
"""
SHORT_SALE_STATE = 0x200
"""Bit of a security's state: the short sale price test restriction is in effect."""

_PRICE = "0.0001 dollars"
_SHARES = "shares"
_LETTER = "letter"
_BITS = "bits"
_TIME = Field("timestamp_ns", "<i8", "ns since 1970")
_SYMBOL = Field("symbol", "S8", "text")

HEADER: np.dtype[Any] = np.dtype(
    [
        ("version", "u1"),
        ("reserved", "u1"),
        ("protocol", "<u2"),
        ("channel", "<u4"),
        ("session", "<u4"),
        ("payload_bytes", "<u2"),
        ("message_count", "<u2"),
        ("stream_offset", "<i8"),
        ("first_seq", "<i8"),
        ("sent_ns", "<i8"),
    ]
)
"""Header of a segment. A heartbeat has no messages, and ``first_seq`` is the number of the next."""


def _message(
    code: str, name: str, byte: tuple[str, str], *fields: tuple[str, str, str], least: int = 0
) -> Message:
    """Describe a message: type, one byte, time, symbol, and the fields that are its own."""
    form = "S1" if byte[1] == _LETTER else "u1"
    head = (Field("type", "S1", _LETTER), Field(byte[0], form, byte[1]), _TIME)
    symbol = () if name == "system_event" else (_SYMBOL,)
    own = tuple(Field(*each) for each in fields)
    every = head + symbol + own
    return Message(ord(code), name, every, least or sum(each.size for each in every))


IEX_MESSAGES = MessageTable(
    "IEX",
    (
        _message("S", "system_event", ("event", _LETTER)),
        _message(
            "D",
            "security_directory",
            ("directory_flags", _BITS),
            ("round_lot_size", "<u4", _SHARES),
            ("adjusted_poc_price", "<i8", _PRICE),
            ("luld_tier", "u1", "number"),
        ),
        _message("H", "trading_status", ("status", _LETTER), ("reason", "S4", "text")),
        _message("I", "retail_liquidity_indicator", ("indicator", _LETTER)),
        _message("O", "operational_halt_status", ("status", _LETTER)),
        _message(
            "P", "short_sale_price_test_status", ("status", "number"), ("detail", "S1", _LETTER)
        ),
        _message("E", "security_event", ("event", _LETTER)),
        _message(
            "Q",
            "quote_update",
            ("quote_flags", _BITS),
            ("bid_size", "<u4", _SHARES),
            ("bid_price", "<i8", _PRICE),
            ("ask_price", "<i8", _PRICE),
            ("ask_size", "<u4", _SHARES),
        ),
        _message(
            "8",
            "price_level_update_buy",
            ("event_flags", _BITS),
            ("size", "<u4", _SHARES),
            ("price", "<i8", _PRICE),
        ),
        _message(
            "5",
            "price_level_update_sell",
            ("event_flags", _BITS),
            ("size", "<u4", _SHARES),
            ("price", "<i8", _PRICE),
        ),
        _message(
            "T",
            "trade_report",
            ("sale_flags", _BITS),
            ("size", "<u4", _SHARES),
            ("price", "<i8", _PRICE),
            ("trade_id", "<i8", "number"),
        ),
        _message(
            "B",
            "trade_break",
            ("sale_flags", _BITS),
            ("size", "<u4", _SHARES),
            ("price", "<i8", _PRICE),
            ("trade_id", "<i8", "number"),
        ),
        _message("X", "official_price", ("price_type", _LETTER), ("official_price", "<i8", _PRICE)),
        _message(
            "A",
            "auction_information",
            ("auction_type", _LETTER),
            ("paired_shares", "<u4", _SHARES),
            ("reference_price", "<i8", _PRICE),
            ("indicative_clearing_price", "<i8", _PRICE),
            ("imbalance_shares", "<u4", _SHARES),
            ("imbalance_side", "S1", _LETTER),
            ("extension_number", "u1", "number"),
            ("scheduled_auction_time_s", "<u4", "s since 1970"),
            ("auction_book_clearing_price", "<i8", _PRICE),
            ("collar_reference_price", "<i8", _PRICE),
            ("lower_auction_collar", "<i8", _PRICE),
            ("upper_auction_collar", "<i8", _PRICE),
        ),
    ),
)
"""Every message of TOPS and DEEP, in the order of their counters."""


class IexMessages:
    """The messages of one packet, in place.

    Attributes:
        header: one element of :data:`HEADER` over the packet, or None when it is too short for one.
        status: why the iteration ended: OK, TRUNCATED or MALFORMED.
        position: byte at which it ended.
        unknown_count: messages of unknown types that were passed over.
    """

    def __init__(self, buffer: npt.NDArray[np.uint8], offset: int, end: int) -> None:
        self._buffer = buffer
        self._end = end
        self.header: npt.NDArray[Any] | None = None
        self.status = OK
        self.position = offset
        self.unknown_count = 0
        if end - offset < HEADER_BYTES:
            self.status = TRUNCATED
            return
        self.header = np.ndarray((), HEADER, buffer=buffer.data, offset=offset)
        payload = int(self.header["payload_bytes"])
        if self.header["version"] != VERSION or payload < end - offset - HEADER_BYTES:
            self.status = MALFORMED
        elif payload > end - offset - HEADER_BYTES:
            self.status = TRUNCATED
        else:
            self.position = offset + HEADER_BYTES

    def __iter__(self) -> Iterator[MessageView]:
        if self.header is None or self.status != OK:
            return
        for _ in range(int(self.header["message_count"])):
            at = self.position + BLOCK_BYTES
            if at > self._end:
                self.status = TRUNCATED
                return
            length = int.from_bytes(self._buffer[self.position : at].tobytes(), "little")
            if at + length > self._end:
                self.status = TRUNCATED
                return
            message = IEX_MESSAGES.by_code.get(int(self._buffer[at])) if length else None
            if message is None:
                self.unknown_count += 1
            elif length < message.least_bytes:
                self.status = MALFORMED
                return
            else:
                yield MessageView(message, self._buffer, at, length)
            self.position = at + length
        if self.position != self._end:
            self.status = MALFORMED


def messages(buffer: Buffer, offset: int = 0, length: int | None = None) -> IexMessages:
    """See the messages of one packet, TOPS or DEEP, in place.

    Args:
        buffer: contiguous bytes that hold the packet.
        offset: its first byte.
        length: its bytes; default: to the end of the buffer.

    Returns:
        An iterable of views, valid as long as the bytes are.
    """
    data = as_bytes(buffer)
    end = len(data) if length is None else min(offset + length, len(data))
    return IexMessages(data, offset, end)
