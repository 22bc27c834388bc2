"""The records of one emit: what does not depend on a row once, the rest for each.

What does not depend on a row is evaluated into a record that is then copied for each row: a depth update
of forty levels costs two numbers a level, not six.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined, inlined, int64
from zerofeed.base.status import BUFFER_FULL
from zerofeed.codecs._bytes import Bytes
from zerofeed.codecs._record_kernels import (
    RECORD_WORDS,
    head_of,
    price_exponent_of,
    size_exponent_of,
)
from zerofeed.codecs._text_kernels import key_of
from zerofeed.codecs.json._number_kernels import ROUNDED, decimal
from zerofeed.codecs.json._source_kernels import is_there, span_at
from zerofeed.codecs.json._span_kernels import length_of, start_of
from zerofeed.codecs.json._time_kernels import iso_time
from zerofeed.codecs.json.layout import (
    E_ACTION,
    E_KIND,
    E_NEEDS,
    E_OPS,
    E_OPS_AT,
    E_ROW_OPS,
    E_ROWS,
    E_SIDE,
    EACH,
    NOWHERE,
    O_ARGUMENT,
    O_CODE,
    O_IS_ELSE,
    O_SECOND,
    O_SOURCE,
    O_TARGET,
    OP_CODE,
    OP_CONSTANT,
    OP_DECIMAL,
    OP_ISO,
    OP_KEY,
    OP_PRICE,
    OP_SIZE,
    OP_SIZE_OF,
    OP_WORDS,
    OP_ZERO_IF_ZERO,
    ROW_WORDS,
    T_ACTION,
    T_SIDE,
)
from zerofeed.codecs.json.scratch import (
    S_COUNT,
    S_MESSAGE,
    S_RECORD,
    S_RESULT,
    S_ROWS,
    S_TABLE,
)
from zerofeed.records.kinds import ASK, BID
from zerofeed.records.units import UNDEF

__all__ = ["evaluate", "head_of", "make_records"]

_Words = npt.NDArray[np.int64]
_LARGEST = 9_223_372_036_854_775_807


@always_inlined
def evaluate(
    buf: Bytes, base: int, op: int, span: int, scratch: _Words, table: int,
    price_exponent: int, size_exponent: int,
) -> int:  # fmt: skip
    """Evaluate one operation on its span; UNDEF where there is no value."""
    code = scratch[op + O_CODE]
    if code <= OP_DECIMAL:
        if code == OP_CONSTANT:
            return scratch[op + O_ARGUMENT]
        exponent = scratch[op + O_ARGUMENT]
        if code == OP_PRICE:
            exponent = price_exponent
        elif code == OP_SIZE:
            exponent = size_exponent
        value = decimal(buf, base, span, exponent, scratch[S_RESULT : S_RESULT + 2])
        if code == OP_DECIMAL and value != UNDEF:
            plus = scratch[op + O_SECOND]
            if (plus > 0 and value > _LARGEST - plus) or (plus < 0 and value < -_LARGEST - plus):
                scratch[S_RESULT] += 1
                return UNDEF
            value += plus
        elif value == 0 and scratch[op + O_SECOND]:
            value = UNDEF
        return value
    return _evaluate_rare(buf, base, op, span, scratch, table, size_exponent)


@inlined
def _evaluate_rare(
    buf: Bytes, base: int, op: int, span: int, scratch: _Words, table: int, size_exponent: int
) -> int:
    code = scratch[op + O_CODE]
    if not is_there(span):
        return UNDEF
    if code == OP_CODE or code == OP_KEY:
        at = base + start_of(span)
        key = key_of(buf, at, at + length_of(span), 0)
        if code == OP_KEY:
            return key
        pair = table + scratch[op + O_ARGUMENT]
        for _ in range(scratch[op + O_SECOND]):
            if scratch[pair] == key:
                return scratch[pair + 1]
            pair += 2
        return UNDEF
    if code == OP_ISO:
        return iso_time(buf, base, span)
    rounded = scratch[S_RESULT + ROUNDED]
    value = decimal(buf, base, span, size_exponent, scratch[S_RESULT : S_RESULT + 2])
    if code == OP_SIZE_OF:
        return -value if UNDEF < value < 0 else value
    # Only its sign is published; the number is another column's.
    scratch[S_RESULT + ROUNDED] = rounded
    if value == UNDEF or value == 0:
        return UNDEF
    return BID if (value > 0) == (scratch[op + O_SECOND] == 0) else ASK


@always_inlined
def _fill(
    buf: Bytes, base: int, op: int, count: int, outer: int, inner: int, record: _Words, at: int,
    side: int, scratch: _Words, table: int, price_exponent: int, size_exponent: int,
) -> int:  # fmt: skip
    """Evaluate operations into a record's words; side and action are given back, packed.

    Args:
        buf: uint8 that holds the message.
        base: its first byte.
        op: word of the first operation.
        count: operations.
        outer: row of the part.
        inner: row that the record is made of.
        record: int64 that holds it.
        at: its first word there.
        side: side | action << 8 so far; the action may be negative.
        scratch: see the top of this module.
        table: where the table begins in it.
        price_exponent: of the instrument.
        size_exponent: of the instrument.

    Returns:
        side | action << 8.
    """
    for _ in range(count):
        target = scratch[op + O_TARGET]
        span = span_at(scratch, table, scratch[op + O_SOURCE], outer, inner)
        if scratch[op + O_IS_ELSE] and target < T_SIDE and record[at + target] != UNDEF:
            op += OP_WORDS
            continue
        if scratch[op + O_CODE] == OP_ZERO_IF_ZERO:
            rounded = scratch[S_RESULT + ROUNDED]
            if decimal(buf, base, span, 0, scratch[S_RESULT : S_RESULT + 2]) == 0:
                record[at + target] = 0
            scratch[S_RESULT + ROUNDED] = rounded
            op += OP_WORDS
            continue
        value = evaluate(buf, base, op, span, scratch, table, price_exponent, size_exponent)
        if target < T_SIDE:
            record[at + target] = value
        elif value != UNDEF:
            if target == T_SIDE:
                side = (side & ~0xFF) | value
            elif target == T_ACTION:
                side = (side & 0xFF) | value << 8
        op += OP_WORDS
    return side


@always_inlined
def _copy(records: _Words, index: int, scratch: _Words) -> int:
    at = index * RECORD_WORDS
    for word in range(1, RECORD_WORDS):
        records[at + word] = scratch[S_RECORD + word]
    return at


@inlined
def make_records(
    buf: Bytes, base: int, emit: int, row: int, outer: int, extra_flags: int, words: _Words,
    records: _Words, index: int, limit: int, scratch: _Words, ts_recv_ns: int,
) -> int:  # fmt: skip
    """Make the records of one emit.

    Returns:
        The index behind the last; BUFFER_FULL.
    """
    table = scratch[S_TABLE]
    list_number = scratch[emit + E_ROWS]
    needs = scratch[emit + E_NEEDS]
    if list_number == NOWHERE and needs != NOWHERE:
        span = span_at(scratch, table, needs, outer, outer)
        if not is_there(span) or length_of(span) == 0:
            return index
    price_exponent = int64(0)
    size_exponent = int64(0)
    if row >= 0:
        price_exponent = int64(price_exponent_of(words, row))
        size_exponent = int64(size_exponent_of(words, row))
    kind = scratch[emit + E_KIND] & 0xFF
    flags = scratch[emit + E_KIND] >> 8 | extra_flags
    for word in range(1, RECORD_WORDS):
        scratch[S_RECORD + word] = UNDEF
    scratch[S_RECORD + 2] = ts_recv_ns
    side = scratch[emit + E_SIDE] | scratch[emit + E_ACTION] << 8
    op = table + scratch[emit + E_OPS_AT]
    ops = scratch[emit + E_OPS]
    side = _fill(
        buf, base, op, ops, outer, outer, scratch, S_RECORD, side, scratch, table, price_exponent,
        size_exponent,
    )  # fmt: skip
    named = max(row, 0)
    if list_number == NOWHERE:
        if index >= limit:
            return BUFFER_FULL
        scratch[S_RECORD + 3] = head_of(named, kind, side, scratch[S_RECORD + 5], flags)
        _copy(records, index, scratch)
        return index + 1
    op += ops * OP_WORDS
    row_ops = scratch[emit + E_ROW_OPS]
    width = scratch[table + ROW_WORDS]
    is_nested = scratch[scratch[S_MESSAGE] + EACH] != NOWHERE
    first = outer + 1 if is_nested else 0
    has_begun = False
    for inner in range(first, scratch[S_COUNT]):
        at = scratch[S_ROWS] + inner * width
        # Rows of a list lie together; those that lie in another row are over with the next one.
        if is_nested and scratch[at + 1] < outer:
            break
        if scratch[at] != list_number or (is_nested and scratch[at + 1] != outer):
            if has_begun and not is_nested:
                break
            continue
        has_begun = True
        if needs != NOWHERE:
            span = span_at(scratch, table, needs, outer, inner)
            if not is_there(span) or length_of(span) == 0:
                continue
        if index >= limit:
            return BUFFER_FULL
        record_at = _copy(records, index, scratch)
        row_side = _fill(
            buf, base, op, row_ops, outer, inner, records, record_at, side, scratch, table,
            price_exponent, size_exponent,
        )  # fmt: skip
        records[record_at + 3] = head_of(named, kind, row_side, records[record_at + 5], flags)
        index += 1
    return index
