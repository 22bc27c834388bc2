import json

import pytest

from zerofeed.records.instruments import COMBO, FUTURE, INDEX_INSTRUMENT, PERPETUAL, SPOT
from zerofeed.venues.bitmex.service import BITMEX

__all__: list[str] = []


def args(text: str) -> list[str]:
    request = json.loads(text)
    assert request["op"] == "subscribe"
    return list(request["args"])


def test_tables_are_named_with_the_symbol() -> None:
    channels = ["trades", "book", "bbo", "mark", "index", "open_interest", "funding", "status"]
    (connection,) = BITMEX.subscribe([*channels, "liquidations"], ["XBTUSD"])
    assert connection.url == "wss://ws.bitmex.com/realtime"
    tables = ["trade", "orderBookL2", "quote", "instrument", "funding", "liquidation"]
    assert args(connection.texts[0]) == [f"{table}:XBTUSD" for table in tables]


def test_requests_and_connections_stay_within_the_limits() -> None:
    planned = BITMEX.subscribe(None, [f"C{k}USDT" for k in range(100)])
    sizes = [[len(args(text)) for text in each.texts] for each in planned]
    assert sum(map(sum, sizes)) == 300
    assert all(sum(each) <= 200 and max(each) <= 20 for each in sizes)


def test_a_book_begins_anew_by_leaving_and_coming_back() -> None:
    assert [json.loads(text) for text in BITMEX.resync("XBTUSD").texts] == [
        {"op": operation, "args": ["orderBookL2:XBTUSD"]}
        for operation in ("unsubscribe", "subscribe")
    ]


@pytest.mark.parametrize(
    ("symbol", "kind"),
    [
        ("XBTUSD", PERPETUAL),
        ("XBTUSDT", PERPETUAL),
        ("ETHUSD_ETH", PERPETUAL),
        ("XBTZ24", FUTURE),
        ("ETHUSDH25", FUTURE),
        ("XBT_USDT", SPOT),
        ("XBTM26-XBTU26", COMBO),
        (".BXBT", INDEX_INSTRUMENT),
    ],
)
def test_a_symbol_tells_its_kind(symbol: str, kind: int) -> None:
    assert BITMEX.check_symbol(symbol) == symbol
    assert BITMEX.kind_of(symbol) == kind
