"""What a packet's numbers say, in the feed's own terms: counters, and records of what is missing.

For protocols whose packets name a channel and a number. The judgement is that of
:mod:`zerofeed.sequencing._arbiter_kernels`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import inlined
from zerofeed.feed.metrics import counter_word
from zerofeed.records.kinds import ACTION_NONE, GAP, NO_SIDE, RECOVERED, RESET
from zerofeed.records.units import UNDEF
from zerofeed.sequencing._arbiter_kernels import (
    BEGAN_AGAIN,
    HELD_BACK,
    VERDICT,
    arbitrate,
    put_back,
)
from zerofeed.sequencing._tracker_kernels import DUPLICATE, JUMPED, OVERLAPPED, find_channel
from zerofeed.sequencing.channels import EXPECTED
from zerofeed.sequencing.channels import RECOVERED as RECOVERED_NUMBERS
from zerofeed.sequencing.holding import (
    A_FRESH_SEQ,
    A_OUTCOME,
    A_SKIP,
    OUT_HELD,
    OUT_STALE,
    OUT_TAKEN,
)
from zerofeed.shm.journal import add

__all__ = ["give_back", "put_numbers", "sequence"]

_Words = npt.NDArray[np.int64]

_STALE = counter_word("packets_stale")
_MISSING = counter_word("packets_missing")
_GAPS = counter_word("gaps")
_RESETS = counter_word("resets")
_CHANNELS_REFUSED = counter_word("channels_refused")
_RECOVERED_PACKETS = counter_word("packets_recovered")
_RECOVERED_NUMBERS = counter_word("numbers_recovered")


@inlined
def put_numbers(
    records: Any, at: int, kind: int, expected: int, received: int, channel: int, ts_recv_ns: int
) -> None:
    """Write a record of numbers: GAP, RESET or RECOVERED.

    Args:
        records: RECORD array.
        at: index of the record to write.
        kind: of the record.
        expected: number that was expected, or the first that is told of.
        received: number that came, or the one behind the last.
        channel: whose numbers they are.
        ts_recv_ns: arrival of the packet that shows it.
    """
    record = records[at]
    record.ts_event_ns = UNDEF
    record.ts_recv_ns = ts_recv_ns
    record.instrument = 0
    record.kind = kind
    record.side = NO_SIDE
    record.action = ACTION_NONE
    record.flags = 0
    record.expected_seq = expected
    record.received_seq = received
    record.missing_count = max(0, received - expected)
    record.channel = channel


@inlined
def sequence(
    state: _Words,
    channel: int,
    source: int,
    session: int,
    seq: int,
    count: int,
    ts_recv_ns: int,
    window: int,
    records: Any,
    out_at: int,
) -> int:
    """Judge a packet by its numbers; count and tell what they show.

    Args:
        state: journal, counters, channels.
        channel: number of its channel, at least 0.
        source: number of the source that it came from.
        session: the venue's session; 0 where it names none.
        seq: its number, or that of its first message.
        count: numbers that it uses up; 0 for an empty packet.
        ts_recv_ns: its arrival.
        window: how far back a number is still late, and not a restart.
        records: RECORD array to write to; three have room.
        out_at: index of the first record to write.

    Returns:
        Records written: RESET, GAP, RECOVERED, in this order, each where it is so. In the state's words:
        A_OUTCOME; A_SKIP, messages of the packet that were seen; A_FRESH_SEQ, the number of the
        first that was not.
    """
    state[A_OUTCOME] = OUT_TAKEN
    state[A_SKIP] = 0
    state[A_FRESH_SEQ] = seq
    at = find_channel(state, channel)
    if at < 0:
        add(state, _CHANNELS_REFUSED, 1)
        return 0
    before = state[at + EXPECTED]
    recovered = state[at + RECOVERED_NUMBERS]
    found = arbitrate(state, at, source, session, seq, count, ts_recv_ns, window)
    verdict = found & VERDICT
    index = out_at
    if found & BEGAN_AGAIN:
        add(state, _RESETS, 1)
        put_numbers(records, index, RESET, before, seq, channel, ts_recv_ns)
        index += 1
        before = seq if session == 0 else 1
    if verdict == DUPLICATE:
        add(state, _STALE, 1)
        state[A_OUTCOME] = OUT_STALE
    elif verdict == HELD_BACK:
        state[A_OUTCOME] = OUT_HELD
    elif verdict == JUMPED:
        add(state, _GAPS, 1)
        add(state, _MISSING, seq - before)
        put_numbers(records, index, GAP, before, seq, channel, ts_recv_ns)
        index += 1
    elif verdict == OVERLAPPED:
        state[A_SKIP] = before - seq
        state[A_FRESH_SEQ] = before
    fresh = state[at + RECOVERED_NUMBERS] - recovered
    if fresh > 0:
        add(state, _RECOVERED_PACKETS, 1)
        add(state, _RECOVERED_NUMBERS, fresh)
        first = state[A_FRESH_SEQ]
        put_numbers(records, index, RECOVERED, first, first + fresh, channel, ts_recv_ns)
        index += 1
    return index - out_at


@inlined
def give_back(state: _Words, channel: int, seq: int, end: int) -> None:
    """Let what is left of a packet count as not come: it contradicts its own format.

    The next packet of the channel then shows the gap, unless a good copy comes before.

    Args:
        state: journal, counters, channels.
        channel: of the packet, which :func:`sequence` took just now.
        seq: first number that is given back.
        end: number behind the packet's last.
    """
    at = find_channel(state, channel)
    if at >= 0 and end > seq:
        put_back(state, at, seq, end - seq)
