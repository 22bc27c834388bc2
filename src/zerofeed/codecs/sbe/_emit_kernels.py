"""The records of one emit: what does not depend on a row once, the rest for each.

What does not depend on a row is evaluated into a record that is then copied for each row. What does is
planned once: the entries of a group have one length and one version, and their exponents most often
stand in front of them, so whether a field is there and by what its mantissa has to be multiplied is the
same for all. A plan says so in five words for each operation:

======  ============  =====================================================================
word    name          meaning
======  ============  =====================================================================
0       PLAN_KIND     TIMES, OVER, NONE, or ASK
1       PLAN_TARGET   word of the record
2       PLAN_OFFSET   of the value, from the begin of the entry
3       PLAN_POWER    what the value is multiplied by, or divided
4       PLAN_LIMIT    TIMES: larger values do not fit
======  ============  =====================================================================

TIMES and OVER are for values of 64 bits that are never null. Everything else, what does not fit and what
does not divide is asked of :func:`evaluate`, which knows all there is.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

import zerofeed.codecs.sbe._words as w
from zerofeed.base.kernel import always_inlined, inlined, int64
from zerofeed.base.status import BUFFER_FULL
from zerofeed.codecs._bytes import Bytes, i64
from zerofeed.codecs._record_kernels import (
    RECORD_WORDS,
    head_of,
    price_exponent_of,
    size_exponent_of,
)
from zerofeed.codecs.sbe._dialect_words import (
    C_MASK,
    C_SOURCE,
    C_VALUE,
    CONDITION_WORDS,
    E_ACTION,
    E_CONDITIONS,
    E_CONDITIONS_AT,
    E_KIND,
    E_OPS,
    E_OPS_AT,
    E_ROW_OPS,
    E_ROWS,
    E_SIDE,
    INNER,
    N_CODE,
    N_END,
    N_HAS_NULL,
    N_OFFSET,
    N_SINCE,
    N_SPACE,
    NOWHERE,
    O_ARGUMENT,
    O_CODE,
    O_EXPONENT,
    O_EXPONENT_SOURCE,
    O_IS_DECIMALS,
    O_IS_ZERO_NONE,
    O_SOURCE,
    O_TARGET,
    OP_CODE,
    OP_CONSTANT,
    OP_DAYS,
    OP_MS_OR_US,
    OP_PRICE,
    OP_REAL,
    OP_ROW,
    OP_SIGN,
    OP_SIZE,
    OP_WHOLE,
    OP_WORDS,
    ORDER,
    S_BLOCKS,
    S_PARENT,
    S_PLAN,
    S_RECORD,
    S_RESULT,
    S_SPANS,
    S_TABLE,
    S_VERSION,
    T_BODY,
    T_SIDE,
)
from zerofeed.codecs.sbe._load_kernels import load_float
from zerofeed.codecs.sbe._scale_kernels import (
    LIMITS,
    MOST_SHIFT,
    OUT_OF_RANGE,
    POWERS,
    rescaled,
)
from zerofeed.codecs.sbe._source_kernels import child_row, is_sent, number_at
from zerofeed.feed._instrument_kernels import find, set_state
from zerofeed.records.kinds import ASK, BID, STATUS
from zerofeed.records.units import UNDEF

__all__ = ["are_true", "emit_records", "evaluate", "exponent_of"]

_Words = npt.NDArray[np.int64]

_LARGEST = 9_223_372_036_854_775_807
_MS_SHIFT, _US_SHIFT = 6, 3
_LEAST_US = 100_000_000_000_000
"""Microseconds from here on; in milliseconds it is the year 5138."""
_DAY_NS = 86_400_000_000_000
_MOST_DAYS = 106_750
_RATE = 1e12
_MOST_RATE = 9.2e18
_MOST_STATE = 0x7FFF_FFFF

_PLAN_KIND, _PLAN_TARGET, _PLAN_OFFSET, _PLAN_POWER, _PLAN_LIMIT, _PLAN_WORDS = range(6)
_TIMES, _OVER, _NONE, _ASK = range(4)


@always_inlined
def are_true(buf: Bytes, scratch: _Words, conditions: int, count: int) -> bool:
    """Compare values with those that they must have.

    Args:
        buf: uint8 that holds the message.
        scratch: see ``_dialect_words``.
        conditions: word of the first one.
        count: how many.
    """
    table = scratch[S_TABLE]
    for _ in range(count):
        value = number_at(buf, scratch, table + scratch[conditions + C_SOURCE])
        if value != UNDEF:
            value &= scratch[conditions + C_MASK]
        if value != scratch[conditions + C_VALUE]:
            return False
        conditions += CONDITION_WORDS
    return True


@inlined
def exponent_of(buf: Bytes, scratch: _Words, op: int) -> int:
    """Give the power of ten of an operation's mantissa; UNDEF where it is not sent."""
    exponent = scratch[op + O_EXPONENT]
    source = scratch[op + O_EXPONENT_SOURCE]
    if source != NOWHERE:
        exponent = number_at(buf, scratch, scratch[S_TABLE] + source)
        if exponent != UNDEF and scratch[op + O_IS_DECIMALS]:
            exponent = -abs(exponent)
    return exponent


