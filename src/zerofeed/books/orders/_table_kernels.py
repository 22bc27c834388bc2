"""Order number to order: open addressing in a table of words, eight to a cache line.

An entry is a hash of the number, and which order it is. Numbers that follow each other in one block of eight have
entries that follow each other: venues number their orders in turn, so a new one's entry comes into a line that
is in the cache already, and so does the look-up of one that dies young. A stranger's entry costs one line that is not,
its order another.

At most half of the table is in use. An entry that goes is not marked but filled, by those behind it that would
rather be there: a table of marks fills up over a day of orders that come and go, until every look-up is long, however
few orders rest. Orders themselves do not move, and name each other by their numbers in the store.

Whoever goes past MOST_PROBES entries gives up, so that no sequence of numbers makes a look-up slow.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined
from zerofeed.books.orders._log_kernels import keep
from zerofeed.books.orders.layout import (
    GROUP,
    H_MASK,
    H_ORDERS_AT,
    H_RULES,
    H_SHIFT,
    H_TABLE_AT,
    O_ID,
    O_PLACE,
    ORDER_WORDS,
    RULE_IDS_PER_INSTRUMENT,
)

__all__ = ["MOST_PROBES", "drop_entry", "find_order", "hash_of", "home_of", "put_entry"]

_Words = npt.NDArray[np.int64]

MOST_PROBES = 1024

_LOW_28 = 0x0FFF_FFFF
_LOW_32 = 0xFFFF_FFFF
_BLOCK_BITS = 3
"""Bits of a number that are not hashed."""
_BLOCK = 7
_GOLDEN = 0x9E37_79B1
_OF_MIDDLE = 0x1B_4E35
_OF_INSTRUMENT = 0x45D9_F3B5


@always_inlined
def hash_of(o: _Words, order_id: int, instrument: int) -> int:
    """Hash an order's number to 31 bits, of which the lowest three are its own.

    Args:
        o: the store.
        order_id: the venue's number, any int64.
        instrument: of the order; it counts only where numbers are an instrument's own.
    """
    block = order_id >> _BLOCK_BITS
    if o[H_RULES] & RULE_IDS_PER_INSTRUMENT:
        block ^= instrument * _OF_INSTRUMENT
    # No product here or below reaches 2**63: the plain twin computes the same.
    block ^= ((block >> 28) & _LOW_32) * _OF_MIDDLE
    return (block & _LOW_28) << _BLOCK_BITS | order_id & _BLOCK


@always_inlined
def home_of(o: _Words, hashed: int) -> int:
    """Give the place in the table where the search for a hash begins."""
    group = (((hashed >> _BLOCK_BITS) * _GOLDEN) & _LOW_32) >> o[H_SHIFT]
    return group << _BLOCK_BITS | hashed & _BLOCK


@always_inlined
def find_order(o: _Words, order_id: int, instrument: int) -> int:
    """Find an order by the venue's number; -1 when there is none.

    Args:
        o: the store.
        order_id: the venue's number.
        instrument: of the order, as for :func:`hash_of`.
    """
    mask = o[H_MASK]
    table = o[H_TABLE_AT]
    is_by_instrument = o[H_RULES] & RULE_IDS_PER_INSTRUMENT != 0
    hashed = hash_of(o, order_id, instrument)
    place = home_of(o, hashed)
    for _ in range(MOST_PROBES):
        entry = o[table + place]
        if entry == 0:
            return -1
        if entry >> 32 == hashed:
            order = (entry & _LOW_32) - 1
            at = o[H_ORDERS_AT] + order * ORDER_WORDS
            is_same = not is_by_instrument or o[at + O_PLACE] >> 32 == instrument
            if o[at + O_ID] == order_id and is_same:
                return order
        place = (place + 1) & mask
    return -1


@always_inlined
def put_entry(o: _Words, log: _Words, order_id: int, instrument: int, order: int) -> bool:
    """Make an order findable, which no other of its number is; False when there is no room within reach."""
    mask = o[H_MASK]
    table = o[H_TABLE_AT]
    hashed = hash_of(o, order_id, instrument)
    place = home_of(o, hashed)
    for _ in range(MOST_PROBES):
        at = table + place
        if o[at] == 0:
            keep(o, log, at - at % GROUP)
            o[at] = hashed << 32 | (order + 1)
            return True
        place = (place + 1) & mask
    return False


@always_inlined
def drop_entry(o: _Words, log: _Words, order_id: int, instrument: int, order: int) -> None:
    """Forget the entry of an order that has one."""
    mask = o[H_MASK]
    table = o[H_TABLE_AT]
    hole = home_of(o, hash_of(o, order_id, instrument))
    for _ in range(MOST_PROBES):
        if o[table + hole] & _LOW_32 == order + 1:
            break
        hole = (hole + 1) & mask
    place = hole
    for _ in range(mask):
        place = (place + 1) & mask
        entry = o[table + place]
        if entry == 0:
            break
        home = home_of(o, entry >> 32)
        if (place - home) & mask >= (place - hole) & mask:
            at = table + hole
            keep(o, log, at - at % GROUP)
            o[at] = entry
            hole = place
    at = table + hole
    keep(o, log, at - at % GROUP)
    o[at] = 0
