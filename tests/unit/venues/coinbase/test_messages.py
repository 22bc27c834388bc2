"""Coinbase Exchange's messages become the records that its documentation says."""

from __future__ import annotations

import pytest

from tests.unit.venues.coinbase.vectors import COINBASE, SYMBOL, change, snapshot
from tests.unit.venues.venue import Vector, Venue, scaled

__all__: list[str] = []

# A feed's loop writes records by attribute, which only compiled code can.
pytestmark = pytest.mark.compiled

BIDS, ASKS = [["10", "1"], ["9", "2"]], [["11", "3"], ["12", "4"]]


@pytest.mark.parametrize("vector", COINBASE, ids=lambda vector: vector.name)
def test_a_message_makes_exactly_its_records(vector: Vector) -> None:
    venue = Venue("coinbase")
    assert venue.say(*vector.messages) == vector.records
    assert venue.named() == {vector.name: len(vector.messages)}
    assert venue.counted() == {"decoded": len(vector.messages)}


def test_a_heartbeat_is_counted_as_one() -> None:
    venue = Venue("coinbase")
    message = {"type": "heartbeat", "sequence": 90, "last_trade_id": 20, "product_id": SYMBOL}
    assert venue.say(message) == []
    assert venue.counted() == {"heartbeat": 1}


def test_a_book_is_a_snapshot_and_absolute_sizes() -> None:
    venue = Venue("coinbase")
    venue.say(snapshot(BIDS, ASKS), change(["buy", "10", "0"], ["sell", "11", "7"]))
    assert venue.book(SYMBOL).is_proven
    assert venue.sides(SYMBOL) == (
        {scaled("9"): scaled("2")},
        {scaled("11"): scaled("7"), scaled("12"): scaled("4")},
    )


def test_a_crossed_book_is_in_doubt_until_the_next_snapshot() -> None:
    """Nothing numbers the changes: that the book is impossible is all that tells of a loss."""
    venue = Venue("coinbase")
    venue.say(snapshot(BIDS, ASKS))
    assert venue.is_flagged(venue.records(change(["buy", "11.5", "1"]))[-1:])
    assert venue.book(SYMBOL).doubts == ["crossed"]
    venue.say(snapshot(BIDS, ASKS))
    assert venue.book(SYMBOL).is_proven


def test_a_time_before_the_epoch_is_none() -> None:
    venue = Venue("coinbase")
    told = venue.say({**change(["buy", "10", "1"]), "time": "0001-01-01T00:00:00.000000Z"})
    assert [each[5] for each in told] == [None]


def test_a_size_that_is_no_number_puts_the_book_in_doubt() -> None:
    venue = Venue("coinbase")
    venue.say(snapshot(BIDS, [*ASKS, ["13", "0.-10"]]))
    assert venue.counted()["numbers_out_of_range"] == 1
    assert not venue.book(SYMBOL).is_proven
