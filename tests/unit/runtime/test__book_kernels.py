"""Feeds that keep books of orders tell what messages leave out, and every best bid and offer when it changes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from tests.unit.books.orders.naive_orders import NaiveOrders
from tests.unit.runtime.itch_frames import feed_frames, new_feed
from tests.unit.runtime.order_messages import OrderFlow
from tests.unit.runtime.wire_packets import done_twice
from zerofeed.records import kinds
from zerofeed.records.flags import LAST, MAYBE_BAD_BOOK
from zerofeed.records.units import UNDEF
from zerofeed.runtime._book_kernels import has_orders
from zerofeed.runtime.offline import OfflineFeed

__all__: list[str] = []

# The offline loop sees records as the compiler does.
pytestmark = pytest.mark.compiled

PROTOCOLS = ["itch50-mold", "pitch"]


def stocks_of(feed: OfflineFeed) -> dict[int, int]:
    """Numbers of stocks by their rows, which are given when their first orders come."""
    return {each.index: int(each.symbol.removeprefix("S")) for each in feed.instruments}


def assert_books_are(feed: OfflineFeed, flow: OrderFlow) -> None:
    for row, stock in stocks_of(feed).items():
        book = feed.books[row]
        assert book.is_proven
        for side, levels, counts in (
            ("B", book.bids, book.bid_orders), ("A", book.asks, book.ask_orders),
        ):  # fmt: skip
            shown = [(*level, int(n)) for level, n in zip(levels.tolist(), counts, strict=True)]
            assert shown == flow.naive.levels(stock, side)
            for price, _, _ in shown:
                queue = flow.naive.queues[stock, side, price]
                shown_queue = book.queue("bid" if side == "B" else "ask", price)
                assert shown_queue == [(order.order_id, order.size) for order in queue]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_books_are_those_of_the_venue_and_every_best_price_is_told(protocol: str) -> None:
    flow = OrderFlow(protocol, seed=3)
    feed = new_feed(protocol, orders=1 << 12)
    records = feed_frames(feed, flow.packets(400))
    assert_books_are(feed, flow)
    stocks = stocks_of(feed)
    told = [
        (stocks[int(r["instrument"])], tuple(int(r[name]) for name in
         ("bid_price", "bid_size", "ask_price", "ask_size")))
        for r in records[records["kind"] == kinds.BBO]
    ]  # fmt: skip
    unchanged_left_out = [told[0]]
    latest = dict([told[0]])
    for stock, best in told[1:]:
        if latest.get(stock) != best:
            unchanged_left_out.append((stock, best))
        latest[stock] = best
    assert unchanged_left_out == flow.moves
    counters = feed.books.counters()
    assert counters["unknown_orders"] == counters["duplicate_orders"] == 0
    assert feed.books.live_orders == len(flow.naive.orders)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_order_and_no_execution_lacks_what_its_order_knows(protocol: str) -> None:
    feed = new_feed(protocol, orders=1 << 12)
    records = feed_frames(feed, OrderFlow(protocol, seed=4).packets(200))
    orders = records[(records["kind"] == kinds.ORDER) & (records["action"] != kinds.ACTION_CLEAR)]
    assert (orders["instrument"] > 0).all()
    assert (orders["price"] != UNDEF).all()
    assert (orders["size"] != UNDEF).all()
    assert np.isin(orders["side"], (kinds.BID, kinds.ASK)).all()
    assert not (orders["flags"] & MAYBE_BAD_BOOK).any()
    trades = records[records["kind"] == kinds.TRADE]
    assert (trades["instrument"] > 0).all()
    assert (trades["price"] != UNDEF).all()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_loss_doubts_every_book_of_the_channel(protocol: str) -> None:
    flow = OrderFlow(protocol, seed=5)
    packets = flow.packets(200)
    feed = new_feed(protocol, orders=1 << 12)
    feed_frames(feed, packets[:100])
    records = feed_frames(feed, packets[101:])
    orders = records[records["kind"] == kinds.ORDER]
    assert (orders["flags"] & MAYBE_BAD_BOOK).all()
    doubts = {name for row in stocks_of(feed) for name in feed.books[row].doubts}
    assert "gap" in doubts
    assert all(not feed.books[row].is_proven for row in stocks_of(feed))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_without_books_the_records_are_those_of_the_messages(protocol: str) -> None:
    packets = OrderFlow(protocol, seed=6).packets(100)
    plain = feed_frames(new_feed(protocol), packets)
    filled = feed_frames(new_feed(protocol, orders=1 << 12), packets)
    assert (plain["kind"] != kinds.BBO).all()
    filled = filled[filled["kind"] != kinds.BBO]
    assert filled["kind"].tolist() == plain["kind"].tolist()
    for name in ("order_id", "action", "ts_event_ns", "ts_recv_ns"):
        assert filled[name].tolist() == plain[name].tolist()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_packet_that_is_done_again_after_a_kill_makes_the_same_records(protocol: str) -> None:
    flow = OrderFlow(protocol, seed=7)
    once, again = done_twice(protocol, flow.packets(120), orders=1 << 10)
    assert once == again
    assert sum(map(len, once)) > 64 * 400


def test_books_of_a_real_excerpt_are_what_lists_and_dictionaries_say(captures: Path) -> None:
    """An excerpt lacks orders, and the books know which and go on."""
    path = captures / "itch" / "ex20101224.TEST_ITCH_50.gz"
    day = date(2010, 12, 24)
    feeds = [OfflineFeed("itch50", day=day, orders=orders) for orders in (0, 1 << 13)]
    plain, _ = (np.concatenate([batch.copy() for batch in feed.read(path)]) for feed in feeds)
    naive = NaiveOrders()
    for order in plain[plain["kind"] == kinds.ORDER]:
        naive.change(
            int(order["instrument"]), chr(order["action"]), chr(order["side"]), int(order["order_id"]),
            int(order["price"]), int(order["size"]), bool(order["flags"] & LAST),
        )  # fmt: skip
    books = feeds[1].books
    assert books.live_orders == len(naive.orders) > 3000
    assert books.counters()["unknown_orders"] == naive.counts["unknown_orders"] > 0
    for row in feeds[1].instruments:
        book = books[row.index]
        for side, levels, counts in (
            ("B", book.bids, book.bid_orders), ("A", book.asks, book.ask_orders),
        ):  # fmt: skip
            shown = [(*level, int(n)) for level, n in zip(levels.tolist(), counts, strict=True)]
            assert shown == naive.levels(row.index, side)


def test_the_first_word_tells_which_books_they_are() -> None:
    assert has_orders(new_feed("pitch", orders=16)._book_words)
    assert not has_orders(new_feed("pitch")._book_words)
    assert not has_orders(np.zeros(0, np.int64))
