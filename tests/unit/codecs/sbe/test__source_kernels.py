"""What a source reads, and what it does not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.codecs.sbe.dialects import MARKET, Decoder
from zerofeed.codecs.sbe import meaning as m
from zerofeed.codecs.sbe.dialect import Dialect
from zerofeed.codecs.sbe.encoder import encode
from zerofeed.records import kinds
from zerofeed.records.units import UNDEF

__all__: list[str] = []


def tick(version: int = 1, **values: Any) -> bytes:
    usual: dict[str, Any] = {
        "time": 1, "price": 2, "priceExponent": 0, "size": 3, "sizeDecimals": 0, "id": 5,
        "side": "buy", "letter": "new", "maybe": 6, "nine": {"mantissa": 5},
        "decimal": {"mantissa": 1, "exponent": 0}, "name": "NAME", "late": 7, "symbol": "S",
    }  # fmt: skip
    return encode(MARKET, "Tick", {**usual, **values}, version=version)


def decoder_of(symbol: str | None = None, **body: m.Value) -> Decoder:
    emit = m.Emit(kinds.TRADE, **body)
    return Decoder(Dialect(MARKET, [m.Message("Tick", symbol=symbol, emits=[emit])]))


@pytest.mark.parametrize(
    ("source", "values", "expected"),
    [
        ("price", {"price": -(2**63) + 1}, -(2**63) + 1),
        ("id", {"id": None}, UNDEF),
        ("id", {"id": 2**63 - 1}, 2**63 - 1),
        ("side", {"side": "sell"}, 2),
        ("side", {"side": None}, UNDEF),
        ("side", {"side": 9}, 9),
        ("letter", {"letter": "gone"}, ord("D")),
        ("maybe", {"maybe": None}, UNDEF),
        ("late", {"late": 7}, 7),
        ("late", {"late": None}, UNDEF),
        ("decimal.exponent", {"decimal": {"mantissa": 1, "exponent": -7}}, -7),
    ],
)
def test_a_number_is_itself_or_undefined(
    source: str, values: dict[str, Any], expected: int
) -> None:
    _, records = decoder_of(trade_id=m.Whole(source)).take(tick(**values))
    assert records["trade_id"].tolist() == [expected]


def test_a_number_that_int64_does_not_hold_is_counted() -> None:
    decoder = decoder_of(trade_id=m.Whole("id"))
    _, records = decoder.take(tick(id=2**63))
    assert (records["trade_id"][0], decoder.out_of_range) == (UNDEF, 1)


def test_a_field_of_a_later_version_is_not_read_out_of_padding() -> None:
    """Version 0 has sent the same bytes as padding: the length alone does not tell."""
    sent = bytearray(tick())
    assert int.from_bytes(sent[6:8], "little") == 1
    sent[6] = 0
    # Version 0 has no second text: its length byte is left behind the message, which nobody minds.
    _, records = decoder_of(trade_id=m.Whole("late")).take(bytes(sent))
    assert records["trade_id"].tolist() == [UNDEF]


@pytest.mark.parametrize(
    ("symbol", "values", "expected"),
    [
        ("symbol", {"symbol": "BTCUSDT"}, "BTCUSDT"),
        ("name", {"name": "ABCDEFGHIJKL"}, "ABCDEFGHIJKL"),
        ("name", {"name": "AB  "}, "AB"),
        ("other", {"other": "late"}, "late"),
    ],
)
def test_a_symbol_is_data_or_a_text_without_its_padding(
    symbol: str, values: dict[str, Any], expected: str
) -> None:
    decoder = decoder_of(symbol)
    decoder.take(tick(**values))
    assert [each.symbol for each in decoder.instruments] == [expected]


@pytest.mark.parametrize(
    ("symbol", "values", "version"),
    [
        ("symbol", {"symbol": ""}, 1),
        ("name", {"name": ""}, 1),
        ("name", {"name": "   "}, 1),
        ("other", {}, 0),
        ("id", {"id": None}, 1),
    ],
)
def test_what_is_empty_or_not_sent_is_no_symbol(
    symbol: str, values: dict[str, Any], version: int
) -> None:
    decoder = decoder_of(symbol)
    assert len(decoder.take(tick(version, **values))[1]) == 0
    assert decoder.refused == [1]
