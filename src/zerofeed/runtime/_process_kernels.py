"""How the loops call a protocol: by address, with a context of arrays.

A protocol has one inlined function, ``process_packet``, that makes records of one packet. What it
is given, and what it returns, is said at :func:`zerofeed.runtime._deribit_kernels.process_packet`. Here
it becomes a kernel of eight numbers, which the live loop and the offline loop call for each packet:
they are compiled once, whatever protocols there are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zerofeed.base.context import array_in
from zerofeed.base.kernel import I64, U8, int64, record_array
from zerofeed.records.dtypes import RECORD
from zerofeed.runtime._rebind import rebound

__all__ = [
    "BOOKS",
    "BUFFER",
    "LOOKUP",
    "PROCESS",
    "RECORDS",
    "RECORD_WORDS",
    "SCRATCH",
    "SLOTS",
    "STATE",
    "UNDO",
    "WORDS",
    "process_of",
]

BUFFER, WORDS, LOOKUP, STATE, BOOKS, UNDO, RECORDS, RECORD_WORDS, SCRATCH, SLOTS = range(10)
"""Slots of the context, in the order of ``process_packet``'s arrays; SLOTS is their number."""

PROCESS = int64(int64, int64, int64, int64, int64, int64, int64, int64)
"""Signature of a protocol's kernel; see :func:`_process`."""

_bytes_in = array_in(U8)
_words_in = array_in(I64)
_records_in = array_in(record_array(RECORD))


def process_of(process: Callable[..., int], module: str) -> Callable[..., int]:
    """Make a protocol's kernel, to be compiled with :data:`PROCESS` in the protocol's module.

    Args:
        process: its inlined function.
        module: name of its module.

    Returns:
        The function, not compiled.
    """
    return rebound(_process, module, process_packet=process)


def process_packet(*_: Any) -> int:
    """Stand for the protocol's own function, which :func:`process_of` puts in its place."""
    raise NotImplementedError


def _process(
    context: int,
    at: int,
    length: int,
    cut_bytes: int,
    ts_recv_ns: int,
    source: int,
    out_at: int,
    limit: int,
) -> int:
    """Make records of one packet.

    Args:
        context: address of the arrays, by slot.
        at: position of the packet in the buffer.
        length: bytes of it that are there.
        cut_bytes: bytes of it that were cut off.
        ts_recv_ns: arrival, Unix ns.
        source: number of the source that it came from.
        out_at: index of the first record to write.
        limit: index at which the room ends.

    Returns:
        Records written.
    """
    return process_packet(
        _bytes_in(context, BUFFER),
        at,
        length,
        cut_bytes,
        ts_recv_ns,
        source,
        _words_in(context, WORDS),
        _words_in(context, LOOKUP),
        _words_in(context, STATE),
        _words_in(context, BOOKS),
        _words_in(context, UNDO),
        _records_in(context, RECORDS),
        _words_in(context, RECORD_WORDS),
        out_at,
        limit,
        _words_in(context, SCRATCH),
    )
