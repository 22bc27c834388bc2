"""Bitfinex's messages become records by what their channels' numbers stand for on their connection."""

from __future__ import annotations

import pytest

from tests.unit.venues.bitfinex.vectors import (
    BITFINEX,
    BOOK,
    EXPONENTS,
    INFO,
    PERPETUAL,
    SYMBOL,
    checksum,
    subscribed,
    update,
)
from tests.unit.venues.venue import Vector, Venue, scaled

__all__: list[str] = []

# A feed's loop writes records by attribute, which only compiled code can.
pytestmark = pytest.mark.compiled

SNAPSHOT = f"[{BOOK},[[65000,2,0.5],[64999,1,1],[65001,4,-0.25],[65002,1,-7]]]"
BIDS = [("65000", 2, "0.5"), ("64999", 1, "1")]
ASKS = [("65001", 4, "-0.25"), ("65002", 1, "-7")]


def begun(*behind: str) -> Venue:
    """A feed whose book is proven, and what came behind."""
    venue = Venue("bitfinex")
    venue.say(INFO, subscribed("book", BOOK), SNAPSHOT, *behind)
    return venue


@pytest.mark.parametrize("vector", BITFINEX, ids=lambda vector: vector.name)
def test_a_message_makes_exactly_its_records(vector: Vector) -> None:
    venue = Venue("bitfinex")
    assert venue.say(*vector.messages) == vector.records
    named = venue.named()
    answers = 0 if vector.name == "subscribed" else named.pop("subscribed", 0)
    assert named == {vector.name: len(vector.messages) - answers}
    counted = venue.counted()
    unknown = len(vector.messages) if vector.name == "channel not known" else 0
    assert counted.pop("messages_unknown", 0) == unknown
    assert counted == {"decoded": len(vector.messages)}


def test_a_heartbeat_of_any_channel_is_counted_as_one() -> None:
    venue = Venue("bitfinex")
    venue.say(subscribed("book", BOOK), f'[{BOOK},"hb"]', '[99,"hb",7]', '{"event":"pong","ts":1}')
    assert venue.counted() == {"decoded": 1, "heartbeat": 3}


def test_a_new_instrument_is_what_its_symbol_tells() -> None:
    venue = Venue("bitfinex")
    venue.say(subscribed("trades", 1), subscribed("status", 2, f"deriv:{PERPETUAL}"))
    told = [venue.instrument(symbol) for symbol in (SYMBOL, PERPETUAL)]
    assert [each.kind for each in told] == ["spot", "perpetual"]
    assert {(each.price_exponent, each.size_exponent) for each in told} == {EXPONENTS}


# Channels


def test_a_number_that_nobody_was_told_of_says_nothing() -> None:
    venue = Venue("bitfinex")
    assert venue.say(update(("1", 1, "1")), SNAPSHOT) == []
    assert venue.counted() == {"decoded": 2, "messages_unknown": 2}


def test_a_number_stands_for_what_it_was_given_last() -> None:
    venue = Venue("bitfinex")
    venue.say(subscribed("book", 7), subscribed("ticker", 7))
    (told,) = venue.say("[7,[1,2,3,4,5,6,7,8,9,10]]")
    assert told[0] == "quote"


def test_a_number_ends_with_its_subscription() -> None:
    venue = begun(f'{{"event":"unsubscribed","status":"OK","chanId":{BOOK}}}')
    assert venue.say(update(("65000", 1, "1"))) == []
    assert venue.named()["channel not known"] == 1


def test_a_new_connection_has_numbers_of_its_own() -> None:
    venue = begun(INFO)
    assert venue.say(update(("65000", 1, "1"))) == []
    venue.say(subscribed("ticker", BOOK))
    (told,) = venue.say(f"[{BOOK},[1,2,3,4,5,6,7,8,9,10]]")
    assert told[0] == "quote"


def test_news_of_maintenance_are_no_new_connection() -> None:
    venue = begun('{"event":"info","code":20060}')
    assert len(venue.say(update(("65000", 1, "1")))) == 1


