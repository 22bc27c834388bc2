import json

import pytest

from zerofeed.records.instruments import FUTURE, OPTION, PERPETUAL, SPOT
from zerofeed.venues.bybit.service import BYBIT, BYBIT_INVERSE, BYBIT_LINEAR, BYBIT_OPTION
from zerofeed.venues.catalogue import SERVICES
from zerofeed.venues.service import Service

__all__: list[str] = []


def args(text: str) -> list[str]:
    request = json.loads(text)
    assert request["op"] == "subscribe"
    return list(request["args"])


@pytest.mark.parametrize(
    ("service", "path"),
    [
        (BYBIT, "spot"),
        (BYBIT_LINEAR, "linear"),
        (BYBIT_INVERSE, "inverse"),
        (BYBIT_OPTION, "option"),
    ],
)
def test_each_category_has_its_path(service: Service, path: str) -> None:
    (connection,) = service.subscribe(["book"], [service.symbol_example])
    assert connection.url == f"wss://stream.bybit.com/v5/public/{path}"
    (url, *_) = service.instruments_requests()
    assert f"/v5/market/instruments-info?category={path}&limit=1000" in url


def test_topics_are_named_with_the_symbol() -> None:
    (connection,) = BYBIT_LINEAR.subscribe(
        ["trades", "book", "bbo", "mark", "index", "funding", "open_interest", "liquidations"],
        ["btcusdt"],
    )
    assert args(connection.texts[0]) == [
        "publicTrade.BTCUSDT",
        "orderbook.50.BTCUSDT",
        "orderbook.1.BTCUSDT",
        "tickers.BTCUSDT",
        "allLiquidation.BTCUSDT",
    ]


def test_trades_of_options_are_asked_for_by_the_coin() -> None:
    symbols = ["BTC-26DEC25-100000-C-USDT", "BTC-26DEC25-90000-P-USDT"]
    (connection,) = BYBIT_OPTION.subscribe(["trades", "greeks"], symbols)
    assert args(connection.texts[0]) == [
        "publicTrade.BTC",
        "tickers.BTC-26DEC25-100000-C-USDT",
        "tickers.BTC-26DEC25-90000-P-USDT",
    ]


def test_requests_and_connections_stay_within_the_limits() -> None:
    planned = BYBIT.subscribe(None, [f"C{k}USDT" for k in range(200)])
    sizes = [[len(args(text)) for text in each.texts] for each in planned]
    assert sum(map(sum, sizes)) == 600
    assert all(sum(each) <= 400 and max(each) <= 10 for each in sizes)
    # The venue counts the bytes of all topics of a connection.
    most = max(sum(len(topic) for text in each.texts for topic in args(text)) for each in planned)
    assert most <= 21_000


def test_a_book_begins_anew_by_leaving_and_coming_back() -> None:
    leave, come = (json.loads(text) for text in BYBIT_OPTION.resync("BTC-26DEC25-1-C").texts)
    assert (leave["op"], come["op"]) == ("unsubscribe", "subscribe")
    assert leave["args"] == come["args"] == ["orderbook.100.BTC-26DEC25-1-C"]


@pytest.mark.parametrize(
    ("service", "symbol", "kind"),
    [
        (BYBIT, "BTCUSDT", SPOT),
        (BYBIT_LINEAR, "BTCUSDT", PERPETUAL),
        (BYBIT_LINEAR, "BTCPERP", PERPETUAL),
        (BYBIT_LINEAR, "BTC-26DEC25", FUTURE),
        (BYBIT_LINEAR, "BTCUSDT-26DEC25", FUTURE),
        (BYBIT_INVERSE, "BTCUSD", PERPETUAL),
        (BYBIT_INVERSE, "BTCUSDZ25", FUTURE),
        (BYBIT_INVERSE, "ETHUSDH26", FUTURE),
        (BYBIT_OPTION, "BTC-26DEC25-100000-C", OPTION),
        (BYBIT_OPTION, "BTC-26DEC25-100000-P-USDT", OPTION),
    ],
)
def test_a_symbol_tells_its_kind(service: Service, symbol: str, kind: int) -> None:
    assert service.check_symbol(symbol) == symbol
    assert service.kind_of(symbol) == kind


@pytest.mark.parametrize(
    ("name", "category"),
    [("bybit", "spot"), ("bybit-linear", "linear"), ("bybit-inverse", "inverse")],
)
def test_sbe_has_topics_of_its_own_names(name: str, category: str) -> None:
    sbe = SERVICES[name].in_encoding("sbe").at(ws_url="wss://mine.example")
    (connection,) = sbe.subscribe(None, ["BTCUSDT"])
    assert connection.url == f"wss://mine.example/v5/public-sbe/{category}"
    assert json.loads(connection.texts[0])["args"] == [
        "publicTrade.sbe.BTCUSDT", "ob.50.sbe.BTCUSDT", "ob.rpi.1.sbe.BTCUSDT"
    ]  # fmt: skip
