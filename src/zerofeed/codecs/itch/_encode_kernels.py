"""ITCH messages written by the million, compiled: any type, from rows of numbers.

A row of VALUES int64 describes a message:

=====  ==========================================================================
value  meaning
=====  ==========================================================================
0      code of its letter
1      stock locate
2      tracking number
3      time of day, ns
4 ...  the fields behind, in the order of the type; a text of up to eight letters is
       the big-endian number of its bytes, as :func:`zerofeed.codecs.itch.encoder.text_number` gives it
=====  ==========================================================================

Nothing checks for room or for values that are too large: the caller has.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64_RO, U8, inlined, int64, kernel
from zerofeed.codecs._bytes import (
    Bytes,
    put_u8,
    put_u16_be,
    put_u32_be,
    put_u64_be,
)

__all__ = ["ENTRY_WORDS", "FIELDS", "VALUES", "put_message", "put_messages"]

_Words = npt.NDArray[np.int64]

VALUES = 20
"""int64 of one row."""
FIELDS = 4
"""Value of the first field behind the head."""

ENTRY_WORDS = 20
"""int64 of a type in the table of field widths."""
_HEAD_BYTES = 11


@inlined
def put_message(buffer: Bytes, at: int, values: _Words, first: int, table: _Words) -> int:
    """Write one message.

    Args:
        buffer: writable uint8.
        at: byte offset of the message.
        values: rows of VALUES int64, one behind the other.
        first: index of the row's first value.
        table: from :func:`zerofeed.codecs.itch.encoder.encode_table`.

    Returns:
        Offset behind the message.
    """
    kind = values[first]
    entry = kind * ENTRY_WORDS
    put_u8(buffer, at, kind)
    put_u16_be(buffer, at + 1, values[first + 1])
    put_u16_be(buffer, at + 3, values[first + 2])
    put_u16_be(buffer, at + 5, values[first + 3] >> 32)
    put_u32_be(buffer, at + 7, values[first + 3])
    place = at + _HEAD_BYTES
    for field in range(table[entry]):
        size = table[entry + 1 + field]
        value = values[first + FIELDS + field]
        if size == 1:
            put_u8(buffer, place, value)
        elif size == 2:
            put_u16_be(buffer, place, value)
        elif size == 4:
            put_u32_be(buffer, place, value)
        else:
            put_u64_be(buffer, place, value)
        place += size
    return place


@kernel(int64(U8, int64, I64_RO, int64, I64_RO))
def put_messages(buffer: Bytes, at: int, values: _Words, rows: int, table: _Words) -> int:
    """Write messages, each behind two bytes of length.

    Args:
        buffer: writable uint8, with room for all of them.
        at: byte offset of the first length.
        values: rows of VALUES int64.
        rows: how many.
        table: from :func:`zerofeed.codecs.itch.encoder.encode_table`.

    Returns:
        Offset behind the last message.
    """
    for row in range(rows):
        end = put_message(buffer, at + 2, values, row * VALUES, table)
        put_u16_be(buffer, at, end - at - 2)
        at = end
    return at
