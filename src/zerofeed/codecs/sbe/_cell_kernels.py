"""Compiled: reads the fixed-size fields of a walked message into flat tables.

A *cell* is one number: an integer in the table of integers, a float or double in the table
of floats, at the same index, with its state in a third table. A fixed-length text is one
cell, which holds where the text lies. The tables are the caller's; nothing is allocated.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

import zerofeed.codecs.sbe._words as w
from zerofeed.base.kernel import F64, I64, I64_2D, I64_RO, U8_RO, inlined, int64, kernel
from zerofeed.base.status import BUFFER_FULL, MALFORMED
from zerofeed.codecs.sbe._load_kernels import load_float, load_integer

if TYPE_CHECKING:
    from zerofeed.codecs._bytes import Bytes

__all__ = ["read_cells"]

_Words = NDArray[np.int64]
_Numbers = NDArray[np.float64]


@inlined
def _read_leaf(
    program: _Words,
    leaf: int,
    buffer: Bytes,
    at: int,
    cell: int,
    ints: _Words,
    floats: _Numbers,
    states: _Words,
) -> None:
    """Read one leaf that starts at ``at`` into its cells."""
    code = program[leaf + w.L_CODE]
    if code == w.CODE_TEXT:
        ints[cell] = at
        states[cell] = w.CELL_VALUE
        return
    order = program[w.P_ORDER]
    has_null = program[leaf + w.L_HAS_NULL] != 0
    count = program[leaf + w.L_CELLS]
    step = program[leaf + w.L_SIZE] // max(count, 1)
    for i in range(count):
        is_null = False
        if code == w.CODE_F32 or code == w.CODE_F64:
            number = load_float(buffer, at + i * step, code, order)
            floats[cell + i] = number
            if has_null and program[leaf + w.L_NULL_IS_NAN] != 0:
                is_null = math.isnan(number)
            elif has_null:
                bits = w.CODE_U32 if code == w.CODE_F32 else w.CODE_I64
                is_null = (
                    load_integer(buffer, at + i * step, bits, order) == program[leaf + w.L_NULL]
                )
        else:
            integer = load_integer(buffer, at + i * step, code, order)
            ints[cell + i] = integer
            is_null = has_null and integer == program[leaf + w.L_NULL]
        states[cell + i] = w.CELL_NULL if is_null else w.CELL_VALUE


@kernel(int64(I64_RO, U8_RO, I64_2D, int64, int64, I64, F64, I64))
def read_cells(
    program: _Words,
    buffer: Bytes,
    spans: _Words,
    rows: int,
    version: int,
    ints: _Words,
    floats: _Numbers,
    states: _Words,
) -> int:
    """Read every fixed-size field of a walked message into flat tables.

    Each block has one cell for each number, array element and text, in the order of the
    schema, beginning at S_CELL of its row; entry i of a group without entry rows begins
    i times its cells later.

    Args:
        program: int64 words of a compiled schema.
        buffer: the bytes that were walked.
        spans: the span table of the walk.
        rows: rows of it.
        version: version of the message.
        ints: int64 cells, written: integers, enums, sets, characters; for a text its byte
            offset in the buffer.
        floats: float64 cells, written: float and double fields.
        states: int64 cells, written: CELL_ABSENT (not in this version or block), CELL_VALUE,
            CELL_NULL. Only this cell is written where the field is absent.

    Returns:
        Cells written, BUFFER_FULL (a table is too small), or MALFORMED (the spans do not fit
        the buffer).
    """
    capacity = min(ints.shape[0], floats.shape[0], states.shape[0])
    cell = 0
    for row in range(rows):
        kind = spans[row, w.S_KIND]
        if kind == w.SPAN_DATA or spans[row, w.S_AT] < 0:
            continue
        if kind == w.SPAN_GROUP and spans[row, w.S_NEXT] != row + 1:
            continue
        n = w.HEAD_WORDS + w.NODE_WORDS * spans[row, w.S_NODE]
        cell = spans[row, w.S_CELL]
        length = spans[row, w.S_LENGTH]
        count = spans[row, w.S_COUNT]
        if length > 0 and count > (buffer.shape[0] - spans[row, w.S_AT]) // length:
            return MALFORMED
        if count * program[n + w.N_CELLS] > capacity - cell:
            return BUFFER_FULL
        for entry in range(count):
            at = spans[row, w.S_AT] + entry * length
            for i in range(program[n + w.N_LEAF_COUNT]):
                leaf = program[n + w.N_LEAVES] + i * w.LEAF_WORDS
                offset = program[leaf + w.L_OFFSET]
                cells = program[leaf + w.L_CELLS]
                is_readable = (
                    program[leaf + w.L_SINCE] <= version
                    and offset + program[leaf + w.L_SIZE] <= length
                )
                if is_readable:
                    _read_leaf(program, leaf, buffer, at + offset, cell, ints, floats, states)
                else:
                    for j in range(cells):
                        states[cell + j] = w.CELL_ABSENT
                cell += cells
    return cell
