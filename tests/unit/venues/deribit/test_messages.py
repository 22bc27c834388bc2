"""Deribit's JSON messages become the records that its documentation says."""

from __future__ import annotations

import pytest

from tests.unit.venues.deribit.vectors import DERIBIT, SYMBOL, change, snapshot, told
from tests.unit.venues.venue import Vector, Venue, level, rec, scaled

__all__: list[str] = []

# A feed's loop writes records by attribute, which only compiled code can.
pytestmark = pytest.mark.compiled

BIDS, ASKS = [[10, 1], [9, 2]], [[11, 3], [12, 4]]


@pytest.mark.parametrize("vector", DERIBIT, ids=lambda vector: vector.name)
def test_a_message_makes_exactly_its_records(vector: Vector) -> None:
    venue = Venue("deribit-json")
    assert venue.say(*vector.messages) == vector.records
    assert venue.named() == {vector.name: len(vector.messages)}
    assert venue.counted() == {"decoded": len(vector.messages)}


def test_a_request_to_show_that_one_lives_is_a_heartbeat() -> None:
    venue = Venue("deribit-json")
    assert venue.say({"method": "heartbeat", "params": {"type": "test_request"}}) == []
    assert venue.counted() == {"heartbeat": 1}


def test_a_book_is_proven_by_a_snapshot_and_a_chain_of_changes() -> None:
    venue = Venue("deribit-json")
    venue.say(
        snapshot(100, BIDS, ASKS),
        change(105, 100, [["delete", 10, 0]], []),
        change(107, 105, [], [["change", 11, 7.5], ["new", 13, 1]]),
    )
    assert venue.book(SYMBOL).is_proven
    assert venue.sides(SYMBOL) == (
        {scaled("9"): scaled("2")},
        {scaled("11"): scaled("7.5"), scaled("12"): scaled("4"), scaled("13"): scaled("1")},
    )


def test_a_missing_change_puts_the_book_in_doubt_until_the_next_snapshot() -> None:
    venue = Venue("deribit-json")
    venue.say(snapshot(100, BIDS, ASKS))
    assert venue.is_flagged(venue.records(change(107, 105, [["new", 8, 1]], [])))
    assert venue.book(SYMBOL).doubts == ["chain_break"]
    venue.say(snapshot(110, BIDS, ASKS))
    assert venue.book(SYMBOL).is_proven


@pytest.mark.parametrize(
    ("symbol", "kind"),
    [
        ("ABC-PERPETUAL", "perpetual"),
        ("ABC_USDC-PERPETUAL", "perpetual"),
        ("ABC-27JUN25", "future"),
        ("ABC-27JUN25-2500-C", "option"),
        ("ABC_USDC-27JUN25-2d5-P", "option"),
        ("ABC_USDC", "spot"),
    ],
)
def test_a_symbol_tells_the_kind_of_its_instrument(symbol: str, kind: str) -> None:
    venue = Venue("deribit-json")
    venue.say(told(f"quote.{symbol}", {"timestamp": 1, "instrument_name": symbol}))
    assert venue.instrument(symbol).kind == kind


def test_a_grouped_book_is_whole_each_time() -> None:
    venue = Venue("deribit-json")
    grouped = {"timestamp": 1, "instrument_name": SYMBOL, "change_id": 7}
    told_now = venue.say(
        told(f"book.{SYMBOL}.none.10.100ms", {**grouped, "bids": [[10, 1]], "asks": [[11, 3]]})
    )
    assert told_now == [
        rec("level", SYMBOL, action="R", flags="snapshot", at=1_000_000, change_id=7),
        level(SYMBOL, "B", "10", "1", 1_000_000, "snapshot", change_id=7),
        level(SYMBOL, "A", "11", "3", 1_000_000, "snapshot last", change_id=7),
    ]
