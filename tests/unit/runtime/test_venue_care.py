"""A book in doubt is asked for, later each time, and no other is."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.unit.runtime.live import make_config
from zerofeed.base.errors import VenueError
from zerofeed.books.l2 import L2Books
from zerofeed.books.layout import H_DOUBT_MOVES
from zerofeed.feed._instrument_kernels import add_instrument
from zerofeed.feed.instruments import make_table
from zerofeed.records.dtypes import RECORD
from zerofeed.records.kinds import ACTION_ADD, BID, LEVEL
from zerofeed.runtime.venue_care import VenueCare, _symbols_of, make_care
from zerofeed.runtime.venue_config import service_of
from zerofeed.venues.service import Snapshot

__all__: list[str] = []

SYMBOLS = {1: "BTCUSDT", 2: "ETHUSDT"}


class Stream:
    """Remembers what was put in and said."""

    def __init__(self) -> None:
        self.injected: list[bytes] = []
        self.said: list[str] = []

    def inject(self, payload: bytes) -> None:
        self.injected.append(payload)

    def say(self, text: str) -> None:
        self.said.append(text)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Rig:
    """Two books and the care for them, whose thread is not started."""

    def __init__(self, service: str = "binance") -> None:
        self.books = L2Books.create(4, capacity=8, depth=4)
        self.stream = Stream()
        self.clock = Clock()
        self.lines: list[str] = []
        self.asked: list[Snapshot] = []
        self.paused: list[float] = []
        self.care = VenueCare(
            service_of({"service": service}),
            dict.fromkeys(SYMBOLS.values(), self.stream),
            self.books.words,
            lambda row: SYMBOLS.get(row, ""),
            self.fetch,
            self.lines.append,
            clock=self.clock,
            sleep=self.paused.append,
        )

    def fetch(self, snapshot: Snapshot) -> bytes:
        self.asked.append(snapshot)
        return b"snapshot"

    def change(self, instrument: int) -> None:
        """Give a book its first change: it is in doubt, for it has no snapshot."""
        record = np.zeros(1, RECORD)
        record["kind"], record["instrument"] = LEVEL, instrument
        record["side"], record["action"] = BID, ACTION_ADD
        record["price"], record["size"] = 100, 1
        self.books.apply(record)

    def wanted(self) -> list[str]:
        """What was asked for since the last look, as the thread would take and answer it."""
        waiting = self.care._wanted
        taken = [waiting.get_nowait() for _ in range(waiting.qsize())]
        self.care._asked.difference_update(taken)
        return [SYMBOLS[instrument] for instrument in taken]

    def look(self, after_s: float = 0.0) -> list[str]:
        self.clock.now += after_s
        self.care.look()
        return self.wanted()


def test_a_book_that_was_never_given_a_record_is_not_asked_for() -> None:
    assert Rig().look() == []


def test_a_book_in_doubt_is_asked_for_and_the_other_is_not() -> None:
    rig = Rig()
    rig.change(1)
    assert rig.look() == ["BTCUSDT"]


def test_a_book_is_asked_for_again_later_each_time_and_not_without_end() -> None:
    rig = Rig()
    rig.change(1)
    times = [second for second in range(400) if rig.look(min(second, 1))]
    waits = np.diff(times).tolist()
    assert waits[:5] == [2, 4, 8, 16, 32]
    assert set(waits[5:]) == {60}


def test_a_proven_book_is_forgotten_and_begins_anew_the_next_time() -> None:
    rig = Rig()
    rig.change(1)
    assert rig.look() == ["BTCUSDT"]
    assert rig.look(2.0) == ["BTCUSDT"]
    words = rig.books.words
    doubts = rig.books[1]._at + 1
    kept, words[doubts] = int(words[doubts]), 0
    words[H_DOUBT_MOVES] += 1
    assert rig.look(100.0) == []
    words[doubts] = kept
    words[H_DOUBT_MOVES] += 1
    assert rig.look() == ["BTCUSDT"]


def test_a_book_that_comes_on_the_connection_is_given_time_at_first() -> None:
    rig = Rig("kraken")
    rig.change(1)
    assert rig.look() == []
    assert rig.look(14.9) == []
    assert rig.look(0.1) == ["BTCUSDT"]


def test_a_book_that_waits_for_its_answer_is_not_asked_for_again() -> None:
    rig = Rig()
    rig.change(1)
    rig.care.look()
    for _ in range(100):
        rig.clock.now += 10
        rig.care.look()
    assert rig.wanted() == ["BTCUSDT"]
    assert rig.look() == ["BTCUSDT"]


def test_a_symbol_of_no_stream_is_left_alone() -> None:
    rig = Rig()
    rig.care._streams = {}
    rig.change(1)
    assert rig.look() == []


def test_a_snapshot_by_rest_is_put_into_the_stream_of_its_book() -> None:
    rig = Rig()
    rig.care.resync("BTCUSDT")
    assert rig.stream.injected == [b"snapshot"]
    assert rig.stream.said == []
    assert "BTCUSDT" in rig.asked[0].url
    assert rig.care.resyncs == 1


def test_a_venue_that_sends_snapshots_is_asked_on_the_connection_first_to_end_then_to_begin() -> (
    None
):
    rig = Rig("kraken-futures")
    rig.care._streams = {"PI_XBTUSD": rig.stream}
    rig.care.resync("PI_XBTUSD")
    assert rig.asked == []
    first, last = rig.stream.said
    assert "unsubscribe" in first
    assert "unsubscribe" not in last
    assert "PI_XBTUSD" in first
    assert "PI_XBTUSD" in last


def test_a_subscription_is_ended_by_its_number_and_left_alone_without_one() -> None:
    rig = Rig("bitfinex")
    rig.care._streams = {"tBTCUSD": rig.stream}
    rig.care.resync("tBTCUSD")
    assert rig.stream.said == []
    rig.care._number_of = {"tBTCUSD": 17}.get
    rig.care.resync("tBTCUSD")
    first, last = rig.stream.said
    assert json.loads(first) == {"event": "unsubscribe", "chanId": 17}
    assert json.loads(last)["event"] == "subscribe"
    assert rig.care.resyncs == 1


def test_a_snapshot_that_cannot_be_had_is_an_error_for_one_line(monkeypatch) -> None:
    rig = Rig()

    def refuse(snapshot: Snapshot) -> bytes:
        raise VenueError("it does not answer", where=snapshot.url)

    monkeypatch.setattr(rig.care, "_fetch", refuse)
    with pytest.raises(VenueError, match="does not answer"):
        rig.care.resync("BTCUSDT")
    assert rig.stream.injected == []


def test_a_feed_of_no_venue_needs_no_care() -> None:
    assert make_care(make_config(port=1), None, print) is None  # type: ignore[arg-type]


def test_a_row_without_a_symbol_is_known_by_the_venues_number() -> None:
    rows, lookup = make_table(8)
    words = rows.view(np.int64)
    for number in (77, 78):
        add_instrument(words, lookup, number, -8, -8)
    numbered = service_of({"service": "okx", "encoding": "sbe", "numbers": {"BTC-USDT": 78}})
    symbol = _symbols_of(numbered, words)
    assert [symbol(row) for row in (1, 2)] == ["", "BTC-USDT"]
    rows[1]["symbol"] = b"ETH-USDT"
    assert symbol(1) == "ETH-USDT"
