"""Compare each packet's sequence number with what its channel expects.

Venues number packets, or they number messages and a packet names its first. Both are the same here: a
packet uses up ``count`` numbers from ``seq`` on, one where packets are numbered, none when it is empty.

Five things can be true of a number, and each is handled once, here:

* it is the next one: accepted;
* it is higher: accepted, and the numbers in between are *missing*: a gap;
* it is lower, and the packet's last number is not: *overlapped*, because the other line of a feed may
  pack the same messages otherwise. Accepted; the messages below the expected number were seen;
* it is lower by no more than ``window``: *stale*, a duplicate or a late packet: filtered;
* it is 0 or 1, or lower by more than ``window``: the venue started again: a *reset*, accepted.

A number that goes back to its beginning is a restart even right after a small number, because
dropping a restarted feed as "old" would lose all of it. A venue that names its sessions says so itself:
:func:`follow_session`.

A channel is *whole* while every number from its beginning on has come. What a venue builds up from its
first message, as books without snapshots are, is proven exactly that long.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, always_inlined, inlined, int64, kernel
from zerofeed.feed.metrics import CHANNEL_WORDS, CHANNELS, CHANNELS_AT
from zerofeed.sequencing.channels import (
    EXPECTED,
    GAPS,
    HEARTBEATS,
    IS_WHOLE,
    KEY,
    MISSING,
    PACKETS,
    RESETS,
    SESSION,
    STALE,
)
from zerofeed.shm.journal import add, put

__all__ = [
    "ACCEPTED",
    "DUPLICATE",
    "JUMPED",
    "OVERLAPPED",
    "RESTARTED",
    "TABLE_FULL",
    "find_channel",
    "follow_one",
    "follow_session",
    "track",
    "track_one",
]

_Words = npt.NDArray[np.int64]

ACCEPTED = 0
JUMPED = 1
DUPLICATE = 2
RESTARTED = 3
TABLE_FULL = 4
OVERLAPPED = 5


@always_inlined
def find_channel(state: _Words, channel: int) -> int:
    """Find or add a channel.

    Args:
        state: the feed's state array.
        channel: number, at least 0.

    Returns:
        The word at which its sixteen words begin, or -1 when the table is full.
    """
    slot = (channel * 40503) % CHANNELS
    for _ in range(CHANNELS):
        at = CHANNELS_AT + slot * CHANNEL_WORDS
        if state[at + KEY] == channel + 1:
            return at
        if state[at + KEY] == 0:
            put(state, at + KEY, channel + 1)
            return at
        slot = (slot + 1) % CHANNELS
    return -1


@inlined
def follow_session(state: _Words, at: int, session: int) -> int:
    """Note the session that a packet belongs to; one that is not the latest begins at number 1.

    Args:
        state: the feed's state array, journalled.
        at: the channel's first word.
        session: the venue's number of the session, or a digest of its name; not 0.

    Returns:
        RESTARTED when another session was open: :func:`track` then expects number 1. Else ACCEPTED.
    """
    before = state[at + SESSION]
    if before == session:
        return ACCEPTED
    put(state, at + SESSION, session)
    if before == 0:
        return ACCEPTED
    add(state, at + RESETS, 1)
    put(state, at + EXPECTED, 1)
    _note_whole(state, at, 1)
    return RESTARTED


@inlined
def _note_whole(state: _Words, at: int, is_whole: int) -> None:
    if state[at + IS_WHOLE] != is_whole:
        put(state, at + IS_WHOLE, is_whole)


@always_inlined
def track(state: _Words, at: int, seq: int, count: int, window: int) -> int:
    """Judge one packet and move the channel on.

    Args:
        state: the feed's state array, journalled.
        at: the channel's first word.
        seq: the packet's number, or that of its first message; an empty packet carries the next one's.
        count: numbers that it uses up: 1 where packets are numbered, its messages where those are; 0 for
            an empty packet, which shows what is missing.
        window: how far back a number is still a late packet and not a restart.

    Returns:
        ACCEPTED, JUMPED, DUPLICATE, RESTARTED, or OVERLAPPED: the messages below the number that was
        expected were seen, the others are new.
    """
    expected = state[at + EXPECTED]
    is_first = state[at + PACKETS] == 0 and state[at + HEARTBEATS] == 0 and state[at + RESETS] == 0
    verdict = ACCEPTED
    if is_first:
        _note_whole(state, at, int64(seq <= 1))
    elif seq > expected:
        verdict = JUMPED
        add(state, at + GAPS, 1)
        add(state, at + MISSING, seq - expected)
        _note_whole(state, at, 0)
    elif seq < expected:
        if count == 0 and seq == expected - 1:
            # Venues differ on whether an idle packet repeats the last number or names the next.
            add(state, at + HEARTBEATS, 1)
            return ACCEPTED
        is_late = seq > 1 and expected - seq <= window
        if is_late and seq + count > expected:
            verdict = OVERLAPPED
        elif is_late or seq + count == expected:
            add(state, at + STALE, 1)
            return DUPLICATE
        else:
            verdict = RESTARTED
            add(state, at + RESETS, 1)
            _note_whole(state, at, int64(seq <= 1))
    add(state, at + (PACKETS if count > 0 else HEARTBEATS), 1)
    put(state, at + EXPECTED, seq + count)
    return verdict


@kernel(int64(I64, int64, int64, int64, int64))
def track_one(state: _Words, channel: int, seq: int, count: int, window: int) -> int:
    """Judge one packet, from Python.

    Args:
        state: the feed's state array.
        channel: number, at least 0.
        seq: the packet's number, or that of its first message.
        count: numbers that it uses up; 0 for an empty packet.
        window: as in :func:`track`.

    Returns:
        As :func:`track`, or TABLE_FULL.
    """
    at = find_channel(state, channel)
    if at < 0:
        return TABLE_FULL
    return track(state, at, seq, count, window)


@kernel(int64(I64, int64, int64))
def follow_one(state: _Words, channel: int, session: int) -> int:
    """Note the session of a channel, from Python.

    Args:
        state: the feed's state array.
        channel: number, at least 0.
        session: as in :func:`follow_session`.

    Returns:
        As :func:`follow_session`, or TABLE_FULL.
    """
    at = find_channel(state, channel)
    if at < 0:
        return TABLE_FULL
    return follow_session(state, at, session)
