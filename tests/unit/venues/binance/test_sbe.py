"""Binance's binary messages become the records that the JSON ones do; its books prove themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.venues.schemas import assert_same
from tests.unit.venues.venue import Venue, level, rec, scaled
from zerofeed.base.errors import VenueError
from zerofeed.codecs.sbe.decoder import SbeDecoder
from zerofeed.codecs.sbe.encoder import encode
from zerofeed.codecs.sbe.schema import load_schema
from zerofeed.venues.binance.sbe import SCHEMA, snapshot_frame

__all__: list[str] = []

# A feed's loop writes records by attribute, which only compiled code can.
pytestmark = pytest.mark.compiled

SYMBOL = "BTCUSDT"
TIME_US = 1_757_497_309_814_055
TIME_NS = TIME_US * 1000


def rows(levels: list[tuple[str, str]], exponents: tuple[int, int]) -> list[dict[str, int]]:
    return [
        {"price": scaled(price, exponents[0]), "qty": scaled(size, exponents[1])}
        for price, size in levels
    ]


def book(
    name: str,
    bids: list[tuple[str, str]],
    asks: list[tuple[str, str]],
    exponents: tuple[int, int] = (-2, -5),
    symbol: str = SYMBOL,
    **ids: int,
) -> bytes:
    values = {
        "eventTime": TIME_US, **ids, "priceExponent": exponents[0], "qtyExponent": exponents[1],
        "bids": rows(bids, exponents), "asks": rows(asks, exponents), "symbol": symbol,
    }  # fmt: skip
    return encode(SCHEMA, name, values)


def change(first: int, last: int, *sides: list[tuple[str, str]], **more: Any) -> bytes:
    ids = {"firstBookUpdateId": first, "lastBookUpdateId": last}
    return book("DepthDiffStreamEvent", sides[0], sides[1], **ids, **more)


def snapshot(last: int, *sides: list[tuple[str, str]], **more: Any) -> bytes:
    return book("DepthSnapshotStreamEvent", sides[0], sides[1], bookUpdateId=last, **more)


BIDS, ASKS = [("10", "1"), ("9", "2")], [("11", "3"), ("12", "4")]


def test_our_tables_agree_with_the_venues_schema(captures: Path) -> None:
    assert_same(SCHEMA, load_schema(captures / "schemas" / "binance" / "stream_1_0.xml"))


def test_the_template_and_the_lengths_are_those_that_the_venue_documents() -> None:
    lengths = {each.id: each.block_length for each in SCHEMA.messages}
    assert lengths == {10_000: 18, 10_001: 50, 10_002: 18, 10_003: 26}
    assert SCHEMA.message("TradesStreamEvent").group("trades").block_length == 25


def test_trades_of_one_message_are_records_of_their_own() -> None:
    venue = Venue("binance-sbe")
    values = {
        "eventTime": TIME_US + 50, "transactTime": TIME_US, "priceExponent": -2, "qtyExponent": -8,
        "trades": [
            {"id": 7, "price": 1010250, "qty": 150, "isBuyerMaker": "True"},
            {"id": 8, "price": 1010249, "qty": 10**10, "isBuyerMaker": "False"},
        ],
        "symbol": SYMBOL,
    }  # fmt: skip
    assert venue.say(encode(SCHEMA, "TradesStreamEvent", values)) == [
        rec("trade", SYMBOL, "A", at=TIME_NS, price="10102.50", size="0.00000150", trade_id=7),
        rec("trade", SYMBOL, "B", at=TIME_NS, price="10102.49", size="100", trade_id=8),
    ]
    assert venue.named() == {"TradesStreamEvent": 1}
    assert venue.counted() == {"decoded": 1}
    assert venue.instrument(SYMBOL).kind == "spot"


def test_the_best_bid_and_ask_are_a_quote() -> None:
    venue = Venue("binance-sbe")
    values = {
        "eventTime": TIME_US, "bookUpdateId": 5, "priceExponent": -2, "qtyExponent": -5,
        "bidPrice": 1000, "bidQty": 150000, "askPrice": 1100, "askQty": 1, "symbol": SYMBOL,
    }  # fmt: skip
    assert venue.say(encode(SCHEMA, "BestBidAskStreamEvent", values)) == [
        rec(
            "quote", SYMBOL, flags="last tob", at=TIME_NS, bid_price="10", bid_size="1.5",
            ask_price="11", ask_size="0.00001",
        )
    ]  # fmt: skip


def test_a_change_makes_its_levels_and_names_the_one_before_it() -> None:
    venue = Venue("binance-sbe")
    ids: dict[str, Any] = {"at": TIME_NS, "change_id": 9, "prev_change_id": 6}
    assert venue.say(change(7, 9, [("10", "1"), ("9", "0")], [("11.5", "0.00001")])) == [
        level(SYMBOL, "B", "10", "1", flags="maybe_bad_book", **ids),
        level(SYMBOL, "B", "9", "0", flags="maybe_bad_book", **ids),
        level(SYMBOL, "A", "11.5", "0.00001", flags="last maybe_bad_book", **ids),
    ]


def test_a_book_is_proven_by_a_snapshot_between_its_changes() -> None:
    venue = Venue("binance-sbe")
    venue.say(change(1, 5, BIDS, ASKS), change(6, 8, [("10", "0")], []))
    venue.say(change(9, 9, [], [("13", "5")]))
    assert not venue.book(SYMBOL).is_proven
    venue.say(snapshot(7, BIDS, ASKS), change(10, 11, [], [("11", "0")]))
    assert venue.book(SYMBOL).is_proven
    bids, asks = venue.sides(SYMBOL)
    assert bids == {scaled("9"): scaled("2")}
    assert asks == {scaled("12"): scaled("4"), scaled("13"): scaled("5")}


def test_a_missing_change_is_doubted_until_a_newer_snapshot() -> None:
    venue = Venue("binance-sbe")
    venue.say(snapshot(7, BIDS, ASKS), change(8, 9, [("8", "1")], []))
    assert venue.book(SYMBOL).is_proven
    venue.say(change(12, 13, [], []))
    assert venue.book(SYMBOL).doubts == ["chain_break"]
    venue.say(snapshot(10, BIDS, ASKS))
    assert not venue.book(SYMBOL).is_proven
    venue.say(snapshot(20, BIDS, ASKS))
    assert venue.book(SYMBOL).is_proven


def test_exponents_may_change_from_message_to_message() -> None:
    venue = Venue("binance-sbe")
    venue.say(snapshot(7, BIDS, ASKS, exponents=(0, 0)))
    venue.say(change(8, 8, [("10", "7.5")], [], exponents=(-8, -1)))
    assert venue.sides(SYMBOL)[0][scaled("10")] == scaled("7.5")


def test_an_answer_to_a_request_is_text_and_no_doubt() -> None:
    venue = Venue("binance-sbe")
    venue.say(snapshot(7, BIDS, ASKS))
    assert venue.say('{"result":null,"id":1}', '{"e":"serverShutdown","E":1}') == []
    assert venue.named() == {"DepthSnapshotStreamEvent": 1, "text": 2}
    assert venue.counted() == {"decoded": 1, "heartbeat": 2}
    assert venue.book(SYMBOL).is_proven


def test_what_is_neither_is_malformed_and_a_doubt() -> None:
    venue = Venue("binance-sbe")
    venue.say(snapshot(7, BIDS, ASKS))
    assert venue.say(change(8, 8, BIDS, ASKS)[:-3]) == []
    assert venue.counted() == {"decoded": 1, "malformed": 1}
    assert venue.book(SYMBOL).doubts == ["gap"]
    venue.say(change(8, 9, [], []))
    assert venue.book(SYMBOL).is_proven


def test_a_snapshot_that_was_fetched_is_the_message_of_the_stream() -> None:
    body = {
        "lastUpdateId": 7,
        "bids": [["10.00000000", "1.00000000"], ["9.50000000", "0.00012000"]],
        "asks": [["11.10000000", "3.00000000"]],
    }
    frame = snapshot_frame(SYMBOL, json.dumps(body).encode())
    view = SbeDecoder(SCHEMA).message(frame)
    assert view is not None
    assert view.to_dict() == {
        "eventTime": -(2**63), "bookUpdateId": 7, "priceExponent": -1, "qtyExponent": -5,
        "bids": [{"price": 100, "qty": 100000}, {"price": 95, "qty": 12}],
        "asks": [{"price": 111, "qty": 300000}],
        "symbol": SYMBOL,
    }  # fmt: skip
    venue = Venue("binance-sbe")
    told = venue.say(frame)
    assert [each[5] for each in told] == [None] * 4
    assert venue.book(SYMBOL).is_proven


@pytest.mark.parametrize("body", [b"", b"[]", b'{"lastUpdateId":1}', b'{"code":-1003,"msg":"x"}'])
def test_an_answer_that_is_no_snapshot_is_an_error_of_the_venue(body: bytes) -> None:
    with pytest.raises(VenueError):
        snapshot_frame(SYMBOL, body)