def test_more_channels_than_a_connection_can_have_are_refused_and_counted() -> None:
    venue = Venue("bitfinex")
    venue.say(*(subscribed("ticker", 3 * number) for number in range(70)))
    told = venue.say(*(f"[{3 * number},[1,2,3,4]]" for number in range(70)))
    assert len(told) == 64
    assert venue.feed.metrics["channels_refused"] == 6


# Books


def test_a_book_is_its_snapshot_and_every_change_since() -> None:
    venue = begun(update(("65000", 0, "1")), update(("64998", 3, "2")), update(("65001", 1, "-9")))
    assert venue.book(SYMBOL).is_proven
    bids, asks = venue.sides(SYMBOL)
    assert bids == {scaled("64999", -11): scaled("1"), scaled("64998", -11): scaled("2")}
    assert asks == {scaled("65001", -11): scaled("9"), scaled("65002", -11): scaled("7")}


def test_a_checksum_that_fits_proves_the_book_and_makes_no_record() -> None:
    venue = begun()
    assert venue.say(f'[{BOOK},"cs",{checksum(BIDS, ASKS)}]', has_all=True) == []
    assert venue.checksums() == (1, 0)
    assert venue.book(SYMBOL).is_proven


def test_a_checksum_that_does_not_fit_is_told_at_once_and_heals_by_a_snapshot() -> None:
    venue = begun()
    records = venue.records(f'[{BOOK},"cs",12345]')
    assert venue.is_flagged(records)
    assert [chr(record["action"]) for record in records] == ["N", "N"]
    assert venue.book(SYMBOL).doubts == ["checksum"]
    assert venue.checksums() == (0, 1)
    venue.say(SNAPSHOT)
    assert venue.book(SYMBOL).is_proven


def test_a_book_may_be_crossed_between_two_of_its_levels() -> None:
    venue = begun(update(("65001", 1, "3")))
    assert venue.book(SYMBOL).is_proven
    venue.say(update(("65001", 0, "-1")))
    assert venue.sides(SYMBOL)[0][scaled("65001", -11)] == scaled("3")


# Numbers of messages


def test_messages_that_follow_each_other_are_whole() -> None:
    venue = begun()
    cs = checksum([("65000", 1, "2"), BIDS[1]], ASKS)
    venue.say(
        subscribed("trades", 11), update(("65000", 1, "2"), seq=5), f'[{BOOK},"cs",{cs},6]',
        '[11,"te",[1,2,3,4],7]', '[11,"tu",[1,2,3,4],8]', f'[{BOOK},"hb",9]', "[11,[],10]",
        "[99,[1,2,3],11]", '[99,"cs",-5,12]', f"[{BOOK},[[65000,1,1]],13]",
    )  # fmt: skip
    assert venue.feed.metrics["gaps"] == venue.feed.metrics["resets"] == 0
    assert venue.book(SYMBOL).is_proven
    assert venue.checksums() == (1, 0)


def test_a_message_that_is_missing_puts_the_connections_books_in_doubt() -> None:
    venue = begun(update(("65000", 1, "2"), seq=5))
    gap, change = venue.say(update(("65000", 1, "3"), seq=8))
    assert gap[0] == "gap"
    assert gap[-1] == {"expected_seq": 6, "received_seq": 8, "missing_count": 2, "channel": 0}
    assert "maybe_bad_book" in change[4]
    assert venue.book(SYMBOL).doubts == ["gap"]
    assert (venue.feed.metrics["gaps"], venue.feed.metrics["packets_missing"]) == (1, 2)
    venue.say(f"[{BOOK},[[65000,1,1],[65001,1,-1]],9]")
    assert venue.book(SYMBOL).is_proven


def test_numbers_that_begin_again_empty_the_connections_books() -> None:
    venue = begun(update(("65000", 1, "2"), seq=50))
    reset, _ = venue.say(update(("65000", 1, "3"), seq=1))
    assert reset[0] == "reset"
    assert "reset" in venue.book(SYMBOL).doubts


def test_a_new_connection_counts_anew() -> None:
    venue = begun(update(("65000", 1, "2"), seq=50))
    venue.say(INFO, subscribed("book", 8), "[8,[[65000,1,1],[65001,1,-1]],1]")
    assert venue.feed.metrics["gaps"] == venue.feed.metrics["resets"] == 0
    assert venue.book(SYMBOL).is_proven
