"""One ITCH message into records.

Nine of ten messages change an order, and they are decoded by the table in ``scratch`` without a branch that
depends on their type, but for the second record that some have. What is left is one function's, in
``_other_kernels``.

A message longer than its type is decoded as far as it is known; a shorter one is malformed. Nothing here allocates,
raises, reads a clock, or looks at sequence numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, U8_RO, always_inlined, inlined, int64, kernel
from zerofeed.base.status import BUFFER_FULL, MALFORMED, UNKNOWN_TEMPLATE
from zerofeed.codecs._bytes import Bytes, i64, u8, u16_be, u32_be, u64_be
from zerofeed.codecs._equity_kernels import (
    PRICE_EXPONENT,
    RECORD_WORDS,
    REFUSED,
    ROW,
    SIZE_EXPONENT,
    SLOT,
    announce,
    row_of,
)
from zerofeed.codecs.itch._layout import (
    AT,
    E_HEAD,
    E_ID,
    E_LENGTH,
    E_PRICE,
    E_RECORDS,
    E_SECOND,
    E_SIDE,
    E_SIDE_MASK,
    E_SIDE_NONE,
    E_SIZE,
    E_SLOT,
    E_STOCK,
    ENTRY_WORDS,
    LOCATE,
    LOCATES,
    MASK,
    NONE,
    SIDES,
    TABLE,
    TIME_MASK,
    TIME_WORD,
)
from zerofeed.codecs.itch._other_kernels import decode_other
from zerofeed.feed._instrument_kernels import find_or_add
from zerofeed.records.units import UNDEF
from zerofeed.shm.journal import put

__all__ = ["MOST_RECORDS", "decode_message", "decode_one", "time_of_day"]

_Words = npt.NDArray[np.int64]

MOST_RECORDS = 3
"""Most records that one message makes: two, and its stock when nobody has told of it."""

_SYMBOL_MASK = 0x7FFF_FFFF_FFFF_FFFF


@always_inlined
def time_of_day(buf: Bytes, at: int) -> int:
    """Load a message's time, ns since midnight; its first eleven bytes are there."""
    return u64_be(buf, at + TIME_WORD) & TIME_MASK


@inlined
def _meet(
    buf: Bytes, at: int, stock_at: int, locate: int, ts_event_ns: int, ts_recv_ns: int,
    channel: int, words: _Words, lookup: _Words, state: _Words, state_at: int, records: _Words,
    index: int, scratch: _Words,
) -> int:  # fmt: skip
    """Find or make the row of a locate that is not known, or whose symbol is not; ROW receives it.

    Returns:
        Records stored: 1 when the message told a symbol that is new.
    """
    known = state[state_at + locate]
    if stock_at == 0:
        row = -known
        if row == 0:
            row = find_or_add(words, lookup, -1 - locate, PRICE_EXPONENT, SIZE_EXPONENT)
            if row >= 0:
                put(state, state_at + locate, -row)
            else:
                scratch[REFUSED] = 1
        scratch[ROW] = row
        return 0
    symbol = i64(buf, at + stock_at) & _SYMBOL_MASK
    row = row_of(symbol, channel, words, lookup, state, state_at + LOCATES, scratch)
    if row < 0:
        return 0
    put(state, state_at + locate, row)
    return announce(
        row, ts_event_ns, ts_recv_ns, words, state, state_at + LOCATES, records, index
    )  # fmt: skip


@always_inlined
def _put_part(
    buf: Bytes, at: int, entry: int, head: int, ts_event_ns: int, ts_recv_ns: int, records: _Words,
    index: int, scratch: _Words,
) -> None:  # fmt: skip
    """Store one record as the table says."""
    out = index * RECORD_WORDS
    price_at = entry + E_PRICE
    size_at = entry + E_SIZE
    records[out + 1] = ts_event_ns
    records[out + 2] = ts_recv_ns
    records[out + 3] = head
    price = u32_be(buf, at + scratch[price_at + AT])
    records[out + 4] = (price & scratch[price_at + MASK]) | scratch[price_at + NONE]
    size = u32_be(buf, at + scratch[size_at + AT])
    records[out + 5] = (size & scratch[size_at + MASK]) | scratch[size_at + NONE]
    records[out + 6] = u64_be(buf, at + scratch[entry + E_ID])
    records[out + 7] = UNDEF


