"""Binance: names of streams, wrappers, ids of requests, answers over REST, weights."""

import json
from typing import Any

import pytest

from tests.unit.mock.venue.clients import BinanceClient
from tests.unit.mock.venue.rig import NOW_NS, Rig
from zerofeed.mock.venue.binance import BinanceCoinM, BinanceSpot, BinanceUsdM
from zerofeed.mock.venue.connection import Connection
from zerofeed.mock.venue.market import Liquidation, Mark, Trade

__all__: list[str] = []

TRADE = Trade("BTCUSDT", NOW_NS, "10.50", "0.300", is_buy=True, number=7)
MARK = Mark("BTCUSDT", NOW_NS, "10.4", "10.3", "10.5", "0.0001", NOW_NS, "77")
LIQUIDATION = Liquidation("BTCUSDT", NOW_NS, "9.9", "3", is_buy=False, number=8)


def ask(dialect: BinanceSpot, connection: Connection, **request: Any) -> list[Any]:
    connection.outbox.clear()
    dialect.hear(connection, json.dumps(request))
    return [json.loads(message.text) for message in connection.outbox]


def opened(dialect: BinanceSpot, path: str, query: dict[str, str] | None = None) -> Connection:
    connection = Connection(1, path=path)
    dialect.on_open(connection, query or {})
    return connection


def test_requests_are_answered_with_their_ids() -> None:
    dialect = BinanceSpot()
    connection = opened(dialect, "/ws")
    names = ["btcusdt@depth@100ms", "btcusdt@trade"]
    said = ask(dialect, connection, method="SUBSCRIBE", params=names, id=7)
    assert said == [{"result": None, "id": 7}]
    said = ask(dialect, connection, method="LIST_SUBSCRIPTIONS", id="x")
    assert said == [{"result": names, "id": "x"}]
    ask(dialect, connection, method="UNSUBSCRIBE", params=names[:1], id=8)
    assert list(connection.by_name) == names[1:]
    assert ask(dialect, connection, method="DANCE", id=9)[0]["error"]["code"] == 2


def test_streams_of_any_speed_are_one_and_wear_the_name_asked_for() -> None:
    dialect = BinanceSpot()
    names = "btcusdt@depth/btcusdt@depth@100ms"
    connection = opened(dialect, "/stream", {"streams": names})
    assert list(connection.by_key) == ["btcusdt@depth"]
    text = '{"stream":"btcusdt@depth@1000ms","data":{"e":"depthUpdate","E":1,"s":"BTCUSDT",'
    text += '"U":1,"u":2,"b":[["1.50","2"]],"a":[]}}'
    (update,) = dialect.read(text)
    dialect.deliver(connection, update)
    told = [json.loads(message.text) for message in connection.outbox]
    assert [each["stream"] for each in told] == names.split("/")
    assert told[0]["data"]["b"] == [["1.50", "2"]]


def test_raw_connection_gets_messages_without_the_wrapper() -> None:
    dialect = BinanceSpot()
    connection = opened(dialect, "/ws/btcusdt@trade/btcusdt@bookTicker")
    assert list(connection.by_name) == ["btcusdt@trade", "btcusdt@bookTicker"]
    for update in dialect.write(TRADE):
        dialect.deliver(connection, update)
    (message,) = connection.outbox
    told = json.loads(message.text)
    assert (told["e"], told["p"], told["m"], told["M"]) == ("trade", "10.50", False, True)


@pytest.mark.parametrize(
    ("text", "stream"),
    [
        ('{"u":1,"s":"AB","b":"1","B":"1","a":"2","A":"1"}', "ab@bookTicker"),
        ('{"e":"trade","s":"AB","p":"1"}', "ab@trade"),
        ('{"e":"forceOrder","o":{"s":"AB"}}', "ab@forceOrder"),
        ('{"result":null,"id":1}', ""),
    ],
)
def test_raw_message_of_a_capture_finds_its_stream(text: str, stream: str) -> None:
    assert [update.stream for update in BinanceSpot().read(text)] == ([stream] if stream else [])


