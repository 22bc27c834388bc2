"""``[venue]`` becomes the protocol and the sources of a feed, or an error that says what there is."""

from __future__ import annotations

import msgspec
import pytest

from zerofeed.base.errors import ConfigurationError
from zerofeed.runtime.config import parse, parse_tree
from zerofeed.runtime.venue_config import connections_of, expand_venue, service_of, tree_of
from zerofeed.venues.catalogue import SERVICES

__all__: list[str] = []


def venue_tree(**keys) -> dict:
    return {"venue": {"service": "binance", "symbols": ["BTCUSDT"]} | keys}


def test_a_venue_says_protocol_name_and_sources() -> None:
    config = parse_tree(venue_tree())
    assert (config.feed.name, config.feed.protocol) == ("binance", "binance-spot")
    (source,) = config.source
    (connection,) = connections_of(venue_tree()["venue"])
    assert (source.url, source.send) == (connection.url, list(connection.texts))
    assert "btcusdt" in "".join(source.send).lower() or "btcusdt" in str(source.url)


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_makes_sources_that_the_configuration_takes(name: str) -> None:
    service = SERVICES[name]
    config = parse_tree({"venue": {"service": name, "symbols": [service.symbol_example]}})
    assert config.feed.protocol == service.protocol
    for source in config.source:
        assert source.kind == "websocket"
        assert 0 < source.ping_seconds < source.stale_seconds
        assert 0 < source.send_per_second < service.limits.messages_per_second
        # A connection is renewed before the venue cuts it, and never where the venue does not.
        assert (source.renew_hours > 0) is (service.renew_hours is not None)
        assert service.renew_hours is None or source.renew_hours < service.renew_hours


def test_other_addresses_are_used_for_every_connection() -> None:
    tree = venue_tree(ws_url="wss://127.0.0.1:1", rest_url="https://127.0.0.1:2/", ca_file="ca")
    service = service_of(tree["venue"])
    assert (service.ws_url, service.rest_url) == ("wss://127.0.0.1:1", "https://127.0.0.1:2")
    for source in parse_tree(tree).source:
        assert str(source.url).startswith("wss://127.0.0.1:1/")
        assert source.ca_file == "ca"


def test_sizes_lines_and_proxy_go_to_every_source() -> None:
    keys = {
        "proxy": "http://proxy:3128",
        "lines": 2,
        "longest_message_bytes": 1 << 16,
        "region_bytes": 1 << 18,
    }
    for source in parse_tree(venue_tree(**keys)).source:
        assert {key: getattr(source, key) for key in keys} == keys


def test_a_name_and_a_depth_of_the_file_are_kept() -> None:
    tree = venue_tree() | {"feed": {"name": "mine"}, "memory": {"book_levels": 64}}
    config = parse_tree(tree)
    assert (config.feed.name, config.memory.book_levels) == ("mine", 64)


def test_the_test_net_is_another_address() -> None:
    service = next(each for each in SERVICES.values() if each.test_ws_url)
    assert service_of({"service": service.name, "test_net": True}).ws_url == service.test_ws_url


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ({"service": "binnance"}, "unknown venue"),
        ({"symbols": ["BTC/USDT!"]}, "cannot be a symbol"),
        ({"symbols": []}, "no symbol is named"),
        ({"channels": ["trade"]}, "unknown channel"),
        ({"channels": ["greeks"]}, "no such channel"),
        ({"speed": 3}, "there is no key venue.speed"),
    ],
)
def test_a_wrong_venue_is_an_error_that_says_what_there_is(keys, what: str) -> None:
    with pytest.raises(ConfigurationError, match=what) as raised:
        parse_tree(venue_tree(**keys))
    assert raised.value.expected


def test_a_venue_and_sources_are_too_much() -> None:
    text = '[venue]\nservice = "binance"\nsymbols = ["BTCUSDT"]\n[[source]]\nurl = "wss://a/b"\n'
    with pytest.raises(ConfigurationError, match="sources and a venue"):
        parse(text)


def test_a_tree_without_a_venue_stays_as_it_is() -> None:
    tree = {"feed": {"name": "x"}, "source": [{"capture": "file"}]}
    before = msgspec.json.encode(tree)
    expand_venue(tree, "here")
    assert msgspec.json.encode(tree) == before


