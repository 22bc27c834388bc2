"""One frame of ITCH messages through every stage: numbers, decode, books. Compiled, once for all three framings.

A frame is a MoldUDP64 packet, or packets of a SoupBinTCP stream, or blocks of a file; which, says a word of the
scratch. It is taken in *runs*, each a session, a number and messages:

==========  =====================================  =================================================
framing     runs of a frame                        number of a run's first message
==========  =====================================  =================================================
MOLD        one                                    in the header
SOUP        a login's answer; what is between      counted from the login's answer
BLOCKS      one                                    counted from the first block of the file
==========  =====================================  =================================================

For each run: the session and the number are judged (``_sequence_kernels``), a gap or a restart becomes a record,
messages that came before are passed over, and the others are decoded one by one. A message that is malformed ends its
run, and counts as not come with all behind it: the next run shows the gap, unless a good copy comes.

Where books of orders are kept, the records of each message are applied to them at once: what the message left out is
filled in, and when it changed the best bid or offer, that follows as a record of its own.

Before the first message of a session or a file stands an ORDER 'R' without an instrument: every book of the channel in
``priority`` is empty, and every change of it will come.

All sources of packets are lines of one channel, 0: they bring the same messages, and a packet that jumps ahead may
wait for another line. A stream or a file is a channel of its own, by the number of its source.

The day that times count from is that of the frame's arrival in New York, or given (:mod:`zerofeed.codecs.days`).

Everything the step changes goes through the journal, so the frame can be processed again after a kill.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import inlined, kernel
from zerofeed.base.status import OK, UNKNOWN_TEMPLATE
from zerofeed.books.orders._ahead_kernels import ask_entry, ask_level, ask_order
from zerofeed.books.orders._record_kernels import take_records
from zerofeed.codecs._bytes import Bytes, u8, u16_be, u32_be, u64_be
from zerofeed.codecs._day_kernels import find_midnight
from zerofeed.codecs._equity_kernels import RECORD_WORDS, REFUSED, SLOT, put_record
from zerofeed.codecs.framing._block_kernels import LENGTH_BYTES, block_size
from zerofeed.codecs.framing._mold_kernels import BODY, COUNT, SEQ, SESSION, packet_header
from zerofeed.codecs.framing._soup_kernels import LOGIN_ACCEPTED, SEQUENCED, login_accepted
from zerofeed.codecs.itch._kernels import message_size
from zerofeed.codecs.itch._layout import (
    COUNTS,
    DAY,
    E_LENGTH,
    E_RECORDS,
    ENTRY_WORDS,
    LOCATE,
    ORDER_NUMBER,
    OWN,
    TABLE,
)
from zerofeed.codecs.itch._message_kernels import decode_message, time_of_day
from zerofeed.feed.metrics import TEMPLATES_AT, WORK_AT, counter_word
from zerofeed.records.flags import LAST, SNAPSHOT
from zerofeed.records.kinds import ACTION_CLEAR, NO_SIDE, ORDER
from zerofeed.records.units import UNDEF
from zerofeed.runtime._book_kernels import has_orders
from zerofeed.runtime._process_kernels import PROCESS, process_of
from zerofeed.runtime._sequence_kernels import give_back, sequence
from zerofeed.sequencing._tracker_kernels import find_channel
from zerofeed.sequencing.channels import EXPECTED, HEARTBEATS, STALE
from zerofeed.sequencing.channels import OWN as CHANNEL_OWN
from zerofeed.sequencing.channels import SESSION as CHANNEL_SESSION
from zerofeed.sequencing.holding import A_OUTCOME, A_SKIP, A_WAIT_NS, OUT_HELD, OUT_STALE
from zerofeed.shm.journal import add, put

__all__ = ["BLOCKS", "FRAMING", "MOLD", "SOUP", "TYPES", "process", "process_packet"]

_Words = npt.NDArray[np.int64]

_DECODED = counter_word("packets_decoded")
_STALE = counter_word("packets_stale")
_HEARTBEAT = counter_word("packets_heartbeat")
_MALFORMED = counter_word("packets_malformed")
_TRUNCATED = counter_word("packets_truncated")
_MESSAGES = counter_word("messages")
_UNKNOWN = counter_word("messages_unknown")
_REFUSED = counter_word("instruments_refused")

FRAMING = OWN + 15
"""Word of the scratch: BLOCKS, MOLD or SOUP."""
BLOCKS = 0
MOLD = 1
SOUP = 2
TYPES = 23
"""Types of message, which are counted."""

# Words of a run, in the scratch from OWN on, behind those that a MoldUDP64 header has.
_STOP = 5
_IS_BROKEN = 6
_DONE = 7
_PLACE = 8

_POSITION = CHANNEL_OWN
"""Word of a channel: sequenced messages that its stream has brought, for those who have to count them."""

_NOTES = OWN + 16
"""Word of the scratch from which on the places of messages that come later are."""
_NOTES_ROOM = 16
_ENTRY_LOOK = 10
_ORDER_LOOK = 6
_LEVEL_LOOK = 3
"""Messages ahead that are looked at, where books of orders are kept."""
_ADD = 65
_ADD_ATTRIBUTED = 70
_BUY = 66
_SIDE_AT = 19
_PRICE_AT = 32

_WINDOW = 100_000
"""How far back a number is that of a late packet: more messages than a line is ever behind."""
_STREAM_WINDOW = 1 << 62
"""A stream is never late: what it repeats was asked for."""
_HEAD_BYTES = 11
_CLEAR = (
    ORDER << 32 | NO_SIDE << 40 | ACTION_CLEAR << 48 | ((LAST | SNAPSHOT) - 256) << 56
)  # fmt: skip
"""Head of the record that says: a channel's books are empty, and that is the whole truth."""


