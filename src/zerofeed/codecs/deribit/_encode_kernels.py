"""Deribit multicast messages, written by kernels into a caller's buffer.

Every function stores one message (or one part of it) at a byte offset and returns the offset
behind it. None checks for room: the caller has, with the ``*_BYTES`` sizes. Offsets are those
of ``multicast.xml``; a test compares every message with the schema-driven encoder's.

A group is written in three steps, because the number of entries is known last::

    at = open_book(buffer, start, ...)              # header, block, dimensions that say 0
    at = put_book_change(buffer, at, ...)           # as often as needed
    at = close_book(buffer, start, count, is_last)  # the dimensions say how many there were

Doubles are passed as doubles: a caller with scaled integers divides by a power of ten, which
gives the double nearest to the decimal and so the one that the venue would send.
"""

from __future__ import annotations

from zerofeed.base.kernel import inlined
from zerofeed.codecs._bytes import Bytes, put_f64, put_u8, put_u16, put_u32, put_u64
from zerofeed.codecs.deribit._layout import (
    BOOK,
    BOOK_BLOCK,
    CHANGE_BLOCK,
    FRAME_BYTES,
    GROUP_BYTES,
    HEADER_BYTES,
    LEVEL_BLOCK,
    PRICE_INDEX,
    PRICE_INDEX_BLOCK,
    RFQ,
    RFQ_BLOCK,
    SCHEMA_ID,
    SNAPSHOT,
    SNAPSHOT_BLOCK,
    SNAPSHOT_END,
    SNAPSHOT_START,
    SNAPSHOT_START_BLOCK,
    TICKER,
    TICKER_BLOCK,
    TRADE_BLOCK,
    TRADES,
    TRADES_BLOCK,
)

__all__ = [
    "BOOK_BYTES",
    "BOOK_CHANGE_BYTES",
    "INDEX_NAME_BYTES",
    "PRICE_INDEX_BYTES",
    "RFQ_BYTES",
    "SNAPSHOT_BYTES",
    "SNAPSHOT_END_BYTES",
    "SNAPSHOT_LEVEL_BYTES",
    "SNAPSHOT_START_BYTES",
    "TICKER_BYTES",
    "TRADES_BYTES",
    "TRADE_BYTES",
    "VERSION",
    "close_book",
    "close_frame",
    "close_snapshot",
    "close_trades",
    "open_book",
    "open_frame",
    "open_snapshot",
    "open_trades",
    "put_book_change",
    "put_bytes",
    "put_price_index",
    "put_rfq",
    "put_snapshot_end",
    "put_snapshot_level",
    "put_snapshot_start",
    "put_ticker",
    "put_trade",
]

VERSION = 2
"""Version in the header of every message but InstrumentV2, which says 3."""

INDEX_NAME_BYTES = 16

BOOK_CHANGE_BYTES = CHANGE_BLOCK
TRADE_BYTES = TRADE_BLOCK
SNAPSHOT_LEVEL_BYTES = LEVEL_BLOCK

BOOK_BYTES = HEADER_BYTES + BOOK_BLOCK + GROUP_BYTES
"""Of a Book without changes."""
TRADES_BYTES = HEADER_BYTES + TRADES_BLOCK + GROUP_BYTES
"""Of a Trades without trades."""
TICKER_BYTES = HEADER_BYTES + TICKER_BLOCK
SNAPSHOT_BYTES = HEADER_BYTES + SNAPSHOT_BLOCK + GROUP_BYTES
"""Of a Snapshot without levels."""
SNAPSHOT_START_BYTES = HEADER_BYTES + SNAPSHOT_START_BLOCK
SNAPSHOT_END_BYTES = HEADER_BYTES
PRICE_INDEX_BYTES = HEADER_BYTES + PRICE_INDEX_BLOCK
RFQ_BYTES = HEADER_BYTES + RFQ_BLOCK

_COUNT_AT = 2
"""Where the dimensions of a group keep the number of entries."""


@inlined
def open_frame(buffer: Bytes, at: int, channel: int, seq: int) -> int:
    """Begin a packet; its length stays 0 until ``close_frame``.

    Args:
        buffer: writable uint8.
        at: byte offset of the packet.
        channel: 0 to 65535.
        seq: packet number of that channel, modulo 2**32.

    Returns:
        Offset of the first message.
    """
    put_u16(buffer, at, 0)
    put_u16(buffer, at + 2, channel)
    put_u32(buffer, at + 4, seq)
    return at + FRAME_BYTES


@inlined
def close_frame(buffer: Bytes, at: int, end: int) -> int:
    """End a packet: its frame states the bytes behind the frame.

    Returns:
        The packet's whole length in bytes.
    """
    put_u16(buffer, at, end - at - FRAME_BYTES)
    return end - at


