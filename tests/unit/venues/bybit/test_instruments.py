import json
from decimal import Decimal
from typing import Any

import pytest

from zerofeed.base.errors import VenueError
from zerofeed.records.instruments import FUTURE, OPTION, PERPETUAL, SPOT
from zerofeed.venues.bybit.instruments import next_page, parse
from zerofeed.venues.definition import CALL, InstrumentDefinition

__all__: list[str] = []

URL = "https://api.bybit.com/v5/market/instruments-info?category=linear&limit=1000"


def answer(*rows: dict[str, Any], cursor: str | None = "") -> bytes:
    result = {"category": "linear", "list": list(rows), "nextPageCursor": cursor}
    return json.dumps({"retCode": 0, "retMsg": "OK", "result": result, "time": 1}).encode()


def one(**fields: Any) -> InstrumentDefinition:
    row = {
        "symbol": "BTCUSDT",
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": "BTC",
        "quoteCoin": "USDT",
        "settleCoin": "USDT",
        "launchTime": "1585526400000",
        "deliveryTime": "0",
        "priceScale": "2",
        "priceFilter": {"minPrice": "0.10", "maxPrice": "1999999.80", "tickSize": "0.10"},
        "lotSizeFilter": {"maxOrderQty": "1190", "minOrderQty": "0.001", "qtyStep": "0.001"},
        **fields,
    }
    (definition,) = parse(answer(row))
    return definition


def test_a_linear_perpetual() -> None:
    assert one() == InstrumentDefinition(
        symbol="BTCUSDT",
        kind=PERPETUAL,
        base="BTC",
        quote="USDT",
        settlement="USDT",
        tick_size=Decimal("0.1"),
        lot_size=Decimal("0.001"),
        min_size=Decimal("0.001"),
        contract_size=Decimal(1),
        price_exponent=-1,
        size_exponent=-3,
        created_ns=1_585_526_400_000_000_000,
        state="Trading",
        is_trading=True,
    )


def test_a_perpetual_that_will_be_delisted_does_not_expire() -> None:
    assert one(deliveryTime="1766736000000").expiry_ns is None


def test_an_inverse_future() -> None:
    future = one(
        symbol="BTCUSDZ25",
        contractType="InverseFutures",
        quoteCoin="USD",
        settleCoin="BTC",
        deliveryTime="1766736000000",
    )
    assert (future.kind, future.is_inverse, future.settlement) == (FUTURE, True, "BTC")
    assert future.expiry_ns == 1_766_736_000_000_000_000


def test_an_option_has_the_strike_of_its_symbol() -> None:
    option = one(
        symbol="BTC-26DEC25-100000-C-USDT",
        contractType="",
        optionsType="Call",
        deliveryTime="1766736000000",
    )
    assert (option.kind, option.option_type, option.strike) == (OPTION, CALL, Decimal(100_000))


def test_a_spot_pair_has_a_precision_in_place_of_a_step() -> None:
    lots = {"basePrecision": "0.000001", "quotePrecision": "0.0000001", "minOrderQty": "0.00001"}
    pair = one(contractType="", lotSizeFilter=lots, settleCoin="", deliveryTime="", launchTime="")
    assert (pair.kind, pair.settlement, pair.contract_size) == (SPOT, "USDT", None)
    assert (pair.lot_size, pair.size_exponent) == (Decimal("0.000001"), -6)
    assert (pair.expiry_ns, pair.created_ns) == (None, None)


def test_a_cursor_leads_to_the_next_page_and_none_ends() -> None:
    assert next_page(URL, answer(cursor="first=A&1")) == f"{URL}&cursor=first%3DA%261"
    second = f"{URL}&cursor=first%3DA%261"
    assert next_page(second, answer(cursor="b%3D2")) == f"{URL}&cursor=b%3D2"
    assert next_page(second, answer()) is None
    assert next_page(second, answer(cursor=None)) is None


@pytest.mark.parametrize("read", [parse, lambda body: next_page(URL, body)])
def test_a_refusal_says_what_the_venue_says(read: Any) -> None:
    with pytest.raises(VenueError, match=r"bybit: the venue refuses; got 10006: Too many visits!"):
        read(b'{"retCode":10006,"retMsg":"Too many visits!","result":{}}')
