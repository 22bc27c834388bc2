"""Price to level: a tree for each side of each book, its best price at the end of its last leaf.

A side is a B+ tree of nodes with up to FANOUT keys. Prices come and go near the best one, so whoever looks for a
price looks into the last leaf first, from its end; only what lies before that leaf is searched from the root. A
side of ten levels is one node, one of ten thousand has four nodes on a path, and whatever the size, no
more than a node's keys move for a level that comes or goes.

A node that is full is halved. One that lost its last key is freed; two thin neighbours are not joined, so a
side that shrank keeps more nodes than it needs until their levels are gone. There are nodes for that
(``layout.nodes_of``), and where they end, an order is refused and its book comes into doubt.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined, inlined
from zerofeed.books.orders._log_kernels import keep, keep_range
from zerofeed.books.orders.layout import (
    B_BEST,
    B_HEIGHT,
    B_LEVELS,
    B_ROOT,
    B_SIDE_WORDS,
    B_TAIL,
    FANOUT,
    H_FREE_NODE,
    H_NODES,
    H_NODES_AT,
    H_NODES_LIVE,
    H_NODES_TAKEN,
    H_PATH,
    KEYS,
    MOST_HEIGHT,
    N_COUNT,
    N_LINKS,
    NODE_WORDS,
    VALUES,
)

__all__ = ["drop_key", "find_level", "insert_key", "next_worse", "node_at", "side_words"]

_Words = npt.NDArray[np.int64]

_LOW = 0xFFFF_FFFF
_NODES = H_FREE_NODE
_HALF = FANOUT // 2


@always_inlined
def side_words(book: int, side: int) -> int:
    """Give the index of a side's first word, less B_ROOT."""
    return book + side * B_SIDE_WORDS


@always_inlined
def node_at(o: _Words, node: int) -> int:
    """Give the index of a node's first word."""
    return o[H_NODES_AT] + node * NODE_WORDS


@always_inlined
def _rank(o: _Words, at: int, key: int) -> int:
    """Count the keys of a node that are not above a key; looks from the end."""
    rank = o[at + N_COUNT]
    while rank > 0 and o[at + KEYS + rank - 1] > key:
        rank -= 1
    return rank


@always_inlined
def _last_leaf_has(o: _Words, book: int, side: int, key: int) -> int:
    """Give the word of the last leaf when a key belongs there, else -1."""
    tail = o[side_words(book, side) + B_TAIL]
    if tail == 0:
        return -1
    at = node_at(o, tail - 1)
    if o[book + B_HEIGHT + side] == 1 or o[at + KEYS] <= key:
        return at
    return -1


@inlined
def _descend(o: _Words, book: int, side: int, key: int) -> int:
    """Find the leaf that a key belongs to, the header's path saying how; the side has a root."""
    height = o[book + B_HEIGHT + side]
    node = o[side_words(book, side) + B_ROOT] - 1
    for depth in range(height - 1):
        at = node_at(o, node)
        place = max(0, _rank(o, at, key) - 1)
        o[H_PATH + depth] = node
        o[H_PATH + MOST_HEIGHT + depth] = place
        node = o[at + VALUES + place]
    return node_at(o, node)


@always_inlined
def find_level(o: _Words, book: int, side: int, key: int) -> int:
    """Find the level of a key; -1 when there is none."""
    at = _last_leaf_has(o, book, side, key)
    if at < 0:
        if o[side_words(book, side) + B_TAIL] == 0:
            return -1
        at = _descend(o, book, side, key)
    rank = _rank(o, at, key)
    if rank > 0 and o[at + KEYS + rank - 1] == key:
        return o[at + VALUES + rank - 1]
    return -1


@inlined
def _take_node(o: _Words, log: _Words) -> int:
    """Take a node; the caller knows that there is one."""
    keep(o, log, _NODES)
    node = o[H_FREE_NODE] - 1
    if node >= 0:
        o[H_FREE_NODE] = o[node_at(o, node) + N_LINKS]
    else:
        node = o[H_NODES_TAKEN]
        o[H_NODES_TAKEN] = node + 1
    o[H_NODES_LIVE] += 1
    at = node_at(o, node)
    keep(o, log, at)
    o[at + N_COUNT] = 0
    o[at + N_LINKS] = 0
    return node


