r"""Index of a text capture, compiled: one row for each message, where its text lies and when it came.

A line is one of these; spaces between the parts, an end of ``\n`` or ``\r\n``:

========================  ============================================================================
line                      what it is
========================  ============================================================================
``TIME_NS TEXT``          a message; Unix ns as an integer
``SECONDS: TEXT``         a message; Unix seconds, with a fraction of any length
``TEXT``                  a message that begins with ``{`` or ``[``; its time is not known
``URL -> SECONDS: TEXT``  the answer to a request: a message
``URL <- SECONDS: TEXT``  what was sent: skipped
``URL <-> SECONDS``       a connection was opened: skipped
========================  ============================================================================
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, U8_RO, inlined, int64, kernel
from zerofeed.records.units import UNDEF
from zerofeed.wire._frame_kernels import FLAG_UNTIMED
from zerofeed.wire.pcap_index import INDEX_RECORDS

__all__ = [
    "ANSWERS",
    "COUNTERS",
    "LINES",
    "NOT_UNDERSTOOD",
    "OPENED",
    "PACKETS",
    "PAYLOAD_BYTES",
    "POSITION",
    "SENT",
    "UNTIMED",
    "index_lines",
]

_Bytes = npt.NDArray[np.uint8]
_Words = npt.NDArray[np.int64]

(
    POSITION,
    LINES,
    PACKETS,
    SENT,
    OPENED,
    ANSWERS,
    NOT_UNDERSTOOD,
    UNTIMED,
    PAYLOAD_BYTES,
    COUNTERS,
) = range(10)
"""Words of the state: the next byte to read, and what was counted."""

_NEWLINE, _RETURN, _SPACE, _COLON, _POINT = 0x0A, 0x0D, 0x20, 0x3A, 0x2E
_LESS, _MINUS, _GREATER, _BRACE, _BRACKET = 0x3C, 0x2D, 0x3E, 0x7B, 0x5B
_FULL = 922_337_203_685_477_579
"""A number up to here takes one more digit, whichever."""

_MESSAGE, _SENT, _OPENED, _ANSWER, _BAD = range(5)


@inlined
def _skip_spaces(data: _Bytes, at: int, end: int) -> int:
    while at < end and data[at] == _SPACE:
        at += 1
    return at


@inlined
def _read_time(data: _Bytes, at: int, end: int, found: _Words) -> int:
    """Read a time into found[0]; the place behind it and what separates it, or -1."""
    value = int64(0)
    digits = 0
    while at < end and 0x30 <= data[at] <= 0x39:
        digits += 1
        if value > _FULL:
            return -1
        value = value * 10 + (int64(data[at]) - 0x30)
        at += 1
    if digits == 0:
        return -1
    nanoseconds = int64(0)
    is_fraction = at < end and data[at] == _POINT
    if is_fraction:
        at += 1
        unit = int64(100_000_000)
        while at < end and 0x30 <= data[at] <= 0x39:
            nanoseconds += (int64(data[at]) - 0x30) * unit
            unit //= 10
            at += 1
    if at < end and data[at] == _COLON:
        if digits > 10:
            return -1
        found[0] = value * 1_000_000_000 + nanoseconds
        return at + 1
    if is_fraction:
        return -1
    found[0] = value
    return at


@inlined
def _classify(data: _Bytes, at: int, end: int, found: _Words) -> int:
    """Tell what a line is; found receives its time, and where its text begins."""
    found[0] = UNDEF
    byte = data[at]
    if byte == _BRACE or byte == _BRACKET:
        found[1] = at
        return _MESSAGE
    kind = _MESSAGE
    if not 0x30 <= byte <= 0x39:
        while at < end and data[at] != _SPACE:
            at += 1
        at = _skip_spaces(data, at, end)
        first = at
        while at < end and data[at] != _SPACE:
            at += 1
        length = at - first
        if length == 3 and data[first] == _LESS and data[first + 2] == _GREATER:
            return _OPENED
        if length != 2:
            return _BAD
        if data[first] == _LESS and data[first + 1] == _MINUS:
            return _SENT
        if data[first] != _MINUS or data[first + 1] != _GREATER:
            return _BAD
        kind = _ANSWER
        at = _skip_spaces(data, at, end)
    at = _read_time(data, at, end, found)
    if at < 0:
        return _BAD
    at = _skip_spaces(data, at, end)
    if at >= end:
        return _BAD
    found[1] = at
    return kind


@kernel(int64(U8_RO, I64, I64, INDEX_RECORDS))
def index_lines(data: _Bytes, state: _Words, found: _Words, index: Any) -> int:
    """Index lines from where the last call ended.

    Args:
        data: uint8, the whole text.
        state: int64, COUNTERS words; POSITION moves on, the others count up.
        found: int64, 2 words of scratch.
        index: INDEX_DTYPE array, filled from row 0.

    Returns:
        Rows filled; fewer than there is room for only at the end.
    """
    at = state[POSITION]
    rows = 0
    while at < data.size and rows < index.size:
        end = at
        while end < data.size and data[end] != _NEWLINE:
            end += 1
        following = end + 1
        if end > at and data[end - 1] == _RETURN:
            end -= 1
        first = _skip_spaces(data, at, end)
        at = following
        if first == end:
            continue
        state[LINES] += 1
        kind = _classify(data, first, end, found)
        if kind == _SENT:
            state[SENT] += 1
        elif kind == _OPENED:
            state[OPENED] += 1
        elif kind == _BAD:
            state[NOT_UNDERSTOOD] += 1
        else:
            state[ANSWERS] += int64(kind == _ANSWER)
            state[PACKETS] += 1
            length = end - found[1]
            state[PAYLOAD_BYTES] += length
            row = index[rows]
            row["ts_ns"] = found[0]
            row["offset"] = found[1]
            row["length"] = length
            row["orig_length"] = length
            row["flags"] = 0
            if found[0] == UNDEF:
                row["flags"] = FLAG_UNTIMED
                state[UNTIMED] += 1
            rows += 1
    state[POSITION] = min(at, data.size)
    return rows
