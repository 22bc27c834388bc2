"""From an SBE message to records, by a venue's table: one kernel for every schema and venue.

A message is taken in two steps, so that the caller can apply each transaction to the books before the
next one is read:

1. :func:`open_message` walks it, finds which kind of message it is and whether its blocks are as long as
   their first version;
2. :func:`next_part` makes the records of its next part (all of it, or an entry of its ``each``), until
   there are no more.

What records they are is told in ``_emit_kernels``.

**Bounds.** The walk has compared every length and count of the message with its bytes. A value is read
only where it ends within its block as received, a block of a group only where the walk found it, and a
block that is shorter than its first version is refused: no lie of a sender's reads behind the message,
and every record costs a sender as many bytes as its row has.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

import zerofeed.codecs.sbe._words as w
from zerofeed.base.kernel import I64, U8_RO, inlined, int64, kernel
from zerofeed.base.status import BUFFER_FULL, MALFORMED, UNKNOWN_TEMPLATE
from zerofeed.codecs._bytes import Bytes, u8
from zerofeed.codecs._record_kernels import (
    RECORD_WORDS,
    announce,
    bare_level,
    close_book,
    define_by_symbol,
)
from zerofeed.codecs._text_kernels import key_of
from zerofeed.codecs.sbe._definition_kernels import add_defined, define_by_message, name_after
from zerofeed.codecs.sbe._dialect_words import (
    BOOK,
    CODE_DATA,
    CONDITIONS,
    CONDITIONS_AT,
    DEFINES,
    EACH,
    EMIT_WORDS,
    EMITS,
    EMITS_AT,
    EXACT_BYTES,
    HEAD,
    INSTRUMENT_KIND,
    IS_KNOWN,
    KEY_BITS,
    LAST_MASK,
    LAST_SOURCE,
    LEAST,
    LEAST_AT,
    MESSAGE_WORDS,
    MESSAGES_AT,
    N_CODE,
    NOWHERE,
    OUTER,
    PRICE_EXPONENT,
    PRICE_OP,
    ROOT,
    S_BLOCKS,
    S_DEFINITION,
    S_END,
    S_ENTRY,
    S_HEAD,
    S_MESSAGE,
    S_NEXT,
    S_PARENT,
    S_PROGRAM,
    S_RECORD,
    S_REFUSED,
    S_RESULT,
    S_ROW,
    S_SPANS,
    S_STACK,
    S_TABLE,
    S_TEXT,
    S_VERSION,
    S_WALK,
    SIZE_EXPONENT,
    SIZE_OP,
    SLOT,
    SNAPSHOT,
    STATE_WORDS,
    SYMBOL,
    TABLE_FULL,
    TEMPLATES_AT,
    UNNAMED,
)
from zerofeed.codecs.sbe._emit_kernels import are_true, emit_records, exponent_of
from zerofeed.codecs.sbe._source_kernels import child_row, number_at, text_at
from zerofeed.codecs.sbe._walk_kernels import find_message
from zerofeed.feed._instrument_kernels import (
    ROW_WORDS,
    W_REVISION,
    find,
    find_or_add,
)
from zerofeed.records import flags as record_flags
from zerofeed.records.kinds import ACTION_CLEAR, ACTION_NONE
from zerofeed.records.units import UNDEF

__all__ = ["NO_MORE", "is_text", "next_part", "open_message"]

_Words = npt.NDArray[np.int64]

NO_MORE = -1
"""The open message has no further part."""

_FINEST = -18
_IMPLIED = 0x6465_696C_706D_6920
"""The text " implied", behind the symbol of an instrument with bits in its key."""


@inlined
def is_text(buf: Bytes, at: int, end: int) -> bool:
    """Tell whether a message is text: an answer to a request, on a connection that brings SBE.

    No byte of it is a control character but white space. An SBE message has zeros in its header.
    """
    if at >= end:
        return False
    for place in range(at, end):
        byte = u8(buf, place)
        if byte < 0x20 and byte != 0x0A and byte != 0x0D and byte != 0x09:
            return False
    return True


@inlined
def _find_kind(buf: Bytes, scratch: _Words, node: int) -> int:
    """Find the first message of a template that this one is; the word of its entry, or -1."""
    table = scratch[S_TABLE]
    template = table + scratch[table + TEMPLATES_AT] + 2 * node
    entry = table + scratch[table + MESSAGES_AT] + scratch[template] * MESSAGE_WORDS
    length = scratch[S_BLOCKS + 2 * ROOT + 1]
    for _ in range(scratch[template + 1]):
        exact = scratch[entry + EXACT_BYTES]
        if exact == NOWHERE or exact == length:
            if are_true(
                buf, scratch, table + scratch[entry + CONDITIONS_AT], scratch[entry + CONDITIONS]
            ):
                return entry
        entry += MESSAGE_WORDS
    return -1


@inlined
def _has_short_block(scratch: _Words, rows: int) -> bool:
    """Tell whether a block of a group is shorter than its first version."""
    table = scratch[S_TABLE]
    least = table + scratch[table + LEAST_AT]
    span = scratch[S_SPANS] + w.SPAN_WORDS
    for _ in range(1, rows):
        kind = scratch[span + w.S_KIND]
        if kind != w.SPAN_DATA and scratch[span + w.S_COUNT] > 0:
            if scratch[span + w.S_LENGTH] < scratch[least + scratch[span + w.S_NODE]]:
                return True
        span += w.SPAN_WORDS
    return False


@kernel(int64(U8_RO, int64, int64, I64))
def open_message(buf: Bytes, at: int, end: int, scratch: _Words) -> int:
    """Walk a message and find out what it is.

    Args:
        buf: uint8 that holds it at ``buf[at:end]``; more may follow it there.
        at: its first byte.
        end: behind the last that may be its own.
        scratch: see ``_dialect_words``; S_WALK tells where it ends, where that is known.

    Returns:
        Its slot, 0 or more; TRUNCATED, MALFORMED or UNKNOWN_SCHEMA as the walk says; BUFFER_FULL
        when it has more parts than the scratch has room for; UNKNOWN_TEMPLATE when it is none of the
        schema's or of the dialect's.
    """
    scratch[S_RESULT] = 0
    scratch[S_RESULT + 1] = 0
    rows = find_message(
        scratch[scratch[S_PROGRAM] : scratch[S_STACK]],
        buf,
        at,
        end,
        scratch[scratch[S_SPANS] : scratch[S_END]],
        scratch[scratch[S_STACK] : scratch[S_SPANS]],
        scratch[S_WALK : S_WALK + w.RESULT_WORDS],
    )
    if rows < 0:
        return rows
    span = scratch[S_SPANS]
    scratch[S_VERSION] = scratch[S_WALK + w.R_VERSION]
    scratch[S_BLOCKS + 2 * ROOT] = scratch[span + w.S_AT]
    scratch[S_BLOCKS + 2 * ROOT + 1] = scratch[span + w.S_LENGTH]
    if scratch[S_HEAD] == 0:
        scratch[S_BLOCKS + 2 * HEAD] = at
        scratch[S_BLOCKS + 2 * HEAD + 1] = scratch[scratch[S_PROGRAM] + w.P_HEADER_SIZE]
    entry = int64(_find_kind(buf, scratch, scratch[S_WALK + w.R_NODE]))
    if entry < 0:
        return UNKNOWN_TEMPLATE
    if scratch[span + w.S_LENGTH] < scratch[entry + LEAST] or _has_short_block(scratch, rows):
        return MALFORMED
    scratch[S_MESSAGE] = entry
    scratch[S_NEXT] = 0
    scratch[S_ENTRY] = 0
    scratch[S_PARENT] = 0
    if scratch[entry + EACH] != NOWHERE:
        scratch[S_NEXT] = child_row(scratch, 0, scratch[entry + EACH])
    return scratch[entry + SLOT]


@inlined
def _next_outer(scratch: _Words) -> bool:
    """Go to the next part; False: there is none."""
    row = scratch[S_NEXT]
    if row < 0:
        return False
    if scratch[scratch[S_MESSAGE] + EACH] == NOWHERE:
        scratch[S_NEXT] = -1
        return True
    span = scratch[S_SPANS] + row * w.SPAN_WORDS
    number = scratch[S_ENTRY]
    if scratch[span + w.S_KIND] == w.SPAN_GROUP and number == 0:
        if scratch[span + w.S_AT] < 0 or scratch[span + w.S_COUNT] == 0:
            scratch[S_NEXT] = -1
            return False
        if scratch[span + w.S_NEXT] != row + 1:
            # Its entries have rows of their own.
            row += 1
            span += w.SPAN_WORDS
    at = scratch[span + w.S_AT]
    length = scratch[span + w.S_LENGTH]
    scratch[S_PARENT] = -1
    if scratch[span + w.S_KIND] == w.SPAN_GROUP:
        at += number * length
        scratch[S_ENTRY] = number + 1
        scratch[S_NEXT] = row if number + 1 < scratch[span + w.S_COUNT] else -1
    else:
        group = scratch[S_SPANS] + scratch[span + w.S_PARENT] * w.SPAN_WORDS
        following = scratch[span + w.S_NEXT]
        scratch[S_PARENT] = row
        scratch[S_ENTRY] = 1
        scratch[S_NEXT] = following if following < scratch[group + w.S_NEXT] else -1
    scratch[S_BLOCKS + 2 * OUTER] = at
    scratch[S_BLOCKS + 2 * OUTER + 1] = length
    return True


@inlined
def _first_exponent(buf: Bytes, scratch: _Words, op: int, usual: int) -> int:
    """Choose the exponent of a new instrument: the usual one, or that of its first message if finer."""
    if op == NOWHERE:
        return usual
    exponent = int64(exponent_of(buf, scratch, scratch[S_TABLE] + op))
    if exponent == UNDEF or exponent >= usual:
        return usual
    return max(exponent, _FINEST)


@inlined
def _find_instrument(buf: Bytes, entry: int, words: _Words, lookup: _Words, scratch: _Words) -> int:
    """Find or make the row of a part's instrument.

    Returns:
        The row; -1: none is named; BUFFER_FULL when the table is full.
    """
    table = scratch[S_TABLE]
    source = table + scratch[entry + SYMBOL]
    is_text_symbol = (
        scratch[source + N_CODE] == CODE_DATA or scratch[source + N_CODE] == w.CODE_TEXT
    )
    key = int64(0)
    if is_text_symbol:
        if not text_at(buf, scratch, source):
            return -1
        key = key_of(buf, scratch[S_TEXT], scratch[S_TEXT + 1], 0)
    else:
        key = number_at(buf, scratch, source)
        if key == UNDEF:
            return -1
    bits = scratch[entry + KEY_BITS]
    definition = scratch[entry + DEFINES]
    row = find(lookup, key ^ bits)
    if definition != NOWHERE:
        row = int64(add_defined(buf, table + definition, key ^ bits, words, lookup, scratch))
        if row >= 0:
            define_by_message(buf, table + definition, row, words, lookup, scratch)
        return row
    if scratch[entry + IS_KNOWN] and (row < 0 or words[row * ROW_WORDS + W_REVISION] == 0):
        return -1
    origin = find(lookup, key) if bits else int64(-1)
    if origin >= 0 and words[origin * ROW_WORDS + W_REVISION] == 0:
        origin = int64(-1)
    if row >= 0:
        if origin >= 0 and words[row * ROW_WORDS + W_REVISION] == 0:
            name_after(words, row, origin, scratch, _IMPLIED)
        return row
    price = _first_exponent(
        buf, scratch, scratch[entry + PRICE_OP], scratch[table + PRICE_EXPONENT]
    )
    size = _first_exponent(buf, scratch, scratch[entry + SIZE_OP], scratch[table + SIZE_EXPONENT])
    row = find_or_add(words, lookup, key ^ bits, price, size)
    if row >= 0 and origin >= 0:
        name_after(words, row, origin, scratch, _IMPLIED)
    elif row >= 0 and is_text_symbol:
        kind = scratch[table + INSTRUMENT_KIND]
        begin = scratch[S_TEXT]
        end = scratch[S_TEXT + 1]
        define_by_symbol(buf, begin, end, row, kind, words, scratch, S_DEFINITION, 0)
    return row


@kernel(int64(U8_RO, int64, I64, I64, I64, int64, I64, int64, int64, I64))
def next_part(
    buf: Bytes,
    ts_recv_ns: int,
    words: _Words,
    lookup: _Words,
    state: _Words,
    work_at: int,
    records: _Words,
    out_at: int,
    limit: int,
    scratch: _Words,
) -> int:
    """Make the records of the open message's next part. The feed's single writer.

    Args:
        buf: uint8 that holds the message.
        ts_recv_ns: arrival, Unix ns.
        words: the instruments' rows.
        lookup: the instruments' map.
        state: a journal with STATE_WORDS for each instrument row from ``work_at`` on.
        work_at: word of it.
        records: RECORD array as int64.
        out_at: index of the first record to write.
        limit: index at which the room ends.
        scratch: see ``_dialect_words``; S_ROW and S_REFUSED tell of the part.

    Returns:
        Records written, 0 or more; NO_MORE; BUFFER_FULL. Their ``seq`` is not set.
    """
    if not _next_outer(scratch):
        return NO_MORE
    entry = scratch[S_MESSAGE]
    table = scratch[S_TABLE]
    scratch[S_ROW] = -1
    scratch[S_REFUSED] = 0
    for word in range(1, RECORD_WORDS):
        scratch[S_RECORD + word] = UNDEF
    index = out_at
    row = int64(-1)
    if scratch[entry + SYMBOL] != NOWHERE:
        row = int64(_find_instrument(buf, entry, words, lookup, scratch))
        if row < 0:
            scratch[S_REFUSED] = UNNAMED if row == -1 else TABLE_FULL
            return 0
        scratch[S_ROW] = row
        if index + 2 > limit:
            return BUFFER_FULL
        told_at = work_at + row * STATE_WORDS
        index = int64(announce(row, ts_recv_ns, words, state, told_at, records, index))
    book = scratch[entry + BOOK]
    first = index
    flags = int64(0)
    if book == SNAPSHOT:
        flags = int64(record_flags.SNAPSHOT)
        bare_level(row, ACTION_CLEAR, flags, ts_recv_ns, records, index)
        index += 1
    emit = table + scratch[entry + EMITS_AT]
    for _ in range(scratch[entry + EMITS]):
        index = int64(
            emit_records(
                buf, emit, row, flags, words, lookup, records, index, limit, scratch, ts_recv_ns
            )
        )
        if index < 0:
            return index
        emit += EMIT_WORDS
    if book:
        bare = first + int64(book == SNAPSHOT)
        if index == first:
            if index >= limit:
                return BUFFER_FULL
            bare_level(row, ACTION_NONE, flags, ts_recv_ns, records, index)
            index += 1
            bare = index
        close_book(first, bare, index, scratch, S_RECORD, records)
    elif index > out_at and scratch[S_NEXT] < 0 and scratch[entry + LAST_SOURCE] != NOWHERE:
        ends = number_at(buf, scratch, table + scratch[entry + LAST_SOURCE])
        if ends != UNDEF and ends & scratch[entry + LAST_MASK]:
            records[(index - 1) * RECORD_WORDS + 3] |= int64(-1) << 63
    return index - out_at
