import json

import pytest

from zerofeed.base.errors import BugError, ConfigurationError
from zerofeed.records.instruments import PERPETUAL, SPOT, UNKNOWN_INSTRUMENT
from zerofeed.venues.bitfinex.service import BITFINEX
from zerofeed.venues.catalogue import parse_shorthand

__all__: list[str] = []

PERPETUAL_SYMBOL = "tBTCF0:USTF0"


def test_sequence_numbers_and_checksums_are_asked_for_first() -> None:
    (connection,) = BITFINEX.subscribe(None, ["BTCUSD"])
    assert connection.url == "wss://api-pub.bitfinex.com/ws/2"
    assert [json.loads(text) for text in connection.texts] == [
        {"event": "conf", "flags": 65_536 + 131_072},
        {"event": "subscribe", "channel": "trades", "symbol": "tBTCUSD"},
        {
            "event": "subscribe",
            "channel": "book",
            "symbol": "tBTCUSD",
            "prec": "P0",
            "freq": "F0",
            "len": "250",
        },
        {"event": "subscribe", "channel": "ticker", "symbol": "tBTCUSD"},
    ]


def test_what_is_known_of_a_perpetual_comes_by_its_status() -> None:
    channels = ["mark", "index", "funding", "open_interest", "liquidations"]
    (connection,) = BITFINEX.subscribe(channels, [PERPETUAL_SYMBOL, "tETHF0:USTF0"])
    assert [json.loads(text).get("key") for text in connection.texts[1:]] == [
        f"deriv:{PERPETUAL_SYMBOL}",
        "liq:global",
        "deriv:tETHF0:USTF0",
    ]


def test_connections_carry_25_channels_and_requests_one() -> None:
    planned = BITFINEX.subscribe(None, [f"C{k:02}USD" for k in range(20)])
    assert [len(each.texts) for each in planned] == [26, 26, 11]
    assert all('"flags"' in each.texts[0] for each in planned)


def test_a_subscription_is_ended_by_its_number() -> None:
    leave, come = (json.loads(text) for text in BITFINEX.resync("tBTCUSD", number=17).texts)
    assert leave == {"event": "unsubscribe", "chanId": 17}
    assert (come["channel"], come["symbol"]) == ("book", "tBTCUSD")
    with pytest.raises(BugError, match="number"):
        BITFINEX.resync("tBTCUSD")


def test_a_colon_in_a_symbol_is_no_separator() -> None:
    plain = parse_shorthand(f"bitfinex:{PERPETUAL_SYMBOL},tETHUSD")
    assert plain.symbols == (PERPETUAL_SYMBOL, "tETHUSD")
    chosen = parse_shorthand(f"bitfinex:tETHUSD,{PERPETUAL_SYMBOL}:book,mark")
    assert chosen.symbols == ("tETHUSD", PERPETUAL_SYMBOL)
    assert chosen.channels == ("book", "mark")


def test_lending_is_not_offered() -> None:
    with pytest.raises(ConfigurationError, match="cannot be a symbol"):
        BITFINEX.check_symbol("fUSD")


@pytest.mark.parametrize(
    ("symbol", "kind"),
    [
        ("tBTCUSD", SPOT),
        ("tDUSK:USD", SPOT),
        (PERPETUAL_SYMBOL, PERPETUAL),
        ("fUSD", UNKNOWN_INSTRUMENT),
    ],
)
def test_a_symbol_tells_its_kind(symbol: str, kind: int) -> None:
    assert BITFINEX.kind_of(symbol) == kind
