"""The loop over packets that lie in a buffer, for decoding captures without a feed.

A frame's step is the same as in the live loop (:mod:`zerofeed.runtime._burst_kernels`), but nothing
is received, waited for or published. Compiled once for each protocol.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, I64_RO, U8_RO, int64, record_array
from zerofeed.records.dtypes import RECORD
from zerofeed.runtime._rebind import rebound
from zerofeed.runtime._step_kernels import number_records
from zerofeed.runtime._undo_kernels import forget_kept
from zerofeed.shm.journal import begin, finish, seal

__all__ = ["DECODE", "decode_of"]

_Words = npt.NDArray[np.int64]

DECODE = int64(
    U8_RO,
    I64_RO,
    I64_RO,
    I64_RO,
    I64_RO,
    int64,
    int64,
    I64,
    I64,
    I64,
    I64,
    I64,
    record_array(RECORD),
    I64,
    int64,
    I64,
)
"""Signature of the loop."""


def decode_of(process: Callable[..., int], module: str) -> Callable[..., int]:
    """Make the loop for a protocol, to be compiled with :data:`DECODE` in the protocol's module.

    Args:
        process: an inlined function; what it is given and returns is said at
            :func:`zerofeed.runtime._deribit_kernels.process_packet`.
        module: name of the protocol's module.

    Returns:
        The loop, as :func:`_decode` describes it, not compiled.
    """
    return rebound(_decode, module, process_packet=process)


def process_packet(*_: Any) -> int:
    """Stand for the protocol's own function, which :func:`decode_of` puts in its place."""
    raise NotImplementedError


def _decode(
    buf: npt.NDArray[np.uint8],
    offsets: _Words,
    lengths: _Words,
    cut_bytes: _Words,
    times_ns: _Words,
    first: int,
    room_for_one: int,
    words: _Words,
    lookup: _Words,
    state: _Words,
    books: _Words,
    undo: _Words,
    records: Any,
    record_words: _Words,
    first_seq: int,
    scratch: _Words,
) -> int:
    """Process packets of a capture into a flat array of records, with sequence numbers.

    Args:
        buf: uint8 that holds every packet.
        offsets: int64, position of each.
        lengths: int64, bytes of each that are there.
        cut_bytes: int64, bytes of each that the capture cut off.
        times_ns: int64, arrival of each.
        first: packet to begin with.
        room_for_one: records that any one packet can make.
        words: instruments' rows.
        lookup: instruments' map.
        state: journal and counters.
        books: books.
        undo: where books are kept as they were before a packet; empty to keep none.
        records: RECORD array, filled from index 0.
        record_words: the same memory as int64.
        first_seq: sequence number of ``records[0]``.
        scratch: the protocol's scratch; its last word receives the packets taken.

    Returns:
        Records written; fewer packets than all were taken when the next might not have fitted.
    """
    stored = 0
    packet = first
    while packet < offsets.size and stored + room_for_one <= records.size:
        forget_kept(undo)
        begin(state, packet)
        count = process_packet(
            buf,
            offsets[packet],
            lengths[packet],
            cut_bytes[packet],
            times_ns[packet],
            int64(0),
            words,
            lookup,
            state,
            books,
            undo,
            records,
            record_words,
            stored,
            stored + room_for_one,
            scratch,
        )
        number_records(records, stored, count, first_seq + stored, words)
        seal(state, first_seq + stored + count)
        finish(state, packet)
        stored += count
        packet += 1
    scratch[scratch.size - 1] = packet - first
    return stored
