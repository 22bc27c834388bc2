"""Records of what is missing: gaps and restarts of a channel's numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import inlined
from zerofeed.books.layout import B_CHANNEL, H_BOOKS, H_STRIDE, HEADER_WORDS
from zerofeed.feed.metrics import counter_word
from zerofeed.records.kinds import ACTION_NONE, GAP, NO_SIDE, RESET
from zerofeed.records.units import UNDEF
from zerofeed.sequencing._tracker_kernels import JUMPED, RESTARTED
from zerofeed.shm.journal import add

__all__ = ["bind_book", "note_verdict"]

_Words = npt.NDArray[np.int64]

_MISSING = counter_word("packets_missing")
_GAPS = counter_word("gaps")
_RESETS = counter_word("resets")


@inlined
def note_verdict(
    verdict: int, state: _Words, records: Any, at: int, expected: int, received: int, channel: int,
    ts_recv_ns: int,
) -> int:  # fmt: skip
    """Count a gap or a restart, and make its record.

    Args:
        verdict: as the tracker gave it; others than JUMPED and RESTARTED are passed over.
        state: journal and counters.
        records: RECORD array.
        at: index of the record to write.
        expected: number that was expected.
        received: number that came.
        channel: the channel.
        ts_recv_ns: arrival.

    Returns:
        Records written, 0 or 1.
    """
    if verdict != JUMPED and verdict != RESTARTED:
        return 0
    record = records[at]
    record.ts_event_ns = UNDEF
    record.ts_recv_ns = ts_recv_ns
    record.instrument = 0
    record.side = NO_SIDE
    record.action = ACTION_NONE
    record.flags = 0
    record.expected_seq = expected
    record.received_seq = received
    record.channel = channel
    if verdict == JUMPED:
        add(state, _GAPS, 1)
        add(state, _MISSING, received - expected)
        record.kind = GAP
        record.missing_count = received - expected
    else:
        add(state, _RESETS, 1)
        record.kind = RESET
        record.missing_count = 0
    return 1


@inlined
def bind_book(books: _Words, row: int, channel: int) -> None:
    """Note on which channel a book's changes come, when it is first seen."""
    if 0 <= row < books[H_BOOKS]:
        at = HEADER_WORDS + row * books[H_STRIDE] + B_CHANNEL
        if books[at] == UNDEF:
            books[at] = channel
