"""Every SBE dialect by the name of its protocol."""

from __future__ import annotations

from dataclasses import dataclass

from zerofeed.books.layout import RULE_SNAPSHOT_REPLACES
from zerofeed.codecs.sbe.dialect import Dialect
from zerofeed.venues.binance.sbe import BINANCE_SBE
from zerofeed.venues.bybit.sbe import BYBIT_SBE
from zerofeed.venues.okx.sbe import OKX_SBE

__all__ = ["SBE_DIALECTS", "NamedSbeDialect"]

_BY_REQUEST = 0
"""Snapshots come by REST, between changes that are newer or older: their ids decide."""


@dataclass(frozen=True, slots=True)
class NamedSbeDialect:
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
    book_rules: int


SBE_DIALECTS: tuple[NamedSbeDialect, ...] = (
    NamedSbeDialect(
        "binance-sbe",
        "Binance spot in SBE: trades, book, best bid and offer",
        BINANCE_SBE,
        _BY_REQUEST,
    ),
    NamedSbeDialect("bybit-sbe", "Bybit 5 in SBE: the same", BYBIT_SBE, RULE_SNAPSHOT_REPLACES),
    NamedSbeDialect("okx-sbe", "OKX 5 in SBE: the same", OKX_SBE, _BY_REQUEST),
)
"""Every dialect."""
