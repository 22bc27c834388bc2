"""The simulated venue's packets: what it says, and in which order.

As in captures of the real one: a packet of events is about one instrument and holds Trades,
Ticker and Book in this order, each when there is something to say; the Ticker already tells
the book as the Book after it leaves it. A transition too large for one Book message is split;
all parts carry the same two change ids, and only the last says ``isLast``. A snapshot packet
is filled with the definitions, tickers and books of one instrument after the other.

``v`` is the venue, ``it`` one of its instruments (``_state``).
"""

from __future__ import annotations

import math

import numpy as np

from zerofeed.base.kernel import inlined
from zerofeed.codecs.deribit._encode_kernels import (
    BOOK_BYTES,
    BOOK_CHANGE_BYTES,
    SNAPSHOT_BYTES,
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
from zerofeed.codecs.deribit._layout import HEADER_BYTES
from zerofeed.mock._market_kernels import FUTURE, OPTION, OPTION_COMBO, SPOT, below
from zerofeed.mock._state import (
    ASK,
    BID,
    CHANGES_PER_MESSAGE,
    LEVELS_PER_MESSAGE,
    NO_PRICE,
    PACKET_BYTES_MAX,
    TRADES_KEPT,
)

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
_LIQUIDATION_ODDS = 50

_NAN = math.nan


@inlined
def _begin(v: np.record, channel: int) -> None:
    at = (v.bytes + 7) // 8 * 8
    v.packet_at = at
    v.packet_channel = channel
    v.cursor = open_frame(v.out, at, channel, v.seqs[channel])
    v.seqs[channel] += 1


@inlined
def _end(v: np.record) -> None:
    packet = v.packets
    v.offsets[packet] = v.packet_at
    v.lengths[packet] = close_frame(v.out, v.packet_at, v.cursor)
    v.channels[packet] = v.packet_channel
    v.packets = packet + 1
    v.bytes = v.cursor


@inlined
def _room(v: np.record) -> int:
    """Bytes that the packet may still grow."""
    return int(PACKET_BYTES_MAX - (v.cursor - v.packet_at))


@inlined
def _need(v: np.record, size: int) -> None:
    """Go on in a new packet when the next message does not fit this one."""
    if _room(v) < size:
        _end(v)
        _begin(v, v.packet_channel)


@inlined
def _price(it: np.record, ticks: int) -> float:
    return float(ticks * it.tick_multiple / it.price_scale)


@inlined
def _amount(it: np.record, lots: int) -> float:
    return float(lots * it.lot_multiple / it.amount_scale)


@inlined
def _mark(it: np.record) -> float:
    return float(it.mark / it.mark_scale)


@inlined
def _index(v: np.record, it: np.record) -> float:
    index = v.indexes[it.index]
    return float(index.units / index.scale)


@inlined
def _best_price(it: np.record, side: int) -> float:
    ladder = it.ladders[side]
    if ladder.count == 0:
        return 0.0
    key = ladder.levels[ladder.count - 1].key
    return _price(it, key if side == BID else -key)


@inlined
def _best_amount(it: np.record, side: int) -> float:
    ladder = it.ladders[side]
    if ladder.count == 0:
        return 0.0
    return _amount(it, ladder.levels[ladder.count - 1].lots)


@inlined
def _rounded(value: float, scale: int) -> float:
    return math.floor(value * scale + 0.5) / scale


@inlined
def _put_ticker(v: np.record, it: np.record) -> None:
    _need(v, TICKER_BYTES)
    mark, index, scale = _mark(it), _index(v, it), it.mark_scale
    width = it.band if OPTION <= it.kind <= OPTION_COMBO else it.band * mark
    lowest = _rounded(mark - width, scale)
    if it.kind == OPTION:
        lowest = max(lowest, 0.0)
    is_spot, is_perpetual = it.kind == SPOT, it.is_perpetual == 1
    v.cursor = put_ticker(
        v.out,
        v.cursor,
        it.instrument_id,
        it.life,
        v.now_ms,
        _NAN if is_spot else _amount(it, it.open_interest),
        lowest,
        _rounded(mark + width, scale),
        _NAN if it.last_ticks == NO_PRICE else _price(it, it.last_ticks),
        index,
        mark,
        _best_price(it, BID),
        _best_amount(it, BID),
        _best_price(it, ASK),
        _best_amount(it, ASK),
        _rounded(it.funding, 100_000_000) if is_perpetual else _NAN,
        _rounded(it.funding_8h, 100_000_000) if is_perpetual else _NAN,
        _NAN if is_spot else index,
        _NAN,
        it.settlement,
    )
    v.counts[_TICKER] += 1


@inlined
def _tick_direction(it: np.record, ticks: int) -> int:
    """Compare a trade's price with the one before: 0 plus, 1 zeroplus, 2 minus, 3 zerominus."""
    if it.last_ticks == NO_PRICE:
        return 1
    if ticks > it.last_ticks:
        return 0
    if ticks < it.last_ticks:
        return 2
    return int(it.tick_direction | 1)


@inlined
def _keep_trade(
    v: np.record, row: int, ticks: int, lots: int, direction: int, trade_id: int
) -> None:
    trade = v.trades[v.trade_count % TRADES_KEPT]
    trade.row = row
    trade.ticks = ticks
    trade.lots = lots
    trade.trade_id = trade_id
    trade.direction = direction
    trade.timestamp_ms = v.now_ms
    v.trade_count += 1


@inlined
def _put_trades(v: np.record, row: int, direction: int, block_id: int) -> None:
    it = v.instruments[row]
    engine = v.engines[it.engine]
    start = v.cursor
    at = open_trades(v.out, start, it.instrument_id)
    iv = _rounded(100.0 * it.sigma, 100) if it.kind == OPTION else _NAN
    liquidation = 0
    if it.kind == FUTURE and block_id == 0 and below(v, _LIQUIDATION_ODDS) == 0:
        liquidation = 1 + below(v, 3)
    for k in range(v.fill_count):
        ticks, lots = v.fills[k].ticks, v.fills[k].lots
        it.tick_direction = _tick_direction(it, ticks)
        it.last_ticks = ticks
        it.trade_seq += 1
        engine.trade_id += 1
        at = put_trade(
            v.out,
            at,
            direction,
            _price(it, ticks),
            _amount(it, lots),
            v.now_ms,
            _mark(it),
            _index(v, it),
            it.trade_seq,
            engine.trade_id,
            it.tick_direction,
            liquidation,
            iv,
            block_id,
            0,
        )
        _keep_trade(v, row, ticks, lots, direction, engine.trade_id)
        if it.kind != SPOT:
            it.open_interest = max(it.open_interest + (lots if below(v, 2) == 0 else -lots), 0)
    v.cursor = close_trades(v.out, start, v.fill_count)
    v.counts[_TRADES] += 1


@inlined
def _put_book(v: np.record, it: np.record) -> None:
    engine = v.engines[it.engine]
    previous, change_id = it.change_id, engine.change_id + 1
    engine.change_id = change_id
    it.change_id = change_id
    v.level_count += v.change_count
    done = 0
    while done < v.change_count:
        left = v.change_count - done
        _need(v, BOOK_BYTES + min(left, 4) * BOOK_CHANGE_BYTES)
        part = min(left, CHANGES_PER_MESSAGE, (_room(v) - BOOK_BYTES) // BOOK_CHANGE_BYTES)
        start = v.cursor
        at = open_book(v.out, start, it.instrument_id, v.now_ms, previous, change_id)
        for k in range(done, done + part):
            change = v.changes[k]
            price, amount = _price(it, change.ticks), _amount(it, change.lots)
            at = put_book_change(v.out, at, 1 - change.side, change.kind, price, amount)
        done += part
        v.cursor = close_book(v.out, start, part, 1 if part == left else 0)
        v.counts[_BOOK] += 1


@inlined
def write_transition(v: np.record, row: int, direction: int, with_ticker: int) -> None:
    """Tell the noted changes of a book, with the noted fills that caused them.

    Args:
        v: the venue, with 1 change or more and 0 fills or more.
        row: of the instrument.
        direction: of the taker, 0 buy, 1 sell; without meaning when there are no fills.
        with_ticker: 1 when the best bid or ask is no longer what it was.
    """
    it = v.instruments[row]
    _begin(v, it.channel)
    if v.fill_count > 0:
        _put_trades(v, row, direction, 0)
    if v.fill_count > 0 or with_ticker == 1:
        _put_ticker(v, it)
    _put_book(v, it)
    _end(v)


@inlined
def write_block_trade(v: np.record, row: int, direction: int, ticks: int, lots: int) -> None:
    """Tell a trade that was agreed elsewhere and leaves the book alone."""
    it = v.instruments[row]
    block_id = v.block_id + 1
    v.block_id = block_id
    v.fill_count = 1
    v.fills[0].ticks = ticks
    v.fills[0].lots = lots
    _begin(v, it.channel)
    _put_trades(v, row, direction, block_id)
    _put_ticker(v, it)
    _end(v)


@inlined
def write_ticker(v: np.record, it: np.record) -> None:
    """Tell an instrument's new mark price."""
    _begin(v, it.channel)
    _put_ticker(v, it)
    _end(v)


@inlined
def write_index(v: np.record, row: int) -> None:
    """Tell an index, on channel 0."""
    index = v.indexes[row]
    _begin(v, 0)
    v.cursor = put_price_index(v.out, v.cursor, index.name, 0, index.units / index.scale, v.now_ms)
    v.counts[_PRICE_INDEX] += 1
    _end(v)


@inlined
def write_rfq(v: np.record, it: np.record, is_open: int) -> None:
    """Tell that somebody asks for quotes, or no longer does."""
    _begin(v, it.channel)
    v.cursor = put_rfq(
        v.out, v.cursor, it.instrument_id, is_open, it.rfq_side, _amount(it, it.rfq_lots), v.now_ms
    )
    v.counts[_RFQ] += 1
    _end(v)


@inlined
def _put_prepared(v: np.record, start: int, stop: int) -> int:
    """Copy an encoded message into the packet.

    Returns:
        Where it begins.
    """
    _need(v, stop - start)
    at = v.cursor
    v.cursor = put_bytes(v.out, at, v.definitions, start, stop)
    return int(at)


@inlined
def _put_definition(v: np.record, it: np.record) -> None:
    if it.definition_v2_at > it.definition_at:
        at = _put_prepared(v, it.definition_at, it.definition_v2_at)
        v.out[at + _LIFE_AT] = it.life
        v.counts[_INSTRUMENT] += 1
    if it.legs_at > it.definition_v2_at:
        at = _put_prepared(v, it.definition_v2_at, it.legs_at)
        v.out[at + _LIFE_AT] = it.life
        v.counts[_INSTRUMENT_V2] += 1
    if it.legs_end > it.legs_at:
        _put_prepared(v, it.legs_at, it.legs_end)
        v.counts[_COMBO_LEGS] += 1


@inlined
def write_definition(v: np.record, it: np.record) -> None:
    """Tell an instrument's definition and ticker, on its own channel: its state has changed."""
    _begin(v, it.channel)
    _put_definition(v, it)
    _put_ticker(v, it)
    _end(v)


@inlined
def write_snapshot_start(v: np.record, channel: int, delay_ms: int) -> None:
    """Begin a snapshot cycle of a channel; what it promises follows after the delay."""
    _begin(v, channel)
    v.cursor = put_snapshot_start(v.out, v.cursor, delay_ms)
    v.counts[_SNAPSHOT_START] += 1
    _end(v)


@inlined
def _put_levels(v: np.record, it: np.record) -> None:
    bids = it.ladders[BID].count
    levels = bids + it.ladders[ASK].count
    done, is_last = 0, 0
    while is_last == 0:
        _need(v, SNAPSHOT_BYTES + min(4, levels - done) * SNAPSHOT_LEVEL_BYTES)
        part = min(
            levels - done, LEVELS_PER_MESSAGE, (_room(v) - SNAPSHOT_BYTES) // SNAPSHOT_LEVEL_BYTES
        )
        start = v.cursor
        at = open_snapshot(v.out, start, it.instrument_id, v.now_ms, it.change_id, 1)
        for k in range(done, done + part):
            side = BID if k < bids else ASK
            level = it.ladders[side].levels[bids - 1 - k if k < bids else levels - 1 - k]
            price = _price(it, level.key if side == BID else -level.key)
            at = put_snapshot_level(v.out, at, 1 - side, price, _amount(it, level.lots))
        done += part
        is_last = 1 if done == levels else 0
        v.cursor = close_snapshot(v.out, start, part, is_last)
        v.counts[_SNAPSHOT] += 1


@inlined
def write_snapshot(v: np.record, channel: int, first_row: int, stop_row: int) -> None:
    """Tell everything about the instruments of a channel, then end its snapshot cycle."""
    _begin(v, channel)
    for row in range(first_row, stop_row):
        it = v.instruments[row]
        _put_definition(v, it)
        _put_ticker(v, it)
        _put_levels(v, it)
    _end(v)
    _begin(v, channel)
    v.cursor = put_snapshot_end(v.out, v.cursor)
    v.counts[_SNAPSHOT_END] += 1
    _end(v)
