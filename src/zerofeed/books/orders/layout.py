"""Where the books of orders are in memory, and the words they use for their state.

All books of a feed are in one flat int64 array, in parts that lie one behind the other::

    header | channels | heads | table | orders | levels | nodes

``o`` is that array in every kernel. Offsets below count 8-byte words. Everything that a step changes is
kept before in groups of GROUP words (``_log_kernels``), so all parts begin at a multiple of eight.

The header, ``H_...``:

======  =====================================================================================
word    meaning
======  =====================================================================================
0       layout number, :data:`LAYOUT`; an array without it is refused
1       number of books
2       orders that may rest at once
3       rules of the venue, ``RULE_...`` bits
4       depth: levels a side that are published
5       places of the table, less one: at least twice as many as orders, a power of two
6       word at which the orders begin
7       word at which the levels begin
8       levels that there may be: as many as orders, since each may have a price of its own
9       word at which the nodes begin
10      nodes that there may be
11      shift that makes a block of the table of a hash
12      orders that rest now
13      first free order, plus one; 0: none was ever freed
14      orders ever taken from the part's end
15      changes applied
16      first free level, plus one
17      levels ever taken from the part's end
18, 19  the order that a replacement took away: side (0: none), instrument
20      first free node, plus one
21      nodes ever taken from the part's end
22      nodes that are in use
24..39  counters since the memory was made, :data:`COUNTERS`
40      word at which the table begins
41      used: every book from this one on has never had an order
44..63  path of the latest descent, no state: nodes, then places in them
======  =====================================================================================

A channel has one word, its doubts: those of every book that it carries. They begin as
``DOUBT_NO_SNAPSHOT`` and end when the venue says that the channel's books are empty.

A book's head, ``B_...``:

======  =====================================================================================
word    meaning
======  =====================================================================================
0       its own doubts; those of its channel come on top
1       channel, plus one; 0 before its first order
2       dirty: 1 when the published row is older than the book
3       ts_event_ns of the last change
4..7    bids: root of the tree plus one, last leaf plus one, best level plus one, levels
8..11   asks: the same
12, 13  height of the trees
======  =====================================================================================

An entry of the table is one word: the hash of an order's number << 32 | the order plus one; 0 for none.

An order is 32 bytes, two in a cache line. Those that leave are given away first, so few lines are in use:

======  =====================================================================================
word    meaning
======  =====================================================================================
0       the venue's number
1       size that is left
2       the order before it in the queue << 32 | the one behind it, plus one each, 0 for none;
        of a free order: the next free one
3       instrument << 32 | level plus one; of a free order 0
======  =====================================================================================

A level is one cache line:

======  =====================================================================================
word    meaning
======  =====================================================================================
0       price
1       size of all its orders
2       how many they are
3       first in the queue << 32 | last: orders plus one
4       instrument << 1 | side
5       next free level, plus one
======  =====================================================================================

A node of a side's tree is four. Leaves are linked from better to worse, and the last key of the last leaf is
the best price. A key is the price for bids, and its negative for asks:

======  =====================================================================================
word    meaning
======  =====================================================================================
0       keys that it has
1       leaf before it << 32 | leaf behind it, nodes plus one; of a free node: the next free one
2..15   keys, ascending; in an inner node none but the first is above any of its child's
18..31  levels of a leaf, children of an inner node
======  =====================================================================================
"""

from __future__ import annotations

__all__ = [
    "B_BEST",
    "B_CHANNEL",
    "B_DIRTY",
    "B_DOUBTS",
    "B_HEIGHT",
    "B_LEVELS",
    "B_ROOT",
    "B_SIDE_WORDS",
    "B_TAIL",
    "B_TS_EVENT_NS",
    "CHANNELS",
    "CHANNELS_AT",
    "COUNTERS",
    "DEFAULT_ORDERS",
    "FANOUT",
    "GROUP",
    "HEADER_WORDS",
    "HEADS_AT",
    "HEAD_WORDS",
    "H_BOOKS",
    "H_CHANGES",
    "H_DEPTH",
    "H_FREE_LEVEL",
    "H_FREE_NODE",
    "H_FREE_ORDER",
    "H_LAYOUT",
    "H_LEVELS",
    "H_LEVELS_AT",
    "H_LEVELS_TAKEN",
    "H_LIVE",
    "H_MASK",
    "H_NODES",
    "H_NODES_AT",
    "H_NODES_LIVE",
    "H_NODES_TAKEN",
    "H_ORDERS",
    "H_ORDERS_AT",
    "H_ORDERS_TAKEN",
    "H_PATH",
    "H_REPLACED",
    "H_RULES",
    "H_SHIFT",
    "H_TABLE_AT",
    "H_USED",
    "KEYS",
    "LAYOUT",
    "LEVEL_WORDS",
    "L_COUNT",
    "L_FREE",
    "L_OWNER",
    "L_PRICE",
    "L_QUEUE",
    "L_SIZE",
    "MOST_BOOKS",
    "MOST_HEIGHT",
    "MOST_ORDERS",
    "NODE_WORDS",
    "N_COUNT",
    "N_LINKS",
    "ORDER_WORDS",
    "O_ID",
    "O_LINKS",
    "O_PLACE",
    "O_SIZE",
    "RULE_IDS_PER_INSTRUMENT",
    "RULE_INCREASE_LOSES",
    "VALUES",
    "nodes_of",
    "places_of",
    "store_words",
]

