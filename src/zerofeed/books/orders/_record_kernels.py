"""What an order record does to the books of orders, and what they put into it.

A record says what its message says (``docs/adr/0023``): of an execution the order's number and what traded. The order
that rests knows the rest, and it is filled in where the record lacks it: instrument, side, price, for an order
that is gone the size, and in the TRADE in front of an execution the instrument, the price and the side of who came
to it.

Where records and orders contradict each other, the book goes on as well as possible and is in doubt: an order that is
not there, one that is there already (the newer one stays), more cancelled than was left, no room.

**What proves a book.** That its channel was empty once, as the venue says at the beginning of its day, and that no
message of it is missing since. No later change of an order shows what a lost one did, so the doubt after
a gap lasts until the venue says again that the channel, or the book, is empty.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import always_inlined, inlined
from zerofeed.books.orders._change_kernels import (
    enter,
    leave,
    level_at,
    level_of,
    order_at,
    resize,
)
from zerofeed.books.orders._index_kernels import side_words
from zerofeed.books.orders._log_kernels import keep
from zerofeed.books.orders._table_kernels import find_order
from zerofeed.books.orders.layout import (
    B_BEST,
    B_CHANNEL,
    B_DIRTY,
    B_DOUBTS,
    B_TS_EVENT_NS,
    CHANNELS,
    CHANNELS_AT,
    COUNTERS,
    GROUP,
    H_BOOKS,
    H_CHANGES,
    H_LIVE,
    H_REPLACED,
    H_RULES,
    H_USED,
    HEAD_WORDS,
    HEADS_AT,
    L_OWNER,
    L_PRICE,
    L_QUEUE,
    L_SIZE,
    O_PLACE,
    O_SIZE,
    RULE_INCREASE_LOSES,
)
from zerofeed.records.book_rows import (
    DOUBT_BAD_LEVEL,
    DOUBT_DUPLICATE_ORDER,
    DOUBT_GAP,
    DOUBT_NO_ROOM,
    DOUBT_NO_SNAPSHOT,
    DOUBT_OVERFILLED,
    DOUBT_RESET,
    DOUBT_UNKNOWN_ORDER,
)
from zerofeed.records.flags import LAST, MAYBE_BAD_BOOK, SNAPSHOT, TOB
from zerofeed.records.kinds import (
    ACTION_ADD,
    ACTION_CANCEL,
    ACTION_CLEAR,
    ACTION_FILL,
    ACTION_MODIFY,
    ACTION_NONE,
    ASK,
    BBO,
    BID,
    GAP,
    NO_SIDE,
    ORDER,
    RESET,
    TRADE,
)
from zerofeed.records.units import UNDEF

__all__ = ["best_of", "channel_word", "note_loss", "take_records", "write_bbo"]

_Words = npt.NDArray[np.int64]

_UNKNOWN = COUNTERS["unknown_orders"]
_DUPLICATES = COUNTERS["duplicate_orders"]
_REFUSED = COUNTERS["refused_orders"]
_MALFORMED = COUNTERS["malformed_orders"]
_OVERFILLED = COUNTERS["overfilled_orders"]
_STRANGERS = COUNTERS["unknown_instruments"]
_GAPS = COUNTERS["gaps"]
_RESETS = COUNTERS["resets"]
_CLEARS = COUNTERS["clears"]
_CLEARED = COUNTERS["orders_cleared"]

_LOW = 0xFFFF_FFFF
_RECORD_WORDS = 8
_DOUBTFUL = MAYBE_BAD_BOOK << 56
_BBO_HEAD = BBO << 32 | NO_SIDE << 40 | ACTION_NONE << 48 | (LAST + TOB - 256) << 56

_SIDE = H_REPLACED
_INSTRUMENT = H_REPLACED + 1


@always_inlined
def channel_word(channel: int) -> int:
    """Give the index of a channel's word; UNDEF has the last one."""
    return CHANNELS_AT + (channel if 0 <= channel < CHANNELS else CHANNELS - 1)


@always_inlined
def _keep_word(o: _Words, log: _Words, word: int) -> None:
    keep(o, log, word - word % GROUP)


@inlined
def _count(o: _Words, log: _Words, counter: int, amount: int) -> None:
    _keep_word(o, log, counter)
    o[counter] += amount


