"""From a JSON message to records, by a venue's table: one kernel for every venue.

A message is taken in two steps, so that the caller can apply each transaction to the books before the
next one is read:

1. :func:`open_message` scans it and finds which kind of message it is;
2. :func:`next_part` makes the records of its next part (all of it, or a row of its ``each``), until
   there are no more.

What does not depend on a row is evaluated once, into a record that is then copied for each row: a depth
update of forty levels costs two numbers a level, not six.

``scratch`` is one int64 array, laid out by :func:`prepare_scratch` of ``decoder``:

=======  ===============  ==================================================================
word     name             meaning
=======  ===============  ==================================================================
0        S_TABLE          where the dialect's table begins in it
1        S_FIELDS         where the scanner's fields begin
2        S_ROWS           where its rows begin
3        S_ROWS_END       behind its last row
4        S_COUNT          rows of the open message
5        S_MESSAGE        word of the table at which the open message's entry begins
6        S_NEXT           row at which the search for its next part begins; -1: it has no more
7        S_ROW            instrument of the latest part; -1: none
8        S_RESULT         two words: numbers out of range, numbers rounded (of the open message)
10       S_REFUSED        of the latest part: 1, it names no instrument; 2, the table is full
11       S_CHECKSUM       what the venue sent with the latest part; UNDEF: nothing
12       S_WINDOW         levels a side that the venue keeps up; UNDEF: not told
16..23   S_RECORD         the record that is copied for each row
24..55   S_DEFINITION     a row of the instruments table
56       S_STACK          the scanner's stack
=======  ===============  ==================================================================
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, I64_RO, U8_RO, always_inlined, inlined, int64, kernel
from zerofeed.base.status import BUFFER_FULL, UNKNOWN_TEMPLATE
from zerofeed.codecs._bytes import Bytes
from zerofeed.codecs.json._number_kernels import decimal
from zerofeed.codecs.json._scan_kernels import (
    NULL,
    STACK_WORDS,
    decimals_in,
    kind_of,
    length_of,
    mantissa_of,
    scan,
    start_of,
)
from zerofeed.codecs.json._text_kernels import before, behind_last, iso_time, key_of, word_at
from zerofeed.codecs.json.dialect import (
    ACTION_BY_SIZE,
    BEGINS,
    BOOK,
    C_KEY,
    C_SOURCE,
    C_TEST,
    CHECK_SOURCE,
    CONDITION_WORDS,
    CONDITIONS,
    CONDITIONS_AT,
    E_ACTION,
    E_KIND,
    E_NEEDS,
    E_OPS,
    E_OPS_AT,
    E_ROW_OPS,
    E_ROWS,
    E_SIDE,
    EACH,
    EMIT_WORDS,
    EMITS,
    EMITS_AT,
    FIELD,
    FIELDS,
    FIRST_ROW,
    HAS_ROWS,
    INDEX_SALT,
    INSTRUMENT_KIND,
    IS_ABSENT,
    IS_PRESENT,
    IS_TEXT,
    K_DASHES,
    K_KIND,
    K_PREFIX,
    K_PREFIX_BYTES,
    K_SUFFIX,
    K_SUFFIX_BYTES,
    KIND_WORDS,
    KINDS,
    KINDS_AT,
    LIST_SHIFT,
    MESSAGE_WORDS,
    MESSAGES,
    MESSAGES_AT,
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
    OUTER,
    OWN_KIND,
    PLAIN,
    PLAIN_AT,
    PRICE_EXPONENT,
    PRICE_TEXT,
    ROW_WORDS,
    SHAPE_AT,
    SHAPE_WORDS,
    SIZE_EXPONENT,
    SIZE_TEXT,
    SLOT,
    SNAPSHOT,
    SPACE_SHIFT,
    SYMBOL_WORDS,
    SYMBOLS,
    SYMBOLS_AT,
    T_ACTION,
    T_SIDE,
    WINDOW_AT,
    Y_BEFORE,
    Y_BEHIND,
    Y_IS_UPPER,
    Y_SOURCE,
)
from zerofeed.codecs.json.shape import ROW_HEAD
from zerofeed.feed._instrument_kernels import (
    COUNT,
    W_CHANNEL,
    W_CREATED_NS,
    W_REVISION,
    W_SYMBOL,
    W_TICK_SIZE,
    W_TRAITS,
    define,
    find,
    find_or_add,
)
from zerofeed.feed._instrument_kernels import (
    ROW_WORDS as DEFINITION_WORDS,
)
from zerofeed.records import flags as record_flags
from zerofeed.records.kinds import (
    ACTION_ADD,
    ACTION_CANCEL,
    ACTION_CLEAR,
    ACTION_MODIFY,
    ACTION_NONE,
    ASK,
    BID,
    INSTRUMENT,
    LEVEL,
    NO_SIDE,
)
from zerofeed.records.units import UNDEF
from zerofeed.shm.journal import begin, put

__all__ = [
    "NO_MORE",
    "SCRATCH_HEAD",
    "STATE_WORDS",
    "S_CHECKSUM",
    "S_COUNT",
    "S_DEFINITION",
    "S_FIELDS",
    "S_MESSAGE",
    "S_NEXT",
    "S_RECORD",
    "S_REFUSED",
    "S_RESULT",
    "S_ROW",
    "S_ROWS",
    "S_ROWS_END",
    "S_STACK",
    "S_TABLE",
    "S_WINDOW",
    "TABLE_FULL",
    "UNNAMED",
    "decode_many",
    "is_plain",
    "next_part",
    "open_message",
]

_Words = npt.NDArray[np.int64]

S_TABLE = 0
S_FIELDS = 1
S_ROWS = 2
S_ROWS_END = 3
S_COUNT = 4
S_MESSAGE = 5
S_NEXT = 6
S_ROW = 7
S_RESULT = 8
S_REFUSED = 10
S_CHECKSUM = 11
S_WINDOW = 12
S_RECORD = 16
S_DEFINITION = 24
S_STACK = 56
SCRATCH_HEAD = S_STACK + STACK_WORDS
"""Words of scratch in front of table, fields and rows."""

STATE_WORDS = 1
"""Words of state for each instrument row: the revision of its definition that was announced.

