import json

from zerofeed.records.instruments import SPOT
from zerofeed.venues.coinbase.service import COINBASE

__all__: list[str] = []


def test_each_channel_is_a_request_with_all_products() -> None:
    (connection,) = COINBASE.subscribe(None, ["btc-usd", "ETH-USD"])
    assert connection.url == "wss://ws-feed.exchange.coinbase.com"
    assert [json.loads(text) for text in connection.texts] == [
        {"type": "subscribe", "product_ids": ["BTC-USD", "ETH-USD"], "channels": [channel]}
        for channel in ("matches", "heartbeat", "level2_batch", "ticker")
    ]


def test_the_first_subscription_is_there_in_five_seconds() -> None:
    assert COINBASE.limits.messages_per_second * 5 > 1


def test_requests_and_connections_stay_within_the_limits() -> None:
    planned = COINBASE.subscribe(None, [f"C{k}-USD" for k in range(250)])
    sizes = [[len(json.loads(text)["product_ids"]) for text in each.texts] for each in planned]
    assert sum(map(sum, sizes)) == 1_000
    assert all(sum(each) <= 400 and max(each) <= 100 for each in sizes)


def test_a_book_begins_anew_by_leaving_and_coming_back() -> None:
    resync = COINBASE.resync("BTC-USD")
    assert [json.loads(text) for text in resync.texts] == [
        {"type": what, "product_ids": ["BTC-USD"], "channels": ["level2_batch"]}
        for what in ("unsubscribe", "subscribe")
    ]


def test_a_symbol_tells_its_kind() -> None:
    assert COINBASE.kind_of("BTC-USD") == SPOT
