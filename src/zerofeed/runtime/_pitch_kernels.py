"""One PITCH unit through every stage: sequence, decode, books. Compiled.

The order, for a packet of a unit:

1. header and messages; a packet that contradicts itself is malformed, and the next one shows the gap
2. numbers: each message has one, and a packet names its first. Number 1 begins the unit anew, and says that
   no order is left from before. A packet of number 0 is outside of the numbering: heartbeats of units that have
   sent nothing, and the symbol mappings of options
3. each message in turn, decoded into records; a Time message sets the second that the others count from. Where
   books of orders are kept, its records are applied to them at once and filled in, and when it changed
   the best bid or offer, that follows as a record of its own

Everything the step changes goes through the journal, so the packet can be processed again after a kill.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import inlined, kernel
from zerofeed.base.status import OK, UNKNOWN_TEMPLATE
from zerofeed.books.orders._record_kernels import take_records
from zerofeed.codecs._bytes import Bytes, u8
from zerofeed.codecs._day_kernels import MOST_STRETCHES, STRETCHES_AT, find_midnight
from zerofeed.codecs._equity_kernels import NEXT, REFUSED, SLOT
from zerofeed.codecs.pitch._kernels import (
    BODY_BEGIN,
    BODY_END,
    COUNT,
    SECOND,
    SEQ,
    UNIT,
    UNIX_SECOND,
    decode_message,
    packet_header,
    skip_messages,
)
from zerofeed.codecs.pitch._layout import SYMBOL_MAPPING
from zerofeed.codecs.pitch._message_kernels import clear_unit
from zerofeed.feed.metrics import TEMPLATES_AT, WORK_AT, counter_word
from zerofeed.records.units import UNDEF
from zerofeed.runtime._book_kernels import has_orders
from zerofeed.runtime._process_kernels import PROCESS, process_of
from zerofeed.runtime._sequence_kernels import give_back, sequence
from zerofeed.sequencing._tracker_kernels import find_channel
from zerofeed.sequencing.channels import OWN
from zerofeed.sequencing.holding import A_OUTCOME, A_SKIP, OUT_TAKEN
from zerofeed.shm.journal import add, put

__all__ = ["DAY", "SCRATCH_WORDS", "process", "process_packet"]

_Words = npt.NDArray[np.int64]

_DECODED = counter_word("packets_decoded")
_HEARTBEAT = counter_word("packets_heartbeat")
_MALFORMED = counter_word("packets_malformed")
_TRUNCATED = counter_word("packets_truncated")
_MESSAGES = counter_word("messages")
_UNKNOWN = counter_word("messages_unknown")
_REFUSED = counter_word("instruments_refused")

_HEADER_AT = 16
"""Where in the scratch the unit's header is kept; the message results are before it."""
DAY = 64
"""Word of the scratch from which on the trading days are; see :mod:`zerofeed.codecs._day_kernels`."""
SCRATCH_WORDS = DAY + STRETCHES_AT + MOST_STRETCHES
"""int64 words of scratch that :func:`process_packet` needs."""

_WINDOW = 100_000
"""How far back a message number is that of a late packet: more than a line is ever behind."""

_SECOND_NS = OWN
"""Word of a channel: the second that its latest Time message said, Unix ns; 0: none yet."""
_SECOND = 1_000_000_000


@inlined
def _moment(scratch: _Words, ts_recv_ns: int) -> int:
    """Give the second that a Time message said as Unix ns, 0 when its day is not known."""
    if scratch[UNIX_SECOND] != 0:
        return scratch[UNIX_SECOND] * _SECOND
    time_of_day_ns = scratch[SECOND] * _SECOND
    midnight = find_midnight(scratch, DAY, ts_recv_ns, time_of_day_ns)
    return 0 if midnight == UNDEF else midnight + time_of_day_ns


