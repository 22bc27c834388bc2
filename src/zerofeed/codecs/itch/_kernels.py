"""ITCH messages behind their lengths into records: the loop for callers that need nothing in between.

A feed's worker has its own loop, because it looks at numbers and keeps books between two messages
(:mod:`zerofeed.runtime._itch_kernels`); what both share is how long the next message is.

Words of ``scratch`` from OWN on, counted up by :func:`decode_blocks`:

=====  =============  ==========================================================================
word   name           meaning
=====  =============  ==========================================================================
0      MESSAGES       messages decoded, those that make no record among them
1      UNKNOWN        messages of a type that does not exist
2      MALFORMED_     messages shorter than their type, or with an impossible side
       MESSAGES
3      REFUSED_       messages whose stock found the instruments table full
       MESSAGES
4      STOPPED_BY     why the latest call ended: OK at the end, TRUNCATED, BUFFER_FULL
=====  =============  ==========================================================================
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, U8_RO, always_inlined, int64, kernel
from zerofeed.base.status import BUFFER_FULL, OK, TRUNCATED, UNKNOWN_TEMPLATE
from zerofeed.codecs._bytes import Bytes, u8
from zerofeed.codecs._equity_kernels import NEXT, RECORD_WORDS, REFUSED, SLOT
from zerofeed.codecs.framing._block_kernels import LENGTH_BYTES, block_size
from zerofeed.codecs.itch._layout import COUNTS, E_LENGTH, ENTRY_WORDS, OWN, TABLE
from zerofeed.codecs.itch._message_kernels import MOST_RECORDS, decode_message
from zerofeed.shm.journal import STEP, begin

__all__ = [
    "MALFORMED_MESSAGES",
    "MESSAGES",
    "REFUSED_MESSAGES",
    "STOPPED_BY",
    "UNKNOWN",
    "decode_blocks",
    "message_size",
]

_Words = npt.NDArray[np.int64]

MESSAGES = OWN
UNKNOWN = OWN + 1
MALFORMED_MESSAGES = OWN + 2
REFUSED_MESSAGES = OWN + 3
STOPPED_BY = OWN + 4


@always_inlined
def message_size(buf: Bytes, place: int, end: int, scratch: _Words) -> int:
    """Load the length of a message; that of its type where the length says 0, as in some test files.

    Args:
        buf: uint8.
        place: position of the length.
        end: position behind the last message; nothing at or behind it is read.
        scratch: from ``make_scratch``.

    Returns:
        Bytes of the message; 0 when the length 0 is the last thing there; TRUNCATED when the message does
        not end before ``end``, or when nobody knows how long it is.
    """
    size = block_size(buf, place, end)
    if size == 0 and place + LENGTH_BYTES < end:
        kind = u8(buf, place + LENGTH_BYTES)
        size = scratch[TABLE + kind * ENTRY_WORDS + E_LENGTH]
        if size == 0 or size > end - place - LENGTH_BYTES:
            return TRUNCATED
    return size


@kernel(int64(U8_RO, int64, int64, int64, int64, I64, I64, I64, int64, I64, int64, int64, I64))
def decode_blocks(
    buf: Bytes, begin_at: int, end: int, midnight_ns: int, ts_recv_ns: int, words: _Words,
    lookup: _Words, state: _Words, state_at: int, records: _Words, limit: int, first_seq: int,
    scratch: _Words,
) -> int:  # fmt: skip
    """Decode messages behind their lengths as one step of the journal.

    Args:
        buf: uint8.
        begin_at: position of the first length.
        end: position behind the last message.
        midnight_ns: what their times count from, Unix ns.
        ts_recv_ns: arrival, Unix ns, or UNDEF.
        words: the instruments' rows.
        lookup: the instruments' map.
        state: journal.
        state_at: first word of this codec in it.
        records: int64, 8 words a record, filled from index 0.
        limit: record index at which the room ends.
        first_seq: number of the first record.
        scratch: NEXT receives the position behind the last message taken; counts go up.

    Returns:
        Records stored. A message that is malformed or unknown is passed over.
    """
    begin(state, state[STEP] + 1)
    index = 0
    place = begin_at
    status = OK
    messages = 0
    refused = 0
    while place < end:
        size = message_size(buf, place, end, scratch)
        if size < 0:
            status = TRUNCATED
            break
        stored = 0
        if size > 0:
            stored = decode_message(
                buf, place + LENGTH_BYTES, size, midnight_ns, ts_recv_ns, -1, words, lookup,
                state, state_at, records, index, limit, scratch,
            )  # fmt: skip
            if stored >= 0:
                # One number too many is overwritten by the next record, and cheaper than to know.
                for each in range(MOST_RECORDS):
                    records[(index + each) * RECORD_WORDS] = first_seq + index + each
                index += stored
                messages += 1
                refused += scratch[REFUSED]
                scratch[COUNTS + scratch[SLOT]] += 1
            elif stored == BUFFER_FULL:
                status = BUFFER_FULL
                break
            elif stored == UNKNOWN_TEMPLATE:
                scratch[UNKNOWN] += 1
            else:
                scratch[MALFORMED_MESSAGES] += 1
        place += LENGTH_BYTES + size
    scratch[MESSAGES] += messages
    scratch[REFUSED_MESSAGES] += refused
    scratch[NEXT] = place
    scratch[STOPPED_BY] = status
    return index
