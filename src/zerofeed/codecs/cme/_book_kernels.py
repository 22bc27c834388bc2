"""CME's levels, orders and trades into records: incremental messages, and snapshots of books.

A level's price makes its place: the entry's number of a level is that of the price among those before it, so records name
prices, and a book of prices with a window of as many levels as the venue tells shifts by itself. What names places
alone (delete from, delete through, overlay, and a deletion without a price) stops :func:`decode_levels`: the caller
has the book, and puts the prices in. So does a deletion behind a new level of the same transaction, because a level that
was pushed out must not come back by it.

An implied book is an instrument of its own, in the row with ``IMPLIED_BITS`` in its key.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import I64, U8_RO, always_inlined, inlined, int64, kernel
from zerofeed.base.status import BUFFER_FULL
from zerofeed.codecs._bytes import Bytes, i32, i64, u8, u32, u64
from zerofeed.codecs._record_kernels import RECORD_WORDS, bare_level, head_of
from zerofeed.codecs.cme._kernels import (
    Place,
    instrument_words,
    name_implied,
    note_level,
    number_or,
    row_of,
    size_at,
    tell,
    track,
)
from zerofeed.codecs.cme._layout import (
    C_COUNT,
    C_ENDS,
    C_ERA,
    C_GROUP,
    C_LABEL,
    C_LAYOUT,
    C_LENGTH,
    C_NEXT,
    C_OUT_OF_RANGE,
    C_REFUSED,
    C_ROOT,
    C_SECOND,
    C_SECOND_COUNT,
    C_SECOND_LENGTH,
    C_STOPPED,
    C_UNKNOWN,
    C_VERSION,
    DIALECT_AT,
    I_BROKEN,
    I_CHUNK,
    I_EMPTY,
    I_LABEL,
    I_NEWS,
    I_OPEN,
    I_RPT,
    IMPLIED_BITS,
    L_ACTION,
    L_CHUNK,
    L_CHUNKS,
    L_COUNT,
    L_ID,
    L_ORDER,
    L_PRICE,
    L_PRIORITY,
    L_PROCESSED,
    L_ROOT_ID,
    L_ROOT_RPT,
    L_RPT,
    L_SCALE,
    L_SECOND_ACTION,
    L_SECOND_ORDER,
    L_SECOND_PRIORITY,
    L_SECOND_REFERENCE,
    L_SECOND_SIZE,
    L_SIDE,
    L_SIZE,
    L_SIZE_BYTES,
    L_TIME,
    L_TRADE,
    L_TRADE_SINCE,
    L_TYPE,
    NOWHERE,
)
from zerofeed.feed._instrument_kernels import find
from zerofeed.records.flags import LAST, MBP, SNAPSHOT, TOB
from zerofeed.records.kinds import (
    ACTION_ADD,
    ACTION_CANCEL,
    ACTION_CLEAR,
    ACTION_MODIFY,
    ACTION_NONE,
    ACTION_TRADE,
    ASK,
    BID,
    LEVEL,
    NO_SIDE,
    ORDER,
    QUOTE,
    TRADE,
    TRADE_BREAK,
)
from zerofeed.records.units import UNDEF
from zerofeed.shm.journal import put

__all__ = [
    "CHANGE",
    "DELETE",
    "DELETE_FROM",
    "DELETE_THROUGH",
    "NEW",
    "OVERLAY",
    "bit_of",
    "decode_book_orders",
    "decode_level_snapshot",
    "decode_levels",
    "decode_order_snapshot",
    "decode_orders",
    "decode_trades",
    "make_levels",
    "put_level",
    "side_of",
]

_Words = npt.NDArray[np.int64]

NEW, CHANGE, DELETE, DELETE_THROUGH, DELETE_FROM, OVERLAY = range(6)

_BID, _OFFER, _IMPLIED_BID, _IMPLIED_OFFER, _RESET = 0x30, 0x31, 0x45, 0x46, 0x4A
_BEST_OFFER, _BEST_BID = 0x77, 0x78
_NO_PRICE = 0x7FFF_FFFF_FFFF_FFFF
_LARGEST = 0x7FFF_FFFF_FFFF_FFFF
_NO_TRADE = 0xFFFF_FFFF
_NO_REFERENCE = 0xFF


@always_inlined
def side_of(kind: int) -> int:
    """Tell the side of a type of entry; NO_SIDE where it is no level of a book."""
    if kind == _BID or kind == _IMPLIED_BID:
        return BID
    return ASK if kind == _OFFER or kind == _IMPLIED_OFFER else NO_SIDE


@always_inlined
def is_implied(kind: int) -> int:
    """Tell whether a type of entry is of the implied book, 1 or 0."""
    return int64(kind == _IMPLIED_BID or kind == _IMPLIED_OFFER)


@always_inlined
def price_at(buf: Bytes, at: int, layout: int, scratch: _Words) -> int:
    """Read the price of an entry, at nine decimals; UNDEF where there is none."""
    mantissa = i64(buf, at + scratch[layout + L_PRICE])
    scale = scratch[layout + L_SCALE]
    if mantissa == _NO_PRICE:
        return UNDEF
    if scale != 1:
        if not -_LARGEST // scale <= mantissa <= _LARGEST // scale:
            scratch[C_OUT_OF_RANGE] += 1
            return UNDEF
        mantissa *= scale
    return mantissa


@always_inlined
def put_record(
    records: _Words, index: int, ts_event_ns: int, ts_recv_ns: int, head: int,
    first: int, second: int, third: int, fourth: int,
) -> None:  # fmt: skip
    """Store one record, all words but ``seq``."""
    at = index * RECORD_WORDS
    records[at + 1] = ts_event_ns
    records[at + 2] = ts_recv_ns
    records[at + 3] = head
    records[at + 4] = first
    records[at + 5] = second
    records[at + 6] = third
    records[at + 7] = fourth


@always_inlined
def bit_of(side: int) -> int:
    """Give the bit of a side in I_NEWS."""
    return 1 if side == BID else 2


@inlined
def put_level(
    state: _Words, own_at: Place, origin: int, row: int, implied: int, side: int, price: int,
    size: int, ts_event_ns: int, ts_recv_ns: int, records: _Words, index: int, scratch: _Words,
) -> None:  # fmt: skip
    """Store one level of an incremental message; ``side`` has the action in its second byte."""
    label = scratch[C_LABEL]
    previous = note_level(state, own_at, origin, row, implied, label, index)
    flags = MBP
    if previous < 0:
        previous = ~previous
        flags |= LAST
    at = instrument_words(own_at, row)
    if side >> 8 == ACTION_ADD and state[at + I_NEWS] & bit_of(side & 0xFF) == 0:
        put(state, at + I_NEWS, state[at + I_NEWS] | bit_of(side & 0xFF))
    head = head_of(row, LEVEL, side, size, flags)
    put_record(records, index, ts_event_ns, ts_recv_ns, head, price, size, label, previous)


@inlined
def _begin_implied(
    state: _Words, own_at: Place, origin: int, row: int, ts_recv_ns: int, ts_event_ns: int,
    records: _Words, index: int,
) -> int:  # fmt: skip
    """Store the empty snapshot that an implied book begins with, if one said that there was none; the index behind."""
    at = instrument_words(own_at, row)
    processed = state[instrument_words(own_at, origin) + I_EMPTY]
    if processed == 0 or state[at + I_LABEL] != 0:
        return index
    put(state, at + I_LABEL, processed)
    bare_level(row, ACTION_CLEAR, SNAPSHOT | MBP | LAST, ts_recv_ns, records, index)
    base = index * RECORD_WORDS
    records[base + 1] = ts_event_ns
    records[base + 6] = processed
    return index + 1


@inlined
def _put_other(
    state: _Words, own_at: Place, row: int, kind: int, action: int, price: int, size: int,
    ts_event_ns: int, ts_recv_ns: int, records: _Words, index: int, scratch: _Words,
) -> int:  # fmt: skip
    """Store what is no level: a book that is emptied, the best price of the market; the index behind it."""
    if kind == _RESET:
        put_level(
            state, own_at, row, row, 0, NO_SIDE | ACTION_CLEAR << 8, UNDEF, 1, ts_event_ns,
            ts_recv_ns, records, index, scratch,
        )  # fmt: skip
        records[index * RECORD_WORDS + 5] = UNDEF
        return index + 1
    if kind != _BEST_BID and kind != _BEST_OFFER:
        scratch[C_UNKNOWN] += 1
        return index
    if action == DELETE:
        price = UNDEF
        size = 0
    if size < 0:
        size = UNDEF
    is_bid = kind == _BEST_BID
    side = BID if is_bid else ASK
    head = head_of(row, QUOTE, side | ACTION_NONE << 8, 1, TOB | LAST)
    put_record(
        records, index, ts_event_ns, ts_recv_ns, head,
        price if is_bid else UNDEF, size if is_bid else UNDEF,
        UNDEF if is_bid else price, UNDEF if is_bid else size,
    )  # fmt: skip
    return index + 1


@inlined
def make_levels(
    buf: Bytes, ts_recv_ns: int, words: _Words, lookup: _Words, state: _Words, own_at: Place,
    records: _Words, index: int, limit: int, scratch: _Words,
) -> int:  # fmt: skip
    """Make records of the levels of an open message, from entry C_NEXT on.

    Args:
        buf: uint8 that holds the message.
        ts_recv_ns: arrival, Unix ns.
        words: the instruments' rows.
        lookup: the instruments' map.
        state: a journal with the codec's words.
        own_at: first of these.
        records: RECORD array as int64.
        index: of the first record to write.
        limit: index at which the room ends.
        scratch: C_NEXT receives the entry that comes next; C_STOPPED, 1 where that needs the book.

    Returns:
        The index behind the last record; BUFFER_FULL.
    """
    layout = scratch[C_LAYOUT]
    length = scratch[C_LENGTH]
    count = scratch[C_COUNT]
    era = scratch[C_ERA]
    ts_event_ns = u64(buf, scratch[C_ROOT] + scratch[layout + L_TIME])
    entry = scratch[C_NEXT]
    at = scratch[C_GROUP] + entry * length
    scratch[C_STOPPED] = 0
    while entry < count:
        scratch[C_NEXT] = entry
        if index + 5 > limit:
            return BUFFER_FULL
        key = i32(buf, at + scratch[layout + L_ID])
        kind = u8(buf, at + scratch[layout + L_TYPE])
        action = u8(buf, at + scratch[layout + L_ACTION])
        price = price_at(buf, at, layout, scratch)
        size = size_at(buf, at + scratch[layout + L_SIZE], scratch[layout + L_SIZE_BYTES])
        side = side_of(kind)
        origin = row_of(key, era, words, lookup, state, own_at)
        row = origin
        implied = is_implied(kind)
        if implied and origin >= 0:
            row = row_of(key ^ IMPLIED_BITS, era, words, lookup, state, own_at)
            if row >= 0:
                name_implied(key ^ IMPLIED_BITS, row, words, lookup, scratch[DIALECT_AT:])
        if row >= 0 and side != NO_SIDE and DELETE <= action <= OVERLAY:
            own = instrument_words(own_at, row)
            is_pushed = state[own + I_OPEN] != 0 and state[own + I_NEWS] & bit_of(side) != 0
            if action > DELETE or price == UNDEF or is_pushed:
                scratch[C_STOPPED] = 1
                return index
        entry += 1
        at += length
        if row < 0:
            scratch[C_REFUSED] += 1
            continue
        track(
            state, instrument_words(own_at, origin),
            u32(buf, at - length + scratch[layout + L_RPT]),
        )  # fmt: skip
        if implied:
            # All other definitions are told by the message that brings them.
            index = tell(row, ts_recv_ns, words, state, own_at, records, index)
        if side == NO_SIDE:
            index = _put_other(
                state, own_at, row, kind, action, price, size, ts_event_ns, ts_recv_ns, records,
                index, scratch,
            )  # fmt: skip
            continue
        if action == DELETE:
            told = ACTION_CANCEL
            size = 0
        else:
            told = ACTION_ADD if action == NEW else ACTION_MODIFY
        if size < 0 or price == UNDEF or action > DELETE:
            scratch[C_UNKNOWN] += 1
            continue
        if implied:
            index = _begin_implied(
                state, own_at, origin, row, ts_recv_ns, ts_event_ns, records, index
            )
        put_level(
            state, own_at, origin, row, implied, side | told << 8, price, size, ts_event_ns,
            ts_recv_ns, records, index, scratch,
        )  # fmt: skip
        index += 1
    scratch[C_NEXT] = entry
    return index


@kernel(int64(U8_RO, int64, I64, I64, I64, int64, I64, int64, int64, I64))
def decode_levels(
    buf: Bytes, ts_recv_ns: int, words: _Words, lookup: _Words, state: _Words, own_at: Place,
    records: _Words, index: int, limit: int, scratch: _Words,
) -> int:  # fmt: skip
    """:func:`make_levels` as a kernel of its own."""
    return make_levels(
        buf, ts_recv_ns, words, lookup, state, own_at, records, index, limit, scratch
    )


@inlined
def _put_order(
    row: int, side: int, action: int, price: int, size: int, order: int, priority: int, flags: int,
    ts_event_ns: int, ts_recv_ns: int, records: _Words, index: int,
) -> None:  # fmt: skip
    """Store one ORDER record by CME's action: NEW, CHANGE or DELETE, which deletes all that is left."""
    told = ACTION_ADD
    if action == CHANGE:
        told = ACTION_MODIFY
    elif action == DELETE:
        told = ACTION_CANCEL
        size = UNDEF
    head = head_of(row, ORDER, side | told << 8, 1, flags)
    put_record(records, index, ts_event_ns, ts_recv_ns, head, price, size, order, priority)


