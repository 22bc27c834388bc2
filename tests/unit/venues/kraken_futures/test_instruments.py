import json
from decimal import Decimal
from typing import Any

import pytest

from zerofeed.base.errors import VenueError
from zerofeed.records.instruments import FUTURE, INDEX_INSTRUMENT, PERPETUAL
from zerofeed.venues.definition import InstrumentDefinition
from zerofeed.venues.kraken_futures.instruments import parse

__all__: list[str] = []


def one(**fields: Any) -> InstrumentDefinition:
    row = {
        "symbol": "PF_XBTUSD",
        "type": "flexible_futures",
        "pair": "XBT:USD",
        "base": "XBT",
        "quote": "USD",
        "tickSize": 1,
        "contractSize": 1,
        "contractValueTradePrecision": 4,
        "tradeable": True,
        "openingDate": "2022-01-01T00:00:00.000Z",
        "marginLevels": [{"contracts": 0, "initialMargin": 0.02}],
        **fields,
    }
    row = {key: value for key, value in row.items() if value is not None}
    (definition,) = parse(json.dumps({"result": "success", "instruments": [row]}).encode())
    return definition


def test_a_flexible_perpetual_counts_the_base_asset() -> None:
    assert one() == InstrumentDefinition(
        symbol="PF_XBTUSD",
        kind=PERPETUAL,
        base="XBT",
        quote="USD",
        settlement="USD",
        tick_size=Decimal(1),
        lot_size=Decimal("0.0001"),
        min_size=Decimal("0.0001"),
        contract_size=Decimal(1),
        price_exponent=0,
        size_exponent=-4,
        created_ns=1_640_995_200_000_000_000,
        state="tradeable",
        is_trading=True,
    )


def test_an_inverse_future_expires_and_settles_in_coins() -> None:
    future = one(
        symbol="FI_XBTUSD_241227",
        type="futures_inverse",
        tickSize=0.5,
        contractValueTradePrecision=0,
        lastTradingTime="2024-12-27T16:00:00.000Z",
    )
    assert (future.kind, future.is_inverse, future.settlement) == (FUTURE, True, "XBT")
    assert future.expiry_ns == 1_735_315_200_000_000_000
    assert (future.price_exponent, future.size_exponent) == (-1, 0)


def test_a_negative_precision_means_lots_of_thousands() -> None:
    cheap = one(symbol="PF_SHIBUSD", tickSize=1e-9, contractValueTradePrecision=-3)
    assert (cheap.lot_size, cheap.size_exponent) == (Decimal(1_000), 0)
    assert (cheap.tick_size, cheap.price_exponent) == (Decimal("0.000000001"), -9)


@pytest.mark.parametrize(
    ("pair", "expected"), [("ETH:USD", ("ETH", "USD")), (None, ("XBT", "USD"))]
)
def test_currencies_are_found_where_they_are_not_named(
    pair: str | None, expected: tuple[str, str]
) -> None:
    older = one(base=None, quote=None, pair=pair)
    assert (older.base, older.quote) == expected


def test_an_index_is_no_contract() -> None:
    index = one(symbol="in_xbtusd", type="spot index", tickSize=None, tradeable=False, pair=None)
    assert (index.kind, index.tick_size, index.lot_size) == (INDEX_INSTRUMENT, None, None)
    assert not index.is_trading


def test_a_refusal_says_what_the_venue_says() -> None:
    with pytest.raises(
        VenueError, match=r"kraken-futures: the venue refuses; got apiLimitExceeded"
    ):
        parse(b'{"result":"error","error":"apiLimitExceeded"}')
