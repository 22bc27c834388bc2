"""The state kept for each channel: sixteen words in the feed's state array.

Channels are found by open addressing, because a venue numbers them as it likes. Every change
goes through the journal, so a step that is done again after a kill sees what it saw before.

=====  ==========  =========================================================================
word   name        meaning
=====  ==========  =========================================================================
0      KEY         channel number + 1; 0 means that the slot is free
1      EXPECTED    next number
2      PACKETS     packets accepted in sequence, those after a gap included
3      MISSING     numbers that never came: packets or messages, as the venue counts
4      GAPS        times that the numbering jumped forward
5      STALE       packets older than expected; filtered
6      RESETS      times that the numbering started again
7      HEARTBEATS  empty packets
8      SESSION     the venue's session, where it names them; 0: none yet
9      IS_WHOLE    1 while every number from the beginning on has come
12-15  OWN         the protocol's own
=====  ==========  =========================================================================
"""

from __future__ import annotations

__all__ = [
    "EXPECTED",
    "GAPS",
    "HEARTBEATS",
    "IS_WHOLE",
    "KEY",
    "MISSING",
    "OWN",
    "PACKETS",
    "RESETS",
    "SESSION",
    "STALE",
]

KEY = 0
EXPECTED = 1
PACKETS = 2
MISSING = 3
GAPS = 4
STALE = 5
RESETS = 6
HEARTBEATS = 7
SESSION = 8
IS_WHOLE = 9
OWN = 12
