"""One client of a mock venue, without its socket: what it wants, and what it is to be told."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from zerofeed.mock.venue.book import Book, Row, SideName
from zerofeed.mock.venue.limits import Window
from zerofeed.mock.venue.text import dump_json

__all__ = ["Connection", "Message", "Subscription", "top_differing"]

_SIDES: tuple[SideName, SideName] = ("bids", "asks")


class Message(NamedTuple):
    """A message on its way to a client.

    Attributes:
        text: as the venue sends it; bytes are sent as binary.
        stream: key of the stream it belongs to; empty for answers, snapshots and heartbeats,
            which faults leave alone.
    """

    text: str | bytes
    stream: str = ""


@dataclass(slots=True)
class Subscription:
    """What one connection wants of one stream.

    Attributes:
        key: of the stream.
        name: what the client calls it.
        number: of the channel, for venues that number them.
        depth: levels wanted; 0 for what there is.
        tops: the levels that the client has, where it sees fewer than there are.
    """

    key: str
    name: str
    number: int = 0
    depth: int = 0
    tops: tuple[list[Row], list[Row]] = field(default_factory=lambda: ([], []))


@dataclass(slots=True)
class Connection:
    """One client, as its dialect sees it.

    Attributes:
        number: counts connections from 1.
        opened_ns: when it came.
        path: that it asked for.
        outbox: what it is to be told, in order.
        heard_ns: when it last said something.
        said_ns: when it was last told something.
        closing: code and reason, once the venue hangs up.
        state: what the dialect wants to remember.
    """

    number: int
    opened_ns: int = 0
    path: str = ""
    outbox: deque[Message] = field(default_factory=deque)
    heard_ns: int = 0
    said_ns: int = 0
    closing: tuple[int, str] | None = None
    state: dict[str, Any] = field(default_factory=dict)
    window: Window = field(default_factory=lambda: Window(0, 1))
    by_name: dict[str, Subscription] = field(default_factory=dict)
    by_key: dict[str, list[Subscription]] = field(default_factory=dict)

    def say(self, text: str | bytes, stream: str = "") -> None:
        """Put a message into the outbox."""
        self.outbox.append(Message(text, stream))

    def say_json(self, value: object) -> None:
        """Put an object into the outbox, as compact JSON."""
        self.say(dump_json(value))

    def close(self, code: int, reason: str) -> None:
        """Have the connection closed once the outbox is empty."""
        if self.closing is None:
            self.closing = (code, reason)

    def subscribe(self, subscription: Subscription) -> bool:
        """Add a subscription; False if its name is there already."""
        if subscription.name in self.by_name:
            return False
        self.by_name[subscription.name] = subscription
        self.by_key.setdefault(subscription.key, []).append(subscription)
        return True

    def unsubscribe(self, name: str) -> Subscription | None:
        """Remove a subscription by the client's name for it."""
        subscription = self.by_name.pop(name, None)
        if subscription is not None:
            self.by_key[subscription.key].remove(subscription)
        return subscription


def top_differing(
    subscription: Subscription, book: Book, *, names_pushed_out: bool
) -> tuple[list[Row], list[Row]]:
    """Rows that bring a client with fewer levels than there are up to date.

    Args:
        subscription: has the depth, and remembers what the client has.
        book: in the present.
        names_pushed_out: whether the venue also removes levels that are only too deep now.

    Returns:
        Bids and asks to send; removals have size 0.
    """
    changed: list[list[Row]] = []
    tops: list[list[Row]] = []
    for place, side in enumerate(_SIDES):
        rows = book.top(side, subscription.depth)
        had = {row.price: row for row in subscription.tops[place]}
        has = {row.price for row in rows}
        gone = [
            Row(price, "0", row.more)
            for price, row in had.items()
            if price not in has and (names_pushed_out or book.row(side, price) is None)
        ]
        changed.append(gone + [row for row in rows if had.get(row.price) != row])
        tops.append(rows)
    subscription.tops = (tops[0], tops[1])
    return changed[0], changed[1]
