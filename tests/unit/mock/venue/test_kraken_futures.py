"""Kraken Futures: one level a message, numbered by product; liquidations among the trades."""

import json

import pytest

from tests.unit.mock.venue.clients import KrakenFuturesClient
from tests.unit.mock.venue.rig import NOW_NS, Rig
from zerofeed.mock.venue.kraken_futures import KrakenFutures
from zerofeed.mock.venue.market import Liquidation, Trade

__all__: list[str] = []

SECOND_NS = 1_000_000_000


@pytest.fixture
def rig() -> Rig:
    made = Rig(KrakenFutures(), KrakenFuturesClient(["PI_XBTUSD", "PF_ETHUSD"]))
    made.play(made.made_up(300))
    return made


def test_each_message_is_one_level_and_numbers_have_no_holes(rig: Rig) -> None:
    told = rig.ask({"event": "subscribe", "feed": "book", "product_ids": ["PI_XBTUSD"]})
    assert told[0] == {"event": "subscribed", "feed": "book", "product_ids": ["PI_XBTUSD"]}
    last = told[1]["seq"]
    rig.connection.outbox.clear()
    for due in rig.made_up_more(200):
        for update in due.updates:
            rig.dialect.publish(update)
            rig.dialect.deliver(rig.connection, update)
    messages = [json.loads(message.text) for message in rig.connection.outbox]
    assert [each["seq"] for each in messages] == list(range(last + 1, last + 1 + len(messages)))
    assert {each["side"] for each in messages} == {"buy", "sell"}
    assert {each["product_id"] for each in messages} == {"PI_XBTUSD"}


def test_liquidation_is_a_trade_of_that_type() -> None:
    dialect = KrakenFutures()
    trade = Trade("PI_XBTUSD", NOW_NS, "1", "2", is_buy=True, number=1)
    forced = Liquidation("PI_XBTUSD", NOW_NS, "1", "2", is_buy=True, number=2)
    types = [json.loads(dialect.write(event)[0].body)["type"] for event in (trade, forced)]
    assert types == ["fill", "liquidation"]


def test_ticker_is_shown_to_who_subscribes(rig: Rig) -> None:
    told = rig.ask({"event": "subscribe", "feed": "ticker", "product_ids": ["PF_ETHUSD"]})
    assert told[1]["feed"] == "ticker"
    assert told[1]["bid"] < told[1]["ask"]


def test_trades_begin_with_a_snapshot(rig: Rig) -> None:
    told = rig.ask({"event": "subscribe", "feed": "trade", "product_ids": ["PF_ETHUSD"]})
    assert told[1]["feed"] == "trade_snapshot"


@pytest.mark.parametrize(
    ("feed", "product", "reason"),
    [("dance", "PI_XBTUSD", "Invalid feed"), ("book", "PI_NOBODY", "Invalid product id")],
)
def test_unknown_feed_or_product_is_refused(rig: Rig, feed: str, product: str, reason: str) -> None:
    (told,) = rig.ask({"event": "subscribe", "feed": feed, "product_ids": [product]})
    assert told == {"event": "error", "message": reason}


def test_heartbeat_is_for_who_subscribed_to_it(rig: Rig) -> None:
    rig.dialect.on_tick(rig.connection)
    assert not rig.connection.outbox
    assert rig.ask({"event": "subscribe", "feed": "heartbeat"}) == [
        {"event": "subscribed", "feed": "heartbeat"}
    ]
    rig.connection.outbox.clear()
    for tenth in range(21):
        rig.dialect.now_ns = NOW_NS + tenth * SECOND_NS // 10
        rig.dialect.on_tick(rig.connection)
    assert len(rig.connection.outbox) == 3


def test_capture_is_read_by_feed_and_product() -> None:
    dialect = KrakenFutures()
    snapshot = (
        '{"feed":"book_snapshot","product_id":"P","timestamp":5,"seq":3,'
        '"bids":[{"price":1.50,"qty":2.0}],"asks":[]}'
    )
    level = '{"feed":"book","product_id":"P","side":"sell","seq":4,"price":2.50,"qty":1.0}'
    changes = [dialect.read(text)[0].change for text in (snapshot, level)]
    assert changes[0] is not None
    assert changes[1] is not None
    assert (changes[0].is_snapshot, changes[0].last, changes[0].bids[0].price) == (True, 3, "1.50")
    assert (changes[1].previous, changes[1].asks[0].price) == (3, "2.50")
    assert dialect.read('{"event":"subscribed","feed":"book","product_ids":["P"]}') == []


def test_rest_has_instruments_and_books(rig: Rig) -> None:
    listed = rig.get("/derivatives/api/v3/instruments")["instruments"]
    assert [each["symbol"] for each in listed] == ["PI_XBTUSD", "PF_ETHUSD"]
    book = rig.get("/derivatives/api/v3/orderbook", symbol="PI_XBTUSD")["orderBook"]
    assert book["bids"][0][0] < book["asks"][0][0]
    assert rig.dialect.get("/derivatives/api/v3/orderbook", {"symbol": "X"}).status == 404
