"""OKX's messages become the records that its documentation says; its books prove themselves."""

from __future__ import annotations

import pytest

from tests.unit.venues.okx.vectors import OKX, SYMBOL, book, checksum, told
from tests.unit.venues.venue import Vector, Venue, scaled

__all__: list[str] = []

# A feed's loop writes records by attribute, which only compiled code can.
pytestmark = pytest.mark.compiled

BIDS, ASKS = [["10", "1"], ["9.5", "2"]], [["11", "3"], ["12", "0.04"]]


@pytest.mark.parametrize("vector", OKX, ids=lambda vector: vector.name)
def test_a_message_makes_exactly_its_records(vector: Vector) -> None:
    venue = Venue("okx")
    assert venue.say(*vector.messages) == vector.records
    assert venue.named() == {vector.name: len(vector.messages)}
    assert venue.counted() == {"decoded": len(vector.messages)}


def test_a_pong_is_a_heartbeat() -> None:
    venue = Venue("okx")
    assert venue.say("pong") == []
    assert venue.counted() == {"heartbeat": 1}


def test_a_book_is_proven_by_a_snapshot_a_chain_and_its_checksum() -> None:
    venue = Venue("okx")
    venue.say(book("snapshot", 10, -1, BIDS, ASKS, checksum(BIDS, ASKS)))
    bids, asks = [["10", "5"], ["9.5", "2"]], [["11.5", "1"], ["12", "0.04"]]
    venue.say(
        book("update", 12, 10, [["10", "5"]], [["11", "0"], ["11.5", "1"]], checksum(bids, asks))
    )
    assert venue.checksums() == (2, 0)
    assert venue.book(SYMBOL).is_proven
    assert venue.sides(SYMBOL) == (
        {scaled(price): scaled(size) for price, size in bids},
        {scaled(price): scaled(size) for price, size in asks},
    )


def test_a_wrong_checksum_puts_the_book_in_doubt_until_the_next_snapshot() -> None:
    venue = Venue("okx")
    venue.say(book("snapshot", 10, -1, BIDS, ASKS, checksum(BIDS, ASKS)))
    records = venue.records(book("update", 12, 10, [["10", "5"]], [], 12345))
    assert venue.is_flagged(records)
    assert venue.book(SYMBOL).doubts == ["checksum"]
    assert venue.checksums() == (1, 1)
    assert venue.is_flagged(venue.records(book("update", 13, 12, [["10", "6"]], [])))
    venue.say(book("snapshot", 14, -1, BIDS, ASKS, checksum(BIDS, ASKS)))
    assert venue.book(SYMBOL).is_proven


def test_a_checksum_of_zero_is_none() -> None:
    venue = Venue("okx")
    venue.say(book("snapshot", 10, -1, BIDS, ASKS), book("update", 12, 10, [["10", "5"]], []))
    assert venue.checksums() == (0, 0)
    assert venue.book(SYMBOL).is_proven


def test_a_missing_change_puts_the_book_in_doubt_until_the_next_snapshot() -> None:
    venue = Venue("okx")
    venue.say(book("snapshot", 10, -1, BIDS, ASKS))
    assert venue.is_flagged(venue.records(book("update", 14, 12, [["8", "1"]], [])))
    assert venue.book(SYMBOL).doubts == ["chain_break"]
    venue.say(book("snapshot", 15, -1, BIDS, ASKS))
    assert venue.book(SYMBOL).is_proven


def test_a_keep_alive_changes_nothing() -> None:
    venue = Venue("okx")
    venue.say(book("snapshot", 10, -1, BIDS, ASKS), book("update", 10, 10, [], []))
    venue.say(book("update", 11, 10, [["10", "5"]], []))
    assert venue.book(SYMBOL).is_proven
    assert venue.sides(SYMBOL)[0][scaled("10")] == scaled("5")


def test_ids_that_start_lower_after_maintenance_are_no_loss() -> None:
    venue = Venue("okx")
    venue.say(book("snapshot", 500, -1, BIDS, ASKS))
    venue.say(book("update", 3, 500, [["10", "5"]], []), book("update", 5, 3, [["10", "6"]], []))
    assert venue.book(SYMBOL).is_proven
    assert venue.sides(SYMBOL)[0][scaled("10")] == scaled("6")


def test_a_new_subscription_begins_anew_though_its_ids_are_lower() -> None:
    venue = Venue("okx")
    venue.say(book("snapshot", 500, -1, BIDS, ASKS), book("update", 503, 502, [["8", "1"]], []))
    venue.say(book("snapshot", 7, -1, BIDS[:1], ASKS), book("update", 9, 7, [["9", "4"]], []))
    assert venue.book(SYMBOL).is_proven
    assert venue.sides(SYMBOL)[0] == {scaled("10"): scaled("1"), scaled("9"): scaled("4")}


def test_captures_from_before_the_ids_rely_on_the_checksum() -> None:
    def without_ids(message: dict[str, object]) -> dict[str, object]:
        row = {k: v for k, v in message["data"][0].items() if "eqId" not in k}  # type: ignore[index]
        return {**message, "data": [row]}

    venue = Venue("okx")
    crc = checksum(BIDS, ASKS)
    venue.say(without_ids(book("snapshot", 1, -1, BIDS, ASKS, crc)))
    venue.say(without_ids(book("update", 1, -1, [["8", "0"]], [], crc)))
    assert venue.checksums() == (2, 0)
    assert venue.book(SYMBOL).is_proven
    venue.say(without_ids(book("update", 1, -1, [["8", "1"]], [], crc)))
    assert venue.book(SYMBOL).doubts == ["checksum"]


@pytest.mark.parametrize(
    ("symbol", "kind"),
    [
        ("ABC-USDT", "spot"),
        ("ABC-USDT-SWAP", "perpetual"),
        ("ABC-USD-250926", "future"),
        ("ABC-USD-250926-70000-C", "option"),
        ("ABC-USD-250926-70000-P", "option"),
    ],
)
def test_a_symbol_tells_the_kind_of_its_instrument(symbol: str, kind: str) -> None:
    venue = Venue("okx")
    venue.say(told("mark-price", {"instId": symbol, "markPx": "1", "ts": "1"}))
    assert venue.instrument(symbol).kind == kind


def test_an_index_is_another_instrument_than_the_pair_of_its_name() -> None:
    venue = Venue("okx")
    venue.say(told("index-tickers", {"instId": SYMBOL, "idxPx": "1", "ts": "1"}))
    venue.say(told("mark-price", {"instId": SYMBOL, "markPx": "1", "ts": "1"}))
    assert [each.kind for each in venue.feed.instruments] == ["index", "spot"]
