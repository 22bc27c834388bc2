"""What the codecs of US equity exchanges share: instruments named by eight bytes, a record's words.

IEX and Cboe name an instrument in each message by up to eight letters, padded with spaces. Those eight
bytes, as one word, are its key in the instruments' map: a look-up is one probe, and nothing is parsed.
An instrument exists from the first message that names it, and is announced by an INSTRUMENT record then:
its symbol is all that most venues ever say of it.

``state`` is a journal (:mod:`zerofeed.shm.journal`) whose words from ``state_at`` on belong to the codec:
SCRATCH_WORDS of scratch, then STATE_WORDS for each instrument row:

=====  ==========  =============================================================================
word   name        meaning
=====  ==========  =============================================================================
0      STATE       trading state last told + 1; 0: none told yet
1      ANNOUNCED   revision of the definition last announced
2      BEGUN       era in which its book was begun; see :func:`begin_book`
3      (spare)
=====  ==========  =============================================================================

Changes there go through the journal, so that a step that a killed worker left unpublished is
undone and yields the same records again.

``result`` (int64, at least RESULT_WORDS) is rewritten by every message:

=====  ==========  =============================================================================
word   name        meaning
=====  ==========  =============================================================================
0      NEXT        byte position behind the message; of this message again when it is not done
1      SLOT        slot of the message's type, -1 when it is not known
2      ROW         instrument row that the message is about, -1 for none
3      REFUSED     1: dropped because the instruments table is full
=====  ==========  =============================================================================
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined, inlined
from zerofeed.feed._instrument_kernels import (
    ROW_WORDS,
    W_BASE,
    W_CHANNEL,
    W_REVISION,
    W_SETTLEMENT,
    W_SYMBOL,
    W_TICK_SIZE,
    W_TRAITS,
    define,
    find_or_add,
    set_state,
)
from zerofeed.records.flags import LAST, MBP, SNAPSHOT
from zerofeed.records.instruments import STOCK
from zerofeed.records.kinds import (
    ACTION_ADD,
    ACTION_CLEAR,
    ACTION_MODIFY,
    ACTION_NONE,
    INSTRUMENT,
    LEVEL,
    NO_SIDE,
    STATUS,
)
from zerofeed.records.units import UNDEF
from zerofeed.shm.journal import put

__all__ = [
    "ANNOUNCED",
    "BEGUN",
    "NEXT",
    "PRICE_EXPONENT",
    "RECORD_WORDS",
    "REFUSED",
    "RESULT_WORDS",
    "ROW",
    "SCRATCH_WORDS",
    "SIZE_EXPONENT",
    "SLOT",
    "SPACES",
    "STATE",
    "STATE_WORDS",
    "announce",
    "begin_book",
    "head_of",
    "own_state",
    "put_record",
    "put_status",
    "row_of",
    "told_state",
    "without_spaces",
]

_Words = npt.NDArray[np.int64]

NEXT = 0
SLOT = 1
ROW = 2
REFUSED = 3
RESULT_WORDS = 16

SCRATCH_WORDS = 32
STATE_WORDS = 4
STATE = 0
ANNOUNCED = 1
BEGUN = 2

RECORD_WORDS = 8

PRICE_EXPONENT = -4
SIZE_EXPONENT = 0

SPACES = 0x2020_2020_2020_2020
"""Eight spaces; with a shorter symbol over the low bytes, its key."""
_DOLLAR = 0x44_53_55
"""The text USD."""


@always_inlined
def head_of(row: int, kind: int, side: int, action: int, flags: int) -> int:
    """Pack instrument, kind, side, action and flags into a record's fourth word."""
    # flags fill the sign byte: made signed first, so that the plain Python twin fits int64 too.
    signed_flags = (flags ^ 128) - 128
    return row | kind << 32 | side << 40 | action << 48 | signed_flags << 56


@always_inlined
def put_record(
    records: _Words, index: int, ts_event_ns: int, ts_recv_ns: int, head: int,
    first: int, second: int, third: int, fourth: int,
) -> None:  # fmt: skip
    """Store one record, all words but ``seq``, which is set at publication."""
    at = index * RECORD_WORDS
    records[at + 1] = ts_event_ns
    records[at + 2] = ts_recv_ns
    records[at + 3] = head
    records[at + 4] = first
    records[at + 5] = second
    records[at + 6] = third
    records[at + 7] = fourth


@always_inlined
def own_state(state_at: int, row: int) -> int:
    """Find the first of an instrument's words in the codec's state."""
    return state_at + SCRATCH_WORDS + row * STATE_WORDS


@inlined
def without_spaces(symbol: int) -> int:
    """Put NULs in place of the spaces that eight bytes of text end with."""
    for place in range(7, -1, -1):
        if (symbol >> (8 * place)) & 0xFF != 0x20:
            return symbol
        symbol &= ~(0xFF << (8 * place)) if place < 7 else 0x00FF_FFFF_FFFF_FFFF
    return symbol


