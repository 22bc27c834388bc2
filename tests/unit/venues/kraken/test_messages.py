"""Kraken's messages of version 2 become the records that its documentation says."""

from __future__ import annotations

import random

import pytest

from tests.unit.venues.kraken.books import SlowBook
from tests.unit.venues.kraken.vectors import EXPONENTS, SYMBOL, V2, book, checksum
from tests.unit.venues.venue import Vector, Venue, scaled

__all__: list[str] = []

# A feed's loop writes records by attribute, which only compiled code can.
pytestmark = pytest.mark.compiled

BIDS = [("100.0", "1.00000000"), ("99.9", "0.05000000")]
ASKS = [("100.1", "0.30000000"), ("100.2", "4.00000000")]
SUBSCRIBED = {
    "method": "subscribe",
    "result": {"channel": "book", "depth": 10, "symbol": SYMBOL},
    "success": True,
}


@pytest.mark.parametrize("vector", V2, ids=lambda vector: vector.name)
def test_a_message_makes_exactly_its_records(vector: Vector) -> None:
    venue = Venue("kraken-v2")
    assert venue.say(*vector.messages) == vector.records
    assert venue.named() == {vector.name: len(vector.messages)}
    assert venue.counted() == {"decoded": len(vector.messages)}


def test_a_heartbeat_is_counted_as_one() -> None:
    venue = Venue("kraken-v2")
    assert venue.say({"channel": "heartbeat"}) == []
    assert venue.counted() == {"heartbeat": 1}


def test_exponents_are_the_decimals_that_kraken_writes() -> None:
    venue = Venue("kraken-v2")
    venue.say(book("snapshot", BIDS, ASKS, checksum(BIDS, ASKS)))
    row = venue.instrument(SYMBOL)
    assert (row.price_exponent, row.size_exponent) == EXPONENTS
    assert row.kind == "spot"


def test_exponents_come_from_either_side_of_a_snapshot() -> None:
    venue = Venue("kraken-v2")
    venue.say(book("snapshot", [], ASKS, checksum([], ASKS)))
    row = venue.instrument(SYMBOL)
    assert (row.price_exponent, row.size_exponent) == EXPONENTS


def test_exponents_come_from_the_snapshot_though_the_subscription_was_confirmed_before() -> None:
    venue = Venue("kraken-v2")
    venue.say(SUBSCRIBED, book("snapshot", BIDS, ASKS, checksum(BIDS, ASKS)))
    assert venue.checksums() == (1, 0)
    assert venue.book(SYMBOL).is_proven


def test_a_wrong_checksum_puts_the_book_in_doubt_until_the_next_snapshot() -> None:
    venue = Venue("kraken-v2")
    venue.say(book("snapshot", BIDS, ASKS, checksum(BIDS, ASKS)))
    assert venue.book(SYMBOL).is_proven
    assert venue.is_flagged(venue.records(book("update", [("99.8", "1.00000000")], [], 1)))
    assert venue.book(SYMBOL).doubts == ["checksum"]
    venue.say(book("snapshot", BIDS, ASKS, checksum(BIDS, ASKS)))
    assert venue.checksums() == (2, 1)
    assert venue.book(SYMBOL).is_proven


def test_a_missing_change_shows_in_the_next_checksum() -> None:
    venue, slow = Venue("kraken-v2"), SlowBook(10)
    venue.say(book("snapshot", BIDS, ASKS, slow.apply(BIDS, ASKS)))
    slow.apply([("99.8", "7.00000000")], [])
    asks = [("100.3", "1.00000000")]
    assert venue.is_flagged(venue.records(book("update", [], asks, slow.apply([], asks))))


def test_levels_behind_the_depth_that_was_subscribed_are_cut() -> None:
    """Kraken never says that they are gone: without the cut they come back as ghosts."""
    venue, slow, chance = Venue("kraken-v2"), SlowBook(10), random.Random(5)
    bids = [(f"{100 - step / 10:.1f}", "1.00000000") for step in range(10)]
    asks = [(f"{101 + step / 10:.1f}", "1.00000000") for step in range(10)]
    venue.say(SUBSCRIBED, book("snapshot", bids, asks, slow.apply(bids, asks)))
    for _ in range(200):
        price = 95 + chance.randrange(50) / 10
        size = chance.choice(["0.00000000", "2.00000000", f"{chance.random():.8f}"])
        bids, asks = [(f"{price:.1f}", size)], [(f"{price + 6:.1f}", size)]
        venue.say(book("update", bids, asks, slow.apply(bids, asks)))
    assert venue.checksums() == (201, 0)
    told = venue.sides(SYMBOL)
    for side, texts in zip(told, (slow.bids, slow.asks), strict=True):
        assert side == {scaled(p, -1): scaled(s, -8) for p, s in texts.items()}