@inlined
def _cast(o: _Words, log: _Words, instrument: int, channel: int, doubts: int) -> None:
    """Put a book in doubt; where nobody knows which, its channel's."""
    if 0 < instrument < o[H_BOOKS]:
        book = HEADS_AT + instrument * HEAD_WORDS
        _use(o, log, instrument, channel)
        keep(o, log, book)
        o[book + B_DOUBTS] |= doubts
        o[book + B_DIRTY] = 1
    else:
        _cast_all(o, log, channel, doubts)


@inlined
def _cast_all(o: _Words, log: _Words, channel: int, doubts: int) -> int:
    """Put every book of a channel in doubt, those to come as well; UNDEF: of all channels."""
    cast = 0
    for index in range(CHANNELS):
        if channel == UNDEF or CHANNELS_AT + index == channel_word(channel):
            _keep_word(o, log, CHANNELS_AT + index)
            o[CHANNELS_AT + index] |= doubts
    for instrument in range(o[H_USED]):
        book = HEADS_AT + instrument * HEAD_WORDS
        if _is_carried(o, book, channel):
            keep(o, log, book)
            o[book + B_DOUBTS] |= doubts
            o[book + B_DIRTY] = 1
            cast += 1
    return cast


@always_inlined
def _is_carried(o: _Words, book: int, channel: int) -> bool:
    bound = o[book + B_CHANNEL]
    return bool(bound != 0 and (channel == UNDEF or bound - 1 == channel))


@inlined
def _use(o: _Words, log: _Words, instrument: int, channel: int) -> None:
    """Take a book into use: it is in doubt as its channel is."""
    book = HEADS_AT + instrument * HEAD_WORDS
    if o[book + B_CHANNEL] != 0:
        return
    keep(o, log, book)
    bound = channel if channel != UNDEF else CHANNELS - 1
    o[book + B_CHANNEL] = bound + 1
    o[book + B_DOUBTS] = o[channel_word(channel)]
    if instrument >= o[H_USED]:
        _keep_word(o, log, H_USED)
        o[H_USED] = instrument + 1


@inlined
def _remove(o: _Words, log: _Words, order: int) -> int:
    return leave(o, log, order)


@inlined
def _empty(o: _Words, log: _Words, book: int) -> None:
    """Let every order of a book leave."""
    left = 0
    for side in range(2):
        words = side_words(book, side)
        while o[words + B_BEST] != 0:
            level = o[words + B_BEST] - 1
            _remove(o, log, (o[level_at(o, level) + L_QUEUE] >> 32) - 1)
            left += 1
    keep(o, log, book)
    o[book + B_DIRTY] = 1
    _count(o, log, _CLEARED, left)


@inlined
def _empty_all(o: _Words, log: _Words, channel: int, doubts: int) -> None:
    """Empty every book of a channel, and doubt them for these reasons alone; UNDEF: of all channels."""
    for index in range(CHANNELS):
        if channel == UNDEF or CHANNELS_AT + index == channel_word(channel):
            _keep_word(o, log, CHANNELS_AT + index)
            o[CHANNELS_AT + index] = doubts
    for instrument in range(o[H_USED]):
        book = HEADS_AT + instrument * HEAD_WORDS
        if _is_carried(o, book, channel):
            _empty(o, log, book)
            o[book + B_DOUBTS] = doubts


@inlined
def note_loss(o: _Words, log: _Words, channel: int) -> int:
    """Note that something of a channel is missing; UNDEF: of any. Returns the books that concerns."""
    _count(o, log, _GAPS, 1)
    return _cast_all(o, log, channel, DOUBT_GAP)


@inlined
def _clear(o: _Words, log: _Words, words: _Words, at: int) -> int:
    """Follow an 'R': empty one book, or all of a channel; returns 1 when one book's best may have changed."""
    head = words[at + 3]
    instrument = head & _LOW
    is_whole_truth = (head >> 56) & SNAPSHOT != 0
    _count(o, log, _CLEARS, 1)
    keep(o, log, H_LIVE)
    if instrument == 0:
        channel = words[at + 7]
        kept = 0 if is_whole_truth else o[channel_word(channel)]
        _empty_all(o, log, channel, kept)
        return 0
    if instrument >= o[H_BOOKS]:
        _count(o, log, _STRANGERS, 1)
        return 0
    book = HEADS_AT + instrument * HEAD_WORDS
    _use(o, log, instrument, words[at + 7])
    _empty(o, log, book)
    if is_whole_truth:
        o[book + B_DOUBTS] = 0
    return 1


@always_inlined
def _with_side(head: int, side: int) -> int:
    return head + ((side - ((head >> 40) & 0xFF)) << 40)


