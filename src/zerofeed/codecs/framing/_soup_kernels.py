"""SoupBinTCP's packets, compiled. A stream of them has a length, a type and a payload each.

======  ====  =========  ====================================================================
offset  size  field      meaning
======  ====  =========  ====================================================================
0       2     length     big-endian; counts the type and the payload
2       1     type       the server's are below
3       ...   payload
======  ====  =========  ====================================================================

====  ===============  =========================================================================
type  name             payload
====  ===============  =========================================================================
S     sequenced data   one message; its number is that of the message before, plus 1
U     unsequenced      one message without a number
A     login accepted   session (10 letters), number of the next message (20 letters)
J     login rejected   why: A not authorised, S no such session
H     heartbeat        none; after a second without a packet
Z     end of session   none
+     debug            text
====  ===============  =========================================================================

The client's are L (login), U, R (heartbeat), O (logout); a capture of both directions has them too.

Source: SoupBinTCP 3.00.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, U8_RO, inlined, int64, kernel
from zerofeed.base.status import MALFORMED, OK
from zerofeed.codecs._bytes import Bytes, u8
from zerofeed.codecs.framing._block_kernels import SESSION_BYTES, session_key

__all__ = [
    "CLIENT_HEARTBEAT",
    "DEBUG",
    "END_OF_SESSION",
    "HEARTBEAT",
    "LOGIN_ACCEPTED",
    "LOGIN_BYTES",
    "LOGIN_REJECTED",
    "LOGIN_REQUEST",
    "LOGIN_WORDS",
    "LOGOUT_REQUEST",
    "SEQ",
    "SEQUENCED",
    "SESSION",
    "UNSEQUENCED",
    "login_accepted",
    "read_login",
]

_Words = npt.NDArray[np.int64]

SEQUENCED = 83
UNSEQUENCED = 85
LOGIN_ACCEPTED = 65
LOGIN_REJECTED = 74
HEARTBEAT = 72
END_OF_SESSION = 90
DEBUG = 43
LOGIN_REQUEST = 76
CLIENT_HEARTBEAT = 82
LOGOUT_REQUEST = 79

LOGIN_BYTES = 30
"""Bytes of a login's answer behind its type."""

# Words of a login, as login_accepted gives it.
SESSION = 0
SEQ = 1
LOGIN_WORDS = 2

_NUMBER_BYTES = 20
_SPACE = 32
_LAST_SEQ = 1 << 62


@inlined
def login_accepted(buf: Bytes, at: int, length: int, login: _Words) -> int:
    """Read the answer to a login.

    Args:
        buf: uint8.
        at: position of the payload, behind the type.
        length: bytes of the payload.
        login: int64, at least LOGIN_WORDS; receives SESSION (a number made of its name) and SEQ, the
            number of the next sequenced message.

    Returns:
        OK; MALFORMED: too short, or not a number. A number may have spaces in front and behind.
    """
    if length < LOGIN_BYTES:
        return MALFORMED
    seq = int64(0)
    digits = 0
    is_behind = False
    for place in range(_NUMBER_BYTES):
        letter = u8(buf, at + SESSION_BYTES + place)
        if letter == _SPACE:
            is_behind = digits > 0
        elif letter < 48 or letter > 57 or is_behind or seq > _LAST_SEQ // 10:
            return MALFORMED
        else:
            seq = seq * 10 + (letter - 48)
            digits += 1
    if digits == 0:
        return MALFORMED
    login[SESSION] = session_key(buf, at)
    login[SEQ] = seq
    return OK


@kernel(int64(U8_RO, int64, int64, I64))
def read_login(buf: Bytes, at: int, length: int, login: _Words) -> int:
    """:func:`login_accepted` for callers outside compiled code."""
    return login_accepted(buf, at, length, login)
