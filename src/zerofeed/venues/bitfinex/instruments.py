"""Bitfinex's pairs: ``/v2/conf/pub:info:pair`` and ``pub:info:pair:futures``.

Prices have five significant digits and no fixed tick, so the exponent is the same for all: fine enough for
the cheapest coin (0.00000040123), and wide enough for a Bitcoin in yen. Sizes have at most eight
decimals.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from zerofeed.records.instruments import PERPETUAL, SPOT
from zerofeed.venues.definition import InstrumentDefinition, decimal_or_none, decode_answer
from zerofeed.venues.symbol_kinds import SymbolRule, kind_of_symbol

__all__ = ["PATHS", "PRICE_EXPONENT", "SIZE_EXPONENT", "SYMBOL_RULES", "parse"]

PATHS = ("/v2/conf/pub:info:pair", "/v2/conf/pub:info:pair:futures")
"""Paths that together list all instruments."""
PRICE_EXPONENT = -11
SIZE_EXPONENT = -8

SYMBOL_RULES = (
    SymbolRule(b"t", b"F0", None, PERPETUAL),
    SymbolRule(b"t", b"", None, SPOT),
)
"""What the symbols tell; others are currencies for lending."""

_MIN_SIZE = 3


def parse(body: bytes) -> list[InstrumentDefinition]:
    """Read one of the two lists.

    Raises:
        VenueError: the answer is a refusal, or not of the form that is known.
        LookupError: an entry has too few columns.
    """
    where = "bitfinex, pairs"
    (pairs,) = decode_answer(body, tuple[list[tuple[str, list[msgspec.Raw]]]], where=where)
    return [_definition(pair, _min_size(columns[_MIN_SIZE])) for pair, columns in pairs]


def _min_size(column: msgspec.Raw) -> Decimal | None:
    value = msgspec.json.decode(column, type=str | None)
    return decimal_or_none(value or "")


def _definition(pair: str, min_size: Decimal | None) -> InstrumentDefinition:
    symbol = f"t{pair}"
    base, quote = pair.split(":") if ":" in pair else (pair[:-3], pair[-3:])
    return InstrumentDefinition(
        symbol=symbol,
        kind=kind_of_symbol(SYMBOL_RULES, symbol),
        base=base,
        quote=quote,
        settlement=quote,
        tick_size=None,
        lot_size=Decimal(1).scaleb(SIZE_EXPONENT),
        min_size=min_size,
        price_exponent=PRICE_EXPONENT,
        size_exponent=SIZE_EXPONENT,
        # The venue lists only pairs that trade.
        state="listed",
        is_trading=True,
    )
