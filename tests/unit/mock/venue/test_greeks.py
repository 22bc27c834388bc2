"""Figures of options agree with each other, and with what a small change of price would do."""

import math

from hypothesis import given
from hypothesis import strategies as st

from zerofeed.mock.venue.greeks import OptionFigures, price_option

__all__: list[str] = []

STRIKES = [40_000.0, 50_000.0, 60_000.0]


def black(forward: float, strike: float, volatility: float, years: float) -> float:
    """A call by Black's formula, written as in the textbook."""

    def phi(x: float) -> float:
        return (1 + math.erf(x / math.sqrt(2))) / 2

    spread = volatility * math.sqrt(years)
    d1 = math.log(forward / strike) / spread + spread / 2
    return forward * phi(d1) - strike * phi(d1 - spread)


@given(st.floats(30_000, 80_000))
def test_greeks_are_the_slopes_of_blacks_price(strike: float) -> None:
    call = price_option(strike, STRIKES, is_call=True)
    f, v, t = call.forward, call.volatility, 0.25
    h = 1.0
    up, middle, down = (black(f + each, strike, v, t) for each in (h, 0.0, -h))
    assert math.isclose(call.delta, (up - down) / (2 * h), rel_tol=1e-4, abs_tol=1e-6)
    assert math.isclose(call.gamma, (up - 2 * middle + down) / h**2, rel_tol=1e-2, abs_tol=1e-8)
    e = 1e-4
    vega = (black(f, strike, v + e, t) - black(f, strike, v - e, t)) / (2 * e) / 100
    assert math.isclose(call.vega, vega, rel_tol=1e-3, abs_tol=1e-4)
    theta = (black(f, strike, v, t - e) - black(f, strike, v, t + e)) / (2 * e) / 365
    assert math.isclose(call.theta, theta, rel_tol=1e-2, abs_tol=1e-3)


def test_call_and_put_differ_by_one_in_delta_and_in_nothing_else() -> None:
    call, put = (price_option(45_000.0, STRIKES, is_call=is_call) for is_call in (True, False))
    assert math.isclose(call.delta - put.delta, 1.0)
    assert call._replace(delta=0.0) == put._replace(delta=0.0)


def test_forward_is_the_middle_strike_or_its_own() -> None:
    assert price_option(40_000.0, STRIKES, is_call=True).forward == 50_000.0
    alone: OptionFigures = price_option(7.0, [], is_call=True)
    assert (alone.forward, round(alone.volatility, 4)) == (7.0, 0.55)
