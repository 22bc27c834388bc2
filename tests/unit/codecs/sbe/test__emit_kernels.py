"""Rows read by a plan are those that are read one by one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.codecs.sbe.dialects import BIG_MARKET, MARKET, Decoder
from zerofeed.codecs.sbe import meaning as m
from zerofeed.codecs.sbe.dialect import Dialect
from zerofeed.codecs.sbe.encoder import encode
from zerofeed.codecs.sbe.model import Schema
from zerofeed.records import kinds
from zerofeed.records.units import UNDEF

__all__: list[str] = []

LARGEST = 2**63 - 1


def bids(schema: Schema, rows: list[tuple[int, int]], exponent: int, version: int = 1) -> bytes:
    values: dict[str, Any] = {
        "time": 5, "first": 7, "last": 9, "priceExponent": exponent, "sizeExponent": exponent,
        "number": 77, "side": "buy", "asks": [], "symbol": "ABC",
        "bids": [{"price": price, "qty": qty, "late": 4} for price, qty in rows],
    }  # fmt: skip
    return encode(schema, "Depth", values, version=version)


def decoder_of(schema: Schema, **body: m.Value) -> Decoder:
    emit = m.Emit(kinds.TRADE, rows="bids", **body)
    return Decoder(Dialect(schema, [m.Message("Depth", symbol="symbol", emits=[emit])]))


@pytest.mark.parametrize("schema", [MARKET, BIG_MARKET], ids=["little", "big"])
@pytest.mark.parametrize(
    ("exponent", "mantissa", "expected", "out_of_range"),
    [
        (-8, 5, 5, 0),
        (-8, -LARGEST, -LARGEST, 0),
        (-8, UNDEF, UNDEF, 0),
        (-2, 5, 5_000000, 0),
        (-2, LARGEST // 10**6, LARGEST // 10**6 * 10**6, 0),
        (-2, LARGEST // 10**6 + 1, UNDEF, 1),
        (10, 9, 9 * 10**18, 0),
        (10, 10, UNDEF, 1),
        (11, 0, 0, 0),
        (11, 1, UNDEF, 1),
        (-18, UNDEF, UNDEF, 0),
    ],
)
def test_a_mantissa_is_multiplied_as_far_as_it_fits(
    schema: Schema, exponent: int, mantissa: int, expected: int, out_of_range: int
) -> None:
    decoder = decoder_of(schema, price=m.Price("price", exponent="priceExponent"))
    decoder.take(bids(schema, [], 0))
    _, records = decoder.take(bids(schema, [(mantissa, 1)], exponent))
    assert records["price"].tolist() == [expected]
    assert decoder.out_of_range == out_of_range


@pytest.mark.parametrize("schema", [MARKET, BIG_MARKET], ids=["little", "big"])
@pytest.mark.parametrize(
    ("mantissa", "expected"),
    [(12000, 12), (-12000, -12), (12500, 12), (13500, 14), (12501, 13), (-12501, -13), (0, 0)],
)
def test_a_mantissa_is_divided_exactly_or_to_the_nearest(
    schema: Schema, mantissa: int, expected: int
) -> None:
    decoder = decoder_of(schema, size=m.Size("qty", exponent="sizeExponent"))
    decoder.take(bids(schema, [], 0))
    _, records = decoder.take(bids(schema, [(1, mantissa)], -11))
    assert records["size"].tolist() == [expected]


def test_a_field_that_no_entry_has_is_undefined_in_all() -> None:
    decoder = decoder_of(MARKET, trade_id=m.Whole("late"), price=m.Price("price"))
    _, records = decoder.take(bids(MARKET, [(1, 1), (2, 2)], 0, version=0))
    assert records["trade_id"].tolist()[1:] == [UNDEF, UNDEF]
    _, records = decoder.take(bids(MARKET, [(1, 1), (2, 2)], 0, version=1))
    assert records["trade_id"].tolist() == [4, 4]


def test_a_zero_that_means_nothing_is_undefined() -> None:
    decoder = decoder_of(MARKET, price=m.Price("price", is_zero_none=True))
    _, records = decoder.take(bids(MARKET, [(0, 1), (2, 2)], 0))
    assert records["price"].tolist()[1:] == [UNDEF, 2 * 10**8]
