"""The venues that can be mocked, by name."""

from __future__ import annotations

from zerofeed.base.errors import ConfigurationError
from zerofeed.mock.venue.binance import BinanceCoinM, BinanceSpot, BinanceUsdM
from zerofeed.mock.venue.dialect import Dialect

__all__ = ["VENUES", "dialect_of"]

VENUES: dict[str, type[Dialect]] = {
    dialect.name: dialect
    for dialect in (
        BinanceSpot,
        BinanceUsdM,
        BinanceCoinM,
    )
}


def dialect_of(name: str) -> Dialect:
    """A fresh dialect.

    Raises:
        ConfigurationError: no venue has this name.
    """
    if name not in VENUES:
        raise ConfigurationError(
            "is no venue that can be mocked",
            where=name,
            expected=", ".join(VENUES),
        )
    return VENUES[name]()
