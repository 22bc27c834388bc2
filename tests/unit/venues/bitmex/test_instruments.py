import json
from decimal import Decimal
from typing import Any

import pytest

from zerofeed.base.errors import VenueError
from zerofeed.records.instruments import COMBO, FUTURE, INDEX_INSTRUMENT, OPTION, PERPETUAL, SPOT
from zerofeed.venues.bitmex.instruments import parse
from zerofeed.venues.definition import PUT, InstrumentDefinition

__all__: list[str] = []


def one(**fields: Any) -> InstrumentDefinition:
    row = {
        "symbol": "XBTUSD",
        "rootSymbol": "XBT",
        "state": "Open",
        "typ": "FFWCSX",
        "listing": "2016-05-13T12:00:00.000Z",
        "expiry": None,
        "underlying": "XBT",
        "quoteCurrency": "USD",
        "settlCurrency": "XBt",
        "tickSize": 0.1,
        "lotSize": 100,
        "isInverse": True,
        "isQuanto": False,
        "underlyingToPositionMultiplier": None,
        "markPrice": 97000.12,
        **fields,
    }
    (definition,) = parse(json.dumps([row]).encode())
    return definition


def test_an_inverse_perpetual_counts_dollars() -> None:
    assert one() == InstrumentDefinition(
        symbol="XBTUSD",
        kind=PERPETUAL,
        base="XBT",
        quote="USD",
        settlement="XBt",
        tick_size=Decimal("0.1"),
        lot_size=Decimal(100),
        min_size=Decimal(100),
        contract_size=Decimal(1),
        price_exponent=-1,
        size_exponent=0,
        is_inverse=True,
        created_ns=1_463_140_800_000_000_000,
        state="Open",
        is_trading=True,
    )


def test_a_linear_contract_is_a_part_of_the_underlying() -> None:
    linear = one(symbol="XBTUSDT", isInverse=False, underlyingToPositionMultiplier=1_000_000)
    assert linear.contract_size == Decimal("0.000001")
    assert linear.mantissas()["contract_size"] == 1
    assert linear.mantissas()["min_size"] == 100_000_000


def test_a_quanto_has_no_fixed_contract() -> None:
    quanto = one(symbol="ETHUSD", isInverse=False, isQuanto=True, underlyingToPositionMultiplier=5)
    assert quanto.contract_size is None


def test_a_future_expires() -> None:
    future = one(symbol="XBTZ24", typ="FFCCSX", expiry="2024-12-27T12:00:00.000Z")
    assert (future.kind, future.expiry_ns) == (FUTURE, 1_735_300_800_000_000_000)


@pytest.mark.parametrize(
    ("symbol", "typ", "kind"),
    [
        ("XBT_USDT", "IFXXXP", SPOT),
        (".BXBT", "MRCXXX", INDEX_INSTRUMENT),
        ("XBTM25", "", FUTURE),
        ("SOLUSD", "FFWCSF", PERPETUAL),
        ("XBTM26-XBTU26", "FFMCSX", COMBO),
    ],
)
def test_the_kind_is_the_venues_code_or_the_symbols(symbol: str, typ: str, kind: int) -> None:
    assert one(symbol=symbol, typ=typ).kind == kind


def test_an_option_has_strike_and_side() -> None:
    option = one(
        symbol="XBT7D_P", typ="OPECCS", optionStrikePrice=95000, expiry="2024-12-27T12:00:00Z"
    )
    assert (option.kind, option.option_type, option.strike) == (OPTION, PUT, Decimal(95_000))


def test_an_index_says_little() -> None:
    missing = dict.fromkeys(
        ("underlying", "quoteCurrency", "settlCurrency", "lotSize", "isInverse", "isQuanto")
    )
    index = one(symbol=".BXBT", typ="MRCXXX", **missing)
    assert (index.base, index.lot_size, index.is_inverse) == ("", None, False)


def test_a_settled_instrument_does_not_trade() -> None:
    assert not one(state="Settled").is_trading


def test_a_refusal_is_no_list() -> None:
    with pytest.raises(VenueError, match=r"bitmex, instruments.*Rate limit"):
        parse(b'{"error":{"message":"Rate limit exceeded","name":"RateLimitError"}}')
