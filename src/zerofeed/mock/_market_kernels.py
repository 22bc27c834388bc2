"""The simulated market: chance, the latent prices, and what each instrument is worth.

Coins walk at random in the logarithm of their price, pulled weakly to where they began, and
jump now and then. An index follows its coin; perpetuals and futures stand at a premium to
the index, options on a smile of volatilities, combos where their legs are.

Chance is a multiply-with-carry generator: 32 bits of output, state below 2**63, so that the
same arithmetic is exact in compiled code and in plain Python.
"""

from __future__ import annotations

import math

from zerofeed.base.kernel import inlined
from zerofeed.mock._arrays import Arrays
from zerofeed.mock._columns import (
    CARRY,
    EXPIRY_MS,
    FAIR,
    FUNDING,
    FUNDING_8H,
    INDEX,
    INDEX_COIN,
    INDEX_OFFSET,
    INDEX_SCALE,
    INDEX_UNITS,
    IS_CALL,
    IS_INVERSE,
    IS_PERPETUAL,
    KIND,
    LEG_A,
    LEG_A_SIZE,
    LEG_B,
    LEG_B_SIZE,
    LOG_ANCHOR,
    LOG_PRICE,
    MARK,
    MARK_SCALE,
    NOW_MS,
    PREMIUM,
    RANDOM,
    SIGMA,
    STRIKE,
    TICK,
    VOLATILITY,
    WANDER,
)

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

_MULTIPLIER = 698769069
"""Makes 2**32 * multiplier - 1 a safe prime: the period is half of that."""
_LOW = (1 << 32) - 1
_TWO_32 = 4294967296.0

FUTURE = 0
OPTION = 1
FUTURE_COMBO = 2
OPTION_COMBO = 3
SPOT = 4

_YEAR_MS = 365.0 * 86_400_000.0
_PULL = 2e-6
"""Share of the way back to the anchor that an index step takes."""
_STEP = 2e-5
"""Standard deviation of an index step, as a fraction."""
_JUMP_ODDS = 2000
_JUMP = 2e-3
_OFFSET_MAX = 300
"""Farthest that an index strays from its coin, in millionths."""
_FUNDING_MAX = 0.005
_FUNDING_DEADBAND = 0.00025
_FUNDING_MEMORY = 0.001


@inlined
def _random(v: Arrays) -> int:
    """Draw 32 bits."""
    x = v.venue[RANDOM]
    x = _MULTIPLIER * (x & _LOW) + (x >> 32)
    v.venue[RANDOM] = x
    return (x ^ (x >> 32)) & _LOW


@inlined
def uniform(v: Arrays) -> float:
    """Draw from [0, 1)."""
    return _random(v) / _TWO_32


@inlined
def below(v: Arrays, limit: int) -> int:
    """Draw an integer from [0, limit), limit below 2**31."""
    return (_random(v) * limit) >> 32


@inlined
def normal(v: Arrays) -> float:
    """Draw with mean 0 and deviation 1, roughly Gaussian: four uniforms added."""
    return (uniform(v) + uniform(v) + uniform(v) + uniform(v) - 2.0) * 1.7320508075688772


@inlined
def move_index(v: Arrays, index: int) -> None:
    """Take one step of an index and of the coin under it."""
    coin = v.indexes[index, INDEX_COIN]
    position = v.coins[coin, LOG_PRICE]
    position += _STEP * normal(v) + _PULL * (v.coins[coin, LOG_ANCHOR] - position)
    if below(v, _JUMP_ODDS) == 0:
        position += _JUMP * normal(v)
    v.coins[coin, LOG_PRICE] = position
    offset = v.indexes[index, INDEX_OFFSET] + below(v, 5) - 2
    v.indexes[index, INDEX_OFFSET] = min(max(offset, -_OFFSET_MAX), _OFFSET_MAX)
    price = math.exp(position) * (1.0 + v.indexes[index, INDEX_OFFSET] * 1e-6)
    v.indexes[index, INDEX_UNITS] = int(price * v.indexes[index, INDEX_SCALE] + 0.5)


@inlined
def move_premium(v: Arrays, row: int) -> None:
    """Let an instrument's premium over its index wander, and its funding with it."""
    premium = 0.998 * v.drift[row, PREMIUM] + v.params[row, WANDER] * normal(v)
    v.drift[row, PREMIUM] = premium
    if v.terms[row, IS_PERPETUAL] == 1:
        funding = 0.0
        if premium > _FUNDING_DEADBAND:
            funding = min(premium - _FUNDING_DEADBAND, _FUNDING_MAX)
        elif premium < -_FUNDING_DEADBAND:
            funding = max(premium + _FUNDING_DEADBAND, -_FUNDING_MAX)
        v.drift[row, FUNDING] = funding
        v.drift[row, FUNDING_8H] += _FUNDING_MEMORY * (funding - v.drift[row, FUNDING_8H])


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
    call = forward * 0.5 * math.erfc(-upper * 0.7071067811865476)
    call -= strike * 0.5 * math.erfc(-lower * 0.7071067811865476)
    if is_call == 1:
        return max(call, 0.0)
    return max(call - forward + strike, 0.0)


@inlined
def _reprice_outright(v: Arrays, row: int) -> float:
    index_row = v.terms[row, INDEX]
    index = v.indexes[index_row, INDEX_UNITS] / v.indexes[index_row, INDEX_SCALE]
    kind = v.terms[row, KIND]
    mark = index
    if kind != SPOT and v.terms[row, IS_PERPETUAL] == 1:
        mark = index * (1.0 + v.drift[row, PREMIUM])
    elif kind != SPOT:
        years = max((v.terms[row, EXPIRY_MS] - v.venue[NOW_MS]) / _YEAR_MS, 1e-6)
        forward = index * math.exp(v.params[row, CARRY] * years)
        mark = forward * (1.0 + v.drift[row, PREMIUM])
        if kind == OPTION:
            strike = v.params[row, STRIKE]
            sigma = smile(v.params[row, VOLATILITY] * (1.0 + v.drift[row, PREMIUM]), forward, strike, years)
            v.drift[row, SIGMA] = sigma
            mark = black(forward, strike, sigma, years, v.terms[row, IS_CALL])
            if v.terms[row, IS_INVERSE] == 1:
                mark /= forward
    return _set_mark(v, row, mark)


@inlined
def _set_mark(v: Arrays, row: int, mark: float) -> float:
    v.state[row, MARK] = math.floor(mark * v.terms[row, MARK_SCALE] + 0.5)
    v.drift[row, FAIR] = mark / v.params[row, TICK]
    return mark


@inlined
def reprice(v: Arrays, row: int) -> float:
    """Work out the mark price of an instrument from its index, or from its legs.

    Stores MARK, FAIR and, for an option, SIGMA.

    Returns:
        The mark price, not rounded.
    """
    kind = v.terms[row, KIND]
    if FUTURE_COMBO <= kind <= OPTION_COMBO:
        mark = v.terms[row, LEG_A_SIZE] * _reprice_outright(v, v.terms[row, LEG_A])
        mark += v.terms[row, LEG_B_SIZE] * _reprice_outright(v, v.terms[row, LEG_B])
        return _set_mark(v, row, mark)
    return _reprice_outright(v, row)
