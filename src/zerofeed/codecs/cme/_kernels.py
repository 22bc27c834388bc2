"""CME's packets and messages, and what is kept of each instrument: numbers, and open transactions.

A packet is a header of twelve bytes and messages, each behind its size. A frequent message is opened once: its blocks
and groups are compared with its bytes, and everything else reads inside of what was found.

**RptSeq.** Each entry of an incremental message has the number of its change of the instrument, books and trades and
statistics in one count. A level's ``prev_change_id`` is the packet of the book's latest change where no number is missing
since, and else the packet before this one: so the book sees a break of its chain exactly where something of it is lost.

**Transactions.** A transaction of a book is an event of the venue, which may have several messages, in several packets. Its
records have the number of the packet with which it began as ``change_id``. Books whose transactions have not ended are
in a list, and the message that ends the event closes them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, U8_RO, always_inlined, inlined, int64, kernel
from zerofeed.base.status import MALFORMED, OK, TRUNCATED, UNKNOWN_SCHEMA, UNKNOWN_TEMPLATE
from zerofeed.codecs._bytes import Bytes, i32, i64, u8, u16, u32, u64
from zerofeed.codecs._record_kernels import RECORD_WORDS, announce, bare_level
from zerofeed.codecs.cme._layout import (
    C_COUNT,
    C_GROUP,
    C_LAYOUT,
    C_LENGTH,
    C_NEXT,
    C_ROOT,
    C_SECOND,
    C_SECOND_COUNT,
    C_SECOND_LENGTH,
    C_STOPPED,
    C_VERSION,
    I_BROKEN,
    I_ERA,
    I_LABEL,
    I_NEWS,
    I_OPEN,
    I_PREVIOUS,
    I_RPT,
    I_TAIL,
    I_WORDS,
    IMPLIED,
    IMPLIED_BITS,
    L_ENTRY_LEAST,
    L_ID,
    L_KIND,
    L_LEAST,
    L_REPORTS,
    L_RPT,
    L_SECOND,
    L_SECOND_LEAST,
    LAYOUT_WORDS,
    MOST_OPEN,
    NOWHERE,
    OPEN_WORDS,
    ORDER_SNAPSHOT,
    PRICE_EXPONENT,
    SNAPSHOT,
    TABLE_AT,
    TEMPLATE_LIMIT,
)
from zerofeed.codecs.cme._layout import DEFINITION as DEFINITION_KIND
from zerofeed.codecs.sbe._definition_kernels import name_after
from zerofeed.feed._instrument_kernels import ROW_WORDS, W_REVISION, W_VENUE_KEY, find, find_or_add
from zerofeed.records.kinds import ACTION_NONE, LEVEL
from zerofeed.shm.journal import put

__all__ = [
    "HEADER_BYTES",
    "PACKET_BYTES",
    "Place",
    "close_transactions",
    "find_parts",
    "forget_open",
    "instrument_words",
    "is_implied_row",
    "is_of_loop",
    "message_row",
    "name_implied",
    "note_level",
    "number_or",
    "open_message",
    "row_of",
    "size_at",
    "tell",
    "told_at",
    "track",
    "track_entries",
]

_Words = npt.NDArray[np.int64]
Place = int
"""Word of the feed's state at which the codec's own begin."""

PACKET_BYTES = 12
HEADER_BYTES = 10
"""Of a message: its size, and the header of SBE."""
_SCHEMA_ID = 1
_GROUP_BYTES = 3
_SECOND_BYTES = 8
_SECOND_COUNT_AT = 7
_NO_REPORTS = 0xFFFF_FFFF
_IMPLIED_NAME = 0x6465_696C_706D_6920
"""The text " implied"."""
_REAL_BROKEN, _IMPLIED_BROKEN = 1, 2


@always_inlined
def message_row(buf: Bytes, at: int, scratch: _Words) -> int:
    """Find the row of the layout table for the message at ``at``; -1 where the schema has no such template."""
    template = u16(buf, at + 4)
    if template >= TEMPLATE_LIMIT or u16(buf, at + 6) != _SCHEMA_ID:
        return -1
    row = TABLE_AT + template * LAYOUT_WORDS
    return row if scratch[row + L_KIND] != 0 else -1


@inlined
def is_of_loop(buf: Bytes, at: int, end: int, scratch: _Words) -> bool:
    """Tell whether a packet is of a feed that goes round: snapshots, or the definitions of all instruments.

    Its first message says it: a snapshot, or a definition that counts all of them. Such packets have
    numbers of their own, which begin again with each round.
    """
    if end - at < HEADER_BYTES:
        return False
    row = message_row(buf, at, scratch)
    if row < 0:
        return False
    kind = scratch[row + L_KIND]
    if kind == SNAPSHOT or kind == ORDER_SNAPSHOT:
        return True
    if kind != DEFINITION_KIND:
        return False
    reports = at + HEADER_BYTES + scratch[row + L_REPORTS]
    return reports + 4 <= end and u32(buf, reports) != _NO_REPORTS


@inlined
def find_parts(buf: Bytes, at: int, end: int, scratch: _Words) -> int:
    """Find the parts of a frequent message.

    Args:
        buf: uint8 that holds it at ``buf[at:end]``.
        at: its first byte, that of its size.
        end: behind its last.
        scratch: see :mod:`._layout`; the C words are set.

    Returns:
        OK; UNKNOWN_TEMPLATE, UNKNOWN_SCHEMA; MALFORMED, TRUNCATED: a length or a count is a lie.
    """
    if end - at < HEADER_BYTES or end > buf.shape[0]:
        return TRUNCATED
    if u16(buf, at + 6) != _SCHEMA_ID:
        return UNKNOWN_SCHEMA
    row = message_row(buf, at, scratch)
    if row < 0:
        return UNKNOWN_TEMPLATE
    block = u16(buf, at + 2)
    root = at + HEADER_BYTES
    group = root + block
    scratch[C_LAYOUT] = row
    scratch[C_ROOT] = root
    scratch[C_VERSION] = u16(buf, at + 8)
    scratch[C_NEXT] = 0
    scratch[C_STOPPED] = 0
    scratch[C_SECOND_COUNT] = 0
    if block < scratch[row + L_LEAST]:
        return MALFORMED
    if group + _GROUP_BYTES > end:
        return TRUNCATED
    length = u16(buf, group)
    count = u8(buf, group + 2)
    first = group + _GROUP_BYTES
    second = first + count * length
    if count > 0 and length < scratch[row + L_ENTRY_LEAST]:
        return MALFORMED
    if second > end:
        return TRUNCATED
    scratch[C_GROUP] = first
    scratch[C_LENGTH] = length
    scratch[C_COUNT] = count
    since = scratch[row + L_SECOND]
    if since == NOWHERE or since > scratch[C_VERSION]:
        return OK
    if second + _SECOND_BYTES > end:
        return TRUNCATED
    length = u16(buf, second)
    count = u8(buf, second + _SECOND_COUNT_AT)
    if count > 0 and length < scratch[row + L_SECOND_LEAST]:
        return MALFORMED
    if second + _SECOND_BYTES + count * length > end:
        return TRUNCATED
    scratch[C_SECOND] = second + _SECOND_BYTES
    scratch[C_SECOND_LENGTH] = length
    scratch[C_SECOND_COUNT] = count
    return OK


@kernel(int64(U8_RO, int64, int64, I64))
def open_message(buf: Bytes, at: int, end: int, scratch: _Words) -> int:
    """:func:`find_parts` as a kernel of its own."""
    return find_parts(buf, at, end, scratch)


@always_inlined
def instrument_words(own_at: Place, row: int) -> int:
    """Find the first of an instrument's words in the codec's state."""
    return own_at + OPEN_WORDS + row * I_WORDS


@always_inlined
def told_at(own_at: Place, words: _Words) -> int:
    """Find the words that note which definitions were announced, behind those of the instruments."""
    return own_at + OPEN_WORDS + words.size // ROW_WORDS * I_WORDS


@inlined
def _begin_era(state: _Words, at: int, era: int) -> None:
    """Forget what was known of an instrument before its channel began anew."""
    for word in range(1, I_WORDS):
        if word != I_TAIL and state[at + word] != 0:
            put(state, at + word, 0)
    put(state, at + I_ERA, era)


@always_inlined
def row_of(key: int, era: int, words: _Words, lookup: _Words, state: _Words, own_at: Place) -> int:
    """Find or make the row of an instrument; negative when the table is full."""
    row = find_or_add(words, lookup, key, PRICE_EXPONENT, 0)
    if row >= 0:
        at = instrument_words(own_at, row)
        if state[at + I_ERA] != era:
            _begin_era(state, at, era)
    return row


@always_inlined
def is_implied_row(words: _Words, row: int) -> bool:
    """Tell whether a row is of an implied book: bits above the number's 32 are not those of its sign."""
    key = words[row * ROW_WORDS + W_VENUE_KEY]
    return (key ^ key >> 63) & IMPLIED_BITS != 0