@inlined
def _define(words: _Words, row: int, symbol: int, channel: int, state: _Words, at: int) -> None:
    """Write the definition that a symbol alone makes."""
    for word in range(SCRATCH_WORDS):
        state[at + word] = 0
    for word in range(W_TICK_SIZE, W_BASE):
        state[at + word] = UNDEF
    name = without_spaces(symbol)
    state[at + W_SYMBOL] = name
    state[at + W_TRAITS] = STOCK
    # Texts of twelve bytes: base, quote, settlement, counter, one behind the other.
    state[at + W_BASE] = name
    state[at + W_BASE + 1] = _DOLLAR << 32
    state[at + W_SETTLEMENT] = _DOLLAR
    state[at + W_CHANNEL] = channel
    define(words, row, state, at)


@inlined
def announce(
    row: int, ts_event_ns: int, ts_recv_ns: int, words: _Words, state: _Words, state_at: int,
    records: _Words, index: int,
) -> int:  # fmt: skip
    """Store the INSTRUMENT record of a definition that was not told yet.

    Returns:
        Records stored, 0 or 1.
    """
    told_at = own_state(state_at, row) + ANNOUNCED
    base = row * ROW_WORDS
    revision = words[base + W_REVISION]
    told = state[told_at]
    if told == revision:
        return 0
    action = ACTION_ADD if told == 0 else ACTION_MODIFY
    put(state, told_at, revision)
    put_record(
        records, index, ts_event_ns, ts_recv_ns, head_of(row, INSTRUMENT, NO_SIDE, action, 0),
        words[base + W_TICK_SIZE], words[base + W_TICK_SIZE + 1],
        words[base + W_TICK_SIZE + 2], words[base + W_TICK_SIZE + 4],
    )  # fmt: skip
    return 1


@always_inlined
def row_of(
    symbol: int, channel: int, words: _Words, lookup: _Words, state: _Words, state_at: int,
    result: _Words,
) -> int:  # fmt: skip
    """Find or make the row of a symbol, defined; negative when the table is full.

    Args:
        symbol: its eight bytes.
        channel: that its messages come on.
        words: the instruments' rows.
        lookup: the instruments' map.
        state: journal.
        state_at: first word of the codec.
        result: receives ROW, and REFUSED when there is no room.
    """
    row = find_or_add(words, lookup, symbol, PRICE_EXPONENT, SIZE_EXPONENT)
    result[ROW] = row
    if row < 0:
        result[REFUSED] = 1
    elif words[row * ROW_WORDS + W_REVISION] == 0:
        _define(words, row, symbol, channel, state, state_at)
    return row


@inlined
def told_state(state: _Words, state_at: int, row: int) -> int:
    """Give the trading state that was last told of an instrument, 0 when none was."""
    known = state[own_state(state_at, row) + STATE]
    return 0 if known == 0 else known - 1


@inlined
def put_status(
    row: int, trading_state: int, ts_event_ns: int, ts_recv_ns: int, reason: int, words: _Words,
    state: _Words, state_at: int, records: _Words, index: int,
) -> int:  # fmt: skip
    """Store a STATUS record, and the state in the instrument's row.

    Args:
        row: of the instrument; 0 for the venue itself.
        trading_state: 0 to 2**31 - 1.
        ts_event_ns: the venue's time.
        ts_recv_ns: arrival.
        reason: eight bytes of text, padded with NULs; UNDEF for none.
        words: the instruments' rows.
        state: journal.
        state_at: first word of the codec.
        records: int64, 8 words a record.
        index: record at which to store.

    Returns:
        Records stored, 1.
    """
    known_at = own_state(state_at, row) + STATE
    known = state[known_at]
    if known != trading_state + 1:
        put(state, known_at, trading_state + 1)
        set_state(words, row, trading_state)
    previous = UNDEF if known == 0 else known - 1
    head = head_of(row, STATUS, NO_SIDE, ACTION_NONE, LAST)
    put_record(
        records, index, ts_event_ns, ts_recv_ns, head, trading_state, previous, reason, UNDEF
    )
    return 1


@inlined
def begin_book(
    row: int, era: int, ts_event_ns: int, ts_recv_ns: int, state: _Words, state_at: int,
    records: _Words, index: int,
) -> int:  # fmt: skip
    """Store the empty snapshot with which a book of price levels begins, once in an era.

    A venue without snapshots begins its session with empty books, and tells every change. So a book is
    proven by that it was empty when the first message of the session came, as long as no message is missing.

    Args:
        row: of the instrument.
        era: number of the session since its first message, 1 or more; 0 when its beginning, or anything
            since, is missing: nothing is stored.
        ts_event_ns: the venue's time of the change that comes next.
        ts_recv_ns: arrival.
        state: journal.
        state_at: first word of the codec.
        records: int64, 8 words a record.
        index: record at which to store.

    Returns:
        Records stored, 0 or 1.
    """
    begun_at = own_state(state_at, row) + BEGUN
    if era == 0 or state[begun_at] == era:
        return 0
    put(state, begun_at, era)
    head = head_of(row, LEVEL, NO_SIDE, ACTION_CLEAR, LAST | SNAPSHOT | MBP)
    put_record(records, index, ts_event_ns, ts_recv_ns, head, UNDEF, 0, UNDEF, UNDEF)
    return 1
