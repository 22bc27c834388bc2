"""OKX: arguments that are repeated, ping, keep-alive of quiet books, errors by their codes."""

import json
from typing import Any

import pytest

from tests.unit.mock.venue.clients import OkxClient
from tests.unit.mock.venue.rig import NOW_NS, Rig
from zerofeed.mock.venue.market import Liquidation, Mark
from zerofeed.mock.venue.okx import Okx

__all__: list[str] = []

SECOND_NS = 1_000_000_000


@pytest.fixture
def rig() -> Rig:
    made = Rig(Okx(), OkxClient(["BTC-USDT", "BTC-USDT-SWAP"]))
    made.play(made.made_up(60))
    return made


def ask(rig: Rig, *args: dict[str, str], op: str = "subscribe") -> list[Any]:
    rig.connection.outbox.clear()
    rig.dialect.hear(rig.connection, json.dumps({"op": op, "args": args}))
    return [json.loads(message.text) for message in rig.connection.outbox]


def test_ping_is_answered_and_does_not_count() -> None:
    dialect = Okx()
    rig = Rig(dialect, OkxClient(["BTC-USDT"]))
    for _ in range(1_000):
        rig.dialect.hear(rig.connection, "ping")
    assert {message.text for message in rig.connection.outbox} == {"pong"}


def test_argument_is_repeated_as_it_was_asked(rig: Rig) -> None:
    arg = {"instId": "BTC-USDT", "channel": "books", "extra": "1"}
    said = ask(rig, arg)
    assert said[0] == {"event": "subscribe", "arg": arg, "connId": said[0]["connId"]}
    assert said[1]["arg"] == arg
    assert said[1]["action"] == "snapshot"
    assert said[1]["data"][0]["prevSeqId"] == -1
    assert ask(rig, arg, op="unsubscribe")[0]["event"] == "unsubscribe"
    assert not rig.connection.by_name


def test_unknown_instrument_is_refused_by_its_code(rig: Rig) -> None:
    (said,) = ask(rig, {"channel": "books", "instId": "X-Y"})
    assert (said["event"], said["code"]) == ("error", "60018")


def test_quiet_book_is_confirmed_after_a_minute(rig: Rig) -> None:
    ask(rig, {"channel": "books", "instId": "BTC-USDT"})
    rig.connection.outbox.clear()
    rig.dialect.now_ns = NOW_NS + 59 * SECOND_NS
    rig.dialect.on_tick(rig.connection)
    assert not rig.connection.outbox
    rig.dialect.now_ns = NOW_NS + 60 * SECOND_NS
    rig.dialect.on_tick(rig.connection)
    row = json.loads(rig.connection.outbox.pop().text)["data"][0]
    assert row["seqId"] == row["prevSeqId"] == rig.dialect.books["BTC-USDT"].last
    assert row["bids"] == row["asks"] == []


def test_silent_client_is_hung_up_on_after_thirty_seconds(rig: Rig) -> None:
    rig.dialect.hear(rig.connection, "ping")
    rig.dialect.now_ns = NOW_NS + 31 * SECOND_NS
    rig.dialect.enforce_silence_limits(rig.connection)
    assert rig.connection.closing is not None


def test_best_levels_are_whole_in_every_message(rig: Rig) -> None:
    said = ask(rig, {"channel": "bbo-tbt", "instId": "BTC-USDT"})
    row = said[1]["data"][0]
    assert len(row["bids"]) == len(row["asks"]) == 1
    said = ask(rig, {"channel": "books5", "instId": "BTC-USDT"})
    assert len(said[1]["data"][0]["bids"]) == 5


def test_contracts_have_marks_and_funding_and_spot_has_not() -> None:
    def channels(symbol: str) -> set[str]:
        mark = Mark(symbol, NOW_NS, "1", "1", "1", "0.1", NOW_NS, "7")
        return {update.stream.partition(":")[0] for update in Okx().write(mark)}

    assert channels("BTC-USDT") == {"tickers", "index-tickers"}
    assert {"mark-price", "open-interest", "funding-rate"} <= channels("BTC-USDT-SWAP")
    assert "funding-rate" not in channels("BTC-USD-260327")


def test_options_have_greeks_by_family() -> None:
    symbol = "BTC-USD-260327-50000-C"
    mark = Mark(symbol, NOW_NS, "1", "1", "1", "0.1", NOW_NS, "7")
    summaries = [each for each in Okx().write(mark) if each.stream == "opt-summary:BTC-USD"]
    row = json.loads(f"{{{summaries[0].body}}}")["data"][0]
    assert row["instId"] == symbol
    assert 0.5 < float(row["delta"]) < 0.7
    assert float(row["bidVol"]) < float(row["markVol"]) < float(row["askVol"])


def test_liquidations_go_by_the_kind_of_instrument() -> None:
    event = Liquidation("BTC-USDT-SWAP", NOW_NS, "1", "2", is_buy=False, number=1)
    (update,) = Okx().write(event)
    assert update.stream == "liquidation-orders:SWAP"
    assert '"side":"sell"' in update.body
    assert Okx().write(event._replace(symbol="BTC-USDT")) == []


def test_capture_without_numbers_gets_snapshots_without_numbers() -> None:
    dialect = Okx()
    text = (
        '{"arg":{"channel":"books","instId":"A-B"},"action":"snapshot","data":[{"asks":'
        '[["2.0","1","0","1"]],"bids":[["1.0","1","0","1"]],"ts":"1","checksum":5}]}'
    )
    updates = dialect.read(text)
    dialect.prime(updates)
    rig = Rig(dialect, OkxClient(["A-B"]))
    said = ask(rig, {"channel": "books", "instId": "A-B"})
    row = said[1]["data"][0]
    assert "seqId" not in row
    assert row["bids"] == [["1.0", "1", "0", "1"]]


def test_rest_has_instruments_books_and_time(rig: Rig) -> None:
    def get(path: str, **query: str) -> Any:
        return json.loads(rig.dialect.get(f"/api/v5/{path}", query).body)["data"]

    (swap,) = get("public/instruments", instType="SWAP")
    assert (swap["instId"], swap["tickSz"], swap["lotSz"]) == ("BTC-USDT-SWAP", "0.01", "0.001")
    (book,) = get("market/books", instId="BTC-USDT", sz="3")
    assert len(book["asks"]) == 3
    assert get("market/books", instId="X-Y") == []
    assert get("public/time") == [{"ts": str(NOW_NS // 1_000_000)}]
