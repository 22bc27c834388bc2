"""One JSON message through every stage: scan, records, books. Compiled once for all venues.

A packet is one message. Its venue's table is in the scratch (:mod:`zerofeed.codecs.json.decoder`). Each
transaction of a message is applied to the books, checked against the checksum that came with it, and
followed by the best bid and offer that it leaves, before the next one is read. Where the venue counts a
connection's messages, one that is not the next becomes a GAP or RESET record of its source.

Everything the step changes goes through the journal, or is a book that is kept before, so the
packet can be processed again after a kill.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import inlined, int64, kernel
from zerofeed.base.status import MISMATCH, UNKNOWN_TEMPLATE
from zerofeed.books._checksum_kernels import check, flag_doubtful
from zerofeed.books._kernels import apply, bind_channels, set_window, suspect
from zerofeed.books.layout import B_CHANNEL, H_BOOKS, H_STRIDE, HEADER_WORDS
from zerofeed.codecs._bytes import Bytes
from zerofeed.codecs._record_kernels import bare_level
from zerofeed.codecs.json._dialect_kernels import NO_MORE, next_part
from zerofeed.codecs.json._message_kernels import NUMBERED, is_plain, open_message
from zerofeed.codecs.json._number_kernels import OUT_OF_RANGE, ROUNDED
from zerofeed.codecs.json._numbered_kernels import act_on_channels, find_numbered
from zerofeed.codecs.json.layout import (
    BOOK,
    CHANNEL_STATE,
    CHECK_RULE,
    COMPARED,
    COUNTED_AS,
    HEARTBEAT,
    UNKNOWN,
)
from zerofeed.codecs.json.scratch import (
    S_CHECKSUM,
    S_EXPECTED,
    S_IS_LED,
    S_LEADS,
    S_LINE,
    S_MESSAGE,
    S_OPEN,
    S_REFUSED,
    S_REPEATED,
    S_RESULT,
    S_ROW,
    S_SEQUENCE,
    S_TABLE,
    S_WINDOW,
    TABLE_FULL,
    TOO_MANY_CHANNELS,
    UNNAMED,
)
from zerofeed.feed._instrument_kernels import ROW_WORDS as DEFINITION_WORDS
from zerofeed.feed._instrument_kernels import W_TRAITS
from zerofeed.feed.metrics import (
    CONNECTION_COUNTS,
    CONNECTION_WORDS,
    CONNECTIONS_AT,
    LEADER,
    OPEN_CONNECTIONS,
    TEMPLATES,
    TEMPLATES_AT,
    WORK_AT,
    counter_word,
)
from zerofeed.records.flags import LAST
from zerofeed.records.kinds import ACTION_NONE, GAP, RESET
from zerofeed.records.units import UNDEF
from zerofeed.runtime._process_kernels import PROCESS, process_of
from zerofeed.runtime._sequence_kernels import put_numbers
from zerofeed.runtime._undo_kernels import keep_book, keep_header
from zerofeed.sequencing.holding import A_LINE
from zerofeed.shm.journal import add, put

__all__ = ["process", "process_packet"]

_Words = npt.NDArray[np.int64]

_DECODED = counter_word("packets_decoded")
_HEARTBEAT = counter_word("packets_heartbeat")
_MALFORMED = counter_word("packets_malformed")
_STALE = counter_word("packets_stale")
_TRUNCATED = counter_word("packets_truncated")
_MESSAGES = counter_word("messages")
_UNKNOWN = counter_word("messages_unknown")
_REFUSED = counter_word("instruments_refused")
_OUT_OF_RANGE = counter_word("numbers_out_of_range")
_ROUNDED = counter_word("numbers_rounded")
_CHANNELS_REFUSED = counter_word("channels_refused")
_GAPS = counter_word("gaps")
_MISSING = counter_word("packets_missing")
_RESETS = counter_word("resets")


@inlined
def _bind(books: _Words, row: int, source: int) -> None:
    """Note from which source a book's changes come, when it is first seen."""
    if (
        0 <= row < books[H_BOOKS]
        and books[HEADER_WORDS + row * books[H_STRIDE] + B_CHANNEL] == UNDEF
    ):
        bind_channels(books, row, source, source)