def test_too_many_streams_are_refused() -> None:
    dialect = BinanceSpot()
    connection = opened(dialect, "/ws")
    names = [f"s{k}@trade" for k in range(1_025)]
    said = ask(dialect, connection, method="SUBSCRIBE", params=names, id=1)
    assert said[0]["error"]["code"] == 2
    assert not connection.by_name


@pytest.mark.parametrize(
    ("kind", "symbol"),
    [(BinanceSpot, "BTCUSDT"), (BinanceUsdM, "BTCUSDT"), (BinanceCoinM, "BTCUSD_PERP")],
)
def test_snapshot_over_rest_is_the_present_book(kind: type[BinanceSpot], symbol: str) -> None:
    dialect = kind()
    rig = Rig(dialect, BinanceClient([symbol]))
    rig.play(rig.made_up(100))
    answer = dialect.get(f"{kind.rest_prefix}/depth", {"symbol": symbol, "limit": "5"})
    told = json.loads(answer.body)
    book = dialect.books[symbol]
    assert told["lastUpdateId"] == book.last
    assert told["bids"] == [[row.price, row.size] for row in book.top("bids", 5)]
    assert ("E" in told) == kind.is_future
    assert ("pair" in told) == kind.has_pair


def test_instruments_have_the_steps_of_the_book() -> None:
    dialect = BinanceSpot()
    rig = Rig(dialect, BinanceClient(["BTCUSDT"]))
    rig.play(rig.made_up(1))
    told = json.loads(dialect.get("/api/v3/exchangeInfo", {}).body)
    (symbol,) = told["symbols"]
    assert (symbol["baseAsset"], symbol["quoteAsset"]) == ("BTC", "USDT")
    assert {each.get("tickSize") for each in symbol["filters"]} == {"0.01", None}


def test_deep_snapshots_weigh_more_and_too_many_are_refused() -> None:
    dialect = BinanceSpot()
    rig = Rig(dialect, BinanceClient(["BTCUSDT"]))
    rig.play(rig.made_up(1))
    query = {"symbol": "BTCUSDT", "limit": "5000"}
    statuses = [dialect.get("/api/v3/depth", query).status for _ in range(25)]
    assert statuses == [200] * 24 + [429]


def test_unknown_symbol_and_wrong_limit_are_refused() -> None:
    dialect = BinanceSpot()
    assert json.loads(dialect.get("/api/v3/depth", {"symbol": "X"}).body)["code"] == -1121
    assert dialect.get("/api/v3/depth", {"symbol": "X", "limit": "x"}).status == 400
    assert dialect.get("/fapi/v1/depth", {"symbol": "X"}).status == 404


def test_futures_say_marks_and_liquidations_and_spot_does_not() -> None:
    for event in (MARK, LIQUIDATION):
        assert BinanceSpot().write(event) == []
    mark = json.loads(BinanceUsdM().write(MARK)[0].body)
    assert (mark["e"], mark["p"], mark["i"], mark["r"]) == (
        "markPriceUpdate",
        "10.4",
        "10.3",
        "0.0001",
    )
    streams = [update.stream for update in BinanceUsdM().write(LIQUIDATION)]
    assert streams == ["btcusdt@forceOrder", "!forceOrder@arr"]
    order = json.loads(BinanceCoinM().write(LIQUIDATION)[0].body)["o"]
    assert (order["S"], order["ps"]) == ("SELL", "BTCUSDT")


def test_futures_are_served_on_routed_and_on_former_paths() -> None:
    dialect = BinanceUsdM()
    for path in ("/public/stream", "/market/ws", "/public/ws/a@trade", "/stream", "/ws"):
        assert dialect.accepts(path), path
    assert not dialect.accepts("/private/ws")
    connection = opened(dialect, "/public/ws/a@trade")
    assert list(connection.by_name) == ["a@trade"]
