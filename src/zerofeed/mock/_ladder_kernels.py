"""The venue's own books: two ladders an instrument, and the list of what a transition changes.

A ladder's key is the price in ticks for bids and minus that for asks, which makes both sides
the same code. Every change made here is also noted in ``v.changes``, from which the Book
message is written; whoever starts a transition sets ``v.change_count`` to 0, and a level
appears there at most once.

``v`` is the venue, ``it`` one of its instruments (``_state``).
"""

from __future__ import annotations

import math

import numpy as np

from zerofeed.base.kernel import inlined
from zerofeed.mock._market_kernels import below, uniform
from zerofeed.mock._state import BID, FILLS_MAX, LEVELS_MAX, NO_PRICE

__all__ = ["best_key", "best_lots", "is_stale", "nudge", "open_ladders", "requote", "sweep"]

CREATED = 0
CHANGED = 1
DELETED = 2

_LEVELS_KEPT = 11
"""Sweeps and cancellations leave a side at least this deep, where its price has the room."""


@inlined
def _note(v: np.record, side: int, kind: int, key: int, lots: int) -> None:
    change = v.changes[v.change_count]
    change.side = side
    change.kind = kind
    change.ticks = key if side == BID else -key
    change.lots = lots
    v.change_count += 1


@inlined
def best_key(it: np.record, side: int) -> int:
    """Give the key of a side's best level, or NO_PRICE for an empty side."""
    ladder = it.ladders[side]
    if ladder.count == 0:
        return NO_PRICE
    return int(ladder.levels[ladder.count - 1].key)


@inlined
def best_lots(it: np.record, side: int) -> int:
    """Give the lots of a side's best level, or 0 for an empty side."""
    ladder = it.ladders[side]
    if ladder.count == 0:
        return 0
    return int(ladder.levels[ladder.count - 1].lots)


@inlined
def _remove(v: np.record, it: np.record, side: int, position: int) -> None:
    ladder = it.ladders[side]
    count = ladder.count - 1
    _note(v, side, DELETED, ladder.levels[position].key, 0)
    for k in range(position, count):
        ladder.levels[k].key = ladder.levels[k + 1].key
        ladder.levels[k].lots = ladder.levels[k + 1].lots
    ladder.count = count


@inlined
def _resize(v: np.record, it: np.record, side: int, position: int, lots: int) -> None:
    level = it.ladders[side].levels[position]
    level.lots = lots
    _note(v, side, CHANGED, level.key, lots)


@inlined
def _insert(v: np.record, it: np.record, side: int, key: int, lots: int) -> None:
    """Create a level; where one stands already, or the ladder is full, nothing happens."""
    ladder = it.ladders[side]
    count = ladder.count
    position = count
    while position > 0 and ladder.levels[position - 1].key > key:
        position -= 1
    if count == LEVELS_MAX or (position > 0 and ladder.levels[position - 1].key == key):
        return
    for k in range(count, position, -1):
        ladder.levels[k].key = ladder.levels[k - 1].key
        ladder.levels[k].lots = ladder.levels[k - 1].lots
    ladder.levels[position].key = key
    ladder.levels[position].lots = lots
    ladder.count = count + 1
    _note(v, side, CREATED, key, lots)


@inlined
def _some_lots(v: np.record, it: np.record) -> int:
    u = uniform(v)
    return 1 + int(it.typical_lots * 3.0 * u * u)


