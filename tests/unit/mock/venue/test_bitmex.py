"""BitMEX: partials with keys, rows by their ids, instruments put together, names in the address."""

import json

import pytest

from tests.unit.mock.venue.clients import BitmexClient
from tests.unit.mock.venue.rig import NOW_NS, Rig
from zerofeed.mock.venue.bitmex import Bitmex
from zerofeed.mock.venue.market import Liquidation

__all__: list[str] = []


@pytest.fixture
def rig() -> Rig:
    made = Rig(Bitmex(), BitmexClient(["XBTUSD", "ETHUSD"]))
    made.play(made.made_up(500))
    return made


def test_partial_names_the_keys_and_has_every_row(rig: Rig) -> None:
    told = rig.ask({"op": "subscribe", "args": ["orderBookL2_25:XBTUSD"]})
    assert told[0]["success"]
    partial = told[1]
    assert (partial["table"], partial["action"]) == ("orderBookL2_25", "partial")
    assert partial["keys"] == ["symbol", "id", "side"]
    book = rig.dialect.books["XBTUSD"]
    assert len(partial["data"]) == book.count("bids") + book.count("asks")


def test_update_leaves_the_price_out_and_insert_has_it(rig: Rig) -> None:
    rig.ask({"op": "subscribe", "args": "orderBookL2:XBTUSD"})
    rig.connection.outbox.clear()
    for due in rig.made_up_more(300):
        for update in due.updates:
            rig.dialect.publish(update)
            rig.dialect.deliver(rig.connection, update)
    seen = set()
    for message in rig.connection.outbox:
        told = json.loads(message.text)
        seen.add(told["action"])
        for row in told["data"]:
            assert ("price" in row) == (told["action"] == "insert")
            assert ("size" in row) == (told["action"] != "delete")
    assert seen == {"insert", "update", "delete"}


def test_instrument_begins_with_all_that_updates_have_said(rig: Rig) -> None:
    told = rig.ask({"op": "subscribe", "args": ["instrument:XBTUSD"]})
    (row,) = told[1]["data"]
    assert isinstance(row["markPrice"], float)
    assert isinstance(row["timestamp"], str)


def test_table_without_a_symbol_is_for_all(rig: Rig) -> None:
    rig.ask({"op": "subscribe", "args": ["trade"]})
    assert list(rig.connection.by_name) == ["trade:XBTUSD", "trade:ETHUSD"]
    rig.ask({"op": "unsubscribe", "args": ["trade"]})
    assert not rig.connection.by_name


def test_streams_in_the_address_are_subscribed_to(rig: Rig) -> None:
    rig.dialect.on_open(rig.connection, {"subscribe": "trade:XBTUSD,quote:ETHUSD"})
    told = [json.loads(message.text) for message in rig.connection.outbox]
    assert told[0]["info"].startswith("Welcome")
    assert list(rig.connection.by_name) == ["trade:XBTUSD", "quote:ETHUSD"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("dance:XBTUSD", "Unknown table: dance"), ("trade:NOBODY", "Unknown symbol: NOBODY")],
)
def test_unknown_table_or_symbol_is_refused(rig: Rig, name: str, reason: str) -> None:
    (told,) = rig.ask({"op": "subscribe", "args": [name]})
    assert (told["status"], told["error"]) == (400, reason)


def test_ping_is_answered_as_text(rig: Rig) -> None:
    rig.dialect.hear(rig.connection, "ping")
    assert rig.connection.outbox.pop().text == "pong"


def test_liquidation_is_inserted_and_deleted() -> None:
    event = Liquidation("XBTUSD", NOW_NS, "10.00", "0.300", is_buy=True, number=4)
    actions = [json.loads(f"{{{update.body}}}") for update in Bitmex().write(event)]
    assert [each["action"] for each in actions] == ["insert", "delete"]
    assert actions[0]["data"][0]["leavesQty"] == 300
    assert actions[0]["data"][0]["orderID"] == actions[1]["data"][0]["orderID"]


def test_captured_rows_find_their_price_by_their_id() -> None:
    dialect = Bitmex()
    row = {"symbol": "X", "id": 7, "side": "Buy"}
    lines = [
        {"table": "orderBookL2", "action": "partial", "data": [row | {"size": 1, "price": 9.5}]},
        {"table": "orderBookL2", "action": "update", "data": [row | {"size": 3}]},
        {"table": "orderBookL2", "action": "delete", "data": [row]},
    ]
    changes = [dialect.read(json.dumps(line))[0].change for line in lines]
    assert [(change.bids[0].price, change.bids[0].size) for change in changes if change] == [
        ("9.5", "1"),
        ("9.5", "3"),
        ("9.5", "0"),
    ]


def test_message_of_several_symbols_is_one_for_each() -> None:
    rows = [{"symbol": symbol, "price": 1.50, "size": 1, "side": "Buy"} for symbol in "XYX"]
    updates = Bitmex().read(json.dumps({"table": "trade", "action": "insert", "data": rows}))
    assert [update.stream for update in updates] == ["trade:X", "trade:Y"]
    assert len(json.loads(f"{{{updates[0].body}}}")["data"]) == 2


def test_rest_has_instruments_and_books(rig: Rig) -> None:
    assert [each["symbol"] for each in rig.get("/api/v1/instrument/active")] == ["XBTUSD", "ETHUSD"]
    (one,) = rig.get("/api/v1/instrument", symbol="XBTUSD")
    assert one["tickSize"] == 0.01
    rows = rig.get("/api/v1/orderBook/L2", symbol="XBTUSD")
    assert {row["side"] for row in rows} == {"Buy", "Sell"}