@inlined
def _walk(buf: Bytes, place: int, end: int, framing: int, run: _Words, scratch: _Words) -> int:
    """Find where a run of a stream ends, and count its messages."""
    run[BODY] = place
    run[SESSION] = 0
    run[COUNT] = 0
    run[_IS_BROKEN] = 0
    at = place
    while at < end:
        size = block_size(buf, at, end)
        if framing == BLOCKS:
            size = message_size(buf, at, end, scratch)
            run[COUNT] += 1 if size > 0 else 0
        elif size > 0:
            kind = u8(buf, at + LENGTH_BYTES)
            if kind == LOGIN_ACCEPTED:
                if at == place:
                    at += LENGTH_BYTES + size
                    run[_STOP] = at
                    return login_accepted(buf, place + LENGTH_BYTES + 1, size - 1, run)
                break
            run[COUNT] += 1 if kind == SEQUENCED else 0
        if size < 0 or (size == 0 and framing == SOUP):
            run[_IS_BROKEN] = 1
            break
        at += LENGTH_BYTES + size
    run[_STOP] = at
    return OK


@inlined
def _open_run(
    buf: Bytes, place: int, end: int, framing: int, position: int, run: _Words, scratch: _Words
) -> int:
    """Read what a run says of itself.

    Args:
        buf: the frame.
        place: where the run begins.
        end: position behind the frame.
        framing: of it.
        position: messages that the stream has brought before.
        run: receives SESSION (0: it names none), SEQ, COUNT, BODY, _STOP and _IS_BROKEN.
        scratch: of the codec.

    Returns:
        OK; or why the run cannot be used. _STOP is behind it then, too.
    """
    if framing == MOLD:
        run[_STOP] = end
        run[_IS_BROKEN] = 0
        return packet_header(buf, place, end - place, run)
    run[SEQ] = position + 1
    return _walk(buf, place, end, framing, run, scratch)