@always_inlined
def decode_message(
    buf: Bytes, at: int, length: int, midnight_ns: int, ts_recv_ns: int, channel: int,
    words: _Words, lookup: _Words, state: _Words, state_at: int, records: _Words, out_at: int,
    limit: int, scratch: _Words,
) -> int:  # fmt: skip
    """Decode one message into records. The single writer of the feed only.

    Args:
        buf: uint8; nothing outside ``buf[at : at + length]`` is read.
        at: position of the message's type.
        length: its bytes, as its framing says.
        midnight_ns: what its time counts from, Unix ns.
        ts_recv_ns: arrival, Unix ns, copied into every record.
        channel: where it came from, for definitions.
        words: the instruments' rows as int64.
        lookup: the instruments' map.
        state: int64 journal; ``begin`` was called for the step that this message belongs to.
        state_at: first of this codec's words in it: LOCATES, then those of ``_equity_kernels``.
        records: int64, 8 words a record; word 0 (``seq``) is left to publication.
        out_at: record index at which to store.
        limit: record index at which the room ends; MOST_RECORDS must fit.
        scratch: from ``make_scratch``; SLOT, ROW and REFUSED are set when records are made.

    Returns:
        Records stored, 0 or more. UNKNOWN_TEMPLATE: no such type. MALFORMED: shorter than its type, or
        neither buy nor sell. BUFFER_FULL. In these cases nothing was stored or changed.
    """
    if length < 1:
        return MALFORMED
    kind = u8(buf, at)
    entry = TABLE + kind * ENTRY_WORDS
    count = scratch[entry + E_RECORDS]
    if count < 0:
        return UNKNOWN_TEMPLATE
    if length < scratch[entry + E_LENGTH]:
        return MALFORMED
    if out_at + MOST_RECORDS > limit:
        return BUFFER_FULL
    # Looked up, not compared: buyers and sellers alternate without a pattern.
    letter = u8(buf, at + scratch[entry + E_SIDE]) & scratch[entry + E_SIDE_MASK]
    shift = scratch[SIDES + (letter | scratch[entry + E_SIDE_NONE])]
    if shift < 0:
        return MALFORMED
    scratch[SLOT] = scratch[entry + E_SLOT]
    ts_event_ns = midnight_ns + time_of_day(buf, at)
    locate = u16_be(buf, at + LOCATE)
    row = state[state_at + locate]
    told = 0
    scratch[REFUSED] = 0
    stock_at = scratch[entry + E_STOCK]
    if row <= 0 and stock_at >= 0:
        told = _meet(
            buf, at, stock_at, locate, ts_event_ns, ts_recv_ns, channel, words, lookup, state,
            state_at, records, out_at, scratch,
        )  # fmt: skip
        row = scratch[ROW]
        if row < 0:
            return 0
    scratch[ROW] = row
    index = out_at + told
    if count == 0:
        return told + decode_other(
            buf, at, kind, row, midnight_ns, ts_event_ns, ts_recv_ns, channel, words, lookup,
            state, state_at, records, index, scratch,
        )  # fmt: skip
    head = scratch[entry + E_HEAD] + row - shift
    _put_part(buf, at, entry, head, ts_event_ns, ts_recv_ns, records, index, scratch)
    if count == 2:
        second = entry + E_SECOND
        head = scratch[second + E_HEAD] + row
        _put_part(buf, at, second, head, ts_event_ns, ts_recv_ns, records, index + 1, scratch)
    return told + count


@kernel(
    int64(
        U8_RO, int64, int64, int64, int64, int64, I64, I64, I64, int64, I64, int64, int64, I64
    )
)  # fmt: skip
def decode_one(
    buf: Bytes, at: int, length: int, midnight_ns: int, ts_recv_ns: int, channel: int,
    words: _Words, lookup: _Words, state: _Words, state_at: int, records: _Words, out_at: int,
    limit: int, scratch: _Words,
) -> int:  # fmt: skip
    """:func:`decode_message` for callers outside compiled code."""
    return decode_message(
        buf, at, length, midnight_ns, ts_recv_ns, channel, words, lookup, state, state_at, records,
        out_at, limit, scratch,
    )  # fmt: skip