@inlined
def _fill_trade(words: _Words, at: int, instrument: int, side: int, price: int) -> None:
    """Fill in the trade of an execution what the order knows; its side is that of who came to the order."""
    head = words[at + 3]
    if (head >> 32) & 0xFF != TRADE:
        return
    if head & _LOW == 0:
        head += instrument
    if (head >> 40) & 0xFF == NO_SIDE:
        head = _with_side(head, ASK if side == BID else BID)
    words[at + 3] = head
    if words[at + 4] == UNDEF:
        words[at + 4] = price


@inlined
def _refuse(
    o: _Words, log: _Words, words: _Words, at: int, channel: int, counter: int, doubt: int
) -> int:
    """Count what cannot be applied, and doubt the book that it was for."""
    head = words[at + 3]
    _count(o, log, counter, 1)
    _cast(o, log, head & _LOW, channel, doubt)
    words[at + 3] = head | _DOUBTFUL
    return 0


@always_inlined
def _change(o: _Words, log: _Words, words: _Words, at: int, first_at: int, channel: int) -> int:
    """Apply one record to the order that it names.

    Args:
        o: the store.
        log: of the open step.
        words: records.
        at: index of the record's first word.
        first_at: index of the first word of the first record of the batch.
        channel: that the record came by.

    Returns:
        1 when a best price or the size there changed, else 0.
    """
    head = words[at + 3]
    action = (head >> 48) & 0xFF
    side = (head >> 40) & 0xFF
    instrument = head & _LOW
    price = words[at + 4]
    size = words[at + 5]
    order_id = words[at + 6]
    is_enter = action == ACTION_ADD
    is_leave = False
    order = find_order(o, order_id, instrument)
    if is_enter:
        if side == NO_SIDE and o[_SIDE] != 0:
            side = o[_SIDE]
            instrument = o[_INSTRUMENT] if instrument == 0 else instrument
            head = _with_side(head, side)
            words[at + 3] = head = head - (head & _LOW) + instrument
        if o[_SIDE] != 0:
            _keep_word(o, log, _SIDE)
            o[_SIDE] = 0
        if instrument == 0 or instrument >= o[H_BOOKS]:
            return _refuse(o, log, words, at, channel, _STRANGERS, DOUBT_UNKNOWN_ORDER)
        if side == NO_SIDE:
            # It takes the place of an order that is not known.
            return _refuse(o, log, words, at, channel, _UNKNOWN, DOUBT_UNKNOWN_ORDER)
        if (side != BID and side != ASK) or price == UNDEF or size <= 0:
            return _refuse(o, log, words, at, channel, _MALFORMED, DOUBT_BAD_LEVEL)
        _use(o, log, instrument, channel)
        is_leave = order >= 0
        if is_leave:
            _count(o, log, _DUPLICATES, 1)
            _cast(o, log, instrument, channel, DOUBT_DUPLICATE_ORDER)
            was_in = o[order_at(o, order) + O_PLACE] >> 32
            if was_in != instrument:
                _cast(o, log, was_in, channel, DOUBT_DUPLICATE_ORDER)
    else:
        if action != ACTION_CANCEL and action != ACTION_FILL and action != ACTION_MODIFY:
            return _refuse(o, log, words, at, channel, _MALFORMED, DOUBT_BAD_LEVEL)
        is_known = order >= 0
        if is_known:
            owner = o[order_at(o, order) + O_PLACE] >> 32
            is_known = instrument == 0 or instrument == owner
        if not is_known:
            if o[_SIDE] != 0:
                _keep_word(o, log, _SIDE)
                o[_SIDE] = 0
            return _refuse(o, log, words, at, channel, _UNKNOWN, DOUBT_UNKNOWN_ORDER)
        level = level_at(o, level_of(o, order))
        instrument = o[level + L_OWNER] >> 1
        side = ASK if o[level + L_OWNER] & 1 else BID
        own_price = o[level + L_PRICE]
        left = o[order_at(o, order) + O_SIZE]
        head = _with_side(head - (head & _LOW) + instrument, side)
        words[at + 3] = head
        price = own_price if price == UNDEF else price
        words[at + 4] = price
        if action == ACTION_MODIFY:
            size = left if size == UNDEF else size
            is_leave = size <= 0 or price != own_price
            is_leave = is_leave or (size > left and o[H_RULES] & RULE_INCREASE_LOSES != 0)
            is_enter = is_leave and size > 0
            words[at + 5] = size
        else:
            size = left if size == UNDEF else size
            words[at + 5] = size
            if size < 0 or size > left:
                _count(o, log, _OVERFILLED, 1)
                _cast(o, log, instrument, channel, DOUBT_OVERFILLED)
                size = min(left, max(size, 0))
            size = left - size
            is_leave = size == 0
            if action == ACTION_FILL and at > first_at:
                _fill_trade(words, at - _RECORD_WORDS, instrument, side, own_price)
            if action == ACTION_CANCEL and head >= 0:
                _keep_word(o, log, _SIDE)
                o[_SIDE] = side
                o[_INSTRUMENT] = instrument
    book = HEADS_AT + instrument * HEAD_WORDS
    keep(o, log, H_LIVE)
    keep(o, log, book)
    o[H_CHANGES] += 1
    o[book + B_DIRTY] = 1
    o[book + B_TS_EVENT_NS] = words[at + 1]
    changed = 0
    if is_leave:
        changed = leave(o, log, order)
    if is_enter:
        entered = enter(o, log, order_id, instrument, 1 if side == ASK else 0, price, size)
        if entered < 0:
            _refuse(o, log, words, at, channel, _REFUSED, DOUBT_NO_ROOM)
        else:
            changed |= entered
    elif not is_leave:
        changed = resize(o, log, order, size)
    if o[book + B_DOUBTS] != 0:
        words[at + 3] |= _DOUBTFUL
    return changed


