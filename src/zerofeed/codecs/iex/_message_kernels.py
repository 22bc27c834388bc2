"""IEX's messages into records.

=============================  ====================================================================
message                        records
=============================  ====================================================================
system event                   STATUS of row 0, the venue itself; the state is the event's letter
security directory             INSTRUMENT 'A' when new, else 'N' with SNAPSHOT
trading status                 STATUS with its reason
operational halt status        STATUS, when bit 0x100 of the state changed
short sale price test status   STATUS, when bit 0x200 of the state changed
quote update                   QUOTE; a side of size 0 has no price
price level update             LEVEL with the absolute size; LAST when the event is processed. In front
                               of a book's first, LEVEL 'R' with SNAPSHOT and LAST: it begins empty
trade report                   TRADE; who was the aggressor is not told
trade break                    TRADE_BREAK with price and size
auction information            IMBALANCE, INDICATIVE; a price of 0 is none
official price, security       none; :mod:`zerofeed.codecs.iex.messages` shows them
event, retail liquidity
=============================  ====================================================================

In front of the records of the first message that names a security comes its INSTRUMENT 'A'. Flags of sales,
quotes and the directory have no place in a record; the messages' views have them.

A security's state is the letter of its trading status (0: none told) and the bits above.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import inlined
from zerofeed.codecs._bytes import Bytes, i64, u8, u32
from zerofeed.codecs._equity_kernels import (
    NEXT,
    announce,
    begin_book,
    head_of,
    put_record,
    put_status,
    row_of,
    told_state,
    without_spaces,
)
from zerofeed.codecs.iex._layout import (
    AUCTION_BOOK_PRICE,
    AUCTION_IMBALANCE_SIDE,
    AUCTION_IMBALANCE_SIZE,
    AUCTION_INDICATIVE_PRICE,
    AUCTION_PAIRED_SIZE,
    AUCTION_REFERENCE_PRICE,
    AUCTION_TIME_S,
    CODE,
    EVENT_COMPLETE,
    IN_EFFECT,
    LEVEL_PRICE,
    LEVEL_SIZE,
    OPERATIONAL_HALT,
    OPERATIONALLY_HALTED,
    PRICE_LEVEL_BUY,
    QUOTE_ASK_PRICE,
    QUOTE_ASK_SIZE,
    QUOTE_BID_PRICE,
    QUOTE_BID_SIZE,
    STATUS_REASON,
    SYMBOL,
    TIMESTAMP_NS,
    TRADE_BREAK,
    TRADE_ID,
    TRADE_PRICE,
    TRADE_SIZE,
    TRADING_STATUS,
)
from zerofeed.records.flags import LAST, MBP, SNAPSHOT, TOB
from zerofeed.records.kinds import (
    ACTION_CANCEL,
    ACTION_MODIFY,
    ACTION_NONE,
    ACTION_TRADE,
    ASK,
    BID,
    IMBALANCE,
    INDICATIVE,
    INSTRUMENT,
    LEVEL,
    NO_SIDE,
    QUOTE,
    TRADE,
)
from zerofeed.records.kinds import TRADE_BREAK as TRADE_BREAK_KIND
from zerofeed.records.units import UNDEF

__all__ = [
    "decode_auction",
    "decode_directory",
    "decode_level",
    "decode_quote",
    "decode_security_state",
    "decode_system_event",
    "decode_trade",
]

_Words = npt.NDArray[np.int64]

_TRADING_STATUS_BITS = 0xFF
_OPERATIONAL_HALT_BIT = 0x100
_SHORT_SALE_BIT = 0x200
_FOUR_SPACES = 0x2020_2020
_BUY = 0x42
_SELL = 0x53


@inlined
def decode_system_event(
    buf: Bytes, body: int, ts_recv_ns: int, words: _Words, state: _Words, state_at: int,
    records: _Words, out_at: int,
) -> int:  # fmt: skip
    """Store what the market or the feed does."""
    return put_status(
        0, u8(buf, body + CODE), i64(buf, body + TIMESTAMP_NS), ts_recv_ns, UNDEF,
        words, state, state_at, records, out_at,
    )  # fmt: skip


@inlined
def decode_directory(
    buf: Bytes, body: int, ts_recv_ns: int, channel: int, words: _Words, lookup: _Words,
    state: _Words, state_at: int, records: _Words, out_at: int, result: _Words,
) -> int:  # fmt: skip
    """Store that a security is there; the venue repeats each before the market opens."""
    row = row_of(i64(buf, body + SYMBOL), channel, words, lookup, state, state_at, result)
    if row < 0:
        return 0
    ts_event_ns = i64(buf, body + TIMESTAMP_NS)
    if announce(row, ts_event_ns, ts_recv_ns, words, state, state_at, records, out_at) == 0:
        head = head_of(row, INSTRUMENT, NO_SIDE, ACTION_NONE, SNAPSHOT)
        put_record(records, out_at, ts_event_ns, ts_recv_ns, head, UNDEF, UNDEF, UNDEF, UNDEF)
    return 1


@inlined
def decode_security_state(
    buf: Bytes, body: int, kind: int, ts_recv_ns: int, channel: int, words: _Words,
    lookup: _Words, state: _Words, state_at: int, records: _Words, out_at: int, result: _Words,
) -> int:  # fmt: skip
    """Store what trading status, operational halt or short sale test make of a security's state."""
    row = row_of(i64(buf, body + SYMBOL), channel, words, lookup, state, state_at, result)
    if row < 0:
        return 0
    ts_event_ns = i64(buf, body + TIMESTAMP_NS)
    code = u8(buf, body + CODE)
    told = told_state(state, state_at, row)
    reason = UNDEF
    if kind == TRADING_STATUS:
        trading_state = (told & ~_TRADING_STATUS_BITS) | code
        text = without_spaces(u32(buf, body + STATUS_REASON) | _FOUR_SPACES << 32)
        reason = text if text != 0 else UNDEF
    elif kind == OPERATIONAL_HALT:
        is_set = code == OPERATIONALLY_HALTED
        trading_state = (told & ~_OPERATIONAL_HALT_BIT) | (_OPERATIONAL_HALT_BIT if is_set else 0)
    else:
        is_set = code == IN_EFFECT
        trading_state = (told & ~_SHORT_SALE_BIT) | (_SHORT_SALE_BIT if is_set else 0)
    stored = announce(row, ts_event_ns, ts_recv_ns, words, state, state_at, records, out_at)
    if kind != TRADING_STATUS and trading_state == told:
        return stored
    return stored + put_status(
        row, trading_state, ts_event_ns, ts_recv_ns, reason,
        words, state, state_at, records, out_at + stored,
    )  # fmt: skip


