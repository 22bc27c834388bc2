"""Turns listings into the tables that the venue's kernels run on."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerofeed.codecs.deribit._encode_kernels import (
    BOOK_CHANGE_BYTES,
    INDEX_NAME_BYTES,
    SNAPSHOT_LEVEL_BYTES,
)
from zerofeed.codecs.deribit.encoder import encode_message
from zerofeed.mock import _columns as c
from zerofeed.mock._arrays import Arrays
from zerofeed.mock.instruments import Index, Kind, Listing, Payoff, Period, Right

__all__ = ["build_arrays", "order_listings", "packets_of_one_step"]

_FREE_FLOOR_TICKS = -1_000_000_000
_OPEN = 1
_DEFINITION_BYTES_MAX = 800
"""Of one instrument's definitions and ticker, at most."""


def order_listings(listings: Sequence[Listing]) -> tuple[Listing, ...]:
    """Put listings in the order of the tables: by channel, then by number.

    Raises:
        ValueError: none, numbers that repeat, a channel out of range, a tick step that the tick
            does not divide, or a leg that is not listed.
    """
    ordered = tuple(sorted(listings, key=lambda listing: (listing.channel, listing.instrument_id)))
    numbers = {listing.instrument_id: listing for listing in ordered}
    if not ordered or len(numbers) != len(ordered):
        raise ValueError(f"want one or more listings with different numbers, got {len(ordered)}")
    for listing in ordered:
        if not 1 <= listing.channel < 100:
            raise ValueError(f"{listing.name}: channel must be 1 to 99, got {listing.channel}")
        if not 12 <= listing.levels <= 40:
            raise ValueError(f"{listing.name}: levels must be 12 to 40, got {listing.levels}")
        if any(above % step or step % listing.tick_size for above, step in listing.tick_steps):
            raise ValueError(f"{listing.name}: tick steps {listing.tick_steps} do not stand on each other")
        is_combo = Kind.FUTURE_COMBO <= listing.kind <= Kind.OPTION_COMBO
        if len(listing.legs) != (2 if is_combo else 0) or any(number not in numbers for number, _ in listing.legs):
            raise ValueError(f"{listing.name}: a combo has two listed legs, others none, got {listing.legs}")
    return ordered


def packets_of_one_step(listings: Sequence[Listing]) -> int:
    """Bound the packets that one occurrence can take: a channel's snapshot, or a book that jumps."""
    levels = 2 * c.LEVELS_MAX
    of_instrument = _DEFINITION_BYTES_MAX + levels * SNAPSHOT_LEVEL_BYTES + 4 * c.PACKET_BYTES_MAX // 4
    channels = [listing.channel for listing in listings]
    busiest = max(channels.count(channel) for channel in channels)
    snapshot = 2 + 2 * busiest * of_instrument // c.PACKET_BYTES_MAX
    jump = 2 + 2 * c.CHANGES_MAX * BOOK_CHANGE_BYTES // c.PACKET_BYTES_MAX
    return max(snapshot, jump)