@inlined
def _mark_last(records: _Words, first: int, index: int, scratch: _Words) -> None:
    """Mark the last record of a message that ends an event."""
    if scratch[C_ENDS] and index > first:
        records[(index - 1) * RECORD_WORDS + 3] |= int64(-1) << 63


@kernel(int64(U8_RO, int64, I64, I64, int64, int64, I64))
def decode_book_orders(
    buf: Bytes, ts_recv_ns: int, lookup: _Words, records: _Words, index: int, limit: int,
    scratch: _Words,
) -> int:  # fmt: skip
    """Make records of the orders behind the levels of an open message.

    Each names the entry that has its price, side and instrument, counted from 1.

    Returns:
        The index behind the last record; BUFFER_FULL.
    """
    layout = scratch[C_LAYOUT]
    ts_event_ns = u64(buf, scratch[C_ROOT] + scratch[layout + L_TIME])
    first = index
    at = scratch[C_SECOND]
    for _ in range(scratch[C_SECOND_COUNT]):
        if index >= limit:
            return BUFFER_FULL
        reference = u8(buf, at + scratch[layout + L_SECOND_REFERENCE])
        row = int64(-1)
        if 0 < reference <= scratch[C_COUNT] and reference != _NO_REFERENCE:
            entry = scratch[C_GROUP] + (reference - 1) * scratch[C_LENGTH]
            row = find(lookup, i32(buf, entry + scratch[layout + L_ID]))
            side = side_of(u8(buf, entry + scratch[layout + L_TYPE]))
            price = price_at(buf, entry, layout, scratch)
        action = u8(buf, at + scratch[layout + L_SECOND_ACTION])
        if row < 0 or action > DELETE:
            scratch[C_UNKNOWN] += 1
        else:
            size = size_at(buf, at + scratch[layout + L_SECOND_SIZE], 4)
            _put_order(
                row, side, action, price, size if size >= 0 else UNDEF,
                number_or(buf, at + scratch[layout + L_SECOND_ORDER], UNDEF),
                number_or(buf, at + scratch[layout + L_SECOND_PRIORITY], UNDEF),
                0, ts_event_ns, ts_recv_ns, records, index,
            )  # fmt: skip
            index += 1
        at += scratch[C_SECOND_LENGTH]
    _mark_last(records, first, index, scratch)
    return index


