"""One IEX segment through every stage: sequence, decode, books. Compiled, once for TOPS and DEEP.

The order, for a segment of a channel:

1. header and blocks; a segment that contradicts itself is malformed, and the next one shows the gap
2. numbers: each message has one, and a segment names its first. Messages that came before are passed over
3. each message in turn: decoded into records, its level applied to its book, and the best bid and offer
   of each event that is processed appended behind it

**When a session begins anew.** Another session id begins at number 1. Within a session, number 1 comes again from the
other line, a little later than from the first one; or because the venue began anew without another id. What tells
them apart is when the segment was sent: a second behind the latest of all is no copy. Each such beginning counts as a
session of its own, so that a late segment of the one before is known for what it is.

Everything the step changes goes through the journal, or is a book that is kept before
(:mod:`zerofeed.runtime._undo_kernels`), so the segment can be processed again after a kill.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import inlined, kernel
from zerofeed.base.status import OK, UNKNOWN_TEMPLATE
from zerofeed.books._kernels import apply
from zerofeed.books.layout import B_CHANNEL, H_BOOKS, H_STRIDE, HEADER_WORDS
from zerofeed.codecs._bytes import Bytes
from zerofeed.codecs._equity_kernels import NEXT, REFUSED, ROW, SLOT
from zerofeed.codecs.iex._kernels import (
    BODY_BEGIN,
    BODY_END,
    CHANNEL,
    COUNT,
    PROTOCOL,
    SENT_NS,
    SEQ,
    SESSION,
    decode_message,
    packet_header,
    skip_messages,
)
from zerofeed.codecs.iex._layout import MESSAGE_TYPES, PRICE_LEVEL_BUY, PRICE_LEVEL_SELL
from zerofeed.feed.metrics import TEMPLATES_AT, WORK_AT, counter_word
from zerofeed.records.units import UNDEF
from zerofeed.runtime._process_kernels import PROCESS, process_of
from zerofeed.runtime._sequence_kernels import give_back, sequence
from zerofeed.runtime._undo_kernels import keep_book, keep_header
from zerofeed.sequencing._tracker_kernels import find_channel
from zerofeed.sequencing.channels import EXPECTED, IS_WHOLE, OWN, PACKETS, RESETS, STALE
from zerofeed.sequencing.channels import SESSION as CHANNEL_SESSION
from zerofeed.sequencing.holding import A_OUTCOME, A_SKIP, A_WAIT_NS, OUT_TAKEN
from zerofeed.shm.journal import add, put

__all__ = ["FIRST_PROTOCOL", "LAST_PROTOCOL", "SCRATCH_WORDS", "process", "process_packet"]

_Words = npt.NDArray[np.int64]

_DECODED = counter_word("packets_decoded")
_STALE = counter_word("packets_stale")
_HEARTBEAT = counter_word("packets_heartbeat")
_MALFORMED = counter_word("packets_malformed")
_TRUNCATED = counter_word("packets_truncated")
_MESSAGES = counter_word("messages")
_UNKNOWN = counter_word("messages_unknown")
_REFUSED = counter_word("instruments_refused")

SCRATCH_WORDS = 64
"""int64 words of scratch that :func:`process_packet` needs."""
_HEADER_AT = 16
"""Where in the scratch the segment's header is kept; the message results are before it."""
FIRST_PROTOCOL = 32
"""Word of the scratch: the lowest protocol number that is this feed's."""
LAST_PROTOCOL = 33
"""Word of the scratch: the highest one."""

_WINDOW = 100_000
"""How far back a message number is that of a late segment: more than a line is ever behind."""

_LEVEL_SLOTS = MESSAGE_TYPES.index(PRICE_LEVEL_BUY)
assert MESSAGE_TYPES.index(PRICE_LEVEL_SELL) == _LEVEL_SLOTS + 1

_SENT_NS = OWN
"""Word of a channel: when the latest of its segments was sent."""
_BEGUN_NS = OWN + 1
"""Word of a channel: when the first segment was sent with which its session began anew under the same id."""
_BEGINNINGS = OWN + 2
"""Word of a channel: how often that was so."""
_BEGINNING_SHIFT = 32
_ANEW_NS = 1_000_000_000
"""So much later than all others, number 1 is a beginning and not the other line's copy of one."""


@inlined
def _session_of(state: _Words, channel_at: int, header: _Words) -> int:
    """Give a number to the session that a segment belongs to: its id, and how often it had begun anew."""
    sent_ns = header[SENT_NS]
    latest_ns = state[channel_at + _SENT_NS]
    session = header[SESSION] + 1
    is_same = state[channel_at + CHANNEL_SESSION] & 0xFFFF_FFFF == session
    if not is_same:
        put(state, channel_at + _SENT_NS, sent_ns)
        put(state, channel_at + _BEGUN_NS, 0)
        put(state, channel_at + _BEGINNINGS, 0)
        return session
    beginnings = state[channel_at + _BEGINNINGS]
    if header[SEQ] <= 1 and state[channel_at + EXPECTED] > 1 and sent_ns - latest_ns > _ANEW_NS:
        beginnings += 1
        put(state, channel_at + _BEGINNINGS, beginnings)
        put(state, channel_at + _BEGUN_NS, sent_ns)
    elif beginnings > 0 and sent_ns < state[channel_at + _BEGUN_NS]:
        beginnings -= 1
    if sent_ns > latest_ns:
        put(state, channel_at + _SENT_NS, sent_ns)
    return session | beginnings << _BEGINNING_SHIFT


