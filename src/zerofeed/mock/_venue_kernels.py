"""The simulated venue at work: who does what next, until a batch is full.

One step is one occurrence: an index moves, a mark is told, an order changes a book, a taker
sweeps it, an instrument is halted. Snapshot cycles go by the venue's clock, which is an
argument; everything else by chance.
"""

from __future__ import annotations

from zerofeed.base.kernel import inlined, int64, kernel
from zerofeed.mock._arrays import ARRAYS, Arrays
from zerofeed.mock._columns import (
    ASK_SIDE,
    BID_SIDE,
    BIDS,
    BYTES,
    CYCLE_CHANNEL,
    CYCLE_MS,
    CYCLES_DUE_MS,
    DELAY_MS,
    DUE_MS,
    FAIR,
    FIRST_ROW,
    FLOOR_TICKS,
    IS_STARTED,
    KIND,
    LIFE,
    LOTS,
    NOTED,
    NOW_MS,
    OPENED,
    PACKETS,
    PHASE,
    PICKS,
    RFQ_LOTS,
    RFQ_SIDE,
    STEP_TICKS,
    STOP_ROW,
    TYPICAL_LOTS,
)
from zerofeed.mock._ladder_kernels import best_key, is_stale, nudge, open_ladders, requote, sweep
from zerofeed.mock._market_kernels import SPOT, below, move_index, move_premium, reprice, uniform
from zerofeed.mock._packet_kernels import (
    write_block_trade,
    write_definition,
    write_index,
    write_rfq,
    write_snapshot,
    write_snapshot_start,
    write_ticker,
    write_transition,
)

__all__ = ["fill_batch"]

_OPEN = 1
_CLOSED = 2

_ODDS = 4096
_INDEX_BELOW = 160
_TICKER_BELOW = 900
_TRADE_BELOW = 1500
_RFQ_BELOW = 1506
_BLOCK_BELOW = 1510
_HALT_BELOW = 1511
"""Of _ODDS: index 3.9 %, ticker alone 18 %, trade 15 %, the rest orders; a request for quotes 1 in
680 steps, a block trade 1 in 1024, a halt 1 in 4096."""


@inlined
def _snapshot_step(v: Arrays) -> None:
    """Do the next thing that is due on a snapshot channel.

    The first round has no delays, so that definitions come before anything else; the channels
    take turns after it.
    """
    now, cycles = v.venue[NOW_MS], v.cycles.shape[0]
    is_started = v.venue[IS_STARTED] == 1
    delay_ms = v.venue[DELAY_MS] if is_started else 0
    for c in range(cycles):
        if v.cycles[c, DUE_MS] > now:
            continue
        channel, first, stop = v.cycles[c, CYCLE_CHANNEL], v.cycles[c, FIRST_ROW], v.cycles[c, STOP_ROW]
        if v.cycles[c, PHASE] == 0:
            write_snapshot_start(v, channel, delay_ms)
            v.cycles[c, PHASE] = 1
            v.cycles[c, DUE_MS] = now + delay_ms
        else:
            for row in range(first, stop):
                reprice(v, row)
            write_snapshot(v, channel, first, stop)
            v.cycles[c, PHASE] = 0
            v.cycles[c, DUE_MS] = now + (
                v.venue[CYCLE_MS] - delay_ms if is_started else 1 + v.venue[CYCLE_MS] * (c + 1) // cycles
            )
        break
    due = v.cycles[0, DUE_MS]
    for c in range(1, cycles):
        due = min(due, v.cycles[c, DUE_MS])
    v.venue[CYCLES_DUE_MS] = due
    if due > now:
        v.venue[IS_STARTED] = 1


@inlined
def _top_lots(v: Arrays, row: int, side: int) -> int:
    count = v.state[row, BIDS + side]
    return v.ladders[2 * row + side, count - 1, LOTS] if count > 0 else 0


@inlined
def _order_step(v: Arrays, row: int) -> bool:
    """Let orders come and go in one book; False when nothing came of it."""
    bid, ask = best_key(v, row, BID_SIDE), best_key(v, row, ASK_SIDE)
    bid_lots, ask_lots = _top_lots(v, row, BID_SIDE), _top_lots(v, row, ASK_SIDE)
    reprice(v, row)
    changes = requote(v, row)
    if changes == 0:
        changes = nudge(v, row)
    if changes == 0:
        return False
    is_same = bid == best_key(v, row, BID_SIDE) and ask == best_key(v, row, ASK_SIDE)
    is_same = is_same and bid_lots == _top_lots(v, row, BID_SIDE) and ask_lots == _top_lots(v, row, ASK_SIDE)
    write_transition(v, row, 0, 0, changes, 0 if is_same else 1)
    return True


