"""Kraken: depths, checksums over the depth asked for, heartbeats, both versions' answers."""

import json
from typing import Any

import pytest

from tests.unit.mock.venue.clients import KrakenClient, KrakenV1Client, KrakenV2Client
from tests.unit.mock.venue.rig import NOW_NS, Rig
from zerofeed.mock.venue.kraken import Kraken, KrakenV1, KrakenV2

__all__: list[str] = []

SECOND_NS = 1_000_000_000
PAIRS: list[tuple[type[Kraken], type[KrakenClient]]] = [
    (KrakenV1, KrakenV1Client),
    (KrakenV2, KrakenV2Client),
]


def said(rig: Rig, text: str) -> list[Any]:
    rig.connection.outbox.clear()
    rig.dialect.hear(rig.connection, text)
    return [json.loads(message.text) for message in rig.connection.outbox]


@pytest.mark.parametrize(("venue", "client"), PAIRS)
@pytest.mark.parametrize("depth", [10, 25, 1000])
def test_checksums_hold_at_every_depth(
    venue: type[Kraken], client: type[KrakenClient], depth: int
) -> None:
    kept = client(["A/B"])
    kept.depth = depth
    rig = Rig(venue(), kept)
    source = rig.made_up(500)
    rig.open()
    rig.play(source)
    assert kept.mismatched == 0
    assert kept.matched > 150
    bids, _ = kept.sides["A/B"]
    assert len(bids) <= depth


@pytest.mark.parametrize(("venue", "client"), PAIRS)
def test_heartbeat_comes_each_second_in_which_nothing_was_said(
    venue: type[Kraken], client: type[KrakenClient]
) -> None:
    rig = Rig(venue(), client(["A/B"]))
    rig.play(rig.made_up(3))
    rig.open()
    rig.connection.outbox.clear()
    rig.connection.said_ns = NOW_NS
    beats = 0
    for tenth in range(35):
        rig.dialect.now_ns = NOW_NS + tenth * SECOND_NS // 10
        rig.dialect.on_tick(rig.connection)
        beats += sum("heartbeat" in message.text for message in rig.connection.outbox)
        rig.connection.outbox.clear()
    assert beats == 3


def test_v2_greets_answers_pings_and_refuses_by_reason() -> None:
    rig = Rig(KrakenV2(), KrakenV2Client(["A/B"]))
    rig.play(rig.made_up(3))
    rig.dialect.on_open(rig.connection, {})
    assert json.loads(rig.connection.outbox[0].text)["channel"] == "status"
    (pong,) = said(rig, '{"method":"ping","req_id":7}')
    assert (pong["method"], pong["req_id"]) == ("pong", 7)
    for params, reason in (
        ('{"channel":"book","symbol":["X/Y"]}', "Currency pair not supported X/Y"),
        ('{"channel":"book","symbol":["A/B"],"depth":7}', "Subscription depth not supported 7"),
        ('{"channel":"dance","symbol":["A/B"]}', "Unsupported channel dance"),
    ):
        (told,) = said(rig, f'{{"method":"subscribe","params":{params}}}')
        assert (told["success"], told["error"]) == (False, reason)


def test_v2_subscribing_twice_is_refused_and_snapshot_may_be_declined() -> None:
    rig = Rig(KrakenV2(), KrakenV2Client(["A/B"]))
    rig.play(rig.made_up(3))
    text = '{"method":"subscribe","params":{"channel":"book","symbol":["A/B"],"snapshot":false}}'
    (told,) = said(rig, text)
    assert told["result"] == {"channel": "book", "symbol": "A/B", "depth": 10, "snapshot": False}
    assert said(rig, text)[0]["error"] == "Already subscribed"


def test_v2_lists_instruments_with_their_increments() -> None:
    rig = Rig(KrakenV2(), KrakenV2Client(["A/B"]))
    rig.play(rig.made_up(3))
    told = said(rig, '{"method":"subscribe","params":{"channel":"instrument"}}')
    (pair,) = told[1]["data"]["pairs"]
    assert (pair["symbol"], pair["price_increment"], pair["qty_precision"]) == ("A/B", 0.01, 3)
    assert [asset["id"] for asset in told[1]["data"]["assets"]] == ["A", "B"]


def test_v2_numbers_keep_their_zeros() -> None:
    rig = Rig(KrakenV2(), KrakenV2Client(["A/B"]))
    text = (
        '{"channel":"book","type":"snapshot","data":[{"symbol":"A/B","bids":[{"price":1.10,'
        '"qty":0.50000000}],"asks":[{"price":1.20,"qty":3.00000000}],"checksum":1}]}'
    )
    rig.dialect.prime(rig.dialect.read(text))
    rig.dialect.hear(
        rig.connection, '{"method":"subscribe","params":{"channel":"book","symbol":["A/B"]}}'
    )
    assert '{"price":1.10,"qty":0.50000000}' in rig.connection.outbox[1].text


def test_v1_numbers_channels_and_repeats_them_in_messages() -> None:
    rig = Rig(KrakenV1(), KrakenV1Client(["A/B"]))
    source = rig.made_up(50)
    wanted = '{"event":"subscribe","pair":["A/B"],"reqid":3,"subscription":{"name":"trade"}}'
    (status,) = said(rig, wanted)
    assert (status["status"], status["channelName"], status["reqid"]) == ("subscribed", "trade", 3)
    rig.connection.outbox.clear()
    for due in source:
        for update in due.updates:
            rig.dialect.publish(update)
            rig.dialect.deliver(rig.connection, update)
    messages = [json.loads(message.text) for message in rig.connection.outbox]
    assert messages
    for number, rows, channel, pair in messages:
        assert (number, channel, pair) == (status["channelID"], "trade", "A/B")
        assert len(rows[0]) == 6


def test_v1_reads_two_objects_of_one_message() -> None:
    text = '[5,{"a":[["2.0","1.5","1.1","r"]]},{"b":[["1.0","0.0","1.2"]],"c":"9"},"book-25","A/B"]'
    (update,) = KrakenV1().read(text)
    assert update.change is not None
    assert update.change.asks[0][:2] == ("2.0", "1.5")
    assert update.change.bids[0][:2] == ("1.0", "0.0")
    assert update.body.endswith('"c":"9"}')


@pytest.mark.parametrize(("venue", "client"), PAIRS)
def test_rest_has_pairs_and_books(venue: type[Kraken], client: type[KrakenClient]) -> None:
    rig = Rig(venue(), client(["A/B"]))
    rig.play(rig.made_up(3))
    pairs = json.loads(rig.dialect.get("/0/public/AssetPairs", {}).body)["result"]
    assert pairs["AB"]["wsname"] == "A/B"
    book = json.loads(rig.dialect.get("/0/public/Depth", {"pair": "AB", "count": "2"}).body)
    assert len(book["result"]["AB"]["asks"]) == 2
    assert json.loads(rig.dialect.get("/0/public/Depth", {"pair": "X"}).body)["error"]
