"""The venues that can be mocked, by name."""

from __future__ import annotations

from zerofeed.base.errors import ConfigurationError
from zerofeed.mock.venue.binance import BinanceCoinM, BinanceSpot, BinanceUsdM
from zerofeed.mock.venue.binance_sbe import BinanceSbe
from zerofeed.mock.venue.bitfinex import Bitfinex
from zerofeed.mock.venue.bitmex import Bitmex
from zerofeed.mock.venue.bybit import Bybit
from zerofeed.mock.venue.coinbase import Coinbase
from zerofeed.mock.venue.deribit import Deribit
from zerofeed.mock.venue.dialect import Dialect
from zerofeed.mock.venue.kraken import KrakenV1, KrakenV2
from zerofeed.mock.venue.kraken_futures import KrakenFutures
from zerofeed.mock.venue.okx import Okx

__all__ = ["VENUES", "dialect_of"]

VENUES: dict[str, type[Dialect]] = {
    dialect.name: dialect
    for dialect in (
        BinanceSpot,
        BinanceUsdM,
        BinanceCoinM,
        BinanceSbe,
        Bitfinex,
        Bitmex,
        Bybit,
        Coinbase,
        Deribit,
        KrakenFutures,
        KrakenV1,
        KrakenV2,
        Okx,
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
