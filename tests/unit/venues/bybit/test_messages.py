"""Bybit's messages become the records that its documentation says; its books prove themselves."""

from __future__ import annotations

import pytest

from tests.unit.venues.bybit.vectors import BYBIT, SYMBOL, book
from tests.unit.venues.venue import Vector, Venue, scaled

__all__: list[str] = []

# A feed's loop writes records by attribute, which only compiled code can.
pytestmark = pytest.mark.compiled

BIDS, ASKS = [["10", "1"], ["9", "2"]], [["11", "3"], ["12", "4"]]


@pytest.mark.parametrize("vector", BYBIT, ids=lambda vector: vector.name)
def test_a_message_makes_exactly_its_records(vector: Vector) -> None:
    venue = Venue("bybit")
    assert venue.say(*vector.messages) == vector.records
    assert venue.named() == {vector.name: len(vector.messages)}
    assert venue.counted() == {"decoded": len(vector.messages)}


@pytest.mark.parametrize(
    "message",
    [
        {"success": True, "ret_msg": "pong", "conn_id": "c", "req_id": "", "op": "ping"},
        {"args": ["1672916271846"], "op": "pong"},
    ],
)
def test_a_pong_is_a_heartbeat(message: object) -> None:
    venue = Venue("bybit")
    assert venue.say(message) == []
    assert venue.counted() == {"heartbeat": 1}


def test_a_book_is_proven_by_a_snapshot_and_the_changes_behind_it() -> None:
    venue = Venue("bybit")
    venue.say(book("snapshot", 5, BIDS, ASKS), book("delta", 6, [["10", "0"]], [["11", "9"]]))
    assert venue.book(SYMBOL).is_proven
    bids, asks = venue.sides(SYMBOL)
    assert bids == {scaled("9"): scaled("2")}
    assert asks == {scaled("11"): scaled("9"), scaled("12"): scaled("4")}


def test_a_missing_change_puts_the_book_in_doubt_until_the_next_snapshot() -> None:
    venue = Venue("bybit")
    venue.say(book("snapshot", 5, BIDS, ASKS))
    assert venue.is_flagged(venue.records(book("delta", 7, [["8", "1"]], [])))
    assert venue.book(SYMBOL).doubts == ["chain_break"]
    venue.say(book("snapshot", 9, BIDS, ASKS))
    assert venue.book(SYMBOL).is_proven


def test_a_snapshot_numbered_one_is_a_new_beginning() -> None:
    venue = Venue("bybit")
    venue.say(book("snapshot", 500, BIDS, ASKS), book("delta", 501, [["8", "1"]], []))
    venue.say(book("snapshot", 1, [["7", "1"]], [["13", "1"]]), book("delta", 2, [["6", "2"]], []))
    assert venue.sides(SYMBOL) == (
        {scaled("7"): scaled("1"), scaled("6"): scaled("2")},
        {scaled("13"): scaled("1")},
    )
    assert venue.book(SYMBOL).is_proven


@pytest.mark.parametrize(
    ("symbol", "kind"),
    [
        ("ABCUSDT", "perpetual"),
        ("ABC-6JAN23-17500-C", "option"),
        ("ABC-26DEC25-100000-P-USDT", "option"),
    ],
)
def test_a_symbol_tells_the_kind_of_its_instrument(symbol: str, kind: str) -> None:
    venue = Venue("bybit")
    venue.say({"topic": f"tickers.{symbol}", "ts": 1, "data": {"symbol": symbol}})
    assert venue.instrument(symbol).kind == kind