@inlined
def _seen_before(
    state: _Words, channel_at: int, session: int, seq: int, count: int, window: int
) -> int:
    """Count the first numbers of a session that came before, where a run begins with its first.

    Number 1 is a restart to the sequencer, which knows venues that name no session. A session does not
    start again under its name: what begins with 1 is the other line's copy, or what a stream repeats.
    And a line that is behind says nothing new when it is idle. Where packets may wait for another line, the
    arbiter knows all that by itself.

    Args:
        state: channels.
        channel_at: the channel's first word; -1 when there is none.
        session: of the run, 0 when it names none.
        seq: its first number.
        count: of its messages.
        window: how far back a number is a copy.

    Returns:
        Numbers from ``seq`` on that came before; 0 when the sequencer can see that by itself.
    """
    if channel_at < 0 or (seq > 1 and count > 0) or state[A_WAIT_NS] > 0:
        return 0
    known = state[channel_at + CHANNEL_SESSION]
    before = state[channel_at + EXPECTED] - seq
    is_copy = known != 0 and (session == 0 or session == known) and 0 < before <= window
    return before if is_copy else 0


@inlined
def _count_types(state: _Words, scratch: _Words) -> None:
    """Bring the counts of a frame's types into the feed's counters, each with one entry of the journal."""
    messages = 0
    for slot in range(TYPES):
        count = scratch[COUNTS + slot]
        if count > 0:
            messages += count
            add(state, TEMPLATES_AT + slot, count)
            scratch[COUNTS + slot] = 0
    if messages > 0:
        add(state, _MESSAGES, messages)


@inlined
def _note_ahead(
    buf: Bytes, at: int, size: int, turn: int, state: _Words, books: _Words, scratch: _Words
) -> None:
    """Note where a message that comes later is, and ask for what its order's change looks at first."""
    note = _NOTES + turn % _NOTES_ROOM
    scratch[note] = -1
    if size < 1:
        return
    entry = TABLE + u8(buf, at) * ENTRY_WORDS
    if scratch[entry + E_RECORDS] > 0 and size >= scratch[entry + E_LENGTH]:
        scratch[note] = at
        row = state[WORK_AT + u16_be(buf, at + LOCATE)]
        ask_entry(books, u64_be(buf, at + ORDER_NUMBER), max(0, row))


@inlined
def _ask_ahead(
    buf: Bytes, turn: int, noted: int, is_last: int, state: _Words, books: _Words, scratch: _Words
) -> None:
    """Ask for what the change of a noted message's order looks at next, or last."""
    at = scratch[_NOTES + turn % _NOTES_ROOM] if turn < noted else -1
    if at < 0:
        return
    kind = u8(buf, at)
    is_new = 1 if kind == _ADD or kind == _ADD_ATTRIBUTED else 0
    order_id = u64_be(buf, at + ORDER_NUMBER)
    row = max(0, state[WORK_AT + u16_be(buf, at + LOCATE)])
    # Only the types that add have side and price there.
    side = 0 if is_new != 0 and u8(buf, at + _SIDE_AT) == _BUY else 1
    if is_last != 0:
        price = u32_be(buf, at + _PRICE_AT) if is_new != 0 else UNDEF
        ask_level(books, order_id, row, is_new, side, price)
    else:
        ask_order(books, order_id, row, is_new, side)


