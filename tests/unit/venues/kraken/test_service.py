import json

import pytest

from zerofeed.records.instruments import SPOT
from zerofeed.venues.kraken.service import KRAKEN, KRAKEN_DEPTH

__all__: list[str] = []


def test_each_channel_is_a_request_with_all_symbols() -> None:
    (connection,) = KRAKEN.subscribe(["trades", "book", "bbo"], ["BTC/USD", "eth/usd"])
    assert connection.url == "wss://ws.kraken.com/v2"
    symbols = ["BTC/USD", "ETH/USD"]
    assert [json.loads(text) for text in connection.texts] == [
        {
            "method": "subscribe",
            "params": {"channel": "trade", "symbol": symbols, "snapshot": False},
            "req_id": 1,
        },
        {
            "method": "subscribe",
            "params": {
                "channel": "book",
                "symbol": symbols,
                "depth": KRAKEN_DEPTH,
                "snapshot": True,
            },
            "req_id": 2,
        },
        {
            "method": "subscribe",
            "params": {
                "channel": "ticker",
                "symbol": symbols,
                "event_trigger": "bbo",
                "snapshot": True,
            },
            "req_id": 3,
        },
    ]
    assert connection.books == ("BTC/USD", "ETH/USD")


@pytest.mark.parametrize("written", ["XBT/USD", "xbt/usd", "BTC/USD"])
def test_older_spellings_mean_the_same_pair(written: str) -> None:
    assert KRAKEN.check_symbol(written) == "BTC/USD"
    assert KRAKEN.check_symbol("XDG/XBT") == "DOGE/BTC"
    assert KRAKEN.check_symbol("AAPLx/USD") == "AAPLx/USD"


def test_a_book_is_left_at_the_depth_that_it_was_asked_for() -> None:
    leave, come = (json.loads(text) for text in KRAKEN.resync("BTC/USD").texts)
    assert leave["method"] == "unsubscribe"
    assert leave["params"] == {"channel": "book", "symbol": ["BTC/USD"], "depth": KRAKEN_DEPTH}
    assert come["params"]["depth"] == KRAKEN_DEPTH
    assert come["req_id"] == leave["req_id"] + 1


def test_requests_and_connections_stay_within_the_limits() -> None:
    planned = KRAKEN.subscribe(["trades", "book"], [f"C{k}/USD" for k in range(450)])
    assert len(planned) == 2
    for each in planned:
        sizes = [len(json.loads(text)["params"]["symbol"]) for text in each.texts]
        assert sum(sizes) <= 600
        assert max(sizes) <= 100


def test_a_symbol_tells_its_kind() -> None:
    assert KRAKEN.kind_of("BTC/USD") == SPOT