@inlined
def _put_header(buffer: Bytes, at: int, block_bytes: int, template: int, group_count: int) -> int:
    put_u16(buffer, at, block_bytes)
    put_u16(buffer, at + 2, template)
    put_u16(buffer, at + 4, SCHEMA_ID)
    put_u16(buffer, at + 6, VERSION)
    put_u16(buffer, at + 8, group_count)
    put_u16(buffer, at + 10, 0)
    return at + HEADER_BYTES


@inlined
def _put_dimensions(buffer: Bytes, at: int, entry_bytes: int) -> int:
    put_u16(buffer, at, entry_bytes)
    put_u16(buffer, at + _COUNT_AT, 0)
    put_u16(buffer, at + 4, 0)
    put_u16(buffer, at + 6, 0)
    return at + GROUP_BYTES


@inlined
def put_bytes(buffer: Bytes, at: int, source: Bytes, start: int, stop: int) -> int:
    """Copy ``source[start:stop]``, for messages that were encoded beforehand."""
    for k in range(stop - start):
        buffer[at + k] = source[start + k]
    return at + stop - start


@inlined
def put_ticker(
    buffer: Bytes,
    at: int,
    instrument_id: int,
    state: int,
    timestamp_ms: int,
    open_interest: float,
    min_sell: float,
    max_buy: float,
    last: float,
    index: float,
    mark: float,
    bid: float,
    bid_amount: float,
    ask: float,
    ask_amount: float,
    funding: float,
    funding_8h: float,
    estimated_delivery: float,
    delivery: float,
    settlement: float,
) -> int:
    """Write a Ticker (1003); NaN for what the instrument does not have."""
    body = _put_header(buffer, at, TICKER_BLOCK, TICKER, 0)
    put_u32(buffer, body, instrument_id)
    put_u8(buffer, body + 4, state)
    put_u64(buffer, body + 5, timestamp_ms)
    put_f64(buffer, body + 13, open_interest)
    put_f64(buffer, body + 21, min_sell)
    put_f64(buffer, body + 29, max_buy)
    put_f64(buffer, body + 37, last)
    put_f64(buffer, body + 45, index)
    put_f64(buffer, body + 53, mark)
    put_f64(buffer, body + 61, bid)
    put_f64(buffer, body + 69, bid_amount)
    put_f64(buffer, body + 77, ask)
    put_f64(buffer, body + 85, ask_amount)
    put_f64(buffer, body + 93, funding)
    put_f64(buffer, body + 101, funding_8h)
    put_f64(buffer, body + 109, estimated_delivery)
    put_f64(buffer, body + 117, delivery)
    put_f64(buffer, body + 125, settlement)
    return body + TICKER_BLOCK


@inlined
def open_book(
    buffer: Bytes,
    at: int,
    instrument_id: int,
    timestamp_ms: int,
    prev_change_id: int,
    change_id: int,
) -> int:
    """Begin a Book (1001) without changes, ``isLast`` no."""
    body = _put_header(buffer, at, BOOK_BLOCK, BOOK, 1)
    put_u32(buffer, body, instrument_id)
    put_u64(buffer, body + 4, timestamp_ms)
    put_u64(buffer, body + 12, prev_change_id)
    put_u64(buffer, body + 20, change_id)
    put_u8(buffer, body + 28, 0)
    return _put_dimensions(buffer, body + BOOK_BLOCK, BOOK_CHANGE_BYTES)


@inlined
def put_book_change(
    buffer: Bytes, at: int, side: int, change: int, price: float, amount: float
) -> int:
    """Append one level to the open Book; ``amount`` is what the level holds from now on."""
    put_u8(buffer, at, side)
    put_u8(buffer, at + 1, change)
    put_f64(buffer, at + 2, price)
    put_f64(buffer, at + 10, amount)
    return at + BOOK_CHANGE_BYTES


@inlined
def close_book(buffer: Bytes, at: int, count: int, is_last: int) -> int:
    """End the Book that began at ``at``.

    Returns:
        Offset behind its last change.
    """
    put_u8(buffer, at + HEADER_BYTES + 28, is_last)
    put_u16(buffer, at + HEADER_BYTES + BOOK_BLOCK + _COUNT_AT, count)
    return at + BOOK_BYTES + count * BOOK_CHANGE_BYTES


@inlined
def open_trades(buffer: Bytes, at: int, instrument_id: int) -> int:
    """Begin a Trades (1002) without trades."""
    body = _put_header(buffer, at, TRADES_BLOCK, TRADES, 1)
    put_u32(buffer, body, instrument_id)
    return _put_dimensions(buffer, body + TRADES_BLOCK, TRADE_BYTES)


