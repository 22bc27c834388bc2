"""Deribit's multicast packets into records: frames, message outlines, and which kernel decodes what.

A packet is a frame header and SBE messages back to back. The outline of a message (block, groups,
texts) is followed with the lengths on the wire before any of its values is read, so a longer
block, an unknown template or groups of a later version are stepped over, and nothing is ever read
outside the packet.

The caller keeps the packet's place: :func:`decode_message` takes one message and says where the
next begins, so that books can be brought up to date in between. :func:`decode_packet` is that
loop for callers that need nothing in between.

Nothing here allocates, raises, reads a clock, or looks at sequence numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, I64_RO, U8_RO, always_inlined, inlined, int64, kernel
from zerofeed.base.status import (
    BUFFER_FULL,
    MALFORMED,
    OK,
    TRUNCATED,
    UNKNOWN_SCHEMA,
    UNKNOWN_TEMPLATE,
)
from zerofeed.codecs._bytes import Bytes, u8, u16, u32
from zerofeed.codecs.deribit._definition_kernels import (
    decode_combo_legs,
    decode_definition,
    decode_price_index,
)
from zerofeed.codecs.deribit._layout import (
    BOOK,
    COMBO_LEGS,
    FIRST_TEMPLATE,
    FRAME_BYTES,
    GROUP_BYTES,
    HEADER_BYTES,
    INSTRUMENT,
    INSTRUMENT_V2,
    INSTRUMENT_V2_SHIFT,
    LAST_TEMPLATE,
    PRICE_INDEX,
    RFQ,
    SCHEMA_ID,
    SNAPSHOT,
    SNAPSHOT_START,
    SNAPSHOT_START_BLOCK,
    TICKER,
    TRADES,
)
from zerofeed.codecs.deribit._market_kernels import (
    decode_book,
    decode_rfq,
    decode_snapshot,
    decode_ticker,
    decode_trades,
)
from zerofeed.codecs.deribit._message_kernels import (
    ENTRIES,
    ENTRY_BLOCK,
    ENTRY_COUNT,
    NAME,
    NAME_BYTES,
    NEXT,
    OUT_OF_RANGE,
    REFUSED,
    ROUNDED,
    ROW,
    TEMPLATE,
)
from zerofeed.shm.journal import begin

__all__ = [
    "BODY_BEGIN",
    "BODY_END",
    "CHANNEL",
    "COUNT_WORDS",
    "HEADER_WORDS",
    "HEARTBEATS",
    "MALFORMED_MESSAGES",
    "MALFORMED_PACKETS",
    "MESSAGES",
    "NUMBERS_OUT_OF_RANGE",
    "NUMBERS_ROUNDED",
    "PACKETS",
    "PACKETS_DONE",
    "REFUSED_MESSAGES",
    "SEQ",
    "STOPPED_BY",
    "TEMPLATE_SLOTS",
    "UNKNOWN_MESSAGES",
    "decode_message",
    "decode_one",
    "decode_packet",
    "decode_packets",
    "most_records",
    "packet_header",
]

_Words = npt.NDArray[np.int64]

# Words of a packet's header, as packet_header gives it.
CHANNEL = 0
SEQ = 1
BODY_BEGIN = 2
BODY_END = 3
HEADER_WORDS = 4

# Words of counts: how often each template was decoded (its number minus 1000), then totals.
TEMPLATE_SLOTS = 16
MESSAGES = 16
UNKNOWN_MESSAGES = 17
MALFORMED_MESSAGES = 18
REFUSED_MESSAGES = 19
NUMBERS_OUT_OF_RANGE = 20
NUMBERS_ROUNDED = 21
PACKETS = 22
HEARTBEATS = 23
MALFORMED_PACKETS = 24
COUNT_WORDS = 32

STOPPED_BY = 11
"""Index in ``result`` after decode_packet: the status that ended the packet early, or OK."""
PACKETS_DONE = 12
"""Index in ``result`` after decode_packets: packets taken."""

_FEWEST_BYTES = 8
_SPARE = 8


@inlined
def most_records(length: int) -> int:
    """Bound the records that a packet of ``length`` bytes can make: the densest entry has 8."""
    return length // _FEWEST_BYTES + _SPARE


@always_inlined
def packet_header(buf: Bytes, at: int, length: int, header: _Words) -> int:
    """Read a packet's frame and compare its length with the datagram's.

    Args:
        buf: uint8 that holds the datagram at ``buf[at : at + length]``.
        at: byte position of the datagram.
        length: bytes of the datagram.
        header: int64, at least HEADER_WORDS; receives CHANNEL, SEQ, BODY_BEGIN and BODY_END
            (byte positions in ``buf``; equal for a heartbeat).

    Returns:
        OK; TRUNCATED when the datagram is shorter than the frame says; MALFORMED when longer.
    """
    if length < FRAME_BYTES:
        return TRUNCATED
    body = u16(buf, at)
    header[CHANNEL] = u16(buf, at + 2)
    header[SEQ] = u32(buf, at + 4)
    header[BODY_BEGIN] = at + FRAME_BYTES
    header[BODY_END] = at + FRAME_BYTES + body
    if body > length - FRAME_BYTES:
        return TRUNCATED
    return OK if body == length - FRAME_BYTES else MALFORMED


@always_inlined
def _outline(buf: Bytes, at: int, end: int, groups: int, texts: int, result: _Words) -> int:
    """Follow a message's groups and texts by their lengths; the first of each goes to ``result``.

    Args:
        buf: the packet.
        at: position behind the root block.
        end: position behind the packet.
        groups: how many groups the header announces.
        texts: how many var data fields it announces.
        result: receives ENTRIES, ENTRY_BLOCK, ENTRY_COUNT of the first group and NAME,
            NAME_BYTES of the first text; counts of -1 where there is none.

    Returns:
        Position behind the message; TRUNCATED; or MALFORMED when groups inside group entries
        make its end unknowable (this schema has none).
    """
    for group in range(groups):
        if at + GROUP_BYTES > end:
            return TRUNCATED
        block = u16(buf, at)
        count = u16(buf, at + 2)
        if count > 0 and (u16(buf, at + 4) | u16(buf, at + 6)) != 0:
            return MALFORMED
        at += GROUP_BYTES
        if group == 0:
            result[ENTRIES] = at
            result[ENTRY_BLOCK] = block
            result[ENTRY_COUNT] = count
        at += block * count
        if at > end:
            return TRUNCATED
    for text in range(texts):
        if at + 1 > end:
            return TRUNCATED
        size = u8(buf, at)
        at += 1
        if text == 0:
            result[NAME] = at
            result[NAME_BYTES] = size
        at += size
        if at > end:
            return TRUNCATED
    return at


@always_inlined
def decode_message(
    buf: Bytes, at: int, end: int, ts_recv_ns: int, channel: int, words: _Words, lookup: _Words,
    state: _Words, state_at: int, records: _Words, out_at: int, limit: int, result: _Words,
) -> int:  # fmt: skip
    """Decode one SBE message into records. The single writer of the feed only.

    Args:
        buf: uint8, the packet among other things.
        at: position of the message's header.
        end: position behind the packet; nothing at or behind it is read.
        ts_recv_ns: arrival, Unix ns, copied into every record.
        channel: the packet's channel.
        words: the instruments' rows as int64.
        lookup: the instruments' map.
        state: int64 journal; ``begin`` was called for the step that this message belongs to.
        state_at: first of this codec's words in it; see ``_message_kernels``.
        records: int64, 8 words a record; word 0 (``seq``) is left to publication.
        out_at: record index at which to store.
        limit: record index at which the room ends.
        result: int64, at least RESULT_WORDS; see ``_message_kernels``.

    Returns:
        Records stored, 0 or more. UNKNOWN_TEMPLATE or UNKNOWN_SCHEMA: stepped over, go on at
        ``result[NEXT]`` (the packet's end when the message's end cannot be known). MALFORMED or
        TRUNCATED: nothing stored, nothing changed; leave the packet. BUFFER_FULL: nothing
        changed, ``result[NEXT]`` is this message again.
    """
    result[NEXT] = end
    result[TEMPLATE] = -1
    result[ROW] = -1
    result[REFUSED] = 0
    result[OUT_OF_RANGE] = 0
    result[ROUNDED] = 0
    result[ENTRIES] = end
    result[ENTRY_COUNT] = -1
    result[NAME_BYTES] = -1
    if at + HEADER_BYTES > end:
        return TRUNCATED
    length = u16(buf, at)
    template = u16(buf, at + 2)
    is_known = FIRST_TEMPLATE <= template <= LAST_TEMPLATE
    has_schema = u16(buf, at + 4) == SCHEMA_ID
    result[TEMPLATE] = template
    block = at + HEADER_BYTES
    if block + length > end:
        return TRUNCATED
    after = _outline(buf, block + length, end, u16(buf, at + 8), u16(buf, at + 10), result)
    if not (is_known and has_schema):
        if after == TRUNCATED:
            return TRUNCATED
        result[NEXT] = end if after < 0 else after
        return UNKNOWN_TEMPLATE if has_schema else UNKNOWN_SCHEMA
    if after < 0:
        return after
    stored = _decode_known(
        buf, block, length, template, ts_recv_ns, channel, words, lookup,
        state, state_at, records, out_at, limit, result,
    )  # fmt: skip
    result[NEXT] = at if stored == BUFFER_FULL else after
    return stored


@always_inlined
def _decode_known(
    buf: Bytes, block: int, length: int, template: int, ts_recv_ns: int, channel: int,
    words: _Words, lookup: _Words, state: _Words, state_at: int, records: _Words, out_at: int,
    limit: int, result: _Words,
) -> int:  # fmt: skip
    if template == TICKER:
        return decode_ticker(
            buf, block, length, ts_recv_ns, words, lookup,
            state, state_at, records, out_at, limit, result,
        )  # fmt: skip
    if template == PRICE_INDEX:
        return decode_price_index(
            buf, block, length, ts_recv_ns, channel, words, lookup,
            state, state_at, records, out_at, limit, result,
        )  # fmt: skip
    if template == RFQ:
        return decode_rfq(
            buf, block, length, ts_recv_ns, words, lookup, records, out_at, limit, result
        )
    if template in (INSTRUMENT, INSTRUMENT_V2):
        shift = INSTRUMENT_V2_SHIFT if template == INSTRUMENT_V2 else 0
        return decode_definition(
            buf, block, length, shift, ts_recv_ns, channel, words, lookup,
            state, state_at, records, out_at, limit, result,
        )  # fmt: skip
    if template == SNAPSHOT_START:
        return MALFORMED if length < SNAPSHOT_START_BLOCK else 0
    if template not in (BOOK, TRADES, SNAPSHOT, COMBO_LEGS):
        return 0
    if result[ENTRY_COUNT] < 0:
        return MALFORMED
    if template == BOOK:
        return decode_book(
            buf, block, length, ts_recv_ns, words, lookup, records, out_at, limit, result
        )
    if template == TRADES:
        return decode_trades(
            buf, block, length, ts_recv_ns, words, lookup, records, out_at, limit, result
        )
    if template == SNAPSHOT:
        return decode_snapshot(
            buf, block, length, ts_recv_ns, words, lookup,
            state, state_at, records, out_at, limit, result,
        )  # fmt: skip
    return decode_combo_legs(
        buf, block, length, ts_recv_ns, words, lookup, records, out_at, limit, result
    )


@inlined
def decode_packet(
    buf: Bytes, at: int, length: int, ts_recv_ns: int, words: _Words, lookup: _Words,
    state: _Words, state_at: int, records: _Words, out_at: int, limit: int, result: _Words,
    counts: _Words,
) -> int:  # fmt: skip
    """Decode a datagram's messages as one step of the journal. Arguments as decode_message.

    Args:
        buf: uint8 that holds the datagram at ``buf[at : at + length]``.
        at: its position.
        length: its bytes.
        ts_recv_ns: arrival, Unix ns.
        words: instruments' rows.
        lookup: instruments' map.
        state: journal.
        state_at: first word of this codec.
        records: int64, 8 words a record.
        out_at: record index at which to store; ``most_records(length)`` must fit.
        limit: record index at which the room ends.
        result: int64; STOPPED_BY receives the status that ended the packet early, or OK.
        counts: int64, at least COUNT_WORDS, counted up.

    Returns:
        Records stored, those of the messages before a malformed one included.
    """
    counts[PACKETS] += 1
    begin(state, counts[PACKETS])
    status = packet_header(buf, at, length, result)
    result[STOPPED_BY] = status
    if status != OK:
        counts[MALFORMED_PACKETS] += 1
        return 0
    channel = result[CHANNEL]
    place = result[BODY_BEGIN]
    end = result[BODY_END]
    if place == end:
        counts[HEARTBEATS] += 1
    index = out_at
    while place < end:
        stored = decode_message(
            buf, place, end, ts_recv_ns, channel, words, lookup,
            state, state_at, records, index, limit, result,
        )  # fmt: skip
        place = result[NEXT]
        if stored >= 0:
            index += stored
            counts[MESSAGES] += 1
            counts[result[TEMPLATE] - FIRST_TEMPLATE] += 1
            counts[REFUSED_MESSAGES] += result[REFUSED]
            counts[NUMBERS_OUT_OF_RANGE] += result[OUT_OF_RANGE]
            counts[NUMBERS_ROUNDED] += result[ROUNDED]
        elif stored in (UNKNOWN_SCHEMA, UNKNOWN_TEMPLATE):
            counts[UNKNOWN_MESSAGES] += 1
        else:
            counts[MALFORMED_MESSAGES] += 1
            result[STOPPED_BY] = stored
            break
    return index - out_at


@kernel(int64(U8_RO, int64, int64, int64, int64, I64, I64, I64, int64, I64, int64, int64, I64))
def decode_one(
    buf: Bytes, at: int, end: int, ts_recv_ns: int, channel: int, words: _Words, lookup: _Words,
    state: _Words, state_at: int, records: _Words, out_at: int, limit: int, result: _Words,
) -> int:  # fmt: skip
    """:func:`decode_message` for callers outside compiled code."""
    return decode_message(
        buf, at, end, ts_recv_ns, channel, words, lookup,
        state, state_at, records, out_at, limit, result,
    )  # fmt: skip


@kernel(int64(U8_RO, I64_RO, I64_RO, I64_RO, int64, I64, I64, I64, int64, I64, int64, I64, I64))
def decode_packets(
    buf: Bytes, offsets: _Words, lengths: _Words, times_ns: _Words, first: int, words: _Words,
    lookup: _Words, state: _Words, state_at: int, records: _Words, limit: int, result: _Words,
    counts: _Words,
) -> int:  # fmt: skip
    """Decode many datagrams, as long as there is room for all that the next could hold.

    Args:
        buf: uint8 that holds every datagram.
        offsets: int64, position of each.
        lengths: int64, bytes of each.
        times_ns: int64, arrival of each, Unix ns.
        first: datagram to begin with.
        words: instruments' rows.
        lookup: instruments' map.
        state: journal.
        state_at: first word of this codec.
        records: int64, 8 words a record, filled from index 0.
        limit: record index at which the room ends.
        result: int64; PACKETS_DONE receives the number of datagrams taken.
        counts: int64, counted up.

    Returns:
        Records stored.
    """
    stored = 0
    packet = first
    while packet < offsets.size and stored + most_records(lengths[packet]) <= limit:
        stored += decode_packet(
            buf, offsets[packet], lengths[packet], times_ns[packet], words, lookup,
            state, state_at, records, stored, limit, result, counts,
        )  # fmt: skip
        packet += 1
    result[PACKETS_DONE] = packet - first
    return stored