@inlined
def _decode_run(
    buf: Bytes, framing: int, seen: int, ts_recv_ns: int, channel: int, words: _Words,
    lookup: _Words, state: _Words, books: _Words, undo: _Words, record_words: _Words, index: int,
    limit: int, run: _Words, scratch: _Words,
) -> int:  # fmt: skip
    """Decode the messages of a run, but for those that came before.

    Args:
        buf: the frame.
        framing: of it.
        seen: messages at the beginning of the run that came before.
        ts_recv_ns: arrival, Unix ns.
        channel: of the run.
        words: the instruments' rows.
        lookup: the instruments' map.
        state: journal, counters, codec state.
        books: the writer's books.
        undo: what they were before the step; empty to keep nothing.
        record_words: records as int64.
        index: of the first record to write.
        limit: index at which the room ends.
        run: from :func:`_open_run`; receives _DONE, the messages that were taken, and _PLACE, the
            position behind the last of them.
        scratch: of the codec.

    Returns:
        Index behind the last record. Fewer messages than the run's COUNT were taken when one cannot be
        used, or is not there.
    """
    place = run[BODY]
    stop = run[_STOP]
    count = run[COUNT]
    number = 0
    has_day = False
    is_kept = has_orders(books)
    midnight_ns = UNDEF
    turn = 0
    noted = 0
    ahead = place if is_kept and count > 1 else stop
    while place < stop and number < count:
        while noted <= turn + _ENTRY_LOOK and ahead < stop:
            length = block_size(buf, ahead, stop)
            if framing == BLOCKS:
                length = message_size(buf, ahead, stop, scratch)
            if length < 0:
                ahead = stop
                break
            skip = 1 if framing == SOUP else 0
            _note_ahead(
                buf, ahead + LENGTH_BYTES + skip, length - skip, noted, state, books, scratch
            )
            noted += 1
            ahead += LENGTH_BYTES + length
        if noted > 0:
            _ask_ahead(buf, turn + _ORDER_LOOK, noted, 0, state, books, scratch)
            _ask_ahead(buf, turn + _LEVEL_LOOK, noted, 1, state, books, scratch)
        turn += 1
        size = block_size(buf, place, stop)
        if framing == BLOCKS:
            size = message_size(buf, place, stop, scratch)
        if size < 0:
            break
        message_at = place + LENGTH_BYTES
        place = message_at + size
        if framing == SOUP:
            if u8(buf, message_at) != SEQUENCED:
                continue
            message_at += 1
            size -= 1
        elif framing == BLOCKS and size == 0:
            continue
        if number >= seen and size > 0:
            if not has_day:
                has_day = True
                time_ns = time_of_day(buf, message_at) if size >= _HEAD_BYTES else 0
                midnight_ns = find_midnight(scratch, DAY, ts_recv_ns, time_ns)
            stored = decode_message(
                buf,
                message_at,
                size,
                midnight_ns,
                ts_recv_ns,
                channel,
                words,
                lookup,
                state,
                WORK_AT,
                record_words,
                index,
                limit,
                scratch,
            )
            if stored >= 0:
                scratch[COUNTS + scratch[SLOT]] += 1
                if scratch[REFUSED]:
                    add(state, _REFUSED, 1)
                if midnight_ns == UNDEF:
                    for each in range(stored):
                        record_words[(index + each) * RECORD_WORDS + 1] = UNDEF
                if is_kept:
                    stored += take_records(
                        books, undo, record_words, index, stored, index + stored, limit, channel
                    )
                index += stored
            elif stored == UNKNOWN_TEMPLATE:
                add(state, _UNKNOWN, 1)
            else:
                break
        number += 1
    run[_DONE] = number
    run[_PLACE] = place
    return index


