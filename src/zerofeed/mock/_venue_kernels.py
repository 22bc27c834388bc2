"""The simulated venue at work: who does what next, until a batch is full.

One step is one occurrence: an index moves, a mark is told, an order changes a book, a taker
sweeps it, an instrument is halted. Snapshot cycles go by the venue's clock, which is an
argument; everything else by chance.
"""

from __future__ import annotations

import numpy as np

from zerofeed.base.kernel import inlined, int64, kernel
from zerofeed.mock._ladder_kernels import (
    best_key,
    best_lots,
    is_stale,
    nudge,
    open_ladders,
    requote,
    sweep,
)
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
from zerofeed.mock._state import ASK, BID, PICKS, VENUE_TYPE

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
_REOPEN_ODDS = 8


@inlined
def _snapshot_step(v: np.record) -> None:
    """Do the next thing that is due on a snapshot channel.

    The first round has no delays, so that definitions come before anything else; the channels
    take turns after it.
    """
    delay_ms = v.delay_ms if v.is_started == 1 else 0
    for c in range(v.cycle_count):
        cycle = v.cycles[c]
        if cycle.due_ms > v.now_ms:
            continue
        if cycle.phase == 0:
            write_snapshot_start(v, cycle.channel, delay_ms)
            cycle.phase = 1
            cycle.due_ms = v.now_ms + delay_ms
        else:
            for row in range(cycle.first_row, cycle.stop_row):
                reprice(v, v.instruments[row])
            write_snapshot(v, cycle.channel, cycle.first_row, cycle.stop_row)
            cycle.phase = 0
            rest_ms = (
                v.cycle_ms - delay_ms
                if v.is_started == 1
                else 1 + v.cycle_ms * (c + 1) // v.cycle_count
            )
            cycle.due_ms = v.now_ms + rest_ms
        break
    due_ms = v.cycles[0].due_ms
    for c in range(1, v.cycle_count):
        due_ms = min(due_ms, v.cycles[c].due_ms)
    v.cycles_due_ms = due_ms
    if due_ms > v.now_ms:
        v.is_started = 1


@inlined
def _open_step(v: np.record) -> None:
    """Open the next book."""
    row = v.opened
    v.opened = row + 1
    v.change_count = 0
    v.fill_count = 0
    reprice(v, v.instruments[row])
    open_ladders(v, v.instruments[row])
    if v.change_count > 0:
        write_transition(v, row, 0, 1)


@inlined
def _order_step(v: np.record, row: int) -> bool:
    """Let orders come and go in one book; False when nothing came of it."""
    it = v.instruments[row]
    bid, bid_lots = best_key(it, BID), best_lots(it, BID)
    ask, ask_lots = best_key(it, ASK), best_lots(it, ASK)
    v.change_count = 0
    v.fill_count = 0
    reprice(v, it)
    requote(v, it)
    if v.change_count == 0:
        nudge(v, it)
    if v.change_count == 0:
        return False
    is_same_bid = bid == best_key(it, BID) and bid_lots == best_lots(it, BID)
    is_same_ask = ask == best_key(it, ASK) and ask_lots == best_lots(it, ASK)
    write_transition(v, row, 0, 0 if is_same_bid and is_same_ask else 1)
    return True


@inlined
def _trade_step(v: np.record, row: int) -> bool:
    """Let a taker sweep a book; False when it is too thin for that.

    A side that the fair price has left behind is taken first: that is what takers wait for.
    """
    it = v.instruments[row]
    reprice(v, it)
    side = below(v, 2)
    if is_stale(it, BID):
        side = BID
    elif is_stale(it, ASK):
        side = ASK
    u = uniform(v)
    v.change_count = 0
    v.fill_count = 0
    sweep(v, it, side, 1 + int(it.typical_lots * 6.0 * u * u * u))
    if v.fill_count == 0:
        return False
    write_transition(v, row, 0 if side == ASK else 1, 1)
    return True


@inlined
def _rfq_step(v: np.record, it: np.record) -> None:
    if it.rfq_lots > 0:
        write_rfq(v, it, 0)
        it.rfq_lots = 0
        return
    it.rfq_lots = 1 + below(v, 2 * it.typical_lots)
    it.rfq_side = below(v, 3)
    write_rfq(v, it, 1)


@inlined
def _block_step(v: np.record, row: int) -> bool:
    """Agree on a trade near the fair price; False for spot and where the grid has no such price."""
    it = v.instruments[row]
    reprice(v, it)
    ticks = int(it.fair / it.step_ticks) * it.step_ticks
    if it.kind == SPOT or ticks < it.floor_ticks:
        return False
    write_block_trade(v, row, below(v, 2), ticks, 20 * it.typical_lots)
    return True


@inlined
def _step(v: np.record) -> None:
    chance = below(v, _ODDS)
    if chance < _INDEX_BELOW:
        index = below(v, v.index_count)
        move_index(v, index)
        write_index(v, index)
        return
    row = v.picks[below(v, PICKS)]
    it = v.instruments[row]
    if it.life != _OPEN:
        if below(v, _REOPEN_ODDS) == 0:
            it.life = _OPEN
            write_definition(v, it)
        return
    move_premium(v, it)
    if chance < _TICKER_BELOW:
        reprice(v, it)
        write_ticker(v, it)
        return
    is_done = False
    if chance < _TRADE_BELOW:
        is_done = _trade_step(v, row)
    elif chance < _RFQ_BELOW:
        _rfq_step(v, it)
        is_done = True
    elif chance < _BLOCK_BELOW:
        is_done = _block_step(v, row)
    elif chance < _HALT_BELOW:
        it.life = _CLOSED
        write_definition(v, it)
        is_done = True
    if not is_done and not _order_step(v, row):
        write_ticker(v, it)


@kernel(int64(VENUE_TYPE, int64, int64, int64))
def fill_batch(v: np.record, from_ms: int, until_ms: int, wanted: int) -> int:
    """Run the venue until it has written so many packets.

    Args:
        v: the venue; its batch is emptied first.
        from_ms: venue time of the batch before, milliseconds since the epoch.
        until_ms: venue time of the last packet, not before ``from_ms``.
        wanted: packets, 1 to BATCH_MAX. The last step may add more than one packet; there is
            room for them.

    Returns:
        Packets written.
    """
    v.packets = 0
    v.bytes = 0
    while v.packets < wanted:
        v.now_ms = from_ms + (until_ms - from_ms) * (v.packets + 1) // wanted
        if v.cycles_due_ms <= v.now_ms:
            _snapshot_step(v)
        elif v.opened < v.instrument_count:
            _open_step(v)
        else:
            _step(v)
    return int(v.packets)
