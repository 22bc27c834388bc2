"""Kinds and sorts of instrument of a program's own live beside the shared ones, or are refused."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tests.unit.records.forgetful import nothing_defined
from zerofeed.base.errors import ConfigurationError
from zerofeed.feed.layout import parts_digest
from zerofeed.records import dtypes, fields, instruments, kinds
from zerofeed.records.dtypes import RECORD
from zerofeed.records.fields import NUMBER, PRICE, TIME
from zerofeed.records.instruments import INSTRUMENT_TYPES
from zerofeed.records.kinds import KIND_NAMES, kind_code
from zerofeed.records.own import (
    LAST_OWN_KIND,
    OWN_INSTRUMENT,
    OWN_KIND,
    OwnDefinitions,
    adopt,
    define_instrument_type,
    define_kind,
    own_definitions,
)
from zerofeed.records.select import of_kind

ODDS = {"yes_price": PRICE, "settles_ns": TIME}


@pytest.fixture(autouse=True)
def _forgetful() -> Iterator[None]:
    with nothing_defined():
        yield


def test_a_kind_has_a_name_and_a_body_like_any_other() -> None:
    assert define_kind(OWN_KIND, "odds", ODDS) == OWN_KIND
    assert kind_code("odds") == OWN_KIND
    assert fields.own_fields(OWN_KIND) == ("yes_price", "settles_ns")
    batch = np.zeros(2, RECORD)
    batch["kind"] = OWN_KIND, kinds.TRADE
    batch.view(np.int64).reshape(2, 8)[0, 4:6] = 62, 7
    (odds,) = of_kind(batch, OWN_KIND)
    assert (odds["yes_price"], odds["settles_ns"]) == (62, 7)


def test_the_same_definition_twice_is_one() -> None:
    define_kind(OWN_KIND, "odds", ODDS)
    define_kind(OWN_KIND, "odds", ODDS)
    define_instrument_type(OWN_INSTRUMENT, "event")
    define_instrument_type(OWN_INSTRUMENT, "event")
    assert own_definitions() == OwnDefinitions(
        {OWN_KIND: ("odds", ODDS)}, {OWN_INSTRUMENT: "event"}
    )


def test_definitions_are_no_part_of_the_layout() -> None:
    before = parts_digest()
    define_kind(OWN_KIND, "odds", ODDS)
    define_instrument_type(OWN_INSTRUMENT, "event")
    assert parts_digest() == before


def test_another_process_takes_them_over() -> None:
    adopt(OwnDefinitions({LAST_OWN_KIND: ("odds", ODDS)}, {200: "event"}))
    assert kind_code("odds") == LAST_OWN_KIND
    assert INSTRUMENT_TYPES[200] == "event"
    with pytest.raises(ConfigurationError, match="with other fields"):
        adopt(OwnDefinitions({LAST_OWN_KIND: ("odds", {"yes_price": PRICE})}))


def test_zerofeeds_own_numbers_are_below() -> None:
    assert max(KIND_NAMES) < OWN_KIND
    assert max(INSTRUMENT_TYPES) < OWN_INSTRUMENT
    assert dtypes.BODY.keys() == KIND_NAMES.keys()
    assert instruments.UNKNOWN_INSTRUMENT in INSTRUMENT_TYPES


@pytest.mark.parametrize(
    ("code", "name", "body", "why"),
    [
        (kinds.TRADE, "odds", ODDS, "expected 48 to 61; got 1"),
        (LAST_OWN_KIND + 1, "odds", ODDS, "expected 48 to 61; got 62"),
        (OWN_KIND, "trade", ODDS, "the name is taken; got the numbers 1 and 48"),
        (OWN_KIND, "Odds", ODDS, "not a name"),
        (OWN_KIND, "my odds", ODDS, "not a name"),
        (OWN_KIND, "odds", {}, "expected 1 to 4; got 0"),
        (OWN_KIND, "odds", dict.fromkeys("abcde", PRICE), "expected 1 to 4; got 5"),
        (OWN_KIND, "odds", {"yes": "cents"}, "no such unit for yes"),
        (OWN_KIND, "odds", {"seq": NUMBER}, "every record has a seq"),
        (OWN_KIND, "odds", {"price": NUMBER}, "has another unit elsewhere; expected price"),
    ],
)
def test_what_cannot_be_is_refused_and_defines_nothing(
    code: int, name: str, body: dict[str, str], why: str
) -> None:
    with pytest.raises(ConfigurationError, match=why):
        define_kind(code, name, body)
    assert own_definitions() == OwnDefinitions()


def test_a_number_has_one_name() -> None:
    define_kind(OWN_KIND, "odds", ODDS)
    with pytest.raises(ConfigurationError, match="the number 48 is taken; got 'odds' and 'even'"):
        define_kind(OWN_KIND, "even", ODDS)
    define_instrument_type(OWN_INSTRUMENT, "event")
    with pytest.raises(ConfigurationError, match="the number 128 is taken"):
        define_instrument_type(OWN_INSTRUMENT, "contest")
    with pytest.raises(ConfigurationError, match="expected 128 to 255; got 2"):
        define_instrument_type(instruments.PERPETUAL, "forever")
