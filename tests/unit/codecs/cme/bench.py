"""A table of instruments, a journal and a scratch, for the kernels of CME's codec."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

import zerofeed.codecs.cme._layout as c
from zerofeed.base.status import OK
from zerofeed.codecs.cme._book_kernels import (
    decode_book_orders,
    decode_level_snapshot,
    decode_levels,
    decode_order_snapshot,
    decode_orders,
    decode_trades,
)
from zerofeed.codecs.cme._kernels import open_message
from zerofeed.feed.instruments import make_table
from zerofeed.records.dtypes import RECORD
from zerofeed.runtime.cme import make_scratch, work_words
from zerofeed.shm import journal

__all__ = ["Bench"]

Bytes = npt.NDArray[np.uint8]
_WITH_STATE: dict[int, Callable[..., int]] = {
    c.BOOK: decode_levels,
    c.ORDERS: decode_orders,
    c.TRADES: decode_trades,
    c.SNAPSHOT: decode_level_snapshot,
    c.ORDER_SNAPSHOT: decode_order_snapshot,
}


class Bench:
    """Opens messages and decodes those that have a kernel."""

    def __init__(self, instruments: int = 32) -> None:
        self.rows, self.lookup = make_table(instruments)
        self.words = self.rows.view(np.int64)
        self.own_at = journal.DATA
        self.state = np.zeros(journal.DATA + work_words(instruments), np.int64)
        journal.prepare(self.state)
        journal.begin(self.state, 0)
        self.scratch = make_scratch(2_000)
        self.scratch[c.C_ERA] = 1
        self.records = np.zeros(4096, RECORD)

    def open(self, raw: bytes) -> int:
        """Open a message; its status."""
        self.raw: Bytes = np.frombuffer(raw, np.uint8)
        return open_message(self.raw, 0, len(raw), self.scratch)

    def decode(self, raw: bytes, *, label: int = 10, ends: int = 0) -> Any:
        """Decode a message; its records."""
        assert self.open(raw) == OK
        self.scratch[c.C_LABEL] = label
        self.scratch[c.C_ENDS] = ends
        kind = int(self.scratch[self.scratch[c.C_LAYOUT] + c.L_KIND])
        words = self.records.view(np.int64)
        made = _WITH_STATE[kind](
            self.raw, 5, self.words, self.lookup, self.state, self.own_at, words, 0,
            len(self.records), self.scratch,
        )  # fmt: skip
        if kind == c.BOOK and made >= 0:
            made = decode_book_orders(
                self.raw, 5, self.lookup, words, made, len(self.records), self.scratch
            )
        assert made >= 0
        return self.records[:made].copy()