@kernel(int64(U8_RO, int64, I64, I64, I64, int64, I64, int64, int64, I64))
def decode_orders(
    buf: Bytes, ts_recv_ns: int, words: _Words, lookup: _Words, state: _Words, own_at: Place,
    records: _Words, index: int, limit: int, scratch: _Words,
) -> int:  # fmt: skip
    """Make records of an open message of orders alone.

    Returns:
        The index behind the last record; BUFFER_FULL.
    """
    layout = scratch[C_LAYOUT]
    ts_event_ns = u64(buf, scratch[C_ROOT] + scratch[layout + L_TIME])
    first = index
    at = scratch[C_GROUP]
    for _ in range(scratch[C_COUNT]):
        if index + 2 > limit:
            return BUFFER_FULL
        key = i32(buf, at + scratch[layout + L_ID])
        row = row_of(key, scratch[C_ERA], words, lookup, state, own_at)
        kind = u8(buf, at + scratch[layout + L_TYPE])
        action = u8(buf, at + scratch[layout + L_ACTION])
        side = side_of(kind)
        if row < 0:
            scratch[C_REFUSED] += 1
        elif kind != _RESET and (side == NO_SIDE or action > DELETE):
            scratch[C_UNKNOWN] += 1
        else:
            if kind == _RESET:
                head = head_of(row, ORDER, NO_SIDE | ACTION_CLEAR << 8, 1, 0)
                put_record(
                    records, index, ts_event_ns, ts_recv_ns, head, UNDEF, UNDEF, UNDEF, UNDEF
                )
            else:
                size = size_at(buf, at + scratch[layout + L_SIZE], 4)
                _put_order(
                    row, side, action, price_at(buf, at, layout, scratch),
                    size if size >= 0 else UNDEF,
                    number_or(buf, at + scratch[layout + L_ORDER], UNDEF),
                    number_or(buf, at + scratch[layout + L_PRIORITY], UNDEF),
                    0, ts_event_ns, ts_recv_ns, records, index,
                )  # fmt: skip
            index += 1
        at += scratch[C_LENGTH]
    _mark_last(records, first, index, scratch)
    return index