@inlined
def name_implied(key: int, row: int, words: _Words, lookup: _Words, definition: _Words) -> None:
    """Name an implied book after its instrument, when that is defined."""
    if words[row * ROW_WORDS + W_REVISION] != 0:
        return
    origin = find(lookup, key ^ IMPLIED_BITS)
    if origin >= 0 and words[origin * ROW_WORDS + W_REVISION] != 0:
        name_after(words, row, origin, definition, _IMPLIED_NAME)


@inlined
def tell(
    row: int, ts_recv_ns: int, words: _Words, state: _Words, own_at: Place, records: _Words,
    index: int,
) -> int:  # fmt: skip
    """Store the INSTRUMENT record of a definition that was not told yet; the index behind it."""
    return announce(row, ts_recv_ns, words, state, told_at(own_at, words) + row, records, index)


@always_inlined
def track(state: _Words, at: int, rpt: int) -> None:
    """Follow the count of an instrument's changes.

    Args:
        state: a journal.
        at: first word of the instrument.
        rpt: the number that came.
    """
    seen = state[at + I_RPT]
    if rpt > seen:
        if seen > 0 and rpt != seen + 1:
            put(state, at + I_BROKEN, _REAL_BROKEN | _IMPLIED_BROKEN)
        put(state, at + I_RPT, rpt)


