"""Turns listings into the memory that the venue's kernels run on."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerofeed.codecs.deribit.encoder import encode_message
from zerofeed.mock import _state as s
from zerofeed.mock.instruments import Index, Kind, Listing, Payoff, Period, Right

__all__ = ["build_venue", "order_listings"]

_FREE_FLOOR_TICKS = -1_000_000_000
_FIRST_OPEN_INTEREST = 1000
_OPEN = 1


def order_listings(listings: Sequence[Listing]) -> tuple[Listing, ...]:
    """Put listings in the order of the venue's memory: by channel, then by number.

    Raises:
        ValueError: none or too many, numbers that repeat, a channel or depth out of range, a tick
            step that the tick does not divide, or legs that are not listed.
    """
    ordered = tuple(sorted(listings, key=lambda listing: (listing.channel, listing.instrument_id)))
    numbers = {listing.instrument_id: listing for listing in ordered}
    if not 1 <= len(ordered) <= s.INSTRUMENTS_MAX or len(numbers) != len(ordered):
        raise ValueError(
            f"want 1 to {s.INSTRUMENTS_MAX} listings with different numbers, got {len(ordered)}"
        )
    channels = [listing.channel for listing in ordered]
    for listing in ordered:
        if (
            not 1 <= listing.channel < 100
            or channels.count(listing.channel) > s.ROWS_PER_CHANNEL_MAX
        ):
            raise ValueError(
                f"{listing.name}: want a channel from 1 to 99 with room, got {listing.channel}"
            )
        if not 12 <= listing.levels <= 40:
            raise ValueError(f"{listing.name}: levels must be 12 to 40, got {listing.levels}")
        if any(above % step or step % listing.tick_size for above, step in listing.tick_steps):
            raise ValueError(
                f"{listing.name}: tick steps {listing.tick_steps} do not stand on each other"
            )
        is_combo = Kind.FUTURE_COMBO <= listing.kind <= Kind.OPTION_COMBO
        if len(listing.legs) != (2 if is_combo else 0) or any(
            number not in numbers for number, _ in listing.legs
        ):
            raise ValueError(
                f"{listing.name}: a combo has two listed legs, others none, got {listing.legs}"
            )
    return ordered


def build_venue(
    listings: Sequence[Listing],
    indexes: Sequence[Index],
    *,
    seed: int,
    cycle_ms: int,
    delay_ms: int,
) -> NDArray[Any]:
    """Lay out a venue that has not opened yet.

    Args:
        listings: from ``order_listings``.
        indexes: that the listings name.
        seed: any int.
        cycle_ms: from one snapshot of a channel to the next.
        delay_ms: from SnapshotStart to what follows it.

    Returns:
        One element of dtype VENUE.

    Raises:
        ValueError: a listing names an index that is not there, or there are too many indexes.
    """
    memory = np.zeros(1, s.VENUE)
    venue = memory[0]
    venue.random = _random_state(seed)
    venue.cycle_ms = cycle_ms
    venue.delay_ms = delay_ms
    venue.seqs[:] = 1
    coins = _fill_indexes(venue, indexes)
    index_rows = {index.name: row for row, index in enumerate(indexes)}
    rows = {listing.instrument_id: row for row, listing in enumerate(listings)}
    venue.instrument_count = len(listings)
    for row, listing in enumerate(listings):
        if listing.index not in index_rows:
            raise ValueError(
                f"{listing.name}: index {listing.index} is none of {sorted(index_rows)}"
            )
        it = venue.instruments[row]
        _fill_terms(it, listing)
        _fill_behaviour(it, listing)
        it.index = index_rows[listing.index]
        it.engine = coins.index(indexes[it.index].coin)
        for leg, (number, size) in enumerate(listing.legs):
            it.legs[leg] = rows[number]
            it.leg_sizes[leg] = size
    _fill_cycles(venue, listings)
    _fill_definitions(venue, listings)
    venue.picks[:] = _picks(listings)
    return memory


def _fill_indexes(venue: np.record, indexes: Sequence[Index]) -> list[str]:
    coins = sorted({index.coin for index in indexes})
    if not 1 <= len(indexes) <= s.INDEXES_MAX:
        raise ValueError(f"want 1 to {s.INDEXES_MAX} indexes, got {len(indexes)}")
    venue.index_count = len(indexes)
    for row, index in enumerate(indexes):
        it = venue.indexes[row]
        it.coin = coins.index(index.coin)
        it.scale = 10**index.decimals
        it.units = round(index.price * 10**index.decimals)
        name = index.name.encode("ascii")
        if len(name) > it.name.size:
            raise ValueError(f"index name {index.name} is longer than {it.name.size}")
        it.name[: len(name)] = np.frombuffer(name, np.uint8)
        coin = venue.coins[it.coin]
        coin.log_price = coin.log_anchor = math.log(index.price)
    return coins


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


def _fill_terms(it: np.record, listing: Listing) -> None:
    it.instrument_id = listing.instrument_id
    it.channel = listing.channel
    it.kind = listing.kind
    it.is_inverse = listing.payoff is Payoff.REVERSED
    it.is_call = listing.right is Right.CALL
    it.is_perpetual = listing.kind is Kind.FUTURE and listing.period is Period.PERPETUAL
    it.expiry_ms = listing.expiration_ms
    it.tick_multiple, it.price_scale = _ratio(listing.tick_size)
    it.lot_multiple, it.amount_scale = _ratio(listing.min_amount)
    it.step_ticks = 1
    for above, step in listing.tick_steps[:1]:
        it.step_above = int(above / listing.tick_size)
        it.step_ticks = int(step / listing.tick_size)
    it.mark_scale = 10**listing.mark_decimals
    it.tick = float(listing.tick_size)
    it.strike = math.nan if listing.strike is None else float(listing.strike)
    it.settlement = math.nan if listing.settlement_price is None else listing.settlement_price
    it.life = _OPEN
    it.last_ticks = s.NO_PRICE


def _fill_behaviour(it: np.record, listing: Listing) -> None:
    is_combo = Kind.FUTURE_COMBO <= listing.kind <= Kind.OPTION_COMBO
    it.floor_ticks = _FREE_FLOOR_TICKS if is_combo else 1
    it.typical_lots = listing.typical_lots
    it.opening_levels = listing.levels
    it.volatility = listing.volatility
    it.carry = listing.carry
    it.wander = listing.wander
    it.half_spread = listing.half_spread
    it.spacing = listing.spacing
    it.band = listing.band
    it.open_interest = 0 if listing.kind is Kind.SPOT else _FIRST_OPEN_INTEREST


def _fill_cycles(venue: np.record, listings: Sequence[Listing]) -> None:
    channels = [listing.channel for listing in listings]
    venue.cycle_count = len(set(channels))
    if venue.cycle_count > s.CYCLES_MAX:
        raise ValueError(f"want {s.CYCLES_MAX} channels at most, got {venue.cycle_count}")
    for row, channel in enumerate(sorted(set(channels))):
        cycle = venue.cycles[row]
        cycle.channel = 100 + channel
        cycle.first_row = channels.index(channel)
        cycle.stop_row = channels.index(channel) + channels.count(channel)


def _picks(listings: Sequence[Listing]) -> NDArray[np.int64]:
    """Give each instrument its share of the turns, and at least one."""
    weights = np.array([listing.activity for listing in listings], np.float64)
    shares = np.maximum(np.floor(weights / weights.sum() * s.PICKS), 1).astype(np.int64)
    return np.resize(np.repeat(np.arange(len(listings)), shares), s.PICKS)


def _fill_definitions(venue: np.record, listings: Sequence[Listing]) -> None:
    """Encode every definition once, and note where it lies."""
    encoded = bytearray()
    for row, listing in enumerate(listings):
        it = venue.instruments[row]
        it.definition_at = len(encoded)
        if "Instrument" in listing.forms:
            encoded += encode_message(
                "Instrument", {**_definition(listing), "rfq": int(listing.is_rfq)}
            )
        it.definition_v2_at = len(encoded)
        if "InstrumentV2" in listing.forms:
            steps = [
                {"abovePrice": float(above), "tickSize": float(tick)}
                for above, tick in listing.tick_steps
            ]
            encoded += encode_message(
                "InstrumentV2", {**_definition(listing), "tickStepsList": steps}
            )
        it.legs_at = len(encoded)
        if listing.legs:
            legs = [{"legInstrumentId": number, "legSize": size} for number, size in listing.legs]
            encoded += encode_message(
                "ComboLegs", {"instrumentId": listing.instrument_id, "legsList": legs}
            )
        it.legs_end = len(encoded)
        if it.legs_end - it.definition_at > s.DEFINITION_BYTES_MAX:
            raise ValueError(
                f"{listing.name}: definition takes more than {s.DEFINITION_BYTES_MAX} bytes"
            )
    venue.definitions[: len(encoded)] = np.frombuffer(bytes(encoded), np.uint8)


def _definition(listing: Listing) -> dict[str, Any]:
    """Name what both forms of a definition tell, as the schema does."""
    is_margined = listing.kind is Kind.FUTURE
    return {
        "instrumentId": listing.instrument_id,
        "instrumentState": _OPEN,
        "kind": int(listing.kind),
        "instrumentType": int(listing.payoff),
        "optionType": int(listing.right),
        "settlementPeriod": None if listing.period is Period.NONE else int(listing.period),
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
        "instrumentName": listing.name,
    }
