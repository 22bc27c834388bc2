"""The same messages by several lines, in whatever packets: each is taken once, in order, as soon as it can be.

**First arrival wins.** A number that has not been seen is taken from whichever line brings it; what comes
again is stale. Lines may pack the same messages into different packets: of a packet that overlaps what was
seen, the rest is taken.

**A jump waits.** A packet that is ahead of what is expected is held in its frame, until another line or a
replay brings what is missing, or its time is over; only then is a gap declared. With nothing to wait for
(WAIT_NS = 0) a gap is declared at once, and :func:`zerofeed.sequencing._tracker_kernels.track` is all there is.

**Restarts.** A venue that starts its numbering again does so on all lines, but not at the same moment. Each
line counts its own restarts, or says the session; the channel follows the line that is first, and what the
others still bring of the old numbering is stale, not a jump by a million. Where there are lines, only a line
that falls back behind *itself* has restarted: one that is behind another one is just late.

Held packets come before the restart that was seen behind them: it waits in line, and they are hurried.

Cost: a line's words, and where and when a packet came first; no allocation, no clock.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, always_inlined, inlined, int64, kernel
from zerofeed.feed.metrics import (
    LINE_HISTOGRAMS,
    LINE_HISTOGRAMS_AT,
    RECENT_AT,
    RECENT_SLOTS,
    RECENT_WORDS,
)
from zerofeed.sequencing._holding_kernels import hold
from zerofeed.sequencing._tracker_kernels import (
    ACCEPTED,
    DUPLICATE,
    JUMPED,
    OVERLAPPED,
    RESTARTED,
    find_channel,
    follow_session,
    track,
)
from zerofeed.sequencing.channels import (
    CLOSED,
    EXPECTED,
    FIRST_NUMBER,
    GAPS,
    GENERATION,
    HEARTBEATS,
    HELD,
    HURRY,
    IS_WHOLE,
    L_FIRST,
    L_GENERATION,
    L_KEY,
    L_LATE,
    L_MISSED,
    L_NEXT,
    LINE_WORDS,
    LINES,
    MISSING,
    MOST_LINES,
    PACKETS,
    PREVIOUS_SESSION,
    RECOVERED,
    RESETS,
    SESSION,
    STALE,
    TAKEN,
)
from zerofeed.sequencing.holding import (
    A_DUE,
    A_DUE_GENERATION,
    A_FRAME,
    A_MUST_TAKE,
    A_REPLAYS,
    A_WAIT_NS,
    R_CHANNEL,
    R_END,
    R_SOURCE,
    R_TS_RECV_NS,
)
from zerofeed.shm.histogram import HISTOGRAM_WORDS, sample
from zerofeed.shm.journal import add, put

__all__ = ["BEGAN_AGAIN", "HELD_BACK", "VERDICT", "arbitrate", "arbitrate_one", "put_back"]

_Words = npt.NDArray[np.int64]

HELD_BACK = 6
"""Verdict: the packet waits; it comes again."""
VERDICT = 7
"""Mask of the verdict."""
BEGAN_AGAIN = 8
"""Bit beside the verdict: the numbering started again with this packet."""


@always_inlined
def _find_line(state: _Words, at: int, source: int) -> int:
    """Find or add a line of a channel; -1 when it has as many as it can have."""
    for place in range(MOST_LINES):
        line = at + LINES + place * LINE_WORDS
        if state[line + L_KEY] == source + 1:
            return line
        if state[line + L_KEY] == 0:
            put(state, line + L_KEY, source + 1)
            put(state, line + L_NEXT, -1)
            put(state, line + L_GENERATION, state[at + GENERATION])
            return line
    return -1


@always_inlined
def _is_replay(state: _Words, source: int) -> bool:
    return source < 63 and (state[A_REPLAYS] >> source) & 1 != 0


@always_inlined
def _is_restart(seq: int, count: int, expected: int, window: int) -> bool:
    """Tell a numbering that began again from a late packet, as ``track`` does."""
    if seq >= expected or (count == 0 and seq == expected - 1):
        return False
    is_late = seq > 1 and expected - seq <= window
    return not is_late and seq + count != expected


@always_inlined
def _follow_line(
    state: _Words, at: int, line: int, session: int, seq: int, count: int, window: int
) -> None:
    """Note what a line brings, by its own numbering."""
    before = state[line + L_NEXT]
    generation = state[line + L_GENERATION]
    is_anew = before < 0
    if session != 0:
        # A session's number tells which numbering this is: that of the channel, or the one behind it.
        now = state[at + GENERATION]
        if session != state[at + SESSION] and state[at + SESSION] != 0:
            now += 1
        if now != generation:
            put(state, line + L_GENERATION, now)
            is_anew = True
    elif not is_anew and _is_restart(seq, count, before, window):
        put(state, line + L_GENERATION, generation + 1)
        is_anew = True
    if not is_anew and seq > before:
        add(state, line + L_MISSED, seq - before)
    if is_anew or seq + count > before:
        put(state, line + L_NEXT, seq + count)


@always_inlined
def _note_first(state: _Words, at: int, source: int, end: int, ts_recv_ns: int) -> None:
    """Remember when the packet that ends before a number came first."""
    place = RECENT_AT + ((end ^ (at * 61)) & (RECENT_SLOTS - 1)) * RECENT_WORDS
    state[place + R_END] = end
    state[place + R_CHANNEL] = at
    state[place + R_TS_RECV_NS] = ts_recv_ns
    state[place + R_SOURCE] = source


@inlined
def _note_late(state: _Words, at: int, line: int, source: int, end: int, ts_recv_ns: int) -> None:
    """Count a packet that had come by another line, and by how much it was later."""
    if line < 0:
        return
    add(state, line + L_LATE, 1)
    place = RECENT_AT + ((end ^ (at * 61)) & (RECENT_SLOTS - 1)) * RECENT_WORDS
    if (
        source < LINE_HISTOGRAMS
        and state[place + R_END] == end
        and state[place + R_CHANNEL] == at
        and state[place + R_SOURCE] != source
    ):
        later_ns = ts_recv_ns - state[place + R_TS_RECV_NS]
        sample(state, LINE_HISTOGRAMS_AT + source * HISTOGRAM_WORDS, later_ns)


@inlined
def _note_whole(state: _Words, at: int, is_whole: int) -> None:
    if state[at + IS_WHOLE] != is_whole:
        put(state, at + IS_WHOLE, is_whole)


@inlined
def _begin_again(state: _Words, at: int, session: int, seq: int) -> None:
    """Start a channel's numbering again."""
    add(state, at + RESETS, 1)
    add(state, at + GENERATION, 1)
    add(state, at + CLOSED, state[at + EXPECTED] - state[at + FIRST_NUMBER])
    first = seq
    if session != 0:
        put(state, at + PREVIOUS_SESSION, state[at + SESSION])
        put(state, at + SESSION, session)
        # A session begins at number 1; what comes later has that before it.
        first = int64(1)
    put(state, at + EXPECTED, first)
    put(state, at + FIRST_NUMBER, first)
    _note_whole(state, at, int64(first <= 1))


