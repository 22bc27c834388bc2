import json

import pytest

from zerofeed.records.instruments import FUTURE, INDEX_INSTRUMENT, PERPETUAL
from zerofeed.venues.kraken_futures.service import KRAKEN_FUTURES

__all__: list[str] = []


def test_each_feed_is_a_request_with_all_products() -> None:
    channels = ["trades", "book", "bbo", "mark", "index", "funding", "open_interest"]
    (connection,) = KRAKEN_FUTURES.subscribe(channels, ["PF_XBTUSD", "pi_ethusd"])
    assert connection.url == "wss://futures.kraken.com/ws/v1"
    products = ["PF_XBTUSD", "PI_ETHUSD"]
    assert [json.loads(text) for text in connection.texts] == [
        {"event": "subscribe", "feed": feed, "product_ids": products}
        for feed in ("trade", "book", "ticker")
    ]


def test_a_lower_case_letter_inside_of_a_symbol_stays() -> None:
    assert KRAKEN_FUTURES.check_symbol("PF_AAPLxUSD") == "PF_AAPLxUSD"
    assert KRAKEN_FUTURES.check_symbol("pf_xbtusd") == "PF_XBTUSD"


def test_the_client_pings_whatever_comes() -> None:
    assert KRAKEN_FUTURES.ping.every_s is not None
    assert KRAKEN_FUTURES.ping.every_s < 60


def test_a_book_begins_anew_by_leaving_and_coming_back() -> None:
    texts = KRAKEN_FUTURES.resync("PF_XBTUSD").texts
    assert [json.loads(text)["event"] for text in texts] == ["unsubscribe", "subscribe"]
    assert {json.loads(text)["feed"] for text in texts} == {"book"}


def test_requests_and_connections_stay_within_the_limits() -> None:
    planned = KRAKEN_FUTURES.subscribe(["trades", "book"], [f"PF_C{k}USD" for k in range(450)])
    sizes = [[len(json.loads(text)["product_ids"]) for text in each.texts] for each in planned]
    assert sum(map(sum, sizes)) == 900
    assert all(sum(each) <= 600 and max(each) <= 100 for each in sizes)


@pytest.mark.parametrize(
    ("symbol", "kind"),
    [
        ("PF_XBTUSD", PERPETUAL),
        ("PI_XBTUSD", PERPETUAL),
        ("PV_XRPXBT", PERPETUAL),
        ("FF_XBTUSD_241227", FUTURE),
        ("FI_XBTUSD_241227", FUTURE),
        ("in_xbtusd", INDEX_INSTRUMENT),
    ],
)
def test_a_symbol_tells_its_kind(symbol: str, kind: int) -> None:
    assert KRAKEN_FUTURES.kind_of(symbol) == kind