@inlined
def _suspect_all(books: _Words, undo: _Words, source: int) -> None:
    """Suspect the books of a source of which a message could not be used: it may have been theirs."""
    keep_header(books, undo)
    suspect(books, source)


@inlined
def _may_lead(state: _Words, connections: int, line: int) -> bool:
    """Tell whether messages without a number are taken from a connection: it leads, or nobody does."""
    leader = state[connections + LEADER]
    if line < 0 or leader == 0 or leader == line + 1:
        return True
    return bool((state[connections + OPEN_CONNECTIONS] >> (leader - 1)) & 1 == 0)


@inlined
def _note_break(
    source: int, ts_recv_ns: int, state: _Words, books: _Words, undo: _Words, records: Any, at: int,
    limit: int, scratch: _Words,
) -> int:  # fmt: skip
    """Make the record that says that a message is not the next of its connection; 1, or 0 if it is."""
    expected = scratch[S_EXPECTED]
    if expected == UNDEF:
        return 0
    number = scratch[S_SEQUENCE]
    kind = GAP if number > expected else RESET
    if kind == GAP:
        add(state, _GAPS, 1)
        add(state, _MISSING, number - expected)
    else:
        add(state, _RESETS, 1)
    put_numbers(records, at, kind, expected, number, source, ts_recv_ns)
    keep_header(books, undo)
    apply(books, records, at, 1, at + 1, limit)
    return 1


@inlined
def _differs(books: _Words, words: _Words, row: int, scratch: _Words) -> bool:
    """Compare a book with the checksum of the open part."""
    traits = words[row * DEFINITION_WORDS + W_TRAITS]
    price_exponent = (((traits >> 16) & 0xFF) ^ 0x80) - 0x80
    size_exponent = (((traits >> 24) & 0xFF) ^ 0x80) - 0x80
    rule = scratch[scratch[S_MESSAGE] + CHECK_RULE]
    expected = scratch[S_CHECKSUM]
    return check(books, row, rule, expected, price_exponent, size_exponent) == MISMATCH


