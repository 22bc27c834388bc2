"""Every field of every kind has one unit, whatever record it stands in."""

from __future__ import annotations

import pytest

from zerofeed.records import kinds
from zerofeed.records.dtypes import BODY
from zerofeed.records.fields import NUMBER, PRICE, RATE, ROW, SIZE, TIME, UNITS, own_fields


def test_every_body_field_has_a_unit_and_no_other_name_has() -> None:
    assert set(UNITS) == {name for names in BODY.values() for name in names}
    assert set(UNITS.values()) == {PRICE, SIZE, RATE, TIME, ROW, NUMBER}


@pytest.mark.parametrize("name", UNITS)
def test_a_name_says_its_unit(name: str) -> None:
    if name.endswith("price") or name == "tick_size":
        assert UNITS[name] == PRICE
    elif name.endswith("size") or name == "open_interest":
        assert UNITS[name] == SIZE
    elif name.endswith("_ns"):
        assert UNITS[name] == TIME
    elif "rate" in name:
        assert UNITS[name] == RATE
    elif name.endswith("instrument"):
        assert UNITS[name] == ROW
    else:
        assert UNITS[name] == NUMBER


def test_own_fields_are_those_besides_price_and_size() -> None:
    assert own_fields(kinds.TRADE) == ("trade_id", "trade_seq")
    assert own_fields(kinds.BBO) == ("bid_price", "bid_size", "ask_price", "ask_size")
    assert own_fields(kinds.INDEX) == ()


def test_an_unknown_kind_has_no_fields_of_its_own() -> None:
    assert own_fields(200) == ()
