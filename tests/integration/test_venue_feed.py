"""A whole feed of each venue, against a mock of it over TLS: its books begin, break and heal by themselves.

The mock's own book is the truth (zerofeed.mock.venue.book: plain Python, the venue's own text).
"""

from __future__ import annotations

import itertools
import os
import signal
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from tests.unit.runtime.live import until
from tests.unit.runtime.venue_feed import (
    KEY_VARIABLE,
    VENUES,
    Attached,
    Venue,
    feed_of,
    followed,
    is_right,
    ladders,
)
from zerofeed.feed.members import CONNECTION_LOST
from zerofeed.mock.venue.certificate import make_tls
from zerofeed.mock.venue.market import Levels, SeededMarket, Trade
from zerofeed.mock.venue.venue import MockVenue
from zerofeed.records.flags import MAYBE_BAD_BOOK
from zerofeed.records.kinds import BBO, DISCONNECT, INSTRUMENT, TRADE

pytest.importorskip("trustme", reason="the extra `mock`")

__all__: list[str] = []

pytestmark = [pytest.mark.compiled, pytest.mark.slow, pytest.mark.timeout(180)]

ALWAYS = ("binance-spot", "binance-sbe", "kraken-v2")
"""A chain and snapshots by request, in JSON and in SBE; checksums and snapshots in the stream."""
NAMES = [pytest.param(name, marks=() if name in ALWAYS else pytest.mark.long) for name in VENUES]
BROKEN = [
    pytest.param(name, marks=() if name in ALWAYS[::2] else pytest.mark.long) for name in VENUES
]
"""What heals a book is the same in every encoding."""

HASHES_TRADES = {"bybit", "kraken-futures"}
"""Venues whose trades have names and no numbers."""
TWICE = [
    pytest.param(name, marks=() if name in ALWAYS[::2] else pytest.mark.long)
    for name in VENUES
    if name not in {"binance-sbe", "bitfinex"}
]
"""What two connections say is compared; not for SBE, nor where channels have numbers of a connection."""

_Top = tuple[Decimal, ...]
PATIENCE_S = 40.0
KEY = "a-key-of-nobody"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """What those venues ask for that want a key."""
    monkeypatch.setenv(KEY_VARIABLE, KEY)


RATES = {"bitfinex": 300}
"""Events a second where it is not the usual: it takes two seconds to subscribe to all of it, one by one."""
SAYS_LEVELS_SINGLY = {"bitfinex", "kraken-futures"}
"""Venues with one level a message: between two of them stands a book that the market never had."""
CANNOT_NOTICE = {"coinbase"}
"""Venues whose messages have neither numbers nor checksums of a book: a lost one is not noticed."""


def wait_until_right(attached: Attached, mock: MockVenue, venue: Venue) -> None:
    """Read until the market has ended and every book is proven and the venue's own."""
    until(
        lambda: attached.take() and mock.told()["is_done"],
        "the market ended",
        patience_s=PATIENCE_S,
    )
    metrics = attached.feed.metrics
    cuts = mock.told()["faults"].get("disconnect", 0)
    until(
        lambda: metrics["connections_lost"] == cuts and metrics["connections_opened"] > cuts,
        "it is connected again",
        patience_s=PATIENCE_S,
    )
    for symbol in venue.symbols:
        until(
            lambda symbol=symbol: attached.take() and is_right(attached, mock, symbol),
            f"the book of {symbol} is proven and right",
            patience_s=PATIENCE_S,
        )


def tops_of_market(venue: Venue, *, mock_seed: int, count: int) -> dict[str, list[_Top]]:
    """Every best bid and offer that the mock's market has, by symbol, in order."""
    market = SeededMarket(venue.symbols, mock_seed)
    events = [*market.opening(0)]
    tops: dict[str, list[_Top]] = {symbol: [] for symbol in venue.symbols}
    for event in itertools.chain(events, (market.next(0) for _ in range(count))):
        if isinstance(event, Levels):
            bid, ask = event.book.top("bids", 1)[0], event.book.top("asks", 1)[0]
            numbers = (bid.price, bid.size, ask.price, ask.size)
            top = tuple(Decimal(number) for number in numbers)
            if not tops[event.symbol] or tops[event.symbol][-1] != top:
                tops[event.symbol].append(top)
    return tops


