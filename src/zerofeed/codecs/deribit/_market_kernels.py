"""Market messages into records: Book, Trades, Ticker, Snapshot, Rfq.

Every kernel here gets a message whose outline (block, first group) is known to lie inside the
packet, and returns the number of records it stored, MALFORMED when a value contradicts the
format, or BUFFER_FULL. Values are checked before anything is changed.

==========  =====================================================================================
message     records
==========  =====================================================================================
Trades      TRADE each; LIQUIDATION behind a trade that forced one; LAST on the last of them
Book        LEVEL each with its change id; one LEVEL without price, action 'N', if none changed
Ticker      QUOTE, MARK, OPEN_INTEREST, LIMITS, FUNDING (perpetuals), STATUS (when it changed)
Snapshot    LEVEL 'R' where a book begins, then LEVEL 'A' each, LAST on the last of the book
Rfq         RFQ
==========  =====================================================================================
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined, inlined
from zerofeed.base.status import BUFFER_FULL, MALFORMED
from zerofeed.codecs._bytes import Bytes, f64, i64, u8
from zerofeed.codecs.deribit._decimal_kernels import scaled
from zerofeed.codecs.deribit._layout import (
    BOOK_CHANGE_ID,
    BOOK_IS_LAST,
    BOOK_PREV_CHANGE_ID,
    BOOK_TIMESTAMP_MS,
    CHANGE_AMOUNT,
    CHANGE_BLOCK,
    CHANGE_CHANGE,
    CHANGE_PRICE,
    CHANGE_SIDE,
    LEVEL_AMOUNT,
    LEVEL_BLOCK,
    LEVEL_PRICE,
    LEVEL_SIDE,
    RFQ_AMOUNT,
    RFQ_SIDE,
    RFQ_STATE,
    RFQ_TIMESTAMP_MS,
    SNAPSHOT_CHANGE_ID,
    SNAPSHOT_IS_LAST_IN_BOOK,
    SNAPSHOT_TIMESTAMP_MS,
    TICKER_BEST_ASK_AMOUNT,
    TICKER_BEST_ASK_PRICE,
    TICKER_BEST_BID_AMOUNT,
    TICKER_BEST_BID_PRICE,
    TICKER_CURRENT_FUNDING,
    TICKER_DELIVERY_PRICE,
    TICKER_ESTIMATED_DELIVERY_PRICE,
    TICKER_FUNDING8H,
    TICKER_INDEX_PRICE,
    TICKER_INSTRUMENT_STATE,
    TICKER_LAST_PRICE,
    TICKER_MARK_PRICE,
    TICKER_MAX_BUY_PRICE,
    TICKER_MIN_SELL_PRICE,
    TICKER_OPEN_INTEREST,
    TICKER_SETTLEMENT_PRICE,
    TICKER_TIMESTAMP_MS,
    TRADE_AMOUNT,
    TRADE_DIRECTION,
    TRADE_LIQUIDATION,
    TRADE_PRICE,
    TRADE_TIMESTAMP_MS,
    TRADE_TRADE_ID,
    TRADE_TRADE_SEQ,
    TRADES_BLOCK,
)
from zerofeed.codecs.deribit._message_kernels import (
    ENTRIES,
    ENTRY_BLOCK,
    ENTRY_COUNT,
    PRICE_POWER,
    RATE_POWER,
    RECORD_WORDS,
    SCRATCH_WORDS,
    SIZE_POWER,
    SNAPSHOT_CHANGE,
    SNAPSHOT_OPEN,
    STATE_WORDS,
    head_of,
    identity,
    instrument_row,
    nanoseconds,
    number,
    put_record,
    put_status,
)
from zerofeed.records.flags import LAST, MAYBE_BAD_BOOK, MBP, SNAPSHOT, TOB
from zerofeed.records.kinds import (
    ACTION_ADD,
    ACTION_CANCEL,
    ACTION_CLEAR,
    ACTION_MODIFY,
    ACTION_NONE,
    ACTION_TRADE,
    ASK,
    BID,
    FUNDING,
    LEVEL,
    LIMITS,
    LIQUIDATION,
    MARK,
    NO_SIDE,
    OPEN_INTEREST,
    QUOTE,
    RFQ,
    TRADE,
)
from zerofeed.records.units import UNDEF
from zerofeed.shm.journal import put

__all__ = [
    "TICKER_RECORDS",
    "decode_book",
    "decode_rfq",
    "decode_snapshot",
    "decode_ticker",
    "decode_trades",
]

_Words = npt.NDArray[np.int64]

TICKER_RECORDS = 6
"""Most records that one Ticker makes; a Ticker asks for this much room whatever it holds."""

_NULL = 255
_DELETED = 2
_LAST_DIRECTION = 2


@inlined
def _mark_last(records: _Words, index: int) -> None:
    """Set LAST, the sign bit of the fourth word, on a record just stored without it."""
    at = index * RECORD_WORDS + 3
    records[at] = records[at] + UNDEF


@inlined
def _side_of(direction: int) -> int:
    if direction == 0:
        return BID
    return ASK if direction == 1 else NO_SIDE


@inlined
def decode_trades(
    buf: Bytes, block: int, length: int, ts_recv_ns: int, words: _Words, lookup: _Words,
    records: _Words, out_at: int, limit: int, result: _Words,
) -> int:  # fmt: skip
    """Store the trades of one message; ``side`` is the aggressor's."""
    entry_block = result[ENTRY_BLOCK]
    count = result[ENTRY_COUNT]
    if length < TRADES_BLOCK or (count > 0 and entry_block < TRADE_TRADE_ID + 8):
        return MALFORMED
    has_liquidation = entry_block > TRADE_LIQUIDATION
    needed = count
    at = result[ENTRIES]
    for _ in range(count):
        direction = u8(buf, at + TRADE_DIRECTION)
        if direction > _LAST_DIRECTION and direction != _NULL:
            return MALFORMED
        if has_liquidation and 0 < u8(buf, at + TRADE_LIQUIDATION) < _NULL:
            needed += 1
        at += entry_block
    if out_at + needed > limit:
        return BUFFER_FULL
    row = instrument_row(buf, block, words, lookup, result)
    if row < 0 or count == 0:
        return 0
    index = out_at
    at = result[ENTRIES]
    for _ in range(count):
        side = _side_of(u8(buf, at + TRADE_DIRECTION))
        price = scaled(f64(buf, at + TRADE_PRICE), PRICE_POWER, result)
        size = scaled(f64(buf, at + TRADE_AMOUNT), SIZE_POWER, result)
        ts_event_ns = nanoseconds(i64(buf, at + TRADE_TIMESTAMP_MS))
        trade_id = identity(i64(buf, at + TRADE_TRADE_ID))
        trade_seq = identity(i64(buf, at + TRADE_TRADE_SEQ))
        head = head_of(row, TRADE, side, ACTION_TRADE, 0)
        put_record(records, index, ts_event_ns, ts_recv_ns, head, price, size, trade_id, trade_seq)
        index += 1
        liquidated = u8(buf, at + TRADE_LIQUIDATION) if has_liquidation else 0
        if 0 < liquidated < _NULL:
            head = head_of(row, LIQUIDATION, _liquidated_side(liquidated, side), ACTION_NONE, 0)
            put_record(records, index, ts_event_ns, ts_recv_ns, head, price, size, trade_id, UNDEF)
            index += 1
        at += entry_block
    _mark_last(records, index - 1)
    return index - out_at