@inlined
def _free_node(o: _Words, log: _Words, node: int) -> None:
    keep(o, log, _NODES)
    at = node_at(o, node)
    keep(o, log, at)
    o[at + N_COUNT] = 0
    o[at + N_LINKS] = o[H_FREE_NODE]
    o[H_FREE_NODE] = node + 1
    o[H_NODES_LIVE] -= 1


@inlined
def _put(o: _Words, log: _Words, at: int, place: int, key: int, value: int) -> None:
    """Put a key into a node that has room, before the one at ``place``."""
    count = o[at + N_COUNT]
    keep(o, log, at)
    keep_range(o, log, at + KEYS + place, at + KEYS + count)
    keep_range(o, log, at + VALUES + place, at + VALUES + count)
    for index in range(count, place, -1):
        o[at + KEYS + index] = o[at + KEYS + index - 1]
        o[at + VALUES + index] = o[at + VALUES + index - 1]
    o[at + KEYS + place] = key
    o[at + VALUES + place] = value
    o[at + N_COUNT] = count + 1


@inlined
def _halve(o: _Words, log: _Words, at: int) -> int:
    """Move the upper half of a full node into a new one, which is not linked; returns it."""
    node = _take_node(o, log)
    to = node_at(o, node)
    keep_range(o, log, to + KEYS, to + NODE_WORDS - 1)
    for index in range(FANOUT - _HALF):
        o[to + KEYS + index] = o[at + KEYS + _HALF + index]
        o[to + VALUES + index] = o[at + VALUES + _HALF + index]
    keep(o, log, at)
    o[at + N_COUNT] = _HALF
    o[to + N_COUNT] = FANOUT - _HALF
    return node


@inlined
def _link_behind(o: _Words, log: _Words, book: int, side: int, at: int, node: int) -> None:
    """Put a new leaf behind another in the row of leaves; both are kept."""
    me = (at - o[H_NODES_AT]) // NODE_WORDS + 1
    follower = o[at + N_LINKS] & _LOW
    to = node_at(o, node)
    o[to + N_LINKS] = me << 32 | follower
    o[at + N_LINKS] = (o[at + N_LINKS] & ~_LOW) | (node + 1)
    if follower != 0:
        behind = node_at(o, follower - 1)
        keep(o, log, behind)
        o[behind + N_LINKS] = (node + 1) << 32 | (o[behind + N_LINKS] & _LOW)
    else:
        o[side_words(book, side) + B_TAIL] = node + 1


@inlined
def _split(o: _Words, log: _Words, book: int, side: int, at: int, key: int, value: int) -> None:
    """Put a key into a leaf that is full, and so into as many nodes above it as are full."""
    depth = o[book + B_HEIGHT + side] - 1
    is_leaf = True
    place = _rank(o, at, key)
    while True:
        node = _halve(o, log, at)
        to = node_at(o, node)
        separator = o[to + KEYS]
        if is_leaf:
            _link_behind(o, log, book, side, at, node)
        is_leaf = False
        if place > _HALF:
            _put(o, log, to, place - _HALF, key, value)
        else:
            _put(o, log, at, place, key, value)
        key, value = separator, node
        depth -= 1
        if depth < 0:
            root = _take_node(o, log)
            first = node_at(o, root)
            old = (at - o[H_NODES_AT]) // NODE_WORDS
            _put(o, log, first, 0, o[at + KEYS], old)
            _put(o, log, first, 1, key, value)
            o[side_words(book, side) + B_ROOT] = root + 1
            keep(o, log, book + B_HEIGHT)
            o[book + B_HEIGHT + side] += 1
            return
        at = node_at(o, o[H_PATH + depth])
        # Behind the child that was halved; its own key may be above what it holds, if it is the first.
        place = o[H_PATH + MOST_HEIGHT + depth] + 1
        if o[at + N_COUNT] < FANOUT:
            _put(o, log, at, place, key, value)
            return


@always_inlined
def insert_key(o: _Words, log: _Words, book: int, side: int, key: int, level: int) -> bool:
    """Make a level findable by its key, which no other has.

    Returns:
        False when there is no room for another node; nothing was changed.
    """
    words = side_words(book, side)
    height = o[book + B_HEIGHT + side]
    tail = o[words + B_TAIL]
    at = _last_leaf_has(o, book, side, key)
    if tail == 0 or at < 0 or o[at + N_COUNT] == FANOUT:
        if o[H_NODES] - o[H_NODES_LIVE] <= height or height >= MOST_HEIGHT:
            return False
        if tail != 0:
            at = _descend(o, book, side, key)
    keep(o, log, words + B_ROOT)
    if tail == 0:
        node = _take_node(o, log)
        at = node_at(o, node)
        o[words + B_ROOT] = node + 1
        o[words + B_TAIL] = node + 1
        keep(o, log, book + B_HEIGHT)
        o[book + B_HEIGHT + side] = 1
    if o[at + N_COUNT] < FANOUT:
        _put(o, log, at, _rank(o, at, key), key, level)
    else:
        _split(o, log, book, side, at, key, level)
    _note_best(o, words)
    o[words + B_LEVELS] += 1
    return True


