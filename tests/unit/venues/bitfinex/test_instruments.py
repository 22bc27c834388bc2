import json
from decimal import Decimal
from typing import Any

import pytest

from zerofeed.base.errors import VenueError
from zerofeed.records.instruments import PERPETUAL, SPOT
from zerofeed.records.units import from_decimal
from zerofeed.venues.bitfinex.instruments import PRICE_EXPONENT, SIZE_EXPONENT, parse
from zerofeed.venues.bitfinex.service import BITFINEX
from zerofeed.venues.definition import InstrumentDefinition

__all__: list[str] = []

COLUMNS = [None, None, None, "0.00006", "2000.0", None, None, None, 0.2, 0.1, None, None]


def answer(pair: str, columns: list[Any] = COLUMNS) -> bytes:
    return json.dumps([[[pair, columns]]]).encode()


def test_a_pair_has_a_smallest_size_and_no_tick() -> None:
    assert parse(answer("BTCUSD")) == [
        InstrumentDefinition(
            symbol="tBTCUSD",
            kind=SPOT,
            base="BTC",
            quote="USD",
            settlement="USD",
            tick_size=None,
            lot_size=Decimal("0.00000001"),
            min_size=Decimal("0.00006"),
            price_exponent=PRICE_EXPONENT,
            size_exponent=SIZE_EXPONENT,
            state="listed",
            is_trading=True,
        )
    ]


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        ("DUSK:USD", ("DUSK", "USD", SPOT)),
        ("BTCF0:USTF0", ("BTCF0", "USTF0", PERPETUAL)),
        ("ETHUST", ("ETH", "UST", SPOT)),
    ],
)
def test_a_colon_parts_longer_names(pair: str, expected: tuple[str, str, int]) -> None:
    (found,) = parse(answer(pair))
    assert (found.base, found.quote, found.kind) == expected


def test_a_pair_without_a_smallest_size() -> None:
    (found,) = parse(answer("BTCUSD", [None] * 12))
    assert found.min_size is None


@pytest.mark.parametrize("price", ["0.00000040123", "15712000", "97012"])
def test_the_exponent_fits_the_cheapest_and_the_dearest_price(price: str) -> None:
    assert from_decimal(price, PRICE_EXPONENT) > 0


@pytest.mark.parametrize("body", [b'["error",11010,"ratelimit: error"]', answer("X", [])])
def test_what_is_no_list_is_reported(body: bytes) -> None:
    with pytest.raises(VenueError, match="bitfinex"):
        BITFINEX.parse_instruments(body)