@always_inlined
def _wanted(scratch: _Words, op: int, price_exponent: int, size_exponent: int) -> int:
    """Give the exponent at which an operation's value is kept."""
    code = scratch[op + O_CODE]
    if code == OP_PRICE:
        return price_exponent
    if code == OP_SIZE:
        return size_exponent
    return scratch[op + O_ARGUMENT]


@inlined
def _real(buf: Bytes, scratch: _Words, source: int) -> int:
    """Read a floating-point number as a rate; UNDEF where there is none."""
    if not is_sent(scratch, source):
        return UNDEF
    at = scratch[S_BLOCKS + 2 * scratch[source + N_SPACE]] + scratch[source + N_OFFSET]
    order = scratch[scratch[S_TABLE] + ORDER]
    number = load_float(buf, at, scratch[source + N_CODE], order) * _RATE
    if math.isnan(number):
        return UNDEF
    if not -_MOST_RATE < number < _MOST_RATE:
        scratch[S_RESULT + OUT_OF_RANGE] += 1
        return UNDEF
    return int64(math.floor(number + 0.5))


@inlined
def _of_venue(value: int, code: int, lookup: _Words, result: _Words) -> int:
    """Evaluate the operations that only binary venues need."""
    if code == OP_ROW:
        row = find(lookup, value)
        return row if row >= 0 else UNDEF
    if code == OP_SIGN:
        return BID if value > 0 else ASK
    if code == OP_DAYS:
        if -_MOST_DAYS <= value <= _MOST_DAYS:
            return value * _DAY_NS
        result[OUT_OF_RANGE] += 1
        return UNDEF
    return abs(value)


@inlined
def evaluate(
    buf: Bytes, scratch: _Words, op: int, price_exponent: int, size_exponent: int, lookup: _Words
) -> int:
    """Evaluate one operation; UNDEF where there is no value."""
    code = scratch[op + O_CODE]
    if code == OP_CONSTANT:
        return scratch[op + O_ARGUMENT]
    table = scratch[S_TABLE]
    if code == OP_REAL:
        return _real(buf, scratch, table + scratch[op + O_SOURCE])
    value = number_at(buf, scratch, table + scratch[op + O_SOURCE])
    if value == UNDEF:
        return UNDEF
    result = scratch[S_RESULT : S_RESULT + 2]
    if code > OP_REAL:
        return _of_venue(value, code, lookup, result)
    if code < OP_WHOLE:
        if value == 0 and scratch[op + O_IS_ZERO_NONE]:
            return UNDEF
        exponent = int64(exponent_of(buf, scratch, op))
        if exponent == UNDEF:
            result[OUT_OF_RANGE] += 1
            return UNDEF
        wanted = _wanted(scratch, op, price_exponent, size_exponent)
        return rescaled(value, exponent - wanted, result)
    if code == OP_CODE:
        pair = table + scratch[op + O_ARGUMENT]
        for _ in range(scratch[op + O_EXPONENT]):
            if scratch[pair] == value:
                return scratch[pair + 1]
            pair += 2
        return UNDEF
    if code == OP_MS_OR_US:
        shift = _MS_SHIFT if -_LEAST_US < value < _LEAST_US else _US_SHIFT
        return rescaled(value, shift, result)
    plus = scratch[op + O_ARGUMENT]
    if (plus > 0 and value > _LARGEST - plus) or (plus < 0 and value < -_LARGEST - plus):
        result[OUT_OF_RANGE] += 1
        return UNDEF
    return value + plus


