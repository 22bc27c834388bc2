"""A venue's definitions become rows before the first message; without them symbols still come."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import numpy as np
import pytest

from tests.unit.runtime.live import make_config
from zerofeed.feed import _instrument_kernels as kernels
from zerofeed.feed.instruments import InstrumentTable, lookup_words
from zerofeed.records.instruments import INSTRUMENT_ROW, PERPETUAL
from zerofeed.records.units import UNDEF
from zerofeed.runtime.config import parse_tree
from zerofeed.runtime.venue_instruments import define_for, define_instruments, definition_row
from zerofeed.venues.definition import InstrumentDefinition

__all__: list[str] = []

BTC = InstrumentDefinition(
    symbol="BTC-PERP",
    kind=PERPETUAL,
    base="BTC",
    quote="USD",
    settlement="BTC",
    tick_size=Decimal("0.5"),
    lot_size=Decimal("0.001"),
    min_size=Decimal("0.001"),
    price_exponent=-1,
    size_exponent=-3,
    state="open",
    is_trading=True,
    aliases=("XBT-PERP",),
)


@pytest.fixture
def table():
    """Words and lookup of an empty table for eight instruments."""
    words = np.zeros(8, INSTRUMENT_ROW).view(np.int64)
    lookup = np.zeros(lookup_words(8), np.int64)
    assert kernels.initialise(words, lookup) >= 0
    return words, lookup


def rows_of(table) -> InstrumentTable:
    return InstrumentTable(table[0].view(INSTRUMENT_ROW), table[1])


def test_a_row_says_what_the_definition_says() -> None:
    row = definition_row(BTC).view(INSTRUMENT_ROW)[0]
    assert (row["symbol"], row["kind"], row["quote"]) == (b"BTC-PERP", PERPETUAL, b"USD")
    assert (row["tick_size"], row["min_size"]) == (5, 1)
    assert (row["expiry_ns"], row["created_ns"]) == (UNDEF, UNDEF)


def test_a_time_that_ns_cannot_say_is_undefined() -> None:
    """Deribit gives perpetuals and spot the year 3000."""
    far = dataclasses.replace(BTC, expiry_ns=32_503_708_800_000 * 1_000_000)
    row = definition_row(far).view(INSTRUMENT_ROW)[0]
    assert row["expiry_ns"] == UNDEF


def test_only_what_is_subscribed_to_is_defined_and_what_is_not_listed_is_told(table) -> None:
    missing = define_instruments([BTC], ["ETH-PERP"], *table, has_own_digits=False)
    assert missing == ["ETH-PERP"]
    assert define_instruments([BTC], ["BTC-PERP"], *table, has_own_digits=False) == []
    assert rows_of(table).row("BTC-PERP").size_exponent == -3


def test_an_alias_is_defined_under_the_name_that_messages_use(table) -> None:
    assert define_instruments([BTC], ["XBT-PERP"], *table, has_own_digits=False) == []
    assert rows_of(table).row("XBT-PERP").symbol == "XBT-PERP"


def test_what_a_venue_names_by_a_number_is_found_by_it(table) -> None:
    numbered = dataclasses.replace(BTC, number=10_459)
    options = {"has_own_digits": False, "is_numbered": True}
    assert define_instruments([numbered], ["BTC-PERP"], *table, **options) == []
    assert rows_of(table).row("BTC-PERP").venue_key == 10_459
    assert define_instruments([BTC], ["BTC-PERP"], *table, **options) == ["BTC-PERP"]


@pytest.mark.parametrize(("has_own_digits", "exponent"), [(True, -1), (False, -8)])
def test_prices_have_eight_decimals_unless_a_checksum_is_over_digits(
    table, has_own_digits: bool, exponent: int
) -> None:
    define_instruments([BTC], ["BTC-PERP"], *table, has_own_digits=has_own_digits)
    assert rows_of(table).row("BTC-PERP").price_exponent == exponent


def test_a_feed_of_no_venue_defines_nothing(table) -> None:
    assert define_for(make_config(port=1), *table) == []


def venue_config(**keys):
    tree = {"service": "kraken-futures", "symbols": ["PI_XBTUSD"], "ws_url": "ws://127.0.0.1:1"}
    return parse_tree({"venue": tree | keys})


def test_a_feed_that_does_not_want_definitions_asks_for_none(table) -> None:
    config = venue_config(rest_url="http://127.0.0.1:1", instruments=False)
    assert define_for(config, *table) == []


@pytest.mark.slow
def test_a_venue_that_does_not_answer_is_one_line_and_no_error(table) -> None:
    (line,) = define_for(venue_config(rest_url="http://127.0.0.1:1"), *table)
    assert line.startswith("no definitions of instruments: ")
    assert line.endswith("prices and sizes have 8 decimals")
