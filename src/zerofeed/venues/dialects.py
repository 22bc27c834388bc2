"""Every JSON dialect by the name of its protocol."""

from __future__ import annotations

from dataclasses import dataclass

from zerofeed.books.layout import (
    RULE_ALLOW_CROSSED,
    RULE_ALLOW_LOCKED,
    RULE_KNOWN_DELETE,
    RULE_KNOWN_MODIFY,
    RULE_SNAPSHOT_REPLACES,
)
from zerofeed.codecs.json.dialect import Dialect
from zerofeed.venues.binance.messages import COINM, SPOT, USDM
from zerofeed.venues.bitfinex.messages import BITFINEX
from zerofeed.venues.bitmex.messages import BITMEX
from zerofeed.venues.bybit.messages import BYBIT
from zerofeed.venues.coinbase.messages import COINBASE
from zerofeed.venues.deribit.messages import DERIBIT_JSON
from zerofeed.venues.kraken.messages import KRAKEN_V2
from zerofeed.venues.kraken.messages_v1 import KRAKEN_V1
from zerofeed.venues.kraken_futures.messages import KRAKEN_FUTURES
from zerofeed.venues.okx.messages import OKX

__all__ = ["DIALECTS", "NamedDialect"]

_BY_REQUEST = 0
"""Snapshots come by REST, between changes that are newer or older: their ids decide."""


@dataclass(frozen=True, slots=True)
class NamedDialect:
    """A dialect under the name of its protocol.

    Attributes:
        name: as in ``feed.protocol``.
        summary: one line for people.
        dialect: its table.
        book_rules: how its books change, RULE bits of :mod:`zerofeed.books.layout`.
    """

    name: str
    summary: str
    dialect: Dialect
    book_rules: int = RULE_SNAPSHOT_REPLACES


DIALECTS: tuple[NamedDialect, ...] = (
    NamedDialect(
        "binance-spot", "Binance spot: trades, book, best bid and offer", SPOT, _BY_REQUEST
    ),
    NamedDialect(
        "binance-usdm",
        "Binance USD-M futures: and mark, index, funding, liquidations",
        USDM,
        _BY_REQUEST,
    ),
    NamedDialect("binance-coinm", "Binance COIN-M futures: the same", COINM, _BY_REQUEST),
    NamedDialect(
        "bitfinex",
        "Bitfinex 2: trades, book with checksums, quotes, derivatives, liquidations",
        BITFINEX,
        RULE_SNAPSHOT_REPLACES | RULE_ALLOW_LOCKED | RULE_ALLOW_CROSSED,
    ),
    NamedDialect(
        "bitmex",
        "BitMEX: trades, book, quotes, mark, funding, liquidations",
        BITMEX,
        RULE_SNAPSHOT_REPLACES | RULE_KNOWN_DELETE | RULE_KNOWN_MODIFY,
    ),
    NamedDialect("bybit", "Bybit 5: spot, linear, inverse, options", BYBIT),
    NamedDialect("coinbase", "Coinbase Exchange: trades, book, best bid and offer", COINBASE),
    NamedDialect(
        "deribit-json", "Deribit by JSON-RPC: everything of its tickers, too", DERIBIT_JSON
    ),
    NamedDialect("kraken-v2", "Kraken spot: trades, book with checksums", KRAKEN_V2),
    NamedDialect("kraken-v1", "Kraken spot as it was, for captures", KRAKEN_V1),
    NamedDialect("kraken-futures", "Kraken Futures: trades, book, tickers", KRAKEN_FUTURES),
    NamedDialect("okx", "OKX 5: spot, swaps, futures, options", OKX),
)
"""Every dialect."""