@kernel(int64(U8_RO, I64, I64, I64, int64, int64, I64))
def track_entries(
    buf: Bytes, words: _Words, lookup: _Words, state: _Words, own_at: Place, era: int,
    scratch: _Words,
) -> int:  # fmt: skip
    """Follow the counts of the entries of an open message that another reads.

    Returns:
        OK.
    """
    layout = scratch[C_LAYOUT]
    at = scratch[C_GROUP]
    for _ in range(scratch[C_COUNT]):
        row = row_of(i32(buf, at + scratch[layout + L_ID]), era, words, lookup, state, own_at)
        if row >= 0:
            track(state, instrument_words(own_at, row), u32(buf, at + scratch[layout + L_RPT]))
        at += scratch[C_LENGTH]
    return OK


@always_inlined
def note_level(
    state: _Words, own_at: Place, origin: int, row: int, is_implied: int, label: int, index: int
) -> int:
    """Note a level record of a book; tell which change was before its transaction.

    Args:
        state: a journal.
        own_at: the codec's words.
        origin: row of the instrument, whose count tells what is missing.
        row: of the book; the same unless it is implied.
        is_implied: 0 or 1.
        label: number of the packet with which the open event began.
        index: of the record.

    Returns:
        Its ``prev_change_id``; with the sign bit turned: there is no room in the list of open transactions,
        so this one ends at once.
    """
    at = instrument_words(own_at, row)
    # Of use within a packet alone, and looked at twice then: not worth an entry of the journal.
    state[at + I_TAIL] = index
    if state[at + I_OPEN] != 0:
        return state[at + I_PREVIOUS]
    known = state[at + I_LABEL]
    source = instrument_words(own_at, origin)
    bit = _IMPLIED_BROKEN if is_implied else _REAL_BROKEN
    broken = state[source + I_BROKEN]
    previous = known if 0 < known <= label and broken & bit == 0 else label - 1
    if broken & bit:
        put(state, source + I_BROKEN, broken & ~bit)
    # A snapshot may be ahead of the packets.
    if known < label:
        put(state, at + I_LABEL, label)
    put(state, at + I_PREVIOUS, previous)
    if state[at + I_NEWS] != 0:
        put(state, at + I_NEWS, 0)
    count = state[own_at]
    if count == MOST_OPEN:
        return ~previous
    put(state, at + I_OPEN, label)
    put(state, own_at + 1 + count, row | is_implied * IMPLIED)
    put(state, own_at, count + 1)
    return previous