@kernel(int64(U8_RO, int64, I64, I64, I64, int64, I64, int64, int64, I64))
def decode_trades(
    buf: Bytes, ts_recv_ns: int, words: _Words, lookup: _Words, state: _Words, own_at: Place,
    records: _Words, index: int, limit: int, scratch: _Words,
) -> int:  # fmt: skip
    """Make records of an open message of trades, and of the orders that took part in each.

    The orders of all trades stand behind them, as many for each as it says. Their action is T: what is left
    of them, the book's own messages say.

    Returns:
        The index behind the last record; BUFFER_FULL.
    """
    layout = scratch[C_LAYOUT]
    ts_event_ns = u64(buf, scratch[C_ROOT] + scratch[layout + L_TIME])
    length = scratch[C_LENGTH]
    first = index
    order_at = scratch[C_SECOND]
    left = scratch[C_SECOND_COUNT]
    at = scratch[C_GROUP]
    has_trade = scratch[layout + L_TRADE_SINCE] <= scratch[C_VERSION] and (
        scratch[layout + L_TRADE] + 4 <= length
    )
    for _ in range(scratch[C_COUNT]):
        if index + 2 > limit:
            return BUFFER_FULL
        key = i32(buf, at + scratch[layout + L_ID])
        row = row_of(key, scratch[C_ERA], words, lookup, state, own_at)
        price = price_at(buf, at, layout, scratch)
        orders = i32(buf, at + scratch[layout + L_COUNT])
        orders = min(left, max(orders, 0)) if orders != 0x7FFF_FFFF else 0
        if row < 0:
            scratch[C_REFUSED] += 1
        else:
            rpt = u32(buf, at + scratch[layout + L_RPT])
            track(state, instrument_words(own_at, row), rpt)
            size = size_at(buf, at + scratch[layout + L_SIZE], scratch[layout + L_SIZE_BYTES])
            trade = u32(buf, at + scratch[layout + L_TRADE]) if has_trade else int64(_NO_TRADE)
            told = NO_SIDE
            aggressor = u8(buf, at + scratch[layout + L_SIDE])
            if aggressor == 1:
                told = BID
            elif aggressor == 2:
                told = ASK
            action = u8(buf, at + scratch[layout + L_ACTION])
            kind = TRADE_BREAK if action == DELETE else TRADE
            told |= (ACTION_MODIFY if action == CHANGE else ACTION_TRADE) << 8
            put_record(
                records, index, ts_event_ns, ts_recv_ns, head_of(row, kind, told, 1, 0), price,
                size if size >= 0 else UNDEF, trade if trade != _NO_TRADE else UNDEF, rpt,
            )  # fmt: skip
            index += 1
        for _ in range(orders):
            if row >= 0:
                if index >= limit:
                    return BUFFER_FULL
                size = i32(buf, order_at + scratch[layout + L_SECOND_SIZE])
                head = head_of(row, ORDER, NO_SIDE | ACTION_TRADE << 8, 1, 0)
                put_record(
                    records, index, ts_event_ns, ts_recv_ns, head, price, size,
                    number_or(buf, order_at + scratch[layout + L_SECOND_ORDER], UNDEF), UNDEF,
                )  # fmt: skip
                index += 1
            order_at += scratch[C_SECOND_LENGTH]
        left -= orders
        at += length
    _mark_last(records, first, index, scratch)
    return index


