"""Cells hold every number of a message, with its state."""

from __future__ import annotations

import numpy as np

import zerofeed.codecs.sbe._words as w
from tests.unit.codecs.sbe.schemas import everything, evolving
from zerofeed.base.status import BUFFER_FULL, MALFORMED
from zerofeed.codecs.sbe import compile_program, encode, parse_schema
from zerofeed.codecs.sbe._cell_kernels import read_cells
from zerofeed.codecs.sbe._walk_kernels import walk_message

__all__: list[str] = []


class Cells:
    """A message walked, and read into tables of a given size."""

    def __init__(self, text: str, raw: bytes, size: int = 99) -> None:
        self.program = compile_program(parse_schema(text))
        self.buffer = np.frombuffer(raw, np.uint8)
        self.spans = np.zeros((64, w.SPAN_WORDS), np.int64)
        stack = np.zeros(self.program.stack_words, np.int64)
        self.result = np.zeros(w.RESULT_WORDS, np.int64)
        self.rows = walk_message(
            self.program.code, self.buffer, 0, len(raw), self.spans, stack, self.result
        )
        assert self.rows > 0
        self.ints = np.full(size, -77, np.int64)
        self.floats = np.full(size, -77.0)
        self.states = np.full(size, -77, np.int64)
        self.count = self.read()

    def read(self) -> int:
        return read_cells(
            self.program.code,
            self.buffer,
            self.spans,
            self.rows,
            int(self.result[w.R_VERSION]),
            self.ints,
            self.floats,
            self.states,
        )


def test_numbers_of_either_byte_order_are_read_with_their_nulls() -> None:
    values = {
        "price": None,
        "priceMax": 5,
        "count": None,
        "big": 2**64 - 2,
        "ratio": None,
        "rough": None,
        "single": 0.5,
        "double": -0.25,
        "overridden": -(2**63),
        "made": -7,
        "four": [1, 2, 3, 65535],
        "pair": None,
    }
    for order in ("littleEndian", "bigEndian"):
        raw = encode(parse_schema(everything(order)), "Numbers", values)
        cells = Cells(everything(order), raw)
        assert cells.count == cells.result[w.R_CELLS] == 16
        null, value = w.CELL_NULL, w.CELL_VALUE
        assert cells.states[:16].tolist() == (
            [null, value, null, value, null, null] + [value] * 8 + [null] * 2
        )
        assert cells.ints[[1, 3, 8, 9]].tolist() == [5, -2, -(2**63), -7]
        assert cells.floats[[6, 7]].tolist() == [0.5, -0.25]
        assert cells.ints[10:14].tolist() == [1, 2, 3, 65535]


def test_a_text_is_one_cell_that_says_where_it_lies() -> None:
    raw = encode(parse_schema(everything("littleEndian")), "Names", {"plain": "x", "code": "abc"})
    cells = Cells(everything("littleEndian"), raw)
    assert raw[cells.ints[2] :][:6] == b"abc\0\0\0"
    assert cells.states[2] == w.CELL_VALUE


def test_what_was_not_sent_is_absent_and_its_number_left_alone() -> None:
    raw = encode(parse_schema(evolving(2)), "Grown", {"a": 1, "g": [{"p": 1}]}, version=0)
    cells = Cells(evolving(2), raw)
    assert cells.states[:7].tolist() == [
        w.CELL_VALUE,
        w.CELL_ABSENT,
        w.CELL_ABSENT,
        w.CELL_ABSENT,
        w.CELL_ABSENT,
        w.CELL_VALUE,
        w.CELL_ABSENT,
    ]
    assert cells.ints[1] == -77


def test_entries_without_rows_are_read_at_their_stride() -> None:
    entries = [{"price": i, "side": "ask"} for i in range(5)]
    raw = encode(parse_schema(everything("littleEndian")), "Groups", {"at": 9, "flat": entries})
    cells = Cells(everything("littleEndian"), raw)
    assert cells.count == 11
    assert cells.ints[:11].tolist() == [9, 0, 1, 1, 1, 2, 1, 3, 1, 4, 1]


def test_tables_that_are_too_small_are_reported_and_not_overrun() -> None:
    entries = [{"price": i} for i in range(5)]
    raw = encode(parse_schema(everything("littleEndian")), "Groups", {"at": 9, "flat": entries})
    for size in range(11):
        assert Cells(everything("littleEndian"), raw, size).count == BUFFER_FULL
    assert Cells(everything("littleEndian"), raw, 11).count == 11


def test_spans_of_another_buffer_are_refused() -> None:
    raw = encode(parse_schema(everything("littleEndian")), "Plain", dict.fromkeys("abcdefgh", 1))
    cells = Cells(everything("littleEndian"), raw)
    cells.buffer = cells.buffer[:20]
    assert cells.read() == MALFORMED