def build_arrays(
    listings: Sequence[Listing], indexes: Sequence[Index], *, seed: int, packets: int, cycle_ms: int, delay_ms: int
) -> Arrays:
    """Lay out a venue that has not opened yet.

    Args:
        listings: from ``order_listings``.
        indexes: that the listings name.
        seed: any int.
        packets: room of the batch.
        cycle_ms: from one snapshot of a channel to the next.
        delay_ms: from SnapshotStart to what follows it.

    Returns:
        Its tables.

    Raises:
        ValueError: a listing names an index that is not there.
    """
    coins = sorted({index.coin for index in indexes})
    index_rows = {index.name: row for row, index in enumerate(indexes)}
    for listing in listings:
        if listing.index not in index_rows:
            raise ValueError(f"{listing.name}: index {listing.index} is none of {sorted(index_rows)}")
    count = len(listings)
    arrays = Arrays(
        terms=np.zeros((count, c.TERM_COLUMNS), np.int64),
        params=np.zeros((count, c.PARAM_COLUMNS), np.float64),
        state=np.zeros((count, c.STATE_COLUMNS), np.int64),
        drift=np.zeros((count, c.DRIFT_COLUMNS), np.float64),
        coins=np.zeros((len(coins), c.COIN_COLUMNS), np.float64),
        indexes=np.zeros((len(indexes), c.INDEX_COLUMNS), np.int64),
        engines=np.zeros((len(coins), c.ENGINE_COLUMNS), np.int64),
        ladders=np.zeros((2 * count, c.LEVELS_MAX, c.LADDER_COLUMNS), np.int64),
        cycles=_cycles(listings),
        venue=np.zeros(c.VENUE_COLUMNS, np.int64),
        picks=_picks(listings),
        seqs=np.ones(c.CHANNELS_MAX, np.int64),
        counts=np.zeros(c.TEMPLATES, np.int64),
        changes=np.zeros((c.CHANGES_MAX, c.CHANGE_COLUMNS), np.int64),
        fills=np.zeros((c.FILLS_MAX, c.FILL_COLUMNS), np.int64),
        trades=np.zeros((c.TRADES_KEPT, c.TRADE_COLUMNS), np.int64),
        definitions=np.zeros(0, np.uint8),
        index_names=_index_names(indexes),
        out=np.zeros(packets * c.PACKET_BYTES_MAX, np.uint8),
        offsets=np.zeros(packets, np.int64),
        lengths=np.zeros(packets, np.int64),
        channels=np.zeros(packets, np.int64),
    )
    for row, index in enumerate(indexes):
        coin = coins.index(index.coin)
        arrays.coins[coin] = math.log(index.price)
        arrays.indexes[row, c.INDEX_COIN] = coin
        arrays.indexes[row, c.INDEX_SCALE] = 10**index.decimals
        arrays.indexes[row, c.INDEX_UNITS] = round(index.price * 10**index.decimals)
    rows = {listing.instrument_id: row for row, listing in enumerate(listings)}
    for row, listing in enumerate(listings):
        _fill_terms(arrays.terms[row], listing, rows)
        arrays.terms[row, c.INDEX] = index_rows[listing.index]
        arrays.terms[row, c.ENGINE] = coins.index(indexes[index_rows[listing.index]].coin)
        _fill_params(arrays.params[row], listing)
    arrays.state[:, c.LIFE] = _OPEN
    arrays.state[:, c.LAST] = c.NO_PRICE
    arrays.state[:, c.OPEN_INTEREST] = np.where(arrays.terms[:, c.KIND] == Kind.SPOT, 0, 1000)
    arrays.venue[c.RANDOM] = _random_state(seed)
    arrays.venue[c.CYCLE_MS] = cycle_ms
    arrays.venue[c.DELAY_MS] = delay_ms
    return arrays._replace(definitions=_definitions(listings, arrays.terms))


def _random_state(seed: int) -> int:
    """Spread a seed over the generator's state: 32 bits below, a carry that it can reach above."""
    digest = hashlib.blake2b(str(seed).encode(), digest_size=8).digest()
    low, high = int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")
    return (1 + high % 698_000_000) << 32 | low


def _ratio(number: Decimal) -> tuple[int, int]:
    """Write a decimal as an integer over a power of ten."""
    exponent = number.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    scale = 10 ** max(-exponent, 0)
    return int(number * scale), scale


def _fill_terms(terms: NDArray[np.int64], listing: Listing, rows: dict[int, int]) -> None:
    terms[c.INSTRUMENT_ID] = listing.instrument_id
    terms[c.CHANNEL] = listing.channel
    terms[c.KIND] = listing.kind
    terms[c.IS_INVERSE] = listing.payoff is Payoff.REVERSED
    terms[c.IS_CALL] = listing.right is Right.CALL
    terms[c.IS_PERPETUAL] = listing.kind is Kind.FUTURE and listing.period is Period.PERPETUAL
    terms[c.EXPIRY_MS] = listing.expiration_ms
    terms[c.TICK_MULTIPLE], terms[c.PRICE_SCALE] = _ratio(listing.tick_size)
    terms[c.LOT_MULTIPLE], terms[c.AMOUNT_SCALE] = _ratio(listing.min_amount)
    terms[c.STEP_TICKS] = 1
    if listing.tick_steps:
        above, step = listing.tick_steps[0]
        terms[c.STEP_ABOVE] = int(above / listing.tick_size)
        terms[c.STEP_TICKS] = int(step / listing.tick_size)
    terms[c.MARK_SCALE] = 10**listing.mark_decimals
    is_combo = Kind.FUTURE_COMBO <= listing.kind <= Kind.OPTION_COMBO
    terms[c.FLOOR_TICKS] = _FREE_FLOOR_TICKS if is_combo else 1
    terms[c.TYPICAL_LOTS] = listing.typical_lots
    terms[c.OPENING_LEVELS] = listing.levels
    if listing.legs:
        (first, terms[c.LEG_A_SIZE]), (second, terms[c.LEG_B_SIZE]) = listing.legs
        terms[c.LEG_A], terms[c.LEG_B] = rows[first], rows[second]


