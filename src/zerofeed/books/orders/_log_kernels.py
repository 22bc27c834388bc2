"""What a step has changed in the books of orders, so that a killed worker's step can be undone.

Before a group of words is changed, where it is and what it holds are appended to the log. A successor puts the
groups of an unfinished step back, last one first, and does the step again. Undoing may itself be killed: it changes
nothing in the log, and putting a group back twice does no harm.

One order changes about six groups, in a store of a hundred megabytes: keeping whole books, as is done for
books of price levels (:mod:`zerofeed.runtime._undo_kernels`), would copy thousands of orders each time.

The log lies in the writer's own memory, int64 words. The first three have the places that they have in
the copies of level books, so one and the same function forgets a step of either:

=======  ==========  =======================================================================
word     name        meaning
=======  ==========  =======================================================================
0        COUNT       groups kept in this step
1        IS_LOST     1 when a group of this step found no room: it cannot be undone
2        NO_ROOM     how often that was so, ever
16       ...         entries: index of the first word, then the group's words
=======  ==========  =======================================================================

Order of stores, so that every prefix that a kill can leave is right: an entry, then COUNT, then the change;
and COUNT = 0 before the next step begins, while this one counts as done.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined, inlined
from zerofeed.books.orders.layout import GROUP
from zerofeed.shm._atomics import fence_release, store_release

__all__ = ["COUNT", "IS_LOST", "NO_ROOM", "keep", "keep_range", "log_words", "put_back"]

_Words = npt.NDArray[np.int64]

COUNT = 0
IS_LOST = 1
NO_ROOM = 2
_ENTRIES = 16
_ENTRY_WORDS = 1 + GROUP


def log_words(groups: int) -> int:
    """Size a log for so many groups a step."""
    return _ENTRIES + groups * _ENTRY_WORDS


@always_inlined
def keep(o: _Words, log: _Words, at: int) -> None:
    """Keep the group that begins at a word, before it is changed.

    Args:
        o: the store.
        log: of the open step; nothing is kept when it is empty.
        at: index of the word, a multiple of GROUP.
    """
    if log.size == 0:
        return
    count = log[COUNT]
    to = _ENTRIES + count * _ENTRY_WORDS
    if to + _ENTRY_WORDS > log.size:
        log[IS_LOST] = 1
        log[NO_ROOM] += 1
        fence_release()
        return
    log[to] = at
    log[to + 1] = o[at]
    log[to + 2] = o[at + 1]
    log[to + 3] = o[at + 2]
    log[to + 4] = o[at + 3]
    store_release(log, COUNT, count + 1)
    # The change stays behind this store.
    fence_release()


@inlined
def keep_range(o: _Words, log: _Words, first: int, last: int) -> None:
    """Keep every group that has a word from ``first`` to ``last``."""
    at = first - first % GROUP
    while at <= last:
        keep(o, log, at)
        at += GROUP


@inlined
def put_back(o: _Words, log: _Words) -> int:
    """Put back every group of the open step; returns how many."""
    count = log[COUNT]
    for entry in range(count - 1, -1, -1):
        to = _ENTRIES + entry * _ENTRY_WORDS
        at = log[to]
        for word in range(GROUP):
            o[at + word] = log[to + 1 + word]
    return count