@inlined
def _liquidated_side(liquidated: int, aggressor: int) -> int:
    """Side whose position was liquidated: 1 the maker's, 2 the aggressor's, 3 both (no side)."""
    if liquidated == 2:
        return aggressor
    if liquidated == 1 and aggressor != NO_SIDE:
        return BID + ASK - aggressor
    return NO_SIDE


@inlined
def decode_book(
    buf: Bytes, block: int, length: int, ts_recv_ns: int, words: _Words, lookup: _Words,
    records: _Words, out_at: int, limit: int, result: _Words,
) -> int:  # fmt: skip
    """Store one book transition; LAST unless more messages of the same transition follow."""
    entry_block = result[ENTRY_BLOCK]
    count = result[ENTRY_COUNT]
    if length <= BOOK_IS_LAST or (count > 0 and entry_block < CHANGE_BLOCK):
        return MALFORMED
    is_last = u8(buf, block + BOOK_IS_LAST)
    at = result[ENTRIES]
    worst = is_last >> 1
    for _ in range(count):
        worst |= u8(buf, at + CHANGE_SIDE) >> 1
        worst |= 1 if u8(buf, at + CHANGE_CHANGE) > _DELETED else 0
        at += entry_block
    if worst != 0:
        return MALFORMED
    if out_at + max(count, 1) > limit:
        return BUFFER_FULL
    row = instrument_row(buf, block, words, lookup, result)
    if row < 0:
        return 0
    ts_event_ns = nanoseconds(i64(buf, block + BOOK_TIMESTAMP_MS))
    change_id = identity(i64(buf, block + BOOK_CHANGE_ID))
    prev_change_id = identity(i64(buf, block + BOOK_PREV_CHANGE_ID))
    index = out_at
    if count == 0:
        head = head_of(row, LEVEL, NO_SIDE, ACTION_NONE, MBP)
        put_record(
            records, index, ts_event_ns, ts_recv_ns, head, UNDEF, 0, change_id, prev_change_id
        )
        index += 1
    at = result[ENTRIES]
    for _ in range(count):
        side = BID if u8(buf, at + CHANGE_SIDE) == 1 else ASK
        change = u8(buf, at + CHANGE_CHANGE)
        price = scaled(f64(buf, at + CHANGE_PRICE), PRICE_POWER, result)
        size = 0
        action = ACTION_CANCEL
        if change != _DELETED:
            size = scaled(f64(buf, at + CHANGE_AMOUNT), SIZE_POWER, result)
            action = ACTION_MODIFY if change == 1 else ACTION_ADD
        head = head_of(row, LEVEL, side, action, _level_flags(MBP, price, size))
        put_record(
            records, index, ts_event_ns, ts_recv_ns, head, price, size, change_id, prev_change_id
        )
        index += 1
        at += entry_block
    if is_last == 1:
        _mark_last(records, index - 1)
    return index - out_at


