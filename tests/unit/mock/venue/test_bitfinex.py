"""Bitfinex: numbered channels, flags that a client asks for, errors by their codes."""

import json

import pytest

from tests.unit.mock.venue.clients import BitfinexClient
from tests.unit.mock.venue.rig import NOW_NS, Rig
from zerofeed.mock.venue.bitfinex import CHECKSUM, SEQUENCE, Bitfinex
from zerofeed.mock.venue.market import Liquidation, Trade

__all__: list[str] = []

SECOND_NS = 1_000_000_000
BOOK = {"event": "subscribe", "channel": "book", "symbol": "tBTCUSD"}


@pytest.fixture
def rig() -> Rig:
    made = Rig(Bitfinex(), BitfinexClient(["tBTCUSD", "tBTCF0:USTF0"]))
    made.play(made.made_up(300))
    return made


def play(rig: Rig, count: int) -> list[list[object]]:
    rig.connection.outbox.clear()
    for due in rig.made_up_more(count):
        for update in due.updates:
            rig.dialect.publish(update)
            rig.dialect.deliver(rig.connection, update)
    return [json.loads(message.text) for message in rig.connection.outbox]


def test_subscription_gets_a_number_and_the_book(rig: Rig) -> None:
    told, snapshot = rig.ask(BOOK)
    assert (told["event"], told["len"], told["pair"]) == ("subscribed", "25", "BTCUSD")
    assert snapshot[0] == told["chanId"]
    amounts = [amount for _, _, amount in snapshot[1]]
    assert min(amounts) < 0 < max(amounts)


def test_without_flags_there_is_neither_sequence_nor_checksum(rig: Rig) -> None:
    rig.ask(BOOK)
    for message in play(rig, 100):
        assert len(message) == 2
        assert message[1] != "cs"


def test_sequence_counts_every_message_of_the_connection(rig: Rig) -> None:
    rig.ask({"event": "conf", "flags": SEQUENCE + CHECKSUM})
    rig.ask(BOOK)
    numbers = [message[-1] for message in play(rig, 100)]
    assert numbers == list(range(3, 3 + len(numbers)))


def test_flags_are_confirmed(rig: Rig) -> None:
    (told,) = rig.ask({"event": "conf", "flags": SEQUENCE})
    assert told == {"event": "conf", "status": "OK", "flags": SEQUENCE}


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (BOOK | {"channel": "dance"}, 10_300),
        (BOOK | {"symbol": "tNOBODY"}, 10_300),
        (BOOK | {"len": "7"}, 10_300),
        ({"event": "unsubscribe", "chanId": 999}, 10_400),
    ],
)
def test_what_cannot_be_is_refused_by_its_code(
    rig: Rig, request_: dict[str, object], code: int
) -> None:
    (told,) = rig.ask(request_)
    assert (told["event"], told["code"]) == ("error", code)


def test_subscribing_twice_is_refused(rig: Rig) -> None:
    rig.ask(BOOK)
    assert rig.ask(BOOK)[0]["code"] == 10_301


def test_more_channels_than_thirty_are_refused() -> None:
    names = [f"t{k:03d}USD" for k in range(31)]
    rig = Rig(Bitfinex(), BitfinexClient(names))
    rig.play(rig.made_up(1))
    codes = [rig.ask(BOOK | {"symbol": name})[0].get("code") for name in names]
    assert codes == [None] * 30 + [10_305]


def test_unsubscribing_by_number_ends_the_channel(rig: Rig) -> None:
    number = rig.ask(BOOK)[0]["chanId"]
    (told,) = rig.ask({"event": "unsubscribe", "chanId": number})
    assert told == {"event": "unsubscribed", "status": "OK", "chanId": number}
    assert play(rig, 50) == []


def test_trade_is_told_twice_and_sold_is_negative(rig: Rig) -> None:
    event = Trade("tBTCUSD", NOW_NS, "10.50", "0.300", is_buy=False, number=5)
    bodies = [update.body for update in rig.dialect.write(event)]
    row = f"[5,{NOW_NS // 1_000_000},-0.3,10.5]"
    assert bodies == [f'"te",{row}', f'"tu",{row}']


def test_a_short_position_is_negative_and_closed_by_buying(rig: Rig) -> None:
    event = Liquidation("tBTCF0:USTF0", NOW_NS, "10.50", "0.300", is_buy=True, number=5)
    (update,) = rig.dialect.write(event)
    assert update.stream == "status:liq:global"
    (row,) = json.loads(update.body)
    assert (row[4], row[5], row[11]) == ("tBTCF0:USTF0", -0.3, 10.5)


def test_silent_channels_say_hb_every_fifteen_seconds(rig: Rig) -> None:
    number = rig.ask(BOOK)[0]["chanId"]
    rig.connection.said_ns = NOW_NS
    rig.connection.outbox.clear()
    rig.dialect.now_ns = NOW_NS + 14 * SECOND_NS
    rig.dialect.on_tick(rig.connection)
    assert not rig.connection.outbox
    rig.dialect.now_ns = NOW_NS + 15 * SECOND_NS
    rig.dialect.on_tick(rig.connection)
    assert rig.connection.outbox.pop().text == f'[{number},"hb"]'


def test_ping_returns_its_id(rig: Rig) -> None:
    (told,) = rig.ask({"event": "ping", "cid": 12})
    assert (told["event"], told["cid"]) == ("pong", 12)


def test_state_of_a_contract_is_shown_to_who_subscribes(rig: Rig) -> None:
    told = rig.ask({"event": "subscribe", "channel": "status", "key": "deriv:tBTCF0:USTF0"})
    assert told[0]["event"] == "subscribed"
    assert told[1][1][14] > 0


def test_capture_is_read_by_the_subscriptions_in_it() -> None:
    dialect = Bitfinex()
    lines = [
        '{"event":"conf","status":"OK","flags":65536}',
        '{"event":"subscribed","channel":"book","chanId":77,"symbol":"tAB"}',
        "[77,[[1.5,2,3],[2.5,1,-4]],1]",
        "[77,[1.5,0,1],2]",
        '[77,"hb",3]',
        "[5,[1.5,0,1],4]",
    ]
    updates = [update for line in lines for update in dialect.read(line)]
    changes = [update.change for update in updates if update.change is not None]
    assert [change.is_snapshot for change in changes] == [True, False]
    assert changes[0].asks[0][:2] == ("2.5", "4")
    assert changes[1].bids[0].size == "0"
    assert updates[2].body == "[1.5,0,1]"


def test_rest_has_pairs_and_books(rig: Rig) -> None:
    assert rig.get("/v2/conf/pub:list:pair:exchange") == [["BTCUSD", "BTCF0:USTF0"]]
    assert rig.get("/v2/conf/pub:info:pair")[0][0][0] == "BTCUSD"
    assert len(rig.get("/v2/book/tBTCUSD/P0")) > 4
    assert rig.get("/v2/platform/status") == [1]
    assert rig.dialect.get("/v2/nothing", {}).status == 404
