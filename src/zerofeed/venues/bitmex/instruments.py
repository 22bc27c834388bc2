"""BitMEX's list of instruments: ``/api/v1/instrument/activeAndIndices``.

Numbers are bare JSON numbers, read as decimals. Sizes are contracts: of one US dollar when inverse, else of
1 / ``underlyingToPositionMultiplier`` of the underlying; a quanto's contract has no fixed worth in either.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from zerofeed.records.instruments import COMBO, FUTURE, INDEX_INSTRUMENT, OPTION, PERPETUAL, SPOT
from zerofeed.venues.definition import (
    CALL,
    NO_OPTION,
    PUT,
    InstrumentDefinition,
    date_to_ns,
    decode_answer,
    exponent_of,
    positive,
)
from zerofeed.venues.symbol_kinds import SymbolRule, kind_of_symbol

__all__ = ["SYMBOL_RULES", "parse"]

_MONTHS = b"FGHJKMNQUVXZ"
_SPOT_QUOTES = (b"_USDT", b"_USDC", b"_USD", b"_EUR", b"_XBT")

SYMBOL_RULES = (
    SymbolRule(b".", b"", None, INDEX_INSTRUMENT),
    SymbolRule(b"", b"", 1, COMBO),
    *(SymbolRule(b"", b"%c##" % month, None, FUTURE) for month in _MONTHS),
    *(SymbolRule(b"", quote, None, SPOT) for quote in _SPOT_QUOTES),
    SymbolRule(b"", b"", None, PERPETUAL),
)
"""What the symbols tell: ``.BXBT`` an index, ``XBTZ24`` a future, ``XBTM26-XBTU26`` the spread of two,
``XBT_USDT`` spot.
"""

# The venue's CFI codes, by their beginning.
_TYPES = (
    ("FFWC", PERPETUAL),
    ("FFMC", COMBO),
    ("FF", FUTURE),
    ("IFXXXP", SPOT),
    ("MR", INDEX_INSTRUMENT),
    ("OC", OPTION),
    ("OP", OPTION),
)
_OPTION_TYPES = {"OC": CALL, "OP": PUT}


class _Instrument(msgspec.Struct, rename="camel"):
    symbol: str
    state: str
    typ: str = ""
    underlying: str | None = None
    quote_currency: str | None = None
    settl_currency: str | None = None
    tick_size: Decimal | None = None
    lot_size: Decimal | None = None
    is_inverse: bool | None = None
    is_quanto: bool | None = None
    underlying_to_position_multiplier: Decimal | None = None
    expiry: datetime | None = None
    listing: datetime | None = None
    option_strike_price: Decimal | None = None


def parse(body: bytes) -> list[InstrumentDefinition]:
    """Read the list.

    Raises:
        VenueError: the answer is a refusal, or not of the form that is known.
    """
    instruments = decode_answer(body, list[_Instrument], where="bitmex, instruments")
    return [_definition(each) for each in instruments]


def _definition(each: _Instrument) -> InstrumentDefinition:
    kind = next(
        (kind for start, kind in _TYPES if each.typ.startswith(start)),
        kind_of_symbol(SYMBOL_RULES, each.symbol),
    )
    contract = _contract_size(each)
    return InstrumentDefinition(
        symbol=each.symbol,
        kind=kind,
        base=each.underlying or "",
        quote=each.quote_currency or "",
        settlement=each.settl_currency or each.quote_currency or "",
        tick_size=positive(each.tick_size),
        lot_size=positive(each.lot_size),
        min_size=positive(each.lot_size),
        contract_size=contract,
        price_exponent=exponent_of(each.tick_size),
        size_exponent=exponent_of(each.lot_size, contract),
        is_inverse=bool(each.is_inverse),
        expiry_ns=date_to_ns(each.expiry) if kind in {FUTURE, OPTION, COMBO} else None,
        created_ns=date_to_ns(each.listing),
        strike=positive(each.option_strike_price) if kind == OPTION else None,
        option_type=_OPTION_TYPES.get(each.typ[:2], NO_OPTION) if kind == OPTION else NO_OPTION,
        state=each.state,
        is_trading=each.state == "Open",
    )


def _contract_size(each: _Instrument) -> Decimal | None:
    if each.is_inverse:
        return Decimal(1)
    multiplier = positive(each.underlying_to_position_multiplier)
    return None if each.is_quanto or multiplier is None else 1 / multiplier