@inlined
def decode_quote(
    buf: Bytes, body: int, ts_recv_ns: int, channel: int, words: _Words, lookup: _Words,
    state: _Words, state_at: int, records: _Words, out_at: int, result: _Words,
) -> int:  # fmt: skip
    """Store a best bid and offer."""
    row = row_of(i64(buf, body + SYMBOL), channel, words, lookup, state, state_at, result)
    if row < 0:
        return 0
    ts_event_ns = i64(buf, body + TIMESTAMP_NS)
    bid_size = u32(buf, body + QUOTE_BID_SIZE)
    ask_size = u32(buf, body + QUOTE_ASK_SIZE)
    bid_price = i64(buf, body + QUOTE_BID_PRICE) if bid_size != 0 else UNDEF
    ask_price = i64(buf, body + QUOTE_ASK_PRICE) if ask_size != 0 else UNDEF
    stored = announce(row, ts_event_ns, ts_recv_ns, words, state, state_at, records, out_at)
    head = head_of(row, QUOTE, NO_SIDE, ACTION_NONE, LAST | TOB)
    put_record(
        records, out_at + stored, ts_event_ns, ts_recv_ns, head,
        bid_price, bid_size, ask_price, ask_size,
    )  # fmt: skip
    return stored + 1


@inlined
def decode_level(
    buf: Bytes, body: int, block: int, kind: int, ts_recv_ns: int, channel: int, era: int,
    words: _Words, lookup: _Words, state: _Words, state_at: int, records: _Words, out_at: int,
    result: _Words,
) -> int:  # fmt: skip
    """Store a price level's size; or, when its book has not begun, that first, and ask to come again."""
    row = row_of(i64(buf, body + SYMBOL), channel, words, lookup, state, state_at, result)
    if row < 0:
        return 0
    ts_event_ns = i64(buf, body + TIMESTAMP_NS)
    stored = announce(row, ts_event_ns, ts_recv_ns, words, state, state_at, records, out_at)
    begun = begin_book(row, era, ts_event_ns, ts_recv_ns, state, state_at, records, out_at + stored)
    if begun != 0:
        result[NEXT] = block
        return stored + begun
    size = u32(buf, body + LEVEL_SIZE)
    side = BID if kind == PRICE_LEVEL_BUY else ASK
    action = ACTION_CANCEL if size == 0 else ACTION_MODIFY
    is_complete = u8(buf, body + CODE) & EVENT_COMPLETE
    head = head_of(row, LEVEL, side, action, MBP | LAST if is_complete else MBP)
    price = i64(buf, body + LEVEL_PRICE)
    put_record(records, out_at + stored, ts_event_ns, ts_recv_ns, head, price, size, UNDEF, UNDEF)
    return stored + 1