@inlined
def _key_at(it: np.record, side: int, distance: float) -> int:
    """Put a price at a distance from the fair one, away from it, onto the tick grid.

    Returns:
        The key, or NO_PRICE where the grid has no such price.
    """
    if side == BID:
        ticks = math.ceil(it.fair - distance) - 1
        if it.step_above > 0 and ticks > it.step_above:
            ticks = ticks // it.step_ticks * it.step_ticks
        return int(ticks) if ticks >= it.floor_ticks else NO_PRICE
    ticks = max(math.floor(it.fair + distance) + 1, it.floor_ticks)
    if it.step_above > 0 and ticks > it.step_above:
        ticks = -(-ticks // it.step_ticks) * it.step_ticks
    return int(-ticks)


@inlined
def _crosses(it: np.record, side: int, key: int) -> bool:
    """True when the price would meet the other side: their keys have opposite signs."""
    return key == NO_PRICE or key + best_key(it, 1 - side) >= 0


@inlined
def _place(v: np.record, it: np.record, side: int, distance: float) -> None:
    key = _key_at(it, side, distance)
    if not _crosses(it, side, key):
        _insert(v, it, side, key, _some_lots(v, it))


@inlined
def _reach(it: np.record) -> float:
    """Say how far from the fair price levels are placed, in ticks; what is farther is trimmed."""
    return float(4.0 * it.spacing * it.opening_levels)


@inlined
def _refill(v: np.record, it: np.record, side: int, levels: int) -> None:
    """Add levels to a side, ever farther from the fair price, until it has so many.

    Fewer where prices end (a cheap option's bids).
    """
    distance = it.half_spread
    reach = _reach(it)
    while distance < reach and it.ladders[side].count < levels:
        _place(v, it, side, distance)
        distance += it.spacing * (0.4 + 1.2 * uniform(v))


@inlined
def open_ladders(v: np.record, it: np.record) -> None:
    """Fill an empty book; the changes are noted."""
    for side in range(2):
        _refill(v, it, side, it.opening_levels)


@inlined
def is_stale(it: np.record, side: int) -> bool:
    """True when the best level of a side stands beyond the fair price."""
    key = best_key(it, side)
    if key == NO_PRICE:
        return False
    return bool(key > (it.fair if side == BID else -it.fair))


@inlined
def requote(v: np.record, it: np.record) -> None:
    """Move the book to where the fair price went; the changes are noted.

    Levels beyond it are withdrawn, new ones follow it, the far end is trimmed. After a jump
    that is most of the book, and takes several messages.
    """
    reach = _reach(it) + 2.0 * it.step_ticks + 2.0
    for side in range(2):
        ladder = it.ladders[side]
        while is_stale(it, side):
            _remove(v, it, side, ladder.count - 1)
        fair = it.fair if side == BID else -it.fair
        while ladder.count > _LEVELS_KEPT and ladder.levels[0].key < fair - reach:
            _remove(v, it, side, 0)
    for side in range(2):
        ladder = it.ladders[side]
        gap = (it.fair if side == BID else -it.fair) - best_key(it, side)
        if gap > 3.0 * it.spacing + it.half_spread:
            _refill(v, it, side, min(ladder.count + 2, it.opening_levels + 6))
        if ladder.count < _LEVELS_KEPT:
            _refill(v, it, side, it.opening_levels)


@inlined
def nudge(v: np.record, it: np.record) -> None:
    """Make one order appear, change, go or move somewhere in the book; the changes are noted.

    Nothing comes of it where somebody is there already, or where the book is thin.
    """
    side = below(v, 2)
    chance = below(v, 100)
    u = uniform(v)
    count = it.ladders[side].count
    is_crowded = count > it.opening_levels + 8
    if count == 0 or (chance < 45 and not is_crowded):
        _place(v, it, side, it.half_spread + it.spacing * it.opening_levels * u * u)
        return
    position = count - 1 - int(count * u * u)
    if chance < 70:
        lots = _some_lots(v, it)
        if lots == it.ladders[side].levels[position].lots:
            lots += 1
        _resize(v, it, side, position, lots)
        return
    if count <= _LEVELS_KEPT:
        return
    gone = it.ladders[side].levels[position].key
    _remove(v, it, side, position)
    if chance >= 80:
        key = _key_at(it, side, it.half_spread + it.spacing * 4.0 * u)
        if key != gone and not _crosses(it, side, key):
            _insert(v, it, side, key, _some_lots(v, it))


@inlined
def _fill(v: np.record, ticks: int, lots: int) -> None:
    fill = v.fills[v.fill_count]
    fill.ticks = ticks
    fill.lots = lots
    v.fill_count += 1


@inlined
def sweep(v: np.record, it: np.record, side: int, lots: int) -> None:
    """Let a taker consume a side from its best level on; fills and changes are noted.

    The taker stops where the side would become too thin, after FILLS_MAX fills, or when it
    has what it wanted. A level may be filled in two parts: two makers stood there.
    """
    ladder = it.ladders[side]
    while v.fill_count < FILLS_MAX and lots > 0 and ladder.count > 0:
        position = ladder.count - 1
        level = ladder.levels[position]
        held, ticks = level.lots, level.key if side == BID else -level.key
        taken = min(held, lots)
        if taken == held and position < _LEVELS_KEPT:
            taken = held - 1
            lots = taken
            if taken == 0:
                return
        part = taken
        if taken > 1 and v.fill_count + 1 < FILLS_MAX and below(v, 4) == 0:
            part = 1 + below(v, taken - 1)
            _fill(v, ticks, taken - part)
        _fill(v, ticks, part)
        lots -= taken
        if taken == held:
            _remove(v, it, side, position)
        else:
            _resize(v, it, side, position, held - taken)
