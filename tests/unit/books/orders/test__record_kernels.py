"""Best bids and offers come at the end of a transaction, for the book that it was about."""

from __future__ import annotations

import pytest

from tests.unit.books.orders.naive_orders import order_record, records_of
from zerofeed.base.kernel import int64, kernel
from zerofeed.books.l3 import L3Books
from zerofeed.books.orders._record_kernels import channel_word
from zerofeed.books.orders.layout import CHANNELS, CHANNELS_AT
from zerofeed.records.flags import LAST, MAYBE_BAD_BOOK, TOB
from zerofeed.records.units import UNDEF

__all__: list[str] = []


@kernel(int64(int64))
def word_of(channel):
    return channel_word(channel)


@pytest.mark.parametrize(
    ("channel", "place"),
    [(0, 0), (7, 7), (CHANNELS, CHANNELS - 1), (-1, CHANNELS - 1), (UNDEF, CHANNELS - 1)],
)
def test_every_channel_has_a_word(channel: int, place: int) -> None:
    assert word_of(channel) == CHANNELS_AT + place


def test_a_transaction_has_one_best_bid_and_offer_at_its_end() -> None:
    books = L3Books.create(2, orders=50)
    rows = [
        order_record(1, "A", "B", 5, 100, 1),
        order_record(1, "C", order_id=5, is_last=False),
        order_record(1, "A", "N", 6, 101, 2),
        order_record(1, "A", "B", 7, 90, 2),
    ]
    told = books.apply(records_of(rows))
    assert told["bid_price"].tolist() == [100, 101]
    assert told["flags"].tolist() == [LAST | TOB | MAYBE_BAD_BOOK] * 2
    assert told["ts_event_ns"].tolist() == [7, 7]


def test_a_proven_book_tells_without_doubt_and_a_cleared_one_that_it_is_empty() -> None:
    books = L3Books.create(2, orders=50)
    clear = order_record(0, "R", is_snapshot=True, priority=0)
    told = books.apply(
        records_of([clear, order_record(1, "A", "B", 5, 100, 1), order_record(1, "R")])
    )
    assert told["flags"].tolist() == [LAST | TOB] * 2
    assert told["bid_price"].tolist() == [100, UNDEF]