@pytest.mark.parametrize("name", NAMES)
def test_a_venues_books_prove_themselves_and_equal_its_own(tmp_path: Path, name: str) -> None:
    venue = VENUES[name]
    with (
        MockVenue(name, symbols=venue.symbols, rate=RATES.get(name, 2_000), count=1_500) as mock,
        followed(feed_of(venue, mock), tmp_path) as attached,
    ):
        wait_until_right(attached, mock, venue)
        feed, records = attached.feed, attached.records
        assert feed.metrics["packets_malformed"] == 0
        assert feed.metrics["messages_unknown"] == 0
        assert feed.metrics["connections_opened"] == 1
        assert feed.metrics["connections_lost"] == 0
        assert not (records["kind"] == DISCONNECT).any()
        assert not [line for line in attached.live.lines() if KEY in line]
        for symbol in venue.symbols:
            instrument = feed.instruments.row(symbol)
            mine = records[records["instrument"] == instrument.index]
            assert (mine["kind"] == INSTRUMENT).sum() == 1
            assert (mine["kind"] == TRADE).sum() > 10
            quotes = mine[mine["kind"] == BBO]
            assert not quotes["flags"][-1] & MAYBE_BAD_BOOK
            # Once proven, it stays so where nothing goes wrong.
            is_bad = (quotes["flags"] & MAYBE_BAD_BOOK) != 0
            assert not (np.diff(is_bad.astype(np.int8)) > 0).any()
            bids, asks = ladders(mock, symbol)
            assert feed.decimal_prices(quotes[-1:], "bid_price") == [bids[0][0]]
            assert feed.decimal_prices(quotes[-1:], "ask_price") == [asks[0][0]]


@pytest.mark.parametrize("name", BROKEN)
def test_after_drops_and_cuts_every_book_is_right_again_and_was_flagged_in_between(
    tmp_path: Path, name: str
) -> None:
    venue = VENUES[name]
    # A cut is noticed everywhere, a lost message only where the venue lets it be noticed.
    faults = "disconnect=0.001" if name in CANNOT_NOTICE else "drop=0.01,disconnect=0.001"
    with (
        MockVenue(
            name, symbols=venue.symbols, rate=1_000, count=6_000, faults=faults, seed=11
        ) as mock,
        followed(feed_of(venue, mock), tmp_path) as attached,
    ):
        wait_until_right(attached, mock, venue)
        told, feed, records = mock.told(), attached.feed, attached.records
        assert name in CANNOT_NOTICE or told["faults"]["drop"] > 5
        cuts = told["faults"]["disconnect"]
        assert cuts > 0
        assert feed.metrics["connections_lost"] == cuts
        assert feed.metrics["connections_opened"] == cuts + 1
        losses = records[records["kind"] == DISCONNECT]
        assert losses["expected_seq"].tolist() == [CONNECTION_LOST] * cuts
        assert losses["received_seq"].tolist() == [0] * cuts
        truth = tops_of_market(venue, mock_seed=11, count=6_000)
        for symbol in venue.symbols:
            row = feed.instruments.row(symbol).index
            quotes = records[(records["kind"] == BBO) & (records["instrument"] == row)]
            is_bad = (quotes["flags"] & MAYBE_BAD_BOOK) != 0
            # It was in doubt again after it had been proven, and is proven at the end. Behind a cut
            # alone a snapshot is the first that comes, so there is no record to flag.
            assert name in CANNOT_NOTICE or (np.diff(is_bad.astype(np.int8)) > 0).any()
            assert not is_bad[-1]
            # What was not flagged is true: the market was just so, and in this order.
            if name in SAYS_LEVELS_SINGLY:
                continue
            sure = quotes[(quotes["flags"] & MAYBE_BAD_BOOK) == 0]
            columns = [
                feed.decimal_prices(sure, "bid_price"),
                feed.decimal_sizes(sure, "bid_size"),
                feed.decimal_prices(sure, "ask_price"),
                feed.decimal_sizes(sure, "ask_size"),
            ]
            moments, place = truth[symbol], 0
            for top in zip(*columns, strict=True):
                found = next((k for k in range(place, len(moments)) if moments[k] == top), None)
                assert found is not None, (symbol, top, place)
                place = found


@pytest.mark.parametrize("name", TWICE)
def test_of_two_connections_each_message_is_taken_once(tmp_path: Path, name: str) -> None:
    venue = VENUES[name]
    with (
        MockVenue(name, symbols=venue.symbols, rate=1_000, count=5_000) as mock,
        followed(feed_of(venue, mock, lines=2), tmp_path) as attached,
    ):
        wait_until_right(attached, mock, venue)
        metrics, records = attached.feed.metrics, attached.records
        assert (metrics["connections_opened"], metrics["connections_lost"]) == (2, 0)
        assert_trades_come_once(attached, venue, 1, 5_000)
        first, second = metrics.connections()
        assert first["first"] + second["first"] > 1_000
        assert first["late"] + second["late"] > 1_000
        assert metrics["packets_stale"] == first["late"] + second["late"]
        assert not (records["kind"] == DISCONNECT).any()


