"""The numbers of kinds are part of the format; their names are how people ask for them."""

from __future__ import annotations

import pytest

from zerofeed.records import kinds
from zerofeed.records.kinds import KIND_NAMES, kind_code

NUMBERS = {
    "trade": 1,
    "level": 2,
    "order": 3,
    "quote": 4,
    "bbo": 5,
    "mark": 6,
    "funding": 7,
    "open_interest": 8,
    "limits": 9,
    "index": 10,
    "liquidation": 11,
    "status": 12,
    "instrument": 13,
    "combo_leg": 14,
    "rfq": 15,
    "gap": 16,
    "reset": 17,
    "epoch": 18,
    "disconnect": 19,
    "greeks": 20,
    "volatility": 21,
    "trade_break": 22,
    "imbalance": 23,
    "indicative": 24,
    "statistic": 25,
    "recovered": 40,
}


def test_no_kind_ever_changes_its_number() -> None:
    assert {name: code for code, name in KIND_NAMES.items()} == NUMBERS


@pytest.mark.parametrize("name", NUMBERS)
def test_a_kind_is_a_constant_of_its_name(name: str) -> None:
    assert getattr(kinds, name.upper()) == NUMBERS[name]


@pytest.mark.parametrize("spelling", ["open_interest", "open-interest", " Open_Interest "])
def test_kind_is_found_in_any_spelling(spelling: str) -> None:
    assert kind_code(spelling) == kinds.OPEN_INTEREST


def test_unknown_kind_is_refused_with_those_that_exist() -> None:
    with pytest.raises(KeyError, match=r"unknown record kind 'trades'.*trade, level"):
        kind_code("trades")


def test_sides_and_actions_are_databentos_letters() -> None:
    assert bytes([kinds.BID, kinds.ASK, kinds.NO_SIDE]) == b"BAN"
    actions = [
        kinds.ACTION_ADD,
        kinds.ACTION_MODIFY,
        kinds.ACTION_CANCEL,
        kinds.ACTION_CLEAR,
        kinds.ACTION_TRADE,
        kinds.ACTION_FILL,
        kinds.ACTION_NONE,
    ]
    assert bytes(actions) == b"AMCRTFN"


def test_every_kind_fits_the_bits_of_a_filter() -> None:
    assert max(KIND_NAMES) < 63
