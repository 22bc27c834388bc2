"""The state kept for each channel: 64 words in the feed's state array.

Channels are found by open addressing, because a venue numbers them as it likes. Every change
goes through the journal, so a step that is done again after a kill sees what it saw before.

=====  ================  ===================================================================
word   name              meaning
=====  ================  ===================================================================
0      KEY               channel number + 1; 0 means that the slot is free
1      EXPECTED          next number
2      PACKETS           packets accepted in sequence, those after a gap included
3      MISSING           numbers that never came: packets or messages, as the venue counts
4      GAPS              times that the numbering jumped forward
5      STALE             packets older than expected; filtered
6      RESETS            times that the numbering started again
7      HEARTBEATS        empty packets
8      SESSION           the venue's session, where it names them; 0: none yet
9      IS_WHOLE          1 while every number from the beginning on has come
10     PREVIOUS_SESSION  the session before; what still comes of it is stale
11     GENERATION        times that the numbering started again on the line that was first
12-15  OWN               the protocol's own
16     HELD              packets that wait for what is missing before them
17     FIRST_HELD        slot of the one with the lowest number, plus 1; 0: none
18     LAST_HELD         slot of the one with the highest, plus 1
19     NEXT_HOLDING      word of the next channel that holds packets; 0: none
20     HURRY             1: all that is held is due, whatever is missing
21     OLDEST_HELD       no held packet's frame is older than this one
22     TAKEN             numbers that came otherwise than by a line below or a replay
23     RECOVERED         numbers that came by a replay
24     FIRST_NUMBER      first number since the numbering started
25     CLOSED            numbers of all numberings before this one
32-63  LINES             four lines, of 8 words each
=====  ================  ===================================================================

At all times ``CLOSED + EXPECTED - FIRST_NUMBER = TAKEN + RECOVERED + MISSING`` and what the lines brought
first; TAKEN is negative by what turned out to be no good.

A line is one of several ways by which the same messages come, ``L_...``:

=====  ============  =======================================================================
word   name          meaning
=====  ============  =======================================================================
0      KEY           number of the source, plus 1; 0: free
1      NEXT          next number on this line; -1: nothing came yet
2      GENERATION    times that the numbering started again on this line
3      FIRST         numbers that it brought first
4      LATE          packets of it that had come by another line
5      MISSED        numbers that it skipped
=====  ============  =======================================================================
"""

from __future__ import annotations

__all__ = [
    "CLOSED",
    "EXPECTED",
    "FIRST_HELD",
    "FIRST_NUMBER",
    "GAPS",
    "GENERATION",
    "HEARTBEATS",
    "HELD",
    "HURRY",
    "IS_WHOLE",
    "KEY",
    "LAST_HELD",
    "LINES",
    "LINE_WORDS",
    "L_FIRST",
    "L_GENERATION",
    "L_KEY",
    "L_LATE",
    "L_MISSED",
    "L_NEXT",
    "MISSING",
    "MOST_LINES",
    "NEXT_HOLDING",
    "OLDEST_HELD",
    "OWN",
    "PACKETS",
    "PREVIOUS_SESSION",
    "RECOVERED",
    "RESETS",
    "SESSION",
    "STALE",
    "TAKEN",
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
PREVIOUS_SESSION = 10
GENERATION = 11
OWN = 12
HELD = 16
FIRST_HELD = 17
LAST_HELD = 18
NEXT_HOLDING = 19
HURRY = 20
OLDEST_HELD = 21
TAKEN = 22
RECOVERED = 23
FIRST_NUMBER = 24
CLOSED = 25

LINES = 32
LINE_WORDS = 8
MOST_LINES = 4
L_KEY, L_NEXT, L_GENERATION, L_FIRST, L_LATE, L_MISSED = range(6)
