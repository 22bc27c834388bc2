"""The ITCH messages that are rare, or that need a look at more than the table of types.

See :mod:`zerofeed.codecs.itch` for what each becomes. Lengths were compared before.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import inlined
from zerofeed.codecs._bytes import Bytes, i64, u8, u16_be, u32, u32_be, u64_be
from zerofeed.codecs._equity_kernels import (
    PRICE_EXPONENT,
    REFUSED,
    ROW,
    SIZE_EXPONENT,
    announce,
    head_of,
    put_record,
    put_status,
    without_spaces,
)
from zerofeed.codecs.itch._layout import (
    BREACHED_LEVEL,
    COLLAR,
    COLLAR_LOWER,
    COLLAR_UPPER,
    CROSS_MATCH,
    CROSS_PRICE,
    CROSS_SHARES,
    CROSS_TRADE,
    CROSS_TYPE,
    DIRECT_LISTING,
    EVENT_CODE,
    EXECUTED_MATCH,
    EXECUTED_SHARES,
    EXECUTED_WITH_PRICE,
    EXECUTION_PRICE,
    FAR_PRICE,
    HALT_ACTION,
    IMBALANCE_DIRECTION,
    IMBALANCE_MESSAGE,
    IMBALANCE_SHARES,
    LOCATE,
    LOCATES,
    LOWER_RANGE_COLLAR,
    MARKET_CODE,
    MWCB_STATUS,
    NEAR_EXECUTION_PRICE,
    NEAR_EXECUTION_TIME,
    NEAR_PRICE,
    OPERATIONAL_HALT,
    ORDER_NUMBER,
    PAIRED_SHARES,
    PRINTABLE,
    REASON,
    REFERENCE_PRICE,
    ROUND_LOT_SIZE,
    ROUND_LOTS_ONLY,
    STOCK,
    STOCK_DIRECTORY,
    SYSTEM_EVENT,
    TRADING_ACTION,
    TRADING_STATE,
    UPPER_RANGE_COLLAR,
)
from zerofeed.feed._instrument_kernels import (
    W_BASE,
    W_CHANNEL,
    W_CONTRACT_SIZE,
    W_MIN_SIZE,
    W_SETTLEMENT,
    W_SYMBOL,
    W_TICK_SIZE,
    W_TRAITS,
    define,
    find_or_add,
)
from zerofeed.records.flags import LAST
from zerofeed.records.instruments import STOCK as STOCK_KIND
from zerofeed.records.kinds import (
    ACTION_FILL,
    ACTION_NONE,
    ACTION_TRADE,
    ASK,
    BID,
    IMBALANCE,
    INDICATIVE,
    LIMITS,
    NO_SIDE,
    ORDER,
    STATUS,
    TRADE,
)
from zerofeed.records.units import UNDEF
from zerofeed.shm.journal import put

__all__ = ["decode_other"]

_Words = npt.NDArray[np.int64]

_SYMBOL_MASK = 0x7FFF_FFFF_FFFF_FFFF
_FOUR_SPACES = 0x2020_2020_0000_0000
"""Spaces behind a text of four bytes."""
_DOLLAR = 0x44_53_55
_BUY = 66
_SELL = 83
_YES = 89
_NO = 78
_LOWER_CASE = 32
_TICK = 1
"""Prices below a dollar have steps of 0.0001, those above of 0.01."""


@inlined
def _price(buf: Bytes, at: int) -> int:
    """Load a price; UNDEF for 0, which says that there is none."""
    price = u32_be(buf, at)
    return UNDEF if price == 0 else price


@inlined
def _define(
    buf: Bytes, at: int, ts_event_ns: int, ts_recv_ns: int, channel: int, words: _Words,
    lookup: _Words, state: _Words, state_at: int, records: _Words, index: int, scratch: _Words,
) -> int:  # fmt: skip
    """Define a stock from its directory message, and note its locate."""
    symbol = i64(buf, at + STOCK) & _SYMBOL_MASK
    row = find_or_add(words, lookup, symbol, PRICE_EXPONENT, SIZE_EXPONENT)
    scratch[ROW] = row
    if row < 0:
        scratch[REFUSED] = 1
        return 0
    placed = state_at + u16_be(buf, at + LOCATE)
    if state[placed] != row:
        put(state, placed, row)
    own = state_at + LOCATES
    for word in range(W_TICK_SIZE):
        state[own + word] = 0
    for word in range(W_TICK_SIZE, W_BASE):
        state[own + word] = UNDEF
    for word in range(W_BASE, W_CHANNEL + 1):
        state[own + word] = 0
    name = without_spaces(symbol)
    is_round = u8(buf, at + ROUND_LOTS_ONLY) == _YES
    state[own + W_SYMBOL] = name
    state[own + W_TRAITS] = STOCK_KIND
    state[own + W_TICK_SIZE] = _TICK
    state[own + W_MIN_SIZE] = u32_be(buf, at + ROUND_LOT_SIZE) if is_round else 1
    state[own + W_CONTRACT_SIZE] = 1
    # Texts of twelve bytes: base, quote, settlement, counter, one behind the other.
    state[own + W_BASE] = name
    state[own + W_BASE + 1] = _DOLLAR << 32
    state[own + W_SETTLEMENT] = _DOLLAR
    state[own + W_CHANNEL] = channel
    define(words, row, state, own)
    return announce(row, ts_event_ns, ts_recv_ns, words, state, own, records, index)


@inlined
def _decode_auction(
    buf: Bytes, at: int, row: int, ts_event_ns: int, ts_recv_ns: int, records: _Words, index: int
) -> int:
    """Store what a net order imbalance indicator says."""
    letter = u8(buf, at + IMBALANCE_DIRECTION)
    side = NO_SIDE
    if letter == _BUY:
        side = BID
    elif letter == _SELL:
        side = ASK
    auction = u8(buf, at + CROSS_TYPE)
    put_record(
        records, index, ts_event_ns, ts_recv_ns, head_of(row, IMBALANCE, side, ACTION_NONE, 0),
        _price(buf, at + REFERENCE_PRICE), u64_be(buf, at + PAIRED_SHARES),
        u64_be(buf, at + IMBALANCE_SHARES), auction,
    )  # fmt: skip
    put_record(
        records, index + 1, ts_event_ns, ts_recv_ns,
        head_of(row, INDICATIVE, NO_SIDE, ACTION_NONE, LAST),
        _price(buf, at + NEAR_PRICE), _price(buf, at + FAR_PRICE), UNDEF, auction,
    )  # fmt: skip
    return 2


@inlined
def _decode_execution(
    buf: Bytes, at: int, row: int, ts_event_ns: int, ts_recv_ns: int, records: _Words, index: int
) -> int:
    """Store an execution at a price of its own; the trade only when it is to be counted."""
    size = u32_be(buf, at + EXECUTED_SHARES)
    stored = 0
    if u8(buf, at + PRINTABLE) != _NO:
        put_record(
            records, index, ts_event_ns, ts_recv_ns, head_of(row, TRADE, NO_SIDE, ACTION_TRADE, 0),
            u32_be(buf, at + EXECUTION_PRICE), size, u64_be(buf, at + EXECUTED_MATCH), UNDEF,
        )  # fmt: skip
        stored = 1
    put_record(
        records, index + stored, ts_event_ns, ts_recv_ns,
        head_of(row, ORDER, NO_SIDE, ACTION_FILL, LAST),
        UNDEF, size, u64_be(buf, at + ORDER_NUMBER), UNDEF,
    )  # fmt: skip
    return stored + 1


@inlined
def _put_limits(
    row: int, lower: int, upper: int, flags: int, ts_event_ns: int, ts_recv_ns: int,
    records: _Words, index: int,
) -> None:  # fmt: skip
    put_record(
        records, index, ts_event_ns, ts_recv_ns, head_of(row, LIMITS, NO_SIDE, ACTION_NONE, flags),
        lower, upper, UNDEF, UNDEF,
    )  # fmt: skip


@inlined
def _decode_listing(
    buf: Bytes, at: int, row: int, midnight_ns: int, ts_event_ns: int, ts_recv_ns: int,
    records: _Words, index: int,
) -> int:  # fmt: skip
    """Store the collars and the near price of a direct listing."""
    _put_limits(
        row, _price(buf, at + LOWER_RANGE_COLLAR), _price(buf, at + UPPER_RANGE_COLLAR), 0,
        ts_event_ns, ts_recv_ns, records, index,
    )  # fmt: skip
    near_time = u64_be(buf, at + NEAR_EXECUTION_TIME)
    auction_ns = UNDEF
    if 0 < near_time <= 0xFFFF_FFFF_FFFF and midnight_ns != UNDEF:
        auction_ns = midnight_ns + near_time
    put_record(
        records, index + 1, ts_event_ns, ts_recv_ns,
        head_of(row, INDICATIVE, NO_SIDE, ACTION_NONE, LAST),
        _price(buf, at + NEAR_EXECUTION_PRICE), UNDEF, auction_ns, UNDEF,
    )  # fmt: skip
    return 2


@inlined
def decode_other(
    buf: Bytes, at: int, kind: int, row: int, midnight_ns: int, ts_event_ns: int, ts_recv_ns: int,
    channel: int, words: _Words, lookup: _Words, state: _Words, state_at: int, records: _Words,
    index: int, scratch: _Words,
) -> int:  # fmt: skip
    """Decode a message that the table leaves to this function.

    Args:
        buf: uint8.
        at: position of the message's type; all of the type's bytes are there.
        kind: code of its letter.
        row: of the instrument; 0 where the message names none.
        midnight_ns: what times count from.
        ts_event_ns: of the message.
        ts_recv_ns: arrival.
        channel: where it came from.
        words: the instruments' rows.
        lookup: the instruments' map.
        state: journal.
        state_at: first word of this codec.
        records: int64, 8 words a record.
        index: record at which to store; two fit.
        scratch: ROW and REFUSED are set by a definition.

    Returns:
        Records stored, 0 to 2.
    """
    own = state_at + LOCATES
    if kind == EXECUTED_WITH_PRICE:
        return _decode_execution(buf, at, row, ts_event_ns, ts_recv_ns, records, index)
    if kind == IMBALANCE_MESSAGE:
        return _decode_auction(buf, at, row, ts_event_ns, ts_recv_ns, records, index)
    if kind == CROSS_TRADE:
        size = u64_be(buf, at + CROSS_SHARES)
        if size == 0:
            return 0
        put_record(
            records, index, ts_event_ns, ts_recv_ns,
            head_of(row, TRADE, NO_SIDE, ACTION_TRADE, LAST),
            u32_be(buf, at + CROSS_PRICE), size, u64_be(buf, at + CROSS_MATCH), UNDEF,
        )  # fmt: skip
        return 1
    if kind == STOCK_DIRECTORY:
        return _define(
            buf, at, ts_event_ns, ts_recv_ns, channel, words, lookup, state, state_at, records,
            index, scratch,
        )  # fmt: skip
    if kind == COLLAR:
        _put_limits(
            row, _price(buf, at + COLLAR_LOWER), _price(buf, at + COLLAR_UPPER), LAST,
            ts_event_ns, ts_recv_ns, records, index,
        )  # fmt: skip
        return 1
    if kind == DIRECT_LISTING:
        return _decode_listing(
            buf, at, row, midnight_ns, ts_event_ns, ts_recv_ns, records, index
        )  # fmt: skip
    if kind == OPERATIONAL_HALT:
        # Lower case: a halt of one market is no state of the stock.
        head = head_of(row, STATUS, NO_SIDE, ACTION_NONE, LAST)
        put_record(
            records, index, ts_event_ns, ts_recv_ns, head,
            u8(buf, at + HALT_ACTION) | _LOWER_CASE, UNDEF, u8(buf, at + MARKET_CODE), UNDEF,
        )  # fmt: skip
        return 1
    if kind == TRADING_ACTION or kind == SYSTEM_EVENT or kind == MWCB_STATUS:
        reason = UNDEF
        told_at = at + EVENT_CODE
        if kind == TRADING_ACTION:
            told_at = at + TRADING_STATE
            text = without_spaces(u32(buf, at + REASON) | _FOUR_SPACES)
            reason = UNDEF if text == 0 else text
        else:
            # What the whole market is in is the state of the venue itself.
            row = 0
            if kind == MWCB_STATUS:
                told_at = at + BREACHED_LEVEL
        return put_status(
            row, u8(buf, told_at), ts_event_ns, ts_recv_ns, reason, words, state, own, records,
            index,
        )  # fmt: skip
    return 0
