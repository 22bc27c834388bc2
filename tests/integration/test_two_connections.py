"""Two connections of a venue in one feed: repetitions are counted, books never go back, the lead passes on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.venues.venue import S, Venue
from zerofeed.records.flags import MAYBE_BAD_BOOK, SNAPSHOT
from zerofeed.sequencing.holding import A_LINE

__all__: list[str] = []

pytestmark = pytest.mark.compiled


class Lines:
    """A feed that is told by which connection each message comes."""

    def __init__(self, protocol: str, *open_lines: int) -> None:
        self.venue = Venue(protocol)
        for line in open_lines:
            self.venue.feed.metrics.note_connection(0, line, is_open=True)

    def say(self, line: int, message: Any) -> list[str]:
        """The kinds of the records that a message makes."""
        self.venue.feed._state[A_LINE] = line
        return [told[0] for told in self.venue.say(message)]


def depth(first: int, last: int, price: str = "100") -> dict[str, Any]:
    return {"e": "depthUpdate", "E": 1, "s": "BTCUSDT", "U": first, "u": last, "b": [[price, "1"]], "a": []}  # fmt: skip


def test_the_second_of_two_equal_messages_is_stale() -> None:
    lines = Lines("binance-spot", 0, 1)
    for number in range(1, 4):
        trade = {"e": "trade", "E": 1, "s": "BTCUSDT", "t": number, "p": "1", "q": "1", "T": 1, "m": True}  # fmt: skip
        first, second = number % 2, 1 - number % 2
        assert lines.say(first, trade) == ["trade"]
        assert lines.say(second, trade) == []
    assert lines.venue.counted() == {"decoded": 3, "stale": 3}
    assert lines.venue.feed.metrics.connections() == [
        {"source": 0, "connection": 0, "first": 1, "late": 2},
        {"source": 0, "connection": 1, "first": 2, "late": 1},
    ]


def test_a_book_takes_changes_from_whoever_is_first_and_sees_no_break() -> None:
    lines = Lines("binance-spot", 0, 1)
    snapshot = {"lastUpdateId": 10, "bids": [["99", "1"]], "asks": [["101", "1"]]}
    lines.say(0, depth(10, 11))
    assert set(lines.say(-1, snapshot)) == {"level"}
    for line, change in (
        (0, depth(12, 13)),
        (1, depth(12, 13)),
        (1, depth(14, 15)),
        (0, depth(14, 15)),
    ):
        lines.say(line, change)
    # Another connection packs the same changes otherwise.
    assert lines.say(0, depth(14, 17, "98")) == ["level"]
    assert not lines.venue.book("BTCUSDT").doubts
    assert lines.venue.feed.books.counters()["chain_breaks"] == 0


def okx(action: str, previous: int, number: int, price: str) -> dict[str, Any]:
    row = {
        "asks": [],
        "bids": [[price, "1", "0", "1"]],
        "ts": "1",
        "prevSeqId": previous,
        "seqId": number,
    }
    return {"arg": {"channel": "books", "instId": "BTC-USDT"}, "action": action, "data": [row]}


def test_a_snapshot_by_another_connection_does_not_take_a_book_back() -> None:
    lines = Lines("okx", 0, 1)
    lines.say(0, okx("snapshot", -1, 10, "100"))
    lines.say(0, okx("update", 10, 12, "101"))
    assert lines.say(1, okx("snapshot", -1, 11, "50")) == []
    assert lines.say(1, okx("update", 11, 12, "101")) == []
    assert lines.say(1, okx("update", 12, 13, "102")) == ["level"]
    bids, _ = lines.venue.sides("BTC-USDT")
    assert sorted(price // 10**8 for price in bids) == [100, 101, 102]
    assert not lines.venue.book("BTC-USDT").doubts


def coinbase(price: str) -> dict[str, Any]:
    return {"type": "l2update", "product_id": "BTC-USD", "time": "2026-01-01T00:00:00.000001Z", "changes": [["buy", price, "1"]]}  # fmt: skip


def test_what_has_no_number_is_taken_from_one_connection_until_that_is_closed() -> None:
    lines = Lines("coinbase", 0, 1)
    snapshot = {
        "type": "snapshot",
        "product_id": "BTC-USD",
        "bids": [["1", "1"]],
        "asks": [["9", "1"]],
    }
    lines.say(0, snapshot)
    assert lines.say(1, snapshot) == []
    assert lines.say(1, coinbase("2")) == []
    assert lines.say(0, coinbase("3")) == ["level"]
    assert not lines.venue.book("BTC-USD").doubts
    lines.venue.feed.metrics.note_connection(0, 0, is_open=False)
    # What it said before it was closed comes first.
    assert lines.say(0, coinbase("4")) == ["level"]
    records = lines.venue.records  # the lead passes with the first message of the other
    lines.venue.feed._state[A_LINE] = 1
    told = records(coinbase("5"))
    assert (told["flags"] & MAYBE_BAD_BOOK).all()
    assert lines.say(0, coinbase("6")) == []
    assert lines.venue.book("BTC-USD").doubts
    proof = records(snapshot)
    assert proof.size == 0
    lines.venue.feed._state[A_LINE] = 1
    assert (records(snapshot)["flags"] & SNAPSHOT).any()
    assert not lines.venue.book("BTC-USD").doubts


def test_books_are_suspected_by_whatever_message_the_lead_passes() -> None:
    lines = Lines("bitmex", 0, 1)
    row = {"symbol": "XBTUSD", "id": 1, "side": "Buy", "size": 5, "price": 1}
    book = {"table": "orderBookL2", "data": [row]}
    lines.say(0, book | {"action": "partial"})
    lines.venue.feed.metrics.note_connection(0, 0, is_open=False)
    liquidation = {"orderID": "x", "symbol": "XBTUSD", "side": "Buy", "price": 1, "leavesQty": 1}
    assert lines.say(1, {"table": "liquidation", "action": "insert", "data": [liquidation]}) == [
        "liquidation"
    ]
    assert lines.venue.book("XBTUSD").doubts


def test_a_restart_of_the_venues_numbers_loses_nothing_of_the_first_connection() -> None:
    lines = Lines("okx", 0, 1)
    trade = {"arg": {"channel": "trades", "instId": "BTC-USDT"}}
    row = {"instId": "BTC-USDT", "px": "1", "sz": "1", "side": "buy", "ts": str(S // 10**6)}
    for number in (1_000, 1, 2):
        message = trade | {"data": [row | {"tradeId": str(number)}]}
        assert lines.say(0, message) == ["trade"]
        assert lines.say(1, message) == []
