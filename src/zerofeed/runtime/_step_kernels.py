"""What a frame's step has in common for every protocol: its records' numbers, and being skipped."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, inlined, int64, kernel
from zerofeed.feed._instrument_kernels import stamp_definition
from zerofeed.feed.metrics import counter_word
from zerofeed.records.kinds import INSTRUMENT
from zerofeed.shm.journal import add, begin, finish, seal

__all__ = ["number_records", "skip_frame"]

_Words = npt.NDArray[np.int64]

_RECEIVED = counter_word("packets_received")
_BYTES = counter_word("bytes_received")
_MALFORMED = counter_word("packets_malformed")


@inlined
def number_records(records: Any, at: int, count: int, first_seq: int, words: _Words) -> None:
    """Set the sequence numbers of new records, and of the definitions among them.

    Args:
        records: RECORD array.
        at: index of the first.
        count: how many.
        first_seq: sequence number of the first.
        words: the instruments' rows.
    """
    for index in range(count):
        record = records[at + index]
        record.seq = first_seq + index
        if record.kind == INSTRUMENT:
            stamp_definition(words, int64(record.instrument), first_seq + index)


@kernel(int64(I64, int64, int64, int64))
def skip_frame(state: _Words, step: int, length: int, published: int) -> int:
    """Do a frame's step without looking into it: received, malformed, no record. Single writer.

    The channel's expected number stays, so the next packet of the channel shows the gap.

    Args:
        state: journal and counters, recovered; ``step`` is the next to be done.
        step: number of the frame.
        length: its bytes.
        published: records published so far.

    Returns:
        0.
    """
    begin(state, step)
    add(state, _RECEIVED, 1)
    add(state, _BYTES, length)
    add(state, _MALFORMED, 1)
    seal(state, published)
    finish(state, step)
    return 0
