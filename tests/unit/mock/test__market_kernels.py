"""The simulated market's arithmetic: chance without overflow, options that obey their laws."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.mock.oracle import START_NS, small_listings
from zerofeed.base.kernel import F64, float64, int64, kernel
from zerofeed.mock import _market_kernels as market
from zerofeed.mock._build import build_venue, order_listings
from zerofeed.mock._state import VENUE_TYPE
from zerofeed.mock.instruments import Kind, default_indexes

FORWARDS = st.floats(1.0, 200_000.0)
MONEYNESS = st.floats(0.3, 3.0)
SIGMAS = st.floats(0.05, 3.0)
YEARS = st.floats(1e-4, 3.0)


@kernel(float64(float64, float64, float64, float64, int64))
def black(forward, strike, sigma, years, is_call):  # type: ignore[no-untyped-def]
    return market.black(forward, strike, sigma, years, is_call)


@kernel(float64(float64, float64, float64, float64))
def smile(volatility, forward, strike, years):  # type: ignore[no-untyped-def]
    return market.smile(volatility, forward, strike, years)


@kernel(int64(VENUE_TYPE, int64, F64))
def draw(v, limit, draws):  # type: ignore[no-untyped-def]
    for k in range(draws.size // 3):
        draws[3 * k] = market.uniform(v)
        draws[3 * k + 1] = market.below(v, limit)
        draws[3 * k + 2] = market.normal(v)
    return 0


@kernel(float64(VENUE_TYPE, int64, int64))
def walk(v, steps, row):  # type: ignore[no-untyped-def]
    for _ in range(steps):
        for index in range(v.index_count):
            market.move_index(v, index)
        market.move_premium(v, v.instruments[row])
    return market.reprice(v, v.instruments[row])


def venue(seed: int = 1) -> Any:
    listings = order_listings(small_listings())
    memory = build_venue(listings, default_indexes(), seed=seed, cycle_ms=1000, delay_ms=100)
    memory[0].now_ms = START_NS // 1_000_000
    return memory[0]


def normal_cdf(x: float) -> float:
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


@given(FORWARDS, MONEYNESS, SIGMAS, YEARS)
def test_black_equals_the_textbook(f: float, moneyness: float, sigma: float, years: float) -> None:
    strike = f * moneyness
    d1 = (math.log(f / strike) + sigma**2 * years / 2) / (sigma * math.sqrt(years))
    d2 = d1 - sigma * math.sqrt(years)
    call = f * normal_cdf(d1) - strike * normal_cdf(d2)
    assert black(f, strike, sigma, years, 1) == pytest.approx(call, abs=1e-9 * f)


@given(FORWARDS, MONEYNESS, SIGMAS, YEARS)
def test_call_and_put_keep_their_parity_and_bounds(
    f: float, moneyness: float, sigma: float, years: float
) -> None:
    strike = f * moneyness
    call, put = black(f, strike, sigma, years, 1), black(f, strike, sigma, years, 0)
    assert call - put == pytest.approx(f - strike, abs=1e-9 * f)
    assert max(f - strike, 0.0) - 1e-9 * f <= call <= f
    assert max(strike - f, 0.0) - 1e-9 * f <= put <= strike


@given(SIGMAS, FORWARDS, MONEYNESS, YEARS)
def test_smile_is_positive_and_lowest_near_the_money(
    sigma: float, f: float, moneyness: float, years: float
) -> None:
    assert 0.9 * sigma < smile(sigma, f, f * moneyness, years) <= 3.0 * sigma
    assert smile(sigma, f, f, years) == pytest.approx(sigma)


def test_generator_equals_its_definition_in_whole_numbers() -> None:
    v = venue(7)
    state, expected = int(v.random), []
    for _ in range(6 * 60):
        state = 698769069 * (state & 0xFFFFFFFF) + (state >> 32)
        expected.append((state ^ (state >> 32)) & 0xFFFFFFFF)
    draws = np.zeros(180)
    draw(v, 1000, draws)
    for k in range(60):
        words = expected[6 * k : 6 * k + 6]
        assert draws[3 * k] == words[0] / 2**32
        assert draws[3 * k + 1] == words[1] * 1000 >> 32
        uniforms = sum(word / 2**32 for word in words[2:])
        assert draws[3 * k + 2] == pytest.approx((uniforms - 2) * math.sqrt(3))
    assert int(v.random) == state


def test_draws_are_spread_as_they_should_be() -> None:
    draws = np.zeros(9000)
    draw(venue(3), 5, draws)
    uniforms, whole, normals = draws[::3], draws[1::3], draws[2::3]
    assert 0 <= uniforms.min() < uniforms.max() < 1
    assert abs(uniforms.mean() - 0.5) < 0.02
    assert set(whole) == {0, 1, 2, 3, 4}
    assert abs(normals.mean()) < 0.08
    assert abs(normals.std() - 1) < 0.05


@settings(max_examples=10)
@given(seed=st.integers(0, 2**40))
def test_prices_stay_near_where_they_began(seed: int) -> None:
    v = venue(seed)
    before = [int(v.indexes[k].units) for k in range(int(v.index_count))]
    walk(v, 200, 0)
    for k, units in enumerate(before):
        assert abs(v.indexes[k].units / units - 1) < 0.05
        assert abs(v.indexes[k].offset) <= 300


def test_marks_agree_with_each_other() -> None:
    v = venue(2)
    listings = order_listings(small_listings())
    for row, listing in enumerate(listings):
        mark = walk(v, 0, row)
        it = v.instruments[row]
        assert it.fair == pytest.approx(mark / float(listing.tick_size))
        assert it.mark / it.mark_scale == pytest.approx(mark, abs=0.51 / it.mark_scale)
        index = v.indexes[it.index].units / v.indexes[it.index].scale
        if listing.kind in {Kind.SPOT, Kind.FUTURE}:
            assert mark == pytest.approx(index, rel=0.02)
        if listing.kind is Kind.FUTURE_COMBO:
            near, far = (walk(v, 0, int(leg)) for leg in it.legs)
            assert mark == pytest.approx(far - near)


def test_funding_is_bounded_and_follows_the_premium() -> None:
    v = venue(2)
    row = next(
        k for k, x in enumerate(order_listings(small_listings())) if x.name == "BTC-PERPETUAL"
    )
    it = v.instruments[row]
    for premium, expected in ((0.1, 0.005), (-0.1, -0.005), (0.0, 0.0)):
        it.premium = premium
        it.wander = 0.0
        walk(v, 1, row)
        assert it.funding == pytest.approx(expected)
