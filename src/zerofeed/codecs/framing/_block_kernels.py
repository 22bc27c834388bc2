"""Blocks behind two bytes of length, compiled: how long the next one is, where all of them are.

::

    u16 length (big-endian) | length bytes | u16 length | ...

A length of 0 is a block without bytes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, U8_RO, always_inlined, inlined, int64, kernel
from zerofeed.base.status import TRUNCATED
from zerofeed.codecs._bytes import Bytes, i64, u16, u16_be

__all__ = ["LENGTH_BYTES", "SESSION_BYTES", "block_size", "index_blocks", "session_key"]

_Words = npt.NDArray[np.int64]

LENGTH_BYTES = 2
SESSION_BYTES = 10
"""Letters of a session's name, in MoldUDP64 and SoupBinTCP."""

_PRIME = 2_147_483_629
_NAMED = 1 << 62


@always_inlined
def block_size(buf: Bytes, place: int, end: int) -> int:
    """Load the length of a block.

    Args:
        buf: uint8.
        place: position of its length.
        end: position behind the last block; nothing at or behind it is read.

    Returns:
        Bytes of the block behind its length; TRUNCATED when it does not end before ``end``.
    """
    if place + LENGTH_BYTES > end:
        return TRUNCATED
    size = u16_be(buf, place)
    return size if size <= end - place - LENGTH_BYTES else TRUNCATED


@inlined
def session_key(buf: Bytes, at: int) -> int:
    """Make a number of a session's name of ten letters; never 0.

    Two letters are kept as they are and eight go through a prime: the names of neighbouring days differ.
    """
    first = i64(buf, at) & 0x7FFF_FFFF_FFFF_FFFF
    return _NAMED | (first % _PRIME) << 16 | u16(buf, at + 8)


@kernel(int64(U8_RO, int64, int64, I64, I64))
def index_blocks(buf: Bytes, begin: int, end: int, offsets: _Words, lengths: _Words) -> int:
    """Find blocks that lie back to back.

    Args:
        buf: uint8.
        begin: position of the first block's length.
        end: position behind the last block.
        offsets: int64, receives where each block begins, behind its length.
        lengths: int64, receives the bytes of each.

    Returns:
        Blocks found: as many as there is room for, up to the first that does not end before ``end``.
    """
    found = 0
    place = begin
    while place < end and found < offsets.size:
        size = block_size(buf, place, end)
        if size < 0:
            break
        offsets[found] = place + LENGTH_BYTES
        lengths[found] = size
        place += LENGTH_BYTES + size
        found += 1
    return found
