"""PITCH's messages into records.

===============================  ==================================================================
message                          records
===============================  ==================================================================
add order                        ORDER 'A'
order executed                   TRADE, ORDER 'F' of the executed size
order executed at price/size     TRADE, ORDER 'F'; and ORDER 'M' of the size that is left, if any is
reduce size, delete order        ORDER 'C' of the cancelled size; without a size: all that is left
modify order                     ORDER 'M' when it keeps its priority, else ORDER 'C' and ORDER 'A'
trade                            TRADE; it touches no book, and its side is not told
trade break                      TRADE_BREAK
symbol mapping                   INSTRUMENT 'A', 'M', or 'N' with SNAPSHOT: the option's definition
trading status                   STATUS; bit 0x200 of the state is the short sale price test
auction update, options too      IMBALANCE, INDICATIVE; a price of 0 is none
unit clear                       ORDER 'R' with SNAPSHOT for all instruments of the unit
all others                       none; :mod:`zerofeed.codecs.pitch.messages` shows them
===============================  ==================================================================

Only adds, trades and messages about a security name it. Where an order is named by its number alone, the
instrument is 0, the side 'N' and the price undefined: the order knows them, and whoever keeps the orders
fills them in. LAST is set on the last record of a message.

How an option's mapping fits a row: the symbol is the OSI symbol, the expiry the beginning (UTC) of the day
that it names, the strike its number of thousandths. In front of its mapping, the feed's own symbol
is all that is known.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined, inlined
from zerofeed.codecs._bytes import Bytes, i64, u8, u16, u32
from zerofeed.codecs._equity_kernels import (
    SCRATCH_WORDS,
    SPACES,
    announce,
    head_of,
    put_record,
    put_status,
    row_of,
    without_spaces,
)
from zerofeed.codecs.pitch._layout import (
    AUCTION_BUY_SIZE,
    AUCTION_INDICATIVE_PRICE,
    AUCTION_ONLY_PRICE,
    AUCTION_REFERENCE_PRICE,
    AUCTION_SELL_SIZE,
    AUCTION_TYPE,
    EXECUTED_AT_EXECUTION_ID,
    EXECUTED_AT_PRICE,
    EXECUTED_AT_REMAINING,
    EXECUTED_EXECUTION_ID,
    EXECUTED_SIZE,
    MAINTAIN_PRIORITY,
    MAPPING_FEED_SYMBOL,
    MAPPING_OSI_SYMBOL,
    MAPPING_UNDERLYING,
    MAPPING_UNDERLYING_BYTES,
    ORDER_ID,
    SIDE,
    STATUS_LETTER,
    STATUS_REG_SHO,
    SYMBOL_AFTER_TIME,
)
from zerofeed.feed._instrument_kernels import (
    W_BASE,
    W_CHANNEL,
    W_EXPIRY_NS,
    W_SETTLEMENT,
    W_STRIKE_PRICE,
    W_SYMBOL,
    W_TICK_SIZE,
    W_TRAITS,
    define,
)
from zerofeed.records.flags import LAST, SNAPSHOT
from zerofeed.records.instruments import OPTION
from zerofeed.records.kinds import (
    ACTION_ADD,
    ACTION_CANCEL,
    ACTION_CLEAR,
    ACTION_FILL,
    ACTION_MODIFY,
    ACTION_NONE,
    ACTION_TRADE,
    ASK,
    BID,
    IMBALANCE,
    INDICATIVE,
    INSTRUMENT,
    NO_SIDE,
    ORDER,
    TRADE,
    TRADE_BREAK,
)
from zerofeed.records.units import UNDEF

__all__ = [
    "clear_unit",
    "decode_add",
    "decode_auction",
    "decode_break",
    "decode_cancel",
    "decode_executed",
    "decode_executed_at",
    "decode_mapping",
    "decode_modify",
    "decode_trade",
    "decode_trading_status",
    "six_letters",
]

_Words = npt.NDArray[np.int64]

_BUY = 0x42
_SELL = 0x53
_RESTRICTED = 0x31
_SHORT_SALE_BIT = 0x200
_SIX_BYTES = 0xFFFF_FFFF_FFFF
_CALL = 67
_PUT = 80
_DOLLAR = 0x44_53_55
_DAY_NS = 86_400_000_000_000

# Offsets in an OSI symbol: root, date, call or put, strike.
_OSI_DATE = 6
_OSI_LETTER = 12
_OSI_STRIKE = 13
_STRIKE_DIGITS = 8
_THOUSANDTH = 10
"""Price units of a thousandth of a dollar."""


@always_inlined
def six_letters(buf: Bytes, at: int) -> int:
    """Load a symbol of six bytes as if it had eight."""
    return u32(buf, at) | u16(buf, at + 4) << 32 | (SPACES & ~_SIX_BYTES)


@inlined
def _side_of(letter: int) -> int:
    if letter == _BUY:
        return BID
    return ASK if letter == _SELL else NO_SIDE


@always_inlined
def _put_order(
    action: int, flags: int, size: int, price: int, order_id: int, ts_event_ns: int,
    ts_recv_ns: int, records: _Words, index: int,
) -> None:  # fmt: skip
    """Store an ORDER of which only the number is told."""
    head = head_of(0, ORDER, NO_SIDE, action, flags)
    put_record(records, index, ts_event_ns, ts_recv_ns, head, price, size, order_id, UNDEF)


@always_inlined
def decode_add(
    buf: Bytes, at: int, symbol: int, size: int, price: int, ts_event_ns: int, ts_recv_ns: int,
    unit: int, words: _Words, lookup: _Words, state: _Words, state_at: int, records: _Words,
    out_at: int, result: _Words,
) -> int:  # fmt: skip
    """Store a new order."""
    row = row_of(symbol, unit, words, lookup, state, state_at, result)
    if row < 0:
        return 0
    stored = announce(row, ts_event_ns, ts_recv_ns, words, state, state_at, records, out_at)
    head = head_of(row, ORDER, _side_of(u8(buf, at + SIDE)), ACTION_ADD, LAST)
    put_record(
        records, out_at + stored, ts_event_ns, ts_recv_ns, head,
        price, size, i64(buf, at + ORDER_ID), UNDEF,
    )  # fmt: skip
    return stored + 1


@inlined
def decode_trade(
    symbol: int, size: int, price: int, execution_id: int, ts_event_ns: int, ts_recv_ns: int,
    unit: int, words: _Words, lookup: _Words, state: _Words, state_at: int, records: _Words,
    out_at: int, result: _Words,
) -> int:  # fmt: skip
    """Store a trade of orders that were not displayed."""
    row = row_of(symbol, unit, words, lookup, state, state_at, result)
    if row < 0:
        return 0
    stored = announce(row, ts_event_ns, ts_recv_ns, words, state, state_at, records, out_at)
    head = head_of(row, TRADE, NO_SIDE, ACTION_TRADE, LAST)
    put_record(
        records, out_at + stored, ts_event_ns, ts_recv_ns, head, price, size, execution_id, UNDEF
    )
    return stored + 1


@inlined
def decode_executed(
    buf: Bytes, at: int, ts_event_ns: int, ts_recv_ns: int, records: _Words, out_at: int
) -> int:
    """Store an execution at the order's own price."""
    size = u32(buf, at + EXECUTED_SIZE)
    put_record(
        records, out_at, ts_event_ns, ts_recv_ns, head_of(0, TRADE, NO_SIDE, ACTION_TRADE, 0),
        UNDEF, size, i64(buf, at + EXECUTED_EXECUTION_ID), UNDEF,
    )  # fmt: skip
    _put_order(
        ACTION_FILL, LAST, size, UNDEF, i64(buf, at + ORDER_ID), ts_event_ns, ts_recv_ns,
        records, out_at + 1,
    )  # fmt: skip
    return 2


