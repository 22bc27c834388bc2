"""How subscriptions are spread over connections and requests, within what a venue allows.

A topic is one thing to subscribe to: one stream of one symbol, or one of a whole service. Venues
limit how many topics a connection may carry, how many a request may name, and how long a request
may be; some take only topics of one sort in a request, some have another URL for some sorts::

    topics ──by path──▶ connections of at most topics_per_connection
           ──by group─▶ requests of at most topics_per_request and request_bytes

Topics keep their order, so those of one symbol stay on one connection where the venue lets them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from zerofeed.base.errors import BugError
from zerofeed.venues.limits import Limits

__all__ = ["Connection", "Encode", "Topic", "plan_connections", "plan_requests"]


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing to subscribe to.

    Attributes:
        argument: what a request says for it, JSON.
        path: follows the service's WebSocket URL; topics of another path need another connection.
        group: topics of another group need another request.
        book_of: symbol whose book this brings, or "".
    """

    argument: str
    path: str = ""
    group: str = ""
    book_of: str = ""


Encode = Callable[[bool, Sequence[Topic], int], str]
"""Write one request: True to subscribe or False to end that, topics of one group, its number."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One WebSocket connection and what is sent on it once it is open.

    Attributes:
        url: to connect to.
        texts: to send, in this order, no faster than the service's limits say.
        books: symbols whose book comes on it.
    """

    url: str
    texts: tuple[str, ...]
    books: tuple[str, ...]


def plan_connections(
    topics: Iterable[Topic], *, url: str, opening: Sequence[str], limits: Limits, encode: Encode
) -> list[Connection]:
    """Spread topics over as few connections as the venue allows.

    Args:
        topics: in the order wanted; one that comes again is left out.
        url: to which a topic's path is added.
        opening: texts to send on every connection before all others.
        limits: of the service.
        encode: writes a request.

    Returns:
        Connections, those of one path next to each other.
    """
    by_path: dict[str, list[Topic]] = {}
    for topic in dict.fromkeys(topics):
        by_path.setdefault(topic.path, []).append(topic)
    return [
        Connection(
            url=url + path,
            texts=(*opening, *plan_requests(part, limits=limits, encode=encode, subscribes=True)),
            books=tuple(dict.fromkeys(topic.book_of for topic in part if topic.book_of)),
        )
        for path, wanted in by_path.items()
        for part in _parts(wanted, limits.topics_per_connection)
    ]


def plan_requests(
    topics: Sequence[Topic], *, limits: Limits, encode: Encode, subscribes: bool, first_id: int = 1
) -> Iterator[str]:
    """Write the requests for the topics of one connection.

    Args:
        topics: of one path.
        limits: of the service.
        encode: writes a request.
        subscribes: False ends subscriptions.
        first_id: number of the first request; they go up from it.

    Yields:
        Texts, each within the limits.

    Raises:
        BugError: a single topic is longer than a request may be.
    """
    by_group: dict[str, list[Topic]] = {}
    for topic in topics:
        by_group.setdefault(topic.group, []).append(topic)
    number = first_id
    for wanted in by_group.values():
        rest = wanted
        while rest:
            count = min(len(rest), limits.topics_per_request)
            text = encode(subscribes, rest[:count], number)
            while len(text.encode()) > limits.request_bytes and count > 1:
                count = (count + 1) // 2
                text = encode(subscribes, rest[:count], number)
            if len(text.encode()) > limits.request_bytes:
                raise BugError(
                    "a request for one topic is too long",
                    expected=f"{limits.request_bytes} bytes",
                    got=text,
                )
            yield text
            rest = rest[count:]
            number += 1


def _parts(topics: Sequence[Topic], most: int) -> Iterator[Sequence[Topic]]:
    for start in range(0, len(topics), most):
        yield topics[start : start + most]
