"""The simulated venue's packets: what it says, and in which order.

As in captures of the real one: a packet of events is about one instrument and holds Trades,
Ticker and Book in this order, each when there is something to say; the Ticker already tells
the book as the Book after it leaves it. A transition too large for one Book message is split;
all parts carry the same two change ids, and only the last says ``isLast``. A snapshot packet
is filled with the definitions, tickers and books of one instrument after the other.
"""

from __future__ import annotations

import math

from zerofeed.base.kernel import inlined
from zerofeed.codecs.deribit._encode_kernels import (
    BOOK_BYTES,
    BOOK_CHANGE_BYTES,
    HEADER_BYTES,
    INDEX_NAME_BYTES,
    SNAPSHOT_BYTES,
    SNAPSHOT_END_BYTES,
    SNAPSHOT_LEVEL_BYTES,
    TICKER_BYTES,
    close_book,
    close_frame,
    close_snapshot,
    close_trades,
    open_book,
    open_frame,
    open_snapshot,
    open_trades,
    put_book_change,
    put_bytes,
    put_price_index,
    put_rfq,
    put_snapshot_end,
    put_snapshot_level,
    put_snapshot_start,
    put_ticker,
    put_trade,
)
from zerofeed.mock._arrays import Arrays
from zerofeed.mock._columns import (
    AMOUNT_SCALE,
    ASK_SIDE,
    BAND,
    BID_SIDE,
    BIDS,
    BLOCK_ID,
    BYTES,
    CHANGE_ID,
    CHANGE_KIND,
    CHANGE_LOTS,
    CHANGE_SIDE,
    CHANGE_TICKS,
    CHANGES_PER_MESSAGE,
    CHANNEL,
    CURSOR,
    DEFINITION_AT,
    DEFINITION_V2_AT,
    ENGINE,
    FILL_LOTS,
    FILL_TICKS,
    FUNDING,
    FUNDING_8H,
    INDEX,
    INDEX_SCALE,
    INDEX_UNITS,
    INSTRUMENT_ID,
    IS_PERPETUAL,
    KEY,
    KIND,
    LAST,
    LAST_CHANGE_ID,
    LAST_TRADE_ID,
    LEGS_AT,
    LEGS_END,
    LEVEL_COUNT,
    LEVELS_PER_MESSAGE,
    LIFE,
    LOT_MULTIPLE,
    LOTS,
    MARK,
    MARK_SCALE,
    NO_PRICE,
    NOW_MS,
    OPEN_INTEREST,
    PACKET_AT,
    PACKET_BYTES_MAX,
    PACKET_CHANNEL,
    PACKETS,
    PRICE_SCALE,
    RFQ_LOTS,
    RFQ_SIDE,
    SETTLEMENT,
    SIGMA,
    TICK_DIRECTION,
    TICK_MULTIPLE,
    TRADE_COUNT,
    TRADE_DIRECTION,
    TRADE_ID,
    TRADE_LOTS,
    TRADE_MS,
    TRADE_ROW,
    TRADE_SEQ,
    TRADE_TICKS,
    TRADES_KEPT,
)
from zerofeed.mock._market_kernels import FUTURE, FUTURE_COMBO, OPTION, OPTION_COMBO, SPOT, below

__all__ = [
    "write_block_trade",
    "write_definition",
    "write_index",
    "write_rfq",
    "write_snapshot",
    "write_snapshot_start",
    "write_ticker",
    "write_transition",
]

_INSTRUMENT = 0
_BOOK = 1
_TRADES = 2
_TICKER = 3
_SNAPSHOT = 4
_SNAPSHOT_START = 5
_SNAPSHOT_END = 6
_COMBO_LEGS = 7
_PRICE_INDEX = 8
_RFQ = 9
_INSTRUMENT_V2 = 10

_LIFE_AT = HEADER_BYTES + 4
"""Where both definitions keep the instrument's state."""

_NAN = math.nan


@inlined
def _begin(v: Arrays, channel: int) -> None:
    at = (v.venue[BYTES] + 7) // 8 * 8
    v.venue[PACKET_AT] = at
    v.venue[PACKET_CHANNEL] = channel
    v.venue[CURSOR] = open_frame(v.out, at, channel, v.seqs[channel])
    v.seqs[channel] += 1


@inlined
def _end(v: Arrays) -> None:
    at, end = v.venue[PACKET_AT], v.venue[CURSOR]
    packet = v.venue[PACKETS]
    v.offsets[packet] = at
    v.lengths[packet] = close_frame(v.out, at, end)
    v.channels[packet] = v.venue[PACKET_CHANNEL]
    v.venue[PACKETS] = packet + 1
    v.venue[BYTES] = end


