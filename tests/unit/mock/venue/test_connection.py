"""A client's subscriptions have one key and any number of names; its outbox keeps its order."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from zerofeed.mock.venue.book import Book, Row
from zerofeed.mock.venue.connection import Connection, Message, Subscription, top_differing

__all__: list[str] = []


def test_names_of_one_key_are_told_apart() -> None:
    connection = Connection(1)
    assert connection.subscribe(Subscription("a", "a@fast"))
    assert connection.subscribe(Subscription("a", "a@slow"))
    assert not connection.subscribe(Subscription("a", "a@slow"))
    assert [each.name for each in connection.by_key["a"]] == ["a@fast", "a@slow"]
    gone = connection.unsubscribe("a@fast")
    assert gone is not None
    assert [each.name for each in connection.by_key["a"]] == ["a@slow"]
    assert connection.unsubscribe("a@fast") is None


def test_outbox_keeps_the_order_of_what_was_said() -> None:
    connection = Connection(1)
    connection.say("x", "stream")
    connection.say_json({"a": 1})
    assert list(connection.outbox) == [Message("x", "stream"), Message('{"a":1}')]


def test_first_reason_to_hang_up_counts() -> None:
    connection = Connection(1)
    connection.close(1008, "first")
    connection.close(1000, "second")
    assert connection.closing == (1008, "first")


@given(
    changes=st.lists(
        st.tuples(st.sampled_from(["bids", "asks"]), st.integers(1, 30), st.integers(0, 3)),
        max_size=80,
    ),
    depth=st.integers(1, 6),
    names_pushed_out=st.booleans(),
)
def test_client_with_few_levels_follows_by_differences(
    changes: list[tuple[str, int, int]], depth: int, names_pushed_out: bool
) -> None:
    book, kept = Book("X"), Book("X")
    subscription = Subscription("k", "n", depth=depth)
    for side, price, size in changes:
        book.put(side, Row(str(price), str(size)))  # type: ignore[arg-type]
        bids, asks = top_differing(subscription, book, names_pushed_out=names_pushed_out)
        for name, rows in (("bids", bids), ("asks", asks)):
            for row in rows:
                kept.put(name, row)  # type: ignore[arg-type]
        if not names_pushed_out:
            kept.truncate(depth)
        for name in ("bids", "asks"):
            assert kept.top(name) == book.top(name, depth)  # type: ignore[arg-type]


def test_level_that_is_only_pushed_out_is_named_if_the_venue_does_so() -> None:
    for names_pushed_out in (False, True):
        book = Book("X")
        subscription = Subscription("k", "n", depth=1)
        book.put("bids", Row("1", "1"))
        top_differing(subscription, book, names_pushed_out=names_pushed_out)
        book.put("bids", Row("2", "1"))
        bids, _ = top_differing(subscription, book, names_pushed_out=names_pushed_out)
        assert [Decimal(row.size) for row in bids] == ([0, 1] if names_pushed_out else [1])
