"""What a connection's numbers stand for, and whether its messages are all there (kernels).

Everything here is in the feed's state and changed through the journal; see :mod:`.channels`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined, inlined
from zerofeed.base.status import BUFFER_FULL, OK
from zerofeed.codecs.json.channels import (
    BLOCK_WORDS,
    CHANNELS,
    CODE_BITS,
    ENTRY_WORDS,
    FIRST,
    NEXT_NUMBER,
)
from zerofeed.records.units import UNDEF
from zerofeed.shm.journal import put

__all__ = [
    "close_channel",
    "code_of",
    "find_channel",
    "follow_number",
    "forget_channels",
    "open_channel",
    "row_of",
]

_Words = npt.NDArray[np.int64]


@always_inlined
def find_channel(state: _Words, at: int, number: int) -> int:
    """Find what a number stands for.

    Args:
        state: of the feed.
        at: word at which the source's block begins.
        number: of the channel, 0 or more.

    Returns:
        Word of its entry; -1: it stands for nothing.
    """
    for step in range(CHANNELS):
        entry = at + FIRST + ((number + step) & (CHANNELS - 1)) * ENTRY_WORDS
        if state[entry] == number + 1:
            return entry
    return -1


@always_inlined
def code_of(state: _Words, entry: int) -> int:
    """Give the name of an entry's channel, by its code."""
    return state[entry + 1] & ((1 << CODE_BITS) - 1)


@always_inlined
def row_of(state: _Words, entry: int) -> int:
    """Give the instrument of an entry's channel; 0: none."""
    return state[entry + 1] >> CODE_BITS


@inlined
def open_channel(state: _Words, at: int, number: int, code: int, row: int) -> int:
    """Note what a number stands for from now on.

    Args:
        state: of the feed, journalled.
        at: word at which the source's block begins.
        number: of the channel, 0 or more.
        code: its name.
        row: its instrument; 0: none.

    Returns:
        OK; BUFFER_FULL when the connection has too many channels.
    """
    entry = find_channel(state, at, number)
    step = 0
    while entry < 0:
        if step == CHANNELS:
            return BUFFER_FULL
        free = at + FIRST + ((number + step) & (CHANNELS - 1)) * ENTRY_WORDS
        if state[free] == 0:
            entry = free
        step += 1
    put(state, entry + 1, row << CODE_BITS | code)
    put(state, entry, number + 1)
    return OK


@inlined
def close_channel(state: _Words, at: int, number: int) -> None:
    """Note that a number stands for nothing any more."""
    entry = find_channel(state, at, number)
    if entry >= 0:
        put(state, entry, 0)


@inlined
def forget_channels(state: _Words, at: int) -> None:
    """Empty a source's block: its connection is a new one."""
    for word in range(at, at + BLOCK_WORDS):
        if state[word] != 0:
            put(state, word, 0)


@inlined
def follow_number(state: _Words, at: int, number: int) -> int:
    """Compare the number of a message with the one that should come, and expect the next.

    A connection delivers in order and nothing twice, so whatever is not the next number is a loss, or,
    below it, a venue that began to count anew. The first number of a connection is believed.

    Args:
        state: of the feed, journalled.
        at: word at which the source's block begins.
        number: of the message.

    Returns:
        The number that should have come; UNDEF when it did.
    """
    expected = state[at + NEXT_NUMBER]
    put(state, at + NEXT_NUMBER, number + 1)
    return UNDEF if expected == 0 or expected == number else expected
