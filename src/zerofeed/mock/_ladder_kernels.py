"""The venue's own books: two ladders an instrument, and the list of what a transition changes.

A ladder keeps its levels worst first, so that insertions and removals, which happen near the
best price, move few of them. Its key is the price in ticks for bids and minus that for asks,
which makes both sides the same code. Every change made here is also noted in ``changes``, from
which the Book message is written; a level appears there at most once a transition.
"""

from __future__ import annotations

import math

from zerofeed.base.kernel import inlined
from zerofeed.mock._arrays import Arrays
from zerofeed.mock._columns import (
    ASK_SIDE,
    BID_SIDE,
    BIDS,
    CHANGE_KIND,
    CHANGE_LOTS,
    CHANGE_SIDE,
    CHANGE_TICKS,
    FAIR,
    FILL_LOTS,
    FILL_TICKS,
    FILLS_MAX,
    FLOOR_TICKS,
    HALF_SPREAD,
    KEY,
    LEVELS_MAX,
    LOTS,
    NO_PRICE,
    NOTED,
    OPENING_LEVELS,
    SPACING,
    STEP_ABOVE,
    STEP_TICKS,
    TYPICAL_LOTS,
)
from zerofeed.mock._market_kernels import below, uniform

__all__ = ["best_key", "is_stale", "nudge", "open_ladders", "refill", "requote", "sweep"]

CREATED = 0
CHANGED = 1
DELETED = 2

_LEVELS_KEPT = 11
"""Sweeps and cancellations leave a side at least this deep, where its price has the room."""


@inlined
def _note(v: Arrays, count: int, side: int, change: int, ticks: int, lots: int) -> int:
    v.changes[count, CHANGE_SIDE] = side
    v.changes[count, CHANGE_KIND] = change
    v.changes[count, CHANGE_TICKS] = ticks
    v.changes[count, CHANGE_LOTS] = lots
    return count + 1


@inlined
def _ticks_of(side: int, key: int) -> int:
    return key if side == BID_SIDE else -key


@inlined
def best_key(v: Arrays, row: int, side: int) -> int:
    """Give the key of a side's best level, or NO_PRICE for an empty side."""
    count = v.state[row, BIDS + side]
    if count == 0:
        return NO_PRICE
    return v.ladders[2 * row + side, count - 1, KEY]


@inlined
def _remove(v: Arrays, row: int, side: int, position: int, changes: int) -> int:
    ladder = 2 * row + side
    count = v.state[row, BIDS + side] - 1
    ticks = _ticks_of(side, v.ladders[ladder, position, KEY])
    for k in range(position, count):
        v.ladders[ladder, k, KEY] = v.ladders[ladder, k + 1, KEY]
        v.ladders[ladder, k, LOTS] = v.ladders[ladder, k + 1, LOTS]
    v.state[row, BIDS + side] = count
    return _note(v, changes, side, DELETED, ticks, 0)


@inlined
def _resize(v: Arrays, row: int, side: int, position: int, lots: int, changes: int) -> int:
    ladder = 2 * row + side
    v.ladders[ladder, position, LOTS] = lots
    return _note(v, changes, side, CHANGED, _ticks_of(side, v.ladders[ladder, position, KEY]), lots)


@inlined
def _insert(v: Arrays, row: int, side: int, key: int, lots: int, changes: int) -> int:
    """Create a level; where one stands already, or the ladder is full, nothing happens."""
    ladder = 2 * row + side
    count = v.state[row, BIDS + side]
    position = count
    while position > 0 and v.ladders[ladder, position - 1, KEY] > key:
        position -= 1
    if count == LEVELS_MAX or (position > 0 and v.ladders[ladder, position - 1, KEY] == key):
        return changes
    for k in range(count, position, -1):
        v.ladders[ladder, k, KEY] = v.ladders[ladder, k - 1, KEY]
        v.ladders[ladder, k, LOTS] = v.ladders[ladder, k - 1, LOTS]
    v.ladders[ladder, position, KEY] = key
    v.ladders[ladder, position, LOTS] = lots
    v.state[row, BIDS + side] = count + 1
    return _note(v, changes, side, CREATED, _ticks_of(side, key), lots)


