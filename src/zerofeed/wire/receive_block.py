"""The memory of a batch receive, in a form that outlives the process that used it.

``recvmmsg`` takes many datagrams off a socket in one call. If the process is killed at that
moment the datagrams are gone from the socket, lie in the arena, and nobody knows how many.
So the call's own bookkeeping (lengths, arrival times) is not on a stack but in a *receive
block*, an int64 array that the supervisor keeps in shared memory. Before each call every
length is set to a value that no datagram has; the kernel overwrites them one by one as it
delivers. A successor reads from the block exactly what was received.

::

    worker:    receive ─▶ publish frames ─▶ settle ─▶ receive ─▶ ...
                  └── killed anywhere here ──┘
    successor: recover ─▶ publish what was not ─▶ prepare ─▶ receive ─▶ ...

Between publishing and settling a kill leaves messages that were already published; since
``first_chunk`` counts on for ever, comparing it with the count of published frames tells.
The successor must call ``recover`` before ``prepare``.

Layout, int64 words, n = messages in a batch:

===============  ======  ===================================================================
word             words   meaning
===============  ======  ===================================================================
0 MAGIC          1       tells a prepared block from any other memory
1 BATCH          1       n
2 BLOCK_ADDRESS  1       where the block is mapped in the process that prepared it
3 STATE          1       IDLE 0 or CALLING 1
4 FIRST_CHUNK    1       number of the chunk of message 0, not reduced
5 LIMIT          1       messages asked for in the last call
6 CHUNK_BYTES    1       as in the last call
7 ARENA_CHUNKS   1       as in the last call
8                8 n     mmsghdr of each message (``socket_abi``)
8 + 8 n          2 n     iovec of each message
8 + 10 n         8 n     control buffer of each message
===============  ======  ===================================================================

One writer. Not for two threads at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zerofeed.base.errors import BugError
from zerofeed.wire import _udp_kernels as k

__all__ = ["Recovered", "block_words", "prepare_block", "recover_block", "result_table"]

Words = NDArray[np.int64]


class Recovered:
    """What the last call of a dead process had received.

    Attributes:
        first_chunk: number of the first message's chunk, not reduced.
        results: int64[n, 4], the rows that ``receive`` would have returned: length, arrival
            time in ns, bytes cut off, drop counter.
    """

    __slots__ = ("first_chunk", "results")

    def __init__(self, first_chunk: int, results: Words) -> None:
        self.first_chunk = first_chunk
        self.results = results

    def __len__(self) -> int:
        """Messages."""
        return int(self.results.shape[0])


def block_words(batch: int) -> int:
    """Size of a receive block.

    Args:
        batch: messages in one call, at least 1.

    Returns:
        int64 words.
    """
    if batch < 1:
        msg = "a receive block needs at least one message"
        raise BugError(msg, got=batch)
    return k.BLOCK_HEADER_WORDS + batch * k.WORDS_PER_MESSAGE


def prepare_block(block: Words, batch: int) -> None:
    """Lay out a block for the calling process.

    Args:
        block: writable C-contiguous int64 array of at least ``block_words(batch)``; it must not
            move or be unmapped while it is in use.
        batch: messages in one call.

    Raises:
        BugError: the array is too small or of another kind.
    """
    needed = block_words(batch)
    if block.dtype != np.int64 or not block.flags.c_contiguous or not block.flags.writeable:
        msg = "a receive block is a writable contiguous int64 array"
        raise BugError(msg, got=f"{block.dtype}, {block.flags}")
    if block.size < needed:
        msg = "the receive block is too small"
        raise BugError(msg, expected=f"{needed} words", got=f"{block.size} words")
    k.prepare_receive(block, batch)


def result_table(batch: int) -> Words:
    """Make the table that ``receive`` fills, one row a message."""
    return np.zeros((batch, k.RESULT_COLUMNS), np.int64)


def recover_block(block: Words) -> Recovered:
    """Read from a block what its dead owner received and did not settle.

    Args:
        block: the block as it was left; any mapping of it.

    Returns:
        The messages; none when nothing was under way or the block was never prepared.
    """
    words_left = block.size - k.BLOCK_HEADER_WORDS
    if words_left < 0 or block[k.MAGIC] != k.BLOCK_MAGIC:
        return Recovered(0, result_table(0))
    batch = int(block[k.BATCH])
    if batch < 1 or batch * k.WORDS_PER_MESSAGE > words_left or block[k.LIMIT] > batch:
        msg = "the receive block contradicts itself"
        raise BugError(msg, expected="a batch that fits the block", got=batch)
    results = result_table(batch)
    count = int(k.recover(block, results))
    return Recovered(int(block[k.FIRST_CHUNK]), results[: max(count, 0)])
