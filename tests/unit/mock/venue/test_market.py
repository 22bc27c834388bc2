"""The made-up market is the same for the same seed, and never impossible."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerofeed.base.errors import ConfigurationError
from zerofeed.mock.venue.book import Book
from zerofeed.mock.venue.market import Levels, Liquidation, Mark, SeededMarket, Trade

__all__: list[str] = []

NAMES = ["A", "B"]


def said(seed: int, count: int) -> list[str]:
    market = SeededMarket(NAMES, seed)
    events = (market.next(k) for k in range(count))
    return [
        str(event._replace(book=Book("")) if isinstance(event, Levels) else event)
        for event in events
    ]


def test_same_seed_says_the_same_and_another_does_not() -> None:
    assert said(7, 200) == said(7, 200)
    assert said(7, 200) != said(8, 200)


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32), depth=st.integers(4, 24))
def test_book_is_never_crossed_too_deep_or_too_thin(seed: int, depth: int) -> None:
    market = SeededMarket(NAMES, seed, depth=depth)
    for k in range(300):
        market.next(k)
        for name in NAMES:
            book = market.book(name)
            assert not book.is_crossed()
            assert 2 <= book.count("bids") <= depth
            assert 2 <= book.count("asks") <= depth


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32))
def test_changes_alone_lead_from_the_opening_to_the_book(seed: int) -> None:
    market = SeededMarket(NAMES, seed)
    kept = {name: Book(name) for name in NAMES}
    for event in itertools.chain(market.opening(0), (market.next(k) for k in range(300))):
        if isinstance(event, Levels):
            for row in event.bids:
                kept[event.symbol].put("bids", row)
            for row in event.asks:
                kept[event.symbol].put("asks", row)
            assert kept[event.symbol].values() == event.book.values()


def test_trade_takes_from_the_best_level_and_the_level_follows() -> None:
    market = SeededMarket(["A"], 3)
    checked = 0
    before = market.book("A").copy()
    for k in range(500):
        event = market.next(k)
        if isinstance(event, Trade):
            side = "asks" if event.is_buy else "bids"
            best = before.top(side, 1)[0]
            follower = market.next(k)
            assert isinstance(follower, Levels)
            assert event.price == best.price
            left = follower.book.row(side, best.price)
            remaining = Decimal(0) if left is None else Decimal(left.size)
            assert Decimal(best.size) - Decimal(event.size) == remaining
            checked += 1
        before = market.book("A").copy()
    assert checked > 50


def test_best_is_said_to_change_exactly_when_it_does() -> None:
    market = SeededMarket(["A"], 5)
    best = [market.book("A").top(side, 1)[0][:2] for side in ("bids", "asks")]
    for k in range(400):
        event = market.next(k)
        if isinstance(event, Levels):
            now = [event.book.top(side, 1)[0][:2] for side in ("bids", "asks")]
            assert event.is_best_changed == (now != best)
            best = now


def test_every_kind_of_event_happens() -> None:
    market = SeededMarket(NAMES, 1)
    kinds = {type(market.next(k)) for k in range(2_000)}
    assert kinds == {Levels, Trade, Mark, Liquidation}


def test_numbers_of_trades_do_not_repeat() -> None:
    market = SeededMarket(NAMES, 1)
    events = [market.next(k) for k in range(500)]
    numbers = [event.number for event in events if isinstance(event, Trade | Liquidation)]
    assert len(numbers) == len(set(numbers)) > 50


def test_market_without_symbols_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="--symbols"):
        SeededMarket([], 1)
