import json
from decimal import Decimal
from typing import Any

import pytest

from zerofeed.base.errors import VenueError
from zerofeed.records.instruments import FUTURE, OPTION, PERPETUAL, SPOT
from zerofeed.records.units import UNDEF
from zerofeed.venues.definition import CALL, InstrumentDefinition
from zerofeed.venues.okx.instruments import PATHS, parse

__all__: list[str] = []

EMPTY = dict.fromkeys(
    [
        "alias", "baseCcy", "ctMult", "ctType", "ctVal", "ctValCcy", "expTime", "instFamily",
        "lever", "listTime", "optType", "quoteCcy", "settleCcy", "stk", "uly",
    ],
    "",
)  # fmt: skip


def one(**fields: Any) -> InstrumentDefinition:
    row = {
        **EMPTY,
        "instType": "SPOT",
        "instId": "BTC-USDT",
        "tickSz": "0.1",
        "lotSz": "0.00000001",
        "minSz": "0.00001",
        "state": "live",
        **fields,
    }
    (definition,) = parse(json.dumps({"code": "0", "msg": "", "data": [row]}).encode())
    return definition


def test_a_spot_pair() -> None:
    assert one(baseCcy="BTC", quoteCcy="USDT", listTime="1548133413000") == InstrumentDefinition(
        symbol="BTC-USDT",
        kind=SPOT,
        base="BTC",
        quote="USDT",
        settlement="USDT",
        tick_size=Decimal("0.1"),
        lot_size=Decimal("1e-8"),
        min_size=Decimal("0.00001"),
        price_exponent=-1,
        size_exponent=-8,
        created_ns=1_548_133_413_000_000_000,
        state="live",
        is_trading=True,
    )


def test_a_perpetual_counts_contracts_of_the_base_asset() -> None:
    swap = one(
        instType="SWAP", instId="BTC-USDT-SWAP", uly="BTC-USDT", settleCcy="USDT", lotSz="0.01",
        ctVal="0.01", ctMult="1", ctType="linear",
    )  # fmt: skip
    assert (swap.kind, swap.contract_size, swap.is_inverse) == (PERPETUAL, Decimal("0.01"), False)
    assert (swap.base, swap.quote, swap.settlement) == ("BTC", "USDT", "USDT")
    assert swap.size_exponent == -2
    assert swap.expiry_ns is None


def test_an_inverse_future_counts_contracts_of_dollars() -> None:
    future = one(
        instType="FUTURES", instId="BTC-USD-241227", uly="BTC-USD", settleCcy="BTC", lotSz="1",
        ctVal="100", ctMult="1", ctType="inverse", expTime="1735286400000",
    )  # fmt: skip
    assert (future.kind, future.contract_size, future.is_inverse) == (FUTURE, Decimal(100), True)
    assert future.expiry_ns == 1_735_286_400_000_000_000


def test_an_option_has_strike_side_and_a_contract_of_value_times_multiplier() -> None:
    option = one(
        instType="OPTION", instId="BTC-USD-241227-100000-C", uly="BTC-USD", settleCcy="BTC",
        tickSz="0.0001", lotSz="1", ctVal="1", ctMult="0.01", optType="C", stk="100000",
        expTime="1735286400000",
    )  # fmt: skip
    assert (option.kind, option.option_type, option.strike) == (OPTION, CALL, Decimal(100_000))
    assert option.contract_size == Decimal("0.01")
    assert (option.price_exponent, option.size_exponent) == (-4, -2)
    assert option.mantissas() == {
        "tick_size": 1,
        "strike_price": 1_000_000_000,
        "min_size": UNDEF,
        "contract_size": 1,
    }
    assert not option.is_inverse


def test_a_suspended_instrument_does_not_trade() -> None:
    assert not one(state="suspend").is_trading


def test_a_refusal_says_what_the_venue_says() -> None:
    with pytest.raises(VenueError, match=r"okx: the venue refuses; got 50011: Too Many Requests"):
        parse(b'{"code":"50011","msg":"Too Many Requests","data":[]}')


def test_every_sort_is_listed() -> None:
    assert len(PATHS) == len(set(PATHS)) == 5
    assert all(path.startswith("/api/v5/public/instruments?instType=") for path in PATHS)
