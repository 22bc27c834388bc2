"""Coinbase: who may have which channel, what is listed after it, and the heartbeat of a second."""

import json

import pytest

from tests.unit.mock.venue.clients import CoinbaseClient
from tests.unit.mock.venue.rig import NOW_NS, Rig
from zerofeed.mock.venue.coinbase import Coinbase
from zerofeed.mock.venue.market import Trade

__all__: list[str] = []

SECOND_NS = 1_000_000_000


@pytest.fixture
def rig() -> Rig:
    made = Rig(Coinbase(), CoinbaseClient(["BTC-USD", "ETH-USD"]))
    made.play(made.made_up(100))
    return made


def test_answer_lists_all_that_is_subscribed_to(rig: Rig) -> None:
    request = {"type": "subscribe", "product_ids": ["BTC-USD"], "channels": ["level2_batch"]}
    told = rig.ask(request)
    assert told[0]["type"] == "subscriptions"
    assert told[1]["type"] == "snapshot"
    own = {"name": "ticker", "product_ids": ["ETH-USD"]}
    told = rig.ask(
        {"type": "subscribe", "channels": [own, "heartbeat"], "product_ids": ["BTC-USD"]}
    )
    listed = {each["name"]: each["product_ids"] for each in told[0]["channels"]}
    assert listed == {"level2_batch": ["BTC-USD"], "ticker": ["ETH-USD"], "heartbeat": ["BTC-USD"]}
    told = rig.ask({"type": "unsubscribe", "product_ids": ["BTC-USD"], "channels": ["heartbeat"]})
    assert "heartbeat" not in {each["name"] for each in told[0]["channels"]}


@pytest.mark.parametrize("channel", ["level2", "full"])
def test_channels_for_who_signs_are_refused_to_others(rig: Rig, channel: str) -> None:
    request = {"type": "subscribe", "product_ids": ["BTC-USD"], "channels": [channel]}
    (told,) = rig.ask(request)
    assert (told["type"], told["message"]) == ("error", "Failed to subscribe")
    assert rig.ask(request | {"signature": "x"})[0]["type"] == "subscriptions"


@pytest.mark.parametrize(("product", "channel"), [("NO-BODY", "ticker"), ("BTC-USD", "dance")])
def test_unknown_product_or_channel_is_refused(rig: Rig, product: str, channel: str) -> None:
    (told,) = rig.ask({"type": "subscribe", "product_ids": [product], "channels": [channel]})
    assert told["type"] == "error"


def test_heartbeat_comes_each_second_with_the_products_sequence(rig: Rig) -> None:
    rig.ask({"type": "subscribe", "product_ids": ["BTC-USD"], "channels": ["heartbeat"]})
    rig.connection.outbox.clear()
    beats = []
    for tenth in range(31):
        rig.dialect.now_ns = NOW_NS + tenth * SECOND_NS // 10
        rig.dialect.on_tick(rig.connection)
        beats += [json.loads(message.text) for message in rig.connection.outbox]
        rig.connection.outbox.clear()
    assert [beat["product_id"] for beat in beats] == ["BTC-USD"] * 4
    assert beats[0]["sequence"] > 1_000


def test_sequence_numbers_of_a_product_have_no_holes() -> None:
    rig = Rig(Coinbase(), CoinbaseClient(["A-B", "C-D"]))
    source = rig.made_up(400)
    rig.ask({"type": "subscribe", "product_ids": ["A-B"], "channels": ["matches"]})
    rig.connection.outbox.clear()
    for due in source:
        for update in due.updates:
            rig.dialect.publish(update)
            rig.dialect.deliver(rig.connection, update)
    numbers = [json.loads(message.text)["sequence"] for message in rig.connection.outbox]
    assert len(numbers) > 20
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_side_of_a_match_is_that_of_who_was_there() -> None:
    rig = Rig(Coinbase(), CoinbaseClient(["A-B"]))
    rig.play(rig.made_up(1))
    match, ticker = rig.dialect.write(Trade("A-B", NOW_NS, "1", "2", is_buy=True, number=9))
    assert json.loads(match.body)["side"] == "sell"
    assert json.loads(ticker.body)["side"] == "buy"


def test_last_match_is_shown_to_who_subscribes(rig: Rig) -> None:
    told = rig.ask({"type": "subscribe", "product_ids": ["BTC-USD"], "channels": ["matches"]})
    assert told[1]["type"] == "last_match"


def test_who_does_not_subscribe_within_five_seconds_is_hung_up_on(rig: Rig) -> None:
    rig.connection.opened_ns = NOW_NS
    rig.dialect.now_ns = NOW_NS + 5 * SECOND_NS + 1
    rig.dialect.enforce_silence_limits(rig.connection)
    assert rig.connection.closing is not None


def test_rest_has_products_books_and_time(rig: Rig) -> None:
    assert [each["id"] for each in rig.get("/products")] == ["BTC-USD", "ETH-USD"]
    assert rig.get("/products/BTC-USD")["quote_increment"] == "0.01"
    assert len(rig.get("/products/BTC-USD/book")["bids"]) == 1
    assert len(rig.get("/products/BTC-USD/book", level="2")["bids"]) > 1
    assert rig.get("/time")["iso"].endswith("Z")
    assert rig.dialect.get("/products/NO-BODY", {}).status == 404
