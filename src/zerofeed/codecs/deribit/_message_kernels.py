"""What the message kernels share: the result words, the venue's state, one record's eight words.

``result`` (int64, at least RESULT_WORDS) is rewritten by every message:

=====  =================  ======================================================================
word   name               meaning
=====  =================  ======================================================================
0      NEXT               byte position behind the message
1      TEMPLATE           template id, -1 when not even the header is there
2      ROW                instrument row that the message is about, -1 for none
3      REFUSED            1: dropped because the instruments table is full
4      OUT_OF_RANGE       numbers that fit no scaled integer and are published as UNDEF
5      ROUNDED            numbers with more decimals than are kept, published rounded
6-10   ENTRIES ... NAME   where the first group and the first text are (between kernels)
=====  =================  ======================================================================

``state`` is a journal (:mod:`zerofeed.shm.journal`) whose words from ``state_at`` on belong to
this codec: SCRATCH_WORDS of scratch, then STATE_WORDS for each instrument row:

=====  ================  =======================================================================
word   name              meaning
=====  ================  =======================================================================
0      STATE             last trading state told + 1; 0: none told yet
1      SNAPSHOT_OPEN     1 while a book's snapshot goes on in the next message
2      SNAPSHOT_CHANGE   change id of that snapshot
3      ANNOUNCED         revision of the definition last announced
=====  ================  =======================================================================

Changes there go through the journal, so that a step that a killed worker left unpublished is
undone and yields the same records again.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined, inlined
from zerofeed.codecs._bytes import Bytes, f64, i64, u32
from zerofeed.codecs.deribit._decimal_kernels import OUT_OF_RANGE, ROUNDED
from zerofeed.codecs.deribit._layout import INSTRUMENT_ID
from zerofeed.feed._instrument_kernels import find_or_add, set_state
from zerofeed.records.kinds import ACTION_NONE, NO_SIDE, STATUS
from zerofeed.records.units import UNDEF
from zerofeed.shm.journal import put

__all__ = [
    "ANNOUNCED",
    "ENTRIES",
    "ENTRY_BLOCK",
    "ENTRY_COUNT",
    "NAME",
    "NAME_BYTES",
    "NEXT",
    "OUT_OF_RANGE",
    "PRICE_EXPONENT",
    "PRICE_POWER",
    "RATE_POWER",
    "RECORD_WORDS",
    "REFUSED",
    "RESULT_WORDS",
    "ROUNDED",
    "ROW",
    "SCRATCH_WORDS",
    "SIZE_EXPONENT",
    "SIZE_POWER",
    "SNAPSHOT_CHANGE",
    "SNAPSHOT_OPEN",
    "STATE",
    "STATE_WORDS",
    "TEMPLATE",
    "head_of",
    "identity",
    "instrument_row",
    "nanoseconds",
    "number",
    "put_record",
    "put_status",
    "word",
]

_Words = npt.NDArray[np.int64]

NEXT = 0
TEMPLATE = 1
ROW = 2
REFUSED = 3
ENTRIES = 6
ENTRY_BLOCK = 7
ENTRY_COUNT = 8
NAME = 9
NAME_BYTES = 10
RESULT_WORDS = 16

SCRATCH_WORDS = 32
STATE_WORDS = 4
STATE = 0
SNAPSHOT_OPEN = 1
SNAPSHOT_CHANGE = 2
ANNOUNCED = 3

RECORD_WORDS = 8

PRICE_EXPONENT = -9
PRICE_POWER = 1_000_000_000
SIZE_EXPONENT = -8
SIZE_POWER = 100_000_000
RATE_POWER = 1_000_000_000_000

_NAN = float("nan")
_LAST_MS = 9_223_372_036_854


@always_inlined
def number(buf: Bytes, block: int, length: int, offset: int) -> float:
    """Load a double of a block, NaN when the acting block ends before it."""
    if offset + 8 <= length:
        return f64(buf, block + offset)
    return _NAN


@inlined
def word(buf: Bytes, block: int, length: int, offset: int) -> int:
    """Load eight bytes of a block, 0 when the acting block ends before them."""
    if offset + 8 <= length:
        return i64(buf, block + offset)
    return 0


@inlined
def nanoseconds(milliseconds: int) -> int:
    """Scale the venue's Unix milliseconds; UNDEF for what int64 ns cannot hold."""
    if 0 <= milliseconds <= _LAST_MS:
        return milliseconds * 1_000_000
    return UNDEF


@inlined
def identity(value: int) -> int:
    """Give an id as it is sent; UNDEF for SBE's null of uint64, which loads as -1."""
    return UNDEF if value == -1 else value


@always_inlined
def instrument_row(buf: Bytes, block: int, words: _Words, lookup: _Words, result: _Words) -> int:
    """Find or make the row of the instrument that a block begins with; negative when full."""
    row = find_or_add(words, lookup, u32(buf, block + INSTRUMENT_ID), PRICE_EXPONENT, SIZE_EXPONENT)
    result[ROW] = row
    if row < 0:
        result[REFUSED] = 1
    return row


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
def put_status(
    row: int, trading_state: int, ts_event_ns: int, ts_recv_ns: int, words: _Words,
    state: _Words, state_at: int, records: _Words, index: int,
) -> int:  # fmt: skip
    """Store a STATUS record if the instrument's trading state is not the one last told.

    Returns:
        Records stored, 0 or 1.
    """
    known_at = state_at + SCRATCH_WORDS + row * STATE_WORDS + STATE
    known = state[known_at]
    if known == trading_state + 1:
        return 0
    put(state, known_at, trading_state + 1)
    set_state(words, row, trading_state)
    previous = UNDEF if known == 0 else known - 1
    head = head_of(row, STATUS, NO_SIDE, ACTION_NONE, 0)
    put_record(records, index, ts_event_ns, ts_recv_ns, head, trading_state, previous, UNDEF, UNDEF)
    return 1
