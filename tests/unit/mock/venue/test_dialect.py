"""What every venue's protocol shares: the order of present, snapshots and changes, and limits."""

from collections.abc import Mapping
from typing import ClassVar

from zerofeed.mock.venue.book import Book, BookChange, Row
from zerofeed.mock.venue.connection import Connection, Message, Subscription
from zerofeed.mock.venue.dialect import Dialect, Update, steps_of
from zerofeed.mock.venue.limits import Limits, Window
from zerofeed.mock.venue.market import MarketEvent

__all__: list[str] = []

SECOND_NS = 1_000_000_000


class Plain(Dialect):
    """The least that a venue can be."""

    name: ClassVar[str] = "plain"
    limits: ClassVar[Limits] = Limits(
        messages=2, idle_ns=30 * SECOND_NS, first_ns=5 * SECOND_NS, weight=10
    )

    def read(self, text: str) -> list[Update]:
        return [Update("s:X", text)]

    def write(self, event: MarketEvent) -> list[Update]:
        return []

    def on_text(self, connection: Connection, text: str) -> None:
        connection.say(str(int(text)))

    def frame(self, connection: Connection, subscription: Subscription, update: Update) -> str:
        return f"{subscription.name}={update.body}" if update.body else ""

    def is_state(self, stream: str) -> bool:
        return stream.startswith("state")


def snapshot(last: int, size: str = "1") -> Update:
    return Update("s:X", "snap", BookChange("X", (Row("1", size),), is_snapshot=True, last=last))


def change(last: int, size: str) -> Update:
    rows = (Row("1", size),)
    return Update("s:X", f"to {size}", BookChange("X", rows, last=last, previous=last - 1))


def test_what_is_before_the_first_snapshot_is_kept_from_clients() -> None:
    dialect = Plain()
    updates = [change(4, "7"), snapshot(5), change(6, "2")]
    dialect.prime(updates)
    assert dialect.books["X"].last == 5
    assert [dialect.publish(update) for update in updates] == [False, False, True]
    assert dialect.books["X"].row("bids", "1") == Row("1", "2")


def test_later_snapshot_is_told_and_replaces_the_book() -> None:
    dialect = Plain()
    dialect.prime([snapshot(5)])
    dialect.publish(snapshot(5))
    assert dialect.publish(snapshot(2, "9"))
    assert dialect.books["X"].last == 2


def test_stream_without_any_snapshot_goes_to_clients_and_keeps_no_book() -> None:
    dialect = Plain()
    dialect.prime([change(4, "7")])
    assert dialect.publish(change(4, "7"))
    assert dialect.book_of("X") is None
    assert list(dialect.symbols) == ["X"]


def test_last_message_of_a_state_is_kept_and_of_others_not() -> None:
    dialect = Plain()
    dialect.publish(Update("state:X", "a"))
    dialect.publish(Update("state:X", "b"))
    dialect.publish(Update("event:X", "c"))
    assert {key: update.body for key, update in dialect.latest.items()} == {"state:X": "b"}


def test_update_comes_once_for_each_name_and_snapshots_are_spared_by_faults() -> None:
    dialect, connection = Plain(), Connection(1)
    connection.subscribe(Subscription("s:X", "one"))
    connection.subscribe(Subscription("s:X", "two"))
    dialect.deliver(connection, change(1, "7"))
    dialect.deliver(connection, snapshot(1))
    dialect.deliver(connection, Update("s:X", ""))
    dialect.deliver(connection, Update("s:Y", "not asked for"))
    assert list(connection.outbox) == [
        Message("one=to 7", "s:X"),
        Message("two=to 7", "s:X"),
        Message("one=snap"),
        Message("two=snap"),
    ]


def test_client_that_says_too_much_is_hung_up_on() -> None:
    dialect = Plain()
    connection = Connection(1, window=Window(2, SECOND_NS))
    for _ in range(2):
        dialect.hear(connection, "7")
    assert connection.closing is None
    dialect.hear(connection, "7")
    assert connection.closing == (1008, "too many requests")
    assert len(connection.outbox) == 2


def test_client_that_makes_no_sense_is_told() -> None:
    dialect, connection = Plain(), Connection(1)
    dialect.hear(connection, "seven")
    assert connection.outbox.pop().text == '{"error":"invalid request"}'


def test_silent_client_is_hung_up_on_after_the_venues_patience() -> None:
    dialect, connection = Plain(), Connection(1)
    connection.subscribe(Subscription("s:X", "one"))
    dialect.now_ns = 30 * SECOND_NS
    dialect.enforce_silence_limits(connection)
    assert connection.closing is None
    dialect.now_ns += 1
    dialect.enforce_silence_limits(connection)
    assert connection.closing == (1000, "idle for too long")


def test_client_that_does_not_subscribe_in_time_is_hung_up_on() -> None:
    dialect, connection = Plain(), Connection(1)
    dialect.now_ns = 5 * SECOND_NS + 1
    dialect.enforce_silence_limits(connection)
    assert connection.closing == (1008, "did not subscribe in time")


def test_request_beyond_the_weight_is_told_when_to_come_again() -> None:
    dialect = Plain()
    assert dialect.charge(10) is None
    refused = dialect.charge(1)
    assert refused is not None
    assert (refused.status, refused.headers) == (429, (("Retry-After", "60"),))
    dialect.now_ns = 61 * SECOND_NS
    assert dialect.charge(1) is None


def test_unknown_address_is_not_found() -> None:
    empty: Mapping[str, str] = {}
    assert Plain().get("/nothing", empty).status == 404
    assert Plain().accepts("/")
    assert not Plain().accepts("/other")


def test_steps_are_those_of_the_books_own_text() -> None:
    book = Book("X")
    book.put("bids", Row("0.0500", "12"))
    assert steps_of(book) == ("0.0001", "1")
    assert steps_of(Book("X")) == steps_of(None) == ("0.01", "0.001")