@inlined
def _put_snapshot(
    buf: Bytes, row: int, implied: int, processed: int, ts_event_ns: int, ts_recv_ns: int,
    records: _Words, index: int, limit: int, scratch: _Words,
) -> int:  # fmt: skip
    """Store one book of a snapshot: cleared, each level, the last one marked."""
    layout = scratch[C_LAYOUT]
    if index >= limit:
        return BUFFER_FULL
    bare_level(row, ACTION_CLEAR, SNAPSHOT | MBP, ts_recv_ns, records, index)
    base = index * RECORD_WORDS
    records[base + 1] = ts_event_ns
    records[base + 6] = processed
    index += 1
    at = scratch[C_GROUP]
    for _ in range(scratch[C_COUNT]):
        kind = u8(buf, at + scratch[layout + L_TYPE])
        side = side_of(kind)
        if side != NO_SIDE and is_implied(kind) == implied:
            price = price_at(buf, at, layout, scratch)
            size = size_at(buf, at + scratch[layout + L_SIZE], scratch[layout + L_SIZE_BYTES])
            if price != UNDEF and size > 0:
                if index >= limit:
                    return BUFFER_FULL
                head = head_of(row, LEVEL, side | ACTION_ADD << 8, size, SNAPSHOT | MBP)
                put_record(
                    records, index, ts_event_ns, ts_recv_ns, head, price, size, processed, UNDEF
                )
                index += 1
        at += scratch[C_LENGTH]
    # LAST is the sign bit.
    records[(index - 1) * RECORD_WORDS + 3] |= int64(-1) << 63
    return index


