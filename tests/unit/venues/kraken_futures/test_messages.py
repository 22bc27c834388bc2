"""Kraken Futures' messages become the records that its documentation says."""

from __future__ import annotations

import pytest

from tests.unit.venues.kraken_futures.vectors import KRAKEN_FUTURES, SYMBOL, change, snapshot
from tests.unit.venues.venue import Vector, Venue, scaled

__all__: list[str] = []

# A feed's loop writes records by attribute, which only compiled code can.
pytestmark = pytest.mark.compiled

BIDS, ASKS = [[10, 1], [9, 2]], [[11, 3], [12, 4]]


@pytest.mark.parametrize("vector", KRAKEN_FUTURES, ids=lambda vector: vector.name)
def test_a_message_makes_exactly_its_records(vector: Vector) -> None:
    venue = Venue("kraken-futures")
    assert venue.say(*vector.messages) == vector.records
    assert venue.named() == {vector.name: len(vector.messages)}
    assert venue.counted() == {"decoded": len(vector.messages)}


def test_a_heartbeat_is_counted_as_one() -> None:
    venue = Venue("kraken-futures")
    assert venue.say({"feed": "heartbeat", "time": 1534262350627}) == []
    assert venue.counted() == {"heartbeat": 1}


def test_a_book_is_a_snapshot_and_a_message_for_each_level() -> None:
    venue = Venue("kraken-futures")
    venue.say(snapshot(7, BIDS, ASKS), change(8, "buy", 10, 0), change(9, "sell", 11, 5))
    assert venue.book(SYMBOL).is_proven
    assert venue.sides(SYMBOL) == (
        {scaled("9"): scaled("2")},
        {scaled("11"): scaled("5"), scaled("12"): scaled("4")},
    )


def test_a_missing_change_puts_the_book_in_doubt_until_the_next_snapshot() -> None:
    venue = Venue("kraken-futures")
    venue.say(snapshot(7, BIDS, ASKS))
    assert venue.is_flagged(venue.records(change(9, "buy", 8, 1)))
    assert venue.book(SYMBOL).doubts == ["chain_break"]
    venue.say(snapshot(10, BIDS, ASKS))
    assert venue.book(SYMBOL).is_proven


@pytest.mark.parametrize(
    ("symbol", "kind"),
    [
        ("PI_ABCUSD", "perpetual"),
        ("PF_ABCUSD", "perpetual"),
        ("FI_ABCUSD_250926", "future"),
        ("FF_ABCUSD_250926", "future"),
        ("in_abcusd", "index"),
    ],
)
def test_a_symbol_tells_the_kind_of_its_instrument(symbol: str, kind: str) -> None:
    venue = Venue("kraken-futures")
    venue.say({**change(1, "buy", 1, 1), "product_id": symbol})
    assert venue.instrument(symbol).kind == kind
