"""Files of messages behind two bytes of length, as Nasdaq publishes whole days of ITCH: read and written.

A length of 0 ends the file, where there is one. Some test files have a length of 0 in front of every message: those
can only be read by who knows how long each type of message is, and says so.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from zerofeed.base.errors import ConfigurationError
from zerofeed.codecs.framing._block_kernels import index_blocks
from zerofeed.codecs.message_table import Buffer, as_bytes

__all__ = ["END", "encode_blocks", "find_blocks"]

END = b"\0\0"
"""What a file may end with."""

_LENGTH = struct.Struct(">H")
_CHUNK = 65_536


def find_blocks(
    buffer: Buffer, begin: int = 0, end: int | None = None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Find the blocks of a buffer, without a copy of them.

    Args:
        buffer: any bytes.
        begin: position of the first block's length.
        end: position behind the last block; default: the end of the buffer.

    Returns:
        int64 arrays: where each block begins, behind its length, and its bytes. They end in front of the
        first block that is not all there.

    Raises:
        ConfigurationError: begin and end do not lie inside the buffer.
    """
    data = as_bytes(buffer)
    stop = data.size if end is None else end
    if not 0 <= begin <= stop <= data.size:
        raise ConfigurationError(
            "blocks do not lie inside the buffer",
            expected=f"0 <= begin <= end <= {data.size}",
            got=f"begin {begin}, end {stop}",
        )
    starts: list[npt.NDArray[np.int64]] = []
    sizes: list[npt.NDArray[np.int64]] = []
    while True:
        offsets = np.zeros(_CHUNK, np.int64)
        lengths = np.zeros(_CHUNK, np.int64)
        found = index_blocks(data, begin, stop, offsets, lengths)
        starts.append(offsets[:found])
        sizes.append(lengths[:found])
        if found < _CHUNK:
            return np.concatenate(starts), np.concatenate(sizes)
        begin = int(offsets[-1] + lengths[-1])


def encode_blocks(messages: Iterable[bytes], *, is_zeroed: bool = False) -> bytes:
    """Put each message behind its length.

    Args:
        messages: at most 65,535 bytes each.
        is_zeroed: write 0 for every length, as some test files have it.

    Returns:
        The bytes, without :data:`END`.

    Raises:
        ConfigurationError: a message is too long.
    """
    parts: list[bytes] = []
    for message in messages:
        if len(message) > 0xFFFF:
            raise ConfigurationError(
                "message does not fit its length", expected="at most 65535 bytes", got=len(message)
            )
        parts += (END if is_zeroed else _LENGTH.pack(len(message)), message)
    return b"".join(parts)
