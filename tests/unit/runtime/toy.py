"""A protocol of a few lines: each packet becomes a trade, and one kind of packet kills the worker.

It is also what a second protocol looks like to the runtime: a function, a table entry.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from zerofeed.base.kernel import inlined, int64, kernel
from zerofeed.feed.metrics import counter_word
from zerofeed.records.kinds import ACTION_NONE, NO_SIDE, TRADE
from zerofeed.runtime._process_kernels import PROCESS, process_of
from zerofeed.runtime.protocol import Protocol
from zerofeed.shm.journal import add

__all__ = ["FATAL", "TOY", "packet"]

_Words = npt.NDArray[np.int64]

FATAL = 0xDE
"""First byte of a packet that kills whoever looks into it."""

_DECODED = counter_word("packets_decoded")

_raise = types.ExternalFunction("raise", types.int32(types.int32))
_SIGSEGV = 11


def packet(number: int, *, is_fatal: bool = False) -> bytes:
    """A packet with a number of up to 255."""
    return bytes([FATAL if is_fatal else 0, number])


@inlined
def process_packet(
    buf: Any,
    at: int,
    length: int,
    cut_bytes: int,
    ts_recv_ns: int,
    source: int,
    words: _Words,
    lookup: _Words,
    state: _Words,
    books: _Words,
    undo: _Words,
    records: Any,
    record_words: _Words,
    out_at: int,
    limit: int,
    scratch: _Words,
) -> int:
    """Make a trade of a packet, or die."""
    if buf[at] == FATAL:
        _raise(_SIGSEGV)
    record = records[out_at]
    record.ts_event_ns = ts_recv_ns
    record.ts_recv_ns = ts_recv_ns
    record.instrument = 0
    record.kind = TRADE
    record.side = NO_SIDE
    record.action = ACTION_NONE
    record.flags = 0
    record.price = int64(buf[at + 1])
    add(state, _DECODED, 1)
    return 1


TOY = Protocol(
    name="toy",
    summary="one trade a packet",
    templates={},
    book_rules=0,
    scratch=lambda packet_bytes: np.zeros(8, np.int64),
    work_words=lambda instruments: instruments,
    most_records=lambda packet_bytes: 16,
    process=kernel(PROCESS)(process_of(process_packet, __name__)),
)
"""The protocol."""
