"""Index of a file of blocks behind two bytes of length, compiled: as many whole blocks a frame as fit it.

A block by itself would make a good frame, too, but a step of the feed costs more than a message of thirty bytes does.

Words of ``state``:

=====  =========  =========================================================================
word   name       meaning
=====  =========  =========================================================================
0      POSITION   the next byte to read
1      FRAMES     rows made
2      BLOCKS     blocks in them
3      BYTES      bytes in them
4      MODE       UNKNOWN until the first length is seen; then PLAIN, or ZEROED: every length says 0
5      HAS_ENDED  1 behind a length of 0 in a plain file
=====  =========  =========================================================================
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, I64_RO, U8_RO, inlined, int64, kernel
from zerofeed.records.units import UNDEF
from zerofeed.wire._frame_kernels import FLAG_UNTIMED, be16
from zerofeed.wire.pcap_index import INDEX_RECORDS

__all__ = [
    "BLOCKS",
    "BYTES",
    "FRAMES",
    "HAS_ENDED",
    "MODE",
    "PLAIN",
    "POSITION",
    "STATE_WORDS",
    "ZEROED",
    "index_frames",
]

_Bytes = npt.NDArray[np.uint8]
_Words = npt.NDArray[np.int64]

POSITION, FRAMES, BLOCKS, BYTES, MODE, HAS_ENDED = range(6)
STATE_WORDS = 8

_UNKNOWN, PLAIN, ZEROED = range(3)

_LENGTH_BYTES = 2
_CUT = -1
_END = -2


@inlined
def _block_bytes(data: _Bytes, at: int, state: _Words, lengths: _Words) -> int:
    """Give the bytes of a block and its length; _CUT when it is not all there, _END at the end."""
    left = data.size - at
    if left < _LENGTH_BYTES:
        return _CUT
    size = int64(be16(data, at))
    if size == 0:
        if left == _LENGTH_BYTES and state[MODE] != PLAIN:
            return _CUT
        known = lengths[data[at + _LENGTH_BYTES]] if left > _LENGTH_BYTES else int64(0)
        if state[MODE] == PLAIN or known == 0:
            return _END
        state[MODE] = ZEROED
        size = known
    elif state[MODE] == _UNKNOWN:
        state[MODE] = PLAIN
    return size + _LENGTH_BYTES if size <= left - _LENGTH_BYTES else _CUT


@inlined
def _time_at(data: _Bytes, at: int, time_at: int, time_bytes: int, epoch_ns: int) -> int:
    """Load a big-endian number of a block and add the epoch."""
    value = int64(0)
    for place in range(time_bytes):
        value = value << 8 | int64(data[at + time_at + place])
    return value + epoch_ns


@kernel(int64(U8_RO, I64, I64_RO, int64, int64, int64, int64, INDEX_RECORDS, I64))
def index_frames(
    data: _Bytes,
    state: _Words,
    lengths: _Words,
    frame_bytes: int,
    time_at: int,
    time_bytes: int,
    epoch_ns: int,
    index: Any,
    times: _Words,
) -> int:
    """Index frames from where the last call ended.

    Args:
        data: uint8; what of the file is there.
        state: int64, STATE_WORDS; POSITION moves on, the others count up.
        lengths: int64 of 256, bytes of a block by its first byte, for files whose lengths say 0; 0: not known.
        frame_bytes: bytes of a frame; a longer block is a frame of its own.
        time_at: where in a block its time is.
        time_bytes: bytes of that; 0: blocks have none.
        epoch_ns: what it counts from.
        index: INDEX_DTYPE array, filled from row 0; arrival times are UNDEF.
        times: int64, as many as there are rows: time of each frame's first block, or UNDEF.

    Returns:
        Rows filled. Fewer than there is room for when what follows is not all there, or at the end.
    """
    at = state[POSITION]
    rows = 0
    while rows < index.size and state[HAS_ENDED] == 0:
        begin = at
        first_bytes = int64(0)
        while True:
            size = _block_bytes(data, at, state, lengths)
            if size < 0:
                if size == _END and at == begin:
                    state[HAS_ENDED] = 1
                    state[POSITION] = at + _LENGTH_BYTES
                break
            if at > begin and at + size - begin > frame_bytes:
                break
            if at == begin:
                first_bytes = size
            at += size
            state[BLOCKS] += 1
        if at == begin:
            break
        row = index[rows]
        row["ts_ns"] = UNDEF
        row["offset"] = begin
        row["length"] = at - begin
        row["orig_length"] = at - begin
        row["flags"] = FLAG_UNTIMED
        times[rows] = UNDEF
        if time_bytes > 0 and first_bytes >= _LENGTH_BYTES + time_at + time_bytes:
            times[rows] = _time_at(data, begin + _LENGTH_BYTES, time_at, time_bytes, epoch_ns)
        state[FRAMES] += 1
        state[BYTES] += at - begin
        state[POSITION] = at
        rows += 1
    return rows
