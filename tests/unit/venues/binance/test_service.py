import json

import msgspec
import pytest

from zerofeed.records.instruments import FUTURE, INDEX_INSTRUMENT, PERPETUAL, SPOT
from zerofeed.venues.binance.service import BINANCE, BINANCE_COINM, BINANCE_USDM
from zerofeed.venues.service import Service

__all__: list[str] = []

SYMBOLS = [f"A{k}USDT" for k in range(600)]


def streams(text: str) -> list[str]:
    request = json.loads(text)
    assert request["method"] == "SUBSCRIBE"
    return list(request["params"])


def test_a_subscription_names_streams_in_lower_case() -> None:
    (connection,) = BINANCE.subscribe(["trades", "book", "bbo"], ["btcusdt", "ETHUSDT"])
    assert connection.url == "wss://stream.binance.com:9443/stream"
    assert [json.loads(text) for text in connection.texts] == [
        {
            "method": "SUBSCRIBE",
            "params": [
                f"{symbol}@{stream}"
                for symbol in ("btcusdt", "ethusdt")
                for stream in ("trade", "depth@100ms", "bookTicker")
            ],
            "id": 1,
        }
    ]
    assert connection.books == ("BTCUSDT", "ETHUSDT")


def test_books_and_trades_of_usdm_are_public_and_the_rest_is_market() -> None:
    channels = ["trades", "book", "bbo", "mark", "index", "funding", "liquidations"]
    public, market = BINANCE_USDM.subscribe(channels, ["BTCUSDT"])
    assert public.url == "wss://fstream.binance.com/public/stream"
    assert streams(public.texts[0]) == ["btcusdt@trade", "btcusdt@depth@0ms", "btcusdt@bookTicker"]
    assert market.url == "wss://fstream.binance.com/market/stream"
    # Mark, index and funding come in one stream, which is asked for once.
    assert streams(market.texts[0]) == ["btcusdt@markPrice@1s", "btcusdt@forceOrder"]


def test_the_index_of_a_coin_margined_contract_is_its_pairs() -> None:
    (connection,) = BINANCE_COINM.subscribe(["mark", "index"], ["BTCUSD_PERP", "BTCUSD_240927"])
    assert streams(connection.texts[0]) == [
        "btcusd_perp@markPrice@1s",
        "btcusd@indexPrice@1s",
        "btcusd_240927@markPrice@1s",
    ]


@pytest.mark.parametrize("service", [BINANCE, BINANCE_USDM, BINANCE_COINM])
def test_streams_are_spread_over_connections_and_requests(service: Service) -> None:
    planned = service.subscribe(None, SYMBOLS)
    assert len(planned) == 2
    asked = [name for each in planned for text in each.texts for name in streams(text)]
    assert len(asked) == len(set(asked)) == 3 * len(SYMBOLS)
    for each in planned:
        assert sum(len(streams(text)) for text in each.texts) <= 1_024
        assert all(len(text) <= 4_000 and len(streams(text)) <= 100 for text in each.texts)
        numbers = [json.loads(text)["id"] for text in each.texts]
        assert numbers == list(range(1, len(numbers) + 1))


def test_a_snapshot_becomes_a_message_of_its_stream() -> None:
    snapshot = BINANCE.snapshot_request("BTCUSDT", 1_000)
    assert snapshot is not None
    assert snapshot.url == "https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=1000"
    body = b'{"lastUpdateId":7,"bids":[["1.0","2"]],"asks":[]}'
    assert json.loads(snapshot.frame(body)) == {
        "stream": "btcusdt@depthSnapshot",
        "data": json.loads(body),
    }
    assert body in snapshot.frame(body)


@pytest.mark.parametrize(
    ("service", "asked", "got", "weight"),
    [
        (BINANCE, 10, 100, 5),
        (BINANCE, 1_000, 1_000, 50),
        (BINANCE, 1_001, 5_000, 250),
        (BINANCE, 10**6, 5_000, 250),
        (BINANCE_USDM, 51, 100, 5),
        (BINANCE_USDM, 5_000, 1_000, 20),
    ],
)
def test_a_snapshot_has_the_least_depth_on_offer_and_its_weight(
    service: Service, asked: int, got: int, weight: int
) -> None:
    snapshot = service.snapshot_request("BTCUSDT", asked)
    assert snapshot is not None
    assert snapshot.url.endswith(f"&limit={got}")
    assert snapshot.weight == weight


def test_a_book_begins_anew_by_rest_alone() -> None:
    resync = BINANCE_USDM.resync("BTCUSDT")
    assert resync.texts == ()
    assert resync.snapshot == BINANCE_USDM.snapshot_request("BTCUSDT")


@pytest.mark.parametrize(
    ("service", "symbol", "kind"),
    [
        (BINANCE, "BTCUSDT", SPOT),
        (BINANCE_USDM, "BTCUSDT", PERPETUAL),
        (BINANCE_USDM, "BTCUSDT_240927", FUTURE),
        (BINANCE_COINM, "BTCUSD_PERP", PERPETUAL),
        (BINANCE_COINM, "BTCUSD_240927", FUTURE),
        (BINANCE_COINM, "BTCUSD", INDEX_INSTRUMENT),
    ],
)
def test_a_symbol_tells_its_kind(service: Service, symbol: str, kind: int) -> None:
    assert service.kind_of(symbol) == kind


def test_instruments_are_listed_by_the_exchange_information() -> None:
    assert [service.instruments_requests() for service in (BINANCE_USDM, BINANCE_COINM)] == [
        ("https://fapi.binance.com/fapi/v1/exchangeInfo",),
        ("https://dapi.binance.com/dapi/v1/exchangeInfo",),
    ]
    body = msgspec.json.encode({"symbols": []})
    assert [each.parse_instruments(body) for each in (BINANCE, BINANCE_USDM)] == [[], []]


def test_sbe_has_streams_of_its_own_names_at_a_host_of_its_own() -> None:
    sbe = BINANCE.in_encoding("sbe")
    (connection,) = sbe.subscribe(None, ["BTCUSDT"])
    assert connection.url == "wss://stream-sbe.binance.com:9443/stream"
    assert streams(connection.texts[0]) == ["btcusdt@trade", "btcusdt@depth", "btcusdt@bestBidAsk"]
    snapshot = sbe.snapshot_request("BTCUSDT", 1_000)
    usual = BINANCE.snapshot_request("BTCUSDT", 1_000)
    assert snapshot is not None
    assert usual is not None
    assert (snapshot.url, snapshot.weight) == (usual.url, usual.weight)
    frame = snapshot.frame(b'{"lastUpdateId":7,"bids":[["1.0","2"]],"asks":[]}')
    assert int.from_bytes(frame[2:4], "little") == 10_002
    assert frame.endswith(b"BTCUSDT")
