"""Listings become the venue's memory, or are refused with the reason."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mock.oracle import START_NS, small_listings
from zerofeed.mock._build import _random_state, _ratio, build_venue, order_listings
from zerofeed.mock.instruments import Index, default_indexes, default_listings


def test_listings_are_ordered_by_channel_then_number() -> None:
    ordered = order_listings(default_listings(START_NS))
    keys = [(x.channel, x.instrument_id) for x in ordered]
    assert keys == sorted(keys)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"instrument_id": 2}, "different numbers"),
        ({"channel": 100}, "channel"),
        ({"levels": 41}, "levels"),
        ({"tick_steps": ((Decimal(1), Decimal("0.75")),)}, "tick steps"),
        ({"legs": ((1, 1), (2, 1))}, "legs"),
    ],
)
def test_impossible_listings_are_refused(change: dict[str, object], reason: str) -> None:
    first, *others = small_listings()
    with pytest.raises(ValueError, match=reason):
        order_listings([replace(first, **change), *others])


def test_no_listings_and_unlisted_legs_are_refused() -> None:
    with pytest.raises(ValueError, match="listings"):
        order_listings([])
    combo = next(x for x in small_listings() if x.legs)
    with pytest.raises(ValueError, match="legs"):
        order_listings([combo])


def test_too_long_an_index_name_is_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        build_venue(
            [], [Index("a_name_that_is_too_long", "BTC", 2, 1.0)], seed=1, cycle_ms=1, delay_ms=0
        )


@given(st.decimals("0.000001", "1000000", places=6).filter(bool))
def test_ratio_is_exact(number: Decimal) -> None:
    multiple, scale = _ratio(number)
    assert Decimal(multiple) / scale == number


@given(st.integers())
def test_any_seed_gives_a_state_that_the_generator_can_be_in(seed: int) -> None:
    assert 0 < _random_state(seed) < 698769069 * 2**32


def test_terms_are_those_of_the_listing() -> None:
    listings = order_listings(small_listings())
    venue = build_venue(listings, default_indexes(), seed=1, cycle_ms=1, delay_ms=0)[0]
    for row, listing in enumerate(listings):
        it = venue.instruments[row]
        assert Decimal(int(it.tick_multiple)) / int(it.price_scale) == listing.tick_size
        assert Decimal(int(it.lot_multiple)) / int(it.amount_scale) == listing.min_amount
        assert it.instrument_id == listing.instrument_id
        for (number, size), leg, leg_size in zip(listing.legs, it.legs, it.leg_sizes, strict=False):
            assert (venue.instruments[leg].instrument_id, leg_size) == (number, size)
    assert set(venue.picks) == set(range(len(listings)))
