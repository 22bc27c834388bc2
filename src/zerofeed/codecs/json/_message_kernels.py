"""What a message is: scanned, known by its conditions, and put in the order of its connection.

The first message of a dialect whose conditions are true counts. Where the venue numbers its channels, what the
number stands for is looked up first, as conditions may be about it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, U8_RO, always_inlined, inlined, int64, kernel
from zerofeed.base.status import OK, UNKNOWN_TEMPLATE
from zerofeed.codecs._bytes import Bytes
from zerofeed.codecs.json._channel_kernels import (
    close_channel,
    code_of,
    find_channel,
    follow_number,
    forget_channels,
    open_channel,
    row_of,
)
from zerofeed.codecs.json._number_kernels import decimal
from zerofeed.codecs.json._scan_kernels import STACK_WORDS, scan
from zerofeed.codecs.json._source_kernels import has_rows, is_there, span_at
from zerofeed.codecs.json._span_kernels import length_of, start_of
from zerofeed.codecs.json._text_kernels import before, key_of
from zerofeed.codecs.json.channels import BLOCK_WORDS
from zerofeed.codecs.json.layout import (
    ACT_BEGIN,
    ACT_CLOSE,
    BEGINS,
    C_KEY,
    C_SOURCE,
    C_TEST,
    CHANNEL_AT,
    CHANNEL_STATE,
    CONDITION_WORDS,
    CONDITIONS,
    CONDITIONS_AT,
    FIELDS,
    HAS_ROWS,
    IS_ABSENT,
    IS_OPENED,
    IS_PRESENT,
    IS_TEXT,
    MESSAGE_ACT,
    MESSAGE_ACT_SOURCE,
    MESSAGE_WORDS,
    MESSAGES,
    MESSAGES_AT,
    NOWHERE,
    PLAIN,
    PLAIN_AT,
    SEQUENCE,
    SHAPE_AT,
    SHAPE_WORDS,
    SLOT,
)
from zerofeed.codecs.json.scratch import (
    S_CHANNEL_CODE,
    S_CHANNEL_ROW,
    S_CHANNELS,
    S_COUNT,
    S_EXPECTED,
    S_FIELDS,
    S_MESSAGE,
    S_NEXT,
    S_REFUSED,
    S_RESULT,
    S_ROWS,
    S_ROWS_END,
    S_SEQUENCE,
    S_STACK,
    S_TABLE,
    TOO_MANY_CHANNELS,
)
from zerofeed.records.units import UNDEF

__all__ = ["act", "is_plain", "open_message"]

_Words = npt.NDArray[np.int64]
_NO_NUMBER = 1 << 62


@inlined
def _is_true(buf: Bytes, base: int, span: int, test: int, key: int) -> bool:
    """Test one condition of a message."""
    if test == IS_PRESENT:
        return is_there(span)
    if test == IS_ABSENT:
        return not is_there(span)
    if not is_there(span):
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
                is_it = has_rows(scratch, table, source)
            elif test == IS_OPENED:
                is_it = scratch[S_CHANNEL_CODE] == scratch[at + C_KEY]
            else:
                span = span_at(scratch, table, source, 0, 0)
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


@inlined
def _number_at(buf: Bytes, base: int, source: int, scratch: _Words) -> int:
    """Read a number of a channel, or one that counts messages; UNDEF when there is none."""
    span = span_at(scratch, scratch[S_TABLE], source, 0, 0)
    number = decimal(buf, base, span, 0, scratch[S_RESULT : S_RESULT + 2])
    return number if 0 <= number < _NO_NUMBER else UNDEF


@inlined
def _find_channel(buf: Bytes, base: int, state: _Words, scratch: _Words) -> None:
    """Look up what the number of the open message stands for on its connection."""
    scratch[S_CHANNEL_CODE] = 0
    scratch[S_CHANNEL_ROW] = 0
    number = _number_at(buf, base, scratch[scratch[S_TABLE] + CHANNEL_AT], scratch)
    if number == UNDEF:
        return
    channel = find_channel(state, scratch[S_CHANNELS], number)
    if channel >= 0:
        scratch[S_CHANNEL_CODE] = code_of(state, channel)
        scratch[S_CHANNEL_ROW] = row_of(state, channel)


@inlined
def _follow(buf: Bytes, base: int, entry: int, state: _Words, scratch: _Words) -> None:
    """Note whether a message is the next of its connection, where it says which it is."""
    number = _number_at(buf, base, scratch[entry + SEQUENCE], scratch)
    if number != UNDEF:
        scratch[S_SEQUENCE] = number
        scratch[S_EXPECTED] = follow_number(state, scratch[S_CHANNELS], number)


@kernel(int64(U8_RO, int64, int64, I64, int64, int64, I64))
def open_message(
    buf: Bytes, at: int, end: int, state: _Words, work_at: int, source: int, scratch: _Words
) -> int:
    """Scan a message and find out what it is.

    Args:
        buf: uint8 that holds it at ``buf[at:end]``.
        at: its first byte.
        end: behind its last.
        state: a journal.
        work_at: word of it at which the dialect's words begin; see :func:`next_part`.
        source: number of the source that it came from.
        scratch: see the top of this module; S_SEQUENCE and S_EXPECTED tell of the message.

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
    scratch[S_EXPECTED] = UNDEF
    if scratch[table + CHANNEL_STATE]:
        scratch[S_SEQUENCE] = UNDEF
        scratch[S_CHANNELS] = work_at + source * BLOCK_WORDS
        if scratch[table + CHANNEL_AT] != NOWHERE:
            _find_channel(buf, at, state, scratch)
    slot = _find_message(buf, at, scratch)
    if slot < 0:
        return UNKNOWN_TEMPLATE
    if scratch[scratch[S_MESSAGE] + SEQUENCE] != NOWHERE:
        _follow(buf, at, scratch[S_MESSAGE], state, scratch)
    return slot


@inlined
def act(buf: Bytes, base: int, entry: int, row: int, state: _Words, scratch: _Words) -> None:
    """Do what a message does to the channels of its connection."""
    act = scratch[entry + MESSAGE_ACT]
    if act == ACT_BEGIN:
        forget_channels(state, scratch[S_CHANNELS])
        return
    number = _number_at(buf, base, scratch[entry + MESSAGE_ACT_SOURCE], scratch)
    if number == UNDEF:
        return
    if act == ACT_CLOSE:
        close_channel(state, scratch[S_CHANNELS], number)
    elif open_channel(state, scratch[S_CHANNELS], number, act, max(row, 0)) != OK:
        scratch[S_REFUSED] = TOO_MANY_CHANNELS