@inlined
def _level_flags(flags: int, price: int, size: int) -> int:
    """Doubt the book when a level says no usable price or size."""
    return flags | MAYBE_BAD_BOOK if price == UNDEF or size == UNDEF else flags


@inlined
def decode_snapshot(
    buf: Bytes, block: int, length: int, ts_recv_ns: int, words: _Words, lookup: _Words,
    state: _Words, state_at: int, records: _Words, out_at: int, limit: int, result: _Words,
) -> int:  # fmt: skip
    """Store a book's levels, after a clearing LEVEL where the book begins.

    A message begins a book unless the one before it for this instrument had the same change id
    and was not the last.
    """
    entry_block = result[ENTRY_BLOCK]
    count = result[ENTRY_COUNT]
    if length <= SNAPSHOT_IS_LAST_IN_BOOK or (count > 0 and entry_block < LEVEL_BLOCK):
        return MALFORMED
    is_last = u8(buf, block + SNAPSHOT_IS_LAST_IN_BOOK)
    at = result[ENTRIES]
    worst = is_last >> 1
    for _ in range(count):
        worst |= u8(buf, at + LEVEL_SIDE) >> 1
        at += entry_block
    if worst != 0:
        return MALFORMED
    if out_at + count + 1 > limit:
        return BUFFER_FULL
    row = instrument_row(buf, block, words, lookup, result)
    if row < 0:
        return 0
    ts_event_ns = nanoseconds(i64(buf, block + SNAPSHOT_TIMESTAMP_MS))
    sent_change_id = i64(buf, block + SNAPSHOT_CHANGE_ID)
    change_id = identity(sent_change_id)
    index = out_at
    own = state_at + SCRATCH_WORDS + row * STATE_WORDS
    goes_on = state[own + SNAPSHOT_OPEN] == 1 and state[own + SNAPSHOT_CHANGE] == sent_change_id
    if not goes_on or count == 0:
        # A message without levels that goes on still says by its LAST that the book is whole.
        action = ACTION_NONE if goes_on else ACTION_CLEAR
        head = head_of(row, LEVEL, NO_SIDE, action, SNAPSHOT)
        put_record(records, index, ts_event_ns, ts_recv_ns, head, UNDEF, 0, change_id, UNDEF)
        index += 1
    at = result[ENTRIES]
    for _ in range(count):
        side = BID if u8(buf, at + LEVEL_SIDE) == 1 else ASK
        price = scaled(f64(buf, at + LEVEL_PRICE), PRICE_POWER, result)
        size = scaled(f64(buf, at + LEVEL_AMOUNT), SIZE_POWER, result)
        head = head_of(row, LEVEL, side, ACTION_ADD, _level_flags(SNAPSHOT | MBP, price, size))
        put_record(records, index, ts_event_ns, ts_recv_ns, head, price, size, change_id, UNDEF)
        index += 1
        at += entry_block
    if is_last == 1:
        _mark_last(records, index - 1)
    if state[own + SNAPSHOT_OPEN] != 1 - is_last:
        put(state, own + SNAPSHOT_OPEN, 1 - is_last)
    if is_last == 0 and not goes_on:
        put(state, own + SNAPSHOT_CHANGE, sent_change_id)
    return index - out_at


@inlined
def _quoted(price: float, size: float, result: _Words) -> int:
    """Scale a best price; the venue says 0 with amount 0 where a side is empty: no price."""
    return UNDEF if size == 0.0 else scaled(price, PRICE_POWER, result)


