"""A book in the venue's text: what was put is there, best first, and stays as it was written."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from zerofeed.mock.venue.book import Book, BookChange, Row, rows_of

__all__: list[str] = []

PRICES = st.integers(1, 40).map(lambda cents: f"{cents / 100:.2f}")
SIZES = st.integers(0, 5).map(str)
CHANGES = st.lists(st.tuples(st.sampled_from(["bids", "asks"]), PRICES, SIZES), max_size=60)


@given(CHANGES)
def test_book_is_what_a_dictionary_would_be(changes: list[tuple[str, str, str]]) -> None:
    book = Book("X")
    model: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}
    for side, price, size in changes:
        book.put(side, Row(price, size))  # type: ignore[arg-type]
        if size == "0":
            model[side].pop(price, None)
        else:
            model[side][price] = size
    for side, is_down in (("bids", True), ("asks", False)):
        prices = sorted(model[side], key=Decimal, reverse=is_down)
        assert [row.price for row in book.top(side)] == prices  # type: ignore[arg-type]
        assert book.count(side) == len(prices)  # type: ignore[arg-type]
    assert book.values()[0] == {Decimal(p): Decimal(s) for p, s in model["bids"].items()}


def test_price_is_found_by_value_and_shown_as_sent_last() -> None:
    book = Book("X")
    book.put("bids", Row("1.50", "2"))
    book.put("bids", Row("1.5", "3.0"))
    assert book.top("bids") == [Row("1.5", "3.0")]
    book.put("bids", Row("1.500", "0.000"))
    assert book.count("bids") == 0


def test_snapshot_replaces_and_change_adds() -> None:
    book = Book("X")
    book.apply(BookChange("X", bids=(Row("1", "1"),), is_snapshot=True, last=5))
    book.apply(BookChange("X", bids=(Row("2", "1"),), last=6, previous=5))
    assert [row.price for row in book.top("bids")] == ["2", "1"]
    book.apply(BookChange("X", asks=(Row("3", "1"),), is_snapshot=True, last=9))
    assert book.top("bids") == []
    assert book.last == 9
    assert book.gaps == 0


def test_change_as_old_as_the_book_changes_nothing() -> None:
    book = Book("X")
    book.apply(BookChange("X", is_snapshot=True, last=5))
    assert not book.apply(BookChange("X", bids=(Row("2", "1"),), last=5, previous=4))
    assert book.count("bids") == 0


def test_change_that_does_not_follow_is_counted_and_applied() -> None:
    book = Book("X")
    book.apply(BookChange("X", is_snapshot=True, last=5))
    assert book.apply(BookChange("X", bids=(Row("2", "1"),), last=9, previous=8))
    assert book.gaps == 1
    assert book.last == 9


def test_change_that_overlaps_the_snapshot_is_no_gap() -> None:
    book = Book("X")
    book.apply(BookChange("X", is_snapshot=True, last=5))
    book.apply(BookChange("X", last=8, previous=3))
    assert book.gaps == 0


def test_truncated_book_keeps_the_best_of_each_side() -> None:
    book = Book("X")
    for k in range(1, 6):
        book.put("bids", Row(str(k), "1"))
        book.put("asks", Row(str(10 + k), "1"))
    book.truncate(2)
    assert [row.price for row in book.top("bids")] == ["5", "4"]
    assert [row.price for row in book.top("asks")] == ["11", "12"]


def test_book_is_crossed_when_somebody_bids_the_best_ask() -> None:
    book = Book("X")
    book.put("bids", Row("1.0", "1"))
    assert not book.is_crossed()
    book.put("asks", Row("1.1", "1"))
    assert not book.is_crossed()
    book.put("bids", Row("1.10", "1"))
    assert book.is_crossed()


def test_copy_does_not_follow_its_original() -> None:
    book = Book("X")
    book.put("bids", Row("1", "1"))
    copy = book.copy()
    book.put("bids", Row("1", "0"))
    assert copy.row("bids", "1.0") == Row("1", "1")
    assert book.row("bids", "1") is None


def test_rows_keep_what_follows_price_and_size() -> None:
    assert rows_of([["1", "2"], ["3", "4", "0", "7"]]) == (Row("1", "2"), Row("3", "4", ("0", "7")))
