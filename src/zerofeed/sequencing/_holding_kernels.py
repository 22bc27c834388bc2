"""Hold packets back in the order of their numbers, and say which is due.

A held packet is due when what was missing before it has come, when its time is over, when its frame is
about to be overwritten, when there is no slot left for another one, or when its channel's numbering has
started again. Those that are due before anything of theirs came are *to be taken*: what is missing before
them is lost.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, I64_2D, always_inlined, int64, kernel
from zerofeed.feed.metrics import HELD_AT, HELD_SLOTS, HELD_WORDS
from zerofeed.sequencing.channels import (
    EXPECTED,
    FIRST_HELD,
    HELD,
    HURRY,
    LAST_HELD,
    NEXT_HOLDING,
    OLDEST_HELD,
)
from zerofeed.sequencing.holding import (
    A_DUE_GENERATION,
    A_FREE,
    A_HELD,
    A_HOLDING,
    A_MUST_TAKE,
    A_USED,
    S_BEFORE,
    S_COUNT,
    S_DEADLINE_NS,
    S_FRAME,
    S_FREE,
    S_GENERATION,
    S_NEXT,
    S_SEQ,
)
from zerofeed.shm.journal import add, put

__all__ = ["IS_HELD_ALREADY", "due_channel", "hold", "holes", "take_out"]

_Words = npt.NDArray[np.int64]

IS_HELD_ALREADY = 1
"""A packet of these numbers is held: this one is a duplicate."""


@always_inlined
def _slot(number: int) -> int:
    """Give the first word of a slot by its number plus 1, as links are kept."""
    return HELD_AT + (number - 1) * HELD_WORDS


@always_inlined
def hold(
    state: _Words,
    at: int,
    frame: int,
    seq: int,
    count: int,
    deadline_ns: int,
    generation: int,
    is_last: int,
) -> int:
    """Note a packet that waits. There is a free slot: :func:`due_channel` sees to it.

    Args:
        state: the feed's state array, journalled.
        at: the channel's first word.
        frame: the packet's frame.
        seq: its number, or that of its first message.
        count: numbers that it uses up; 0 for an empty packet, which shows what is missing before it.
        deadline_ns: when it waits no longer.
        generation: which numbering of its channel it is of.
        is_last: non-zero: behind all others, whatever its number; the numbering started again.

    Returns:
        0, or IS_HELD_ALREADY.
    """
    # From the end: packets that jump ahead come in order but for a few.
    before = state[at + LAST_HELD]
    if is_last == 0:
        first = state[at + FIRST_HELD]
        if first > 0 and seq < state[_slot(first) + S_SEQ]:
            before = int64(0)
        while before > 0 and state[_slot(before) + S_SEQ] > seq:
            before = state[_slot(before) + S_BEFORE]
        if before > 0:
            place = _slot(before)
            end = state[place + S_SEQ] + state[place + S_COUNT]
            if seq + count <= end:
                return IS_HELD_ALREADY
    own = state[A_FREE]
    if own > 0:
        put(state, A_FREE, state[_slot(own) + S_FREE])
    else:
        own = state[A_USED] + 1
        put(state, A_USED, own)
    behind = state[at + FIRST_HELD] if before == 0 else state[_slot(before) + S_NEXT]
    place = _slot(own)
    state[place + S_FRAME] = frame
    state[place + S_SEQ] = seq
    state[place + S_COUNT] = count
    state[place + S_DEADLINE_NS] = deadline_ns
    state[place + S_GENERATION] = generation
    state[place + S_BEFORE] = before
    state[place + S_NEXT] = behind
    if before == 0:
        put(state, at + FIRST_HELD, own)
    else:
        put(state, _slot(before) + S_NEXT, own)
    if behind == 0:
        put(state, at + LAST_HELD, own)
    else:
        put(state, _slot(behind) + S_BEFORE, own)
    if state[at + HELD] == 0:
        put(state, at + OLDEST_HELD, frame)
        put(state, at + NEXT_HOLDING, state[A_HOLDING])
        put(state, A_HOLDING, at)
    add(state, at + HELD, 1)
    add(state, A_HELD, 1)
    return 0


@always_inlined
def take_out(state: _Words, at: int) -> None:
    """Forget a channel's first held packet: it is being processed. A step is open.

    Args:
        state: the feed's state array, journalled.
        at: the channel's first word; it holds something.
    """
    own = state[at + FIRST_HELD]
    place = _slot(own)
    behind = state[place + S_NEXT]
    state[A_DUE_GENERATION] = state[place + S_GENERATION]
    put(state, at + FIRST_HELD, behind)
    state[place + S_FREE] = state[A_FREE]
    put(state, A_FREE, own)
    add(state, at + HELD, -1)
    add(state, A_HELD, -1)
    if behind != 0:
        return
    put(state, at + LAST_HELD, 0)
    put(state, at + HURRY, 0)
    before = int64(0)
    channel = state[A_HOLDING]
    while channel != at:
        before = channel
        channel = state[channel + NEXT_HOLDING]
    if before == 0:
        put(state, A_HOLDING, state[at + NEXT_HOLDING])
    else:
        put(state, before + NEXT_HOLDING, state[at + NEXT_HOLDING])


@always_inlined
def due_channel(state: _Words, oldest_frame: int, now_ns: int) -> int:
    """Find a channel whose first held packet is due. Between two steps.

    Args:
        state: the feed's state array. A_MUST_TAKE is set: 1 where the packet must not wait any longer.
        oldest_frame: frames before this one are about to be overwritten.
        now_ns: Unix ns.

    Returns:
        The channel's first word; 0: nothing is due.
    """
    state[A_MUST_TAKE] = 0
    is_full = state[A_FREE] == 0 and state[A_USED] >= HELD_SLOTS
    at = state[A_HOLDING]
    while at != 0:
        place = _slot(state[at + FIRST_HELD])
        if state[place + S_SEQ] <= state[at + EXPECTED] and state[at + HURRY] == 0:
            return at
        if (
            is_full
            or state[at + HURRY] != 0
            or state[place + S_DEADLINE_NS] <= now_ns
            or state[at + OLDEST_HELD] < oldest_frame
        ):
            state[A_MUST_TAKE] = 1
            return at
        at = state[at + NEXT_HOLDING]
    return 0


@always_inlined
def due_frame(state: _Words, at: int) -> int:
    """Name the frame of a channel's first held packet."""
    return state[_slot(state[at + FIRST_HELD]) + S_FRAME]


@kernel(int64(I64, int64, I64_2D))
def holes(state: _Words, at: int, found: npt.NDArray[np.int64]) -> int:
    """List what a channel waits for. Any process; a look at what may be changing.

    Args:
        state: the feed's state array.
        at: the channel's first word.
        found: int64[n, 2]; receives the first missing number and the one behind the last, of each hole.

    Returns:
        Holes, at most n.
    """
    count = 0
    expected = state[at + EXPECTED]
    own = state[at + FIRST_HELD]
    for _ in range(HELD_SLOTS):
        if own <= 0 or own > HELD_SLOTS or count >= found.shape[0]:
            break
        place = _slot(own)
        seq = state[place + S_SEQ]
        if seq > expected:
            found[count, 0] = expected
            found[count, 1] = seq
            count += 1
        expected = max(expected, seq + state[place + S_COUNT])
        own = state[place + S_NEXT]
    return count
