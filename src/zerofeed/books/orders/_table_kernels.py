"""Order number to order: open addressing, the orders themselves in the table.

A look-up costs the cache line that the order is in, and mostly no other. Eight numbers that follow each other
have places that follow each other, whichever the eight are hashed to: venues number their orders in turn, so a new
order comes into lines that are in the cache already. Half of the places are free, always, and whoever goes
past MOST_PROBES of them gives up, so that no sequence of numbers makes a look-up slow.

Orders do not move. Where one leaves, its place says so (GONE) until the place behind it is empty; then it is
empty as well, and with it those before it that were GONE. New orders take places of either kind.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined, inlined
from zerofeed.books.orders._log_kernels import keep
from zerofeed.books.orders.layout import (
    EMPTY,
    GONE,
    H_MASK,
    H_ORDERS_AT,
    H_RULES,
    H_SHIFT,
    O_ID,
    O_PLACE,
    ORDER_WORDS,
    RULE_IDS_PER_INSTRUMENT,
)

__all__ = ["MOST_PROBES", "first_place", "find_order", "leave_place"]

_Words = npt.NDArray[np.int64]

MOST_PROBES = 1024

_LOW_31 = 0x7FFF_FFFF
_LOW_32 = 0xFFFF_FFFF
_NEIGHBOURS = 3
"""Bits of a number that are not hashed."""
_GOLDEN = 0x9E37_79B1
_OF_HIGH = 0x1B_4E35
_OF_INSTRUMENT = 0x45D9_F3B5


@always_inlined
def first_place(o: _Words, order_id: int, instrument: int) -> int:
    """Give the place where the search for an order begins.

    Args:
        o: the store.
        order_id: the venue's number, any int64.
        instrument: of the order; it counts only where numbers are an instrument's own.
    """
    number = order_id >> _NEIGHBOURS
    if o[H_RULES] & RULE_IDS_PER_INSTRUMENT:
        number ^= instrument * _OF_INSTRUMENT
    # No product below reaches 2**63: the plain twin computes the same.
    mixed = (number ^ ((number >> 31) & _LOW_31) * _OF_HIGH) & _LOW_31
    group = ((mixed * _GOLDEN) & _LOW_32) >> o[H_SHIFT]
    return (group << _NEIGHBOURS | order_id & 7) & o[H_MASK]


@always_inlined
def find_order(o: _Words, order_id: int, instrument: int) -> int:
    """Find the place of an order, or one for it.

    Args:
        o: the store.
        order_id: the venue's number.
        instrument: of the order, as for :func:`first_place`.

    Returns:
        Its place; when there is no such order, -2 less the place that it can have, or -1 when there is
        none within reach.
    """
    mask = o[H_MASK]
    orders = o[H_ORDERS_AT]
    is_by_instrument = o[H_RULES] & RULE_IDS_PER_INSTRUMENT != 0
    place = first_place(o, order_id, instrument)
    vacant = -1
    for _ in range(MOST_PROBES):
        at = orders + place * ORDER_WORDS
        state = o[at + O_PLACE]
        if state <= GONE:
            if vacant < 0:
                vacant = place
            if state == EMPTY:
                break
        elif o[at + O_ID] == order_id and (not is_by_instrument or state >> 32 == instrument):
            return place
        place = (place + 1) & mask
    return -2 - vacant if vacant >= 0 else -1


@inlined
def leave_place(o: _Words, log: _Words, place: int) -> None:
    """Say that a place has no order any more; the caller has kept it."""
    mask = o[H_MASK]
    orders = o[H_ORDERS_AT]
    o[orders + place * ORDER_WORDS + O_PLACE] = GONE
    if o[orders + ((place + 1) & mask) * ORDER_WORDS + O_PLACE] != EMPTY:
        return
    for _ in range(MOST_PROBES):
        at = orders + place * ORDER_WORDS
        if o[at + O_PLACE] != GONE:
            return
        keep(o, log, at)
        o[at + O_PLACE] = EMPTY
        place = (place - 1) & mask
