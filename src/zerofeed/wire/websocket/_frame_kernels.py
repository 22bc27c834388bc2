"""RFC 6455 frames in the bytes that a connection brought: what comes next, in place (kernels).

The parser is incremental and keeps nothing but words (:mod:`zerofeed.wire.websocket._words`). It is
asked for the next *event* in ``region[PARSED : END]``, and says that bytes are missing, or which
message, ping, pong or close is there, or by which close code the connection has to end. Any split
of the bytes into reads gives the same events, and no byte outside of that range is looked at.

A message in several frames is made whole where its first frame lies: the payloads of the later ones
are moved down over the headers between them. That copy is the only one here, and a message in one
frame has none.

What is refused, all by 1002 unless said otherwise (section of RFC 6455):

- reserved bits that were not agreed, and RSV1 on a control frame or a continuation (5.2; RFC 7692, 6.1)
- reserved opcodes (5.2), masked frames of a server (5.1), a length with the top bit set (5.2)
- control frames in fragments or of more than 125 bytes (5.5)
- a continuation of nothing, and a new message inside another (5.4)
- a close frame with one byte, or with a code that may not be sent (5.5.1, 7.4)
- a message longer than LONGEST: 1009, as soon as a header says so

Accepted although the RFC forbids sending it: a length in more bytes than it needs, which harms
nobody. Not looked at: whether a text is UTF-8 (8.1). Payloads are bytes to this program, and what reads
them refuses what it does not understand.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, U8, inlined, int64, kernel
from zerofeed.base.status import NOT_READY
from zerofeed.wire.websocket._words import (
    CONTROL_AT,
    CONTROL_BYTES,
    DEFLATE,
    END,
    IS_COMPLETE,
    IS_COMPRESSED,
    LONGEST,
    MESSAGE_AT,
    MESSAGE_BYTES,
    NEEDED,
    OPCODE,
    PARSED,
)

__all__ = [
    "CLOSE",
    "MESSAGE",
    "PING",
    "PONG",
    "PROTOCOL_ERROR",
    "TOO_BIG",
    "next_event",
    "parse",
]

_Words = npt.NDArray[np.int64]
_Bytes = npt.NDArray[np.uint8]

MESSAGE = 1
"""Event: a whole message, at MESSAGE_AT; IS_COMPLETE is set until somebody clears it."""
PING = 2
PONG = 3
CLOSE = 4
PROTOCOL_ERROR = 1002
"""Event: close with this code."""
TOO_BIG = 1009
"""Event: close with this code."""

_LONGEST_CONTROL = 125


@inlined
def _is_code(code: int) -> bool:
    """Tell whether a close frame may carry a code: RFC 6455, 7.4.2, and IANA's registry."""
    if code >= 3000:
        return code < 5000
    if code < 1000 or code > 1014:
        return False
    return code != 1004 and code != 1005 and code != 1006


@inlined
def _control(region: _Bytes, words: _Words, first: int, body: int, length: int) -> int:
    """Judge a control frame whose header is whole; PARSED stays when its payload is not there."""
    opcode = first & 0x0F
    if opcode > 10 or first & 0xF0 != 0x80 or length > _LONGEST_CONTROL:
        return PROTOCOL_ERROR
    if words[END] - body < length:
        return NOT_READY
    words[CONTROL_AT] = body
    words[CONTROL_BYTES] = length
    if opcode == 8:
        if length == 1:
            return PROTOCOL_ERROR
        if length >= 2 and not _is_code(int64(region[body]) << 8 | int64(region[body + 1])):
            return PROTOCOL_ERROR
    words[PARSED] = body + length
    words[NEEDED] = 0
    if opcode == 8:
        return CLOSE
    return PING if opcode == 9 else PONG


@inlined
def next_event(region: _Bytes, words: _Words) -> int:
    """Find the next event, and go behind it.

    Args:
        region: bytes of the connection; ``region[words[PARSED] : words[END]]`` are not parsed yet.
        words: of the stream.

    Returns:
        MESSAGE, PING, PONG or CLOSE; NOT_READY when bytes are missing; PROTOCOL_ERROR or TOO_BIG when
        the connection has to be closed with that code, and nothing behind it may be parsed.
    """
    while words[IS_COMPLETE] == 0:
        at = words[PARSED]
        end = words[END]
        words[NEEDED] = 0
        if end - at < 2:
            return NOT_READY
        first = int64(region[at])
        length = int64(region[at + 1])
        if length & 0x80 or first & 0x30:
            return PROTOCOL_ERROR
        body = at + 2
        if length == 126:
            body = at + 4
            if end < body:
                return NOT_READY
            length = int64(region[at + 2]) << 8 | int64(region[at + 3])
        elif length == 127:
            body = at + 10
            if end < body:
                return NOT_READY
            if region[at + 2] & 0x80:
                return PROTOCOL_ERROR
            length = 0
            for place in range(at + 2, body):
                length = length << 8 | int64(region[place])
        opcode = first & 0x0F
        if opcode >= 8:
            return _control(region, words, first, body, length)
        is_first = opcode != 0
        is_deflated = first & 0x40
        if opcode > 2 or is_first != (words[OPCODE] == 0):
            return PROTOCOL_ERROR
        if is_deflated and not (is_first and words[DEFLATE]):
            return PROTOCOL_ERROR
        have = 0 if is_first else words[MESSAGE_BYTES]
        if length > words[LONGEST] - have:
            return TOO_BIG
        words[NEEDED] = body - at + length
        if end - body < length:
            return NOT_READY
        if is_first:
            words[OPCODE] = opcode
            words[IS_COMPRESSED] = 1 if is_deflated else 0
            words[MESSAGE_AT] = body
        else:
            to = words[MESSAGE_AT] + have
            for place in range(length):
                region[to + place] = region[body + place]
        words[MESSAGE_BYTES] = have + length
        words[PARSED] = body + length
        words[NEEDED] = 0
        if first & 0x80:
            words[IS_COMPLETE] = 1
    return MESSAGE


@kernel(int64(U8, I64))
def parse(region: _Bytes, words: _Words) -> int:
    """Call :func:`next_event` from Python."""
    return next_event(region, words)