@inlined
def _room(v: Arrays) -> int:
    """Bytes that the packet may still grow."""
    return PACKET_BYTES_MAX - (v.venue[CURSOR] - v.venue[PACKET_AT])


@inlined
def _need(v: Arrays, size: int) -> None:
    """Go on in a new packet when the next message does not fit this one."""
    if _room(v) < size:
        _end(v)
        _begin(v, v.venue[PACKET_CHANNEL])


@inlined
def _price(v: Arrays, row: int, ticks: int) -> float:
    return ticks * v.terms[row, TICK_MULTIPLE] / v.terms[row, PRICE_SCALE]


@inlined
def _amount(v: Arrays, row: int, lots: int) -> float:
    return lots * v.terms[row, LOT_MULTIPLE] / v.terms[row, AMOUNT_SCALE]


@inlined
def _mark(v: Arrays, row: int) -> float:
    return v.state[row, MARK] / v.terms[row, MARK_SCALE]


@inlined
def _index(v: Arrays, row: int) -> float:
    index = v.terms[row, INDEX]
    return v.indexes[index, INDEX_UNITS] / v.indexes[index, INDEX_SCALE]


@inlined
def _top_price(v: Arrays, row: int, side: int) -> float:
    count = v.state[row, BIDS + side]
    if count == 0:
        return 0.0
    key = v.ladders[2 * row + side, count - 1, KEY]
    return _price(v, row, key if side == BID_SIDE else -key)


@inlined
def _top_amount(v: Arrays, row: int, side: int) -> float:
    count = v.state[row, BIDS + side]
    if count == 0:
        return 0.0
    return _amount(v, row, v.ladders[2 * row + side, count - 1, LOTS])


@inlined
def _rounded(value: float, scale: float) -> float:
    return math.floor(value * scale + 0.5) / scale


@inlined
def _put_ticker(v: Arrays, row: int) -> None:
    _need(v, TICKER_BYTES)
    kind = v.terms[row, KIND]
    mark, index, scale = _mark(v, row), _index(v, row), v.terms[row, MARK_SCALE]
    width = v.params[row, BAND] * mark
    lowest = _rounded(mark - width, scale)
    if kind == OPTION:
        width = v.params[row, BAND]
        lowest = max(_rounded(mark - width, scale), 0.0)
    elif FUTURE_COMBO <= kind <= OPTION_COMBO:
        width = v.params[row, BAND]
        lowest = _rounded(mark - width, scale)
    last = v.state[row, LAST]
    is_spot = kind == SPOT
    is_perpetual = v.terms[row, IS_PERPETUAL] == 1
    v.venue[CURSOR] = put_ticker(
        v.out,
        v.venue[CURSOR],
        v.terms[row, INSTRUMENT_ID],
        v.state[row, LIFE],
        v.venue[NOW_MS],
        _NAN if is_spot else _amount(v, row, v.state[row, OPEN_INTEREST]),
        lowest,
        _rounded(mark + width, scale),
        _NAN if last == NO_PRICE else _price(v, row, last),
        index,
        mark,
        _top_price(v, row, BID_SIDE),
        _top_amount(v, row, BID_SIDE),
        _top_price(v, row, ASK_SIDE),
        _top_amount(v, row, ASK_SIDE),
        _rounded(v.drift[row, FUNDING], 1e8) if is_perpetual else _NAN,
        _rounded(v.drift[row, FUNDING_8H], 1e8) if is_perpetual else _NAN,
        _NAN if is_spot else index,
        _NAN,
        v.params[row, SETTLEMENT],
    )
    v.counts[_TICKER] += 1


@inlined
def _tick_direction(v: Arrays, row: int, ticks: int) -> int:
    """Compare a trade's price with the one before: 0 plus, 1 zeroplus, 2 minus, 3 zerominus."""
    last = v.state[row, LAST]
    if last == NO_PRICE:
        return 1
    if ticks > last:
        return 0
    if ticks < last:
        return 2
    return v.state[row, TICK_DIRECTION] | 1


@inlined
def _keep_trade(v: Arrays, row: int, ticks: int, lots: int, direction: int, trade_id: int) -> None:
    slot = v.venue[TRADE_COUNT] % TRADES_KEPT
    v.trades[slot, TRADE_ROW] = row
    v.trades[slot, TRADE_TICKS] = ticks
    v.trades[slot, TRADE_LOTS] = lots
    v.trades[slot, TRADE_ID] = trade_id
    v.trades[slot, TRADE_DIRECTION] = direction
    v.trades[slot, TRADE_MS] = v.venue[NOW_MS]
    v.venue[TRADE_COUNT] += 1


