"""What the kernels keep while a message is open, and what they leave in a feed's state.

``scratch`` is one int64 array, laid out by :func:`zerofeed.codecs.json.decoder.make_scratch`:

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
10       S_REFUSED        of the latest part: 1, it names no instrument; 2, the table is full; 3, the
                          connection has too many channels
11       S_CHECKSUM       what the venue sent with the latest part; UNDEF: nothing
12       S_WINDOW         levels a side that the venue keeps up; UNDEF: not told
13       S_CHANNELS       word of the state at which the connection's channels begin
14       S_CHANNEL_CODE   name of the open message's channel, by its code; 0: none that is known
15       S_CHANNEL_ROW    instrument of that channel; 0: none
16       S_SEQUENCE       number of the open message on its connection; UNDEF: it has none
17       S_EXPECTED       number that should have come instead; UNDEF: it is that one
18       S_LINE           connection of its source that the message came by, 0 to 3; -1: by none
19       S_LEADS          1: that is the connection that is listened to where messages have no number
20       S_REPEATED       1: another connection brought the latest part before
21       S_IS_LED         1: the latest part has no number, and was taken from the leading connection
22       S_OPEN           bits of the connections of its source that are open
24..31   S_RECORD         the record that is copied for each row
32..63   S_DEFINITION     a row of the instruments table
64       S_STACK          the scanner's stack
=======  ===============  ==================================================================
"""

from __future__ import annotations

from zerofeed.codecs.json._scan_kernels import STACK_WORDS

__all__ = [
    "ANNOUNCED",
    "NUMBER_WORDS",
    "SCRATCH_HEAD",
    "S_CHANNELS",
    "S_CHANNEL_CODE",
    "S_CHANNEL_ROW",
    "S_CHECKSUM",
    "S_COUNT",
    "S_DEFINITION",
    "S_EXPECTED",
    "S_FIELDS",
    "S_IS_LED",
    "S_LEADS",
    "S_LINE",
    "S_MESSAGE",
    "S_NEXT",
    "S_OPEN",
    "S_RECORD",
    "S_REFUSED",
    "S_REPEATED",
    "S_RESULT",
    "S_ROW",
    "S_ROWS",
    "S_ROWS_END",
    "S_SEQUENCE",
    "S_STACK",
    "S_TABLE",
    "S_WINDOW",
    "TABLE_FULL",
    "TOO_MANY_CHANNELS",
    "UNNAMED",
]

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
S_CHANNELS = 13
S_CHANNEL_CODE = 14
S_CHANNEL_ROW = 15
S_SEQUENCE = 16
S_EXPECTED = 17
S_LINE = 18
S_LEADS = 19
S_REPEATED = 20
S_IS_LED = 21
S_OPEN = 22
S_RECORD = 24
S_DEFINITION = 32
S_STACK = 64
SCRATCH_HEAD = S_STACK + STACK_WORDS
"""Words of scratch in front of table, fields and rows."""
ANNOUNCED = 0
"""First word of state of each instrument row: the revision of its definition that was announced.

Row 0 is no instrument: its word is the window of instruments that are not known yet, 0 for none. Behind it
are NUMBER_WORDS for each sort of message that has a number: the largest so far, who brought it when,
and of events which of those below it were seen, a bit each.
"""
NUMBER_WORDS = 3
UNNAMED = 1
TABLE_FULL = 2
TOO_MANY_CHANNELS = 3
