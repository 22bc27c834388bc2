"""BitMEX's messages become the records that its documentation says."""

from __future__ import annotations

import pytest

from tests.unit.venues.bitmex.vectors import BITMEX, SYMBOL, book
from tests.unit.venues.venue import Vector, Venue, scaled
from zerofeed.records.flags import MAYBE_BAD_BOOK

__all__: list[str] = []

# A feed's loop writes records by attribute, which only compiled code can.
pytestmark = pytest.mark.compiled


@pytest.mark.parametrize("vector", BITMEX, ids=lambda vector: vector.name)
def test_a_message_makes_exactly_its_records(vector: Vector) -> None:
    venue = Venue("bitmex")
    assert venue.say(*vector.messages) == vector.records
    assert venue.named() == {vector.name: len(vector.messages)}
    assert venue.counted() == {"decoded": len(vector.messages)}


def test_a_pong_is_a_heartbeat() -> None:
    venue = Venue("bitmex")
    assert venue.say("pong") == []
    assert venue.counted() == {"heartbeat": 1}


def test_a_book_is_a_partial_and_what_is_updated_inserted_and_deleted() -> None:
    venue = Venue("bitmex")
    venue.say(
        book("partial", (1, "Sell", 500, 11.5), (2, "Buy", 300, 10.5)),
        book("insert", (3, "Buy", 100, 10), (4, "Sell", 70, 12)),
        book("update", (3, "Buy", 90, 10)),
        book("delete", (1, "Sell", 0, 11.5)),
    )
    assert venue.book(SYMBOL).is_proven
    assert venue.sides(SYMBOL) == (
        {scaled("10.5"): scaled("300"), scaled("10"): scaled("90")},
        {scaled("12"): scaled("70")},
    )


def test_a_book_before_its_partial_is_in_doubt() -> None:
    venue = Venue("bitmex")
    _announcement, *told = venue.records(book("update", (2, "Buy", 250, 10.5)))
    assert [bool(record["flags"] & MAYBE_BAD_BOOK) for record in told] == [True, True]
    venue.say(book("partial", (1, "Sell", 500, 11.5)))
    assert venue.book(SYMBOL).is_proven


@pytest.mark.parametrize("action", ["update", "delete"])
def test_a_change_of_a_row_that_is_not_there_puts_the_book_in_doubt(action: str) -> None:
    venue = Venue("bitmex")
    venue.say(book("partial", (1, "Sell", 500, 11.5), (2, "Buy", 300, 10.5)))
    assert venue.feed.books[1].is_proven
    venue.say(book(action, (9, "Buy", 1, 9.5)))
    assert venue.feed.books[1].doubts == ["unknown_level"]
