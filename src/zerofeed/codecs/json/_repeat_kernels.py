"""Whether another connection of the same source brought a message before: the first arrival wins.

A message of a sort that has a number is a repetition when its number is not above the largest so far of its
instrument, and another connection brought that. A connection never repeats itself here: what a venue says twice is
its own business, and when its numbers begin anew nothing is lost, for the connection that was first goes on.
Where that one is closed, the numbers of another are believed after RESET_NS.

Of events, whose numbers go up one by one, the latest WINDOW are known singly: what a faster connection did not have, because
it was opened later, is taken from the slower one.

Messages without a number are taken from the connection that leads, and from no other.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import inlined, int64
from zerofeed.codecs._bytes import Bytes
from zerofeed.codecs.json._emit_kernels import evaluate
from zerofeed.codecs.json._number_kernels import OUT_OF_RANGE, ROUNDED
from zerofeed.codecs.json._source_kernels import span_at
from zerofeed.codecs.json.layout import (
    BY_LEADER,
    IS_EVENT,
    NUMBER_AT,
    NUMBER_SLOT,
    NUMBERS,
    O_SOURCE,
    OP_WORDS,
)
from zerofeed.codecs.json.scratch import (
    NUMBER_WORDS,
    S_IS_LED,
    S_LEADS,
    S_LINE,
    S_OPEN,
    S_RESULT,
    S_TABLE,
)
from zerofeed.records.units import UNDEF
from zerofeed.shm.journal import put

__all__ = ["RESET_NS", "WINDOW", "is_repeated"]

_Words = npt.NDArray[np.int64]
RESET_NS = 10_000_000_000
"""So long after the last message of a connection that is closed, a lower number is one that began anew."""
WINDOW = 62
"""Events below the largest that are known singly."""
_LINE_BITS = 7
_SEEN = (1 << WINDOW) - 1


@inlined
def _number(buf: Bytes, base: int, entry: int, outer: int, scratch: _Words) -> int:
    """Read the open part's number; UNDEF where it has none."""
    table = scratch[S_TABLE]
    op = table + scratch[entry + NUMBER_AT]
    number = int64(UNDEF)
    # What is wrong with it is counted when it becomes part of a record.
    out_of_range = scratch[S_RESULT + OUT_OF_RANGE]
    rounded = scratch[S_RESULT + ROUNDED]
    for _ in range(scratch[entry + NUMBERS]):
        span = span_at(scratch, table, scratch[op + O_SOURCE], outer, outer)
        number = evaluate(buf, base, op, span, scratch, table, int64(0), int64(0))
        if number != UNDEF:
            break
        op += OP_WORDS
    scratch[S_RESULT + OUT_OF_RANGE] = out_of_range
    scratch[S_RESULT + ROUNDED] = rounded
    return number


@inlined
def is_repeated(
    buf: Bytes, base: int, entry: int, outer: int, state: _Words, row_at: int, ts_recv_ns: int,
    scratch: _Words,
) -> bool:  # fmt: skip
    """Tell whether the open part is one that another connection brought, and note it if not.

    Args:
        buf: uint8 that holds the message.
        base: its first byte.
        entry: of the message.
        outer: row of the part.
        state: a journal.
        row_at: word of it at which the words of the part's instrument begin.
        ts_recv_ns: arrival, Unix ns.
        scratch: S_LINE, S_LEADS and S_OPEN say by whom it came; S_IS_LED is set.
    """
    line = scratch[S_LINE]
    slot = scratch[entry + NUMBER_SLOT]
    if line < 0 or slot < BY_LEADER:
        return False
    number = int64(UNDEF)
    if slot != BY_LEADER:
        number = _number(buf, base, entry, outer, scratch)
    if number == UNDEF:
        scratch[S_IS_LED] = scratch[S_LEADS]
        return scratch[S_LEADS] == 0
    at = row_at + 1 + slot * NUMBER_WORDS
    largest = state[at]
    who = state[at + 1]
    now = (ts_recv_ns & ~_LINE_BITS) | (line + 1)
    if who == 0 or number > largest:
        if scratch[entry + IS_EVENT]:
            step = number - largest
            seen = state[at + 2] << step if who != 0 and 0 < step < WINDOW else int64(0)
            put(state, at + 2, (seen | 1) & _SEEN)
        put(state, at, number)
    elif (who & _LINE_BITS) != line + 1:
        below = largest - number
        if scratch[entry + IS_EVENT] and below < WINDOW and (state[at + 2] >> below) & 1 == 0:
            put(state, at + 2, state[at + 2] | int64(1) << below)
            return False
        is_first_open = (scratch[S_OPEN] >> ((who & _LINE_BITS) - 1)) & 1
        if is_first_open or ts_recv_ns - who < RESET_NS:
            return True
        put(state, at, number)
        put(state, at + 2, int64(1))
    elif scratch[entry + IS_EVENT] and largest - number < WINDOW:
        put(state, at + 2, state[at + 2] | int64(1) << (largest - number))
    put(state, at + 1, now)
    return False
