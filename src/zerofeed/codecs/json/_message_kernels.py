"""What a message is: scanned, and known by its conditions; the first whose conditions are true counts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, U8_RO, always_inlined, inlined, int64, kernel
from zerofeed.base.status import UNKNOWN_TEMPLATE
from zerofeed.codecs._bytes import Bytes
from zerofeed.codecs._text_kernels import before, key_of
from zerofeed.codecs.json._scan_kernels import STACK_WORDS, scan
from zerofeed.codecs.json._source_kernels import has_rows, is_there, span_at
from zerofeed.codecs.json._span_kernels import length_of, start_of
from zerofeed.codecs.json.layout import (
    BEGINS,
    C_KEY,
    C_SOURCE,
    C_TEST,
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
    MESSAGE_WORDS,
    MESSAGES,
    MESSAGES_AT,
    PLAIN,
    PLAIN_AT,
    SHAPE_AT,
    SHAPE_WORDS,
    SLOT,
)
from zerofeed.codecs.json.scratch import (
    S_CHANNEL_CODE,
    S_COUNT,
    S_FIELDS,
    S_MESSAGE,
    S_NEXT,
    S_RESULT,
    S_ROWS,
    S_ROWS_END,
    S_STACK,
    S_TABLE,
)

__all__ = ["NUMBERED", "find_message", "is_plain", "open_message"]

_Words = npt.NDArray[np.int64]
NUMBERED = -2
"""The message is scanned; what it is depends on its connection."""


@inlined
def _is_true(buf: Bytes, base: int, span: int, test: int, key: int, scratch: _Words) -> bool:
    """Test one condition of a message."""
    if test == IS_PRESENT:
        return is_there(span)
    if test == IS_ABSENT:
        return not is_there(span)
    if not is_there(span):
        # A channel's condition has no source: it is about what the number stands for.
        return test == IS_OPENED and scratch[S_CHANNEL_CODE] == key
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
def find_message(buf: Bytes, base: int, scratch: _Words) -> int:
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
            else:
                span = span_at(scratch, table, source, 0, 0)
                is_it = _is_true(buf, base, span, test, scratch[at + C_KEY], scratch)
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
        scratch: see :mod:`.scratch`.

    Returns:
        Its slot, 0 or more; MALFORMED; BUFFER_FULL when it has more rows than the scratch has room
        for; UNKNOWN_TEMPLATE when it is sound and none of the dialect's; NUMBERED when its venue numbers
        channels or messages: then :func:`~._numbered_kernels.find_numbered` says the rest.
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
    if scratch[table + CHANNEL_STATE]:
        return NUMBERED
    slot = find_message(buf, at, scratch)
    return slot if slot >= 0 else UNKNOWN_TEMPLATE
