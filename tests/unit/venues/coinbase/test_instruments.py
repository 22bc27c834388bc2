import json
from decimal import Decimal
from typing import Any

import pytest

from zerofeed.base.errors import VenueError
from zerofeed.records.instruments import SPOT
from zerofeed.venues.coinbase.instruments import parse
from zerofeed.venues.definition import InstrumentDefinition

__all__: list[str] = []


def one(**fields: Any) -> InstrumentDefinition:
    row = {
        "id": "BTC-USD",
        "base_currency": "BTC",
        "quote_currency": "USD",
        "quote_increment": "0.01000000",
        "base_increment": "0.00000001",
        "display_name": "BTC/USD",
        "min_market_funds": "1",
        "status": "online",
        "trading_disabled": False,
        **fields,
    }
    (definition,) = parse(json.dumps([row]).encode())
    return definition


def test_a_product_has_its_increments() -> None:
    assert one() == InstrumentDefinition(
        symbol="BTC-USD",
        kind=SPOT,
        base="BTC",
        quote="USD",
        settlement="USD",
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.00000001"),
        min_size=Decimal("0.00000001"),
        price_exponent=-2,
        size_exponent=-8,
        state="online",
        is_trading=True,
    )


@pytest.mark.parametrize("fields", [{"status": "delisted"}, {"trading_disabled": True}])
def test_a_product_that_is_closed_does_not_trade(fields: dict[str, Any]) -> None:
    assert not one(**fields).is_trading


def test_a_refusal_is_no_list() -> None:
    with pytest.raises(VenueError, match=r"coinbase, products.*Rate limit"):
        parse(b'{"message":"Rate limit exceeded"}')