@inlined
def process_packet(
    buf: Bytes,
    at: int,
    length: int,
    cut_bytes: int,
    ts_recv_ns: int,
    source: int,
    words: _Words,
    lookup: _Words,
    state: _Words,
    books: _Words,
    undo: _Words,
    records: Any,
    record_words: _Words,
    out_at: int,
    limit: int,
    scratch: _Words,
) -> int:
    """Process one unit as the open step of the journal. The feed's single writer.

    Args:
        buf: uint8 that holds the packet at ``buf[at : at + length]``.
        at: its position.
        length: bytes of it that are there.
        cut_bytes: bytes of it that were cut off.
        ts_recv_ns: arrival, Unix ns.
        source: number of the source that it came from.
        words: the instruments' rows.
        lookup: the instruments' map.
        state: journal, counters, channels, codec state.
        books: the writer's books.
        undo: what they were before the step; empty to keep nothing.
        records: RECORD array to write to.
        record_words: the same memory as int64.
        out_at: index of the first record to write.
        limit: index at which the room ends; the room covers any packet of a chunk.
        scratch: int64, SCRATCH_WORDS; the trading days are set.

    Returns:
        Records written, 0 or more; their ``seq`` is not set.
    """
    if cut_bytes > 0:
        add(state, _TRUNCATED, 1)
        return 0
    header = scratch[_HEADER_AT:]
    if packet_header(buf, at, length, header) != OK:
        add(state, _MALFORMED, 1)
        return 0
    unit = header[UNIT]
    seq = header[SEQ]
    count = header[COUNT]
    end = header[BODY_END]
    index = out_at
    seen = 0
    is_kept = has_orders(books)
    second_ns = UNDEF
    if seq != 0:
        index += sequence(
            state, unit, source, 0, seq, count, ts_recv_ns, _WINDOW, records, out_at
        )  # fmt: skip
        if index > out_at and is_kept:
            take_records(books, undo, record_words, out_at, index - out_at, limit, limit, unit)
        if state[A_OUTCOME] != OUT_TAKEN:
            return index - out_at
        seen = state[A_SKIP]
        if seq == 1 and seen == 0 and count > 0:
            # The unit's beginning: no order is left from before.
            cleared = clear_unit(unit, UNDEF, ts_recv_ns, record_words, index)
            if is_kept:
                take_records(books, undo, record_words, index, cleared, limit, limit, unit)
            index += cleared
    if count == 0:
        add(state, _HEARTBEAT, 1)
        return index - out_at
    channel_at = find_channel(state, unit)
    if channel_at >= 0 and state[channel_at + _SECOND_NS] != 0:
        second_ns = state[channel_at + _SECOND_NS]
    place = skip_messages(buf, header[BODY_BEGIN], end, seen)
    done = seen
    is_whole = True
    while done < count:
        if seq == 0 and u8(buf, place + 1) != SYMBOL_MAPPING:
            # What servers send, or nothing that belongs to the stream.
            place += u8(buf, place)
            done += 1
            add(state, _UNKNOWN, 1)
            continue
        stored = decode_message(
            buf,
            place,
            end,
            second_ns,
            ts_recv_ns,
            unit,
            words,
            lookup,
            state,
            WORK_AT,
            record_words,
            index,
            limit,
            scratch,
        )
        if stored < 0 and stored != UNKNOWN_TEMPLATE:
            # Shorter than its type, or more records than a packet of this size can make: the rest of the
            # packet is not believed. What came before it stands, and the rest counts as not come: the
            # next packet shows the gap, in the records too, unless a good copy of it comes.
            is_whole = False
            if seq != 0:
                give_back(state, unit, seq + done, seq + count)
            break
        done += 1
        place = scratch[NEXT]
        if stored < 0:
            add(state, _UNKNOWN, 1)
            continue
        add(state, TEMPLATES_AT + scratch[SLOT], 1)
        if scratch[REFUSED]:
            add(state, _REFUSED, 1)
        if scratch[SECOND] >= 0 and channel_at >= 0:
            moment = _moment(scratch, ts_recv_ns)
            if moment != state[channel_at + _SECOND_NS]:
                put(state, channel_at + _SECOND_NS, moment)
            second_ns = UNDEF if moment == 0 else moment
        if is_kept and stored > 0:
            stored += take_records(
                books, undo, record_words, index, stored, index + stored, limit, unit
            )
        index += stored
    add(state, _MESSAGES, done - seen)
    add(state, _DECODED if is_whole else _MALFORMED, 1)
    return index - out_at


process = kernel(PROCESS)(process_of(process_packet, __name__))
"""What the loops call for PITCH; see :mod:`zerofeed.runtime._process_kernels`."""
