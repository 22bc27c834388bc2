"""A dialect and its scratch, for the worker; and a decoder for ordinary Python, without books."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.codecs.json._dialect_kernels import decode_many
from zerofeed.codecs.json.dialect import Dialect
from zerofeed.codecs.json.scratch import (
    S_FIELDS,
    S_LINE,
    S_ROWS,
    S_ROWS_END,
    S_TABLE,
    SCRATCH_HEAD,
)
from zerofeed.feed.instruments import InstrumentTable, make_table
from zerofeed.records.dtypes import RECORD
from zerofeed.shm import journal

__all__ = ["JsonDecoder", "make_scratch", "most_records"]

_SHORTEST_ROW = 10
"""Bytes that a row of a list has, with its comma; a message of shorter ones is refused as a whole."""
_ROWS_BESIDE = 64


def most_records(message_bytes: int) -> int:
    """Bound the records of one message: a level each 10 bytes, a quote for each book, a definition."""
    return message_bytes // _SHORTEST_ROW + _ROWS_BESIDE


def make_scratch(dialect: Dialect, longest_bytes: int) -> npt.NDArray[np.int64]:
    """Make the scratch of the kernels in ``_dialect_kernels``.

    Args:
        dialect: of the venue; its table is copied.
        longest_bytes: of the messages to come; longer ones may find no room.

    Returns:
        int64; its last word is free for the caller.
    """
    table_at = SCRATCH_HEAD
    fields_at = table_at + dialect.table.size
    rows_at = fields_at + dialect.fields
    rows = longest_bytes // _SHORTEST_ROW + _ROWS_BESIDE
    rows_end = rows_at + rows * dialect.row_words
    scratch = np.zeros(rows_end + 1, np.int64)
    scratch[S_TABLE] = table_at
    scratch[S_FIELDS] = fields_at
    scratch[S_ROWS] = rows_at
    scratch[S_ROWS_END] = rows_end
    scratch[S_LINE] = -1
    scratch[table_at:fields_at] = dialect.table
    return scratch


class JsonDecoder:
    """Decode messages that lie in a buffer. Single-threaded; allocates nothing for a message.

    Args:
        dialect: of the venue.
        instruments: rows of the instruments table.
        longest_bytes: of the messages to come.
        batch: records in one batch, at least.

    Attributes:
        instruments: those seen so far.
    """

    def __init__(
        self,
        dialect: Dialect,
        *,
        instruments: int = 1024,
        longest_bytes: int = 1 << 16,
        batch: int = 1 << 16,
    ) -> None:
        self._rows, self._lookup = make_table(instruments)
        self._words: npt.NDArray[np.int64] = self._rows.view(np.int64)
        self._state = np.zeros(
            journal.DATA + dialect.channel_words + instruments * dialect.row_state_words, np.int64
        )
        journal.prepare(self._state)
        self._room = most_records(longest_bytes)
        self._records = np.zeros(max(batch, self._room), RECORD)
        self._scratch = make_scratch(dialect, longest_bytes)
        self.instruments = InstrumentTable(self._rows, self._lookup)

    def decode(
        self,
        data: npt.NDArray[np.uint8],
        offsets: npt.NDArray[np.int64],
        lengths: npt.NDArray[np.int64],
        times_ns: npt.NDArray[np.int64],
        first: int = 0,
    ) -> tuple[npt.NDArray[Any], int]:
        """Decode messages until one might find no room.

        Args:
            data: uint8 that holds them.
            offsets: int64, where each begins.
            lengths: int64, bytes of each.
            times_ns: int64, arrival of each, Unix ns.
            first: message to begin with.

        Returns:
            Records, a view that is valid until the next call; and how many messages were taken.
        """
        count = decode_many(
            data,
            offsets,
            lengths,
            times_ns,
            first,
            self._words,
            self._lookup,
            self._state,
            journal.DATA,
            self._records.view(np.int64),
            self._room,
            self._scratch,
        )
        return self._records[:count], int(self._scratch[-1])