@inlined
def _has_implied(buf: Bytes, scratch: _Words) -> bool:
    layout = scratch[C_LAYOUT]
    at = scratch[C_GROUP]
    for _ in range(scratch[C_COUNT]):
        if is_implied(u8(buf, at + scratch[layout + L_TYPE])):
            return True
        at += scratch[C_LENGTH]
    return False


@inlined
def _note_snapshot(state: _Words, at: int, processed: int, rpt: int) -> None:
    """Go on counting from a snapshot that is newer than what came."""
    if rpt > state[at + I_RPT]:
        put(state, at + I_RPT, rpt)
        put(state, at + I_BROKEN, 0)
    if processed > state[at + I_LABEL]:
        put(state, at + I_LABEL, processed)


@kernel(int64(U8_RO, int64, I64, I64, I64, int64, I64, int64, int64, I64))
def decode_level_snapshot(
    buf: Bytes, ts_recv_ns: int, words: _Words, lookup: _Words, state: _Words, own_at: Place,
    records: _Words, index: int, limit: int, scratch: _Words,
) -> int:  # fmt: skip
    """Make records of the books of an open snapshot; ``change_id`` is the last packet in it.

    Returns:
        The index behind the last record; BUFFER_FULL.
    """
    layout = scratch[C_LAYOUT]
    root = scratch[C_ROOT]
    key = i32(buf, root + scratch[layout + L_ROOT_ID])
    era = scratch[C_ERA]
    origin = row_of(key, era, words, lookup, state, own_at)
    if origin < 0:
        scratch[C_REFUSED] += 1
        return index
    if index + 2 > limit:
        return BUFFER_FULL
    ts_event_ns = u64(buf, root + scratch[layout + L_TIME])
    processed = UNDEF
    if scratch[layout + L_PROCESSED] != NOWHERE:
        processed = u32(buf, root + scratch[layout + L_PROCESSED])
    rpt = int64(0)
    if scratch[layout + L_ROOT_RPT] != NOWHERE:
        rpt = u32(buf, root + scratch[layout + L_ROOT_RPT])
    index = tell(origin, ts_recv_ns, words, state, own_at, records, index)
    index = int64(
        _put_snapshot(
            buf, origin, 0, processed, ts_event_ns, ts_recv_ns, records, index, limit, scratch
        )
    )
    _note_snapshot(state, instrument_words(own_at, origin), processed, rpt)
    if index < 0:
        return index
    if find(lookup, key ^ IMPLIED_BITS) < 0 and not _has_implied(buf, scratch):
        if processed > 0:
            put(state, instrument_words(own_at, origin) + I_EMPTY, processed)
        return index
    row = row_of(key ^ IMPLIED_BITS, era, words, lookup, state, own_at)
    if row < 0:
        scratch[C_REFUSED] += 1
        return index
    if index + 2 > limit:
        return BUFFER_FULL
    name_implied(key ^ IMPLIED_BITS, row, words, lookup, scratch[DIALECT_AT:])
    index = tell(row, ts_recv_ns, words, state, own_at, records, index)
    at = instrument_words(own_at, row)
    if processed > state[at + I_LABEL]:
        put(state, at + I_LABEL, processed)
    return _put_snapshot(
        buf, row, 1, processed, ts_event_ns, ts_recv_ns, records, index, limit, scratch
    )