@always_inlined
def _put(record: _Words, at: int, target: int, value: int, side: int) -> int:
    """Put a value into a record, or into its side and action, which are given back packed."""
    if target < T_SIDE:
        record[at + target] = value
    elif value != UNDEF:
        if target == T_SIDE:
            return (side & ~0xFF) | value
        return (side & 0xFF) | value << 8
    return side


@inlined
def _plan(
    buf: Bytes, scratch: _Words, op: int, count: int, length: int, price_exponent: int,
    size_exponent: int,
) -> None:  # fmt: skip
    """Plan the operations of the entries of one group.

    Args:
        buf: uint8 that holds the message.
        scratch: S_PLAN receives the plan.
        op: word of the first operation.
        count: operations.
        length: of an entry.
        price_exponent: of the instrument.
        size_exponent: of the instrument.
    """
    table = scratch[S_TABLE]
    plan = S_PLAN
    for _ in range(count):
        code = scratch[op + O_CODE]
        source = table + scratch[op + O_SOURCE]
        scratch[plan + _PLAN_TARGET] = scratch[op + O_TARGET]
        scratch[plan + _PLAN_KIND] = _ASK
        is_plain = code != OP_CONSTANT and code <= OP_WHOLE
        if is_plain and scratch[source + N_SPACE] == INNER:
            exponent_source = scratch[op + O_EXPONENT_SOURCE]
            is_of_row = (
                exponent_source != NOWHERE and scratch[table + exponent_source + N_SPACE] == INNER
            )
            if scratch[source + N_END] > length or scratch[source + N_SINCE] > scratch[S_VERSION]:
                scratch[plan + _PLAN_KIND] = _NONE
            elif (
                scratch[source + N_CODE] == w.CODE_I64
                and scratch[source + N_HAS_NULL] == 0
                and scratch[op + O_IS_ZERO_NONE] == 0
                and scratch[table + ORDER] == 0
                and not is_of_row
            ):
                scratch[plan + _PLAN_OFFSET] = scratch[source + N_OFFSET]
                _plan_power(buf, scratch, op, plan, price_exponent, size_exponent)
        op += OP_WORDS
        plan += _PLAN_WORDS


@inlined
def _plan_power(
    buf: Bytes, scratch: _Words, op: int, plan: int, price_exponent: int, size_exponent: int
) -> None:
    """Plan by what an operation's values are multiplied or divided; by nothing that would not fit."""
    shift = int64(0)
    if scratch[op + O_CODE] == OP_WHOLE:
        if scratch[op + O_ARGUMENT] != 0:
            return
    else:
        exponent = int64(exponent_of(buf, scratch, op))
        if exponent == UNDEF:
            return
        shift = exponent - _wanted(scratch, op, price_exponent, size_exponent)
    if 0 <= shift <= MOST_SHIFT:
        scratch[plan + _PLAN_KIND] = _TIMES
        scratch[plan + _PLAN_POWER] = POWERS[shift]
        scratch[plan + _PLAN_LIMIT] = LIMITS[shift]
    elif -MOST_SHIFT <= shift < 0:
        scratch[plan + _PLAN_KIND] = _OVER
        scratch[plan + _PLAN_POWER] = POWERS[-shift]


@always_inlined
def _planned(
    buf: Bytes, scratch: _Words, plan: int, op: int, at: int, price_exponent: int,
    size_exponent: int, lookup: _Words,
) -> int:  # fmt: skip
    """Evaluate one operation of an entry that begins at ``at`` as it was planned."""
    kind = scratch[plan + _PLAN_KIND]
    if kind == _NONE:
        return UNDEF
    if kind != _ASK:
        value = i64(buf, at + scratch[plan + _PLAN_OFFSET])
        power = scratch[plan + _PLAN_POWER]
        if kind == _TIMES:
            limit = scratch[plan + _PLAN_LIMIT]
            if -limit <= value <= limit:
                return value * power
        else:
            if value % power == 0:
                return value // power
    return evaluate(buf, scratch, op, price_exponent, size_exponent, lookup)


