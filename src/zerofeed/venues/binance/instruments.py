"""Binance's exchange information: ``/api/v3``, ``/fapi/v1`` and ``/dapi/v1/exchangeInfo``.

The steps are those of the filters, never ``pricePrecision`` or ``quantityPrecision``, which the
venue warns are not them. COIN-M sizes are contracts of a fixed number of US dollars.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from zerofeed.records.instruments import FUTURE, PERPETUAL, SPOT
from zerofeed.venues.definition import (
    InstrumentDefinition,
    decode_answer,
    exponent_of,
    ms_to_ns,
    positive,
)

__all__ = ["parse_coinm", "parse_spot", "parse_usdm"]

_TRADING = "TRADING"


class _Filter(msgspec.Struct, rename="camel"):
    filter_type: str
    tick_size: Decimal | None = None
    step_size: Decimal | None = None
    min_qty: Decimal | None = None


class _Symbol(msgspec.Struct, rename="camel"):
    symbol: str
    base_asset: str
    quote_asset: str
    filters: list[_Filter]
    status: str = ""
    contract_status: str = ""
    contract_type: str = ""
    contract_size: Decimal | None = None
    margin_asset: str = ""
    delivery_date: int | None = None
    onboard_date: int | None = None

    def step(self, filter_type: str) -> _Filter:
        """Find a filter; one without values when the symbol does not have it."""
        return next(
            (each for each in self.filters if each.filter_type == filter_type),
            _Filter(filter_type),
        )


class _Answer(msgspec.Struct):
    symbols: list[_Symbol]


def parse_spot(body: bytes) -> list[InstrumentDefinition]:
    """Read the spot pairs.

    Raises:
        VenueError: the answer is not of the form that is known.
    """
    return [_definition(each, SPOT) for each in _symbols(body, "binance")]


def parse_usdm(body: bytes) -> list[InstrumentDefinition]:
    """Read the contracts margined in stable coins.

    Raises:
        VenueError: the answer is not of the form that is known.
    """
    return [_definition(each, _contract_kind(each)) for each in _symbols(body, "binance-usdm")]


def parse_coinm(body: bytes) -> list[InstrumentDefinition]:
    """Read the contracts margined in coins.

    Raises:
        VenueError: the answer is not of the form that is known.
    """
    return [
        _definition(each, _contract_kind(each), is_inverse=True)
        for each in _symbols(body, "binance-coinm")
    ]


def _symbols(body: bytes, service: str) -> list[_Symbol]:
    return decode_answer(body, _Answer, where=f"{service}, exchange information").symbols


def _contract_kind(symbol: _Symbol) -> int:
    # Also TRADIFI_PERPETUAL and PERPETUAL_DELIVERING.
    return PERPETUAL if "PERPETUAL" in symbol.contract_type else FUTURE


def _definition(symbol: _Symbol, kind: int, *, is_inverse: bool = False) -> InstrumentDefinition:
    price = symbol.step("PRICE_FILTER")
    lot = symbol.step("LOT_SIZE")
    state = symbol.contract_status or symbol.status
    return InstrumentDefinition(
        symbol=symbol.symbol,
        kind=kind,
        base=symbol.base_asset,
        quote=symbol.quote_asset,
        settlement=symbol.margin_asset or symbol.quote_asset,
        tick_size=positive(price.tick_size),
        lot_size=positive(lot.step_size),
        min_size=positive(lot.min_qty),
        contract_size=symbol.contract_size,
        price_exponent=exponent_of(price.tick_size),
        size_exponent=exponent_of(lot.step_size, symbol.contract_size),
        is_inverse=is_inverse,
        # A perpetual's delivery date is a far day that means never.
        expiry_ns=ms_to_ns(symbol.delivery_date) if kind == FUTURE else None,
        created_ns=ms_to_ns(symbol.onboard_date),
        state=state,
        is_trading=state == _TRADING,
    )