Row 0 is no instrument: its word is the window of instruments that are not known yet, 0 for none.
"""

UNNAMED = 1
TABLE_FULL = 2

NO_MORE = -1
"""The open message has no further part."""

_NOT_YET = -2
_RECORD_WORDS = 8
_SYMBOL_BYTES = 64
_DASH = 0x2D
_LARGEST = 9_223_372_036_854_775_807


@always_inlined
def _span_at(scratch: _Words, table: int, source: int, outer: int, inner: int) -> int:
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
def _has_rows(scratch: _Words, table: int, wanted: int) -> bool:
    """Tell whether a list of the open message has a row."""
    width = scratch[table + ROW_WORDS]
    row = int64(0)
    while row < scratch[S_COUNT] and scratch[scratch[S_ROWS] + row * width] != wanted:
        row += 1
    return row < scratch[S_COUNT]


@always_inlined
def _is_there(span: int) -> bool:
    kind = kind_of(span)
    return kind != 0 and kind != NULL


@inlined
def _is_true(buf: Bytes, base: int, span: int, test: int, key: int) -> bool:
    """Test one condition of a message."""
    if test == IS_PRESENT:
        return _is_there(span)
    if test == IS_ABSENT:
        return not _is_there(span)
    if not _is_there(span):
        return False
    at = base + start_of(span)
    end = at + length_of(span)
    if test >= BEGINS:
        if end - at < test - BEGINS:
            return False
        end = at + (test - BEGINS)
    elif test != IS_TEXT:
        end = before(buf, at, end, test)
    return key_of(buf, at, end, 0) == key


@always_inlined
def _find_message(buf: Bytes, base: int, scratch: _Words) -> int:
    """Find the first message whose conditions are true; its slot, or -1."""
    table = scratch[S_TABLE]
    for place in range(scratch[table + MESSAGES]):
        entry = table + scratch[table + MESSAGES_AT] + place * MESSAGE_WORDS
        # Of a list's first row, where it is found depends on the message.
        scratch[S_MESSAGE] = entry
        at = table + scratch[entry + CONDITIONS_AT]
        is_it = True
        for _ in range(scratch[entry + CONDITIONS]):
            source = scratch[at + C_SOURCE]
            test = scratch[at + C_TEST]
            if test == HAS_ROWS:
                is_it = _has_rows(scratch, table, source)
            else:
                span = _span_at(scratch, table, source, 0, 0)
                is_it = _is_true(buf, base, span, test, scratch[at + C_KEY])
            if not is_it:
                break
            at += CONDITION_WORDS
        if is_it:
            return scratch[entry + SLOT]
    return -1


@inlined
def is_plain(buf: Bytes, at: int, end: int, scratch: _Words) -> bool:
    """Tell whether a message is one of the texts that are no JSON and mean nothing."""
    table = scratch[S_TABLE]
    if scratch[table + PLAIN] == 0:
        return False
    key = key_of(buf, at, end, 0)
    for place in range(scratch[table + PLAIN]):
        if scratch[table + scratch[table + PLAIN_AT] + place] == key:
            return True
    return False


@kernel(int64(U8_RO, int64, int64, I64))
def open_message(buf: Bytes, at: int, end: int, scratch: _Words) -> int:
    """Scan a message and find out what it is.

    Args:
        buf: uint8 that holds it at ``buf[at:end]``.
        at: its first byte.
        end: behind its last.
        scratch: see the top of this module.

    Returns:
        Its slot, 0 or more; MALFORMED; BUFFER_FULL when it has more rows than the scratch has room
        for; UNKNOWN_TEMPLATE when it is sound and none of the dialect's.
    """
    table = scratch[S_TABLE]
    shape_at = table + scratch[table + SHAPE_AT]
    fields_at = scratch[S_FIELDS]
    count = scan(
        buf,
        at,
        end,
        scratch[shape_at : shape_at + scratch[table + SHAPE_WORDS]],
        scratch[fields_at : fields_at + scratch[table + FIELDS]],
        scratch[scratch[S_ROWS] : scratch[S_ROWS_END]],
        scratch[S_STACK : S_STACK + STACK_WORDS],
    )
    if count < 0:
        return count
    scratch[S_COUNT] = count
    scratch[S_NEXT] = 0
    scratch[S_RESULT] = 0
    scratch[S_RESULT + 1] = 0
    slot = _find_message(buf, at, scratch)
    return slot if slot >= 0 else UNKNOWN_TEMPLATE


@inlined
def _decimals(buf: Bytes, base: int, span: int) -> int:
    """Count the digits behind the point of a plain number; -1 when it is none, or a bare 0."""
    if span < 0:
        decimals = decimals_in(span)
        return -1 if decimals == 0 and mantissa_of(span) == 0 else decimals
    if not _is_there(span) or length_of(span) == 0:
        return -1
    at = base + start_of(span)
    end = at + length_of(span)
    if end - at == 1 and buf[at] == 0x30:
        return -1
    point = before(buf, at, end, 0x2E)
    return max(0, end - point - 1)


@inlined
def _exponent_by_text(
    buf: Bytes, base: int, sources: int, fallback: int, scratch: _Words, table: int
) -> int:
    """Give minus the most decimals that columns, or fields, have in the open message."""
    if sources == NOWHERE:
        return fallback
    most = int64(-1)
    width = scratch[table + ROW_WORDS]
    for place in range(scratch[table + sources]):
        source = scratch[table + sources + 1 + place]
        index = source & ((1 << SPACE_SHIFT) - 1)
        wanted = (source >> SPACE_SHIFT) - 1
        if wanted < 0:
            most = max(most, int64(_decimals(buf, base, scratch[scratch[S_FIELDS] + index])))
            continue
        for row in range(scratch[S_COUNT]):
            at = scratch[S_ROWS] + row * width
            if scratch[at] == wanted:
                most = max(most, int64(_decimals(buf, base, scratch[at + ROW_HEAD + index])))
    return fallback if most < 0 else -min(most, 18)


@inlined
def _kind_of_symbol(buf: Bytes, at: int, end: int, scratch: _Words, table: int) -> int:
    """Tell an instrument's kind by the dialect's rules."""
    dashes = int64(0)
    for place in range(at, end):
        dashes += int64(buf[place] == _DASH)
    for rule in range(scratch[table + KINDS]):
        rule_at = table + scratch[table + KINDS_AT] + rule * KIND_WORDS
        head = scratch[rule_at + K_PREFIX_BYTES]
        tail = scratch[rule_at + K_SUFFIX_BYTES]
        if max(head, tail) > end - at:
            continue
        if scratch[rule_at + K_DASHES] >= 0 and scratch[rule_at + K_DASHES] != dashes:
            continue
        if head and word_at(buf, at, at + head, 0) != scratch[rule_at + K_PREFIX]:
            continue
        if tail and word_at(buf, end - tail, end, 0) != scratch[rule_at + K_SUFFIX]:
            continue
        return scratch[rule_at + K_KIND]
    return scratch[table + INSTRUMENT_KIND]


@inlined
def _define_by_symbol(
    buf: Bytes, at: int, end: int, row: int, kind: int, words: _Words, scratch: _Words,
    is_upper: int,
) -> None:  # fmt: skip
    """Give a new row the little that its symbol tells."""
    for place in range(DEFINITION_WORDS):
        scratch[S_DEFINITION + place] = 0
    for place in range(W_TICK_SIZE, W_CREATED_NS + 1):
        scratch[S_DEFINITION + place] = UNDEF
    scratch[S_DEFINITION + W_TRAITS] = kind
    scratch[S_DEFINITION + W_CHANNEL] = -1
    # The last byte stays 0.
    last = min(end, at + _SYMBOL_BYTES - 1)
    place = 0
    while at < last:
        scratch[S_DEFINITION + W_SYMBOL + place] = word_at(buf, at, last, is_upper)
        if last - at < 8:
            break
        place += 1
        at += 8
    define(words, row, scratch, S_DEFINITION)


@inlined
def _find_instrument(
    buf: Bytes, base: int, outer: int, entry: int, words: _Words, lookup: _Words, scratch: _Words,
    window: int,
) -> int:  # fmt: skip
    """Find or make the row of a part's instrument; a new one has the window that was told, if any.

    A message without records makes none: it may come before the one that shows the exponents.

    Returns:
        The row; -1: none is named; -2: it is not known yet; BUFFER_FULL when the table is full.
    """
    table = scratch[S_TABLE]
    at = table + scratch[entry + SYMBOLS_AT]
    for _ in range(scratch[entry + SYMBOLS]):
        source = scratch[at + Y_SOURCE]
        if source == NOWHERE:
            return 1 if lookup[COUNT] == 2 else -1
        span = _span_at(scratch, table, source, outer, 0)
        if not _is_there(span) or length_of(span) == 0:
            at += SYMBOL_WORDS
            continue
        first = base + start_of(span)
        end = first + length_of(span)
        if scratch[at + Y_BEHIND]:
            first = int64(behind_last(buf, first, end, scratch[at + Y_BEHIND]))
        if scratch[at + Y_BEFORE]:
            end = int64(before(buf, first, end, scratch[at + Y_BEFORE]))
        is_upper = scratch[at + Y_IS_UPPER]
        key = key_of(buf, first, end, is_upper)
        kind = scratch[entry + OWN_KIND]
        if kind != NOWHERE:
            key ^= INDEX_SALT
        row = find(lookup, key)
        if row >= 0:
            return row
        if scratch[entry + EMITS] == 0:
            return _NOT_YET
        if kind == NOWHERE:
            kind = int64(_kind_of_symbol(buf, first, end, scratch, table))
        price_exponent = _exponent_by_text(
            buf, base, scratch[entry + PRICE_TEXT], scratch[table + PRICE_EXPONENT], scratch, table
        )
        size_exponent = _exponent_by_text(
            buf, base, scratch[entry + SIZE_TEXT], scratch[table + SIZE_EXPONENT], scratch, table
        )
        row = find_or_add(words, lookup, key, price_exponent, size_exponent)
        if row >= 0:
            _define_by_symbol(buf, first, end, row, kind, words, scratch, is_upper)
            if window > 0:
                scratch[S_WINDOW] = window
        return row
    return -1


@always_inlined
def _evaluate(
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
    if not _is_there(span):
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
    value = decimal(buf, base, span, size_exponent, scratch[S_RESULT : S_RESULT + 2])
    if code == OP_SIZE_OF:
        return -value if UNDEF < value < 0 else value
    if value == UNDEF or value == 0:
        return UNDEF
    return BID if value > 0 else ASK


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
        span = _span_at(scratch, table, scratch[op + O_SOURCE], outer, inner)
        if scratch[op + O_IS_ELSE] and target < T_SIDE and record[at + target] != UNDEF:
            op += OP_WORDS
            continue
        if scratch[op + O_CODE] == OP_ZERO_IF_ZERO:
            if decimal(buf, base, span, 0, scratch[S_RESULT : S_RESULT + 2]) == 0:
                record[at + target] = 0
            op += OP_WORDS
            continue
        value = _evaluate(buf, base, op, span, scratch, table, price_exponent, size_exponent)
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
def _head(row: int, kind: int, side: int, size: int, flags: int) -> int:
    """Pack instrument, kind, side, action and flags into a record's fourth word."""
    action = side >> 8
    if action == ACTION_BY_SIZE:
        action = ACTION_CANCEL if size == 0 else ACTION_MODIFY
        if size != 0 and flags & record_flags.SNAPSHOT:
            action = ACTION_ADD
    # flags fill the sign byte: made signed first, so that the plain Python twin fits int64 too.
    signed_flags = (flags ^ 128) - 128
    return row | kind << 32 | (side & 0xFF) << 40 | action << 48 | signed_flags << 56