@inlined
def decode_executed_at(
    buf: Bytes, at: int, ts_event_ns: int, ts_recv_ns: int, records: _Words, out_at: int
) -> int:
    """Store an execution at a price, and what is left of the order, which may be less than the rest."""
    size = u32(buf, at + EXECUTED_SIZE)
    left = u32(buf, at + EXECUTED_AT_REMAINING)
    order_id = i64(buf, at + ORDER_ID)
    put_record(
        records, out_at, ts_event_ns, ts_recv_ns, head_of(0, TRADE, NO_SIDE, ACTION_TRADE, 0),
        i64(buf, at + EXECUTED_AT_PRICE), size, i64(buf, at + EXECUTED_AT_EXECUTION_ID), UNDEF,
    )  # fmt: skip
    if left == 0:
        _put_order(
            ACTION_FILL, LAST, UNDEF, UNDEF, order_id, ts_event_ns, ts_recv_ns, records, out_at + 1
        )
        return 2
    _put_order(ACTION_FILL, 0, size, UNDEF, order_id, ts_event_ns, ts_recv_ns, records, out_at + 1)
    _put_order(
        ACTION_MODIFY, LAST, left, UNDEF, order_id, ts_event_ns, ts_recv_ns, records, out_at + 2
    )
    return 3


@inlined
def decode_cancel(
    buf: Bytes, at: int, size: int, ts_event_ns: int, ts_recv_ns: int, records: _Words, out_at: int
) -> int:
    """Store that so much of an order is gone, or with UNDEF all that is left."""
    _put_order(
        ACTION_CANCEL, LAST, size, UNDEF, i64(buf, at + ORDER_ID), ts_event_ns, ts_recv_ns,
        records, out_at,
    )  # fmt: skip
    return 1


