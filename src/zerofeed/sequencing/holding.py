"""Where packets are noted that wait for what is missing before them, and when packets came first.

A packet that jumps ahead is not processed: its frame stays in the frame ring, where the network put it,
and a slot here remembers it. A channel's slots are a list in the order of their numbers; channels that
hold something are a list too, so that nothing is looked through while nothing is missing. Links and counts are
journalled; what a slot says of its packet is not, because it means nothing before the slot is linked.

The arbiter's own words, ``A_...``, from ``ARBITER_AT`` on:

=====  ==============  =====================================================================
word   name            meaning
=====  ==============  =====================================================================
0      WAIT_NS         longest that a packet waits for what is missing; 0: not at all
1      REPLAYS         bit n: source n is a replay, and not a line
3      FREE            first slot given back, plus 1; 0: none
4      USED            slots that were ever in use
5      HOLDING         word of the first channel that holds something; 0: none
6      DUE             channel whose first held packet is being processed; 0: a new packet
7      FRAME           frame in hand
8      MUST_TAKE       1: the packet in hand may not wait any longer
9      OUTCOME         of the packet in hand, ``OUT_...``
10     SKIP            numbers of the packet in hand that were seen
11     FRESH_SEQ       its first number that was not
12     DUE_GENERATION  of the held packet in hand: which numbering of its channel it is of
13     LINE            connection of its source that the frame in hand came by; -1: by none
=====  ==============  =====================================================================

Words 6 to 8 and 13 are set by the loop before each step, those between by the step itself. A slot, ``S_...``:

=====  ==============  =====================================================================
word   name            meaning
=====  ==============  =====================================================================
0      FRAME           number of the frame
1      SEQ             its number, or that of its first message
2      COUNT           numbers that it uses up
3      NEXT            slot with the next higher number, plus 1
4      BEFORE          slot with the next lower number, plus 1; of the first one it means nothing
5      DEADLINE_NS     when it waits no longer, Unix ns
6      GENERATION      which numbering of its channel it is of
7      FREE            of a free one: the next free one, plus 1
=====  ==============  =====================================================================

A slot that remembers when a packet came first, ``R_...``: END (the number behind it), CHANNEL (its
word), TS_RECV_NS, SOURCE. It is found by END and forgotten when another packet needs the place.
"""

from __future__ import annotations

from zerofeed.feed.metrics import ARBITER_AT, counter_word

__all__ = [
    "A_DUE",
    "A_DUE_GENERATION",
    "A_FRAME",
    "A_FREE",
    "A_FRESH_SEQ",
    "A_HELD",
    "A_HOLDING",
    "A_LINE",
    "A_MUST_TAKE",
    "A_OUTCOME",
    "A_REPLAYS",
    "A_SKIP",
    "A_USED",
    "A_WAIT_NS",
    "OUT_HELD",
    "OUT_STALE",
    "OUT_TAKEN",
    "R_CHANNEL",
    "R_END",
    "R_SOURCE",
    "R_TS_RECV_NS",
    "S_BEFORE",
    "S_COUNT",
    "S_DEADLINE_NS",
    "S_FRAME",
    "S_FREE",
    "S_GENERATION",
    "S_NEXT",
    "S_SEQ",
]

A_WAIT_NS = ARBITER_AT
A_REPLAYS = ARBITER_AT + 1
A_HELD = counter_word("packets_held")
"""Packets held now, of all channels: a counter of the feed."""
A_FREE = ARBITER_AT + 3
A_USED = ARBITER_AT + 4
A_HOLDING = ARBITER_AT + 5
A_DUE = ARBITER_AT + 6
A_FRAME = ARBITER_AT + 7
A_MUST_TAKE = ARBITER_AT + 8
A_OUTCOME = ARBITER_AT + 9
A_SKIP = ARBITER_AT + 10
A_FRESH_SEQ = ARBITER_AT + 11
A_DUE_GENERATION = ARBITER_AT + 12
A_LINE = ARBITER_AT + 13

OUT_TAKEN = 0
"""The packet is next: its messages are to be decoded, but for those to skip."""
OUT_STALE = 1
"""All of it was seen."""
OUT_HELD = 2
"""It waits, and comes again."""

S_FRAME, S_SEQ, S_COUNT, S_NEXT, S_BEFORE, S_DEADLINE_NS, S_GENERATION, S_FREE = range(8)
R_END, R_CHANNEL, R_TS_RECV_NS, R_SOURCE = range(4)
