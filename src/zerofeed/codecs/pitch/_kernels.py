"""Sequenced units into records: the header, the messages, and which kernel decodes what.

A unit is a header and so many messages, each of which begins with its length. They must fill the unit
exactly, which is looked at before anything is decoded; then a message of an unknown type is stepped over by its
length, one longer than is known is read as far as it is known, and nothing is ever read outside the packet.

The caller keeps the packet's place and the time: :func:`decode_message` takes one message, and says where
the next begins and, of a Time message, which second it is.

Nothing here allocates, raises, reads a clock, or looks at sequence numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, U8_RO, always_inlined, inlined, int64, kernel
from zerofeed.base.status import BUFFER_FULL, MALFORMED, OK, TRUNCATED, UNKNOWN_TEMPLATE
from zerofeed.codecs._bytes import Bytes, i64, u8, u16, u32
from zerofeed.codecs._equity_kernels import NEXT, REFUSED, ROW, SLOT
from zerofeed.codecs.pitch._layout import (
    ADD_EXPANDED,
    ADD_EXPANDED_BYTES,
    ADD_LONG,
    ADD_LONG_BYTES,
    ADD_LONG_SYMBOL,
    ADD_SHORT,
    ADD_SHORT_BYTES,
    ADD_SHORT_SYMBOL,
    AUCTION_UPDATE,
    AUCTION_UPDATE_BYTES,
    BREAK_EXECUTION_ID,
    CANCELLED_SIZE,
    DELETE,
    DELETE_BYTES,
    EXECUTED,
    EXECUTED_AT_BYTES,
    EXECUTED_BYTES,
    HEADER_BYTES,
    HEADER_COUNT,
    HEADER_LENGTH,
    HEADER_SEQ,
    HEADER_UNIT,
    MAPPING_BYTES,
    MODIFY_LONG,
    MODIFY_LONG_BYTES,
    MODIFY_LONG_FLAGS,
    MODIFY_LONG_PRICE,
    MODIFY_SHORT,
    MODIFY_SHORT_BYTES,
    MODIFY_SHORT_FLAGS,
    MODIFY_SHORT_PRICE,
    MODIFY_SIZE,
    OPTIONS_AUCTION_UPDATE,
    OPTIONS_AUCTION_UPDATE_BYTES,
    REDUCE_LONG,
    REDUCE_LONG_BYTES,
    REDUCE_SHORT,
    REDUCE_SHORT_BYTES,
    REFERENCE_BYTES,
    REFERENCE_MIDNIGHT_S,
    REFERENCE_TIME_S,
    SIZE,
    STATUS,
    STATUS_BYTES,
    SYMBOL_MAPPING,
    TIME,
    TIME_BYTES,
    TIME_EPOCH_BYTES,
    TIME_EPOCH_S,
    TIME_OFFSET_NS,
    TIME_REFERENCE,
    TIME_S,
    TRADE_BREAK,
    TRADE_BREAK_BYTES,
    TRADE_EXPANDED,
    TRADE_EXPANDED_BYTES,
    TRADE_LONG,
    TRADE_LONG_BYTES,
    TRADE_SHORT,
    TRADE_SHORT_BYTES,
    UNIT_CLEAR,
    UNIT_CLEAR_BYTES,
)
from zerofeed.codecs.pitch._message_kernels import (
    clear_unit,
    decode_add,
    decode_auction,
    decode_break,
    decode_cancel,
    decode_executed,
    decode_executed_at,
    decode_mapping,
    decode_modify,
    decode_trade,
    decode_trading_status,
    six_letters,
)
from zerofeed.records.units import UNDEF

__all__ = [
    "BODY_BEGIN",
    "BODY_END",
    "COUNT",
    "HEADER_WORDS",
    "MOST_RECORDS",
    "SECOND",
    "SEQ",
    "UNIT",
    "UNIX_SECOND",
    "decode_message",
    "decode_one",
    "packet_header",
    "read_header",
    "skip_messages",
]

_Words = npt.NDArray[np.int64]

# Words of a packet's header, as packet_header gives it.
UNIT = 0
SEQ = 1
COUNT = 2
BODY_BEGIN = 3
BODY_END = 4
HEADER_WORDS = 8

SECOND = 4
"""Word of ``result``: seconds since midnight that a Time message says; -1 for every other message."""
UNIX_SECOND = 5
"""Word of ``result``: that second since 1970, if the message knows; else 0."""

MOST_RECORDS = 3
"""Most records that one message makes; each asks for this much room."""

_CENT = 100
"""Price units of a cent, which short prices count."""


@always_inlined
def packet_header(buf: Bytes, at: int, length: int, header: _Words) -> int:
    """Read a unit's header, and see that its messages fill it.

    Args:
        buf: uint8 that holds the datagram at ``buf[at : at + length]``.
        at: byte position of the datagram.
        length: bytes of the datagram.
        header: int64, at least HEADER_WORDS; receives UNIT, SEQ, COUNT, BODY_BEGIN and BODY_END (byte
            positions in ``buf``).

    Returns:
        OK; TRUNCATED when the datagram is shorter than the header says; MALFORMED when it is longer, or
        when the messages do not fill it.
    """
    if length < HEADER_BYTES:
        return TRUNCATED
    end = at + length
    count = u8(buf, at + HEADER_COUNT)
    header[UNIT] = u8(buf, at + HEADER_UNIT)
    header[SEQ] = u32(buf, at + HEADER_SEQ)
    header[COUNT] = count
    header[BODY_BEGIN] = at + HEADER_BYTES
    header[BODY_END] = end
    said = u16(buf, at + HEADER_LENGTH)
    if said > length:
        return TRUNCATED
    if said < length:
        return MALFORMED
    return OK if skip_messages(buf, at + HEADER_BYTES, end, count) == end else MALFORMED


@always_inlined
def skip_messages(buf: Bytes, at: int, end: int, count: int) -> int:
    """Find the position behind so many messages.

    Args:
        buf: the packet.
        at: position of the first message.
        end: position behind the packet; nothing at or behind it is read.
        count: messages to step over.

    Returns:
        The position, or -1 when the messages do not lie in the packet.
    """
    for _ in range(count):
        if at >= end:
            return -1
        length = u8(buf, at)
        at += length
        if length < 2 or at > end:
            return -1
    return at


@always_inlined
def _slot_of(kind: int) -> int:
    """Place of a type in the message table, or -1."""
    if 0x20 <= kind <= 0x31:
        return kind - 0x20
    if 0x95 <= kind <= 0x98:
        return kind - 0x95 + 18
    if 0x9D <= kind <= 0x9E:
        return kind - 0x9D + 22
    if 0xAD <= kind <= 0xAF:
        return kind - 0xAD + 24
    if kind == TIME_REFERENCE:
        return 27
    if 0xBC <= kind <= 0xBD:
        return kind - 0xBC + 28
    if 0xD1 <= kind <= 0xD2:
        return kind - 0xD1 + 30
    if 0x01 <= kind <= 0x04:
        return kind - 0x01 + 32
    if 0x80 <= kind <= 0x86:
        return kind - 0x80 + 36
    return -1


@inlined
def _least_bytes(kind: int) -> int:
    """Bytes of the shortest message of a known type that makes no record."""
    if kind == 0x96:
        return 27
    if kind == 0x98:
        return 15
    if kind == 0x9D:
        return 42
    if kind == 0x9E:
        return 58
    if kind == 0xAD:
        return 43
    if kind == 0xAE:
        return 14
    if kind == 0xAF:
        return 34
    if kind == 0xD2:
        return 19
    if kind == 0x01:
        return 22
    if kind == 0x02:
        return 3
    if kind == 0x03:
        return 9
    if kind == 0x04:
        return 10
    if kind == 0x82 or kind == 0x85:
        return 11
    if kind == 0x86:
        return 2
    return 6


@inlined
def _decode_time(buf: Bytes, at: int, length: int, kind: int, result: _Words) -> int:
    """Say which second it is, and if the message knows, of which Unix time."""
    if kind == TIME_REFERENCE:
        if length < REFERENCE_BYTES:
            return MALFORMED
        second = u32(buf, at + REFERENCE_TIME_S)
        result[UNIX_SECOND] = u32(buf, at + REFERENCE_MIDNIGHT_S) + second
    else:
        if length < TIME_BYTES:
            return MALFORMED
        second = u32(buf, at + TIME_S)
        if length >= TIME_EPOCH_BYTES:
            result[UNIX_SECOND] = u32(buf, at + TIME_EPOCH_S)
    result[SECOND] = second
    return 0


@inlined
def _decode_order(
    buf: Bytes, at: int, length: int, kind: int, ts_event_ns: int, ts_recv_ns: int,
    records: _Words, out_at: int,
) -> int:  # fmt: skip
    """Decode a message that names an order by its number alone."""
    if kind == EXECUTED:
        if length < EXECUTED_BYTES:
            return MALFORMED
        return decode_executed(buf, at, ts_event_ns, ts_recv_ns, records, out_at)
    if kind == DELETE:
        if length < DELETE_BYTES:
            return MALFORMED
        return decode_cancel(buf, at, UNDEF, ts_event_ns, ts_recv_ns, records, out_at)
    if kind == REDUCE_SHORT:
        if length < REDUCE_SHORT_BYTES:
            return MALFORMED
        size = u16(buf, at + CANCELLED_SIZE)
        return decode_cancel(buf, at, size, ts_event_ns, ts_recv_ns, records, out_at)
    if kind == REDUCE_LONG:
        if length < REDUCE_LONG_BYTES:
            return MALFORMED
        size = u32(buf, at + CANCELLED_SIZE)
        return decode_cancel(buf, at, size, ts_event_ns, ts_recv_ns, records, out_at)
    if kind == MODIFY_SHORT:
        if length < MODIFY_SHORT_BYTES:
            return MALFORMED
        return decode_modify(
            buf, at, u16(buf, at + MODIFY_SIZE), u16(buf, at + MODIFY_SHORT_PRICE) * _CENT,
            u8(buf, at + MODIFY_SHORT_FLAGS), ts_event_ns, ts_recv_ns, records, out_at,
        )  # fmt: skip
    if kind == MODIFY_LONG:
        if length < MODIFY_LONG_BYTES:
            return MALFORMED
        return decode_modify(
            buf, at, u32(buf, at + MODIFY_SIZE), i64(buf, at + MODIFY_LONG_PRICE),
            u8(buf, at + MODIFY_LONG_FLAGS), ts_event_ns, ts_recv_ns, records, out_at,
        )  # fmt: skip
    if length < EXECUTED_AT_BYTES:
        return MALFORMED
    return decode_executed_at(buf, at, ts_event_ns, ts_recv_ns, records, out_at)


@inlined
def _add_bytes(kind: int) -> int:
    if kind == ADD_SHORT:
        return ADD_SHORT_BYTES
    if kind == ADD_LONG:
        return ADD_LONG_BYTES
    if kind == ADD_EXPANDED:
        return ADD_EXPANDED_BYTES
    if kind == TRADE_SHORT:
        return TRADE_SHORT_BYTES
    if kind == TRADE_LONG:
        return TRADE_LONG_BYTES
    return TRADE_EXPANDED_BYTES


@always_inlined
def _decode_add_or_trade(
    buf: Bytes, at: int, length: int, kind: int, ts_event_ns: int, ts_recv_ns: int, unit: int,
    words: _Words, lookup: _Words, state: _Words, state_at: int, records: _Words, out_at: int,
    result: _Words,
) -> int:  # fmt: skip
    """Decode an add or a trade, whose three forms differ by widths."""
    if length < _add_bytes(kind):
        return MALFORMED
    if kind == ADD_SHORT or kind == TRADE_SHORT:
        size = u16(buf, at + SIZE)
        symbol = six_letters(buf, at + ADD_SHORT_SYMBOL)
        price_at = at + ADD_SHORT_SYMBOL + 6
        price = u16(buf, price_at) * _CENT
        behind = price_at + 2
    else:
        size = u32(buf, at + SIZE)
        if kind == ADD_LONG or kind == TRADE_LONG:
            symbol = six_letters(buf, at + ADD_LONG_SYMBOL)
            price_at = at + ADD_LONG_SYMBOL + 6
        else:
            symbol = i64(buf, at + ADD_LONG_SYMBOL)
            price_at = at + ADD_LONG_SYMBOL + 8
        price = i64(buf, price_at)
        behind = price_at + 8
    if kind == ADD_SHORT or kind == ADD_LONG or kind == ADD_EXPANDED:
        return decode_add(
            buf, at, symbol, size, price, ts_event_ns, ts_recv_ns, unit, words, lookup,
            state, state_at, records, out_at, result,
        )  # fmt: skip
    return decode_trade(
        symbol, size, price, i64(buf, behind), ts_event_ns, ts_recv_ns, unit, words, lookup,
        state, state_at, records, out_at, result,
    )  # fmt: skip


@always_inlined
def decode_message(
    buf: Bytes, at: int, end: int, second_ns: int, ts_recv_ns: int, unit: int, words: _Words,
    lookup: _Words, state: _Words, state_at: int, records: _Words, out_at: int, limit: int,
    result: _Words,
) -> int:  # fmt: skip
    """Decode one message into records. The single writer of the feed only.

    Args:
        buf: uint8, the packet among other things.
        at: position of the message.
        end: position behind the packet; nothing at or behind it is read.
        second_ns: the second that the unit's latest Time message said, Unix ns; UNDEF: none yet.
        ts_recv_ns: arrival, Unix ns, copied into every record.
        unit: the packet's unit.
        words: the instruments' rows as int64.
        lookup: the instruments' map.
        state: int64 journal; ``begin`` was called for the step that this message belongs to.
        state_at: first of this codec's words in it; see ``_equity_kernels``.
        records: int64, 8 words a record; word 0 (``seq``) is left to publication.
        out_at: record index at which to store.
        limit: record index at which the room ends.
        result: int64, at least RESULT_WORDS; see ``_equity_kernels``, SECOND and
            UNIX_SECOND.

    Returns:
        Records stored, 0 or more. UNKNOWN_TEMPLATE: stepped over, go on at ``result[NEXT]``. MALFORMED
        (shorter than its type) or TRUNCATED: nothing stored, nothing changed; leave the packet.
        BUFFER_FULL: nothing changed, ``result[NEXT]`` is this message again.
    """
    result[NEXT] = end
    result[SLOT] = -1
    result[ROW] = -1
    result[REFUSED] = 0
    result[SECOND] = -1
    result[UNIX_SECOND] = 0
    if at + 2 > end:
        return TRUNCATED
    length = u8(buf, at)
    if length < 2:
        return MALFORMED
    if at + length > end:
        return TRUNCATED
    result[NEXT] = at + length
    kind = u8(buf, at + 1)
    slot = _slot_of(kind)
    result[SLOT] = slot
    if slot < 0:
        return UNKNOWN_TEMPLATE
    if out_at + MOST_RECORDS > limit:
        result[NEXT] = at
        return BUFFER_FULL
    if kind == TIME or kind == TIME_REFERENCE:
        return _decode_time(buf, at, length, kind, result)
    ts_event_ns = UNDEF
    if second_ns != UNDEF and kind != SYMBOL_MAPPING and length >= TIME_BYTES:
        ts_event_ns = second_ns + u32(buf, at + TIME_OFFSET_NS)
    if EXECUTED <= kind <= DELETE:
        return _decode_order(buf, at, length, kind, ts_event_ns, ts_recv_ns, records, out_at)
    if (
        ADD_LONG <= kind <= ADD_SHORT
        or TRADE_LONG <= kind <= TRADE_SHORT
        or ADD_EXPANDED <= kind <= TRADE_EXPANDED
    ):
        return _decode_add_or_trade(
            buf, at, length, kind, ts_event_ns, ts_recv_ns, unit, words, lookup,
            state, state_at, records, out_at, result,
        )  # fmt: skip
    if kind == STATUS:
        if length < STATUS_BYTES:
            return MALFORMED
        return decode_trading_status(
            buf, at, ts_event_ns, ts_recv_ns, unit, words, lookup,
            state, state_at, records, out_at, result,
        )  # fmt: skip
    if kind == AUCTION_UPDATE or kind == OPTIONS_AUCTION_UPDATE:
        least = AUCTION_UPDATE_BYTES if kind == AUCTION_UPDATE else OPTIONS_AUCTION_UPDATE_BYTES
        if length < least:
            return MALFORMED
        return decode_auction(
            buf, at, ts_event_ns, ts_recv_ns, unit, words, lookup,
            state, state_at, records, out_at, result,
        )  # fmt: skip
    if kind == SYMBOL_MAPPING:
        if length < MAPPING_BYTES:
            return MALFORMED
        return decode_mapping(
            buf, at, length, second_ns, ts_recv_ns, unit, words, lookup,
            state, state_at, records, out_at, result,
        )  # fmt: skip
    if kind == TRADE_BREAK:
        if length < TRADE_BREAK_BYTES:
            return MALFORMED
        execution_id = i64(buf, at + BREAK_EXECUTION_ID)
        return decode_break(execution_id, ts_event_ns, ts_recv_ns, records, out_at)
    if kind == UNIT_CLEAR:
        if length < UNIT_CLEAR_BYTES:
            return MALFORMED
        return clear_unit(unit, ts_event_ns, ts_recv_ns, records, out_at)
    return 0 if length >= _least_bytes(kind) else MALFORMED


@kernel(int64(U8_RO, int64, int64, I64))
def read_header(buf: Bytes, at: int, length: int, header: _Words) -> int:
    """:func:`packet_header` for callers outside compiled code."""
    return packet_header(buf, at, length, header)


@kernel(
    int64(U8_RO, int64, int64, int64, int64, int64, I64, I64, I64, int64, I64, int64, int64, I64)
)
def decode_one(
    buf: Bytes, at: int, end: int, second_ns: int, ts_recv_ns: int, unit: int, words: _Words,
    lookup: _Words, state: _Words, state_at: int, records: _Words, out_at: int, limit: int,
    result: _Words,
) -> int:  # fmt: skip
    """:func:`decode_message` for callers outside compiled code."""
    return decode_message(
        buf, at, end, second_ns, ts_recv_ns, unit, words, lookup,
        state, state_at, records, out_at, limit, result,
    )  # fmt: skip
