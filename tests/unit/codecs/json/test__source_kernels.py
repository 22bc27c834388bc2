"""A source leads to a field, to a column of the row that is meant, or nowhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from zerofeed.base.kernel import I64, int64, kernel
from zerofeed.codecs.json import _source_kernels as k
from zerofeed.codecs.json._message_kernels import open_message
from zerofeed.codecs.json._span_kernels import LONGEST
from zerofeed.codecs.json.decoder import make_scratch
from zerofeed.codecs.json.dialect import Dialect
from zerofeed.codecs.json.layout import (
    FIELD,
    FIRST_ROW,
    INNER,
    LIST_SHIFT,
    NOWHERE,
    OUTER,
    SPACE_SHIFT,
)
from zerofeed.codecs.json.message import Message
from zerofeed.codecs.json.scratch import S_TABLE
from zerofeed.codecs.json.shape import Items, Shape

__all__: list[str] = []

WANTED: Any = {
    "n": "name",
    "d": Items("parts", {"s": "symbol", "b": Items("levels", ["price", "size"])}),
    "e": Items("empty", "x"),
}
TEXT = (
    b'{"n":"zero","d":[{"s":"A","b":[["p0","s0"],["p1"]]},{"b":[],"s":null},{"b":[["p2","s2"]]}]}'
)
# Rows in the order of the message: 0 part A, 1 and 2 its levels, 3 part B, 4 part C, 5 its level.
PARTS, LEVELS, EMPTY = range(3)


@kernel(int64(I64, int64, int64, int64))
def span(scratch, source, outer, inner) -> int:
    """The span of what is there, else 0: what kernels alone can call."""
    found = k.span_at(scratch, scratch[S_TABLE], source, outer, inner)
    return found if k.is_there(found) else 0


@kernel(int64(I64, int64))
def rows(scratch, wanted) -> int:
    """Whether a list has rows."""
    return int64(k.has_rows(scratch, scratch[S_TABLE], wanted))


def scanned(each: str | None) -> Any:
    """The scratch with the message open."""
    dialect = Dialect(Shape(WANTED), [Message("m", each=each)])
    scratch = make_scratch(dialect, 1024)
    assert open_message(np.frombuffer(TEXT, np.uint8), 0, len(TEXT), scratch) == 0
    return scratch


def told(scratch: Any, source: int, outer: int = 0, inner: int = 0) -> str | None:
    found = span(scratch, source, outer, inner)
    start, length = found >> 32, found & LONGEST
    return TEXT[start : start + length].decode() if found else None


def column(space: int, place: int) -> int:
    return space << SPACE_SHIFT | place


def test_a_field_is_the_same_in_every_row() -> None:
    scratch = scanned("parts")
    assert {told(scratch, column(FIELD, 0), row, row) for row in range(6)} == {"zero"}


def test_a_column_is_of_the_parts_row_or_of_the_row_that_is_made() -> None:
    scratch = scanned("parts")
    assert told(scratch, column(OUTER, 0), outer=0, inner=2) == "A"
    assert told(scratch, column(INNER, 0), outer=0, inner=2) == "p1"
    assert told(scratch, column(INNER, 1), outer=0, inner=1) == "s0"


def test_what_is_null_or_left_out_is_not_there() -> None:
    scratch = scanned("parts")
    assert told(scratch, column(INNER, 1), inner=2) is None
    assert told(scratch, column(OUTER, 0), outer=3) is None
    assert told(scratch, NOWHERE) is None


def test_the_first_row_is_that_of_the_part() -> None:
    first = column(FIRST_ROW, LEVELS << LIST_SHIFT)
    scratch = scanned("parts")
    assert [told(scratch, first, outer) for outer in (0, 3, 4)] == ["p0", None, "p2"]
    # Without parts it is that of the message.
    assert told(scanned(None), first) == "p0"


def test_a_list_has_rows_or_none() -> None:
    scratch = scanned("parts")
    assert [rows(scratch, wanted) for wanted in (PARTS, LEVELS, EMPTY)] == [1, 1, 0]