@inlined
def decode_modify(
    buf: Bytes, at: int, size: int, price: int, flags: int, ts_event_ns: int, ts_recv_ns: int,
    records: _Words, out_at: int,
) -> int:  # fmt: skip
    """Store an order's new size and price; without its priority it is another order of the same number."""
    order_id = i64(buf, at + ORDER_ID)
    if flags & MAINTAIN_PRIORITY:
        _put_order(
            ACTION_MODIFY, LAST, size, price, order_id, ts_event_ns, ts_recv_ns, records, out_at
        )
        return 1
    _put_order(ACTION_CANCEL, 0, UNDEF, UNDEF, order_id, ts_event_ns, ts_recv_ns, records, out_at)
    _put_order(
        ACTION_ADD, LAST, size, price, order_id, ts_event_ns, ts_recv_ns, records, out_at + 1
    )
    return 2


@inlined
def decode_break(
    execution_id: int, ts_event_ns: int, ts_recv_ns: int, records: _Words, out_at: int
) -> int:
    """Store that a trade was broken."""
    head = head_of(0, TRADE_BREAK, NO_SIDE, ACTION_NONE, LAST)
    put_record(records, out_at, ts_event_ns, ts_recv_ns, head, UNDEF, UNDEF, execution_id, UNDEF)
    return 1


@inlined
def clear_unit(unit: int, ts_event_ns: int, ts_recv_ns: int, records: _Words, out_at: int) -> int:
    """Store that no order of a unit is left, and that this is the whole truth."""
    head = head_of(0, ORDER, NO_SIDE, ACTION_CLEAR, LAST | SNAPSHOT)
    put_record(records, out_at, ts_event_ns, ts_recv_ns, head, UNDEF, UNDEF, UNDEF, unit)
    return 1


@inlined
def decode_trading_status(
    buf: Bytes, at: int, ts_event_ns: int, ts_recv_ns: int, unit: int, words: _Words,
    lookup: _Words, state: _Words, state_at: int, records: _Words, out_at: int, result: _Words,
) -> int:  # fmt: skip
    """Store the state of a security."""
    symbol = i64(buf, at + SYMBOL_AFTER_TIME)
    row = row_of(symbol, unit, words, lookup, state, state_at, result)
    if row < 0:
        return 0
    trading_state = u8(buf, at + STATUS_LETTER)
    if u8(buf, at + STATUS_REG_SHO) == _RESTRICTED:
        trading_state |= _SHORT_SALE_BIT
    stored = announce(row, ts_event_ns, ts_recv_ns, words, state, state_at, records, out_at)
    return stored + put_status(
        row, trading_state, ts_event_ns, ts_recv_ns, UNDEF,
        words, state, state_at, records, out_at + stored,
    )  # fmt: skip


@inlined
def _price_or_none(price: int) -> int:
    return UNDEF if price == 0 else price


@inlined
def decode_auction(
    buf: Bytes, at: int, ts_event_ns: int, ts_recv_ns: int, unit: int, words: _Words,
    lookup: _Words, state: _Words, state_at: int, records: _Words, out_at: int, result: _Words,
) -> int:  # fmt: skip
    """Store what an auction has and lacks so far, and where it would clear."""
    symbol = i64(buf, at + SYMBOL_AFTER_TIME)
    row = row_of(symbol, unit, words, lookup, state, state_at, result)
    if row < 0:
        return 0
    index = out_at + announce(row, ts_event_ns, ts_recv_ns, words, state, state_at, records, out_at)
    auction = u8(buf, at + AUCTION_TYPE)
    buy = u32(buf, at + AUCTION_BUY_SIZE)
    sell = u32(buf, at + AUCTION_SELL_SIZE)
    paired = buy
    lacking = sell - buy
    side = NO_SIDE
    if buy > sell:
        side = BID
        paired = sell
        lacking = buy - sell
    elif sell > buy:
        side = ASK
    put_record(
        records, index, ts_event_ns, ts_recv_ns, head_of(row, IMBALANCE, side, ACTION_NONE, 0),
        _price_or_none(i64(buf, at + AUCTION_REFERENCE_PRICE)), paired, lacking, auction,
    )  # fmt: skip
    put_record(
        records, index + 1, ts_event_ns, ts_recv_ns,
        head_of(row, INDICATIVE, NO_SIDE, ACTION_NONE, LAST),
        _price_or_none(i64(buf, at + AUCTION_INDICATIVE_PRICE)),
        _price_or_none(i64(buf, at + AUCTION_ONLY_PRICE)), UNDEF, auction,
    )  # fmt: skip
    return index + 2 - out_at


