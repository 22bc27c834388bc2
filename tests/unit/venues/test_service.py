import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerofeed.base.errors import ConfigurationError, VenueError
from zerofeed.records.units import UNDEF
from zerofeed.venues.binance.service import BINANCE
from zerofeed.venues.catalogue import SERVICES
from zerofeed.venues.service import Service, no_more_pages

__all__: list[str] = []

KEYS = st.sampled_from(
    ["symbols", "data", "result", "retCode", "instruments", "list", "error", "code", "symbol"]
) | st.text(max_size=4)


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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=30,
)


def attempt(read: Callable[[], object]) -> object:
    """What comes of it, be it the error that callers expect."""
    try:
        return read()
    except VenueError as error:
        return error


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
@given(body=st.binary(max_size=64) | JSON.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=40)
def test_whatever_a_venue_answers_is_a_list_or_one_clear_error(
    service: Service, body: bytes
) -> None:
    parsed = attempt(lambda: service.parse_instruments(body))
    page = attempt(lambda: service.next_page("https://x/?a=1", body))
    assert isinstance(parsed, list | VenueError)
    assert page is None or isinstance(page, str | VenueError)
    assert "\n" not in f"{parsed}{page}"


ROWS = {
    "binance": {"symbols": [{"symbol": "X", "baseAsset": "A", "quoteAsset": "B", "filters": [
        {"filterType": "PRICE_FILTER", "tickSize": "%s"}]}]},
    "okx": {"code": "0", "data": [{"instType": "SPOT", "instId": "X", "tickSz": "%s", "lotSz": "1",
        "minSz": "1", "state": "live"}]},
    "coinbase": [{"id": "X", "base_currency": "A", "quote_currency": "B", "base_increment": "1",
        "quote_increment": "%s"}],
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "many"])
def test_a_step_that_is_no_number_is_one_clear_error(name: str, value: str) -> None:
    body = (json.dumps(ROWS[name]) % value).encode()
    error = attempt(lambda: SERVICES[name].parse_instruments(body))
    assert isinstance(error, VenueError)
    assert str(error).startswith(name)


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("value", ["1e-999999", "1e999999"])
def test_a_step_that_no_integer_holds_is_undefined(name: str, value: str) -> None:
    body = (json.dumps(ROWS[name]) % value).encode()
    (definition,) = SERVICES[name].parse_instruments(body)
    assert definition.price_exponent in {-18, 0}
    assert definition.mantissas()["tick_size"] == UNDEF


ENCODED = [
    pytest.param(each, id=f"{service.name}-{name}")
    for service in SERVICES.values()
    for name, each in service.encodings.items()
]


@pytest.mark.parametrize("service", ENCODED)
def test_another_encoding_has_the_name_and_the_symbols_of_its_service(service: Service) -> None:
    usual = SERVICES[service.name]
    assert usual.in_encoding("sbe") is service
    assert usual.in_encoding("json") is usual.in_encoding("") is usual
    assert (service.symbol_form, service.instruments) == (usual.symbol_form, usual.instruments)
    assert service.protocol != usual.protocol
    assert set(service.defaults) <= set(service.channels) <= set(usual.channels)
    assert not service.encodings


def test_an_encoding_that_there_is_not_is_told_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match="no such encoding") as raised:
        BINANCE.in_encoding("avro")
    assert raised.value.expected == "json or sbe"


def test_numbers_are_asked_for_in_place_of_symbols() -> None:
    service = SERVICES["okx"].in_encoding("sbe").numbered({"BTC-USDT": 7})
    (connection,) = service.subscribe(["book"], ["BTC-USDT"])
    assert json.loads(connection.texts[0])["args"] == [{"channel": "books-l2-tbt", "instIdCode": 7}]
    snapshot = service.snapshot_request("BTC-USDT")
    assert snapshot is not None
    assert snapshot.url.endswith("/api/v5/market/books-sbe?instIdCode=7&source=0")
    with pytest.raises(ConfigurationError, match="number of this symbol"):
        service.subscribe(["book"], ["ETH-USDT"])


def test_an_address_that_is_not_everybodys_has_to_be_given() -> None:
    service = SERVICES["bybit"].in_encoding("sbe")
    with pytest.raises(ConfigurationError, match="no address for everybody"):
        service.subscribe(None, ["BTCUSDT"])
    (connection,) = service.at(ws_url="wss://mine.example").subscribe(None, ["BTCUSDT"])
    assert connection.url == "wss://mine.example/v5/public-sbe/spot"