@inlined
def _put_trades(v: Arrays, row: int, direction: int, fills: int, block_id: int) -> None:
    start = v.venue[CURSOR]
    at = open_trades(v.out, start, v.terms[row, INSTRUMENT_ID])
    engine, kind = v.terms[row, ENGINE], v.terms[row, KIND]
    iv = _rounded(100.0 * v.drift[row, SIGMA], 100.0) if kind == OPTION else _NAN
    liquidation = 0
    if kind == FUTURE and block_id == 0 and below(v, 50) == 0:
        liquidation = 1 + below(v, 3)
    for k in range(fills):
        ticks, lots = v.fills[k, FILL_TICKS], v.fills[k, FILL_LOTS]
        tick_direction = _tick_direction(v, row, ticks)
        v.state[row, TICK_DIRECTION] = tick_direction
        v.state[row, LAST] = ticks
        v.state[row, TRADE_SEQ] += 1
        v.engines[engine, LAST_TRADE_ID] += 1
        trade_id = v.engines[engine, LAST_TRADE_ID]
        at = put_trade(
            v.out,
            at,
            direction,
            _price(v, row, ticks),
            _amount(v, row, lots),
            v.venue[NOW_MS],
            _mark(v, row),
            _index(v, row),
            v.state[row, TRADE_SEQ],
            trade_id,
            tick_direction,
            liquidation,
            iv,
            block_id,
            0,
        )
        _keep_trade(v, row, ticks, lots, direction, trade_id)
        if kind != SPOT:
            interest = v.state[row, OPEN_INTEREST] + (lots if below(v, 2) == 0 else -lots)
            v.state[row, OPEN_INTEREST] = max(interest, 0)
    v.venue[CURSOR] = close_trades(v.out, start, fills)
    v.counts[_TRADES] += 1