@inlined
def close_transactions(
    state: _Words, own_at: Place, ends: int, ts_recv_ns: int, ts_event_ns: int, records: _Words,
    first: int, index: int, limit: int,
) -> int:  # fmt: skip
    """End the transactions of books: mark the last record of each, or store one that has no level.

    Args:
        state: a journal.
        own_at: the codec's words.
        ends: bit 0, of books; bit 1, of implied ones.
        ts_recv_ns: arrival.
        ts_event_ns: the venue's time.
        records: RECORD array as int64.
        first: index of the first record that was not applied yet.
        index: behind the last record.
        limit: index at which the room ends.

    Returns:
        The index behind the last record.
    """
    count = state[own_at]
    kept = 0
    for place in range(count):
        entry = state[own_at + 1 + place]
        row = entry & ~IMPLIED
        bit = 2 if entry & IMPLIED else 1
        if ends & bit == 0 or index >= limit:
            if kept != place:
                put(state, own_at + 1 + kept, entry)
            kept += 1
            continue
        at = instrument_words(own_at, row)
        tail = state[at + I_TAIL]
        is_here = False
        if first <= tail < index:
            head = records[tail * RECORD_WORDS + 3]
            is_here = head & 0xFF_FFFF_FFFF == row | LEVEL << 32
        if not is_here:
            tail = index
            bare_level(row, ACTION_NONE, 0, ts_recv_ns, records, index)
            base = index * RECORD_WORDS
            records[base + 1] = ts_event_ns
            records[base + 6] = state[at + I_OPEN]
            records[base + 7] = state[at + I_PREVIOUS]
            index += 1
        # LAST is the sign bit.
        records[tail * RECORD_WORDS + 3] |= int64(-1) << 63
        put(state, at + I_OPEN, 0)
    if kept != count:
        put(state, own_at, kept)
    return index


@inlined
def forget_open(state: _Words, own_at: Place) -> None:
    """Give all open transactions up: what would have ended them may be lost."""
    for place in range(state[own_at]):
        put(state, instrument_words(own_at, state[own_at + 1 + place] & ~IMPLIED) + I_OPEN, 0)
    if state[own_at] != 0:
        put(state, own_at, 0)


@always_inlined
def size_at(buf: Bytes, at: int, size_bytes: int) -> int:
    """Read a size of four or eight bytes; -1 where it is null, or no int64."""
    if size_bytes == 8:
        size = u64(buf, at)
        return size if size >= 0 else -1
    size = i32(buf, at)
    return -1 if size == 0x7FFF_FFFF else size


@always_inlined
def number_or(buf: Bytes, at: int, undefined: int) -> int:
    """Read an unsigned number of eight bytes; ``undefined`` where it is null, or no int64."""
    number = i64(buf, at)
    return number if number >= 0 else undefined
