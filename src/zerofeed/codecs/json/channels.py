"""Channels that a venue numbers: what a number stands for, on each connection, in a feed's state.

Some venues answer a subscription with a number and from then on send that number in the place of channel and
symbol. What it stands for is state like any other: it is changed through the journal, so a worker that
takes over in the middle of a message finds what its predecessor had.

A feed of such a venue has a block for each of its sources, in front of the words of its instruments. A
source's next connection has other numbers: its first message says so, and the block is emptied.

======  ============  =====================================================================
word    name          meaning
======  ============  =====================================================================
0       NEXT_NUMBER   number that the connection's next message should have; 0: none known
1                     not used
2 ...   FIRST         CHANNELS entries of two words: number of the channel and one more, 0 where
                      the entry is free; the channel's instrument << CODE_BITS | its code
======  ============  =====================================================================

The search for a number begins at the entry that its last bits name and goes on from entry to entry, round
the end; so an entry can be freed without a trace.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.feed.metrics import SOURCES

__all__ = [
    "BLOCK_WORDS",
    "CHANNELS",
    "CODE_BITS",
    "ENTRY_WORDS",
    "FIRST",
    "NEXT_NUMBER",
    "STATE",
    "opened",
]

CHANNELS = 64
"""Channels that a connection can have; a power of two. Venues allow about thirty."""
NEXT_NUMBER = 0
FIRST = 2
ENTRY_WORDS = 2
CODE_BITS = 8
BLOCK_WORDS = FIRST + CHANNELS * ENTRY_WORDS
STATE = SOURCES * BLOCK_WORDS
"""int64 words of all sources."""


def opened(
    state: npt.NDArray[np.int64], channels_at: int, source: int, code: int
) -> dict[int, int]:
    """Find the numbers that a connection gave its channels of one name. Any process that sees the state.

    Args:
        state: of the feed.
        channels_at: word of it at which the blocks begin.
        source: number of the source.
        code: name of the channels, by its code in the dialect.

    Returns:
        Number by the row of the instrument; row 0: none.
    """
    at = channels_at + source * BLOCK_WORDS + FIRST
    entries = state[at : at + CHANNELS * ENTRY_WORDS].reshape(CHANNELS, ENTRY_WORDS)
    return {
        meaning >> CODE_BITS: number - 1
        for number, meaning in entries.tolist()
        if number and meaning & ((1 << CODE_BITS) - 1) == code
    }
