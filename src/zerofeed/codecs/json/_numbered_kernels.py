"""Messages that say by a number what they are about, or which of their connection they are.

What the number stands for is looked up before the message is known, as conditions may be about it; and
whether it is the next of its connection is noted as soon as it is known where it says so. Venues that
number nothing never come here: their messages cost nothing more.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, U8_RO, inlined, int64, kernel
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
from zerofeed.codecs.json._message_kernels import find_message
from zerofeed.codecs.json._number_kernels import decimal
from zerofeed.codecs.json._source_kernels import span_at
from zerofeed.codecs.json.channels import BLOCK_WORDS
from zerofeed.codecs.json.layout import (
    ACT_BEGIN,
    ACT_CLOSE,
    CHANNEL_AT,
    MESSAGE_ACT,
    MESSAGE_ACT_SOURCE,
    SEQUENCE,
)
from zerofeed.codecs.json.scratch import (
    S_CHANNEL_CODE,
    S_CHANNEL_ROW,
    S_CHANNELS,
    S_EXPECTED,
    S_MESSAGE,
    S_REFUSED,
    S_RESULT,
    S_SEQUENCE,
    S_TABLE,
    TOO_MANY_CHANNELS,
)
from zerofeed.records.units import UNDEF

__all__ = ["act_on_channels", "find_numbered"]

_Words = npt.NDArray[np.int64]
_NO_NUMBER = 1 << 62


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


@kernel(int64(U8_RO, int64, I64, int64, int64, I64))
def find_numbered(
    buf: Bytes, base: int, state: _Words, work_at: int, source: int, scratch: _Words
) -> int:
    """Find out what a message is that was scanned. The feed's single writer.

    Args:
        buf: uint8 that holds it.
        base: its first byte.
        state: a journal.
        work_at: word of it at which the channels begin.
        source: number of the source that it came from.
        scratch: see :mod:`.scratch`; S_SEQUENCE and S_EXPECTED tell of the message.

    Returns:
        Its slot, 0 or more; UNKNOWN_TEMPLATE.
    """
    scratch[S_CHANNELS] = work_at + source * BLOCK_WORDS
    scratch[S_EXPECTED] = UNDEF
    _find_channel(buf, base, state, scratch)
    slot = find_message(buf, base, scratch)
    if slot < 0:
        return UNKNOWN_TEMPLATE
    _follow(buf, base, scratch[S_MESSAGE], state, scratch)
    return slot


@kernel(int64(U8_RO, int64, int64, int64, I64, I64))
def act_on_channels(
    buf: Bytes, base: int, entry: int, row: int, state: _Words, scratch: _Words
) -> int:
    """Do what the open message does to the channels of its connection. The feed's single writer.

    Args:
        buf: uint8 that holds it.
        base: its first byte.
        entry: word of the table at which its entry begins.
        row: its instrument; -1: none.
        state: a journal.
        scratch: see :mod:`.scratch`; S_REFUSED says when there are too many.

    Returns:
        0.
    """
    act = scratch[entry + MESSAGE_ACT]
    if act == 0:
        return 0
    if act == ACT_BEGIN:
        forget_channels(state, scratch[S_CHANNELS])
        return 0
    number = _number_at(buf, base, scratch[entry + MESSAGE_ACT_SOURCE], scratch)
    if number == UNDEF:
        return 0
    if act == ACT_CLOSE:
        close_channel(state, scratch[S_CHANNELS], number)
    elif open_channel(state, scratch[S_CHANNELS], number, act, max(row, 0)) != OK:
        scratch[S_REFUSED] = TOO_MANY_CHANNELS
    return 0