@inlined
def _compare(
    row: int, ts_recv_ns: int, words: _Words, books: _Words, undo: _Words, records: Any,
    record_words: _Words, at: int, limit: int, scratch: _Words,
) -> int:  # fmt: skip
    """Compare a book with a checksum that came by itself; only one that differs makes records."""
    if row < 0 or scratch[S_CHECKSUM] == UNDEF:
        return 0
    keep_book(books, undo, row)
    if not _differs(books, words, row, scratch):
        return 0
    bare_level(row, ACTION_NONE, LAST, ts_recv_ns, record_words, at)
    return 1 + max(0, apply(books, records, at, 1, at + 1, limit))


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
    """Process one message as the open step of the journal. The feed's single writer.

    Args:
        buf: uint8 that holds the message at ``buf[at : at + length]``.
        at: its position.
        length: bytes of it that are there.
        cut_bytes: bytes of it that were cut off.
        ts_recv_ns: arrival, Unix ns.
        source: number of the source that it came from.
        words: the instruments' rows.
        lookup: the instruments' map.
        state: journal, counters, what was announced of each instrument.
        books: the writer's books.
        undo: where books are kept as they were before the step; empty to keep none.
        records: RECORD array to write to.
        record_words: the same memory as int64.
        out_at: index of the first record to write.
        limit: index at which the room ends; the room covers any message of a chunk.
        scratch: of the venue, as ``make_scratch`` made it.

    Returns:
        Records written, 0 or more; their ``seq`` is not set.
    """
    if cut_bytes > 0:
        add(state, _TRUNCATED, 1)
        _suspect_all(books, undo, source)
        return 0
    slot = open_message(buf, at, at + length, scratch)
    is_numbered = slot == NUMBERED
    if is_numbered:
        slot = find_numbered(buf, at, state, WORK_AT, source, scratch)
    if slot < 0:
        if slot == UNKNOWN_TEMPLATE:
            add(state, _UNKNOWN, 1)
            add(state, _DECODED, 1)
        elif is_plain(buf, at, at + length, scratch):
            add(state, _HEARTBEAT, 1)
        else:
            add(state, _MALFORMED, 1)
            _suspect_all(books, undo, source)
        return 0
    entry = scratch[S_MESSAGE]
    index = out_at
    line = state[A_LINE]
    connections = CONNECTIONS_AT + source * CONNECTION_WORDS
    scratch[S_LINE] = line
    scratch[S_LEADS] = int64(_may_lead(state, connections, line))
    scratch[S_OPEN] = state[connections + OPEN_CONNECTIONS]
    fresh = 0
    repeated = 0
    if is_numbered:
        index += _note_break(
            source, ts_recv_ns, state, books, undo, records, out_at, limit, scratch
        )
    work_at = WORK_AT + scratch[scratch[S_TABLE] + CHANNEL_STATE]
    is_whole = True
    while True:
        stored = next_part(
            buf, at, ts_recv_ns, words, lookup, state, work_at, record_words, index, limit, scratch
        )
        if stored < 0:
            is_whole = is_whole and stored == NO_MORE
            break
        if scratch[S_REPEATED]:
            repeated += 1
            continue
        fresh += 1
        if scratch[S_IS_LED] and state[connections + LEADER] != line + 1:
            if state[connections + LEADER] != 0:
                # What came between the one connection's last message and this one is not known.
                _suspect_all(books, undo, source)
            put(state, connections + LEADER, line + 1)
        if is_numbered:
            act_on_channels(buf, at, entry, scratch[S_ROW], state, scratch)
        if scratch[S_REFUSED] == TABLE_FULL:
            add(state, _REFUSED, 1)
        elif scratch[S_REFUSED] == UNNAMED:
            add(state, _UNKNOWN, 1)
        elif scratch[S_REFUSED] == TOO_MANY_CHANNELS:
            add(state, _CHANNELS_REFUSED, 1)
        row = scratch[S_ROW]
        if row >= 0 and scratch[S_WINDOW] != UNDEF:
            keep_book(books, undo, row)
            set_window(books, row, scratch[S_WINDOW])
        quotes = 0
        if scratch[entry + BOOK] == COMPARED:
            quotes = _compare(
                row, ts_recv_ns, words, books, undo, records, record_words, index + stored, limit,
                scratch,
            )  # fmt: skip
        elif scratch[entry + BOOK] and stored > 0:
            keep_book(books, undo, row)
            _bind(books, row, source)
            quotes = apply(books, records, index, stored, index + stored, limit)
            if scratch[S_CHECKSUM] != UNDEF and _differs(books, words, row, scratch):
                flag_doubtful(records, index, stored + max(0, quotes), row)
            is_whole = is_whole and quotes >= 0
        index += stored + max(0, quotes)
    if scratch[S_RESULT + OUT_OF_RANGE]:
        add(state, _OUT_OF_RANGE, scratch[S_RESULT + OUT_OF_RANGE])
    if scratch[S_RESULT + ROUNDED]:
        add(state, _ROUNDED, scratch[S_RESULT + ROUNDED])
    if line >= 0:
        add(
            state,
            connections + CONNECTION_COUNTS + 2 * line + int64(fresh == 0 and repeated > 0),
            1,
        )
    if is_whole and fresh == 0 and repeated > 0:
        add(state, _STALE, 1)
        return index - out_at
    add(state, _MESSAGES, 1)
    if 0 <= slot < TEMPLATES:
        add(state, TEMPLATES_AT + slot, 1)
    if not is_whole:
        # More records than a message of this size can make: what came before stands.
        add(state, _MALFORMED, 1)
        _suspect_all(books, undo, source)
    else:
        counted_as = scratch[entry + COUNTED_AS]
        add(state, _HEARTBEAT if counted_as == HEARTBEAT else _DECODED, 1)
        if counted_as == UNKNOWN:
            add(state, _UNKNOWN, 1)
    return index - out_at


process = kernel(PROCESS)(process_of(process_packet, __name__))
"""What the loops call for every JSON venue; see :mod:`zerofeed.runtime._process_kernels`."""
