import json
from decimal import Decimal
from typing import Any

import pytest

from zerofeed.base.errors import VenueError
from zerofeed.records.instruments import COMBO, FUTURE, OPTION, PERPETUAL, SPOT
from zerofeed.venues.definition import PUT, InstrumentDefinition
from zerofeed.venues.deribit.instruments import parse

__all__: list[str] = []


def one(**fields: Any) -> InstrumentDefinition:
    row = {
        "instrument_name": "BTC-PERPETUAL",
        "instrument_id": 210838,
        "kind": "future",
        "instrument_type": "reversed",
        "settlement_period": "perpetual",
        "base_currency": "BTC",
        "quote_currency": "USD",
        "counter_currency": "USD",
        "settlement_currency": "BTC",
        "tick_size": 0.5,
        "tick_size_steps": [],
        "min_trade_amount": 10.0,
        "contract_size": 10.0,
        "creation_timestamp": 1_534_167_754_000,
        "expiration_timestamp": 32_503_708_800_000,
        "is_active": True,
        **fields,
    }
    (definition,) = parse(json.dumps({"jsonrpc": "2.0", "result": [row]}).encode())
    return definition


def test_an_inverse_perpetual_counts_dollars() -> None:
    assert one() == InstrumentDefinition(
        symbol="BTC-PERPETUAL",
        kind=PERPETUAL,
        base="BTC",
        quote="USD",
        settlement="BTC",
        tick_size=Decimal("0.5"),
        lot_size=Decimal(10),
        min_size=Decimal(10),
        contract_size=Decimal(10),
        price_exponent=-1,
        size_exponent=0,
        is_inverse=True,
        created_ns=1_534_167_754_000_000_000,
        state="open",
        is_trading=True,
    )


def test_a_future_expires() -> None:
    future = one(
        instrument_name="BTC-27DEC24",
        settlement_period="month",
        expiration_timestamp=1_735_286_400_000,
        tick_size=2.5,
    )
    assert (future.kind, future.expiry_ns) == (FUTURE, 1_735_286_400_000_000_000)
    assert future.price_exponent == -1


def test_an_option_counts_coins_and_has_its_finest_tick() -> None:
    option = one(
        instrument_name="BTC-27DEC24-100000-P",
        kind="option",
        settlement_period="month",
        quote_currency="BTC",
        tick_size=0.0005,
        tick_size_steps=[{"above_price": 0.005, "tick_size": 0.0001}],
        min_trade_amount=0.1,
        contract_size=1.0,
        strike=100000.0,
        option_type="put",
        expiration_timestamp=1_735_286_400_000,
    )
    assert (option.kind, option.option_type, option.strike) == (OPTION, PUT, Decimal(100_000))
    assert (option.tick_size, option.price_exponent) == (Decimal("0.0001"), -4)
    assert (option.lot_size, option.size_exponent) == (Decimal("0.1"), -1)
    assert not option.is_inverse


def test_a_linear_perpetual_counts_coins() -> None:
    linear = one(instrument_name="SOL_USDC-PERPETUAL", instrument_type="linear")
    assert (linear.kind, linear.is_inverse) == (PERPETUAL, False)


@pytest.mark.parametrize(
    ("kind", "expected"), [("spot", SPOT), ("option_combo", COMBO), ("future_combo", COMBO)]
)
def test_other_kinds(kind: str, expected: int) -> None:
    assert one(kind=kind, settlement_period="").kind == expected


def test_a_closed_instrument_does_not_trade() -> None:
    closed = one(is_active=False, state="closed")
    assert (closed.state, closed.is_trading) == ("closed", False)


def test_a_refusal_is_no_list() -> None:
    with pytest.raises(VenueError, match=r"deribit, instruments.*result.*too_many_requests"):
        parse(b'{"jsonrpc":"2.0","error":{"message":"too_many_requests","code":10028}}')