@always_inlined
def best_of(o: _Words, book: int, side: int) -> int:
    """Give the word of the best level of a side, -1 when it is empty."""
    best = o[side_words(book, side) + B_BEST]
    return level_at(o, best - 1) if best != 0 else -1


@inlined
def write_bbo(o: _Words, words: _Words, cause_at: int, to: int) -> None:
    """Write a book's best bid and offer as a record.

    Args:
        o: the store.
        words: records.
        cause_at: index of the first word of the record that closed the transaction.
        to: index of the first word of the one to write; ``seq`` is left alone.
    """
    instrument = words[cause_at + 3] & _LOW
    book = HEADS_AT + instrument * HEAD_WORDS
    head = _BBO_HEAD | instrument
    if o[book + B_DOUBTS] != 0:
        head |= _DOUBTFUL
    words[to + 1] = words[cause_at + 1]
    words[to + 2] = words[cause_at + 2]
    words[to + 3] = head
    for side in range(2):
        at = best_of(o, book, side)
        words[to + 4 + 2 * side] = o[at + L_PRICE] if at >= 0 else UNDEF
        words[to + 5 + 2 * side] = o[at + L_SIZE] if at >= 0 else UNDEF


@inlined
def take_records(
    o: _Words, log: _Words, words: _Words, first: int, count: int, out_at: int, limit: int,
    channel: int,
) -> int:  # fmt: skip
    """Apply records to the books, and write the best bids and offers that changed.

    ORDER records change orders; GAP and RESET put the books of their channel in doubt, RESET
    empties them; others pass. A transaction ends with the record that has LAST.

    Args:
        o: the store.
        log: of the open step, empty to keep nothing.
        words: records as int64; what order records lack is filled in.
        first: index of the first record to apply.
        count: how many.
        out_at: where the BBO records go, one for each transaction that changed a best price or the
            size there, or that cleared one book. Their ``seq`` is not set.
        limit: end of the room for them; none is written that has no room.
        channel: that the records came by.

    Returns:
        BBO records written.
    """
    out = out_at
    is_changed = 0
    for index in range(first, first + count):
        at = index * _RECORD_WORDS
        head = words[at + 3]
        kind = (head >> 32) & 0xFF
        if kind != ORDER:
            if kind == GAP:
                note_loss(o, log, words[at + 7])
            elif kind == RESET:
                _count(o, log, _RESETS, 1)
                keep(o, log, H_LIVE)
                _empty_all(o, log, words[at + 7], DOUBT_NO_SNAPSHOT | DOUBT_RESET)
            continue
        if (head >> 48) & 0xFF == ACTION_CLEAR:
            is_changed |= _clear(o, log, words, at)
        else:
            is_changed |= _change(o, log, words, at, first * _RECORD_WORDS, channel)
        # LAST is the sign.
        if head < 0:
            if is_changed != 0 and out < limit:
                write_bbo(o, words, at, out * _RECORD_WORDS)
                out += 1
            is_changed = 0
    return out - out_at