LAYOUT = 0x5A46_4C33_0001
"""Written in the first word; changes whenever an offset or a meaning on this page does."""

DEFAULT_ORDERS = 1 << 20

GROUP = 4
"""Words that are kept together."""

HEADER_WORDS = 64
H_LAYOUT = 0
H_BOOKS = 1
H_ORDERS = 2
H_RULES = 3
H_DEPTH = 4
H_MASK = 5
H_ORDERS_AT = 6
H_LEVELS_AT = 7
H_LEVELS = 8
H_NODES_AT = 9
H_NODES = 10
H_SHIFT = 11
H_LIVE = 12
H_FREE_LEVEL = 16
H_FREE_NODE = 20
H_CHANGES = 15
H_LEVELS_TAKEN = 17
H_NODES_TAKEN = 21
H_NODES_LIVE = 22
H_REPLACED = 18
H_USED = 41
H_FREE_ORDER = 13
H_ORDERS_TAKEN = 14
H_TABLE_AT = 40
H_PATH = 44

COUNTERS: dict[str, int] = {
    "unknown_orders": 24,
    "duplicate_orders": 25,
    "refused_orders": 26,
    "malformed_orders": 27,
    "overfilled_orders": 28,
    "unknown_instruments": 29,
    "gaps": 30,
    "resets": 31,
    "clears": 32,
    "orders_cleared": 33,
    "stores_lost": 34,
}
"""Header word of each counter."""

CHANNELS_AT = HEADER_WORDS
CHANNELS = 256
"""Channels that are told apart; those with higher numbers share the last one."""

HEADS_AT = CHANNELS_AT + CHANNELS
HEAD_WORDS = 16
B_DOUBTS = 0
B_CHANNEL = 1
B_DIRTY = 2
B_TS_EVENT_NS = 3
B_SIDE_WORDS = 4
B_ROOT = 4
B_TAIL = 5
B_BEST = 6
B_LEVELS = 7
B_HEIGHT = 12

ORDER_WORDS = 4
O_ID = 0
O_SIZE = 1
O_LINKS = 2
O_PLACE = 3

LEVEL_WORDS = 8
L_PRICE = 0
L_SIZE = 1
L_COUNT = 2
L_QUEUE = 3
L_OWNER = 4
L_FREE = 5

NODE_WORDS = 32
N_COUNT = 0
N_LINKS = 1
KEYS = 2
VALUES = 18
FANOUT = 14
"""Keys of a node: with its first two words they fill two cache lines."""
MOST_HEIGHT = 10
"""Nodes on the longest path; a tree of 7**9 levels, half full, needs no more."""

MOST_ORDERS = 1 << 28
MOST_BOOKS = 1 << 28

RULE_IDS_PER_INSTRUMENT = 1
"""Two instruments may have orders of the same number."""
RULE_INCREASE_LOSES = 2
"""An order whose size is modified to more goes to the end of its queue."""


def places_of(orders: int) -> int:
    """Count the places of the table: a power of two, at least twice as many as there may be orders."""
    return max(64, 1 << (2 * orders - 1).bit_length())


def nodes_of(orders: int, books: int) -> int:
    """Count the nodes: one for each side of a book and for four levels, so that thin leaves find room."""
    return 2 * books + orders // 4 + 64


def store_words(books: int, orders: int = DEFAULT_ORDERS) -> int:
    """Count the int64 words that a store of books of orders needs.

    Args:
        books: number of instruments.
        orders: that may rest at once, in all books together.

    Raises:
        ValueError: a number is out of range.
    """
    if not 0 < orders <= MOST_ORDERS:
        raise ValueError(f"{orders} orders; from 1 to {MOST_ORDERS} may rest at once")
    if not 0 <= books <= MOST_BOOKS:
        raise ValueError(f"{books} books; there may be up to {MOST_BOOKS}")
    return (
        HEADS_AT
        + books * HEAD_WORDS
        + places_of(orders)
        + (orders + 1) // 2 * 2 * ORDER_WORDS
        + orders * LEVEL_WORDS
        + nodes_of(orders, books) * NODE_WORDS
    )
