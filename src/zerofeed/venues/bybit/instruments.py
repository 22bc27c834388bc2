"""Bybit's list of instruments: ``/v5/market/instruments-info``.

All values are text. Long lists come in pages that a cursor links. An option's strike is in its symbol only.
"""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import quote, urlsplit

import msgspec

from zerofeed.base.errors import VenueError
from zerofeed.records.instruments import FUTURE, OPTION, PERPETUAL, SPOT
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
    positive,
)

__all__ = ["next_page", "parse"]

_OPTION_TYPES = {"Call": CALL, "Put": PUT}
_WHERE = "bybit, instruments"


class _PriceFilter(msgspec.Struct, rename="camel"):
    tick_size: str = ""


class _LotSizeFilter(msgspec.Struct, rename="camel"):
    qty_step: str = ""
    base_precision: str = ""
    min_order_qty: str = ""


class _Instrument(msgspec.Struct, rename="camel"):
    symbol: str
    status: str
    base_coin: str
    quote_coin: str
    price_filter: _PriceFilter
    lot_size_filter: _LotSizeFilter
    settle_coin: str = ""
    contract_type: str = ""
    options_type: str = ""
    delivery_time: str = ""
    launch_time: str = ""


class _List(msgspec.Struct, rename="camel"):
    rows: list[_Instrument] = msgspec.field(name="list", default_factory=list)
    category: str = ""
    next_page_cursor: str | None = None


class _Answer(msgspec.Struct, rename="camel"):
    ret_code: int
    ret_msg: str = ""
    result: _List = msgspec.field(default_factory=_List)


def parse(body: bytes) -> list[InstrumentDefinition]:
    """Read one page.

    Raises:
        VenueError: the answer is a refusal, or not of the form that is known.
    """
    return [_definition(each) for each in _answer(body).result.rows]


def next_page(url: str, body: bytes) -> str | None:
    """Give the URL of the page behind this one, or None behind the last.

    Raises:
        VenueError: as :func:`parse`.
    """
    cursor = _answer(body).result.next_page_cursor
    if not cursor:
        return None
    parts = urlsplit(url)
    kept = [each for each in parts.query.split("&") if not each.startswith("cursor=")]
    # The cursor comes encoded already from some of the venue's lists, and not from others.
    encoded = cursor if "%" in cursor else quote(cursor, safe="")
    return parts._replace(query="&".join([*kept, f"cursor={encoded}"])).geturl()


def _answer(body: bytes) -> _Answer:
    answer = decode_answer(body, _Answer, where=_WHERE)
    if answer.ret_code:
        raise VenueError(
            "the venue refuses",
            where="bybit",
            got=in_one_line(f"{answer.ret_code}: {answer.ret_msg}"),
        )
    return answer


def _definition(each: _Instrument) -> InstrumentDefinition:
    kind = _kind(each)
    tick = decimal_or_none(each.price_filter.tick_size)
    lots = each.lot_size_filter
    lot = decimal_or_none(lots.qty_step or lots.base_precision)
    is_inverse = each.contract_type.startswith("Inverse")
    return InstrumentDefinition(
        symbol=each.symbol,
        kind=kind,
        base=each.base_coin,
        quote=each.quote_coin,
        settlement=each.settle_coin or each.quote_coin,
        tick_size=positive(tick),
        lot_size=positive(lot),
        min_size=decimal_or_none(lots.min_order_qty),
        contract_size=None if kind == SPOT else Decimal(1),
        price_exponent=exponent_of(tick),
        size_exponent=exponent_of(lot),
        is_inverse=is_inverse,
        # A perpetual has one when it is about to be delisted.
        expiry_ns=ms_to_ns(int(each.delivery_time or 0)) if kind in {FUTURE, OPTION} else None,
        created_ns=ms_to_ns(int(each.launch_time or 0)),
        strike=Decimal(each.symbol.split("-")[2]) if kind == OPTION else None,
        option_type=_OPTION_TYPES.get(each.options_type, NO_OPTION),
        state=each.status,
        is_trading=each.status == "Trading",
    )


def _kind(each: _Instrument) -> int:
    if each.options_type:
        return OPTION
    if not each.contract_type:
        return SPOT
    return PERPETUAL if each.contract_type.endswith("Perpetual") else FUTURE
