import pytest

from zerofeed.base.errors import ConfigurationError
from zerofeed.venues.binance.service import BINANCE
from zerofeed.venues.service import no_more_pages

__all__: list[str] = []


def test_a_service_elsewhere_keeps_its_paths() -> None:
    local = BINANCE.at(ws_url="wss://127.0.0.1:9000/", rest_url="http://127.0.0.1:9001")
    (connection,) = local.subscribe(["trades"], ["BTCUSDT"])
    assert connection.url == "wss://127.0.0.1:9000/stream"
    snapshot = local.snapshot_request("BTCUSDT", 100)
    assert snapshot is not None
    assert snapshot.url == "http://127.0.0.1:9001/api/v3/depth?symbol=BTCUSDT&limit=100"
    assert local.instruments_requests()[0].startswith("http://127.0.0.1:9001/api/v3/exchangeInfo")
    assert BINANCE.at() == BINANCE


def test_the_test_net_is_the_same_service_at_other_addresses() -> None:
    test_net = BINANCE.on_test_net()
    assert test_net.ws_url == BINANCE.test_ws_url
    assert test_net.rest_url == BINANCE.test_rest_url
    assert test_net.name == BINANCE.name


def test_a_service_without_a_test_net_says_so() -> None:
    bare = BINANCE.at()
    object.__setattr__(bare, "test_ws_url", "")
    with pytest.raises(ConfigurationError, match="no test net"):
        bare.on_test_net()


def test_a_list_that_is_not_split_has_one_page() -> None:
    assert no_more_pages("https://x/list", b"{}") is None
