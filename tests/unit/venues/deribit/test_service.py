import json

import pytest

from zerofeed.records.instruments import (
    COMBO,
    FUTURE,
    OPTION,
    PERPETUAL,
    SPOT,
)
from zerofeed.venues.deribit.service import DERIBIT

__all__: list[str] = []


def channels(text: str) -> list[str]:
    request = json.loads(text)
    assert request["jsonrpc"] == "2.0"
    assert request["method"] == "public/subscribe"
    return list(request["params"]["channels"])


def test_heartbeats_are_asked_for_before_anything_else() -> None:
    (connection,) = DERIBIT.subscribe(None, ["BTC-PERPETUAL"])
    assert connection.url == "wss://www.deribit.com/ws/api/v2"
    first = json.loads(connection.texts[0])
    assert (first["method"], first["params"]) == ("public/set_heartbeat", {"interval": 10})
    assert channels(connection.texts[1]) == [
        "trades.BTC-PERPETUAL.100ms",
        "book.BTC-PERPETUAL.100ms",
        "quote.BTC-PERPETUAL",
    ]


def test_a_test_request_is_answered() -> None:
    ((part, answer),) = DERIBIT.ping.answers
    request = '{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}'
    assert part in request
    assert part not in request.replace("test_request", "heartbeat")
    assert json.loads(answer)["method"] == "public/test"


def test_one_ticker_carries_many_channels() -> None:
    wanted = ["mark", "funding", "open_interest", "liquidations", "trades"]
    (connection,) = DERIBIT.subscribe(wanted, ["BTC-PERPETUAL"])
    assert channels(connection.texts[1]) == [
        "ticker.BTC-PERPETUAL.100ms",
        "trades.BTC-PERPETUAL.100ms",
    ]


@pytest.mark.parametrize(
    ("symbol", "index"),
    [
        ("BTC-PERPETUAL", "btc_usd"),
        ("ETH-27DEC24-4000-C", "eth_usd"),
        ("SOL_USDC-PERPETUAL", "sol_usdc"),
        ("BTC_USDC", "btc_usdc"),
    ],
)
def test_the_index_is_that_of_the_currency_pair(symbol: str, index: str) -> None:
    (connection,) = DERIBIT.subscribe(["index"], [symbol])
    assert channels(connection.texts[1]) == [f"deribit_price_index.{index}"]


def test_the_state_of_all_instruments_is_one_channel() -> None:
    (connection,) = DERIBIT.subscribe(["status"], ["BTC-PERPETUAL", "ETH-PERPETUAL"])
    assert channels(connection.texts[1]) == ["instrument.state.any.any"]


def test_requests_and_connections_stay_within_the_limits() -> None:
    planned = DERIBIT.subscribe(None, [f"BTC-27DEC24-{k}000-C" for k in range(1, 401)])
    sizes = [[len(channels(text)) for text in each.texts[1:]] for each in planned]
    assert len(planned) == 3
    assert sum(map(sum, sizes)) == 1_200
    assert all(sum(each) <= 500 and max(each) <= 100 for each in sizes)
    assert all("set_heartbeat" in each.texts[0] for each in planned)


def test_a_book_begins_anew_by_leaving_and_coming_back() -> None:
    leave, come = (json.loads(text) for text in DERIBIT.resync("BTC-PERPETUAL").texts)
    assert leave["method"] == "public/unsubscribe"
    assert come["method"] == "public/subscribe"
    assert leave["params"] == come["params"] == {"channels": ["book.BTC-PERPETUAL.100ms"]}
    assert leave["id"] != come["id"]


@pytest.mark.parametrize(
    ("symbol", "kind"),
    [
        ("BTC-PERPETUAL", PERPETUAL),
        ("SOL_USDC-PERPETUAL", PERPETUAL),
        ("BTC-27DEC24", FUTURE),
        ("BTC-27DEC24-100000-C", OPTION),
        ("BTC-27DEC24-100000-P", OPTION),
        ("XRP_USDC-27DEC24-0d5-C", OPTION),
        ("BTC-FS-27DEC24_PERP", COMBO),
        ("BTC-CS-27DEC24-90000_100000", COMBO),
        ("BTC_USDC", SPOT),
    ],
)
def test_a_symbol_tells_its_kind(symbol: str, kind: int) -> None:
    assert DERIBIT.kind_of(symbol) == kind