@kernel(int64(U8_RO, int64, I64, I64, I64, int64, I64, int64, int64, I64))
def decode_order_snapshot(
    buf: Bytes, ts_recv_ns: int, words: _Words, lookup: _Words, state: _Words, own_at: Place,
    records: _Words, index: int, limit: int, scratch: _Words,
) -> int:  # fmt: skip
    """Make records of a piece of a snapshot of orders; of one whose piece before it is missing, none.

    The first piece begins with R, whose ``order_id`` is the last packet in the snapshot; the last record of the
    last piece is marked.

    Returns:
        The index behind the last record; BUFFER_FULL.
    """
    layout = scratch[C_LAYOUT]
    root = scratch[C_ROOT]
    key = i32(buf, root + scratch[layout + L_ROOT_ID])
    row = row_of(key, scratch[C_ERA], words, lookup, state, own_at)
    if row < 0:
        scratch[C_REFUSED] += 1
        return index
    ts_event_ns = u64(buf, root + scratch[layout + L_TIME])
    chunk = int64(1)
    chunks = int64(1)
    processed = UNDEF
    if scratch[layout + L_CHUNK] != NOWHERE:
        chunk = u32(buf, root + scratch[layout + L_CHUNK])
        chunks = u32(buf, root + scratch[layout + L_CHUNKS])
        processed = u32(buf, root + scratch[layout + L_PROCESSED])
    at = instrument_words(own_at, row)
    if chunk != 1 and chunk != state[at + I_CHUNK] + 1:
        if state[at + I_CHUNK] != 0:
            put(state, at + I_CHUNK, 0)
        return index
    put(state, at + I_CHUNK, chunk if chunk < chunks else 0)
    if index + 2 + scratch[C_COUNT] > limit:
        return BUFFER_FULL
    index = tell(row, ts_recv_ns, words, state, own_at, records, index)
    first = index
    if chunk == 1:
        head = head_of(row, ORDER, NO_SIDE | ACTION_CLEAR << 8, 1, SNAPSHOT)
        put_record(records, index, ts_event_ns, ts_recv_ns, head, UNDEF, UNDEF, processed, UNDEF)
        index += 1
    entry = scratch[C_GROUP]
    for _ in range(scratch[C_COUNT]):
        side = side_of(u8(buf, entry + scratch[layout + L_TYPE]))
        if side == NO_SIDE:
            scratch[C_UNKNOWN] += 1
        else:
            size = size_at(buf, entry + scratch[layout + L_SIZE], 4)
            _put_order(
                row, side, NEW, price_at(buf, entry, layout, scratch),
                size if size >= 0 else UNDEF,
                number_or(buf, entry + scratch[layout + L_ORDER], UNDEF),
                number_or(buf, entry + scratch[layout + L_PRIORITY], UNDEF),
                SNAPSHOT, ts_event_ns, ts_recv_ns, records, index,
            )  # fmt: skip
            index += 1
        entry += scratch[C_LENGTH]
    if chunk >= chunks and index > first:
        records[(index - 1) * RECORD_WORDS + 3] |= int64(-1) << 63
    return index