@always_inlined
def _take(
    state: _Words, at: int, line: int, source: int, seq: int, count: int, ts_recv_ns: int
) -> int:
    """Move a channel on to behind a packet; what is missing before it is lost."""
    expected = state[at + EXPECTED]
    verdict = ACCEPTED
    first = seq
    if seq > expected:
        verdict = JUMPED
        add(state, at + GAPS, 1)
        add(state, at + MISSING, seq - expected)
        _note_whole(state, at, 0)
    elif seq < expected:
        verdict = OVERLAPPED
        first = expected
    fresh = seq + count - first
    add(state, at + (PACKETS if count > 0 else HEARTBEATS), 1)
    if _is_replay(state, source):
        add(state, at + RECOVERED, fresh)
    elif line >= 0:
        add(state, line + L_FIRST, fresh)
    else:
        add(state, at + TAKEN, fresh)
    put(state, at + EXPECTED, seq + count)
    if state[at + LINES + LINE_WORDS + L_KEY] != 0:
        _note_first(state, at, source, seq + count, ts_recv_ns)
    return verdict


@always_inlined
def arbitrate_lines(
    state: _Words,
    at: int,
    source: int,
    session: int,
    seq: int,
    count: int,
    ts_recv_ns: int,
    window: int,
) -> int:
    """Judge a packet where packets may wait; see :func:`arbitrate`."""
    if session != 0 and session == state[at + PREVIOUS_SESSION]:
        add(state, at + STALE, 1)
        return DUPLICATE
    # A replay goes back and forth; it says nothing of where the venue is.
    line = int64(-1)
    if not _is_replay(state, source):
        line = _find_line(state, at, source)
    if line >= 0 and state[A_DUE] == 0:
        _follow_line(state, at, line, session, seq, count, window)
    bits = 0
    is_first = state[at + PACKETS] == 0 and state[at + HEARTBEATS] == 0 and state[at + RESETS] == 0
    may_wait = state[A_MUST_TAKE] == 0 or state[A_DUE] == 0
    if is_first:
        if session != 0:
            put(state, at + SESSION, session)
        put(state, at + EXPECTED, seq)
        put(state, at + FIRST_NUMBER, seq)
        _note_whole(state, at, int64(seq <= 1))
        return _take(state, at, line, source, seq, count, ts_recv_ns)
    generation = state[at + GENERATION]
    mine = generation
    if state[A_DUE] != 0:
        mine = state[A_DUE_GENERATION]
    elif line >= 0:
        mine = state[line + L_GENERATION]
    if mine < generation:
        add(state, at + STALE, 1)
        if line >= 0:
            add(state, line + L_LATE, 1)
        return DUPLICATE
    if mine > generation:
        if state[at + HELD] > 0 and state[A_DUE] == 0:
            hold(state, at, state[A_FRAME], seq, count, ts_recv_ns, mine, 1)
            put(state, at + HURRY, 1)
            return HELD_BACK
        _begin_again(state, at, session, seq)
        generation += 1
        bits = BEGAN_AGAIN
    elif session != 0 and state[at + SESSION] == 0:
        put(state, at + SESSION, session)
    expected = state[at + EXPECTED]
    if seq > expected and may_wait:
        deadline_ns = ts_recv_ns + state[A_WAIT_NS]
        if hold(state, at, state[A_FRAME], seq, count, deadline_ns, generation, 0) == 0:
            return bits | HELD_BACK
        if count == 0:
            add(state, at + HEARTBEATS, 1)
            return bits | ACCEPTED
        add(state, at + STALE, 1)
        _note_late(state, at, line, source, seq + count, ts_recv_ns)
        return bits | DUPLICATE
    if seq < expected and seq + count <= expected:
        if count == 0:
            # A line that is behind, or idle: it says nothing new.
            add(state, at + HEARTBEATS, 1)
            return bits | ACCEPTED
        add(state, at + STALE, 1)
        _note_late(state, at, line, source, seq + count, ts_recv_ns)
        return bits | DUPLICATE
    return bits | _take(state, at, line, source, seq, count, ts_recv_ns)


