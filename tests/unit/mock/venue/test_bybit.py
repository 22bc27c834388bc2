"""Bybit: topics of several depths, counts of updates, tickers put together, answers by kind."""

import json

import pytest

from tests.unit.mock.venue.clients import BybitClient
from tests.unit.mock.venue.rig import NOW_NS, Rig
from zerofeed.mock.venue.book import Book, Row
from zerofeed.mock.venue.bybit import Bybit

__all__: list[str] = []


@pytest.fixture
def rig() -> Rig:
    made = Rig(Bybit(), BybitClient(["BTCUSDT"]))
    made.play(made.made_up(300))
    return made


def deep_capture(levels: int) -> list[str]:
    bids = [[f"{100 - k}", "1"] for k in range(levels)]
    asks = [[f"{200 + k}", "1"] for k in range(levels)]
    head = {"topic": "orderbook.500.X", "type": "snapshot", "ts": 1}
    lines = [json.dumps(head | {"data": {"s": "X", "b": bids, "a": asks, "u": 5, "seq": 1}})]
    for k in range(levels):
        price = f"{100 - k}"
        data = {"s": "X", "b": [[price, "0" if k % 2 else "7"]], "a": [], "u": 6 + k, "seq": 2}
        lines.append(json.dumps(head | {"type": "delta", "data": data}))
    return lines


def test_topic_of_fewer_levels_than_recorded_is_cut_and_counts_for_itself() -> None:
    dialect = Bybit()
    updates = [update for line in deep_capture(80) for update in dialect.read(line)]
    dialect.prime(updates)
    rig = Rig(dialect, BybitClient(["X"]))
    rig.ask({"op": "subscribe", "args": ["orderbook.50.X"]})
    kept, last = Book("X"), 0
    for update in [None, *updates]:
        if update is not None and dialect.publish(update):
            dialect.deliver(rig.connection, update)
        while rig.connection.outbox:
            told = json.loads(rig.connection.outbox.popleft().text)
            if told.get("topic") != "orderbook.50.X":
                continue
            data = told["data"]
            assert told["type"] == ("delta" if last else "snapshot")
            assert not last or data["u"] == last + 1
            last = data["u"]
            for side, rows in (("bids", data["b"]), ("asks", data["a"])):
                for price, size in rows:
                    kept.put(side, Row(price, size))  # type: ignore[arg-type]
            assert kept.top("bids") == dialect.books["X"].top("bids", 50)
    assert last > 40


def test_best_level_comes_as_snapshots_only(rig: Rig) -> None:
    told = rig.ask({"op": "subscribe", "args": ["orderbook.1.BTCUSDT"]})
    assert told[1]["type"] == "snapshot"
    rig.connection.outbox.clear()
    for due in rig.made_up_more(100):
        for update in due.updates:
            rig.dialect.publish(update)
            rig.dialect.deliver(rig.connection, update)
    messages = [json.loads(each.text) for each in rig.connection.outbox]
    assert messages
    for message in messages:
        assert message["type"] == "snapshot"
        assert len(message["data"]["b"]) == len(message["data"]["a"]) == 1


def test_ticker_begins_with_all_that_deltas_have_said(rig: Rig) -> None:
    told = rig.ask({"op": "subscribe", "args": ["tickers.BTCUSDT"]})
    assert told[1]["type"] == "snapshot"
    assert {"markPrice", "fundingRate", "bid1Price"} <= told[1]["data"].keys()
    best = rig.dialect.books["BTCUSDT"].top("bids", 1)[0]
    assert told[1]["data"]["bid1Price"] == best.price


def test_ticker_of_an_option_has_greeks() -> None:
    names = [f"BTC-27MAR26-{strike}-{kind}" for strike in (40000, 50000) for kind in "CP"]
    rig = Rig(Bybit(), BybitClient(names))
    rig.play(rig.made_up(800))
    rig.connection.path = "/v5/public/option"
    for name in names:
        data = rig.ask({"op": "subscribe", "args": [f"tickers.{name}"]})[1]["data"]
        assert (float(data["delta"]) > 0) == name.endswith("C")
        assert float(data["markPriceIv"]) > 0


@pytest.mark.parametrize("kind", ["spot", "linear", "option"])
def test_answers_have_the_shape_of_their_kind(rig: Rig, kind: str) -> None:
    rig.connection.path = f"/v5/public/{kind}"
    (pong,) = rig.ask({"op": "ping", "req_id": "9"})
    assert pong["req_id"] == "9"
    assert ("args" in pong) == (kind == "option")
    told = rig.ask({"op": "subscribe", "args": ["publicTrade.BTCUSDT"]})[0]
    assert told["success"]
    assert ("data" in told) == (kind == "option")


def test_too_many_arguments_are_refused_on_spot_only(rig: Rig) -> None:
    topics = ["publicTrade.BTCUSDT"] * 11
    rig.connection.path = "/v5/public/spot"
    assert rig.ask({"op": "subscribe", "args": topics})[0]["ret_msg"] == "args size >10"
    rig.connection.path = "/v5/public/linear"
    assert rig.ask({"op": "subscribe", "args": topics})[0]["success"]


@pytest.mark.parametrize("topic", ["orderbook.7.BTCUSDT", "orderbook.50.NOBODY", "dance.X"])
def test_unknown_topic_is_refused_by_name(rig: Rig, topic: str) -> None:
    (told,) = rig.ask({"op": "subscribe", "args": [topic]})
    assert (told["success"], told["ret_msg"]) == (False, f"error:handler not found,topic:{topic}")


def test_every_kind_of_instrument_has_its_path() -> None:
    dialect = Bybit()
    for kind in ("spot", "linear", "inverse", "option"):
        assert dialect.accepts(f"/v5/public/{kind}")
    assert not dialect.accepts("/v5/public/")
    assert not dialect.accepts("/v5/private")


def test_rest_has_instruments_books_and_time(rig: Rig) -> None:
    (listing,) = rig.get("/v5/market/instruments-info", category="linear")["result"]["list"]
    assert listing["priceFilter"]["tickSize"] == "0.01"
    book = rig.get("/v5/market/orderbook", symbol="BTCUSDT", limit="3")["result"]
    assert (len(book["b"]), book["u"]) == (3, rig.dialect.books["BTCUSDT"].last)
    assert rig.get("/v5/market/orderbook", symbol="X")["retCode"] == 10_001
    assert rig.get("/v5/market/time")["result"]["timeNano"] == str(NOW_NS)
