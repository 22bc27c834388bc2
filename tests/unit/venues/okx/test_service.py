import json
from typing import Any

import pytest

from zerofeed.base.errors import ConfigurationError, VenueError
from zerofeed.records.instruments import FUTURE, OPTION, PERPETUAL, SPOT
from zerofeed.venues.okx.service import OKX

__all__: list[str] = []

OPTION_SYMBOL = "BTC-USD-241227-100000-C"


def arguments(channels: list[str], *symbols: str) -> list[dict[str, Any]]:
    (connection,) = OKX.subscribe(channels, symbols)
    assert connection.url == "wss://ws.okx.com:8443/ws/v5/public"
    requests = [json.loads(text) for text in connection.texts]
    assert {request["op"] for request in requests} == {"subscribe"}
    return [argument for request in requests for argument in request["args"]]


def test_most_channels_are_named_with_the_instrument() -> None:
    assert arguments(["trades", "book", "bbo"], "btc-usdt") == [
        {"channel": "trades", "instId": "BTC-USDT"},
        {"channel": "books", "instId": "BTC-USDT"},
        {"channel": "bbo-tbt", "instId": "BTC-USDT"},
    ]


@pytest.mark.parametrize(
    ("symbol", "index"),
    [
        ("BTC-USDT", "BTC-USDT"),
        ("BTC-USDT-SWAP", "BTC-USDT"),
        ("BTC-USD_UM-SWAP", "BTC-USD"),
        (OPTION_SYMBOL, "BTC-USD"),
    ],
)
def test_the_index_is_that_of_the_family(symbol: str, index: str) -> None:
    assert arguments(["index"], symbol) == [{"channel": "index-tickers", "instId": index}]


def test_liquidations_are_asked_for_once_for_each_sort() -> None:
    symbols = ["BTC-USDT-SWAP", "ETH-USDT-SWAP", "BTC-USD-241227"]
    assert arguments(["liquidations"], *symbols) == [
        {"channel": "liquidation-orders", "instType": "SWAP"},
        {"channel": "liquidation-orders", "instType": "FUTURES"},
    ]


def test_greeks_are_asked_for_once_for_each_family() -> None:
    others = [OPTION_SYMBOL, "BTC-USD-241227-90000-P", "ETH-USD-241227-4000-P"]
    assert arguments(["greeks"], *others) == [
        {"channel": "opt-summary", "instFamily": "BTC-USD"},
        {"channel": "opt-summary", "instFamily": "ETH-USD"},
    ]


def test_a_channel_is_asked_for_only_where_the_instrument_has_it() -> None:
    asked = arguments(["book", "funding", "mark"], "BTC-USDT", "BTC-USDT-SWAP")
    assert asked == [
        {"channel": "books", "instId": "BTC-USDT"},
        {"channel": "books", "instId": "BTC-USDT-SWAP"},
        {"channel": "funding-rate", "instId": "BTC-USDT-SWAP"},
        {"channel": "mark-price", "instId": "BTC-USDT-SWAP"},
    ]
    with pytest.raises(ConfigurationError, match="none of these symbols has the channel 'funding'"):
        OKX.subscribe(["funding"], ["BTC-USDT"])


def test_requests_and_connections_stay_within_the_limits() -> None:
    planned = OKX.subscribe(None, [f"C{k}-USDT-SWAP" for k in range(500)])
    assert len(planned) == 4
    sizes = [[len(json.loads(text)["args"]) for text in each.texts] for each in planned]
    assert sum(map(sum, sizes)) == 1_500
    assert all(sum(each) <= 480 and max(each) <= 100 for each in sizes)
    assert all(len(text) <= 32_000 for each in planned for text in each.texts)


def test_a_book_begins_anew_by_leaving_and_coming_back() -> None:
    resync = OKX.resync("BTC-USDT")
    args = [{"channel": "books", "instId": "BTC-USDT"}]
    assert resync.snapshot is None
    assert [json.loads(text) for text in resync.texts] == [
        {"op": "unsubscribe", "args": args},
        {"op": "subscribe", "args": args},
    ]


@pytest.mark.parametrize(
    ("symbol", "kind"),
    [
        ("BTC-USDT", SPOT),
        ("BTC-USDT-SWAP", PERPETUAL),
        ("BTC-USD_UM-SWAP", PERPETUAL),
        ("BTC-USD-241227", FUTURE),
        (OPTION_SYMBOL, OPTION),
        ("BTC-USD-241227-100000-P", OPTION),
        ("SOL-USD_UM-241227-100-P", OPTION),
    ],
)
def test_a_symbol_tells_its_kind(symbol: str, kind: int) -> None:
    assert OKX.kind_of(symbol) == kind


def test_sbe_is_asked_for_on_a_path_of_its_own_and_has_no_pings_of_text() -> None:
    sbe = OKX.in_encoding("sbe").numbered({"BTC-USDT": 7})
    (connection,) = sbe.subscribe(None, ["btc-usdt"])
    assert connection.url == "wss://ws.okx.com:8443/ws/v5/public-sbe"
    assert [each["channel"] for each in json.loads(connection.texts[0])["args"]] == [
        "trades", "books-l2-tbt", "bbo-tbt"
    ]  # fmt: skip
    assert sbe.ping.text == ""
    assert sbe.ping.idle_s == 20


@pytest.mark.parametrize("body", [b"", b'{"code":"51001","msg":"Instrument ID does not exist"}'])
def test_a_refused_snapshot_is_an_error_of_the_venue(body: bytes) -> None:
    snapshot = OKX.in_encoding("sbe").numbered({"BTC-USDT": 7}).snapshot_request("BTC-USDT")
    assert snapshot is not None
    assert snapshot.frame(b"\x1a\0") == b"\x1a\0"
    with pytest.raises(VenueError, match="refuses a snapshot"):
        snapshot.frame(body)
