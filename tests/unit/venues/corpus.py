"""Every vector of every venue, by the name of its protocol."""

from __future__ import annotations

from tests.unit.venues.binance.vectors import FUTURES, SPOT
from tests.unit.venues.bitfinex.vectors import BITFINEX
from tests.unit.venues.bitmex.vectors import BITMEX
from tests.unit.venues.bybit.vectors import BYBIT
from tests.unit.venues.coinbase.vectors import COINBASE
from tests.unit.venues.deribit.vectors import DERIBIT
from tests.unit.venues.kraken.vectors import V1, V2
from tests.unit.venues.kraken_futures.vectors import KRAKEN_FUTURES
from tests.unit.venues.okx.vectors import OKX
from tests.unit.venues.venue import Vector

__all__ = ["CORPUS", "HEARTBEATS"]

CORPUS: dict[str, list[Vector]] = {
    "binance-spot": SPOT,
    "binance-usdm": FUTURES,
    "binance-coinm": FUTURES,
    "bitfinex": BITFINEX,
    "bitmex": BITMEX,
    "bybit": BYBIT,
    "coinbase": COINBASE,
    "deribit-json": DERIBIT,
    "kraken-v2": V2,
    "kraken-v1": V1,
    "kraken-futures": KRAKEN_FUTURES,
    "okx": OKX,
}

HEARTBEATS: dict[str, set[str]] = {
    "bitfinex": {"heartbeat", "pong"},
    "bybit": {"pong", "ping"},
    "coinbase": {"heartbeat"},
    "deribit-json": {"heartbeat"},
    "kraken-v2": {"heartbeat"},
    "kraken-v1": {"heartbeat"},
    "kraken-futures": {"heartbeat"},
}
"""Names of the messages that carry nothing; they are tested with their venues."""