@inlined
def _seen_of_copy(state: _Words, channel_at: int, session: int, seq: int, count: int) -> int:
    """Count the messages of a copy of a session's beginning that came before.

    Where nothing is waited for, the tracker would take number 1 for a restart; but the session is the same.
    """
    is_copy = (
        seq <= 1
        and state[channel_at + PACKETS] > 0
        and state[channel_at + CHANNEL_SESSION] == session
        and state[A_WAIT_NS] == 0
    )
    return min(count, max(0, state[channel_at + EXPECTED] - seq)) if is_copy else 0


@inlined
def _bind(books: _Words, row: int, channel: int) -> None:
    """Note on which channel a book's changes come, when it is first seen."""
    if 0 <= row < books[H_BOOKS]:
        at = HEADER_WORDS + row * books[H_STRIDE] + B_CHANNEL
        if books[at] == UNDEF:
            books[at] = channel


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
    """Process one segment as the open step of the journal. The feed's single writer.

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
        undo: where books are kept as they were before the step; empty to keep none.
        records: RECORD array to write to.
        record_words: the same memory as int64.
        out_at: index of the first record to write.
        limit: index at which the room ends; the room covers any packet of a chunk.
        scratch: int64, SCRATCH_WORDS; FIRST_PROTOCOL and LAST_PROTOCOL are set.

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
    count = header[COUNT]
    if not scratch[FIRST_PROTOCOL] <= header[PROTOCOL] <= scratch[LAST_PROTOCOL]:
        # Another feed's segments have numbers of their own.
        add(state, _UNKNOWN, count)
        add(state, _DECODED if count > 0 else _HEARTBEAT, 1)
        return 0
    channel = header[CHANNEL]
    seq = header[SEQ]
    session = header[SESSION] + 1
    seen = 0
    era = 0
    channel_at = find_channel(state, channel)
    if channel_at >= 0:
        session = _session_of(state, channel_at, header)
        seen = _seen_of_copy(state, channel_at, session, seq, count)
        if seen > 0 and seen == count:
            add(state, channel_at + STALE, 1)
            add(state, _STALE, 1)
            return 0
    index = out_at
    index += sequence(
        state, channel, source, session, seq + seen, count - seen, ts_recv_ns, _WINDOW,
        records, out_at,
    )  # fmt: skip
    if index > out_at:
        keep_header(books, undo)
        apply(books, records, out_at, index - out_at, index, limit)
    if state[A_OUTCOME] != OUT_TAKEN:
        return index - out_at
    if count == 0:
        add(state, _HEARTBEAT, 1)
        return index - out_at
    if channel_at >= 0 and state[channel_at + IS_WHOLE] != 0:
        era = state[channel_at + RESETS] + 1
    seen += state[A_SKIP]
    end = header[BODY_END]
    place = skip_messages(buf, header[BODY_BEGIN], end, seen)
    done = seen
    is_whole = True
    while done < count:
        stored = decode_message(
            buf,
            place,
            end,
            ts_recv_ns,
            channel,
            era,
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
            # Shorter than its type, or more records than a segment of this size can make: the rest of the
            # segment is not believed. What came before it stands, and the rest counts as not come: the
            # next segment shows the gap, in the records too, unless a good copy of it comes.
            is_whole = False
            give_back(state, channel, seq + done, seq + count)
            break
        if scratch[NEXT] != place:
            done += 1
            if stored >= 0:
                add(state, TEMPLATES_AT + scratch[SLOT], 1)
            else:
                add(state, _UNKNOWN, 1)
                stored = 0
        place = scratch[NEXT]
        if scratch[REFUSED]:
            add(state, _REFUSED, 1)
        quotes = 0
        if stored > 0 and _LEVEL_SLOTS <= scratch[SLOT] <= _LEVEL_SLOTS + 1:
            keep_book(books, undo, scratch[ROW])
            _bind(books, scratch[ROW], channel)
            quotes = apply(books, records, index, stored, index + stored, limit)
        index += stored + max(0, quotes)
    add(state, _MESSAGES, done - seen)
    add(state, _DECODED if is_whole else _MALFORMED, 1)
    return index - out_at


process = kernel(PROCESS)(process_of(process_packet, __name__))
"""What the loops call for IEX; see :mod:`zerofeed.runtime._process_kernels`."""
