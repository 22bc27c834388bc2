"""A protocol's kernel is given eight numbers and hands its function the arrays behind them."""

from __future__ import annotations

from typing import Any

import numpy as np

from zerofeed.base.context import Context, address_of, call_at
from zerofeed.base.kernel import inlined, int64, kernel
from zerofeed.records.dtypes import RECORD
from zerofeed.runtime import _process_kernels as slots
from zerofeed.runtime._process_kernels import PROCESS, process_of

__all__: list[str] = []


@inlined
def process_packet(
    buf: Any,
    at: int,
    length: int,
    cut_bytes: int,
    ts_recv_ns: int,
    source: int,
    words: Any,
    lookup: Any,
    state: Any,
    books: Any,
    undo: Any,
    records: Any,
    record_words: Any,
    out_at: int,
    limit: int,
    scratch: Any,
) -> int:
    """Say what was given."""
    scratch[0] = int64(buf[at])
    scratch[1] = length
    scratch[2] = cut_bytes
    scratch[3] = ts_recv_ns
    scratch[4] = source
    scratch[5] = limit
    words[0] = 1
    lookup[0] = 2
    state[0] = 3
    books[0] = 4
    undo[0] = 5
    record_words[8 * out_at] = 6
    return records.size


process = kernel(PROCESS)(process_of(process_packet, __name__))


@kernel(int64(int64, int64))
def call(address: int, context: int) -> int:
    return call_at(address, context, 1, 20, 21, 22, 23, 2, 24)


def test_every_number_and_every_array_arrives_where_it_belongs() -> None:
    arrays: list[Any] = [np.zeros(1, np.int64) for _ in range(slots.SLOTS)]
    arrays[slots.BUFFER] = np.array([0, 19], np.uint8)
    arrays[slots.RECORDS] = np.zeros(4, RECORD)
    arrays[slots.RECORD_WORDS] = arrays[slots.RECORDS].view(np.int64)
    arrays[slots.SCRATCH] = np.zeros(6, np.int64)
    context = Context(arrays)
    assert call(address_of(process), context.address) == 4
    assert arrays[slots.SCRATCH].tolist() == [19, 20, 21, 22, 23, 24]
    assert arrays[slots.RECORDS]["seq"].tolist() == [0, 0, 6, 0]
    of_words = (slots.WORDS, slots.LOOKUP, slots.STATE, slots.BOOKS, slots.UNDO)
    assert [int(arrays[slot][0]) for slot in of_words] == [1, 2, 3, 4, 5]
