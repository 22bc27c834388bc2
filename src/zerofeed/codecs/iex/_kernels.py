"""IEX-TP segments into records: the header, the blocks, and which kernel decodes what.

A segment is a header and so many blocks: a length and a message each. The blocks must fill the segment
exactly, which is looked at before anything is decoded; then a message of an unknown type is stepped over
by its length, one longer than is known is read as far as it is known, and nothing is ever read outside the
packet.

The caller keeps the packet's place: :func:`decode_message` takes one message and says where the next
begins, so that books can be brought up to date in between.

Nothing here allocates, raises, reads a clock, or looks at sequence numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, U8_RO, always_inlined, inlined, int64, kernel
from zerofeed.base.status import BUFFER_FULL, MALFORMED, OK, TRUNCATED, UNKNOWN_TEMPLATE
from zerofeed.codecs._bytes import Bytes, i64, u8, u16, u32
from zerofeed.codecs._equity_kernels import NEXT, REFUSED, ROW, SLOT
from zerofeed.codecs.iex._layout import (
    AUCTION_INFORMATION,
    AUCTION_INFORMATION_BYTES,
    BLOCK_BYTES,
    HEADER_BYTES,
    HEADER_CHANNEL,
    HEADER_COUNT,
    HEADER_FIRST_SEQ,
    HEADER_PAYLOAD_BYTES,
    HEADER_PROTOCOL,
    HEADER_SENT_NS,
    HEADER_SESSION,
    HEADER_VERSION,
    LEVEL_BYTES,
    OFFICIAL_PRICE,
    OFFICIAL_PRICE_BYTES,
    OPERATIONAL_HALT,
    OPERATIONAL_HALT_BYTES,
    PRICE_LEVEL_BUY,
    PRICE_LEVEL_SELL,
    QUOTE_BYTES,
    QUOTE_UPDATE,
    RETAIL_LIQUIDITY,
    RETAIL_LIQUIDITY_BYTES,
    SECURITY_DIRECTORY,
    SECURITY_DIRECTORY_BYTES,
    SECURITY_EVENT,
    SECURITY_EVENT_BYTES,
    SHORT_SALE_TEST,
    SHORT_SALE_TEST_BYTES,
    SYSTEM_EVENT,
    SYSTEM_EVENT_BYTES,
    TRADE_BREAK,
    TRADE_BYTES,
    TRADE_REPORT,
    TRADING_STATUS,
    TRADING_STATUS_BYTES,
    VERSION,
)
from zerofeed.codecs.iex._message_kernels import (
    decode_auction,
    decode_directory,
    decode_level,
    decode_quote,
    decode_security_state,
    decode_system_event,
    decode_trade,
)

__all__ = [
    "BODY_BEGIN",
    "BODY_END",
    "CHANNEL",
    "COUNT",
    "HEADER_WORDS",
    "MOST_RECORDS",
    "PROTOCOL",
    "SENT_NS",
    "SEQ",
    "SESSION",
    "decode_message",
    "decode_one",
    "packet_header",
    "read_header",
    "skip_messages",
]

_Words = npt.NDArray[np.int64]

# Words of a packet's header, as packet_header gives it.
PROTOCOL = 0
CHANNEL = 1
SESSION = 2
SEQ = 3
COUNT = 4
SENT_NS = 5
BODY_BEGIN = 6
BODY_END = 7
HEADER_WORDS = 8

_LAST_SEQ = 1 << 62

MOST_RECORDS = 3
"""Most records that one message makes; each asks for this much room."""


@always_inlined
def packet_header(buf: Bytes, at: int, length: int, header: _Words) -> int:
    """Read a segment's header, and see that its blocks fill it.

    Args:
        buf: uint8 that holds the datagram at ``buf[at : at + length]``.
        at: byte position of the datagram.
        length: bytes of the datagram.
        header: int64, at least HEADER_WORDS; receives PROTOCOL, CHANNEL, SESSION, SEQ, COUNT,
            SENT_NS, BODY_BEGIN and BODY_END (byte positions in ``buf``).

    Returns:
        OK; TRUNCATED when the datagram is shorter than the header says; MALFORMED when it is longer, when
        the blocks do not fill it, when the transport has another version, or the number cannot be.
    """
    if length < HEADER_BYTES:
        return TRUNCATED
    end = at + length
    count = u16(buf, at + HEADER_COUNT)
    header[PROTOCOL] = u16(buf, at + HEADER_PROTOCOL)
    header[CHANNEL] = u32(buf, at + HEADER_CHANNEL)
    header[SESSION] = u32(buf, at + HEADER_SESSION)
    header[SEQ] = i64(buf, at + HEADER_FIRST_SEQ)
    header[COUNT] = count
    header[SENT_NS] = i64(buf, at + HEADER_SENT_NS)
    header[BODY_BEGIN] = at + HEADER_BYTES
    header[BODY_END] = end
    payload = u16(buf, at + HEADER_PAYLOAD_BYTES)
    if payload > length - HEADER_BYTES:
        return TRUNCATED
    if payload < length - HEADER_BYTES or u8(buf, at + HEADER_VERSION) != VERSION:
        return MALFORMED
    if not 0 <= header[SEQ] <= _LAST_SEQ:
        return MALFORMED
    return OK if skip_messages(buf, at + HEADER_BYTES, end, count) == end else MALFORMED


@always_inlined
def skip_messages(buf: Bytes, at: int, end: int, count: int) -> int:
    """Find the position behind so many blocks.

    Args:
        buf: the packet.
        at: position of the first block.
        end: position behind the packet; nothing at or behind it is read.
        count: blocks to step over.

    Returns:
        The position, or -1 when the blocks do not lie in the packet.
    """
    for _ in range(count):
        if at + BLOCK_BYTES > end:
            return -1
        at += BLOCK_BYTES + u16(buf, at)
        if at > end:
            return -1
    return at


@always_inlined
def _slot_of(kind: int) -> int:
    """Place of a type in MESSAGE_TYPES, or -1."""
    if kind == QUOTE_UPDATE:
        return 7
    if kind == PRICE_LEVEL_BUY:
        return 8
    if kind == PRICE_LEVEL_SELL:
        return 9
    if kind == TRADE_REPORT:
        return 10
    if kind == SYSTEM_EVENT:
        return 0
    if kind == SECURITY_DIRECTORY:
        return 1
    if kind == TRADING_STATUS:
        return 2
    if kind == RETAIL_LIQUIDITY:
        return 3
    if kind == OPERATIONAL_HALT:
        return 4
    if kind == SHORT_SALE_TEST:
        return 5
    if kind == SECURITY_EVENT:
        return 6
    if kind == TRADE_BREAK:
        return 11
    if kind == OFFICIAL_PRICE:
        return 12
    if kind == AUCTION_INFORMATION:
        return 13
    return -1


@inlined
def _least_bytes(kind: int) -> int:
    """Bytes of the shortest message of a known type that is not decoded as quote, level or trade."""
    if kind == SYSTEM_EVENT:
        return SYSTEM_EVENT_BYTES
    if kind == SECURITY_DIRECTORY:
        return SECURITY_DIRECTORY_BYTES
    if kind == TRADING_STATUS:
        return TRADING_STATUS_BYTES
    if kind == OPERATIONAL_HALT:
        return OPERATIONAL_HALT_BYTES
    if kind == SHORT_SALE_TEST:
        return SHORT_SALE_TEST_BYTES
    if kind == AUCTION_INFORMATION:
        return AUCTION_INFORMATION_BYTES
    if kind == OFFICIAL_PRICE:
        return OFFICIAL_PRICE_BYTES
    if kind == SECURITY_EVENT:
        return SECURITY_EVENT_BYTES
    return RETAIL_LIQUIDITY_BYTES


@always_inlined
def decode_message(
    buf: Bytes, at: int, end: int, ts_recv_ns: int, channel: int, era: int, words: _Words,
    lookup: _Words, state: _Words, state_at: int, records: _Words, out_at: int, limit: int,
    result: _Words,
) -> int:  # fmt: skip
    """Decode one message into records. The single writer of the feed only.

    Args:
        buf: uint8, the packet among other things.
        at: position of the message's block.
        end: position behind the packet; nothing at or behind it is read.
        ts_recv_ns: arrival, Unix ns, copied into every record.
        channel: the packet's channel.
        era: number of the session, 1 or more, if every message since its first has come; else 0.
        words: the instruments' rows as int64.
        lookup: the instruments' map.
        state: int64 journal; ``begin`` was called for the step that this message belongs to.
        state_at: first of this codec's words in it; see ``_equity_kernels``.
        records: int64, 8 words a record; word 0 (``seq``) is left to publication.
        out_at: record index at which to store.
        limit: record index at which the room ends.
        result: int64, at least RESULT_WORDS; see ``_equity_kernels``.

    Returns:
        Records stored, 0 or more. When ``result[NEXT]`` is this message again, it is not done: its book
        begins with these records, and the message itself comes next. UNKNOWN_TEMPLATE: stepped over, go
        on at ``result[NEXT]``. MALFORMED (shorter than its type) or TRUNCATED: nothing stored, nothing
        changed; leave the packet. BUFFER_FULL: nothing changed, ``result[NEXT]`` is this message again.
    """
    result[NEXT] = end
    result[SLOT] = -1
    result[ROW] = -1
    result[REFUSED] = 0
    if at + BLOCK_BYTES > end:
        return TRUNCATED
    body = at + BLOCK_BYTES
    length = u16(buf, at)
    if body + length > end:
        return TRUNCATED
    result[NEXT] = body + length
    if length == 0:
        return UNKNOWN_TEMPLATE
    kind = u8(buf, body)
    slot = _slot_of(kind)
    result[SLOT] = slot
    if slot < 0:
        return UNKNOWN_TEMPLATE
    if out_at + MOST_RECORDS > limit:
        result[NEXT] = at
        return BUFFER_FULL
    if kind == QUOTE_UPDATE:
        if length < QUOTE_BYTES:
            return MALFORMED
        return decode_quote(
            buf, body, ts_recv_ns, channel, words, lookup, state, state_at, records, out_at, result
        )
    if kind == PRICE_LEVEL_BUY or kind == PRICE_LEVEL_SELL:
        if length < LEVEL_BYTES:
            return MALFORMED
        return decode_level(
            buf, body, at, kind, ts_recv_ns, channel, era, words, lookup,
            state, state_at, records, out_at, result,
        )  # fmt: skip
    if kind == TRADE_REPORT or kind == TRADE_BREAK:
        if length < TRADE_BYTES:
            return MALFORMED
        return decode_trade(
            buf, body, kind, ts_recv_ns, channel, words, lookup,
            state, state_at, records, out_at, result,
        )  # fmt: skip
    if length < _least_bytes(kind):
        return MALFORMED
    if kind == TRADING_STATUS or kind == OPERATIONAL_HALT or kind == SHORT_SALE_TEST:
        return decode_security_state(
            buf, body, kind, ts_recv_ns, channel, words, lookup,
            state, state_at, records, out_at, result,
        )  # fmt: skip
    if kind == AUCTION_INFORMATION:
        return decode_auction(
            buf, body, ts_recv_ns, channel, words, lookup, state, state_at, records, out_at, result
        )
    if kind == SECURITY_DIRECTORY:
        return decode_directory(
            buf, body, ts_recv_ns, channel, words, lookup, state, state_at, records, out_at, result
        )
    if kind == SYSTEM_EVENT:
        return decode_system_event(buf, body, ts_recv_ns, words, state, state_at, records, out_at)
    return 0


@kernel(int64(U8_RO, int64, int64, I64))
def read_header(buf: Bytes, at: int, length: int, header: _Words) -> int:
    """:func:`packet_header` for callers outside compiled code."""
    return packet_header(buf, at, length, header)


@kernel(
    int64(U8_RO, int64, int64, int64, int64, int64, I64, I64, I64, int64, I64, int64, int64, I64)
)
def decode_one(
    buf: Bytes, at: int, end: int, ts_recv_ns: int, channel: int, era: int, words: _Words,
    lookup: _Words, state: _Words, state_at: int, records: _Words, out_at: int, limit: int,
    result: _Words,
) -> int:  # fmt: skip
    """:func:`decode_message` for callers outside compiled code."""
    return decode_message(
        buf, at, end, ts_recv_ns, channel, era, words, lookup,
        state, state_at, records, out_at, limit, result,
    )  # fmt: skip
