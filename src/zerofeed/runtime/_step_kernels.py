"""What a frame's step has in common for every protocol: its records' numbers, and being skipped."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, inlined, int64, kernel
from zerofeed.books._kernels import suspect
from zerofeed.feed._instrument_kernels import stamp_definition
from zerofeed.feed.members import CONNECTION_LOST
from zerofeed.feed.metrics import counter_word
from zerofeed.records.kinds import ACTION_NONE, DISCONNECT, INSTRUMENT, NO_SIDE
from zerofeed.records.units import UNDEF
from zerofeed.runtime._undo_kernels import keep_header
from zerofeed.shm.journal import add, begin, finish, seal

__all__ = ["note_loss", "number_records", "skip_frame"]

_Words = npt.NDArray[np.int64]

_RECEIVED = counter_word("packets_received")
_BYTES = counter_word("bytes_received")
_MALFORMED = counter_word("packets_malformed")
_RECORDS_PUBLISHED = counter_word("records_published")


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


@inlined
def note_loss(
    frame: Any, books: _Words, undo: _Words, state: _Words, records: Any, at: int
) -> None:
    """Make the one record of a frame that says: a connection of this source was lost.

    Its books are suspected: what came between the lost connection and the next one is missing.

    Args:
        frame: its descriptor; it has no bytes.
        books: the writer's books.
        undo: where the header of the books is kept as it was.
        state: journal and counters.
        records: RECORD array.
        at: index of the record to write.
    """
    source = int64(frame.channel)
    keep_header(books, undo)
    suspect(books, source)
    record = records[at]
    record.ts_event_ns = frame.ts_recv_ns
    record.ts_recv_ns = frame.ts_recv_ns
    record.instrument = 0
    record.kind = DISCONNECT
    record.side = NO_SIDE
    record.action = ACTION_NONE
    record.flags = 0
    record.expected_seq = CONNECTION_LOST
    record.received_seq = source
    record.missing_count = UNDEF
    record.channel = UNDEF
    add(state, _RECORDS_PUBLISHED, 1)


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
