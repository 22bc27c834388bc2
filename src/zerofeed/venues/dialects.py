"""Every JSON dialect by the name of its protocol."""

from __future__ import annotations

from dataclasses import dataclass

from zerofeed.codecs.json.dialect import Dialect
from zerofeed.venues.binance.messages import COINM, SPOT, USDM

__all__ = ["DIALECTS", "NamedDialect"]


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
    book_rules: int = 0


DIALECTS: tuple[NamedDialect, ...] = (
    NamedDialect("binance-spot", "Binance spot: trades, book, best bid and offer", SPOT),
    NamedDialect("binance-usdm", "Binance USD-M futures: and mark, index, funding, liquidations", USDM),
    NamedDialect("binance-coinm", "Binance COIN-M futures: the same", COINM),
)
"""Every dialect."""
