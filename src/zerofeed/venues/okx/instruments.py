"""OKX's list of instruments: ``/api/v5/public/instruments``.

All values are text, empty where they do not apply. Sizes of derivatives are contracts of ``ctVal`` times
``ctMult`` of ``ctValCcy``. Options are listed by family only, so the families are named here.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from zerofeed.base.errors import VenueError
from zerofeed.records.instruments import FUTURE, OPTION, PERPETUAL, SPOT, UNKNOWN_INSTRUMENT
from zerofeed.venues.definition import (
    CALL,
    NO_OPTION,
    PUT,
    InstrumentDefinition,
    decimal_or_none,
    decode_answer,
    exponent_of,
    in_one_line,
    ms_to_ns,
)

__all__ = ["OPTION_FAMILIES", "PATHS", "parse"]

OPTION_FAMILIES = ("BTC-USD", "ETH-USD")
"""Families of options that are asked for."""

_PATH = "/api/v5/public/instruments?instType="
PATHS = (
    *(f"{_PATH}{kind}" for kind in ("SPOT", "SWAP", "FUTURES")),
    *(f"{_PATH}OPTION&instFamily={family}" for family in OPTION_FAMILIES),
)
"""Paths that together list all instruments."""

_KINDS = {"SPOT": SPOT, "SWAP": PERPETUAL, "FUTURES": FUTURE, "OPTION": OPTION}
_OPTION_TYPES = {"C": CALL, "P": PUT}
_NO_ERROR = "0"


class _Instrument(msgspec.Struct, rename="camel"):
    inst_type: str
    inst_id: str
    tick_sz: str
    lot_sz: str
    min_sz: str
    state: str
    uly: str = ""
    base_ccy: str = ""
    quote_ccy: str = ""
    settle_ccy: str = ""
    ct_val: str = ""
    ct_mult: str = ""
    ct_type: str = ""
    opt_type: str = ""
    stk: str = ""
    exp_time: str = ""
    list_time: str = ""
    inst_id_code: int | None = None


class _Answer(msgspec.Struct):
    data: list[_Instrument]
    code: str = _NO_ERROR
    msg: str = ""


def parse(body: bytes) -> list[InstrumentDefinition]:
    """Read one answer.

    Raises:
        VenueError: the answer is a refusal, or not of the form that is known.
    """
    answer = decode_answer(body, _Answer, where="okx, instruments")
    if answer.code != _NO_ERROR:
        raise VenueError(
            "the venue refuses", where="okx", got=in_one_line(f"{answer.code}: {answer.msg}")
        )
    return [_definition(each) for each in answer.data]


def _definition(each: _Instrument) -> InstrumentDefinition:
    base, _, quote = each.uly.partition("-")
    tick = decimal_or_none(each.tick_sz)
    lot = decimal_or_none(each.lot_sz)
    contract = _contract_size(each)
    kind = _KINDS.get(each.inst_type, UNKNOWN_INSTRUMENT)
    return InstrumentDefinition(
        symbol=each.inst_id,
        kind=kind,
        base=each.base_ccy or base,
        quote=each.quote_ccy or quote,
        settlement=each.settle_ccy or each.quote_ccy,
        tick_size=tick,
        lot_size=lot,
        min_size=decimal_or_none(each.min_sz),
        contract_size=contract,
        price_exponent=exponent_of(tick),
        size_exponent=exponent_of(lot, contract),
        is_inverse=each.ct_type == "inverse",
        # Others have one when they are about to be delisted.
        expiry_ns=ms_to_ns(int(each.exp_time or 0)) if kind in {FUTURE, OPTION} else None,
        created_ns=ms_to_ns(int(each.list_time or 0)),
        strike=decimal_or_none(each.stk),
        option_type=_OPTION_TYPES.get(each.opt_type, NO_OPTION),
        state=each.state,
        is_trading=each.state == "live",
        number=each.inst_id_code,
    )


def _contract_size(each: _Instrument) -> Decimal | None:
    value = decimal_or_none(each.ct_val)
    return None if value is None else value * (decimal_or_none(each.ct_mult) or Decimal(1))
