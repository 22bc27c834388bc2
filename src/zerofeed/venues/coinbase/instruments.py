"""Coinbase Exchange's products: ``/products``."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from zerofeed.records.instruments import SPOT
from zerofeed.venues.definition import InstrumentDefinition, decode_answer, exponent_of

__all__ = ["parse"]


class _Product(msgspec.Struct):
    id: str
    base_currency: str
    quote_currency: str
    base_increment: Decimal
    quote_increment: Decimal
    base_min_size: Decimal | None = None
    status: str = ""
    trading_disabled: bool = False


def parse(body: bytes) -> list[InstrumentDefinition]:
    """Read the list.

    Raises:
        VenueError: the answer is a refusal, or not of the form that is known.
    """
    products = decode_answer(body, list[_Product], where="coinbase, products")
    return [_definition(each) for each in products]


def _definition(each: _Product) -> InstrumentDefinition:
    return InstrumentDefinition(
        symbol=each.id,
        kind=SPOT,
        base=each.base_currency,
        quote=each.quote_currency,
        settlement=each.quote_currency,
        tick_size=each.quote_increment,
        lot_size=each.base_increment,
        min_size=each.base_min_size or each.base_increment,
        price_exponent=exponent_of(each.quote_increment),
        size_exponent=exponent_of(each.base_increment),
        state=each.status,
        is_trading=each.status == "online" and not each.trading_disabled,
    )
