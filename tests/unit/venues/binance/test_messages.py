"""Binance's messages become the records that its documentation says; its books prove themselves."""

from __future__ import annotations

import pytest

from tests.unit.venues.binance.vectors import (
    FUTURES,
    SPOT,
    SYMBOL,
    change,
    futures_change,
    snapshot,
)
from tests.unit.venues.venue import Vector, Venue, scaled

__all__: list[str] = []

# A feed's loop writes records by attribute, which only compiled code can.
pytestmark = pytest.mark.compiled

BIDS, ASKS = [["10", "1"], ["9", "2"]], [["11", "3"], ["12", "4"]]


def name_of(vector: Vector) -> str:
    return vector.name


@pytest.mark.parametrize("vector", SPOT, ids=name_of)
def test_a_spot_message_makes_exactly_its_records(vector: Vector) -> None:
    venue = Venue("binance-spot")
    assert venue.say(*vector.messages) == vector.records
    assert venue.named() == {vector.name: len(vector.messages)}
    assert venue.counted() == {"decoded": len(vector.messages)}


@pytest.mark.parametrize("protocol", ["binance-usdm", "binance-coinm"])
@pytest.mark.parametrize("vector", FUTURES, ids=name_of)
def test_a_futures_message_makes_exactly_its_records(vector: Vector, protocol: str) -> None:
    venue = Venue(protocol)
    assert venue.say(*vector.messages) == vector.records
    assert venue.named() == {vector.name: len(vector.messages)}
    assert venue.counted() == {"decoded": len(vector.messages)}


def test_a_symbol_tells_the_kind_of_its_instrument() -> None:
    spot = Venue("binance-spot")
    spot.say(change(1, 1, BIDS, ASKS))
    assert spot.instrument(SYMBOL).kind == "spot"
    coinm = Venue("binance-coinm")
    coinm.say({**futures_change(1, 1, 0, BIDS, ASKS), "s": "ABCUSD_PERP"})
    assert coinm.instrument("ABCUSD_PERP").kind == "perpetual"


def test_an_index_is_another_instrument_than_a_contract_of_its_name() -> None:
    venue = Venue("binance-usdm")
    venue.say({"e": "indexPriceUpdate", "E": 1, "i": SYMBOL, "p": "5"})
    venue.say(futures_change(1, 1, 0, BIDS, ASKS))
    assert [each.kind for each in venue.feed.instruments] == ["index", "perpetual"]


def test_a_snapshot_without_a_name_is_of_the_only_instrument_that_is_known() -> None:
    venue = Venue("binance-spot")
    venue.say(change(5, 6, BIDS, ASKS), snapshot(6, BIDS, ASKS))
    assert venue.book(SYMBOL).is_proven


def test_a_snapshot_without_a_name_is_unknown_while_several_instruments_are() -> None:
    venue = Venue("binance-spot")
    venue.say(change(5, 6, BIDS, ASKS), {**change(5, 6, BIDS, ASKS), "s": "XYZUSDT"})
    assert venue.say(snapshot(6, BIDS, ASKS)) == []
    assert venue.counted() == {"decoded": 3, "messages_unknown": 1}


def test_a_spot_book_is_proven_by_a_snapshot_between_its_changes() -> None:
    venue = Venue("binance-spot")
    venue.say(change(96, 98, [["10", "7"]], []), change(99, 101, [["9", "5"]], [["12", "0"]]))
    assert venue.book(SYMBOL).doubts == ["no_snapshot"]
    venue.say(snapshot(100, BIDS, ASKS))
    venue.say(change(102, 102, [], [["11", "6"]]))
    assert venue.book(SYMBOL).is_proven
    assert venue.book(SYMBOL).change_id == 102
    bids, asks = venue.sides(SYMBOL)
    assert bids == {scaled("10"): scaled("1"), scaled("9"): scaled("5")}
    assert asks == {scaled("11"): scaled("6")}


def test_an_older_change_is_passed_over() -> None:
    venue = Venue("binance-spot")
    venue.say(snapshot(1, BIDS, ASKS))
    venue.say(change(1, 1, [], []), snapshot(100, BIDS, ASKS), change(90, 100, [["10", "0"]], []))
    assert venue.sides(SYMBOL)[0] == {scaled("10"): scaled("1"), scaled("9"): scaled("2")}
    assert venue.book(SYMBOL).is_proven


@pytest.mark.parametrize("protocol", ["binance-spot", "binance-usdm"])
def test_a_missing_change_puts_the_book_in_doubt_until_the_next_snapshot(protocol: str) -> None:
    def next_change(first: int, last: int) -> dict[str, object]:
        if protocol == "binance-spot":
            return change(first, last, [["8", "1"]], [])
        return futures_change(first, last, first - 1, [["8", "1"]], [])

    venue = Venue(protocol)
    venue.say(next_change(90, 100), {**snapshot(100, BIDS, ASKS), "symbol": SYMBOL})
    assert venue.book(SYMBOL).is_proven
    records = venue.records(next_change(102, 103))
    assert venue.book(SYMBOL).doubts == ["chain_break"]
    assert venue.is_flagged(records)
    assert venue.is_flagged(venue.records(next_change(104, 105)))
    venue.say({**snapshot(105, BIDS, ASKS), "symbol": SYMBOL})
    assert venue.book(SYMBOL).is_proven
    assert not (venue.records(next_change(106, 106))["flags"] & 4).any()


def test_futures_number_changes_with_holes_and_chain_them_by_the_one_before() -> None:
    venue = Venue("binance-usdm")
    venue.say({**snapshot(100, BIDS, ASKS), "symbol": SYMBOL})
    venue.say(futures_change(95, 103, 90, [], []), futures_change(120, 130, 103, [], []))
    assert venue.book(SYMBOL).is_proven
    assert venue.feed.books.counters()["chain_breaks"] == 0


def test_after_each_change_follows_the_best_bid_and_offer_that_it_leaves() -> None:
    venue = Venue("binance-spot")
    venue.say(change(1, 1, [], []), snapshot(1, BIDS, ASKS))
    told = venue.say(change(2, 2, [["10", "0"]], [["11", "5"]]), has_all=True)
    assert [each[0] for each in told] == ["level", "level", "bbo"]
    assert told[-1][-1] == {
        "bid_price": scaled("9"), "bid_size": scaled("2"),
        "ask_price": scaled("11"), "ask_size": scaled("5"),
    }  # fmt: skip