@inlined
def process_packet(
    buf: Bytes,
    at: int,
    length: int,
    cut_bytes: int,
    ts_recv_ns: int,
    source: int,
    words: _Words,
    lookup: _Words,
    state: _Words,
    books: _Words,
    undo: _Words,
    records: Any,
    record_words: _Words,
    out_at: int,
    limit: int,
    scratch: _Words,
) -> int:
    """Process one frame as the open step of the journal. The feed's single writer.

    Args:
        buf: uint8 that holds the frame at ``buf[at : at + length]``.
        at: its position.
        length: bytes of it that are there.
        cut_bytes: bytes of it that were cut off.
        ts_recv_ns: arrival, Unix ns.
        source: number of the source that it came from.
        words: the instruments' rows.
        lookup: the instruments' map.
        state: journal, counters, channels, codec state.
        books: the writer's books.
        undo: what they were before the step; empty to keep nothing.
        records: RECORD array to write to.
        record_words: the same memory as int64.
        out_at: index of the first record to write.
        limit: index at which the room ends; the room covers any frame of a chunk.
        scratch: from ``make_scratch``, with FRAMING set.

    Returns:
        Records written, 0 or more; their ``seq`` is not set.
    """
    if cut_bytes > 0:
        add(state, _TRUNCATED, 1)
        return 0
    framing = scratch[FRAMING]
    run = scratch[OWN:]
    index = out_at
    place = at
    end = at + length
    channel = 0 if framing == MOLD else source
    window = _WINDOW
    if framing != MOLD:
        window = _STREAM_WINDOW
        if state[A_WAIT_NS] != 0:
            # Nothing else brings what a stream leaves out, and a frame of it cannot wait.
            state[A_WAIT_NS] = 0
    is_whole = length > 0
    stale_runs = 0
    has_new = False
    is_kept = has_orders(books)
    while place < end:
        channel_at = find_channel(state, channel)
        position = state[channel_at + _POSITION] if channel_at >= 0 else 0
        status = _open_run(buf, place, end, framing, position, run, scratch)
        stop = run[_STOP]
        if status != OK:
            is_whole = False
            place = stop
            continue
        session = run[SESSION]
        seq = run[SEQ]
        count = run[COUNT]
        seen = _seen_before(state, channel_at, session, seq, count, window)
        is_stale = count > 0 and seen >= count
        if is_stale:
            add(state, channel_at + STALE, 1)
            add(state, _STALE, 1)
        elif count == 0 and seen > 0:
            add(state, channel_at + HEARTBEATS, 1)
        elif count > 0 or session != 0:
            told = sequence(
                state, channel, source, session, seq + seen, count - seen, ts_recv_ns, window,
                records, index,
            )  # fmt: skip
            if told > 0 and is_kept:
                take_records(books, undo, record_words, index, told, limit, limit, channel)
            index += told
            if state[A_OUTCOME] == OUT_HELD:
                return index - out_at
            is_stale = state[A_OUTCOME] == OUT_STALE
            seen += state[A_SKIP]
        if framing != MOLD and channel_at >= 0 and (count > 0 or session != 0):
            put(state, channel_at + _POSITION, seq + count - 1)
        number = 0
        place = run[BODY]
        if is_stale:
            stale_runs += 1
            place = stop
            number = count
        elif count > 0:
            has_new = True
            if seq + seen == 1:
                put_record(
                    record_words, index, UNDEF, ts_recv_ns, _CLEAR, UNDEF, UNDEF, UNDEF, channel
                )  # fmt: skip
                if is_kept:
                    take_records(books, undo, record_words, index, 1, limit, limit, channel)
                index += 1
        if number < count:
            index = _decode_run(
                buf, framing, seen, ts_recv_ns, channel, words, lookup, state, books, undo,
                record_words, index, limit, run, scratch,
            )  # fmt: skip
            number = run[_DONE]
            place = run[_PLACE]
        if number < count:
            # What was announced and cannot be used has not come.
            is_whole = False
            give_back(state, channel, seq + max(number, seen), seq + count)
            place = stop
        if run[_IS_BROKEN] or (framing == MOLD and place < stop):
            is_whole = False
            place = end
        else:
            place = stop
    _count_types(state, scratch)
    if not is_whole:
        add(state, _MALFORMED, 1)
    elif has_new:
        add(state, _DECODED, 1)
    elif stale_runs == 0:
        add(state, _HEARTBEAT, 1)
    else:
        stale_runs -= 1
    if stale_runs > 0:
        # The sequencer counts runs, and a frame is counted once.
        add(state, _STALE, -stale_runs)
    return index - out_at


process = kernel(PROCESS)(process_of(process_packet, __name__))
"""What the loops call for ITCH; see :mod:`zerofeed.runtime._process_kernels`."""
