"""Binance in SBE: names of streams, the key, and what is said of the market."""

import json

import pytest

from tests.unit.mock.venue.rig import NOW_NS
from zerofeed.codecs.sbe.decoder import SbeDecoder
from zerofeed.mock.venue.binance_sbe import BinanceSbe, in_sbe
from zerofeed.mock.venue.connection import Connection
from zerofeed.mock.venue.market import Trade
from zerofeed.venues.binance.sbe import SCHEMA

__all__: list[str] = []

DECODER = SbeDecoder(SCHEMA)


def opened(*names: str) -> tuple[BinanceSbe, Connection]:
    dialect = BinanceSbe()
    dialect.now_ns = NOW_NS
    connection = Connection(1, path="/stream")
    dialect.on_open(connection, {})
    dialect.hear(connection, json.dumps({"method": "SUBSCRIBE", "params": names, "id": 1}))
    return dialect, connection


def told(data: bytes | None) -> dict[str, object]:
    assert data is not None
    view = DECODER.message(data)
    assert view is not None
    return {"": view.name, **view.to_dict()}


@pytest.mark.parametrize(
    ("headers", "is_admitted"),
    [({}, False), ({"X-MBX-APIKEY": " "}, False), ({"X-MBX-APIKEY": "k"}, True)],
)
def test_who_has_a_key_may_come(headers: dict[str, str], is_admitted: bool) -> None:
    assert BinanceSbe().admits(headers) is is_admitted


def test_answers_are_text_and_streams_are_binary_without_a_wrapper() -> None:
    dialect, connection = opened("btcusdt@trade")
    trade = Trade("BTCUSDT", NOW_NS, "10.50", "0.300", is_buy=True, number=7)
    for update in dialect.write(trade):
        dialect.deliver(connection, update)
    answer, message = (each.text for each in connection.outbox)
    assert answer == '{"result":null,"id":1}'
    assert isinstance(message, bytes)
    assert told(message) == {
        "": "TradesStreamEvent", "eventTime": NOW_NS // 1000, "transactTime": NOW_NS // 1000,
        "priceExponent": -1, "qtyExponent": -1, "symbol": "BTCUSDT",
        "trades": [{"id": 7, "price": 105, "qty": 3, "isBuyerMaker": "False"}],
    }  # fmt: skip


def test_the_best_bid_and_ask_have_a_name_of_their_own() -> None:
    _, connection = opened("btcusdt@bestBidAsk", "ethusdt@depth")
    assert set(connection.by_key) == {"btcusdt@bookTicker", "ethusdt@depth"}
    best = {"u": "5", "s": "BTCUSDT", "b": "10.0", "B": "1", "a": "11.50", "A": "20"}
    assert told(in_sbe(best, now_us=77)) == {
        "": "BestBidAskStreamEvent", "eventTime": 77, "bookUpdateId": 5, "priceExponent": -1,
        "qtyExponent": 0, "bidPrice": 100, "bidQty": 1, "askPrice": 115, "askQty": 20,
        "symbol": "BTCUSDT",
    }  # fmt: skip


def test_changes_and_snapshots_are_said_with_their_ids() -> None:
    change = {
        "e": "depthUpdate",
        "E": "3",
        "s": "AB",
        "U": "4",
        "u": "6",
        "b": [["1", "0"]],
        "a": [],
    }
    assert told(in_sbe({"stream": "ab@depth", "data": change})) == {
        "": "DepthDiffStreamEvent", "eventTime": 3000, "firstBookUpdateId": 4,
        "lastBookUpdateId": 6, "priceExponent": 0, "qtyExponent": 0,
        "bids": [{"price": 1, "qty": 0}], "asks": [], "symbol": "AB",
    }  # fmt: skip
    snapshot = {"lastUpdateId": "9", "bids": [], "asks": [["2.5", "1"]]}
    assert told(in_sbe(snapshot, symbol="AB"))["bookUpdateId"] == 9


def test_what_sbe_has_no_message_for_is_not_said() -> None:
    dialect, connection = opened("btcusdt@aggTrade")
    connection.outbox.clear()
    for update in dialect.write(Trade("BTCUSDT", NOW_NS, "1", "1", is_buy=True, number=7)):
        dialect.deliver(connection, update)
    assert not connection.outbox