def test_shorthands_of_one_service_become_one_feed() -> None:
    tree = tree_of(["binance:BTCUSDT", "binance:ETHUSDT"])
    assert tree["venue"]["symbols"] == ["BTCUSDT", "ETHUSDT"]
    assert parse_tree(tree).feed.name == "binance"


def test_shorthands_of_two_services_are_two_feeds() -> None:
    with pytest.raises(ConfigurationError, match="one service") as raised:
        tree_of(["binance:BTCUSDT", "okx:BTC-USDT"])
    assert raised.value.got == "binance, okx"


SBE = [
    pytest.param(name, id=f"{name}-sbe")
    for name, each in SERVICES.items()
    if "sbe" in each.encodings
]


def in_sbe(name: str, **keys) -> dict:
    """A venue's table with all that it needs in SBE."""
    service = SERVICES[name]
    sbe = service.encodings["sbe"]
    symbol = service.symbol_example
    needed = {"ws_url": sbe.ws_url or "wss://host.of.mine"}
    if sbe.key is not None:
        needed["key"] = "env:MY_KEY"
    if sbe.is_numbered:
        needed["numbers"] = {symbol: 77}
    venue = {"service": name, "symbols": [symbol], "encoding": "sbe"} | needed | keys
    return {"venue": {key: value for key, value in venue.items() if value is not None}}


@pytest.mark.parametrize("name", SBE)
def test_another_encoding_is_another_protocol_at_another_address(name: str) -> None:
    config = parse_tree(in_sbe(name))
    sbe = SERVICES[name].encodings["sbe"]
    assert config.feed.protocol == sbe.protocol != SERVICES[name].protocol
    assert config.feed.name == name
    for source in config.source:
        assert str(source.url).startswith(sbe.ws_url or "wss://host.of.mine/")
        assert 0 < source.ping_seconds < source.stale_seconds
        # The place of a key is the venue's, and is not spread over the sources.
        assert source.headers_file == ""


def test_a_key_needs_no_tls_to_reach_this_machine() -> None:
    (source,) = parse_tree(in_sbe("binance", ws_url="ws://127.0.0.1:9443")).source
    assert str(source.url).startswith("ws://127.0.0.1:9443/")


def test_json_is_the_encoding_that_all_have() -> None:
    named, usual = parse_tree(venue_tree(encoding="json")), parse_tree(venue_tree())
    assert (named.feed, named.source) == (usual.feed, usual.source)


@pytest.mark.parametrize(
    ("tree", "what"),
    [
        (venue_tree(encoding="fix"), "no such encoding"),
        (
            {"venue": {"service": "kraken", "symbols": ["BTC/USD"], "encoding": "sbe"}},
            "no such encod",
        ),
        (in_sbe("binance", key=None), "needs a key of yours"),
        (venue_tree(key="env:MY_KEY"), "a key for what needs none"),
        (in_sbe("binance", ws_url="ws://host.of.mine"), "a key would leave this machine"),
        (in_sbe("bybit", ws_url=None), "no address for everybody"),
        (in_sbe("okx", numbers={"ETH-USDT": 5}), "number of this symbol is not known"),
        (in_sbe("binance", channels=["mark"]), "no such channel"),
    ],
)
def test_a_wrong_encoding_is_an_error_that_says_what_there_is(tree: dict, what: str) -> None:
    with pytest.raises(ConfigurationError, match=what):
        parse_tree(tree)


def test_numbers_that_are_not_given_are_looked_up_and_stand_in_the_configuration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def find(service, symbols, *, ca_file, proxy):
        assert proxy == ""
        asked.append((service.protocol, list(symbols), ca_file))
        return {"BTC-USDT-SWAP": 99}

    monkeypatch.setattr("zerofeed.runtime.venue_config.find_numbers", find)
    config = parse_tree(in_sbe("okx", numbers=None, ca_file="ca.pem"))
    assert asked == [("okx-sbe", ["BTC-USDT-SWAP"], "ca.pem")]
    assert config.venue is not None
    assert config.venue.numbers == {"BTC-USDT-SWAP": 99}
    # Whoever plans the connections again need not ask again.
    (connection,) = connections_of(msgspec.to_builtins(config.venue))
    assert '"instIdCode":99' in connection.texts[0]
    assert connection.books == ("BTC-USDT-SWAP",)
    assert len(asked) == 1
