"""Every venue's book is right for a plain client that keeps it by the venue's own rules."""

import itertools
import json

import pytest

from tests.unit.mock.venue.clients import CLIENTS, client_of
from tests.unit.mock.venue.rig import Rig
from zerofeed.base.errors import ConfigurationError
from zerofeed.mock.venue.faults import Faults
from zerofeed.mock.venue.venues import VENUES, dialect_of

__all__: list[str] = []

NO_NUMBERS = {"coinbase"}
"""Venues whose clients cannot notice a lost message."""
# Cut to the depth that was asked for, the client's book is the top of the venue's.
DEPTHS = {"kraken-v1": 10, "kraken-v2": 10}


def assert_same_book(rig: Rig, venue: str, symbol: str) -> None:
    book = rig.dialect.book_of(symbol)
    assert book is not None
    truth = book.values()
    depth = DEPTHS.get(venue)
    if depth is not None:
        truth = (
            {price: truth[0][price] for price in sorted(truth[0], reverse=True)[:depth]},
            {price: truth[1][price] for price in sorted(truth[1])[:depth]},
        )
    assert rig.client.values(symbol) == truth


def test_every_venue_has_a_plain_client_to_judge_it() -> None:
    assert set(CLIENTS) == set(VENUES)


def test_a_venue_that_nobody_knows_is_refused_with_the_list() -> None:
    with pytest.raises(ConfigurationError, match="kraken-v2"):
        dialect_of("nasdaq")


@pytest.mark.parametrize("venue", VENUES)
def test_client_that_joins_at_the_start_has_the_markets_book_at_the_end(venue: str) -> None:
    rig = Rig(dialect_of(venue), client_of(venue))
    source = rig.made_up(400)
    rig.open()
    rig.play(source)
    for symbol in rig.client.symbols:
        assert_same_book(rig, venue, symbol)
    assert rig.client.gaps == rig.client.mismatched == rig.client.malformed == 0
    assert len(rig.heard) > 200


@pytest.mark.parametrize("venue", VENUES)
def test_venues_book_is_the_markets_in_price_and_size(venue: str) -> None:
    rig = Rig(dialect_of(venue), client_of(venue))
    rig.play(rig.made_up(400))
    scale = 1_000 if venue == "bitmex" else 1  # whole contracts, for lots of a thousandth
    for symbol in rig.client.symbols:
        book = rig.dialect.book_of(symbol)
        assert book is not None
        truth = rig.market.book(symbol).values()
        assert book.values() == tuple(
            {price: size * scale for price, size in side.items()} for side in truth
        )


@pytest.mark.parametrize("venue", VENUES)
def test_client_that_joins_in_the_middle_is_right_at_once(venue: str) -> None:
    rig = Rig(dialect_of(venue), client_of(venue))
    source = rig.made_up(600)
    for due in itertools.islice(source, 300):
        for update in due.updates:
            rig.dialect.publish(update)
    rig.open()
    for symbol in rig.client.symbols:
        assert_same_book(rig, venue, symbol)
    rig.play(source)
    for symbol in rig.client.symbols:
        assert_same_book(rig, venue, symbol)
    assert rig.client.gaps == rig.client.mismatched == 0


@pytest.mark.slow
@pytest.mark.parametrize("venue", sorted(set(VENUES) - NO_NUMBERS))
def test_client_notices_what_is_dropped_and_recovers_by_one_snapshot(venue: str) -> None:
    client = client_of(venue)
    rig = Rig(dialect_of(venue), client, faults=Faults(drop=0.02), seed=3)
    source = rig.made_up(1_500)
    rig.open()
    before = client.snapshots
    rig.play(source)
    assert rig.ledger.counts["drop"] > 5
    assert client.gaps > 0
    assert client.snapshots - before == client.gaps
    rig.faults = Rig(rig.dialect, client).faults
    for symbol in client.symbols:
        rig.act(client.again(symbol))
        assert_same_book(rig, venue, symbol)
    rig.play(rig.made_up_more(300))
    for symbol in client.symbols:
        assert_same_book(rig, venue, symbol)


def test_client_without_numbers_is_right_again_after_it_asks_again() -> None:
    client = client_of("coinbase")
    rig = Rig(dialect_of("coinbase"), client, faults=Faults(drop=0.05), seed=3)
    source = rig.made_up(500)
    rig.open()
    rig.play(source)
    assert rig.ledger.counts["drop"] > 0
    for symbol in client.symbols:
        rig.act(client.again(symbol))
        assert_same_book(rig, "coinbase", symbol)


@pytest.mark.parametrize("venue", VENUES)
def test_nonsense_is_answered_and_does_not_end_the_connection(venue: str) -> None:
    rig = Rig(dialect_of(venue), client_of(venue))
    rig.play(rig.made_up(1))
    for nonsense in ("", "{", "[]", "null", "7", '"x"', "{}", '{"op":"subscribe"}'):
        rig.connection.outbox.clear()
        rig.dialect.hear(rig.connection, nonsense)
        assert rig.connection.outbox, nonsense
        assert rig.connection.closing is None


@pytest.mark.parametrize("venue", VENUES)
def test_client_gets_nothing_that_it_did_not_subscribe_to(venue: str) -> None:
    client = client_of(venue)
    rig = Rig(dialect_of(venue), client)
    source = rig.made_up(200)
    rig.dialect.on_open(rig.connection, {})
    rig.connection.outbox.clear()
    rig.play(source)
    assert rig.heard == []


@pytest.mark.parametrize("venue", VENUES)
def test_symbols_that_are_not_there_are_refused_or_silent(venue: str) -> None:
    client = client_of(venue)
    rig = Rig(dialect_of(venue), client)
    source = rig.made_up(50)
    stranger = type(client)(["NOBODY/KNOWS", "NO-BODY"])
    rig.dialect.on_open(rig.connection, {})
    for action in stranger.opening():
        if isinstance(action, str):
            rig.dialect.hear(rig.connection, action)
        else:
            path, _, query = action.path.partition("?")
            named = dict(part.split("=") for part in query.split("&"))
            assert rig.dialect.get(path, named).status == 400
    told = [json.loads(message.text) for message in rig.connection.outbox]
    rig.connection.outbox.clear()
    rig.play(source)
    assert rig.heard == []
    assert told or venue == "deribit"
