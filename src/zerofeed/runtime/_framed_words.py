"""How packets of SBE messages are framed: the words in front of a dialect's scratch.

======  ============  =====================================================================
word    name          meaning
======  ============  =====================================================================
0       F_HEADER      bytes in front of the first message
1       F_ORDER       BIG_ENDIAN, or 0, of all that is not a message
2, 3    F_SEQUENCE    the packet's number, or that of its first message
4, 5    F_COUNT       messages of the packet
6, 7    F_CHANNEL     number of the channel
8, 9    F_KIND        bits that say what the packet is
10      F_LOOP        mask of those bits: the packet is of snapshots that go round
11      F_PREFIX      bytes in front of each message
12, 13  F_LENGTH      length of the message, in the prefix
14      F_LENGTH_PLUS bytes of the message and its prefix that the length does not count
15      F_IS_COUNTED  1: numbers count messages, 0: packets
16      F_GROUPED     1: messages with groups are of the schema's version alone (their blocks have no length)
17      F_END         where the latest message ends, written by the kernels
======  ============  =====================================================================

Two words say where a number is: the type code of the schema's program, CODE_NONE for none, and the offset from the begin of
the packet, or of the prefix.
"""

from __future__ import annotations

__all__ = [
    "FRAME_WORDS",
    "F_CHANNEL",
    "F_COUNT",
    "F_END",
    "F_GROUPED",
    "F_HEADER",
    "F_IS_COUNTED",
    "F_KIND",
    "F_LENGTH",
    "F_LENGTH_PLUS",
    "F_LOOP",
    "F_ORDER",
    "F_PREFIX",
    "F_SEQUENCE",
]

F_HEADER = 0
F_ORDER = 1
F_SEQUENCE = 2
F_COUNT = 4
F_CHANNEL = 6
F_KIND = 8
F_LOOP = 10
F_PREFIX = 11
F_LENGTH = 12
F_LENGTH_PLUS = 14
F_IS_COUNTED = 15
F_GROUPED = 16
F_END = 17
FRAME_WORDS = 32