@inlined
def decode_trade(
    buf: Bytes, body: int, kind: int, ts_recv_ns: int, channel: int, words: _Words,
    lookup: _Words, state: _Words, state_at: int, records: _Words, out_at: int, result: _Words,
) -> int:  # fmt: skip
    """Store a trade, or that one was broken."""
    row = row_of(i64(buf, body + SYMBOL), channel, words, lookup, state, state_at, result)
    if row < 0:
        return 0
    ts_event_ns = i64(buf, body + TIMESTAMP_NS)
    stored = announce(row, ts_event_ns, ts_recv_ns, words, state, state_at, records, out_at)
    if kind == TRADE_BREAK:
        head = head_of(row, TRADE_BREAK_KIND, NO_SIDE, ACTION_NONE, LAST)
    else:
        head = head_of(row, TRADE, NO_SIDE, ACTION_TRADE, LAST)
    put_record(
        records, out_at + stored, ts_event_ns, ts_recv_ns, head,
        i64(buf, body + TRADE_PRICE), u32(buf, body + TRADE_SIZE), i64(buf, body + TRADE_ID), UNDEF,
    )  # fmt: skip
    return stored + 1


@inlined
def _price_or_none(price: int) -> int:
    return UNDEF if price == 0 else price


@inlined
def decode_auction(
    buf: Bytes, body: int, ts_recv_ns: int, channel: int, words: _Words, lookup: _Words,
    state: _Words, state_at: int, records: _Words, out_at: int, result: _Words,
) -> int:  # fmt: skip
    """Store what an auction has and lacks so far, and where it would clear."""
    row = row_of(i64(buf, body + SYMBOL), channel, words, lookup, state, state_at, result)
    if row < 0:
        return 0
    ts_event_ns = i64(buf, body + TIMESTAMP_NS)
    index = out_at + announce(row, ts_event_ns, ts_recv_ns, words, state, state_at, records, out_at)
    auction = u8(buf, body + CODE)
    letter = u8(buf, body + AUCTION_IMBALANCE_SIDE)
    side = NO_SIDE
    if letter == _BUY:
        side = BID
    elif letter == _SELL:
        side = ASK
    put_record(
        records, index, ts_event_ns, ts_recv_ns, head_of(row, IMBALANCE, side, ACTION_NONE, 0),
        _price_or_none(i64(buf, body + AUCTION_REFERENCE_PRICE)),
        u32(buf, body + AUCTION_PAIRED_SIZE), u32(buf, body + AUCTION_IMBALANCE_SIZE), auction,
    )  # fmt: skip
    seconds = u32(buf, body + AUCTION_TIME_S)
    put_record(
        records, index + 1, ts_event_ns, ts_recv_ns,
        head_of(row, INDICATIVE, NO_SIDE, ACTION_NONE, LAST),
        _price_or_none(i64(buf, body + AUCTION_INDICATIVE_PRICE)),
        _price_or_none(i64(buf, body + AUCTION_BOOK_PRICE)),
        seconds * 1_000_000_000 if seconds != 0 else UNDEF, auction,
    )  # fmt: skip
    return index + 2 - out_at
