"""Bybit's binary messages become the records that the JSON ones do; its books prove themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.venues.venue import Venue, level, rec, scaled
from zerofeed.codecs.sbe.encoder import encode
from zerofeed.records.kinds import QUOTE
from zerofeed.venues.bybit.sbe import OLD_BEST_BYTES, SCHEMA

__all__: list[str] = []

# A feed's loop writes records by attribute, which only compiled code can.
pytestmark = pytest.mark.compiled

SYMBOL = "BTCUSDT"
TIME_US = 1_757_497_309_814_055
TIME_NS = TIME_US * 1000
DECIMALS = {"priceExponent": 2, "sizeExponent": 6}
BIDS, ASKS = [("10", "1"), ("9", "2")], [("11", "3"), ("12", "4")]


def rows(levels: list[tuple[str, str]]) -> list[dict[str, int]]:
    return [{"price": scaled(p, -2), "size": scaled(s, -6)} for p, s in levels]


def book(package: str, u: int, *sides: list[tuple[str, str]], **more: Any) -> bytes:
    values = {
        "ts": TIME_US + 5, "seq": 1, "cts": TIME_US, "u": u, **DECIMALS, "pkgType": package,
        "bids": rows(sides[0]), "asks": rows(sides[1]), "symbol": SYMBOL, **more,
    }  # fmt: skip
    return encode(SCHEMA, "OBL50Event", values)


def test_the_template_and_the_lengths_are_those_that_the_venue_documents() -> None:
    lengths = {each.id: each.block_length for each in SCHEMA.messages}
    assert lengths == {20_000: 98, 20_001: 35, 20_002: 10}
    assert OLD_BEST_BYTES == 82
    assert SCHEMA.message("PublicTradeEvent").group("tradeItems").block_length == 43


def test_the_documented_frame_becomes_the_quote_that_it_shows(captures: Path) -> None:
    """The venue multiplies by 10**2 where it has to divide; the mantissas are its own."""
    folder = captures / "bybit"
    told = json.loads((folder / "bbo_20000_doc_example.json").read_text())
    venue = Venue("bybit-sbe")
    (quote,) = venue.records((folder / "bbo_20000_doc_example.bin").read_bytes())[1:]
    mantissas = told["raw_mantissas"]
    assert quote["kind"] == QUOTE
    assert quote["ask_price"] == mantissas["ask_px"] * 10**6 == scaled("106034.25")
    assert quote["ask_size"] == mantissas["ask_sz"] * 10**2 == scaled("0.776935")
    assert quote["bid_price"] == mantissas["bid_px"] * 10**6
    assert quote["bid_size"] == mantissas["bid_sz"] * 10**2
    assert quote["ts_event_ns"] == told["doc_decode"]["cts"] * 10**6
    assert venue.instrument(told["doc_decode"]["symbol"]).kind == "perpetual"


@pytest.mark.parametrize("sign", [1, -1])
def test_the_best_of_the_present_layout_is_a_quote(sign: int) -> None:
    values: dict[str, Any] = {
        "ts": TIME_US + 5, "seq": 3, "cts": TIME_US, "u": 4, "askNormalPrice": 1100,
        "askNormalSize": 5, "askRpiPrice": 1099, "askRpiSize": 1, "bidNormalPrice": 0,
        "bidNormalSize": 0, "bidRpiPrice": 0, "bidRpiSize": 0, "priceExponent": 2 * sign,
        "sizeExponent": 6 * sign, "symbol": SYMBOL,
    }  # fmt: skip
    # The older layout lies over this one in the table, and is written before it.
    old = {each.name: 0 for each in SCHEMA.message("BestOBRpiEvent").fields}
    sent = encode(SCHEMA, "BestOBRpiEvent", {**old, **values})
    venue = Venue("bybit-sbe")
    assert venue.say(sent) == [
        rec(
            "quote", SYMBOL, flags="last tob", at=TIME_NS, bid_size=0, ask_price="11",
            ask_size="0.000005",
        )
    ]  # fmt: skip


def test_trades_lie_behind_texts_of_any_length() -> None:
    venue = Venue("bybit-sbe")
    items = [
        {
            "fillTime": TIME_US + n, "price": 1000 + n, "size": 10**6, "seq": 70 + n, "side": side,
            "isBlockTrade": "FALSE", "isRPI": "FALSE", "execId": 500 + n, "execIdString": "x" * n,
        }
        for n, side in enumerate(["BUY", "SELL", "UNKNOWN"])
    ]  # fmt: skip
    values = {"ts": TIME_US, **DECIMALS, "tradeItems": items, "symbol": SYMBOL}
    assert venue.say(encode(SCHEMA, "PublicTradeEvent", values)) == [
        rec(
            "trade", SYMBOL, side, at=TIME_NS + 1000 * n, price=f"10.0{n}", size="1",
            trade_id=500 + n, trade_seq=70 + n,
        )
        for n, side in enumerate("BAN")
    ]  # fmt: skip


def test_a_snapshot_begins_the_book_and_changes_follow_one_by_one() -> None:
    venue = Venue("bybit-sbe")
    told = venue.say(book("SNAPSHOT", 10, BIDS, ASKS), book("DELTA", 11, [("10", "0")], []))
    assert told[-1] == level(
        SYMBOL, "B", "10", "0", at=TIME_NS, flags="last", change_id=11, prev_change_id=10
    )
    assert venue.book(SYMBOL).is_proven
    venue.say(book("DELTA", 13, [], []))
    assert venue.book(SYMBOL).doubts == ["chain_break"]
    venue.say(book("SNAPSHOT", 1, BIDS, ASKS), book("DELTA", 2, [], [("12", "0")]))
    assert venue.book(SYMBOL).is_proven
    assert venue.sides(SYMBOL)[1] == {scaled("11"): scaled("3")}


def test_times_in_milliseconds_are_told_by_their_size() -> None:
    venue = Venue("bybit-sbe")
    told = venue.say(book("SNAPSHOT", 10, BIDS, [], cts=TIME_US // 1000))
    assert {each[5] for each in told} == {TIME_NS // 10**6 * 10**6}


def test_answers_are_text() -> None:
    venue = Venue("bybit-sbe")
    venue.say('{"success":true,"ret_msg":"pong","conn_id":"x","req_id":"","op":"ping"}')
    assert venue.counted() == {"heartbeat": 1}
