import json
from decimal import Decimal
from typing import Any

import pytest

from zerofeed.base.errors import VenueError
from zerofeed.records.instruments import SPOT
from zerofeed.venues.definition import InstrumentDefinition
from zerofeed.venues.kraken.instruments import modern_symbol, parse

__all__: list[str] = []


def answer(key: str = "XXBTZUSD", **fields: Any) -> bytes:
    pair = {
        "altname": "XBTUSD",
        "wsname": "XBT/USD",
        "aclass_base": "currency",
        "base": "XXBT",
        "quote": "ZUSD",
        "pair_decimals": 1,
        "cost_decimals": 5,
        "lot_decimals": 8,
        "lot_multiplier": 1,
        "fees": [[0, 0.4]],
        "ordermin": "0.00005",
        "tick_size": "0.1",
        "status": "online",
        **fields,
    }
    return json.dumps({"error": [], "result": {key: pair}}).encode()


def test_a_pair_is_spelt_as_in_messages_and_keeps_its_other_names() -> None:
    assert parse(answer()) == [
        InstrumentDefinition(
            symbol="BTC/USD",
            kind=SPOT,
            base="BTC",
            quote="USD",
            settlement="USD",
            tick_size=Decimal("0.1"),
            lot_size=Decimal("0.00000001"),
            min_size=Decimal("0.00005"),
            price_exponent=-1,
            size_exponent=-8,
            state="online",
            is_trading=True,
            aliases=("XBT/USD", "XBTUSD", "XXBTZUSD"),
        )
    ]


def test_exponents_are_the_decimals_that_the_checksum_is_made_of() -> None:
    (pair,) = parse(answer(pair_decimals=4, tick_size="0.01", lot_decimals=5))
    assert (pair.price_exponent, pair.size_exponent) == (-4, -5)
    assert (pair.tick_size, pair.lot_size) == (Decimal("0.01"), Decimal("0.00001"))


def test_without_a_tick_the_last_decimal_is_one() -> None:
    (pair,) = parse(answer(pair_decimals=5, tick_size=None))
    assert pair.tick_size == Decimal("0.00001")


def test_a_pair_without_a_name_on_the_websocket_is_left_out() -> None:
    assert parse(answer(wsname="")) == []


def test_a_pair_that_takes_no_orders_does_not_trade() -> None:
    (pair,) = parse(answer(status="cancel_only"))
    assert not pair.is_trading


def test_only_whole_names_are_modernised() -> None:
    assert modern_symbol("XDG/XBT") == "DOGE/BTC"
    assert modern_symbol("XBTX/USD") == "XBTX/USD"


def test_a_refusal_says_what_the_venue_says() -> None:
    with pytest.raises(VenueError, match=r"kraken: the venue refuses; got EGeneral:Too many"):
        parse(b'{"error":["EGeneral:Too many requests"]}')