@inlined
def _some_lots(v: Arrays, row: int) -> int:
    u = uniform(v)
    return 1 + int(v.terms[row, TYPICAL_LOTS] * 3.0 * u * u)


@inlined
def _key_at(v: Arrays, row: int, side: int, distance: float) -> int:
    """Put a price at a distance from the fair one, away from it, onto the tick grid.

    Returns:
        The key, or NO_PRICE where the grid has no such price.
    """
    fair = v.drift[row, FAIR]
    step, above = v.terms[row, STEP_TICKS], v.terms[row, STEP_ABOVE]
    if side == BID_SIDE:
        ticks = math.ceil(fair - distance) - 1
        if above > 0 and ticks > above:
            ticks = ticks // step * step
        return ticks if ticks >= v.terms[row, FLOOR_TICKS] else NO_PRICE
    ticks = max(math.floor(fair + distance) + 1, v.terms[row, FLOOR_TICKS])
    if above > 0 and ticks > above:
        ticks = -(-ticks // step) * step
    return -ticks


@inlined
def _crosses(v: Arrays, row: int, side: int, key: int) -> bool:
    """True when the price would meet the other side: their keys have opposite signs."""
    return key == NO_PRICE or key + best_key(v, row, 1 - side) >= 0


@inlined
def _place(v: Arrays, row: int, side: int, distance: float, changes: int) -> int:
    key = _key_at(v, row, side, distance)
    if _crosses(v, row, side, key):
        return changes
    return _insert(v, row, side, key, _some_lots(v, row), changes)


@inlined
def _reach(v: Arrays, row: int) -> float:
    """Say how far from the fair price levels are placed, in ticks; what is farther is trimmed."""
    return 4.0 * v.params[row, SPACING] * v.terms[row, OPENING_LEVELS]


@inlined
def refill(v: Arrays, row: int, side: int, levels: int, changes: int) -> int:
    """Add levels to a side, ever farther from the fair price, until it has so many.

    Returns:
        Changes noted so far. Fewer levels than asked where prices end (a cheap option's bids).
    """
    distance = v.params[row, HALF_SPREAD]
    reach = _reach(v, row)
    while distance < reach and v.state[row, BIDS + side] < levels:
        changes = _place(v, row, side, distance, changes)
        distance += v.params[row, SPACING] * (0.4 + 1.2 * uniform(v))
    return changes


@inlined
def open_ladders(v: Arrays, row: int) -> int:
    """Fill an empty book.

    Returns:
        Changes noted.
    """
    changes = refill(v, row, BID_SIDE, v.terms[row, OPENING_LEVELS], 0)
    return refill(v, row, ASK_SIDE, v.terms[row, OPENING_LEVELS], changes)


@inlined
def is_stale(v: Arrays, row: int, side: int) -> bool:
    """True when the best level of a side stands beyond the fair price."""
    key = best_key(v, row, side)
    if key == NO_PRICE:
        return False
    fair = v.drift[row, FAIR] if side == BID_SIDE else -v.drift[row, FAIR]
    return key > fair


@inlined
def requote(v: Arrays, row: int) -> int:
    """Move the book to where the fair price went.

    Levels beyond it are withdrawn, new ones follow it, the far end is trimmed. After a jump
    that is most of the book, and takes several messages.

    Returns:
        Changes noted.
    """
    changes = 0
    for side in range(2):
        while is_stale(v, row, side):
            changes = _remove(v, row, side, v.state[row, BIDS + side] - 1, changes)
    fair = v.drift[row, FAIR]
    reach = _reach(v, row) + 2.0 * v.terms[row, STEP_TICKS] + 2.0
    for side in range(2):
        anchor = fair if side == BID_SIDE else -fair
        while v.state[row, BIDS + side] > _LEVELS_KEPT and v.ladders[2 * row + side, 0, KEY] < anchor - reach:
            changes = _remove(v, row, side, 0, changes)
    for side in range(2):
        anchor = fair if side == BID_SIDE else -fair
        gap = anchor - best_key(v, row, side)
        if gap > 3.0 * v.params[row, SPACING] + v.params[row, HALF_SPREAD]:
            wanted = min(v.state[row, BIDS + side] + 2, v.terms[row, OPENING_LEVELS] + 6)
            changes = refill(v, row, side, wanted, changes)
        if v.state[row, BIDS + side] < _LEVELS_KEPT:
            changes = refill(v, row, side, v.terms[row, OPENING_LEVELS], changes)
    return changes


@inlined
def nudge(v: Arrays, row: int) -> int:
    """Make one order appear, change or go somewhere in the book.

    Returns:
        Changes noted: 1, seldom 0 (somebody is there already) or 2 (one order moved).
    """
    side = below(v, 2)
    count = v.state[row, BIDS + side]
    chance = below(v, 100)
    crowded = count > v.terms[row, OPENING_LEVELS] + 8
    if count == 0 or (chance < 45 and not crowded):
        u = uniform(v)
        reach = v.params[row, SPACING] * v.terms[row, OPENING_LEVELS]
        return _place(v, row, side, v.params[row, HALF_SPREAD] + reach * u * u, 0)
    u = uniform(v)
    position = count - 1 - int(count * u * u)
    if chance < 70:
        lots = _some_lots(v, row)
        if lots == v.ladders[2 * row + side, position, LOTS]:
            lots += 1
        return _resize(v, row, side, position, lots, 0)
    if count <= _LEVELS_KEPT:
        return 0
    changes = _remove(v, row, side, position, 0)
    if chance < 80:
        return changes
    gone = v.changes[0, CHANGE_TICKS]
    key = _key_at(v, row, side, v.params[row, HALF_SPREAD] + v.params[row, SPACING] * 4.0 * u)
    if _crosses(v, row, side, key) or _ticks_of(side, key) == gone:
        return changes
    return _insert(v, row, side, key, _some_lots(v, row), changes)


@inlined
def sweep(v: Arrays, row: int, side: int, lots: int, changes: int) -> int:
    """Let a taker consume a side from its best level on.

    Fills are noted in ``fills``. The taker stops where the side would become too thin, after
    FILLS_MAX fills, or when it has what it wanted.

    Returns:
        Fills noted; ``changes`` has one entry a level touched, and they come first.
    """
    fills = 0
    ladder = 2 * row + side
    while fills < FILLS_MAX and lots > 0 and v.state[row, BIDS + side] > 0:
        position = v.state[row, BIDS + side] - 1
        held = v.ladders[ladder, position, LOTS]
        ticks = _ticks_of(side, v.ladders[ladder, position, KEY])
        taken = min(held, lots)
        if taken == held and position < _LEVELS_KEPT:
            taken = held - 1
            lots = taken
            if taken == 0:
                break
        if taken > 1 and fills + 1 < FILLS_MAX and below(v, 4) == 0:
            part = 1 + below(v, taken - 1)
            v.fills[fills, FILL_TICKS] = ticks
            v.fills[fills, FILL_LOTS] = part
            v.fills[fills + 1, FILL_TICKS] = ticks
            v.fills[fills + 1, FILL_LOTS] = taken - part
            fills += 2
        else:
            v.fills[fills, FILL_TICKS] = ticks
            v.fills[fills, FILL_LOTS] = taken
            fills += 1
        lots -= taken
        if taken == held:
            changes = _remove(v, row, side, position, changes)
        else:
            changes = _resize(v, row, side, position, held - taken, changes)
    v.venue[NOTED] = changes
    return fills