@always_inlined
def _note_best(o: _Words, words: int) -> None:
    """Note the last level of a side; its group is kept."""
    tail = o[words + B_TAIL]
    best = 0
    if tail != 0:
        at = node_at(o, tail - 1)
        best = o[at + VALUES + o[at + N_COUNT] - 1] + 1
    o[words + B_BEST] = best


@always_inlined
def _take_out(o: _Words, log: _Words, at: int, place: int) -> None:
    """Take a key out of a node."""
    count = o[at + N_COUNT] - 1
    keep(o, log, at)
    keep_range(o, log, at + KEYS + place, at + KEYS + count - 1)
    keep_range(o, log, at + VALUES + place, at + VALUES + count - 1)
    for index in range(place, count):
        o[at + KEYS + index] = o[at + KEYS + index + 1]
        o[at + VALUES + index] = o[at + VALUES + index + 1]
    o[at + N_COUNT] = count


@inlined
def _unlink(o: _Words, log: _Words, words: int, at: int) -> None:
    """Take a leaf out of the row of leaves."""
    links = o[at + N_LINKS]
    before, behind = links >> 32, links & _LOW
    if before != 0:
        other = node_at(o, before - 1)
        keep(o, log, other)
        o[other + N_LINKS] = (o[other + N_LINKS] & ~_LOW) | behind
    if behind != 0:
        other = node_at(o, behind - 1)
        keep(o, log, other)
        o[other + N_LINKS] = before << 32 | (o[other + N_LINKS] & _LOW)
    else:
        o[words + B_TAIL] = before


@inlined
def _thin_out(o: _Words, log: _Words, book: int, side: int, at: int) -> None:
    """Free a leaf whose last key goes, and the nodes above it that lose their last child so."""
    words = side_words(book, side)
    _unlink(o, log, words, at)
    keep(o, log, book + B_HEIGHT)
    depth = o[book + B_HEIGHT + side] - 1
    while True:
        _free_node(o, log, (at - o[H_NODES_AT]) // NODE_WORDS)
        depth -= 1
        if depth < 0:
            o[words + B_ROOT] = 0
            o[book + B_HEIGHT + side] = 0
            return
        at = node_at(o, o[H_PATH + depth])
        if o[at + N_COUNT] > 1:
            _take_out(o, log, at, o[H_PATH + MOST_HEIGHT + depth])
            break
    while o[book + B_HEIGHT + side] > 1:
        root = o[words + B_ROOT] - 1
        at = node_at(o, root)
        if o[at + N_COUNT] > 1:
            return
        o[words + B_ROOT] = o[at + VALUES] + 1
        o[book + B_HEIGHT + side] -= 1
        _free_node(o, log, root)


@always_inlined
def drop_key(o: _Words, log: _Words, book: int, side: int, key: int) -> None:
    """Forget the level of a key that is there."""
    words = side_words(book, side)
    at = _last_leaf_has(o, book, side, key)
    if at < 0 or o[at + N_COUNT] == 1:
        at = _descend(o, book, side, key)
    keep(o, log, words + B_ROOT)
    if o[at + N_COUNT] > 1:
        _take_out(o, log, at, _rank(o, at, key) - 1)
    else:
        _thin_out(o, log, book, side, at)
    _note_best(o, words)
    o[words + B_LEVELS] -= 1


@always_inlined
def next_worse(o: _Words, at: int, place: int) -> int:
    """Give the index of the value behind a leaf's, towards worse prices, or -1.

    Args:
        o: the store.
        at: word of the leaf.
        place: of the value in it.
    """
    if place > 0:
        return at + VALUES + place - 1
    before = o[at + N_LINKS] >> 32
    if before == 0:
        return -1
    at = node_at(o, before - 1)
    return at + VALUES + o[at + N_COUNT] - 1