@inlined
def put_back(state: _Words, at: int, seq: int, count: int) -> None:
    """Let a packet that was taken count as not come, because it turned out to be no good.

    Args:
        state: the feed's state array, journalled.
        at: the channel's first word; the packet was the latest that it took.
        seq: the packet's first number that was new.
        count: its new numbers.
    """
    put(state, at + EXPECTED, seq)
    # Whoever brought them: with this they add up again.
    add(state, at + TAKEN, -count)


@always_inlined
def arbitrate(
    state: _Words,
    at: int,
    source: int,
    session: int,
    seq: int,
    count: int,
    ts_recv_ns: int,
    window: int,
) -> int:
    """Judge one packet and move its channel on.

    Args:
        state: the feed's state array, journalled; the arbiter's words say what is being processed.
        at: the channel's first word.
        source: number of the source that it came from.
        session: the venue's number of the session, or a digest of its name; 0 where it names none.
        seq: the packet's number, or that of its first message; an empty packet carries the next one's.
        count: numbers that it uses up; 0 for an empty packet.
        ts_recv_ns: its arrival, Unix ns.
        window: how far back a number is still a late packet and not a restart.

    Returns:
        A verdict, and BEGAN_AGAIN beside it where the numbering started again:

        * ACCEPTED: it is next, or an empty packet that says nothing new;
        * JUMPED: it is next, and what is missing before it is lost;
        * OVERLAPPED: what is below the number that was expected was seen, the rest is next;
        * DUPLICATE: all of it was seen, or is held;
        * HELD_BACK: it waits in its frame.
    """
    if state[A_WAIT_NS] > 0:
        return arbitrate_lines(state, at, source, session, seq, count, ts_recv_ns, window)
    bits = 0
    if session != 0:
        before = state[at + EXPECTED]
        if follow_session(state, at, session) == RESTARTED:
            add(state, at + CLOSED, before - state[at + FIRST_NUMBER])
            put(state, at + FIRST_NUMBER, 1)
            bits = BEGAN_AGAIN
    expected = state[at + EXPECTED]
    is_first = state[at + PACKETS] == 0 and state[at + HEARTBEATS] == 0 and state[at + RESETS] == 0
    verdict = track(state, at, seq, count, window)
    if is_first:
        put(state, at + FIRST_NUMBER, seq)
        add(state, at + TAKEN, count)
    elif verdict == RESTARTED:
        add(state, at + CLOSED, expected - state[at + FIRST_NUMBER])
        put(state, at + FIRST_NUMBER, seq)
        add(state, at + TAKEN, count)
        return ACCEPTED | BEGAN_AGAIN
    elif verdict == OVERLAPPED:
        add(state, at + TAKEN, seq + count - expected)
    elif verdict != DUPLICATE and state[at + EXPECTED] == seq + count:
        add(state, at + TAKEN, count)
    return bits | verdict


@kernel(int64(I64, int64, int64, int64, int64, int64, int64, int64))
def arbitrate_one(
    state: _Words,
    channel: int,
    source: int,
    session: int,
    seq: int,
    count: int,
    ts_recv_ns: int,
    window: int,
) -> int:
    """Judge one packet, from Python: as :func:`arbitrate`, or -1 when the channel table is full."""
    at = find_channel(state, channel)
    if at < 0:
        return -1
    return arbitrate(state, at, source, session, seq, count, ts_recv_ns, window)
