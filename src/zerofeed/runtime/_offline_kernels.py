"""The loop over packets that lie in a buffer, for decoding captures without a feed.

A frame's step is the same as in the live loop (:mod:`zerofeed.runtime._burst_kernels`), but nothing
is received, waited for or published.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.context import call_at
from zerofeed.base.kernel import I64, I64_RO, int64, kernel, record_array
from zerofeed.records.dtypes import RECORD
from zerofeed.runtime._step_kernels import begin_new, close_step, number_records
from zerofeed.runtime._undo_kernels import forget_kept
from zerofeed.shm.journal import DONE, finish

__all__ = ["decode"]

_Words = npt.NDArray[np.int64]


@kernel(
    int64(
        int64,
        int64,
        I64_RO,
        I64_RO,
        I64_RO,
        I64_RO,
        int64,
        int64,
        I64,
        I64,
        I64,
        record_array(RECORD),
        int64,
        I64,
    )
)
def decode(
    process: int,
    context: int,
    offsets: _Words,
    lengths: _Words,
    cut_bytes: _Words,
    times_ns: _Words,
    first: int,
    room_for_one: int,
    words: _Words,
    state: _Words,
    undo: _Words,
    records: Any,
    first_seq: int,
    taken: _Words,
) -> int:
    """Process packets of a capture into a flat array of records, with sequence numbers.

    Args:
        process: address of the protocol's kernel.
        context: address of the arrays that it takes, the packets' buffer among them.
        offsets: int64, position of each.
        lengths: int64, bytes of each that are there.
        cut_bytes: int64, bytes of each that the capture cut off.
        times_ns: int64, arrival of each.
        first: packet to begin with.
        room_for_one: records that any one packet can make.
        words: instruments' rows.
        state: journal and counters.
        undo: where books are kept as they were before a packet; empty to keep none.
        records: RECORD array, filled from index 0.
        first_seq: sequence number of ``records[0]``.
        taken: int64 of one word, receives the packets taken.

    Returns:
        Records written; fewer packets than all were taken when the next might not have fitted.
    """
    stored = 0
    packet = first
    while packet < offsets.size and stored + room_for_one <= records.size:
        forget_kept(undo)
        begin_new(state, packet, lengths[packet])
        count = call_at(
            process,
            context,
            offsets[packet],
            lengths[packet],
            cut_bytes[packet],
            times_ns[packet],
            int64(0),
            stored,
            stored + room_for_one,
        )
        number_records(records, stored, count, first_seq + stored, words)
        close_step(state, first_seq + stored, count)
        finish(state, state[DONE])
        stored += count
        packet += 1
    taken[0] = packet - first
    return stored