@inlined
def _put_book(v: Arrays, row: int, changes: int) -> None:
    engine = v.terms[row, ENGINE]
    v.engines[engine, LAST_CHANGE_ID] += 1
    change_id = v.engines[engine, LAST_CHANGE_ID]
    previous = v.state[row, CHANGE_ID]
    v.state[row, CHANGE_ID] = change_id
    v.venue[LEVEL_COUNT] += changes
    done = 0
    while done < changes:
        _need(v, BOOK_BYTES + min(4, changes - done) * BOOK_CHANGE_BYTES)
        part = min(changes - done, CHANGES_PER_MESSAGE, (_room(v) - BOOK_BYTES) // BOOK_CHANGE_BYTES)
        start = v.venue[CURSOR]
        at = open_book(v.out, start, v.terms[row, INSTRUMENT_ID], v.venue[NOW_MS], previous, change_id)
        for k in range(done, done + part):
            at = put_book_change(
                v.out,
                at,
                1 - v.changes[k, CHANGE_SIDE],
                v.changes[k, CHANGE_KIND],
                _price(v, row, v.changes[k, CHANGE_TICKS]),
                _amount(v, row, v.changes[k, CHANGE_LOTS]),
            )
        done += part
        v.venue[CURSOR] = close_book(v.out, start, part, 1 if done == changes else 0)
        v.counts[_BOOK] += 1


@inlined
def write_transition(v: Arrays, row: int, direction: int, fills: int, changes: int, with_ticker: int) -> None:
    """Tell a change of the book, with the trades that caused it.

    Args:
        v: the venue.
        row: of the instrument.
        direction: of the taker, 0 buy, 1 sell; without meaning when there are no fills.
        fills: entries of ``fills``, 0 or more.
        changes: entries of ``changes``, 1 or more.
        with_ticker: 1 when the best bid or ask is no longer what it was.
    """
    _begin(v, v.terms[row, CHANNEL])
    if fills > 0:
        _put_trades(v, row, direction, fills, 0)
    if fills > 0 or with_ticker == 1:
        _put_ticker(v, row)
    _put_book(v, row, changes)
    _end(v)


@inlined
def write_block_trade(v: Arrays, row: int, direction: int, ticks: int, lots: int) -> None:
    """Tell a trade that was agreed elsewhere and leaves the book alone."""
    v.venue[BLOCK_ID] += 1
    v.fills[0, FILL_TICKS] = ticks
    v.fills[0, FILL_LOTS] = lots
    _begin(v, v.terms[row, CHANNEL])
    _put_trades(v, row, direction, 1, v.venue[BLOCK_ID])
    _put_ticker(v, row)
    _end(v)


@inlined
def write_ticker(v: Arrays, row: int) -> None:
    """Tell an instrument's new mark price."""
    _begin(v, v.terms[row, CHANNEL])
    _put_ticker(v, row)
    _end(v)


@inlined
def write_index(v: Arrays, index: int) -> None:
    """Tell an index, on channel 0."""
    _begin(v, 0)
    price = v.indexes[index, INDEX_UNITS] / v.indexes[index, INDEX_SCALE]
    v.venue[CURSOR] = put_price_index(
        v.out, v.venue[CURSOR], v.index_names, index * INDEX_NAME_BYTES, price, v.venue[NOW_MS]
    )
    v.counts[_PRICE_INDEX] += 1
    _end(v)


@inlined
def write_rfq(v: Arrays, row: int, is_open: int) -> None:
    """Tell that somebody asks for quotes, or no longer does."""
    _begin(v, v.terms[row, CHANNEL])
    amount = _amount(v, row, v.state[row, RFQ_LOTS])
    v.venue[CURSOR] = put_rfq(
        v.out,
        v.venue[CURSOR],
        v.terms[row, INSTRUMENT_ID],
        is_open,
        v.state[row, RFQ_SIDE],
        amount,
        v.venue[NOW_MS],
    )
    v.counts[_RFQ] += 1
    _end(v)


@inlined
def _put_prepared(v: Arrays, start: int, stop: int, with_state: int, life: int) -> None:
    _need(v, stop - start)
    at = v.venue[CURSOR]
    v.venue[CURSOR] = put_bytes(v.out, at, v.definitions, start, stop)
    if with_state == 1:
        v.out[at + _LIFE_AT] = life


@inlined
def _put_definition(v: Arrays, row: int) -> None:
    life = v.state[row, LIFE]
    first, second = v.terms[row, DEFINITION_AT], v.terms[row, DEFINITION_V2_AT]
    legs, end = v.terms[row, LEGS_AT], v.terms[row, LEGS_END]
    if second > first:
        _put_prepared(v, first, second, 1, life)
        v.counts[_INSTRUMENT] += 1
    if legs > second:
        _put_prepared(v, second, legs, 1, life)
        v.counts[_INSTRUMENT_V2] += 1
    if end > legs:
        _put_prepared(v, legs, end, 0, 0)
        v.counts[_COMBO_LEGS] += 1


@inlined
def write_definition(v: Arrays, row: int) -> None:
    """Tell an instrument's definition and ticker, on its own channel: its state has changed."""
    _begin(v, v.terms[row, CHANNEL])
    _put_definition(v, row)
    _put_ticker(v, row)
    _end(v)


@inlined
def write_snapshot_start(v: Arrays, channel: int, delay_ms: int) -> None:
    """Begin a snapshot cycle of a channel; what it promises follows after the delay."""
    _begin(v, channel)
    v.venue[CURSOR] = put_snapshot_start(v.out, v.venue[CURSOR], delay_ms)
    v.counts[_SNAPSHOT_START] += 1
    _end(v)


@inlined
def _put_levels(v: Arrays, row: int) -> None:
    bids = v.state[row, BIDS + BID_SIDE]
    levels = bids + v.state[row, BIDS + ASK_SIDE]
    done, is_open = 0, True
    while is_open:
        _need(v, SNAPSHOT_BYTES + min(4, levels - done) * SNAPSHOT_LEVEL_BYTES)
        part = min(levels - done, LEVELS_PER_MESSAGE, (_room(v) - SNAPSHOT_BYTES) // SNAPSHOT_LEVEL_BYTES)
        start = v.venue[CURSOR]
        at = open_snapshot(v.out, start, v.terms[row, INSTRUMENT_ID], v.venue[NOW_MS], v.state[row, CHANGE_ID], 1)
        for k in range(done, done + part):
            side = BID_SIDE if k < bids else ASK_SIDE
            level = bids - 1 - k if k < bids else levels - 1 - k
            key, lots = v.ladders[2 * row + side, level, KEY], v.ladders[2 * row + side, level, LOTS]
            ticks = key if side == BID_SIDE else -key
            at = put_snapshot_level(v.out, at, 1 - side, _price(v, row, ticks), _amount(v, row, lots))
        done += part
        is_open = done < levels
        v.venue[CURSOR] = close_snapshot(v.out, start, part, 0 if is_open else 1)
        v.counts[_SNAPSHOT] += 1


@inlined
def write_snapshot(v: Arrays, channel: int, first_row: int, stop_row: int) -> None:
    """Tell everything about the instruments of a channel, then end its snapshot cycle."""
    _begin(v, channel)
    for row in range(first_row, stop_row):
        _put_definition(v, row)
        _put_ticker(v, row)
        _put_levels(v, row)
    _need(v, PACKET_BYTES_MAX)
    v.venue[CURSOR] = put_snapshot_end(v.out, v.venue[CURSOR])
    v.counts[_SNAPSHOT_END] += 1
    _end(v)
