"""Reference messages into the instruments table and records: Instrument, ComboLegs, PriceIndex.

==============  =================================================================================
message         effect
==============  =================================================================================
Instrument(V2)  the row is defined; INSTRUMENT 'A' when new, 'M' when changed, else 'N' with
                SNAPSHOT (the venue repeats every definition each cycle); STATUS when it changed
ComboLegs       COMBO_LEG each, LAST on the last; a leg not yet defined gets its row now
PriceIndex      INDEX on a row of its own, defined and announced by INSTRUMENT 'A' the first time
==============  =================================================================================

How the venue's definition fits a row:

* kind: future (perpetual when its settlement period says so), option, combo of either, spot.
* tick_size is the smallest tick. InstrumentV2 may list prices above which the tick is coarser;
  a row has no room for them.
* ``counter`` is the venue's sizeCurrency (what a size counts); its counterCurrency, the currency
  of an option's strike, is not kept. is_inverse: sizes are counted in the quote currency, which
  is not the base.
* A perpetual's or spot's expiry (the venue says the year 3000) is UNDEF.
* The channel is that of the events: snapshots of channel N come on 100 + N.
* A symbol beyond 64 bytes is cut.
* An index has no number at the venue: its key is a negative hash of its name, its symbol the name.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zerofeed.base.kernel import inlined
from zerofeed.base.status import BUFFER_FULL, MALFORMED
from zerofeed.codecs._bytes import Bytes, f64, i32, i64, u8, u32
from zerofeed.codecs.deribit._decimal_kernels import scaled
from zerofeed.codecs.deribit._layout import (
    COMBO_LEGS_BLOCK,
    INSTRUMENT_BASE_CURRENCY,
    INSTRUMENT_CONTRACT_SIZE,
    INSTRUMENT_CREATION_TIMESTAMP_MS,
    INSTRUMENT_EXPIRATION_TIMESTAMP_MS,
    INSTRUMENT_KIND,
    INSTRUMENT_MIN_TRADE_AMOUNT,
    INSTRUMENT_OPTION_TYPE,
    INSTRUMENT_QUOTE_CURRENCY,
    INSTRUMENT_SETTLEMENT_CURRENCY,
    INSTRUMENT_SETTLEMENT_PERIOD,
    INSTRUMENT_SIZE_CURRENCY,
    INSTRUMENT_STATE,
    INSTRUMENT_STRIKE_PRICE,
    INSTRUMENT_TICK_SIZE,
    LEG_BLOCK,
    LEG_LEG_INSTRUMENT_ID,
    LEG_LEG_SIZE,
    PRICE_INDEX_INDEX_NAME,
    PRICE_INDEX_PRICE,
    PRICE_INDEX_TIMESTAMP_MS,
)
from zerofeed.codecs.deribit._message_kernels import (
    ANNOUNCED,
    ENTRIES,
    ENTRY_BLOCK,
    ENTRY_COUNT,
    NAME,
    NAME_BYTES,
    PRICE_EXPONENT,
    PRICE_POWER,
    REFUSED,
    ROW,
    SCRATCH_WORDS,
    SIZE_EXPONENT,
    SIZE_POWER,
    STATE_WORDS,
    head_of,
    instrument_row,
    nanoseconds,
    number,
    put_record,
    put_status,
    word,
)
from zerofeed.feed._instrument_kernels import (
    ROW_WORDS,
    W_BASE,
    W_CHANNEL,
    W_CONTRACT_SIZE,
    W_CREATED_NS,
    W_EXPIRY_NS,
    W_IS_INVERSE,
    W_MIN_SIZE,
    W_REVISION,
    W_SETTLEMENT,
    W_STRIKE_PRICE,
    W_SYMBOL,
    W_TICK_SIZE,
    W_TRAITS,
    define,
    find_or_add,
)
from zerofeed.records.flags import LAST, SNAPSHOT
from zerofeed.records.instruments import (
    COMBO,
    FUTURE,
    INDEX_INSTRUMENT,
    OPTION,
    PERPETUAL,
    SPOT,
    UNKNOWN_INSTRUMENT,
)
from zerofeed.records.kinds import (
    ACTION_ADD,
    ACTION_MODIFY,
    ACTION_NONE,
    ASK,
    BID,
    COMBO_LEG,
    INDEX,
    INSTRUMENT,
    NO_SIDE,
)
from zerofeed.records.units import UNDEF
from zerofeed.shm.journal import put

__all__ = ["decode_combo_legs", "decode_definition", "decode_price_index"]

_Words = npt.NDArray[np.int64]

_LOW_HALF = 0xFFFF_FFFF
_SIGN_OF_HALF = 0x8000_0000
_SYMBOL_WORDS = 8
_CALL = 67
_PUT = 80
_FIRST_SNAPSHOT_CHANNEL = 100

_PRIME_1 = 2_147_483_647
_PRIME_2 = 2_147_483_629
_FACTOR_1 = 1_103_515_245
_FACTOR_2 = 1_664_525


@inlined
def _upper_half(value: int) -> int:
    """Move the low 32 bits of a word to its high half, as a signed word."""
    low = ((value & _LOW_HALF) ^ _SIGN_OF_HALF) - _SIGN_OF_HALF
    return low << 32


@inlined
def _put_text(buf: Bytes, at: int, size: int, row: _Words, row_at: int) -> None:
    """Store up to 64 bytes of text as the NUL-padded symbol of a row."""
    for index in range(_SYMBOL_WORDS):
        left = size - 8 * index
        packed = 0
        if left >= 8:
            packed = i64(buf, at + 8 * index)
        else:
            for place in range(left):
                packed |= u8(buf, at + 8 * index + place) << (8 * place)
        row[row_at + W_SYMBOL + index] = packed


@inlined
def _kind_of(kind: int, period: int) -> int:
    if kind == 0:
        return PERPETUAL if period == 0 else FUTURE
    if kind == 1:
        return OPTION
    if kind in (2, 3):
        return COMBO
    return SPOT if kind == 4 else UNKNOWN_INSTRUMENT


@inlined
def _event_channel(channel: int) -> int:
    return channel - _FIRST_SNAPSHOT_CHANNEL if channel >= _FIRST_SNAPSHOT_CHANNEL else channel


@inlined
def _announce(
    row: int, revision: int, ts_event_ns: int, ts_recv_ns: int, state: _Words, state_at: int,
    records: _Words, index: int,
) -> None:  # fmt: skip
    """Store the INSTRUMENT record of the definition in the scratch words."""
    told_at = state_at + SCRATCH_WORDS + row * STATE_WORDS + ANNOUNCED
    told = state[told_at]
    action = ACTION_NONE
    flags = SNAPSHOT
    if told != revision:
        action = ACTION_ADD if told == 0 else ACTION_MODIFY
        flags = 0
        put(state, told_at, revision)
    put_record(
        records, index, ts_event_ns, ts_recv_ns, head_of(row, INSTRUMENT, NO_SIDE, action, flags),
        state[state_at + W_TICK_SIZE], state[state_at + W_MIN_SIZE],
        state[state_at + W_CONTRACT_SIZE], state[state_at + W_EXPIRY_NS],
    )  # fmt: skip


@inlined
def decode_definition(
    buf: Bytes, block: int, length: int, shift: int, ts_recv_ns: int, channel: int, words: _Words,
    lookup: _Words, state: _Words, state_at: int, records: _Words, out_at: int, limit: int,
    result: _Words,
) -> int:  # fmt: skip
    """Define an instrument from Instrument (``shift`` 0) or InstrumentV2 (``shift`` -1).

    Numbers and texts behind the end of a short block count as unset. Neither message carries a
    time: ts_event_ns is UNDEF.
    """
    if length < INSTRUMENT_BASE_CURRENCY + shift or result[NAME_BYTES] < 1:
        return MALFORMED
    if out_at + 2 > limit:
        return BUFFER_FULL
    row = instrument_row(buf, block, words, lookup, result)
    if row < 0:
        return 0
    kind = _kind_of(
        u8(buf, block + INSTRUMENT_KIND), u8(buf, block + INSTRUMENT_SETTLEMENT_PERIOD + shift)
    )
    option_type = u8(buf, block + INSTRUMENT_OPTION_TYPE)
    right = _CALL if option_type == 1 else (_PUT if option_type == 2 else 0)
    base = word(buf, block, length, INSTRUMENT_BASE_CURRENCY + shift)
    quote = word(buf, block, length, INSTRUMENT_QUOTE_CURRENCY + shift)
    settlement = word(buf, block, length, INSTRUMENT_SETTLEMENT_CURRENCY + shift)
    counter = word(buf, block, length, INSTRUMENT_SIZE_CURRENCY + shift)
    strike = number(buf, block, length, INSTRUMENT_STRIKE_PRICE + shift)
    expires = kind != PERPETUAL and kind != SPOT
    expiry_ms = word(buf, block, length, INSTRUMENT_EXPIRATION_TIMESTAMP_MS + shift)
    created_ms = word(buf, block, length, INSTRUMENT_CREATION_TIMESTAMP_MS + shift)
    tick_size = number(buf, block, length, INSTRUMENT_TICK_SIZE + shift)
    min_size = number(buf, block, length, INSTRUMENT_MIN_TRADE_AMOUNT + shift)
    contract_size = number(buf, block, length, INSTRUMENT_CONTRACT_SIZE + shift)

    _put_text(buf, result[NAME], result[NAME_BYTES], state, state_at)
    state[state_at + W_TRAITS] = kind | right << 8
    state[state_at + W_TICK_SIZE] = scaled(tick_size, PRICE_POWER, result)
    state[state_at + W_MIN_SIZE] = scaled(min_size, SIZE_POWER, result)
    state[state_at + W_CONTRACT_SIZE] = scaled(contract_size, SIZE_POWER, result)
    state[state_at + W_STRIKE_PRICE] = (
        scaled(strike, PRICE_POWER, result) if kind == OPTION else UNDEF
    )
    state[state_at + W_EXPIRY_NS] = nanoseconds(expiry_ms) if expires and expiry_ms != 0 else UNDEF
    state[state_at + W_CREATED_NS] = nanoseconds(created_ms) if created_ms != 0 else UNDEF
    # Four texts of 12 bytes share six words; the venue's have 8, so each text's tail is NUL.
    state[state_at + W_BASE] = base
    state[state_at + W_BASE + 1] = _upper_half(quote)
    state[state_at + W_BASE + 2] = (quote >> 32) & _LOW_HALF
    state[state_at + W_SETTLEMENT] = settlement
    state[state_at + W_SETTLEMENT + 1] = _upper_half(counter)
    state[state_at + W_SETTLEMENT + 2] = (counter >> 32) & _LOW_HALF
    state[state_at + W_IS_INVERSE] = 1 if counter == quote and quote != base else 0
    state[state_at + W_CHANNEL] = _event_channel(channel)

    revision = define(words, row, state, state_at)
    _announce(row, revision, UNDEF, ts_recv_ns, state, state_at, records, out_at)
    trading_state = u8(buf, block + INSTRUMENT_STATE)
    return 1 + put_status(
        row, trading_state, UNDEF, ts_recv_ns, words, state, state_at, records, out_at + 1
    )


@inlined
def decode_combo_legs(
    buf: Bytes, block: int, length: int, ts_recv_ns: int, words: _Words, lookup: _Words,
    records: _Words, out_at: int, limit: int, result: _Words,
) -> int:  # fmt: skip
    """Store the legs of a combo; ``side`` says what buying the combo does to the leg."""
    entry_block = result[ENTRY_BLOCK]
    count = result[ENTRY_COUNT]
    if length < COMBO_LEGS_BLOCK or (count > 0 and entry_block < LEG_BLOCK):
        return MALFORMED
    if out_at + count > limit:
        return BUFFER_FULL
    row = instrument_row(buf, block, words, lookup, result)
    if row < 0:
        return 0
    at = result[ENTRIES]
    for leg in range(count):
        leg_key = u32(buf, at + LEG_LEG_INSTRUMENT_ID)
        leg_row = find_or_add(words, lookup, leg_key, PRICE_EXPONENT, SIZE_EXPONENT)
        if leg_row < 0:
            result[REFUSED] = 1
            return 0
        ratio = i32(buf, at + LEG_LEG_SIZE)
        side = NO_SIDE if ratio == 0 else (BID if ratio > 0 else ASK)
        flags = LAST if leg == count - 1 else 0
        head = head_of(row, COMBO_LEG, side, ACTION_NONE, flags)
        put_record(records, out_at + leg, UNDEF, ts_recv_ns, head, leg_row, ratio, leg, count)
        at += entry_block
    return count


@inlined
def _name_key(buf: Bytes, at: int) -> int:
    """Hash 16 bytes of a name to a negative int64: two polynomials modulo 31-bit primes.

    Products stay below 2**62, so the plain Python twin computes the same key.
    """
    first = 1
    second = 1
    for index in range(4):
        chunk = u32(buf, at + 4 * index)
        first = (first * _FACTOR_1 + chunk) % _PRIME_1
        second = (second * _FACTOR_2 + chunk) % _PRIME_2
    return -(first << 31 | second) - 1


@inlined
def _define_index(
    buf: Bytes, name: int, row: int, channel: int, words: _Words, state: _Words, state_at: int
) -> int:
    for index in range(W_TRAITS):
        state[state_at + index] = 0
    for index in range(W_TRAITS, W_BASE):
        state[state_at + index] = UNDEF
    for index in range(W_BASE, SCRATCH_WORDS):
        state[state_at + index] = 0
    _put_text(buf, name, 16, state, state_at)
    state[state_at + W_TRAITS] = INDEX_INSTRUMENT
    state[state_at + W_CHANNEL] = _event_channel(channel)
    return define(words, row, state, state_at)


@inlined
def decode_price_index(
    buf: Bytes, block: int, length: int, ts_recv_ns: int, channel: int, words: _Words,
    lookup: _Words, state: _Words, state_at: int, records: _Words, out_at: int, limit: int,
    result: _Words,
) -> int:  # fmt: skip
    """Store the value of an index."""
    if length < PRICE_INDEX_TIMESTAMP_MS + 8:
        return MALFORMED
    if out_at + 2 > limit:
        return BUFFER_FULL
    name = block + PRICE_INDEX_INDEX_NAME
    row = find_or_add(words, lookup, _name_key(buf, name), PRICE_EXPONENT, SIZE_EXPONENT)
    result[ROW] = row
    if row < 0:
        result[REFUSED] = 1
        return 0
    ts_event_ns = nanoseconds(i64(buf, block + PRICE_INDEX_TIMESTAMP_MS))
    index = out_at
    revision = words[row * ROW_WORDS + W_REVISION]
    told = state[state_at + SCRATCH_WORDS + row * STATE_WORDS + ANNOUNCED]
    if revision == 0 or told != revision:
        revision = _define_index(buf, name, row, channel, words, state, state_at)
        _announce(row, revision, ts_event_ns, ts_recv_ns, state, state_at, records, index)
        index += 1
    price = scaled(f64(buf, block + PRICE_INDEX_PRICE), PRICE_POWER, result)
    head = head_of(row, INDEX, NO_SIDE, ACTION_NONE, LAST)
    put_record(records, index, ts_event_ns, ts_recv_ns, head, price, UNDEF, UNDEF, UNDEF)
    return index + 1 - out_at
