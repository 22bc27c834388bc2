"""The simulated market: chance, the latent prices, and what each instrument is worth.

Coins walk at random in the logarithm of their price, pulled weakly to where they began, and
jump now and then. An index follows its coin; perpetuals and futures stand at a premium to
the index, options on a smile of volatilities, combos where their legs are.

Chance is a multiply-with-carry generator: 32 bits of output, state below 2**63, so that the
same arithmetic is exact in compiled code and in plain Python.

``v`` is the venue, ``it`` one of its instruments (``_state``).
"""

from __future__ import annotations

import math

import numpy as np

from zerofeed.base.kernel import inlined

__all__ = [
    "FUTURE",
    "FUTURE_COMBO",
    "OPTION",
    "OPTION_COMBO",
    "SPOT",
    "below",
    "black",
    "move_index",
    "move_premium",
    "normal",
    "reprice",
    "smile",
    "uniform",
]

FUTURE = 0
OPTION = 1
FUTURE_COMBO = 2
OPTION_COMBO = 3
SPOT = 4

_MULTIPLIER = 698769069
"""Makes 2**32 * multiplier - 1 a safe prime: the period is half of that."""
_LOW = (1 << 32) - 1
_TWO_32 = 4294967296.0

_YEAR_MS = 365.0 * 86_400_000.0
_SOONEST = 1e-6
"""Years to expiry are never taken as fewer."""
_PULL = 2e-6
"""Share of the way back to the anchor that an index step takes."""
_STEP = 2e-5
"""Standard deviation of an index step, as a fraction."""
_JUMP_ODDS = 2000
_JUMP = 2e-3
_OFFSET_MAX = 300
"""Farthest that an index strays from its coin, in millionths."""
_PREMIUM_KEPT = 0.998
_FUNDING_MAX = 0.005
_FUNDING_DEADBAND = 0.00025
_FUNDING_MEMORY = 0.001
_ROOT_3 = 1.7320508075688772
_ROOT_HALF = 0.7071067811865476


@inlined
def _random(v: np.record) -> int:
    """Draw 32 bits."""
    x = v.random
    x = _MULTIPLIER * (x & _LOW) + (x >> 32)
    v.random = x
    return int((x ^ (x >> 32)) & _LOW)


@inlined
def uniform(v: np.record) -> float:
    """Draw from [0, 1)."""
    return _random(v) / _TWO_32


@inlined
def below(v: np.record, limit: int) -> int:
    """Draw an integer from [0, limit), limit below 2**31."""
    return (_random(v) * limit) >> 32


@inlined
def normal(v: np.record) -> float:
    """Draw with mean 0 and deviation 1, roughly Gaussian: four uniforms added."""
    return (uniform(v) + uniform(v) + uniform(v) + uniform(v) - 2.0) * _ROOT_3


@inlined
def move_index(v: np.record, row: int) -> None:
    """Take one step of an index and of the coin under it."""
    index = v.indexes[row]
    coin = v.coins[index.coin]
    step = _STEP * normal(v) + _PULL * (coin.log_anchor - coin.log_price)
    if below(v, _JUMP_ODDS) == 0:
        step += _JUMP * normal(v)
    coin.log_price += step
    offset = index.offset + below(v, 5) - 2
    index.offset = min(max(offset, -_OFFSET_MAX), _OFFSET_MAX)
    price = math.exp(coin.log_price) * (1.0 + index.offset * 1e-6)
    index.units = int(price * index.scale + 0.5)


@inlined
def move_premium(v: np.record, it: np.record) -> None:
    """Let an instrument's premium over its index wander, and its funding with it."""
    premium = _PREMIUM_KEPT * it.premium + it.wander * normal(v)
    it.premium = premium
    if it.is_perpetual == 1:
        funding = 0.0
        if premium > _FUNDING_DEADBAND:
            funding = min(premium - _FUNDING_DEADBAND, _FUNDING_MAX)
        elif premium < -_FUNDING_DEADBAND:
            funding = max(premium + _FUNDING_DEADBAND, -_FUNDING_MAX)
        it.funding = funding
        it.funding_8h += _FUNDING_MEMORY * (funding - it.funding_8h)


@inlined
def smile(volatility: float, forward: float, strike: float, years: float) -> float:
    """Say at what volatility a strike trades.

    Args:
        volatility: at the money, a yearly fraction.
        forward: price of the underlying at expiry.
        strike: of the option.
        years: to expiry, above 0.

    Returns:
        A yearly fraction: lowest a little above the money, higher in both wings.
    """
    distance = math.log(strike / forward) / math.sqrt(years + 0.02)
    return volatility * min(1.0 - 0.12 * distance + 0.25 * distance * distance, 3.0)


@inlined
def black(forward: float, strike: float, sigma: float, years: float, is_call: int) -> float:
    """Value an option on a forward, without discounting (Black 1976).

    Args:
        forward: price of the underlying at expiry.
        strike: of the option, in the same money.
        sigma: yearly volatility, a fraction above 0.
        years: to expiry, above 0.
        is_call: 1 for a call, 0 for a put.

    Returns:
        The value in that money, never negative.
    """
    deviation = sigma * math.sqrt(years)
    upper = math.log(forward / strike) / deviation + 0.5 * deviation
    lower = upper - deviation
    call = 0.5 * (
        forward * math.erfc(-upper * _ROOT_HALF) - strike * math.erfc(-lower * _ROOT_HALF)
    )
    if is_call == 1:
        return max(call, 0.0)
    return max(call - forward + strike, 0.0)


@inlined
def _reprice_outright(v: np.record, it: np.record) -> float:
    index = v.indexes[it.index]
    mark = index.units / index.scale
    if it.is_perpetual == 1:
        mark *= 1.0 + it.premium
    elif it.kind != SPOT:
        years = max((it.expiry_ms - v.now_ms) / _YEAR_MS, _SOONEST)
        forward = mark * math.exp(it.carry * years)
        if it.kind == OPTION:
            it.sigma = smile(it.volatility * (1.0 + it.premium), forward, it.strike, years)
            mark = black(forward, it.strike, it.sigma, years, it.is_call)
            if it.is_inverse == 1:
                mark /= forward
        else:
            mark = forward * (1.0 + it.premium)
    return _set_mark(it, mark)


@inlined
def _set_mark(it: np.record, mark: float) -> float:
    it.mark = math.floor(mark * it.mark_scale + 0.5)
    it.fair = mark / it.tick
    return mark


@inlined
def reprice(v: np.record, it: np.record) -> float:
    """Work out the mark price of an instrument from its index, or from its legs.

    Stores ``mark``, ``fair`` and, for an option, ``sigma``; of the legs too.

    Returns:
        The mark price, not rounded.
    """
    if FUTURE_COMBO <= it.kind <= OPTION_COMBO:
        mark = it.leg_sizes[0] * _reprice_outright(v, v.instruments[it.legs[0]])
        mark += it.leg_sizes[1] * _reprice_outright(v, v.instruments[it.legs[1]])
        return _set_mark(it, mark)
    return _reprice_outright(v, it)