@inlined
def put_trade(
    buffer: Bytes,
    at: int,
    direction: int,
    price: float,
    amount: float,
    timestamp_ms: int,
    mark: float,
    index: float,
    trade_seq: int,
    trade_id: int,
    tick_direction: int,
    liquidation: int,
    iv: float,
    block_trade_id: int,
    combo_trade_id: int,
) -> int:
    """Append one trade to the open Trades."""
    put_u8(buffer, at, direction)
    put_f64(buffer, at + 1, price)
    put_f64(buffer, at + 9, amount)
    put_u64(buffer, at + 17, timestamp_ms)
    put_f64(buffer, at + 25, mark)
    put_f64(buffer, at + 33, index)
    put_u64(buffer, at + 41, trade_seq)
    put_u64(buffer, at + 49, trade_id)
    put_u8(buffer, at + 57, tick_direction)
    put_u8(buffer, at + 58, liquidation)
    put_f64(buffer, at + 59, iv)
    put_u64(buffer, at + 67, block_trade_id)
    put_u64(buffer, at + 75, combo_trade_id)
    return at + TRADE_BYTES


@inlined
def close_trades(buffer: Bytes, at: int, count: int) -> int:
    """End the Trades that began at ``at``.

    Returns:
        Offset behind its last trade.
    """
    put_u16(buffer, at + HEADER_BYTES + TRADES_BLOCK + _COUNT_AT, count)
    return at + TRADES_BYTES + count * TRADE_BYTES


@inlined
def open_snapshot(
    buffer: Bytes, at: int, instrument_id: int, timestamp_ms: int, change_id: int, is_complete: int
) -> int:
    """Begin a Snapshot (1004) without levels, ``isLastInBook`` no."""
    body = _put_header(buffer, at, SNAPSHOT_BLOCK, SNAPSHOT, 1)
    put_u32(buffer, body, instrument_id)
    put_u64(buffer, body + 4, timestamp_ms)
    put_u64(buffer, body + 12, change_id)
    put_u8(buffer, body + 20, is_complete)
    put_u8(buffer, body + 21, 0)
    return _put_dimensions(buffer, body + SNAPSHOT_BLOCK, SNAPSHOT_LEVEL_BYTES)


@inlined
def put_snapshot_level(buffer: Bytes, at: int, side: int, price: float, amount: float) -> int:
    """Append one level to the open Snapshot."""
    put_u8(buffer, at, side)
    put_f64(buffer, at + 1, price)
    put_f64(buffer, at + 9, amount)
    return at + SNAPSHOT_LEVEL_BYTES


@inlined
def close_snapshot(buffer: Bytes, at: int, count: int, is_last: int) -> int:
    """End the Snapshot that began at ``at``.

    Returns:
        Offset behind its last level.
    """
    put_u8(buffer, at + HEADER_BYTES + 21, is_last)
    put_u16(buffer, at + HEADER_BYTES + SNAPSHOT_BLOCK + _COUNT_AT, count)
    return at + SNAPSHOT_BYTES + count * SNAPSHOT_LEVEL_BYTES


@inlined
def put_snapshot_start(buffer: Bytes, at: int, delay_ms: int) -> int:
    """Write a SnapshotStart (1005)."""
    body = _put_header(buffer, at, SNAPSHOT_START_BLOCK, SNAPSHOT_START, 0)
    put_u32(buffer, body, delay_ms)
    return body + SNAPSHOT_START_BLOCK


@inlined
def put_snapshot_end(buffer: Bytes, at: int) -> int:
    """Write a SnapshotEnd (1006)."""
    return _put_header(buffer, at, 0, SNAPSHOT_END, 0)


@inlined
def put_price_index(
    buffer: Bytes, at: int, names: Bytes, name_at: int, price: float, timestamp_ms: int
) -> int:
    """Write a PriceIndex (1008).

    Args:
        buffer: writable uint8.
        at: byte offset of the message.
        names: index names, each padded with NUL to INDEX_NAME_BYTES.
        name_at: byte offset of this one.
        price: in the index's quote currency.
        timestamp_ms: milliseconds since the epoch.

    Returns:
        Offset behind the message.
    """
    body = _put_header(buffer, at, PRICE_INDEX_BLOCK, PRICE_INDEX, 0)
    put_bytes(buffer, body, names, name_at, name_at + INDEX_NAME_BYTES)
    put_f64(buffer, body + 16, price)
    put_u64(buffer, body + 24, timestamp_ms)
    return body + PRICE_INDEX_BLOCK


@inlined
def put_rfq(
    buffer: Bytes,
    at: int,
    instrument_id: int,
    state: int,
    side: int,
    amount: float,
    timestamp_ms: int,
) -> int:
    """Write an Rfq (1009)."""
    body = _put_header(buffer, at, RFQ_BLOCK, RFQ, 0)
    put_u32(buffer, body, instrument_id)
    put_u8(buffer, body + 4, state)
    put_u8(buffer, body + 5, side)
    put_f64(buffer, body + 6, amount)
    put_u64(buffer, body + 14, timestamp_ms)
    return body + RFQ_BLOCK
