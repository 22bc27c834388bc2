"""What a frame's step has in common for every protocol: its beginning, its records' numbers, its end.

A step is a packet's: of a new frame, the next in the frame ring, or of one that was held and is due
(:mod:`zerofeed.sequencing.holding`). What all packets count is counted here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, inlined, int64, kernel
from zerofeed.feed._instrument_kernels import stamp_definition
from zerofeed.feed.members import CONNECTION_LOST
from zerofeed.feed.metrics import counter_word
from zerofeed.records.kinds import ACTION_NONE, DISCONNECT, INSTRUMENT, NO_SIDE
from zerofeed.records.units import UNDEF
from zerofeed.runtime._book_kernels import suspect_books
from zerofeed.sequencing._holding_kernels import due_frame, take_out
from zerofeed.sequencing.channels import NEXT_HOLDING
from zerofeed.sequencing.holding import A_DUE, A_FRAME, A_HOLDING, A_MUST_TAKE
from zerofeed.shm.journal import DONE, add, begin, finish, seal

__all__ = ["begin_due", "begin_new", "close_step", "note_loss", "number_records", "skip_frame"]

_Words = npt.NDArray[np.int64]

_RECEIVED = counter_word("packets_received")
_BYTES = counter_word("bytes_received")
_MALFORMED = counter_word("packets_malformed")
_RECORDS_PUBLISHED = counter_word("records_published")
_TAKEN = counter_word("frames_taken")


@inlined
def begin_new(state: _Words, frame: int, length: int) -> None:
    """Open the step of the next frame of the ring.

    Args:
        state: journal and counters.
        frame: its number.
        length: bytes of its packet; negative: it is none.
    """
    state[A_DUE] = 0
    state[A_MUST_TAKE] = 0
    state[A_FRAME] = frame
    begin(state, state[DONE])
    add(state, _TAKEN, 1)
    if length >= 0:
        add(state, _RECEIVED, 1)
        add(state, _BYTES, length)


@inlined
def begin_due(state: _Words, channel_at: int, frame: int) -> None:
    """Open the step of a held packet that is due; it was received before.

    Args:
        state: journal and counters; A_MUST_TAKE is as ``due_channel`` left it.
        channel_at: its channel's first word.
        frame: its frame.
    """
    state[A_DUE] = channel_at
    state[A_FRAME] = frame
    begin(state, state[DONE])
    take_out(state, channel_at)


@inlined
def close_step(state: _Words, published: int, count: int) -> None:
    """Count a step's records and seal it; publish them next.

    Args:
        state: journal and counters.
        published: records published so far.
        count: records of this step.
    """
    add(state, _RECORDS_PUBLISHED, count)
    seal(state, published + count)


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
def note_loss(frame: Any, books: _Words, undo: _Words, records: Any, at: int) -> None:
    """Make the one record of a frame that says: a connection of this source was lost.

    Its books are suspected: what came between the lost connection and the next one is missing.

    Args:
        frame: its descriptor; it has no bytes.
        books: the writer's books.
        undo: where the header of the books is kept as it was.
        records: RECORD array.
        at: index of the record to write.
    """
    source = int64(frame.channel)
    suspect_books(books, undo, source)
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


@kernel(int64(I64, int64, int64, int64))
def skip_frame(state: _Words, frame: int, length: int, published: int) -> int:
    """Do a frame's step without looking into it: received, malformed, no record. Single writer.

    The channel's expected number stays, so the next packet of the channel shows the gap.

    Args:
        state: journal and counters, recovered.
        frame: number of the frame: the next one, or one that is held.
        length: its bytes.
        published: records published so far.

    Returns:
        1; 0 when this frame is neither the next one nor the first of what a channel holds.
    """
    if frame == state[_TAKEN]:
        begin_new(state, frame, length)
    else:
        at = state[A_HOLDING]
        while at != 0 and due_frame(state, at) != frame:
            at = state[at + NEXT_HOLDING]
        if at == 0:
            return 0
        begin_due(state, at, frame)
    add(state, _MALFORMED, 1)
    close_step(state, published, 0)
    finish(state, state[DONE])
    return 1
