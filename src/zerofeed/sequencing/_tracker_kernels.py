"""Compare each packet's sequence number with what its channel expects.

Four things can be true of a number, and each is handled once, here:

* it is the next one: accepted;
* it is higher: accepted, and the numbers in between are *missing*: a gap;
* it is lower by no more than ``window``: *stale*, a duplicate or a late packet: filtered;
* it is 0 or 1, or lower by more than ``window``: the venue started again: a *reset*, accepted.

A number that goes back to its beginning is a restart even right after a small number, because
dropping a restarted feed as "old" would lose all of it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, always_inlined, int64, kernel
from zerofeed.feed.metrics import CHANNEL_WORDS, CHANNELS, CHANNELS_AT
from zerofeed.sequencing.channels import (
    EXPECTED,
    GAPS,
    HEARTBEATS,
    KEY,
    MISSING,
    PACKETS,
    RESETS,
    STALE,
)
from zerofeed.shm.journal import add, put

__all__ = [
    "ACCEPTED",
    "DUPLICATE",
    "JUMPED",
    "RESTARTED",
    "TABLE_FULL",
    "find_channel",
    "track",
    "track_one",
]

_Words = npt.NDArray[np.int64]

ACCEPTED = 0
JUMPED = 1
DUPLICATE = 2
RESTARTED = 3
TABLE_FULL = 4


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


@always_inlined
def track(state: _Words, at: int, seq: int, is_heartbeat: int, window: int) -> int:
    """Judge one packet and move the channel on.

    Args:
        state: the feed's state array, journalled.
        at: the channel's first word.
        seq: the packet's number; a heartbeat carries the next packet's number.
        is_heartbeat: non-zero for an empty packet: it shows what is missing and uses no number
            up. (An int, and positional, because compiled callees take no keyword-only ones.)
        window: how far back a number is still a late packet and not a restart.

    Returns:
        ACCEPTED, JUMPED, DUPLICATE or RESTARTED.
    """
    expected = state[at + EXPECTED]
    is_first = state[at + PACKETS] == 0 and state[at + HEARTBEATS] == 0
    verdict = ACCEPTED
    if not is_first and seq > expected:
        verdict = JUMPED
        add(state, at + GAPS, 1)
        add(state, at + MISSING, seq - expected)
    elif not is_first and seq < expected:
        if is_heartbeat and seq == expected - 1:
            # Venues differ on whether an idle packet repeats the last number or names the next.
            add(state, at + HEARTBEATS, 1)
            return ACCEPTED
        if seq > 1 and expected - seq <= window:
            add(state, at + STALE, 1)
            return DUPLICATE
        if seq == expected - 1:
            add(state, at + STALE, 1)
            return DUPLICATE
        verdict = RESTARTED
        add(state, at + RESETS, 1)
    if is_heartbeat:
        add(state, at + HEARTBEATS, 1)
        put(state, at + EXPECTED, seq)
    else:
        add(state, at + PACKETS, 1)
        put(state, at + EXPECTED, seq + 1)
    return verdict


@kernel(int64(I64, int64, int64, int64, int64))
def track_one(state: _Words, channel: int, seq: int, is_heartbeat: int, window: int) -> int:
    """Judge one packet, from Python.

    Args:
        state: the feed's state array.
        channel: number, at least 0.
        seq: the packet's number.
        is_heartbeat: non-zero for an empty packet.
        window: as in :func:`track`.

    Returns:
        As :func:`track`, or TABLE_FULL.
    """
    at = find_channel(state, channel)
    if at < 0:
        return TABLE_FULL
    return track(state, at, seq, is_heartbeat, window)