@inlined
def _digits(buf: Bytes, at: int, count: int) -> int:
    """Read so many decimal digits; -1 when one of them is none."""
    number = 0
    for place in range(count):
        digit = u8(buf, at + place) - 48
        if digit < 0 or digit > 9:
            return -1
        number = 10 * number + digit
    return number


@inlined
def _days_since_1970(year: int, month: int, day: int) -> int:
    """Count days in the Gregorian calendar; years begin with March, so that leap days come last."""
    shifted = year - 1 if month <= 2 else year
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return 365 * shifted + shifted // 4 - shifted // 100 + shifted // 400 + of_year - 719_468


@inlined
def _put_option(buf: Bytes, osi: int, state: _Words, at: int) -> None:
    """Store what an OSI symbol says of an option, as far as it is one."""
    letter = u8(buf, osi + _OSI_LETTER)
    year = _digits(buf, osi + _OSI_DATE, 2)
    month = _digits(buf, osi + _OSI_DATE + 2, 2)
    day = _digits(buf, osi + _OSI_DATE + 4, 2)
    strike = _digits(buf, osi + _OSI_STRIKE, _STRIKE_DIGITS)
    is_dated = year >= 0 and 1 <= month <= 12 and 1 <= day <= 31
    if (letter != _CALL and letter != _PUT) or not is_dated or strike < 0:
        return
    state[at + W_TRAITS] = OPTION | letter << 8
    state[at + W_STRIKE_PRICE] = strike * _THOUSANDTH
    state[at + W_EXPIRY_NS] = _days_since_1970(2000 + year, month, day) * _DAY_NS


@inlined
def decode_mapping(
    buf: Bytes, at: int, length: int, ts_event_ns: int, ts_recv_ns: int, unit: int,
    words: _Words, lookup: _Words, state: _Words, state_at: int, records: _Words, out_at: int,
    result: _Words,
) -> int:  # fmt: skip
    """Define the option that a symbol of this feed stands for."""
    symbol = six_letters(buf, at + MAPPING_FEED_SYMBOL)
    row = row_of(symbol, unit, words, lookup, state, state_at, result)
    if row < 0:
        return 0
    osi = at + MAPPING_OSI_SYMBOL
    for word in range(SCRATCH_WORDS):
        state[state_at + word] = 0
    for word in range(W_TICK_SIZE, W_BASE):
        state[state_at + word] = UNDEF
    # 21 letters: two words and five bytes; spaces at the end become NULs.
    first = i64(buf, osi)
    second = i64(buf, osi + 8)
    third = without_spaces(
        u32(buf, osi + 16) | u8(buf, osi + 20) << 32 | (SPACES & ~0xFF_FFFF_FFFF)
    )
    second = without_spaces(second) if third == 0 else second
    first = without_spaces(first) if second == 0 else first
    state[state_at + W_SYMBOL] = first
    state[state_at + W_SYMBOL + 1] = second
    state[state_at + W_SYMBOL + 2] = third
    _put_option(buf, osi, state, state_at)
    base = six_letters(buf, osi)
    if length >= MAPPING_UNDERLYING_BYTES:
        base = i64(buf, at + MAPPING_UNDERLYING)
    state[state_at + W_BASE] = without_spaces(base)
    state[state_at + W_BASE + 1] = _DOLLAR << 32
    state[state_at + W_SETTLEMENT] = _DOLLAR
    state[state_at + W_CHANNEL] = unit
    define(words, row, state, state_at)
    if announce(row, ts_event_ns, ts_recv_ns, words, state, state_at, records, out_at) == 0:
        head = head_of(row, INSTRUMENT, NO_SIDE, ACTION_NONE, SNAPSHOT)
        put_record(
            records, out_at, ts_event_ns, ts_recv_ns, head,
            UNDEF, UNDEF, UNDEF, state[state_at + W_EXPIRY_NS],
        )  # fmt: skip
    return 1
