"""Volatility and greeks of made-up options: a smile over strikes, and Black's formula under it.

All options of a currency have the forward price of their middle strike and a quarter of a year to
live, so a surface made from them is smooth and the same for every seed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["OptionFigures", "price_option"]

_YEARS = 0.25
_DAYS = 365


class OptionFigures(NamedTuple):
    """What a venue says of an option.

    Attributes:
        forward: price of what is underneath.
        volatility: implied, a year's fraction.
        delta: per unit of the forward price.
        gamma: delta per unit of the forward price.
        vega: price per percent of volatility.
        theta: price per day.
    """

    forward: float
    volatility: float
    delta: float
    gamma: float
    vega: float
    theta: float


def price_option(strike: float, strikes: Sequence[float], *, is_call: bool) -> OptionFigures:
    """Work out an option's figures.

    Args:
        strike: its own.
        strikes: of all options on the same; without any, its own is the middle.
        is_call: or a put.

    Returns:
        Its figures.
    """
    ordered = sorted(strikes) or [strike]
    forward = ordered[len(ordered) // 2]
    moneyness = math.log(strike / forward)
    volatility = 0.55 + 0.4 * moneyness * moneyness - 0.1 * moneyness
    spread = volatility * math.sqrt(_YEARS)
    d1 = -moneyness / spread + spread / 2
    density = math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
    return OptionFigures(
        forward,
        volatility,
        delta=(1 + math.erf(d1 / math.sqrt(2))) / 2 - (0 if is_call else 1),
        gamma=density / (forward * spread),
        vega=forward * density * math.sqrt(_YEARS) / 100,
        theta=-forward * density * volatility / (2 * math.sqrt(_YEARS)) / _DAYS,
    )
