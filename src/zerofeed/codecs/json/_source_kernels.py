"""Where a source of a dialect leads in the open message: a field, a column of a row, or nowhere."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined, inlined, int64
from zerofeed.codecs.json._span_kernels import NULL, kind_of
from zerofeed.codecs.json.layout import (
    EACH,
    FIELD,
    FIRST_ROW,
    LIST_SHIFT,
    NOWHERE,
    OUTER,
    ROW_WORDS,
    SPACE_SHIFT,
)
from zerofeed.codecs.json.scratch import S_COUNT, S_FIELDS, S_MESSAGE, S_ROWS
from zerofeed.codecs.json.shape import ROW_HEAD

__all__ = ["has_rows", "is_there", "span_at"]

_Words = npt.NDArray[np.int64]


@always_inlined
def span_at(scratch: _Words, table: int, source: int, outer: int, inner: int) -> int:
    """Load the span of a source; 0 for NOWHERE."""
    if source == NOWHERE:
        return 0
    space = source >> SPACE_SHIFT
    index = source & ((1 << SPACE_SHIFT) - 1)
    if space == FIELD:
        return scratch[scratch[S_FIELDS] + index]
    if space == FIRST_ROW:
        return _first_span(scratch, table, index >> LIST_SHIFT, index & 0xFF, outer)
    row = outer if space == OUTER else inner
    return scratch[scratch[S_ROWS] + row * scratch[table + ROW_WORDS] + ROW_HEAD + index]


@inlined
def _first_span(scratch: _Words, table: int, wanted: int, column: int, outer: int) -> int:
    """Load the span of a column of a list's first row in the part; 0: it has no rows."""
    width = scratch[table + ROW_WORDS]
    is_nested = scratch[scratch[S_MESSAGE] + EACH] != NOWHERE
    first = outer + 1 if is_nested else 0
    for row in range(first, scratch[S_COUNT]):
        at = scratch[S_ROWS] + row * width
        if is_nested and scratch[at + 1] < outer:
            break
        if scratch[at] == wanted:
            return scratch[at + ROW_HEAD + column]
    return 0


@inlined
def has_rows(scratch: _Words, table: int, wanted: int) -> bool:
    """Tell whether a list of the open message has a row."""
    width = scratch[table + ROW_WORDS]
    row = int64(0)
    while row < scratch[S_COUNT] and scratch[scratch[S_ROWS] + row * width] != wanted:
        row += 1
    return row < scratch[S_COUNT]


@always_inlined
def is_there(span: int) -> bool:
    """Tell whether a value was in the message, and not null."""
    kind = kind_of(span)
    return kind != 0 and kind != NULL
