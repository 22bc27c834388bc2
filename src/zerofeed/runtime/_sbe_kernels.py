"""One SBE message through every stage: walk, records, books. Compiled once for all venues.

A packet is one message: SBE, or on the same connection a text, which is the answer to a request and
counts as a heartbeat. Its venue's table is in the scratch (:mod:`zerofeed.codecs.sbe.dialect`). Each
transaction of a message is applied to the books and followed by the best bid and offer that it leaves,
before the next one is read.

Everything the step changes goes through the journal, or is a book that is kept before, so the
packet can be processed again after a kill.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import inlined, kernel
from zerofeed.base.status import BUFFER_FULL, MALFORMED, UNKNOWN_TEMPLATE
from zerofeed.books._kernels import apply, bind_channels, suspect
from zerofeed.books.layout import B_CHANNEL, H_BOOKS, H_STRIDE, HEADER_WORDS
from zerofeed.codecs._bytes import Bytes
from zerofeed.codecs.sbe._dialect_kernels import NO_MORE, is_text, next_part, open_message
from zerofeed.codecs.sbe._dialect_words import (
    BOOK,
    IS_HEARTBEAT,
    S_MESSAGE,
    S_REFUSED,
    S_RESULT,
    S_ROW,
    S_TABLE,
    TABLE_FULL,
    TEXT_SLOT,
    UNNAMED,
)
from zerofeed.codecs.sbe._scale_kernels import OUT_OF_RANGE, ROUNDED
from zerofeed.feed.metrics import TEMPLATES, TEMPLATES_AT, WORK_AT, counter_word
from zerofeed.records.units import UNDEF
from zerofeed.runtime._process_kernels import PROCESS, process_of
from zerofeed.runtime._undo_kernels import keep_book, keep_header
from zerofeed.shm.journal import add

__all__ = ["process", "process_packet"]

_Words = npt.NDArray[np.int64]

_DECODED = counter_word("packets_decoded")
_HEARTBEAT = counter_word("packets_heartbeat")
_MALFORMED = counter_word("packets_malformed")
_TRUNCATED = counter_word("packets_truncated")
_MESSAGES = counter_word("messages")
_UNKNOWN = counter_word("messages_unknown")
_REFUSED = counter_word("instruments_refused")
_OUT_OF_RANGE = counter_word("numbers_out_of_range")
_ROUNDED = counter_word("numbers_rounded")


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
def _count_other(
    buf: Bytes, at: int, end: int, status: int, source: int, state: _Words, books: _Words,
    undo: _Words, scratch: _Words,
) -> None:  # fmt: skip
    """Count what is no message of the dialect."""
    if status == UNKNOWN_TEMPLATE:
        add(state, _UNKNOWN, 1)
        add(state, _DECODED, 1)
    elif status != BUFFER_FULL and status != MALFORMED and is_text(buf, at, end):
        add(state, _HEARTBEAT, 1)
        add(state, TEMPLATES_AT + scratch[scratch[S_TABLE] + TEXT_SLOT], 1)
    else:
        add(state, _MALFORMED, 1)
        _suspect_all(books, undo, source)


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
        scratch: of the venue, as ``Dialect.scratch`` made it.

    Returns:
        Records written, 0 or more; their ``seq`` is not set.
    """
    if cut_bytes > 0:
        add(state, _TRUNCATED, 1)
        _suspect_all(books, undo, source)
        return 0
    slot = open_message(buf, at, at + length, scratch)
    if slot < 0:
        _count_other(buf, at, at + length, slot, source, state, books, undo, scratch)
        return 0
    entry = scratch[S_MESSAGE]
    index = out_at
    is_whole = True
    while True:
        stored = next_part(
            buf, ts_recv_ns, words, lookup, state, WORK_AT, record_words, index, limit, scratch
        )
        if stored < 0:
            is_whole = is_whole and stored == NO_MORE
            break
        if scratch[S_REFUSED] == TABLE_FULL:
            add(state, _REFUSED, 1)
        elif scratch[S_REFUSED] == UNNAMED:
            add(state, _UNKNOWN, 1)
        quotes = 0
        if scratch[entry + BOOK] and stored > 0:
            row = scratch[S_ROW]
            keep_book(books, undo, row)
            _bind(books, row, source)
            quotes = apply(books, records, index, stored, index + stored, limit)
            is_whole = is_whole and quotes >= 0
        index += stored + max(0, quotes)
    if scratch[S_RESULT + OUT_OF_RANGE]:
        add(state, _OUT_OF_RANGE, scratch[S_RESULT + OUT_OF_RANGE])
    if scratch[S_RESULT + ROUNDED]:
        add(state, _ROUNDED, scratch[S_RESULT + ROUNDED])
    add(state, _MESSAGES, 1)
    if 0 <= slot < TEMPLATES:
        add(state, TEMPLATES_AT + slot, 1)
    if not is_whole:
        # More records than a message of this size can make: what came before stands.
        add(state, _MALFORMED, 1)
        _suspect_all(books, undo, source)
    elif scratch[entry + IS_HEARTBEAT]:
        add(state, _HEARTBEAT, 1)
    else:
        add(state, _DECODED, 1)
    return index - out_at


process = kernel(PROCESS)(process_of(process_packet, __name__))
"""What the loops call for every SBE venue; see :mod:`zerofeed.runtime._process_kernels`."""
