"""Kraken Futures' list of instruments: ``/derivatives/api/v3/instruments``.

The first two letters of a symbol tell its sort: P perpetual or F dated; F flexible (margin in many
currencies, sizes in the base asset), I inverse (sizes in US dollars), V vanilla. The list also has indices.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from zerofeed.base.errors import VenueError
from zerofeed.records.instruments import FUTURE, INDEX_INSTRUMENT, PERPETUAL
from zerofeed.venues.definition import (
    InstrumentDefinition,
    date_to_ns,
    decode_answer,
    exponent_of,
    in_one_line,
)
from zerofeed.venues.symbol_kinds import SymbolRule, kind_of_symbol

__all__ = ["SYMBOL_RULES", "parse"]

SYMBOL_RULES = (
    *(SymbolRule(prefix, b"", None, PERPETUAL) for prefix in (b"PF_", b"PI_", b"PV_")),
    *(SymbolRule(prefix, b"", None, FUTURE) for prefix in (b"FF_", b"FI_", b"FV_")),
    *(
        SymbolRule(prefix, b"", None, INDEX_INSTRUMENT)
        for prefix in (b"in_", b"rr_", b"IN_", b"RR_")
    ),
)
"""What the symbols tell."""


class _Instrument(msgspec.Struct, rename="camel"):
    symbol: str
    tradeable: bool
    type: str = ""
    pair: str = ""
    base: str = ""
    quote: str = ""
    tick_size: Decimal | None = None
    contract_size: Decimal | None = None
    contract_value_trade_precision: int = 0
    last_trading_time: datetime | None = None
    opening_date: datetime | None = None


class _Answer(msgspec.Struct):
    result: str = "success"
    instruments: list[_Instrument] = []
    error: str = ""


def parse(body: bytes) -> list[InstrumentDefinition]:
    """Read the list.

    Raises:
        VenueError: the answer is a refusal, or not of the form that is known.
    """
    answer = decode_answer(body, _Answer, where="kraken-futures, instruments")
    if answer.result != "success" or answer.error:
        raise VenueError(
            "the venue refuses",
            where="kraken-futures",
            got=in_one_line(answer.error or answer.result),
        )
    return [_definition(each) for each in answer.instruments]


def _definition(each: _Instrument) -> InstrumentDefinition:
    kind = kind_of_symbol(SYMBOL_RULES, each.symbol)
    base, quote = _currencies(each)
    is_inverse = "inverse" in each.type
    # Precision -3 means lots of a thousand.
    lot = Decimal(1).scaleb(-each.contract_value_trade_precision)
    is_contract = kind != INDEX_INSTRUMENT
    return InstrumentDefinition(
        symbol=each.symbol,
        kind=kind,
        base=base,
        quote=quote,
        settlement=base if is_inverse else quote,
        tick_size=each.tick_size,
        lot_size=lot if is_contract else None,
        min_size=lot if is_contract else None,
        contract_size=each.contract_size,
        price_exponent=exponent_of(each.tick_size),
        size_exponent=exponent_of(lot, each.contract_size),
        is_inverse=is_inverse,
        expiry_ns=date_to_ns(each.last_trading_time) if kind == FUTURE else None,
        created_ns=date_to_ns(each.opening_date),
        state="tradeable" if each.tradeable else "not tradeable",
        is_trading=each.tradeable,
    )


def _currencies(each: _Instrument) -> tuple[str, str]:
    """Find base and quote; older contracts name neither, but their symbol ends with the quote."""
    if each.base and each.quote:
        return each.base, each.quote
    base, colon, quote = each.pair.partition(":")
    if colon:
        return base, quote
    pair = each.symbol.partition("_")[2].partition("_")[0].upper()
    return pair[:-3], pair[-3:]