@always_inlined
def _copy(records: _Words, index: int, scratch: _Words) -> int:
    at = index * _RECORD_WORDS
    for word in range(1, _RECORD_WORDS):
        records[at + word] = scratch[S_RECORD + word]
    return at


@inlined
def _emit(
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
        span = _span_at(scratch, table, needs, outer, outer)
        if not _is_there(span) or length_of(span) == 0:
            return index
    price_exponent = int64(0)
    size_exponent = int64(0)
    if row >= 0:
        traits = words[row * DEFINITION_WORDS + W_TRAITS]
        price_exponent = (((traits >> 16) & 0xFF) ^ 0x80) - 0x80
        size_exponent = (((traits >> 24) & 0xFF) ^ 0x80) - 0x80
    kind = scratch[emit + E_KIND] & 0xFF
    flags = scratch[emit + E_KIND] >> 8 | extra_flags
    for word in range(1, _RECORD_WORDS):
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
        scratch[S_RECORD + 3] = _head(named, kind, side, scratch[S_RECORD + 5], flags)
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
            span = _span_at(scratch, table, needs, outer, inner)
            if not _is_there(span) or length_of(span) == 0:
                continue
        if index >= limit:
            return BUFFER_FULL
        record_at = _copy(records, index, scratch)
        row_side = _fill(
            buf, base, op, row_ops, outer, inner, records, record_at, side, scratch, table,
            price_exponent, size_exponent,
        )  # fmt: skip
        records[record_at + 3] = _head(named, kind, row_side, records[record_at + 5], flags)
        index += 1
    return index


@inlined
def _announce(
    row: int, ts_recv_ns: int, words: _Words, state: _Words, work_at: int, records: _Words,
    index: int,
) -> int:  # fmt: skip
    """Store the INSTRUMENT record of a definition that was not told yet; the index behind it."""
    base = row * DEFINITION_WORDS
    revision = words[base + W_REVISION]
    told = state[work_at + row * STATE_WORDS]
    if told == revision:
        return index
    put(state, work_at + row * STATE_WORDS, revision)
    at = index * _RECORD_WORDS
    action = ACTION_ADD if told == 0 else ACTION_MODIFY
    records[at + 1] = UNDEF
    records[at + 2] = ts_recv_ns
    records[at + 3] = _head(row, INSTRUMENT, NO_SIDE | action << 8, 0, 0)
    for word in range(4):
        records[at + 4 + word] = words[base + W_TICK_SIZE + word]
    records[at + 7] = words[base + W_TICK_SIZE + 4]
    return index + 1


@inlined
def _bare_level(
    row: int, action: int, flags: int, ts_recv_ns: int, records: _Words, index: int
) -> None:
    """Store a LEVEL record without a level: the beginning of a snapshot, or a change of nothing."""
    at = index * _RECORD_WORDS
    for word in range(4, _RECORD_WORDS):
        records[at + word] = UNDEF
    records[at + 1] = UNDEF
    records[at + 2] = ts_recv_ns
    records[at + 3] = _head(row, LEVEL, NO_SIDE | action << 8, 1, flags)


@inlined
def _close_book(first: int, bare: int, index: int, scratch: _Words, records: _Words) -> None:
    """Mark the last record of a transaction; give those up to ``bare``, without a level, its time and ids."""
    last = (index - 1) * _RECORD_WORDS
    # LAST is the sign bit.
    records[last + 3] |= int64(-1) << 63
    for place in range(first, bare):
        at = place * _RECORD_WORDS
        records[at + 1] = scratch[S_RECORD + 1]
        records[at + 6] = scratch[S_RECORD + 6]
        records[at + 7] = scratch[S_RECORD + 7]


@inlined
def _window(buf: Bytes, base: int, at: int, outer: int, scratch: _Words) -> int:
    """Read how many levels a side the venue keeps up; UNDEF when it does not say."""
    span = _span_at(scratch, scratch[S_TABLE], scratch[at], outer, outer)
    if not _is_there(span):
        return UNDEF
    first = base + start_of(span)
    end = first + length_of(span)
    if scratch[at + 1]:
        first = int64(behind_last(buf, first, end, scratch[at + 1]))
    number = int64(0)
    for place in range(first, end):
        digit = int64(buf[place]) - 0x30
        if digit < 0 or digit > 9 or number > 1_000_000:
            return UNDEF
        number = number * 10 + digit
    return number if first < end else UNDEF


@inlined
def _next_outer(entry: int, scratch: _Words) -> int:
    """Find the row of the next part; -1: there is none. 0 for a message that is one part."""
    each = scratch[entry + EACH]
    row = scratch[S_NEXT]
    if row < 0:
        return -1
    if each == NOWHERE:
        scratch[S_NEXT] = -1
        return 0
    table = scratch[S_TABLE]
    width = scratch[table + ROW_WORDS]
    while row < scratch[S_COUNT]:
        if scratch[scratch[S_ROWS] + row * width] == each:
            scratch[S_NEXT] = row + 1
            return row
        row += 1
    scratch[S_NEXT] = -1
    return -1


@kernel(int64(U8_RO, int64, int64, I64, I64, I64, int64, I64, int64, int64, I64))
def next_part(
    buf: Bytes,
    base: int,
    ts_recv_ns: int,
    words: _Words,
    lookup: _Words,
    state: _Words,
    work_at: int,
    records: _Words,
    out_at: int,
    limit: int,
    scratch: _Words,
) -> int:
    """Make the records of the open message's next part. The feed's single writer.

    Args:
        buf: uint8 that holds the message.
        base: its first byte.
        ts_recv_ns: arrival, Unix ns.
        words: the instruments' rows.
        lookup: the instruments' map.
        state: a journal with STATE_WORDS for each instrument row from ``work_at`` on.
        work_at: word of it.
        records: RECORD array as int64.
        out_at: index of the first record to write.
        limit: index at which the room ends.
        scratch: see the top of this module; S_ROW, S_REFUSED, S_CHECKSUM and S_WINDOW tell of the part.

    Returns:
        Records written, 0 or more; NO_MORE; BUFFER_FULL. Their ``seq`` is not set.
    """
    entry = scratch[S_MESSAGE]
    table = scratch[S_TABLE]
    outer = _next_outer(entry, scratch)
    if outer < 0:
        return NO_MORE
    scratch[S_ROW] = -1
    scratch[S_REFUSED] = 0
    scratch[S_CHECKSUM] = UNDEF
    scratch[S_WINDOW] = UNDEF
    emits = scratch[entry + EMITS]
    if emits == 0 and scratch[entry + SYMBOLS] == 0:
        return 0
    index = out_at
    row = int64(-1)
    if scratch[entry + SYMBOLS]:
        row = _find_instrument(buf, base, outer, entry, words, lookup, scratch, state[work_at])
        if row == _NOT_YET:
            if scratch[entry + WINDOW_AT] != NOWHERE:
                window = _window(buf, base, table + scratch[entry + WINDOW_AT], outer, scratch)
                put(state, work_at, max(0, window))
            return 0
        if row < 0:
            scratch[S_REFUSED] = UNNAMED if row == -1 else TABLE_FULL
            return 0
        scratch[S_ROW] = row
        if index + 2 > limit:
            return BUFFER_FULL
        index = _announce(row, ts_recv_ns, words, state, work_at, records, index)
    book = scratch[entry + BOOK]
    first = index
    flags = int64(0)
    if book == SNAPSHOT:
        flags = int64(record_flags.SNAPSHOT)
        _bare_level(row, ACTION_CLEAR, flags, ts_recv_ns, records, index)
        index += 1
    emit = table + scratch[entry + EMITS_AT]
    for _ in range(emits):
        index = _emit(
            buf, base, emit, row, outer, flags, words, records, index, limit, scratch, ts_recv_ns
        )
        if index < 0:
            return index
        emit += EMIT_WORDS
    if book:
        bare = first + int64(book == SNAPSHOT)
        if index == first:
            if index >= limit:
                return BUFFER_FULL
            _bare_level(row, ACTION_NONE, flags, ts_recv_ns, records, index)
            index += 1
            bare = index
        _close_book(first, bare, index, scratch, records)
        check = scratch[entry + CHECK_SOURCE]
        result = scratch[S_RESULT : S_RESULT + 2]
        if check != NOWHERE:
            span = _span_at(scratch, table, check, outer, outer)
            scratch[S_CHECKSUM] = decimal(buf, base, span, 0, result)
    if scratch[entry + WINDOW_AT] != NOWHERE:
        scratch[S_WINDOW] = _window(buf, base, table + scratch[entry + WINDOW_AT], outer, scratch)
    return index - out_at


@kernel(int64(U8_RO, I64_RO, I64_RO, I64_RO, int64, I64, I64, I64, int64, I64, int64, I64))
def decode_many(
    buf: Bytes,
    offsets: _Words,
    lengths: _Words,
    times_ns: _Words,
    first: int,
    words: _Words,
    lookup: _Words,
    state: _Words,
    work_at: int,
    records: _Words,
    room_for_one: int,
    scratch: _Words,
) -> int:
    """Make records of messages that lie in a buffer, without books.

    Args:
        buf: uint8 that holds them.
        offsets: int64, where each begins.
        lengths: int64, bytes of each.
        times_ns: int64, arrival of each, Unix ns.
        first: message to begin with.
        words: the instruments' rows.
        lookup: the instruments' map.
        state: a journal.
        work_at: as for :func:`next_part`.
        records: RECORD array as int64, filled from index 0.
        room_for_one: records that any one message can make.
        scratch: see the top of this module; its last word receives the messages taken.

    Returns:
        Records written; what is no message of the dialect makes none.
    """
    index = int64(0)
    message = first
    room = records.size // _RECORD_WORDS
    while message < offsets.size and index + room_for_one <= room:
        begin(state, message)
        at = offsets[message]
        slot = open_message(buf, at, at + lengths[message], scratch)
        while slot >= 0:
            stored = next_part(
                buf, at, times_ns[message], words, lookup, state, work_at, records, index, room,
                scratch,
            )  # fmt: skip
            if stored < 0:
                break
            index += stored
        message += 1
    scratch[scratch.size - 1] = message - first
    return index
