import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerofeed.base.errors import ConfigurationError
from zerofeed.venues.catalogue import (
    SERVICES,
    find_service,
    is_shorthand,
    parse_shorthand,
    select,
)
from zerofeed.venues.service import CHANNELS, Service

__all__: list[str] = []

PARTS = st.sampled_from(
    [*SERVICES, *CHANNELS, "BTCUSDT", "BTC-USDT", "tBTCF0", ",", "", "trades,book"]
)


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_every_service_is_complete(service: Service) -> None:
    assert service.protocol
    assert service.ws_url.startswith("wss://")
    assert service.rest_url.startswith("https://")
    assert not service.ws_url.endswith("/")
    assert set(service.channels) <= set(CHANNELS)
    assert list(service.channels) == [each for each in CHANNELS if each in service.channels]
    assert set(service.defaults) <= set(service.channels)
    assert service.stale_seconds > (service.ping.idle_s or service.ping.server_s or 0)
    assert service.check_symbol(service.symbol_example) == service.symbol_example
    assert service.kind_of(service.symbol_example) != 0
    assert service.instruments_requests()


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_every_service_can_be_named_in_short(service: Service) -> None:
    selection = parse_shorthand(f"{service.name}:{service.symbol_example}")
    assert selection.service is service
    assert selection.symbols == (service.symbol_example,)
    assert selection.channels == service.defaults
    assert any(service.symbol_example in each.books for each in selection.connections())


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_channels_may_follow_the_symbols(service: Service) -> None:
    selection = parse_shorthand(f"{service.name}:{service.symbol_example}:trades,book,trades")
    assert selection.symbols == (service.symbol_example,)
    assert selection.channels == ("trades", "book")


def test_symbols_are_taken_once_each_in_the_venues_spelling() -> None:
    selection = parse_shorthand("binance:btcusdt, ETHUSDT,BTCUSDT")
    assert selection.symbols == ("BTCUSDT", "ETHUSDT")


def test_several_mentions_of_a_service_are_one_selection() -> None:
    chosen = select(["binance:BTCUSDT", "binance-usdm:BTCUSDT", "binance:ETHUSDT,BTCUSDT"])
    assert [(each.service.name, each.symbols) for each in chosen] == [
        ("binance", ("BTCUSDT", "ETHUSDT")),
        ("binance-usdm", ("BTCUSDT",)),
    ]


def test_mentions_with_other_channels_stay_apart() -> None:
    chosen = select(["binance:BTCUSDT:trades", "binance:ETHUSDT:book"])
    assert [each.channels for each in chosen] == [("trades",), ("book",)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("binanse:BTCUSDT", r"unknown venue; .*got 'binanse'; did you mean binance"),
        ("nasdaq:AAPL", r"unknown venue; .*`zerofeed venues`"),
        ("binance", r"does not name a venue's instruments; .*e\.g\. binance:BTCUSDT"),
        ("binance:", "does not name a venue's instruments"),
        ("binance:,", "no symbol is named"),
        ("binance:BTC-USDT", r"binance: this cannot be a symbol.*got 'BTC-USDT'"),
        ("binance:BTCUSDT:trade", r"unknown channel; .*did you mean trades\?"),
        ("binance:BTCUSDT:Trades", r"unknown channel; .*did you mean trades\?"),
        ("binance:BTCUSDT:mark", "this service has no such channel; expected trades, book, bbo"),
        ("binance-coinm:BTCUSD:mark", r"none of these symbols has .*BTCUSD \(index\)"),
    ],
)
def test_a_mistake_is_one_line_that_helps(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        parse_shorthand(text)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=30) | st.builds(":".join, st.lists(PARTS, max_size=4)))
def test_any_text_is_a_selection_or_one_clear_error(text: str) -> None:
    try:
        selection = parse_shorthand(text)
    except ConfigurationError as error:
        said = str(error)
    else:
        said = ""
        assert selection.symbols
        assert set(selection.channels) <= set(selection.service.channels)
    assert "\n" not in said


def test_nothing_at_all_is_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match="no venue is named"):
        select([])


def test_a_file_is_no_shorthand() -> None:
    assert is_shorthand("binance:BTCUSDT")
    assert is_shorthand("binanse:BTCUSDT")
    assert not is_shorthand("feeds/deribit.toml")
    assert not is_shorthand("deribit.toml")
    assert not is_shorthand("./a:b.toml")


def test_a_service_is_found_by_name() -> None:
    assert find_service("binance").title == "Binance spot"