@always_inlined
def _put_row(
    buf: Bytes, scratch: _Words, emit: int, row_op: int, at: int, named: int, kind: int, flags: int,
    side: int, price_exponent: int, size_exponent: int, lookup: _Words, records: _Words, index: int,
    limit: int,
) -> int:  # fmt: skip
    """Make the record of one entry, whose block is set; the index behind it, or BUFFER_FULL."""
    conditions = scratch[emit + E_CONDITIONS]
    if conditions:
        first = scratch[S_TABLE] + scratch[emit + E_CONDITIONS_AT]
        if not are_true(buf, scratch, first, conditions):
            return index
    if index >= limit:
        return BUFFER_FULL
    record = index * RECORD_WORDS
    for word in range(1, RECORD_WORDS):
        records[record + word] = scratch[S_RECORD + word]
    plan = S_PLAN
    for _ in range(scratch[emit + E_ROW_OPS]):
        value = _planned(buf, scratch, plan, row_op, at, price_exponent, size_exponent, lookup)
        side = int64(_put(records, record, scratch[plan + _PLAN_TARGET], value, side))
        row_op += OP_WORDS
        plan += _PLAN_WORDS
    records[record + 3] = head_of(named, kind, side, records[record + 5], flags)
    return index + 1


@inlined
def emit_records(
    buf: Bytes, emit: int, row: int, extra_flags: int, words: _Words, lookup: _Words,
    records: _Words, index: int, limit: int, scratch: _Words, ts_recv_ns: int,
) -> int:  # fmt: skip
    """Make the records of one emit.

    Args:
        buf: uint8 that holds the message.
        emit: word of the emit.
        row: of the instrument; -1: none.
        extra_flags: set in each, beside the emit's own.
        words: the instruments' rows.
        lookup: the instruments' map.
        records: RECORD array as int64.
        index: of the first record to write.
        limit: index at which the room ends.
        scratch: see ``_dialect_words``.
        ts_recv_ns: arrival, Unix ns.

    Returns:
        The index behind the last; BUFFER_FULL.
    """
    price_exponent = int64(0)
    size_exponent = int64(0)
    if row >= 0:
        price_exponent = int64(price_exponent_of(words, row))
        size_exponent = int64(size_exponent_of(words, row))
    begun = index
    named = max(row, 0)
    kind = scratch[emit + E_KIND] & 0xFF
    flags = scratch[emit + E_KIND] >> 8 | extra_flags
    for word in range(1, RECORD_WORDS):
        scratch[S_RECORD + word] = UNDEF
    scratch[S_RECORD + 2] = ts_recv_ns
    side = int64(scratch[emit + E_SIDE] | scratch[emit + E_ACTION] << 8)
    op = scratch[S_TABLE] + scratch[emit + E_OPS_AT]
    for _ in range(scratch[emit + E_OPS]):
        value = evaluate(buf, scratch, op, price_exponent, size_exponent, lookup)
        side = int64(_put(scratch, S_RECORD, scratch[op + O_TARGET], value, side))
        op += OP_WORDS
    group = scratch[emit + E_ROWS]
    inner = int64(0)
    entries = int64(1)
    if group != NOWHERE:
        if scratch[S_PARENT] < 0:
            return index
        inner = int64(child_row(scratch, scratch[S_PARENT], group))
        entries = scratch[scratch[S_SPANS] + inner * w.SPAN_WORDS + w.S_COUNT]
    span = scratch[S_SPANS] + inner * w.SPAN_WORDS
    length = scratch[span + w.S_LENGTH]
    begin = scratch[span + w.S_AT]
    has_rows = group != NOWHERE and scratch[span + w.S_NEXT] != inner + 1
    if entries > 0:
        count = scratch[emit + E_ROW_OPS]
        _plan(buf, scratch, op, count, length, price_exponent, size_exponent)
    scratch[S_BLOCKS + 2 * INNER + 1] = length
    for number in range(entries):
        if has_rows:
            inner = inner + 1 if number == 0 else scratch[span + w.S_NEXT]
            span = scratch[S_SPANS] + inner * w.SPAN_WORDS
            begin = scratch[span + w.S_AT]
        scratch[S_BLOCKS + 2 * INNER] = begin
        index = int64(
            _put_row(
                buf, scratch, emit, op, begin, named, kind, flags, side, price_exponent,
                size_exponent, lookup, records, index, limit,
            )
        )  # fmt: skip
        if index < 0:
            return index
        begin += length
    if kind == STATUS and row > 0 and index > begun:
        told = records[(index - 1) * RECORD_WORDS + T_BODY]
        if 0 <= told <= _MOST_STATE:
            set_state(words, row, told)
    return index
