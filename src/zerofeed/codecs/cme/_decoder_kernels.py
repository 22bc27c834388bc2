"""CME's frequent messages one behind the other into records, without books: for callers that have messages and nothing else."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, U8_RO, int64, kernel
from zerofeed.base.status import OK
from zerofeed.codecs._bytes import Bytes, u8, u16
from zerofeed.codecs.cme._book_kernels import (
    decode_book_orders,
    decode_orders,
    decode_trades,
    make_levels,
)
from zerofeed.codecs.cme._kernels import (
    HEADER_BYTES,
    Place,
    close_transactions,
    find_parts,
)
from zerofeed.codecs.cme._layout import (
    BOOK,
    C_COUNT,
    C_ENDS,
    C_LABEL,
    C_LAYOUT,
    C_NEXT,
    C_SECOND_COUNT,
    EVENT_QUOTES,
    L_EVENT,
    L_KIND,
    ORDERS,
    TRADES,
)
from zerofeed.records.units import UNDEF

__all__ = ["MESSAGES", "NUMBER", "PASSED", "REST", "decode_messages"]

_Words = npt.NDArray[np.int64]

MESSAGES = 0
"""Index in ``result``: messages that were decoded."""
PASSED = 1
"""Index in ``result``: messages that have no kernel of their own, or cannot be used."""
REST = 2
"""Index in ``result``: position of the first byte that was not taken."""
NUMBER = 3
"""Index in ``result``: number of the packet that the next message would be."""

_END_OF_EVENT = 1 << 7


@kernel(int64(U8_RO, int64, int64, I64, I64, I64, int64, I64, int64, I64, I64))
def decode_messages(
    buf: Bytes, ts_recv_ns: int, label: int, words: _Words, lookup: _Words, state: _Words,
    own_at: Place, records: _Words, limit: int, scratch: _Words, result: _Words,
) -> int:  # fmt: skip
    """Decode messages until the buffer or the room ends.

    Args:
        buf: uint8, messages behind their sizes.
        ts_recv_ns: arrival, Unix ns.
        label: number of the first message's packet; each is taken as the next packet.
        words: the instruments' rows.
        lookup: the instruments' map.
        state: a journal with the codec's words.
        own_at: first of these.
        records: RECORD array as int64.
        limit: records that have room.
        scratch: see :mod:`._layout`.
        result: int64[4], MESSAGES and PASSED are counted up, REST and NUMBER are set.

    Returns:
        Records written.
    """
    at = int64(0)
    end = buf.shape[0]
    index = int64(0)
    while at + HEADER_BYTES <= end:
        size = u16(buf, at)
        if size < HEADER_BYTES or size > end - at:
            break
        if find_parts(buf, at, at + size, scratch) != OK:
            result[PASSED] += 1
            at += size
            label += 1
            continue
        layout = scratch[C_LAYOUT]
        kind = scratch[layout + L_KIND]
        event = u8(buf, at + HEADER_BYTES + scratch[layout + L_EVENT]) if kind <= TRADES else 0
        scratch[C_LABEL] = label
        scratch[C_ENDS] = 3 if event & _END_OF_EVENT else int64(event & EVENT_QUOTES != 0)
        made = index
        if kind == BOOK:
            made = make_levels(
                buf, ts_recv_ns, words, lookup, state, own_at, records, index, limit, scratch
            )
            # What names places alone needs a book.
            if made >= 0 and scratch[C_NEXT] < scratch[C_COUNT]:
                result[PASSED] += 1
            if made >= 0 and scratch[C_ENDS]:
                made = close_transactions(
                    state, own_at, scratch[C_ENDS], ts_recv_ns, UNDEF, records, index, made, limit
                )
            if made >= 0 and scratch[C_SECOND_COUNT]:
                made = decode_book_orders(buf, ts_recv_ns, lookup, records, made, limit, scratch)
        elif kind == ORDERS:
            made = decode_orders(
                buf, ts_recv_ns, words, lookup, state, own_at, records, index, limit, scratch
            )
        elif kind == TRADES:
            made = decode_trades(
                buf, ts_recv_ns, words, lookup, state, own_at, records, index, limit, scratch
            )
        else:
            result[PASSED] += 1
            result[MESSAGES] -= 1
        if made < 0:
            break
        index = made
        result[MESSAGES] += 1
        at += size
        label += 1
    result[REST] = at
    result[NUMBER] = label
    return index
