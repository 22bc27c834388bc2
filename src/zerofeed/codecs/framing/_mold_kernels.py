"""MoldUDP64's packets, compiled: whose messages a packet has, and from which number on.

======  ====  ==========  ==================================================================
offset  size  field       meaning
======  ====  ==========  ==================================================================
0       10    session     ASCII
10      8     sequence    big-endian; number of the first message, or of the next one
18      2     count       messages; 0: heartbeat; 65535: the session has ended
20      ...   blocks      as many as count says, each behind two bytes of length
======  ====  ==========  ==================================================================

Source: MoldUDP64 protocol specification 1.00.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, U8_RO, always_inlined, int64, kernel
from zerofeed.base.status import MALFORMED, OK, TRUNCATED
from zerofeed.codecs._bytes import Bytes, u16_be, u64_be
from zerofeed.codecs.framing._block_kernels import session_key

__all__ = [
    "BODY",
    "COUNT",
    "END_OF_SESSION",
    "HEADER_BYTES",
    "HEADER_WORDS",
    "IS_END",
    "SEQ",
    "SESSION",
    "packet_header",
    "read_header",
]

_Words = npt.NDArray[np.int64]

HEADER_BYTES = 20
END_OF_SESSION = 0xFFFF

# Words of a header, as packet_header gives it.
SESSION = 0
SEQ = 1
COUNT = 2
BODY = 3
IS_END = 4
HEADER_WORDS = 5

_LAST_SEQ = 1 << 62


@always_inlined
def packet_header(buf: Bytes, at: int, length: int, header: _Words) -> int:
    """Read the header of a packet.

    Args:
        buf: uint8 that holds the packet at ``buf[at : at + length]``.
        at: its position.
        length: its bytes.
        header: int64, at least HEADER_WORDS; receives SESSION (a number made of its name), SEQ, COUNT (0
            at the end of a session), BODY (position of the first block) and IS_END.

    Returns:
        OK; TRUNCATED: shorter than a header; MALFORMED: a number that no session reaches.
    """
    if length < HEADER_BYTES:
        return TRUNCATED
    seq = u64_be(buf, at + 10)
    count = u16_be(buf, at + 18)
    if seq < 0 or seq > _LAST_SEQ:
        return MALFORMED
    is_end = int64(count == END_OF_SESSION)
    header[SESSION] = session_key(buf, at)
    header[SEQ] = seq
    header[COUNT] = 0 if is_end else count
    header[BODY] = at + HEADER_BYTES
    header[IS_END] = is_end
    return OK


@kernel(int64(U8_RO, int64, int64, I64))
def read_header(buf: Bytes, at: int, length: int, header: _Words) -> int:
    """:func:`packet_header` for callers outside compiled code."""
    return packet_header(buf, at, length, header)
