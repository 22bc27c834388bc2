"""OKX's binary messages become the records that the JSON ones do; its books prove themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.venues.schemas import assert_same
from tests.unit.venues.venue import Venue, scaled
from zerofeed.codecs.sbe.encoder import encode
from zerofeed.codecs.sbe.schema import load_schema
from zerofeed.records.kinds import BBO, LEVEL, QUOTE, TRADE
from zerofeed.records.units import UNDEF
from zerofeed.venues.okx.sbe import SCHEMA

__all__: list[str] = []

# A feed's loop writes records by attribute, which only compiled code can.
pytestmark = pytest.mark.compiled

CODE = 10_459
TIME_US = 1_757_497_309_814_000
EXPONENTS = {"pxExponent": -1, "szExponent": -2}
BIDS, ASKS = [("10.0", "1"), ("9.0", "2")], [("11.0", "3"), ("12.0", "4")]


def rows(levels: list[tuple[str, str]]) -> list[dict[str, int]]:
    return [
        {"pxMantissa": scaled(price, -1), "szMantissa": scaled(size, -2), "ordCount": 1}
        for price, size in levels
    ]


def change(seq: int, previous: int, *sides: list[tuple[str, str]], name: str = "Channel") -> bytes:
    values: dict[str, Any] = {
        "instIdCode": CODE, "tsUs": TIME_US, "outTime": TIME_US + 9, "seqId": seq,
        "prevSeqId": previous, **EXPONENTS,
    }  # fmt: skip
    if name == "Channel":
        values |= {"bids": rows(sides[0]), "asks": rows(sides[1])}
    return encode(SCHEMA, f"BooksL2Tbt{name}Event", values)


def snapshot(seq: int, *sides: list[tuple[str, str]]) -> bytes:
    values = {
        "instIdCode": CODE, "tsUs": TIME_US, "seqId": seq, **EXPONENTS, "bids": rows(sides[0]),
        "asks": rows(sides[1]),
    }  # fmt: skip
    return encode(SCHEMA, "SnapshotDepthResponseEvent", values)


def only_book(venue: Venue) -> Any:
    return venue.feed.books[1]


def test_our_tables_agree_with_the_venues_schema(captures: Path) -> None:
    path = captures / "schemas" / "okx" / "okx_sbe_1_0.retyped.xml"
    assert_same(SCHEMA, load_schema(path))


def test_the_template_and_the_lengths_are_those_that_the_venue_documents() -> None:
    lengths = {each.id: each.block_length for each in SCHEMA.messages}
    assert lengths == {1000: 74, 1001: 42, 1002: 42, 1003: 42, 1004: 42, 1005: 62, 1006: 26}
    assert SCHEMA.message("BooksL2TbtChannelEvent").group("asks").block_length == 20


def test_a_trade_has_its_number_and_that_of_its_channel() -> None:
    venue = Venue("okx-sbe")
    values = {
        "instIdCode": CODE, "tsUs": TIME_US, "outTime": TIME_US, "seqId": 77, "pxMantissa": 1005,
        "szMantissa": 25, "tradeId": 8, "count": 3, "side": "SELL", **EXPONENTS, "source": "NORMAL",
    }  # fmt: skip
    (trade,) = venue.records(encode(SCHEMA, "TradesChannelEvent", values))
    assert (trade["kind"], chr(trade["side"]), trade["ts_event_ns"]) == (TRADE, "A", TIME_US * 1000)
    assert (trade["price"], trade["size"]) == (scaled("100.5"), scaled("0.25"))
    assert (trade["trade_id"], trade["trade_seq"]) == (8, 77)
    assert venue.feed.instruments.row(1).venue_key == CODE


def test_the_best_bid_and_offer_are_a_quote_and_a_side_may_be_empty() -> None:
    venue = Venue("okx-sbe")
    values = {
        "instIdCode": CODE, "tsUs": TIME_US, "outTime": TIME_US, "seqId": 77, "askPxMantissa": 0,
        "askSzMantissa": 0, "bidPxMantissa": 100, "bidSzMantissa": 5, "askOrdCount": 0,
        "bidOrdCount": 2, **EXPONENTS,
    }  # fmt: skip
    (quote,) = venue.records(encode(SCHEMA, "BboTbtChannelEvent", values))
    assert quote["kind"] == QUOTE
    assert (quote["bid_price"], quote["bid_size"]) == (scaled("10"), scaled("0.05"))
    assert (quote["ask_price"], quote["ask_size"]) == (UNDEF, 0)


def test_a_book_is_proven_by_the_snapshot_that_was_fetched() -> None:
    venue = Venue("okx-sbe")
    venue.say(change(5, 4, BIDS, ASKS), change(9, 5, [("10.0", "0")], []))
    assert not only_book(venue).is_proven
    venue.say(snapshot(7, BIDS, ASKS))
    assert only_book(venue).is_proven
    bids = dict(only_book(venue).bids.tolist())
    assert bids == {scaled("9"): scaled("2")}


def test_new_exponents_are_a_link_of_the_chain() -> None:
    venue = Venue("okx-sbe")
    venue.say(snapshot(7, BIDS, ASKS), change(8, 7, name="ExponentUpdate"))
    venue.say(change(9, 8, [("9.5", "1")], []))
    assert only_book(venue).is_proven
    venue.say(change(12, 11, name="ExponentUpdate"))
    assert only_book(venue).doubts == ["chain_break"]


def test_a_keep_alive_and_a_restart_of_the_ids_are_no_break() -> None:
    venue = Venue("okx-sbe")
    venue.say(snapshot(7, BIDS, ASKS), change(7, 7, [], []))
    venue.say(change(3, 7, [("8.0", "1")], []), change(4, 3, [], []))
    assert only_book(venue).is_proven
    assert only_book(venue).change_id == 4


def test_books_with_liquidity_providers_of_their_own_make_no_records() -> None:
    venue = Venue("okx-sbe")
    sent = change(9, 8, name="ElpExponentUpdate")
    assert venue.records(sent).size == 0
    assert venue.named() == {"BooksL2TbtElpExponentUpdateEvent": 1}
    assert venue.counted() == {"decoded": 1}


def test_answers_are_text() -> None:
    venue = Venue("okx-sbe")
    venue.say('{"event":"subscribe","arg":{"channel":"bbo-tbt","instIdCode":10459}}', "pong")
    assert venue.counted() == {"heartbeat": 2}


def test_each_transaction_is_followed_by_its_best() -> None:
    venue = Venue("okx-sbe")
    records = venue.records(snapshot(7, BIDS, ASKS), change(8, 7, [("10.5", "1")], []))
    assert records["kind"].tolist() == [LEVEL] * 5 + [BBO, LEVEL, BBO]
    bests = records[records["kind"] == BBO]
    assert (bests["bid_price"] / 10**8).tolist() == [10, 10.5]