@always_inlined
def decode_ticker(
    buf: Bytes, block: int, length: int, ts_recv_ns: int, words: _Words, lookup: _Words,
    state: _Words, state_at: int, records: _Words, out_at: int, limit: int, result: _Words,
) -> int:  # fmt: skip
    """Store what a ticker says; numbers behind the end of a short block count as unset."""
    if length < TICKER_TIMESTAMP_MS + 8:
        return MALFORMED
    if out_at + TICKER_RECORDS > limit:
        return BUFFER_FULL
    row = instrument_row(buf, block, words, lookup, result)
    if row < 0:
        return 0
    ts_event_ns = nanoseconds(i64(buf, block + TICKER_TIMESTAMP_MS))

    bid_amount = number(buf, block, length, TICKER_BEST_BID_AMOUNT)
    ask_amount = number(buf, block, length, TICKER_BEST_ASK_AMOUNT)
    put_record(
        records, out_at, ts_event_ns, ts_recv_ns,
        head_of(row, QUOTE, NO_SIDE, ACTION_NONE, LAST | TOB),
        _quoted(number(buf, block, length, TICKER_BEST_BID_PRICE), bid_amount, result),
        scaled(bid_amount, SIZE_POWER, result),
        _quoted(number(buf, block, length, TICKER_BEST_ASK_PRICE), ask_amount, result),
        scaled(ask_amount, SIZE_POWER, result),
    )  # fmt: skip
    put_record(
        records, out_at + 1, ts_event_ns, ts_recv_ns,
        head_of(row, MARK, NO_SIDE, ACTION_NONE, 0),
        scaled(number(buf, block, length, TICKER_MARK_PRICE), PRICE_POWER, result),
        scaled(number(buf, block, length, TICKER_INDEX_PRICE), PRICE_POWER, result),
        scaled(number(buf, block, length, TICKER_SETTLEMENT_PRICE), PRICE_POWER, result),
        scaled(number(buf, block, length, TICKER_ESTIMATED_DELIVERY_PRICE), PRICE_POWER, result),
    )  # fmt: skip
    put_record(
        records, out_at + 2, ts_event_ns, ts_recv_ns,
        head_of(row, OPEN_INTEREST, NO_SIDE, ACTION_NONE, 0),
        scaled(number(buf, block, length, TICKER_OPEN_INTEREST), SIZE_POWER, result),
        UNDEF, UNDEF, UNDEF,
    )  # fmt: skip
    put_record(
        records, out_at + 3, ts_event_ns, ts_recv_ns,
        head_of(row, LIMITS, NO_SIDE, ACTION_NONE, 0),
        scaled(number(buf, block, length, TICKER_MIN_SELL_PRICE), PRICE_POWER, result),
        scaled(number(buf, block, length, TICKER_MAX_BUY_PRICE), PRICE_POWER, result),
        scaled(number(buf, block, length, TICKER_LAST_PRICE), PRICE_POWER, result),
        scaled(number(buf, block, length, TICKER_DELIVERY_PRICE), PRICE_POWER, result),
    )  # fmt: skip
    index = out_at + 4

    rate = number(buf, block, length, TICKER_CURRENT_FUNDING)
    rate_8h = number(buf, block, length, TICKER_FUNDING8H)
    if rate == rate or rate_8h == rate_8h:  # noqa: PLR0124 - not NaN
        put_record(
            records, index, ts_event_ns, ts_recv_ns,
            head_of(row, FUNDING, NO_SIDE, ACTION_NONE, 0),
            scaled(rate, RATE_POWER, result), scaled(rate_8h, RATE_POWER, result), UNDEF, UNDEF,
        )  # fmt: skip
        index += 1
    trading_state = u8(buf, block + TICKER_INSTRUMENT_STATE)
    index += put_status(
        row, trading_state, ts_event_ns, ts_recv_ns, words, state, state_at, records, index
    )
    return index - out_at


@inlined
def decode_rfq(
    buf: Bytes, block: int, length: int, ts_recv_ns: int, words: _Words, lookup: _Words,
    records: _Words, out_at: int, limit: int, result: _Words,
) -> int:  # fmt: skip
    """Store a request for quotes; ``state`` 1 asks, 0 withdraws."""
    if length < RFQ_TIMESTAMP_MS + 8:
        return MALFORMED
    direction = u8(buf, block + RFQ_SIDE)
    if direction > _LAST_DIRECTION and direction != _NULL:
        return MALFORMED
    if out_at + 1 > limit:
        return BUFFER_FULL
    row = instrument_row(buf, block, words, lookup, result)
    if row < 0:
        return 0
    put_record(
        records, out_at, nanoseconds(i64(buf, block + RFQ_TIMESTAMP_MS)), ts_recv_ns,
        head_of(row, RFQ, _side_of(direction), ACTION_NONE, LAST),
        u8(buf, block + RFQ_STATE), scaled(f64(buf, block + RFQ_AMOUNT), SIZE_POWER, result),
        UNDEF, UNDEF,
    )  # fmt: skip
    return 1
