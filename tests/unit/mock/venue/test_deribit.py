"""Deribit: JSON-RPC, heartbeats that must be answered, raw channels for who logged in, greeks."""

import json
from typing import Any

import pytest

from tests.unit.mock.venue.clients import DeribitClient
from tests.unit.mock.venue.rig import NOW_NS, Rig
from zerofeed.mock.venue.deribit import Deribit
from zerofeed.mock.venue.market import Liquidation

__all__: list[str] = []

SECOND_NS = 1_000_000_000
NAMES = ["BTC-PERPETUAL", "BTC-27JUN25-40000-C", "BTC-27JUN25-50000-P", "BTC-27JUN25-60000-C"]


@pytest.fixture
def rig() -> Rig:
    made = Rig(Deribit(), DeribitClient(NAMES))
    made.play(made.made_up(500))
    return made


def call(rig: Rig, method: str, **params: Any) -> list[Any]:
    return rig.ask({"jsonrpc": "2.0", "id": 5, "method": method, "params": params})


def test_subscription_is_answered_with_what_is_known(rig: Rig) -> None:
    channels = ["book.BTC-PERPETUAL.100ms", "book.NO-SUCH.100ms"]
    told = call(rig, "public/subscribe", channels=channels)
    assert told[0]["id"] == 5
    assert told[0]["result"] == channels[:1]
    assert told[1]["params"]["channel"] == channels[0]
    assert told[1]["params"]["data"]["type"] == "snapshot"
    assert call(rig, "public/unsubscribe", channels=channels)[0]["result"] == channels[:1]


def test_raw_channels_are_for_who_has_logged_in(rig: Rig) -> None:
    channels = ["book.BTC-PERPETUAL.raw"]
    (refused,) = call(rig, "public/subscribe", channels=channels)
    assert refused["error"]["code"] == 13_778
    told = call(rig, "public/auth", grant_type="client_credentials")
    assert told[0]["result"]["token_type"] == "bearer"
    assert call(rig, "public/subscribe", channels=channels)[0]["result"] == channels


def test_grouped_book_is_whole_every_time(rig: Rig) -> None:
    name = "book.BTC-PERPETUAL.none.10.100ms"
    told = call(rig, "public/subscribe", channels=[name])
    assert "type" not in told[1]["params"]["data"]
    rig.connection.outbox.clear()
    for due in rig.made_up_more(200):
        for update in due.updates:
            rig.dialect.publish(update)
            rig.dialect.deliver(rig.connection, update)
    data = json.loads(rig.connection.outbox[-1].text)["params"]["data"]
    book = rig.dialect.books["BTC-PERPETUAL"]
    wanted = [[float(row.price), float(row.size)] for row in book.top("bids", 10)]
    assert data["bids"] == wanted


def test_who_answers_heartbeats_stays(rig: Rig) -> None:
    assert call(rig, "public/set_heartbeat", interval=10)[0]["result"] == "ok"
    for turn in range(1, 4):
        rig.connection.outbox.clear()
        rig.dialect.now_ns = NOW_NS + turn * 10 * SECOND_NS
        rig.dialect.on_tick(rig.connection)
        kinds = [json.loads(each.text)["params"]["type"] for each in rig.connection.outbox]
        assert kinds == ["heartbeat", "test_request"]
        assert call(rig, "public/test")[0]["result"]["version"]
    assert rig.connection.closing is None


def test_who_does_not_answer_heartbeats_is_hung_up_on(rig: Rig) -> None:
    call(rig, "public/set_heartbeat", interval=10)
    for turn in (1, 2):
        rig.dialect.now_ns = NOW_NS + turn * 10 * SECOND_NS
        rig.dialect.on_tick(rig.connection)
    assert rig.connection.closing is not None


def test_heartbeats_may_not_be_too_frequent(rig: Rig) -> None:
    assert call(rig, "public/set_heartbeat", interval=9)[0]["error"]["code"] == -32_602
    rig.dialect.now_ns = NOW_NS + 100 * SECOND_NS
    rig.connection.outbox.clear()
    rig.dialect.on_tick(rig.connection)
    assert not rig.connection.outbox


def test_unknown_method_and_broken_json_are_refused_by_their_codes(rig: Rig) -> None:
    assert call(rig, "public/dance")[0]["error"]["code"] == -32_601
    rig.connection.outbox.clear()
    rig.dialect.hear(rig.connection, "{")
    assert json.loads(rig.connection.outbox[0].text)["error"]["code"] == -32_700


def test_tickers_of_options_have_greeks_that_fit_their_strikes(rig: Rig) -> None:
    deltas = {}
    for name in NAMES[1:]:
        told = call(rig, "public/subscribe", channels=[f"ticker.{name}.100ms"])
        data = told[1]["params"]["data"]
        assert data["mark_iv"] > 0
        assert data["bid_iv"] < data["mark_iv"] < data["ask_iv"]
        deltas[name] = data["greeks"]["delta"]
    assert 0.5 < deltas["BTC-27JUN25-40000-C"] < 1
    assert -1 < deltas["BTC-27JUN25-50000-P"] < 0
    assert 0 < deltas["BTC-27JUN25-60000-C"] < 0.5


def test_liquidation_is_a_trade_that_says_so() -> None:
    event = Liquidation("BTC-PERPETUAL", NOW_NS, "1", "2", is_buy=True, number=1)
    (update,) = Deribit().write(event)
    (trade,) = json.loads(update.body)
    assert update.stream == "trades:BTC-PERPETUAL"
    assert (trade["liquidation"], trade["direction"]) == ("T", "buy")


def test_text_of_a_capture_is_passed_on_unchanged() -> None:
    data = '{"type":"snapshot","timestamp":1,"instrument_name":"A","change_id":7,'
    data += '"bids":[["new",0.00150,10.0]],"asks":[]}'
    text = '{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.A.raw","data":'
    (update,) = Deribit().read(f"{text}{data}}}}}")
    assert (update.stream, update.body) == ("book:A", data)
    assert update.change is not None
    assert update.change.bids[0].price == "0.00150"


def test_rest_answers_the_same_methods(rig: Rig) -> None:
    options = rig.get("/api/v2/public/get_instruments", currency="BTC", kind="option")["result"]
    assert [each["strike"] for each in options] == [40_000, 50_000, 60_000]
    book = rig.get("/api/v2/public/get_order_book", instrument_name=NAMES[0], depth="2")
    assert len(book["result"]["bids"]) == 2
    assert rig.get("/api/v2/public/get_time")["result"] == NOW_NS // 1_000_000
    assert rig.dialect.get("/api/v2/public/dance", {}).status == 404
