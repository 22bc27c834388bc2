"""Kraken's messages of version 1, as captures have them."""

from __future__ import annotations

import random

import pytest

from tests.unit.venues.kraken.books import SlowBook
from tests.unit.venues.kraken.vectors import (
    EXPONENTS,
    SYMBOL,
    V1,
    book_v1,
    checksum,
    snapshot_v1,
)
from tests.unit.venues.venue import Vector, Venue, scaled

__all__: list[str] = []

# A feed's loop writes records by attribute, which only compiled code can.
pytestmark = pytest.mark.compiled

BIDS = [("100.0", "1.00000000"), ("99.9", "0.05000000")]
ASKS = [("100.1", "0.30000000"), ("100.2", "4.00000000")]


@pytest.mark.parametrize("vector", V1, ids=lambda vector: vector.name)
def test_a_message_makes_exactly_its_records(vector: Vector) -> None:
    venue = Venue("kraken-v1")
    assert venue.say(*vector.messages) == vector.records
    assert venue.named() == {vector.name: len(vector.messages)}
    assert venue.counted() == {"decoded": len(vector.messages)}


def test_a_heartbeat_is_counted_as_one() -> None:
    venue = Venue("kraken-v1")
    assert venue.say({"event": "heartbeat"}) == []
    assert venue.counted() == {"heartbeat": 1}


def test_exponents_are_the_decimals_that_kraken_writes() -> None:
    venue = Venue("kraken-v1")
    venue.say(snapshot_v1(BIDS, ASKS))
    row = venue.instrument(SYMBOL)
    assert (row.price_exponent, row.size_exponent) == EXPONENTS


def test_a_wrong_checksum_puts_the_book_in_doubt_until_the_next_snapshot() -> None:
    venue = Venue("kraken-v1")
    venue.say(snapshot_v1(BIDS, ASKS))
    assert venue.book(SYMBOL).is_proven
    assert venue.is_flagged(venue.records(book_v1([("99.8", "1.00000000")], [], 1)))
    venue.say(snapshot_v1(BIDS, ASKS))
    assert venue.book(SYMBOL).is_proven


def test_an_empty_side_is_a_book_all_the_same() -> None:
    venue = Venue("kraken-v1")
    venue.say(snapshot_v1(BIDS, []), book_v1([("99.8", "1.00000000")], [], checksum(
        [*BIDS, ("99.8", "1.00000000")], [])))  # fmt: skip
    assert venue.checksums() == (1, 0)
    assert venue.book(SYMBOL).is_proven


def test_levels_behind_the_depth_in_the_channels_name_are_cut() -> None:
    venue, slow, chance = Venue("kraken-v1"), SlowBook(10), random.Random(7)
    bids = [(f"{100 - step / 10:.1f}", "1.00000000") for step in range(10)]
    asks = [(f"{101 + step / 10:.1f}", "1.00000000") for step in range(10)]
    slow.apply(bids, asks)
    venue.say(snapshot_v1(bids, asks))
    for _ in range(200):
        price = 95 + chance.randrange(50) / 10
        size = chance.choice(["0.00000000", "2.00000000", f"{chance.random():.8f}"])
        bids, asks = [(f"{price:.1f}", size)], [(f"{price + 6:.1f}", size)]
        venue.say(book_v1(bids, asks, slow.apply(bids, asks)))
    assert venue.checksums() == (200, 0)
    told = venue.sides(SYMBOL)
    for side, texts in zip(told, (slow.bids, slow.asks), strict=True):
        assert side == {scaled(p, -1): scaled(s, -8) for p, s in texts.items()}
