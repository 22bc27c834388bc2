"""Deribit's list of instruments: ``/api/v2/public/get_instruments``.

Numbers are bare JSON numbers, read as decimals. A tick may be coarser above some price; the exponent is
that of the finest. Sizes are US dollars for inverse futures, and the base asset for all else.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from zerofeed.records.instruments import (
    COMBO,
    FUTURE,
    OPTION,
    PERPETUAL,
    SPOT,
    UNKNOWN_INSTRUMENT,
)
from zerofeed.venues.definition import (
    CALL,
    NO_OPTION,
    PUT,
    InstrumentDefinition,
    decode_answer,
    exponent_of,
    ms_to_ns,
)

__all__ = ["parse"]

_KINDS = {
    "future": FUTURE,
    "option": OPTION,
    "spot": SPOT,
    "future_combo": COMBO,
    "option_combo": COMBO,
}
_OPTION_TYPES = {"call": CALL, "put": PUT}


class _Step(msgspec.Struct):
    tick_size: Decimal


class _Instrument(msgspec.Struct):
    instrument_name: str
    kind: str
    base_currency: str
    quote_currency: str
    tick_size: Decimal
    min_trade_amount: Decimal
    contract_size: Decimal | None = None
    settlement_currency: str = ""
    settlement_period: str = ""
    instrument_type: str = ""
    tick_size_steps: list[_Step] = []
    strike: Decimal | None = None
    option_type: str = ""
    expiration_timestamp: int | None = None
    creation_timestamp: int | None = None
    is_active: bool = True
    state: str = ""


class _Answer(msgspec.Struct):
    result: list[_Instrument]


def parse(body: bytes) -> list[InstrumentDefinition]:
    """Read the list.

    Raises:
        VenueError: the answer is a refusal, or not of the form that is known.
    """
    answer = decode_answer(body, _Answer, where="deribit, instruments")
    return [_definition(each) for each in answer.result]


def _definition(each: _Instrument) -> InstrumentDefinition:
    kind = _KINDS.get(each.kind, UNKNOWN_INSTRUMENT)
    if kind == FUTURE and each.settlement_period == "perpetual":
        kind = PERPETUAL
    ticks = [each.tick_size, *(step.tick_size for step in each.tick_size_steps)]
    expires = kind in {FUTURE, OPTION, COMBO}
    return InstrumentDefinition(
        symbol=each.instrument_name,
        kind=kind,
        base=each.base_currency,
        quote=each.quote_currency,
        settlement=each.settlement_currency or each.quote_currency,
        tick_size=min(ticks),
        lot_size=each.min_trade_amount,
        min_size=each.min_trade_amount,
        contract_size=each.contract_size,
        price_exponent=exponent_of(*ticks),
        size_exponent=exponent_of(each.min_trade_amount, each.contract_size),
        is_inverse=kind in {FUTURE, PERPETUAL} and each.instrument_type == "reversed",
        # A perpetual's expiry is in the year 3000.
        expiry_ns=ms_to_ns(each.expiration_timestamp) if expires else None,
        created_ns=ms_to_ns(each.creation_timestamp),
        strike=each.strike if kind == OPTION else None,
        option_type=_OPTION_TYPES.get(each.option_type, NO_OPTION),
        state=each.state or ("open" if each.is_active else "closed"),
        is_trading=each.is_active and each.state in {"", "open"},
    )