@inlined
def _trade_step(v: Arrays, row: int) -> bool:
    """Let a taker sweep a book; False when it is too thin for that.

    A book that the fair price has left behind is taken first: that is what takers wait for.
    """
    reprice(v, row)
    side = below(v, 2)
    if is_stale(v, row, BID_SIDE):
        side = BID_SIDE
    elif is_stale(v, row, ASK_SIDE):
        side = ASK_SIDE
    u = uniform(v)
    lots = 1 + int(v.terms[row, TYPICAL_LOTS] * 6.0 * u * u * u)
    fills = sweep(v, row, side, lots, 0)
    if fills == 0:
        return False
    write_transition(v, row, 0 if side == ASK_SIDE else 1, fills, v.venue[NOTED], 1)
    return True


@inlined
def _rfq_step(v: Arrays, row: int) -> None:
    if v.state[row, RFQ_LOTS] > 0:
        write_rfq(v, row, 0)
        v.state[row, RFQ_LOTS] = 0
        return
    v.state[row, RFQ_LOTS] = 1 + below(v, 2 * v.terms[row, TYPICAL_LOTS])
    v.state[row, RFQ_SIDE] = below(v, 3)
    write_rfq(v, row, 1)


@inlined
def _block_step(v: Arrays, row: int) -> bool:
    """Agree on a trade at the fair price, on the tick grid; False where the grid has no such price."""
    reprice(v, row)
    step = v.terms[row, STEP_TICKS]
    ticks = int(v.drift[row, FAIR] / step) * step
    if v.terms[row, KIND] == SPOT or ticks < v.terms[row, FLOOR_TICKS]:
        return False
    write_block_trade(v, row, below(v, 2), ticks, 20 * v.terms[row, TYPICAL_LOTS])
    return True


@inlined
def _step(v: Arrays) -> None:
    chance = below(v, _ODDS)
    if chance < _INDEX_BELOW:
        index = below(v, v.indexes.shape[0])
        move_index(v, index)
        write_index(v, index)
        return
    row = v.picks[below(v, PICKS)]
    if v.state[row, LIFE] != _OPEN:
        if below(v, 8) == 0:
            v.state[row, LIFE] = _OPEN
            write_definition(v, row)
        return
    move_premium(v, row)
    if chance < _TICKER_BELOW:
        reprice(v, row)
        write_ticker(v, row)
        return
    is_done = False
    if chance < _TRADE_BELOW:
        is_done = _trade_step(v, row)
    elif chance < _RFQ_BELOW:
        _rfq_step(v, row)
        is_done = True
    elif chance < _BLOCK_BELOW:
        is_done = _block_step(v, row)
    elif chance < _HALT_BELOW:
        v.state[row, LIFE] = _CLOSED
        write_definition(v, row)
        is_done = True
    if not is_done and not _order_step(v, row):
        write_ticker(v, row)


@kernel(int64(ARRAYS, int64, int64, int64))
def fill_batch(v: Arrays, from_ms: int, until_ms: int, wanted: int) -> int:
    """Run the venue until it has written so many packets.

    Args:
        v: the venue; its batch is emptied first.
        from_ms: venue time of the first packet, milliseconds since the epoch.
        until_ms: venue time that the last packet comes close to, not before ``from_ms``.
        wanted: packets, 1 or more. The last step may add more than one packet; ``out``,
            ``offsets``, ``lengths`` and ``channels`` have room for them.

    Returns:
        Packets written.
    """
    v.venue[PACKETS] = 0
    v.venue[BYTES] = 0
    while v.venue[PACKETS] < wanted:
        v.venue[NOW_MS] = from_ms + (until_ms - from_ms) * v.venue[PACKETS] // wanted
        if v.venue[CYCLES_DUE_MS] <= v.venue[NOW_MS]:
            _snapshot_step(v)
        elif v.venue[OPENED] < v.terms.shape[0]:
            row = v.venue[OPENED]
            v.venue[OPENED] = row + 1
            reprice(v, row)
            changes = open_ladders(v, row)
            if changes > 0:
                write_transition(v, row, 0, 0, changes, 1)
        else:
            _step(v)
    return v.venue[PACKETS]
