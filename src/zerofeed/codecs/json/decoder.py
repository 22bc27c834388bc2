"""A dialect and its scratch, for the worker and for ordinary Python."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.codecs.json import _dialect_kernels as k
from zerofeed.codecs.json.dialect import Dialect

__all__ = ["make_scratch", "most_records"]

_SHORTEST_ROW = 4
"""Bytes that a row of a list has at least, with its comma."""
_ROWS_BESIDE = 64


def most_records(message_bytes: int) -> int:
    """Bound the records of one message: a level each 6 bytes, a quote for each book, a definition."""
    return message_bytes // _SHORTEST_ROW + _ROWS_BESIDE


def make_scratch(dialect: Dialect, longest_bytes: int) -> npt.NDArray[np.int64]:
    """Make the scratch of the kernels in ``_dialect_kernels``.

    Args:
        dialect: of the venue; its table is copied.
        longest_bytes: of the messages to come; longer ones may find no room.

    Returns:
        int64; its last word is free for the caller.
    """
    table_at = k.SCRATCH_HEAD
    fields_at = table_at + dialect.table.size
    rows_at = fields_at + dialect.fields
    rows = longest_bytes // _SHORTEST_ROW + _ROWS_BESIDE
    rows_end = rows_at + rows * dialect.row_words
    scratch = np.zeros(rows_end + 1, np.int64)
    scratch[k.S_TABLE] = table_at
    scratch[k.S_FIELDS] = fields_at
    scratch[k.S_ROWS] = rows_at
    scratch[k.S_ROWS_END] = rows_end
    scratch[table_at:fields_at] = dialect.table
    return scratch