def _fill_params(params: NDArray[np.float64], listing: Listing) -> None:
    params[c.TICK] = float(listing.tick_size)
    params[c.STRIKE] = math.nan if listing.strike is None else float(listing.strike)
    params[c.VOLATILITY] = listing.volatility
    params[c.CARRY] = listing.carry
    params[c.WANDER] = listing.wander
    params[c.HALF_SPREAD] = listing.half_spread
    params[c.SPACING] = listing.spacing
    params[c.BAND] = listing.band
    params[c.SETTLEMENT] = math.nan if listing.settlement_price is None else listing.settlement_price


def _cycles(listings: Sequence[Listing]) -> NDArray[np.int64]:
    channels = [listing.channel for listing in listings]
    cycles = np.zeros((len(set(channels)), c.CYCLE_COLUMNS), np.int64)
    for row, channel in enumerate(sorted(set(channels))):
        cycles[row, c.CYCLE_CHANNEL] = 100 + channel
        cycles[row, c.FIRST_ROW] = channels.index(channel)
        cycles[row, c.STOP_ROW] = channels.index(channel) + channels.count(channel)
    return cycles


def _picks(listings: Sequence[Listing]) -> NDArray[np.int64]:
    """Give each instrument its share of the turns, and at least one."""
    weights = np.array([listing.activity for listing in listings], np.float64)
    shares = np.maximum(np.floor(weights / weights.sum() * c.PICKS), 1).astype(np.int64)
    turns = np.repeat(np.arange(len(listings)), shares)
    return np.resize(turns, c.PICKS).astype(np.int64)


def _index_names(indexes: Sequence[Index]) -> NDArray[np.uint8]:
    for index in indexes:
        if len(index.name) > INDEX_NAME_BYTES:
            raise ValueError(f"index name {index.name} is longer than {INDEX_NAME_BYTES}")
    padded = b"".join(index.name.encode("ascii").ljust(INDEX_NAME_BYTES, b"\0") for index in indexes)
    return np.frombuffer(padded, np.uint8).copy()


def _definitions(listings: Sequence[Listing], terms: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Encode every definition once, and note where it lies."""
    encoded = bytearray()
    for row, listing in enumerate(listings):
        values = _definition(listing)
        for column, form in ((c.DEFINITION_AT, "Instrument"), (c.DEFINITION_V2_AT, "InstrumentV2")):
            terms[row, column] = len(encoded)
            if form in listing.forms:
                encoded += encode_message(form, values)
        terms[row, c.LEGS_AT] = len(encoded)
        if listing.legs:
            legs = [{"legInstrumentId": number, "legSize": size} for number, size in listing.legs]
            encoded += encode_message("ComboLegs", {"instrumentId": listing.instrument_id, "legsList": legs})
        terms[row, c.LEGS_END] = len(encoded)
    return np.frombuffer(bytes(encoded), np.uint8).copy()


def _definition(listing: Listing) -> dict[str, Any]:
    """Name an instrument's terms as the schema does."""
    is_margined = listing.kind is Kind.FUTURE
    return {
        "instrumentId": listing.instrument_id,
        "instrumentState": _OPEN,
        "kind": int(listing.kind),
        "instrumentType": int(listing.payoff),
        "optionType": int(listing.right),
        "rfq": int(listing.is_rfq),
        "settlementPeriod": int(listing.period),
        "settlementPeriodCount": 0 if listing.period is Period.NONE else 1,
        "baseCurrency": listing.base,
        "quoteCurrency": listing.quote,
        "counterCurrency": listing.counter,
        "settlementCurrency": listing.settlement,
        "sizeCurrency": listing.size_currency,
        "creationTimestampMs": listing.creation_ms,
        "expirationTimestampMs": listing.expiration_ms,
        "strikePrice": math.nan if listing.strike is None else float(listing.strike),
        "contractSize": float(listing.contract_size),
        "minTradeAmount": float(listing.min_amount),
        "tickSize": float(listing.tick_size),
        "makerCommission": 0.0,
        "takerCommission": listing.taker_commission,
        "blockTradeCommission": math.nan if listing.legs else listing.taker_commission / 2,
        "maxLiquidationCommission": 0.0075 if is_margined else math.nan,
        "maxLeverage": math.nan if listing.max_leverage is None else listing.max_leverage,
        "tickStepsList": [{"abovePrice": float(above), "tickSize": float(step)} for above, step in listing.tick_steps],
        "instrumentName": listing.name,
    }

