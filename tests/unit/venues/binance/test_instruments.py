import json
from decimal import Decimal
from typing import Any

import pytest

from zerofeed.base.errors import VenueError
from zerofeed.records.instruments import FUTURE, PERPETUAL, SPOT
from zerofeed.venues.binance.instruments import parse_coinm, parse_spot, parse_usdm
from zerofeed.venues.definition import InstrumentDefinition

__all__: list[str] = []


def answer(**fields: Any) -> bytes:
    """An answer with one symbol, in the venue's form but for these fields."""
    symbol = {
        "symbol": "BTCUSDT",
        "status": "TRADING",
        "baseAsset": "BTC",
        "quoteAsset": "USDT",
        "quotePrecision": 8,
        "orderTypes": ["LIMIT", "MARKET"],
        "filters": [
            {"filterType": "MARKET_LOT_SIZE", "minQty": "0", "maxQty": "9", "stepSize": "0"},
            {
                "filterType": "PRICE_FILTER",
                "minPrice": "0.01",
                "maxPrice": "9",
                "tickSize": "0.01000000",
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": "0.00002000",
                "maxQty": "9",
                "stepSize": "0.00001000",
            },
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        ],
        **fields,
    }
    return json.dumps({"timezone": "UTC", "rateLimits": [], "symbols": [symbol]}).encode()


def test_a_spot_pair_has_the_steps_of_its_filters() -> None:
    assert parse_spot(answer()) == [
        InstrumentDefinition(
            symbol="BTCUSDT",
            kind=SPOT,
            base="BTC",
            quote="USDT",
            settlement="USDT",
            tick_size=Decimal("0.01"),
            lot_size=Decimal("0.00001"),
            min_size=Decimal("0.00002"),
            price_exponent=-2,
            size_exponent=-5,
            state="TRADING",
            is_trading=True,
        )
    ]


def test_a_pair_that_is_halted_does_not_trade() -> None:
    (halted,) = parse_spot(answer(status="BREAK"))
    assert (halted.state, halted.is_trading) == ("BREAK", False)


def test_a_pair_without_filters_has_no_steps() -> None:
    (bare,) = parse_spot(answer(filters=[]))
    assert (bare.tick_size, bare.lot_size, bare.min_size) == (None, None, None)
    assert (bare.price_exponent, bare.size_exponent) == (0, 0)


def test_a_perpetual_never_expires() -> None:
    body = answer(
        contractType="PERPETUAL",
        marginAsset="USDT",
        deliveryDate=4_133_404_800_000,
        onboardDate=1_569_398_400_000,
    )
    (perpetual,) = parse_usdm(body)
    assert (perpetual.kind, perpetual.expiry_ns) == (PERPETUAL, None)
    assert perpetual.created_ns == 1_569_398_400_000_000_000
    assert not perpetual.is_inverse


@pytest.mark.parametrize("contract", ["TRADIFI_PERPETUAL", "PERPETUAL_DELIVERING"])
def test_other_perpetuals_are_perpetuals(contract: str) -> None:
    (perpetual,) = parse_usdm(answer(contractType=contract, deliveryDate=4_133_404_800_000))
    assert (perpetual.kind, perpetual.expiry_ns) == (PERPETUAL, None)


def test_a_quarterly_future_expires() -> None:
    body = answer(
        symbol="BTCUSDT_240927",
        contractType="CURRENT_QUARTER",
        marginAsset="USDT",
        deliveryDate=1_727_424_000_000,
    )
    (future,) = parse_usdm(body)
    assert (future.kind, future.expiry_ns) == (FUTURE, 1_727_424_000_000_000_000)


def test_a_coin_margined_contract_is_inverse_and_counts_dollars() -> None:
    body = answer(
        symbol="BTCUSD_PERP",
        status="",
        contractStatus="TRADING",
        contractType="PERPETUAL",
        contractSize=100,
        quoteAsset="USD",
        marginAsset="BTC",
        filters=[
            {"filterType": "PRICE_FILTER", "tickSize": "0.1"},
            {"filterType": "LOT_SIZE", "stepSize": "1", "minQty": "1"},
        ],
    )
    (perpetual,) = parse_coinm(body)
    assert perpetual.is_inverse
    assert perpetual.contract_size == Decimal(100)
    assert (perpetual.settlement, perpetual.quote) == ("BTC", "USD")
    assert (perpetual.price_exponent, perpetual.size_exponent) == (-1, 0)
    assert perpetual.is_trading


@pytest.mark.parametrize("parse", [parse_spot, parse_usdm, parse_coinm])
def test_a_refusal_is_no_list_of_instruments(parse: Any) -> None:
    with pytest.raises(VenueError, match="symbols"):
        parse(b'{"code":-1003,"msg":"Too many requests"}')
