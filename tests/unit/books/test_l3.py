"""Books of orders are what lists and dictionaries say, whatever comes in whatever order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.books.orders.naive_orders import NaiveOrders, order_record, records_of
from zerofeed.base.errors import ConfigurationError, LayoutMismatchError
from zerofeed.base.kernel import JIT
from zerofeed.books.l3 import L3Books
from zerofeed.books.orders import layout
from zerofeed.records import kinds
from zerofeed.records.dtypes import RECORD
from zerofeed.records.flags import MAYBE_BAD_BOOK
from zerofeed.records.units import UNDEF

__all__: list[str] = []

EXAMPLES = 150 if JIT else 15
CLEAR = order_record(0, "R", is_snapshot=True, priority=0)


def new_books(count: int = 4, orders: int = 64, rules: int = 0) -> L3Books:
    books = L3Books.create(count, orders=orders, depth=3, rules=rules)
    books.apply(records_of([CLEAR]))
    return books


def agree(books: L3Books, naive: NaiveOrders) -> None:
    """Compare everything that can be asked."""
    assert books.live_orders == len(naive.orders)
    for instrument in range(1, len(books)):
        book = books[instrument]
        for side, levels, counts in (
            ("B", book.bids, book.bid_orders), ("A", book.asks, book.ask_orders),
        ):  # fmt: skip
            shown = [(*level, int(n)) for level, n in zip(levels.tolist(), counts, strict=True)]
            assert shown == naive.levels(instrument, side)
    for (instrument, side, price), queue in naive.queues.items():
        shown = books[instrument].queue("bid" if side == "B" else "ask", price)
        assert shown == [(order.order_id, order.size) for order in queue]
        for order in queue:
            position = books.position_of(order.order_id, order.instrument)
            assert position[:2] == naive.ahead(order.order_id, order.instrument)


changes = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from("AAAAAAACCFFMMR"),
        st.sampled_from("BBAAN"),
        st.integers(0, 12).map(lambda n: n * 8 if n > 6 else n) | st.just(-(2**62)),
        st.integers(-4, 30) | st.just(UNDEF),
        st.integers(1, 9) | st.just(UNDEF),
        st.booleans() | st.just(True),
    ),
    max_size=60,
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(changes, st.sampled_from([0, 1, 2, 3]))
def test_books_are_what_lists_and_dictionaries_say(rows, rules: int) -> None:
    books = new_books(rules=rules)
    naive = NaiveOrders(
        increase_loses=bool(rules & layout.RULE_INCREASE_LOSES),
        is_by_instrument=bool(rules & layout.RULE_IDS_PER_INSTRUMENT),
    )
    for instrument, action, side, order_id, price, size, is_last in rows:
        naive.change(instrument, action, side, order_id, price, size, is_last)
    batch = [order_record(row[0], row[1], row[2], *row[3:6], is_last=row[6]) for row in rows]
    books.apply(records_of(batch))
    agree(books, naive)
    counters = books.counters()
    for name in ("unknown_orders", "duplicate_orders", "overfilled_orders", "malformed_orders"):
        assert counters[name] == naive.counts.get(name, 0), name


@settings(max_examples=EXAMPLES, deadline=None)
@given(changes)
def test_a_best_price_is_told_when_it_changes_and_never_else(rows) -> None:
    books, naive = new_books(), NaiveOrders()
    for instrument, action, side, order_id, price, size, _ in rows:
        if action == "A" and order_id in naive.orders:
            # The book that a number was in before is told of with its own next change.
            continue
        before = [naive.best(row) for row in range(4)]
        record = records_of([order_record(instrument, action, side, order_id, price, size)])
        naive.change(instrument, action, side, order_id, price, size)
        told = books.apply(record)
        changed = {row for row in range(4) if naive.best(row) != before[row]}
        if action == "R":
            changed = {instrument} if instrument else set()
        assert set(told["instrument"].tolist()) >= changed
        for bbo in told:
            assert bbo["kind"] == kinds.BBO
            shown = tuple(
                int(bbo[name]) for name in ("bid_price", "bid_size", "ask_price", "ask_size")
            )
            assert shown == naive.best(int(bbo["instrument"]))


def test_an_execution_is_filled_in_with_what_the_order_knows() -> None:
    books = new_books()
    books.apply(records_of([order_record(2, "A", "B", 5, 100, 30)]))
    records = records_of(
        [order_record(0, "T", size=10, is_last=False), order_record(0, "F", order_id=5, size=10)]
    )
    records["kind"][0] = kinds.TRADE
    (bbo,) = books.apply(records)
    trade, fill = records
    assert (trade["instrument"], trade["price"], chr(trade["side"])) == (2, 100, "A")
    assert (fill["instrument"], fill["price"], chr(fill["side"])) == (2, 100, "B")
    assert (bbo["bid_price"], bbo["bid_size"], bbo["ask_price"]) == (100, 20, UNDEF)


def test_a_replacement_takes_over_the_side_and_loses_its_turn() -> None:
    books = new_books()
    first, second = order_record(1, "A", "A", 5, 100, 3), order_record(1, "A", "A", 6, 100, 4)
    replaced = [
        order_record(0, "C", order_id=5, is_last=False),
        order_record(0, "A", "N", 7, 100, 9),
    ]
    records = records_of([first, second, *replaced])
    books.apply(records)
    assert books[1].queue("ask", 100) == [(6, 4), (7, 9)]
    assert records["instrument"].tolist() == [1, 1, 1, 1]
    assert bytes(records["side"]) == b"AAAA"
    assert books.position_of(7) == (1, 4, 9, 2, 13)


def test_a_book_is_proven_from_the_venues_clear_to_the_first_loss() -> None:
    books = L3Books.create(3, orders=16)
    records = records_of([order_record(1, "A", "B", 5, 100, 3)])
    books.apply(records, channel=9)
    assert books[1].doubts == ["no_snapshot"]
    assert records["flags"][0] & MAYBE_BAD_BOOK
    books.apply(records_of([order_record(0, "R", is_snapshot=True, priority=9)]), channel=9)
    assert books[1].is_proven
    assert books[1].bids.size == 0
    assert not books[2].is_proven
    books.apply(records, channel=9)
    assert books.suspect(8) == 0
    assert books[1].is_proven
    assert books.suspect(9) == 1
    assert books[1].doubts == ["gap"]
    assert books.next_doubtful() == 1
    books.apply(records_of([order_record(2, "A", "B", 6, 100, 3)]), channel=9)
    assert books[2].doubts == ["gap"]


@pytest.mark.parametrize(
    ("row", "doubt"),
    [
        (order_record(1, "C", order_id=77), "unknown_order"),
        (order_record(1, "A", "B", 5, 100, 1), "duplicate_order"),
        (order_record(1, "C", order_id=5, size=99), "overfilled"),
        (order_record(1, "A", "B", 6, 100, 0), "bad_level"),
        (order_record(1, "A", "N", 6, 100, 1), "unknown_order"),
        (order_record(1, "A", "Q", 6, 100, 1), "bad_level"),
        (order_record(1, "A", "B", 6, UNDEF, 1), "bad_level"),
        (order_record(1, "Z", "B", 5, 100, 1), "bad_level"),
    ],
)
def test_what_cannot_be_is_a_doubt(row, doubt: str) -> None:
    books = new_books()
    books.apply(records_of([order_record(1, "A", "B", 5, 100, 3)]))
    records = records_of([row])
    books.apply(records)
    assert books[1].doubts == [doubt]
    assert records["flags"][0] & MAYBE_BAD_BOOK


def test_orders_without_room_are_counted_and_doubted() -> None:
    books = new_books(orders=8)
    rows = [order_record(1, "A", "B", number, 100 + number, 3) for number in range(12)]
    books.apply(records_of(rows))
    assert books.live_orders == 8
    assert books.counters()["refused_orders"] == 4
    assert books[1].doubts == ["no_room"]
    books.apply(records_of([order_record(1, "C", order_id=number) for number in range(8)]))
    books.apply(records_of(rows[:8]))
    assert books.live_orders == 8


def test_an_instrument_that_is_none_is_counted() -> None:
    books = new_books()
    records = records_of(
        [
            order_record(400, "A", "B", 5, 100, 3),
            order_record(400, "R"),
            order_record(0, "A", "B", 5, 1, 1),
        ]
    )
    assert books.apply(records).size == 0
    assert books.counters()["unknown_instruments"] == 3


def test_a_gap_and_a_reset_concern_their_channel() -> None:
    books = new_books()
    books.apply(records_of([order_record(1, "A", "B", 5, 100, 3)]), channel=0)
    loss = np.zeros(1, RECORD)
    loss["kind"], loss["channel"] = kinds.GAP, 0
    books.apply(loss)
    assert books[1].doubts == ["gap"]
    loss["kind"] = kinds.RESET
    books.apply(loss)
    assert books[1].doubts == ["no_snapshot", "reset"]
    assert books.live_orders == 0


def test_the_table_shows_the_best_levels_with_their_orders() -> None:
    books = new_books()
    rows = [order_record(1, "A", "B", n, 100 + n % 5, 1 + n) for n in range(10)]
    books.apply(records_of([*rows, order_record(1, "A", "A", 99, 200, 7)]))
    row = books.table(record_seq=5)[1]
    assert row["bids"].tolist() == [(104, 15), (103, 13), (102, 11)]
    assert row["bid_orders"].tolist() == [2, 2, 2]
    assert row["asks"][0].tolist() == (200, 7)
    assert row["ask_orders"].tolist() == [1, 0, 0]
    assert (row["n_bids"], row["n_asks"], row["record_seq"], row["flags"]) == (3, 1, 5, 0)


def test_what_cannot_be_made_or_found_is_an_error() -> None:
    books = new_books()
    assert "proven" in repr(books[1]) or "doubt" in repr(books[1])
    with pytest.raises(ConfigurationError):
        L3Books.create(3, orders=0)
    with pytest.raises(ConfigurationError):
        L3Books.create(3, orders=100, words=np.zeros(100, np.int64))
    with pytest.raises(LayoutMismatchError):
        L3Books(np.zeros(100, np.int64))
    with pytest.raises(KeyError):
        books.position_of(5)
    with pytest.raises(KeyError):
        books[1].queue("bid", 5)
    with pytest.raises(IndexError):
        books[4]