@pytest.mark.parametrize("name", TWICE)
def test_while_one_of_two_connections_lives_nothing_is_lost(tmp_path: Path, name: str) -> None:
    venue = VENUES[name]
    faults = "disconnect=0.0005"
    with (
        MockVenue(
            name, symbols=venue.symbols, rate=500, count=6_000, faults=faults, seed=3
        ) as mock,
        followed(feed_of(venue, mock, lines=2), tmp_path) as attached,
    ):
        until(lambda: attached.take() and mock.told()["is_done"], "the end", patience_s=PATIENCE_S)
        cuts = mock.told()["faults"]["disconnect"]
        assert cuts > 1
        metrics = attached.feed.metrics
        until(lambda: metrics["connections_opened"] == cuts + 2, "both are there again")
        for symbol in venue.symbols:
            until(
                lambda symbol=symbol: attached.take() and is_right(attached, mock, symbol),
                f"the book of {symbol} is proven and right",
                patience_s=PATIENCE_S,
            )
        assert metrics["connections_lost"] == cuts
        records = attached.records
        losses = records[records["kind"] == DISCONNECT]
        assert len(losses) < cuts
        assert_trades_come_once(attached, venue, 3, 6_000, is_whole=len(losses) == 0)


def assert_trades_come_once(
    attached: Attached, venue: Venue, mock_seed: int, count: int, *, is_whole: bool = True
) -> None:
    """No trade comes twice or too late, and none is missing between the first and the last if ``is_whole``."""
    records = attached.records
    trades = records[records["kind"] == TRADE]
    assert trades.size > 200
    ids = trades["trade_id"]
    assert np.unique(ids).size == ids.size
    if venue.mock in HASHES_TRADES:
        return
    for symbol in venue.symbols:
        row = attached.feed.instruments.row(symbol).index
        assert (np.diff(ids[trades["instrument"] == row]) > 0).all()
    if is_whole:
        market = SeededMarket(venue.symbols, mock_seed)
        events = [*market.opening(0), *(market.next(0) for _ in range(count))]
        told = {each.number for each in events if isinstance(each, Trade)}
        assert {each for each in told if ids.min() <= each <= ids.max()} <= set(ids.tolist())


def test_a_killed_worker_connects_again_and_its_books_become_proven(tmp_path: Path) -> None:
    name = "binance-spot"
    venue = VENUES[name]
    with (
        MockVenue(name, symbols=venue.symbols, rate=500, count=1_500) as mock,
        followed(feed_of(venue, mock), tmp_path) as attached,
    ):
        feed = attached.feed
        for symbol in venue.symbols:
            until(
                lambda symbol=symbol: (
                    attached.take() and (top := attached.top(symbol)) and not top.doubts
                ),
                f"the book of {symbol} is proven",
            )
        os.kill(feed.status()["worker_pid"], signal.SIGKILL)
        until(lambda: attached.take() and feed.epoch == 2, "there is a successor")
        wait_until_right(attached, mock, venue)
        losses = attached.records[attached.records["kind"] == DISCONNECT]
        assert losses["expected_seq"].tolist() == [CONNECTION_LOST]
        assert feed.metrics["connections_opened"] == 2


def test_without_a_rest_interface_the_feed_runs_and_says_so_in_one_line(tmp_path: Path) -> None:
    """Kraken Futures sends its snapshots itself; what is missing are the definitions."""
    venue = VENUES["kraken-futures"]
    with (
        MockVenue(venue.mock, symbols=venue.symbols, rate=1_000, count=500) as mock,
        followed(feed_of(venue, mock, rest_url="https://127.0.0.1:1"), tmp_path) as attached,
    ):
        wait_until_right(attached, mock, venue)
        told = [line for line in attached.live.lines() if "no definitions of instruments" in line]
        assert len(told) == 1
        assert "8 decimals" in told[0]
        # The first message of each instrument tells of it all the same.
        assert attached.feed.metrics["instruments_refused"] == 0


def test_a_wrong_certificate_is_told_and_tried_again(tmp_path: Path) -> None:
    venue = VENUES["kraken-futures"]
    other = tmp_path / "other.pem"
    make_tls(other)
    with MockVenue(venue.mock, symbols=venue.symbols, rate=1_000, count=500) as mock:
        config = feed_of(venue, mock, ca_file=str(other), instruments=False)
        with followed(config, tmp_path) as attached:
            until(lambda: attached.feed.metrics["connections_failed"], "it tried")
            assert mock.told()["connections"] == 0
            until(
                lambda: [line for line in attached.live.lines() if "certificate" in line],
                "it was told",
            )
            (told,) = (line for line in attached.live.lines() if "certificate" in line)
            assert "is not trusted" in told
            assert "tried again in" in told
